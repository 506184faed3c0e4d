//! Which cell a flow runs on: moved when cells are unequally loaded, slowed when it takes too much, suspended when it cannot keep up even so.
//!
//! Every [`limit::BALANCE_S`] the time that each flow took of its cell is looked at. A flow that takes more than [`limit::FLOW_SHARE`] of a cell that
//! is behind goes to the slow cell, which pulls from the log on its own: it lags, and nobody else does. One that makes the slow cell fall further behind
//! than [`limit::SLOW_LAG`] is stopped, with a reason that its owner can read. A move happens between two readings; nothing is lost or put out twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use edgesync_engine::cell::command::{Begin, Outcome};
use edgesync_engine::metrics::NodeState;
use edgesync_engine::{FlowCounters, History, Replay, Saved};
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_storage::catalog::Stopped;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::{error, info, warn};

use super::{Error, FlowsHandle, Version, manager, warm};
use crate::cell::Cell;

/// What is remembered from one look to the next.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// Nanoseconds that each flow had taken.
    busy: HashMap<FlowId, u64>,
    at: Option<Instant>,
    /// By cell: looks in a row at which it was behind.
    behind: Vec<u32>,
}

/// The share of a cell's time that each of its flows took, largest first.
type Shares = Vec<(FlowId, f64)>;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Move { flow: FlowId, from: usize, to: usize, share: f64 },
    Slow { flow: FlowId, from: usize, share: f64 },
    Suspend { flow: FlowId, share: f64 },
}

impl FlowsHandle {
    /// Looks at the cells again and again.
    pub(super) async fn balance(&self) {
        let mut tick = tokio::time::interval(Duration::from_secs(limit::BALANCE_S));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looks = Looks::default();
        loop {
            tick.tick().await;
            let Some(step) = self.look(&mut looks) else { continue };
            // whoever deploys or stops a flow has the first turn
            let Ok(_turn) = self.shared.states.turn.try_write() else { continue };
            self.take(step).await;
        }
    }

    async fn take(&self, step: Step) {
        match step {
            Step::Move { flow, from, to, share } => {
                info!(%flow, from, to, share, "flow moves to a cell that has more time");
                self.moved(flow, to).await;
            }
            Step::Slow { flow, from, share } => {
                let reason = format!(
                    "it took {:.0} % of a processor while others waited: it runs apart from them, and its results may come late",
                    share * 100.0
                );
                warn!(%flow, from, share, "flow takes too much, it is slowed");
                if self.moved(flow, self.shared.slow).await {
                    let _ = self.shared.manager.cast(manager::Message::Slowed(flow, reason));
                }
            }
            Step::Suspend { flow, share } => {
                warn!(%flow, share, "flow cannot keep up, it is suspended");
                let reason = "it could not keep up with its readings, even apart from other flows: make it simpler, or let it read less";
                self.suspend(flow, "could not keep up", reason).await;
            }
        }
    }

    /// Stops a flow, with a reason that its owner can read.
    async fn suspend(&self, flow: FlowId, why: &'static str, reason: &str) {
        if let Err(error) = self.shared.catalog.set_flow_stopped(flow, Stopped::Because(why)).await {
            error!(%flow, %error, "that a flow is suspended cannot be written down");
        }
        match self.call(|reply| manager::Message::Stop(flow, reply)).await {
            Ok(Ok(_)) => {}
            other => error!(%flow, ?other, "flow cannot be stopped"),
        }
        self.shared.cells.iter().for_each(|cell| cell.purge(flow));
        let _ = self.shared.states.forget(flow).await;
        let _ = self.shared.manager.cast(manager::Message::Refuse(flow, reason.to_owned()));
    }

