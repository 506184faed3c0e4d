//! What every handler can reach.

use std::sync::Arc;

use edgesync_actors::Handle;
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_storage::catalog::Catalog;
use edgesync_storage::history::History;
use edgesync_storage::log::ReadingLog;

use tokio::sync::{Mutex, MutexGuard};

use crate::accept::Gate;
use crate::attempts::Attempts;
use crate::body::Bodies;
use crate::idempotency::Once;
use crate::password::Passwords;
use crate::running::Runs;

/// The parts of the server. Cheap to clone: each handler gets one.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Entities, and who may see them.
    pub catalog: Catalog,
    /// Readings.
    pub log: ReadingLog,
    /// Readings as history: buckets, exports, imports.
    pub history: History,
    /// Whose exports run.
    pub exports: Runs,
    /// Whose imports run.
    pub imports: Runs,
    /// Whatever runs.
    pub actors: Handle,
    /// The listener's counters.
    pub gate: Arc<Gate>,
    /// Where passwords are hashed.
    pub passwords: Passwords,
    /// Failed logins.
    pub attempts: Arc<Attempts>,
    /// How many bytes of bodies are being read.
    pub bodies: Bodies,
    /// Who deploys and stops which flow.
    pub deployments: Deployments,
    /// Requests that are answered once.
    pub once: Arc<Once>,
    /// What the operator has set.
    pub settings: Arc<Settings>,
}

/// What an operator may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// Who may sign up.
    pub signup: Signup,
    /// SHA-256 of what the first user must show; nothing if anybody may be the first.
    pub setup_token: Option<[u8; 32]>,
    /// Whether cookies are for HTTPS only: TLS is in front of the server.
    pub secure_cookies: bool,
}

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signup {
    /// Everybody.
    #[default]
    Open,
    /// Nobody but, with the setup token, the first user.
    Closed,
}

impl AppState {
    /// The state of a server made of these parts.
    pub fn new(catalog: Catalog, log: ReadingLog, actors: Handle, gate: Arc<Gate>) -> Self {
        Self {
            catalog,
            history: History::new(log.clone()),
            exports: Runs::at_most(limit::EXPORTS_PER_USER),
            imports: Runs::at_most(limit::IMPORTS_PER_USER),
            log,
            actors,
            gate,
            passwords: Passwords::default(),
            attempts: Arc::default(),
            bodies: Bodies::default(),
            deployments: Deployments::default(),
            once: Arc::default(),
            settings: Arc::default(),
        }
    }

    /// The same, with what the operator has set.
    #[must_use]
    pub fn with(self, settings: Settings) -> Self {
        Self { settings: Arc::new(settings), ..self }
    }
}

/// Lets one deployment, stop or removal of a flow go on at a time: each changes first what runs and then what is written down,
/// and two that mixed would leave the one unlike the other. Flows share [`STRIPES`] locks by their id.
#[derive(Debug, Clone)]
pub struct Deployments {
    // Held across awaits on purpose: the work under it is that of one flow. A version that warms up takes up to `limit::WARM_UP_S`, and flows
    // that share its stripe wait for that.
    locks: Arc<[Mutex<()>; STRIPES]>,
}

const STRIPES: usize = 64;

impl Default for Deployments {
    fn default() -> Self {
        Self { locks: Arc::new(std::array::from_fn(|_| Mutex::default())) }
    }
}

impl Deployments {
    /// Waits for the turn. Cancel safe.
    pub async fn turn(&self, flow: FlowId) -> MutexGuard<'_, ()> {
        // The last bytes of a version 7 UUID are random.
        let stripe = flow.uuid().as_u128() % STRIPES as u128;
        self.locks[stripe as usize].lock().await
    }
}
