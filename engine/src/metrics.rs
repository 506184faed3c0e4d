//! What nodes count. Written by the cell's thread alone, read by anyone.
//!
//! For every node: in + made = out + filtered + late + error + dropped + in flight, whenever its cell is between two chunks. Readers that look while
//! it works may see sums that are a chunk apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use edgesync_schemas::id::FlowId;

use crate::cell::emit::Reason;
use crate::plan::Plan;

/// Counters of an installed flow.
#[derive(Debug)]
pub struct FlowCounters {
    /// The flow.
    pub flow: FlowId,
    /// Its version.
    pub version: u32,
    /// One entry per node of the plan, in the plan's order.
    pub nodes: Vec<Arc<NodeCounters>>,
    /// Nanoseconds of its cell's thread that it took, all of them.
    pub busy_ns: AtomicU64,
    state: AtomicU8,
}

/// Where an installed flow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowState {
    /// The cell has not come to it yet.
    Pending,
    /// It runs.
    Running,
    /// It was removed or replaced.
    Removed,
}

/// Counters of one node. Records are counted once each, however many edges they leave by.
#[derive(Debug, Default)]
pub struct NodeCounters {
    /// The node's id in the diagram.
    pub id: Arc<str>,
    /// Its kind.
    pub kind: &'static str,
    /// Records that came in.
    pub in_: AtomicU64,
    /// Records that the node made beyond those that came: elements of a list, pairs of a join, results before the last.
    pub made: AtomicU64,
    /// Records that left by `out`, or by outs that the node's configuration names.
    pub out: AtomicU64,
    /// Records that ended here as the node means it: left by `else`, or were folded with others into one result.
    pub filtered: AtomicU64,
    /// Records that came after their window was closed.
    pub late: AtomicU64,
    /// Records that the node could not handle, its panics included.
    pub error: AtomicU64,
    /// Records that ended because there was no room for them, or for what would have been made of them.
    pub dropped: AtomicU64,
    /// Of `error` and `dropped`, how many for which reason; in the order of [`Reason::ALL`].
    reasons: [AtomicU64; Reason::ALL.len()],
    /// Records that the node holds in its state for a later result.
    pub in_flight: AtomicU64,
    /// Nanoseconds spent in the node; sampled, so an estimate.
    pub busy_ns: AtomicU64,
    /// Nanoseconds that records waited in the cell before they came in, each of them counted; of sources only, because behind them nothing waits.
    pub waiting_ns: AtomicU64,
    /// How many watch the node. While 0, its records are not sent to the outlet. Written by whoever subscribes.
    pub watch: AtomicU32,
    state: AtomicU8,
}

/// How a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    /// It works.
    Ok,
    /// It panicked: its records go to its error port until the flow is installed again.
    Failed,
}

/// A moment's values of a [`NodeCounters`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "documented at NodeCounters")]
pub struct Snapshot {
    pub in_: u64,
    pub made: u64,
    pub out: u64,
    pub filtered: u64,
    pub late: u64,
    pub error: u64,
    pub dropped: u64,
    pub in_flight: u64,
    pub busy_ns: u64,
    pub waiting_ns: u64,
}

impl FlowCounters {
    /// Zeroes for the nodes of a plan.
    pub(crate) fn of(flow: FlowId, version: u32, plan: &Plan) -> Self {
        let nodes = plan.nodes().iter().map(|node| {
            let (id, kind) = (Arc::clone(&node.id), node.spec.kind);
            Arc::new(NodeCounters { id, kind, ..NodeCounters::default() })
        });
        Self { flow, version, nodes: nodes.collect(), busy_ns: AtomicU64::new(0), state: AtomicU8::new(0) }
    }

    /// The counters of the node with this id.
    pub fn node(&self, id: &str) -> Option<&Arc<NodeCounters>> {
        self.nodes.iter().find(|node| &*node.id == id)
    }

    /// Records that have come into its nodes. Two equal answers: nothing came in between.
    pub fn moved(&self) -> u64 {
        self.nodes.iter().fold(0, |sum, node| sum.wrapping_add(node.in_.load(Ordering::Relaxed)))
    }

    /// Where the flow is.
    pub fn state(&self) -> FlowState {
        match self.state.load(Ordering::Acquire) {
            0 => FlowState::Pending,
            1 => FlowState::Running,
            _ => FlowState::Removed,
        }
    }

    pub(crate) fn set_state(&self, state: FlowState) {
        self.state.store(state as u8, Ordering::Release);
    }
}

impl Snapshot {
    /// Whether every record is accounted for.
    pub fn is_balanced(&self) -> bool {
        let ends = self.out + self.filtered + self.late + self.error + self.dropped + self.in_flight;
        self.in_ + self.made == ends
    }
}

impl NodeCounters {
    /// All values now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            in_: self.in_.load(Ordering::Relaxed),
            made: self.made.load(Ordering::Relaxed),
            out: self.out.load(Ordering::Relaxed),
            filtered: self.filtered.load(Ordering::Relaxed),
            late: self.late.load(Ordering::Relaxed),
            error: self.error.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            busy_ns: self.busy_ns.load(Ordering::Relaxed),
            waiting_ns: self.waiting_ns.load(Ordering::Relaxed),
        }
    }

    /// How many records went to the error port or were dropped, by reason; only reasons that there were.
    pub fn reasons(&self) -> Vec<(Reason, u64)> {
        let counts = Reason::ALL.into_iter().zip(&self.reasons);
        counts
            .map(|(reason, count)| (reason, count.load(Ordering::Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// Counts records under a reason. That they are errors or dropped is counted beside it.
    pub(crate) fn count_reason(&self, reason: Reason, count: u64) {
        bump(&self.reasons[reason as usize], count);
    }

    /// How the node is.
    pub fn state(&self) -> NodeState {
        if self.state.load(Ordering::Acquire) == 0 { NodeState::Ok } else { NodeState::Failed }
    }

    /// Whether anybody watches.
    pub fn is_watched(&self) -> bool {
        self.watch.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn fail(&self) {
        self.state.store(1, Ordering::Release);
    }
}

/// Adds to a counter that only this thread writes: without the locked instruction that `fetch_add` costs.
pub(crate) fn bump(counter: &AtomicU64, by: u64) {
    if by > 0 {
        counter.store(counter.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
    }
}
