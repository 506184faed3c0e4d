//! Which value held when, for means that are weighted by time.
//!
//! Records may come in any order, so the newest [`limit::WINDOW_VALUES`] times are kept. When more come, the oldest are settled: what
//! they contribute is summed up, and a record that lies before them comes too late to weigh.

use edgesync_schemas::limit;
use serde::{Deserialize, Serialize};

/// Moments and the values that held from then on, in microseconds. Of equal moments the last to arrive holds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Points {
    settled: Option<Settled>,
    /// By time, each only once, all after what is settled.
    points: Vec<(i64, f64)>,
}

/// What is known of moments that are no longer kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Settled {
    /// The first of them.
    from: i64,
    /// The last of them, and the value that has held since.
    until: i64,
    value: f64,
    /// Sum of value times microseconds between them.
    sum: f64,
}

/// How many are settled at once, so that they are not moved for each record.
const STEP: usize = limit::WINDOW_VALUES / 4;

impl Points {
    /// With one more.
    pub fn add(&mut self, ts: i64, value: f64) {
        if self.settled.is_some_and(|settled| ts <= settled.until) {
            return;
        }
        match self.points.last() {
            Some((last, _)) if *last >= ts => match self.points.binary_search_by_key(&ts, |(ts, _)| *ts) {
                Ok(at) => self.points[at].1 = value,
                Err(at) => self.points.insert(at, (ts, value)),
            },
            _ => self.points.push((ts, value)),
        }
        if self.points.len() >= limit::WINDOW_VALUES {
            self.settle(STEP);
        }
    }

    /// With those of another one, which are all later.
    pub fn merge(&mut self, later: &Self) {
        if let Some(theirs) = later.settled {
            self.settle(self.points.len());
            let mine = self.settled.unwrap_or(Settled {
                from: theirs.from,
                until: theirs.from,
                value: 0.0,
                sum: 0.0,
            });
            let sum = mine.sum + mine.value * (theirs.from - mine.until) as f64 + theirs.sum;
            self.settled = Some(Settled { from: mine.from, sum, ..theirs });
        }
        later.points.iter().for_each(|(ts, value)| self.add(*ts, *value));
    }

    fn settle(&mut self, count: usize) {
        for (ts, value) in self.points.drain(..count) {
            let settled = self.settled.get_or_insert(Settled { from: ts, until: ts, value, sum: 0.0 });
            settled.sum += settled.value * (ts - settled.until) as f64;
            (settled.until, settled.value) = (ts, value);
        }
    }

    /// The newest moment and its value.
    pub fn last(&self) -> Option<(i64, f64)> {
        self.points.last().copied().or(self.settled.map(|settled| (settled.until, settled.value)))
    }

    /// The mean over [start, end), where `carried` held at the start; without it, from the first moment on. NaN if there are none.
    pub fn mean(&self, start: i64, end: i64, carried: Option<f64>) -> f64 {
        let Some((last_at, last)) = self.last() else { return f64::NAN };
        let first = self.settled.map(|settled| settled.from).or(self.points.first().map(|(ts, _)| *ts));
        let from = if carried.is_some() { start } else { first.unwrap_or(start) };
        if end <= from {
            return last; // nothing held for any time
        }
        let mut sum = carried.unwrap_or(0.0) * (first.unwrap_or(start) - from) as f64;
        let mut held = self.settled.map(|settled| (settled.until, settled.value));
        sum += self.settled.map_or(0.0, |settled| settled.sum);
        for (ts, value) in &self.points {
            if let Some((since, held)) = held {
                sum += held * (ts - since) as f64;
            }
            held = Some((*ts, *value));
        }
        (sum + last * (end - last_at) as f64) / (end - from) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(points: &[(i64, f64)]) -> Points {
        let mut of = Points::default();
        points.iter().for_each(|(ts, value)| of.add(*ts, *value));
        of
    }

    #[test]
    fn a_value_weighs_as_long_as_it_holds() {
        let points = of(&[(20, 4.0), (50, 1.0)]);
        assert_eq!(points.mean(0, 100, Some(10.0)), (10.0 * 20.0 + 4.0 * 30.0 + 50.0) / 100.0);
        assert_eq!(
            points.mean(0, 100, None),
            (4.0 * 30.0 + 50.0) / 80.0,
            "without a value before, from the first on"
        );
        assert!(Points::default().mean(0, 100, Some(1.0)).is_nan());
        assert_eq!(of(&[(5, 3.0)]).mean(5, 5, None), 3.0);
    }

    #[test]
    fn order_of_arrival_counts_for_equal_times_only() {
        let shuffled = of(&[(50, 9.0), (20, 4.0), (50, 1.0), (20, 3.0), (20, 4.0)]);
        assert_eq!(shuffled, of(&[(20, 4.0), (50, 1.0)]));
    }

    #[test]
    fn settled_times_weigh_as_before_and_older_records_do_not() {
        let all: Vec<(i64, f64)> = (0..2000).map(|n| (n * 3, (n % 17) as f64)).collect();
        let mut points = of(&all);
        assert!(points.points.len() < limit::WINDOW_VALUES);
        let sum: f64 = all.iter().map(|(_, value)| value * 3.0).sum();
        assert_eq!(points.mean(0, 6000, None), sum / 6000.0);
        points.add(4, 1000.0);
        assert_eq!(points.mean(0, 6000, None), sum / 6000.0);
        points.add(5998, 1000.0);
        let last = 1999 % 17;
        let expected = (sum - f64::from(last) * 2.0 + 2000.0) / 6000.0;
        assert_eq!(points.mean(0, 6000, None), expected);
    }

    #[test]
    fn parts_put_together_are_the_whole() {
        let all: Vec<(i64, f64)> = (0..1500).map(|n| (n * 3, (n % 17) as f64)).collect();
        for cut in [1, 100, 600, 1400] {
            let mut parts = of(&all[..cut]);
            parts.merge(&of(&all[cut..]));
            assert_eq!(parts.mean(-6, 4500, Some(5.0)), of(&all).mean(-6, 4500, Some(5.0)), "cut at {cut}");
            assert_eq!(parts.last(), of(&all).last());
        }
        let mut none = Points::default();
        none.merge(&of(&all));
        assert_eq!(none.mean(0, 4500, None), of(&all).mean(0, 4500, None));
    }
}
