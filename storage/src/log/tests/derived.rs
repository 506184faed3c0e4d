//! Rows that flows store. On both stores.

use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_test_postgres::Lost;
use uuid::Uuid;

use super::super::{Derived, DerivedOf, DerivedQuery, DerivedRow, Error};
use super::*;
use crate::postgres::{Server, Target};

on_both_stores!(
    rows_are_kept_once_and_the_latest_reading_decides,
    rows_of_all_kinds_come_back_in_both_orders_after_a_restart,
    series_are_numbered_once_and_found_by_their_flow,
    what_is_too_old_is_dropped_some_at_a_time_and_a_flow_is_forgotten_whole,
    many_writers_at_once_lose_nothing,
    rows_are_stored_while_a_flow_is_forgotten,
);

fn flow(n: u128) -> FlowId {
    FlowId::from_uuid(Uuid::from_u128(n))
}

fn of(name: &str, number: Option<u128>, sensor: Option<&str>) -> DerivedOf {
    let sensor = sensor.map(|sensor| sensor.parse().unwrap());
    DerivedOf { name: name.parse().unwrap(), device: number.map(device), sensor }
}

fn row(s: i64, offset: u64, num: f64) -> DerivedRow {
    let offset = Offset(offset);
    DerivedRow { timestamp: at(s), offset, num, raw: None, unit: None, quality: Quality::GOOD }
}

fn one(of_flow: u128, of: &DerivedOf, row: DerivedRow) -> Derived {
    Derived { flow: flow(of_flow), of: of.clone(), row }
}

/// Three rows of two series.
pub(super) fn some() -> Vec<Derived> {
    let (s, t) = (of("s", None, None), of("t", Some(1), Some("x")));
    vec![one(1, &s, row(0, 0, 1.0)), one(1, &s, row(1, 0, 2.0)), one(1, &t, row(0, 0, 3.0))]
}

async fn put(bench: &Bench, rows: Vec<Derived>) {
    assert_eq!(bench.log.put_derived(&Arc::new(rows)).await.unwrap(), [0usize; 0]);
}

async fn id(bench: &Bench, of_flow: u128, of: &DerivedOf) -> u32 {
    let all = bench.log.derived_series(flow(of_flow)).await.unwrap();
    all.iter().find(|series| series.of == *of).expect("the series").id
}

fn whole(series: u32, order: Order) -> DerivedQuery {
    DerivedQuery { series, from: Timestamp::MIN, to: Timestamp::MAX, order, limit: 1_000_000 }
}

async fn rows(bench: &Bench, of_flow: u128, of: &DerivedOf) -> Vec<DerivedRow> {
    let series = id(bench, of_flow, of).await;
    bench.log.derived_rows(whole(series, Order::Ascending)).await.unwrap()
}

async fn rows_are_kept_once_and_the_latest_reading_decides(place: Place) {
    let bench = place.open(small());
    let s = of("mean", Some(1), Some("t"));
    put(&bench, vec![one(1, &s, row(60, 5, 1.0)), one(1, &s, row(0, 3, 0.5)), one(1, &s, row(60, 7, 2.0))])
        .await;
    assert_eq!(rows(&bench, 1, &s).await, [row(0, 3, 0.5), row(60, 7, 2.0)]);
    // A repeat after a restart begins with what is older; the last of equals is the newest.
    put(&bench, vec![one(1, &s, row(0, 3, 0.5)), one(1, &s, row(60, 5, 1.0))]).await;
    assert_eq!(rows(&bench, 1, &s).await, [row(0, 3, 0.5), row(60, 7, 2.0)]);
    put(&bench, vec![one(1, &s, row(60, 7, 3.0))]).await;
    put(&bench, vec![one(1, &s, row(60, 9, 4.0)), one(1, &s, row(60, 9, 5.0))]).await;
    assert_eq!(rows(&bench, 1, &s).await, [row(0, 3, 0.5), row(60, 9, 5.0)]);
    put(&bench, Vec::new()).await;
}

