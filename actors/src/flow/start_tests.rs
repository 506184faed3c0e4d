//! Starting on what an earlier run of the server left, and cells that do not get on.

use edgesync_engine::cell::command::{Begin, Claim};
use edgesync_schemas::entity::flow::FlowState;
use edgesync_storage::catalog::{FlowFilter, Slice};
use tokio::time::Instant;

use super::tests::{Stage, chain, node, start};
use super::*;
use crate::testing::{append, eventually, skip};

/// Makes the flow one that is to run from the next start on.
async fn to_run(stage: &Stage, version: u32, expression: &str) -> FlowId {
    let flow = stage.flow().await;
    let diagram = chain(stage.device, "filter", json!({"expression": expression}));
    stage.catalog.set_flow_deployed(None, flow, version, &diagram).await.unwrap();
    flow
}

async fn started_again(stage: Stage) -> Stage {
    let (live, flows) = start(&stage.log, &stage.catalog).await;
    Stage { live, flows, ..stage }
}

#[tokio::test]
async fn all_active_flows_run_when_the_start_returns_and_miss_nothing_from_then_on() {
    const FLOWS: usize = 300;
    let stage = Stage::new().await;
    let mut flows = Vec::new();
    for _ in 0..FLOWS {
        flows.push(to_run(&stage, 1, "true").await);
    }
    let bad = to_run(&stage, 1, "no_such_name > 1").await;
    let stage = started_again(stage).await;
    // what is asked now is not undone by anything that is still to come
    assert!(stage.flows.stop(flows[0]).await.unwrap());
    let newer = chain(stage.device, "filter", json!({"expression": "value > 100.0"}));
    stage.flows.deploy(flows[1], 2, &newer).await.unwrap();
    stage.append(&[1.0, 2.0, 3.0]).await;
    stage.done().await;
    assert_eq!(stage.flows.status(flows[0]).await.unwrap()["state"], "stopped");
    assert_eq!(stage.flows.status(flows[1]).await.unwrap()["version"], 2);
    for flow in &flows[2..] {
        assert_eq!(stage.counters(*flow).node("show").unwrap().snapshot().in_, 3);
    }
    let refused = stage.flows.status(bad).await.unwrap();
    assert_eq!(refused["state"], "refused");
    assert!(refused["reason"].as_str().unwrap().contains("no_such_name"), "{refused}");
    let all = stage.catalog.flows(stage.user.user.id, FlowFilter::default(), Slice::FIRST).await;
    let mut listed = all.unwrap().items;
    stage.flows.tell(&mut listed).await;
    let of = |id| listed.iter().find(|flow| flow.id == id).unwrap();
    assert_eq!(of(flows[1]).state, Some(FlowState::Running));
    assert_eq!(of(bad).state, Some(FlowState::Refused));
    assert_eq!(of(bad).reason.as_deref(), refused["reason"].as_str());
}

#[tokio::test]
async fn what_was_committed_and_not_done_is_fed_after_a_restart_and_what_was_done_is_not() {
    let stage = Stage::new().await;
    let flow = to_run(&stage, 1, "true").await;
    let cell = stage.flows.shared.cells[0].clone();
    cell.stall(true);
    for value in 0..5 {
        stage.append(&[f64::from(value)]).await;
    }
    // as after a kill: nobody was told to stop
    let stage = started_again(stage).await;
    stage.done().await;
    assert_eq!(stage.counters(flow).node("show").unwrap().snapshot().in_, 5);
    cell.stall(false);
    eventually("the cursor is written down", async || match stage.log.bookmark("flows") {
        Some(at) if at == stage.log.end() => Ok(()),
        at => Err(format!("{at:?}")),
    })
    .await;
    let stage = started_again(stage).await;
    stage.append(&[9.0]).await;
    stage.done().await;
    assert_eq!(stage.counters(flow).node("show").unwrap().snapshot().in_, 1);
    // on the way down it is written at once
    stage.append(&[10.0]).await;
    assert!(stage.flows.shutdown(Duration::from_secs(10)).await);
    assert_eq!(stage.log.bookmark("flows"), Some(stage.log.end()));
}

#[tokio::test]
async fn a_deployment_whose_time_is_over_is_not_made() {
    let stage = Stage::new().await;
    let flow = stage.flow().await;
    let diagram = chain(stage.device, "filter", json!({"expression": "true"}));
    let plan = stage.flows.compile(flow, &diagram, Gone::Refuse).await.unwrap();
    let version = stage.flows.version(flow, 1, plan).await.unwrap();
    let until = Instant::now() - Duration::from_millis(1);
    let terms = put::Terms { place: None, until, claim: Claim::default() };
    let deploy = |reply| manager::Message::Deploy(version, Begin::Empty, terms, reply);
    let answer = stage.flows.ask(deploy, None).await;
    assert!(matches!(answer, Ok(Err(NotPut { error: Error::Busy, .. }))), "{answer:?}");
    assert_eq!(stage.flows.status(flow).await.unwrap()["state"], "stopped");
}

