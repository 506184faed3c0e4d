//! Runs of a flow: once with given values, over what is stored, and compared with what is deployed. Nothing of them is shown or counted elsewhere.

use hyper::Method;
use serde_json::{Value, json};

use crate::support::{Device, Stage, eventually, stage};

fn nodes(device: &str, expression: &str) -> Value {
    json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": device, "variable": "t"}},
        {"id": "some", "type": "filter", "position": {"x": 1, "y": 0}, "data": {"expression": expression}},
        {"id": "mean", "type": "moving-average", "position": {"x": 2, "y": 0}, "data": {"windowSize": 3}},
        {"id": "show", "type": "display", "position": {"x": 3, "y": 0}, "data": {}},
    ])
}

fn edges() -> Value {
    json!([
        {"id": "1", "source": "in", "target": "some"},
        {"id": "2", "source": "some", "target": "mean"},
        {"id": "3", "source": "mean", "target": "show"},
    ])
}

async fn draft(stage: &Stage, expression: &str) -> String {
    let flow = json!({"name": "f", "nodes": nodes(&stage.device.id, expression), "edges": edges()});
    stage.api.post("/api/v1/flows", flow).await["id"].as_str().unwrap().to_owned()
}

async fn run(stage: &Stage, flow: &str, body: Value) -> (u16, Value) {
    stage.api.call(Method::POST, &format!("/api/v1/flows/{flow}/run"), Some(&body)).await
}

/// The execution once it has ended.
async fn ended(stage: &Stage, flow: &str, execution: &Value) -> Value {
    let path = format!("/api/v1/flows/{flow}/executions/{}", execution["id"].as_str().unwrap());
    eventually("the run ends", async || {
        let execution = stage.api.get(&path).await;
        if execution["completed_at"].is_null() { Err(execution.to_string()) } else { Ok(execution) }
    })
    .await
}

async fn node(stage: &Stage, flow: &str, execution: &Value, node: &str) -> Value {
    let id = execution["id"].as_str().unwrap();
    let path = format!("/api/v1/flows/{flow}/executions/{id}/nodes?node={node}");
    stage.api.get(&path).await["items"][0].clone()
}

fn values(records: &Value) -> Vec<f64> {
    records.as_array().into_iter().flatten().map(|record| record["value"].as_f64().unwrap()).collect()
}

#[tokio::test]
async fn a_run_with_values_tells_what_each_node_was_given_and_put_out() {
    let stage = stage().await;
    let flow = draft(&stage, "value > 1.0 && unit == 'C'").await;
    let given =
        json!([{"value": 2, "unit": "C"}, {"value": 4, "unit": "C"}, 9, {"value": "open", "unit": "C"}]);
    let (status, execution) = run(&stage, &flow, json!({"trigger_data": {"in": given}})).await;
    assert_eq!(
        (status, &execution["status"], &execution["trigger"]),
        (200, &json!("completed"), &json!("manual"))
    );
    assert_eq!(execution["result"]["readings"], 4);
    let source = node(&stage, &flow, &execution, "in").await;
    assert_eq!(source["records_out"], 4);
    assert_eq!(source["input_data"]["records"][3]["value"], "open");
    let some = node(&stage, &flow, &execution, "some").await;
    assert_eq!(values(&some["output_data"]["out"]), [2.0, 4.0]);
    assert_eq!((&some["output_data"]["else"][0]["value"], &some["errors"]), (&json!(9.0), &json!(1)));
    assert_eq!(some["output_data"]["error"][0]["reason"], "expression");
    let mean = node(&stage, &flow, &execution, "mean").await;
    assert_eq!(values(&mean["input_data"]["records"]), [2.0, 4.0]);
    assert_eq!(values(&mean["output_data"]["out"]), [2.0, 3.0]);
    assert_eq!(mean["output_data"]["out"][1]["fields"]["max_in_window"], 4.0);
    assert_eq!(mean["output_data"]["out"][1]["unit"], "C");
    // nothing was stored, deployed or left behind
    assert_eq!(stage.api.values(&stage.device.id, "t").await, [0.0; 0]);
    assert_eq!(stage.api.get(&format!("/api/v1/flows/{flow}")).await["is_active"], false);
    let letters = stage.api.get(&format!("/api/v1/flows/{flow}/dead-letters")).await;
    assert_eq!(letters["items"], json!([]));
}

#[tokio::test]
async fn a_run_without_values_is_made_with_the_newest_reading() {
    let stage = stage().await;
    let flow = draft(&stage, "value > 0.0").await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["t", 5], ["t", 6], ["other", 7]])).await;
    let (status, execution) = run(&stage, &flow, json!({})).await;
    assert_eq!(status, 200, "{execution}");
    let mean = node(&stage, &flow, &execution, "mean").await;
    assert_eq!(values(&mean["output_data"]["out"]), [6.0]);
}

