//! Rows on a real store: what is stored of which record, and what happens while nothing can be.

use std::time::Duration;

use edgesync_engine::Emission;
use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::NodeConfig;
use edgesync_schemas::id::{DeviceId, FlowId, Offset};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_storage::catalog::{Catalog, Slice};
use edgesync_storage::log::{DerivedQuery, Options, Order};
use edgesync_storage::postgres::{Server, Target};
use edgesync_test_postgres::Cluster;
use futures_util::poll;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::super::dispatch::{Directory, Dispatch};
use super::super::tests::Stage;
use super::*;
use crate::testing::{append, eventually};

/// What a node of this configuration stores.
fn store(data: Json) -> Store {
    let node = serde_json::from_value(json!({"id": "keep", "type": "store", "data": data})).unwrap();
    match NodeConfig::parse(&node, false, &mut Vec::new()) {
        Some(NodeConfig::Store(of)) => of,
        other => panic!("{other:?}"),
    }
}

/// All rows of a flow: name, whether of a device, sensor, event time in ms, number, original, unit.
type Told = (String, bool, Option<String>, i64, f64, Option<String>, Option<String>);

async fn told(log: &ReadingLog, flow: FlowId) -> Vec<Told> {
    let mut told = Vec::new();
    for series in log.derived_series(flow).await.unwrap() {
        let query = DerivedQuery {
            series: series.id,
            from: Timestamp::MIN,
            to: Timestamp::MAX,
            order: Order::Ascending,
            limit: 1_000_000,
        };
        for row in log.derived_rows(query).await.unwrap() {
            told.push((
                series.of.name.to_string(),
                series.of.device.is_some(),
                series.of.sensor.as_ref().map(|sensor| sensor.to_string()),
                row.timestamp.as_ms(),
                row.num,
                row.raw.map(String::from),
                row.unit.map(|unit| unit.to_string()),
            ));
        }
    }
    told
}

/// Rows of a flow as a cell gives them: numbers, a millisecond apart.
fn rows(log: &ReadingLog, flow: FlowId, nums: &[f64]) -> Rows {
    let device = DeviceId::from_uuid(Uuid::from_u128(1));
    let series = log.series().resolve(device, "t").unwrap();
    Rows {
        flow,
        version: 1,
        node: "keep".into(),
        port: Port::Out,
        series: vec![series; nums.len()],
        ts: (0..nums.len() as i64).map(|ms| Timestamp::from_ms(ms).unwrap()).collect(),
        num: nums.to_vec(),
        raw: Vec::new(),
        unit: vec![UnitIndex::NONE; nums.len()],
        units: Arc::default(),
        offset: (0..nums.len() as u64).map(Offset).collect(),
        quality: Vec::new(),
        fields: Vec::new(),
        reasons: Vec::new(),
    }
}

#[tokio::test]
async fn what_leaves_a_store_node_is_stored_and_goes_on_unchanged() {
    let stage = Stage::new().await;
    let flow = stage.deploy("store", json!({"series": "kept"})).await;
    let mut session = stage.watch(flow, "show").await;
    let readings = [
        ("t", 1, "1.5", Some("C")),
        ("t", 2, "\"on\"", None),
        ("t", 1, "2.5", Some("F")),
        ("other", 1, "9", None),
    ];
    append(&stage.log, stage.device, &readings).await;
    stage.done().await;
    assert!(stage.flows.shared.cells[0].delivered(Duration::from_secs(20)).await);
    let of = |ms, num, raw: Option<&str>, unit: Option<&str>| {
        (
            "kept".to_owned(),
            true,
            Some("t".to_owned()),
            ms,
            num,
            raw.map(str::to_owned),
            unit.map(str::to_owned),
        )
    };
    let expected = [of(1, 2.5, None, Some("F")), of(2, 0.0, Some("\"on\""), None)];
    assert_eq!(told(&stage.log, flow).await, expected);
    session.ready().await;
    let (_, update) = session.take().unwrap();
    assert_eq!(update.values.len(), 3);
    assert_eq!(stage.flows.stored().written(), 3);

    // What it remembers of itself is in the catalog's plan, not in the store: a run stores nothing.
    let diagram = super::super::tests::chain(stage.device, "store", json!({"series": "kept"}));
    let what = super::super::run::What::Once(Some(json!({"in": 77.0}).as_object().unwrap().clone()));
    stage.flows.run(flow, 1, &diagram, what).await.unwrap();
    assert!(stage.flows.shared.cells[0].delivered(Duration::from_secs(20)).await);
    assert_eq!(told(&stage.log, flow).await, expected);
}

