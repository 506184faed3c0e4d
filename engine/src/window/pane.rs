//! A pane: what is known of one key's records in one window.

use edgesync_schemas::flow::node::window::Aggregate;
use serde::{Deserialize, Serialize};

/// Aggregates of the records so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pane {
    /// Start of the window, in microseconds.
    pub start: i64,
    /// Records in it.
    pub count: u64,
    /// Sum of their values.
    pub sum: f64,
    /// What only some aggregates need.
    pub more: More,
}

/// What is kept of a window if somebody asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct More {
    min: f64,
    max: f64,
    first: (i64, f64),
    last: (i64, f64),
}

/// Which aggregates are asked for, so that the others need not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    extremes: bool,
    ends: bool,
}

impl Wanted {
    pub fn new(aggregates: &[Aggregate]) -> Self {
        Self {
            extremes: aggregates.iter().any(|of| matches!(of, Aggregate::Min | Aggregate::Max)),
            ends: aggregates.iter().any(|of| matches!(of, Aggregate::First | Aggregate::Last)),
        }
    }
}

impl Wanted {
    /// Whether [`More`] must be kept.
    pub const fn is_more(self) -> bool {
        self.extremes || self.ends
    }
}

impl More {
    /// Of no record.
    pub const NOTHING: Self =
        Self { min: f64::INFINITY, max: f64::NEG_INFINITY, first: (i64::MAX, 0.0), last: (i64::MIN, 0.0) };

    /// With one more record.
    #[inline(always)]
    pub fn add(&mut self, ts: i64, value: f64, wanted: Wanted) {
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
    }
}

impl Pane {
    /// Of no record.
    pub const fn new(start: i64) -> Self {
        Self { start, count: 0, sum: 0.0, more: More::NOTHING }
    }

    /// With one more record. Order matters: sums are rounded in the order of arrival.
    pub fn add(&mut self, ts: i64, value: f64, wanted: Wanted) {
        self.count += 1;
        self.sum += value;
        self.more.add(ts, value, wanted);
    }

    /// One of its aggregates.
    pub fn get(&self, aggregate: Aggregate) -> f64 {
        match aggregate {
            Aggregate::Count => self.count as f64,
            Aggregate::Sum => self.sum,
            Aggregate::Avg => self.sum / self.count as f64,
            Aggregate::Min => self.more.min,
            Aggregate::Max => self.more.max,
            Aggregate::First => self.more.first.1,
            Aggregate::Last => self.more.last.1,
        }
    }
}
