//! What of a source is kept for widgets while nobody watches: its values, and buckets of them.

use std::sync::Arc;

use edgesync_schemas::id::Offset;
use tokio::time::Instant;

use super::super::aggregate::Ticks;
use super::super::buckets::{Buckets, StoredBucket};
use super::super::coming::Coming;
use super::super::conflate::Sample;
use super::{Followed, State, WATCHED};

/// How much of a source is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Room {
    /// Values.
    pub(in super::super) samples: usize,
    /// Bytes of the originals of values that are no numbers; the newest value is kept whatever it has.
    pub(in super::super) raw_bytes: usize,
}

/// Where only buckets are kept.
const NO_VALUES: Room = Room { samples: 0, raw_bytes: 0 };

/// Buckets that are kept whether or not anybody watches.
#[derive(Debug)]
pub(in super::super) struct KeptBuckets {
    pub(in super::super) buckets: Buckets,
    /// All that came since then is in them.
    pub(in super::super) since: Instant,
    ticks: Arc<Ticks>,
}

impl KeptBuckets {
    pub(super) fn take(&mut self, coming: Coming<'_>) {
        self.ticks.were_late(self.buckets.take(coming));
    }
}

impl Followed {
    /// Keeps so much of it from now on, while nobody watches.
    pub(in super::super) fn keep_for_widgets(&self, room: Room, now: Instant) {
        let mut state = self.state();
        state.kept = Some(room);
        state.fit(now);
    }

    /// Keeps so many buckets of so many milliseconds from now on, of what comes if none are kept yet. `ticks` count what is too late for them.
    pub(in super::super) fn keep_buckets(
        &self,
        (interval_ms, most): (u32, usize),
        ticks: &Arc<Ticks>,
        now: Instant,
    ) {
        let mut state = self.state();
        let next = state.next;
        let kept = state.kept_buckets.entry(interval_ms).or_insert_with(|| {
            let buckets = Buckets::new(interval_ms, next);
            KeptBuckets { buckets, since: now, ticks: ticks.clone() }
        });
        kept.buckets.resize(most);
        state.fit(now);
    }

    /// Begins buckets that are kept with what was stored, if nothing has come yet.
    pub(in super::super) fn restore_buckets(
        &self,
        interval_ms: u32,
        stored: Vec<StoredBucket>,
        is_put_out_again: bool,
    ) {
        if let Some(kept) = self.state().kept_buckets.get_mut(&interval_ms) {
            kept.buckets.restore(stored, is_put_out_again);
        }
    }

    /// Looks at buckets that are kept.
    pub(in super::super) fn look_at_buckets<T>(
        &self,
        interval_ms: u32,
        look: impl FnOnce(&Buckets) -> T,
    ) -> Option<T> {
        self.state().kept_buckets.get(&interval_ms).map(|kept| look(&kept.buckets))
    }

    /// Keeps its values no longer than others do who are let go, or buckets of them if their milliseconds are said. True if the source is to be queued
    /// for being let go.
    pub(in super::super) fn keep_no_longer(&self, interval_ms: Option<u32>, now: Instant) -> bool {
        let mut state = self.state();
        match interval_ms {
            None => state.kept = None,
            Some(interval_ms) => drop(state.kept_buckets.remove(&interval_ms)),
        }
        if state.is_kept() {
            state.fit(now);
        }
        if state.is_kept() || !state.takers.is_empty() {
            return false;
        }
        state.idle.get_or_insert(now);
        !std::mem::replace(&mut state.expires, true)
    }

    /// Puts in what was stored of it, before all that has come: in order, with offsets. What comes from readings that
    /// arrived up to `repeats_to` is not taken again.
    pub(in super::super) fn restore(&self, mut stored: Vec<Sample>, repeats_to: Offset, now: Instant) {
        let mut state = self.state();
        let (Some(first), Some(last), false) = (stored.first(), stored.last(), state.is_watched()) else {
            return;
        };
        let (first, next) = (first.offset, last.offset + 1);
        let mut came: Vec<_> = std::mem::take(&mut state.ring).into();
        for (sample, offset) in came.iter_mut().zip(next..) {
            sample.offset = offset;
        }
        (state.start, state.raw_bytes, state.repeats_to) = (first, 0, Some(repeats_to.0));
        state.arrival = state.arrival.max(repeats_to.0);
        let whole_since = state.whole_since;
        stored.append(&mut came);
        state.offer(&mut stored, now);
        // of what came while it is followed, none has gone
        state.whole_since = whole_since;
    }
}

impl State {
    pub(super) fn is_kept(&self) -> bool {
        self.kept.is_some() || !self.kept_buckets.is_empty()
    }

    pub(super) fn room(&self) -> Room {
        match self.kept {
            _ if self.is_watched() => WATCHED,
            Some(room) => room,
            None if self.is_kept() => NO_VALUES,
            None => WATCHED,
        }
    }

    /// Which of these it has had before a restart. They are put out again because of it.
    pub(super) fn known(&mut self, samples: &[Sample], arrivals: &[Offset]) -> Vec<bool> {
        let newest = arrivals.iter().map(|arrival| arrival.0).max();
        let (Some(upto), Some(newest)) = (self.repeats_to, newest) else { return Vec::new() };
        let ring = &self.ring;
        let mut arrivals = arrivals.iter();
        let known = samples.iter().map(|sample| {
            // one without an arrival is none of those
            let arrival = arrivals.next().map_or(u64::MAX, |arrival| arrival.0);
            // several may come from the last: of some it is not known that they are stored
            arrival < upto || arrival == upto && ring.iter().any(|known| known.point == sample.point)
        });
        let known = known.collect();
        if newest > upto {
            self.repeats_to = None;
        }
        known
    }
}
