//! Moves that do not go as they should.

use edgesync_schemas::flow::Diagram;
use edgesync_schemas::id::FlowId;
use serde_json::json;

use super::super::tests::{Stage, chain, start_as};
use super::super::*;
use super::moving::{Comes, Moving};
use super::*;
use crate::cell::Cell;
use crate::testing::eventually;

const MOVES: Duration = Duration::from_millis(1_500);

/// A stage whose flows are moved within [`MOVES`], with an average of all that has seen some values.
async fn stage() -> (Stage, FlowId) {
    let stage = Stage::new().await;
    let pace = Pace { moves: MOVES, ..Pace::default() };
    let options = Options { pace, ..started::options() };
    let live = Hub::start(stage.log.clone());
    let flows = start_as(&stage.log, &stage.catalog, &live, 1, options, Most::default()).await;
    let stage = Stage { live, flows, ..stage };
    let flow = stage.flow().await;
    let diagram = chain(stage.device, "moving-average", json!({"windowSize": 1000}));
    stage.catalog.set_flow_deployed(None, flow, 1, &diagram).await.unwrap();
    stage.flows.deploy(flow, 1, &diagram).await.unwrap();
    stage.append(&[1.0]).await;
    stage.append(&[2.0]).await;
    stage.done().await;
    (stage, flow)
}

async fn stalled(stage: &Stage, cell: &Cell) {
    cell.stall(true);
    stage.append(&[3.0]).await;
    eventually("it stands still", async || if cell.is_stalled() { Ok(()) } else { Err(String::new()) }).await;
}

/// Waits until the last value that is shown of a flow is this.
async fn shows(session: &mut crate::live::Session, expected: f64) {
    let mut last = f64::NAN;
    eventually("the mean of all is shown", async || {
        while let Some((_, update)) = session.take() {
            last = update.values.last().map_or(last, |value| value.point.num);
        }
        if (last - expected).abs() < 1e-9 { Ok(()) } else { Err(format!("{last} is not {expected}")) }
    })
    .await;
}

