//! What every handler can reach.

use std::sync::Arc;

use edgesync_actors::Handle;
use edgesync_storage::catalog::Catalog;
use edgesync_storage::log::ReadingLog;

use crate::accept::Gate;
use crate::attempts::Attempts;
use crate::password::Passwords;

/// The parts of the server. Cheap to clone: each handler gets one.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Entities, and who may see them.
    pub catalog: Catalog,
    /// Readings.
    pub log: ReadingLog,
    /// Whatever runs.
    pub actors: Handle,
    /// The listener's counters.
    pub gate: Arc<Gate>,
    /// Where passwords are hashed.
    pub passwords: Passwords,
    /// Failed logins.
    pub attempts: Arc<Attempts>,
}

impl AppState {
    /// The state of a server made of these parts.
    pub fn new(catalog: Catalog, log: ReadingLog, actors: Handle, gate: Arc<Gate>) -> Self {
        Self { catalog, log, actors, gate, passwords: Passwords::default(), attempts: Arc::default() }
    }
}
