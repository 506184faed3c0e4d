//! A day of event time, and the names and bounds of its partition.

use std::collections::HashSet;
use std::fmt::Write;

use edgesync_schemas::reading::Columns;
use edgesync_schemas::time::Timestamp;
use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};

use super::super::retention::DAY_US;

/// A day, UTC: days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(pub(super) i32);

impl Day {
    pub fn of(ts: Timestamp) -> Self {
        // Of the years 1 to 9999: within i32 by far.
        Self(ts.as_us().div_euclid(DAY_US) as i32)
    }

    pub fn has(self, ts: Timestamp) -> bool {
        let from = i64::from(self.0) * DAY_US;
        (from..from + DAY_US).contains(&ts.as_us())
    }

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        Timestamp::from_us_saturating(i64::from(self.0) * DAY_US)
    }

    /// The bounds of its partition, in SQL. Zone and times are spelled out: the session's settings do not matter.
    pub fn bounds(self) -> (String, String) {
        let (from, to) = (self.date(), self.date().saturating_add(1.day()));
        // The year 10000, which jiff does not have, ends the last day.
        let to = if to == from { "10000-01-01".to_owned() } else { to.to_string() };
        (format!("'{from} 00:00:00+00'"), format!("'{to} 00:00:00+00'"))
    }

    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The name of its partition.
    pub fn table(self) -> String {
        let mut table = String::from("readings_");
        let date = self.date();
        // Writing to a string cannot fail.
        let _ = write!(table, "{:04}{:02}{:02}", date.year(), date.month(), date.day());
        table
    }

    fn date(self) -> Date {
        date(1970, 1, 1).saturating_add(Span::new().days(self.0))
    }

    /// The day whose partition has this name.
    pub fn from_table(name: &str) -> Option<Self> {
        let digits = name.strip_prefix("readings_")?;
        let (year, rest) = digits.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
        let days = date.since((jiff::Unit::Day, Date::new(1970, 1, 1).ok()?)).ok()?.get_days();
        Some(Self(days))
    }
}

/// Adds the days of these rows.
pub(super) fn add_days(columns: &Columns, days: &mut HashSet<Day>) {
    let mut last = None;
    for ts in &columns.ts {
        if last.is_none_or(|day: Day| !day.has(*ts)) {
            let day = Day::of(*ts);
            days.insert(day);
            last = Some(day);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_named_by_its_date_and_found_by_its_name() {
        for (us, table) in [
            (0, "readings_19700101"),
            (-1, "readings_19691231"),
            (1_700_000_000_000_000, "readings_20231114"),
            (Timestamp::MIN.as_us(), "readings_00010101"),
            (Timestamp::MAX.as_us(), "readings_99991231"),
        ] {
            let ts = Timestamp::from_us(us).unwrap();
            let day = Day::of(ts);
            assert!(day.has(ts));
            assert_eq!(day.table(), table);
            assert_eq!(Day::from_table(table), Some(day));
        }
        assert_eq!(Day(3).start().as_us(), 3 * DAY_US);
        let midnight = Timestamp::from_us(DAY_US).unwrap();
        assert!(!Day(0).has(midnight) && Day(1).has(midnight));
        assert_eq!(Day::from_table("readings_by_series"), None);
    }
}
