//! Moving a flow from one cell to another: taken out with what it remembers, and put in there at the same reading.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_engine::cell::command::{Begin, Outcome};
use edgesync_engine::metrics::NodeState;
use edgesync_engine::{FlowCounters, History, Replay, Saved};
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::{error, warn};

use super::super::{BUSY, Error, FlowsHandle, Turn, Version, manager, warm};
use crate::cell::Cell;

/// A flow that is on no cell.
pub(super) struct Moving {
    pub version: Version,
    pub saved: Saved,
    pub counters: Arc<FlowCounters>,
    /// Why it ran apart from others.
    pub reason: Option<String>,
}

/// What a flow that does not come to a cell at once does.
#[derive(Clone, Copy)]
pub(super) enum Comes<'a> {
    /// The cell of slowed flows begins again where it comes from.
    Anew,
    /// It is run up to where the cell is.
    After,
    /// As [`Self::After`], until somebody waits to end it, who has its turn otherwise.
    Back(&'a Turn),
}

const UNSLOW: Duration = Duration::from_secs(limit::UNSLOW_S);
const LEFT: &str = "the version before took too much, and what that left to do is not done yet: it runs apart from other flows until it is deployed again";
const UNSLOWED: &str = "a version before took too much, shortly after another one had brought the flow back among the others: it runs apart from them until it is deployed again, ten minutes after that";

impl FlowsHandle {
    /// Moves a flow, whose turn the caller has, to a cell. True if it runs there. One that its cell does not give away, or that does not come as far as the
    /// other cell within [`limit::MOVE_S`], goes on where it was; one that is taken by neither is suspended.
    pub(in super::super) async fn moved(&self, flow: FlowId, to: usize) -> bool {
        let until = Instant::now() + self.moves_for();
        // one at a time: what is slowed is taken out when another one comes
        let Ok(_moving) = timeout_at(until, self.shared.states.moving.lock()).await else { return false };
        let Some((cell, installed)) = self.running(flow) else { return false };
        let (from, version) = (cell.clone(), installed.version);
        let Some(counters) = from.counters(flow) else { return false };
        // what a failed node remembers is gone: the flow is about to be installed again
        if from.index() == to || counters.nodes.iter().any(|node| node.state() == NodeState::Failed) {
            return false;
        }
        // what it has not seen there is kept until it has seen that elsewhere
        let _hold = self.shared.log.hold(from.reached().next);
        let Some(mut moving) = self.taken_out(&from, flow, half_of(until)).await else { return false };
        let back = Instant::now().max(until) + self.moves_for();
        for (place, until, comes) in [(to, until, Comes::Anew), (from.index(), back, Comes::After)] {
            match self.comes_to(&mut moving, place, until, comes).await {
                Ok(true) => return place == to,
                Ok(false) => warn!(%flow, place, "cell did not take a flow that moves"),
                Err(error) => warn!(%flow, place, %error, "cell did not take a flow that moves"),
            }
        }
        self.loses_its_place(flow, version).await;
        false
    }

    /// How long a flow may take from one cell to another.
    pub(super) fn moves_for(&self) -> Duration {
        self.shared.options.pace.moves
    }

    /// Takes a flow out of its cell; `None` if the cell does not come to that by `until`: it runs on.
    pub(super) async fn taken_out(&self, from: &Cell, flow: FlowId, until: Instant) -> Option<Moving> {
        let (installed, counters) = (from.installed(flow)?, from.counters(flow)?);
        let (states, reason) = (&self.shared.states, from.slowed(flow));
        states.leaves(from, flow);
        match from.take_out(flow, until).await {
            Ok(Some(saved)) => {
                states.taken(flow, &counters, &saved);
                Some(Moving { version: Version { flow, installed }, saved, counters, reason })
            }
            Ok(None) => {
                states.came(flow, from.index());
                None
            }
            Err(error) => {
                states.came(flow, from.index());
                warn!(%flow, cell = from.index(), %error, "flow could not be taken out of its cell");
                None
            }
        }
    }

