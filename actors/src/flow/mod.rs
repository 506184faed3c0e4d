//! Deployed flows: what may be asked of them, and the actors that keep them running.

pub mod dead_letters;
pub mod dispatch;
pub mod executions;
#[expect(clippy::module_inception, reason = "a file per actor: manager, flow, node")]
pub mod flow;
pub mod manager;
pub mod node;
pub mod restarts;

pub mod balance;
mod check;
mod debug;
mod deploy;
mod error;
mod failed;
mod fleet;
mod history;
mod later;
mod metrics;
mod options;
mod places;
mod put;
pub mod run;
mod start;
pub(crate) mod states;
mod stop;
pub mod stored;
pub mod tenants;
mod turns;
mod version;
mod warm;
mod watched;

use std::sync::Arc;
use std::time::Duration;

use edgesync_engine::Change;
use edgesync_engine::compile::compile;
use edgesync_engine::plan::Plan;
use edgesync_schemas::entity::flow::FlowChange;
use edgesync_schemas::flow::Diagram;
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::wire::live::Point;
use edgesync_storage::catalog::Catalog;
use edgesync_storage::log::ReadingLog;
use ractor::rpc::CallResult;
use ractor::{Actor, ActorCell, ActorRef, RpcReplyPort};
use serde_json::Value as Json;
#[cfg(test)]
use serde_json::json;
use tokio::sync::watch;

use crate::cell::{self, Cell, Installed};
use crate::live::Hub;
use check::Gone;
use dead_letters::DeadLetters;
use debug::Debugged;
pub use deploy::{Deployment, Ready};
use dispatch::{Directory, Dispatch};
pub use error::Error;
use executions::Executions;
pub use metrics::Metrics;
pub use options::Options;
use states::{Most, States};
use stored::Stored;
use tenants::Tenants;
use turns::Turns;
pub use turns::{Progress, Turn};
pub use version::{NotPut, Version};
pub use watched::Unwatched;

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
    executions: Executions,
    dead_letters: DeadLetters,
    stored: Stored,
    options: Options,
    log: ReadingLog,
    states: Arc<States>,
    turns: Turns,
    tenants: Tenants,
    balanced: balance::Counters,
    runs: run::Runs,
    replays: places::Replays,
    /// Which of the cells is for flows that take too much; the last.
    slow: usize,
    stopped: watch::Sender<bool>,
}

/// A diagram that can run.
#[derive(Debug, Clone, PartialEq)]
pub struct Valid {
    /// How.
    pub plan: Json,
    /// What it would change of what runs.
    pub change: FlowChange,
    /// Milliseconds of event time that it would be fed before it takes the place of what runs, if it must warm up.
    pub looks_back_ms: Option<i64>,
}

impl FlowsHandle {
    /// Starts `cells` cells and the manager under `supervisor`, deploys the flows that the catalog says are active, and then feeds all of
    /// them from where the last run of the server left off.
    ///
    /// # Errors
    /// [`Error::Engine`], [`Error::Actor`], [`Error::Log`], [`Error::Catalog`]. A flow that cannot run is none.
    pub async fn start(
        catalog: Catalog,
        log: ReadingLog,
        live: Hub,
        cells: usize,
        options: Options,
        supervisor: ActorCell,
    ) -> Result<Self, Error> {
        Self::start_with(catalog, log, live, cells, options, supervisor, Most::default()).await
    }

