//! A new thread in the place of a condemned one.

use std::sync::atomic::Ordering::Relaxed;

use edgesync_engine::cell::command::{Begin, Outcome, Told};
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::time::Timestamp;
use tokio::sync::oneshot;
use tracing::{error, info};

use super::{BUSY, Cell, RETRY, Running, spawn};
use crate::flow::states;

impl Cell {
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
        let handle = loop {
            match spawn(self.index, &self.log, from, &self.options, &self.outlet, &self.room) {
                Ok(handle) => break handle,
                Err(error) => error!(cell = self.index, %error, "cell cannot be replaced, trying again"),
            }
            tokio::time::sleep(RETRY).await;
        };
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
