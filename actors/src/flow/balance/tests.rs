//! Flows that move between cells, on a real engine and log.

use edgesync_schemas::entity::execution::NodeScope;
use edgesync_schemas::id::FlowId;
use serde_json::json;

use super::super::tests::{Stage, chain};
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
    for (version, kind, data) in
        [(2, "filter", json!({"expression": "value > 0.0"})), (3, "moving-average", json!({"windowSize": 5}))]
    {
        stage.flows.deploy(flow, version, &chain(stage.device, kind, data)).await.unwrap();
        let status = stage.becomes(flow, "running").await;
        assert_eq!((&status["version"], &status["cell"]["index"]), (&json!(version), &json!(0)), "{status}");
        assert!(stage.flows.moved(flow, stage.flows.shared.slow).await);
        // as if it had been long ago
        stage.flows.shared.balanced.unslowed.lock().unwrap().clear();
    }
    assert!(stage.flows.stop(flow).await.unwrap());
    assert!(stage.flows.shared.cells.iter().all(|cell| cell.counters(flow).is_none()));
}

#[tokio::test]
async fn a_flow_that_moves_to_a_cell_far_ahead_is_run_up_to_there_and_counted() {
    let stage = Stage::new().await;
    let flow = stage.flow().await;
    let diagram = chain(stage.device, "moving-average", json!({"windowSize": 1000}));
    stage.catalog.set_flow_deployed(None, flow, 1, &diagram).await.unwrap();
    stage.flows.deploy(flow, 1, &diagram).await.unwrap();
    let mut session = stage.watch(flow, "show").await;
    let (cell, slow) = (stage.flows.shared.cells[0].clone(), stage.flows.shared.slow);
    stage.append(&[0.0]).await;
    stage.done().await;
    cell.stall(true);
    let commits = limit::RECENT_COMMITS * 4;
    for value in 1..=commits {
        stage.append(&[value as f64]).await;
    }
    let ahead = stage.flows.shared.cells[slow].clone();
    eventually("the other cell is far ahead", async || match ahead.status() {
        status if status.lag == 0 => Ok(()),
        status => Err(format!("{status:?}")),
    })
    .await;
    let flows = stage.flows.clone();
    let moving = tokio::spawn(async move { flows.moved(flow, slow).await });
    // what was fed to it before it is taken out it does there
    cell.stall(false);
    // the other one begins again where it comes from
    assert!(moving.await.unwrap());
    stage.done().await;
    ahead.stall(true);
    for value in 1..=commits {
        stage.append(&[value as f64]).await;
    }
    stage.done().await;
    let flows = stage.flows.clone();
    let moving = tokio::spawn(async move { flows.moved(flow, 0).await });
    ahead.stall(false);
    // the cell of the others does not: it is run up to there by itself
    assert!(moving.await.unwrap());
    stage.append(&[7.0]).await;
    let mean = (2 * (0..=commits).sum::<usize>() + 7) as f64 / (2 * commits + 2) as f64;
    let mut last = f64::NAN;
    eventually("the mean of all is shown", async || {
        while let Some((_, update)) = session.take() {
            last = update.values.last().map_or(last, |value| value.point.num);
        }
        if (last - mean).abs() < 1e-9 { Ok(()) } else { Err(format!("{last} is not {mean}")) }
    })
    .await;
    stage.flows.executions().finish().await;
    let (user, first) = (stage.user.user.id, edgesync_storage::catalog::Slice::FIRST);
    let execution = stage.catalog.executions(user, flow, None, first.clone()).await.unwrap().items[0].id;
    let nodes = stage.catalog.node_executions(user, flow, execution, Some("middle"), first).await.unwrap();
    let counted = nodes.items.iter().filter(|node| node.scope == NodeScope::Minute);
    let counted: u64 = counted.map(|node| node.records_in).sum();
    assert_eq!(counted, 2 * commits as u64 + 2, "also what was done on the way");
}

