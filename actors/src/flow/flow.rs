//! One deployed flow: supervises an actor for each of its nodes, and installs the flow again when a node has panicked.
//!
//! The flow runs in its cell whether or not this actor lives. A panicked node harms nothing but itself: its records go to
//! its error port while the others work on. After a while the whole flow is installed again: the node begins with nothing
//! and has another chance, the others go on with what they remember; [`Restarts`] says how often. Then it stays as it is, with a reason its owner can read.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use edgesync_engine::cell::emit::{Event, EventKind};
use edgesync_engine::metrics::{FlowCounters, FlowState, NodeState};
use edgesync_schemas::entity::flow::FlowState as Health;
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::log::SeriesDictionary;
use ractor::rpc::CallResult;
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr, SupervisionEvent};
use tokio::time::Instant;
use tracing::{error, warn};

use super::executions::Executions;
use super::failed::{Failed, errors};
use super::metrics::{Running, Told};
use super::node::{self, ErrorSample, FlowNode};
use super::restarts::Restarts;
use crate::cell::{Cell, Installed, now};
use crate::tally::Tallies;

/// The actor.
pub struct Flow;

/// What it is told.
#[derive(Debug)]
pub enum Message {
    /// Another version was installed in place of this one, or this one on another cell.
    Replaced(Arc<Cell>, Installed, Arc<FlowCounters>),
    /// It takes too much, and runs apart from the others; why, for its owner.
    Slowed(String),
    /// It is another version that does the same.
    Relabelled(Installed),
    /// The cell was replaced, and the flow installed on the new one.
    Reinstalled(Arc<FlowCounters>),
    /// Something happened to a node.
    Event(Event),
    /// Install the flow again; the number says for which panic, so that one from before a replacement does nothing.
    Retry(u64),
    /// Look at the counters.
    Tick,
    /// How are you, and your nodes?
    Status(RpcReplyPort<Running>),
    /// How are you, in a word?
    Health(RpcReplyPort<Told>),
}

/// What it begins with: the flow is installed already.
#[derive(Clone)]
pub struct Arguments {
    /// The flow.
    pub flow: FlowId,
    /// Where it runs.
    pub cell: Arc<Cell>,
    /// What runs.
    pub installed: Installed,
    /// Its counters.
    pub counters: Arc<FlowCounters>,
    /// Names of series.
    pub dictionary: SeriesDictionary,
    /// Hears how it runs.
    pub executions: Executions,
    /// Where its tenant's errors are counted.
    pub tallies: Tallies,
}

/// What it knows.
pub struct State {
    begin: Arguments,
    installed_at: Timestamp,
    nodes: HashMap<Arc<str>, ActorRef<node::Message>>,
    names: HashMap<ActorId, Arc<str>>,
    restarts: Restarts,
    /// Restarts of node actors, which harm no data.
    actor_restarts: Restarts,
    retry: u64,
    health: Health,
    reason: Option<String>,
    /// Sum of the counters at the last tick, and whether it was that of the tick before.
    moved: u64,
    still: bool,
    failed: Failed,
    /// Ticks in a row at which its cell had it and did not run it.
    lost: u64,
}

const LOST: &str =
    "it does not run: its processor had to begin anew and did not take it again; deploy it again";
/// A node actor that does not answer for this long is left out of the status; its counters are not.
const NODE_ANSWER: Duration = Duration::from_secs(1);

