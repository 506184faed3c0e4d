//! How a cell is, and whether it gets its work done.

use std::sync::{Mutex, MutexGuard, PoisonError};

use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;
use serde::Serialize;
use tokio::time::Instant;

/// A moment of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Its number.
    pub index: usize,
    /// Flows on it.
    pub flows: usize,
    /// Every reading before it is done.
    pub frontier: Offset,
    /// Readings that are committed and not done.
    pub lag: u64,
    /// Times that its thread was replaced.
    pub replaced: u64,
    /// Readings that it never saw: because the log no longer had them, or because they condemned it.
    pub skipped: u64,
    /// Seconds for which it has had readings to do and has finished none.
    pub still_s: u64,
    /// Its thread has ended, and is about to be replaced.
    pub condemned: bool,
}

impl Status {
    /// Whether it gets its work done.
    pub fn works(&self) -> bool {
        !self.condemned && self.still_s < limit::CELL_STILL_S
    }
}

/// Since when a cell has got nothing done, as it was seen at the last look.
pub(super) struct Still(Mutex<(Offset, Instant)>);

impl Still {
    pub(super) fn new(frontier: Offset) -> Self {
        Self(Mutex::new((frontier, Instant::now())))
    }

    fn seen(&self) -> MutexGuard<'_, (Offset, Instant)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn look(&self, frontier: Offset, lag: u64) {
        let mut seen = self.seen();
        if lag == 0 || seen.0 != frontier {
            *seen = (frontier, Instant::now());
        }
    }

    /// Seconds for which a cell at this frontier has been there.
    pub(super) fn seconds(&self, frontier: Offset) -> u64 {
        let (at, since) = *self.seen();
        if at == frontier { since.elapsed().as_secs() } else { 0 }
    }
}
