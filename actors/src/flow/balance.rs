//! Which cell a flow runs on: moved when cells are unequally loaded, slowed when it takes too much, suspended when it cannot keep up even so.
//!
//! Every [`limit::BALANCE_S`] the time that each flow took of its cell is looked at. Of a cell that is behind, a flow that takes more than
//! [`limit::FLOW_SHARE`], and the heaviest flows of a tenant whose flows take more than its share together, go to the slow cell, which pulls from the log on
//! its own: it lags, and nobody else does. What makes the slow cell fall further behind than [`limit::SLOW_LAG_S`] is stopped, with a reason that its
//! owner can read. What a cell waits for room to store a flow's rows counts as the flow's time. While rows cannot be stored at all, or the log waits for its
//! database, cells are behind by nobody's fault: nothing is done then, and what they are behind with afterwards they may catch up with first. A move happens between two readings; nothing is lost or put out twice.

mod moving;
mod rewind;
mod step;

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::limit;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::{error, info, warn};

use self::step::{CellLoad, Load, Step, Why, steps};
use super::tenants::Shares;
use super::{BUSY, Error, FlowsHandle, manager};

/// How soon flows are moved, slowed and suspended.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two looks. Default: [`limit::BALANCE_S`].
    pub look: Duration,
    /// How far a cell must be behind for flows of it to be slowed. Default: [`limit::BEHIND_S`].
    pub behind: Duration,
    /// How far the cell of slowed flows may be behind. Default: [`limit::SLOW_LAG_S`].
    pub slow_lag: Duration,
    /// How long a flow may take from one cell to another. Default: [`limit::MOVE_S`].
    pub moves: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(limit::BALANCE_S),
            behind: Duration::from_secs(limit::BEHIND_S),
            slow_lag: Duration::from_secs(limit::SLOW_LAG_S),
            moves: Duration::from_secs(limit::MOVE_S),
        }
    }
}

/// How often flows were moved, slowed and suspended.
#[derive(Debug, Default)]
pub struct Counters {
    /// To a cell that had more time.
    pub moved: AtomicU64,
    /// Because of what the flow took.
    pub slowed: AtomicU64,
    /// Because of what the flows of its tenant took.
    pub slowed_of_tenant: AtomicU64,
    /// Because it could not keep up, even apart from others.
    pub suspended: AtomicU64,
    /// Because it could not be moved.
    pub lost_its_place: AtomicU64,
    /// For tests: so many times a flow that comes back to its cell is not taken there.
    #[cfg(test)]
    pub(super) refuses: std::sync::atomic::AtomicU32,
    /// When a new version brought a slowed flow back among the others, lately.
    unslowed: Mutex<HashMap<FlowId, Instant>>,
}

/// What is remembered from one look to the next.
#[derive(Debug, Default)]
struct Looks {
    /// Nanoseconds that each flow had taken.
    busy: HashMap<FlowId, u64>,
    at: Option<Instant>,
    /// Where the log ended, and when.
    ends: VecDeque<(Instant, Offset)>,
    cells: Vec<Seen>,
    /// How often a flow could not be slowed: even by itself it did not come to the end of the log.
    tries: HashMap<FlowId, u32>,
}

/// What was seen of a cell.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    lag: u64,
    replaced: u64,
    /// From here on it is not catching up with what was there when it began.
    begun_to: Offset,
    /// Looks in a row at which it was behind.
    behind: u32,
}

/// Looks that are remembered: more than an hour of them.
const LOOKS: usize = 1_024;
/// A cell whose lag has become smaller by a tenth from one look to the next is catching up.
const CATCHES_UP: f64 = 0.9;
const STOP_TRIES: u32 = 100;

impl Looks {
    /// For how long a cell has been behind that has done everything before `frontier`: since the log ended there, as far as that is known.
    fn behind(&self, frontier: Offset, now: Instant) -> Duration {
        if self.ends.back().is_none_or(|(_, end)| *end <= frontier) {
            return Duration::ZERO;
        }
        let since = self.ends.iter().rev().find(|(_, end)| *end <= frontier).or(self.ends.front());
        since.map_or(Duration::ZERO, |(at, _)| now.saturating_duration_since(*at))
    }

    fn remember(&mut self, now: Instant, end: Offset) {
        if self.ends.len() >= LOOKS {
            self.ends.pop_front();
        }
        self.ends.push_back((now, end));
    }
}

impl Seen {
    /// Looks at a cell again. Whether it is behind: so far, and not getting nearer; what it was behind with when it began does not count, unless that
    /// becomes more.
    fn look(&mut self, frontier: Offset, lag: u64, replaced: u64, behind: Duration, least: Duration) {
        if replaced != self.replaced {
            (self.replaced, self.begun_to) = (replaced, frontier.plus(lag));
        }
        let before = std::mem::replace(&mut self.lag, lag);
        let stays = frontier >= self.begun_to && lag as f64 > before as f64 * CATCHES_UP;
        self.behind = if behind >= least && (stays || lag > before) { self.behind + 1 } else { 0 };
    }
}

#[cfg(test)]
impl Counters {
    /// Whether the next of those is not taken.
    fn refuses(&self) -> bool {
        self.refuses.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

impl FlowsHandle {
    /// Looks at the cells again and again, until flows are shut down. What it is at then it brings to an end.
    pub(super) async fn balance(self) {
        let mut tick = tokio::time::interval(self.shared.options.pace.look);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut looks, mut stopped) = (Looks::default(), self.shared.stopped.subscribe());
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
            for step in self.look(&mut looks) {
                if self.is_stopped() {
                    return;
                }
                self.take(step, &mut looks).await;
            }
        }
    }

