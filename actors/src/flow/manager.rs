//! Flows: which diagrams are deployed, and on which cell each of them runs.
//!
//! Deploying installs the plan on a cell (the one it runs on, else the least loaded) and then starts or tells the flow's actor; the
//! engine replaces a running version between two commits. Only control passes here: a plan is compiled before, on the caller's task. An
//! actor of a flow that dies is started again on the same counters.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use edgesync_engine::cell::command::{Begin, Claim, Outcome, Told};
use edgesync_engine::metrics::FlowCounters;
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_storage::log::SeriesDictionary;
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::time::Instant;
use tracing::{error, info};

use super::dispatch::Directory;
use super::executions::Executions;
use super::flow::{self, Flow};
use super::put::Terms;
use super::restarts::Restarts;
use super::states::PutOut;
use super::{Error, NotPut, Version};
use crate::cell::Cell;
use crate::tally::Tallies;

/// The actor.
pub struct Manager;

/// What it is told.
#[derive(Debug)]
pub enum Message {
    /// Run this, instead of what runs of the flow now.
    Deploy(Version, Begin, Terms, Answer),
    /// It takes too much, and runs apart from the others; why, for its owner.
    Slowed(FlowId, String),
    /// A cell said what became of a version.
    Put(Put, Told, Answer),
    /// What runs of the flow does what this version does: it is this version from now on.
    Relabel(Version, RpcReplyPort<()>),
    /// Run it no more. True if it ran.
    Stop(FlowId, RpcReplyPort<Result<bool, Error>>),
    /// It cannot run, and why; told to its owner until it is deployed.
    Refuse(FlowId, String),
    /// Why some do not run, of those of which that was said.
    Refused(Vec<FlowId>, RpcReplyPort<HashMap<FlowId, String>>),
    /// Let all flows look at their counters.
    Tick,
}

/// Hears what became of a version.
pub type Answer = RpcReplyPort<Result<Told, NotPut>>;

/// A version that a cell was asked to run.
#[derive(Debug)]
pub struct Put {
    version: Version,
    counters: Arc<FlowCounters>,
    place: usize,
    /// How far its results were put out, if that is known.
    put_out: Option<PutOut>,
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
    /// Where it is counted what they could not handle.
    pub tallies: Tallies,
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
            Message::Deploy(version, begin, terms, reply) => {
                // whoever asked is told that it was not done, so it must not be
                if Instant::now() > terms.until {
                    let _ = reply.send(Err(NotPut { error: Error::Busy, begin: None }));
                } else {
                    state.put(version, begin, terms, reply, &myself).await;
                }
            }
            Message::Put(put, told, reply) => state.was_put(put, told, reply, &myself).await,
            Message::Slowed(flow, reason) => {
                if let Some(deployed) = state.flows.get(&flow) {
                    deployed.begin.cell.slow(flow, reason.clone());
                    let _ = deployed.actor.cast(flow::Message::Slowed(reason));
                }
            }
            Message::Relabel(version, reply) => {
                state.relabel(version);
                let _ = reply.send(());
            }
            Message::Stop(flow, reply) => {
                let _ = reply.send(state.stop(flow));
            }
            Message::Refuse(flow, reason) => {
                state.refused.insert(flow, reason);
            }
            Message::Refused(flows, reply) => {
                let said = |flow: FlowId| Some((flow, state.refused.get(&flow)?.clone()));
                let _ = reply.send(flows.into_iter().filter_map(said).collect());
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
    /// Asks a cell to run a version: the one that its flow runs on, else the least loaded.
    async fn put(
        &mut self,
        version: Version,
        begin: Begin,
        terms: Terms,
        reply: Answer,
        myself: &ActorRef<Message>,
    ) {
        // the last cell is for flows that take too much
        let normal = self.loads.len().saturating_sub(1).max(1);
        let least = self.loads[..normal].iter().enumerate().min_by_key(|(_, load)| **load).map(|(at, _)| at);
        let place = terms.place.or(self.flows.get(&version.flow).map(|deployed| deployed.cell)).or(least);
        let Some(place) = place else {
            let _ = reply.send(Err(NotPut { error: Error::Stopped, begin: None }));
            return;
        };
        // one that begins with nothing cannot fail any more
        let cannot_fail = matches!(begin, Begin::Empty | Begin::At(_));
        // nor can it be given up any more
        let claim = match cannot_fail {
            true if !terms.claim.take() => {
                let _ = reply.send(Err(NotPut { error: Error::Busy, begin: None }));
                return;
            }
            true => Claim::default(),
            false => terms.claim,
        };
        let put_out = begin.put_out().map(|(next, clock)| PutOut { next, clock });
        match self.begin.cells[place].install(version.flow, &version.installed, begin, &claim) {
            Err(refused) => {
                let (error, begin) = *refused;
                let _ = reply.send(Err(NotPut { error: error.into(), begin: Some(begin) }));
            }
            Ok((counters, _)) if cannot_fail => {
                let put = Put { version, counters, place, put_out };
                let told = Told { outcome: Outcome::Installed(Offset(0)), back: None };
                self.was_put(put, told, reply, myself).await;
            }
            Ok((counters, told)) => {
                let (put, myself) = (Put { version, counters, place, put_out }, myself.clone());
                tokio::spawn(async move {
                    match told.await {
                        Ok(told) => drop(myself.cast(Message::Put(put, told, reply))),
                        Err(_) => {
                            let error = Error::Engine(edgesync_engine::Error::Condemned);
                            let _ = reply.send(Err(NotPut { error, begin: None }));
                        }
                    }
                });
            }
        }
    }

    async fn was_put(&mut self, put: Put, told: Told, reply: Answer, myself: &ActorRef<Message>) {
        let answer = match told.outcome {
            Outcome::Installed(_) => match self.runs(put, myself).await {
                Ok(()) => Ok(told),
                Err(error) => Err(NotPut { error, begin: None }),
            },
            _ => Ok(told),
        };
        let _ = reply.send(answer);
    }

    /// A version runs: its flow has an actor from now on, or its actor has another version.
    async fn runs(&mut self, put: Put, myself: &ActorRef<Message>) -> Result<(), Error> {
        let Put { version: Version { flow, installed }, counters, place, put_out } = put;
        let cell = self.begin.cells[place].clone();
        cell.runs(flow, installed.clone(), counters.clone(), put_out);
        let (version, nodes) = (installed.version, installed.plan.nodes().len());
        self.loads[place] += nodes;
        self.refused.remove(&flow);
        let (dictionary, executions) = (self.begin.dictionary.clone(), self.begin.executions.clone());
        let tallies = self.begin.tallies.clone();
        let begin = flow::Arguments { flow, cell, installed, counters, dictionary, executions, tallies };
        match self.flows.get_mut(&flow) {
            Some(deployed) => {
                self.loads[deployed.cell] -= deployed.begin.installed.plan.nodes().len();
                let (installed, counters) = (begin.installed.clone(), begin.counters.clone());
                let cell = begin.cell.clone();
                (deployed.begin, deployed.cell) = (begin, place);
                let _ = deployed.actor.cast(flow::Message::Replaced(cell, installed, counters));
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

    fn relabel(&mut self, version: Version) {
        let Version { flow, installed } = version;
        let Some(deployed) = self.flows.get_mut(&flow) else { return };
        deployed.begin.cell.relabel(flow, installed.clone());
        deployed.begin.installed = installed.clone();
        let _ = deployed.actor.cast(flow::Message::Relabelled(installed));
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
