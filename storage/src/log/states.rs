//! What flows remember, kept beside the readings that made them remember it.
//!
//! A state is bytes of whoever wrote it, with the flow's place in the log inside: state and place are one value, so that they cannot come
//! apart. States are written many at a time, all or none. One that is lost costs time (the flow is fed again from the log) and nothing else, so
//! they are not part of a move.

use edgesync_schemas::id::FlowId;

use super::{Backend, Error, ReadingLog, blocking};

impl ReadingLog {
    /// What a flow remembered when it was saved last; `None` if it was not, or was forgotten.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Unavailable`].
    pub async fn state(&self, flow: FlowId) -> Result<Option<Vec<u8>>, Error> {
        match &self.backend {
            Backend::Embedded(log) => {
                let log = log.clone();
                blocking(move || log.state(flow)).await
            }
            Backend::Postgres(log) => log.state(flow).await,
        }
    }

    /// The flows of which something is remembered.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Unavailable`].
    pub async fn states(&self) -> Result<Vec<FlowId>, Error> {
        match &self.backend {
            Backend::Embedded(log) => {
                let log = log.clone();
                blocking(move || log.states()).await
            }
            Backend::Postgres(log) => log.states().await,
        }
    }

    /// Saves what flows remember, and forgets what those without anything did; all or none. It survives the process at once, a power cut
    /// only with the next commit or if `is_synced`; one that is lost leaves the one before. Not cancel safe: it may be saved or not.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Unavailable`]; nothing was saved then.
    pub async fn save_states(
        &self,
        states: Vec<(FlowId, Option<Vec<u8>>)>,
        is_synced: bool,
    ) -> Result<(), Error> {
        match &self.backend {
            Backend::Embedded(log) => {
                let log = log.clone();
                blocking(move || log.save_states(&states, is_synced)).await
            }
            Backend::Postgres(log) => log.save_states(&states, is_synced).await,
        }
    }
}
