//! Metrics that are watched: as they are, when they change, and by nobody else's work.

use edgesync_schemas::id::UserId;
use edgesync_schemas::wire::live::SubId;
use uuid::Uuid;

use super::tests::{Stage, chain};
use super::*;
use crate::live::{Session, Told};
use crate::testing::eventually;

const ID: SubId = SubId(1);

async fn begin(stage: &Stage, session: &mut Session, flow: FlowId) -> Json {
    let text = stage.flows.watch(session, ID, flow, limit::LIVE_METRICS_HZ).await.unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Updates until one is so.
async fn until(session: &mut Session, what: &str, is_so: impl Fn(&Json) -> bool) -> Json {
    let mut seen = Json::Null;
    let told = async {
        loop {
            session.ready().await;
            let Some((ID, Told::Metrics(text))) = session.take_told() else { continue };
            seen = serde_json::from_str(&text).unwrap();
            if is_so(&seen) {
                break;
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), told).await;
    assert!(in_time.is_ok(), "{what}: {seen}");
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_told_when_they_change_over_versions_and_stops() {
    let stage = Stage::new().await;
    let flow = stage.flow().await;
    let mut session = stage.live.session();
    let first = begin(&stage, &mut session, flow).await;
    assert_eq!(first, stage.flows.status(flow).await.unwrap());
    assert_eq!(first["state"], "stopped");
    let diagram = |size: u32| chain(stage.device, "moving-average", json!({"windowSize": size}));
    stage.flows.deploy(flow, 1, &diagram(2)).await.unwrap();
    let is = |version: u32, readings: u32| {
        move |told: &Json| {
            let came = &told["nodes"][0]["records_in"];
            told["state"] == "running" && told["version"] == version && *came == readings
        }
    };
    until(&mut session, "it runs", is(1, 0)).await;
    stage.append(&[1.0, 2.0, 3.0]).await;
    let told = until(&mut session, "readings are counted", is(1, 3)).await;
    let asked = stage.flows.status(flow).await.unwrap();
    let names = |of: &Json| of.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&told), names(&asked));
    assert_eq!(names(&told["nodes"][1]), names(&asked["nodes"][1]));
    assert_eq!(names(&told["cell"]), names(&asked["cell"]));

    stage.flows.deploy(flow, 2, &diagram(3)).await.unwrap();
    until(&mut session, "another version counts anew", is(2, 0)).await;
    stage.append(&[4.0]).await;
    until(&mut session, "and goes on", is(2, 1)).await;
    stage.flows.stop(flow).await.unwrap();
    until(&mut session, "it is told that it stops", |told| told["state"] == "stopped").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_of_a_flow_share_one_text_and_who_leaves_costs_nothing() {
    let stage = Stage::new().await;
    let flow = stage.deploy("moving-average", json!({"windowSize": 2})).await;
    stage.becomes(flow, "running").await;
    let (mut one, mut other) = (stage.live.session(), stage.live.session());
    let first = stage.flows.watch(&mut one, ID, flow, limit::LIVE_METRICS_HZ).await.unwrap();
    let second = stage.flows.watch(&mut other, ID, flow, limit::LIVE_HZ_MIN).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second), "what an idle flow tells is written once");
    assert_eq!(stage.live.watched_flows(), 1);
    stage.append(&[1.0]).await;
    let counted = |told: &Json| told["nodes"][0]["records_in"] == 1;
    until(&mut one, "a reading is counted", counted).await;
    assert!(other.take_told().is_none(), "who asks for one in 1,000 s is told no more often");
    drop(other);
    stage.append(&[2.0]).await;
    until(&mut one, "the one that stays is told", |told| told["nodes"][0]["records_in"] == 2).await;
    one.unsubscribe(ID);
    eventually("nobody looks any more", async || match stage.live.watched_flows() {
        0 => Ok(()),
        some => Err(some.to_string()),
    })
    .await;
    begin(&stage, &mut one, flow).await;
    stage.append(&[3.0]).await;
    until(&mut one, "who comes back is told", |told| told["nodes"][0]["records_in"] == 3).await;
}

#[tokio::test]
async fn a_user_watches_the_metrics_of_so_many_flows_and_no_more() {
    const MOST: usize = limit::LIVE_METRICS_PER_USER;
    let stage = Stage::new().await;
    let user = |n: u128| UserId::from_uuid(Uuid::from_u128(n));
    let flow = |n: usize| FlowId::from_uuid(Uuid::from_u128(n as u128 + 1));
    let mut sessions = [stage.live.session_of(user(1)).unwrap(), stage.live.session_of(user(1)).unwrap()];
    for n in 0..MOST {
        let id = SubId(n as u32);
        stage.flows.watch(&mut sessions[n % 2], id, flow(n), 1.0).await.unwrap();
    }
    let id = SubId(MOST as u32);
    let refused = stage.flows.watch(&mut sessions[0], id, flow(MOST), 1.0).await;
    assert!(
        matches!(refused, Err(Unwatched::Live(crate::live::Error::Limit { most: MOST, .. }))),
        "{refused:?}"
    );
    assert_eq!(stage.live.watched_flows(), MOST);
    // another user has places of their own, and one that is given back is free
    let mut other = stage.live.session_of(user(2)).unwrap();
    stage.flows.watch(&mut other, ID, flow(0), 1.0).await.unwrap();
    sessions[0].unsubscribe(SubId(0));
    stage.flows.watch(&mut sessions[0], id, flow(MOST), 1.0).await.unwrap();
}
