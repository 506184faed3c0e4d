//! Sources: which of a flow's series each of them emits.

use std::collections::HashSet;

use edgesync_schemas::id::DeviceId;
use edgesync_schemas::reading::SeriesInfo;

use crate::chunk::{Chunk, Sel};
use crate::plan::{Plan, Work};

/// A source node and which keys are its own.
#[derive(Debug)]
pub(super) struct Source {
    pub node: usize,
    pub devices: HashSet<DeviceId>,
    /// By key. All of them, in most flows.
    matches: Vec<bool>,
    matches_all: bool,
}

impl Source {
    pub fn new(node: usize, work: &Work) -> Self {
        let devices = match work {
            Work::Source(of) => of.devices.iter().copied().collect(),
            _ => HashSet::new(),
        };
        Self { node, devices, matches: Vec::new(), matches_all: true }
    }

    /// Takes note of one more key of the flow, and whether it is this source's.
    pub fn add(&mut self, is_mine: bool) {
        self.matches.push(is_mine);
        self.matches_all &= is_mine;
    }

    /// Whether a key is its own.
    pub fn has(&self, key: usize) -> bool {
        self.matches[key]
    }

    /// Its rows of a chunk of readings.
    pub fn select(&self, chunk: &Chunk) -> Sel {
        if self.matches_all {
            return Sel::All;
        }
        let mine = |row: &u32| self.matches[chunk.key[*row as usize] as usize];
        Sel::Rows((0..chunk.len() as u32).filter(mine).collect())
    }

    /// Whether it emits a series.
    pub fn takes(&self, plan: &Plan, info: &SeriesInfo) -> bool {
        match &plan.nodes[self.node].work {
            Work::Source(of) => {
                self.devices.contains(&info.device)
                    && (of.sensors.is_empty() || of.sensors.contains(&info.sensor))
            }
            _ => false,
        }
    }
}
