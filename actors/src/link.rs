//! The links between a cell's thread and the tasks beside it: room for the feeder, results for dispatch.
//!
//! Both ends are bounded by the engine's limits; what is here only wakes. The cell's thread never waits in it.

use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use edgesync_engine::cell::emit::Emission;
use tokio::sync::{Notify, watch};

use crate::flow::dispatch::Dispatch;

/// Tells the feeder that there may be room again.
#[derive(Default)]
pub(crate) struct Room {
    pub(crate) made: Notify,
    /// For tests: the next call, which is on the cell's thread and behind no fence, condemns the cell.
    #[cfg(test)]
    pub(crate) condemn: AtomicBool,
    /// For tests: calls do not return while it is set, so the cell stands still.
    #[cfg(test)]
    pub(crate) stall: AtomicBool,
}

impl Room {
    /// Called on the cell's thread.
    pub(crate) fn make(&self) {
        #[cfg(test)]
        {
            assert!(!self.condemn.swap(false, Relaxed), "the test wants this cell condemned");
            while self.stall.load(Relaxed) {
                std::thread::yield_now();
            }
        }
        self.made.notify_one();
    }
}

/// Gives what comes out of a cell to dispatch, one after the other.
pub(crate) async fn pump(
    emissions: crossbeam::channel::Receiver<Emission>,
    emitted: Arc<Notify>,
    dispatch: Dispatch,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        while let Ok(emission) = emissions.try_recv() {
            dispatch.give(emission);
            tokio::task::coop::consume_budget().await;
        }
        tokio::select! {
            () = emitted.notified() => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}
