//! What the nodes of deployed flows counted, about once a minute: a summary for each that did something.
//!
//! Flows have their turns at different seconds, so that not all of them are written at once. Counters that were replaced are looked at until
//! their cell has let go of them, so that nothing that they count is left out.
//!
//! - Memory: the counters of each installed flow, and 56 bytes a node.

use std::collections::HashMap;
use std::sync::Arc;

use edgesync_engine::metrics::{FlowCounters, FlowState, NodeState, Snapshot};
use edgesync_schemas::entity::execution::{NodeScope, NodeStatus, NodeWork};
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_storage::catalog::NodeRecord;
use serde_json::Map;

use crate::cell::now;

const TURNS: usize = limit::NODE_SUMMARY_S as usize;
/// Installations of a flow that are looked at. Before one more is, the oldest is for the last time.
const INSTALLATIONS: usize = 8;

/// The counters of all flows.
pub(super) struct Minutes {
    /// The flows that are looked at in each second of a minute.
    turns: Vec<HashMap<FlowId, Vec<Counted>>>,
    /// Up to which second they were looked at.
    seen: u64,
}

/// Counters of one installation, and what they were when they were looked at last.
struct Counted {
    counters: Arc<FlowCounters>,
    /// What counts: that of the counters, or a later one that does the same.
    version: u32,
    seen: Vec<Snapshot>,
    stage: Stage,
}

/// Where an installation is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It counts.
    Runs,
    /// It was replaced or removed; its cell may not have come to that.
    IsOver,
    /// It was looked at since. That of a condemned cell is never let go of.
    IsOverForLong,
}

impl Default for Minutes {
    fn default() -> Self {
        Self { turns: (0..TURNS).map(|_| HashMap::new()).collect(), seen: 0 }
    }
}

/// The last bytes of a version 7 UUID are random.
fn turn(flow: FlowId) -> usize {
    (flow.uuid().as_u128() % TURNS as u128) as usize
}

impl Minutes {
    /// A version of a flow was installed, or what is installed is another version now. What has to be told before that is forgotten.
    pub fn attach(&mut self, counters: &Arc<FlowCounters>, version: u32) -> Vec<NodeRecord> {
        let of_flow = self.turns[turn(counters.flow)].entry(counters.flow).or_default();
        let mut left = Vec::new();
        if let Some(last) = of_flow.last_mut().filter(|last| Arc::ptr_eq(&last.counters, counters)) {
            if last.version != version {
                last.look(&mut left);
                last.version = version;
            }
            return left;
        }
        if of_flow.len() >= INSTALLATIONS {
            of_flow.remove(0).look(&mut left);
        }
        of_flow.iter_mut().for_each(|counted| counted.stage = Stage::IsOver);
        let seen = vec![Snapshot::default(); counters.nodes.len()];
        of_flow.push(Counted { counters: counters.clone(), version, seen, stage: Stage::Runs });
        left
    }

    /// The version that an installation counts for.
    pub fn version(&self, flow: FlowId, installed: u32) -> u32 {
        let mut of_flow = self.turns[turn(flow)].get(&flow).into_iter().flatten().rev();
        let counted = of_flow.find(|counted| counted.counters.version == installed);
        counted.map_or(installed, |counted| counted.version)
    }

    /// A flow was removed.
    pub fn detach(&mut self, flow: FlowId) {
        let of_flow = self.turns[turn(flow)].get_mut(&flow);
        of_flow.into_iter().flatten().for_each(|counted| counted.stage = Stage::IsOver);
    }

    /// What the flows did whose turn has come since the last look, in the `second` since the start.
    pub fn look(&mut self, second: u64) -> Vec<NodeRecord> {
        let due = (second - self.seen.min(second)).min(TURNS as u64);
        self.seen = second;
        let mut records = Vec::new();
        for second in second - due..second {
            self.look_at(second as usize % TURNS, &mut records);
        }
        records
    }

    /// What all flows did since they were looked at last.
    pub fn look_at_all(&mut self) -> Vec<NodeRecord> {
        let mut records = Vec::new();
        (0..TURNS).for_each(|turn| self.look_at(turn, &mut records));
        records
    }

    fn look_at(&mut self, turn: usize, records: &mut Vec<NodeRecord>) {
        self.turns[turn].retain(|_, of_flow| {
            of_flow.retain_mut(|counted| {
                // Asked before the counters are read: after that they do not change any more.
                let is_let_go = counted.counters.state() == FlowState::Removed;
                counted.look(records);
                match counted.stage {
                    Stage::Runs => true,
                    Stage::IsOver => {
                        counted.stage = Stage::IsOverForLong;
                        !is_let_go
                    }
                    Stage::IsOverForLong => false,
                }
            });
            !of_flow.is_empty()
        });
    }
}

impl Counted {
    fn look(&mut self, records: &mut Vec<NodeRecord>) {
        let at = now();
        for (node, seen) in self.counters.nodes.iter().zip(&mut self.seen) {
            let counts = node.snapshot();
            let before = std::mem::replace(seen, counts);
            let moved = |of: fn(&Snapshot) -> u64| of(&counts).saturating_sub(of(&before));
            let (records_in, records_out) = (moved(|of| of.in_), moved(|of| of.out));
            let errors = moved(|of| of.error) + moved(|of| of.dropped);
            if records_in == 0 && records_out == 0 && errors == 0 {
                continue;
            }
            let status = match node.state() {
                NodeState::Ok => NodeStatus::Completed,
                NodeState::Failed => NodeStatus::Failed,
            };
            let work = NodeWork {
                node_id: node.id.to_string(),
                status,
                input_data: Map::new(),
                output_data: Map::new(),
                records_in,
                records_out,
                errors,
                busy_ns: moved(|of| of.busy_ns),
                executed_at: at,
            };
            let (flow, version) = (self.counters.flow, self.version);
            records.push(NodeRecord { flow, version, scope: NodeScope::Minute, work });
        }
    }
}
