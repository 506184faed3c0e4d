//! The subscriptions of one dashboard: what each has waiting, and when the next of them is due.
//!
//! Producers put values into a [`Slot`] and never wait. The session takes them out when its socket can take them, the subscriptions
//! in turn, so that a busy one does not starve the others. Memory: at most [`limit::LIVE_SUBSCRIPTIONS`] slots of a bounded
//! [`Conflator`] each.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_schemas::id::{FlowId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::wire::live::{Position, SubId};
use tokio::time::Instant;

use super::batch::{Batch, Values};
use super::conflate::{Conflator, Sample, Update};
use super::followed::Followed;
use super::health::Health;
use super::history;
use super::hub::{Error, Hub};
use super::metrics::{Board, Watch};
use super::snapshot::{Snapshot, Wanted};
use super::source::Source;
use super::taker::Taker;
use super::viewers::{Charge, Viewer};
use super::wake::Wake;

/// What waits for one subscription. Producers push, its session takes.
#[derive(Debug)]
pub(super) struct Slot {
    waiting: Mutex<Conflator>,
    wake: Arc<Wake>,
    health: Arc<Health>,
}

impl Slot {
    fn waiting(&self) -> MutexGuard<'_, Conflator> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes values in, and wakes the session if they are due before it looks.
    pub(super) fn push(&self, batch: &Arc<Batch>, now: Instant) {
        let mut waiting = self.waiting();
        let before = waiting.skipped();
        let due = waiting.push(batch, now).then(|| waiting.due()).flatten();
        let folded = waiting.skipped() - before;
        drop(waiting);
        if folded > 0 {
            self.health.folded.fetch_add(folded, Relaxed);
        }
        if let Some(due) = due {
            self.wake.at(due);
        }
    }

    /// What is due, if anything is.
    fn take(&self, now: Instant) -> Option<Update> {
        let mut waiting = self.waiting();
        let was_slowed = waiting.is_slowed();
        let update = waiting.take(now)?;
        let is_slowed = waiting.is_slowed();
        drop(waiting);
        match (was_slowed, is_slowed) {
            (false, true) => self.health.slowed.fetch_add(1, Relaxed),
            (true, false) => self.health.slowed.fetch_sub(1, Relaxed),
            _ => 0,
        };
        let texts = match update.values {
            Values::Shared(_) => &self.health.shared,
            Values::Own(_) => &self.health.own,
        };
        texts.fetch_add(1, Relaxed);
        Some(update)
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The dashboard's number for it.
    pub id: SubId,
    /// Of what.
    pub source: Source,
    /// Points of the snapshot, at most [`limit::LIVE_POINTS`].
    pub points: usize,
    /// Values a second, within [`limit::LIVE_HZ_MIN`] and [`limit::LIVE_HZ`]. An aggregate is told as often as its interval says.
    pub max_hz: f64,
    /// Where an earlier subscription ended.
    pub since: Option<Position>,
    /// The snapshot has the history from this time on, in at most `points` points; `None` for the newest `points`. Not with `since`.
    pub from: Option<Timestamp>,
}

/// What a subscription is told after its snapshot.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Values of a source.
    Values(Update),
    /// How a flow is by now: the JSON of `GET /flows/{id}/metrics`.
    Metrics(Arc<str>),
}

#[derive(Debug)]
enum One {
    Values(Subscription),
    Metrics(Watch),
}

/// A subscription whose snapshot is not read yet. Dropping it ends it.
#[derive(Debug)]
pub struct Beginning {
    id: SubId,
    subscription: Subscription,
    /// What comes from here on waits.
    position: u64,
    since: Option<Position>,
    wanted: Wanted,
    /// In whose turn history is read.
    user: Option<UserId>,
}

impl Beginning {
    /// Reads what it begins with. Cancel safe: it is read anew then.
    ///
    /// # Errors
    /// [`Error::Log`], [`Error::Busy`], [`Error::TooLong`] if the history cannot be read.
    pub async fn read(&mut self) -> Result<Snapshot, Error> {
        let Self { subscription, position, since, wanted, user, .. } = self;
        let (hub, followed) = (subscription.hub.clone(), subscription.followed.clone());
        let is_aggregate = matches!(followed.source, Source::Aggregate(_));
        let snapshot = match *since {
            since if is_aggregate => match since.and_then(|since| subscription.go_on(since)) {
                Some(missed) => missed,
                None => {
                    hub.prepare(&followed, *wanted, *user).await?;
                    subscription.begin_again(*wanted)
                }
            },
            Some(since) => hub.resume(&followed, *position, *wanted, since).await?,
            None => hub.snapshot(&followed, *position, *wanted, *user).await?,
        };
        subscription.slot.waiting().told(snapshot.unit.clone());
        Ok(snapshot)
    }
}

