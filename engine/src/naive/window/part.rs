//! Records that are aggregated together, all of them kept.

use edgesync_schemas::flow::node::window::Aggregate;
use edgesync_schemas::limit;

/// Records in the order they came. Only what rounding makes depend on the order is kept along.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub records: Vec<(i64, f64)>,
    sum: f64,
    mean: f64,
    squares: f64,
}

impl Part {
    /// One more record (Welford's update).
    pub fn add(&mut self, ts: i64, value: f64) {
        self.records.push((ts, value));
        self.sum += value;
        let distance = value - self.mean;
        self.mean += distance / self.records.len() as f64;
        self.squares += distance * (value - self.mean);
    }

    /// Two parts as one; the second is later in time.
    pub fn merged(mut self, later: Self) -> Self {
        let (mine, theirs) = (self.records.len() as f64, later.records.len() as f64);
        let distance = later.mean - self.mean;
        self.squares += later.squares + distance * distance * (mine * theirs / (mine + theirs));
        self.mean += distance * (theirs / (mine + theirs));
        self.sum += later.sum;
        self.records.extend(later.records);
        self
    }

    /// First and last event time.
    pub fn bounds(&self) -> (i64, i64) {
        let times = || self.records.iter().map(|(ts, _)| *ts);
        (times().min().unwrap_or(0), times().max().unwrap_or(0))
    }

    pub fn values(&self, aggregates: &[Aggregate], start: i64, end: i64, carried: Option<f64>) -> Vec<f64> {
        let values = || self.records.iter().map(|(_, value)| *value);
        let count = self.records.len() as f64;
        let (first, last) = self.bounds();
        let value = |aggregate: &Aggregate| match aggregate {
            Aggregate::Count => count,
            Aggregate::Sum => self.sum,
            Aggregate::Avg => self.sum / count,
            Aggregate::Min => values().fold(f64::INFINITY, f64::min),
            Aggregate::Max => values().fold(f64::NEG_INFINITY, f64::max),
            Aggregate::First => {
                self.records.iter().find(|(ts, _)| *ts == first).map_or(0.0, |(_, value)| *value)
            }
            Aggregate::Last => {
                self.records.iter().rfind(|(ts, _)| *ts == last).map_or(0.0, |(_, value)| *value)
            }
            Aggregate::Stddev => (self.squares / count).sqrt(),
            Aggregate::Percentile(hundredths) => self.percentile(*hundredths),
            Aggregate::TimeWeighted => self.time_weighted(start, end, carried),
        };
        aggregates.iter().map(value).collect()
    }

    fn percentile(&self, hundredths: u16) -> f64 {
        let mut sorted: Vec<f64> = self.records.iter().map(|(_, value)| *value).collect();
        if sorted.len() > limit::WINDOW_VALUES {
            sorted.iter_mut().for_each(|value| *value = rounded(*value));
        }
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() * usize::from(hundredths)).div_ceil(10_000);
        sorted[rank.max(1) - 1]
    }

    /// The value that holds is that of the newest record so far.
    fn time_weighted(&self, start: i64, end: i64, carried: Option<f64>) -> f64 {
        let mut sorted = self.records.clone();
        sorted.sort_by_key(|(ts, _)| *ts);
        if let Some(value) = carried {
            sorted.insert(0, (start, value));
        }
        let (from, last) = (sorted[0].0, sorted[sorted.len() - 1].1);
        if end <= from {
            return last;
        }
        let until = sorted.iter().skip(1).map(|(ts, _)| *ts).chain([end]);
        let sum: f64 = sorted.iter().zip(until).map(|((ts, value), until)| value * (until - ts) as f64).sum();
        sum / (end - from) as f64
    }
}

/// The middle of the bin of a sketch that a value lies in.
fn rounded(value: f64) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let gamma = (1.0 + limit::SKETCH_ERROR) / (1.0 - limit::SKETCH_ERROR);
    let exponent = (value.abs().ln() / gamma.ln()).ceil();
    ((exponent * gamma.ln()).exp() * (2.0 / (1.0 + gamma))).min(f64::MAX).copysign(value)
}
