//! Why a cell does not do what it was asked.

/// Why a command was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The thread could not be started.
    #[error("the cell's thread could not be started")]
    Spawn(#[source] std::io::Error),
    /// A panic got past the fences: the cell runs nothing any more and must be replaced.
    #[error("the cell is condemned")]
    Condemned,
    /// The cell has been shut down.
    #[error("the cell has stopped")]
    Stopped,
    /// Too many commands wait; ask again later.
    #[error("the cell is busy")]
    Busy,
    /// The cell has [`edgesync_schemas::limit::FLOWS_PER_CELL`] flows.
    #[error("the cell has no room for another flow")]
    TooManyFlows,
}
