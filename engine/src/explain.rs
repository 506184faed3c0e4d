//! How a flow will run, for people: its segments, what its nodes remember and for how long.

use std::borrow::Cow;

use edgesync_schemas::flow::node::State;
use edgesync_schemas::limit;
use serde::Serialize;

use crate::chunk::Name;
use crate::expr::Expression;
use crate::ops::needs;
use crate::plan::{Plan, PlannedNode, Work};

/// The explanation of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explain {
    /// Ids of the nodes that run as one, segment by segment.
    pub segments: Vec<Vec<String>>,
    /// The nodes, in the order they run.
    pub nodes: Vec<ExplainNode>,
    /// How far back, in milliseconds of event time, readings must be replayed for the flow to be itself again; `null` if no
    /// bound is known.
    pub horizon_ms: Option<i64>,
    /// Bytes of state per series, about.
    pub state_bytes_per_key: usize,
    /// Series that each node keeps state for at most, so that the flow stays within its memory whatever comes.
    pub keys_most: usize,
    /// Bytes of state at the worst, with as many series as there may be.
    pub state_bytes_most: usize,
    /// Records that one reading may become at most, at the node where they are most.
    pub fan_out: u64,
}

/// The explanation of a node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainNode {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// Which segment it runs in.
    pub segment: usize,
    /// Ports that lead somewhere.
    pub wired: Vec<Cow<'static, str>>,
    /// Of a node with expressions: whether all of them are computed over columns, or some row by row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<&'static str>,
    /// Whether it remembers something per series.
    pub keyed: bool,
    /// How far back it looks, in milliseconds of event time; `null` if no bound is known.
    pub horizon_ms: Option<i64>,
    /// Bytes of state per series, about.
    pub state_bytes_per_key: usize,
    /// Records that one reading may have become at most when they leave it.
    pub fan_out: u64,
    /// Names of the further numbers that its results carry.
    pub fields: Vec<Name>,
}

impl Explain {
    pub(crate) fn of(plan: &Plan) -> Self {
        let id = |at: &usize| plan.nodes[*at].id.to_string();
        let segments: Vec<Vec<String>> =
            plan.segments.iter().map(|segment| segment.nodes.iter().map(id).collect()).collect();
        let mut nodes: Vec<ExplainNode> = Vec::with_capacity(plan.nodes.len());
        for (at, node) in plan.nodes.iter().enumerate() {
            let comes = node.inputs.iter().map(|edge| nodes[plan.edges[*edge].from].fan_out);
            let comes = comes.fold(0u64, u64::saturating_add).max(1);
            nodes.push(explain_node(plan, at, node, comes));
        }
        let keys_most = plan.keys_most(limit::KEYS_PER_NODE);
        let bytes_most: usize = plan.nodes.iter().map(needs::bytes_per_key_most).sum();
        Self {
            segments,
            horizon_ms: plan.looks_back_ms(None),
            state_bytes_per_key: nodes.iter().map(|node| node.state_bytes_per_key).sum(),
            keys_most,
            state_bytes_most: bytes_most.saturating_mul(keys_most),
            fan_out: nodes.iter().map(|node| node.fan_out).max().unwrap_or_default(),
            nodes,
        }
    }
}

impl Plan {
    /// How far back the flow looks, in milliseconds of event time: as far as the nodes on the longest way do together. A node without a bound
    /// counts as `unbounded_ms`; `None` if that is, and there is such a node.
    pub fn looks_back_ms(&self, unbounded_ms: Option<i64>) -> Option<i64> {
        let mut back: Vec<i64> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let before =
                node.inputs.iter().map(|edge| back[self.edges[*edge].from]).max().unwrap_or_default();
            back.push(before.saturating_add(needs::horizon_ms(node).or(unbounded_ms)?));
        }
        Some(back.into_iter().max().unwrap_or_default())
    }
}

/// How expressions are computed.
fn how<'a>(expressions: impl IntoIterator<Item = &'a Expression>) -> &'static str {
    if expressions.into_iter().all(Expression::is_columnar) { "columns" } else { "row by row" }
}

fn explain_node(plan: &Plan, at: usize, node: &PlannedNode, comes: u64) -> ExplainNode {
    ExplainNode {
        id: node.id.to_string(),
        kind: node.spec.kind,
        segment: plan.segments.iter().position(|segment| segment.nodes.contains(&at)).unwrap_or_default(),
        wired: node.outputs.ports().map(|port| port.name_in(&node.cases)).collect(),
        expression: match &node.work {
            Work::Filter(of) => Some(how([&**of])),
            Work::Switch(of) => Some(how(&of.cases)),
            Work::Compute(of) => Some(how(of.steps.iter().map(|(_, step)| step))),
            _ => None,
        },
        keyed: node.spec.state == State::PerKey || needs::bytes_per_key(node) > 0,
        horizon_ms: needs::horizon_ms(node),
        state_bytes_per_key: needs::bytes_per_key(node),
        fan_out: comes.saturating_mul(needs::fan_out(node)),
        fields: node.leaving.names.as_deref().unwrap_or_default().to_vec(),
    }
}