#[tokio::test]
async fn flows_that_are_slowed_see_nothing_twice_when_another_one_comes_from_behind() {
    let stage = Stage::new().await;
    let mut flows = Vec::new();
    for _ in 0..2 {
        flows.push(stage.deploy("moving-average", json!({"windowSize": 1000})).await);
    }
    let (cell, slow) = (stage.flows.shared.cells[0].clone(), stage.flows.shared.slow);
    stage.append(&[5.0]).await;
    stage.done().await;
    assert!(stage.flows.moved(flows[0], slow).await);
    let _ = stage.flows.shared.manager.cast(manager::Message::Slowed(flows[0], "too much".to_owned()));
    stage.becomes(flows[0], "slowed").await;
    cell.stall(true);
    let commits = limit::RECENT_COMMITS * 4;
    for value in 1..=commits {
        stage.append(&[value as f64]).await;
    }
    eventually("the first has seen all", async || match shown(&stage, flows[0]) {
        seen if seen == commits as u64 => Ok(()),
        seen => Err(seen.to_string()),
    })
    .await;
    let (handle, second) = (stage.flows.clone(), flows[1]);
    let moving = tokio::spawn(async move { handle.moved(second, slow).await });
    cell.stall(false);
    assert!(moving.await.unwrap());
    let mut session = stage.watch(flows[0], "show").await;
    let mut other = stage.watch(flows[1], "show").await;
    stage.append(&[7.0]).await;
    let mean = ((0..=commits).sum::<usize>() as f64 + 12.0) / (commits + 2) as f64;
    for session in [&mut session, &mut other] {
        let mut last = f64::NAN;
        eventually("the mean of all is shown", async || {
            while let Some((_, update)) = session.take() {
                last = update.values.last().map_or(last, |value| value.point.num);
            }
            if (last - mean).abs() < 1e-9 { Ok(()) } else { Err(format!("{last} is not {mean}")) }
        })
        .await;
    }
    assert_eq!(stage.flows.status(flows[0]).await.unwrap()["state"], "slowed", "it still runs apart");
}

#[tokio::test]
async fn a_move_that_comes_to_nothing_suspends_its_flow_but_not_on_the_way_down() {
    let stage = Stage::new().await;
    let flow = stage.flow().await;
    let diagram = chain(stage.device, "moving-average", json!({"windowSize": 10}));
    stage.catalog.set_flow_deployed(None, flow, 1, &diagram).await.unwrap();
    stage.flows.deploy(flow, 1, &diagram).await.unwrap();
    let told = async || {
        let deployed = stage.catalog.deployed_flows().await.unwrap();
        let is_suspended = stage.catalog.flow_suspended(flow).await.unwrap().is_some();
        (deployed.iter().any(|one| one.id == flow), is_suspended)
    };
    stage.flows.shared.stopped.send_replace(true);
    stage.flows.loses_its_place(flow, 1).await;
    assert_eq!(told().await, (true, false), "it runs again after the next start");
    stage.flows.shared.stopped.send_replace(false);
    stage.flows.loses_its_place(flow, 1).await;
    assert_eq!(told().await, (false, true));
}

#[test]
fn how_far_a_cell_is_behind_follows_from_when_the_log_ended_there() {
    let (begin, second) = (Instant::now(), Duration::from_secs(1));
    let mut looks = Looks::default();
    assert_eq!(looks.behind(Offset(0), begin), Duration::ZERO);
    for (at, end) in [(0, 100), (5, 200), (10, 200), (15, 300)] {
        looks.remember(begin + second * at, Offset(end));
    }
    let now = begin + second * 15;
    let behind = [300, 299, 200, 199, 100, 0].map(|frontier| looks.behind(Offset(frontier), now).as_secs());
    assert_eq!(
        behind,
        [0, 5, 5, 15, 15, 15],
        "of what was there before the first look nothing else is known"
    );
    (0..LOOKS * 2).for_each(|_| looks.remember(now, Offset(300)));
    assert_eq!(looks.ends.len(), LOOKS);
}

