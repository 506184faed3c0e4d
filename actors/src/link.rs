//! The links between a cell's thread and the tasks beside it: room for the feeder, results for dispatch.
//!
//! Both ends are bounded by the engine's limits; what is here only wakes. The cell's thread never waits in it.

use std::collections::VecDeque;
use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use edgesync_engine::cell::emit::Emission;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::flow::dispatch::{Dispatch, Given};

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
    /// For tests: it stands still.
    #[cfg(test)]
    pub(crate) stalled: AtomicBool,
    /// For tests: the reading at this offset condemns the cell.
    #[cfg(test)]
    pub(crate) poison: std::sync::Mutex<Vec<u64>>,
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

/// Asks for word when everything that has come out of a cell by then was given on.
pub(crate) type Ask = oneshot::Sender<Given>;

/// Gives what comes out of a cell to dispatch, one after the other.
pub(crate) async fn pump(
    emissions: crossbeam::channel::Receiver<Emission>,
    emitted: Arc<Notify>,
    dispatch: Dispatch,
    mut asks: mpsc::Receiver<Ask>,
    mut stopped: watch::Receiver<bool>,
) {
    // Who asked, and how many are to be given by then.
    let (mut given, mut asked) = (0u64, VecDeque::<(u64, Ask)>::new());
    loop {
        while let Ok(ask) = asks.try_recv() {
            asked.push_back((given + emissions.len() as u64, ask));
        }
        while let Some((_, ask)) = asked.pop_front_if(|(to, _)| *to <= given) {
            let _ = ask.send(dispatch.given()); // nobody waits for it any more
        }
        if let Ok(emission) = emissions.try_recv() {
            dispatch.give(emission).await;
            given += 1;
            tokio::task::coop::consume_budget().await;
            continue;
        }
        tokio::select! {
            () = emitted.notified() => {}
            Some(ask) = asks.recv() => asked.push_back((given + emissions.len() as u64, ask)),
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}