#[tokio::test]
async fn a_field_may_be_kept_by_device_or_for_all_with_a_unit_of_its_own() {
    let stage = Stage::new().await;
    let flow = stage.flow().await;
    let diagram = json!({
        "nodes": [
            {"id": "in", "type": "device-sensor", "data": {"devices": [stage.device]}},
            {"id": "mean", "type": "moving-average", "data": {"windowSize": 2}},
            {"id": "a", "type": "store", "data": {"series": "largest", "field": "max_in_window"}},
            {"id": "b", "type": "store", "data": {"series": "device", "by": "device"}},
            {"id": "c", "type": "store", "data": {"series": "all", "by": "all", "unit": "K", "field": "min_in_window"}},
        ],
        "edges": [{"source": "in", "target": "mean"}, {"source": "mean", "target": "a"},
            {"source": "mean", "target": "b"}, {"source": "b", "target": "c"}],
    });
    stage.flows.deploy(flow, 1, &serde_json::from_value(diagram).unwrap()).await.unwrap();
    append(
        &stage.log,
        stage.device,
        &[("t", 1, "1", Some("C")), ("t", 2, "3", Some("C")), ("u", 1, "8", None)],
    )
    .await;
    stage.done().await;
    assert!(stage.flows.shared.cells[0].delivered(Duration::from_secs(20)).await);
    let of = |name: &str, is_of_device, sensor: Option<&str>, ms, num, unit: Option<&str>| {
        (name.to_owned(), is_of_device, sensor.map(str::to_owned), ms, num, None, unit.map(str::to_owned))
    };
    assert_eq!(
        told(&stage.log, flow).await,
        [
            of("all", false, None, 1, 8.0, Some("K")),
            of("all", false, None, 2, 1.0, Some("K")),
            of("device", true, None, 1, 8.0, None),
            of("device", true, None, 2, 2.0, Some("C")),
            of("largest", true, Some("t"), 1, 1.0, None),
            of("largest", true, Some("t"), 2, 3.0, None),
            of("largest", true, Some("u"), 1, 8.0, None),
        ]
    );
}

struct OnPostgres {
    cluster: Cluster,
    log: ReadingLog,
    catalog: Catalog,
    letters: DeadLetters,
    stored: Stored,
    _directory: tempfile::TempDir,
}

