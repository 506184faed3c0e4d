//! A whole installation, moved from place to place: what comes out is what went in.

mod noticed;

use std::collections::BTreeMap;
use std::sync::Arc;

use crossbeam::channel::{Sender, bounded};
use edgesync_schemas::entity::dashboard::DashboardInput;
use edgesync_schemas::entity::dead_letter::DeadLetter;
use edgesync_schemas::entity::device::DeviceInput;
use edgesync_schemas::entity::execution::{NodeScope, NodeStatus, NodeWork};
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::session::Origin;
use edgesync_schemas::entity::widget::WidgetInput;
use edgesync_schemas::id::{BootId, DeviceId, FlowId, FrameSeq, Id, Offset, UserId};
use edgesync_schemas::reading::{AdmittedBatch, Columns, FrameEnd, Numbered, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value;
use edgesync_test_postgres::{Cluster, Options};
use serde_json::json;

use super::place::Site;
use super::*;
use crate::catalog::{Catalog, Deployment, NodeRecord, Slice, WidgetBucket, WidgetSample, WidgetSamples};
use crate::log::{
    Append, Derived, DerivedOf, DerivedRow, OnCommit, Outcome, ReadingLog, Rest, StoredReading, imports_of,
};
use crate::postgres::{Server, Target};

struct Silent;

impl Progress for Silent {
    fn at(&mut self, _: &str, _: u64, _: u64) {}
}

struct Tell(Sender<Outcome>);

impl OnCommit for Tell {
    fn done(&self, _: u64, outcome: Outcome) {
        self.0.send(outcome).unwrap();
    }
}

async fn append(log: &ReadingLog, batch: AdmittedBatch) -> Outcome {
    let (tell, told) = bounded(1);
    let permit = log.reserve(batch.columns.bytes()).await;
    log.submit(Append { batch, permit, tag: 0, on_commit: Arc::new(Tell(tell)) });
    tokio::task::block_in_place(|| told.recv()).unwrap()
}

/// A frame with a number and a text, whose event time is `days` ago.
fn frame(log: &ReadingLog, device: DeviceId, q: u64, days: i64) -> AdmittedBatch {
    let now = log::now();
    let at = now.plus_us(-days * 86_400_000_000);
    let mut columns = Columns::default();
    let number = log.series().resolve(device, "number").unwrap();
    let unit = log.series().unit(number, "°C").unwrap();
    columns.push(number, at, Value::number(q as f64 / 3.0).unwrap(), unit, Quality::GOOD);
    let text = log.series().resolve(device, "text").unwrap();
    let value = Value::from_json(&format!("{{\"q\":  {q}, \"é\": [1.0]}}")).unwrap();
    columns.push(text, at, value, UnitIndex::NONE, Quality::CLOCK_AHEAD);
    let frames = vec![FrameEnd { q: FrameSeq(q), end_row: 2 }];
    AdmittedBatch { device, received_at: now, numbered: Some(Numbered { boot: BootId(1), frames }), columns }
}

/// An account with a device, its readings of today, of last year and of 1990, and what it imported.
async fn fill(catalog: &Catalog, log: &ReadingLog) -> DeviceId {
    let ada = catalog.sign_up("ada@example.org", "Ada", "hash".to_owned()).await.unwrap();
    let origin = Origin::of(Some("Firefox 工".as_bytes()), Some("2001:db8::7".parse().unwrap()));
    catalog.create_session(ada.user.id, origin).await.unwrap();
    let input = DeviceInput::read(json!({"organization_id": ada.organization.id, "name": "pümp"})).unwrap();
    let (device, _) = catalog.create_device(ada.user.id, input).await.unwrap();
    for q in 1..=40 {
        let outcome = append(log, frame(log, device.id, q, [0, 1, 400, 13_000][q as usize % 4])).await;
        assert!(matches!(outcome, Outcome::Durable { stored: 2, .. }), "{outcome:?}");
    }
    let mut import = frame(log, device.id, 1, 3);
    import.device = imports_of(device.id);
    assert!(matches!(append(log, import).await, Outcome::Durable { stored: 2, .. }));
    log.set_bookmark("flows", Offset(80), true).await.unwrap();
    run_a_flow(catalog, ada.user.id).await;
    log.put_derived(&Arc::new(stored(device.id))).await.unwrap();
    device.id
}

/// What a flow stored: of a device, and of none.
fn stored(device: DeviceId) -> Vec<Derived> {
    let flow = Id::from_uuid(uuid::Uuid::from_u128(1));
    let rows = (0..3_000i64).map(|n| {
        let (device, sensor) =
            if n % 2 == 0 { (Some(device), Some("t".parse().unwrap())) } else { (None, None) };
        let row = DerivedRow {
            timestamp: log::now().plus_us(-n * 1_000),
            offset: Offset(n as u64 % 80),
            num: n as f64 / 3.0,
            raw: (n % 5 == 0).then(|| format!("{{\"n\":  {n}}}").into()),
            unit: (n % 3 == 0).then(|| "°C".parse().unwrap()),
            quality: Quality(n as u8 % 3),
        };
        Derived { flow, of: DerivedOf { name: "a/b".parse().unwrap(), device, sensor }, row }
    });
    rows.collect()
}

/// A flow that was deployed, what its node did, and a record that it could not handle.
async fn run_a_flow(catalog: &Catalog, user: UserId) {
    let flow = catalog.create_flow(user, FlowInput::read(json!({"name": "f"})).unwrap()).await.unwrap().id;
    catalog
        .set_flow_deployed(Some(user), flow, 1, &json!({"nodes": [{"id": "é"}], "edges": []}))
        .await
        .unwrap();
    let at = log::now();
    let data = json!({"value": [1.10, null]}).as_object().unwrap().clone();
    let work = NodeWork {
        node_id: "é".to_owned(),
        status: NodeStatus::Failed,
        input_data: data.clone(),
        output_data: data,
        records_in: 1 << 50,
        records_out: 0,
        errors: 1,
        busy_ns: 7,
        executed_at: at,
    };
    let deployment = Deployment { flow, version: 1, at, failed: Some("why".to_owned()) };
    let record = NodeRecord { flow, version: 1, scope: NodeScope::Sample, work };
    catalog.record_executions(&[deployment], vec![record]).await.unwrap();
    let letter = DeadLetter {
        id: Id::from_uuid(uuid::Uuid::now_v7()),
        flow_id: flow,
        version: 1,
        node_id: "é".to_owned(),
        device_id: None,
        sensor_type: Some("text".to_owned()),
        timestamp: at,
        offset: 1 << 50,
        value: json!({"q": 1.10}),
        is_cut: true,
        code: "not_a_number".to_owned(),
        detail: "why".to_owned(),
        skipped: 3,
        at,
    };
    catalog.add_dead_letters(&[letter]).await.unwrap();
    show(catalog, user, flow).await;
}

/// What a widget has of a flow's node.
async fn show(catalog: &Catalog, user: UserId, flow: FlowId) {
    let organization = catalog.organizations(user, None, Slice::FIRST).await.unwrap().items[0].id;
    let body = json!({"organization_id": organization, "name": "d"});
    let board = catalog.create_dashboard(user, DashboardInput::read(body).unwrap()).await.unwrap().id;
    let body = json!({"widget_id": "w", "widget_type": "gauge", "data_source_type": "flow_node", "flow_id": flow,
        "node_id": "é", "max_samples": 1_500});
    let widget = catalog.create_widget(user, board, None, WidgetInput::read(body).unwrap()).await.unwrap().0;
    let sample = |n: u64| WidgetSample {
        n,
        ts: log::now(),
        value: -0.0 - n as f64 / 3.0,
        unit: n.is_multiple_of(2).then(|| "°C".parse().unwrap()),
        raw: n.is_multiple_of(3).then(|| format!("{{\"n\":  {n}}}").into()),
        arrival: Offset(n),
        bucket: None,
    };
    let samples = (0..2_000).map(sample).collect();
    let values = WidgetSamples { widget: widget.id, kept_since: widget.updated_at, samples, keep_from: None };
    let body = json!({"widget_id": "b", "widget_type": "gauge", "data_source_type": "flow_node", "flow_id": flow,
        "node_id": "é", "max_samples": 1_500, "aggregation": "avg"});
    let widget = catalog.create_widget(user, board, None, WidgetInput::read(body).unwrap()).await.unwrap().0;
    let spread = |n: u64| n.is_multiple_of(3).then_some((-1e300 / n as f64, n as f64 / 7.0));
    let bucket =
        |n: u64| WidgetBucket { slot: n as u32, count: n + 2, numbers: n, spread: spread(n), at_arrival: 1 };
    let samples = (1..1_501).map(|n| WidgetSample { raw: None, bucket: Some(bucket(n)), ..sample(n) });
    let (samples, kept_since) = (samples.collect(), widget.updated_at);
    let buckets = WidgetSamples { widget: widget.id, kept_since, samples, keep_from: None };
    assert_eq!(catalog.put_widget_samples(vec![values, buckets]).await.unwrap(), 3_500);
}

fn directory(of: &tempfile::TempDir, name: &str) -> Place {
    Place::Directory(of.path().join(name))
}

fn database(url: &str) -> Place {
    Place::parse(url).unwrap()
}

async fn open(place: &Place) -> (Catalog, ReadingLog) {
    match place {
        Place::Directory(path) => {
            std::fs::create_dir_all(path).unwrap();
            let log = ReadingLog::open(&path.join("readings"), log::Options::default()).unwrap();
            (Catalog::open(&path.join("catalog.db")).unwrap(), log)
        }
        Place::Database(target) => {
            let server = Server::open(target).await.unwrap();
            let log = ReadingLog::open_postgres(&server, log::Options::default()).await.unwrap();
            (Catalog::open_postgres(&server).await.unwrap(), log)
        }
    }
}

/// All that is at a place, as it is.
type Everything = (BTreeMap<&'static str, Vec<String>>, Vec<StoredReading>, Rest, Vec<DerivedRow>);

async fn everything(place: &Place) -> Everything {
    let at = Site::reach(place, "a").await.unwrap().whole("a").await.unwrap();
    let tables = at.catalog.rows().await;
    let mut readings = Vec::new();
    for info in &at.log.rest().series {
        readings.extend(at.log.of_series(info, None, 1_000).await.unwrap());
    }
    let rest = at.log.rest().clone();
    let mut rows = Vec::new();
    for series in &rest.derived {
        rows.extend(at.log.derived_rows(series.id, None, 10_000).await.unwrap());
    }
    at.close().await.unwrap();
    (tables, readings, rest, rows)
}

async fn moved(from: &Place, to: &Place) -> Moved {
    let moved = run(from, to, &mut Silent).await.unwrap();
    assert_eq!((moved.readings, moved.series, moved.derived, moved.resumed), (82, 2, 3_000, None));
    assert!(matches!(run(from, to, &mut Silent).await, Err(Error::Moved)));
    moved
}

fn cluster() -> Cluster {
    Options::new().unsynced().start()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_through_every_kind_of_place_comes_back_as_it_was() {
    let (dir, cluster) = (tempfile::tempdir().unwrap(), cluster());
    let places = [
        directory(&dir, "a"),
        database(&cluster.url()),
        database(&cluster.database("other")),
        directory(&dir, "b"),
        directory(&dir, "c"),
    ];
    let (catalog, log) = open(&places[0]).await;
    let device = fill(&catalog, &log).await;
    catalog.close().await;
    log.shutdown().await.unwrap();
    drop((catalog, log));
    let start = everything(&places[0]).await;
    assert_eq!((start.1.len(), start.2.marks.len()), (82, 2));
    assert_eq!((start.2.derived.len(), start.3.len()), (2, 3_000));
    assert!(start.0["devices"].len() == 1 && start.0["audit_log"].len() > 1, "{:?}", start.0);
    for table in ["flow_versions", "flow_executions", "node_executions", "dead_letters"] {
        assert_eq!(start.0[table].len(), 1, "{table}");
    }
    for pair in places.windows(2) {
        moved(&pair[0], &pair[1]).await;
        assert!(everything(&pair[0]).await == start, "the source is as it was: {}", pair[0]);
        assert!(everything(&pair[1]).await == start, "the target is the same: {}", pair[1]);
    }
    // In every one of them a frame that is sent again is no news, and the next one is.
    for place in &places {
        let (catalog, log) = open(place).await;
        let is_stored =
            |outcome| matches!(outcome, Outcome::Durable { stored: 2, first } if first == Offset(82));
        assert!(matches!(append(&log, frame(&log, device, 40, 0)).await, Outcome::Durable { stored: 0, .. }));
        let mut again = frame(&log, device, 1, 0);
        again.device = imports_of(device);
        assert!(matches!(append(&log, again).await, Outcome::Durable { stored: 0, .. }), "{place}");
        assert!(is_stored(append(&log, frame(&log, device, 41, 0)).await), "{place}");
        assert_eq!(log.bookmark("flows"), Some(Offset(80)));
        log.shutdown().await.unwrap();
        catalog.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_retention_dropped_is_a_hole_in_each_place_and_numbers_stay_given_out() {
    let (dir, cluster) = (tempfile::tempdir().unwrap(), cluster());
    let (source, files, target) =
        (database(&cluster.url()), directory(&dir, "a"), database(&cluster.database("other")));
    let (catalog, log) = open(&source).await;
    fill(&catalog, &log).await;
    catalog.close().await;
    log.shutdown().await.unwrap();
    drop((catalog, log));
    cluster.psql(
        "DELETE FROM readings WHERE log_offset % 8 < 3; UPDATE log_state SET dropped = 32, series_end = 9",
    );
    let start = everything(&source).await;
    assert_eq!((start.1.len(), start.2.series_end, start.2.end), (50, 9, Offset(82)));
    for (from, to) in [(&source, &files), (&files, &target)] {
        assert_eq!(run(from, to, &mut Silent).await.unwrap().readings, 50);
        assert!(everything(to).await == start, "{to}");
    }
    let (Place::Directory(files), Place::Database(target)) = (files, target) else { panic!("one of each") };
    let mut report = crate::check::Report::default();
    log::check(&files.join("readings"), &mut report, &mut Silent).unwrap();
    log::check_postgres(&Server::open(&target).await.unwrap(), &mut report, &mut Silent).await.unwrap();
    assert_eq!((report.problems, report.looked_at["readings"]), (Vec::new(), 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_somebody_s_gets_no_word_and_goes_on() {
    let (dir, cluster) = (tempfile::tempdir().unwrap(), cluster());
    let source = directory(&dir, "a");
    drop(open(&source).await);
    for target in [directory(&dir, "b"), database(&cluster.url())] {
        let (catalog, log) = open(&target).await;
        catalog.sign_up("bo@example.org", "Bo", "hash".to_owned()).await.unwrap();
        catalog.close().await;
        log.shutdown().await.unwrap();
        drop((catalog, log));
        assert!(matches!(run(&source, &target, &mut Silent).await, Err(Error::NotEmpty)));
        // It would not open with a word in it.
        let (catalog, log) = open(&target).await;
        assert_eq!(catalog.rows().await["users"].len(), 1);
        let held = run(&source, &target, &mut Silent).await;
        assert!(
            matches!(held, Err(Error::Log("target's", log::Error::InUse { .. } | log::Error::Held(_)))),
            "{held:?}"
        );
        let held = run(&target, &source, &mut Silent).await;
        assert!(
            matches!(held, Err(Error::Log("source's", log::Error::InUse { .. } | log::Error::Held(_)))),
            "{held:?}"
        );
        log.shutdown().await.unwrap();
    }
    // A catalog alone is something, too; also where no log was ever made.
    let target = cluster.database("catalog_only");
    let server = Server::open(&Target::parse(&target).unwrap()).await.unwrap();
    let catalog = Catalog::open_postgres(&server).await.unwrap();
    catalog.sign_up("bo@example.org", "Bo", "hash".to_owned()).await.unwrap();
    assert!(matches!(run(&source, &database(&target), &mut Silent).await, Err(Error::NotEmpty)));
    assert_eq!(cluster.psql_in("catalog_only", "SELECT to_regclass('log_state') IS NULL"), "t");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_told_and_the_target_stays_unfinished() {
    let (dir, cluster) = (tempfile::tempdir().unwrap(), cluster());
    let (source, target) = (directory(&dir, "a"), database(&cluster.url()));
    let (catalog, log) = open(&source).await;
    fill(&catalog, &log).await;
    catalog.close().await;
    log.shutdown().await.unwrap();
    drop((catalog, log));
    moved(&source, &target).await;
    // As if it had not ended, and something had gone wrong on the way.
    let damage = "UPDATE log_move SET is_done = false; UPDATE readings SET received_at = ts WHERE log_offset = 4; \
        DELETE FROM readings WHERE log_offset = 5; UPDATE devices SET name = 'x'; DELETE FROM marks; UPDATE bookmarks SET log_offset = 0; \
        INSERT INTO derived (series_id, ts, value, log_offset, quality) VALUES (0, now(), 1, 1, 0)";
    cluster.psql(damage);
    cluster.psql("UPDATE log_move SET series_id = 1, ts = '9999-01-01', log_offset = 82");
    let Err(Error::Differ(told)) = run(&source, &target, &mut Silent).await else { panic!("they differ") };
    let told = told.to_string();
    for what in [
        "table devices: 1 rows on both sides, with different contents",
        "sensor number: 41 readings on both sides, with different contents",
        "sensor text: 41 readings, and 40 in the target",
        "series a/b: 1500 rows, and 1501 in the target",
    ] {
        assert!(told.contains(what), "{what}: {told}");
    }
    assert!(!told.contains("marks") && !told.contains("bookmarks"), "they were written again: {told}");
    let (Place::Database(target), options) = (target, log::Options::default()) else { panic!("a database") };
    let opened = ReadingLog::open_postgres(&Server::open(&target).await.unwrap(), options).await;
    assert!(matches!(opened, Err(log::Error::HalfMoved { .. })));
}

#[test]
fn places_are_read_and_shown_without_passwords() {
    let shown = |text: &str| Place::parse(text).map(|place| place.to_string());
    assert_eq!(shown("postgres://ada:s3cr3t@h/d").unwrap(), "postgres://ada@h:5432/d");
    assert_eq!(shown("/nowhere/data").unwrap(), "/nowhere/data");
    let problems = shown("postgres://ada:s3cr3t@h/d?sslmode=prefer&colour=red").unwrap_err();
    assert!(problems.len() == 2 && !problems.join("").contains("s3cr3t"), "{problems:?}");
    assert!(shown("mysql://h/d").is_err());
    // A URL that is not quite one is no directory.
    for mistyped in [
        "postgres:/u:s3cr3t@h/db",
        "postgres//u:s3cr3t@h/db",
        " PostgreSQL:u:s3cr3t@h/db",
        "u:s3cr3t@h/db",
        "postgre:/u:s3cr3t@h/db",
        "host=127.0.0.1 password=s3cr3t",
        "dbname=d PASSWORD = s3cr3t",
    ] {
        let problems = shown(mistyped).expect_err(mistyped).join("");
        assert!(problems.contains("./") && !problems.contains("s3cr3t"), "{problems}");
    }
    for directory in ["data@home", "./postgres", "/srv/a:b@c", "a=b", "http:data"] {
        assert!(shown(directory).unwrap().contains(directory.trim_start_matches('.')), "{directory}");
    }
    let same = |a: &str, b: &str| Place::parse(a).unwrap().is_same(&Place::parse(b).unwrap());
    assert!(
        same("postgres://ada:a@h/d", "postgres://ada:b@h/d") && same(".", "./") && !same(".", "/nowhere")
    );
    assert_eq!(
        Timestamp::MIN,
        log::Retention::everything().oldest(DeviceId::from_uuid(uuid::Uuid::nil()), log::now())
    );
}
