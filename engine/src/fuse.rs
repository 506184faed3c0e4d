//! Fusion: neighbouring stages with nothing between them run as one segment.
//!
//! A node joins the segment of the node before it if it is the only one that `out` leads to, and has no other input. So only
//! fan-in, fan-out, the side ports (else, late, error, ...) and nodes with several inputs start a new segment.

use edgesync_schemas::flow::Port;

use crate::plan::{PlannedEdge, PlannedNode};

/// Nodes that run as one, each fed by the `out` of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The nodes, by their place in the plan; not empty.
    pub nodes: Vec<usize>,
}

/// Cuts a plan's nodes into segments, in an order in which every edge between them leads forward. Also says which segment
/// each node is in.
pub(crate) fn fuse(nodes: &[PlannedNode], edges: &[PlannedEdge]) -> (Vec<Segment>, Vec<usize>) {
    let mut segment_of = vec![usize::MAX; nodes.len()];
    let mut segments: Vec<Segment> = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let before = match node.inputs[..] {
            [only] if edges[only].port == Port::Out && node.input_names.is_empty() => Some(edges[only].from),
            _ => None,
        };
        let before = before.filter(|before| nodes[*before].outputs.of(Port::Out).len() == 1);
        let segment = match before {
            Some(before) => segment_of[before],
            None => {
                segments.push(Segment { nodes: Vec::new() });
                segments.len() - 1
            }
        };
        segments[segment].nodes.push(at);
        segment_of[at] = segment;
    }
    (segments, segment_of)
}
