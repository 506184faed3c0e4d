//! Flows that move between cells, on a real engine and log.

use super::tests::Stage;
use super::*;
use crate::testing::eventually;

/// How many records a flow's display was shown, wherever it runs.
fn shown(stage: &Stage, flow: FlowId) -> u64 {
    let (cell, _) = stage.flows.running(flow).unwrap();
    cell.counters(flow).unwrap().node("show").unwrap().snapshot().in_
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_moves_while_readings_come_and_none_is_lost_or_shown_twice() {
    const ROUNDS: u64 = 30;
    let stage = Stage::new().await;
    let flow = stage.deploy("moving-average", json!({"windowSize": 10_000})).await;
    let mut session = stage.watch(flow, "show").await;
    let slow = stage.flows.shared.slow;
    let mut values = Vec::new();
    for round in 0..ROUNDS {
        stage.append(&[round as f64; 7]).await;
        values.extend([round as f64; 7]);
        if round % 3 == 0 {
            let to = if round % 2 == 0 { slow } else { 0 };
            assert!(stage.flows.moved(flow, to).await);
            let (cell, _) = stage.flows.running(flow).unwrap();
            assert_eq!(cell.index(), to);
        }
    }
    let end = stage.log.end();
    eventually("its cell catches up", async || {
        let (cell, _) = stage.flows.running(flow).unwrap();
        let status = cell.status();
        if status.frontier >= end { Ok(()) } else { Err(format!("{status:?}, {end}")) }
    })
    .await;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let mut last = f64::NAN;
    eventually("the mean of all is shown", async || {
        if let Some((_, update)) = session.take() {
            last = update.values.last().map_or(last, |value| value.point.num);
        }
        if (last - mean).abs() < 1e-9 { Ok(()) } else { Err(format!("{last} is not {mean}")) }
    })
    .await;
    let status = stage.flows.status(flow).await.unwrap();
    assert_eq!(status["state"], "running");
}

#[tokio::test]
async fn a_flow_that_is_slowed_says_so_until_it_is_deployed_again() {
    let stage = Stage::new().await;
    let flow = stage.deploy("filter", json!({"expression": "true"})).await;
    assert!(stage.flows.moved(flow, stage.flows.shared.slow).await);
    let _ = stage.flows.shared.manager.cast(manager::Message::Slowed(flow, "too much".to_owned()));
    let status = stage.becomes(flow, "slowed").await;
    assert_eq!(
        (&status["reason"], &status["cell"]["index"]),
        (&json!("too much"), &json!(stage.flows.shared.slow))
    );
    stage.append(&[1.0]).await;
    eventually("it runs all the same", async || match shown(&stage, flow) {
        1 => Ok(()),
        seen => Err(seen.to_string()),
    })
    .await;
    assert!(stage.flows.stop(flow).await.unwrap());
    assert!(stage.flows.shared.cells.iter().all(|cell| cell.counters(flow).is_none()));
}
