//! `min-max`: all values of a key are kept and looked at afresh.

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::MinMax;
use edgesync_schemas::flow::node::min_max::Mode;

use super::{Naive, Record, field};
use crate::cell::emit::Reason;

impl Naive {
    pub(super) fn min_max(&mut self, node: usize, of: &MinMax, record: Record) {
        if record.raw.is_some() {
            return self.fail(node, Reason::NotANumber, record);
        }
        let Some(state) = self.state(node, record.series) else {
            return self.fail(node, Reason::TooManyKeys, record);
        };
        state.values.push((0, record.num));
        let newest = state.values.iter().rev().take(of.window_size.unwrap_or(usize::MAX));
        let values: Vec<f64> = newest.map(|(_, value)| *value).collect();
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !(max - min).is_finite() {
            return self.fail(node, Reason::NotFinite, record);
        }
        let num = match of.mode {
            Mode::Min => min,
            Mode::Max => max,
            Mode::Both => max - min,
        };
        let fields = vec![field("min", min), field("max", max), field("range", max - min)];
        self.leave(node, Port::Out, Record { num, fields, ..record });
    }
}
