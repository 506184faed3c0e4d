//! How flows run, told as it changes: `metrics` on the live socket.

use serde_json::{Value, json};

use crate::support::api::{adds_up, text};
use crate::support::{Api, Device, Live, Stage, eventually, on_both_stores, stage, within};

on_both_stores!(metrics_are_told_through_versions_stops_and_of_nobody_elses_flows);

fn nodes(device: &str, size: u32) -> Value {
    json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": device, "variable": "t"}},
        {"id": "mean", "type": "moving-average", "position": {"x": 1, "y": 0}, "data": {"windowSize": size}},
        {"id": "show", "type": "display", "position": {"x": 2, "y": 0}, "data": {}},
    ])
}

fn edges() -> Value {
    json!([{"id": "1", "source": "in", "target": "mean"}, {"id": "2", "source": "mean", "target": "show"}])
}

fn sub(id: u32, flow: &str) -> Value {
    json!({"t": "sub", "id": id, "flow": flow, "metrics": true, "max_hz": 4})
}

/// Frames of a subscription until one is so.
async fn until(live: &mut Live, id: u32, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    within(what, async {
        loop {
            let frame = live.next(id).await;
            assert_eq!(frame["t"], "upd", "{frame}");
            if is_so(&frame["metrics"]) {
                return frame["metrics"].clone();
            }
        }
    })
    .await
}

fn keys(of: &Value) -> Vec<&String> {
    of.as_object().unwrap().keys().collect()
}

async fn metrics_are_told_through_versions_stops_and_of_nobody_elses_flows(stage: Stage) {
    let flow = stage.api.deploy("f", nodes(&stage.device.id, 2), edges()).await;
    let idle = stage.api.deploy("idle", nodes(&stage.api.new_device("other").await.id, 2), edges()).await;
    let path = format!("/api/v1/flows/{flow}");
    let asked = eventually("it runs", async || {
        let [asked, other] = [&flow, &idle].map(|flow| format!("/api/v1/flows/{flow}/metrics"));
        let (asked, other) = (stage.api.get(&asked).await, stage.api.get(&other).await);
        if asked["state"] == "running" && other["state"] == "running" { Ok(asked) } else { Err(asked) }
    })
    .await;
    let mut live = Live::connect(&stage.server, &stage.api).await;
    live.socket.say(sub(1, &flow)).await;
    let snap = live.next(1).await;
    assert_eq!((&snap["t"], &snap["metrics"]), (&json!("snap"), &asked), "as the request answers it");
    let mut still = Live::connect(&stage.server, &stage.api).await;
    still.socket.say(sub(2, &idle)).await;
    let before = still.next(2).await;
    let mut second = Live::connect(&stage.server, &stage.api).await;
    second.socket.say(sub(9, &flow)).await;
    second.next(9).await;

    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["t", 1], ["t", "text"], ["t", 3]])).await;
    let counted = |told: &Value| told["nodes"][1]["records_in"] == 3;
    let told = until(&mut live, 1, "what came is counted", counted).await;
    let asked = stage.api.get(&format!("{path}/metrics")).await;
    assert_eq!(keys(&told), keys(&asked));
    assert_eq!(keys(&told["cell"]), keys(&asked["cell"]));
    for (told, asked) in told["nodes"].as_array().unwrap().iter().zip(asked["nodes"].as_array().unwrap()) {
        assert_eq!(keys(told), keys(asked));
        assert!(adds_up(told), "{told}");
    }
    assert_eq!(
        (&told["nodes"][1]["reasons"], &told["nodes"][1]["records_out"]),
        (&json!({"not_a_number": 1}), &json!(2))
    );
    until(&mut second, 9, "another viewer is told, too", counted).await;

    // a new version has new counters, and the subscription goes on
    let body = json!({"nodes": nodes(&stage.device.id, 3)});
    assert_eq!(stage.api.call(hyper::Method::PATCH, &path, Some(&body)).await.0, 200);
    stage.api.post(&format!("{path}/deploy"), json!({})).await;
    device.deliver(2, json!([["t", 4]])).await;
    until(&mut live, 1, "the new version counts", |told| {
        told["version"] == 2 && told["nodes"][1]["records_in"] == 1
    })
    .await;
    stage.api.post(&format!("{path}/stop"), json!({})).await;
    until(&mut live, 1, "it is told that it stops", |told| told["state"] == "stopped").await;

    // what others sent meanwhile is no news of a flow that stood still
    still.socket.say(sub(3, &idle)).await;
    let after = still.socket.hear().await;
    assert_eq!((&after["t"], &after["id"]), (&json!("snap"), &json!(3)), "{after}");
    assert!(after["metrics"]["cell"]["frontier"].as_u64() > before["metrics"]["cell"]["frontier"].as_u64());
    assert_eq!(after["metrics"]["nodes"], before["metrics"]["nodes"]);
    stage.api.call(hyper::Method::DELETE, &format!("/api/v1/flows/{idle}"), None).await;
    // how it is may be told once more before
    let ended = within("one that is gone ends", async {
        loop {
            let frame = still.next(3).await;
            if frame["t"] != "upd" {
                return frame;
            }
        }
    });
    let ended = ended.await;
    assert_eq!((&ended["t"], &ended["code"]), (&json!("err"), &json!("not_found")), "{ended}");
}

#[tokio::test]
async fn who_may_not_read_a_flow_is_told_nothing_of_it_and_wrong_fields_by_name() {
    let stage = stage().await;
    let flow = stage.api.deploy("f", nodes(&stage.device.id, 2), edges()).await;
    let outsider = Api::sign_up(&stage.server).await;
    let mut live = Live::connect(&stage.server, &outsider).await;
    live.socket.say(sub(1, &flow)).await;
    let refused = live.next(1).await;
    assert_eq!((&refused["t"], &refused["code"]), (&json!("err"), &json!("not_found")), "{refused}");

    let mut live = Live::connect(&stage.server, &stage.api).await;
    for (frame, field) in [
        (json!({"t": "sub", "id": 4, "flow": flow, "metrics": "yes"}), "metrics"),
        (json!({"t": "sub", "id": 4, "metrics": true, "device": stage.device.id, "sensor": "t"}), "metrics"),
        (json!({"t": "sub", "id": 4, "flow": flow, "metrics": true, "node": "mean"}), "node"),
        (json!({"t": "sub", "id": 4, "flow": flow, "metrics": true, "points": 5}), "points"),
        (json!({"t": "sub", "id": 4, "flow": flow, "metrics": true, "max_hz": 0}), "max_hz"),
        (json!({"t": "sub", "id": 4, "flow": "f", "metrics": true}), "flow"),
    ] {
        live.socket.say(frame.clone()).await;
        let refused = live.next(4).await;
        assert_eq!((&refused["t"], &refused["code"]), (&json!("err"), &json!("malformed")), "{frame}");
        let message = text(&refused["message"]);
        assert!(message.starts_with(field), "{frame}: {message}");
    }
    for id in 0..=64 {
        live.socket.say(sub(id, &flow)).await;
        let answer = live.next(id).await;
        let expected = if id < 64 { json!("snap") } else { json!("err") };
        assert_eq!(answer["t"], expected, "{answer}");
    }
    // values are another account
    live.flow_node(100, &flow, "show").await;
}
