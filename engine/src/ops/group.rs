//! Whose records meet at a node with several inputs.

use std::collections::HashMap;

use edgesync_schemas::flow::node::By;
use edgesync_schemas::id::DeviceId;

use super::Series;

/// Says for each key which key stands for all that it meets: the first of its device, or 0. It follows from the flow's series, so it is not
/// saved.
#[derive(Debug)]
pub(crate) struct Groups {
    by: By,
    of_key: Vec<u32>,
    first: HashMap<DeviceId, u32>,
}

impl Groups {
    pub fn new(by: By) -> Self {
        Self { by, of_key: Vec::new(), first: HashMap::new() }
    }

    /// The key that stands for a key's group.
    #[inline]
    pub fn of(&mut self, key: u32, series: &[Series]) -> u32 {
        if self.by == By::All {
            return 0;
        }
        while self.of_key.len() < series.len() {
            let next = self.of_key.len();
            let device = series[next].info.device;
            self.of_key.push(*self.first.entry(device).or_insert(next as u32));
        }
        self.of_key[key as usize]
    }
}
