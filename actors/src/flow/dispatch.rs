//! Dispatch: each result of a cell to those who want it. Records go to who watches their node, those of store nodes to the store, events to the flow's actor.
//!
//! Runs on the task that empties a cell's outlet, so nothing here waits but for room to store. The directory says which actor manages a flow; it is
//! a lock around a map, taken for a look-up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgesync_engine::cell::emit::Emission;
use edgesync_engine::metrics::FlowCounters;
use edgesync_schemas::flow::Port;
use edgesync_schemas::id::FlowId;
use ractor::ActorRef;

use super::dead_letters::DeadLetters;
use super::executions::Executions;
use super::flow;
use super::stored::Stored;
use crate::cell::Installed;
use crate::live::Hub;

/// Where results go. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Dispatch {
    live: Hub,
    directory: Directory,
    executions: Executions,
    dead_letters: DeadLetters,
    stored: Stored,
}

/// How much was given on: what of it is stored is known by that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given {
    stored: u64,
    letters: u64,
}

/// The actor of each deployed flow. Written by the manager. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    flows: Arc<Mutex<HashMap<FlowId, ActorRef<flow::Message>>>>,
}

impl Dispatch {
    /// Gives records to `live`, those of store nodes to `stored`, those that nothing could handle to `dead_letters`, events to the actors in `directory`,
    /// and samples to `executions`.
    pub fn new(
        live: Hub,
        directory: Directory,
        executions: Executions,
        dead_letters: DeadLetters,
        stored: Stored,
    ) -> Self {
        Self { live, directory, executions, dead_letters, stored }
    }

    /// Gives on what came out of a cell. Waits while there is no room for what is to be stored.
    pub async fn give(&self, emission: Emission) {
        match emission {
            // what a node shows is what leaves it; its other ports are counted
            Emission::Rows(rows) if rows.port == Port::Out => {
                self.live.publish(&rows);
                self.executions.rows(&rows);
            }
            Emission::Rows(_) => {}
            Emission::Stored(rows, of) => {
                let version = self.executions.version(rows.flow, rows.version);
                self.stored.give(&rows, version, &of).await;
            }
            Emission::Dead(rows, detail) => {
                let version = self.executions.version(rows.flow, rows.version);
                self.dead_letters.rows(&rows, version, &detail);
            }
            Emission::Event(event) => self.directory.tell(event.flow, flow::Message::Event(event)),
        }
    }

    /// How much was given on until now.
    pub(crate) fn given(&self) -> Given {
        Given { stored: self.stored.place(), letters: self.dead_letters.place() }
    }

    /// Waits until all of that is written down that is to be. Cancel safe.
    pub(crate) async fn written(&self, given: Given) {
        self.stored.written_to(given.stored).await;
        self.dead_letters.written_to(given.letters).await;
    }

    /// A replaced cell counts a flow anew.
    pub fn reinstalled(&self, counters: Arc<FlowCounters>) {
        self.directory.tell(counters.flow, flow::Message::Reinstalled(counters));
    }

    /// A flow was installed with these counters, or what was is another version now.
    pub(crate) fn attach(&self, counters: &Arc<FlowCounters>, installed: &Installed) {
        self.live.attach(counters, installed.units.clone());
        self.executions.attach(counters, installed.version);
    }

    /// A flow was removed.
    pub fn detach(&self, flow: FlowId) {
        self.live.detach(flow);
        self.executions.detach(flow);
    }
}

impl Directory {
    fn flows(&self) -> MutexGuard<'_, HashMap<FlowId, ActorRef<flow::Message>>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The actor that manages a flow, if it is deployed.
    pub fn actor(&self, flow: FlowId) -> Option<ActorRef<flow::Message>> {
        self.flows().get(&flow).cloned()
    }

    pub(super) fn insert(&self, flow: FlowId, actor: ActorRef<flow::Message>) {
        self.flows().insert(flow, actor);
    }

    pub(super) fn remove(&self, flow: FlowId) {
        self.flows().remove(&flow);
    }

    /// Tells the flow's actor, if there is one. One that is just being restarted misses it; the counters do not.
    fn tell(&self, flow: FlowId, message: flow::Message) {
        if let Some(actor) = self.actor(flow) {
            let _ = actor.cast(message);
        }
    }
}

#[cfg(test)]
impl Directory {
    /// How many flows have an actor.
    pub(super) fn count(&self) -> usize {
        self.flows().len()
    }
}
