//! A flow that cannot run is refused with everything that is wrong with it, and harms nothing that runs.

use hyper::Method;
use serde_json::{Value, json};

use crate::support::{Api, Device, stage};

/// The flow is saved as a draft or refused; deploying or validating it names the problem, and good flows deploy all the same.
async fn refuses_flow(nodes: Value, edges: Value, code: &str, place: &str) {
    let stage = stage().await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["good", 1]])).await;
    let flow = json!({"name": "bad", "nodes": nodes, "edges": edges});
    let (mut status, mut answer) = stage.api.call(Method::POST, "/api/v1/flows", Some(&flow)).await;
    if status == 201 {
        let path = format!("/api/v1/flows/{}", answer["id"].as_str().unwrap());
        (status, answer) = stage.api.call(Method::POST, &format!("{path}/deploy"), Some(&json!({}))).await;
        let (validated, problems) =
            stage.api.call(Method::POST, &format!("{path}/validate"), Some(&json!({}))).await;
        assert!(validated == 200 || validated == 422, "{problems}");
        assert!(problems.to_string().contains(code), "{problems}");
    }
    assert_eq!(status, 422, "{answer}");
    let text = answer.to_string();
    assert!(text.contains(code) && text.contains(place), "{code} at {place} is not in {text}");
    let nodes = json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": stage.device.id}},
        {"id": "show", "type": "display", "position": {"x": 1, "y": 0}, "data": {}},
    ]);
    stage.api.deploy("good", nodes, json!([{"id": "1", "source": "in", "target": "show"}])).await;
    device.deliver(2, json!([["good", 2]])).await;
    stage.api.expect_values(&stage.device.id, "good", &[1.0, 2.0]).await;
}

fn node(id: &str, kind: &str, data: Value) -> Value {
    json!({"id": id, "type": kind, "position": {"x": 0, "y": 0}, "data": data})
}

fn source() -> Value {
    node("in", "device", json!({"deviceUuid": "018f3b6e-0000-7000-8000-000000000000"}))
}

fn edge(id: &str, from: &str, to: &str) -> Value {
    json!({"id": id, "source": from, "target": to})
}

#[tokio::test]
async fn a_flow_with_a_cycle_is_refused() {
    let nodes =
        json!([source(), node("a", "moving-average", json!({})), node("b", "moving-average", json!({}))]);
    let edges = json!([edge("1", "in", "a"), edge("2", "a", "b"), edge("3", "b", "a")]);
    refuses_flow(nodes, edges, "cycle", "\"a\"").await;
}

#[tokio::test]
async fn a_flow_with_an_unknown_node_type_is_refused() {
    let nodes = json!([source(), node("odd", "perpetuum-mobile", json!({}))]);
    refuses_flow(nodes, json!([edge("1", "in", "odd")]), "unknown_type", "odd").await;
}

#[tokio::test]
async fn a_flow_with_an_edge_to_nowhere_is_refused() {
    let nodes = json!([source(), node("show", "display", json!({}))]);
    refuses_flow(nodes, json!([edge("1", "in", "show"), edge("2", "in", "nobody")]), "missing_end", "nobody")
        .await;
}

#[tokio::test]
async fn a_flow_with_a_broken_expression_is_refused() {
    let nodes = json!([source(), node("f", "filter", json!({"expression": "value >"}))]);
    refuses_flow(nodes, json!([edge("1", "in", "f")]), "expression_syntax", "expression").await;
}

#[tokio::test]
async fn all_problems_of_a_flow_are_told_at_once() {
    let nodes = json!([
        source(),
        node("f", "filter", json!({"expression": "nonsense > 1"})),
        node("odd", "perpetuum-mobile", json!({})),
    ]);
    let edges = json!([edge("1", "in", "f"), edge("2", "in", "nobody"), edge("3", "f", "odd")]);
    refuses_flow(nodes.clone(), edges.clone(), "expression_type", "\"f\"").await;
    refuses_flow(nodes.clone(), edges.clone(), "unknown_type", "\"odd\"").await;
    refuses_flow(nodes, edges, "missing_end", "nobody").await;
}

#[tokio::test]
async fn a_flow_over_somebody_elses_device_is_refused() {
    let stage = stage().await;
    let stranger = Api::sign_up(&stage.server).await;
    let nodes = json!([
        node("in", "device", json!({"deviceUuid": stage.device.id})),
        node("show", "display", json!({})),
    ]);
    let flow = json!({"name": "spy", "nodes": nodes, "edges": [edge("1", "in", "show")]});
    let made = stranger.post("/api/v1/flows", flow).await;
    let path = format!("/api/v1/flows/{}/deploy", made["id"].as_str().unwrap());
    let (status, answer) = stranger.call(Method::POST, &path, Some(&json!({}))).await;
    assert!([403, 404, 422].contains(&status), "{status} {answer}");
}
