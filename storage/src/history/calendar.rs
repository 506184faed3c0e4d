//! Where buckets begin, in a time zone whose clock is shifted now and then.
//!
//! - Days, weeks and months are those of the zone's calendar: a bucket begins with the first moment of its first day, whatever that
//!   day's length is (23, 25, 23.5 or 24.5 hours). Several days count from 1970-01-01, weeks from a Monday, months from a January,
//!   so that a bucket is the same whatever range it is asked for in.
//! - Hours, minutes and seconds follow the zone's clock: `1h` begins at the full hour as the clock shows it, `6h` at 0, 6, 12 and 18.
//!   No bucket is longer than it says: where the clock goes back, a new one begins at the shift. Where it goes forward over the
//!   beginning of one, that one begins at the shift. So each hour of a day with 25 hours has its bucket of 3,600 s; and on Lord Howe
//!   Island, whose clock is shifted by half an hour, the bucket between the shift and the next full hour has 1,800 s.

use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use super::bucket::{BucketSize, Unit};

/// Bounds of buckets: each begins where the one before it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edges {
    // Microseconds, ascending, one more than buckets.
    bounds: Vec<i64>,
}

/// The range has more buckets than are told in one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("gives more than {most} buckets; the shortest that fits is {fits}")]
pub struct TooMany {
    /// How many are told for one series.
    pub most: usize,
    /// A length that fits.
    pub fits: BucketSize,
}

