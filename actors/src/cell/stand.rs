//! How far a cell and its flows are.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use edgesync_engine::metrics::FlowCounters;
use edgesync_schemas::id::{FlowId, Offset};

use super::{Cell, Running};
use crate::flow::states::PutOut;

/// Where a cell stands, and the flows on it.
#[derive(Debug)]
pub(crate) struct Stand {
    /// How far results of its flows were put out.
    pub place: PutOut,
    /// Its flows.
    pub flows: Vec<Standing>,
}

/// Where a flow stands on its cell.
#[derive(Debug)]
pub(crate) struct Standing {
    /// The flow.
    pub flow: FlowId,
    /// What counts for it, if it remembers anything.
    pub counters: Option<Arc<FlowCounters>>,
    /// How far its results were put out, if that is further than the cell is.
    pub ahead: Option<PutOut>,
    /// Why it runs apart from others.
    pub slowed: Option<String>,
}

impl Cell {
    /// How far it is, and what its flows' clock shows there.
    pub(crate) fn reached(&self) -> PutOut {
        self.reached_by(&self.running())
    }

    fn reached_by(&self, running: &Running) -> PutOut {
        // the clock first: one that is later than the frontier would let windows close before their readings come
        let clock = running.handle.clock();
        PutOut { next: running.handle.frontier().max(Offset(self.begins.load(Relaxed))), clock }
    }

    /// Where it stands, and its flows. The place is looked at before what its flows count, so they have come at least that far.
    pub(crate) fn stand(&self) -> Stand {
        let mut running = self.running();
        let place = self.reached_by(&running);
        let Running { flows, ahead, slowed, .. } = &mut *running;
        ahead.retain(|_, ahead| !place.has(*ahead));
        let flows = flows.iter().map(|(flow, (installed, counters))| Standing {
            flow: *flow,
            counters: installed.remembers.then(|| counters.clone()),
            ahead: ahead.get(flow).copied(),
            slowed: slowed.get(flow).cloned(),
        });
        Stand { place, flows: flows.collect() }
    }

    /// How far results of a flow were put out here.
    pub(crate) fn put_out(&self, flow: FlowId) -> PutOut {
        let running = self.running();
        let place = self.reached_by(&running);
        running.ahead.get(&flow).map_or(place, |ahead| place.or(*ahead))
    }

    /// Whether it cannot go on before there is room to store what it made.
    pub(crate) fn waits(&self) -> bool {
        self.dispatch.waits()
    }

    /// A flow runs apart from others here; why.
    pub fn slow(&self, flow: FlowId, reason: String) {
        let mut running = self.running();
        if running.flows.contains_key(&flow) {
            running.slowed.insert(flow, reason);
        }
    }

    /// Why a flow runs apart from others here, if it does.
    pub fn slowed(&self, flow: FlowId) -> Option<String> {
        self.running().slowed.get(&flow).cloned()
    }
}

#[cfg(test)]
impl Cell {
    /// Whether it was asked what flows remember and has not answered.
    pub(crate) fn is_saving(&self) -> bool {
        Arc::strong_count(&self.saving) > 1
    }
}

impl Running {
    /// A flow runs here no more.
    pub(super) fn forget(&mut self, flow: FlowId) {
        self.flows.remove(&flow);
        self.ahead.remove(&flow);
        self.slowed.remove(&flow);
    }
}

/// Notes how far a flow was put out, on top of what is known of it.
pub(super) fn note_ahead(all: &mut HashMap<FlowId, PutOut>, flow: FlowId, put_out: PutOut) -> PutOut {
    let ahead = all.entry(flow).or_insert(put_out);
    *ahead = ahead.or(put_out);
    *ahead
}
