//! What others may ask of whatever runs. The api crate reaches connections, flows and live subscriptions only through this.

use std::sync::Arc;

use crate::device::{Context, Devices};
use crate::flow::FlowsHandle;
use crate::live::{Hub, Keeper};
use crate::tally::Tallies;

/// The tree's front. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    /// Who is connected; ends connections.
    pub devices: Devices,
    /// Deploys and stops flows, and tells how they are.
    pub flows: FlowsHandle,
    /// Who watches what.
    pub live: Hub,
    /// What is kept of flows' nodes for widgets.
    pub kept: Keeper,
    /// What is counted of each organization.
    pub tallies: Tallies,
    /// What [`crate::device::run`] needs to serve a device's socket.
    pub context: Arc<Context>,
}
