//! What an operator may set of flows.

use edgesync_engine::compile;

use super::{balance, tenants};
use crate::tally::Tallies;

/// What an operator may set of flows.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which diagrams can run.
    pub compile: compile::Options,
    /// What the flows of one tenant may use together.
    pub tenant: tenants::Limits,
    /// How soon flows are moved, slowed and suspended.
    pub pace: balance::Pace,
    /// Where it is counted what records flows could not handle.
    pub tallies: Tallies,
    /// No flow can be started with the server.
    #[cfg(test)]
    pub(crate) busy_at_start: bool,
}