async fn is_on(stage: &Stage, flow: FlowId, at: usize) {
    for cell in &stage.flows.shared.cells {
        assert!(cell.catch_up(Duration::from_secs(10)).await);
        assert_eq!(cell.engine_flows(), usize::from(cell.index() == at), "cell {}", cell.index());
    }
    assert_eq!(stage.flows.running(flow).unwrap().0.index(), at);
    assert_eq!(stage.catalog.flow_suspended(flow).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_its_cell_does_not_give_away_in_time_stays_there() {
    let (stage, flow) = stage().await;
    let mut session = stage.watch(flow, "show").await;
    let cell = stage.flows.shared.cells[0].clone();
    stalled(&stage, &cell).await;
    let (began, slow) = (Instant::now(), stage.flows.shared.slow);
    let moved = tokio::time::timeout(MOVES * 2, stage.flows.moved(flow, slow)).await;
    assert!(!moved.expect("it has its time") && began.elapsed() >= MOVES / 2);
    cell.stall(false);
    stage.append(&[6.0]).await;
    is_on(&stage, flow, 0).await;
    shows(&mut session, 3.0).await;
    assert!(stage.flows.moved(flow, slow).await, "it moves as ever");
    is_on(&stage, flow, slow).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_does_not_come_to_a_cell_in_time_goes_on_where_it_was() {
    let (stage, flow) = stage().await;
    let mut session = stage.watch(flow, "show").await;
    let slow = stage.flows.shared.slow;
    let cell = stage.flows.shared.cells[slow].clone();
    stalled(&stage, &cell).await;
    let moved = tokio::time::timeout(MOVES * 3, stage.flows.moved(flow, slow)).await;
    assert!(!moved.expect("it has its time"));
    assert_eq!(stage.flows.running(flow).unwrap().0.index(), 0);
    // what the cell was asked in vain it does not do when it goes on
    cell.stall(false);
    stage.append(&[6.0]).await;
    is_on(&stage, flow, 0).await;
    shows(&mut session, 3.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_waits_for_its_cell_is_given_up_when_its_flow_is_ended() {
    let (stage, flow) = stage().await;
    let deployment = stage.flows.deployment(flow).await.unwrap();
    let diagram = chain(stage.device, "moving-average", json!({"windowSize": 3}));
    let ready = deployment.ready(2, &diagram).await.unwrap();
    let turn = deployment.turn().await.unwrap();
    let cell = stage.flows.shared.cells[0].clone();
    stalled(&stage, &cell).await;
    let mut running = tokio::spawn(async move {
        let ran = deployment.run(ready, &turn).await;
        drop(turn);
        ran
    });
    let early = tokio::time::timeout(Duration::from_millis(500), &mut running).await;
    assert!(early.is_err(), "its cell has been asked");
    // whoever ends the flow waits for its turn
    let turn = tokio::time::timeout(Duration::from_secs(10), stage.flows.ending(flow)).await;
    let ran = running.await.unwrap();
    assert!(turn.is_ok() && matches!(ran, Err(Error::Cancelled)), "{ran:?}");
    cell.stall(false);
    is_on(&stage, flow, 0).await;
    assert_eq!(stage.flows.status(flow).await.unwrap()["version"], 1);
}

/// Lets the cell of slowed flows begin at its second reading again, with the flow in front of it; it is not fed before what is answered is dropped.
async fn begun_again(stage: &Stage, flow: FlowId) -> impl Sized + use<> {
    let until = Instant::now() + Duration::from_secs(20);
    let cell = stage.flows.shared.cells[stage.flows.shared.slow].clone();
    let mut moving: Moving = stage.flows.taken_out(&cell, flow, until).await.unwrap();
    let begun = cell.rewind(Offset(1), until).await.unwrap();
    assert!(stage.flows.comes_to(&mut moving, cell.index(), until, Comes::After).await.unwrap());
    begun
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_is_not_taken_back_when_its_cell_begins_again_is_tried_again() {
    let (stage, flow) = stage().await;
    let mut session = stage.watch(flow, "show").await;
    let slow = stage.flows.shared.slow;
    assert!(stage.flows.moved(flow, slow).await);
    let _ = stage.flows.shared.manager.cast(manager::Message::Slowed(flow, "too much".to_owned()));
    stage.becomes(flow, "slowed").await;
    // more than it is tried before its cell is fed
    let refuses = &stage.flows.shared.balanced.refuses;
    refuses.store(u32::MAX, Relaxed);
    assert!(stage.flows.rewound(Offset(1), Instant::now() + Duration::from_secs(20)).await);
    assert!(stage.flows.shared.cells[slow].installed(flow).is_none());
    assert_eq!(stage.catalog.flow_suspended(flow).await.unwrap(), None);
    assert!(stage.flows.shared.turns.try_turn(flow).is_none(), "it is on its way");
    refuses.store(3, Relaxed);
    eventually("it is back", async || match stage.flows.shared.cells[slow].installed(flow) {
        Some(_) => Ok(()),
        None => Err(String::new()),
    })
    .await;
    stage.append(&[6.0]).await;
    shows(&mut session, 3.0).await;
    is_on(&stage, flow, slow).await;
    assert_eq!(stage.becomes(flow, "slowed").await["reason"], "too much");

    // and one that somebody ends meanwhile is not
    refuses.store(u32::MAX, Relaxed);
    assert!(stage.flows.rewound(Offset(1), Instant::now() + Duration::from_secs(20)).await);
    let turn = tokio::time::timeout(Duration::from_secs(10), stage.flows.ending(flow)).await.unwrap();
    assert!(stage.flows.stop(flow).await.unwrap());
    drop(turn);
    refuses.store(0, Relaxed);
    assert_eq!(stage.flows.status(flow).await.unwrap()["state"], "stopped");
    assert!(stage.flows.shared.cells.iter().all(|cell| cell.engine_flows() == 0));
}

/// Two averages, of which one changes from version to version.
fn two(stage: &Stage, window: u32) -> Diagram {
    serde_json::from_value(json!({
        "nodes": [
            {"id": "in", "type": "device", "data": {"deviceUuid": stage.device, "variable": "t"}},
            {"id": "same", "type": "moving-average", "data": {"windowSize": 1000}},
            {"id": "other", "type": "moving-average", "data": {"windowSize": window}},
            {"id": "show", "type": "display", "data": {}},
            {"id": "shows", "type": "display", "data": {}},
        ],
        "edges": [
            {"id": "1", "source": "in", "target": "same"}, {"id": "2", "source": "same", "target": "show"},
            {"id": "3", "source": "in", "target": "other"}, {"id": "4", "source": "other", "target": "shows"},
        ],
    }))
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nodes_remember_that_stay_as_they_are_is_not_lost_when_their_cell_has_begun_again() {
    let (stage, gone) = stage().await;
    assert!(stage.flows.stop(gone).await.unwrap());
    let flow = stage.flow().await;
    stage.flows.deploy(flow, 1, &two(&stage, 10)).await.unwrap();
    assert!(stage.flows.moved(flow, stage.flows.shared.slow).await);
    // of another time than what a version warms up with
    for value in 1..=4 {
        stage.append(&[f64::from(value)]).await;
    }
    for cell in &stage.flows.shared.cells {
        assert!(cell.catch_up(Duration::from_secs(10)).await);
    }
    let mut session = stage.watch(flow, "show").await;
    let begun = begun_again(&stage, flow).await;
    let (flows, diagram) = (stage.flows.clone(), two(&stage, 20));
    let deployed = tokio::spawn(async move { flows.deploy(flow, 2, &diagram).await });
    eventually("it waits for its cell, or is there", async || {
        let status = stage.flows.status(flow).await.unwrap();
        match status["deploying"]["state"] == "cutting_over" || status["version"] == 2 {
            true => Ok(()),
            false => Err(status.to_string()),
        }
    })
    .await;
    drop(begun);
    deployed.await.unwrap().unwrap();
    stage.append(&[10.0]).await;
    shows(&mut session, 4.0).await;
}
