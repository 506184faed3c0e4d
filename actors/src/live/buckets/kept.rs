//! Buckets that are kept for widgets: as many as these need, stored, and after a restart what they were.
//!
//! Flows put out again what they did in the last moments before a kill. Arrivals of readings only rise, so each bucket knows how far it has them: all that
//! came from readings before one, and how many values from that.

use std::collections::BTreeMap;

use edgesync_schemas::unit::Unit;

use super::{Bucket, Buckets, Totals};

/// A bucket that was stored.
#[derive(Debug, Clone)]
pub(in super::super) struct Stored {
    /// How many were begun before it.
    pub(in super::super) n: u64,
    /// Where it begins: microseconds.
    pub(in super::super) start: i64,
    pub(in super::super) totals: Totals,
    pub(in super::super) seen: Seen,
    /// Unit of the newest value by then.
    pub(in super::super) unit: Option<Unit>,
}

/// How much a bucket has of what comes: all from readings that arrived before this one, and so many values from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Seen {
    pub(in super::super) arrival: u64,
    pub(in super::super) values: u64,
}

impl Seen {
    /// One more. Without an arrival it is never put out again.
    pub(super) fn add(&mut self, arrival: Option<u64>) {
        match arrival {
            Some(arrival) if arrival > self.arrival => *self = Self { arrival, values: 1 },
            Some(arrival) if arrival == self.arrival => self.values += 1,
            _ => {}
        }
    }
}

/// Which values are put out again after a restart and are in the buckets already.
#[derive(Debug, Clone, Default)]
pub(in super::super) enum Again {
    /// Those that the source has had already.
    #[default]
    AsSource,
    /// Up to an arrival, those that the buckets had when they were stored, by where these begin.
    Upto(u64, BTreeMap<i64, Seen>),
}

impl Again {
    /// Whether a bucket has a value already. `is_known`: its source has.
    pub(super) fn has(&mut self, start: i64, arrival: Option<u64>, is_known: bool) -> bool {
        let Self::Upto(_, seen) = self else { return is_known };
        let Some((seen, arrival)) = seen.get_mut(&start).zip(arrival) else { return false };
        if arrival == seen.arrival && seen.values > 0 {
            seen.values -= 1;
            return true;
        }
        arrival < seen.arrival
    }

    /// Something has come that is newer than all that was stored: nothing is put out again any more.
    pub(super) fn pass(&mut self, arrival: Option<u64>) {
        if let Self::Upto(upto, seen) = self
            && arrival.is_some_and(|arrival| arrival > *upto)
        {
            seen.clear();
        }
    }
}

impl Buckets {
    /// Has at most so many from now on, the newest.
    pub(in super::super) fn resize(&mut self, most: usize) {
        self.most = most;
        self.fit();
    }

    /// Begins with what was stored, if nothing has come yet; nothing may be. `is_put_out_again`: what they come from is, in part.
    pub(in super::super) fn restore(&mut self, stored: Vec<Stored>, is_put_out_again: bool) {
        if !self.by_start.is_empty() {
            return;
        }
        self.again = Again::Upto(0, BTreeMap::new());
        let Some(oldest) = stored.iter().map(|one| one.start).min() else { return };
        self.begun = stored.iter().map(|one| one.n + 1).max().unwrap_or_default();
        if self.begun > stored.len() as u64 {
            // older ones have gone
            self.floor = oldest;
        }
        let upto = stored.iter().map(|one| one.seen.arrival).max().unwrap_or_default();
        let newest = stored.iter().max_by_key(|one| (one.seen.arrival, one.start));
        self.unit = newest.and_then(|newest| newest.unit.clone());
        let seen = stored.iter().filter(|_| is_put_out_again).map(|one| (one.start, one.seen));
        self.again = Again::Upto(upto, seen.collect());
        for Stored { n, start, totals, seen, .. } in stored {
            self.by_start.insert(start, Bucket { totals, seen, ..Bucket::numbered(n) });
        }
        self.fit();
    }

    /// The same for somebody who watches from now on.
    pub(in super::super) fn copy(&self) -> Self {
        let mut copy = Self { most: edgesync_schemas::limit::LIVE_POINTS, ..self.clone() };
        for bucket in copy.by_start.values_mut() {
            (bucket.is_changed, bucket.is_hidden) = (false, true);
        }
        copy
    }

    /// The newest `most`, by where they begin, from the newest on.
    pub(in super::super) fn newest(&self, most: usize) -> impl Iterator<Item = (i64, &Bucket)> {
        self.by_start.iter().rev().take(most).map(|(start, bucket)| (*start, bucket))
    }

    /// How many times one was changed: what it was then, they are as they were.
    pub(in super::super) fn changes(&self) -> u64 {
        self.changes
    }
}