    /// What each flow took since the last look, and what follows from that.
    fn look(&self, looks: &mut Looks) -> Option<Step> {
        let now = Instant::now();
        let passed =
            looks.at.replace(now).map(|before| now.saturating_duration_since(before).as_secs_f64())?;
        let mut busy = HashMap::new();
        let mut cells = Vec::with_capacity(self.shared.cells.len());
        looks.behind.resize(self.shared.cells.len(), 0);
        for (at, cell) in self.shared.cells.iter().enumerate() {
            let mut shares: Shares = Vec::new();
            for (flow, ns) in cell.busy() {
                let before = looks.busy.get(&flow).copied().unwrap_or(ns);
                shares.push((flow, ns.saturating_sub(before) as f64 / 1e9 / passed.max(1e-3)));
                busy.insert(flow, ns);
            }
            shares.sort_by(|a, b| b.1.total_cmp(&a.1));
            let lag = cell.status().lag;
            looks.behind[at] = if lag > limit::BEHIND_READINGS { looks.behind[at] + 1 } else { 0 };
            cells.push((shares, lag));
        }
        looks.busy = busy;
        step(&cells, &looks.behind, self.shared.slow)
    }

    /// Moves a flow to a cell. True if it runs there. One that was taken out and is taken by no cell is suspended.
    pub(super) async fn moved(&self, flow: FlowId, to: usize) -> bool {
        let Some((cell, installed)) = self.running(flow) else { return false };
        let Some(counters) = cell.counters(flow) else { return false };
        // what a failed node remembers is gone: the flow is about to be installed again
        if counters.nodes.iter().any(|node| node.state() == NodeState::Failed) {
            return false;
        }
        let saved = match cell.take_out(flow).await {
            Ok(Some(saved)) => saved,
            Ok(None) => return false,
            Err(error) => {
                warn!(%flow, to, %error, "flow could not be taken out of its cell");
                return false;
            }
        };
        let version = Version { flow, installed };
        let moving = self.put_elsewhere(&version, saved, counters, [to, cell.index()], cell);
        match tokio::time::timeout(Duration::from_secs(limit::MOVE_S), moving).await {
            Ok(Ok(place)) => place == to,
            failed => {
                error!(%flow, to, ?failed, "flow was taken by no cell, it is suspended");
                let reason = "it could not be moved to another processor, where it was to run apart from other flows: deploy it again";
                self.suspend(flow, "could not be moved", reason).await;
                false
            }
        }
    }

    /// Puts a flow that was taken out on the first of the places that takes it; which.
    async fn put_elsewhere(
        &self,
        version: &Version,
        mut saved: Saved,
        mut counters: Arc<FlowCounters>,
        places: [usize; 2],
        from: &Arc<Cell>,
    ) -> Result<usize, Error> {
        let flow = version.flow;
        for place in places {
            for _ in 0..limit::CUT_OVER_TRIES {
                let begin = Begin::Moved(Box::new(saved.clone()), counters.clone());
                match self.put_at(version.clone(), begin, Some(place)).await {
                    Ok(Outcome::Installed(_)) => return Ok(place),
                    Ok(Outcome::Behind(_)) => {
                        (saved, counters) = self.carry_on(version, &saved, &counters, from).await?;
                    }
                    Ok(Outcome::Removed) => return Err(Error::Stopped),
                    Ok(Outcome::BadState | Outcome::Ahead(_)) => break,
                    Err(error) => {
                        warn!(%flow, place, %error, "cell did not take a flow that moves");
                        break;
                    }
                }
            }
        }
        Err(Error::WarmUp)
    }

    /// Runs a flow that is on no cell up to the end of the log, and puts out what it makes.
    async fn carry_on(
        &self,
        version: &Version,
        saved: &Saved,
        counters: &Arc<FlowCounters>,
        cell: &Arc<Cell>,
    ) -> Result<(Saved, Arc<FlowCounters>), Error> {
        let log = &self.shared.log;
        let plan = version.installed.plan.clone();
        let mut replay = Replay::new(
            version.flow,
            version.installed.version,
            plan,
            limit::KEYS_PER_NODE,
            limit::CHUNK_ROWS,
        );
        let (given, watched) = (saved.clone(), counters.clone());
        let loaded;
        (replay, loaded) = warm::run_with(replay, log, move |replay, info_of| {
            for node in &replay.counters().nodes {
                let watch = watched.node(&node.id).map_or(0, |old| old.watch.load(Relaxed));
                node.watch.store(watch, Relaxed);
            }
            replay.load(&given, info_of)
        })
        .await?;
        loaded.map_err(|_| Error::WarmUp)?;
        let mut tail = log.tail(saved.next);
        while let Some(commit) = tail.next_now().await? {
            let emitted;
            (replay, emitted) = warm::run_with(replay, log, move |replay, info_of| {
                let mut emitted = Vec::new();
                replay.feed(&History::of_commit(&commit), info_of, &mut |emission| emitted.push(emission));
                emitted
            })
            .await?;
            for emission in emitted {
                cell.give(emission).await;
            }
        }
        Ok((replay.save(), replay.counters().clone()))
    }
}

