//! Deploying and stopping, again and again, leaves nothing behind.

use super::tests::{Stage, chain};
use super::*;
use crate::testing::eventually;

const DEPLOYMENTS: u32 = 1_000;
/// What memory may grow by over half of them: allocators keep some of what they were given back.
const GROWTH_KB: u64 = 12 * 1024;

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_deployments_leave_nothing_behind() {
    let stage = Stage::new().await;
    let flows = [stage.flow().await, stage.flow().await, stage.flow().await];
    let mut half = 0;
    for n in 0..DEPLOYMENTS {
        let flow = flows[n as usize % flows.len()];
        // versions of all kinds: with other state, with the same, and the same under another label
        let data = json!({"windowSize": 10 + n / 9 % 5, "label": format!("{}", n % 2)});
        stage.flows.deploy(flow, n + 1, &chain(stage.device, "moving-average", data)).await.unwrap();
        stage.append(&[f64::from(n)]).await;
        if n % 7 == 0 {
            assert!(stage.flows.stop(flow).await.unwrap());
        }
        if n == DEPLOYMENTS / 2 {
            half = resident_kb();
        }
    }
    let grown = resident_kb().saturating_sub(half);
    assert!(grown < GROWTH_KB, "{grown} KiB more after {} deployments", DEPLOYMENTS / 2);
    for flow in flows {
        stage.flows.stop(flow).await.unwrap();
    }
    assert_eq!(stage.flows.shared.directory.count(), 0, "actors of flows");
    assert_eq!(stage.live.followed(), 0, "followed nodes");
    eventually("the cells run nothing", async || {
        let flows: Vec<_> = stage.flows.cells().iter().map(|cell| cell.flows).collect();
        let engine: Vec<_> = stage.flows.shared.cells.iter().map(|cell| cell.engine_flows()).collect();
        if flows.iter().chain(&engine).all(|flows| *flows == 0) {
            Ok(())
        } else {
            Err(format!("{flows:?} {engine:?}"))
        }
    })
    .await;
    for flow in flows {
        assert_eq!(stage.log.state(flow).await.unwrap(), None, "what it remembered");
    }
}
