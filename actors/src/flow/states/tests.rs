//! Passes with room for few flows.

use futures_util::FutureExt;
use serde_json::json;

use super::super::FlowsHandle;
use super::super::tests::{Stage, start_with};
use super::pass::{Passed, When};
use super::*;
use crate::testing::eventually;

/// A server that saves so much at once, and only when it is asked; with averages on its cell that each got something.
async fn server(most: Most, averages: usize) -> (Stage, Vec<FlowId>) {
    let stage = Stage::new().await;
    stage.flows.shared.stopped.send_replace(true);
    let flows = start_with(&stage.log, &stage.catalog, &stage.live, 1, most).await;
    flows.shared.stopped.send_replace(true);
    let stage = Stage { flows, ..stage };
    let mut all = Vec::new();
    for _ in 0..averages {
        all.push(stage.deploy("moving-average", json!({"windowSize": 100})).await);
    }
    stage.append(&[1.0, 2.0]).await;
    stage.done().await;
    (stage, all)
}

async fn pass(flows: &FlowsHandle) -> Passed {
    let shared = &flows.shared;
    shared.states.pass(&shared.cells, When::Second, &mut HashSet::new()).await.unwrap()
}

async fn saved(stage: &Stage, flows: &[FlowId]) -> Vec<bool> {
    let mut all = Vec::new();
    for flow in flows {
        all.push(stage.log.state(*flow).await.unwrap().is_some());
    }
    all
}

