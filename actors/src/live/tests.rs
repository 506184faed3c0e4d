//! Subscriptions on a real log: what a dashboard sees is each value once, in its snapshot or after it.

use std::time::Duration;

use edgesync_engine::cell::emit::Rows;
use edgesync_engine::chunk::Column;
use edgesync_schemas::flow::Port;
use edgesync_schemas::id::{DeviceId, FlowId, Offset, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::wire::live::{Position, SubId};
use edgesync_storage::log::ReadingLog;
use uuid::Uuid;

use super::*;
use crate::testing::{TempLog, append, device, skip};

pub(super) fn sensor(device: DeviceId, name: &str) -> Source {
    Source::DeviceSensor { device, sensor: name.parse().unwrap() }
}

pub(super) fn request(source: Source, since: Option<Position>) -> Request {
    Request { id: SubId(1), source, points: limit::LIVE_POINTS, max_hz: limit::LIVE_HZ, since, from: None }
}

pub(super) fn numbers(snapshot: &Snapshot) -> Vec<f64> {
    snapshot.points.iter().map(|point| point.num).collect()
}

/// Updates until the source has told everything before `end`: values sent, values skipped, newest value.
pub(super) async fn drain(session: &mut Session, end: u64) -> (u64, u64, f64) {
    let (mut sent, mut skipped) = (0, 0);
    loop {
        session.ready().await;
        let Some((_, update)) = session.take() else { continue };
        sent += update.values.len() as u64;
        skipped += update.skipped;
        if update.offset >= end {
            return (sent, skipped, update.values.last().unwrap().point.num);
        }
    }
}

pub(super) async fn append_range(log: &ReadingLog, of: DeviceId, values: std::ops::Range<u64>) {
    for value in values {
        append(log, of, &[("t", value as i64, &value.to_string(), Some("C"))]).await;
    }
}

#[tokio::test]
async fn a_subscription_begins_with_the_newest_values_and_goes_on_from_there() {
    let log = TempLog::open();
    append_range(&log, device(1), 0..10).await;
    append(&log, device(2), &[("t", 99, "99", None)]).await;
    let hub = Hub::start(log.clone());
    let mut session = hub.session();
    let request = Request { points: 3, ..request(sensor(device(1), "t"), None) };
    let snapshot = session.subscribe(request).await.unwrap();
    assert_eq!(numbers(&snapshot), [7.0, 8.0, 9.0]);
    assert_eq!((snapshot.position.offset, snapshot.recovered), (11, false));
    assert_eq!(snapshot.unit.as_ref().map(|unit| unit.as_str()), Some("C"));

    append(&log, device(2), &[("t", 100, "100", None)]).await;
    append(
        &log,
        device(1),
        &[("u", 10, "1", None), ("t", 10, "10", Some("F")), ("t", 11, "\"text\"", Some("F"))],
    )
    .await;
    session.ready().await;
    let (id, update) = session.take().unwrap();
    assert_eq!((id, update.offset, update.skipped), (SubId(1), 15, 0));
    let values: Vec<_> =
        update.values.iter().map(|value| (value.point.num, value.point.raw.as_deref())).collect();
    assert_eq!(values, [(10.0, None), (0.0, Some("\"text\""))]);
    assert_eq!(update.unit.map(|unit| unit.as_str().to_owned()), Some("F".to_owned()));
    assert!(session.take().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missed_or_seen_twice_while_readings_arrive() {
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    const TOTAL: u64 = 1500;
    let writer = tokio::spawn({
        let log = log.clone();
        async move { append_range(&log, device(1), 0..TOTAL).await }
    });
    let watchers: Vec<_> = (0..20u64)
        .map(|n| {
            let (hub, log) = (hub.clone(), log.clone());
            tokio::spawn(async move {
                // they come at different places of the stream, by the stream's own progress
                let mut tail = log.tail(Offset(0));
                while tail.cursor().0 < n * TOTAL / 40 {
                    tail.next().await.unwrap();
                }
                let mut session = hub.session();
                let snapshot = session.subscribe(request(sensor(device(1), "t"), None)).await.unwrap();
                let known = numbers(&snapshot);
                let expected: Vec<_> = (0..known.len() as u32).map(f64::from).collect();
                assert_eq!(known, expected, "the snapshot has holes");
                assert_eq!(known.len() as u64, snapshot.position.offset);
                let (sent, skipped, newest) = drain(&mut session, TOTAL).await;
                assert_eq!((known.len() as u64 + sent + skipped, newest), (TOTAL, (TOTAL - 1) as f64));
            })
        })
        .collect();
    writer.await.unwrap();
    for watcher in watchers {
        watcher.await.unwrap();
    }
}

#[tokio::test]
async fn a_dashboard_that_comes_back_gets_exactly_what_it_missed() {
    let log = TempLog::open();
    append_range(&log, device(1), 0..5).await;
    let hub = Hub::start(log.clone());
    let mut session = hub.session();
    let source = sensor(device(1), "t");
    let before = session.subscribe(request(source.clone(), None)).await.unwrap();
    drop(session);
    append_range(&log, device(1), 5..8).await;
    // from the ring, which is kept for a while
    let mut session = hub.session();
    let back = session.subscribe(request(source.clone(), Some(before.position))).await.unwrap();
    assert!(back.recovered);
    // what the ring has not been given yet comes as updates
    let missed = back.points.len() as u64;
    let sent = if missed < 3 { drain(&mut session, 8).await.0 } else { 0 };
    assert_eq!(missed + sent, 3);
    // from the log, after a restart of the server
    let restarted = Hub::start(log.clone());
    let mut session = restarted.session();
    let back = session.subscribe(request(source, Some(before.position))).await.unwrap();
    assert_eq!((numbers(&back), back.recovered), (vec![5.0, 6.0, 7.0], true));
    assert_eq!(back.position.offset, 8);
}

#[tokio::test]
async fn a_dashboard_that_missed_too_much_is_told_and_gets_the_newest() {
    let log = TempLog::open();
    append_range(&log, device(1), 0..1).await;
    let since = Position { epoch: sensors::epoch(device(1), &"t".parse().unwrap()), offset: 1 };
    let many: Vec<_> = (1..=limit::LIVE_POINTS as i64 + 1).collect();
    for chunk in many.chunks(500) {
        let texts: Vec<_> = chunk.iter().map(|n| (*n, n.to_string())).collect();
        let readings: Vec<_> = texts.iter().map(|(n, text)| ("t", *n, text.as_str(), None)).collect();
        append(&log, device(1), &readings).await;
    }
    let hub = Hub::start(log.clone());
    let mut session = hub.session();
    let source = sensor(device(1), "t");
    let back =
        session.subscribe(Request { points: 2, ..request(source.clone(), Some(since)) }).await.unwrap();
    assert_eq!((numbers(&back), back.recovered), (vec![2000.0, 2001.0], false));
    // an offset of another log, or of a flow's node
    for since in [Position { epoch: 99, offset: 1 }, Position { epoch: since.epoch, offset: 1_000_000 }] {
        let back = session.subscribe(request(source.clone(), Some(since))).await.unwrap();
        assert!(!back.recovered, "{since:?}");
    }
}

#[tokio::test]
async fn a_sensor_that_has_sent_nothing_yet_can_be_watched() {
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let mut session = hub.session();
    let snapshot = session.subscribe(request(sensor(device(1), "t"), None)).await.unwrap();
    assert_eq!((snapshot.points.len(), snapshot.position.offset), (0, 0));
    append(&log, device(1), &[("other", 1, "1", None)]).await;
    append(&log, device(1), &[("t", 2, "2", None), ("t", 3, "3", None)]).await;
    assert_eq!(drain(&mut session, 3).await, (2, 0, 3.0));
}

#[tokio::test]
async fn a_source_that_nobody_watches_any_more_is_let_go() {
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let mut session = hub.session();
    session.subscribe(request(sensor(device(1), "t"), None)).await.unwrap();
    assert_eq!(hub.followed(), 1);
    tokio::time::pause();
    session.unsubscribe(SubId(1));
    tokio::time::advance(Duration::from_secs(limit::LIVE_LINGER_S) / 2).await;
    assert_eq!(hub.followed(), 1, "a dashboard may come back");
    while hub.followed() > 0 {
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert!(!hub.shared.sensors.is_reading());
}

#[tokio::test]
async fn subscriptions_of_a_socket_are_limited() {
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let mut session = hub.session();
    for id in 0..limit::LIVE_SUBSCRIPTIONS as u32 {
        let request = Request { id: SubId(id), points: 0, ..request(sensor(device(1), "t"), None) };
        session.subscribe(request).await.unwrap();
    }
    let one_more = Request { id: SubId(u32::MAX), ..request(sensor(device(1), "t"), None) };
    assert!(matches!(session.subscribe(one_more).await, Err(Error::Limit { .. })));
    let again = Request { id: SubId(0), ..request(sensor(device(1), "t"), None) };
    session.subscribe(again).await.unwrap();
}

pub(super) fn rows(flow: FlowId, values: &[f64]) -> Rows {
    let rows = values.len();
    Rows {
        flow,
        version: 1,
        node: "n".into(),
        port: Port::Out,
        series: vec![edgesync_schemas::id::SeriesId(0); rows],
        ts: (0..rows as i64).map(|ms| Timestamp::from_ms(ms).unwrap()).collect(),
        num: values.to_vec(),
        raw: Vec::new(),
        unit: vec![UnitIndex::NONE; rows],
        units: [].into(),
        offset: vec![Offset(0); rows],
        quality: Vec::new(),
        fields: vec![(
            "double".into(),
            Column { num: values.iter().map(|value| value * 2.0).collect(), raw: Vec::new() },
        )],
        reasons: Vec::new(),
    }
}

#[tokio::test]
async fn a_unit_that_a_flow_gave_is_shown() {
    let log = TempLog::open();
    // the records' series has to be one that the log knows
    append_range(&log, device(1), 0..1).await;
    let hub = Hub::start(log.clone());
    let flow = FlowId::from_uuid(Uuid::from_u128(7));
    let source = Source::FlowNode { flow, node: "n".into(), field: "output".into() };
    let mut session = hub.session();
    session.subscribe(request(source, None)).await.unwrap();
    let unit = UnitIndex::of_flow(1).unwrap();
    let units = ["V", "kW"].map(|unit| unit.parse().unwrap()).into();
    hub.publish(&Rows { unit: vec![unit], units, ..rows(flow, &[1.0]) });
    let (_, update) = session.take().unwrap();
    assert_eq!(update.unit.unwrap().as_str(), "kW");
}

#[tokio::test]
async fn a_node_is_watched_by_field_and_resumed_from_its_ring() {
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let flow = FlowId::from_uuid(Uuid::from_u128(7));
    let source = |field: &str| Source::FlowNode { flow, node: "n".into(), field: field.into() };
    let mut session = hub.session();
    hub.publish(&rows(flow, &[0.5]));
    let first = session.subscribe(request(source("output"), None)).await.unwrap();
    assert_eq!(numbers(&first), [0.0; 0], "nobody watched before");
    session.subscribe(Request { id: SubId(2), ..request(source("double"), None) }).await.unwrap();
    session.subscribe(Request { id: SubId(3), ..request(source("none"), None) }).await.unwrap();
    hub.publish(&rows(flow, &[1.0, 2.0]));
    let mut seen = Vec::new();
    while let Some((id, update)) = session.take() {
        seen.push((id.0, update.values.iter().map(|value| value.point.num).collect::<Vec<_>>()));
    }
    assert_eq!(seen, [(1, vec![1.0, 2.0]), (2, vec![2.0, 4.0])]);
    drop(session);

    hub.publish(&rows(flow, &[3.0]));
    let mut session = hub.session();
    let since = Position { offset: 1, ..first.position };
    let back = session.subscribe(request(source("output"), Some(since))).await.unwrap();
    assert_eq!((numbers(&back).len(), back.recovered, back.position.offset), (2, true, 3));
    assert_eq!(back.whole_since, first.whole_since);
}

#[tokio::test]
async fn a_ring_forgets_the_oldest_and_says_so() {
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let flow = FlowId::from_uuid(Uuid::from_u128(7));
    let source = Source::FlowNode { flow, node: "n".into(), field: "output".into() };
    let mut session = hub.session();
    let first = session.subscribe(request(source.clone(), None)).await.unwrap();
    let many: Vec<_> = (0..limit::LIVE_POINTS + 1).map(|n| n as f64).collect();
    hub.publish(&rows(flow, &many));
    let back = session.subscribe(request(source.clone(), Some(first.position))).await.unwrap();
    assert!(!back.recovered);
    assert_eq!(back.points.len(), limit::LIVE_POINTS);
    let since = Position { offset: 1, ..first.position };
    assert!(session.subscribe(request(source.clone(), Some(since))).await.unwrap().recovered);
    let whole_since = back.whole_since;
    // one by one it is the same
    hub.publish(&rows(flow, &[1.0]));
    assert!(!session.subscribe(request(source.clone(), Some(since))).await.unwrap().recovered);
    let since = Position { offset: 2, ..since };
    let back = session.subscribe(request(source, Some(since))).await.unwrap();
    assert_eq!((back.points.len(), back.recovered), (limit::LIVE_POINTS, true));
    assert!(whole_since > first.whole_since && back.whole_since > whole_since);
}

#[tokio::test]
async fn one_user_cannot_take_what_there_is_for_all() {
    const MOST: usize = limit::LIVE_SUBSCRIPTIONS_PER_USER;
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let (greedy, other) = (UserId::from_uuid(Uuid::from_u128(1)), UserId::from_uuid(Uuid::from_u128(2)));
    let numbered = |n: usize| Request {
        id: SubId(n as u32),
        points: 0,
        ..request(sensor(device(9), &format!("s{n}")), None)
    };
    let mut sessions = Vec::new();
    let fill = async |sessions: &mut Vec<Session>| {
        for n in 0..MOST {
            if n % limit::LIVE_SUBSCRIPTIONS == 0 {
                sessions.push(hub.session_of(greedy).unwrap());
            }
            sessions.last_mut().unwrap().subscribe(numbered(n)).await.unwrap();
        }
    };
    fill(&mut sessions).await;
    let refused = sessions[7].subscribe(numbered(MOST)).await;
    assert!(matches!(refused, Err(Error::Limit { most: MOST, .. })), "{refused:?}");
    assert_eq!(hub.followed(), MOST);
    hub.session_of(other).unwrap().subscribe(numbered(MOST)).await.unwrap();
    // what lingers counts on, so that coming and going takes no more
    sessions.clear();
    let mut again = hub.session_of(greedy).unwrap();
    assert!(again.subscribe(numbered(MOST + 1)).await.is_err());
    // but who comes back finds their places
    drop(again);
    fill(&mut sessions).await;
    sessions.clear();
    while hub.followed() > 0 {
        skip(Duration::from_secs(1)).await;
    }
    fill(&mut sessions).await;
    let sockets: Vec<_> =
        (sessions.len()..limit::LIVE_SOCKETS_PER_USER).map(|_| hub.session_of(greedy).unwrap()).collect();
    assert!(matches!(hub.session_of(greedy), Err(Error::Limit { most: limit::LIVE_SOCKETS_PER_USER, .. })));
    hub.session_of(other).unwrap();
    drop(sockets);
    hub.session_of(greedy).unwrap();
}
