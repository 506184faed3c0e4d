//! `moving-average` of method `ewma`: the exponentially weighted mean of all values of each key.

use edgesync_schemas::flow::node::moving_average::Weight;
use serde::{Deserialize, Serialize};

use super::{Output, each_row};
use crate::budget::Purse;
use crate::chunk::{Chunk, Sel};
use crate::keyed::Keyed;
use crate::state::BadState;

#[derive(Debug)]
pub(crate) struct Stage {
    weight: Weight,
    keys: Keyed<Option<State>>,
}

/// The mean of one key's values so far.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct State {
    mean: f64,
    /// The newest event time, in microseconds.
    ts: i64,
}

/// Bytes of state of one key.
pub(crate) fn bytes_per_key() -> usize {
    size_of::<Option<State>>() + 8
}

impl Stage {
    pub fn new(weight: Weight, keys: usize) -> Self {
        Self { weight, keys: Keyed::new(keys) }
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
            let Some(place) = self.keys.place(input.key[row], || None) else {
                return output.errors.push((row as u32, self.keys.why()));
            };
            let (value, ts) = (input.num[row], input.ts[row].as_us());
            let state = &mut self.keys.states()[place];
            let next = match *state {
                None => State { mean: value, ts },
                Some(before) => {
                    let weight = match self.weight {
                        Weight::Alpha(alpha) => alpha,
                        // A record that is not later than the newest has no weight.
                        Weight::HalfLife(ms) => {
                            let us = ts.saturating_sub(before.ts).max(0);
                            1.0 - (-(us as f64) / (ms as f64 * 1000.0)).exp2()
                        }
                    };
                    let mean = value * weight + before.mean * (1.0 - weight);
                    State { mean, ts: before.ts.max(ts) }
                }
            };
            *state = Some(next);
            let chunk = &mut output.chunk;
            chunk.push_number(input, row, next.mean, input.unit[row]);
            chunk.fields.iter_mut().for_each(|column| column.push(next.mean, None));
        });
    }
}
