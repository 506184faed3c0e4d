//! Diagram to plan. The only place where a flow is refused; it says everything that is wrong at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use edgesync_schemas::flow::node::{Input, NodeConfig, Spec, moving_average, spec};
use edgesync_schemas::flow::problem::Code;
use edgesync_schemas::flow::{Diagram, Port, Problem, port};
use edgesync_schemas::limit;

use crate::chunk::Names;
use crate::expr::{Expected, Expression, Scope};
use crate::fuse;
use crate::plan::{Plan, PlannedEdge, PlannedNode, Work};

/// What may be compiled.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether the kind `fault` exists, which panics on purpose. Default: false. For tests.
    pub faults: bool,
}

/// Checks a diagram and puts it in order.
///
/// # Errors
/// Everything that is wrong with it, at most [`limit::FLOW_PROBLEMS`]; not empty.
pub fn compile(diagram: &Diagram, options: &Options) -> Result<Plan, Vec<Problem>> {
    let mut problems = diagram.beyond_limits();
    if !problems.is_empty() {
        return Err(problems);
    }
    let work = check_nodes(diagram, options, &mut problems);
    let edges = check_edges(diagram, options, &mut problems);
    check_inputs(diagram, options, &edges, &mut problems);
    let order = sort(diagram, &edges, &mut problems);
    let draws_nothing = diagram.nodes.iter().all(|node| node.kind == "comment");
    if draws_nothing {
        problems.push(Problem::of_diagram(Code::Empty, "the diagram has no node that does anything"));
    }
    if !problems.is_empty() {
        if problems.len() > limit::FLOW_PROBLEMS {
            let more = problems.len() - limit::FLOW_PROBLEMS + 1;
            problems.truncate(limit::FLOW_PROBLEMS - 1);
            problems.push(Problem::of_diagram(Code::More, format!("{more} more problems")));
        }
        return Err(problems);
    }
    Ok(plan(diagram, work, &edges, &order))
}

/// The nodes' work, in the diagram's order; `None` for comments and for what is wrong.
fn check_nodes(
    diagram: &Diagram,
    options: &Options,
    problems: &mut Vec<Problem>,
) -> Vec<Option<(&'static Spec, Work)>> {
    let mut seen = HashSet::new();
    let mut work = Vec::with_capacity(diagram.nodes.len());
    for (at, node) in diagram.nodes.iter().enumerate() {
        if node.id.is_empty() {
            problems.push(Problem::of_diagram(Code::MissingId, format!("node {} has no id", at + 1)));
        } else if !seen.insert(&*node.id) {
            problems.push(Problem::of_field(
                &node.id,
                "id",
                Code::DuplicateId,
                format!("there are two nodes with id {:?}", node.id),
            ));
        }
        let config = NodeConfig::parse(node, options.faults, problems);
        work.push(match config {
            None | Some(NodeConfig::Comment(_)) => None,
            Some(NodeConfig::DeviceSensor(of)) => Some(Work::Source(of)),
            Some(NodeConfig::MovingAverage(of)) => Some(Work::MovingAverage(of)),
            Some(NodeConfig::Window(of)) => Some(Work::Window(of)),
            Some(NodeConfig::Display(of)) => Some(Work::Display(of)),
            Some(NodeConfig::Debug(_)) => Some(Work::Debug),
            Some(NodeConfig::Fault(of)) => Some(Work::Fault(of)),
            Some(NodeConfig::Filter(of)) => match Expression::compile(&of.expression, &Scope::PLAIN, Expected::Bool) {
                Ok(expression) => Some(Work::Filter(Arc::new(expression))),
                Err(wrong) => {
                    problems.extend(wrong.into_iter().map(|wrong| {
                        Problem::of_field(&node.id, "expression", wrong.code, wrong.message)
                            .at(wrong.position)
                    }));
                    None
                }
            },
        });
    }
    let specs = diagram.nodes.iter().map(|node| spec(&node.kind, options.faults));
    work.into_iter().zip(specs).map(|(work, spec)| Some((spec?, work?))).collect()
}

/// The edges with both ends and a port, between nodes by their place in the diagram; without exact repeats.
fn check_edges(diagram: &Diagram, options: &Options, problems: &mut Vec<Problem>) -> Vec<PlannedEdge> {
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
        let port = from.and_then(|from| {
            let kind = &diagram.nodes[from].kind;
            let spec = spec(kind, options.faults)?;
            let handle = edge.source_handle.as_deref();
            let port = Port::from_handle(handle).filter(|port| spec.ports.contains(port));
            if port.is_none() {
                let message = format!("a {kind} node has no output {:?}", handle.unwrap_or("out"));
                problems.push(Problem::of_edge(&name, "sourceHandle", Code::UnknownPort, message));
            }
            port
        });
        let takes = to.and_then(|to| spec(&diagram.nodes[to].kind, options.faults));
        if let (Some(spec), Some(to)) = (takes, to) {
            let handle = edge.target_handle.as_deref();
            if spec.input == Input::Nothing {
                let message = format!("a {} node has no input", diagram.nodes[to].kind);
                problems.push(Problem::of_edge(&name, "target", Code::UnknownPort, message));
            } else if !port::is_input_handle(handle) {
                let message = format!("a {} node has no input {:?}", spec.kind, handle.unwrap_or_default());
                problems.push(Problem::of_edge(&name, "targetHandle", Code::UnknownPort, message));
            }
        }
        // One that leads to a node without an input is wrong enough: it makes no circle.
        let leads_nowhere = takes.is_some_and(|spec| spec.input == Input::Nothing);
        if let (Some(from), Some(to), false) = (from, to, leads_nowhere) {
            let edge = PlannedEdge { from, port: port.unwrap_or(Port::Out), to };
            if repeats.insert((from, edge.port, to)) {
                edges.push(edge);
            }
        }
    }
    edges
}

