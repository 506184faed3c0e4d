//! `moving-average`: the mean of the newest values of each key.

use std::collections::VecDeque;

use edgesync_schemas::flow::node::MovingAverage;
use serde::{Deserialize, Serialize};

use super::{Output, describe, each_row};
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::keyed::Keyed;
use crate::state::{self, BadState};

#[derive(Debug)]
pub(crate) struct Stage {
    values_most: usize,
    duration_us: Option<i64>,
    keys: Keyed<State>,
}

/// Up to this many values are summed afresh for each record: no slower than keeping sums, and without their rounding.
const FEW: usize = 32;

/// The newest values of one key.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// (event time, value), oldest first by arrival.
    values: VecDeque<(i64, f64)>,
    /// Of more than [`FEW`].
    many: Option<Box<Many>>,
}

/// What is kept so that many values need not be looked at for each record.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Many {
    /// (number of the value, value) of those that may become the smallest: rising from front to back.
    mins: VecDeque<(u64, f64)>,
    /// Those that may become the largest: falling from front to back.
    maxs: VecDeque<(u64, f64)>,
    sum: f64,
    /// What `sum` has lost by rounding (Neumaier 1974): without it, a spike would take the small values with it when it leaves.
    lost: f64,
    /// Number of the next value, and of the oldest.
    next: u64,
    oldest: u64,
}

/// Bytes of state of one key with a full window.
pub(crate) fn bytes_per_key(of: &MovingAverage) -> usize {
    // 16 per value; of many, the two queues of candidates hold a few values each as a rule, and all of them at worst.
    let many = if of.window_size > FEW { size_of::<Many>() + 16 * 32 } else { 0 };
    size_of::<State>() + of.window_size * 16 + many
}

/// Bytes of state of one key at the worst: a full window of values that only rise or only fall.
pub(crate) fn bytes_per_key_most(of: &MovingAverage) -> usize {
    let many = if of.window_size > FEW { size_of::<Many>() + of.window_size * 16 } else { 0 };
    size_of::<State>() + of.window_size * 16 + many
}

impl State {
    /// Takes in a value; answers mean, smallest and largest of what is then in the window.
    fn push(&mut self, ts: i64, value: f64, most: usize, duration_us: Option<i64>) -> (f64, f64, f64) {
        if most > FEW && self.many.is_none() {
            self.many = Some(Box::default());
        }
        if self.values.len() == most {
            self.pop();
        }
        if let Some(duration) = duration_us {
            while self.values.front().is_some_and(|(oldest, _)| *oldest <= ts.saturating_sub(duration)) {
                self.pop();
            }
        }
        self.values.push_back((ts, value));
        let count = self.values.len() as f64;
        match &mut self.many {
            None => {
                let start = (0.0, f64::INFINITY, f64::NEG_INFINITY);
                let add = |(sum, min, max): (f64, f64, f64), (_, value): &(i64, f64)| {
                    (sum + value, min.min(*value), max.max(*value))
                };
                let (sum, min, max) = self.values.iter().fold(start, add);
                (sum / count, min, max)
            }
            Some(many) => {
                let (min, max) = many.push(value);
                // Adding and taking away leaves rounding behind: once per window the sum is made afresh.
                if many.next.is_multiple_of(most as u64) || !(many.sum + many.lost).is_finite() {
                    (many.sum, many.lost) = (0.0, 0.0);
                    self.values.iter().for_each(|(_, value)| many.add(*value));
                }
                ((many.sum + many.lost) / count, min, max)
            }
        }
    }

    fn pop(&mut self) {
        if let (Some((_, value)), Some(many)) = (self.values.pop_front(), &mut self.many) {
            many.pop(value);
        }
    }
}

