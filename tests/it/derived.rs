//! What flows store is there exactly once and right, whenever the process is killed, and waits for a database that is away.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use edgesync_test_postgres::Cluster;
use serde_json::{Value, json};

use crate::support::api::metric;
use crate::support::{Api, Device, NewDevice, Random, Server, Stage, eventually, now_ms, on_both_stores};

const ROUNDS: u64 = 12;

on_both_stores!(rows_equal_a_plain_model_after_many_kills, a_run_stores_nothing_and_a_revision_replaces);

/// A reading of the stream: event time in ms, and value.
type Reading = (i64, f64);

/// The device's readings from the n-th frame, one each: mostly forward, some late, two of a time now and then.
fn reading(base: i64, n: u64) -> Reading {
    let late = match n % 11 {
        5 => 2_300,
        7 => 900,
        _ => 0,
    };
    (base + (n as i64) * 100 - late + 50, (n * 37 % 101) as f64)
}

fn stream(device: &str) -> (Value, Value) {
    let at = json!({"x": 0, "y": 0});
    let window = json!({"size": "1s", "aggregates": ["sum", "count"], "lateness": "1s", "revise": "10s", "idle": "10m", "future": "1h"});
    let nodes = json!([
        {"id": "in", "type": "device", "position": at, "data": {"deviceUuid": device, "variable": "t"}},
        {"id": "second", "type": "window", "position": at, "data": window},
        {"id": "mean", "type": "moving-average", "position": at, "data": {"windowSize": 10_000}},
        {"id": "sums", "type": "store", "position": at, "data": {"series": "sum"}},
        {"id": "counts", "type": "store", "position": at, "data": {"series": "count", "field": "count", "by": "device"}},
        {"id": "means", "type": "store", "position": at, "data": {"series": "mean", "by": "all"}},
    ]);
    let edges = json!([
        {"id": "1", "source": "in", "target": "second"}, {"id": "2", "source": "in", "target": "mean"},
        {"id": "3", "source": "second", "target": "sums"}, {"id": "4", "source": "second", "target": "counts"},
        {"id": "5", "source": "mean", "target": "means"},
    ]);
    (nodes, edges)
}

fn copy(device: &str) -> (Value, Value) {
    let at = json!({"x": 0, "y": 0});
    let nodes = json!([
        {"id": "in", "type": "device", "position": at, "data": {"deviceUuid": device, "variable": "t"}},
        {"id": "odd", "type": "filter", "position": at, "data": {"expression": "value > 50"}},
        {"id": "keep", "type": "store", "position": at, "data": {"series": "high"}},
    ]);
    let edges =
        json!([{"id": "1", "source": "in", "target": "odd"}, {"id": "2", "source": "odd", "target": "keep"}]);
    (nodes, edges)
}

/// Rows by event time in ms.
type Rows = BTreeMap<i64, f64>;

/// What must be stored of these readings, in the order of their arrival: sums, counts, means, and what is above 50.
fn model(readings: &[Reading]) -> [Rows; 4] {
    let (mut sums, mut counts, mut means, mut high) = (Rows::new(), Rows::new(), Rows::new(), Rows::new());
    let (mut newest, mut sum) = (i64::MIN, 0.0);
    for (n, (ts, value)) in (1u32..).zip(readings) {
        newest = newest.max(*ts);
        sum += value;
        means.insert(*ts, sum / f64::from(n));
        if *value > 50.0 {
            high.insert(*ts, *value);
        }
        let start = ts.div_euclid(1000) * 1000;
        *sums.entry(start).or_default() += value;
        *counts.entry(start).or_default() += 1.0;
    }
    // those that are over: nothing that comes later than two windows' late records is left out
    sums.retain(|start, _| start + 1000 <= newest - 1000);
    counts.retain(|start, _| start + 1000 <= newest - 1000);
    [sums, counts, means, high]
}

