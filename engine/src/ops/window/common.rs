//! What all kinds of windows share: their settings, and how a result is put out.

use edgesync_schemas::flow::node::Window;
use edgesync_schemas::flow::node::window::Aggregate;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

use super::super::{Output, describe};
use crate::cell::clock::silence_us;
use crate::cell::emit::Reason;
use crate::chunk::Chunk;
use crate::window::pane::Wanted;

/// Settings, times in microseconds.
#[derive(Debug)]
pub(crate) struct Common {
    pub aggregates: Box<[Aggregate]>,
    pub wanted: Wanted,
    pub lateness: i64,
    pub idle: i64,
    pub future: i64,
    pub revise: i64,
    pub early: Option<i64>,
    pub is_numeric: bool,
}

/// Whose result it is and of which window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Label {
    pub key: u32,
    pub unit: UnitIndex,
    /// Arrival offset of what made it.
    pub offset: u64,
    pub start: i64,
    pub end: i64,
    pub revision: u32,
    pub is_final: bool,
}

impl Common {
    pub fn new(of: &Window) -> Self {
        Self {
            aggregates: of.aggregates.clone().into(),
            wanted: Wanted::new(&of.aggregates),
            lateness: of.lateness_ms * 1000,
            idle: silence_us(of.idle_ms),
            future: of.future_ms * 1000,
            revise: of.revise_ms * 1000,
            early: of.early_ms.map(|ms| ms * 1000),
            is_numeric: of.is_numeric(),
        }
    }

    /// Whether an event time is beyond the future guard.
    pub fn is_far(&self, ts: i64, now: i64) -> bool {
        ts > now.saturating_add(self.future)
    }

    /// The first moment that no reading that moved time lies beyond.
    pub fn reach(&self, watermark: i64) -> i64 {
        watermark.saturating_add(self.lateness)
    }

    /// When time alone does something with a key that was last heard at `seen` and has something that is over at `next`.
    pub fn silent_at(&self, seen: i64, next: i64) -> i64 {
        seen.saturating_add(self.idle).max(next.saturating_add(self.lateness))
    }

    /// When the next early result may be put out, if there is to be one.
    pub fn early_at(&self, last: i64, has_changed: impl FnOnce() -> bool) -> Option<i64> {
        self.early.filter(|_| has_changed()).map(|early| last.saturating_add(early))
    }

    /// Sends a record whose value is no number to `error`, if numbers are needed.
    pub fn refuses(&self, input: &Chunk, row: usize, output: &mut Output) -> bool {
        let raw = if self.is_numeric { input.raw_of(row as u32) } else { None };
        if let Some(raw) = raw {
            output.errors.push((row as u32, Reason::NotANumber));
            output.detail.get_or_insert_with(|| describe(raw));
        }
        raw.is_some()
    }

    /// Puts out a result.
    pub fn put(&self, label: &Label, values: &[f64], output: &mut Output) {
        let chunk = &mut output.chunk;
        chunk.key.push(label.key);
        chunk.ts.push(Timestamp::from_us_saturating(label.start));
        chunk.num.push(values[0]);
        chunk.unit.push(label.unit);
        chunk.offset.push(label.offset);
        let bounds = [label.start, label.end].map(|us| us.div_euclid(1000) as f64);
        let revision = (self.revise > 0).then_some(f64::from(label.revision));
        let is_final = self.early.is_some().then_some(f64::from(u8::from(label.is_final)));
        let all = bounds.into_iter().chain(values.iter().copied()).chain(revision).chain(is_final);
        chunk.fields.iter_mut().zip(all).for_each(|(column, value)| column.push(value, None));
    }
}

/// Whether every value is a finite number, so that they may be a result.
pub(super) fn is_fit(values: &[f64]) -> bool {
    values.iter().all(|value| value.is_finite())
}
