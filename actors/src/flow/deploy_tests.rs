//! Deployments that take long, that come too late, and that are ended.

use edgesync_engine::Replay;
use edgesync_engine::cell::command::{Begin, Outcome};

use super::tests::{Stage, chain, node, start};
use super::*;
use crate::testing::{append, eventually};

async fn send(stage: &Stage, values: impl IntoIterator<Item = f64>) {
    let at = cell::now().as_ms() - 1000;
    for (value, ms) in values.into_iter().zip(at..) {
        append(&stage.log, stage.device, &[("t", ms, &value.to_string(), None)]).await;
    }
}

fn average(stage: &Stage, size: u64) -> Diagram {
    chain(stage.device, "moving-average", json!({"windowSize": size}))
}

/// A stage with a flow that shows the mean of the last two, and what its first readings were.
async fn averaging(values: &[f64]) -> (Stage, FlowId) {
    let stage = Stage::new().await;
    let flow = stage.flow().await;
    stage.flows.deploy(flow, 1, &average(&stage, 2)).await.unwrap();
    send(&stage, values.iter().copied()).await;
    stage.done().await;
    (stage, flow)
}

#[tokio::test]
async fn a_version_that_warms_up_keeps_nobody_waiting_is_shown_and_is_ended_by_a_stop() {
    let (stage, flow) = averaging(&[1.0, 2.0]).await;
    // there is no place to warm up, as when many versions do so
    let mut places = Vec::new();
    for tenant in 0..limit::REPLAYS as u128 {
        places.push(stage.flows.shared.replays.place(uuid::Uuid::from_u128(tenant)).await.unwrap());
    }
    let (flows, diagram) = (stage.flows.clone(), average(&stage, 3));
    let deployed = tokio::spawn(async move { flows.deploy(flow, 2, &diagram).await });
    let status = eventually("the version waits", async || {
        let status = stage.flows.status(flow).await.unwrap();
        if status["deploying"]["state"] == "waiting" { Ok(status) } else { Err(status.to_string()) }
    })
    .await;
    assert_eq!((&status["version"], &status["deploying"]["version"]), (&json!(1), &json!(2)));
    assert_eq!(status["state"], "running", "what runs runs on");
    // others are deployed, moved and stopped meanwhile, and so may be this one
    let other = stage.deploy("filter", json!({"expression": "true"})).await;
    assert!(stage.flows.moved(other, stage.flows.shared.slow).await);
    assert!(stage.flows.stop(other).await.unwrap());
    let turn = stage.flows.ending(flow).await;
    assert!(matches!(deployed.await.unwrap(), Err(Error::Cancelled)));
    assert!(stage.flows.stop(flow).await.unwrap());
    // a run that is made once does not wait for ever
    let once = run::What::Once(None);
    tokio::time::pause();
    assert!(matches!(stage.flows.run(flow, 2, &average(&stage, 3), once.clone()).await, Err(Error::Busy)));
    tokio::time::resume();
    drop((turn, places));
    stage.flows.run(flow, 2, &average(&stage, 3), once).await.unwrap();
    let status = stage.flows.status(flow).await.unwrap();
    assert_eq!((&status["state"], &status["deploying"]), (&json!("stopped"), &Json::Null));
}

