//! `min-max`: the smallest and the largest value of each key.

use edgesync_schemas::flow::node::MinMax;
use edgesync_schemas::flow::node::min_max::Mode;
use serde::{Deserialize, Serialize};

use super::extremes::{self, Extremes};
use super::{Output, each_row};
use crate::budget::Purse;
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::keyed::Keyed;
use crate::state::BadState;

#[derive(Debug)]
pub(crate) struct Stage {
    mode: Mode,
    values_most: Option<usize>,
    keys: Keyed<State>,
}

/// The values of one key.
#[derive(Debug, Serialize, Deserialize)]
enum State {
    /// All of them: smallest and largest.
    All(f64, f64),
    /// The newest.
    Newest(Box<Extremes>),
}

/// Bytes of state of one key.
pub(crate) fn bytes_per_key(of: &MinMax) -> usize {
    let values = |values: usize| extremes::bytes().min(extremes::bytes_most(values));
    size_of::<State>() + 8 + of.window_size.map_or(0, values)
}

/// Bytes of state of one key at the worst.
pub(crate) fn bytes_per_key_most(of: &MinMax) -> usize {
    size_of::<State>() + 8 + of.window_size.map_or(0, extremes::bytes_most)
}

impl State {
    /// Takes in a value; answers the smallest and the largest.
    fn push(&mut self, value: f64, values_most: Option<usize>) -> (f64, f64) {
        match self {
            Self::All(min, max) => {
                (*min, *max) = (min.min(value), max.max(value));
                (*min, *max)
            }
            Self::Newest(extremes) => {
                if values_most.is_some_and(|most| extremes.len() >= most as u64) {
                    extremes.pop();
                }
                extremes.push(value)
            }
        }
    }
}

impl Stage {
    pub fn new(of: &MinMax, keys: usize) -> Self {
        Self { mode: of.mode, values_most: of.window_size, keys: Keyed::new(keys) }
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
        let values_most = self.values_most;
        let new = || match values_most {
            Some(_) => State::Newest(Box::default()),
            None => State::All(f64::INFINITY, f64::NEG_INFINITY),
        };
        each_row(input, sel, |row| {
            if let Some(raw) = input.raw_of(row as u32) {
                return output.not_a_number(row, raw);
            }
            let Some(place) = self.keys.place(input.key[row], new) else {
                return output.errors.push((row as u32, self.keys.why()));
            };
            let (min, max) = self.keys.states()[place].push(input.num[row], values_most);
            let range = max - min;
            if !range.is_finite() {
                return output.errors.push((row as u32, Reason::NotFinite));
            }
            let value = match self.mode {
                Mode::Min => min,
                Mode::Max => max,
                Mode::Both => range,
            };
            let chunk = &mut output.chunk;
            chunk.push_number(input, row, value, input.unit[row]);
            chunk
                .fields
                .iter_mut()
                .zip([min, max, range])
                .for_each(|(column, value)| column.push(value, None));
        });
    }
}
