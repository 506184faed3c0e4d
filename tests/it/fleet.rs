//! How an organization is, in numbers: its own, and nobody else's.

use serde_json::{Value, json};

use crate::support::api::text;
use crate::support::{Api, CompatDevice, Device, Stage, eventually, on_both_stores};

on_both_stores!(what_an_organization_sends_and_runs_is_told_to_it_alone);

async fn fleet(api: &Api) -> Value {
    api.get(&format!("/api/v1/organizations/{}/fleet", api.organization)).await
}

/// The fleet, once some fields are so.
async fn told(api: &Api, what: &str, fields: &Value) -> Value {
    eventually(what, async || {
        let told = fleet(api).await;
        let is_so = |(name, value): (&String, &Value)| told[name] == *value;
        if fields.as_object().unwrap().iter().all(is_so) { Ok(told) } else { Err(told) }
    })
    .await
}

async fn what_an_organization_sends_and_runs_is_told_to_it_alone(stage: Stage) {
    let api = &stage.api;
    let alone = fleet(api).await;
    assert!(alone["store_bytes"].is_u64(), "nobody else stores here: {alone}");
    let others = Api::sign_up(&stage.server).await;
    assert_eq!(fleet(api).await["store_bytes"], Value::Null, "it would be the others', too");

    let project = json!({"organization_id": api.organization, "name": "p"});
    let project = api.post("/api/v1/projects", project).await["id"].clone();
    let nodes = json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": stage.device.id, "variable": "a"}},
        {"id": "mean", "type": "moving-average", "position": {"x": 1, "y": 0}, "data": {"windowSize": 2}},
    ]);
    let edges = json!([{"id": "1", "source": "in", "target": "mean"}]);
    let body = json!({"name": "f", "project_id": project, "nodes": nodes, "edges": edges});
    let flow = text(&api.post("/api/v1/flows", body).await["id"]);
    assert_eq!(fleet(api).await["flows"]["flows"], 1);
    assert_eq!(fleet(api).await["flows"]["deployed"], 0);
    api.post(&format!("/api/v1/flows/{flow}/deploy"), json!({})).await;

    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1], ["a", "warm"], ["a", 3], ["no such name", 1]])).await;
    // sent again, and stored once
    device.deliver(1, json!([["a", 1]])).await;
    let mut compatible = CompatDevice::connect(&stage.server, &api.new_device("old").await).await;
    compatible.ask(json!({"readings": 7})).await;
    compatible.save(json!({"sensor_type": "a", "value": 1})).await;

    let per_s = fleet(api).await["readings_per_s"].as_f64().unwrap();
    assert!((0.1..=4.0).contains(&per_s), "four readings, the last just now: {per_s}");

    let fields = json!({"active": 2, "refused_last_hour": 2, "errors_last_hour": 1, "dead_letters_last_hour": 1,
        "lag_ms": 0, "lag_readings": 0,
        "flows": {"flows": 1, "deployed": 1, "running": 1, "failed": 0, "suspended": 0}});
    told(api, "what was done is told", &fields).await;

    let quiet = fleet(&others).await;
    for (name, value) in quiet.as_object().unwrap() {
        let nothing = match name.as_str() {
            "flows" => json!({"flows": 0, "deployed": 0, "running": 0, "failed": 0, "suspended": 0}),
            "store_bytes" => Value::Null,
            "readings_per_s" => json!(0.0),
            _ => json!(0),
        };
        assert_eq!(*value, nothing, "{name} is not theirs");
    }
    let foreign = format!("/api/v1/organizations/{}/fleet", api.organization);
    assert_eq!(others.call(hyper::Method::GET, &foreign, None).await.0, 404);

    api.post(&format!("/api/v1/flows/{flow}/stop"), json!({})).await;
    let stopped = json!({"errors_last_hour": 1, "flows": {"flows": 1, "deployed": 0, "running": 0, "failed": 0, "suspended": 0}});
    told(api, "it is stopped, and its errors are still of this hour", &stopped).await;
}
