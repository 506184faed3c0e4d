//! Readings that condemned every cell that was fed them, and are passed over.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use edgesync_schemas::reading::Commit;

/// The newest such readings: from one offset on up to, and not with, another.
#[derive(Debug, Default)]
pub(super) struct Poison {
    from: AtomicU64,
    to: AtomicU64,
}

impl Poison {
    /// These are passed over from now on.
    pub fn store(&self, from: u64, to: u64) {
        self.from.store(from, Relaxed);
        self.to.store(to, Relaxed);
    }

    /// Whether a commit has any of them. The log may cut them in another way the next time: what lies beside them goes with them.
    pub fn is_in(&self, commit: &Commit) -> bool {
        commit.first.0 < self.to.load(Relaxed) && commit.end().0 > self.from.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use edgesync_schemas::id::{Offset, SeriesId};
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
        poison.store(5, 8);
        assert!(!poison.is_in(&commit(0, 5)) && !poison.is_in(&commit(8, 2)));
        assert!(poison.is_in(&commit(5, 3)) && poison.is_in(&commit(7, 9)) && poison.is_in(&commit(0, 6)));
    }
}
