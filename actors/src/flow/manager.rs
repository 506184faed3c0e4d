//! Flows: which diagrams are deployed, and on which cell each of them runs.
//!
//! Deploying installs the plan on a cell (the one it runs on, else the least loaded) and then starts or tells the flow's actor; the
//! engine replaces a running version between two commits. Only control passes here: a plan is compiled before, on the caller's task. An
//! actor of a flow that dies is started again on the same counters.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_storage::log::SeriesDictionary;
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::time::Instant;
use tracing::{error, info};

use super::Error;
use super::dispatch::Directory;
use super::executions::Executions;
use super::flow::{self, Flow};
use super::restarts::Restarts;
use crate::cell::{Cell, Installed};

/// The actor.
pub struct Manager;

/// What it is told.
#[derive(Debug)]
pub enum Message {
    /// Run this, instead of what runs of the flow now; unless it is later than this by then.
    Deploy(FlowId, Installed, Instant, RpcReplyPort<Result<(), Error>>),
    /// Run it no more. True if it ran.
    Stop(FlowId, RpcReplyPort<Result<bool, Error>>),
    /// It cannot run, and why; told to its owner until it is deployed.
    Refuse(FlowId, String),
    /// Why it does not run, if that was said.
    Refused(FlowId, RpcReplyPort<Option<String>>),
    /// Let all flows look at their counters.
    Tick,
}

/// What it begins with.
#[derive(Clone)]
pub struct Arguments {
    /// The engine.
    pub cells: Vec<Arc<Cell>>,
    /// Which actor manages which flow.
    pub directory: Directory,
    /// Names of series.
    pub dictionary: SeriesDictionary,
    /// Hears how flows run.
    pub executions: Executions,
}

/// What it knows.
pub struct State {
    begin: Arguments,
    flows: HashMap<FlowId, Deployed>,
    names: HashMap<ActorId, FlowId>,
    refused: HashMap<FlowId, String>,
    /// Nodes on each cell.
    loads: Vec<usize>,
}

struct Deployed {
    actor: ActorRef<flow::Message>,
    begin: flow::Arguments,
    cell: usize,
    restarts: Restarts,
}

impl Actor for Manager {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        myself: ActorRef<Message>,
        begin: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        myself.send_interval(Duration::from_secs(limit::FLOW_TICK_S), || Message::Tick);
        let loads = vec![0; begin.cells.len()];
        Ok(State { begin, flows: HashMap::new(), names: HashMap::new(), refused: HashMap::new(), loads })
    }

    async fn handle(
        &self,
        myself: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Deploy(flow, installed, until, reply) => {
                // whoever asked is told that it was not done, so it must not be
                let is_late = Instant::now() > until;
                let deployed =
                    if is_late { Err(Error::Busy) } else { state.deploy(flow, installed, &myself).await };
                let _ = reply.send(deployed);
            }
            Message::Stop(flow, reply) => {
                let _ = reply.send(state.stop(flow));
            }
            Message::Refuse(flow, reason) => {
                state.refused.insert(flow, reason);
            }
            Message::Refused(flow, reply) => {
                let _ = reply.send(state.refused.get(&flow).cloned());
            }
            Message::Tick => {
                for deployed in state.flows.values() {
                    let _ = deployed.actor.cast(flow::Message::Tick);
                }
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
        let Some(flow) = state.names.remove(&actor.get_id()) else { return Ok(()) };
        // one that was stopped on purpose is not in the list any more
        if state.flows.get(&flow).is_some_and(|deployed| deployed.actor.get_id() == actor.get_id()) {
            error!(%flow, %error, "flow actor ended, its readings flow on");
            state.start_again(flow, &myself).await;
        }
        Ok(())
    }
}

impl State {
    async fn deploy(
        &mut self,
        flow: FlowId,
        installed: Installed,
        myself: &ActorRef<Message>,
    ) -> Result<(), Error> {
        let nodes = installed.plan.nodes().len();
        let place = match self.flows.get(&flow) {
            Some(deployed) => deployed.cell,
            None => {
                let least = self.loads.iter().enumerate().min_by_key(|(_, load)| **load);
                least.map(|(place, _)| place).ok_or(Error::Stopped)?
            }
        };
        let cell = self.begin.cells[place].clone();
        let counters = cell.install(flow, installed.clone())?;
        let version = installed.version;
        self.loads[place] += nodes;
        self.refused.remove(&flow);
        let (dictionary, executions) = (self.begin.dictionary.clone(), self.begin.executions.clone());
        let begin = flow::Arguments { flow, cell, installed, counters, dictionary, executions };
        match self.flows.get_mut(&flow) {
            Some(deployed) => {
                self.loads[place] -= deployed.begin.installed.plan.nodes().len();
                let (installed, counters) = (begin.installed.clone(), begin.counters.clone());
                deployed.begin = begin;
                let _ = deployed.actor.cast(flow::Message::Replaced(installed, counters));
            }
            None => {
                let started = self.start(begin.clone(), myself).await;
                if started.is_err() {
                    self.loads[place] -= nodes;
                    begin.cell.remove(flow)?;
                }
                let actor = started?;
                let restarts = Restarts::default();
                self.flows.insert(flow, Deployed { actor, begin, cell: place, restarts });
            }
        }
        info!(%flow, version, cell = place, "flow deployed");
        Ok(())
    }

    fn stop(&mut self, flow: FlowId) -> Result<bool, Error> {
        self.refused.remove(&flow);
        let Some(deployed) = self.flows.get(&flow) else { return Ok(false) };
        deployed.begin.cell.remove(flow)?;
        let Some(deployed) = self.flows.remove(&flow) else { return Ok(false) };
        self.loads[deployed.cell] -= deployed.begin.installed.plan.nodes().len();
        self.begin.directory.remove(flow);
        deployed.actor.stop(None);
        info!(%flow, "flow stopped");
        Ok(true)
    }

    async fn start(
        &mut self,
        begin: flow::Arguments,
        myself: &ActorRef<Message>,
    ) -> Result<ActorRef<flow::Message>, Error> {
        let flow = begin.flow;
        let started = Actor::spawn_linked(None, Flow, begin, myself.get_cell()).await;
        let (actor, _) = started.map_err(|error| Error::Actor(error.to_string()))?;
        self.names.insert(actor.get_id(), flow);
        self.begin.directory.insert(flow, actor.clone());
        Ok(actor)
    }

    /// Gives a flow whose actor died another one. The flow itself never stopped.
    async fn start_again(&mut self, flow: FlowId, myself: &ActorRef<Message>) {
        let Some(deployed) = self.flows.get_mut(&flow) else { return };
        if deployed.restarts.next(Instant::now()).is_none() {
            error!(%flow, "flow actor failed too often, its status is not known until it is deployed again");
            return;
        }
        let mut begin = deployed.begin.clone();
        // its actor may have installed it again since
        if let Some(counters) = begin.cell.counters(flow) {
            begin.counters = counters;
        }
        match self.start(begin, myself).await {
            Ok(actor) => {
                if let Some(deployed) = self.flows.get_mut(&flow) {
                    deployed.actor = actor;
                }
            }
            Err(error) => error!(%flow, %error, "flow actor cannot be started again"),
        }
    }
}