/// What follows from the shares and lags of the cells, the slow one among them.
fn step(cells: &[(Shares, u64)], behind: &[u32], slow: usize) -> Option<Step> {
    let (lagging, lag) = &cells[slow];
    if *lag > limit::SLOW_LAG && behind[slow] > limit::BEHIND_LOOKS {
        let (flow, share) = *lagging.first()?;
        return Some(Step::Suspend { flow, share });
    }
    let normal = || (0..cells.len()).filter(|at| *at != slow);
    for from in normal().filter(|at| behind[*at] >= limit::BEHIND_LOOKS) {
        let (shares, _) = &cells[from];
        if let [(flow, share), _, ..] = shares[..]
            && share >= limit::FLOW_SHARE
        {
            return Some(Step::Slow { flow, from, share });
        }
    }
    let load = |at: usize| cells[at].0.iter().map(|(_, share)| share).sum::<f64>();
    let busiest = normal().max_by(|a, b| load(*a).total_cmp(&load(*b)))?;
    let idlest = normal().min_by(|a, b| load(*a).total_cmp(&load(*b)))?;
    let gap = load(busiest) - load(idlest);
    if gap < limit::BALANCE_GAP {
        return None;
    }
    // the one that brings them closest together
    let off = |share: f64| (share - gap / 2.0).abs();
    let fitting = cells[busiest].0.iter().filter(|(_, share)| *share < gap && *share > 0.0);
    let (flow, share) = *fitting.min_by(|a, b| off(a.1).total_cmp(&off(b.1)))?;
    Some(Step::Move { flow, from: busiest, to: idlest, share })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn flow(n: u128) -> FlowId {
        FlowId::from_uuid(Uuid::from_u128(n))
    }

    fn shares(of: &[(u128, f64)]) -> Shares {
        of.iter().map(|(n, share)| (flow(*n), *share)).collect()
    }

    #[test]
    fn loads_are_evened_out_by_the_flow_that_fits_best() {
        let cells = [(shares(&[(1, 0.5), (2, 0.3), (3, 0.1)]), 0), (shares(&[]), 0), (shares(&[]), 0)];
        let found = step(&cells, &[0; 3], 2);
        assert_eq!(found, Some(Step::Move { flow: flow(1), from: 0, to: 1, share: 0.5 }));
        // one flow that takes everything is as well where it is
        assert_eq!(step(&[(shares(&[(1, 0.9)]), 0), (shares(&[]), 0), (shares(&[]), 0)], &[0; 3], 2), None);
        let even = [(shares(&[(1, 0.3)]), 0), (shares(&[(2, 0.25)]), 0), (shares(&[]), 0)];
        assert_eq!(step(&even, &[0; 3], 2), None);
    }

    #[test]
    fn who_keeps_others_waiting_is_slowed_and_who_cannot_keep_up_even_so_is_suspended() {
        let busy = [(shares(&[(1, 0.9), (2, 0.1)]), 1_000_000), (shares(&[]), 0)];
        assert_eq!(
            step(&busy, &[limit::BEHIND_LOOKS, 0], 1),
            Some(Step::Slow { flow: flow(1), from: 0, share: 0.9 })
        );
        assert_eq!(step(&busy, &[0, 0], 1), None, "not at once");
        let alone = [(shares(&[(1, 1.0)]), 1_000_000), (shares(&[]), 0)];
        assert_eq!(step(&alone, &[9, 0], 1), None, "it keeps nobody waiting");
        let slow = [(shares(&[]), 0), (shares(&[(1, 1.0), (2, 0.0)]), limit::SLOW_LAG + 1)];
        let found = step(&slow, &[0, limit::BEHIND_LOOKS + 1], 1);
        assert_eq!(found, Some(Step::Suspend { flow: flow(1), share: 1.0 }));
    }
}