fn count(saved: &[bool]) -> usize {
    saved.iter().filter(|saved| **saved).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_flows_than_there_is_room_for_are_all_saved_in_turn() {
    let (stage, flows) = server(Most { flows: 3, bytes: usize::MAX }, 8).await;
    // the keeper may have made a pass before it was stopped
    stage.flows.shared.states.written().flows.clear();
    let sizes: Vec<_> = [pass(&stage.flows).await, pass(&stage.flows).await, pass(&stage.flows).await]
        .iter()
        .map(|pass| (pass.saved, pass.left))
        .collect();
    assert_eq!(sizes, [(3, 5), (3, 2), (2, 0)]);
    assert_eq!(count(&saved(&stage, &flows).await), 8);
    assert_eq!(stage.flows.cursor(), stage.log.end(), "nothing is needed any more");
    let idle = pass(&stage.flows).await;
    assert_eq!((idle.saved, idle.left), (0, 0), "what got nothing is not saved again");

    // those that were not saved for the longest time come first
    stage.append(&[3.0]).await;
    stage.done().await;
    for (flow, age) in flows.iter().zip([3, 8, 1, 5, 2, 7, 4, 6]) {
        let mut written = stage.flows.shared.states.written();
        written.flows.get_mut(flow).unwrap().at = Instant::now().checked_sub(SAVE + Duration::from_secs(age));
    }
    assert_eq!(pass(&stage.flows).await.saved, 3);
    let mut again = Vec::new();
    for flow in &flows {
        let next = load(&stage.log, *flow, Offset(0)).await.map(|saved| saved.next);
        again.push(next == Some(stage.log.end()));
    }
    assert_eq!(again, [false, true, false, false, false, true, false, true]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forgotten_while_it_is_being_saved_stays_forgotten() {
    let (stage, flows) = server(Most::default(), 2).await;
    let states = stage.flows.shared.states.clone();
    let writing = states.writing.lock().await;
    // it has the next turn, and the pass that has asked the cell for both the one after it
    let mut forgotten = Box::pin(states.forget(flows[0]));
    assert!((&mut forgotten).now_or_never().is_none());
    let asked = stage.flows.clone();
    let mut passed = tokio::spawn(async move { pass(&asked).await });
    assert!(
        tokio::time::timeout(Duration::from_millis(300), &mut passed).await.is_err(),
        "it waits to write"
    );
    drop(writing);
    let (forgotten, passed) = tokio::join!(forgotten, passed);
    forgotten.unwrap();
    passed.unwrap();
    assert_eq!(saved(&stage, &flows).await, [false, true]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_beyond_the_room_are_saved_one_after_the_other_and_their_readings_kept_until_then() {
    let (stage, flows) = server(Most { flows: 100, bytes: 1 }, 4).await;
    let shared = &stage.flows.shared;
    shared.states.save_last(&shared.cells, soon()).await;
    assert_eq!(count(&saved(&stage, &flows).await), 4, "the last time does not end before all are");
    let first = stage.log.end();
    stage.append(&[3.0]).await;
    stage.done().await;
    for at in shared.states.written().flows.values_mut() {
        at.at = Instant::now().checked_sub(SAVE);
    }
    for n in 1..=4 {
        let one = pass(&stage.flows).await;
        assert_eq!(
            (one.saved, one.left),
            (1, 4 - n),
            "a state that is too large for the room is saved alone"
        );
        let needed = if n < 4 { first } else { stage.log.end() };
        assert_eq!(stage.flows.cursor(), needed, "after {n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_that_stands_still_keeps_no_other_from_being_saved() {
    let (stage, flows) = server(Most::default(), 1).await;
    let slow = stage.flows.shared.slow;
    assert!(stage.flows.moved(flows[0], slow).await);
    let other = stage.deploy("moving-average", json!({"windowSize": 100})).await;
    stage.append(&[3.0]).await;
    stage.done().await;
    let cell = stage.flows.shared.cells[slow].clone();
    cell.catch_up(Duration::from_secs(10)).await;
    cell.stall(true);
    stage.append(&[4.0]).await;
    stage.done().await;
    stage.flows.shared.states.written().flows.clear();
    let one = pass(&stage.flows).await;
    assert_eq!((one.saved, one.left), (1, 1));
    assert_eq!(load(&stage.log, other, Offset(0)).await.map(|saved| saved.next), Some(stage.log.end()));
    cell.stall(false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_whose_results_are_not_stored_yet_keeps_no_other_from_being_saved_and_is_when_they_are() {
    let (stage, flows) = server(Most::default(), 1).await;
    let (slow, shared) = (stage.flows.shared.slow, stage.flows.shared.clone());
    let stores = stage.deploy("store", json!({"series": "s"})).await;
    let apart = stage.deploy("moving-average", json!({"windowSize": 100})).await;
    assert!(stage.flows.moved(stores, slow).await && stage.flows.moved(apart, slow).await);
    let done = async || {
        for cell in &shared.cells {
            assert!(cell.catch_up(Duration::from_secs(20)).await);
        }
    };
    done().await;
    shared.states.save_last(&shared.cells, soon()).await;
    let before = stage.log.end();
    let place = async |flow| {
        let places = Places::read(&stage.log, stage.flows.cursor()).await.unwrap();
        places.of(flow, shared.cells.len()).put_out.next
    };
    let saved_to = async |flow| load(&stage.log, flow, Offset(0)).await.map(|saved| saved.next);
    let again = || shared.states.written().flows.values_mut().for_each(|at| at.at = None);
    stage.flows.stored().stall(true);
    stage.append(&[3.0]).await;
    done().await;
    again();
    let first = stage.log.end();
    let one = pass(&stage.flows).await;
    assert_eq!((one.saved, one.left), (1, 1));
    assert_eq!((saved_to(flows[0]).await, place(flows[0]).await), (Some(first), first));
    assert_eq!((saved_to(apart).await, place(apart).await), (Some(before), before), "as it was");
    assert_eq!(stage.flows.cursor(), before, "what it needs is kept");

    // others are saved as ever, and a way down has its end
    stage.append(&[4.0]).await;
    done().await;
    again();
    let began = Instant::now();
    pass(&stage.flows).await;
    assert!(began.elapsed() < Duration::from_secs(3), "nobody waits for it any more");
    assert_eq!(saved_to(flows[0]).await, Some(stage.log.end()));
    assert_eq!(saved_to(apart).await, Some(before));

    stage.flows.stored().stall(false);
    let written = eventually("what it had answered is written", async || {
        pass(&stage.flows).await;
        match saved_to(apart).await {
            Some(next) if next > before => Ok(next),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    assert_eq!((written, place(apart).await), (first, first), "it was not asked anew");
    again();
    pass(&stage.flows).await;
    assert_eq!((saved_to(apart).await, place(apart).await), (Some(stage.log.end()), stage.log.end()));

    stage.flows.stored().stall(true);
    stage.append(&[5.0]).await;
    done().await;
    let began = Instant::now();
    shared.states.save_last(&shared.cells, Instant::now() + Duration::from_secs(1)).await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(saved_to(flows[0]).await, Some(stage.log.end()));
    stage.flows.stored().stall(false);
}