impl Many {
    /// Takes in a value; answers the smallest and the largest.
    fn push(&mut self, value: f64) -> (f64, f64) {
        while self.mins.back().is_some_and(|(_, min)| *min >= value) {
            self.mins.pop_back();
        }
        self.mins.push_back((self.next, value));
        while self.maxs.back().is_some_and(|(_, max)| *max <= value) {
            self.maxs.pop_back();
        }
        self.maxs.push_back((self.next, value));
        self.add(value);
        self.next += 1;
        (self.mins.front().map_or(value, |(_, min)| *min), self.maxs.front().map_or(value, |(_, max)| *max))
    }

    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        let (large, small) =
            if self.sum.abs() >= value.abs() { (self.sum, value) } else { (value, self.sum) };
        self.lost += (large - sum) + small;
        self.sum = sum;
    }

    /// Lets the oldest value go.
    fn pop(&mut self, value: f64) {
        self.add(-value);
        if self.mins.front().is_some_and(|(number, _)| *number == self.oldest) {
            self.mins.pop_front();
        }
        if self.maxs.front().is_some_and(|(number, _)| *number == self.oldest) {
            self.maxs.pop_front();
        }
        self.oldest += 1;
    }
}

impl Stage {
    pub fn new(of: &MovingAverage, keys: usize) -> Self {
        Self {
            values_most: of.window_size,
            duration_us: of.duration_ms.map(|ms| ms * 1000),
            keys: Keyed::new(keys),
        }
    }

    /// What it remembers.
    pub fn save(&self) -> Vec<u8> {
        state::save(&self.keys)
    }

    /// Goes on with what another one remembered.
    pub fn load(&mut self, saved: &[u8]) -> Result<(), BadState> {
        let keys: Keyed<State> = state::load(saved)?;
        self.keys.take_over(keys)
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, output: &mut Output) {
        let Output { chunk, errors, detail, .. } = output;
        each_row(input, sel, |row| {
            if let Some(raw) = input.raw_of(row as u32) {
                errors.push((row as u32, Reason::NotANumber));
                detail.get_or_insert_with(|| describe(raw));
                return;
            }
            let Some(place) = self.keys.place(input.key[row], State::default) else {
                errors.push((row as u32, Reason::TooManyKeys));
                return;
            };
            let state = &mut self.keys.states()[place];
            let ts = input.ts[row].as_us();
            let (mean, min, max) = state.push(ts, input.num[row], self.values_most, self.duration_us);
            if !mean.is_finite() {
                errors.push((row as u32, Reason::NotFinite));
                return;
            }
            chunk.push_quality(input.quality_of(row));
            chunk.key.push(input.key[row]);
            chunk.ts.push(input.ts[row]);
            chunk.num.push(mean);
            chunk.unit.push(input.unit[row]);
            chunk.offset.push(input.offset_of(row));
            let full = state.values.len() == self.values_most;
            let fields = [mean, state.values.len() as f64, f64::from(u8::from(full)), min, max];
            chunk.fields.iter_mut().zip(fields).for_each(|(column, field)| column.push(field, None));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_give_what_summing_afresh_gives() {
        let mut state = State::default();
        let mut kept: Vec<(i64, f64)> = Vec::new();
        for n in 0..5000i64 {
            let (ts, value) = (n * 7 % 1000 + n, f64::from((n * 31 % 97) as u32));
            let found = state.push(ts, value, 100, Some(150));
            if kept.len() == 100 {
                kept.remove(0);
            }
            while kept.first().is_some_and(|(oldest, _)| *oldest <= ts - 150) {
                kept.remove(0);
            }
            kept.push((ts, value));
            let values = || kept.iter().map(|(_, value)| *value);
            let mean = values().sum::<f64>() / kept.len() as f64;
            let expected =
                (mean, values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
            assert_eq!(found, expected, "after value {n}");
        }
    }

    #[test]
    fn a_sum_that_overflowed_recovers() {
        let mut state = State::default();
        for _ in 0..3 {
            state.push(0, f64::MAX, 40, None);
        }
        for _ in 0..40 {
            state.push(0, 1.0, 40, None);
        }
        assert_eq!(state.push(0, 1.0, 40, None), (1.0, 1.0, 1.0));
    }

    #[test]
    fn a_spike_that_leaves_takes_nothing_with_it() {
        let mut state = State::default();
        state.push(0, 1e18, 40, None);
        for _ in 0..39 {
            state.push(0, 0.5, 40, None);
        }
        assert_eq!(state.push(0, 0.5, 40, None), (0.5, 0.5, 0.5));
    }
}
