//! A pane: what is known of one key's records in one stretch of time.

use edgesync_schemas::flow::node::window::Aggregate;
use edgesync_schemas::limit;
use serde::{Deserialize, Serialize};

use super::moments::Moments;
use super::points::Points;
use super::values::{Values, percentile};

/// Aggregates of the records so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pane {
    /// [start, end), in microseconds; of sessions and counts, the first and the last event time.
    pub start: i64,
    pub end: i64,
    /// Records in it.
    pub count: u64,
    /// Sum of their values.
    pub sum: f64,
    /// What only some aggregates need.
    pub more: More,
}

/// What is kept of a pane if somebody asks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct More {
    min: f64,
    max: f64,
    first: (i64, f64),
    last: (i64, f64),
    heavy: Option<Box<Heavy>>,
}

/// What few ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Heavy {
    moments: Moments,
    values: Values,
    points: Points,
}

/// Which aggregates are asked for, so that the others need not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    extremes: bool,
    ends: bool,
    moments: bool,
    values: bool,
    points: bool,
}

impl Wanted {
    pub fn new(aggregates: &[Aggregate]) -> Self {
        use Aggregate::{First, Last, Max, Min, Percentile, Stddev, TimeWeighted};
        let has = |is: fn(&Aggregate) -> bool| aggregates.iter().any(is);
        Self {
            extremes: has(|of| matches!(of, Min | Max)),
            ends: has(|of| matches!(of, First | Last)),
            moments: has(|of| matches!(of, Stddev)),
            values: has(|of| matches!(of, Percentile(_))),
            points: has(|of| matches!(of, TimeWeighted)),
        }
    }

    /// Whether [`More`] must be kept.
    pub const fn is_more(self) -> bool {
        self.extremes || self.ends || self.is_heavy()
    }

    const fn is_heavy(self) -> bool {
        self.moments || self.values || self.points
    }

    /// Whether times must be kept.
    pub const fn points(self) -> bool {
        self.points
    }

    /// Bytes of one pane with a few records.
    pub const fn bytes(self) -> usize {
        size_of::<Pane>() + self.bytes_beside()
    }

    /// Of these, bytes that lie elsewhere.
    pub const fn bytes_beside(self) -> usize {
        if self.is_heavy() { size_of::<Heavy>() + 8 * size_of::<(i64, f64)>() } else { 0 }
    }

    /// Bytes of one pane at the most.
    pub const fn bytes_most(self) -> usize {
        let bins = limit::SKETCH_BINS * size_of::<(i32, u32)>();
        let exact = limit::WINDOW_VALUES * size_of::<f64>();
        let values = if bins > exact { bins } else { exact };
        size_of::<Pane>()
            + if self.is_heavy() { size_of::<Heavy>() } else { 0 }
            + if self.values { values } else { 0 }
            + if self.points { limit::WINDOW_VALUES * size_of::<(i64, f64)>() } else { 0 }
    }
}

impl More {
    /// Of no record.
    pub const NOTHING: Self = Self {
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
        first: (i64::MAX, 0.0),
        last: (i64::MIN, 0.0),
        heavy: None,
    };

    /// With one more record, the `count`th.
    #[inline(always)]
    pub fn add(&mut self, ts: i64, value: f64, count: u64, wanted: Wanted) {
        if wanted.extremes {
            self.min = self.min.min(value);
            self.max = self.max.max(value);
        }
        if wanted.ends {
            if ts < self.first.0 {
                self.first = (ts, value);
            }
            if ts >= self.last.0 {
                self.last = (ts, value);
            }
        }
        if wanted.is_heavy() {
            self.add_heavy(ts, value, count, wanted);
        }
    }

    #[inline(never)]
    fn add_heavy(&mut self, ts: i64, value: f64, count: u64, wanted: Wanted) {
        let heavy = self.heavy.get_or_insert_with(|| {
            Box::new(Heavy { moments: Moments::default(), values: Values::NONE, points: Points::default() })
        });
        if wanted.moments {
            heavy.moments.add(value, count);
        }
        if wanted.values {
            heavy.values.add(value);
        }
        if wanted.points {
            heavy.points.add(ts, value);
        }
    }
}

impl Pane {
    /// Of no record.
    pub const fn new(start: i64, end: i64) -> Self {
        Self { start, end, count: 0, sum: 0.0, more: More::NOTHING }
    }

    /// With one more record. Order matters: sums are rounded in the order of arrival.
    pub fn add(&mut self, ts: i64, value: f64, wanted: Wanted) {
        self.count += 1;
        self.sum += value;
        self.more.add(ts, value, self.count, wanted);
    }

    /// With the records of a pane that is later: no record of it is earlier than one of this. Both have some.
    pub fn merge(&mut self, later: &Self) {
        let (mine, theirs) = (&mut self.more, &later.more);
        mine.min = mine.min.min(theirs.min);
        mine.max = mine.max.max(theirs.max);
        if theirs.first.0 < mine.first.0 {
            mine.first = theirs.first;
        }
        if theirs.last.0 >= mine.last.0 {
            mine.last = theirs.last;
        }
        if let (Some(mine), Some(theirs)) = (&mut mine.heavy, &theirs.heavy) {
            mine.moments.merge(self.count, &theirs.moments, later.count);
            mine.values.merge(&theirs.values);
            mine.points.merge(&theirs.points);
        }
        self.end = later.end;
        self.count += later.count;
        self.sum += later.sum;
    }

    /// The newest event time that weighs, and its value.
    pub fn last_point(&self) -> Option<(i64, f64)> {
        self.more.heavy.as_ref().and_then(|heavy| heavy.points.last())
    }

    /// Its aggregates, added to `values`, as those of a window [start, end) at whose start the value `carried` held.
    pub fn get(
        &self,
        aggregates: &[Aggregate],
        start: i64,
        end: i64,
        carried: Option<f64>,
        values: &mut Vec<f64>,
    ) {
        let heavy = self.more.heavy.as_deref();
        let mut sorted = None;
        for aggregate in aggregates {
            values.push(match aggregate {
                Aggregate::Count => self.count as f64,
                Aggregate::Sum => self.sum,
                Aggregate::Avg => self.sum / self.count as f64,
                Aggregate::Min => self.more.min,
                Aggregate::Max => self.more.max,
                Aggregate::First => self.more.first.1,
                Aggregate::Last => self.more.last.1,
                Aggregate::Stddev => heavy.map_or(f64::NAN, |heavy| heavy.moments.stddev(self.count)),
                Aggregate::TimeWeighted => {
                    heavy.map_or(f64::NAN, |heavy| heavy.points.mean(start, end, carried))
                }
                Aggregate::Percentile(hundredths) => {
                    let sort = || heavy.map_or_else(Vec::new, |heavy| heavy.values.sorted());
                    percentile(sorted.get_or_insert_with(sort), self.count, *hundredths)
                }
            });
        }
    }
}
