//! What windows compute.

use std::fmt;
use std::str::FromStr;

/// What a window computes. Its text is the name of the result's field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// Number of records.
    Count,
    /// Sum of their values.
    Sum,
    /// Mean of their values.
    Avg,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Value of the earliest event time; of equal ones, of the first to arrive.
    First,
    /// Value of the latest event time; of equal ones, of the last to arrive.
    Last,
    /// Standard deviation of the population: the divisor is the number of records, so that of one record is 0.
    Stddev,
    /// Mean weighted by how long each value held: until the next one, the last until the window's end. At the start of the window the
    /// key's last value from before holds; if there is none, the time counts from the first record on.
    TimeWeighted,
    /// The smallest value that at least this many hundredths of a percent of the values are not above (nearest rank); 1 to 10,000.
    /// Exact up to [`crate::limit::WINDOW_VALUES`] values, and within [`crate::limit::SKETCH_ERROR`] of the value beyond.
    Percentile(u16),
}

/// The aggregates that have a name of their own.
const NAMED: [(Aggregate, &str); 9] = [
    (Aggregate::Count, "count"),
    (Aggregate::Sum, "sum"),
    (Aggregate::Avg, "avg"),
    (Aggregate::Min, "min"),
    (Aggregate::Max, "max"),
    (Aggregate::First, "first"),
    (Aggregate::Last, "last"),
    (Aggregate::Stddev, "stddev"),
    (Aggregate::TimeWeighted, "time_weighted"),
];

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Percentile(hundredths) = self {
            let (whole, part) = (hundredths / 100, hundredths % 100);
            return match part {
                0 => write!(f, "p{whole}"),
                _ if part % 10 == 0 => write!(f, "p{whole}.{}", part / 10),
                _ => write!(f, "p{whole}.{part:02}"),
            };
        }
        let name = NAMED.iter().find(|(aggregate, _)| aggregate == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

impl FromStr for Aggregate {
    type Err = UnknownAggregate;

    fn from_str(text: &str) -> Result<Self, UnknownAggregate> {
        let named = NAMED.iter().find(|(_, name)| *name == text).map(|(aggregate, _)| *aggregate);
        named.or_else(|| percentile(text).map(Self::Percentile)).ok_or(UnknownAggregate)
    }
}

/// The hundredths of a percent of `p50`, `p99.9` or `p99.99`.
fn percentile(text: &str) -> Option<u16> {
    let number = text.strip_prefix('p')?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=3).contains(&whole.len())
        || !(1..=2).contains(&part.len())
        || !is_digits(whole)
        || !is_digits(part)
    {
        return None;
    }
    let scale = if part.len() == 1 { 10 } else { 1 };
    let hundredths = whole.parse::<u32>().ok()? * 100 + part.parse::<u32>().ok()? * scale;
    u16::try_from(hundredths).ok().filter(|hundredths| (1..=10_000).contains(hundredths))
}

/// The text names no aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("none of count, sum, avg, min, max, first, last, stddev, time_weighted, p50 and other percentiles")]
pub struct UnknownAggregate;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_aggregate_is_read_from_its_own_name() {
        let percentiles = [1, 5, 50, 100, 5000, 9500, 9990, 9999, 10_000].map(Aggregate::Percentile);
        for aggregate in NAMED.iter().map(|(aggregate, _)| *aggregate).chain(percentiles) {
            assert_eq!(aggregate.to_string().parse(), Ok(aggregate), "{aggregate}");
        }
        assert_eq!("p95.0".parse::<Aggregate>().unwrap().to_string(), "p95");
        assert_eq!("p99.90".parse::<Aggregate>().unwrap().to_string(), "p99.9");
        assert_eq!("p0.05".parse(), Ok(Aggregate::Percentile(5)));
    }

    #[test]
    fn percentiles_out_of_range_or_of_another_form_are_none() {
        for text in
            ["p0", "p0.00", "p100.01", "p999", "p", "p.", "p5.", "p.5", "p+5", "p1.234", "p 5", "median", ""]
        {
            assert_eq!(text.parse::<Aggregate>(), Err(UnknownAggregate), "{text}");
        }
    }
}
