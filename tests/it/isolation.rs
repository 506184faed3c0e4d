//! What breaks or stands still in one place stays there.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;

use crate::support::api::{metric, text};
use crate::support::{Device, Live, Stage, eventually, stage, stage_with};

fn chain(device: &str, kind: &str, data: Value) -> (Value, Value) {
    let nodes = json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": device, "variable": "a"}},
        {"id": "middle", "type": kind, "position": {"x": 1, "y": 0}, "data": data},
        {"id": "show", "type": "display", "position": {"x": 2, "y": 0}, "data": {}},
    ]);
    let edges = json!([{"id": "1", "source": "in", "target": "middle"}, {"id": "2", "source": "middle", "target": "show"}]);
    (nodes, edges)
}

/// The parts of `GET /flows/{id}/metrics` of one node.
fn node<'a>(status: &'a Value, id: &str) -> &'a Value {
    let nodes = status["nodes"].as_array().expect("a flow has nodes");
    nodes.iter().find(|node| node["id"] == id).unwrap_or_else(|| panic!("no node {id}: {status}"))
}

/// (state, records in, records out, errors) of a node.
fn counts(status: &Value, id: &str) -> (String, u64, u64, u64) {
    let node = node(status, id);
    let count = |name: &str| node[name].as_u64().unwrap_or_else(|| panic!("{name}: {status}"));
    (text(&node["state"]), count("records_in"), count("records_out"), count("errors"))
}

/// The status of a flow whose node has panicked, once its last node has taken `records`; nothing if the flow was installed
/// again before anybody could look.
async fn while_failed(stage: &Stage, flow: &str, restarts: u64, records: u64) -> Option<Value> {
    let path = format!("/api/v1/flows/{flow}/metrics");
    eventually("the flow is known to have a failed node", async || {
        let status = stage.api.get(&path).await;
        let is_again = status["restarts"] == restarts;
        match status["state"].as_str() {
            Some("restarting") if is_again && counts(&status, "trend").1 == records => Ok(Some(status)),
            Some("running") if is_again => Ok(None),
            _ => Err(status),
        }
    })
    .await
}

