//! A source that is watched: its recent values in a bounded ring, and who gets the next ones.
//!
//! One lock per source, taken once per batch of values and never across an await: producers on several tasks meet sessions
//! here, and what either does inside is a copy of a few values. Attaching a subscriber and reading the ring happen under it, which is
//! why nothing falls between a snapshot and the updates.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use tokio::time::Instant;

use super::batch::Batch;
use super::coming::Coming;
use super::conflate::Sample;
pub(super) use super::ring::Ring;
use super::source::Source;
use super::subscriber::Slot;
use super::taker::Taker;
use super::viewers::Charge;

mod kept;

pub(super) use self::kept::{KeptBuckets, Room};

/// Of how many batches it is known when they came.
const CAME: usize = 32;

/// While somebody watches.
const WATCHED: Room = Room { samples: limit::LIVE_POINTS, raw_bytes: limit::LIVE_RAW_BYTES };

/// A source that is followed because somebody watches it, or did until a moment ago, or because it is kept for widgets.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) source: Source,
    /// Of the offsets: the log's for sensors, its own for nodes.
    pub(super) epoch: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// All values with an offset from `start` on and before `next`, in the order of arrival.
    ring: VecDeque<Sample>,
    /// Whether a value replaces an earlier one of the same time, as a bucket's do.
    is_by_time: bool,
    raw_bytes: usize,
    start: u64,
    /// Since when all that came is in the ring.
    whole_since: Instant,
    next: u64,
    /// When the newest came, and what `next` was then.
    came: VecDeque<(u64, Instant)>,
    takers: Vec<Taker>,
    /// When the last subscriber left, while there is none.
    idle: Option<Instant>,
    /// On whose account it is while there is none.
    lingers: Option<Charge>,
    /// Whether it stands in the queue of sources that may be let go.
    expires: bool,
    /// How much of it is kept while nobody watches; nothing if no values are.
    kept: Option<Room>,
    /// Buckets of its values that are kept whether or not anybody watches, by their milliseconds.
    kept_buckets: BTreeMap<u32, KeptBuckets>,
    /// All before this offset went, the last of them because there were too many bytes.
    cut: u64,
    /// No reading that its values come from arrived after this one.
    arrival: u64,
    /// What was put out before a restart is put out again, up to this arrival.
    repeats_to: Option<u64>,
}

