//! A plan: a diagram that was checked and put in order. What cells install, and what the explain output shows.
//!
//! Nodes are in an order in which every edge leads forward; comments are left out. Plans are immutable and shared.

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::{DeviceSensor, Display, Fault, MovingAverage, Spec, Window};

use crate::chunk::Names;
use crate::explain::Explain;
use crate::expr::Predicate;
use crate::fuse::Segment;

/// A flow that is ready to be installed.
#[derive(Debug)]
pub struct Plan {
    pub(crate) nodes: Vec<PlannedNode>,
    pub(crate) edges: Vec<PlannedEdge>,
    pub(crate) segments: Vec<Segment>,
    /// By node: the segment it runs in.
    pub(crate) segment_of: Vec<usize>,
}

/// A node of a [`Plan`].
#[derive(Debug)]
pub struct PlannedNode {
    /// Its id in the diagram.
    pub id: Arc<str>,
    /// Its label in the diagram, if it has one.
    pub label: Option<String>,
    /// Its row of the catalogue.
    pub spec: &'static Spec,
    /// What it does.
    pub work: Work,
    /// Edges that lead to it, by their place in the plan; ascending.
    pub inputs: Vec<usize>,
    /// Edges that leave it, by port ([`Port::index`]).
    pub outputs: [Vec<usize>; 4],
    /// Names of the further numbers that come in: those of its inputs, if all of them have the same.
    pub names_in: Option<Names>,
    /// Names of the further numbers that leave by `out`.
    pub names_out: Option<Names>,
}

/// What a node does, ready to run.
#[derive(Debug)]
pub enum Work {
    /// Emits readings.
    Source(DeviceSensor),
    /// Divides records by an expression.
    Filter(Arc<Predicate>),
    /// Averages the newest values.
    MovingAverage(MovingAverage),
    /// Aggregates windows.
    Window(Window),
    /// Shows records.
    Display(Display),
    /// Shows records to whoever watches the flow.
    Debug,
    /// Panics on purpose.
    Fault(Fault),
}

/// An edge of a [`Plan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedEdge {
    /// The node it leaves, by its place in the plan.
    pub from: usize,
    /// The port it leaves by.
    pub port: Port,
    /// The node it leads to.
    pub to: usize,
}

impl Plan {
    /// The source nodes and what they subscribe to.
    pub fn sources(&self) -> impl Iterator<Item = (&PlannedNode, &DeviceSensor)> {
        self.nodes.iter().filter_map(|node| match &node.work {
            Work::Source(source) => Some((node, source)),
            _ => None,
        })
    }

    /// The nodes, in an order in which every edge leads forward.
    pub fn nodes(&self) -> &[PlannedNode] {
        &self.nodes
    }

    /// The edges.
    pub fn edges(&self) -> &[PlannedEdge] {
        &self.edges
    }

    /// The segments: stages that run as one.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    pub(crate) fn segment_of(&self, node: usize) -> usize {
        self.segment_of[node]
    }

    /// How the flow will run, for people.
    pub fn explain(&self) -> Explain {
        Explain::of(self)
    }
}