async fn rows_of_all_kinds_come_back_in_both_orders_after_a_restart(place: Place) {
    let bench = place.open(small());
    let s = of("a/b", Some(1), None);
    let mut all = vec![
        DerivedRow { timestamp: Timestamp::MIN, ..row(0, 1, -0.5) },
        row(-5, u64::from(u32::MAX), 1e300),
        DerivedRow { unit: Some("°C".parse().unwrap()), quality: Quality::CLOCK_AHEAD, ..row(0, 2, 21.5) },
        DerivedRow { raw: Some("{\"a\":[null,\"\\u0000x\"]}".into()), ..row(1, 3, 0.0) },
        DerivedRow { raw: Some("true".into()), ..row(2, 3, 1.0) },
        DerivedRow { raw: Some(format!("\"{}\"", "ä".repeat(20_000)).into()), ..row(3, 4, 0.0) },
        DerivedRow { timestamp: Timestamp::MAX, ..row(0, 9, f64::MIN_POSITIVE) },
    ];
    put(&bench, all.iter().rev().map(|row| one(1, &s, row.clone())).collect()).await;
    let other = of("a/b", Some(2), None);
    put(&bench, vec![one(1, &other, row(0, 2, 7.0))]).await;
    let bench = bench.log.shutdown().await.map(|()| drop(bench)).map(|()| place.open(small())).unwrap();
    assert_eq!(rows(&bench, 1, &s).await, all);
    let series = id(&bench, 1, &s).await;
    let query = DerivedQuery { from: at(0), to: at(2), ..whole(series, Order::Ascending) };
    assert_eq!(bench.log.derived_rows(query).await.unwrap(), all[2..5]);
    let some = DerivedQuery { limit: 2, order: Order::Descending, ..query };
    assert_eq!(bench.log.derived_rows(some).await.unwrap(), [all[4].clone(), all[3].clone()]);
    let none = DerivedQuery { from: at(2), to: at(1), ..query };
    assert_eq!(bench.log.derived_rows(none).await.unwrap(), []);
    all.reverse();
    assert_eq!(bench.log.derived_rows(whole(series, Order::Descending)).await.unwrap(), all);
    let others = id(&bench, 1, &other).await;
    let newest = bench.log.newest_derived(&[others, series, 99]).await.unwrap();
    assert_eq!(newest.into_iter().collect::<Vec<_>>(), [(series, all[0].clone()), (others, row(0, 2, 7.0))]);
}

