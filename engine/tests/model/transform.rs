//! Random nodes that are made of expressions, or map, check and split values.

use super::*;

const ASSIGNMENTS: [&str; 18] = [
    "output = value * 2 + 1",
    "output = value / 2",
    "output = value == 2 ? 1 / (value - 2) : value",
    "output = math.floor(math.sqrt(value))",
    "output = value > 0",
    "output = value > 3 ? 'hot' : 'cold'",
    "output = value.lat",
    "output = prev.value",
    "output = has(prev.value) ? double(ts - prev.ts) : 0",
    "output = fields.x",
    "output = [value, sensor]",
    "x = value + 0.5",
    "x = sensor + '/' + unit",
    "x = {'v': value, 't': ts}",
    "y = fields.x",
    "y = fields.window_end - double(ts)",
    "y = fields.key",
    "index = fields.index + 1",
];

const CASES: [&str; 6] = [
    "value > 2",
    "value == 'open'",
    "value < 0 || unit == '%'",
    "fields.x > 1",
    "has(prev.value) && prev.value == value",
    "value.lat > 50.0",
];

/// The kind, settings and ports of a node.
pub fn draw(sketch: &Sketch) -> (&'static str, serde_json::Value, &'static [Port]) {
    let (a, b) = (usize::from(sketch.a), usize::from(sketch.b));
    match sketch.kind % 5 {
        0 => {
            let some: Vec<&str> = (0..=b % 4).map(|k| ASSIGNMENTS[(a + k * 7) % ASSIGNMENTS.len()]).collect();
            let unit = if b > 200 { json!("kW") } else { json!(null) };
            ("compute", json!({"assignments": some, "unit": unit}), &[Port::Out, Port::Error])
        }
        1 => {
            let table = [[-4.0, 0.0], [0.0, 8.0], [4.0, 4.0]];
            let data = match a % 8 {
                0 => json!({"factor": 2, "offset": -0.5, "unit": "V"}),
                1 => json!({"inMin": 0, "inMax": 4, "outMin": 10, "outMax": 18, "clamp": b % 2 == 0}),
                2 => json!({"factor": 1e308, "unit": "W"}),
                3 | 4 => {
                    json!({"mode": "table", "points": table, "outside": (["clamp", "extrapolate", "error"][b % 3])})
                }
                // A conversion that changes no numbers, so that sums stay exact.
                5 => json!({"mode": "convert", "to": "Cel", "from": "°C"}),
                6 => json!({"mode": "convert", "to": "percent"}),
                _ => json!({"mode": "convert", "to": "celsius"}),
            };
            ("scale", data, &[Port::Out, Port::Error])
        }
        2 => {
            let cases: Vec<_> = (0..=a % 3)
                .map(|k| json!({"name": format!("c{k}"), "expression": CASES[(b + k) % CASES.len()]}))
                .collect();
            let all: &'static [Port] =
                &[Port::Else, Port::Error, Port::Case(0), Port::Case(1), Port::Case(2)];
            ("switch", json!({"cases": cases, "mode": (["first", "all"][b % 2])}), &all[..3 + a % 3])
        }
        3 => {
            let data = match a % 4 {
                0 => json!({"min": -3, "max": 4}),
                1 => json!({"maxStep": 3}),
                2 => json!({"maxStep": 2, "maxGap": "3s", "max": 5}),
                _ => json!({"types": ["text", "bool", "json"]}),
            };
            ("validate", data, &[Port::Out, Port::Rejected, Port::Error])
        }
        _ => {
            let data = match a % 4 {
                0 => json!({"keys": ["n"], "element": "v"}),
                1 => json!({"path": "list"}),
                2 => json!({"limit": 2}),
                _ => json!({}),
            };
            ("split", data, &[Port::Out, Port::Error])
        }
    }
}

/// What the handle of an edge calls a port.
pub fn handle(port: Port) -> String {
    match port {
        Port::Case(at) => format!("c{at}"),
        port => port.name().to_owned(),
    }
}

/// Makes a diagram one that compiles: what is known of the records of a random one refuses some of its expressions and nodes. With what it is compiled to.
pub fn mended(mut diagram: Diagram) -> (Diagram, Plan) {
    loop {
        let problems = match compile(&diagram, &CompileOptions::default()) {
            Ok(plan) => return (diagram, plan),
            Err(problems) => problems,
        };
        for problem in problems {
            let at = diagram.nodes.iter().position(|node| Some(&node.id) == problem.node.as_ref());
            let node = &mut diagram.nodes[at.unwrap_or_else(|| panic!("{problem:?}"))];
            let mended = match (problem.code, node.kind.as_str()) {
                (Code::ExpressionType, "filter") => json!({"expression": "ts > 5000"}),
                (Code::ExpressionType, "switch") => {
                    let cases = node.data["cases"].as_array().unwrap().iter();
                    let cases = cases.map(|case| json!({"name": case["name"], "expression": "ts > 5000"}));
                    json!({ "cases": cases.collect::<Vec<_>>() })
                }
                (Code::ExpressionType, "compute") => json!({"assignments": ["x = ts"]}),
                // Averages and the like of text, and what looks for fields of theirs.
                (Code::TypeMismatch | Code::UnitMismatch | Code::NotFound, _) => {
                    node.kind = "debug".into();
                    json!({})
                }
                _ => panic!("{problem:?}"),
            };
            node.data = mended.as_object().cloned().unwrap();
        }
        // Nodes that became others have one port only.
        let debugs: Vec<String> =
            diagram.nodes.iter().filter(|node| node.kind == "debug").map(|node| node.id.clone()).collect();
        for edge in &mut diagram.edges {
            if edge.source.as_ref().is_some_and(|source| debugs.contains(source)) {
                edge.source_handle = None;
            }
        }
    }
}
