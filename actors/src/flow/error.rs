//! Why something could not be done to a flow.

use edgesync_schemas::flow::Problem;
use edgesync_storage::{catalog, log};

/// Why something could not be done to a flow.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The diagram cannot run. Not empty.
    #[error("the diagram has {} problems", .0.len())]
    Refused(Vec<Problem>),
    /// The cell did not take it.
    #[error("the engine did not take the flow")]
    Engine(#[from] edgesync_engine::Error),
    /// The flow's devices, or whose it is, could not be looked up.
    #[error("the flow's devices cannot be looked up")]
    Catalog(#[from] catalog::Error),
    /// Where the flows go on cannot be read from the log.
    #[error("the flows' place in the log cannot be read")]
    Log(#[from] log::Error),
    /// An actor did not start.
    #[error("an actor could not be started: {0}")]
    Actor(String),
    /// There was no turn in time. A deployment was not made then; a stop may be made later.
    #[error("the flows are busy")]
    Busy,
    /// There is nothing that runs to compare with.
    #[error("the flow is not deployed: there is nothing to compare with")]
    NotDeployed,
    /// A run ended before its time; why.
    #[error("the run ended: {0}")]
    Ended(String),
    /// The version did not get as far as the running one, in time or at all; that one runs on.
    #[error("the version could not be warmed up with what is stored, what ran before runs on")]
    WarmUp,
    /// The flow was stopped or removed before the version could take its place.
    #[error("the flow was stopped before the version could take its place")]
    Cancelled,
    /// Flows are being shut down.
    #[error("flows have stopped")]
    Stopped,
}