impl Edges {
    /// Buckets of a length, the first of which has `from` in it and the last the moment before `to`. `from` lies before `to`.
    ///
    /// # Errors
    /// [`TooMany`], past [`limit::BUCKETS`].
    pub fn of(size: BucketSize, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Result<Self, TooMany> {
        let most = limit::BUCKETS;
        let bounds = match size.clock_us() {
            Some(width_us) => clock(width_us, zone, from.as_us(), to.as_us(), most),
            None => calendar(size, zone, from, to.as_us(), most),
        };
        let too_many = || TooMany { most, fits: BucketSize::fitting(to.as_us() - from.as_us(), most) };
        bounds.map(|bounds| Self { bounds }).ok_or_else(too_many)
    }

    /// At most `points` buckets of one length, a number of milliseconds, from `from` on. `from` lies before `to`.
    pub fn equal(points: usize, from: Timestamp, to: Timestamp) -> Self {
        let points = i64::try_from(points.clamp(1, limit::BUCKETS)).unwrap_or(1);
        let start = from.as_ms() * 1000;
        let span_us = (to.as_us() - start).max(1);
        let width_us = (span_us - 1).div_euclid(points * 1000) * 1000 + 1000;
        let count = (span_us - 1).div_euclid(width_us) + 1;
        Self { bounds: (0..=count).map(|at| start + at * width_us).collect() }
    }

    /// Number of buckets.
    pub fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// Whether there is none; there always is one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where they begin, and where the last ends: microseconds.
    pub fn bounds(&self) -> &[i64] {
        &self.bounds
    }

    /// Their length in microseconds, if all have the same.
    pub fn width_us(&self) -> Option<i64> {
        let mut widths = self.bounds.windows(2).map(|pair| pair[1] - pair[0]);
        let first = widths.next()?;
        widths.all(|width| width == first).then_some(first)
    }

    /// The bucket that a time is in. `hint` is looked at first.
    pub fn find(&self, us: i64, hint: usize) -> Option<usize> {
        if self.bounds.get(hint).is_some_and(|start| *start <= us)
            && self.bounds.get(hint + 1).is_some_and(|end| us < *end)
        {
            return Some(hint);
        }
        let at = self.bounds.partition_point(|bound| *bound <= us).checked_sub(1)?;
        (at < self.len()).then_some(at)
    }
}

// ---- hours and shorter ----------------------------------------------------------------------------------------------

fn clock(width_us: i64, zone: &TimeZone, from: i64, to: i64, most: usize) -> Option<Vec<i64>> {
    let start = clock_start(width_us, zone, from);
    let mut bounds = vec![start];
    let mut shifts = zone.following(moment(start)).map(|shift| {
        let at = shift.timestamp().as_microsecond();
        (at, offset_us(zone, at))
    });
    let mut shift = shifts.next();
    let mut offset = offset_us(zone, start);
    // Where the clock was looked at last.
    let mut at = start;
    loop {
        let next = (at + offset).div_euclid(width_us) * width_us + width_us - offset;
        at = match shift {
            Some((shifted, after)) if shifted <= next => {
                let is_bound = begins(width_us, shifted, offset, after);
                offset = after;
                shift = shifts.next();
                if !is_bound {
                    at = shifted;
                    continue;
                }
                shifted
            }
            _ => next,
        };
        bounds.push(at);
        if at >= to {
            return Some(bounds);
        }
        if bounds.len() > most {
            return None;
        }
    }
}

/// Start of the bucket that `us` is in.
fn clock_start(width_us: i64, zone: &TimeZone, us: i64) -> i64 {
    let mut us = us;
    loop {
        let offset = offset_us(zone, us);
        let start = (us + offset).div_euclid(width_us) * width_us - offset;
        // Shifts strictly before the next moment: at or before this one.
        let shift = zone.preceding(moment(us + 1)).next().map(|shift| shift.timestamp().as_microsecond());
        match shift {
            Some(shifted) if shifted > start => {
                if begins(width_us, shifted, offset_us(zone, shifted - 1), offset) {
                    return shifted;
                }
                us = shifted - 1;
            }
            _ => return start,
        }
    }
}

/// Whether a bucket begins where the clock is shifted: it goes back, or over the beginning of a bucket.
fn begins(width_us: i64, shifted: i64, before: i64, after: i64) -> bool {
    after < before || (shifted - 1 + before).div_euclid(width_us) != (shifted + after).div_euclid(width_us)
}

fn offset_us(zone: &TimeZone, us: i64) -> i64 {
    i64::from(zone.to_offset(moment(us)).seconds()) * 1_000_000
}

fn moment(us: i64) -> jiff::Timestamp {
    let end = if us < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_microsecond(us).unwrap_or(end)
}

// ---- days and longer ------------------------------------------------------------------------------------------------

fn calendar(size: BucketSize, zone: &TimeZone, from: Timestamp, to: i64, most: usize) -> Option<Vec<i64>> {
    let count = i64::from(size.count());
    let first = moment(from.as_us()).to_zoned(zone.clone()).date();
    let (mut day, step) = match size.unit() {
        Unit::Month => (first_of_months(first, count), count.months()),
        Unit::Week => (first_of_days(first, count * 7, MONDAY), (count * 7).days()),
        _ => (first_of_days(first, count, EPOCH), count.days()),
    };
    let mut bounds = vec![start_of(day, zone)];
    loop {
        let Some((next, start)) = following(day, step, zone) else {
            // The calendar ends before the range does.
            bounds.push(to);
            return Some(bounds);
        };
        day = next;
        // Where the clock went back over midnight a day can begin before a moment of the day before.
        if start <= from.as_us() {
            bounds[0] = start;
            continue;
        }
        // A day that a country left out begins with the one after it.
        if bounds.last() == Some(&start) {
            continue;
        }
        bounds.push(start);
        if start >= to {
            return Some(bounds);
        }
        if bounds.len() > most {
            return None;
        }
    }
}

const EPOCH: Date = date(1970, 1, 1);
const MONDAY: Date = date(1969, 12, 29);

fn following(day: Date, step: Span, zone: &TimeZone) -> Option<(Date, i64)> {
    let next = day.checked_add(step).ok()?;
    Some((next, start_of(next, zone)))
}

/// First day of the `count` days, counted from `since`, that `day` is in.
fn first_of_days(day: Date, count: i64, since: Date) -> Date {
    let days = day.duration_since(since).as_hours() / 24;
    since.checked_add((days.div_euclid(count) * count).days()).unwrap_or(Date::MIN)
}

/// First day of the `count` months, counted from the year 0, that `day` is in.
fn first_of_months(day: Date, count: i64) -> Date {
    let months = i64::from(day.year()) * 12 + i64::from(day.month()) - 1;
    let months = months.div_euclid(count) * count;
    let year = i16::try_from(months.div_euclid(12)).unwrap_or(i16::MIN);
    let month = i8::try_from(months.rem_euclid(12) + 1).unwrap_or(1);
    Date::new(year, month, 1).unwrap_or(Date::MIN)
}

/// The first moment of a day: midnight, or the end of the shift that left midnight out.
fn start_of(day: Date, zone: &TimeZone) -> i64 {
    let start = day.to_zoned(zone.clone()).map(|start| start.timestamp());
    start.unwrap_or(jiff::Timestamp::MAX).as_microsecond()
}
