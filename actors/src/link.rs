//! The links between a cell's thread and the tasks beside it: room for the feeder, results for dispatch.
//!
//! Both ends are bounded by the engine's limits; what is here only wakes. The cell's thread never waits in it.

use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use edgesync_engine::cell::emit::Emission;
use tokio::sync::{Notify, watch};

use crate::flow::dispatch::Dispatch;

/// Tells the feeder that there may be room again.
#[cfg_attr(not(test), derive(Default))]
pub(crate) struct Room {
    pub(crate) made: Notify,
    /// For tests: the next call, which is on the cell's thread and behind no fence, condemns the cell.
    #[cfg(test)]
    pub(crate) condemn: AtomicBool,
    /// For tests: calls do not return while it is set, so the cell stands still.
    #[cfg(test)]
    pub(crate) stall: AtomicBool,
    /// For tests: it stands still.
    #[cfg(test)]
    pub(crate) stalled: AtomicBool,
    /// For tests: the reading at this offset condemns the cell.
    #[cfg(test)]
    pub(crate) poison: AtomicU64,
}

#[cfg(test)]
impl Default for Room {
    fn default() -> Self {
        Self {
            made: Notify::default(),
            condemn: AtomicBool::default(),
            stall: AtomicBool::default(),
            stalled: AtomicBool::default(),
            poison: AtomicU64::new(u64::MAX),
        }
    }
}

impl Room {
    /// Called on the cell's thread.
    pub(crate) fn make(&self) {
        #[cfg(test)]
        {
            assert!(!self.condemn.swap(false, Relaxed), "the test wants this cell condemned");
            while self.stall.load(Relaxed) {
                self.stalled.store(true, Relaxed);
                std::thread::yield_now();
            }
            self.stalled.store(false, Relaxed);
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