impl Actor for Flow {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        myself: ActorRef<Message>,
        begin: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let (health, reason) = health(&begin);
        let failed = Failed::counted(&begin.counters);
        let mut state = State {
            begin,
            installed_at: now(),
            nodes: HashMap::new(),
            names: HashMap::new(),
            restarts: Restarts::default(),
            actor_restarts: Restarts::default(),
            retry: 0,
            health,
            reason,
            moved: 0,
            still: false,
            failed,
            lost: 0,
        };
        state.match_nodes(&myself).await?;
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Slowed(reason) => (state.health, state.reason) = (Health::Slowed, Some(reason)),
            Message::Replaced(cell, installed, counters) => {
                state.failed.count(&state.begin);
                (state.begin.cell, state.begin.installed) = (cell, installed);
                state.restarts = Restarts::default();
                state.count_with(counters, &myself).await?;
            }
            Message::Relabelled(installed) => state.begin.installed = installed,
            Message::Reinstalled(counters) => state.count_with(counters, &myself).await?,
            Message::Event(event) => state.note(event, &myself),
            Message::Retry(retry) if retry == state.retry && state.health == Health::Restarting => {
                state.install_again(&myself).await?;
            }
            Message::Retry(_) => {}
            Message::Tick => state.look(&myself),
            Message::Status(reply) => state.answer(reply),
            Message::Health(reply) => {
                let _ = reply.send(state.told());
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Message>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let (actor, error) = match event {
            SupervisionEvent::ActorFailed(actor, error) => (actor, error.to_string()),
            SupervisionEvent::ActorTerminated(actor, _, reason) => (actor, reason.unwrap_or_default()),
            _ => return Ok(()),
        };
        let Some(id) = state.names.remove(&actor.get_id()) else { return Ok(()) };
        // one that was stopped on purpose is not in the list any more
        if state.nodes.get(&id).is_some_and(|node| node.get_id() == actor.get_id()) {
            state.nodes.remove(&id);
            error!(flow = %state.begin.flow, node = %id, %error, "node actor ended");
            if state.actor_restarts.next(Instant::now()).is_some() {
                state.match_nodes(&myself).await?;
            }
        }
        Ok(())
    }
}

/// How a flow is that was just installed, and why.
fn health(begin: &Arguments) -> (Health, Option<String>) {
    match begin.cell.slowed(begin.flow) {
        Some(reason) => (Health::Slowed, Some(reason)),
        None => (Health::Running, None),
    }
}

impl State {
    /// One actor for each node that counts, and none for others.
    async fn match_nodes(&mut self, myself: &ActorRef<Message>) -> Result<(), SpawnErr> {
        let counters = self.begin.counters.clone();
        self.nodes.retain(|id, actor| {
            let stays = counters.node(id).is_some();
            if !stays {
                actor.stop(None);
            }
            stays
        });
        for counters in &counters.nodes {
            if let Some(actor) = self.nodes.get(&counters.id) {
                let _ = actor.cast(node::Message::Counters(counters.clone()));
                continue;
            }
            let begin = node::Arguments { counters: counters.clone() };
            let (actor, _) = Actor::spawn_linked(None, FlowNode, begin, myself.get_cell()).await?;
            self.names.insert(actor.get_id(), counters.id.clone());
            self.nodes.insert(counters.id.clone(), actor);
        }
        Ok(())
    }

    /// The flow was installed anew, and is given another chance.
    async fn count_with(
        &mut self,
        counters: Arc<FlowCounters>,
        myself: &ActorRef<Message>,
    ) -> Result<(), SpawnErr> {
        self.failed.begin_again(&self.begin);
        self.begin.counters = counters;
        self.installed_at = now();
        (self.health, self.reason) = health(&self.begin);
        self.match_nodes(myself).await
    }

    fn note(&mut self, event: Event, myself: &ActorRef<Message>) {
        if event.version != self.begin.counters.version {
            return;
        }
        if let EventKind::Panicked { message } = &event.kind {
            self.panicked(&event.node, message, myself);
        }
        let sample = ErrorSample::of(event.kind, &self.begin.dictionary);
        self.begin.executions.error(event.flow, event.version, &event.node, &sample);
        if let Some(actor) = self.nodes.get(&event.node) {
            let _ = actor.cast(node::Message::Error(sample));
        }
    }

    fn panicked(&mut self, node: &str, message: &str, myself: &ActorRef<Message>) {
        // an event may come twice (as such, and seen in the counters) or late, from before the last installation
        let failed = self.begin.counters.node(node).is_some_and(|node| node.state() == NodeState::Failed);
        if !failed || self.health == Health::Restarting || self.health == Health::Failed {
            return;
        }
        let flow = self.begin.flow;
        let reason = format!("node {node} panicked: {message}");
        match self.restarts.next(Instant::now()) {
            Some(wait) => {
                warn!(%flow, %node, message, wait_ms = wait.as_millis(), "node panicked, its flow will be installed again");
                self.retry_after(wait, reason, myself);
            }
            None => {
                error!(%flow, %node, message, "node panicked too often, it stays failed");
                let times = self.restarts.count();
                let reason = format!(
                    "{reason}; it stays failed after {times} restarts, until the flow is deployed again"
                );
                self.stays_failed(reason);
            }
        }
    }

