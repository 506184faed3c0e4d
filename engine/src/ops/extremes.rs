//! The smallest and the largest of the newest values, without looking at them all.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Of values that come at one end and go at the other: those that may still become the smallest, or the largest.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Extremes {
    /// (number of the value, value) of those that may become the smallest: rising from front to back.
    mins: VecDeque<(u64, f64)>,
    /// Those that may become the largest: falling from front to back.
    maxs: VecDeque<(u64, f64)>,
    /// Number of the next value, and of the oldest.
    next: u64,
    oldest: u64,
}

/// Bytes at the worst, with this many values: they only rise, or only fall.
pub(crate) const fn bytes_most(values: usize) -> usize {
    size_of::<Extremes>() + (values + 1) * 16
}

/// Bytes as a rule, however many values there are: a few candidates each.
pub(crate) const fn bytes() -> usize {
    size_of::<Extremes>() + 16 * 32
}

impl Extremes {
    /// Takes in a value; answers the smallest and the largest.
    pub fn push(&mut self, value: f64) -> (f64, f64) {
        while self.mins.back().is_some_and(|(_, min)| *min >= value) {
            self.mins.pop_back();
        }
        self.mins.push_back((self.next, value));
        while self.maxs.back().is_some_and(|(_, max)| *max <= value) {
            self.maxs.pop_back();
        }
        self.maxs.push_back((self.next, value));
        self.next += 1;
        (self.mins.front().map_or(value, |(_, min)| *min), self.maxs.front().map_or(value, |(_, max)| *max))
    }

    /// Lets the oldest value go; there must be one.
    pub fn pop(&mut self) {
        if self.mins.front().is_some_and(|(number, _)| *number == self.oldest) {
            self.mins.pop_front();
        }
        if self.maxs.front().is_some_and(|(number, _)| *number == self.oldest) {
            self.maxs.pop_front();
        }
        self.oldest += 1;
    }

    /// How many values there are.
    pub fn len(&self) -> u64 {
        self.next - self.oldest
    }

    /// How many there ever were.
    pub fn count(&self) -> u64 {
        self.next
    }
}
