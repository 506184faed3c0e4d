//! What runs on a cell: installing flows, saving what they remember, removing them.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use edgesync_engine::cell::command::{Begin, Claim, Told};
use edgesync_engine::metrics::{FlowCounters, NodeState};
use edgesync_engine::{Emission, Saved, SavedFlow};
use edgesync_schemas::id::FlowId;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::stand::note_ahead;
use super::{BUSY, Cell, Installed};
use crate::flow::states::PutOut;

/// What counts for a flow that the engine was asked to install, and what tells what became of that.
pub type Asked = (Arc<FlowCounters>, oneshot::Receiver<Told>);

/// Why the engine did not take a flow, and how it was to begin.
pub type Refused = Box<(edgesync_engine::Error, Begin)>;

impl Cell {
    /// Asks the engine to install a flow, or to replace the installed one, between two commits. What becomes of it is told later; once it runs,
    /// [`Self::runs`] must be told. What ran before runs on until then, and also if `claim` is taken before.
    ///
    /// # Errors
    /// As the engine says, with how it was to begin; the flow that was installed before is untouched then.
    pub fn install(
        &self,
        flow: FlowId,
        installed: &Installed,
        begin: Begin,
        claim: &Claim,
    ) -> Result<Asked, Refused> {
        let (tell, told) = oneshot::channel();
        let reply = move |outcome| {
            let _ = tell.send(outcome); // nobody waits for it any more
        };
        let handle = self.running().handle.unless(claim);
        let (plan, account) = (installed.plan.clone(), &installed.account);
        let counters = handle.install_as(flow, installed.version, plan, account, begin, reply)?;
        Ok((counters, told))
    }

    /// What was installed runs; how far its results were put out, if that is known.
    pub(crate) fn runs(
        &self,
        flow: FlowId,
        installed: Installed,
        counters: Arc<FlowCounters>,
        put_out: Option<PutOut>,
    ) {
        let mut running = self.running();
        self.dispatch.attach(&counters, &installed);
        if let Some(put_out) = put_out {
            note_ahead(&mut running.ahead, flow, put_out);
        }
        running.slowed.remove(&flow);
        running.flows.insert(flow, (installed, counters));
    }

    /// The flow has another version that does the same.
    pub fn relabel(&self, flow: FlowId, installed: Installed) {
        let mut running = self.running();
        let Some((current, counters)) = running.flows.get_mut(&flow) else { return };
        self.dispatch.attach(counters, &installed);
        *current = installed;
    }

    /// What is installed of a flow.
    pub fn installed(&self, flow: FlowId) -> Option<Installed> {
        self.running().flows.get(&flow).map(|(installed, _)| installed.clone())
    }

    /// What a flow remembers now; `None` if it does not run here.
    ///
    /// # Errors
    /// As the engine says, and [`edgesync_engine::Error::Condemned`] if the cell ended meanwhile.
    pub async fn save(&self, flow: FlowId) -> Result<Option<Saved>, edgesync_engine::Error> {
        let (tell, told) = oneshot::channel();
        let handle = self.running().handle.clone();
        handle.save(flow, move |saved| {
            let _ = tell.send(saved);
        })?;
        told.await.map_err(|_| edgesync_engine::Error::Condemned)
    }

    /// What some flows remember, all at one place, until it is more than `bytes_most` bytes; those that do not run here are left out.
    ///
    /// # Errors
    /// As [`Self::save`].
    pub async fn save_all(
        &self,
        flows: Vec<FlowId>,
        bytes_most: usize,
    ) -> Result<Vec<SavedFlow>, edgesync_engine::Error> {
        let (tell, told) = oneshot::channel();
        // a cell that stands still must not find a heap of these when it goes on
        while Arc::strong_count(&self.saving) > 1 {
            tokio::time::sleep(BUSY).await;
        }
        let (handle, saving) = (self.running().handle.clone(), self.saving.clone());
        handle.save_all(flows, bytes_most, move |saved| {
            drop(saving);
            let _ = tell.send(saved);
        })?;
        told.await.map_err(|_| edgesync_engine::Error::Condemned)
    }

    /// What a flow remembers now; it runs no more from there on, and whoever asked puts it elsewhere. `None` if it does not run here.
    ///
    /// # Errors
    /// As [`Self::save`]; [`edgesync_engine::Error::Busy`] also if the cell has not come to it by `until`. The flow runs on then.
    pub async fn take_out(
        &self,
        flow: FlowId,
        until: Instant,
    ) -> Result<Option<Saved>, edgesync_engine::Error> {
        let left = self.dispatch.leaves(flow);
        let saved = self.taken_out(flow, until).await;
        let Ok(Some(saved)) = saved else {
            self.dispatch.stays(flow);
            return saved;
        };
        {
            // a cell that takes the place of this one must not run it, nor one that has done so just now
            let mut running = self.running();
            running.forget(flow);
            let _ = running.handle.remove(flow);
        }
        // what it made here is given on before what it makes elsewhere
        let _ = timeout_at(until, left).await;
        Ok(Some(saved))
    }