#[tokio::test]
async fn a_cell_that_gets_nothing_done_is_seen() {
    let stage = Stage::new().await;
    let flow = stage.deploy("filter", json!({"expression": "true"})).await;
    let cell = stage.flows.shared.cells[0].clone();
    cell.stall(true);
    for value in 0..3 {
        stage.append(&[f64::from(value)]).await;
    }
    assert!(cell.status().works(), "not at once: {:?}", cell.status());
    eventually("it is seen to stand still", async || {
        skip(Duration::from_secs(1)).await;
        if cell.status().works() { Err(format!("{:?}", cell.status())) } else { Ok(()) }
    })
    .await;
    cell.stall(false);
    stage.done().await;
    assert!(cell.status().works(), "{:?}", cell.status());
    let status = stage.becomes(flow, "running").await;
    assert_eq!(node(&status, "show")["records_in"], 3);
    // one that has nothing to do does not stand still
    skip(Duration::from_secs(limit::CELL_STILL_S * 2)).await;
    stage.append(&[1.0]).await;
    assert!(cell.status().works(), "{:?}", cell.status());
}

/// The only thread that may read the disk is taken for longer than a tick, again and again.
#[test]
fn reads_of_the_log_that_take_longer_than_a_tick_come_to_an_end() {
    fn hog(runtime: tokio::runtime::Handle) {
        std::thread::sleep(Duration::from_millis(1_200)); // the slow disk
        runtime.clone().spawn_blocking(move || hog(runtime));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let options = edgesync_storage::log::Options { tail_bytes: 1, ..Default::default() };
        let stage = Stage::with(options).await;
        let flow = stage.deploy("filter", json!({"expression": "true"})).await;
        let cell = stage.flows.shared.cells[0].clone();
        cell.stall(true);
        let commits = limit::FEED_COMMITS as u32 * 2;
        for value in 0..commits {
            append(&stage.log, stage.device, &[("t", 0, &value.to_string(), None)]).await;
        }
        let runtime = tokio::runtime::Handle::current();
        // two, so that a read is behind one of them whenever it is asked for
        for _ in 0..2 {
            let handle = runtime.clone();
            runtime.spawn_blocking(move || hog(handle));
        }
        cell.stall(false);
        stage.done().await;
        assert_eq!(stage.counters(flow).node("show").unwrap().snapshot().in_, u64::from(commits));
    });
    runtime.shutdown_background();
}

#[tokio::test]
async fn what_was_deployed_runs_again_after_a_restart() {
    let stage = Stage::new().await;
    let (good, bad) = (stage.flow().await, stage.flow().await);
    let diagram = chain(stage.device, "filter", json!({"expression": "true"}));
    stage.catalog.set_flow_deployed(None, good, 3, &diagram).await.unwrap();
    let of_yesterday = chain(stage.device, "no-longer-there", json!({}));
    stage.catalog.set_flow_deployed(None, bad, 1, &of_yesterday).await.unwrap();
    let (_, flows) = start(&stage.log, &stage.catalog).await;
    let stage = Stage { flows, ..stage };
    assert_eq!(stage.becomes(good, "running").await["version"], 3);
    let refused = stage.becomes(bad, "refused").await;
    assert!(refused["reason"].as_str().unwrap().contains("no-longer-there"), "{refused}");
}

#[tokio::test]
async fn what_read_a_deleted_organization_does_not_run_again_after_a_restart() {
    let stage = Stage::new().await;
    let flow = stage.flow().await;
    let diagram = chain(stage.device, "filter", json!({"expression": "true"}));
    stage.catalog.set_flow_deployed(None, flow, 1, &diagram).await.unwrap();
    // The server dies before it has stopped what ran.
    stage.catalog.delete_organization(stage.user.user.id, stage.user.organization.id).await.unwrap();
    assert!(stage.catalog.deployed_flow(flow).await.unwrap().is_some());
    let (_, flows) = start(&stage.log, &stage.catalog).await;
    assert_eq!(flows.status(flow).await.unwrap()["state"], "stopped");
    assert!(stage.catalog.deployed_flow(flow).await.unwrap().is_none());
}

#[tokio::test]
async fn a_flow_that_could_not_be_started_for_a_moment_is_started_later_unless_it_is_stopped() {
    let stage = Stage::new().await;
    // it would be the first
    let gone = to_run(&stage, 1, "true").await;
    let flow = stage.flow().await;
    let average = chain(stage.device, "moving-average", json!({"windowSize": 4}));
    stage.catalog.set_flow_deployed(None, flow, 1, &average).await.unwrap();
    let plain = to_run(&stage, 1, "true").await;
    let at = cell::now().as_ms() - 1000;
    append(&stage.log, stage.device, &[("t", at, "1", None), ("t", at + 1, "2", None)]).await;
    let live = Hub::start(stage.log.clone());
    let options = Options { busy_at_start: true, ..started::options() };
    let flows = started::start_as(&stage.log, &stage.catalog, &live, 1, options, Most::default()).await;
    let stage = Stage { live, flows, ..stage };
    for flow in [flow, plain, gone] {
        let told = stage.flows.status(flow).await.unwrap();
        assert_eq!((&told["state"], &told["reason"]), (&json!("refused"), &json!("the flows are busy")));
    }
    let by = edgesync_storage::catalog::Stopped::By(stage.user.user.id);
    stage.catalog.set_flow_stopped(gone, by).await.unwrap();
    stage.flows.stop(gone).await.unwrap();
    skip(Duration::from_secs(limit::START_AGAIN_S)).await;
    stage.becomes(flow, "running").await;
    stage.becomes(plain, "running").await;
    assert_eq!(stage.flows.status(gone).await.unwrap()["state"], "stopped");
    // it knows what is stored
    let mut session = stage.watch(flow, "show").await;
    append(&stage.log, stage.device, &[("t", at + 2, "6", None)]).await;
    session.ready().await;
    assert_eq!(session.take().unwrap().1.values.last().unwrap().point.num, 3.0);
}
