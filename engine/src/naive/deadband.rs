//! `deadband`: all records that passed are kept.

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::Deadband;

use super::{Naive, Record};
use crate::cell::emit::Reason;

impl Naive {
    pub(super) fn deadband(&mut self, node: usize, of: &Deadband, record: Record) {
        if record.raw.is_some() {
            return self.fail(node, Reason::NotANumber, record);
        }
        let Some(state) = self.state(node, record.series) else {
            return self.fail(node, Reason::TooManyKeys, record);
        };
        let passed = &mut state.kept.records;
        let newest = passed.iter().map(|(_, record, _)| record.ts.as_us()).max();
        let passes = match passed.last() {
            None => true,
            Some((_, last, _)) if last.unit != record.unit => true,
            Some((_, last, _)) => {
                let change = (record.num - last.num).abs();
                let silence = record.ts.as_us() - newest.unwrap_or_default();
                of.absolute.is_some_and(|band| change > band)
                    || of.percent.is_some_and(|percent| change > last.num.abs() * (percent / 100.0))
                    || of.max_silence_ms.is_some_and(|most| silence >= most * 1000)
            }
        };
        if passes {
            passed.push((0, record.clone(), false));
            self.leave(node, Port::Out, record);
        } else {
            self.counters[node].filtered += 1;
        }
    }
}
