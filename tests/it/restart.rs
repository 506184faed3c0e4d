//! A reading that is committed reaches the flows that run, whatever happens to the process in between.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::api::metric;
use crate::support::{Api, Device, eventually, stage};

const FRAMES: u64 = 20;
const ROUNDS: u64 = 5;
/// Shorter than the time between two cursors.
const AT_ONCE: Duration = Duration::from_millis(800);

async fn shown(api: &Api, flow: &str) -> u64 {
    let status = api.get(&format!("/api/v1/flows/{flow}/metrics")).await;
    let nodes = status["nodes"].as_array().expect("it has nodes");
    let show = nodes.iter().find(|node| node["id"] == "show").expect("it runs");
    show["records_in"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_right_after_the_acknowledgement_keeps_no_reading_from_the_flows() {
    let mut stage = stage().await;
    let nodes = json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": stage.device.id, "variable": "a"}},
        {"id": "show", "type": "display", "position": {"x": 1, "y": 0}, "data": {}},
    ]);
    let flow = stage.api.deploy("f", nodes, json!([{"id": "1", "source": "in", "target": "show"}])).await;
    let (mut q, mut proved) = (0, 0);
    for boot in 1..=ROUNDS {
        let api = stage.api.at(&stage.server);
        let mut device = Device::connect(&stage.server, &stage.device, 1, q + 1).await;
        q += 1;
        device.deliver(q, json!([["a", boot]])).await;
        eventually("the cursor is written", async || {
            let cursor = metric(&stage.server, "edgesync_flows_cursor_offset").await as u64;
            if cursor == q { Ok(()) } else { Err(cursor) }
        })
        .await;
        let begun = Instant::now();
        for frame in q + 1..=q + FRAMES {
            device.data(frame, json!([["a", frame]])).await;
        }
        device.acked(q + FRAMES).await;
        stage.server.kill().await;
        let in_time = begun.elapsed() < AT_ONCE;
        q += FRAMES;
        stage.server.restart().await;
        let api = api.at(&stage.server);
        if in_time {
            proved += 1;
            eventually("the flow has seen what was acknowledged", async || match shown(&api, &flow).await {
                seen if seen >= FRAMES => Ok(()),
                seen => Err(seen),
            })
            .await;
        }
    }
    assert!(proved > 0, "the machine is too slow for this test");
    // what was done and written down before a stop is not fed again
    let done = async |api: &Api| shown(api, &flow).await;
    stage.server.terminate().await;
    assert!(stage.server.wait().await.success());
    stage.server.restart().await;
    let api = stage.api.at(&stage.server);
    let mut device = Device::connect(&stage.server, &stage.device, 1, q + 1).await;
    device.deliver(q + 1, json!([["a", 1]])).await;
    eventually("the next reading is shown", async || match done(&api).await {
        0 => Err(0),
        seen => {
            assert_eq!(seen, 1, "a stop in order leaves nothing to be fed again");
            Ok::<_, u64>(())
        }
    })
    .await;
}

#[tokio::test]
async fn a_flow_that_is_stopped_right_after_the_start_stays_stopped() {
    let mut stage = stage().await;
    let nodes = json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": stage.device.id, "variable": "a"}},
        {"id": "show", "type": "display", "position": {"x": 1, "y": 0}, "data": {}},
    ]);
    let edges = json!([{"id": "1", "source": "in", "target": "show"}]);
    let mut flows = Vec::new();
    for n in 0..10 {
        flows.push(stage.api.deploy(&format!("f{n}"), nodes.clone(), edges.clone()).await);
    }
    stage.server.kill().await;
    stage.server.restart().await;
    let api = stage.api.at(&stage.server);
    let stopped = flows.pop().unwrap();
    api.post(&format!("/api/v1/flows/{stopped}/stop"), json!({})).await;
    let state = async |flow: &str| -> Value {
        api.get(&format!("/api/v1/flows/{flow}/metrics")).await["state"].clone()
    };
    for flow in &flows {
        assert!(["running", "pending"].contains(&state(flow).await.as_str().unwrap()));
    }
    assert_eq!(state(&stopped).await, "stopped");
}
