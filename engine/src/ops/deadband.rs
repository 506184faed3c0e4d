//! `deadband`: records that differ enough from the last that passed, or come long after it, leave as they came.

use edgesync_schemas::flow::node::Deadband;
use edgesync_schemas::unit::UnitIndex;
use serde::{Deserialize, Serialize};

use super::{Output, each_row};
use crate::budget::Purse;
use crate::chunk::{Chunk, Sel};
use crate::keyed::Keyed;
use crate::state::BadState;

#[derive(Debug)]
pub(crate) struct Stage {
    absolute: Option<f64>,
    percent: Option<f64>,
    max_silence_us: Option<i64>,
    keys: Keyed<Option<Last>>,
}

/// The last record of a key that passed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Last {
    value: f64,
    /// The newest event time of any that passed, in microseconds.
    ts: i64,
    unit: UnitIndex,
}

/// Bytes of state of one key.
pub(crate) fn bytes_per_key() -> usize {
    size_of::<Option<Last>>() + 8
}

impl Stage {
    pub fn new(of: &Deadband, keys: usize) -> Self {
        Self {
            absolute: of.absolute,
            percent: of.percent,
            max_silence_us: of.max_silence_ms.map(|ms| ms * 1000),
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
        let mut passed = Vec::with_capacity(sel.count(input));
        each_row(input, sel, |row| {
            if let Some(raw) = input.raw_of(row as u32) {
                return output.not_a_number(row, raw);
            }
            let Some(place) = self.keys.place(input.key[row], || None) else {
                return output.errors.push((row as u32, self.keys.why()));
            };
            let (value, ts, unit) = (input.num[row], input.ts[row].as_us(), input.unit[row]);
            let last = self.keys.states()[place];
            if last.is_some_and(|last| last.unit == unit && !self.passes(&last, value, ts)) {
                output.folded += 1;
                return;
            }
            let newest = last.map_or(ts, |last| last.ts.max(ts));
            self.keys.states()[place] = Some(Last { value, ts: newest, unit });
            passed.push(row as u32);
        });
        output.pass = Some(Sel::Rows(passed));
    }

    /// Whether a value of the same unit as the last that passed does, too.
    fn passes(&self, last: &Last, value: f64, ts: i64) -> bool {
        let change = (value - last.value).abs();
        self.absolute.is_some_and(|band| change > band)
            || self.percent.is_some_and(|percent| change > last.value.abs() * (percent / 100.0))
            || self.max_silence_us.is_some_and(|silence| ts.saturating_sub(last.ts) >= silence)
    }
}
