//! Aggregates on a real log, against a plain look at every value.

mod told;

use std::collections::BTreeMap;
use std::time::Duration;

use edgesync_schemas::entity::widget::Aggregation;
use edgesync_schemas::id::{DeviceId, FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::wire::live::Point;
use edgesync_storage::log::ReadingLog;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use super::tests::{request, rows, sensor};
use super::*;
use crate::testing::{TempLog, append, device, eventually, skip};

const INTERVAL_MS: u32 = 1_000;
const INTERVAL: Duration = Duration::from_millis(INTERVAL_MS as u64);
const PATIENCE: Duration = Duration::from_secs(20);
const BY: [Aggregation; 5] =
    [Aggregation::Avg, Aggregation::Sum, Aggregation::Count, Aggregation::Min, Aggregation::Max];

fn aggregate(source: Source, aggregation: Aggregation) -> Source {
    Source::Aggregate(Box::new(Aggregated { source, aggregation, interval_ms: INTERVAL_MS }))
}

/// What a dashboard shows: the newest value of each bucket.
type Shown = BTreeMap<i64, Option<f64>>;

fn value(point: &Point) -> (i64, Option<f64>) {
    assert!(point.raw.is_none() || point.raw.as_deref() == Some("null"), "{point:?}");
    (point.ts.as_ms(), point.raw.is_none().then_some(point.num))
}

struct Dashboard {
    session: Session,
    shown: Shown,
}

impl Dashboard {
    async fn open(hub: &Hub, source: Source, points: usize) -> Self {
        let mut session = hub.session();
        let snapshot = session.subscribe(Request { points, ..request(source, None) }).await.unwrap();
        let shown = snapshot.points.iter().map(value).collect();
        Self { session, shown }
    }

    /// Takes what is due. How many frames that was.
    fn take(&mut self) -> usize {
        let mut frames = 0;
        while let Some((_, told)) = self.session.take_told() {
            frames += 1;
            match told {
                Told::Values(update) => {
                    assert_eq!(update.skipped, 0);
                    self.shown.extend(update.values.iter().map(|folded| value(&folded.point)));
                }
                Told::Metrics(_) => unreachable!(),
            }
        }
        frames
    }
}

/// A reading: event time in milliseconds, and JSON.
type Reading = (i64, &'static str);

/// What the readings come to, looked at one by one.
fn model(readings: &[Reading], by: Aggregation) -> Shown {
    let mut buckets: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for (ms, json) in readings {
        buckets.entry(ms.div_euclid(1_000) * 1_000).or_default().push(json);
    }
    let fold = |all: Vec<&str>| {
        let number = |json: &&str| match *json {
            "true" => Some(1.0),
            "false" => Some(0.0),
            json => json.parse::<f64>().ok(),
        };
        let numbers: Vec<f64> = all.iter().filter_map(number).collect();
        let sum = numbers.iter().copied().reduce(|a, b| a + b);
        match by {
            Aggregation::Count => Some(all.len() as f64),
            Aggregation::Sum => sum,
            Aggregation::Avg => sum.map(|sum| sum / numbers.len() as f64),
            Aggregation::Min => numbers.into_iter().reduce(f64::min),
            Aggregation::Max => numbers.into_iter().reduce(f64::max),
            Aggregation::Last => unreachable!(),
        }
    };
    buckets.into_iter().map(|(start, all)| (start, fold(all))).collect()
}

async fn store(log: &ReadingLog, of: DeviceId, readings: &[Reading]) {
    let readings: Vec<_> = readings.iter().map(|(ms, json)| ("t", *ms, *json, None)).collect();
    append(log, of, &readings).await;
}

#[derive(Debug, Clone)]
enum Step {
    Store(Vec<Reading>),
    Open,
    Wait,
}

fn steps() -> impl Strategy<Value = (Aggregation, Vec<Reading>, Vec<Step>)> {
    // sums of these are exact, whatever the order; some of equal times, some late, some before 1970
    let json = prop::sample::select(vec!["1", "2.5", "-4", "8", "0", "true", "false", "\"open\"", "[1]"]);
    let ms = prop_oneof![6 => 0i64..8_000, 2 => Just(2_500i64), 1 => -20_000i64..40_000];
    let readings = |most| prop::collection::vec((ms.clone(), json.clone()), 0..most);
    let step = prop_oneof![
        5 => readings(12).prop_map(Step::Store),
        1 => Just(Step::Open),
        2 => Just(Step::Wait),
    ];
    (prop::sample::select(BY.to_vec()), readings(30), prop::collection::vec(step, 1..15))
}

async fn run(by: Aggregation, mut all: Vec<Reading>, steps: Vec<Step>) {
    let log = TempLog::open();
    if !all.is_empty() {
        store(&log, device(1), &all).await;
    }
    let hub = Hub::start(log.clone());
    let source = aggregate(sensor(device(1), "t"), by);
    let mut dashboards = vec![Dashboard::open(&hub, source.clone(), limit::LIVE_POINTS).await];
    assert_eq!(dashboards[0].shown, model(&all, by), "what is stored");
    for step in steps {
        match step {
            Step::Store(readings) if readings.is_empty() => {}
            Step::Store(readings) => {
                store(&log, device(1), &readings).await;
                all.extend(readings);
            }
            Step::Open => dashboards.push(Dashboard::open(&hub, source.clone(), limit::LIVE_POINTS).await),
            Step::Wait => {
                skip(INTERVAL).await;
                for dashboard in &mut dashboards {
                    dashboard.take();
                }
            }
        }
    }
    let expected = model(&all, by);
    for (at, dashboard) in dashboards.iter_mut().enumerate() {
        eventually("every dashboard shows the same", async || {
            skip(INTERVAL).await;
            dashboard.take();
            let shown = &dashboard.shown;
            if *shown == expected { Ok(()) } else { Err(format!("{at}: {shown:?} is not {expected:?}")) }
        })
        .await;
    }
    let late = Dashboard::open(&hub, source, limit::LIVE_POINTS).await;
    assert_eq!((late.shown, hub.late()), (expected, 0));
}

#[test]
fn each_bucket_comes_to_what_a_look_at_every_value_comes_to() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = ProptestConfig { cases: 60, source_file: Some(file!()), ..ProptestConfig::default() };
    let checked = TestRunner::new(config).run(&steps(), |(by, stored, steps)| {
        runtime.block_on(run(by, stored, steps));
        Ok(())
    });
    if let Err(failed) = checked {
        panic!("{failed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrives_while_the_stored_is_read_counts_once() {
    const TOTAL: u64 = 1_200;
    let log = TempLog::open();
    let writer = tokio::spawn({
        let log = log.clone();
        async move {
            for n in 0..TOTAL {
                store(&log, device(1), &[((n % 7) as i64 * 300, "1")]).await;
            }
        }
    });
    // a hub each, so that each reads what is stored, at another place of the stream
    let watchers: Vec<_> = (0..12u64)
        .map(|n| {
            let log = log.clone();
            tokio::spawn(async move {
                let mut tail = log.tail(Offset(0));
                while tail.cursor().0 < n * TOTAL / 24 {
                    tail.next().await.unwrap();
                }
                let hub = Hub::start(log.clone());
                let source = aggregate(sensor(device(1), "t"), Aggregation::Count);
                let mut dashboard = Dashboard::open(&hub, source, 5).await;
                let count = |shown: &Shown| shown.values().flatten().sum::<f64>();
                while count(&dashboard.shown) < TOTAL as f64 {
                    let ready = dashboard.session.ready();
                    let shown = count(&dashboard.shown);
                    tokio::time::timeout(PATIENCE, ready).await.unwrap_or_else(|_| panic!("{shown}"));
                    dashboard.take();
                }
                assert_eq!(count(&dashboard.shown), TOTAL as f64);
                hub.stop();
            })
        })
        .collect();
    writer.await.unwrap();
    for watcher in watchers {
        watcher.await.unwrap();
    }
}

#[tokio::test]
async fn it_is_done_once_for_all_and_told_once_in_an_interval() {
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let flow = FlowId::from_uuid(Uuid::from_u128(7));
    let node = Source::FlowNode { flow, node: "n".into(), field: "output".into() };
    let source = aggregate(node.clone(), Aggregation::Sum);
    // what its source has already is in it
    let mut raw = hub.session();
    raw.subscribe(request(node, None)).await.unwrap();
    hub.publish(&rows(flow, &[1.0, 2.0]));
    let mut dashboards = Vec::new();
    for _ in 0..5 {
        dashboards.push(Dashboard::open(&hub, source.clone(), 10).await);
    }
    assert_eq!(hub.followed(), 2, "a source, and one aggregate of it");
    assert_eq!(dashboards[0].shown, BTreeMap::from([(0, Some(3.0))]));
    let settle = async || {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::pause();
    // at once after silence, and then once in an interval
    for (value, told) in [(4.0, 7.0), (8.0, 7.0), (16.0, 7.0)] {
        hub.publish(&rows(flow, &[value]));
        settle().await;
        for dashboard in &mut dashboards {
            dashboard.take();
        }
        for dashboard in &dashboards {
            assert_eq!(dashboard.shown, BTreeMap::from([(0, Some(told))]));
        }
    }
    let late = Dashboard::open(&hub, source, 10).await;
    assert_eq!(late.shown, BTreeMap::from([(0, Some(31.0))]), "who comes sees what there is");
    tokio::time::advance(INTERVAL + Duration::from_millis(1)).await;
    settle().await;
    for dashboard in &mut dashboards {
        assert_eq!((dashboard.take(), &dashboard.shown), (1, &late.shown));
    }
    for _ in 0..5 {
        tokio::time::advance(INTERVAL + Duration::from_millis(1)).await;
        settle().await;
        assert!(dashboards.iter_mut().all(|dashboard| dashboard.take() == 0), "nothing came");
    }
    drop((dashboards, late, raw));
    // it lingers, and then what it was made of does
    for seconds in 0.. {
        if hub.followed() == 0 {
            break;
        }
        assert!(seconds <= 3 * limit::LIVE_LINGER_S);
        tokio::time::advance(Duration::from_secs(1)).await;
        settle().await;
    }
}

#[tokio::test]
async fn of_an_older_time_than_is_kept_is_counted_until_somebody_wants_more() {
    let log = TempLog::open();
    let stored = [(0, "1"), (3_000, "1"), (9_000, "1")];
    store(&log, device(1), &stored).await;
    let hub = Hub::start(log.clone());
    let source = aggregate(sensor(device(1), "t"), Aggregation::Count);
    let mut small = Dashboard::open(&hub, source.clone(), 2).await;
    assert_eq!(small.shown, BTreeMap::from([(9_000, Some(1.0))]));
    store(&log, device(1), &[(3_000, "1"), (9_500, "1")]).await;
    eventually("it was taken in", async || {
        skip(INTERVAL).await;
        small.take();
        if hub.late() == 1 { Ok(()) } else { Err(format!("{}", hub.late())) }
    })
    .await;
    let mut large = Dashboard::open(&hub, source, 10).await;
    let expected = BTreeMap::from([(0, Some(1.0)), (3_000, Some(2.0)), (9_000, Some(2.0))]);
    assert_eq!(large.shown, expected, "what was dropped is stored");
    store(&log, device(1), &[(3_100, "1"), (9_600, "1")]).await;
    let expected = BTreeMap::from([(0, Some(1.0)), (3_000, Some(3.0)), (9_000, Some(3.0))]);
    eventually("it is told", async || {
        skip(INTERVAL).await;
        large.take();
        if large.shown == expected { Ok(()) } else { Err(format!("{:?}", large.shown)) }
    })
    .await;
    assert_eq!(hub.late(), 1);
}

#[tokio::test]
async fn a_dashboard_for_which_much_changed_is_told_all_of_it() {
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let flow = FlowId::from_uuid(Uuid::from_u128(7));
    let node = Source::FlowNode { flow, node: "n".into(), field: "output".into() };
    let mut dashboard = Dashboard::open(&hub, aggregate(node, Aggregation::Max), 100).await;
    let values: Vec<f64> = (0..90).map(f64::from).collect();
    let ts = (0..90).map(|n| Timestamp::from_ms(n * 1_000).unwrap()).collect();
    hub.publish(&engine_rows(flow, ts, &values));
    dashboard.session.ready().await;
    assert_eq!(dashboard.take(), 1);
    assert_eq!(dashboard.shown, values.iter().map(|n| (*n as i64 * 1_000, Some(*n))).collect());
}

fn engine_rows(flow: FlowId, ts: Vec<Timestamp>, values: &[f64]) -> edgesync_engine::cell::emit::Rows {
    edgesync_engine::cell::emit::Rows { ts, ..rows(flow, values) }
}

#[tokio::test]
async fn buckets_are_bounded_and_the_newest_are_kept() {
    const MOST: i64 = limit::LIVE_POINTS as i64;
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let flow = FlowId::from_uuid(Uuid::from_u128(7));
    let node = Source::FlowNode { flow, node: "n".into(), field: "output".into() };
    let source = aggregate(node, Aggregation::Max);
    let _first = Dashboard::open(&hub, source.clone(), limit::LIVE_POINTS).await;
    // the newest first, so that what is too old is not what came first
    for n in (0..MOST + 3).rev() {
        let ts = vec![Timestamp::from_ms(n * 1_000).unwrap()];
        hub.publish(&engine_rows(flow, ts, &[n as f64]));
    }
    let late = Dashboard::open(&hub, source, limit::LIVE_POINTS).await;
    assert_eq!(late.shown, (3..MOST + 3).map(|n| (n * 1_000, Some(n as f64))).collect());
    assert_eq!(hub.late(), 2, "the first that had no room made the bound, the others are counted");
}

#[tokio::test]
async fn a_bucket_that_has_no_numbers_is_null_and_a_unit_is_told() {
    let log = TempLog::open();
    append(&log, device(1), &[("t", 0, "\"open\"", None), ("t", 1_000, "2", Some("C"))]).await;
    let hub = Hub::start(log.clone());
    for (by, unit) in [(Aggregation::Avg, Some("C")), (Aggregation::Count, None)] {
        let mut session = hub.session();
        let source = aggregate(sensor(device(1), "t"), by);
        let snapshot = session.subscribe(request(source, None)).await.unwrap();
        let values: Vec<_> = snapshot.points.iter().map(value).collect();
        let first = (by == Aggregation::Count).then_some(1.0);
        let second = if by == Aggregation::Count { 1.0 } else { 2.0 };
        assert_eq!(values, [(0, first), (1_000, Some(second))]);
        assert_eq!(snapshot.unit.as_ref().map(|unit| unit.as_str()), unit);
    }
}
