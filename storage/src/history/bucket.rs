//! How long a bucket is: a number of seconds, minutes, hours, days, weeks or months.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// What a bucket's length counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours of 3,600 s.
    Hour,
    /// Days of the calendar: 23 to 25 hours.
    Day,
    /// Weeks of the calendar, from Monday.
    Week,
    /// Months of the calendar.
    Month,
}

/// Length of a bucket, such as `15m` or `1mo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketSize {
    count: NonZeroU32,
    unit: Unit,
}

/// Most of a unit in one bucket: beyond it, sums of days would leave the calendar.
const COUNT_MAX: u32 = 100_000;
const SECOND_US: i64 = 1_000_000;
const UNITS: [(&str, Unit); 6] = [
    ("s", Unit::Second),
    ("m", Unit::Minute),
    ("h", Unit::Hour),
    ("d", Unit::Day),
    ("w", Unit::Week),
    ("mo", Unit::Month),
];

/// The lengths that a chart's axis can be read with, shortest first.
const EVEN: [(u32, Unit); 21] = [
    (1, Unit::Second),
    (2, Unit::Second),
    (5, Unit::Second),
    (10, Unit::Second),
    (15, Unit::Second),
    (30, Unit::Second),
    (1, Unit::Minute),
    (2, Unit::Minute),
    (5, Unit::Minute),
    (10, Unit::Minute),
    (15, Unit::Minute),
    (30, Unit::Minute),
    (1, Unit::Hour),
    (2, Unit::Hour),
    (3, Unit::Hour),
    (6, Unit::Hour),
    (12, Unit::Hour),
    (1, Unit::Day),
    (1, Unit::Week),
    (1, Unit::Month),
    (3, Unit::Month),
];

impl BucketSize {
    /// How many of [`BucketSize::unit`].
    pub fn count(self) -> u32 {
        self.count.get()
    }

    /// What is counted.
    pub fn unit(self) -> Unit {
        self.unit
    }

    /// Microseconds, where each bucket has as many; `None` for days and longer, which follow the calendar.
    pub fn clock_us(self) -> Option<i64> {
        let seconds = match self.unit {
            Unit::Second => 1,
            Unit::Minute => 60,
            Unit::Hour => 3_600,
            Unit::Day | Unit::Week | Unit::Month => return None,
        };
        Some(i64::from(self.count.get()) * seconds * SECOND_US)
    }

    /// Microseconds of the shortest bucket of this length.
    fn shortest_us(self) -> i64 {
        let days = match self.unit {
            Unit::Day => 1,
            Unit::Week => 7,
            Unit::Month => 28,
            Unit::Second | Unit::Minute | Unit::Hour => return self.clock_us().unwrap_or(SECOND_US),
        };
        // One day of a bucket may be up to two hours short.
        (i64::from(self.count.get()) * days * 24 - 2) * 3_600 * SECOND_US
    }

    /// An even length, as short as may be, that cuts `span_us` into at most `most` buckets, the two at the ends among them. Years, as
    /// many as it takes, where no even length does.
    pub fn fitting(span_us: i64, most: usize) -> Self {
        let most = i64::try_from(most).unwrap_or(i64::MAX).saturating_sub(2).max(1);
        let fits = |size: &Self| span_us / size.shortest_us() <= most;
        let even = EVEN.into_iter().filter_map(|(count, unit)| Self::new(count, unit));
        let years = (1..=COUNT_MAX / 12).filter_map(|years| Self::new(years * 12, Unit::Month));
        let longest = Self { count: NonZeroU32::MIN, unit: Unit::Month };
        even.chain(years).find(fits).unwrap_or(longest)
    }

    fn new(count: u32, unit: Unit) -> Option<Self> {
        let count = NonZeroU32::new(count).filter(|count| count.get() <= COUNT_MAX)?;
        Some(Self { count, unit })
    }
}

impl FromStr for BucketSize {
    type Err = NotABucketSize;
    fn from_str(text: &str) -> Result<Self, NotABucketSize> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, name) = text.split_at(digits);
        let (_, unit) = UNITS.into_iter().find(|(known, _)| *known == name).ok_or(NotABucketSize)?;
        Self::new(count.parse().map_err(|_| NotABucketSize)?, unit).ok_or(NotABucketSize)
    }
}

impl fmt::Display for BucketSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = UNITS.into_iter().find(|(_, unit)| *unit == self.unit).map_or("", |(name, _)| name);
        write!(f, "{}{name}", self.count)
    }
}

/// The text is not the length of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from 1 to {COUNT_MAX} and one of s, m, h, d, w, mo, such as 15m")]
pub struct NotABucketSize;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_reads() {
        for text in ["1s", "15m", "1h", "1d", "2w", "1mo", "100000s"] {
            assert_eq!(text.parse::<BucketSize>().unwrap().to_string(), text);
        }
        for text in ["", "m", "0m", "1", "1y", "1M", "-1m", "1.5h", "100001s", "99999999999s", "1 m", "1mm"] {
            assert_eq!(text.parse::<BucketSize>(), Err(NotABucketSize), "{text}");
        }
    }

    #[test]
    fn the_fitting_length_is_short_and_even() {
        let day = 86_400 * SECOND_US;
        for (span_us, most, expected) in [
            (day, 24, "2h"),
            (day, 26, "1h"),
            (30 * day, 500, "2h"),
            (30 * day, 35, "1d"),
            (3_650 * day, 10_000, "12h"),
            (3_650_000 * day, 100, "1320mo"),
            (1, 10, "1s"),
        ] {
            assert_eq!(BucketSize::fitting(span_us, most).to_string(), expected, "{span_us} {most}");
        }
    }
}
