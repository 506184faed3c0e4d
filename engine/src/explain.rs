//! How a flow will run, for people: its segments, what its nodes remember and for how long.

use std::borrow::Cow;

use edgesync_schemas::flow::node::State;
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
    /// Names of the further numbers that its results carry.
    pub fields: Vec<Name>,
}

impl Explain {
    pub(crate) fn of(plan: &Plan) -> Self {
        let id = |at: &usize| plan.nodes[*at].id.to_string();
        let segments: Vec<Vec<String>> =
            plan.segments.iter().map(|segment| segment.nodes.iter().map(id).collect()).collect();
        let nodes: Vec<ExplainNode> =
            plan.nodes.iter().enumerate().map(|(at, node)| explain_node(plan, at, node)).collect();
        Self {
            segments,
            horizon_ms: nodes.iter().try_fold(0i64, |sum, node| Some(sum.saturating_add(node.horizon_ms?))),
            state_bytes_per_key: nodes.iter().map(|node| node.state_bytes_per_key).sum(),
            nodes,
        }
    }
}

/// How expressions are computed.
fn how<'a>(expressions: impl IntoIterator<Item = &'a Expression>) -> &'static str {
    if expressions.into_iter().all(Expression::is_columnar) { "columns" } else { "row by row" }
}

fn explain_node(plan: &Plan, at: usize, node: &PlannedNode) -> ExplainNode {
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
        fields: node.leaving.names.as_deref().unwrap_or_default().to_vec(),
    }
}
