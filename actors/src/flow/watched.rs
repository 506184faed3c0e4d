//! Metrics as they change, for dashboards: a task for each flow that somebody watches, which looks as often as the fastest of them asks.

use std::sync::Arc;

use edgesync_schemas::id::FlowId;
use edgesync_schemas::wire::live::SubId;
use tokio::time::Instant;

use super::{Error, FlowsHandle};
use crate::live::{self, Board, Session};

/// Why metrics are not watched.
#[derive(Debug, thiserror::Error)]
pub enum Unwatched {
    /// A limit is reached.
    #[error(transparent)]
    Live(#[from] live::Error),
    /// The flow does not tell how it is.
    #[error(transparent)]
    Flow(#[from] Error),
}

impl FlowsHandle {
    /// Subscribes `session` to a flow's metrics, at most `max_hz` updates a second: what [`Self::status`] tells now, as JSON. The flow need not be deployed:
    /// the updates tell when it is, and when it is replaced or stops. Not cancel safe: the subscription may be there then.
    ///
    /// # Errors
    /// [`Unwatched::Live`] if a limit is reached, [`Unwatched::Flow`]. There is no subscription with that id then.
    pub async fn watch(
        &self,
        session: &mut Session,
        id: SubId,
        flow: FlowId,
        max_hz: f64,
    ) -> Result<Arc<str>, Unwatched> {
        let (board, is_new) = session.watch_metrics(id, flow, max_hz)?;
        if is_new {
            tokio::spawn(self.clone().look_at(session.hub().clone(), board.clone()));
        }
        if let Err(error) = self.look_once(&board).await {
            session.unsubscribe(id);
            return Err(error.into());
        }
        Ok(session.newest_metrics(id).unwrap_or_default())
    }

    /// Until nobody watches the flow.
    async fn look_at(self, live: live::Hub, board: Arc<Board>) {
        let mut looked = Instant::now();
        loop {
            if board.due(looked).await {
                looked = Instant::now();
                // a flow that is busy is told of later
                let _ = self.look_once(&board).await;
            } else if live.end_board(&board) {
                return;
            }
        }
    }

    async fn look_once(&self, board: &Board) -> Result<(), Error> {
        let _looking = board.looking.lock().await;
        board.show(self.status(board.flow).await?);
        Ok(())
    }
}