#[tokio::test]
async fn a_panicking_operator_harms_only_its_node() {
    let stage = stage_with(&["--test-faults"]).await;
    let (mut nodes, mut edges) = chain(&stage.device.id, "fault", json!({"panic_at": 13}));
    let beside = json!([
        {"id": "beside", "type": "moving-average", "position": {"x": 1, "y": 1}, "data": {"windowSize": 2}},
        {"id": "trend", "type": "display", "position": {"x": 2, "y": 1}, "data": {}},
    ]);
    nodes.as_array_mut().unwrap().extend(beside.as_array().unwrap().clone());
    edges.as_array_mut().unwrap().extend([
        json!({"id": "3", "source": "in", "target": "beside"}),
        json!({"id": "4", "source": "beside", "target": "trend"}),
    ]);
    let faulty = stage.api.deploy("faulty", nodes, edges).await;
    let (nodes, edges) = chain(&stage.device.id, "moving-average", json!({"windowSize": 2}));
    let healthy = stage.api.deploy("healthy", nodes, edges).await;
    let mut live = Live::connect(&stage.server, &stage.api).await;
    live.flow_node(1, &faulty, "show").await;
    live.flow_node(2, &healthy, "show").await;
    live.flow_node(3, &faulty, "trend").await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let mut sent = vec![1.0];
    device.deliver(1, json!([["a", 1]])).await;
    live.shows(1, 1.0).await;
    live.shows(2, 1.0).await;
    live.shows(3, 1.0).await;

    // The node fails for a second, the next time for two, and so on: who looked too late tries again.
    let mut restarts = 0;
    let (status, before) = loop {
        let before = u64::from(restarts == 0);
        for value in [13.0, 15.0] {
            sent.push(value);
            device.deliver(sent.len() as u64, json!([["a", value]])).await;
        }
        restarts += 1;
        if let Some(status) = while_failed(&stage, &faulty, restarts, before + 2).await {
            break (status, before);
        }
    };
    let all = before + 2;
    assert_eq!(counts(&status, "middle"), ("failed".into(), all, before, 2), "{status}");
    assert_eq!(counts(&status, "show"), ("ok".into(), before, before, 0), "{status}");
    for id in ["in", "beside", "trend"] {
        assert_eq!(counts(&status, id), ("ok".into(), all, all, 0), "{id} goes on: {status}");
    }
    let reason = status["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("middle") && reason.contains("13"), "{status}");
    live.shows(3, 14.0).await;
    live.shows(2, 14.0).await;

    // New flows run, the flow comes back by itself, and the store has everything.
    let (nodes, edges) = chain(&stage.device.id, "filter", json!({"expression": "value > 0.0"}));
    let newer = stage.api.deploy("newer", nodes, edges).await;
    live.flow_node(4, &newer, "show").await;
    let path = format!("/api/v1/flows/{faulty}/metrics");
    eventually("the flow is installed again", async || {
        let status = stage.api.get(&path).await;
        let ok = status["state"] == "running" && counts(&status, "middle").0 == "ok";
        if ok { Ok(()) } else { Err(status) }
    })
    .await;
    sent.push(17.0);
    device.deliver(sent.len() as u64, json!([["a", 17]])).await;
    live.shows(4, 17.0).await;
    live.shows(2, 16.0).await;
    live.shows(1, 17.0).await;
    let path = format!("/api/v1/flows/{healthy}/metrics");
    let status = stage.api.get(&path).await;
    assert_eq!((&status["state"], &status["restarts"]), (&json!("running"), &json!(0)), "{status}");
    for id in ["in", "middle", "show"] {
        let all = sent.len() as u64;
        assert_eq!(counts(&status, id), ("ok".into(), all, all, 0), "{id} of the other flow: {status}");
    }
    stage.api.expect_values(&stage.device.id, "a", &sent).await;
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
    // 96 MB for a dashboard with 200 charts of one sensor, many times what the kernel holds for a socket.
    const CHARTS: u32 = 200;
    const VALUES: u64 = 120;
    const TEXT_BYTES: usize = 4_000;
    /// Below the 50 a second that the dashboards ask for: who reads gets every value.
    const PACE: Duration = Duration::from_millis(25);
    let stage = stage().await;
    let mut stuck = Live::connect_narrow(&stage.server, &stage.api, 64 * 1024).await;
    for id in 1..=CHARTS {
        stuck.sensor(id, &stage.device.id, "a").await;
    }
    let mut live = Live::connect(&stage.server, &stage.api).await;
    live.sensor(1, &stage.device.id, "a").await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let value = |q: u64| format!("{q:04}{}", "x".repeat(TEXT_BYTES - 4));
    let before_kib = stage.server.resident_kib();

    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut acked, mut shown) = (Duration::ZERO, Duration::ZERO);
    for q in 1..=VALUES {
        pace.tick().await;
        let start = Instant::now();
        device.deliver(q, json!([["a", value(q)]])).await;
        acked = acked.max(start.elapsed());
        let upd = live.next(1).await;
        shown = shown.max(start.elapsed());
        assert_eq!(
            (&upd["v"], &upd["skipped"]),
            (&json!([value(q)]), &Value::Null),
            "who reads gets each value"
        );
    }
    let grown_kib = stage.server.resident_kib().saturating_sub(before_kib);
    let folded = metric(&stage.server, "edgesync_live_values_folded_total").await as u64;
    println!(
        "slowest ack {acked:?}, slowest update {shown:?}, {grown_kib} KiB grown, {folded} values folded"
    );
    assert!(shown < Duration::from_secs(2), "{shown:?} until a value was shown");
    assert!(grown_kib < 32 * 1024, "{grown_kib} KiB more");
    let all = u64::from(CHARTS) * VALUES;
    assert!(folded > all / 2, "{folded} of {all} values folded: the write was not stuck");
    assert_eq!(metric(&stage.server, "edgesync_live_sockets_open").await, 2.0, "it is slow, not sent away");
    let stored = stage.api.readings(&stage.device.id).await;
    assert_eq!(stored.len() as u64, VALUES);

    // When it reads again it is told what it missed, and ends with the newest value.
    let (mut told, mut skipped, mut newest) = (0, 0, Value::Null);
    while told + skipped < VALUES {
        let upd = stuck.next(1).await;
        let values = upd["v"].as_array().unwrap();
        told += values.len() as u64;
        skipped += upd["skipped"].as_u64().unwrap_or(0);
        newest = values.last().unwrap().clone();
    }
    assert_eq!((told + skipped, newest), (VALUES, json!(value(VALUES))));
    assert!(skipped > VALUES / 2, "{told} told, {skipped} skipped");
}
