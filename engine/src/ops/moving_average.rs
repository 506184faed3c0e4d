//! `moving-average`: the mean of the newest values of each key.

use std::collections::VecDeque;

use edgesync_schemas::flow::node::MovingAverage;

use super::{Output, describe, each_row};
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::keyed::Keyed;

#[derive(Debug)]
pub(crate) struct Stage {
    values_most: usize,
    duration_us: Option<i64>,
    keys: Keyed<State>,
}

/// The newest values of one key.
#[derive(Debug, Default)]
struct State {
    /// (number of the value, event time, value), oldest first by arrival.
    values: VecDeque<(u64, i64, f64)>,
    /// Values that may become the smallest: rising from front to back.
    mins: VecDeque<(u64, f64)>,
    /// Values that may become the largest: falling from front to back.
    maxs: VecDeque<(u64, f64)>,
    sum: f64,
    next: u64,
}

/// Bytes of state of one key with a full window.
pub(crate) fn bytes_per_key(of: &MovingAverage) -> usize {
    // 24 per value; the two queues of candidates hold a few values each as a rule, and all of them at worst.
    size_of::<State>() + of.window_size * 24 + of.window_size.min(16) * 32
}

impl State {
    fn push(&mut self, ts: i64, value: f64, most: usize, duration_us: Option<i64>) {
        if self.values.len() == most {
            self.pop();
        }
        if let Some(duration) = duration_us {
            while self.values.front().is_some_and(|(_, oldest, _)| *oldest <= ts.saturating_sub(duration)) {
                self.pop();
            }
        }
        self.values.push_back((self.next, ts, value));
        while self.mins.back().is_some_and(|(_, min)| *min >= value) {
            self.mins.pop_back();
        }
        self.mins.push_back((self.next, value));
        while self.maxs.back().is_some_and(|(_, max)| *max <= value) {
            self.maxs.pop_back();
        }
        self.maxs.push_back((self.next, value));
        self.sum += value;
        self.next += 1;
        // Adding and taking away leaves rounding behind: once per window the sum is made afresh.
        if self.next.is_multiple_of(most as u64) || !self.sum.is_finite() {
            self.sum = self.values.iter().map(|(_, _, value)| value).sum();
        }
    }

    fn pop(&mut self) {
        let Some((number, _, value)) = self.values.pop_front() else { return };
        self.sum -= value;
        if self.mins.front().is_some_and(|(first, _)| *first == number) {
            self.mins.pop_front();
        }
        if self.maxs.front().is_some_and(|(first, _)| *first == number) {
            self.maxs.pop_front();
        }
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
            state.push(input.ts[row].as_us(), input.num[row], self.values_most, self.duration_us);
            let mean = state.sum / state.values.len() as f64;
            if !mean.is_finite() {
                errors.push((row as u32, Reason::NotFinite));
                return;
            }
            chunk.key.push(input.key[row]);
            chunk.ts.push(input.ts[row]);
            chunk.num.push(mean);
            chunk.unit.push(input.unit[row]);
            chunk.offset.push(input.offset[row]);
            let full = state.values.len() == self.values_most;
            let min = state.mins.front().map_or(f64::NAN, |(_, min)| *min);
            let max = state.maxs.front().map_or(f64::NAN, |(_, max)| *max);
            let fields = [mean, state.values.len() as f64, f64::from(u8::from(full)), min, max];
            chunk.fields.iter_mut().zip(fields).for_each(|(column, field)| column.push(field));
        });
    }
}