async fn on_postgres() -> OnPostgres {
    let cluster = edgesync_test_postgres::Options::new().unsynced().start();
    let server = Server::open(&Target::parse(&cluster.url()).unwrap()).await.unwrap();
    let log = ReadingLog::open_postgres(&server, Options::default()).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(&directory.path().join("catalog.db")).unwrap();
    let letters = DeadLetters::start(catalog.clone(), log.series().clone());
    let stored = Stored::start(log.clone(), letters.clone());
    OnPostgres { cluster, log, catalog, letters, stored, _directory: directory }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_whoever_gives_waits_and_nothing_is_lost() {
    let OnPostgres { cluster, log, stored, .. } = on_postgres().await;
    let (flow, of) = (FlowId::from_uuid(Uuid::from_u128(1)), store(json!({"series": "s"})));
    stored.give(&rows(&log, flow, &[1.0]), 1, &of).await;
    stored.written_to(stored.place()).await;
    cluster.stop_immediate();
    let many: Vec<f64> = (0..20_000).map(f64::from).collect();
    let mut given = 0;
    loop {
        let flow = FlowId::from_uuid(Uuid::from_u128(2 + given));
        let rows = rows(&log, flow, &many);
        let mut giving = Box::pin(stored.give(&rows, 1, &of));
        if poll!(&mut giving).is_pending() {
            assert!(given > 0);
            assert!(stored.waiting_bytes() <= limit::DERIVED_QUEUE_BYTES as usize);
            eventually("it is tried again", async || match stored.retries() {
                0 => Err("not yet".to_owned()),
                _ => Ok(()),
            })
            .await;
            assert!(poll!(&mut giving).is_pending(), "there is no room before something is written");
            cluster.start_again();
            giving.await;
            given += 1;
            break;
        }
        given += 1;
        assert!(given < 8, "there is room for more than it may hold");
    }
    stored.written_to(stored.place()).await;
    for n in 0..given {
        let rows = told(&log, FlowId::from_uuid(Uuid::from_u128(2 + n))).await;
        assert_eq!(rows.len(), many.len(), "flow {n} of {given}");
    }
    tokio::time::timeout(Duration::from_secs(20), stored.finish()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_refuses_is_a_dead_letter_and_the_others_are_stored() {
    let OnPostgres { log, catalog, stored, cluster: _cluster, .. } = on_postgres().await;
    let user = catalog.sign_up("a@example.org", "A", String::new()).await.unwrap().user.id;
    let input = edgesync_schemas::entity::flow::FlowInput::read(json!({"name": "f"})).unwrap();
    let flow = catalog.create_flow(user, input).await.unwrap().id;
    let mut some = rows(&log, flow, &[0.0, 1.0, 2.0, 3.0, 4.0]);
    // no original that came from a device: the admission would have refused it
    some.raw = vec![(1, "{".into()), (3, "true".into()), (4, "[1".into())];
    stored.give(&some, 7, &store(json!({"series": "s"}))).await;
    stored.give(&rows(&log, flow, &[9.0]), 7, &store(json!({"series": "next"}))).await;
    stored.written_to(stored.place()).await;
    let numbers: Vec<(String, f64)> =
        told(&log, flow).await.into_iter().map(|told| (told.0, told.4)).collect();
    let of = |name: &str, num| (name.to_owned(), num);
    assert_eq!(numbers, [of("next", 9.0), of("s", 0.0), of("s", 2.0), of("s", 3.0)]);
    assert_eq!((stored.written(), stored.refused()), (4, 2));
    let letters = eventually("letters are written", async || {
        let letters = catalog.dead_letters(user, flow, None, Slice::FIRST).await.unwrap().items;
        if letters.len() == 2 { Ok(letters) } else { Err(format!("{letters:?}")) }
    })
    .await;
    let told = letters.iter().map(|letter| (letter.code.as_str(), letter.version, letter.node_id.as_str()));
    assert_eq!(told.collect::<Vec<_>>(), [("refused", 7, "keep"); 2]);
    let times = letters.iter().map(|letter| letter.timestamp.as_ms());
    assert_eq!(times.collect::<Vec<_>>(), [4, 1], "newest first");
}

/// For so long somebody waits, and that is what is measured.
const WAIT: Duration = Duration::from_millis(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_stores_more_than_can_be_written_leaves_room_for_others() {
    let stage = Stage::new().await;
    let (log, stored) = (stage.log.clone(), stage.flows.stored().clone());
    append(&stage.log, DeviceId::from_uuid(Uuid::from_u128(1)), &[("t", 0, "1", None)]).await;
    let of = store(json!({"series": "s"}));
    let flow = |n| FlowId::from_uuid(Uuid::from_u128(n));
    let tenant = |n| Uuid::from_u128(n);
    for (n, owner) in [(1, 7), (2, 7), (3, 8)] {
        stored.belongs(flow(n), tenant(owner));
    }
    stored.stall(true);
    let many: Vec<f64> = (0..10_000).map(f64::from).collect();
    stored.give(&rows(&log, flow(1), &many), 1, &of).await;
    let second = rows(&log, flow(2), &many);
    let mut waits = Box::pin(stored.give(&second, 1, &of));
    assert!(poll!(&mut waits).is_pending(), "flows of a tenant have one share together");
    let other = rows(&log, flow(3), &[1.0]);
    assert!(poll!(Box::pin(stored.give(&other, 1, &of))).is_ready(), "others have theirs");
    assert!(stored.waiting_bytes() < limit::DERIVED_QUEUE_BYTES as usize / 2);
    tokio::time::sleep(WAIT).await;
    stored.stall(false);
    let place = waits.await;
    let waited = |n| Duration::from_nanos(stored.waited_ns(flow(n)));
    assert!(waited(2) >= WAIT, "{:?}: it is the time of the flow that waits", waited(2));
    assert!(waited(1) < waited(2) && waited(3) < waited(2));
    stored.written_to(place).await;
    stored.left(flow(2));
    assert_eq!(waited(2), Duration::ZERO);

    // while the database is away nobody is to blame
    stored.stall(true);
    stored.give(&rows(&log, flow(1), &many), 1, &of).await;
    stored.belongs(flow(2), tenant(7));
    let mut waits = Box::pin(stored.give(&second, 1, &of));
    assert!(poll!(&mut waits).is_pending());
    stored.be_away(true);
    stored.shared.retries.fetch_add(1, Relaxed);
    stored.stall(false);
    waits.await;
    assert_eq!(waited(2), Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_whose_rows_wait_counts_that_as_the_flows_time_and_is_no_reason_to_leave() {
    let stage = Stage::new().await;
    let flow = stage.deploy("store", json!({"series": "kept"})).await;
    append(&stage.log, DeviceId::from_uuid(Uuid::from_u128(1)), &[("t", 0, "1", None)]).await;
    let (cell, stored) = (stage.flows.shared.cells[0].clone(), stage.flows.stored().clone());
    let busy = |flow| cell.busy().into_iter().find(|(of, ..)| *of == flow).unwrap().2;
    stored.stall(true);
    let many: Vec<f64> = (0..20_000).map(f64::from).collect();
    let emission =
        || Emission::Stored(rows(&stage.log, flow, &many), Arc::new(store(json!({"series": "s"}))));
    cell.give(emission()).await;
    assert!(!cell.waits());
    let mut waits = Box::pin(cell.give(emission()));
    assert!(poll!(&mut waits).is_pending());
    assert!(cell.waits(), "it does not stand still by itself");
    let before = busy(flow);
    tokio::time::sleep(WAIT).await;
    stored.stall(false);
    waits.await;
    assert!(!cell.waits());
    let took = Duration::from_nanos(busy(flow) - before);
    assert!(took >= WAIT, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_is_stored_or_a_dead_letter() {
    let OnPostgres { log, catalog, letters, stored, cluster: _cluster, .. } = on_postgres().await;
    let user = catalog.sign_up("a@example.org", "A", String::new()).await.unwrap().user.id;
    let input = edgesync_schemas::entity::flow::FlowInput::read(json!({"name": "f"})).unwrap();
    let flow = catalog.create_flow(user, input).await.unwrap().id;
    let executions = super::super::executions::Executions::start(catalog.clone(), log.series().clone());
    let live = crate::live::Hub::start(log.clone());
    let dispatch = Dispatch::new(live, Directory::default(), executions, letters, stored);
    for n in 1..=3 {
        let mut some = rows(&log, flow, &[0.0]);
        some.raw = vec![(0, "{".into())];
        // another one each time
        some.offset = vec![Offset(n as u64)];
        dispatch.give(Emission::Stored(some, Arc::new(store(json!({"series": "s"}))))).await;
        dispatch.written(dispatch.given()).await;
        let found = catalog.dead_letters(user, flow, None, Slice::FIRST).await.unwrap().items.len();
        assert_eq!(found, n, "it is neither stored nor a dead letter");
    }
}
