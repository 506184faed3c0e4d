//! Values that come to a source, as it gives them to what is made of them.

use edgesync_schemas::id::Offset;

use super::conflate::Sample;

/// Values that come to a source, all of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coming<'a> {
    /// In order.
    pub(super) samples: &'a [Sample],
    /// Of the readings that they come from; fewer where that is not known.
    pub(super) arrivals: &'a [Offset],
    /// Which of them the source has had before a restart; none if there are fewer.
    pub(super) known: &'a [bool],
}

impl<'a> Coming<'a> {
    /// Values of which none comes again.
    pub(super) fn new(samples: &'a [Sample]) -> Self {
        Self { samples, arrivals: &[], known: &[] }
    }

    /// Each with its arrival, and whether its source has had it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a Sample, Option<u64>, bool)> {
        let arrivals = self.arrivals.iter().map(|arrival| Some(arrival.0)).chain(std::iter::repeat(None));
        let known = self.known.iter().copied().chain(std::iter::repeat(false));
        self.samples
            .iter()
            .zip(arrivals)
            .zip(known)
            .map(|((sample, arrival), known)| (sample, arrival, known))
    }

    /// Of the reading that arrived as the last.
    pub(super) fn newest_arrival(&self) -> Option<u64> {
        self.arrivals.iter().map(|arrival| arrival.0).max()
    }
}
