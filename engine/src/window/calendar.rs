//! Hours, days, weeks and months of a time zone, as windows: every moment lies in exactly one, also where clocks change.
//!
//! A day begins at the first moment that its date is on the local clock, at 00:00 or where the clock jumped to. A date that a zone
//! skipped has no window. An hour begins when the local clock shows a full one, or jumps into another one: in most zones the hour
//! that is repeated in autumn makes two windows, and the one that is skipped in spring makes none; on Lord Howe Island, whose clocks
//! change by half an hour, one window lasts 90 minutes and one 30. All times are in microseconds since the Unix epoch.

use edgesync_schemas::flow::node::window::CalendarUnit;
use edgesync_schemas::time::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp as Moment};

/// A unit of a zone's calendar.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    pub unit: CalendarUnit,
    pub zone: TimeZone,
    pub week_start: Weekday,
}

const HOUR: i64 = 3_600_000_000;
/// The end of the last window.
const END: i64 = Timestamp::MAX.as_us() + 1;

impl Calendar {
    /// The window that a moment lies in: [start, end).
    pub fn window(&self, ts: i64) -> (i64, i64) {
        if self.unit == CalendarUnit::Hour { self.hour(ts) } else { self.dates(self.unit, ts) }
    }

    fn dates(&self, unit: CalendarUnit, ts: i64) -> (i64, i64) {
        let mut date = self.first_date(unit, self.zone.to_datetime(moment(ts)).date());
        let mut start = self.midnight(date);
        loop {
            // Where clocks go back over midnight, a moment may show the date before the one whose window it is in.
            let Some(next) = after(unit, date) else { return (start, END) };
            let end = self.midnight(next);
            if end > ts {
                return (start, end);
            }
            (date, start) = (next, end);
        }
    }

    /// The first date of the unit that a date lies in.
    fn first_date(&self, unit: CalendarUnit, date: Date) -> Date {
        match unit {
            CalendarUnit::Month => date.first_of_month(),
            CalendarUnit::Week => {
                let back = date.weekday().since(self.week_start);
                date.checked_sub(Span::new().days(back)).unwrap_or(date)
            }
            CalendarUnit::Hour | CalendarUnit::Day => date,
        }
    }

    /// The first moment of a date; of a date that was skipped, the first one after it.
    fn midnight(&self, date: Date) -> i64 {
        let Ok(mut midnight) = self.zone.to_timestamp(date.at(0, 0, 0, 0)) else { return END };
        let after = midnight.as_microsecond() + 1;
        if self.zone.to_datetime(midnight).time() != Time::midnight()
            && let Some(jump) = self.zone.preceding(moment(after)).next()
        {
            midnight = jump.timestamp(); // the clock jumped over midnight
        }
        midnight.as_microsecond().min(END)
    }

    fn hour(&self, ts: i64) -> (i64, i64) {
        let full = ts - (ts + self.offset(ts)).rem_euclid(HOUR);
        if self.offset(full) == self.offset(ts) {
            return (full, self.hour_end(full));
        }
        // The clock changed since the full hour: from the beginning of the day on, to be sure.
        let (mut start, _) = self.dates(CalendarUnit::Day, ts);
        loop {
            let end = self.hour_end(start);
            if end > ts {
                return (start, end);
            }
            start = end;
        }
    }

    /// Where the hour that begins at `start` ends.
    fn hour_end(&self, start: i64) -> i64 {
        let mut at = start;
        loop {
            let before = self.offset(at);
            let full = at - (at + before).rem_euclid(HOUR) + HOUR;
            if self.offset(full) == before {
                return full.min(END);
            }
            let Some(change) = self.zone.following(moment(at)).next() else { return full.min(END) };
            let change_us = change.timestamp().as_microsecond();
            let after = change_us + micros(change.offset());
            let is_same_hour = (change_us - 1 + before).div_euclid(HOUR) == after.div_euclid(HOUR);
            if !is_same_hour || after.rem_euclid(HOUR) == 0 {
                return change_us.min(END);
            }
            at = change_us;
        }
    }

    /// What the local clock is ahead of UTC.
    fn offset(&self, ts: i64) -> i64 {
        micros(self.zone.to_offset(moment(ts)))
    }
}

fn micros(offset: jiff::tz::Offset) -> i64 {
    i64::from(offset.seconds()) * 1_000_000
}

fn moment(ts: i64) -> Moment {
    Moment::from_microsecond(ts).unwrap_or(if ts < 0 { Moment::MIN } else { Moment::MAX })
}

/// The first date of the next unit.
fn after(unit: CalendarUnit, first: Date) -> Option<Date> {
    let span = match unit {
        CalendarUnit::Month => Span::new().months(1),
        CalendarUnit::Week => Span::new().days(7),
        CalendarUnit::Hour | CalendarUnit::Day => Span::new().days(1),
    };
    first.checked_add(span).ok()
}

#[cfg(test)]
mod tests;