#[tokio::test]
async fn a_version_whose_cell_has_gone_on_too_far_is_fed_on_from_where_it_is() {
    let (stage, flow) = averaging(&[1.0, 2.0]).await;
    let deployment = stage.flows.deployment(flow).await.unwrap();
    let plan = stage.flows.compile(flow, &average(&stage, 1000), Gone::Refuse).await.unwrap();
    let version = stage.flows.version(flow, 2, plan).await.unwrap();
    let warm = stage.flows.warmed(&version, deployment.deploying()).await.unwrap().unwrap();
    let far = limit::RECENT_COMMITS as u64 + 3;
    send(&stage, (0..far).map(|value| value as f64)).await;
    stage.done().await;
    let begin = Begin::Prepared(warm.replay.prepared());
    let told = stage.flows.put_at(version.clone(), begin, None).await.unwrap();
    assert!(matches!(told.outcome, Outcome::Behind(at) if at == stage.log.end()), "{told:?}");
    assert_eq!(stage.flows.status(flow).await.unwrap()["version"], 1);
    // without what was stored: it is not read again
    let replay = Replay::again(told.back.unwrap(), limit::CHUNK_ROWS);
    let warm = warm::Warm { replay, hold: warm.hold };
    stage.flows.cut_over(version, warm, deployment.deploying()).await.unwrap();
    let mut session = stage.watch(flow, "show").await;
    send(&stage, [7.0]).await;
    session.ready().await;
    let shown = session.take().unwrap().1.values.last().unwrap().point.num;
    let sum = 3.0 + (0..far).sum::<u64>() as f64 + 7.0;
    assert!((shown - sum / (far + 3) as f64).abs() < 1e-9, "{shown} is not the mean of all");
}

#[tokio::test]
async fn a_version_waits_until_its_cell_has_done_what_it_saw_itself() {
    let (stage, flow) = averaging(&[1.0, 2.0]).await;
    let cell = stage.flows.shared.cells[0].clone();
    cell.stall(true);
    send(&stage, [3.0, 4.0]).await;
    let (flows, diagram) = (stage.flows.clone(), average(&stage, 100));
    let deployed = tokio::spawn(async move { flows.deploy(flow, 2, &diagram).await });
    cell.stall(false);
    deployed.await.unwrap().unwrap();
    let mut session = stage.watch(flow, "show").await;
    send(&stage, [5.0]).await;
    session.ready().await;
    assert_eq!(session.take().unwrap().1.values.last().unwrap().point.num, 3.0, "of 1 to 5");
}

#[tokio::test]
async fn a_suspended_flow_stays_so_over_a_restart_and_says_why_until_it_is_deployed() {
    let (stage, flow) = averaging(&[1.0]).await;
    let diagram = average(&stage, 2);
    stage.catalog.set_flow_deployed(None, flow, 2, &diagram).await.unwrap();
    let turn = stage.flows.turn(flow).await;
    assert!(
        !stage.flows.suspend(flow, 1, "too slow", "make it simpler").await,
        "somebody deploys another version"
    );
    assert_eq!(stage.flows.status(flow).await.unwrap()["state"], "running");
    drop(turn);
    stage.flows.deploy(flow, 2, &diagram).await.unwrap();
    let turn = stage.flows.turn(flow).await;
    assert!(stage.flows.suspend(flow, 2, "too slow", "make it simpler").await);
    drop(turn);
    let told = async |flows: &FlowsHandle| {
        let status = flows.status(flow).await.unwrap();
        (status["state"].clone(), status["reason"].clone())
    };
    let suspended = (json!("suspended"), json!("make it simpler"));
    assert_eq!(told(&stage.flows).await, suspended);
    assert_eq!(stage.flows.shared.tenants.used(), (0, 0));
    let (live, flows) = start(&stage.log, &stage.catalog).await;
    let stage = Stage { live, flows, ..stage };
    assert_eq!(told(&stage.flows).await, suspended);
    stage.catalog.set_flow_deployed(None, flow, 3, &diagram).await.unwrap();
    stage.flows.deploy(flow, 3, &diagram).await.unwrap();
    assert_eq!(stage.becomes(flow, "running").await["reason"], Json::Null);
}

