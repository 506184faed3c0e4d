//! `interval-join`: the records that wait are one list.

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::IntervalJoin;
use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::limit;

use super::{Naive, Record, field, text_bytes};
use crate::cell::emit::Reason;

impl Naive {
    pub(super) fn join(
        &mut self,
        node: usize,
        of: &IntervalJoin,
        group: SeriesId,
        input: u8,
        record: Record,
    ) {
        let now = self.now;
        let Some(state) = self.state(node, group) else {
            return self.fail(node, Reason::TooManyKeys, record);
        };
        let ts = record.ts.as_us();
        state.kept.seen = now;
        if state.kept.over.is_some_and(|over| ts < over) {
            self.counters[node].late += 1;
            return self.pass_on(node, Port::Late, record);
        }
        let over = ts - of.lateness_ms * 1000;
        state.kept.over = Some(state.kept.over.map_or(over, |before| before.max(over)));
        self.end_waiting(node, of, group, record.offset);

        let Some(state) = self.state(node, group) else { return };
        let waiting = &mut state.kept.records;
        let mut pairs: Vec<Record> = Vec::new();
        for (_, other, is_found) in waiting.iter_mut().filter(|(side, other, _)| {
            *side != input && (other.ts.as_us() - ts).abs() <= of.tolerance_ms * 1000
        }) {
            *is_found = true;
            pairs.push(other.clone());
        }
        pairs.sort_by_key(|other| other.ts);
        let mine = waiting.iter().filter(|(side, ..)| *side == input).count();
        let text: usize = waiting.iter().map(|(_, other, _)| text_bytes(other)).sum();
        let has_room = mine < limit::JOIN_RECORDS && text + text_bytes(&record) <= limit::TEXT_PER_KEY;
        if has_room {
            waiting.push((input, record.clone(), !pairs.is_empty()));
        }
        let counters = &mut self.counters[node];
        counters.in_flight += u64::from(has_room);
        counters.dropped += u64::from(!has_room);
        counters.made += pairs.len() as u64;
        counters.dropped += pairs.len().saturating_sub(limit::JOIN_FAN_OUT) as u64;
        for other in pairs.into_iter().take(limit::JOIN_FAN_OUT) {
            let (left, right) = if input == 0 { (&record, &other) } else { (&other, &record) };
            let side = |name: &str, of: &Record| (Arc::from(name), of.num, of.raw.clone());
            let difference = (right.ts.as_us() - left.ts.as_us()) as f64 / 1000.0;
            let pair = Record {
                ts: left.ts.max(right.ts),
                quality: left.quality.with(right.quality),
                offset: record.offset,
                fields: vec![side("left", left), side("right", right), field("difference_ms", difference)],
                ..left.clone()
            };
            self.leave(node, Port::Out, pair);
        }
    }

    /// Records whose time is over leave, those of the left side first.
    fn end_waiting(&mut self, node: usize, of: &IntervalJoin, group: SeriesId, offset: Offset) {
        let Some(state) = self.state(node, group) else { return };
        let Some(over) = state.kept.over else { return };
        let is_over = |record: &Record| record.ts.as_us() + of.tolerance_ms * 1000 < over;
        let (mut ended, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.kept.records).into_iter().partition(|(_, record, _)| is_over(record));
        state.kept.records = waiting;
        ended.sort_by_key(|(side, record, _)| (*side, record.ts));
        for (_, record, is_found) in ended {
            self.counters[node].in_flight -= 1;
            if is_found {
                self.counters[node].filtered += 1;
            } else {
                self.leave(node, Port::Unmatched, Record { offset, ..record });
            }
        }
    }

    pub(super) fn join_tick(&mut self, node: usize, of: &IntervalJoin, offset: Offset) {
        for at in 0..self.states[node].len() {
            let (group, state) = &mut self.states[node][at];
            let newest = state.kept.records.iter().map(|(_, record, _)| record.ts.as_us()).max();
            let is_silent = self.now - state.kept.seen >= (of.idle_ms + 1000) * 1000;
            if let Some(newest) = newest.filter(|_| is_silent) {
                let over = newest + of.tolerance_ms * 1000 + 1;
                state.kept.over = Some(state.kept.over.map_or(over, |before| before.max(over)));
                let group = *group;
                self.end_waiting(node, of, group, offset);
            }
        }
    }
}
