//! Flows on a real engine, log and catalog: deployed, replaced, broken and brought back.

use std::time::Duration;

use edgesync_engine::metrics::FlowCounters;
use edgesync_schemas::entity::device::DeviceInput;
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::id::{DeviceId, UserId};
use edgesync_schemas::wire::live::SubId;
use edgesync_storage::catalog::SignedUp;
use edgesync_storage::log::Options;

use super::started::options;
pub(super) use super::started::{start, start_as, start_with};
use super::*;
use crate::live::{Request, Session, Source};
use crate::testing::{TempLog, append, eventually, skip};

pub(super) struct Stage {
    pub(super) log: TempLog,
    pub(super) catalog: Catalog,
    pub(super) user: SignedUp,
    pub(super) device: DeviceId,
    pub(super) live: Hub,
    pub(super) flows: FlowsHandle,
    pub(super) _directory: tempfile::TempDir,
}

impl Stage {
    pub(super) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(super) async fn within(tenant: tenants::Limits) -> Self {
        let stage = Self::new().await;
        let options = super::Options { tenant, ..options() };
        let live = Hub::start(stage.log.clone());
        let flows = start_as(&stage.log, &stage.catalog, &live, 1, options, Most::default()).await;
        Self { live, flows, ..stage }
    }

    pub(super) async fn with(log: Options) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = TempLog::open_with(log);
        let catalog = Catalog::open(&directory.path().join("catalog.db")).unwrap();
        let user = catalog.sign_up("a@example.org", "A", String::new()).await.unwrap();
        let device = make_device(&catalog, &user, "d").await;
        let (live, flows) = start(&log, &catalog).await;
        Self { log, catalog, user, device, live, flows, _directory: directory }
    }

    pub(super) async fn flow(&self) -> FlowId {
        make_flow(&self.catalog, self.user.user.id).await
    }

    /// Deploys device -> a node of this kind -> display.
    pub(super) async fn deploy(&self, kind: &str, data: Json) -> FlowId {
        let flow = self.flow().await;
        self.flows.deploy(flow, 1, &chain(self.device, kind, data)).await.unwrap();
        flow
    }

    pub(super) async fn append(&self, values: &[f64]) {
        let texts: Vec<_> = values.iter().map(|value| value.to_string()).collect();
        let readings: Vec<_> =
            texts.iter().zip(0..).map(|(text, ms)| ("t", ms, text.as_str(), Some("C"))).collect();
        append(&self.log, self.device, &readings).await;
    }

    pub(super) async fn watch(&self, flow: FlowId, node: &str) -> Session {
        let mut session = self.live.session();
        let source = Source::FlowNode { flow, node: node.into(), field: "output".into() };
        let request =
            Request { id: SubId(1), source, points: 0, max_hz: limit::LIVE_HZ, since: None, from: None };
        session.subscribe(request).await.unwrap();
        session
    }

    /// Waits until the cell has done all that is committed.
    pub(super) async fn done(&self) {
        let end = self.log.end();
        eventually("the cell catches up", async || {
            let status = self.flows.cells()[0];
            if status.frontier >= end { Ok(()) } else { Err(format!("{status:?}, {end}")) }
        })
        .await;
    }

    /// Waits until the flow is in this state; its status then.
    pub(super) async fn becomes(&self, flow: FlowId, state: &str) -> Json {
        eventually(state, async || {
            let status = self.flows.status(flow).await.unwrap();
            if status["state"] == state { Ok(status) } else { Err(status.to_string()) }
        })
        .await
    }

    pub(super) fn counters(&self, flow: FlowId) -> Arc<FlowCounters> {
        self.flows.shared.cells[0].counters(flow).unwrap()
    }
}

async fn make_device(catalog: &Catalog, of: &SignedUp, name: &str) -> DeviceId {
    let input = DeviceInput {
        organization_id: of.organization.id,
        name: name.to_owned(),
        description: String::new(),
        device_type: String::new(),
    };
    catalog.create_device(of.user.id, input).await.unwrap().0.id
}

