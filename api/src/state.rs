//! What every handler can reach.

use std::sync::Arc;

use edgesync_actors::Handle;
use edgesync_schemas::limit;
use edgesync_storage::catalog::Catalog;
use edgesync_storage::history::History;
use edgesync_storage::log::ReadingLog;

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
            history: actors.live.history().clone(),
            exports: Runs::at_most(limit::EXPORTS_PER_USER),
            imports: Runs::at_most(limit::IMPORTS_PER_USER),
            log,
            actors,
            gate,
            passwords: Passwords::default(),
            attempts: Arc::default(),
            bodies: Bodies::default(),
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
