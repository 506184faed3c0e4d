//! A diagram as the editor draws it and the catalog stores it: React Flow JSON.
//!
//! What the platform does not know (positions, sizes, colours, whatever the editor adds later) is kept on a round trip.
//! Ids, kinds and edge ends that are missing read as empty text, so that the compiler can report them with all other problems.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::problem::{Code, Problem};
use crate::limit;

/// A drawing of nodes and edges.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagram {
    /// The nodes.
    #[serde(default)]
    pub nodes: Vec<Node>,
    /// The edges.
    #[serde(default)]
    pub edges: Vec<Edge>,
    /// Keys that the platform does not know, such as `viewport`.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// One node of a [`Diagram`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its id within the diagram; empty if the drawing has none.
    #[serde(default)]
    pub id: String,
    /// Its kind, such as `filter`; empty if the drawing has none.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// Its configuration, and `label`.
    #[serde(default)]
    pub data: Map<String, Value>,
    /// Keys that the platform does not know, such as `position`.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// One edge of a [`Diagram`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// Its id within the diagram; empty if the drawing has none.
    #[serde(default)]
    pub id: String,
    /// Id of the node it comes from; `None` if the drawing has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Id of the node it goes to; `None` if the drawing has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Which port of the source; `None` is its `out`.
    #[serde(default, rename = "sourceHandle", skip_serializing_if = "Option::is_none")]
    pub source_handle: Option<String>,
    /// Which input of the target; `None` is its only one.
    #[serde(default, rename = "targetHandle", skip_serializing_if = "Option::is_none")]
    pub target_handle: Option<String>,
    /// Keys that the platform does not know, such as `animated`.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Diagram {
    /// From JSON text.
    ///
    /// # Errors
    /// One problem if it is no diagram, or one per limit it is beyond.
    pub fn from_json(json: &str) -> Result<Self, Vec<Problem>> {
        if json.len() > limit::FLOW_BYTES {
            let message =
                format!("the diagram has {} bytes, at most {} are allowed", json.len(), limit::FLOW_BYTES);
            return Err(vec![Problem::of_diagram(Code::TooLarge, message)]);
        }
        let diagram: Self = serde_json::from_str(json).map_err(|error| {
            vec![Problem::of_diagram(Code::Malformed, format!("not a flow diagram: {error}"))]
        })?;
        let problems = diagram.beyond_limits();
        if problems.is_empty() { Ok(diagram) } else { Err(problems) }
    }

    /// Which limits on nodes and edges it is beyond.
    pub fn beyond_limits(&self) -> Vec<Problem> {
        let count = |what, count: usize, most: usize| {
            (count > most).then(|| {
                let message = format!("the diagram has {count} {what}, at most {most} are allowed");
                Problem::of_diagram(Code::TooLarge, message)
            })
        };
        [
            count("nodes", self.nodes.len(), limit::FLOW_NODES),
            count("edges", self.edges.len(), limit::FLOW_EDGES),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_survive_a_round_trip() {
        let json = r##"{"nodes":[{"id":"a","type":"filter","data":{"label":"F","expression":"value > 1","mine":[1,2]},
            "position":{"x":1.5,"y":-2},"width":180,"selected":true}],
            "edges":[{"id":"e","source":"a","target":"b","sourceHandle":"else","animated":true,"style":{"stroke":"#fff"}}],
            "viewport":{"x":0,"y":0,"zoom":1}}"##;
        let diagram = Diagram::from_json(json).unwrap();
        let before: Value = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_value(&diagram).unwrap(), before);
    }

    #[test]
    fn a_missing_edge_end_is_no_reason_to_refuse_the_whole_drawing() {
        let diagram =
            Diagram::from_json(r#"{"nodes":[],"edges":[{"id":"e","source":"a","target":null}]}"#).unwrap();
        assert_eq!(diagram.edges[0].target, None);
    }

    #[test]
    fn limits_are_reported_and_so_is_what_is_no_diagram() {
        let nodes = vec![Node::default(); limit::FLOW_NODES + 1];
        let json = serde_json::to_string(&Diagram { nodes, ..Diagram::default() }).unwrap();
        assert_eq!(Diagram::from_json(&json).unwrap_err()[0].code, Code::TooLarge);
        assert_eq!(Diagram::from_json("[").unwrap_err()[0].code, Code::Malformed);
        assert_eq!(Diagram::from_json(r#"{"nodes":[7]}"#).unwrap_err()[0].code, Code::Malformed);
        let long = " ".repeat(limit::FLOW_BYTES + 1);
        assert_eq!(Diagram::from_json(&long).unwrap_err()[0].code, Code::TooLarge);
    }
}
