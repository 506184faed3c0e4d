//! Readings that condemned every cell that was fed them, and are passed over.

use std::sync::{Mutex, MutexGuard, PoisonError};

use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;
use edgesync_schemas::reading::Commit;

/// The newest such readings, [`limit::POISONS`] at most: each from one offset on up to, and not with, another.
#[derive(Debug, Default)]
pub(super) struct Poison(Mutex<Vec<(Offset, Offset)>>);

impl Poison {
    fn known(&self) -> MutexGuard<'_, Vec<(Offset, Offset)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These are passed over from now on. Those before `needed` are not fed any more and forgotten; of too many, the first.
    pub fn add(&self, from: Offset, to: Offset, needed: Offset) {
        let mut known = self.known();
        known.retain(|(_, to)| *to > needed);
        if known.len() >= limit::POISONS {
            known.remove(0);
        }
        known.push((from, to));
    }

    /// Whether a commit has any of them. The log may cut them in another way the next time: what lies beside them goes with them.
    pub fn is_in(&self, commit: &Commit) -> bool {
        self.known().iter().any(|(from, to)| commit.first < *to && commit.end() > *from)
    }
}

#[cfg(test)]
mod tests {
    use edgesync_schemas::id::SeriesId;
    use edgesync_schemas::reading::{Columns, Quality};
    use edgesync_schemas::time::Timestamp;
    use edgesync_schemas::unit::UnitIndex;
    use edgesync_schemas::value::Value;

    use super::*;

    fn commit(first: u64, rows: usize) -> Commit {
        let mut columns = Columns::default();
        for _ in 0..rows {
            let value = Value::number(1.0).unwrap();
            columns.push(SeriesId(0), Timestamp::default(), value, UnitIndex::NONE, Quality::GOOD);
        }
        Commit { first: Offset(first), columns, arrivals: Vec::new(), new_series: Vec::new() }
    }

    #[test]
    fn only_what_is_among_them_is_passed_over() {
        let poison = Poison::default();
        assert!(!poison.is_in(&commit(0, 5)));
        poison.add(Offset(5), Offset(8), Offset(0));
        assert!(!poison.is_in(&commit(0, 5)) && !poison.is_in(&commit(8, 2)));
        assert!(poison.is_in(&commit(5, 3)) && poison.is_in(&commit(7, 9)) && poison.is_in(&commit(0, 6)));
    }

    #[test]
    fn several_are_passed_over_until_nobody_needs_what_was_before() {
        let poison = Poison::default();
        poison.add(Offset(5), Offset(8), Offset(0));
        poison.add(Offset(20), Offset(21), Offset(4));
        assert!(poison.is_in(&commit(6, 1)) && poison.is_in(&commit(20, 1)) && !poison.is_in(&commit(8, 12)));
        poison.add(Offset(30), Offset(31), Offset(8));
        assert!(!poison.is_in(&commit(6, 1)) && poison.is_in(&commit(20, 1)));
        for n in 0..2 * limit::POISONS as u64 {
            poison.add(Offset(100 + 2 * n), Offset(101 + 2 * n), Offset(8));
        }
        assert_eq!(poison.known().len(), limit::POISONS);
    }
}
