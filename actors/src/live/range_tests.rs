//! The history from a time on, in a subscription: as single readings or as buckets, and the updates right behind it.

use std::time::Duration;

use edgesync_schemas::entity::widget::Aggregation;
use edgesync_schemas::id::{Offset, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;

use super::tests::{append_range, drain, numbers, request, rows, sensor};
use super::*;
use crate::testing::{TempLog, append, device, skip};

fn from(ms: i64, points: usize) -> Request {
    Request { points, from: Timestamp::from_ms(ms), ..request(sensor(device(1), "t"), None) }
}

#[tokio::test]
async fn a_time_with_few_readings_is_told_reading_by_reading() {
    let log = TempLog::open();
    append_range(&log, device(1), 0..10).await;
    let hub = Hub::start(log.clone());
    let mut session = hub.session();
    let snapshot = session.subscribe(from(4, 6)).await.unwrap();
    assert_eq!((numbers(&snapshot), &snapshot.spreads), (vec![4.0, 5.0, 6.0, 7.0, 8.0, 9.0], &None));
    let snapshot = session.subscribe(from(100, 6)).await.unwrap();
    assert_eq!((numbers(&snapshot), &snapshot.spreads), (vec![], &None));
    append_range(&log, device(1), 10..12).await;
    assert_eq!(drain(&mut session, 12).await, (2, 0, 11.0));
}

#[tokio::test]
async fn more_than_the_points_is_told_in_buckets_that_keep_every_spike() {
    let log = TempLog::open();
    let day = 24 * 3_600_000;
    let json: Vec<String> =
        (0..100).map(|n| if n == 57 { "900".to_owned() } else { n.to_string() }).collect();
    let readings: Vec<_> =
        json.iter().zip(0..).map(|(json, n)| ("t", day + n * 1_000, json.as_str(), Some("C"))).collect();
    append(&log, device(1), &readings).await;
    append(&log, device(1), &[("t", day + 100_000, "\"open\"", None)]).await;
    let hub = Hub::start(log.clone());
    let mut session = hub.session();
    // from long before the first reading on: its time begins with that
    let snapshot = session.subscribe(from(0, 20)).await.unwrap();
    let spreads = snapshot.spreads.clone().unwrap();
    assert!(snapshot.points.len() <= 20, "{snapshot:?}");
    assert_eq!(snapshot.points[0].ts.as_ms(), day);
    assert_eq!(snapshot.points.len(), spreads.of_points.len());
    // the buckets are those of history from there to now, so all readings lie in the first
    assert_eq!(spreads.of_points[0], Some((0.0, 900.0)));
    let sum: f64 = (0..100).map(f64::from).sum::<f64>() - 57.0 + 900.0;
    assert_eq!(snapshot.points[0].num, sum / 100.0);
    assert_eq!(snapshot.position.offset, 101);
    assert!(!snapshot.recovered);
}

#[tokio::test]
async fn of_a_flows_node_a_time_is_what_is_kept_of_it() {
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let flow = edgesync_schemas::id::FlowId::from_uuid(uuid::Uuid::from_u128(7));
    let source = Source::FlowNode { flow, node: "n".into(), field: "output".into() };
    let mut session = hub.session();
    session.subscribe(request(source.clone(), None)).await.unwrap();
    hub.publish(&rows(flow, &[0.0, 1.0, 2.0, 3.0]));
    let asked = Request { from: Timestamp::from_ms(1), points: 2, ..request(source.clone(), None) };
    let snapshot = session.subscribe(asked).await.unwrap();
    assert_eq!((numbers(&snapshot), &snapshot.spreads), (vec![2.0, 3.0], &None));
    let asked = Request { from: Timestamp::from_ms(1), points: 9, ..request(source, None) };
    assert_eq!(numbers(&session.subscribe(asked).await.unwrap()), [1.0, 2.0, 3.0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missed_or_seen_twice_behind_a_history_in_buckets() {
    const TOTAL: u64 = 1_500;
    let log = TempLog::open();
    append_range(&log, device(1), 0..100).await;
    let hub = Hub::start(log.clone());
    let writer = tokio::spawn({
        let log = log.clone();
        async move { append_range(&log, device(1), 100..TOTAL).await }
    });
    let watchers: Vec<_> = (0..16u64)
        .map(|n| {
            let (hub, log) = (hub.clone(), log.clone());
            tokio::spawn(async move {
                let mut tail = log.tail(Offset(0));
                while tail.cursor().0 < 100 + n * TOTAL / 40 {
                    tail.next().await.unwrap();
                }
                let mut session = hub.session();
                let snapshot = session.subscribe(from(0, 10)).await.unwrap();
                // each reading is one more than the one before it, so the largest tells how many there are
                let spreads = snapshot.spreads.unwrap();
                let (least, most) = spreads.of_points[0].unwrap();
                assert_eq!(least, 0.0);
                assert_eq!(most as u64 + 1, snapshot.position.offset);
                let (sent, skipped, newest) = drain(&mut session, TOTAL).await;
                assert_eq!((most as u64 + 1 + sent + skipped, newest), (TOTAL, (TOTAL - 1) as f64));
            })
        })
        .collect();
    writer.await.unwrap();
    for watcher in watchers {
        watcher.await.unwrap();
    }
}

/// As [`Session::subscribe`], with the clock put forward until it answers.
async fn answered(session: &mut Session, request: Request) -> Result<Snapshot, Error> {
    let mut answer = std::pin::pin!(session.subscribe(request));
    for _ in 0..10 * limit::HISTORY_WAIT_S {
        // threads read meanwhile, which tell no clock
        if let Ok(answered) = tokio::time::timeout(Duration::from_millis(5), &mut answer).await {
            return answered;
        }
        skip(Duration::from_secs(1)).await;
    }
    panic!("it waits for ever");
}

#[tokio::test]
async fn what_an_aggregate_reads_is_read_in_the_turn_of_who_asks() {
    let log = TempLog::open();
    append_range(&log, device(1), 0..10).await;
    let hub = Hub::start(log.clone());
    let [ada, bob] = [1, 2].map(|n| UserId::from_uuid(uuid::Uuid::from_u128(n)));
    let counted = |interval_ms| {
        let of = Aggregated { source: sensor(device(1), "t"), aggregation: Aggregation::Count, interval_ms };
        request(Source::Aggregate(Box::new(of)), None)
    };
    let mut sessions = [hub.session_of(ada).unwrap(), hub.session_of(bob).unwrap()];
    let turn = hub.history().turn(ada).await.unwrap();
    // others do not wait for what one user reads
    assert_eq!(sessions[1].subscribe(counted(1_000)).await.unwrap().points.len(), 1);
    let busy = answered(&mut sessions[0], counted(2_000)).await;
    assert!(matches!(busy, Err(Error::Busy)), "{busy:?}");
    drop(turn);
    assert_eq!(sessions[0].subscribe(counted(2_000)).await.unwrap().points.len(), 1);
}

#[tokio::test]
async fn nobody_waits_for_ever_until_the_log_may_be_read() {
    let log = TempLog::open();
    append_range(&log, device(1), 0..10).await;
    let hub = Hub::start(log.clone());
    let all = u32::try_from(limit::LIVE_HISTORY_READS).unwrap();
    let reads = hub.shared.history.clone().acquire_many_owned(all).await.unwrap();
    let mut session = hub.session();
    let asked = request(sensor(device(1), "t"), None);
    let busy = answered(&mut session, asked.clone()).await;
    assert!(matches!(busy, Err(Error::Busy)), "{busy:?}");
    drop(reads);
    assert_eq!(session.subscribe(asked).await.unwrap().points.len(), 10);
}

#[test]
fn what_takes_too_long_to_read_is_not_tried_by_everybody_who_comes() {
    // one thread for all that reads, so that it can be kept busy
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let log = TempLog::open();
        append(&log, device(1), &[("t", 0, "1", None), ("t", 9_000, "1", None)]).await;
        let hub = Hub::start(log.clone());
        let of = Aggregated {
            source: sensor(device(1), "t"),
            aggregation: Aggregation::Count,
            interval_ms: 1_000,
        };
        let asked = |points| Request { points, ..request(Source::Aggregate(Box::new(of.clone())), None) };
        let mut first = hub.session();
        assert_eq!(first.subscribe(asked(2)).await.unwrap().points.len(), 1);
        let (release, busy) = std::sync::mpsc::sync_channel::<()>(1);
        let blocker = tokio::task::spawn_blocking(move || busy.recv());
        let mut session = hub.session();
        let slow = answered(&mut session, asked(100)).await;
        assert!(matches!(slow, Err(Error::TooLong)), "{slow:?}");
        drop(release);
        blocker.await.unwrap().unwrap_err();
        // though it could be read by now
        let known = session.subscribe(asked(100)).await;
        assert!(matches!(known, Err(Error::TooLong)), "{known:?}");
        skip(Duration::from_secs(limit::LIVE_TOO_LONG_S)).await;
        assert_eq!(session.subscribe(asked(100)).await.unwrap().points.len(), 2);
    });
}