fn check_inputs(diagram: &Diagram, options: &Options, edges: &[PlannedEdge], problems: &mut Vec<Problem>) {
    let mut seen = HashSet::new();
    for (at, node) in diagram.nodes.iter().enumerate() {
        // Edges cannot name these.
        if node.id.is_empty() || !seen.insert(&*node.id) {
            continue;
        }
        let takes = spec(&node.kind, options.faults).is_some_and(|spec| spec.input == Input::One);
        if takes && !edges.iter().any(|edge| edge.to == at) {
            problems.push(Problem::of_node(
                &node.id,
                Code::Unconnected,
                "nothing is connected to the node's input",
            ));
        }
    }
}

/// An order of the nodes in which every edge leads forward, first come first served. Reports each circle once.
fn sort(diagram: &Diagram, edges: &[PlannedEdge], problems: &mut Vec<Problem>) -> Vec<usize> {
    let count = diagram.nodes.len();
    let mut left: Vec<bool> = vec![true; count];
    let mut order = Vec::with_capacity(count);
    loop {
        let mut waiting = vec![0usize; count];
        edges.iter().filter(|edge| left[edge.from]).for_each(|edge| waiting[edge.to] += 1);
        // A heap keeps the diagram's order among those that are ready, so that plans do not depend on chance.
        let mut ready: std::collections::BinaryHeap<_> =
            (0..count).filter(|at| left[*at] && waiting[*at] == 0).map(std::cmp::Reverse).collect();
        while let Some(std::cmp::Reverse(at)) = ready.pop() {
            left[at] = false;
            order.push(at);
            for edge in edges.iter().filter(|edge| edge.from == at) {
                waiting[edge.to] -= 1;
                if waiting[edge.to] == 0 && left[edge.to] {
                    ready.push(std::cmp::Reverse(edge.to));
                }
            }
        }
        let Some(circle) = find_circle(&left, edges) else { return order };
        let names: Vec<&str> = circle.iter().map(|at| &*diagram.nodes[*at].id).collect();
        let message = format!("nodes feed each other in a circle: {} -> {}", names.join(" -> "), names[0]);
        problems.push(Problem::of_node(names[0], Code::Cycle, message));
        circle.iter().for_each(|at| left[*at] = false);
    }
}

/// Some circle among the nodes that are left, from its first node on. Every node left has an edge from one that is left.
fn find_circle(left: &[bool], edges: &[PlannedEdge]) -> Option<Vec<usize>> {
    let mut at = left.iter().position(|left| *left)?;
    let mut path = vec![at];
    loop {
        at = edges.iter().find(|edge| edge.to == at && left[edge.from])?.from;
        if let Some(start) = path.iter().position(|seen| *seen == at) {
            let mut circle = path.split_off(start);
            circle.reverse();
            let first = (0..circle.len()).min_by_key(|place| circle[*place]).unwrap_or_default();
            circle.rotate_left(first);
            return Some(circle);
        }
        path.push(at);
    }
}

fn plan(
    diagram: &Diagram,
    mut work: Vec<Option<(&'static Spec, Work)>>,
    edges: &[PlannedEdge],
    order: &[usize],
) -> Plan {
    let mut place = vec![usize::MAX; diagram.nodes.len()];
    let mut nodes: Vec<PlannedNode> = Vec::new();
    for &at in order {
        let Some((spec, work)) = work[at].take() else { continue };
        place[at] = nodes.len();
        let label = diagram.nodes[at].data.get("label").and_then(|label| label.as_str()).map(str::to_owned);
        let id = Arc::from(&*diagram.nodes[at].id);
        let outputs = Default::default();
        nodes.push(PlannedNode {
            id,
            label,
            spec,
            work,
            inputs: Vec::new(),
            outputs,
            names_in: None,
            names_out: None,
        });
    }
    let edges: Vec<PlannedEdge> = edges
        .iter()
        .map(|edge| PlannedEdge { from: place[edge.from], to: place[edge.to], ..*edge })
        .collect();
    for (at, edge) in edges.iter().enumerate() {
        nodes[edge.from].outputs[edge.port.index()].push(at);
        nodes[edge.to].inputs.push(at);
    }
    for at in 0..nodes.len() {
        let names = |edge: &usize| {
            let edge = &edges[*edge];
            let from = &nodes[edge.from];
            if edge.port == Port::Out { from.names_out.clone() } else { from.names_in.clone() }
        };
        let mut inputs = nodes[at].inputs.iter().map(names);
        let first = inputs.next().flatten();
        let names_in = first.filter(|first| inputs.all(|other| other.as_ref() == Some(first)));
        nodes[at].names_out = names_out(&nodes[at].work, names_in.as_ref());
        nodes[at].names_in = names_in;
    }
    let (segments, segment_of) = fuse::fuse(&nodes, &edges);
    Plan { nodes, edges, segments, segment_of }
}

/// Names of the further numbers that leave a node by `out`.
fn names_out(work: &Work, names_in: Option<&Names>) -> Option<Names> {
    match work {
        Work::Source(_) => None,
        Work::Filter(_) | Work::Display(_) | Work::Debug | Work::Fault(_) => names_in.cloned(),
        Work::MovingAverage(_) => Some(Arc::from(moving_average::SPEC.fields)),
        Work::Window(window) => {
            let aggregates = window.aggregates.iter().map(|aggregate| aggregate.name());
            Some(["window_start", "window_end"].into_iter().chain(aggregates).collect())
        }
    }
}