/// The subscriptions of one dashboard's socket. Dropping it ends them all.
#[derive(Debug)]
pub struct Session {
    hub: Hub,
    wake: Arc<Wake>,
    subscriptions: BTreeMap<SubId, One>,
    last_taken: SubId,
    /// On whose account; none for the server itself.
    viewer: Option<Viewer>,
}

impl Session {
    pub(super) fn new(hub: Hub, viewer: Option<Viewer>) -> Self {
        Self {
            hub,
            wake: Arc::new(Wake::new(Instant::now())),
            subscriptions: BTreeMap::new(),
            last_taken: SubId(u32::MAX),
            viewer,
        }
    }

    /// Subscribes; one with the same id is replaced. Not cancel safe: the subscription is gone then, the others stay.
    ///
    /// # Errors
    /// [`Error::Limit`] if the session, its user or the process watches too much, [`Error::Log`] if the history cannot be read.
    pub async fn subscribe(&mut self, request: Request) -> Result<Snapshot, Error> {
        let mut beginning = self.begin(request)?;
        let snapshot = beginning.read().await?;
        self.begun(beginning);
        Ok(snapshot)
    }

    /// The first part of [`Self::subscribe`]: what comes from now on waits, but nothing is told before the rest is read and [`Self::begun`] is said. One with the same id
    /// has ended.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub fn begin(&mut self, request: Request) -> Result<Beginning, Error> {
        let id = request.id;
        self.make_room(id)?;
        let is_aggregate = matches!(request.source, Source::Aggregate(_));
        let max_hz = if is_aggregate { limit::LIVE_HZ } else { request.max_hz };
        let waiting = Mutex::new(Conflator::new(max_hz, Instant::now(), self.wake.origin));
        let slot =
            Arc::new(Slot { waiting, wake: self.wake.clone(), health: self.hub.shared.health.clone() });
        let (mut subscription, position) = self.hub.follow(request.source, slot, self.viewer.as_ref())?;
        if let Some(since) = request.since
            && since.epoch == subscription.followed.epoch
            && !is_aggregate
        {
            let period = Duration::from_secs_f64(1.0 / max_hz.clamp(limit::LIVE_HZ_MIN, limit::LIVE_HZ));
            subscription.paused = subscription.followed.came(since.offset).map(|came| came + period);
        }
        let wanted = Wanted { points: request.points.min(limit::LIVE_POINTS), from: request.from };
        let user = self.viewer.as_ref().map(Viewer::turn);
        Ok(Beginning { id, subscription, position, since: request.since, wanted, user })
    }

    /// What was read of it is told: from now on the rest is.
    pub fn begun(&mut self, beginning: Beginning) {
        self.subscriptions.insert(beginning.id, One::Values(beginning.subscription));
    }

    /// Subscribes to a flow's metrics, as [`Self::subscribe`] does to values. With the flow's board, and whether the caller is to look after it.
    pub(crate) fn watch_metrics(
        &mut self,
        id: SubId,
        flow: FlowId,
        max_hz: f64,
    ) -> Result<(Arc<Board>, bool), Error> {
        self.make_room(id)?;
        let charge = self.viewer.as_ref().map(Viewer::charge_metrics).transpose()?;
        let (watch, board, is_new) = Watch::begin(&self.hub, flow, max_hz, self.wake.clone(), charge)?;
        self.subscriptions.insert(id, One::Metrics(watch));
        Ok((board, is_new))
    }

    /// What a subscription to metrics begins with.
    pub(crate) fn newest_metrics(&mut self, id: SubId) -> Option<Arc<str>> {
        match self.subscriptions.get_mut(&id)? {
            One::Metrics(watch) => Some(watch.newest(Instant::now())),
            One::Values(_) => None,
        }
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }

    fn make_room(&mut self, id: SubId) -> Result<(), Error> {
        self.subscriptions.remove(&id);
        if self.subscriptions.len() >= limit::LIVE_SUBSCRIPTIONS {
            return Err(Error::Limit { what: "subscriptions of a socket", most: limit::LIVE_SUBSCRIPTIONS });
        }
        Ok(())
    }

    /// Until when a subscription that goes on with `since` has had what its `max_hz` allows, if it has. For who subscribes for each value anew: the others
    /// fold what comes until then.
    pub fn paused(&self, id: SubId) -> Option<Instant> {
        match self.subscriptions.get(&id) {
            Some(One::Values(one)) => one.paused.filter(|until| *until > Instant::now()),
            _ => None,
        }
    }

    /// Whether a subscription is told buckets: what is told again of one takes the place of what was told before.
    pub fn tells_buckets(&self, id: SubId) -> bool {
        matches!(self.subscriptions.get(&id), Some(One::Values(one)) if one.told.is_some())
    }

    /// Ends a subscription; nothing more comes under this id.
    pub fn unsubscribe(&mut self, id: SubId) {
        self.subscriptions.remove(&id);
    }

    /// Waits until [`Self::take`] has something. Cancel safe.
    pub async fn ready(&self) {
        self.wake.until(|| self.subscriptions.values().filter_map(One::due).min()).await;
    }

    /// What is due next; the subscriptions in turn.
    pub fn take_told(&mut self) -> Option<(SubId, Told)> {
        self.in_turn(One::take)
    }

    /// The values that are due next, for a session that watches nothing else.
    pub fn take(&mut self) -> Option<(SubId, Update)> {
        self.in_turn(|one, now| match one {
            One::Values(one) => one.take(now),
            One::Metrics(_) => None,
        })
    }

    fn in_turn<T>(&mut self, take: impl Fn(&mut One, Instant) -> Option<T>) -> Option<(SubId, T)> {
        let (now, last) = (Instant::now(), self.last_taken);
        let after = (Bound::Excluded(last), Bound::Unbounded);
        let upto = (Bound::Unbounded, Bound::Included(last));
        for range in [after, upto] {
            for (id, one) in self.subscriptions.range_mut(range) {
                if let Some(taken) = take(one, now) {
                    self.last_taken = *id;
                    return Some((*id, taken));
                }
            }
        }
        None
    }
}

