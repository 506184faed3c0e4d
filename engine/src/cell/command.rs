//! What can be asked of a cell.
//!
//! Two roads: [`Work`] is done in the order it was asked, between and with the readings; [`Control`] is done at once, even while
//! the outlet is full and readings wait.

use std::sync::Arc;

use edgesync_schemas::id::FlowId;
use edgesync_schemas::reading::{Commit, SeriesInfo};
use edgesync_schemas::time::Timestamp;

use crate::metrics::FlowCounters;
use crate::plan::Plan;

/// How many installs were asked of a cell before this one. A remove names the newest install that it is meant for.
pub(crate) type Generation = u64;

/// Done in order.
#[derive(Debug)]
pub(crate) enum Work {
    /// Readings.
    Feed(Arc<Commit>),
    /// The wall clock.
    Tick(Timestamp),
    /// Series that were known before the first commit.
    Series(Vec<Arc<SeriesInfo>>),
    /// A flow, in place of the one with the same id if there is one.
    Install { generation: Generation, plan: Arc<Plan>, counters: Arc<FlowCounters> },
}

/// Done at once.
#[derive(Debug)]
pub(crate) enum Control {
    /// Ends installs of a flow up to and including this one, done or still waiting.
    Remove { flow: FlowId, generation: Generation },
}