#[tokio::test]
async fn values_that_fit_no_source_are_told_one_by_one() {
    let stage = stage().await;
    let flow = draft(&stage, "value > 0.0").await;
    let foreign = "018f3b6e-0000-7000-8000-000000000000";
    let wrong = json!({"trigger_data": {"nobody": 1, "in": [{"value": 1, "device_id": foreign}, {"value": 1, "timestamp": "soon"}, {"value": 2, "sensor_type": "u"}]}});
    let (status, answer) = run(&stage, &flow, wrong).await;
    assert_eq!(status, 422, "{answer}");
    let text = answer.to_string();
    let pointers =
        answer["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap());
    let of = |place: &str| pointers.clone().filter(|pointer| *pointer == place).count();
    assert_eq!((of("/trigger_data/nobody"), of("/trigger_data/in")), (1, 3), "{answer}");
    for part in ["nobody", "device_id must be", "timestamp must be", "sensor_type must be"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let (status, answer) = run(&stage, &flow, json!({"to": "2026-01-01T00:00:00Z"})).await;
    assert_eq!((status, &answer["errors"][0]["pointer"]), (422, &json!("/to")), "{answer}");
    let executions = stage.api.get(&format!("/api/v1/flows/{flow}/executions")).await;
    assert_eq!(executions["items"], json!([]), "what is refused leaves no trace");
}

#[tokio::test]
async fn a_run_over_stored_readings_is_compared_with_what_is_deployed() {
    let stage = stage().await;
    let deployed = nodes(&stage.device.id, "value > 5.0");
    let flow = stage.api.deploy("f", deployed, edges()).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    // a millisecond apart, so that each has a time of its own
    let readings: Vec<Value> = (1..=10).map(|n| json!(["t", n, n - 100])).collect();
    device.deliver(1, json!(readings)).await;
    let shown = async || {
        let status = stage.api.get(&format!("/api/v1/flows/{flow}/metrics")).await;
        status["nodes"].as_array().unwrap().iter().find(|node| node["id"] == "show").unwrap()["records_in"]
            .clone()
    };
    eventually("the deployed flow has seen them", async || match shown().await {
        seen if seen == 5 => Ok(()),
        seen => Err(seen),
    })
    .await;
    let from = "2020-01-01T00:00:00Z";
    let edited = nodes(&stage.device.id, "value > 7.0");
    let body = json!({"from": from, "compare_with": "deployed", "nodes": edited, "edges": edges()});
    let (status, execution) = run(&stage, &flow, body).await;
    assert_eq!((status, &execution["trigger"]), (202, &json!("replay")), "{execution}");
    let execution = ended(&stage, &flow, &execution).await;
    assert_eq!(execution["status"], "completed", "{execution}");
    assert_eq!(execution["result"]["readings"], 10);
    let compared = &execution["result"]["compared_with_deployed"];
    // 6 and 7 are left out, so the means of 8 and 9 are others; that of 8, 9 and 10 is the same
    let show = &compared["nodes"]["show"];
    let counts = ["same", "changed", "only_draft", "only_deployed"].map(|key| show[key].as_u64().unwrap());
    assert_eq!((compared["same"].clone(), counts), (json!(false), [1, 2, 0, 2]), "{compared}");
    assert_eq!(
        (&show["differences"][2]["draft"], &show["differences"][2]["deployed"]),
        (&json!(8.0), &json!(7.0))
    );
    assert_eq!(execution["result"]["effects"][0]["count"], 3);
    let source = node(&stage, &flow, &execution, "in").await;
    let all: Vec<f64> = (1..=10).map(f64::from).collect();
    assert_eq!(values(&source["input_data"]["records"]), all, "what a source was given is told, too");
    // the same against itself is the same
    let body = json!({"from": from, "compare_with": "deployed"});
    let (_, execution) = run(&stage, &flow, body).await;
    let execution = ended(&stage, &flow, &execution).await;
    assert_eq!(execution["result"]["compared_with_deployed"]["same"], true, "{execution}");
    assert_eq!(shown().await, 5, "what runs has not noticed");
    // a time without readings
    let (_, execution) = run(&stage, &flow, json!({"from": from, "to": "2020-01-02T00:00:00Z"})).await;
    assert_eq!(ended(&stage, &flow, &execution).await["result"]["readings"], 0);
}

#[tokio::test]
async fn nothing_is_compared_with_what_does_not_run_and_others_flows_are_not_run() {
    let stage = stage().await;
    let flow = draft(&stage, "value > 0.0").await;
    let (status, answer) =
        run(&stage, &flow, json!({"from": "2020-01-01T00:00:00Z", "compare_with": "deployed"})).await;
    assert_eq!((status, &answer["code"]), (409, &json!("not_deployed")), "{answer}");
    let (status, answer) =
        run(&stage, &flow, json!({"nodes": [{"id": "x", "type": "odd"}], "edges": []})).await;
    assert_eq!(status, 422, "{answer}");
    let stranger = crate::support::Api::sign_up(&stage.server).await;
    let path = format!("/api/v1/flows/{flow}/run");
    assert_eq!(stranger.call(Method::POST, &path, Some(&json!({}))).await.0, 404);
}
