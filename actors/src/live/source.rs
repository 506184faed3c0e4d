//! A source that is watched: its recent values in a bounded ring, and who gets the next ones.
//!
//! One lock per source, taken once per batch of values and never across an await: producers on several tasks meet sessions
//! here, and what either does inside is a copy of a few values. Attaching a subscriber and reading the ring happen under it, which is
//! why nothing falls between a snapshot and the updates.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgesync_schemas::id::{DeviceId, FlowId};
use edgesync_schemas::limit;
use edgesync_schemas::sensor::SensorName;
use tokio::time::Instant;

use super::batch::Batch;
use super::conflate::Sample;
use super::subscriber::Slot;
use super::viewers::Charge;

/// What can be watched.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// The readings of one sensor, as the log commits them.
    DeviceSensor {
        /// The device.
        device: DeviceId,
        /// Its sensor; it need not have sent anything yet.
        sensor: SensorName,
    },
    /// A field of what a flow's node puts out.
    FlowNode {
        /// The flow; it need not be deployed yet.
        flow: FlowId,
        /// The node's id in the diagram.
        node: Arc<str>,
        /// The field: `output` for the value itself.
        field: Arc<str>,
    },
}

/// A source that is followed because somebody watches it, or did until a moment ago.
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
    raw_bytes: usize,
    start: u64,
    /// Since when all that came is in the ring.
    whole_since: Instant,
    next: u64,
    slots: Vec<Arc<Slot>>,
    /// When the last subscriber left, while there is none.
    idle: Option<Instant>,
    /// On whose account it is while there is none.
    lingers: Option<Charge>,
    /// Whether it stands in the queue of sources that may be let go.
    expires: bool,
}

impl Followed {
    /// Followed from `offset` on.
    pub(super) fn new(source: Source, epoch: u64, offset: u64) -> Self {
        let state = State {
            ring: VecDeque::new(),
            raw_bytes: 0,
            start: offset,
            whole_since: Instant::now(),
            next: offset,
            slots: Vec::new(),
            idle: None,
            lingers: None,
            expires: false,
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
        state.offer(samples, now);
    }

    /// Takes values and numbers them.
    pub(super) fn offer_unnumbered(&self, samples: &mut Vec<Sample>, now: Instant) {
        let mut state = self.state();
        for (sample, offset) in samples.iter_mut().zip(state.next..) {
            sample.offset = offset;
        }
        state.offer(samples, now);
    }

    /// From now on `slot` gets every value. The offset of the first it can get.
    pub(super) fn attach(&self, slot: Arc<Slot>) -> u64 {
        let mut state = self.state();
        state.slots.push(slot);
        state.idle = None;
        state.next
    }

    /// Puts it on another account while nobody watches it. The one it was on.
    pub(super) fn linger(&self, charge: Option<Charge>) -> Option<Charge> {
        std::mem::replace(&mut self.state().lingers, charge)
    }

    /// `slot` gets no more; if it was the last, the source stays on its account. True if the source is to be queued for being let go.
    pub(super) fn detach(&self, slot: &Arc<Slot>, charge: Option<Charge>, now: Instant) -> bool {
        let mut state = self.state();
        state.slots.retain(|other| !Arc::ptr_eq(other, slot));
        if !state.slots.is_empty() {
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
            Some(idle) if idle + linger <= now => Expiry::Now,
            Some(idle) => Expiry::At(idle + linger),
            None => {
                state.expires = false;
                Expiry::Watched
            }
        }
    }

    /// Since when all values that came are kept.
    pub(super) fn whole_since(&self) -> Instant {
        self.state().whole_since
    }

    /// The newest `count` values before `end`, in the order of arrival.
    pub(super) fn newest(&self, count: usize, end: u64) -> Vec<Sample> {
        let state = self.state();
        let upto = state.ring.partition_point(|sample| sample.offset < end);
        state.ring.range(upto.saturating_sub(count)..upto).cloned().collect()
    }

    /// All values from `offset` on and before `end`; `None` if the ring no longer has all of them.
    pub(super) fn since(&self, offset: u64, end: u64) -> Option<Vec<Sample>> {
        let state = self.state();
        let known = offset >= state.start && offset <= end;
        known.then(|| {
            let from = state.ring.partition_point(|sample| sample.offset < offset);
            let upto = state.ring.partition_point(|sample| sample.offset < end);
            state.ring.range(from..upto).cloned().collect()
        })
    }
}

/// Whether a source may be let go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// Nobody watched it for long enough.
    Now,
    /// Nobody watches it; ask again then.
    At(Instant),
    /// It is watched again.
    Watched,
}

impl State {
    fn offer(&mut self, samples: &mut Vec<Sample>, now: Instant) {
        let Some(newest) = samples.last() else { return };
        self.next = newest.offset + 1;
        if !self.slots.is_empty()
            && let Some(batch) = Batch::of(samples).map(Arc::new)
        {
            self.slots.iter().for_each(|slot| slot.push(&batch, now));
        }
        // a commit may have many times as many of one series as a ring has room for
        let first_kept = samples.len().saturating_sub(limit::LIVE_POINTS);
        if first_kept > 0 {
            self.start = samples[first_kept].offset;
            self.whole_since = now;
            self.ring.clear();
            self.raw_bytes = 0;
        }
        for sample in samples.drain(..).skip(first_kept) {
            if self.ring.len() == limit::LIVE_POINTS {
                self.forget_oldest(now);
            }
            self.raw_bytes += raw_bytes(&sample);
            self.ring.push_back(sample);
        }
        while self.raw_bytes > limit::LIVE_RAW_BYTES {
            self.forget_oldest(now);
        }
    }

    fn forget_oldest(&mut self, now: Instant) {
        if let Some(oldest) = self.ring.pop_front() {
            self.raw_bytes -= raw_bytes(&oldest);
            // It came before now, and when exactly is not kept.
            self.whole_since = now;
            self.start = oldest.offset + 1;
        }
    }
}

fn raw_bytes(sample: &Sample) -> usize {
    sample.point.raw.as_ref().map_or(0, |raw| raw.len())
}
