//! A new thread in the place of a condemned one.

use std::sync::atomic::Ordering::Relaxed;

use edgesync_engine::cell::command::{Begin, Claim, Outcome, Told};
use edgesync_engine::handle::CellHandle;
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant, timeout, timeout_at};
use tracing::{error, info};

use super::stand::note_ahead;
use super::{BUSY, Cell, RETRY, Running, spawn};
use crate::flow::states::{self, PutOut};

/// A cell is to begin again at an earlier reading.
pub(super) struct Rewind {
    pub to: Offset,
    claim: Claim,
    told: oneshot::Sender<()>,
    /// Ends when it may be fed.
    fed: oneshot::Receiver<()>,
}

/// A cell has begun again and is not fed before this is dropped: flows are put on it in no time.
pub(crate) struct Rewound {
    _feeds: oneshot::Sender<()>,
}

/// A cell that begins again is fed after this at the latest.
const FED: Duration = Duration::from_secs(limit::MOVE_S);

/// The next rewinding that nobody has given up. Cancel safe.
pub(super) async fn wanted(rewinds: &mut mpsc::Receiver<Rewind>) -> Option<Rewind> {
    loop {
        let rewind = rewinds.recv().await?;
        if rewind.claim.take() {
            return Some(rewind);
        }
    }
}

impl Cell {
    /// Begins again at an earlier reading, which the log must have: for a flow that comes from a cell that is behind. `None` if a flow runs here, or the cell
    /// does not come to it by `until`.
    pub(crate) async fn rewind(&self, to: Offset, until: Instant) -> Option<Rewound> {
        if !self.running().flows.is_empty() {
            return None;
        }
        let ((tell, mut told), (feeds, fed)) = (oneshot::channel(), oneshot::channel());
        let claim = Claim::default();
        let rewind = Rewind { to, claim: claim.clone(), told: tell, fed };
        timeout_at(until, self.rewinds.send(rewind)).await.ok()?.ok()?;
        let begun = match timeout_at(until, &mut told).await {
            Ok(begun) => begun,
            Err(_) if claim.take() => return None,
            // it is at it
            Err(_) => told.await,
        };
        begun.ok().map(|()| Rewound { _feeds: feeds })
    }

    /// Puts a thread that begins there in the place of one on which nothing runs.
    pub(super) async fn begin_again(&self, rewind: Rewind) {
        let old = self.running().handle.clone();
        let _ = tokio::task::spawn_blocking(move || old.shutdown(RETRY)).await;
        let handle = self.spawned(rewind.to).await;
        {
            let mut running = self.running();
            running.handle = handle;
            self.begins.store(rewind.to.0, Relaxed);
        }
        info!(cell = self.index, to = %rewind.to, "cell begins again at an earlier reading");
        let _ = rewind.told.send(());
        let _ = timeout(FED, rewind.fed).await;
    }

    /// A thread that begins there, however long it takes to get one.
    async fn spawned(&self, from: Offset) -> CellHandle {
        loop {
            match spawn(self.index, &self.log, from, &self.options, &self.outlet, &self.room) {
                Ok(handle) => return handle,
                Err(error) => error!(cell = self.index, %error, "cell cannot be replaced, trying again"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Puts a new thread in the place of a condemned one, with the same flows as they were saved last. Readings before `done` were done, and what
    /// they and time up to `clock` caused was put out. Answers where feeding goes on.
    pub(super) async fn replace(&self, done: Offset, clock: Timestamp) -> Offset {
        let needed = self.needed();
        // no flow was saved before `needed`, or it got nothing in between
        let remembers = self.running().flows.values().any(|(installed, _)| installed.remembers);
        let from = if remembers { done.min(needed) } else { done };
        let handle = self.spawned(from).await;
        self.replaced.fetch_add(1, Relaxed);
        let flows: Vec<(FlowId, bool, PutOut)> = {
            let mut running = self.running();
            let Running { handle: current, flows, ahead, .. } = &mut *running;
            *current = handle;
            self.begins.store(from.0, Relaxed);
            let mut put_out = |flow| note_ahead(ahead, flow, PutOut { next: done, clock });
            flows.iter().map(|(flow, (installed, _))| (*flow, installed.remembers, put_out(*flow))).collect()
        };
        let count = flows.len();
        // one after the other: what all of them remember is more than there may be room for
        for (flow, remembers, put_out) in flows {
            if remembers && let Some(saved) = states::load(&self.log, flow, needed).await {
                let next = put_out.next.max(saved.next);
                let begin = Begin::Saved(Box::new(saved), next, put_out.clock);
                match self.carry_over(flow, begin).await {
                    // what was saved is of another version, or of one whose node had failed: it goes on with nothing
                    Some(Outcome::BadState | Outcome::Behind(_)) => {}
                    _ => continue,
                }
            }
            if let outcome @ Some(Outcome::BadState | Outcome::Behind(_)) =
                self.carry_over(flow, Begin::At(put_out.next)).await
            {
                error!(%flow, ?outcome, "flow does not run on the new cell");
            }
        }
        info!(cell = self.index, flows = count, %from, "cell replaced");
        from
    }

    /// Installs a flow of the condemned cell on the new one, unless it was removed meanwhile. What became of it; `None` if the new cell did not take
    /// it, or ended.
    async fn carry_over(&self, flow: FlowId, mut begin: Begin) -> Option<Outcome> {
        loop {
            let (tell, told) = oneshot::channel();
            let refused = {
                let mut running = self.running();
                let Running { handle, flows, .. } = &mut *running;
                let (installed, counters) = flows.get_mut(&flow)?;
                let reply = move |told: Told| {
                    let _ = tell.send(told.outcome);
                };
                let (plan, account) = (installed.plan.clone(), &installed.account);
                match handle.install_as(flow, installed.version, plan, account, begin, reply) {
                    Ok(new) => {
                        *counters = new;
                        self.dispatch.attach(counters, installed);
                        self.dispatch.reinstalled(counters.clone());
                        None
                    }
                    Err(refused) => Some(*refused),
                }
            };
            match refused {
                None => return told.await.ok(),
                Some((edgesync_engine::Error::Busy, again)) => begin = again,
                Some((error, _)) => {
                    error!(%flow, %error, "flow cannot be installed on the new cell");
                    return None;
                }
            }
            tokio::time::sleep(BUSY).await;
        }
    }
}
