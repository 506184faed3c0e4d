//! Random diagrams of which everything is stored that any node puts out by any port.

use std::sync::Arc;

use edgesync_engine::Plan;
use edgesync_engine::compile::{Options, compile};
use edgesync_engine::state::Change;
use edgesync_schemas::flow::node::Category;
use edgesync_schemas::flow::{Diagram, Port};
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::limit;
use serde_json::{Value, json};

use super::draw::{Sketch, draw, edge, mended, node};
use super::feeder::Times;
use crate::support::Random;

/// Kinds of [`draw`], without joins (their results are of several series), and displays.
const KINDS: [u8; 24] =
    [0, 1, 2, 3, 4, 5, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 25, 26, 27];
/// Those that hold records until some time is over.
const HOLDING: [u8; 2] = [9, 10];

/// A diagram, and what it is compiled to.
#[derive(Clone)]
pub struct Drawing {
    sketches: Vec<Sketch>,
    pub diagram: Diagram,
    pub plan: Arc<Plan>,
}

/// Draws for these devices.
#[derive(Clone, Copy)]
pub struct Drawer {
    pub devices: [DeviceId; 2],
    pub times: Times,
}

impl Drawer {
    /// Any diagram.
    pub fn any(self, random: &mut Random) -> Drawing {
        let sketches = (0..random.within(2..7)).map(|_| self.sketch(random)).collect();
        self.drawing(sketches)
    }

    /// One that differs from another in a node or two, and makes a change like this.
    pub fn other(self, random: &mut Random, old: &Drawing, wanted: Change) -> Option<Drawing> {
        let tries = (0..60).map(|_| {
            let mut sketches = old.sketches.clone();
            for _ in 0..random.within(1..3) {
                let at = random.within(0..sketches.len() as u64) as usize;
                sketches[at] = self.sketch(random);
            }
            self.drawing(sketches)
        });
        let mut fitting = tries.filter(|new| {
            old.plan.change_to(&new.plan) == wanted && (wanted != Change::Cold || in_one_slice(&new.plan))
        });
        fitting.next()
    }

    fn sketch(self, random: &mut Random) -> Sketch {
        let mut byte = || random.next() as u8;
        let kind = loop {
            let kind = KINDS[usize::from(byte()) % KINDS.len()];
            if self.times == Times::Any || !HOLDING.contains(&kind) {
                break kind;
            }
        };
        Sketch { kind, a: byte(), b: byte(), inputs: vec![(byte(), byte())] }
    }

    fn drawing(self, sketches: Vec<Sketch>) -> Drawing {
        let mut diagram = draw(&sketches, "n", self.devices);
        // It has no bound: a version of it warms up from all that there is.
        diagram.nodes.push(node("least", "min-max", json!({"mode": "min"})));
        diagram.edges.push(edge("s0", Port::Out, "least", None));
        if self.times == Times::Past {
            let windows = diagram.nodes.iter_mut().filter(|node| node.kind == "window");
            for window in windows {
                // what closes after a silence, or is due while it lasts, does so by the clock
                window.data.extend([("idle".to_owned(), json!("1h")), ("early".to_owned(), json!(null))]);
            }
        }
        let (mut diagram, plan) = mended(diagram);
        for planned in plan.nodes().iter().filter(|node| node.spec.category != Category::Sink) {
            let cases = (0..planned.cases.len()).map(|at| planned.cases[at].to_string());
            let ports = planned.spec.ports.iter().filter(|port| !matches!(port, Port::Case(_)));
            for port in ports.map(|port| port.name().to_owned()).chain(cases) {
                let series = format!("{}.{port}", planned.id);
                let store = node(&format!("store-{series}"), "store", json!({ "series": series }));
                let mut from = edge(&planned.id, Port::Out, &store.id, None);
                from.source_handle = Some(port);
                diagram.nodes.push(store);
                diagram.edges.push(from);
            }
        }
        let plan = compile(&diagram, &Options::default()).unwrap_or_else(|problems| panic!("{problems:#?}"));
        Drawing { sketches, diagram, plan: Arc::new(plan) }
    }
}

impl Drawing {
    /// As the API takes it, somewhere on the canvas.
    pub fn body(&self, place: u64) -> Value {
        let mut body = serde_json::to_value(&self.diagram).unwrap();
        for (at, node) in body["nodes"].as_array_mut().unwrap().iter_mut().enumerate() {
            node["position"] = json!({"x": place, "y": at});
        }
        for (at, edge) in body["edges"].as_array_mut().unwrap().iter_mut().enumerate() {
            edge["id"] = json!(format!("e{at}"));
        }
        json!({"nodes": body["nodes"], "edges": body["edges"]})
    }
}

/// Whether a version that warms up meets all event times of a test in the order of their arrival: it reads slices of event time, from as far back as it
/// looks on, each twice as long as the one before.
fn in_one_slice(plan: &Plan) -> bool {
    let back_ms = plan.looks_back_ms(Some(limit::WARM_UP_MS)).unwrap_or(limit::WARM_UP_MS);
    let (mut end_ms, mut slice_ms) = (-back_ms, 60_000);
    while end_ms < -120_000 {
        end_ms += slice_ms;
        slice_ms *= 2;
    }
    end_ms > 180_000
}
