//! Moving a flow from one cell to another: taken out with what it remembers, and put in there at the same reading.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_engine::cell::command::{Begin, Outcome};
use edgesync_engine::metrics::NodeState;
use edgesync_engine::{FlowCounters, History, Replay, Saved};
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::limit;
use tokio::time::Instant;
use tracing::{error, warn};

use super::super::{BUSY, Error, FlowsHandle, Version, manager, warm};
use crate::cell::Cell;

/// A flow that is on no cell.
struct Moving {
    version: Version,
    saved: Saved,
    counters: Arc<FlowCounters>,
    /// Where it was.
    from: Arc<Cell>,
}

const MOVE: Duration = Duration::from_secs(limit::MOVE_S);
const UNSLOW: Duration = Duration::from_secs(limit::UNSLOW_S);
const LEFT: &str = "the version before took too much, and what that left to do is not done yet: it runs apart from other flows until it is deployed again";
const UNSLOWED: &str = "a version before took too much, shortly after another one had brought the flow back among the others: it runs apart from them until it is deployed again, ten minutes after that";

impl FlowsHandle {
    /// Moves a flow, whose turn the caller has, to a cell. True if it runs there. One that does not come as far as the cell within [`limit::MOVE_S`]
    /// goes on where it was; one that is taken by neither is suspended.
    pub(in super::super) async fn moved(&self, flow: FlowId, to: usize) -> bool {
        // nothing is saved meanwhile: it would be seen on no cell
        let _saves = self.shared.states.turn.write().await;
        self.moves(flow, to).await
    }

    /// As [`Self::moved`], while nothing is saved.
    pub(in super::super) async fn moves(&self, flow: FlowId, to: usize) -> bool {
        let Some((cell, installed)) = self.running(flow) else { return false };
        let (from, version) = (cell.clone(), installed.version);
        let Some(counters) = from.counters(flow) else { return false };
        // what a failed node remembers is gone: the flow is about to be installed again
        if from.index() == to || counters.nodes.iter().any(|node| node.state() == NodeState::Failed) {
            return false;
        }
        // what it has not seen there is kept until it has seen that elsewhere
        let _hold = self.shared.log.hold(from.reached().next);
        let saved = match from.take_out(flow).await {
            Ok(Some(saved)) => saved,
            Ok(None) => return false,
            Err(error) => {
                warn!(%flow, to, %error, "flow could not be taken out of its cell");
                return false;
            }
        };
        if let Some(to) = self.shared.cells.get(to) {
            self.shared.states.comes_to(to, flow, &counters, saved.next);
        }
        let back = from.index();
        let mut moving = Moving { version: Version { flow, installed }, saved, counters, from };
        for place in [to, back] {
            match self.put_there(&mut moving, place).await {
                Ok(true) => return place == to,
                Ok(false) => warn!(%flow, place, "cell did not take a flow that moves"),
                Err(error) => warn!(%flow, place, %error, "cell did not take a flow that moves"),
            }
        }
        self.loses_its_place(flow, version).await;
        false
    }

    /// Puts a flow that was taken out on a cell. False if that does not take it, or is not reached in time.
    async fn put_there(&self, moving: &mut Moving, place: usize) -> Result<bool, Error> {
        let until = Instant::now() + MOVE;
        while Instant::now() < until {
            let begin = Begin::Moved(Box::new(moving.saved.clone()), moving.counters.clone());
            match self.put_at(moving.version.clone(), begin, Some(place)).await?.outcome {
                Outcome::Installed(_) => return Ok(true),
                Outcome::Behind(_) if place == self.shared.slow && self.rewound(moving.saved.next).await => {}
                Outcome::Behind(_) => self.carry_on(moving, until).await?,
                Outcome::Removed => return Err(Error::Stopped),
                Outcome::BadState | Outcome::Ahead(_) => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Lets the cell of slowed flows begin again at an earlier reading, where a flow comes from; those that run there pass over what they have seen. False if
    /// somebody has the turn of one of them.
    async fn rewound(&self, to: Offset) -> bool {
        let slow = &self.shared.cells[self.shared.slow];
        let flows: Vec<_> = slow.busy().into_iter().map(|(flow, ..)| flow).collect();
        let turns = flows.iter().map(|flow| self.shared.turns.try_turn(*flow)).collect::<Option<Vec<_>>>();
        if turns.is_none() {
            return false;
        }
        let mut out = Vec::new();
        for flow in flows {
            let (Some(installed), Some(counters)) = (slow.installed(flow), slow.counters(flow)) else {
                continue;
            };
            let reason = slow.slowed(flow);
            if let Ok(Some(saved)) = slow.take_out(flow).await {
                out.push((Version { flow, installed }, saved, counters, reason));
            }
        }
        let is_rewound = slow.rewind(to).await;
        for (version, saved, counters, reason) in out {
            let flow = version.flow;
            let number = version.installed.version;
            let begin = Begin::Moved(Box::new(saved), counters);
            let told = self.put_at(version, begin, Some(slow.index())).await.map(|told| told.outcome);
            if !matches!(told, Ok(Outcome::Installed(_))) {
                self.loses_its_place(flow, number).await;
            } else if let Some(reason) = reason {
                let _ = self.shared.manager.cast(manager::Message::Slowed(flow, reason));
            }
        }
        is_rewound
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

    /// Runs a flow that is on no cell towards the end of the log, and puts out what it makes.
    async fn carry_on(&self, moving: &mut Moving, until: Instant) -> Result<(), Error> {
        let Moving { version, saved, counters, from } = moving;
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
        from.counts(installed, replay.counters());
        let mut tail = log.tail(saved.next);
        let mut is_at_end = true;
        while Instant::now() < until && !self.is_stopped() {
            let Some(commit) = tail.next_now().await? else { break };
            is_at_end = false;
            let emitted;
            (replay, emitted) = warm::run_with(replay, log, move |replay, info_of| {
                let mut emitted = Vec::new();
                replay.feed(&History::of_commit(&commit), info_of, &mut |emission| emitted.push(emission));
                emitted
            })
            .await?;
            for emission in emitted {
                from.give(emission).await;
            }
        }
        if is_at_end {
            // the cell is a moment ahead of what can be read
            tokio::time::sleep(BUSY).await;
        }
        (*saved, *counters) = (replay.save(), replay.counters().clone());
        Ok(())
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
