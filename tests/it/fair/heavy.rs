//! A load that takes a flow longer than there is time for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{beside, node, status};
use crate::support::{Device, Stage, eventually};

/// A list whose elements are all looked at by [`HEAVY`].
pub fn list() -> Value {
    json!(vec![1; 1_500])
}

pub const HEAVY: &str = "value.exists(x, double(x) * 3.0 + 1.0 > 1000.0)";

/// How many heavy nodes beside each other take longer for one list than there is time between two of them.
pub async fn heavy_nodes(stage: &Stage, pace: Duration) -> usize {
    const LISTS: u64 = 20;
    let probe = stage.api.new_device("probe").await;
    let (nodes, edges) = beside(&probe.id, "list", "filter", &[json!({"expression": HEAVY})]);
    let flow = stage.api.deploy("probe", nodes, edges).await;
    let mut device = Device::connect(&stage.server, &probe, 1, 1).await;
    for q in 1..=LISTS {
        device.deliver(q, json!([["list", list()]])).await;
    }
    let busy = eventually("the probe has seen all", async || {
        let status = status(&stage.api, &flow).await;
        let probe = node(&status, "n0");
        assert_eq!(probe["errors"], 0, "{status}");
        if probe["records_in"] == LISTS { Ok(probe["busy_ns"].as_f64().unwrap()) } else { Err(status) }
    })
    .await;
    stage.api.post(&format!("/api/v1/flows/{flow}/stop"), json!({})).await;
    let one = (busy / LISTS as f64).max(1_000.0);
    let nodes = (pace.as_nanos() as f64 * 3.0 / one).ceil() as usize;
    println!("a list takes a node {:.0} us: {nodes} nodes", one / 1000.0);
    nodes.clamp(2, 450)
}

/// How many lists are sent at a time: more, if the flow that they are for keeps up. How fast the machine is was measured while others may have used it.
pub struct Lists {
    pub each: Arc<AtomicUsize>,
    raised: Instant,
}

impl Lists {
    /// As many as fit into a frame.
    const MOST: usize = 16;

    pub fn new() -> Self {
        Self { each: Arc::new(AtomicUsize::new(1)), raised: Instant::now() }
    }

    pub fn look(&mut self, status: &Value) {
        let keeps_up = status["cell"]["lag_s"].as_u64().is_some_and(|lag_s| lag_s < 2);
        if keeps_up && self.raised.elapsed() > Duration::from_secs(2) {
            self.raised = Instant::now();
            let _ = self.each.fetch_update(Relaxed, Relaxed, |each| (each < Self::MOST).then_some(each + 1));
        }
    }
}
