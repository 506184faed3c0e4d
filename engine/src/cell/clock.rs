//! The clock of flows: the log's, not the wall's.
//!
//! It shows whole seconds: when the newest reading arrived, or what the wall clock said while none came. Rows of a later second are run
//! after a tick of that second. So what a flow does depends on what is in the log, and not on when it is run or how the log was cut.

use edgesync_schemas::reading::Commit;
use edgesync_schemas::time::Timestamp;

/// What it goes on by at the least, in milliseconds.
pub(crate) const STEP_MS: i64 = 1000;

/// How much later than a key's last record it must be by this clock for the key to have been silent for so long: the record came at any time within its
/// second. In microseconds.
pub(crate) fn silence_us(silent_ms: i64) -> i64 {
    (silent_ms + STEP_MS) * 1000
}

/// The whole second of a time, in microseconds.
pub(crate) fn second_us(time: Timestamp) -> i64 {
    time.as_us().div_euclid(1_000_000) * 1_000_000
}

/// How the clock stands when a commit was run.
pub(crate) fn after(clock_us: i64, commit: &Commit) -> i64 {
    let mut from = 0;
    let with_rows = commit.arrivals.iter().filter(|arrival| {
        let has_rows = arrival.end_row > from;
        from = arrival.end_row;
        has_rows
    });
    with_rows.map(|arrival| second_us(arrival.received_at)).fold(clock_us, i64::max)
}

/// What comes next of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The clock goes to this second first.
    Tick(i64),
    /// Rows up to this one arrived before the clock goes on.
    Rows(usize),
}

/// What comes next from row `row` on, when the clock shows `clock_us`.
pub(crate) fn next(commit: &Commit, row: usize, clock_us: i64) -> Next {
    let from = commit.arrivals.partition_point(|arrival| arrival.end_row as usize <= row);
    let later = commit.arrivals[from..].iter().position(|arrival| second_us(arrival.received_at) > clock_us);
    match later {
        Some(0) => Next::Tick(second_us(commit.arrivals[from].received_at)),
        Some(at) => Next::Rows(commit.arrivals[from + at - 1].end_row as usize),
        None => Next::Rows(commit.columns.len()),
    }
}

#[cfg(test)]
mod tests {
    use edgesync_schemas::id::{Offset, SeriesId};
    use edgesync_schemas::reading::{Arrival, Columns, Quality};
    use edgesync_schemas::unit::UnitIndex;
    use edgesync_schemas::value::Value;

    use super::*;

    #[test]
    fn the_clock_goes_on_between_rows_of_different_seconds() {
        let mut columns = Columns::default();
        for _ in 0..5 {
            let value = Value::number(1.0).unwrap_or_else(|_| unreachable!());
            columns.push(SeriesId(0), Timestamp::default(), value, UnitIndex(0), Quality::GOOD);
        }
        let arrival =
            |end_row, ms| Arrival { end_row, received_at: Timestamp::from_ms(ms).unwrap_or_default() };
        let arrivals = vec![
            arrival(1, 1_900),
            arrival(1, 9_000),
            arrival(3, 1_950),
            arrival(4, 2_000),
            arrival(5, 1_000),
        ];
        let commit = Commit { first: Offset(7), columns, arrivals, new_series: Vec::new() };
        assert_eq!(next(&commit, 0, 0), Next::Tick(1_000_000));
        // a stretch without rows says nothing
        assert_eq!(next(&commit, 1, 1_000_000), Next::Rows(3));
        assert_eq!(next(&commit, 3, 1_000_000), Next::Tick(2_000_000));
        assert_eq!(next(&commit, 3, 2_000_000), Next::Rows(5));
        assert_eq!(after(1_000_000, &commit), 2_000_000);
    }
}