async fn make_flow(catalog: &Catalog, owner: UserId) -> FlowId {
    let input = FlowInput::read(json!({"name": "f"})).unwrap();
    catalog.create_flow(owner, input).await.unwrap().id
}

pub(super) fn chain(device: DeviceId, kind: &str, data: Json) -> Diagram {
    let diagram = json!({
        "nodes": [
            {"id": "in", "type": "device", "data": {"deviceUuid": device, "variable": "t"}},
            {"id": "middle", "type": kind, "data": data},
            {"id": "show", "type": "display", "data": {"unit": "K"}},
        ],
        "edges": [{"id": "1", "source": "in", "target": "middle"}, {"id": "2", "source": "middle", "target": "show"}],
    });
    serde_json::from_value(diagram).unwrap()
}

pub(super) fn node<'a>(status: &'a Json, id: &str) -> &'a Json {
    status["nodes"].as_array().unwrap().iter().find(|node| node["id"] == id).unwrap()
}

#[tokio::test]
async fn a_deployed_flow_counts_and_shows_what_it_is_fed() {
    let stage = Stage::new().await;
    let flow = stage.deploy("moving-average", json!({"windowSize": 2})).await;
    let mut session = stage.watch(flow, "show").await;
    stage.append(&[1.0, 3.0]).await;
    session.ready().await;
    let (_, update) = session.take().unwrap();
    let shown: Vec<_> = update.values.iter().map(|value| value.point.num).collect();
    assert_eq!(shown, [1.0, 2.0]);
    assert_eq!(update.unit.unwrap().as_str(), "K");
    let status = stage.becomes(flow, "running").await;
    let counts = |id| (node(&status, id)["records_in"].clone(), node(&status, id)["records_out"].clone());
    assert_eq!(counts("middle"), (json!(2), json!(2)));
    assert_eq!(status["version"], 1);

    assert!(stage.flows.stop(flow).await.unwrap());
    assert_eq!(stage.flows.status(flow).await.unwrap()["state"], "stopped");
    assert!(!stage.flows.stop(flow).await.unwrap());
    stage.append(&[5.0]).await;
    stage.done().await;
    assert!(session.take().is_none());
    // its dashboard is still there when it runs again
    stage
        .flows
        .deploy(flow, 2, &chain(stage.device, "moving-average", json!({"windowSize": 2})))
        .await
        .unwrap();
    stage.append(&[7.0]).await;
    session.ready().await;
    assert_eq!(session.take().unwrap().1.values[0].point.num, 7.0);
}