async fn series_are_numbered_once_and_found_by_their_flow(place: Place) {
    let bench = place.open(small());
    let all = [
        of("all", None, None),
        of("device", Some(1), None),
        of("sensor", Some(1), Some("t")),
        of("sensor", Some(1), Some("u")),
        of("sensor", Some(2), Some("t")),
    ];
    put(&bench, all[..3].iter().map(|s| one(1, s, row(0, 0, 1.0))).collect()).await;
    put(&bench, all.iter().map(|s| one(1, s, row(1, 1, 2.0))).collect()).await;
    put(&bench, vec![one(2, &all[0], row(5, 2, 3.0))]).await;
    drop(bench);
    let bench = place.open(small());
    put(&bench, all.iter().map(|s| one(1, s, row(2, 2, 2.0))).collect()).await;
    let found = bench.log.derived_series(flow(1)).await.unwrap();
    assert_eq!(found.iter().map(|series| series.of.clone()).collect::<Vec<_>>(), all);
    for (series, count) in all.iter().zip([3, 3, 3, 2, 2]) {
        assert_eq!(rows(&bench, 1, series).await.len(), count, "{series:?}");
    }
    assert_eq!(rows(&bench, 2, &all[0]).await, [row(5, 2, 3.0)]);
    let mut ids: Vec<u32> =
        bench.log.all_derived_series().await.unwrap().iter().map(|series| series.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

async fn what_is_too_old_is_dropped_some_at_a_time_and_a_flow_is_forgotten_whole(place: Place) {
    let bench = place.open(small());
    let (s, t) = (of("s", None, None), of("t", None, None));
    let many = limit::DERIVED_EXPIRED as i64 + 10;
    put(&bench, (0..many).map(|n| one(1, &s, row(n, 0, n as f64))).collect()).await;
    put(&bench, vec![one(1, &t, row(0, 0, 1.0)), one(1, &t, row(9, 0, 2.0)), one(2, &s, row(0, 0, 3.0))])
        .await;
    let old = |id, before| (id, Timestamp::MIN..before);
    let mut old = vec![old(id(&bench, 1, &s).await, at(many - 3)), old(id(&bench, 1, &t).await, at(9))];
    assert_eq!(bench.log.expire_derived(&mut old).await.unwrap(), limit::DERIVED_EXPIRED);
    assert!(
        old[0].1.start >= at(limit::DERIVED_EXPIRED as i64 - 1),
        "what went is not looked for again: {old:?}"
    );
    assert_eq!(bench.log.expire_derived(&mut old).await.unwrap(), 8);
    assert_eq!(bench.log.expire_derived(&mut old).await.unwrap(), 0);
    let left: Vec<f64> = rows(&bench, 1, &s).await.iter().map(|row| row.num).collect();
    assert_eq!(left, [many as f64 - 3.0, many as f64 - 2.0, many as f64 - 1.0]);
    assert_eq!(rows(&bench, 1, &t).await, [row(9, 0, 2.0)]);

    put(&bench, vec![one(1, &t, DerivedRow { timestamp: Timestamp::MAX, ..row(0, 0, 1.0) })]).await;
    let gone = id(&bench, 1, &t).await;
    bench.log.forget_derived(flow(1)).await.unwrap();
    assert_eq!(bench.log.derived_series(flow(1)).await.unwrap(), []);
    assert_eq!(bench.log.derived_rows(whole(gone, Order::Ascending)).await.unwrap(), []);
    assert_eq!(rows(&bench, 2, &s).await, [row(0, 0, 3.0)]);
    drop(bench);
    let bench = place.open(small());
    assert_eq!(bench.log.all_derived_series().await.unwrap().len(), 1);
    put(&bench, vec![one(1, &t, row(0, 0, 4.0))]).await;
    assert_eq!(rows(&bench, 1, &t).await, [row(0, 0, 4.0)]);
}

async fn rows_are_stored_while_a_flow_is_forgotten(place: Place) {
    let bench = place.open(small());
    let s = of("s", None, None);
    let many = 4 * limit::DERIVED_EXPIRED as i64 + 10;
    put(&bench, (0..many).map(|n| one(1, &s, row(n, 0, n as f64))).collect()).await;
    let gone = id(&bench, 1, &s).await;
    let mut forgotten = std::pin::pin!(bench.log.forget_derived(flow(1)));
    for n in 0..3 {
        tokio::select! {
            biased;
            _ = &mut forgotten => panic!("row {n} waits until all are gone"),
            () = put(&bench, vec![one(2, &s, row(n, 0, 1.0))]) => {}
        }
    }
    forgotten.await.unwrap();
    assert_eq!(rows(&bench, 2, &s).await.len(), 3);
    assert_eq!(bench.log.derived_series(flow(1)).await.unwrap(), []);
    assert_eq!(bench.log.derived_rows(whole(gone, Order::Ascending)).await.unwrap(), []);
}

/// The database has committed what nobody was told of.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_was_lost_gives_no_number_away_twice() {
    let cluster = edgesync_test_postgres::Options::new().unsynced().start();
    let proxy = cluster.proxy();
    let server = Server::open(&Target::parse(&proxy.url()).unwrap()).await.unwrap();
    let bench = Bench::new(ReadingLog::open_postgres(&server, small()).await.unwrap());
    let t = of("t", None, None);
    let s = of("s", None, None);
    proxy.lose_of("INSERT INTO derived AS", 0, Lost::Answer);
    let error = bench.log.put_derived(&Arc::new(vec![one(1, &s, row(0, 0, 1.0))])).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable), "{error:?}");
    assert!(proxy.has_lost());
    let write = async |rows: Vec<Derived>| {
        let rows = Arc::new(rows);
        while bench.log.put_derived(&rows).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    write(vec![one(1, &t, row(0, 0, 2.0))]).await;
    write(vec![one(1, &s, row(1, 0, 3.0))]).await;
    assert_eq!(rows(&bench, 1, &s).await, [row(0, 0, 1.0), row(1, 0, 3.0)]);
    assert_eq!(rows(&bench, 1, &t).await, [row(0, 0, 2.0)]);
}

async fn many_writers_at_once_lose_nothing(place: Place) {
    let bench = place.open(small());
    let writers = (0..8u128).map(|writer| {
        let log = bench.log.clone();
        tokio::spawn(async move {
            for n in 0..5 {
                let s = of(&format!("s{n}"), Some(writer % 4), None);
                let rows = vec![one(1, &s, row((writer * 10) as i64 + n, 0, 1.0))];
                log.put_derived(&Arc::new(rows)).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let series = bench.log.derived_series(flow(1)).await.unwrap();
    assert_eq!(series.len(), 20);
    for series in series {
        assert_eq!(rows(&bench, 1, &series.of).await.len(), 2, "{series:?}");
    }
}