#[tokio::test]
async fn the_budget_of_a_tenant_is_counted_told_and_given_back_whatever_becomes_of_its_flows() {
    let limits = tenants::Limits { keys: 3, ..tenants::Limits::default() };
    let stage = Stage::within(limits).await;
    let all = |kind: &str, data: Json| -> Diagram {
        let diagram = json!({
            "nodes": [
                {"id": "in", "type": "device-sensor", "data": {"devices": [stage.device]}},
                {"id": "middle", "type": kind, "data": data},
            ],
            "edges": [{"id": "1", "source": "in", "target": "middle"}],
        });
        serde_json::from_value(diagram).unwrap()
    };
    let (first, second) = (stage.flow().await, stage.flow().await);
    let average = |size: u64| all("moving-average", json!({"windowSize": size}));
    stage.flows.deploy(first, 1, &average(2)).await.unwrap();
    stage.flows.deploy(second, 1, &average(2)).await.unwrap();
    let at = cell::now().as_ms() - 1000;
    for sensor in ["a", "b"] {
        append(&stage.log, stage.device, &[(sensor, at, "1", None)]).await;
    }
    stage.done().await;
    let errors = async |flow| {
        let status = stage.flows.status(flow).await.unwrap();
        let node = node(&status, "middle");
        (node["errors"].as_u64().unwrap(), node["reasons"].clone(), status["budgets"].clone())
    };
    let [one, other] = [errors(first).await, errors(second).await];
    assert_eq!(one.0 + other.0, 1, "{one:?} {other:?}");
    let told = if one.0 == 1 { &one } else { &other };
    assert_eq!(told.1["tenant_keys"], 1, "{told:?}");
    assert_eq!((&told.2["flow"]["keys"], &told.2["tenant"]["keys"]), (&json!(1), &json!(3)), "{told:?}");
    assert_eq!(told.2["tenant"]["keys_most"], 3);
    assert_eq!(stage.flows.refused()[0].1, 1);
    // a version that warms up beside what runs needs no second budget
    let whole = if one.0 == 1 { second } else { first };
    stage.flows.deploy(whole, 2, &average(3)).await.unwrap();
    assert_eq!(stage.flows.status(whole).await.unwrap()["budgets"]["flow"]["keys"], 2);
    assert!(stage.flows.moved(first, stage.flows.shared.slow).await);
    let cell = stage.flows.shared.cells[0].clone();
    cell.condemn();
    append(&stage.log, stage.device, &[("a", at, "1", None)]).await;
    eventually("the cell is replaced", async || match cell.status() {
        status if status.replaced == 1 && status.frontier == stage.log.end() => Ok(()),
        status => Err(format!("{status:?}")),
    })
    .await;
    for flow in [first, second] {
        assert!(stage.flows.stop(flow).await.unwrap());
    }
    eventually("all of it is given back", async || match stage.flows.shared.tenants.used() {
        (0, 0) => Ok(()),
        used => Err(format!("{used:?}")),
    })
    .await;
}

#[tokio::test]
async fn runs_draw_on_the_budget_of_their_tenant_and_give_it_back() {
    let limits = tenants::Limits { keys: 1, ..tenants::Limits::default() };
    let stage = Stage::within(limits).await;
    let flow = stage.flow().await;
    // of two sensors, whose means need a key each
    let drawn = json!({
        "nodes": [
            {"id": "in", "type": "device-sensor", "data": {"devices": [stage.device]}},
            {"id": "mean", "type": "moving-average", "data": {"windowSize": 2}},
        ],
        "edges": [{"id": "1", "source": "in", "target": "mean"}],
    });
    let diagram: Diagram = serde_json::from_value(drawn).unwrap();
    let at = cell::now().as_ms() - 1000;
    append(&stage.log, stage.device, &[("a", at, "1", None), ("b", at, "1", None)]).await;
    let refused = async |times: u64| {
        eventually("records are refused, and what was drawn is given back", async || {
            let (refused, used) = (stage.flows.refused()[0].1, stage.flows.shared.tenants.used());
            if (refused, used) == (times, (0, 0)) { Ok(()) } else { Err(format!("{refused} {used:?}")) }
        })
        .await;
    };
    stage.flows.run(flow, 1, &diagram, run::What::Once(None)).await.unwrap();
    refused(1).await;
    let range = run::Range { from: cell::now().plus_us(-60_000_000), to: cell::now() };
    stage.flows.run(flow, 1, &diagram, run::What::Over(range, false)).await.unwrap();
    refused(2).await;
}
