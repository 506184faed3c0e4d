//! A plan: a diagram that was checked and put in order. What cells install, and what the explain output shows.
//!
//! Nodes are in an order in which every edge leads forward; comments are left out. Plans are immutable and shared.

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::scale::Map;
use edgesync_schemas::flow::node::switch::Mode;
use edgesync_schemas::flow::node::{
    Combine, Deadband, Dedupe, DeviceSensor, Display, Fault, IntervalJoin, MinMax, MovingAverage, Rate, Spec,
    Split, Store, Throttle, Validate, Window,
};
use edgesync_schemas::limit;
use edgesync_schemas::unit::{Unit, UnitIndex};

use crate::chunk::Names;
use crate::compile::types::{Known, ValueType};
use crate::explain::Explain;
use crate::expr::Expression;
use crate::fuse::Segment;
use crate::ops::needs;

/// A flow that is ready to be installed.
#[derive(Debug)]
pub struct Plan {
    pub(crate) nodes: Vec<PlannedNode>,
    pub(crate) edges: Vec<PlannedEdge>,
    pub(crate) segments: Vec<Segment>,
    /// Units that its nodes give records ([`edgesync_schemas::unit::UnitIndex::of_flow`]).
    pub(crate) units: Arc<[Unit]>,
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
    /// Edges that leave it.
    pub outputs: Outputs,
    /// Names of the outs that its configuration defines ([`Port::Case`]).
    pub cases: Box<[Box<str>]>,
    /// Names of its inputs, if it has several.
    pub input_names: Box<[Box<str>]>,
    /// What is known of the records that come in.
    pub entering: Known,
    /// What is known of the records that leave by `out`.
    pub leaving: Known,
}

/// Edges that leave a node, by port. Most nodes have one port that leads anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outputs(Vec<(Port, Vec<usize>)>);

impl Outputs {
    /// The edges that leave by a port, by their place in the plan.
    pub fn of(&self, port: Port) -> &[usize] {
        self.0.iter().find(|(other, _)| *other == port).map_or(&[], |(_, edges)| edges)
    }

    /// The ports that lead somewhere.
    pub fn ports(&self) -> impl Iterator<Item = Port> {
        self.0.iter().map(|(port, _)| *port)
    }

    pub(crate) fn add(&mut self, port: Port, edge: usize) {
        match self.0.iter_mut().find(|(other, _)| *other == port) {
            Some((_, edges)) => edges.push(edge),
            None => {
                self.0.push((port, vec![edge]));
                self.0.sort_by_key(|(port, _)| *port);
            }
        }
    }
}

/// What a node does, ready to run.
#[derive(Debug)]
pub enum Work {
    /// Emits readings.
    Source(DeviceSensor),
    /// Divides records by an expression.
    Filter(Arc<Expression>),
    /// Sends records to the outs of cases.
    Switch(Arc<Switching>),
    /// Turns values away.
    Validate(Validate),
    /// Computes new values.
    Compute(Arc<Computing>),
    /// Maps numbers.
    Scale(Arc<Scaling>),
    /// Makes a record of each element.
    Split(Split),
    /// Passes what differs enough.
    Deadband(Deadband),
    /// Passes so many per period.
    Throttle(Throttle),
    /// Passes what did not pass before.
    Dedupe(Dedupe),
    /// Computes change per time.
    Rate(Rate),
    /// Finds the smallest and largest value.
    MinMax(MinMax),
    /// Puts the newest of several inputs side by side.
    Combine(Combine),
    /// Pairs records of two inputs.
    IntervalJoin(IntervalJoin),
    /// Averages the newest values.
    MovingAverage(MovingAverage),
    /// Aggregates windows.
    Window(Window),
    /// Shows records.
    Display(Display),
    /// Shows records to whoever watches the flow.
    Debug,
    /// Keeps records in the store.
    Store(Arc<Store>),
    /// Panics on purpose.
    Fault(Fault),
}

/// What a switch does.
#[derive(Debug)]
pub struct Switching {
    /// By case: when a record leaves by it.
    pub cases: Vec<Expression>,
    /// By which of those that hold.
    pub mode: Mode,
}

/// What a compute node does.
#[derive(Debug)]
pub struct Computing {
    /// In their order: where each answer goes, by its place among the fields as expressions see them, and the expression. Those fields are the
    /// record's own ones, and then every new name when it comes first.
    pub steps: Vec<(usize, Expression)>,
    /// The place there of the new value, if there is one.
    pub output: Option<usize>,
    /// The new value's unit; `None`: the record's own.
    pub unit: Option<UnitIndex>,
    /// What is known of the new value; of the old one if there is none.
    pub value: ValueType,
    /// Names of the fields that leave.
    pub names: Option<Names>,
}

/// What a scale node does.
#[derive(Debug)]
pub struct Scaling {
    /// How numbers are mapped.
    pub map: Map,
    /// The results' unit and its place among the flow's own ones; `None`: the record's own.
    pub unit: Option<(Unit, UnitIndex)>,
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
    /// Which of its inputs, by its place among [`PlannedNode::input_names`]; 0 if it has one.
    pub input: u8,
}

impl Plan {
    /// Keys that each of the nodes may keep state for, so that the whole flow stays within [`limit::FLOW_STATE_BYTES`] whatever
    /// its readings are: `keys_per_node` at the most, 1 at the least.
    pub(crate) fn keys_most(&self, keys_per_node: usize) -> usize {
        let per_key: usize = self.nodes.iter().map(needs::bytes_per_key_most).sum();
        limit::FLOW_STATE_BYTES.checked_div(per_key).unwrap_or(usize::MAX).clamp(1, keys_per_node.max(1))
    }

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

#[cfg(test)]
mod tests {
    use edgesync_schemas::flow::Diagram;
    use serde_json::json;

    use super::*;

    fn averages(count: usize, window_size: usize) -> Plan {
        let device = "0197a3c0-0000-7000-8000-000000000002";
        let mut nodes = vec![
            json!({"id": "in", "type": "device", "data": {"mode": "read", "deviceUuid": device, "variable": "a"}}),
        ];
        let mut edges = Vec::new();
        for i in 0..count {
            nodes.push(
                json!({"id": format!("n{i}"), "type": "moving-average", "data": {"windowSize": window_size}}),
            );
            edges.push(json!({"id": format!("e{i}"), "source": "in", "target": format!("n{i}")}));
        }
        let diagram: Diagram = serde_json::from_value(json!({"nodes": nodes, "edges": edges})).unwrap();
        crate::compile(&diagram, &crate::compile::Options::default()).unwrap()
    }

    #[test]
    fn a_flow_keeps_no_more_state_than_it_may_whatever_is_drawn() {
        assert_eq!(averages(1, 10).keys_most(100_000), 100_000);
        let many = averages(100, 10_000).keys_most(100_000);
        assert!((1..=8).contains(&many), "100 averages of 10,000 values take 32 MB a key, not {many} keys");
        assert_eq!(averages(400, 10_000).keys_most(100_000), 2);
    }
}
