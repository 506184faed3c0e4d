//! How a cell is, and whether it gets its work done.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::{Cell, now};

/// A moment of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CellStatus)]
pub struct Status {
    /// Its number.
    pub index: usize,
    /// Flows on it.
    pub flows: usize,
    /// Every reading before it is done.
    #[schema(value_type = u64)]
    pub frontier: Offset,
    /// Readings that are committed and not done.
    pub lag: u64,
    /// Seconds since the newest that is done was received, while more waits; 0 if that is no more than the clock of flows may be behind.
    pub lag_s: u64,
    /// Times that its thread was replaced.
    pub replaced: u64,
    /// Readings that it never saw: because the log no longer had them, or because they condemned it.
    pub skipped: u64,
    /// Seconds for which it has had readings to do and has finished none, and what its flows made did not wait to be stored.
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

impl Cell {
    /// How long ago the oldest reading arrived that it has not done; nothing if all are done.
    pub fn behind(&self) -> Duration {
        let status = self.status();
        match self.log.arrived(status.frontier) {
            _ if status.lag == 0 => Duration::ZERO,
            Some(at) => {
                let us = now().as_us().saturating_sub(at.as_us());
                Duration::from_micros(u64::try_from(us).unwrap_or_default())
            }
            // it is none of the recent ones, which are of the last seconds at the least
            None => Duration::from_secs(status.lag_s.max(1)),
        }
    }
}

/// Seconds that a cell is behind whose clock shows `clock`, while it has readings to do. Before it has done any, those for which it stands still.
pub(super) fn lag_s(lag: u64, clock: Timestamp, now: Timestamp, still_s: u64) -> u64 {
    if lag == 0 {
        return 0;
    }
    if clock.as_us() <= 0 {
        return still_s;
    }
    // the clock shows whole seconds, and is told once a second while nothing comes
    let most_us = limit::FLOW_CLOCK_BEHIND_MS * 1000 + 2_000_000;
    let behind_us = now.as_us().saturating_sub(clock.as_us());
    if behind_us <= most_us { 0 } else { behind_us.unsigned_abs() / 1_000_000 }
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

    /// `waits`: it cannot go on before what it made is stored.
    pub(super) fn look(&self, frontier: Offset, lag: u64, waits: bool) {
        let mut seen = self.seen();
        if lag == 0 || waits || seen.0 != frontier {
            *seen = (frontier, Instant::now());
        }
    }

    /// Seconds for which a cell at this frontier has been there.
    pub(super) fn seconds(&self, frontier: Offset) -> u64 {
        let (at, since) = *self.seen();
        if at == frontier { since.elapsed().as_secs() } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_cell_that_waits_for_what_it_made_to_be_stored_does_not_stand_still() {
        let still = Still::new(Offset(5));
        tokio::time::advance(Duration::from_secs(20)).await;
        still.look(Offset(5), 3, false);
        assert_eq!(still.seconds(Offset(5)), 20);
        still.look(Offset(5), 3, true);
        assert_eq!(still.seconds(Offset(5)), 0);
    }

    #[test]
    fn a_cell_is_behind_from_what_it_did_last_on_while_more_waits() {
        let at = |s: i64| Timestamp::from_ms(1_700_000_000_000 + s * 1000).unwrap();
        assert_eq!(lag_s(0, at(0), at(100), 0), 0);
        assert_eq!(lag_s(5, at(0), at(100), 0), 100);
        assert_eq!(lag_s(5, at(0), at(4), 0), 0, "as far as its clock is while nothing comes");
        assert_eq!(lag_s(5, at(0), at(5), 0), 5);
        assert_eq!(lag_s(5, Timestamp::default(), at(5), 3), 3);
        assert_eq!(lag_s(5, at(5), at(0), 0), 0);
    }
}
