//! The way back: the log reports what became of a batch, the connection hears of it.
//!
//! The log's thread only appends to a small queue and wakes the connection's task; several batches that became durable
//! together are answered together.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use edgesync_schemas::time::Timestamp;
use edgesync_schemas::wire::close::Close;
use edgesync_storage::log::{OnCommit, Outcome};
use tokio::sync::Notify;

use crate::tally::Tally;

/// What a connection's task shares with its actor and with the log. One per open socket.
#[derive(Debug)]
pub struct Link {
    /// Of the device's organization.
    tally: Arc<Tally>,
    /// Outcomes not yet taken, oldest first. As many at most as batches in flight, which credit bounds.
    /// A std mutex: held for a push or a swap only, never across an await.
    outcomes: Mutex<VecDeque<(u64, Outcome)>>,
    /// Why to close, once. The first reason stays.
    close: OnceLock<Close>,
    /// The device's token should be asked about again.
    recheck: AtomicBool,
    wake: Notify,
    /// When the device was last heard, microseconds since the epoch; 0 before the first time.
    heard_us: AtomicI64,
}

impl Link {
    /// For a socket of a device whose organization is counted there.
    pub fn new(tally: Arc<Tally>) -> Self {
        Self {
            tally,
            outcomes: Mutex::default(),
            close: OnceLock::new(),
            recheck: AtomicBool::new(false),
            wake: Notify::new(),
            heard_us: AtomicI64::new(0),
        }
    }

    /// Where its organization is counted.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The device was heard.
    pub fn hear(&self, now: Timestamp) {
        self.heard_us.store(now.as_us(), Relaxed);
    }

    /// When the device was last heard, if it was since the last call.
    pub fn take_heard(&self) -> Option<Timestamp> {
        Some(self.heard_us.swap(0, Relaxed)).filter(|us| *us != 0).map(Timestamp::from_us_saturating)
    }

    /// Waits until something was reported or asked. Cancel safe.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Asks the connection to close. A connection that was asked before keeps the first reason.
    pub fn close(&self, close: Close) {
        // Err: it was asked before.
        let _ = self.close.set(close);
        self.wake.notify_one();
    }

    /// Why the connection should close, if it should.
    pub fn closing(&self) -> Option<&Close> {
        self.close.get()
    }

    /// Asks the connection whether its token is still one of the device's.
    pub fn recheck(&self) {
        self.recheck.store(true, Relaxed);
        self.wake.notify_one();
    }

    /// Whether that was asked since the last call.
    pub fn take_recheck(&self) -> bool {
        self.recheck.swap(false, Relaxed)
    }

    /// The oldest outcome not yet taken, with its batch's tag.
    pub fn take_outcome(&self) -> Option<(u64, Outcome)> {
        self.outcomes().pop_front()
    }

    fn outcomes(&self) -> MutexGuard<'_, VecDeque<(u64, Outcome)>> {
        // A panic while it was held leaves a queue that is whole: push and pop cannot stop halfway.
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OnCommit for Link {
    fn done(&self, tag: u64, outcome: Outcome) {
        if let Outcome::Durable { stored, .. } = outcome {
            self.tally.store(stored);
        }
        self.outcomes().push_back((tag, outcome));
        self.wake.notify_one();
    }
}