#[tokio::test]
async fn nobody_watching_costs_no_records() {
    let stage = Stage::new().await;
    let flow = stage.deploy("filter", json!({"expression": "value > 0.0"})).await;
    let watched = |counters: &FlowCounters| counters.node("show").unwrap().is_watched();
    assert!(!watched(&stage.counters(flow)));
    let session = stage.watch(flow, "show").await;
    assert!(watched(&stage.counters(flow)));
    // another version is watched as well, from its first record on
    stage.flows.deploy(flow, 2, &chain(stage.device, "filter", json!({"expression": "true"}))).await.unwrap();
    assert!(watched(&stage.counters(flow)));
    drop(session);
    while stage.live.followed() > 0 {
        skip(Duration::from_secs(1)).await;
    }
    assert!(!watched(&stage.counters(flow)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replacing_a_flow_while_readings_run_loses_and_doubles_nothing() {
    const READINGS: u64 = 800;
    let stage = Arc::new(Stage::new().await);
    let flow = stage.deploy("filter", json!({"expression": "value >= 0.0"})).await;
    let mut versions = vec![stage.counters(flow)];
    let writer = tokio::spawn({
        let stage = stage.clone();
        async move {
            for value in 0..READINGS {
                stage.append(&[value as f64]).await;
            }
        }
    });
    while !writer.is_finished() {
        let version = versions.len() as u32 + 1;
        let diagram = chain(stage.device, "filter", json!({"expression": format!("value >= -{version}.0")}));
        stage.flows.deploy(flow, version, &diagram).await.unwrap();
        versions.push(stage.counters(flow));
    }
    writer.await.unwrap();
    stage.done().await;
    let shown = versions.iter().map(|counters| counters.node("show").unwrap().snapshot().in_).sum::<u64>();
    assert!(versions.len() > 3, "the flow was replaced {} times", versions.len());
    assert_eq!(shown, READINGS);
}

#[tokio::test]
async fn a_flow_that_reads_foreign_devices_is_refused() {
    let stage = Stage::new().await;
    let stranger = stage.catalog.sign_up("b@example.org", "B", String::new()).await.unwrap();
    let theirs = make_flow(&stage.catalog, stranger.user.id).await;
    let diagram = chain(stage.device, "filter", json!({"expression": "true"}));
    for refused in [
        stage.flows.deploy(theirs, 1, &diagram).await,
        stage.flows.validate(theirs, &diagram).await.map(drop),
        stage
            .flows
            .deploy(
                stage.flow().await,
                1,
                &chain(DeviceId::from_uuid(uuid::Uuid::nil()), "filter", json!({"expression": "true"})),
            )
            .await,
    ] {
        let Err(Error::Refused(problems)) = refused else { panic!("{refused:?}") };
        let problem = serde_json::to_value(&problems[0]).unwrap();
        assert_eq!((&problem["node"], &problem["field"]), (&json!("in"), &json!("deviceUuid")));
        assert_eq!(problem["code"], "not_found");
    }
    assert_eq!(stage.flows.status(theirs).await.unwrap()["state"], "stopped");
    let own = stage.flow().await;
    assert!(stage.flows.validate(own, &diagram).await.unwrap().plan["segments"].is_array());
}

#[tokio::test]
async fn a_panicking_node_fails_alone_and_its_flow_is_installed_again_a_few_times() {
    let stage = Stage::new().await;
    let broken = stage.deploy("fault", json!({"panic_at": 13})).await;
    let whole = stage.deploy("filter", json!({"expression": "true"})).await;
    for restart in 1..=limit::FLOW_RESTARTS {
        stage.append(&[13.0]).await;
        let status = stage.becomes(broken, "restarting").await;
        assert_eq!(
            (&node(&status, "middle")["state"], &node(&status, "in")["state"]),
            (&json!("failed"), &json!("ok"))
        );
        assert!(status["reason"].as_str().unwrap().contains("middle"), "{status}");
        skip(Duration::from_millis(limit::FLOW_RESTART_MS_MAX)).await;
        let status = stage.becomes(broken, "running").await;
        assert_eq!(status["restarts"], restart);
        assert_eq!(node(&status, "middle")["error_samples"][0]["code"], "panicked");
    }
    stage.append(&[13.0]).await;
    let status = stage.becomes(broken, "failed").await;
    assert!(status["reason"].as_str().unwrap().contains("stays failed"), "{status}");
    stage.append(&[1.0]).await;
    stage.done().await;
    let readings = u64::from(limit::FLOW_RESTARTS) + 2;
    assert_eq!(stage.counters(whole).node("show").unwrap().snapshot().in_, readings);
    assert_eq!(stage.becomes(whole, "running").await["restarts"], 0);
    // its owner mends it
    stage
        .flows
        .deploy(broken, 2, &chain(stage.device, "filter", json!({"expression": "true"})))
        .await
        .unwrap();
    assert_eq!(stage.becomes(broken, "running").await["reason"], Json::Null);
}

#[tokio::test]
async fn a_cell_that_is_behind_reads_what_it_missed_from_disk() {
    let stage = Stage::with(Options { tail_bytes: 1, ..Options::default() }).await;
    let flow = stage.deploy("filter", json!({"expression": "true"})).await;
    let cell = stage.flows.shared.cells[0].clone();
    cell.stall(true);
    let commits = limit::FEED_COMMITS * 3;
    for value in 0..commits {
        stage.append(&[value as f64]).await;
    }
    assert!(cell.status().lag > limit::FEED_COMMITS as u64, "{:?}", cell.status());
    cell.stall(false);
    stage.done().await;
    assert_eq!(stage.counters(flow).node("show").unwrap().snapshot().in_, commits as u64);
    assert_eq!((cell.status().lag, cell.status().skipped), (0, 0));
}

#[tokio::test]
async fn a_condemned_cell_is_replaced_and_goes_on_where_it_was() {
    let stage = Stage::new().await;
    let flow = stage.deploy("filter", json!({"expression": "true"})).await;
    let mut session = stage.watch(flow, "show").await;
    stage.append(&[1.0]).await;
    stage.done().await;
    let cell = stage.flows.shared.cells[0].clone();
    cell.condemn();
    stage.append(&[2.0]).await;
    eventually("the cell is replaced", async || match cell.status() {
        status if status.replaced == 1 => Ok(()),
        status => Err(format!("{status:?}")),
    })
    .await;
    stage.append(&[3.0]).await;
    stage.done().await;
    let status = stage.becomes(flow, "running").await;
    assert_eq!(status["cell"]["skipped"], 0);
    let mut newest = 0.0;
    while newest < 3.0 {
        session.ready().await;
        newest = session.take().unwrap().1.values.last().unwrap().point.num;
    }
    let records = node(&status, "show")["records_in"].as_u64().unwrap();
    assert!((1..=2).contains(&records), "{status}");
}

#[tokio::test]
async fn actors_that_die_stop_no_data_and_come_back() {
    let stage = Stage::new().await;
    let flow = stage.deploy("filter", json!({"expression": "true"})).await;
    stage.append(&[1.0]).await;
    stage.done().await;
    let actor = stage.flows.shared.directory.actor(flow).unwrap();
    for child in actor.get_cell().get_children() {
        child.kill();
    }
    stage.append(&[2.0]).await;
    let _ = stage.becomes(flow, "running").await;
    actor.get_cell().kill();
    stage.append(&[3.0]).await;
    stage.done().await;
    let status =
        eventually("the flow has an actor again", async || match stage.flows.shared.directory.actor(flow) {
            Some(new) if new.get_id() != actor.get_id() => Ok(stage.flows.status(flow).await.unwrap()),
            _ => Err("none".to_owned()),
        })
        .await;
    assert_eq!(node(&status, "show")["records_in"], 3, "the same counters");
    stage.flows.deploy(flow, 2, &chain(stage.device, "filter", json!({"expression": "true"}))).await.unwrap();
    assert_eq!(stage.becomes(flow, "running").await["version"], 2);
}

#[tokio::test]
async fn shutting_down_finishes_what_is_committed() {
    let stage = Stage::new().await;
    let flow = stage.deploy("filter", json!({"expression": "true"})).await;
    for value in 0..50 {
        stage.append(&[f64::from(value)]).await;
    }
    let counters = stage.counters(flow);
    assert!(stage.flows.shutdown(Duration::from_secs(10)).await);
    assert_eq!(counters.node("show").unwrap().snapshot().in_, 50);
}

#[tokio::test]
async fn a_flow_that_its_cell_does_not_run_any_more_has_failed_and_says_so() {
    let stage = Stage::new().await;
    let flow = stage.deploy("filter", json!({"expression": "true"})).await;
    stage.becomes(flow, "running").await;
    stage.flows.shared.cells[0].loses(flow);
    let told = stage.becomes(flow, "failed").await;
    assert!(told["reason"].as_str().unwrap().contains("deploy it again"), "{told}");
    stage
        .flows
        .deploy(flow, 2, &chain(stage.device, "filter", json!({"expression": "false"})))
        .await
        .unwrap();
    assert_eq!(stage.becomes(flow, "running").await["reason"], Json::Null);
}