    fn is_stopped(&self) -> bool {
        *self.shared.stopped.borrow()
    }

    async fn take(&self, step: Step, looks: &mut Looks) {
        let counters = &self.shared.balanced;
        // whoever deploys or stops a flow has the first turn
        let Some(_turn) = self.shared.turns.try_turn(step.flow()) else { return };
        match step {
            Step::Move { flow, from, to, share } => {
                info!(%flow, from, to, share, "flow moves to a cell that has more time");
                if self.moved(flow, to).await {
                    counters.moved.fetch_add(1, Relaxed);
                }
            }
            Step::Slow { flow, from, share, why } => {
                warn!(%flow, from, share, ?why, "flow takes too much, it is slowed");
                // the others have some time to show what that changes
                looks.cells[from].behind = 0;
                if self.moved(flow, self.shared.slow).await {
                    looks.tries.remove(&flow);
                    let (counter, who) = match why {
                        Why::Flow => (&counters.slowed, "it"),
                        Why::Tenant => (&counters.slowed_of_tenant, "flows of its organization together"),
                    };
                    counter.fetch_add(1, Relaxed);
                    let percent = share * 100.0;
                    let reason = format!(
                        "{who} took {percent:.0} % of a processor while others waited: it runs apart from them, and its results may come late"
                    );
                    let _ = self.shared.manager.cast(manager::Message::Slowed(flow, reason));
                    return;
                }
                let tries = looks.tries.entry(flow).or_default();
                *tries += 1;
                if *tries >= limit::SLOW_TRIES {
                    looks.tries.remove(&flow);
                    self.gives_up(flow, share).await;
                }
            }
            Step::Suspend { flow, share } => self.gives_up(flow, share).await,
        }
    }

    async fn gives_up(&self, flow: FlowId, share: f64) {
        warn!(%flow, share, "flow cannot keep up, it is suspended");
        let reason = "it could not keep up with its readings, even apart from other flows: make it simpler, or let it read less, and deploy it again";
        let Some((_, installed)) = self.running(flow) else { return };
        if self.suspend(flow, installed.version, "could not keep up", reason).await {
            self.shared.balanced.suspended.fetch_add(1, Relaxed);
        }
    }

    /// Stops a flow that runs as this version, whose turn the caller has, with a reason that its owner can read. False if somebody has written down
    /// meanwhile that another version is to run, or nothing can be written down: it runs on then.
    pub(super) async fn suspend(&self, flow: FlowId, version: u32, why: &'static str, reason: &str) -> bool {
        match self.shared.catalog.set_flow_suspended(flow, version, why, reason).await {
            Ok(true) => {}
            Ok(false) => return false,
            Err(error) => {
                error!(%flow, %error, "that a flow is suspended cannot be written down");
                return false;
            }
        }
        self.end(flow).await;
        true
    }

    /// Stops a flow, also one that is on no cell.
    async fn end(&self, flow: FlowId) {
        for _ in 0..STOP_TRIES {
            match self.stop(flow).await {
                Err(Error::Busy | Error::Engine(edgesync_engine::Error::Busy)) => {
                    tokio::time::sleep(BUSY).await
                }
                Ok(_) => break,
                Err(error) => {
                    error!(%flow, %error, "flow cannot be stopped");
                    break;
                }
            }
        }
        self.shared.cells.iter().for_each(|cell| cell.purge(flow));
        let _ = self.shared.states.forget(flow).await;
    }

    /// What each flow took since the last look, and what follows from that.
    fn look(&self, looks: &mut Looks) -> Vec<Step> {
        let (now, pace, slow) = (Instant::now(), self.shared.options.pace, self.shared.slow);
        let passed = looks.at.replace(now).map(|before| now.saturating_duration_since(before).as_secs_f64());
        let end = self.shared.log.end();
        looks.remember(now, end);
        let is_away = self.shared.stored.is_away() || self.shared.log.stats().store.away_s.is_some();
        if looks.cells.is_empty() {
            looks.cells = vec![Seen { begun_to: end, ..Seen::default() }; self.shared.cells.len()];
        }
        let (mut busy, mut shares) = (HashMap::new(), Shares::default());
        let mut cells = Vec::with_capacity(self.shared.cells.len());
        for (at, cell) in self.shared.cells.iter().enumerate() {
            let mut flows = Vec::new();
            for (flow, tenant, ns) in cell.busy() {
                let before = looks.busy.get(&flow).copied().unwrap_or(ns);
                busy.insert(flow, ns);
                let Some(passed) = passed else { continue };
                // what it did before the look may be counted after it
                let share = (ns.saturating_sub(before) as f64 / 1e9 / passed.max(1e-3)).min(1.0);
                flows.push(Load { flow, tenant, share });
                shares.flows.insert(flow, share);
                *shares.tenants.entry(tenant).or_default() += share;
            }
            flows.sort_by(|a, b| b.share.total_cmp(&a.share));
            let status = cell.status();
            let behind = looks.behind(status.frontier, now);
            looks.cells[at].look(status.frontier, status.lag, status.replaced, behind, pace.behind);
            if is_away {
                (looks.cells[at].begun_to, looks.cells[at].behind) = (end, 0);
            }
            cells.push(CellLoad { flows, behind, looks: looks.cells[at].behind });
        }
        looks.busy = busy;
        self.shared.tenants.saw(shares);
        if passed.is_none() || is_away {
            return Vec::new();
        }
        steps(&cells, slow, self.shared.tenants.limits.share, pace.slow_lag)
    }

    /// How often flows were moved, slowed and suspended.
    pub fn balanced(&self) -> &Counters {
        &self.shared.balanced
    }
}

#[cfg(test)]
mod moves_tests;
#[cfg(test)]
mod tests;
