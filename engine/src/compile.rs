//! Diagram to plan. The only place where a flow is refused; it says everything that is wrong at once.

mod build;
mod edges;
pub(crate) mod expression;
mod order;
pub mod types;

use std::collections::HashSet;
use std::sync::Arc;

use edgesync_schemas::flow::node::{NodeConfig, Spec, spec};
use edgesync_schemas::flow::problem::Code;
use edgesync_schemas::flow::{Diagram, Port, Problem};
use edgesync_schemas::limit;
use edgesync_schemas::unit::Unit;

use self::types::Known;
use crate::fuse;
use crate::plan::{Outputs, Plan, PlannedEdge, PlannedNode, Work};

/// What may be compiled.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether the kind `fault` exists, which panics on purpose. Default: false. For tests.
    pub faults: bool,
}

/// A node as it was drawn, and what could be read of it.
#[derive(Debug)]
struct Drawn<'a> {
    id: &'a str,
    /// `None` if there is no such kind.
    spec: Option<&'static Spec>,
    /// What could be read of it.
    config: Option<NodeConfig>,
    /// Whether that is all.
    is_sound: bool,
    /// Names of the outs and inputs that the configuration defines.
    cases: Box<[Box<str>]>,
    inputs: Box<[Box<str>]>,
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
    let nodes = read(diagram, options, &mut problems);
    let edges = edges::check_edges(diagram, &nodes, &mut problems);
    edges::check_inputs(&nodes, &edges, &mut problems);
    let order = order::sort(diagram, &edges, &mut problems);
    let (built, units) = build(&nodes, &edges, &order, &mut problems);
    let draws_nothing = diagram.nodes.iter().all(|node| node.kind == "comment");
    if draws_nothing {
        problems.push(Problem::of_diagram(Code::Empty, "the diagram has no node that does anything"));
    }
    if !problems.is_empty() {
        // Node by node, as people go through them, then what is wrong with edges and with the whole.
        let place =
            |problem: &Problem| nodes.iter().position(|node| Some(node.id) == problem.node.as_deref());
        problems.sort_by_cached_key(|problem| place(problem).unwrap_or(usize::MAX));
        if problems.len() > limit::FLOW_PROBLEMS {
            let more = problems.len() - limit::FLOW_PROBLEMS + 1;
            problems.truncate(limit::FLOW_PROBLEMS - 1);
            problems.push(Problem::of_diagram(Code::More, format!("{more} more problems")));
        }
        return Err(problems);
    }
    let mut plan = plan(diagram, nodes, built, &edges, &order);
    plan.units = units;
    Ok(plan)
}

/// The nodes, in the diagram's order.
fn read<'a>(diagram: &'a Diagram, options: &Options, problems: &mut Vec<Problem>) -> Vec<Drawn<'a>> {
    let mut seen = HashSet::new();
    let mut nodes = Vec::with_capacity(diagram.nodes.len());
    for (at, node) in diagram.nodes.iter().enumerate() {
        if node.id.is_empty() {
            problems.push(Problem::of_diagram(Code::MissingId, format!("node {} has no id", at + 1)));
        } else if !seen.insert(&*node.id) {
            let message = format!("there are two nodes with id {:?}", node.id);
            problems.push(Problem::of_field(&node.id, "id", Code::DuplicateId, message));
        }
        let before = problems.len();
        let config = NodeConfig::parse_what_can_be(node, options.faults, problems);
        let is_sound = problems.len() == before;
        let sound = config.as_ref().filter(|_| is_sound);
        let (cases, inputs) = sound.map(|of| (of.cases(), of.inputs())).unwrap_or_default();
        nodes.push(Drawn {
            id: &node.id,
            spec: spec(&node.kind, options.faults),
            config,
            is_sound,
            cases: cases.into(),
            inputs: inputs.into(),
        });
    }
    nodes
}

/// A node that can run, and what is known of the records that come in and leave by `out`.
#[derive(Debug)]
struct Built {
    work: Work,
    entering: Known,
    leaving: Known,
}

