//! What breaks or stands still in one place stays there.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Device, Live, eventually, stage, stage_with, within};

fn chain(device: &str, kind: &str, data: Value) -> (Value, Value) {
    let nodes = json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": device, "variable": "a"}},
        {"id": "middle", "type": kind, "position": {"x": 1, "y": 0}, "data": data},
        {"id": "show", "type": "display", "position": {"x": 2, "y": 0}, "data": {}},
    ]);
    let edges = json!([{"id": "1", "source": "in", "target": "middle"}, {"id": "2", "source": "middle", "target": "show"}]);
    (nodes, edges)
}

#[tokio::test]
async fn a_panicking_operator_harms_only_its_node() {
    let stage = stage_with(&["--test-faults"]).await;
    let (nodes, edges) = chain(&stage.device.id, "fault", json!({"panic_at": 13}));
    let faulty = stage.api.deploy("faulty", nodes, edges).await;
    let (nodes, edges) = chain(&stage.device.id, "moving-average", json!({"windowSize": 2}));
    let healthy = stage.api.deploy("healthy", nodes, edges).await;
    let mut live = Live::connect(&stage.server, &stage.api).await;
    live.flow_node(1, &faulty, "show").await;
    live.flow_node(2, &healthy, "show").await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;

    device.deliver(1, json!([["a", 1]])).await;
    live.shows(1, 1.0).await;
    live.shows(2, 1.0).await;
    device.deliver(2, json!([["a", 13]])).await;
    live.shows(2, 7.0).await;
    let path = format!("/api/v1/flows/{faulty}/metrics");
    eventually("the node is known to have failed", async || {
        let metrics = stage.api.get(&path).await;
        let text = metrics.to_string();
        if text.contains("failed") || text.contains("degraded") { Ok(()) } else { Err(text) }
    })
    .await;
    device.deliver(3, json!([["a", 15]])).await;
    live.shows(2, 14.0).await;
    let healthy_metrics = stage.api.get(&format!("/api/v1/flows/{healthy}/metrics")).await.to_string();
    assert!(!healthy_metrics.contains("failed"), "{healthy_metrics}");

    // New flows run, and the store has everything.
    let (nodes, edges) = chain(&stage.device.id, "filter", json!({"expression": "value > 0.0"}));
    let newer = stage.api.deploy("newer", nodes, edges).await;
    live.flow_node(3, &newer, "show").await;
    device.deliver(4, json!([["a", 17]])).await;
    live.shows(3, 17.0).await;
    live.shows(2, 16.0).await;
    stage.api.expect_values(&stage.device.id, "a", &[1.0, 13.0, 15.0, 17.0]).await;
}

#[tokio::test]
async fn the_breaking_node_exists_only_for_tests() {
    let stage = stage_with(&[]).await;
    let (nodes, edges) = chain(&stage.device.id, "fault", json!({"panic_at": 13}));
    let flow = stage.api.post("/api/v1/flows", json!({"name": "f", "nodes": nodes, "edges": edges})).await;
    let path = format!("/api/v1/flows/{}/deploy", flow["id"].as_str().unwrap());
    let (status, answer) = stage.api.call(hyper::Method::POST, &path, Some(&json!({}))).await;
    assert_eq!(status, 422, "{answer}");
    assert!(answer.to_string().contains("unknown_type"), "{answer}");
}

#[tokio::test]
async fn a_dashboard_that_reads_nothing_slows_nobody() {
    let stage = stage().await;
    let mut stuck = Live::connect(&stage.server, &stage.api).await;
    for id in 1..=50 {
        let frame = json!({"t": "sub", "id": id, "device": stage.device.id, "sensor": "a", "max_hz": 50});
        stuck.socket.say(frame).await;
    }
    let mut live = Live::connect(&stage.server, &stage.api).await;
    live.sensor(1, &stage.device.id, "a").await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let load = async {
        for q in 1..=200 {
            let readings: Vec<Value> = (0..100).map(|i| json!(["a", q * 100 + i])).collect();
            device.deliver(q, json!(readings)).await;
        }
    };
    within("200 frames beside a dashboard that reads nothing", load).await;
    live.shows(1, 20_099.0).await;
    let stored = stage.api.values(&stage.device.id, "a").await;
    assert_eq!(stored.len(), 20_000);
    drop(stuck);
    tokio::time::timeout(Duration::from_secs(5), device.deliver(201, json!([["a", 0]]))).await.unwrap();
}