    async fn start_with(
        catalog: Catalog,
        log: ReadingLog,
        live: Hub,
        cells: usize,
        options: Options,
        supervisor: ActorCell,
        most: Most,
    ) -> Result<Self, Error> {
        let directory = Directory::default();
        let dictionary = log.series().clone();
        let executions = Executions::start(catalog.clone(), dictionary.clone());
        let dead_letters = DeadLetters::start(catalog.clone(), dictionary.clone());
        let stored = Stored::start(log.clone(), dead_letters.clone());
        let dispatch = Dispatch::new(
            live.clone(),
            directory.clone(),
            executions.clone(),
            dead_letters.clone(),
            stored.clone(),
        );
        let (states, places) = States::open(log.clone(), most).await?;
        let slow = cells.max(1);
        let cells = places
            .begins(slow + 1)
            .into_iter()
            .enumerate()
            .map(|(index, from)| {
                let options = edgesync_engine::Options::default();
                Cell::start(index, log.clone(), from, dispatch.of_a_cell(), options)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let begin = manager::Arguments {
            cells: cells.clone(),
            directory: directory.clone(),
            dictionary,
            executions: executions.clone(),
            tallies: options.tallies.clone(),
        };
        let started = Actor::spawn_linked(None, manager::Manager, begin, supervisor).await;
        let (manager, _) = started.map_err(|error| Error::Actor(error.to_string()))?;
        let debugged = Debugged::new(live);
        let stopped = watch::Sender::new(false);
        let shared = Shared {
            manager,
            catalog,
            cells,
            directory,
            debugged,
            executions,
            dead_letters,
            stored,
            log,
            states: Arc::new(states),
            turns: Turns::default(),
            tenants: Tenants::new(options.tenant),
            balanced: balance::Counters::default(),
            runs: run::Runs::default(),
            replays: places::Replays::default(),
            slow,
            stopped,
            options,
        };
        let flows = Self { shared: Arc::new(shared) };
        flows.deploy_active(&places).await?;
        flows.shared.states.begins(&flows.shared.cells);
        flows.shared.cells.iter().for_each(|cell| cell.open());
        tokio::spawn(flows.clone().keep());
        tokio::spawn(flows.clone().balance());
        Ok(flows)
    }

    /// How the diagram would run as this flow, and what that changes of what runs; or everything that is wrong with it.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Catalog`].
    pub async fn validate(&self, flow: FlowId, diagram: &Diagram) -> Result<Valid, Error> {
        let plan = self.compile(flow, diagram, Gone::Refuse).await?;
        let change = match self.running(flow).map(|(_, installed)| installed.plan.change_to(&plan)) {
            None => FlowChange::New,
            Some(Change::Cosmetic) => FlowChange::Cosmetic,
            Some(Change::Hot) => FlowChange::Hot,
            Some(Change::Cold) => FlowChange::Cold,
        };
        let looks_back_ms = (change == FlowChange::Cold).then(|| warm::looks_back_ms(&plan));
        let plan = serde_json::to_value(plan.explain()).unwrap_or_default();
        Ok(Valid { plan, change, looks_back_ms })
    }

    /// Whether a flow that was deployed may run on, now that memberships have changed. A device that is gone is no reason to stop it.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Catalog`].
    pub async fn check_again(&self, flow: FlowId, deployed: &Diagram) -> Result<(), Error> {
        self.compile(flow, deployed, Gone::PassOver).await.map(drop)
    }

    /// The newest records of a node, at most [`limit::LIVE_POINTS`], oldest first; and they are kept for another [`limit::DEBUG_S`].
    pub async fn records(&self, flow: FlowId, node: &str) -> Vec<Point> {
        self.shared.debugged.look(flow, node).await
    }

    /// Where flows would go on after a crash.
    pub fn cursor(&self) -> Offset {
        self.shared.states.needed()
    }

    /// What is told of runs, and counted of that.
    pub fn executions(&self) -> &Executions {
        &self.shared.executions
    }

    /// Where records go that nothing could handle.
    pub fn dead_letters(&self) -> &DeadLetters {
        &self.shared.dead_letters
    }

    /// Where rows go that flows store.
    pub fn stored(&self) -> &Stored {
        &self.shared.stored
    }

    /// How the cells are.
    pub fn cells(&self) -> Vec<cell::Status> {
        self.shared.cells.iter().map(|cell| cell.status()).collect()
    }

    async fn compile(&self, flow: FlowId, diagram: &Diagram, gone: Gone) -> Result<Plan, Error> {
        // a large diagram takes milliseconds
        let (diagram, options) = (diagram.clone(), self.shared.options.compile.clone());
        let compiled = tokio::task::spawn_blocking(move || compile(&diagram, &options)).await;
        let plan = compiled.map_err(|_| Error::Stopped)?.map_err(Error::Refused)?;
        let problems = check::devices(&self.shared.catalog, flow, &plan, gone).await?;
        if problems.is_empty() { Ok(plan) } else { Err(Error::Refused(problems)) }
    }

    /// What runs of a flow, and where.
    fn running(&self, flow: FlowId) -> Option<(&Arc<Cell>, Installed)> {
        self.shared.cells.iter().find_map(|cell| Some((cell, cell.installed(flow)?)))
    }

    async fn relabel(&self, version: Version) -> Result<(), Error> {
        self.call(|reply| manager::Message::Relabel(version, reply)).await
    }

    async fn call<T: Send + 'static>(
        &self,
        message: impl FnOnce(RpcReplyPort<T>) -> manager::Message,
    ) -> Result<T, Error> {
        self.ask(message, Some(PATIENCE)).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        message: impl FnOnce(RpcReplyPort<T>) -> manager::Message,
        patience: Option<Duration>,
    ) -> Result<T, Error> {
        match self.shared.manager.call(message, patience).await {
            Ok(CallResult::Success(answer)) => Ok(answer),
            Ok(CallResult::Timeout) => Err(Error::Busy),
            Ok(CallResult::SenderError) | Err(_) => Err(Error::Stopped),
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(limit::FLOW_CALL_S);
const BUSY: Duration = Duration::from_millis(10);

#[cfg(test)]
mod debug_tests;
#[cfg(test)]
mod deploy_tests;
#[cfg(test)]
mod history_tests;
#[cfg(test)]
mod kept_tests;
#[cfg(test)]
mod leak_tests;
#[cfg(test)]
mod saves_random_tests;
#[cfg(test)]
mod saves_stage;
#[cfg(test)]
mod saves_tests;
#[cfg(test)]
mod start_tests;
#[cfg(test)]
mod started;
#[cfg(test)]
mod state_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod watched_tests;
