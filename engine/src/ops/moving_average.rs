//! `moving-average`: the mean or median of the newest values of each key.

use std::collections::VecDeque;

use edgesync_schemas::flow::node::MovingAverage;
use edgesync_schemas::flow::node::moving_average::Method;
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
    method: Method,
    values_most: usize,
    duration_us: Option<i64>,
    keys: Keyed<State>,
}

/// Up to this many values are summed afresh for each record: no slower than keeping sums, and without their rounding.
const FEW: usize = 32;

/// The newest values of one key.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// (event time, value), oldest first by arrival.
    values: VecDeque<(i64, f64)>,
    index: Index,
}

/// What is kept so that values need not all be looked at for each record.
#[derive(Debug, Serialize, Deserialize)]
enum Index {
    /// Nothing: there are at most [`FEW`].
    Few,
    /// For the mean.
    Many(Box<Many>),
    /// For the median: the values, rising. Moving half of 10,000 values aside takes a microsecond or two.
    Sorted(Vec<f64>),
}

/// What is kept for the mean of more than [`FEW`] values.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Many {
    extremes: Extremes,
    sum: f64,
    /// What `sum` has lost by rounding (Neumaier 1974): without it, a spike would take the small values with it when it leaves.
    lost: f64,
}

/// Bytes of state of one key with a full window.
pub(crate) fn bytes_per_key(of: &MovingAverage) -> usize {
    size_of::<State>() + of.window_size * 16 + index_bytes(of, size_of::<Many>() + extremes::bytes())
}

/// Bytes of state of one key at the worst: a full window of values that only rise or only fall.
pub(crate) fn bytes_per_key_most(of: &MovingAverage) -> usize {
    let many = size_of::<Many>() + extremes::bytes_most(of.window_size);
    size_of::<State>() + of.window_size * 16 + index_bytes(of, many)
}

fn index_bytes(of: &MovingAverage, many: usize) -> usize {
    match of.method {
        Method::Median => of.window_size * 8,
        _ if of.window_size > FEW => many,
        _ => 0,
    }
}

impl State {
    fn new(method: Method, values_most: usize) -> Self {
        let index = match method {
            Method::Median => Index::Sorted(Vec::new()),
            _ if values_most > FEW => Index::Many(Box::default()),
            _ => Index::Few,
        };
        Self { values: VecDeque::new(), index }
    }

    /// Takes in a value; answers average, smallest and largest of what is then in the window.
    fn push(&mut self, ts: i64, value: f64, most: usize, duration_us: Option<i64>) -> (f64, f64, f64) {
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
        match &mut self.index {
            Index::Few => {
                let start = (0.0, f64::INFINITY, f64::NEG_INFINITY);
                // none is NaN, so plain comparisons do: one instruction each
                let add = |(sum, min, max): (f64, f64, f64), &(_, value): &(i64, f64)| {
                    (
                        sum + value,
                        if value < min { value } else { min },
                        if value > max { value } else { max },
                    )
                };
                let (sum, min, max) = self.values.iter().fold(start, add);
                (sum / count, min, max)
            }
            Index::Many(many) => {
                let (min, max) = many.extremes.push(value);
                many.add(value);
                // Adding and taking away leaves rounding behind: once per window the sum is made afresh.
                let is_around = many.extremes.count().is_multiple_of(most as u64);
                if is_around || !(many.sum + many.lost).is_finite() {
                    (many.sum, many.lost) = (0.0, 0.0);
                    self.values.iter().for_each(|(_, value)| many.add(*value));
                }
                ((many.sum + many.lost) / count, min, max)
            }
            Index::Sorted(sorted) => {
                sorted.insert(place(sorted, value), value);
                let last = sorted.len() - 1;
                let median = f64::midpoint(sorted[last / 2], sorted[last.div_ceil(2)]);
                (median, sorted[0], sorted[last])
            }
        }
    }

    /// Lets the oldest value go.
    fn pop(&mut self) {
        let Some((_, value)) = self.values.pop_front() else { return };
        match &mut self.index {
            Index::Few => {}
            Index::Many(many) => {
                many.add(-value);
                many.extremes.pop();
            }
            Index::Sorted(sorted) => {
                sorted.remove(place(sorted, value));
            }
        }
    }
}

/// Where a value is, or would be, among rising ones.
fn place(sorted: &[f64], value: f64) -> usize {
    sorted.partition_point(|other| other.total_cmp(&value).is_lt())
}

impl Many {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        let (large, small) =
            if self.sum.abs() >= value.abs() { (self.sum, value) } else { (value, self.sum) };
        self.lost += (large - sum) + small;
        self.sum = sum;
    }
}

impl Stage {
    pub fn new(of: &MovingAverage, keys: usize) -> Self {
        Self {
            method: of.method,
            values_most: of.window_size,
            duration_us: of.duration_ms.map(|ms| ms * 1000),
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
        let (method, values_most) = (self.method, self.values_most);
        let count = sel.count(input);
        let mut rows = Vec::with_capacity(count);
        output.chunk.num.reserve(count);
        output.chunk.fields.iter_mut().for_each(|column| column.num.reserve(count));
        each_row(input, sel, |row| {
            if let Some(raw) = input.raw_of(row as u32) {
                return output.not_a_number(row, raw);
            }
            let Some(place) = self.keys.place(input.key[row], || State::new(method, values_most)) else {
                return output.errors.push((row as u32, self.keys.why()));
            };
            let state = &mut self.keys.states()[place];
            let ts = input.ts[row].as_us();
            let (average, min, max) = state.push(ts, input.num[row], values_most, self.duration_us);
            if !average.is_finite() {
                return output.errors.push((row as u32, Reason::NotFinite));
            }
            let full = f64::from(u8::from(state.values.len() == values_most));
            let fields = [average, state.values.len() as f64, full, min, max];
            rows.push(row as u32);
            output.chunk.num.push(average);
            output.chunk.fields.iter_mut().zip(fields).for_each(|(column, field)| column.num.push(field));
        });
        let kept = if rows.len() == input.len() { Sel::All } else { Sel::Rows(rows) };
        output.chunk.copy_but_values(input, &kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_give_what_summing_afresh_gives() {
        let mut state = State::new(Method::Mean, 100);
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
        let mut state = State::new(Method::Mean, 40);
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
        let mut state = State::new(Method::Mean, 40);
        state.push(0, 1e18, 40, None);
        for _ in 0..39 {
            state.push(0, 0.5, 40, None);
        }
        assert_eq!(state.push(0, 0.5, 40, None), (0.5, 0.5, 0.5));
    }

    #[test]
    fn the_median_is_the_middle_of_what_sorting_afresh_gives() {
        let mut state = State::new(Method::Median, 7);
        let mut kept: Vec<f64> = Vec::new();
        for n in 0..500i64 {
            let value = f64::from((n * 31 % 17) as u32) - 8.0;
            let found = state.push(n, if value == 0.0 { -0.0 } else { value }, 7, None);
            kept.push(value);
            let mut newest = kept[kept.len().saturating_sub(7)..].to_vec();
            newest.sort_by(f64::total_cmp);
            let (last, half) = (newest.len() - 1, newest.len() / 2);
            let median = if last % 2 == 0 { newest[half] } else { (newest[half - 1] + newest[half]) / 2.0 };
            assert_eq!(found, (median, newest[0], newest[last]), "after value {n}");
        }
    }

    #[test]
    fn the_median_of_the_largest_numbers_is_one() {
        let mut state = State::new(Method::Median, 2);
        state.push(0, f64::MAX, 2, None);
        assert_eq!(state.push(0, f64::MAX, 2, None).0, f64::MAX);
    }
}