    /// Puts a flow that was taken out on a cell. False if the cell does not take it by `until`.
    pub(super) async fn comes_to(
        &self,
        moving: &mut Moving,
        place: usize,
        until: Instant,
        comes: Comes<'_>,
    ) -> Result<bool, Error> {
        let (flow, slow) = (moving.version.flow, self.shared.slow);
        let Some(cell) = self.shared.cells.get(place) else { return Ok(false) };
        self.shared.states.comes_to(cell, flow);
        while Instant::now() < until && !comes.is_given_up() {
            match self.offered(moving, place, until, comes).await {
                Ok(Outcome::Installed(_)) => {
                    self.shared.states.came(flow, place);
                    if let Some(reason) = moving.reason.clone().filter(|_| place == slow) {
                        let _ = self.shared.manager.cast(manager::Message::Slowed(flow, reason));
                    }
                    return Ok(true);
                }
                Ok(Outcome::Behind(_)) => {
                    let is_anew = matches!(comes, Comes::Anew) && place == slow;
                    if !(is_anew && self.rewound(moving.saved.next, until).await) {
                        self.carry_on(moving, cell, until).await?;
                    }
                }
                Ok(Outcome::Removed) => return Err(Error::Stopped),
                Ok(Outcome::BadState | Outcome::Ahead(_)) => return Err(Error::WarmUp),
                // it is full, or just being replaced
                Err(Error::Busy) => tokio::time::sleep(BUSY).await,
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    async fn offered(
        &self,
        moving: &Moving,
        place: usize,
        until: Instant,
        comes: Comes<'_>,
    ) -> Result<Outcome, Error> {
        #[cfg(test)]
        if !matches!(comes, Comes::Anew) && self.shared.balanced.refuses() {
            return Err(Error::Busy);
        }
        let begin = Begin::Moved(Box::new(moving.saved.clone()), moving.counters.clone());
        let given_up = async {
            tokio::select! {
                () = sleep_until(until) => {}
                () = comes.given_up() => {}
            }
        };
        let told = self.put_unless(moving.version.clone(), begin, Some(place), given_up).await?;
        Ok(told.outcome)
    }

    /// A flow was taken by no cell. On the way down it goes on where it was saved last, after the next start.
    pub(super) async fn loses_its_place(&self, flow: FlowId, version: u32) {
        if self.is_stopped() {
            return;
        }
        error!(%flow, "flow was taken by no cell, it is suspended");
        self.shared.balanced.lost_its_place.fetch_add(1, Relaxed);
        let reason = "it could not be moved to another processor, where it was to run apart from other flows: deploy it again";
        if !self.suspend(flow, version, "could not be moved", reason).await {
            self.end(flow).await;
            let _ = self.shared.manager.cast(manager::Message::Refuse(flow, reason.to_owned()));
        }
    }

    /// Runs a flow that is on no cell towards the end of the log, and puts out what it makes where it goes.
    async fn carry_on(&self, moving: &mut Moving, to: &Arc<Cell>, until: Instant) -> Result<(), Error> {
        let Moving { version, saved, counters, .. } = moving;
        let (log, installed) = (&self.shared.log, &version.installed);
        let (plan, keys) = (installed.plan.clone(), limit::KEYS_PER_NODE);
        let replay = Replay::new(version.flow, installed.version, plan, keys, limit::CHUNK_ROWS);
        let replay = replay.within(&installed.account);
        let (given, watched) = (saved.clone(), counters.clone());
        let (mut replay, loaded) = warm::run_with(replay, log, move |replay, info_of| {
            for node in &replay.counters().nodes {
                let watch = watched.node(&node.id).map_or(0, |old| old.watch.load(Relaxed));
                node.watch.store(watch, Relaxed);
            }
            replay.load(&given, info_of)
        })
        .await?;
        loaded.map_err(|_| Error::WarmUp)?;
        to.counts(installed, replay.counters());
        let mut tail = log.tail(saved.next);
        let (mut is_at_end, mut read) = (true, Ok(()));
        while Instant::now() < until && !self.is_stopped() {
            let commit = match tail.next_now().await {
                Ok(Some(commit)) => commit,
                Ok(None) => break,
                // what was put out is not to be put out again
                Err(error) => {
                    read = Err(error.into());
                    break;
                }
            };
            is_at_end = false;
            let emitted;
            (replay, emitted) = warm::run_with(replay, log, move |replay, info_of| {
                let mut emitted = Vec::new();
                replay.feed(&History::of_commit(&commit), info_of, &mut |emission| emitted.push(emission));
                emitted
            })
            .await?;
            let to = to.clone();
            let giving = tokio::spawn(async move {
                for emission in emitted {
                    to.give(emission).await;
                }
            });
            // what waits for room is given on when there is some
            if timeout_at(until, giving).await.is_err() {
                break;
            }
        }
        if is_at_end {
            // the cell is a moment ahead of what can be read
            tokio::time::sleep(BUSY).await;
        }
        (*saved, *counters) = (replay.save(), replay.counters().clone());
        read
    }

    /// Lets a slowed flow that was deployed anew run with the others again, if that was not so within [`limit::UNSLOW_S`]. The caller has its turn.
    pub(in super::super) async fn unslow(&self, flow: FlowId) {
        let slow = self.shared.slow;
        if self.running(flow).is_none_or(|(cell, _)| cell.index() != slow) {
            return;
        }
        let normal = self.shared.cells.iter().filter(|cell| cell.index() != slow);
        let Some(idlest) = normal.min_by_key(|cell| cell.status().flows) else { return };
        let reason = if !self.may_unslow(flow) {
            UNSLOWED
        } else if !self.moved(flow, idlest.index()).await {
            LEFT
        } else {
            self.unslowed().insert(flow, Instant::now());
            return;
        };
        let _ = self.shared.manager.cast(manager::Message::Slowed(flow, reason.to_owned()));
    }

    fn unslowed(&self) -> MutexGuard<'_, HashMap<FlowId, Instant>> {
        let mut unslowed = self.shared.balanced.unslowed.lock().unwrap_or_else(PoisonError::into_inner);
        unslowed.retain(|_, at| at.elapsed() < UNSLOW);
        unslowed
    }

    fn may_unslow(&self, flow: FlowId) -> bool {
        !self.unslowed().contains_key(&flow)
    }
}

impl Comes<'_> {
    fn is_given_up(self) -> bool {
        matches!(self, Self::Back(turn) if turn.is_wanted())
    }

    async fn given_up(self) {
        match self {
            Self::Back(turn) => turn.wanted().await,
            _ => std::future::pending().await,
        }
    }
}

/// Half of the time until then.
fn half_of(until: Instant) -> Instant {
    let now = Instant::now();
    now + until.saturating_duration_since(now) / 2
}