    async fn taken_out(&self, flow: FlowId, until: Instant) -> Result<Option<Saved>, edgesync_engine::Error> {
        let (tell, mut told) = oneshot::channel();
        let claim = Claim::default();
        let handle = self.running().handle.unless(&claim);
        handle.take_out(flow, move |saved| {
            let _ = tell.send(saved);
        })?;
        let saved = match timeout_at(until, &mut told).await {
            Ok(saved) => saved,
            Err(_) if claim.take() => return Err(edgesync_engine::Error::Busy),
            // it is just being done
            Err(_) => told.await,
        };
        saved.map_err(|_| edgesync_engine::Error::Condemned)
    }

    /// Ends whatever its thread runs, or is asked to run, of a flow.
    pub fn purge(&self, flow: FlowId) {
        let handle = self.running().handle.clone();
        if let Err(error) = handle.remove(flow) {
            tracing::error!(cell = self.index, %flow, %error, "flow cannot be removed");
        }
    }

    /// Its flows, whose they are, and nanoseconds that each took of it, or kept it waiting for room to store what it made.
    pub fn busy(&self) -> Vec<(FlowId, Uuid, u64)> {
        let running = self.running();
        let flows = running.flows.iter().map(|(flow, (of, counters))| {
            let ns = counters.busy_ns.load(Relaxed) + self.dispatch.waited_ns(*flow);
            (*flow, of.tenant, ns)
        });
        flows.collect()
    }

    /// How many flows of a tenant it has, and of how many of them a node has panicked.
    pub fn of_tenant(&self, tenant: Uuid) -> (u64, u64) {
        let running = self.running();
        let flows = running.flows.values().filter(|(of, _)| of.tenant == tenant);
        flows.fold((0, 0), |(all, failed), (_, counters)| {
            let has_failed = counters.nodes.iter().any(|node| node.state() == NodeState::Failed);
            (all + 1, failed + u64::from(has_failed))
        })
    }

    /// Its place among the cells.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Gives on what a flow made that is on its way here or from here.
    pub async fn give(&self, emission: Emission) {
        self.dispatch.give(emission).await;
    }

    /// Waits until everything that it had made of readings before [`Self::reached`] was given on, and is durable where it is to be; that must have been read
    /// before. What other cells made is waited for only as far as it is in front of that. False if that took longer than `within`.
    pub async fn delivered(&self, within: Duration) -> bool {
        let delivered = async {
            let (tell, told) = oneshot::channel();
            self.asks.send(tell).await.ok()?;
            self.dispatch.written(told.await.ok()?).await;
            Some(())
        };
        tokio::time::timeout(within, delivered).await.is_ok_and(|done| done.is_some())
    }

    /// Says what counts for a flow that is on its way.
    pub fn counts(&self, installed: &Installed, counters: &Arc<FlowCounters>) {
        self.dispatch.attach(counters, installed);
    }

    /// Installs what is installed again: nodes that had failed begin with nothing. `None` if `counters` are not those of what runs: it was replaced or removed
    /// meanwhile, and stays as it is.
    ///
    /// # Errors
    /// As [`Self::install`].
    pub fn install_again(
        &self,
        flow: FlowId,
        counters: &Arc<FlowCounters>,
    ) -> Result<Option<Arc<FlowCounters>>, edgesync_engine::Error> {
        let mut running = self.running();
        let current = running.flows.get(&flow).filter(|(_, current)| Arc::ptr_eq(current, counters));
        let Some(installed) = current.map(|(installed, _)| installed.clone()) else { return Ok(None) };
        let (version, plan, account) = (installed.version, installed.plan.clone(), &installed.account);
        let counters = running.handle.install_as(flow, version, plan, account, Begin::Empty, drop);
        let counters = counters.map_err(|refused| refused.0)?;
        self.dispatch.attach(&counters, &installed);
        running.flows.insert(flow, (installed, counters.clone()));
        Ok(Some(counters))
    }

    /// What counts for an installed flow now.
    pub fn counters(&self, flow: FlowId) -> Option<Arc<FlowCounters>> {
        self.running().flows.get(&flow).map(|(_, counters)| counters.clone())
    }

    /// Removes a flow. Its state is gone.
    ///
    /// # Errors
    /// [`edgesync_engine::Error::Busy`]; the flow runs on then.
    pub fn remove(&self, flow: FlowId) -> Result<(), edgesync_engine::Error> {
        let mut running = self.running();
        if !running.flows.contains_key(&flow) {
            return Ok(());
        }
        match running.handle.remove(flow) {
            // a cell that runs nothing any more does not run this flow, and its successor is not given it
            Ok(()) | Err(edgesync_engine::Error::Condemned | edgesync_engine::Error::Stopped) => {}
            Err(error) => return Err(error),
        }
        running.forget(flow);
        self.dispatch.detach(flow);
        Ok(())
    }
}
