//! `throttle`: all records of a key's newest period are kept.

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::Throttle;
use edgesync_schemas::flow::node::throttle::Mode;
use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::limit;

use super::{Naive, Record, text_bytes};
use crate::cell::emit::Reason;

impl Naive {
    pub(super) fn throttle(&mut self, node: usize, of: &Throttle, record: Record) {
        let now = self.now;
        if of.mode == Mode::Average && record.raw.is_some() {
            return self.fail(node, Reason::NotANumber, record);
        }
        if !matches!(of.mode, Mode::First(_)) && text_bytes(&record) > limit::TEXT_PER_KEY {
            return self.fail(node, Reason::NoRoom, record);
        }
        let Some(state) = self.state(node, record.series) else {
            return self.fail(node, Reason::TooManyKeys, record);
        };
        let period = of.period_ms * 1000;
        let start = record.ts.as_us().div_euclid(period) * period;
        if state.kept.over.is_some_and(|over| start < over) {
            self.counters[node].late += 1;
            return self.pass_on(node, Port::Late, record);
        }
        state.kept.seen = now;
        if state.kept.over != Some(start) {
            self.end_period(node, of, record.series, start, record.offset);
        }
        let Some(state) = self.state(node, record.series) else { return };
        let records = &mut state.kept.records;
        records.push((0, record.clone(), false));
        let count = records.len() as u64;
        match of.mode {
            Mode::First(n) if count <= n => self.leave(node, Port::Out, record),
            Mode::Last | Mode::Average if count == 1 => self.counters[node].in_flight += 1,
            _ => self.counters[node].filtered += 1,
        }
    }

    fn end_period(&mut self, node: usize, of: &Throttle, series: SeriesId, over: i64, offset: Offset) {
        let Some(state) = self.state(node, series) else { return };
        state.kept.over = Some(over);
        let records = std::mem::take(&mut state.kept.records);
        let sum: f64 = records.iter().map(|(_, record, _)| record.num).sum();
        let mean = sum / records.len() as f64;
        let latest = records.into_iter().map(|(_, record, _)| record).max_by_key(|record| record.ts);
        let Some(mut latest) = latest.filter(|_| !matches!(of.mode, Mode::First(_))) else { return };
        self.counters[node].in_flight -= 1;
        if of.mode == Mode::Average {
            latest.num = mean;
        }
        if latest.num.is_finite() {
            self.leave(node, Port::Out, Record { offset, ..latest });
        } else {
            self.counters[node].error += 1;
        }
    }

    pub(super) fn throttle_tick(&mut self, node: usize, of: &Throttle, offset: Offset) {
        for at in 0..self.states[node].len() {
            let (series, state) = &self.states[node][at];
            let Some(end) = state.kept.over.map(|start| start + of.period_ms * 1000) else { continue };
            let silent = self.now - state.kept.seen;
            let is_over = self.now >= end && silent >= (of.period_ms.min(limit::IDLE_GRACE_MS) + 1000) * 1000;
            if is_over && !matches!(of.mode, Mode::First(_)) && !state.kept.records.is_empty() {
                self.end_period(node, of, *series, end, offset);
            }
        }
    }
}