async fn rows(api: &Api, flow: &str, series: &str) -> Rows {
    let (mut all, mut cursor) = (Rows::new(), String::new());
    loop {
        let page = api.get(&format!("/api/v1/flows/{flow}/series/rows?limit=500&{series}{cursor}")).await;
        for row in page["items"].as_array().unwrap() {
            let at: edgesync_schemas::time::Timestamp = row["timestamp"].as_str().unwrap().parse().unwrap();
            assert_eq!(all.insert(at.as_ms(), row["value"].as_f64().unwrap()), None, "{row} is there twice");
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Waits until the flows have stored what the model says, and nothing else.
async fn stored(api: &Api, flows: [&str; 2], device: &NewDevice, readings: &[Reading]) {
    let expected = model(readings);
    assert!(expected.iter().all(|rows| !rows.is_empty()));
    let of_sensor = format!("device={}&sensor=t", device.id);
    let names = [
        (flows[0], format!("name=sum&{of_sensor}")),
        (flows[0], format!("name=count&device={}", device.id)),
        (flows[0], "name=mean".to_owned()),
        (flows[1], format!("name=high&{of_sensor}")),
    ];
    for ((flow, series), expected) in names.iter().zip(&expected) {
        eventually("the rows are what the model says", async || {
            let found = rows(api, flow, series).await;
            let same = found.len() == expected.len()
                && found.iter().zip(expected).all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-9);
            let differ = || -> Vec<_> {
                let times: std::collections::BTreeSet<_> = found.keys().chain(expected.keys()).collect();
                let both =
                    times.into_iter().map(|at| (*at, found.get(at).copied(), expected.get(at).copied()));
                both.filter(|(_, a, b)| a != b).take(5).collect()
            };
            if same {
                Ok(())
            } else {
                Err(format!("{series}: {} of {}: {:?}", found.len(), expected.len(), differ()))
            }
        })
        .await;
    }
}

/// A device that sends one reading a frame, and sends again what was not acknowledged.
struct Sender {
    base: i64,
    sent: u64,
    acked: u64,
}

impl Sender {
    async fn say(&self, device: &mut Device, q: u64) {
        let (ts, value) = reading(self.base, q);
        device.socket.say(json!({"t": "data", "q": q, "bt": ts, "r": [["t", value]]})).await;
    }

    /// Sends what was not acknowledged, and so many more; returns when all of it was.
    async fn deliver(&mut self, server: &Server, of: &NewDevice, more: u64) -> Device {
        let mut device = Device::connect(server, of, 1, self.acked + 1).await;
        self.sent += more;
        for q in self.acked + 1..=self.sent {
            self.say(&mut device, q).await;
        }
        assert_eq!(device.acked(self.sent).await, [json!(null); 0]);
        self.acked = self.sent;
        device
    }

    fn readings(&self) -> Vec<Reading> {
        (1..=self.sent).map(|n| reading(self.base, n)).collect()
    }
}

async fn rows_equal_a_plain_model_after_many_kills(mut stage: Stage) {
    let mut random = Random::seeded();
    let (nodes, edges) = stream(&stage.device.id);
    let first = stage.api.deploy("windows", nodes, edges).await;
    let (nodes, edges) = copy(&stage.device.id);
    let second = stage.api.deploy("copy", nodes, edges).await;
    let mut sender = Sender { base: now_ms() - 60_000, sent: 0, acked: 0 };
    for round in 0..ROUNDS {
        let mut device = sender.deliver(&stage.server, &stage.device, random.within(5..20)).await;
        // some of it is on its way when the process dies: in the log, in the flows, in the store
        for _ in 0..random.within(1..30) {
            sender.sent += 1;
            sender.say(&mut device, sender.sent).await;
        }
        // the random moment; at some of them what flows remember was just saved, or how far they are
        let wait = if round % 4 == 3 { 900..1_500 } else { 0..200 };
        tokio::time::sleep(Duration::from_millis(random.within(wait))).await;
        stage.server.kill().await;
        stage.server.restart().await;
    }
    sender.deliver(&stage.server, &stage.device, 40).await;
    let api = stage.api.at(&stage.server);
    let flows = [first.as_str(), second.as_str()];
    stored(&api, flows, &stage.device, &sender.readings()).await;
    assert_eq!(metric(&stage.server, "edgesync_derived_refused_total").await, 0.0);
    // and an orderly end leaves nothing to be made again, and changes nothing
    stage.server.terminate().await;
    stage.server.wait().await;
    stage.server.restart().await;
    let api = stage.api.at(&stage.server);
    stored(&api, flows, &stage.device, &sender.readings()).await;
    let listed = api.get(&format!("/api/v1/flows/{first}/series")).await;
    let names: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["count", "mean", "sum"]);
    let checked = {
        stage.server.terminate().await;
        stage.server.wait().await;
        stage.server.tool("check", &["--json"], "").await
    };
    let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!((&report["problems"], &report["looked_at"]["derived series"]), (&json!([]), &json!(4)));
}

async fn a_run_stores_nothing_and_a_revision_replaces(stage: Stage) {
    let (nodes, edges) = stream(&stage.device.id);
    let flow = stage.api.deploy("windows", nodes.clone(), edges).await;
    let series = format!("name=sum&device={}&sensor=t", stage.device.id);
    let base = (now_ms() / 1000 - 60) * 1000;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let mut send = async |q: u64, ms: i64, value: f64| {
        device.socket.say(json!({"t": "data", "q": q, "bt": base + ms, "r": [["t", value]]})).await;
        device.acked(q).await;
    };
    let becomes = async |what: &str, expected: &[(i64, f64)]| {
        let expected: Rows = expected.iter().map(|(ms, value)| (base + ms, *value)).collect();
        eventually(what, async || {
            let found = rows(&stage.api, &flow, &series).await;
            if found == expected { Ok(()) } else { Err(format!("{found:?}, not {expected:?}")) }
        })
        .await;
    };
    send(1, 100, 1.0).await;
    send(2, 900, 2.0).await;
    send(3, 2_500, 10.0).await;
    becomes("the first window is stored", &[(0, 3.0)]).await;
    send(4, 500, 4.0).await;
    becomes("its revision takes its place", &[(0, 7.0)]).await;
    send(5, 5_000, 0.0).await;
    becomes("the next one comes", &[(0, 7.0), (2_000, 10.0)]).await;

    let before = metric(&stage.server, "edgesync_derived_rows_total").await;
    let (from, to) = (base - 1_000, base + 60_000);
    let (from, to) = (stamp(from), stamp(to));
    let path = format!("/api/v1/flows/{flow}/run");
    let run = stage.api.post(&path, json!({"from": from, "to": to})).await;
    let path = format!("/api/v1/flows/{flow}/executions/{}", run["id"].as_str().unwrap());
    let ran = eventually("the run is done", async || {
        let run = stage.api.get(&path).await;
        if run["status"] == "completed" { Ok(run) } else { Err(run.to_string()) }
    })
    .await;
    // what it would have stored is in what came of it
    let effects = ran["result"]["effects"].as_array().unwrap();
    let sums = effects.iter().find(|effect| effect["node"] == "sums").unwrap();
    assert_eq!((&sums["type"], sums["count"].as_u64() > Some(0)), (&json!("store"), true), "{ran:#}");
    let once = json!({"trigger_data": {"in": 99.0}});
    stage.api.post(&format!("/api/v1/flows/{flow}/run"), once).await;
    send(6, 9_000, 0.0).await;
    becomes("only what ran is stored", &[(0, 7.0), (2_000, 10.0), (5_000, 0.0)]).await;
    let after = metric(&stage.server, "edgesync_derived_rows_total").await;
    assert_eq!(after - before, 3.0, "a sum, a count and a mean");
}

fn stamp(ms: i64) -> String {
    edgesync_schemas::time::Timestamp::from_ms(ms).unwrap().to_string()
}

/// Held until somebody ends the session, or the test is long over.
const LOCK: &str = "BEGIN; LOCK TABLE derived IN EXCLUSIVE MODE; SELECT pg_sleep(170)";
const LOCKED: &str =
    "SELECT pid FROM pg_locks WHERE relation = 'derived'::regclass AND mode = 'ExclusiveLock' AND granted";

/// Ends the session that has the lock, whatever becomes of the test.
struct EndsLock<'a>(&'a Cluster);

