//! `rate`: how fast a key's value changes from record to record.

use edgesync_schemas::flow::node::Rate;
use edgesync_schemas::flow::node::rate::Mode;
use edgesync_schemas::unit::UnitIndex;
use serde::{Deserialize, Serialize};

use super::{Output, each_row};
use crate::budget::Purse;
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::keyed::Keyed;
use crate::state::BadState;

#[derive(Debug)]
pub(crate) struct Stage {
    per_s: f64,
    mode: Mode,
    max_gap_us: Option<i64>,
    keys: Keyed<Option<Last>>,
}

/// The record of a key that the next one is compared with.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Last {
    value: f64,
    /// Event time in microseconds.
    ts: i64,
    unit: UnitIndex,
}

/// Bytes of state of one key.
pub(crate) fn bytes_per_key() -> usize {
    size_of::<Option<Last>>() + 8
}

impl Stage {
    pub fn new(of: &Rate, keys: usize) -> Self {
        Self {
            per_s: of.per_s,
            mode: of.mode,
            max_gap_us: of.max_gap_ms.map(|ms| ms * 1000),
            keys: Keyed::new(keys),
        }
    }

    /// What draws on a budget for its keys.
    pub fn purse(&mut self) -> &mut Purse {
        self.keys.purse()
    }

    /// What it remembers.
    pub fn save(&self) -> Vec<u8> {
        self.keys.save()
    }

    /// Goes on with what another one remembered.
    pub fn load(&mut self, saved: &[u8]) -> Result<(), BadState> {
        self.keys.load(saved)
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, output: &mut Output) {
        each_row(input, sel, |row| {
            if let Some(raw) = input.raw_of(row as u32) {
                return output.not_a_number(row, raw);
            }
            let record = Last { value: input.num[row], ts: input.ts[row].as_us(), unit: input.unit[row] };
            if !in_range(self.mode, record.value) {
                return output.errors.push((row as u32, Reason::OutOfRange));
            }
            let Some(place) = self.keys.place(input.key[row], || None) else {
                return output.errors.push((row as u32, self.keys.why()));
            };
            let last = &mut self.keys.states()[place];
            let us = last.map_or(0, |last| record.ts.saturating_sub(last.ts));
            if last.is_some_and(|last| last.unit == record.unit && us == 0) {
                output.folded += 1;
                return;
            }
            let before = last.replace(record);
            let is_near = us > 0 && self.max_gap_us.is_none_or(|most| us <= most);
            let Some(before) = before.filter(|before| is_near && before.unit == record.unit) else {
                output.folded += 1;
                return;
            };
            let (delta, seconds) = (change(self.mode, before.value, record.value), us as f64 / 1e6);
            let rate = delta / seconds * self.per_s;
            if !(rate.is_finite() && delta.is_finite()) {
                return output.errors.push((row as u32, Reason::NotFinite));
            }
            let chunk = &mut output.chunk;
            chunk.push_number(input, row, rate, UnitIndex::NONE);
            chunk
                .fields
                .iter_mut()
                .zip([delta, seconds])
                .for_each(|(column, value)| column.push(value, None));
        });
    }
}

/// Whether a value can be one of the mode.
fn in_range(mode: Mode, value: f64) -> bool {
    match mode {
        Mode::Gauge => true,
        Mode::Counter { wrap_at } => value >= 0.0 && wrap_at.is_none_or(|wrap_at| value < wrap_at),
    }
}

/// By how much the value has changed from `before` to `value`.
fn change(mode: Mode, before: f64, value: f64) -> f64 {
    match mode {
        Mode::Counter { wrap_at } if value < before => {
            // What was counted if it wrapped. More than half of all there is would be a coincidence: then it was reset.
            let wrapped = wrap_at.map(|wrap_at| (value + (wrap_at - before), wrap_at / 2.0));
            wrapped.map_or(value, |(wrapped, half)| if wrapped <= half { wrapped } else { value })
        }
        _ => value - before,
    }
}
