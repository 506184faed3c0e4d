//! `rate`: the record that the next one is compared with is kept.

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::Rate;
use edgesync_schemas::flow::node::rate::Mode;
use edgesync_schemas::unit::UnitIndex;

use super::{Naive, Record, field};
use crate::cell::emit::Reason;

impl Naive {
    pub(super) fn rate(&mut self, node: usize, of: &Rate, record: Record) {
        if record.raw.is_some() {
            return self.fail(node, Reason::NotANumber, record);
        }
        if let Mode::Counter { wrap_at } = of.mode
            && (record.num < 0.0 || wrap_at.is_some_and(|wrap_at| record.num >= wrap_at))
        {
            return self.fail(node, Reason::OutOfRange, record);
        }
        let Some(state) = self.state(node, record.series) else {
            return self.fail(node, Reason::TooManyKeys, record);
        };
        let last = state.kept.records.last().map(|(_, last, _)| last.clone());
        let last = last.filter(|last| last.unit == record.unit);
        let ts = record.ts.as_us();
        if last.as_ref().is_none_or(|last| last.ts.as_us() != ts) {
            state.kept.records.push((0, record.clone(), false));
        }
        let near = |last: &Record| {
            let gap = ts - last.ts.as_us();
            gap > 0 && of.max_gap_ms.is_none_or(|most| gap <= most * 1000)
        };
        let Some(last) = last.filter(near) else {
            self.counters[node].filtered += 1;
            return;
        };
        let fallen = record.num < last.num;
        let delta = match of.mode {
            Mode::Counter { wrap_at: Some(all) } if fallen && record.num + (all - last.num) <= all / 2.0 => {
                record.num + (all - last.num)
            }
            Mode::Counter { .. } if fallen => record.num,
            _ => record.num - last.num,
        };
        let seconds = (ts - last.ts.as_us()) as f64 / 1e6;
        let num = delta / seconds * of.per_s;
        if !num.is_finite() || !delta.is_finite() {
            return self.fail(node, Reason::NotFinite, record);
        }
        let fields = vec![field("delta", delta), field("seconds", seconds)];
        self.leave(node, Port::Out, Record { num, unit: UnitIndex::NONE, fields, ..record });
    }
}
