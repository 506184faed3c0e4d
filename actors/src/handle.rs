//! What others may ask of whatever runs. The api crate reaches connections, flows and live subscriptions only through this.

use std::sync::Arc;

use crate::device::{Context, Devices};

/// The tree's front. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    /// Who is connected; ends connections.
    pub devices: Devices,
    /// What [`crate::device::run`] needs to serve a device's socket.
    pub context: Arc<Context>,
}
