//! Deployed flows: what may be asked of them, and the actors that keep them running.

pub mod dispatch;
#[expect(clippy::module_inception, reason = "a file per actor: manager, flow, node")]
pub mod flow;
pub mod manager;
pub mod node;
pub mod restarts;

mod check;
mod debug;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use edgesync_engine::compile::{self, compile};
use edgesync_engine::plan::{Plan, Work};
use edgesync_schemas::flow::{Diagram, Problem};
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_schemas::wire::live::Point;
use edgesync_storage::catalog::{self, Catalog};
use edgesync_storage::log::ReadingLog;
use ractor::rpc::CallResult;
use ractor::{Actor, ActorCell, ActorRef, RpcReplyPort};
use serde_json::{Value as Json, json};
use tracing::{error, info, warn};

use crate::cell::{self, Cell, Installed};
use crate::live::{Hub, Units};
use check::Gone;
use debug::Debugged;
use dispatch::{Directory, Dispatch};

/// Why something could not be done to a flow.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The diagram cannot run. Not empty.
    #[error("the diagram has {} problems", .0.len())]
    Refused(Vec<Problem>),
    /// The cell did not take it.
    #[error("the engine did not take the flow")]
    Engine(#[from] edgesync_engine::Error),
    /// The devices could not be looked up.
    #[error("the flow's devices cannot be looked up")]
    Catalog(#[from] catalog::Error),
    /// An actor did not start.
    #[error("an actor could not be started: {0}")]
    Actor(String),
    /// The actors did not answer in time; what was asked may be done later.
    #[error("the flows are busy")]
    Busy,
    /// Flows are being shut down.
    #[error("flows have stopped")]
    Stopped,
}

/// What may be asked of flows. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FlowsHandle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    manager: ActorRef<manager::Message>,
    catalog: Catalog,
    cells: Vec<Arc<Cell>>,
    directory: Directory,
    debugged: Debugged,
    options: compile::Options,
}

impl FlowsHandle {
    /// Starts `cells` cells and the manager under `supervisor`, and deploys the flows that the catalog says are active; this goes on
    /// after it returns.
    ///
    /// # Errors
    /// [`Error::Engine`] and [`Error::Actor`].
    pub async fn start(
        catalog: Catalog,
        log: ReadingLog,
        live: Hub,
        cells: usize,
        options: compile::Options,
        supervisor: ActorCell,
    ) -> Result<Self, Error> {
        let directory = Directory::default();
        let dispatch = Dispatch::new(live.clone(), directory.clone());
        let cells = (0..cells.max(1))
            .map(|index| {
                Cell::start(index, log.clone(), dispatch.clone(), edgesync_engine::Options::default())
            })
            .collect::<Result<Vec<_>, _>>()?;
        let dictionary = log.series().clone();
        let begin = manager::Arguments { cells: cells.clone(), directory: directory.clone(), dictionary };
        let started = Actor::spawn_linked(None, manager::Manager, begin, supervisor).await;
        let (manager, _) = started.map_err(|error| Error::Actor(error.to_string()))?;
        let debugged = Debugged::new(live);
        let shared = Shared { manager, catalog, cells, directory, debugged, options };
        let flows = Self { shared: Arc::new(shared) };
        tokio::spawn(flows.clone().deploy_active());
        Ok(flows)
    }

    /// How the diagram would run as this flow, or everything that is wrong with it.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Catalog`].
    pub async fn validate(&self, flow: FlowId, diagram: &Diagram) -> Result<Json, Error> {
        let plan = self.compile(flow, diagram, Gone::Refuse).await?;
        Ok(serde_json::to_value(plan.explain()).unwrap_or_default())
    }

    /// Whether a flow that was deployed may run on, now that memberships have changed. A device that is gone is no reason to stop it.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Catalog`].
    pub async fn check_again(&self, flow: FlowId, deployed: &Diagram) -> Result<(), Error> {
        self.compile(flow, deployed, Gone::PassOver).await.map(drop)
    }

    /// Runs the diagram as this version of the flow, in place of what runs of it now: no reading is missed or seen twice by the change.
    /// Cancel safe: it happens whole or not at all.
    ///
    /// # Errors
    /// All of [`Error`]; what ran before runs on then.
    pub async fn deploy(&self, flow: FlowId, version: u32, diagram: &Diagram) -> Result<(), Error> {
        let plan = self.compile(flow, diagram, Gone::Refuse).await?;
        let debugs: Vec<_> = plan
            .nodes()
            .iter()
            .filter(|node| matches!(node.work, Work::Debug))
            .map(|node| node.id.clone())
            .collect();
        self.install(flow, version, plan).await?;
        for node in debugs {
            self.shared.debugged.look(flow, &node).await;
        }
        Ok(())
    }

    /// Ends the flow. False if it did not run. Its state is gone.
    ///
    /// # Errors
    /// [`Error::Engine`], [`Error::Busy`], [`Error::Stopped`].
    pub async fn stop(&self, flow: FlowId) -> Result<bool, Error> {
        self.call(|reply| manager::Message::Stop(flow, reply)).await?
    }