impl One {
    fn due(&self) -> Option<Instant> {
        match self {
            Self::Values(one) => one.slot.waiting().due(),
            Self::Metrics(watch) => watch.due(),
        }
    }

    fn take(&mut self, now: Instant) -> Option<Told> {
        match self {
            Self::Values(one) => one.take(now).map(Told::Values),
            Self::Metrics(watch) => watch.take(now).map(Told::Metrics),
        }
    }
}

/// One subscription. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Subscription {
    hub: Hub,
    followed: Arc<Followed>,
    slot: Arc<Slot>,
    charge: Option<Charge>,
    /// Of an aggregate: all before this offset was told.
    told: Option<u64>,
    /// Whoever goes on from elsewhere has had their values until then.
    paused: Option<Instant>,
}

impl Subscription {
    /// `slot` is attached to `followed`.
    pub(super) fn new(hub: Hub, followed: Arc<Followed>, slot: Arc<Slot>, charge: Option<Charge>) -> Self {
        slot.health.subscriptions.fetch_add(1, Relaxed);
        Self { hub, followed, slot, charge, told: None, paused: None }
    }

    /// What is due. Of an aggregate each bucket counts: if some were folded, all that changed since the last update are told, each once.
    fn take(&mut self, now: Instant) -> Option<Update> {
        let Some(told) = self.told else { return self.slot.take(now) };
        self.slot.waiting().due().filter(|due| *due <= now)?;
        // Nothing comes in between, so that what was folded is in the ring.
        let update = self.followed.look(|ring| {
            let mut update = self.slot.take(now)?;
            let changed: Vec<_> = match update.skipped {
                0 => Vec::new(),
                _ => ring.from(told).map(Sample::folded).collect(),
            };
            if !changed.is_empty() {
                (update.values, update.offset, update.skipped) = (Values::Own(changed), ring.next, 0);
            }
            Some(update)
        })?;
        self.told = Some(update.offset);
        Some(update)
    }

    /// Of an aggregate: what was told since a place, if all of that is known. The rest comes when it is time for it.
    fn go_on(&mut self, since: Position) -> Option<Snapshot> {
        if since.epoch != self.followed.epoch {
            return None;
        }
        let (end, missed) = self.followed.look(|ring| {
            let missed = ring.since(since.offset, ring.next)?;
            self.slot.waiting().forget();
            Some((ring.next, missed))
        })?;
        self.told = Some(end);
        Some(history::snapshot(&self.followed, end, missed, true))
    }

    /// Of an aggregate: what is wanted of it as it is by now. What waits is in it.
    fn begin_again(&mut self, wanted: Wanted) -> Snapshot {
        let (end, samples) = self.followed.look(|ring| {
            self.slot.waiting().forget();
            (ring.next, ring.newest(wanted.points, ring.next, wanted.from.unwrap_or(Timestamp::MIN)))
        });
        self.told = Some(end);
        history::snapshot(&self.followed, end, samples, false)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let now = Instant::now();
        self.slot.health.subscriptions.fetch_sub(1, Relaxed);
        if self.slot.waiting().is_slowed() {
            self.slot.health.slowed.fetch_sub(1, Relaxed);
        }
        let taker = Taker::Slot(self.slot.clone());
        if self.followed.detach(&taker, self.charge.take(), now) {
            self.hub.expire(&self.followed, now);
        }
    }
}
