//! Mean and spread of values that come one by one.
//!
//! B. P. Welford, Technometrics 4(3), 1962; panes are put together as T. F. Chan, G. H. Golub and R. J. LeVeque, 1979, say. A sum
//! of squares would lose small spreads of large values.

use serde::{Deserialize, Serialize};

/// Of some number of values that is kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Moments {
    mean: f64,
    /// Sum of the squares of the distances from the mean.
    squares: f64,
}

impl Moments {
    /// With one more value, the `count`th.
    pub fn add(&mut self, value: f64, count: u64) {
        let distance = value - self.mean;
        self.mean += distance / count as f64;
        self.squares += distance * (value - self.mean);
    }

    /// With the values of another one. Both have some.
    pub fn merge(&mut self, count: u64, other: &Self, other_count: u64) {
        let (mine, theirs) = (count as f64, other_count as f64);
        let distance = other.mean - self.mean;
        let all = mine + theirs;
        self.squares += other.squares + distance * distance * (mine * theirs / all);
        self.mean += distance * (theirs / all);
    }

    /// Standard deviation of the population.
    pub fn stddev(&self, count: u64) -> f64 {
        (self.squares / count as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().enumerate().for_each(|(at, value)| moments.add(*value, at as u64 + 1));
        moments
    }

    /// In two passes.
    fn plainly(values: &[f64]) -> f64 {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
    }

    #[test]
    fn small_spreads_of_large_values_are_kept_however_values_are_divided() {
        let values: Vec<f64> = (0..1000).map(|n| 1e9 + f64::from(n * 37 % 101) / 1000.0).collect();
        let expected = plainly(&values);
        for cut in [1, 10, 500, 999] {
            let mut moments = of(&values[..cut]);
            moments.merge(cut as u64, &of(&values[cut..]), 1000 - cut as u64);
            let found = moments.stddev(1000);
            assert!((found - expected).abs() < 1e-6 * expected, "{found} is not {expected}");
        }
    }

    #[test]
    fn one_value_does_not_spread() {
        assert_eq!(of(&[7.5]).stddev(1), 0.0);
        assert_eq!(of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).stddev(8), 2.0);
    }
}