    /// `GET /flows/{id}/metrics`: how the flow is and what its nodes count. One that does not run has state `stopped`, or `refused` with
    /// the reason if it should run and cannot.
    pub async fn status(&self, flow: FlowId) -> Result<Json, Error> {
        if let Some(actor) = self.shared.directory.actor(flow) {
            let asked = actor.call(flow::Message::Status, Some(PATIENCE)).await;
            return match asked {
                Ok(CallResult::Success(status)) => Ok(serde_json::to_value(status).unwrap_or_default()),
                _ => Err(Error::Busy),
            };
        }
        let reason = self.call(|reply| manager::Message::Refused(flow, reply)).await?;
        let state = if reason.is_some() { "refused" } else { "stopped" };
        Ok(json!({"flow_id": flow, "state": state, "reason": reason, "nodes": []}))
    }

    /// The newest records of a node, at most [`limit::LIVE_POINTS`], oldest first; and they are kept for another [`limit::DEBUG_S`].
    pub async fn records(&self, flow: FlowId, node: &str) -> Vec<Point> {
        self.shared.debugged.look(flow, node).await
    }

    /// How the cells are.
    pub fn cells(&self) -> Vec<cell::Status> {
        self.shared.cells.iter().map(|cell| cell.status()).collect()
    }

    /// Lets the cells finish what is committed, at most for `deadline`, then stops them. False if it ran out. Not cancel safe.
    pub async fn shutdown(&self, deadline: Duration) -> bool {
        let mut in_time = true;
        let cells = self.shared.cells.clone().into_iter();
        let stopping = cells.map(|cell| tokio::spawn(async move { cell.stop(deadline).await }));
        for stopped in stopping.collect::<Vec<_>>() {
            in_time &= stopped.await.unwrap_or(false);
        }
        in_time
    }

    async fn compile(&self, flow: FlowId, diagram: &Diagram, gone: Gone) -> Result<Plan, Error> {
        // a large diagram takes milliseconds
        let (diagram, options) = (diagram.clone(), self.shared.options.clone());
        let compiled = tokio::task::spawn_blocking(move || compile(&diagram, &options)).await;
        let plan = compiled.map_err(|_| Error::Stopped)?.map_err(Error::Refused)?;
        let problems = check::devices(&self.shared.catalog, flow, &plan, gone).await?;
        if problems.is_empty() { Ok(plan) } else { Err(Error::Refused(problems)) }
    }

    async fn install(&self, flow: FlowId, version: u32, plan: Plan) -> Result<(), Error> {
        use edgesync_engine::Error::{Busy, Condemned};
        let units = units(&plan);
        let installed = Installed { version, plan: Arc::new(plan), units };
        // a cell that is given thousands of flows at once works them off in a moment, and a condemned one is replaced in one
        let asked = async {
            loop {
                let installed = installed.clone();
                match self.call(|reply| manager::Message::Deploy(flow, installed, reply)).await? {
                    Err(Error::Engine(Busy | Condemned)) => tokio::time::sleep(BUSY).await,
                    answer => return answer,
                }
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.map_err(|_| Error::Busy)?
    }

    async fn call<T: Send + 'static>(
        &self,
        message: impl FnOnce(RpcReplyPort<T>) -> manager::Message,
    ) -> Result<T, Error> {
        match self.shared.manager.call(message, Some(PATIENCE)).await {
            Ok(CallResult::Success(answer)) => Ok(answer),
            Ok(CallResult::Timeout) => Err(Error::Busy),
            Ok(CallResult::SenderError) | Err(_) => Err(Error::Stopped),
        }
    }

    /// Deploys what was deployed when the server stopped.
    async fn deploy_active(self) {
        let flows = match self.shared.catalog.deployed_flows().await {
            Ok(flows) => flows,
            Err(error) => return error!(%error, "deployed flows cannot be read, none runs"),
        };
        let mut deployed = 0;
        for flow in flows {
            let outcome = match serde_json::from_value(flow.diagram) {
                Ok(diagram) => match self.compile(flow.id, &diagram, Gone::PassOver).await {
                    Ok(plan) => self.install(flow.id, flow.version, plan).await,
                    Err(error) => Err(error),
                },
                Err(error) => Err(Error::Actor(format!("its diagram cannot be read: {error}"))),
            };
            match outcome {
                Ok(()) => deployed += 1,
                Err(error) => {
                    warn!(flow = %flow.id, %error, "flow cannot be deployed at start");
                    let reason = match &error {
                        Error::Refused(problems) => {
                            problems.iter().map(|problem| &*problem.message).collect::<Vec<_>>().join("; ")
                        }
                        other => other.to_string(),
                    };
                    let _ = self.shared.manager.cast(manager::Message::Refuse(flow.id, reason));
                }
            }
        }
        info!(flows = deployed, "active flows deployed");
    }
}

const PATIENCE: Duration = Duration::from_secs(limit::FLOW_CALL_S);
const BUSY: Duration = Duration::from_millis(10);

/// Units that display nodes are configured to show.
fn units(plan: &Plan) -> Units {
    let shown = plan.nodes().iter().filter_map(|node| match &node.work {
        Work::Display(display) => Some((node.id.clone(), display.unit.as_ref()?.parse().ok()?)),
        _ => None,
    });
    shown.collect::<HashMap<_, _>>()
}

#[cfg(test)]
mod tests;