impl Followed {
    /// Followed from `offset` on.
    pub(super) fn new(source: Source, epoch: u64, offset: u64) -> Self {
        let state = State {
            ring: VecDeque::new(),
            is_by_time: matches!(source, Source::Aggregate(_)),
            raw_bytes: 0,
            start: offset,
            whole_since: Instant::now(),
            next: offset,
            came: VecDeque::new(),
            takers: Vec::new(),
            idle: None,
            lingers: None,
            expires: false,
            kept: None,
            kept_buckets: BTreeMap::new(),
            cut: 0,
            arrival: 0,
            repeats_to: None,
        };
        Self { source, epoch, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // nothing under the lock can leave it half changed in a way that matters more than going on
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes values that carry their offsets. The buffer is left empty, with its capacity.
    pub(super) fn offer(&self, samples: &mut Vec<Sample>, now: Instant) {
        let mut state = self.state();
        state.give(Coming::new(samples), now);
        state.offer(samples, now);
    }

    /// Takes values and numbers them. `arrivals` are those of the readings that they come from, which only rise: what was put out before a restart and
    /// is put out again because of it is left out. Whether somebody watches.
    pub(super) fn offer_unnumbered(
        &self,
        samples: &mut Vec<Sample>,
        arrivals: &[Offset],
        now: Instant,
    ) -> bool {
        let mut state = self.state();
        let known = state.known(samples, arrivals);
        let coming = Coming { samples, arrivals, known: &known };
        if let Some(newest) = coming.newest_arrival() {
            state.arrival = state.arrival.max(newest);
        }
        state.give(coming, now);
        let mut known = known.into_iter();
        samples.retain(|_| !known.next().unwrap_or(false));
        for (sample, offset) in samples.iter_mut().zip(state.next..) {
            sample.offset = offset;
        }
        state.offer(samples, now);
        state.is_watched()
    }

    /// Looks at what it has.
    pub(super) fn look<T>(&self, look: impl FnOnce(Ring<'_>) -> T) -> T {
        let state = self.state();
        let State { ring, is_by_time, start, next, cut, arrival, .. } = &*state;
        let (arrival, is_by_time) = (Offset(*arrival), *is_by_time);
        look(Ring { samples: ring, start: *start, next: *next, cut: *cut, arrival, is_by_time })
    }

    /// Puts values into the ring, as if they had come before those who watch did: nobody is told, and who goes on behind what was told finds nothing
    /// new. They are in all snapshots from now on, also in those that are being made.
    pub(super) fn put(&self, samples: Vec<Sample>) {
        let (mut state, now) = (self.state(), Instant::now());
        samples.into_iter().for_each(|sample| state.put(sample));
        state.fit(now);
    }

    /// From now on `slot` gets every value. The offset of the first it can get.
    pub(super) fn attach(&self, slot: Arc<Slot>) -> u64 {
        self.attach_with(|before| (Taker::Slot(slot), before.next))
    }

    /// From now on a taker gets every value. It is made knowing what there is from before.
    pub(super) fn attach_with<T>(&self, make: impl FnOnce(Before<'_>) -> (Taker, T)) -> T {
        let mut state = self.state();
        let State { next, ring, whole_since, kept_buckets, .. } = &*state;
        let (taker, made) = make(Before { next: *next, ring, whole_since: *whole_since, kept: kept_buckets });
        state.takers.push(taker);
        state.idle = None;
        made
    }

    /// Puts it on another account while nobody watches it. The one it was on.
    pub(super) fn linger(&self, charge: Option<Charge>) -> Option<Charge> {
        std::mem::replace(&mut self.state().lingers, charge)
    }

    /// `taker` gets no more; if it was the last, the source stays on its account. True if the source is to be queued for being let go.
    pub(super) fn detach(&self, taker: &Taker, charge: Option<Charge>, now: Instant) -> bool {
        let mut state = self.state();
        state.takers.retain(|other| !other.is(taker));
        if !state.takers.is_empty() {
            return false;
        }
        state.idle = Some(now);
        state.lingers = charge;
        !std::mem::replace(&mut state.expires, true)
    }

    /// Whether the source may be let go at `now`; if it is only idle since later, when to ask again.
    pub(super) fn expired(&self, now: Instant, linger: std::time::Duration) -> Expiry {
        let mut state = self.state();
        match state.idle {
            Some(idle) if idle + linger > now => Expiry::At(idle + linger),
            Some(_) if !state.is_kept() => Expiry::Now,
            Some(_) => {
                (state.idle, state.lingers, state.expires) = (None, None, false);
                state.fit(now);
                Expiry::Watched
            }
            None => {
                state.expires = false;
                Expiry::Watched
            }
        }
    }

    /// When that came which ends at `offset`; a later time if much came since. Nothing if that was before it is followed.
    pub(super) fn came(&self, offset: u64) -> Option<Instant> {
        let state = self.state();
        let (next, at) = state.came.iter().find(|(next, _)| *next >= offset)?;
        (*next == offset || state.came.len() == CAME).then_some(*at)
    }

    /// All that came since then is in what it is made of.
    pub(super) fn keep_whole_since(&self, whole_since: Instant) {
        self.state().whole_since = whole_since;
    }

    /// Since when all values that came are kept.
    pub(super) fn whole_since(&self) -> Instant {
        self.state().whole_since
    }

    /// The newest `count` values before `end`, of times from `from` on: in the order of arrival; buckets by their times.
    pub(super) fn newest(&self, count: usize, end: u64, from: Timestamp) -> Vec<Sample> {
        self.look(|ring| ring.newest(count, end, from))
    }

    /// All values from `offset` on and before `end`; `None` if the ring no longer has all of them.
    pub(super) fn since(&self, offset: u64, end: u64) -> Option<Vec<Sample>> {
        self.look(|ring| ring.since(offset, end))
    }
}

/// What a source has from before somebody takes its values.
#[derive(Debug)]
pub(super) struct Before<'a> {
    /// The offset of the next value.
    pub(super) next: u64,
    /// Its newest values.
    pub(super) ring: &'a VecDeque<Sample>,
    /// Since when all that came is in there.
    pub(super) whole_since: Instant,
    /// Buckets of its values that are kept, by their milliseconds.
    pub(super) kept: &'a BTreeMap<u32, KeptBuckets>,
}

/// Whether a source may be let go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// Nobody watched it for long enough.
    Now,
    /// Nobody watches it; ask again then.
    At(Instant),
    /// It is watched again, or kept all the same.
    Watched,
}

impl State {
    /// Whether somebody watches, or did until a moment ago.
    fn is_watched(&self) -> bool {
        !self.takers.is_empty() || self.idle.is_some()
    }

    /// Gives values to what is made of them.
    fn give(&mut self, coming: Coming<'_>, now: Instant) {
        if coming.samples.is_empty() {
            return;
        }
        for kept in self.kept_buckets.values_mut() {
            kept.take(coming);
        }
        for taker in &self.takers {
            if let Taker::Aggregate(aggregate) = taker {
                aggregate.take(coming, now);
            }
        }
    }

    /// Takes values that were given to what is made of them.
    fn offer(&mut self, samples: &mut Vec<Sample>, now: Instant) {
        let Some(newest) = samples.last() else { return };
        self.next = newest.offset + 1;
        if self.came.len() == CAME {
            self.came.pop_front();
        }
        self.came.push_back((self.next, now));
        let mut batch = None;
        for taker in &self.takers {
            if let Taker::Slot(slot) = taker {
                slot.push(batch.get_or_insert_with(|| Arc::new(Batch::of(samples))), now);
            }
        }
        // a commit may have many times as many of one series as a ring has room for
        let room = self.room();
        let first_kept = samples.len().saturating_sub(room.samples);
        if first_kept > 0 {
            self.start = samples.get(first_kept).map_or(self.next, |first| first.offset);
            self.whole_since = now;
            self.ring.clear();
            self.raw_bytes = 0;
        }
        for sample in samples.drain(..).skip(first_kept) {
            if !self.is_by_time && self.ring.len() >= room.samples {
                self.forget_oldest(now);
            }
            self.keep(sample);
        }
        self.fit(now);
    }

    fn keep(&mut self, sample: Sample) {
        if self.is_by_time
            && let Some(at) = self.ring.iter().rposition(|earlier| earlier.point.ts == sample.point.ts)
            && let Some(earlier) = self.ring.remove(at)
        {
            self.raw_bytes -= raw_bytes(&earlier);
        }
        self.raw_bytes += raw_bytes(&sample);
        self.ring.push_back(sample);
    }

    /// In the place of the earlier one of its time, else as the last that was told.
    fn put(&mut self, mut sample: Sample) {
        self.raw_bytes += raw_bytes(&sample);
        let same = self.ring.iter_mut().rev().find(|earlier| earlier.point.ts == sample.point.ts);
        match same {
            Some(earlier) => {
                self.raw_bytes -= raw_bytes(earlier);
                sample.offset = earlier.offset;
                *earlier = sample;
            }
            None => {
                self.next = self.next.max(1);
                sample.offset = self.next - 1;
                self.ring.push_back(sample);
            }
        }
    }

    /// Lets go of the oldest that there is no room for.
    fn fit(&mut self, now: Instant) {
        let room = self.room();
        while self.ring.len() > room.samples {
            self.forget_oldest(now);
        }
        while self.raw_bytes > room.raw_bytes && self.ring.len() > 1 {
            self.forget_oldest(now);
            self.cut = self.start;
        }
        // a ring that was watched has had much more
        if self.ring.capacity() > 4 * room.samples.max(16) {
            self.ring.shrink_to(2 * room.samples);
        }
    }

    fn forget_oldest(&mut self, now: Instant) {
        let oldest = match self.is_by_time {
            true => (0..self.ring.len()).min_by_key(|at| self.ring[*at].point.ts).unwrap_or_default(),
            false => 0,
        };
        if let Some(oldest) = self.ring.remove(oldest) {
            self.raw_bytes -= raw_bytes(&oldest);
            // It came before now, and when exactly is not kept. All that came is in the buckets that are there, however few.
            if !self.is_by_time {
                self.whole_since = now;
            }
            self.start = self.start.max(oldest.offset + 1);
        }
    }
}

fn raw_bytes(sample: &Sample) -> usize {
    sample.point.raw.as_ref().map_or(0, |raw| raw.len())
}
