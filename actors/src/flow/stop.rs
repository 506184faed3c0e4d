//! The way down: cells finish, what flows remember is written down, cells end.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::FlowsHandle;

impl FlowsHandle {
    /// Lets the cells finish what is committed and ends runs, at most for `deadline`, then stops the cells, and has what is told of runs written down.
    /// False if it ran out. Not cancel safe.
    pub async fn shutdown(&self, deadline: Duration) -> bool {
        let (cells, states) = (&self.shared.cells, &self.shared.states);
        let finishing = join_all(cells.iter().map(|cell| cell.catch_up(deadline)));
        let (finished, runs) = tokio::join!(finishing, self.shared.runs.end_all(deadline));
        let mut in_time = runs && finished.into_iter().all(|in_time| in_time);
        // a flow that moves comes to a cell first; one that takes too long goes on from where it was taken out
        let _moving = tokio::time::timeout(deadline / 4, states.moving.lock()).await;
        self.shared.stopped.send_replace(true);
        // a cell that has ended cannot tell what its flows remember
        states.save_last(cells, Instant::now() + deadline).await;
        for stopped in join_all(cells.iter().map(|cell| cell.stop())).await {
            in_time &= stopped;
        }
        // what is refused becomes a dead letter: it goes first
        in_time &= tokio::time::timeout(deadline / 2, self.shared.stored.finish()).await.is_ok();
        let told = async { tokio::join!(self.shared.executions.finish(), self.shared.dead_letters.finish()) };
        in_time && tokio::time::timeout(deadline / 2, told).await.is_ok()
    }

    /// Keeps places and states, until flows are stopped.
    pub(super) async fn keep(self) {
        let mut stopped = self.shared.stopped.subscribe();
        tokio::select! {
            () = self.shared.states.keep(&self.shared.cells) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }
}
