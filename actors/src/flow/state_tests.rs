//! What flows remember, over restarts and new versions.

use std::time::Duration;

use super::tests::{Stage, chain, start};
use super::*;
use crate::cell::now;
use crate::live::Session;
use crate::testing::{append, eventually};

/// Appends values with event times of a moment ago.
async fn send(stage: &Stage, values: &[f64]) {
    let texts: Vec<_> = values.iter().map(|value| value.to_string()).collect();
    let at = now().as_ms() - 1000;
    let readings: Vec<_> = texts.iter().zip(at..).map(|(text, ms)| ("t", ms, text.as_str(), None)).collect();
    append(&stage.log, stage.device, &readings).await;
}

/// The newest value that is shown once the cell has done everything.
async fn shown(stage: &Stage, session: &mut Session) -> f64 {
    stage.done().await;
    session.ready().await;
    let (_, update) = session.take().unwrap();
    update.values.last().unwrap().point.num
}

async fn to_run(stage: &Stage, kind: &str, data: Json) -> FlowId {
    let flow = stage.flow().await;
    let diagram = chain(stage.device, kind, data);
    stage.catalog.set_flow_deployed(None, flow, 1, &diagram).await.unwrap();
    flow
}

async fn saved(stage: &Stage, flow: FlowId) {
    eventually("the flow is saved", async || match states::load(&stage.log, flow, Offset(0)).await {
        Some(saved) if saved.next == stage.log.end() => Ok(()),
        saved => Err(format!("{:?}, not {}", saved.map(|saved| saved.next), stage.log.end())),
    })
    .await;
}

/// As after a kill: nobody was told to stop.
async fn killed_and_started(stage: Stage) -> Stage {
    let cell = stage.flows.shared.cells[0].clone();
    cell.stall(true);
    stage.flows.shared.stopped.send_replace(true);
    let (live, flows) = start(&stage.log, &stage.catalog).await;
    cell.stall(false);
    Stage { live, flows, ..stage }
}

#[tokio::test]
async fn a_flow_remembers_over_a_kill_what_it_was_saved_with_and_what_came_since() {
    let stage = Stage::new().await;
    let flow = to_run(&stage, "moving-average", json!({"windowSize": 100})).await;
    let stage = killed_and_started(stage).await;
    send(&stage, &[1.0, 2.0]).await;
    stage.done().await;
    saved(&stage, flow).await;
    // fed, and not saved again within the seconds that this takes
    send(&stage, &[3.0]).await;
    stage.done().await;
    let stage = killed_and_started(stage).await;
    let mut session = stage.watch(flow, "show").await;
    send(&stage, &[10.0]).await;
    assert_eq!(shown(&stage, &mut session).await, 4.0, "of 1, 2, 3 and 10");
}

