//! What is kept of a flow's runs, through deaths and starts of the server.

use serde_json::{Value, json};

use crate::support::api::metric;
use crate::support::{Api, Device, eventually, stage};

async fn items(api: &Api, path: &str) -> Vec<Value> {
    api.get(path).await["items"].as_array().unwrap().clone()
}

/// The newest execution of a flow, once it is so.
async fn newest(api: &Api, flow: &str, status: &str) -> Value {
    eventually("the execution is told of", async || {
        let all = items(api, &format!("{flow}/executions")).await;
        if all[0]["status"] == status { Ok(all[0].clone()) } else { Err(json!(all)) }
    })
    .await
}

#[tokio::test]
async fn an_execution_its_nodes_and_dead_letters_outlive_the_server() {
    let mut stage = stage().await;
    let nodes = |size: u32| {
        json!([
            {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": stage.device.id, "variable": "a"}},
            {"id": "avg", "type": "moving-average", "position": {"x": 1, "y": 0}, "data": {"windowSize": size}},
            {"id": "show", "type": "display", "position": {"x": 2, "y": 0}, "data": {}},
        ])
    };
    let edges =
        json!([{"id": "1", "source": "in", "target": "avg"}, {"id": "2", "source": "avg", "target": "show"}]);
    let (first_nodes, second_nodes) = (nodes(2), nodes(3));
    let flow = stage.api.deploy("f", first_nodes.clone(), edges).await;
    let flow = format!("/api/v1/flows/{flow}");
    let first = newest(&stage.api, &flow, "running").await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1], ["a", "warm"], ["a", 3]])).await;
    let letters = eventually("what cannot be averaged is kept", async || {
        let letters = items(&stage.api, &format!("{flow}/dead-letters")).await;
        if letters.len() == 1 { Ok(letters) } else { Err(json!(letters)) }
    })
    .await;
    assert_eq!((&letters[0]["value"], &letters[0]["node_id"]), (&json!("warm"), &json!("avg")));
    assert_eq!(metric(&stage.server, "edgesync_dead_letters_total").await, 1.0);

    stage.server.kill().await;
    stage.server.restart().await;
    let api = stage.api.at(&stage.server);
    assert_eq!(newest(&api, &flow, "running").await, first, "it goes on");
    let body = json!({"nodes": second_nodes});
    assert_eq!(api.call(hyper::Method::PATCH, &flow, Some(&body)).await.0, 200);
    api.post(&format!("{flow}/deploy"), json!({})).await;
    let second = newest(&api, &flow, "running").await;
    assert_eq!(second["version"], 2);
    let mut device = Device::connect(&stage.server, &stage.device, 1, 2).await;
    device.deliver(2, json!([["a", 4], ["a", 5]])).await;
    // On the way down what was counted since the last minute is written.
    stage.server.terminate().await;
    assert!(stage.server.wait().await.success());
    stage.server.restart().await;
    let api = api.at(&stage.server);
    assert_eq!(newest(&api, &flow, "running").await, second);
    let told =
        items(&api, &format!("{flow}/executions/{}/nodes?node=show", second["id"].as_str().unwrap())).await;
    let minutes = told.iter().filter(|one| one["scope"] == "minute");
    assert_eq!(minutes.map(|one| one["records_in"].as_u64().unwrap()).sum::<u64>(), 2, "{told:#?}");

    let deployed = api.post(&format!("{flow}/deploy"), json!({"version": 1})).await;
    assert_eq!((&deployed["deployed_version"], &deployed["nodes"]), (&json!(1), &second_nodes));
    stage.server.kill().await;
    stage.server.restart().await;
    let api = api.at(&stage.server);
    let third = newest(&api, &flow, "running").await;
    assert_eq!(third["version"], 1);
    assert_eq!(api.get(&format!("{flow}/versions/1")).await["nodes"], first_nodes);
    let all = items(&api, &format!("{flow}/executions")).await;
    let ended: Vec<_> = all[1..].iter().map(|one| (&one["id"], &one["status"])).collect();
    assert_eq!(ended, [(&second["id"], &json!("stopped")), (&first["id"], &json!("stopped"))]);
    api.post(&format!("{flow}/stop"), json!({})).await;
    assert_eq!(newest(&api, &flow, "stopped").await["id"], third["id"]);
    assert_eq!(items(&api, &format!("{flow}/dead-letters")).await, letters);
}
