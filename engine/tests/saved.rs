//! For which versions of a flow a state that was written down is good.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use edgesync_engine::state::BadState;
use edgesync_engine::{Plan, Replay, compile};
use edgesync_schemas::flow::Diagram;
use edgesync_schemas::id::{DeviceId, FlowId};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// A source, then these nodes one behind the other, then a display.
fn plan(between: &[(&str, &str, Json)]) -> Arc<Plan> {
    let device = DeviceId::from_uuid(Uuid::from_u128(1));
    let mut nodes =
        vec![json!({"id": "in", "type": "device-sensor", "data": {"devices": [device.to_string()]}})];
    nodes.extend(between.iter().map(|(id, kind, data)| json!({"id": id, "type": kind, "data": data})));
    nodes.push(json!({"id": "show", "type": "display", "data": {}}));
    let ids: Vec<Json> = nodes.iter().map(|node| node["id"].clone()).collect();
    let edges: Vec<Json> = ids.windows(2).map(|pair| json!({"source": pair[0], "target": pair[1]})).collect();
    let diagram = json!({"nodes": nodes, "edges": edges}).to_string();
    Arc::new(compile(&Diagram::from_json(&diagram).unwrap(), &Default::default()).unwrap())
}

fn run(plan: &Arc<Plan>) -> Replay {
    Replay::new(FlowId::from_uuid(Uuid::from_u128(2)), 1, plan.clone(), 100, 100)
}

fn mean(id: &'static str, values: u32) -> (&'static str, &'static str, Json) {
    (id, "moving-average", json!({"windowSize": values}))
}

#[test]
fn a_state_is_good_for_versions_whose_nodes_all_remembered_so_and_for_no_other() {
    let filter = ("only", "filter", json!({"expression": "value > 0"}));
    let fresh = ("fresh", "moving-average", json!({"windowSize": 3, "resetOnStart": true}));
    let saved = run(&plan(&[mean("a", 5), mean("b", 7)])).save();
    let load = |between: &[_]| run(&plan(between)).load(&saved, &|_| None);
    for good in [
        vec![mean("a", 5), mean("b", 7)],
        // what remembers nothing does not matter, nor does what is gone, nor what is to begin with nothing
        vec![filter, mean("a", 5), mean("b", 7)],
        vec![mean("a", 5)],
        vec![mean("a", 5), fresh, mean("b", 7)],
    ] {
        assert_eq!(load(&good), Ok(()), "{good:?}");
    }
    for bad in [
        // one that is new would begin with nothing, where the version warmed it up
        vec![mean("a", 5), mean("b", 7), mean("c", 5)],
        vec![mean("a", 6), mean("b", 7)],
        vec![mean("a", 5), ("b", "min-max", json!({}))],
    ] {
        assert_eq!(load(&bad), Err(BadState), "{bad:?}");
    }
}
