//! Debug nodes on a real engine: what is kept of them, and of how many.

use super::tests::Stage;
use super::*;
use crate::testing::{eventually, skip};

#[tokio::test]
async fn a_debug_node_keeps_its_newest_records_for_a_while() {
    let stage = Stage::new().await;
    let flow = stage.deploy("debug", json!({})).await;
    stage.append(&[1.0, 2.0]).await;
    stage.done().await;
    let records = eventually("the records are there", async || {
        let records = stage.flows.records(flow, "middle").await;
        if records.len() == 2 { Ok(records) } else { Err(format!("{records:?}")) }
    })
    .await;
    assert_eq!(records.iter().map(|point| point.num).collect::<Vec<_>>(), [1.0, 2.0]);
    skip(Duration::from_secs(limit::DEBUG_S + 1)).await;
    while stage.live.followed() > 0 {
        skip(Duration::from_secs(1)).await;
    }
    assert!(!stage.counters(flow).node("middle").unwrap().is_watched());
}

#[tokio::test]
async fn a_flow_with_many_debug_nodes_takes_none_from_others() {
    let stage = Stage::new().await;
    let (modest, greedy) = (stage.flow().await, stage.flow().await);
    stage.flows.records(modest, "one").await;
    for node in 0..limit::DEBUG_NODES + 5 {
        stage.flows.records(greedy, &format!("n{node}")).await;
    }
    let debugged = &stage.flows.shared.debugged;
    assert_eq!(debugged.watched(modest).await, ["one".into()]);
    let kept = debugged.watched(greedy).await;
    assert_eq!(kept.len(), limit::DEBUG_NODES_PER_FLOW);
    let newest = format!("n{}", limit::DEBUG_NODES + 4);
    assert!(kept.iter().any(|node| **node == *newest), "{kept:?}");
}
