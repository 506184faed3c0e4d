//! A new thread in the place of a condemned one.

use std::sync::atomic::Ordering::Relaxed;

use edgesync_engine::cell::command::{Begin, Outcome, Told};
use edgesync_engine::handle::CellHandle;
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::time::Timestamp;
use tokio::sync::oneshot;
use tracing::{error, info};

use super::{BUSY, Cell, RETRY, Running, spawn};
use crate::flow::states;

/// A cell is to begin again at an earlier reading.
pub(super) struct Rewind {
    pub to: Offset,
    told: oneshot::Sender<()>,
}

impl Cell {
    /// Begins again at an earlier reading, which the log must have: for a flow that comes from a cell that is behind. False if a flow runs here.
    pub(crate) async fn rewind(&self, to: Offset) -> bool {
        if !self.running().flows.is_empty() {
            return false;
        }
        let (tell, told) = oneshot::channel();
        self.rewinds.send(Rewind { to, told: tell }).await.is_ok() && told.await.is_ok()
    }

    /// Puts a thread that begins there in the place of one on which nothing runs.
    pub(super) async fn begin_again(&self, rewind: Rewind) {
        let old = self.running().handle.clone();
        let _ = tokio::task::spawn_blocking(move || old.shutdown(RETRY)).await;
        let handle = self.spawned(rewind.to).await;
        self.running().handle = handle;
        self.begins.store(rewind.to.0, Relaxed);
        info!(cell = self.index, to = %rewind.to, "cell begins again at an earlier reading");
        let _ = rewind.told.send(());
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

    /// Puts a new thread in the place of a condemned one, with the same flows as they were saved last. `done` readings were done before, and
    /// what they caused was put out. Answers where feeding goes on.
    pub(super) async fn replace(&self, done: Offset, clock: Timestamp) -> Offset {
        let flows: Vec<(FlowId, bool)> = {
            let running = self.running();
            running.flows.iter().map(|(flow, (installed, _))| (*flow, installed.remembers)).collect()
        };
        let (mut begins, mut from) = (Vec::with_capacity(flows.len()), done);
        let needed = Offset(self.needed.load(Relaxed));
        for (flow, remembers) in flows {
            let saved = if remembers { states::load(&self.log, flow, needed).await } else { None };
            begins.push(match saved {
                Some(saved) => {
                    from = from.min(saved.next);
                    let put_out = done.max(saved.next);
                    (flow, Begin::Saved(Box::new(saved), put_out, clock))
                }
                None => (flow, Begin::At(done)),
            });
        }
        let handle = self.spawned(from).await;
        self.replaced.fetch_add(1, Relaxed);
        self.running().handle = handle;
        let flows = begins.len();
        for (flow, begin) in begins {
            match self.carry_over(flow, begin).await {
                // what was saved is of another version, or of one whose node had failed: it goes on with nothing
                Some(Outcome::BadState | Outcome::Behind(_)) => {
                    if let outcome @ Some(Outcome::BadState | Outcome::Behind(_)) =
                        self.carry_over(flow, Begin::At(done)).await
                    {
                        error!(%flow, ?outcome, "flow does not run on the new cell");
                    }
                }
                _ => continue,
            }
        }
        info!(cell = self.index, flows, %from, "cell replaced");
        from
    }

    /// Installs a flow of the condemned cell on the new one, unless it was removed meanwhile. What became of it; `None` if the new cell did not take
    /// it, or ended.
    async fn carry_over(&self, flow: FlowId, mut begin: Begin) -> Option<Outcome> {
        loop {
            let (tell, told) = oneshot::channel();
            let refused = {
                let mut running = self.running();
                let Running { handle, flows } = &mut *running;
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
