//! Aggregates of widgets on the live socket: done once for all who watch, and what history says afterwards. And the history from a time on.

use std::collections::BTreeMap;

use hyper::Method;
use serde_json::{Value, json};

use crate::support::{Device, Live, Stage, eventually, now_ms, stage};

/// A widget of the sensor `a`, with more fields.
async fn widget(stage: &Stage, fields: Value) -> String {
    let body = json!({"organization_id": stage.api.organization, "name": "plant"});
    let made = stage.api.call(Method::POST, "/api/v1/dashboard-templates", Some(&body)).await;
    let dashboard = made.1["id"].as_str().unwrap_or_else(|| panic!("{made:?}")).to_owned();
    let mut body = json!({"widget_id": "w", "widget_type": "time_series", "data_source_type": "device_sensor",
        "device_id": stage.device.id, "sensor_type": "a"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let path = format!("/api/v1/dashboard-templates/{dashboard}/widgets");
    stage.api.post(&path, body).await["id"].as_str().unwrap().to_owned()
}

async fn sub(live: &mut Live, frame: Value) -> Value {
    live.socket.say(frame).await;
    live.socket.hear().await
}

async fn deliver(device: &mut Device, q: u64, base_ms: i64, readings: Value) {
    device.socket.say(json!({"t": "data", "q": q, "bt": base_ms, "r": readings})).await;
    device.acked(q).await;
}

/// The columns of a frame as rows.
fn points(frame: &Value) -> Vec<(i64, Value)> {
    let ts = frame["ts"].as_array().unwrap_or_else(|| panic!("{frame}"));
    ts.iter().zip(frame["v"].as_array().unwrap()).map(|(ts, v)| (ts.as_i64().unwrap(), v.clone())).collect()
}

/// What `/readings/series` says of the sensor `a`, bucket by bucket.
async fn series(stage: &Stage, query: &str) -> Value {
    let device = &stage.device.id;
    let path = format!("/api/v1/readings/series?device={device}&sensor=a&fill=none&{query}");
    stage.api.get(&path).await["series"][0].clone()
}

fn buckets(series: &Value, of: &str) -> Vec<(i64, Value)> {
    points(&json!({"ts": series["ts"], "v": series[of]}))
}

#[tokio::test]
async fn all_who_watch_an_average_are_told_the_same_and_it_is_what_is_stored() {
    let mut stage = stage().await;
    let fields = json!({"aggregation": "avg", "refresh_interval": 1_000, "max_samples": 50});
    let average = widget(&stage, fields).await;
    let start = (now_ms() - 30_000).div_euclid(1_000) * 1_000;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    // the middle of a bucket is stored before anybody watches
    deliver(
        &mut device,
        1,
        start,
        json!([["a", 1, 0], ["a", 2, 400], ["a", "off", 500], ["a", true, 9_000]]),
    )
    .await;
    let mut viewers = Vec::new();
    for _ in 0..3 {
        let mut live = Live::connect(&stage.server, &stage.api).await;
        let snap = sub(&mut live, json!({"t": "sub", "id": 1, "widget": average})).await;
        assert_eq!(points(&snap), [(start, json!(1.5)), (start + 9_000, json!(1.0))], "{snap}");
        viewers.push((live, Vec::new()));
    }
    // late ones, some of the same time, and one that is no number
    let frames = [
        json!([["a", 6, 600], ["a", 3, 9_100], ["a", 4, 12_000]]),
        json!([["a", 8, 12_000], ["a", "on", 13_000], ["a", -1, 20_100]]),
        json!([["a", 7, 4_000], ["a", 5, 20_900], ["a", 0.5, 21_000]]),
    ];
    for (q, readings) in (2..).zip(frames) {
        deliver(&mut device, q, start, readings).await;
    }
    let expected = BTreeMap::from([
        (start, json!(3.0)),
        (start + 4_000, json!(7.0)),
        (start + 9_000, json!(2.0)),
        (start + 12_000, json!(6.0)),
        (start + 13_000, Value::Null),
        (start + 20_000, json!(2.0)),
        (start + 21_000, json!(0.5)),
    ]);
    for (live, told) in &mut viewers {
        let shown = |told: &[(i64, Value)]| told.iter().cloned().collect::<BTreeMap<_, _>>();
        while shown(told) != expected {
            let upd = live.next(1).await;
            assert_eq!((&upd["t"], &upd["skipped"]), (&json!("upd"), &Value::Null), "{upd}");
            told.extend(points(&upd));
        }
    }
    let (_, first) = &viewers[0];
    for (_, told) in &viewers {
        assert_eq!(told, first);
    }
    assert!(first.len() <= 7 + 3, "a bucket is told again only when it changed: {first:?}");

    stage.server.kill().await;
    stage.server.restart().await;
    stage.api = stage.api.at(&stage.server);
    let mut live = Live::connect(&stage.server, &stage.api).await;
    let snap = sub(&mut live, json!({"t": "sub", "id": 1, "widget": average})).await;
    assert_eq!(points(&snap).into_iter().collect::<BTreeMap<_, _>>(), expected);
    let query = format!("from={start}&to={}&bucket=1s&agg=avg", start + 30_000);
    assert_eq!(points(&snap), buckets(&series(&stage, &query).await, "avg"));
    // and it goes on from there, in the bucket where it was
    let mut device = Device::connect(&stage.server, &stage.device, 1, 5).await;
    deliver(&mut device, 5, start, json!([["a", 1.5, 21_500]])).await;
    assert_eq!(points(&live.next(1).await), [(start + 21_000, json!(1.0))]);
    assert_eq!(buckets(&series(&stage, &query).await, "avg").last(), Some(&(start + 21_000, json!(1.0))));
}

#[tokio::test]
async fn a_widget_without_aggregation_is_told_a_value_in_an_interval_unless_more_are_asked_for() {
    let stage = stage().await;
    let last = widget(&stage, json!({"refresh_interval": 3_600_000})).await;
    let mut live = Live::connect(&stage.server, &stage.api).await;
    let mut all = Live::connect(&stage.server, &stage.api).await;
    sub(&mut live, json!({"t": "sub", "id": 1, "widget": last})).await;
    sub(&mut all, json!({"t": "sub", "id": 1, "widget": last, "max_hz": 50})).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    for q in 1..=4 {
        device.deliver(q, json!([["a", q]])).await;
        all.shows(1, q as f64).await;
    }
    let first = live.next(1).await;
    assert_eq!(first["t"], "upd", "{first}");
    // whatever was told first, nothing comes behind it: this answer is the next that is heard
    device.deliver(5, json!([["a", 5]])).await;
    all.shows(1, 5.0).await;
    let snap = sub(&mut live, json!({"t": "sub", "id": 2, "widget": last})).await;
    assert_eq!((&snap["t"], &snap["id"]), (&json!("snap"), &json!(2)), "{snap}");
}

#[tokio::test]
async fn a_time_is_told_reading_by_reading_or_in_buckets_and_goes_on_live() {
    let stage = stage().await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    const FRAMES: i64 = 10;
    let start = (now_ms() - 3_600_000).div_euclid(1_000) * 1_000;
    for frame in 0..FRAMES {
        let readings: Vec<_> = (0..50)
            .map(|n| json!(["a", ((frame * 50 + n) * 37) % 500, (frame * 50 + n) * 7_000, "C"]))
            .collect();
        deliver(&mut device, (frame + 1) as u64, start, json!(readings)).await;
    }
    let target = |more: Value| {
        let mut frame = json!({"t": "sub", "id": 1, "device": stage.device.id, "sensor": "a"});
        frame.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        frame
    };
    let mut live = Live::connect(&stage.server, &stage.api).await;
    // all of them: more than the 50 that a subscription has without a time
    let snap = sub(&mut live, target(json!({"from": start}))).await;
    let stored = stage.api.values(&stage.device.id, "a").await;
    let values: Vec<f64> = points(&snap).iter().map(|(_, value)| value.as_f64().unwrap()).collect();
    assert_eq!((values, &snap["bucket_ms"]), (stored, &Value::Null));
    // from long before the first reading, in as many buckets as asked for: those of history
    let snap = sub(&mut live, target(json!({"from": start - 86_400_000, "points": 40}))).await;
    let width = snap["bucket_ms"].as_i64().unwrap_or_else(|| panic!("{snap}"));
    let query = format!("from={start}&to={}&points=40&agg=avg,min,max", start + 40 * width);
    let said = series(&stage, &query).await;
    assert!(points(&snap).len() > 30, "{snap}");
    assert_eq!(points(&snap), buckets(&said, "avg"));
    assert_eq!((&snap["min"], &snap["max"], &snap["unit"]), (&said["min"], &said["max"], &json!("C")));
    device.deliver(FRAMES as u64 + 1, json!([["a", 12.5, 0, "C"]])).await;
    let upd = live.next(1).await;
    assert_eq!((&upd["v"], &upd["unit"]), (&json!([12.5]), &Value::Null), "{upd}");

    for (more, why) in [
        (json!({"from": now_ms() + 3_600_000}), "from: must not be in the future"),
        (json!({"from": start, "since": {"epoch": 1, "offset": 0}}), "from: does not go with since"),
        (json!({"from": "yesterday"}), "from: must be an integer"),
    ] {
        let err = sub(&mut live, target(more)).await;
        assert_eq!((&err["t"], &err["code"]), (&json!("err"), &json!("malformed")), "{err}");
        assert!(err["message"].as_str().unwrap().starts_with(why), "{err}");
    }
}

#[tokio::test]
async fn an_aggregate_has_its_buckets_from_a_time_on() {
    let stage = stage().await;
    let fields = json!({"aggregation": "sum", "refresh_interval": 60_000, "max_samples": 2});
    let sum = widget(&stage, fields).await;
    let start = (now_ms() - 600_000).div_euclid(60_000) * 60_000;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let readings: Vec<_> = (0..9).map(|n| json!(["a", 1 << n, n * 60_000])).collect();
    deliver(&mut device, 1, start, json!(readings)).await;
    let mut live = Live::connect(&stage.server, &stage.api).await;
    let bucket = |n: i64| (start + n * 60_000, json!((1 << n) as f64));
    let snap = sub(&mut live, json!({"t": "sub", "id": 1, "widget": sum})).await;
    assert_eq!(points(&snap), [bucket(7), bucket(8)], "{snap}");
    let from = start + 3 * 60_000;
    let snap = sub(&mut live, json!({"t": "sub", "id": 1, "widget": sum, "from": from})).await;
    assert_eq!(points(&snap), (3..9).map(bucket).collect::<Vec<_>>(), "{snap}");
    let followed = crate::support::api::metric(&stage.server, "edgesync_live_sources").await;
    assert_eq!(followed, 2.0, "the sensor, and its sums, whoever watches");
    deliver(&mut device, 2, start, json!([["a", 1, 0]])).await;
    eventually("a value of an older time is counted", async || {
        let late = crate::support::api::metric(&stage.server, "edgesync_live_values_late_total").await;
        if late == 1.0 { Ok(()) } else { Err(late) }
    })
    .await;
}