impl Drop for EndsLock<'_> {
    fn drop(&mut self) {
        self.0.psql(&format!("SELECT pg_terminate_backend(pid) FROM ({LOCKED}) AS l"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_stands_still_or_is_away_flows_lag_and_nothing_is_lost() {
    let cluster = edgesync_test_postgres::Options::new().unsynced().start();
    let mut stage = crate::support::stage_with(&["--database-url", &cluster.url()]).await;
    let (nodes, edges) = stream(&stage.device.id);
    let first = stage.api.deploy("windows", nodes, edges).await;
    let (nodes, edges) = copy(&stage.device.id);
    let second = stage.api.deploy("copy", nodes, edges).await;
    let flows = [first.as_str(), second.as_str()];
    let mut sender = Sender { base: now_ms() - 60_000, sent: 0, acked: 0 };
    drop(sender.deliver(&stage.server, &stage.device, 60).await);
    stored(&stage.api, flows, &stage.device, &sender.readings()).await;

    // Nobody may write a row while readings come in, for longer than the server takes to write down how far flows are. What waits then, and is
    // gone with the process, is made again.
    let stored_to = sender.sent as f64;
    let (kept, asked) = (Duration::from_secs(3), 20);
    std::thread::scope(|scope| {
        let lock = scope.spawn(|| cluster.psql_at(&cluster.url(), LOCK));
        let _ends = EndsLock(&cluster);
        tokio::task::block_in_place(|| {
            while cluster.psql(LOCKED).is_empty() {
                assert!(!lock.is_finished());
            }
            tokio::runtime::Handle::current().block_on(async {
                for _ in 0..5 {
                    drop(sender.deliver(&stage.server, &stage.device, 40).await);
                }
                eventually("rows wait for the store", async || {
                    let waiting = metric(&stage.server, "edgesync_derived_waiting_bytes").await;
                    if waiting > 0.0 { Ok(()) } else { Err(waiting) }
                })
                .await;
                // the place is written down every second, if it is to be: nothing shows that it is not, but that it stays
                let (begun, mut times) = (Instant::now(), 0);
                while begun.elapsed() < kept || times < asked {
                    let place = metric(&stage.server, "edgesync_flows_cursor_offset").await;
                    assert!(
                        place <= stored_to,
                        "{place} is beyond the {stored_to} readings whose rows are stored"
                    );
                    times += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                stage.server.kill().await;
            });
            assert!(!lock.is_finished(), "nothing was stored before the process died");
        });
    });
    stage.server.restart().await;
    stage.api = stage.api.at(&stage.server);
    stored(&stage.api, flows, &stage.device, &sender.readings()).await;

    // Away, and the server is killed before it is back: what waited is made again.
    let mut device = Device::connect(&stage.server, &stage.device, 1, sender.acked + 1).await;
    tokio::task::block_in_place(|| cluster.stop_immediate());
    for _ in 0..20 {
        sender.sent += 1;
        sender.say(&mut device, sender.sent).await;
    }
    tokio::task::block_in_place(|| cluster.start_again());
    device.acked(sender.sent).await;
    sender.acked = sender.sent;
    stage.server.kill().await;
    stage.server.restart().await;
    drop(sender.deliver(&stage.server, &stage.device, 10).await);
    stored(&stage.api.at(&stage.server), flows, &stage.device, &sender.readings()).await;
}
