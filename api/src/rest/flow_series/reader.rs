//! Who may read which of the series that a flow stores.

use std::collections::HashMap;
use std::sync::Arc;

use edgesync_schemas::id::{DeviceId, FlowId, UserId};
use edgesync_storage::log::DerivedSeries;

use crate::error::Problem;
use crate::state::AppState;

/// Somebody who reads what a flow stored. Of a device it is told to who may read the device; what is of no one device, to who may read all that the
/// flow ever read.
pub(super) struct Reader<'a> {
    state: &'a AppState,
    user: UserId,
    flow: FlowId,
    /// What was asked already; of `None`: of all.
    known: HashMap<Option<DeviceId>, bool>,
}

impl<'a> Reader<'a> {
    pub fn new(state: &'a AppState, user: UserId, flow: FlowId) -> Self {
        Self { state, user, flow, known: HashMap::new() }
    }

    async fn may_read(&mut self, device: Option<DeviceId>) -> Result<bool, Problem> {
        if let Some(known) = self.known.get(&device) {
            return Ok(*known);
        }
        let catalog = &self.state.catalog;
        let may = match device {
            Some(device) => catalog.may_read_device(self.user, device).await?,
            None => catalog.may_read_devices_of(self.user, self.flow).await?,
        };
        self.known.insert(device, may);
        Ok(may)
    }

    /// The first so many of `series` that may be read.
    pub async fn among(
        mut self,
        series: Vec<Arc<DerivedSeries>>,
        most: usize,
    ) -> Result<Vec<Arc<DerivedSeries>>, Problem> {
        let mut readable = Vec::new();
        for series in series {
            if readable.len() == most {
                break;
            }
            if self.may_read(series.of.device).await? {
                readable.push(series);
            }
        }
        Ok(readable)
    }
}
