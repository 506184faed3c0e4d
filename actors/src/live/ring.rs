//! What a source has of its recent values, at one moment.

use std::collections::VecDeque;

use edgesync_schemas::id::Offset;
use edgesync_schemas::time::Timestamp;

use super::conflate::Sample;

/// The values that a source has, seen while no other can come.
#[derive(Debug)]
pub(super) struct Ring<'a> {
    /// In the order of arrival.
    pub(super) samples: &'a VecDeque<Sample>,
    /// All that came from this offset on are among them.
    pub(super) start: u64,
    /// The offset of the next.
    pub(super) next: u64,
    /// Those before this one went because the originals were too large together.
    pub(super) cut: u64,
    /// No reading that they come from arrived after this one.
    pub(super) arrival: Offset,
    /// Whether they are buckets.
    pub(super) is_by_time: bool,
}

impl<'a> Ring<'a> {
    /// The newest `count` values before `end`, of times from `from` on: in the order of arrival; buckets by their times.
    pub(super) fn newest(&self, count: usize, end: u64, from: Timestamp) -> Vec<Sample> {
        let upto = self.samples.partition_point(|sample| sample.offset < end);
        let in_time = |sample: &&Sample| sample.point.ts >= from;
        let mut known: Vec<&Sample> = self.samples.range(..upto).filter(in_time).collect();
        if self.is_by_time {
            known.sort_unstable_by_key(|sample| sample.point.ts);
        }
        known[known.len().saturating_sub(count)..].iter().map(|sample| (*sample).clone()).collect()
    }

    /// All values from `offset` on and before `end`; `None` if the ring no longer has all of them.
    pub(super) fn since(&self, offset: u64, end: u64) -> Option<Vec<Sample>> {
        let known = offset >= self.start && offset <= end;
        let before_end = self.from(offset).take_while(|sample| sample.offset < end);
        known.then(|| before_end.cloned().collect())
    }

    /// Those that it still has from `offset` on.
    pub(super) fn from(&self, offset: u64) -> impl Iterator<Item = &'a Sample> {
        self.samples.range(self.samples.partition_point(|sample| sample.offset < offset)..)
    }
}