#[tokio::test]
async fn what_is_remembered_is_written_down_on_the_way_down_and_not_fed_again() {
    let stage = Stage::new().await;
    let flow = to_run(&stage, "moving-average", json!({"windowSize": 100})).await;
    let stage = killed_and_started(stage).await;
    send(&stage, &[1.0, 2.0]).await;
    assert!(stage.flows.shutdown(Duration::from_secs(10)).await);
    assert_eq!(stage.log.bookmark("flows"), Some(stage.log.end()));
    let (live, flows) = start(&stage.log, &stage.catalog).await;
    let stage = Stage { live, flows, ..stage };
    let mut session = stage.watch(flow, "show").await;
    send(&stage, &[6.0]).await;
    assert_eq!(shown(&stage, &mut session).await, 3.0, "of 1, 2 and 6");
    assert_eq!(stage.counters(flow).node("in").unwrap().snapshot().in_, 1);
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_made_again_from_what_is_stored() {
    let stage = Stage::new().await;
    let flow = to_run(&stage, "moving-average", json!({"windowSize": 100})).await;
    let stage = killed_and_started(stage).await;
    send(&stage, &[1.0, 2.0]).await;
    assert!(stage.flows.shutdown(Duration::from_secs(10)).await);
    stage.log.save_states(vec![(flow, Some(b"of another version".to_vec()))], true).await.unwrap();
    let (live, flows) = start(&stage.log, &stage.catalog).await;
    let stage = Stage { live, flows, ..stage };
    let mut session = stage.watch(flow, "show").await;
    send(&stage, &[6.0]).await;
    assert_eq!(shown(&stage, &mut session).await, 3.0, "of 1, 2 and 6");
}

#[tokio::test]
async fn a_new_version_begins_with_what_it_would_have_seen() {
    let stage = Stage::new().await;
    let flow = stage.deploy("filter", json!({"expression": "true"})).await;
    send(&stage, &[1.0, 2.0]).await;
    let mut session = stage.watch(flow, "show").await;
    let average = chain(stage.device, "moving-average", json!({"windowSize": 100}));
    stage.flows.deploy(flow, 2, &average).await.unwrap();
    send(&stage, &[9.0]).await;
    assert_eq!(shown(&stage, &mut session).await, 4.0, "of 1, 2 and 9");
    assert_eq!(stage.flows.status(flow).await.unwrap()["version"], 2);
    // what warmed it up is not counted, and was not shown
    assert_eq!(stage.counters(flow).node("middle").unwrap().snapshot().in_, 1);
    assert_eq!(session.take().map(|(_, update)| update.values.len()), None);
}

#[tokio::test]
async fn a_version_whose_nodes_remember_as_before_goes_on_with_that() {
    let stage = Stage::new().await;
    let drawn = |expression: &str, x: i64| -> Diagram {
        let diagram = json!({
            "nodes": [
                {"id": "in", "type": "device", "data": {"deviceUuid": stage.device, "variable": "t"}},
                {"id": "some", "type": "filter", "data": {"expression": expression}, "position": {"x": x, "y": 0}},
                {"id": "middle", "type": "moving-average", "data": {"windowSize": 100, "label": format!("at {x}")}},
                {"id": "show", "type": "display", "data": {}},
            ],
            "edges": [
                {"id": "1", "source": "in", "target": "some"},
                {"id": "2", "source": "some", "target": "middle"},
                {"id": "3", "source": "middle", "target": "show"},
            ],
        });
        serde_json::from_value(diagram).unwrap()
    };
    let flow = stage.flow().await;
    stage.flows.deploy(flow, 1, &drawn("value < 5.0", 0)).await.unwrap();
    send(&stage, &[1.0, 2.0, 7.0]).await;
    let mut session = stage.watch(flow, "show").await;
    stage.done().await;
    let counters = stage.counters(flow);
    // moved and renamed only: the same run goes on under the new number
    stage.flows.deploy(flow, 2, &drawn("value < 5.0", 40)).await.unwrap();
    assert!(Arc::ptr_eq(&counters, &stage.counters(flow)));
    assert_eq!(stage.flows.status(flow).await.unwrap()["version"], 2);
    // what the average remembers is of the readings that the filter let through then
    stage.flows.deploy(flow, 3, &drawn("value >= 5.0", 40)).await.unwrap();
    assert!(!Arc::ptr_eq(&counters, &stage.counters(flow)));
    send(&stage, &[9.0]).await;
    assert_eq!(shown(&stage, &mut session).await, 4.0, "of 1, 2 and 9");
}

#[tokio::test]
async fn a_node_that_is_to_begin_empty_does_so_when_it_is_deployed_and_at_no_other_start() {
    let stage = Stage::new().await;
    let flow = to_run(&stage, "moving-average", json!({"windowSize": 100, "resetOnStart": true})).await;
    let stage = killed_and_started(stage).await;
    send(&stage, &[1.0]).await;
    assert!(stage.flows.shutdown(Duration::from_secs(10)).await);
    let (live, flows) = start(&stage.log, &stage.catalog).await;
    let stage = Stage { live, flows, ..stage };
    let mut session = stage.watch(flow, "show").await;
    send(&stage, &[3.0]).await;
    assert_eq!(shown(&stage, &mut session).await, 2.0, "a start of the server is none of the flow");
    for (version, size) in [(2, 100), (3, 50)] {
        let diagram = chain(
            stage.device,
            "moving-average",
            json!({"windowSize": size, "resetOnStart": true, "x": version}),
        );
        stage.flows.deploy(flow, version, &diagram).await.unwrap();
    }
    send(&stage, &[8.0]).await;
    assert_eq!(shown(&stage, &mut session).await, 8.0);
}

#[tokio::test]
async fn a_stopped_flow_is_forgotten() {
    let stage = Stage::new().await;
    let flow = to_run(&stage, "moving-average", json!({"windowSize": 100})).await;
    let stage = killed_and_started(stage).await;
    send(&stage, &[1.0]).await;
    stage.done().await;
    saved(&stage, flow).await;
    assert!(stage.flows.stop(flow).await.unwrap());
    assert_eq!(stage.log.state(flow).await.unwrap(), None);
}
