//! Edges: which of them have two ends that fit, and which inputs have none.

use std::collections::{HashMap, HashSet};

use edgesync_schemas::flow::diagram::Edge;
use edgesync_schemas::flow::node::Input;
use edgesync_schemas::flow::problem::Code;
use edgesync_schemas::flow::{Diagram, Port, Problem, port};

use super::Drawn;
use crate::plan::PlannedEdge;

/// The edges with both ends and a port, between nodes by their place in the diagram; without exact repeats.
pub(super) fn check_edges(
    diagram: &Diagram,
    nodes: &[Drawn],
    problems: &mut Vec<Problem>,
) -> Vec<PlannedEdge> {
    let place: HashMap<&str, usize> =
        diagram.nodes.iter().enumerate().rev().map(|(at, node)| (&*node.id, at)).collect();
    let mut seen = HashSet::new();
    let mut edges: Vec<PlannedEdge> = Vec::with_capacity(diagram.edges.len());
    let mut repeats = HashSet::new();
    for (at, edge) in diagram.edges.iter().enumerate() {
        let name = if edge.id.is_empty() { format!("#{}", at + 1) } else { edge.id.clone() };
        if !edge.id.is_empty() && !seen.insert(&*edge.id) {
            problems.push(Problem::of_edge(
                &name,
                "id",
                Code::DuplicateId,
                format!("there are two edges with id {name:?}"),
            ));
        }
        let mut end = |field: &str, id: &Option<String>| {
            let found = id.as_deref().filter(|id| !id.is_empty());
            let place = found.and_then(|id| place.get(id).copied());
            if place.is_none() {
                let message = match found {
                    None => format!("the edge has no {field}"),
                    Some(id) => format!("the edge's {field} {id:?} is no node of the diagram"),
                };
                problems.push(Problem::of_edge(&name, field, Code::MissingEnd, message));
            }
            place
        };
        let (from, to) = (end("source", &edge.source), end("target", &edge.target));
        let port = from.and_then(|from| out(&nodes[from], edge, &name, problems));
        let input = to.and_then(|to| input(&nodes[to], edge, &name, problems));
        // One that leads to a node without an input is wrong enough: it makes no circle.
        let takes = to.and_then(|to| nodes[to].spec);
        let leads_nowhere = takes.is_some_and(|spec| spec.input == Input::Nothing);
        if let (Some(from), Some(to), false) = (from, to, leads_nowhere) {
            let edge = PlannedEdge { from, port: port.unwrap_or(Port::Out), to, input: input.unwrap_or(0) };
            if repeats.insert((from, edge.port, to, edge.input)) {
                edges.push(edge);
            }
        }
    }
    edges
}

/// The port that an edge leaves a node by.
fn out(node: &Drawn<'_>, edge: &Edge, name: &str, problems: &mut Vec<Problem>) -> Option<Port> {
    let spec = node.spec?;
    let handle = edge.source_handle.as_deref();
    let port = Port::from_handle(handle, &node.cases).filter(|port| match port {
        Port::Case(_) => true,
        port => spec.ports.contains(port),
    });
    // What a node with a broken configuration calls its outs is not known.
    if port.is_none() && (node.is_sound || !spec.ports.contains(&Port::Case(0))) {
        let message = format!("{} node has no output {:?}", with_article(spec.kind), handle.unwrap_or("out"));
        problems.push(Problem::of_edge(name, "sourceHandle", Code::UnknownPort, message));
    }
    port
}

/// A kind with its article.
fn with_article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}

/// The input of a node that an edge leads to.
fn input(node: &Drawn<'_>, edge: &Edge, name: &str, problems: &mut Vec<Problem>) -> Option<u8> {
    let spec = node.spec?;
    if spec.input == Input::Nothing {
        let message = format!("{} node has no input", with_article(spec.kind));
        problems.push(Problem::of_edge(name, "target", Code::UnknownPort, message));
        return None;
    }
    let handle = edge.target_handle.as_deref();
    let input = port::input_of(handle, &node.inputs);
    if input.is_none() && (node.is_sound || spec.input != Input::Named) {
        let message = match node.inputs.join(", ") {
            names if names.is_empty() => {
                format!("{} node has no input {:?}", with_article(spec.kind), handle.unwrap_or_default())
            }
            names => format!("the node has no input {:?}, only {names}", handle.unwrap_or_default()),
        };
        problems.push(Problem::of_edge(name, "targetHandle", Code::UnknownPort, message));
    }
    input
}

/// Reports inputs that nothing leads to.
pub(super) fn check_inputs(nodes: &[Drawn], edges: &[PlannedEdge], problems: &mut Vec<Problem>) {
    let mut seen = HashSet::new();
    for (at, node) in nodes.iter().enumerate() {
        // Edges cannot name these.
        if node.id.is_empty() || !seen.insert(node.id) {
            continue;
        }
        let mut unconnected = |message: &str| {
            problems.push(Problem::of_node(node.id, Code::Unconnected, message));
        };
        match node.spec.map(|spec| spec.input) {
            Some(Input::One) if edges.iter().all(|edge| edge.to != at) => {
                unconnected("nothing is connected to the node's input");
            }
            Some(Input::Named) => {
                for (input, name) in node.inputs.iter().enumerate() {
                    if edges.iter().all(|edge| edge.to != at || usize::from(edge.input) != input) {
                        unconnected(&format!("nothing is connected to the node's input {name:?}"));
                    }
                }
            }
            _ => {}
        }
    }
}