/// What the nodes do, by their place in the diagram: what they are given is known by then, but for nodes in a circle and those behind
/// broken ones. `None` for comments and for what is wrong.
fn build(
    nodes: &[Drawn<'_>],
    edges: &[PlannedEdge],
    order: &[usize],
    problems: &mut Vec<Problem>,
) -> (Vec<Option<Built>>, Arc<[Unit]>) {
    let mut shared = build::Shared::default();
    let mut built: Vec<Option<Built>> = (0..nodes.len()).map(|_| None).collect();
    let in_circles = (0..nodes.len()).filter(|at| !order.contains(at));
    for at in order.iter().copied().chain(in_circles) {
        let Some(config) = &nodes[at].config else { continue };
        if !nodes[at].is_sound {
            // What its expressions say is looked at all the same.
            build::work(nodes[at].id, config, None, &mut shared, problems);
            continue;
        }
        // What leaves by another port than `out` is what came in.
        let comes = |edge: &PlannedEdge| {
            let from = built[edge.from].as_ref()?;
            Some(if edge.port == Port::Out { from.leaving.clone() } else { from.entering.clone() })
        };
        let mine: Option<Vec<Known>> = edges.iter().filter(|edge| edge.to == at).map(comes).collect();
        let known = mine.map(|mine| mine.into_iter().reduce(|known, other| known.or(&other)));
        let known = known.map(|known| known.unwrap_or(Known::NOTHING));
        let Some(work) = build::work(nodes[at].id, config, known.as_ref(), &mut shared, problems) else {
            continue;
        };
        let entering = known.unwrap_or(Known::NOTHING);
        let mut leaving = types::leaving(config, &entering);
        if let Work::Compute(of) = &work {
            (leaving.value, leaving.names) = (of.value, of.names.clone());
            leaving.unit = of.unit.map_or(leaving.unit, |unit| shared.text(unit));
        }
        if leaving.names.as_ref().is_some_and(|names| names.len() > limit::FIELDS) {
            let message = format!("its records have more than {} fields", limit::FIELDS);
            problems.push(Problem::of_node(nodes[at].id, Code::TooLarge, message));
        }
        built[at] = Some(Built { work, entering, leaving });
    }
    (built, shared.units.into())
}

fn plan(
    diagram: &Diagram,
    drawn: Vec<Drawn<'_>>,
    mut built: Vec<Option<Built>>,
    edges: &[PlannedEdge],
    order: &[usize],
) -> Plan {
    let mut drawn: Vec<Option<Drawn<'_>>> = drawn.into_iter().map(Some).collect();
    let mut place = vec![usize::MAX; diagram.nodes.len()];
    let mut nodes: Vec<PlannedNode> = Vec::new();
    for &at in order {
        let (Some(built), Some(drawn)) = (built[at].take(), drawn[at].take()) else { continue };
        let Some(spec) = drawn.spec else { continue };
        place[at] = nodes.len();
        let label = diagram.nodes[at].data.get("label").and_then(|label| label.as_str()).map(str::to_owned);
        nodes.push(PlannedNode {
            id: Arc::from(drawn.id),
            label,
            spec,
            work: built.work,
            inputs: Vec::new(),
            outputs: Outputs::default(),
            cases: drawn.cases,
            input_names: drawn.inputs,
            entering: built.entering,
            leaving: built.leaving,
        });
    }
    let edges: Vec<PlannedEdge> = edges
        .iter()
        .map(|edge| PlannedEdge { from: place[edge.from], to: place[edge.to], ..*edge })
        .collect();
    for (at, edge) in edges.iter().enumerate() {
        nodes[edge.from].outputs.add(edge.port, at);
        nodes[edge.to].inputs.push(at);
    }
    let (segments, segment_of) = fuse::fuse(&nodes, &edges);
    Plan { nodes, edges, segments, units: Arc::default(), segment_of }
}
