//! What is counted of all subscriptions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Counts, kept by whoever does what they count.
#[derive(Debug, Default)]
pub(super) struct Health {
    pub(super) subscriptions: AtomicUsize,
    pub(super) slowed: AtomicUsize,
    pub(super) folded: AtomicU64,
    pub(super) own: AtomicU64,
    pub(super) shared: AtomicU64,
    queued: AtomicUsize,
}

/// How live is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Subscriptions to values that there are now.
    pub subscriptions: usize,
    /// Of them, those that are told at a lower rate than they asked for, because their dashboards took too little.
    pub slowed: usize,
    /// Bytes of encoded frames that wait for the network.
    pub queued_bytes: usize,
    /// Values that were folded into newer ones, of all subscriptions since the start of the process.
    pub folded: u64,
    /// Updates that were taken to be sent whose text is one for all that get the same.
    pub shared: u64,
    /// Those whose text is their subscriber's own.
    pub own: u64,
}

impl Health {
    pub(super) fn figures(&self) -> Figures {
        Figures {
            subscriptions: self.subscriptions.load(Relaxed),
            slowed: self.slowed.load(Relaxed),
            queued_bytes: self.queued.load(Relaxed),
            folded: self.folded.load(Relaxed),
            shared: self.shared.load(Relaxed),
            own: self.own.load(Relaxed),
        }
    }
}

/// Bytes of one socket that wait for the network. They are counted until it is dropped.
#[derive(Debug, Default)]
pub struct Queued {
    health: Arc<Health>,
    bytes: usize,
}

impl Queued {
    pub(super) fn new(health: Arc<Health>) -> Self {
        Self { health, bytes: 0 }
    }

    /// So many more wait.
    pub fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.health.queued.fetch_add(bytes, Relaxed);
    }

    /// How many wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.health.queued.fetch_sub(self.bytes, Relaxed);
    }
}
