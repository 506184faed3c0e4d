//! Dispatch: each result of a cell to those who want it. Records go to who watches their node, those of store nodes to the store, events to the flow's actor.
//!
//! Runs on the task that empties a cell's outlet, so nothing here waits but for room to store. The directory says which actor manages a flow; it is
//! a lock around a map, taken for a look-up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgesync_engine::cell::emit::Emission;
use edgesync_engine::metrics::FlowCounters;
use edgesync_schemas::flow::Port;
use edgesync_schemas::id::FlowId;
use ractor::ActorRef;
use tokio::sync::oneshot;

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
    own: Arc<Own>,
    /// Whoever waits for the last that a flow made on the cell that it leaves.
    leaving: Arc<Mutex<HashMap<FlowId, oneshot::Sender<()>>>>,
}

/// How much a cell gave on: what of it is stored is known by that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given {
    stored: u64,
}

/// What came out of one cell.
#[derive(Debug, Default)]
struct Own {
    /// The place of the last that it gave to be stored.
    stored: AtomicU64,
    /// How many wait for room for what it made.
    waiting: AtomicU64,
}

/// Somebody waits for room.
struct Waits<'a>(&'a AtomicU64);

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
        Self {
            live,
            directory,
            executions,
            dead_letters,
            stored,
            own: Arc::default(),
            leaving: Arc::default(),
        }
    }

    /// The same for another cell.
    pub(crate) fn of_a_cell(&self) -> Self {
        Self { own: Arc::default(), ..self.clone() }
    }

    /// Gives on what came out of a cell. Waits while there is no room for what is to be stored.
    pub async fn give(&self, emission: Emission) {
        match emission {
            // what a node shows is what leaves it; its other ports are counted
            Emission::Rows(rows) if rows.port == Port::Out => {
                // what is only kept for widgets is no sample of what the node does
                if self.live.publish(&rows) {
                    self.executions.rows(&rows);
                }
            }
            Emission::Rows(_) => {}
            Emission::Stored(rows, of) => {
                let version = self.executions.version(rows.flow, rows.version);
                let _waits = Waits::new(&self.own.waiting);
                let place = self.stored.give(&rows, version, &of).await;
                self.own.stored.fetch_max(place, Relaxed);
            }
            Emission::Dead(rows, detail) => {
                let version = self.executions.version(rows.flow, rows.version);
                self.dead_letters.rows(&rows, version, &detail);
            }
            Emission::Left(flow) => drop(self.leaving().remove(&flow)),
            Emission::Event(event) => self.directory.tell(event.flow, flow::Message::Event(event)),
        }
    }

    /// How much was given on of this cell until now.
    pub(crate) fn given(&self) -> Given {
        Given { stored: self.own.stored.load(Relaxed) }
    }

    /// Whether what this cell made waits for room to be stored.
    pub(crate) fn waits(&self) -> bool {
        self.own.waiting.load(Relaxed) > 0
    }

    /// Nanoseconds that cells waited for room for what a flow stores.
    pub(crate) fn waited_ns(&self, flow: FlowId) -> u64 {
        self.stored.waited_ns(flow)
    }

    /// Waits until all of that is written down that is to be. Cancel safe.
    pub(crate) async fn written(&self, given: Given) {
        self.stored.written_to(given.stored).await;
        // only now: what the store refused has become one by then
        self.dead_letters.written_to(self.dead_letters.place()).await;
    }

    /// Ends when all has been given on that a flow made where it is about to be taken out.
    pub(crate) fn leaves(&self, flow: FlowId) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        self.leaving().insert(flow, tell);
        told
    }

    /// It was not taken out.
    pub(crate) fn stays(&self, flow: FlowId) {
        self.leaving().remove(&flow);
    }

    fn leaving(&self) -> MutexGuard<'_, HashMap<FlowId, oneshot::Sender<()>>> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A replaced cell counts a flow anew.
    pub fn reinstalled(&self, counters: Arc<FlowCounters>) {
        self.directory.tell(counters.flow, flow::Message::Reinstalled(counters));
    }

    /// A flow was installed with these counters, or what was is another version now.
    pub(crate) fn attach(&self, counters: &Arc<FlowCounters>, installed: &Installed) {
        self.live.attach(counters, installed.units.clone());
        self.executions.attach(counters, installed.version);
        self.stored.belongs(counters.flow, installed.tenant);
    }

    /// A flow was removed.
    pub fn detach(&self, flow: FlowId) {
        self.live.detach(flow);
        self.executions.detach(flow);
        self.stored.left(flow);
        self.leaving().remove(&flow);
    }
}

impl<'a> Waits<'a> {
    fn new(waiting: &'a AtomicU64) -> Self {
        waiting.fetch_add(1, Relaxed);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
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
