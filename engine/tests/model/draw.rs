//! Random diagrams. Also the tests of the whole server draw theirs with it.

#[path = "remember.rs"]
mod remember;
#[path = "transform.rs"]
mod transform;
#[path = "windows.rs"]
mod windows;

use edgesync_engine::Plan;
use edgesync_engine::compile::{Options as CompileOptions, compile};
use edgesync_schemas::flow::diagram::{Edge, Node};
use edgesync_schemas::flow::problem::Code;
use edgesync_schemas::flow::{Diagram, Port};
use edgesync_schemas::id::DeviceId;
use serde_json::json;

pub use transform::mended;

const EXPRESSIONS: [&str; 16] = [
    "value > 3",
    "value * 2 - 1 <= 5.0 || sensor == 'b'",
    "value == 2",
    "value != 2.0 && !(value < 0)",
    "ts > 5000 && unit == 'C'",
    "value == 'open'",
    "math.abs(value) > 2",
    "value / (value - 2) >= 1",
    "(value - value) / (value - 2) > 0 || value > 4",
    "(value - value) / (value - 2) > 0 && value > 4",
    "value ? true : false",
    "sensor in ['a', 'c'] && value > 0",
    "double(ts) / 1000.0 > value",
    "device.endsWith('1') || value >= 4",
    "value",
    "math.sqrt(value) >= 0 && 1 < 2",
];

/// A node of a random diagram: a kind, settings, and where its inputs come from.
#[derive(Debug, Clone)]
pub struct Sketch {
    pub kind: u8,
    pub a: u8,
    pub b: u8,
    pub inputs: Vec<(u8, u8)>,
}

/// A diagram that compiles, from any sketch.
pub fn draw(sketches: &[Sketch], prefix: &str, devices: [DeviceId; 2]) -> Diagram {
    let mut nodes = vec![node("s0", "device-sensor", json!({ "devices": devices }))];
    let mut edges = Vec::new();
    let mut ports: Vec<Vec<Port>> = vec![vec![Port::Out]];
    let mut drawn = vec!["s0".to_owned()];
    let mut joins = 0;
    for (at, sketch) in sketches.iter().enumerate() {
        let id = format!("{prefix}{at}");
        let mut target = id.clone();
        let mut inputs: &[&str] = &[];
        let (kind, data, mine): (&str, _, &[Port]) = match sketch.kind % 28 {
            0 => ("device-sensor", json!({"devices": devices[..1], "sensors": ["a", "b"]}), &[Port::Out]),
            1 | 2 => {
                let expression = EXPRESSIONS[sketch.a as usize % EXPRESSIONS.len()];
                ("filter", json!({ "expression": expression }), &[Port::Out, Port::Else, Port::Error])
            }
            3 => {
                let duration = if sketch.b.is_multiple_of(2) {
                    json!(null)
                } else {
                    json!(500 * i64::from(sketch.b % 9 + 1))
                };
                let data = json!({"windowSize": sketch.a % 5 + 1, "duration": duration});
                ("moving-average", data, &[Port::Out, Port::Error])
            }
            4 | 5 => ("window", windows::data(sketch.a, sketch.b), &[Port::Out, Port::Late, Port::Error]),
            6 if sketch.a.is_multiple_of(2) => ("store", json!({ "series": id }), &[Port::Out]),
            6 => ("display", json!({}), &[Port::Out]),
            8 => ("deadband", remember::deadband(sketch.a, sketch.b), &[Port::Out, Port::Error]),
            9 | 10 => {
                let data = remember::throttle(sketch.a, sketch.b);
                ("throttle", data, &[Port::Out, Port::Late, Port::Error])
            }
            11 => ("dedupe", remember::dedupe(sketch.a, sketch.b), &[Port::Out, Port::Error]),
            12 => {
                // By a field, which must be there: a node of its own in front of it makes sure.
                target = format!("{id}-before");
                nodes.push(node(&target, "moving-average", json!({"windowSize": sketch.b % 3 + 1})));
                edges.push(edge(&target, Port::Out, &id, None));
                let mut data = remember::dedupe(sketch.a, sketch.b);
                data["field"] = json!("max_in_window");
                ("dedupe", data, &[Port::Out, Port::Error])
            }
            13 => ("rate", remember::rate(sketch.a, sketch.b), &[Port::Out, Port::Error]),
            14 => ("min-max", remember::min_max(sketch.a, sketch.b), &[Port::Out, Port::Error]),
            15 => ("moving-average", remember::average(sketch.a, sketch.b), &[Port::Out, Port::Error]),
            16 | 17 => {
                inputs = &["a", "b", "c"][..2 + usize::from(sketch.a % 2)];
                ("combine", remember::combine(inputs, sketch.a, sketch.b), &[Port::Out, Port::Error])
            }
            // Pairs of pairs of pairs would be a great many.
            18 if joins < 2 => {
                (inputs, joins) = (&["left", "right"], joins + 1);
                let data = remember::join(sketch.a, sketch.b);
                ("interval-join", data, &[Port::Out, Port::Unmatched, Port::Late, Port::Error])
            }
            7 | 18 | 19 => ("debug", json!({}), &[Port::Out]),
            _ => transform::draw(sketch),
        };
        nodes.push(node(&id, kind, data));
        if kind != "device-sensor" {
            let count = sketch.inputs.len().max(inputs.len());
            for (nth, (from, port)) in sketch.inputs.iter().cycle().take(count).enumerate() {
                let from = *from as usize % ports.len();
                let port = ports[from][*port as usize % ports[from].len()];
                let input = (!inputs.is_empty()).then(|| inputs[nth % inputs.len()]);
                edges.push(edge(&drawn[from], port, &target, input));
            }
        }
        drawn.push(id);
        ports.push(mine.to_vec());
    }
    Diagram { nodes, edges, ..Diagram::default() }
}

pub fn edge(from: &str, port: Port, to: &str, input: Option<&str>) -> Edge {
    Edge {
        source: Some(from.into()),
        target: Some(to.into()),
        source_handle: Some(transform::handle(port)),
        target_handle: input.map(str::to_owned),
        ..Edge::default()
    }
}

pub fn node(id: &str, kind: &str, data: serde_json::Value) -> Node {
    Node { id: id.into(), kind: kind.into(), data: data.as_object().cloned().unwrap(), ..Node::default() }
}
