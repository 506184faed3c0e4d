//! How the flows of a tenant are, together.

use std::time::Duration;

use uuid::Uuid;

use super::FlowsHandle;

/// The flows of a tenant that are on cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfTenant {
    /// How many there are.
    pub running: u64,
    /// Of how many a node has panicked, and works no more until the flow is installed again.
    pub failed: u64,
    /// How long ago the oldest reading arrived that the slowest of their cells has not done, be it theirs or not.
    pub behind: Duration,
}

impl FlowsHandle {
    /// How those of a tenant are. Looks at each flow that runs once: some hundred microseconds for 10,000.
    pub fn of_tenant(&self, tenant: Uuid) -> OfTenant {
        let mut all = OfTenant::default();
        for cell in &self.shared.cells {
            let (running, failed) = cell.of_tenant(tenant);
            if running > 0 {
                all.behind = all.behind.max(cell.behind());
            }
            (all.running, all.failed) = (all.running + running, all.failed + failed);
        }
        all
    }
}
