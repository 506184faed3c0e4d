//! The subscriptions of one dashboard: what each has waiting, and when the next of them is due.
//!
//! Producers put values into a [`Slot`] and never wait. The session takes them out when its socket can take them, the subscriptions
//! in turn, so that a busy one does not starve the others. Memory: at most [`limit::LIVE_SUBSCRIPTIONS`] slots of a bounded
//! [`Conflator`] each.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_schemas::unit::Unit;
use edgesync_schemas::wire::live::{Point, Position, SubId};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::batch::{Batch, Values};
use super::conflate::{Conflator, Update};
use super::health::Health;
use super::hub::{Error, Hub};
use super::metrics::{Board, Watch};
use super::source::{Followed, Source};
use super::viewers::{Charge, Viewer};

/// What waits for one subscription. Producers push, its session takes.
#[derive(Debug)]
pub(super) struct Slot {
    waiting: Mutex<Conflator>,
    wake: Arc<Notify>,
    health: Arc<Health>,
}

impl Slot {
    fn waiting(&self) -> MutexGuard<'_, Conflator> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes values in, and wakes the session if it does not know yet that some wait.
    pub(super) fn push(&self, batch: &Arc<Batch>, now: Instant) {
        let mut waiting = self.waiting();
        let before = waiting.skipped();
        let is_first = waiting.push(batch, now);
        let folded = waiting.skipped() - before;
        drop(waiting);
        if folded > 0 {
            self.health.folded.fetch_add(folded, Relaxed);
        }
        if is_first {
            self.wake.notify_one();
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
        self.health.told.fetch_add(1, Relaxed);
        if let Values::Shared(_) = update.values {
            self.health.shared.fetch_add(1, Relaxed);
        }
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
    /// Values a second, within [`limit::LIVE_HZ_MIN`] and [`limit::LIVE_HZ`].
    pub max_hz: f64,
    /// Where an earlier subscription ended.
    pub since: Option<Position>,
}

/// The values that a subscription begins with. Every value after `position` comes as an update.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The first value that is not in here.
    pub position: Position,
    /// Values in the order of their times. If `recovered`: all since the position asked for, and no others.
    pub points: Vec<Point>,
    /// Unit of the newest.
    pub unit: Option<Unit>,
    /// Whether the subscription goes on exactly where the earlier one ended.
    pub recovered: bool,
    /// Of a flow's node: since when all of its values are kept. They are in `points` if as many were asked for.
    pub whole_since: Instant,
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

/// The subscriptions of one dashboard's socket. Dropping it ends them all.
#[derive(Debug)]
pub struct Session {
    hub: Hub,
    wake: Arc<Notify>,
    subscriptions: BTreeMap<SubId, One>,
    last_taken: SubId,
    /// On whose account; none for the server itself.
    viewer: Option<Viewer>,
}

impl Session {
    pub(super) fn new(hub: Hub, viewer: Option<Viewer>) -> Self {
        Self {
            hub,
            wake: Arc::new(Notify::new()),
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
        let id = request.id;
        self.make_room(id)?;
        let waiting = Mutex::new(Conflator::new(request.max_hz, Instant::now()));
        let slot =
            Arc::new(Slot { waiting, wake: self.wake.clone(), health: self.hub.shared.health.clone() });
        let (subscription, position) = self.hub.follow(request.source, slot, self.viewer.as_ref())?;
        let snapshot =
            self.hub.snapshot(&subscription.followed, position, request.points, request.since).await?;
        subscription.slot.waiting().told(snapshot.unit.clone());
        self.subscriptions.insert(id, One::Values(subscription));
        Ok(snapshot)
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

    /// Ends a subscription; nothing more comes under this id.
    pub fn unsubscribe(&mut self, id: SubId) {
        self.subscriptions.remove(&id);
    }

    /// Waits until [`Self::take`] has something. Cancel safe.
    pub async fn ready(&self) {
        loop {
            let due = self.subscriptions.values().filter_map(One::due).min();
            match due {
                Some(due) if due <= Instant::now() => return,
                Some(due) => {
                    tokio::select! {
                        () = self.wake.notified() => {}
                        () = tokio::time::sleep_until(due) => {}
                    }
                }
                None => self.wake.notified().await,
            }
        }
    }

    /// What is due next; the subscriptions in turn.
    pub fn take_told(&mut self) -> Option<(SubId, Told)> {
        self.in_turn(One::take)
    }

    /// The values that are due next, for a session that watches nothing else.
    pub fn take(&mut self) -> Option<(SubId, Update)> {
        self.in_turn(|one, now| match one {
            One::Values(one) => one.slot.take(now),
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
            Self::Values(one) => one.slot.take(now).map(Told::Values),
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
}

impl Subscription {
    /// `slot` is attached to `followed`.
    pub(super) fn new(hub: Hub, followed: Arc<Followed>, slot: Arc<Slot>, charge: Option<Charge>) -> Self {
        slot.health.subscriptions.fetch_add(1, Relaxed);
        Self { hub, followed, slot, charge }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let now = Instant::now();
        self.slot.health.subscriptions.fetch_sub(1, Relaxed);
        if self.slot.waiting().is_slowed() {
            self.slot.health.slowed.fetch_sub(1, Relaxed);
        }
        if self.followed.detach(&self.slot, self.charge.take(), now) {
            self.hub.expire(&self.followed, now);
        }
    }
}
