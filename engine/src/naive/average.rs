//! `moving-average`: all values of a key are kept, and those in the window looked at afresh.

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::MovingAverage;
use edgesync_schemas::flow::node::moving_average::{Method, Weight};

use super::{Naive, Record, field};
use crate::cell::emit::Reason;

impl Naive {
    pub(super) fn average(&mut self, node: usize, of: &MovingAverage, record: Record) {
        if record.raw.is_some() {
            return self.fail(node, Reason::NotANumber, record);
        }
        let Some(state) = self.state(node, record.series) else {
            return self.fail(node, Reason::TooManyKeys, record);
        };
        let ts = record.ts.as_us();
        if let Method::Ewma(weight) = of.method {
            state.values.push((ts, record.num));
            let mean = ewma(weight, &state.values);
            let fields = vec![field("current_value", mean)];
            return self.leave(node, Port::Out, Record { num: mean, fields, ..record });
        }
        if state.values.len() == of.window_size {
            state.values.remove(0);
        }
        if let Some(duration) = of.duration_ms {
            while state.values.first().is_some_and(|(oldest, _)| *oldest <= ts - duration * 1000) {
                state.values.remove(0);
            }
        }
        state.values.push((ts, record.num));
        let mut values: Vec<f64> = state.values.iter().map(|(_, value)| *value).collect();
        let (count, sum) = (values.len(), values.iter().sum::<f64>());
        values.sort_by(f64::total_cmp);
        let average = match of.method {
            // not their sum halved, which may be beyond the range of numbers
            Method::Median if count.is_multiple_of(2) => {
                f64::midpoint(values[count / 2 - 1], values[count / 2])
            }
            Method::Median => values[count / 2],
            _ => sum / count as f64,
        };
        if !average.is_finite() {
            return self.fail(node, Reason::NotFinite, record);
        }
        let fields = vec![
            field("current_value", average),
            field("window_size", count as f64),
            field("window_full", if count == of.window_size { 1.0 } else { 0.0 }),
            field("min_in_window", values[0]),
            field("max_in_window", values[count - 1]),
        ];
        self.leave(node, Port::Out, Record { num: average, fields, ..record });
    }
}

/// Of all (time, value) so far.
fn ewma(weight: Weight, values: &[(i64, f64)]) -> f64 {
    let mut mean = values[0].1;
    for at in 1..values.len() {
        let newest = values[..at].iter().map(|(ts, _)| *ts).max().unwrap_or_default();
        let (ts, value) = values[at];
        let weight = match weight {
            Weight::Alpha(alpha) => alpha,
            Weight::HalfLife(_) if ts <= newest => 0.0,
            Weight::HalfLife(ms) => 1.0 - (-((ts - newest) as f64 / (ms * 1000) as f64)).exp2(),
        };
        mean = value * weight + mean * (1.0 - weight);
    }
    mean
}
