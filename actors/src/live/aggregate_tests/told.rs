//! What those are told who come back, come in between, or are slow.

use edgesync_schemas::wire::live::Position;

use super::*;

#[tokio::test]
async fn who_comes_back_gets_the_buckets_that_changed() {
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let flow = FlowId::from_uuid(Uuid::from_u128(7));
    let node = Source::FlowNode { flow, node: "n".into(), field: "output".into() };
    let source = aggregate(node, Aggregation::Count);
    let mut here = Dashboard::open(&hub, source.clone(), 10).await;
    let at = |ms: i64| vec![Timestamp::from_ms(ms).unwrap()];
    hub.publish(&engine_rows(flow, at(0), &[1.0]));
    hub.publish(&engine_rows(flow, at(5_000), &[1.0]));
    here.session.ready().await;
    here.take();
    let before = here.session.subscribe(request(source.clone(), None)).await.unwrap();
    assert_eq!(before.points.len(), 2);
    drop(here);
    hub.publish(&engine_rows(flow, at(5_500), &[1.0]));
    let mut session = hub.session();
    let back = session.subscribe(request(source, Some(before.position))).await.unwrap();
    assert!(back.recovered);
    let mut dashboard = Dashboard { session, shown: back.points.iter().map(value).collect() };
    if dashboard.shown.is_empty() {
        dashboard.session.ready().await;
        dashboard.take();
    }
    assert_eq!(dashboard.shown, BTreeMap::from([(5_000, Some(2.0))]));
}

#[tokio::test]
async fn who_comes_back_is_told_no_sooner_than_the_others_whoever_else_comes() {
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let flow = FlowId::from_uuid(Uuid::from_u128(7));
    let node = Source::FlowNode { flow, node: "n".into(), field: "output".into() };
    let source = aggregate(node, Aggregation::Count);
    let mut here = Dashboard::open(&hub, source.clone(), 10).await;
    hub.publish(&rows(flow, &[1.0]));
    let place = loop {
        here.session.ready().await;
        if let Some((_, Told::Values(update))) = here.session.take_told() {
            break Position { epoch: hub.aggregate_of(&source).unwrap().told().epoch, offset: update.offset };
        }
    };
    tokio::time::pause();
    hub.publish(&rows(flow, &[1.0]));
    hub.publish(&engine_rows(flow, vec![Timestamp::from_ms(1_000).unwrap()], &[1.0]));
    let new = Dashboard::open(&hub, source.clone(), 10).await;
    let by_now = BTreeMap::from([(0, Some(2.0)), (1_000, Some(1.0))]);
    assert_eq!(new.shown, by_now);
    let mut session = hub.session();
    let back = session.subscribe(request(source, Some(place))).await.unwrap();
    assert_eq!((back.points.len(), back.recovered, back.position), (0, true, place));
    assert!(session.take_told().is_none());
    tokio::time::advance(INTERVAL + Duration::from_millis(1)).await;
    let mut back = Dashboard { session, shown: Shown::new() };
    back.session.ready().await;
    assert_eq!((back.take(), back.shown), (1, by_now));
}

#[tokio::test]
async fn a_snapshot_has_what_is_put_in_while_it_is_made() {
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let flow = FlowId::from_uuid(Uuid::from_u128(7));
    let node = Source::FlowNode { flow, node: "n".into(), field: "output".into() };
    let source = aggregate(node, Aggregation::Count);
    let mut here = Dashboard::open(&hub, source.clone(), 10).await;
    hub.publish(&rows(flow, &[1.0]));
    here.session.ready().await;
    here.take();
    let made = hub.aggregate_of(&source).unwrap();
    let end = made.told().look(|ring| ring.next);
    hub.publish(&rows(flow, &[1.0]));
    made.show();
    let newest = made.told().newest(10, end, Timestamp::MIN);
    let values: Vec<_> = newest.iter().map(|sample| value(&sample.point)).collect();
    assert_eq!(values, [(0, Some(2.0))]);
}

#[tokio::test]
async fn a_slow_dashboard_is_told_each_bucket_that_changed_once_and_how_often_that_is() {
    let log = TempLog::open();
    let hub = Hub::start(log.clone());
    let flow = FlowId::from_uuid(Uuid::from_u128(7));
    let node = Source::FlowNode { flow, node: "n".into(), field: "output".into() };
    let source = aggregate(node, Aggregation::Sum);
    let _all = Dashboard::open(&hub, source.clone(), limit::LIVE_POINTS).await;
    let put_out = |buckets: std::ops::Range<i64>| {
        let ts: Vec<_> = buckets.map(|n| Timestamp::from_ms(n * 1_000).unwrap()).collect();
        let ones = vec![1.0; ts.len()];
        hub.publish(&engine_rows(flow, ts, &ones));
    };
    tokio::time::pause();
    let wait = async || {
        tokio::time::advance(INTERVAL + Duration::from_millis(1)).await;
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    };
    put_out(0..100);
    wait().await;
    // what was before does not matter to it: it asks for none of that
    let mut slow = Dashboard::open(&hub, source, 0).await;
    assert!(slow.shown.is_empty());
    let (mut hz, mut least) = (None, usize::MAX);
    for tick in 0..100i64 {
        put_out(100 + tick..102 + tick);
        wait().await;
        if tick % 10 < 9 {
            continue;
        }
        while let Some((_, told)) = slow.session.take_told() {
            let Told::Values(update) = told else { unreachable!() };
            assert_eq!(update.skipped, 0);
            slow.shown.extend(update.values.iter().map(|folded| value(&folded.point)));
            hz = update.hz.or(hz);
            least = least.min(update.values.len());
            assert!(update.values.len() <= 20, "{} values", update.values.len());
        }
    }
    assert_eq!(least, 11, "of ten tellings of two each");
    assert!(hz.is_some_and(|hz| hz < 2.0), "{hz:?}");
    let sums = (100..202).map(|n| (n * 1_000, Some(if n == 100 || n == 201 { 1.0 } else { 2.0 })));
    let mut shown = slow.shown;
    // the last are told when it is time for them
    for (start, sum) in sums.take(90) {
        assert_eq!(shown.remove(&start), Some(sum), "{start}");
    }
    assert!(shown.keys().all(|start| *start >= 190_000));
}
