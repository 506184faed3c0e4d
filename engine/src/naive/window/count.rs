//! Counts, plainly.

use edgesync_schemas::flow::node::Window;
use edgesync_schemas::flow::node::window::Kind;
use edgesync_schemas::limit;

use super::{Effects, Key, Part, Row, is_far, is_fit};
use crate::cell::emit::Reason;

fn lengths(of: &Window) -> (usize, usize, usize) {
    match of.kind {
        Kind::Count { n, hop, pane } => (n as usize, hop as usize, pane as usize),
        _ => (1, 1, 1),
    }
}

impl Key {
    pub(super) fn count_record(&mut self, of: &Window, ts: i64, value: f64, now: i64, effects: &mut Effects) {
        if self.watermark.is_some_and(|watermark| ts < watermark) {
            effects.is_late = true;
            return;
        }
        let beyond = self.waiting.iter().filter(|(ts, _)| self.is_beyond(of, *ts)).count();
        if is_far(of, ts, now) && beyond >= limit::FUTURE_WINDOWS {
            effects.error = Some(Reason::NoRoom);
            return;
        }
        self.waiting.push((ts, value));
        effects.taken += 1;
        self.advance(of, ts, now);
        if self.waiting.len() > limit::COUNT_WAITING {
            let oldest = self.waiting.iter().map(|(ts, _)| *ts).min();
            self.watermark = self.watermark.max(oldest);
        }
        self.count_release(of, effects);
    }

    /// Counts what waits and is not after the key's time, by time and then as it came.
    fn count_release(&mut self, of: &Window, effects: &mut Effects) {
        let (n, hop, _) = lengths(of);
        self.waiting.sort_by_key(|(ts, _)| *ts);
        while self.waiting.first().is_some_and(|(ts, _)| self.is_over(*ts)) {
            self.counted.push(self.waiting.remove(0));
            let count = self.counted.len();
            if count < n || !(count - n).is_multiple_of(hop) {
                continue;
            }
            effects.ended += hop as u64;
            if self.count_row(of, count - n, true, effects) {
                effects.folded += hop as u64 - 1;
            } else {
                effects.unfit += hop as u64;
            }
        }
    }

    /// Puts out the window that begins with this record, as far as it goes.
    fn count_row(&self, of: &Window, first: usize, is_final: bool, effects: &mut Effects) -> bool {
        let (.., pane) = lengths(of);
        let parts = self.counted[first..].chunks(pane).map(|records| {
            let mut part = Part::default();
            records.iter().for_each(|(ts, value)| part.add(*ts, *value));
            part
        });
        let Some(all) = parts.reduce(Part::merged) else { return false };
        let (start, end) = all.bounds();
        let values = all.values(&of.aggregates, start, end, None);
        let is_fit = is_fit(&values);
        if is_fit {
            effects.rows.push(Row { start, end, values, revision: 0, is_final });
        }
        is_fit
    }

    pub(super) fn count_silence(&mut self, of: &Window, reach: i64, effects: &mut Effects) {
        let newest = self.waiting.iter().map(|(ts, _)| *ts).filter(|ts| *ts <= reach).max();
        if newest.is_some() {
            self.watermark = self.watermark.max(newest);
            self.count_release(of, effects);
        }
    }

    pub(super) fn count_early(&mut self, of: &Window, effects: &mut Effects) {
        let (n, hop, _) = lengths(of);
        let count = self.counted.len();
        let windows = if count < n { 0 } else { (count - n) / hop + 1 };
        let first = windows * hop;
        let shown = vec![(windows as i64, (count - first) as u64)];
        if count > first && self.shown != shown {
            if self.count_row(of, first, false, effects) {
                effects.made += 1;
            }
            self.shown = shown;
        }
    }
}
