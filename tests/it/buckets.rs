//! Buckets of widgets that aggregate a flow's node outlive the process: all of it an orderly end, all but the last second a kill.

use std::collections::BTreeMap;

use edgesync_schemas::time::Timestamp;
use hyper::Method;
use serde_json::{Value, json};

use crate::samples::{Widget, deploy, stored, until_more_is_stored, until_the_kill};
use crate::support::{Api, Device, Live, Random, Stage, eventually, now_ms, on_both_stores};

const ROUNDS: u64 = 4;

on_both_stores!(buckets_go_on_after_every_kill_with_each_value_counted_once);

const BUCKET_MS: i64 = 2_000;

/// Values of each bucket, by where it begins: milliseconds.
type Counts = BTreeMap<i64, u64>;

/// What a widget shows of its buckets, as numbers of values.
async fn counts(widget: &Widget, api: &Api) -> Counts {
    let answer = api.get(&format!("{}/samples", widget.path)).await;
    assert_eq!(answer["kept"], true, "from the first moment on");
    let items = answer["items"].as_array().unwrap();
    let count = |sample: &Value| {
        let at: Timestamp = serde_json::from_value(sample["timestamp"].clone()).unwrap();
        (at.as_ms(), sample["value"].as_f64().unwrap() as u64)
    };
    items.iter().map(count).collect()
}

/// A device that sends values of random times.
struct Sender {
    base: i64,
    q: u64,
    sent: Counts,
}

impl Sender {
    async fn send(&mut self, device: &mut Device, ms: i64) {
        self.q += 1;
        device.socket.say(json!({"t": "data", "q": self.q, "bt": self.base, "r": [["t", 2, ms]]})).await;
        device.acked(self.q).await;
        *self.sent.entry((self.base + ms).div_euclid(BUCKET_MS) * BUCKET_MS).or_default() += 1;
    }
}

/// At least these, and none that was not sent.
fn assert_within(counts: &Counts, safe: &Counts, sent: &Counts) {
    let few = safe.iter().find(|(at, count)| counts.get(at).copied().unwrap_or(0) < **count);
    let many = counts.iter().find(|(at, count)| sent.get(at).copied().unwrap_or(0) < **count);
    assert_eq!((few, many), (None, None), "{counts:?} is not between {safe:?} and {sent:?}");
}

async fn buckets_go_on_after_every_kill_with_each_value_counted_once(mut stage: Stage) {
    let flow = deploy(&stage).await;
    let fields = json!({"aggregation": "count", "refresh_interval": BUCKET_MS});
    let widget = Widget::make(&stage, &flow, fields).await;
    let mut api = stage.api.at(&stage.server);
    eventually("it is kept", async || if widget.samples(&api).await.1 { Ok(()) } else { Err(()) }).await;
    let mut random = Random::seeded();
    let base = (now_ms() - 600_000).div_euclid(BUCKET_MS) * BUCKET_MS;
    let mut sender = Sender { base, q: 0, sent: Counts::new() };
    let shows = async |api: &Api, expected: &Counts| {
        eventually("it counts each value once", async || match counts(&widget, api).await {
            counts if counts == *expected => Ok(()),
            counts => Err(format!("{counts:?} is not {expected:?}")),
        })
        .await;
    };
    for round in 0..ROUNDS {
        let mut device = Device::connect(&stage.server, &stage.device, 1, sender.q + 1).await;
        for _ in 0..random.within(5..20) {
            sender.send(&mut device, random.within(0..20_000).cast_signed()).await;
        }
        shows(&api, &sender.sent).await;
        let safe = sender.sent.clone();
        // A write may be on its way that does not have all of them; the one that begins after it does.
        for _ in 0..2 {
            let before = stored(&stage).await;
            sender.send(&mut device, 0).await;
            until_more_is_stored(&stage, before).await;
        }
        let before = stored(&stage).await;
        for _ in 0..random.within(1..12) {
            sender.send(&mut device, random.within(0..20_000).cast_signed()).await;
        }
        until_the_kill(&stage, round, &mut random, before).await;
        stage.server.kill().await;
        stage.server.restart().await;
        api = api.at(&stage.server);
        assert_within(&counts(&widget, &api).await, &safe, &sender.sent);
        let mut live = Live::connect(&stage.server, &api).await;
        live.socket.say(json!({"t": "sub", "id": 1, "widget": widget.id, "points": 500})).await;
        let snap = live.socket.hear().await;
        let (ts, v) = (snap["ts"].as_array().unwrap(), snap["v"].as_array().unwrap());
        let snap = ts.iter().zip(v).map(|(ts, v)| (ts.as_i64().unwrap(), v.as_f64().unwrap() as u64));
        assert_within(&snap.collect(), &safe, &sender.sent);
        // when what comes now is there, all that the flow puts out again because of the kill is
        let mark = 100_000 + round.cast_signed() * BUCKET_MS;
        let mut device = Device::connect(&stage.server, &stage.device, 1, sender.q + 1).await;
        sender.send(&mut device, mark).await;
        let all = eventually("it goes on", async || match counts(&widget, &api).await {
            counts if counts.contains_key(&(base + mark)) => Ok(counts),
            counts => Err(counts),
        })
        .await;
        assert_within(&all, &safe, &sender.sent);
        // what had not been stored may be lost
        sender.sent = all;
    }

    // an orderly end loses nothing, and nobody watched
    stage.server.terminate().await;
    assert!(stage.server.wait().await.success());
    stage.server.restart().await;
    api = api.at(&stage.server);
    shows(&api, &sender.sent).await;
    // the buckets are the same, whatever is shown of them
    api.call(Method::PATCH, &widget.path, Some(&json!({"aggregation": "sum"}))).await;
    shows(&api, &sender.sent.iter().map(|(at, count)| (*at, count * 2)).collect()).await;
    api.call(Method::PATCH, &widget.path, Some(&json!({"aggregation": "count", "max_samples": 3}))).await;
    let newest: Counts = sender.sent.into_iter().rev().take(3).collect();
    shows(&api, &newest).await;
    assert_eq!(counts(&widget, &api).await, newest);
}