    fn stays_failed(&mut self, reason: String) {
        let Arguments { flow, installed, executions, .. } = &self.begin;
        executions.failed(*flow, installed.version, &reason);
        (self.health, self.reason) = (Health::Failed, Some(reason));
    }

    fn retry_after(&mut self, wait: Duration, reason: String, myself: &ActorRef<Message>) {
        self.health = Health::Restarting;
        self.reason = Some(reason);
        self.retry += 1;
        let retry = self.retry;
        myself.send_after(wait, move || Message::Retry(retry));
    }

    async fn install_again(&mut self, myself: &ActorRef<Message>) -> Result<(), SpawnErr> {
        let Arguments { flow, cell, counters, .. } = &self.begin;
        match cell.install_again(*flow, counters) {
            Ok(Some(counters)) => self.count_with(counters, myself).await?,
            // its replacement is on its way here
            Ok(None) => {}
            Err(error) => {
                warn!(%flow, %error, "flow cannot be installed again");
                let reason = format!("cannot be installed again: {error}");
                match self.restarts.next(Instant::now()) {
                    Some(wait) => self.retry_after(wait, reason, myself),
                    None => self.stays_failed(reason),
                }
            }
        }
        Ok(())
    }

    fn look(&mut self, myself: &ActorRef<Message>) {
        self.failed.count(&self.begin);
        // of ten thousand flows most stand still: their nodes are told once that they do, and then left alone
        let moved = self.begin.counters.nodes.iter().map(|node| node.snapshot()).fold(0u64, |sum, node| {
            sum.wrapping_add(node.in_).wrapping_add(node.out).wrapping_add(node.error)
        });
        let still = std::mem::replace(&mut self.moved, moved) == moved;
        if !std::mem::replace(&mut self.still, still) || !still {
            for actor in self.nodes.values() {
                let _ = actor.cast(node::Message::Tick);
            }
        }
        self.look_whether_lost();
        // a panic whose event was lost with an earlier actor
        let counters = self.begin.counters.clone();
        if let Some(node) = counters.nodes.iter().find(|node| node.state() == NodeState::Failed) {
            self.panicked(&node.id, "its message was lost", myself);
        }
    }

    /// A cell that was replaced may not have taken the flow again.
    fn look_whether_lost(&mut self) {
        let Arguments { flow, cell, counters, .. } = &self.begin;
        let is_there = cell.counters(*flow).is_some_and(|its| Arc::ptr_eq(&its, counters));
        let is_lost = is_there && counters.state() == FlowState::Removed;
        self.lost = if is_lost { self.lost + limit::FLOW_TICK_S } else { 0 };
        if self.lost >= limit::FLOW_LOST_S && self.health != Health::Failed {
            error!(%flow, "flow does not run on the cell that has it");
            self.stays_failed(LOST.to_owned());
        }
    }

    fn told(&self) -> Told {
        let state = match self.begin.counters.state() {
            FlowState::Pending if self.health == Health::Running => Health::Pending,
            _ => self.health,
        };
        Told { state, reason: self.reason.clone(), errors: errors(&self.begin.counters) }
    }

    /// Asks the nodes, without making whoever else asks wait for them.
    fn answer(&self, reply: RpcReplyPort<Running>) {
        let counters = self.begin.counters.clone();
        let mut status = Running {
            told: self.told(),
            version: self.begin.installed.version,
            restarts: self.restarts.count(),
            installed_at: self.installed_at,
            cell: self.begin.cell.status(),
            nodes: Vec::with_capacity(counters.nodes.len()),
        };
        let nodes: Vec<_> = counters.nodes.iter().map(|node| self.nodes.get(&node.id).cloned()).collect();
        tokio::spawn(async move {
            for (counters, actor) in counters.nodes.iter().zip(nodes) {
                let asked = match actor {
                    Some(actor) => actor.call(node::Message::Status, Some(NODE_ANSWER)).await.ok(),
                    None => None,
                };
                status.nodes.push(match asked {
                    Some(CallResult::Success(status)) => status,
                    _ => node::of_counters(counters),
                });
            }
            let _ = reply.send(status);
        });
    }
}
