//! A new thread in the place of a condemned one.

use std::sync::atomic::Ordering::Relaxed;

use edgesync_engine::cell::command::{Begin, Outcome};
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::time::Timestamp;
use tracing::{error, info};

use super::install::Refused;
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
            begins.push(match saved.filter(|saved| saved.next <= done) {
                Some(saved) => {
                    from = from.min(saved.next);
                    (flow, Begin::Saved(Box::new(saved), done, clock))
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
        for (flow, mut begin) in begins {
            loop {
                match self.carry_over(flow, begin) {
                    Ok(()) => break,
                    Err(refused) => {
                        let (error, again) = *refused;
                        if !matches!(error, edgesync_engine::Error::Busy) {
                            break error!(%flow, %error, "flow cannot be installed on the new cell");
                        }
                        begin = again;
                        tokio::time::sleep(BUSY).await;
                    }
                }
            }
        }
        info!(cell = self.index, flows, %from, "cell replaced");
        from
    }

    /// Installs a flow of the condemned cell on the new one, unless it was removed meanwhile.
    fn carry_over(&self, flow: FlowId, begin: Begin) -> Result<(), Refused> {
        let mut running = self.running();
        let Running { handle, flows } = &mut *running;
        let Some((installed, counters)) = flows.get_mut(&flow) else { return Ok(()) };
        let told = move |outcome| {
            if !matches!(outcome, Outcome::Installed(_)) {
                error!(%flow, ?outcome, "flow does not run on the new cell");
            }
        };
        *counters = handle.install_as(flow, installed.version, installed.plan.clone(), begin, told)?;
        self.dispatch.attach(counters, installed);
        self.dispatch.reinstalled(counters.clone());
        Ok(())
    }
}
