//! Values of a pane, for percentiles: as they are while they are few, as a sketch when they are many.

use edgesync_schemas::limit;
use serde::{Deserialize, Serialize};

use super::sketch::Sketch;

/// Some values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Values {
    /// Up to [`limit::WINDOW_VALUES`], in the order they came.
    Exact(Vec<f64>),
    /// More.
    Sketch(Sketch),
}

impl Values {
    /// None.
    pub const NONE: Self = Self::Exact(Vec::new());

    /// With one more value.
    pub fn add(&mut self, value: f64) {
        match self {
            Self::Exact(values) if values.len() < limit::WINDOW_VALUES => values.push(value),
            Self::Exact(_) => self.sketch().add(value),
            Self::Sketch(sketch) => sketch.add(value),
        }
    }

    /// With the values of another one.
    pub fn merge(&mut self, other: &Self) {
        match other {
            Self::Exact(others) => others.iter().for_each(|value| self.add(*value)),
            Self::Sketch(others) => self.sketch().merge(others),
        }
    }

    /// As a sketch from now on.
    fn sketch(&mut self) -> &mut Sketch {
        if let Self::Exact(values) = self {
            let mut sketch = Sketch::default();
            values.iter().for_each(|value| sketch.add(*value));
            *self = Self::Sketch(sketch);
        }
        match self {
            Self::Sketch(sketch) => sketch,
            Self::Exact(_) => unreachable!("it was made one above"),
        }
    }

    /// The values ascending, each with how often it is there.
    pub fn sorted(&self) -> Vec<(f64, u64)> {
        match self {
            Self::Exact(values) => {
                let mut sorted = values.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                sorted.into_iter().map(|value| (value, 1)).collect()
            }
            Self::Sketch(sketch) => sketch.values().collect(),
        }
    }
}

/// The smallest of `count` sorted values that at least so many hundredths of a percent are not above; NaN of none.
pub(crate) fn percentile(sorted: &[(f64, u64)], count: u64, hundredths: u16) -> f64 {
    let rank = (u128::from(count) * u128::from(hundredths)).div_ceil(10_000).max(1) as u64;
    let mut seen = 0;
    let found = sorted.iter().find(|(_, count)| {
        seen += count;
        seen >= rank
    });
    found.or(sorted.last()).map_or(f64::NAN, |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: std::ops::Range<usize>) -> Values {
        let mut values = Values::NONE;
        range.for_each(|n| values.add((n * 7919 % 10_007) as f64));
        values
    }

    fn ask(values: &Values, count: u64) -> [f64; 4] {
        [1, 5000, 9500, 10_000].map(|hundredths| percentile(&values.sorted(), count, hundredths))
    }

    fn exactly(count: usize) -> [f64; 4] {
        let mut values: Vec<f64> = (0..count).map(|n| (n * 7919 % 10_007) as f64).collect();
        values.sort_by(f64::total_cmp);
        [0.0001, 0.5, 0.95, 1.0].map(|part: f64| values[((part * count as f64).ceil() as usize).max(1) - 1])
    }

    #[test]
    fn ranks_are_the_nearest() {
        let sorted = [(15.0, 1), (20.0, 1), (35.0, 1), (40.0, 1), (50.0, 1)];
        let found = [500, 3000, 4000, 5000, 10_000].map(|hundredths| percentile(&sorted, 5, hundredths));
        assert_eq!(found, [15.0, 20.0, 20.0, 35.0, 50.0]);
        assert!(percentile(&[], 0, 5000).is_nan());
    }

    #[test]
    fn few_values_are_exact_and_many_are_close() {
        let few = of(0..limit::WINDOW_VALUES);
        assert_eq!(ask(&few, limit::WINDOW_VALUES as u64), exactly(limit::WINDOW_VALUES));
        let many = of(0..limit::WINDOW_VALUES + 1);
        assert!(matches!(many, Values::Sketch(_)));
        for count in [limit::WINDOW_VALUES + 1, 10_000] {
            for (found, exact) in ask(&of(0..count), count as u64).into_iter().zip(exactly(count)) {
                assert!(
                    (found - exact).abs() <= limit::SKETCH_ERROR * exact * 1.000_001,
                    "{found} for {exact}"
                );
            }
        }
    }

    #[test]
    fn values_put_together_are_those_of_the_whole() {
        for (count, cut) in [(300, 100), (600, 300), (2000, 100), (2000, 1000)] {
            let mut parts = of(0..cut);
            parts.merge(&of(cut..count));
            assert_eq!(parts.sorted(), of(0..count).sorted());
        }
    }
}