#[test]
fn a_cell_is_behind_if_it_is_so_for_long_and_does_not_catch_up() {
    let (least, far) = (Duration::from_secs(10), Duration::from_secs(60));
    let looks = |seen: &mut Seen, lags: &[u64], frontier: u64, behind| {
        lags.iter().for_each(|lag| seen.look(Offset(frontier), *lag, 0, behind, least));
        seen.behind
    };
    let begun = Seen { begun_to: Offset(1_000), lag: 900, ..Seen::default() };
    assert_eq!(looks(&mut begun.clone(), &[890, 889, 880], 500, far), 0, "it catches up after a start");
    assert_eq!(looks(&mut begun.clone(), &[910, 920, 930], 500, far), 3, "it does not even do that");
    assert_eq!(looks(&mut begun.clone(), &[895, 900, 890], 1_000, far), 3, "it stays behind");
    assert_eq!(looks(&mut begun.clone(), &[895, 600, 500], 1_000, far), 0, "it comes nearer");
    assert_eq!(looks(&mut begun.clone(), &[5_000_000; 3], 1_000, Duration::from_secs(9)), 0, "a lot at once");
    let mut replaced = Seen { behind: 2, ..begun };
    replaced.look(Offset(1_000), 880, 1, far, least);
    assert_eq!((replaced.behind, replaced.begun_to), (0, Offset(1_880)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cells_that_are_behind_because_the_database_is_away_are_not_looked_at() {
    let stage = Stage::new().await;
    stage.deploy("filter", json!({"expression": "true"})).await;
    let (cell, mut looks) = (stage.flows.shared.cells[0].clone(), Looks::default());
    stage.append(&[0.0]).await;
    stage.done().await;
    stage.flows.look(&mut looks);
    let stored = stage.flows.stored();
    // behind for long, and always further
    cell.stall(true);
    stage.append(&[1.0]).await;
    eventually("it stands still", async || {
        if cell.is_stalled() { Ok(()) } else { Err(format!("{:?}", cell.status())) }
    })
    .await;
    let mut look = async || {
        stage.append(&[1.0; 50]).await;
        looks
            .ends
            .iter_mut()
            .for_each(|(at, _)| *at = at.checked_sub(Duration::from_secs(60)).unwrap_or(*at));
        stage.flows.look(&mut looks);
        (looks.cells[0].behind, looks.cells[0].begun_to)
    };
    stored.be_away(true);
    for _ in 0..4 {
        assert_eq!(look().await, (0, stage.log.end()), "what it is behind with it may catch up with");
    }
    stored.be_away(false);
    for n in 1..=3 {
        assert_eq!(look().await.0, n, "it falls behind further");
    }
    cell.stall(false);
}

#[tokio::test]
async fn a_new_version_brings_a_slowed_flow_back_once_in_a_while_and_the_same_one_drawn_elsewhere_never() {
    let stage = Stage::new().await;
    let flow = stage.deploy("filter", json!({"expression": "value > 1.0"})).await;
    let slow = stage.flows.shared.slow;
    let slowed = async || {
        let turn = stage.flows.turn(flow).await;
        assert!(stage.flows.moved(flow, slow).await);
        drop(turn);
        let _ = stage.flows.shared.manager.cast(manager::Message::Slowed(flow, "too much".into()));
        stage.becomes(flow, "slowed").await;
    };
    let deployed = async |version: u32, expression: &str| {
        let diagram = chain(stage.device, "filter", json!({"expression": expression}));
        stage.flows.deploy(flow, version, &diagram).await.unwrap();
        stage.flows.running(flow).unwrap().0.index()
    };
    slowed().await;
    assert_eq!(deployed(2, "value > 1.0").await, slow, "it does what it did");
    assert_eq!(stage.becomes(flow, "slowed").await["version"], 2);
    assert_ne!(deployed(3, "value > 2.0").await, slow);
    assert_eq!(stage.becomes(flow, "running").await["reason"], json!(null));
    slowed().await;
    assert_eq!(deployed(4, "value > 3.0").await, slow, "that was so a moment ago");
    let told = stage.becomes(flow, "slowed").await;
    assert!(told["reason"].as_str().unwrap().contains("ten minutes"), "{told}");
    let long_ago = Instant::now().checked_sub(Duration::from_secs(limit::UNSLOW_S)).unwrap();
    stage.flows.shared.balanced.unslowed.lock().unwrap().insert(flow, long_ago);
    assert_ne!(deployed(5, "value > 4.0").await, slow);
    stage.becomes(flow, "running").await;
}
