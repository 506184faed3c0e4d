//! A sketch of many values: how many there are in bins whose bounds grow by a constant factor, so that a percentile is within
//! [`limit::SKETCH_ERROR`] of the value it stands for. Sketches can be added to each other.
//!
//! C. Masson, J. E. Rim and H. K. Lee: DDSketch, PVLDB 12(12), 2019. Here both signs lie in one row of bins, and where there are too
//! many of them those nearest to zero are merged.

use edgesync_schemas::limit;
use serde::{Deserialize, Serialize};

/// Bins that have values, by their number, ascending as their values do.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Sketch {
    bins: Vec<(i32, u32)>,
}

/// The bounds of bins are powers of it.
const GAMMA: f64 = (1.0 + limit::SKETCH_ERROR) / (1.0 - limit::SKETCH_ERROR);
/// Added to the exponent, so that the number of a positive value's bin is positive: the smallest number there is has -37,223.
const SHIFT: i32 = 40_000;

/// The bin of a value: negative ones mirror positive ones, 0 is zero's.
fn bin(value: f64) -> i32 {
    if value == 0.0 {
        return 0;
    }
    let exponent = (value.abs().ln() / GAMMA.ln()).ceil() as i32 + SHIFT;
    if value > 0.0 { exponent } else { -exponent }
}

/// The value that stands for those of a bin: no farther than the error from any of them.
fn middle(bin: i32) -> f64 {
    if bin == 0 {
        return 0.0;
    }
    let upper = (f64::from(bin.abs() - SHIFT) * GAMMA.ln()).exp();
    let middle = (upper * (2.0 / (1.0 + GAMMA))).min(f64::MAX);
    if bin > 0 { middle } else { -middle }
}

impl Sketch {
    /// With one more value.
    pub fn add(&mut self, value: f64) {
        self.put(bin(value), 1);
    }

    /// With the values of another one.
    pub fn merge(&mut self, other: &Self) {
        other.bins.iter().for_each(|(bin, count)| self.put(*bin, *count));
    }

    fn put(&mut self, bin: i32, count: u32) {
        match self.bins.binary_search_by_key(&bin, |(bin, _)| *bin) {
            Ok(at) => self.bins[at].1 = self.bins[at].1.saturating_add(count),
            Err(_) if self.bins.len() >= limit::SKETCH_BINS => self.put_into_full(bin, count),
            Err(at) => self.bins.insert(at, (bin, count)),
        }
    }

    /// Makes room by merging the bin nearest to zero into the next nearest.
    #[cold]
    fn put_into_full(&mut self, bin: i32, count: u32) {
        let distance = |at: &usize| self.bins[*at].0.unsigned_abs();
        let Some(nearest) = (0..self.bins.len()).min_by_key(distance) else { return };
        let next = (0..self.bins.len()).filter(|at| *at != nearest).min_by_key(distance).unwrap_or(nearest);
        if bin.unsigned_abs() < self.bins[nearest].0.unsigned_abs() {
            self.bins[nearest].1 = self.bins[nearest].1.saturating_add(count);
            return;
        }
        self.bins[next].1 = self.bins[next].1.saturating_add(self.bins[nearest].1);
        self.bins.remove(nearest);
        self.put(bin, count);
    }

    /// The values that stand for those of each bin and how many they are, ascending.
    pub fn values(&self) -> impl Iterator<Item = (f64, u64)> {
        self.bins.iter().map(|(bin, count)| (middle(*bin), u64::from(*count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl Iterator<Item = f64>) -> Sketch {
        let mut sketch = Sketch::default();
        values.for_each(|value| sketch.add(value));
        sketch
    }

    #[test]
    fn what_stands_for_a_value_is_within_the_error() {
        let values = (-300..300).map(|n| 1.37f64.powi(n)).chain([1.0, 0.5, 1e300, f64::MAX, 1e-300]);
        for value in values.flat_map(|value| [value, -value]) {
            let found = middle(bin(value));
            assert!(
                (found - value).abs() <= limit::SKETCH_ERROR * value.abs() * 1.000_001,
                "{found} for {value}"
            );
        }
        assert_eq!((middle(bin(0.0)), middle(bin(-0.0))), (0.0, 0.0));
        assert!(bin(f64::from_bits(1)) > 0);
    }

    #[test]
    fn bins_ascend_as_values_do() {
        let values = [-1e9, -2.0, -1.0, -1e-9, 0.0, 1e-9, 1.0, 2.0, 1e9];
        let bins: Vec<i32> = values.iter().map(|value| bin(*value)).collect();
        assert!(bins.is_sorted_by(|a, b| a < b), "{bins:?}");
    }

    #[test]
    fn parts_put_together_are_the_whole() {
        let value = |n: u32| f64::from(n * 7919 % 1000) / 7.0 - 50.0;
        let mut parts = of((0..400).map(value));
        parts.merge(&of((400..1000).map(value)));
        assert_eq!(parts, of((0..1000).map(value)));
    }

    #[test]
    fn too_many_bins_are_merged_near_zero_and_no_value_is_lost() {
        let value = |n: i32| 1.05f64.powi(n * 31 % 900);
        let sketch = of((0..900).map(value));
        assert_eq!(sketch.bins.len(), limit::SKETCH_BINS);
        assert_eq!(sketch.values().map(|(_, count)| count).sum::<u64>(), 900);
        let largest = sketch.values().last().unwrap().0;
        assert!(
            (largest / 1.05f64.powi(899) - 1.0).abs() <= limit::SKETCH_ERROR,
            "large ones stay as they were"
        );
    }
}
