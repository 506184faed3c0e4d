//! The supervision tree: starts it, and takes it down in the order of a reading's way.
//!
//! ```text
//! System
//! |- Devices      registry; one DeviceConnection actor per open socket
//! |- Flows        one Flow actor per deployed diagram, one FlowNode actor per node
//! |- Cells        one feeder per worker thread of the engine
//! `- Live         hub of the dashboards' subscriptions, and the keeper of what widgets show of flows
//! ```

use std::sync::Arc;
use std::time::Duration;

use edgesync_storage::catalog::{self, Catalog};
use edgesync_storage::log::ReadingLog;
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};

use crate::device::{Context, Devices};
use crate::flow::{self, FlowsHandle};
use crate::handle::Handle;
use crate::live::{Hub, Keeper};
use crate::tally::Tallies;

/// What an operator may set.
#[derive(Debug, Clone)]
pub struct Options {
    /// Data frames a second that a device may send; 0 for no limit. Default: 0.
    pub device_frames_per_s: u32,
    /// Worker threads of the engine. Default: half the cores, at least one.
    pub cells: usize,
    /// What the flows of one tenant may use together.
    pub tenant: flow::tenants::Limits,
    /// How soon flows are moved, slowed and suspended.
    pub pace: flow::balance::Pace,
    /// Enables the node kind `fault`, for tests.
    pub faults: bool,
}

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            device_frames_per_s: 0,
            cells: (cores / 2).max(1),
            tenant: flow::tenants::Limits::default(),
            pace: flow::balance::Pace::default(),
            faults: false,
        }
    }
}

/// Why the tree could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An actor did not start.
    #[error("an actor could not be started")]
    Actor(#[from] ractor::SpawnErr),
    /// The engine or its actors did not start.
    #[error("flows could not be started")]
    Flows(#[from] flow::Error),
    /// The samples of widgets could not be read.
    #[error("samples of widgets could not be read")]
    Kept(#[from] catalog::Error),
}

/// The running tree. Dropping it does not stop it; see [`System::shutdown`].
#[derive(Debug)]
pub struct System {
    root: ActorRef<()>,
    handle: Handle,
}

impl System {
    /// Starts the tree on a catalog and a log. Not cancel safe.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn start(catalog: Catalog, log: ReadingLog, options: Options) -> Result<Self, Error> {
        let (root, _) = Actor::spawn(None, Root, ()).await?;
        let tallies = Tallies::start();
        let devices = Devices::start(catalog.clone(), tallies.clone(), root.get_cell()).await?;
        let context = Arc::new(Context {
            log: log.clone(),
            catalog: catalog.clone(),
            devices: devices.clone(),
            frames_per_s: options.device_frames_per_s,
        });
        let live = Hub::start(log.clone());
        let kept = Keeper::start(catalog.clone(), live.clone()).await?;
        let compile = edgesync_engine::compile::Options { faults: options.faults };
        let of_flows = flow::Options {
            compile,
            tenant: options.tenant,
            pace: options.pace,
            tallies: tallies.clone(),
            #[cfg(test)]
            busy_at_start: false,
        };
        let flows =
            FlowsHandle::start(catalog, log, live.clone(), options.cells, of_flows, root.get_cell()).await?;
        Ok(Self { root, handle: Handle { devices, flows, live, kept, tallies, context } })
    }

    /// What others may ask of the tree.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops the actors; the last step of [`System::shutdown`]. Not cancel safe.
    pub(crate) async fn stop(self, deadline: Duration) -> bool {
        self.root.stop_and_wait(None, Some(deadline)).await.is_ok()
    }
}

/// Top of the tree. Its children restart what they supervise themselves; if one of them fails all the same, it says so.
pub(crate) struct Root;

impl Actor for Root {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        event: SupervisionEvent,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(actor, error) = event {
            tracing::error!(actor = ?actor.get_name(), %error, "a top actor failed; what it manages cannot be changed until a restart");
        }
        Ok(())
    }
}
