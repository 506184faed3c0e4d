//! What flows remember outlives the process, whenever it is killed.

use serde_json::{Value, json};

use crate::support::api::metric;
use crate::support::{Device, eventually, stage};

const ROUNDS: u64 = 6;

/// An average of everything, so that each reading that is lost or seen twice shows.
fn nodes(device: &str) -> Value {
    json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": device, "variable": "t"}},
        {"id": "mean", "type": "moving-average", "position": {"x": 1, "y": 0}, "data": {"windowSize": 10_000}},
        {"id": "show", "type": "display", "position": {"x": 2, "y": 0}, "data": {}},
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_average_of_everything_is_right_after_each_of_several_kills() {
    let mut stage = stage().await;
    let edges = json!([{"id": "1", "source": "in", "target": "mean"}, {"id": "2", "source": "mean", "target": "show"}]);
    let flow = stage.api.deploy("f", nodes(&stage.device.id), edges).await;
    let (mut q, mut sum) = (0u64, 0.0);
    let mut api = stage.api.at(&stage.server);
    for round in 0..ROUNDS {
        let path = format!("/api/v1/flows/{flow}/nodes/mean/output");
        api.get(&path).await; // from now on its records are kept for whoever looks
        let mut device = Device::connect(&stage.server, &stage.device, 1, q + 1).await;
        for _ in 0..7 {
            q += 1;
            sum += q as f64;
            device.deliver(q, json!([["t", q]])).await;
        }
        let mean = sum / q as f64;
        eventually("the mean of all is shown", async || {
            let shown = api.get(&path).await["items"].as_array().and_then(|all| all.last().cloned());
            match shown {
                Some(last) if (last["value"].as_f64().unwrap() - mean).abs() < 1e-9 => Ok(()),
                last => Err(format!("{last:?} in round {round}, not {mean}")),
            }
        })
        .await;
        if round == 2 {
            eventually("all of it is saved", async || {
                let cursor = metric(&stage.server, "edgesync_flows_cursor_offset").await as u64;
                if cursor == q { Ok(()) } else { Err(cursor) }
            })
            .await;
        }
        // some of it committed and perhaps not seen, and at some moments just being saved
        q += 1;
        sum += q as f64;
        device.deliver(q, json!([["t", q]])).await;
        stage.server.kill().await;
        stage.server.restart().await;
        api = api.at(&stage.server);
    }
}
