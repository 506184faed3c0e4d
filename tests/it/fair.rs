//! Flows that take too much harm nobody but themselves, and their owners are told.

mod heavy;

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;

use crate::support::api::{metric, text};
use crate::support::{Api, Device, Live, NewDevice, Server, eventually, stage_with};
use heavy::{HEAVY, Lists, heavy_nodes, list};

/// device -> these nodes beside each other -> each a display, if there is one.
fn beside(device: &str, variable: &str, kind: &str, nodes: &[Value]) -> (Value, Value) {
    let source = json!({"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": device, "variable": variable}});
    let (mut drawn, mut edges) = (vec![source], Vec::new());
    for (at, data) in nodes.iter().enumerate() {
        drawn
            .push(json!({"id": format!("n{at}"), "type": kind, "position": {"x": 1, "y": at}, "data": data}));
        edges.push(json!({"id": format!("e{at}"), "source": "in", "target": format!("n{at}")}));
    }
    (json!(drawn), json!(edges))
}

/// The mean of all numbers that a sensor ever sends.
async fn mean_of(api: &Api, device: &NewDevice, variable: &str) -> String {
    let (nodes, edges) = beside(&device.id, variable, "moving-average", &[json!({"windowSize": 10_000})]);
    api.deploy("mean", nodes, edges).await
}

async fn status(api: &Api, flow: &str) -> Value {
    api.get(&format!("/api/v1/flows/{flow}/metrics")).await
}

async fn becomes(api: &Api, flow: &str, state: &str) -> Value {
    eventually(state, async || {
        let status = status(api, flow).await;
        if status["state"] == state { Ok(status) } else { Err(status) }
    })
    .await
}

fn node<'a>(status: &'a Value, id: &str) -> &'a Value {
    status["nodes"].as_array().unwrap().iter().find(|node| node["id"] == id).unwrap()
}

/// Another account, with a device and a flow on it, that a test watches while the first account misbehaves.
struct Neighbour {
    api: Api,
    flow: String,
    device: Device,
    live: Live,
    sent: u64,
    sum: f64,
}

impl Neighbour {
    async fn new(server: &Server) -> Self {
        let api = Api::sign_up(server).await;
        let made = api.new_device("neighbour").await;
        let flow = mean_of(&api, &made, "a").await;
        let device = Device::connect(server, &made, 1, 1).await;
        let mut live = Live::connect(server, &api).await;
        live.flow_node(1, &flow, "n0").await;
        Self { api, flow, device, live, sent: 0, sum: 0.0 }
    }

    /// Sends a reading; how long until it was acknowledged.
    async fn send(&mut self) -> Duration {
        let begun = Instant::now();
        self.sent += 1;
        self.sum += self.sent as f64;
        self.device.deliver(self.sent, json!([["a", self.sent]])).await;
        begun.elapsed()
    }

    /// Sends a reading; how long until the mean of all was shown.
    async fn round(&mut self) -> Duration {
        let begun = Instant::now();
        self.send().await;
        self.live.shows(1, self.sum / self.sent as f64).await;
        begun.elapsed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_takes_too_much_is_slowed_then_suspended_and_others_are_in_time() {
    const PACE: Duration = Duration::from_millis(20);
    /// At this pace slowed flows may be behind for 24 seconds, and get there by more than half a second each second.
    const SUSPENDED: Duration = Duration::from_secs(120);
    /// While the hog runs beside the neighbour, each of its rounds takes longer by half than the one before.
    const IN_TIME: Duration = Duration::from_secs(10);
    let mut stage = stage_with(&["--cells", "1", "--test-balance-ms", "200"]).await;
    let heavy = heavy_nodes(&stage, PACE).await;
    let mut neighbour = Neighbour::new(&stage.server).await;
    let sibling = mean_of(&stage.api, &stage.device, "n").await;
    let (nodes, edges) =
        beside(&stage.device.id, "list", "filter", &vec![json!({"expression": HEAVY}); heavy]);
    let hog = stage.api.deploy("hog", nodes, edges).await;
    let device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut lists = Lists::new();
    let each = lists.each.clone();
    // lists for the hog and a reading for its sibling, until told to stop; how many
    let stream = tokio::spawn(async move {
        let (mut device, mut stopped, mut q) = (device, stopped, 0u64);
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stopped.try_recv().is_err() {
            pace.tick().await;
            q += 1;
            let mut readings = vec![json!(["list", list()]); each.load(Relaxed)];
            readings.push(json!(["n", q]));
            device.deliver(q, json!(readings)).await;
        }
        q
    });
    let mut acked = Duration::ZERO;
    let slowed = eventually("the hog is slowed", async || {
        acked = acked.max(neighbour.send().await);
        let status = status(&stage.api, &hog).await;
        lists.look(&status);
        if status["state"] == "slowed" { Ok(status) } else { Err(status["state"].clone()) }
    })
    .await;
    assert!(text(&slowed["reason"]).contains("of a processor while others waited"), "{slowed}");
    eventually("its share of the time is shown", async || {
        let budgets = status(&stage.api, &hog).await["budgets"].clone();
        if budgets["flow"]["cpu_share"].as_f64().unwrap() > 0.5 { Ok(()) } else { Err(budgets) }
    })
    .await;
    // the neighbour's results are in time again, while the hog still runs
    neighbour.round().await;
    let mut shown = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        shown = shown.max(neighbour.round().await);
        acked = acked.max(begun.elapsed());
    }
    assert!(matches!(status(&stage.api, &hog).await["state"].as_str(), Some("slowed" | "suspended")));
    println!("slowest ack {acked:?}, slowest result {shown:?}");
    assert!(shown < IN_TIME && acked < IN_TIME, "{shown:?}, {acked:?}");
    let begun = Instant::now();
    let told = loop {
        let status = status(&stage.api, &hog).await;
        if status["state"] == "suspended" {
            break status;
        }
        assert!(begun.elapsed() < SUSPENDED, "{status}");
        lists.look(&status);
        neighbour.round().await;
    };
    assert!(text(&told["reason"]).contains("could not keep up"), "{told}");
    eventually("it is counted", async || {
        let slowed = metric(&stage.server, "edgesync_flows_slowed_total").await;
        let suspended = metric(&stage.server, "edgesync_flows_suspended_total").await;
        if slowed >= 1.0 && suspended >= 1.0 { Ok(()) } else { Err((slowed, suspended)) }
    })
    .await;
    stop.send(()).unwrap();
    let sent = stream.await.unwrap();
    let end = eventually("the sibling has seen all", async || {
        let status = status(&stage.api, &sibling).await;
        if node(&status, "n0")["records_out"] == sent { Ok(status) } else { Err(status) }
    })
    .await;
    assert_eq!((&end["state"], &node(&end, "n0")["errors"]), (&json!("running"), &json!(0)), "{end}");
    assert_eq!(status(&neighbour.api, &neighbour.flow).await["state"], "running");

    // it stays suspended, and its sibling has lost nothing
    stage.server.kill().await;
    stage.server.restart().await;
    let api = stage.api.at(&stage.server);
    let again = status(&api, &hog).await;
    assert_eq!((&again["state"], &again["reason"]), (&told["state"], &told["reason"]));
    let mut live = Live::connect(&stage.server, &api).await;
    live.flow_node(1, &sibling, "n0").await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, sent + 1).await;
    device.deliver(sent + 1, json!([["n", 0]])).await;
    live.shows(1, (sent * (sent + 1) / 2) as f64 / (sent + 1) as f64).await;
    // mended, it runs with the others
    let (nodes, edges) = beside(&stage.device.id, "n", "filter", &[json!({"expression": "value > 1.0"})]);
    let (code, answer) = api
        .call(Method::PATCH, &format!("/api/v1/flows/{hog}"), Some(&json!({"nodes": nodes, "edges": edges})))
        .await;
    assert_eq!(code, 200, "{answer}");
    api.post(&format!("/api/v1/flows/{hog}/deploy"), json!({})).await;
    let mended = becomes(&api, &hog, "running").await;
    assert_eq!((&mended["cell"]["index"], &mended["reason"]), (&json!(0), &Value::Null), "{mended}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_remembers_too_much_is_told_and_another_tenants_is_not() {
    const SENSORS: usize = 60;
    const KEYS: u64 = 40;
    let stage = stage_with(&["--tenant-keys", &KEYS.to_string()]).await;
    let mut neighbour = Neighbour::new(&stage.server).await;
    neighbour.round().await;
    // a window of a day for each of many sensors
    let drawn = |device: &str| {
        let nodes = json!([
            {"id": "in", "type": "device-sensor", "position": {"x": 0, "y": 0}, "data": {"devices": [device]}},
            {"id": "day", "type": "window", "position": {"x": 1, "y": 0}, "data": {"size": "24h", "aggregates": ["avg"]}},
        ]);
        (nodes, json!([{"id": "1", "source": "in", "target": "day"}]))
    };
    let sibling = mean_of(&stage.api, &stage.device, "first").await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["first", 1]])).await;
    eventually("the sibling knows its key", async || {
        let status = status(&stage.api, &sibling).await;
        if status["budgets"]["tenant"]["keys"] == 1 { Ok(()) } else { Err(status) }
    })
    .await;
    let (nodes, edges) = drawn(&stage.device.id);
    let hungry = stage.api.deploy("hungry", nodes, edges).await;
    let many = |from: usize| -> Value {
        json!((from..from + SENSORS / 2).map(|n| json!([format!("s{n:02}"), n])).collect::<Vec<_>>())
    };
    device.deliver(2, many(0)).await;
    device.deliver(3, many(SENSORS / 2)).await;
    let told = eventually("what was too much is told", async || {
        let status = status(&stage.api, &hungry).await;
        if node(&status, "day")["records_in"] == SENSORS { Ok(status) } else { Err(status) }
    })
    .await;
    // the sibling's key is one of them
    let fit = KEYS - 1;
    let over = SENSORS as u64 - fit;
    assert_eq!(node(&told, "day")["reasons"], json!({"tenant_keys": over}), "{told}");
    assert_eq!(told["budgets"]["tenant"]["keys"], KEYS, "{told}");
    assert_eq!(told["budgets"]["flow"]["keys"], fit, "{told}");
    assert_eq!(metric(&stage.server, "edgesync_flow_budget_refused_total").await, over as f64);
    let path = format!("/api/v1/flows/{hungry}/dead-letters");
    let letters = eventually("dead letters", async || {
        let letters = stage.api.get(&path).await["items"].as_array().unwrap().clone();
        if letters.is_empty() { Err(()) } else { Ok(letters) }
    })
    .await;
    assert!(letters.iter().all(|letter| letter["code"] == "tenant_keys"), "{letters:?}");
    assert!(letters.iter().any(|letter| text(&letter["detail"]).contains("organization")), "{letters:?}");

    // the key that the sibling knows, another tenant's flow of the same kind, and its results go on
    device.deliver(4, json!([["first", 3]])).await;
    let mut live = Live::connect(&stage.server, &stage.api).await;
    live.flow_node(1, &sibling, "n0").await;
    device.deliver(5, json!([["first", 5]])).await;
    live.shows(1, 3.0).await;
    let other = neighbour.api.new_device("other").await;
    let (nodes, edges) = drawn(&other.id);
    let theirs = neighbour.api.deploy("hungry", nodes, edges).await;
    let mut other = Device::connect(&stage.server, &other, 1, 1).await;
    other.deliver(1, many(0)).await;
    let whole = eventually("it has them all", async || {
        let status = status(&neighbour.api, &theirs).await;
        if node(&status, "day")["records_in"] == SENSORS / 2 { Ok(status) } else { Err(status) }
    })
    .await;
    assert_eq!((&node(&whole, "day")["errors"], &whole["state"]), (&json!(0), &json!("running")), "{whole}");
    neighbour.round().await;
    assert_eq!(status(&neighbour.api, &neighbour.flow).await["state"], "running");

    // what is given back can be used again
    stage.api.post(&format!("/api/v1/flows/{hungry}/stop"), json!({})).await;
    eventually("only the sibling's key is left", async || {
        let status = status(&stage.api, &sibling).await;
        if status["budgets"]["tenant"]["keys"] == 1 { Ok(()) } else { Err(status) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_panics_at_every_reading_harms_neither_its_sibling_nor_another_tenant() {
    const ROUNDS: u64 = 20;
    let stage = stage_with(&["--cells", "1", "--test-faults"]).await;
    let mut neighbour = Neighbour::new(&stage.server).await;
    let sibling = mean_of(&stage.api, &stage.device, "a").await;
    let (nodes, edges) = beside(&stage.device.id, "a", "fault", &[json!({"panic_at": 13})]);
    let broken = stage.api.deploy("broken", nodes, edges).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let mut live = Live::connect(&stage.server, &stage.api).await;
    live.flow_node(1, &sibling, "n0").await;
    let mut slowest = Duration::ZERO;
    for q in 1..=ROUNDS {
        let begun = Instant::now();
        device.deliver(q, json!([["a", 13]])).await;
        slowest = slowest.max(begun.elapsed()).max(neighbour.round().await);
    }
    live.shows(1, 13.0).await;
    assert!(slowest < Duration::from_secs(10), "{slowest:?}");
    let end = status(&stage.api, &sibling).await;
    let shown = node(&end, "n0");
    assert_eq!(
        (&shown["records_out"], &shown["errors"], &end["restarts"]),
        (&json!(ROUNDS), &json!(0), &json!(0))
    );
    // it waits twice as long after each time, so it is found waiting by whoever asks often enough
    let mut q = ROUNDS;
    eventually("it is about to be installed again, and its owner sees why", async || {
        q += 1;
        device.deliver(q, json!([["a", 13]])).await;
        let told = status(&stage.api, &broken).await;
        let samples = node(&told, "n0")["error_samples"].to_string();
        if told["state"] == "restarting" && samples.contains("panicked") { Ok(()) } else { Err(told) }
    })
    .await;
    eventually("what it could not handle is kept, with the reason", async || {
        let letters = stage.api.get(&format!("/api/v1/flows/{broken}/dead-letters")).await;
        let is_told =
            letters["items"].as_array().unwrap().iter().any(|letter| letter["code"] == "node_failed");
        if is_told { Ok(()) } else { Err(letters) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_was_not_ready_when_the_server_was_killed_is_not_what_runs_after() {
    const READINGS: u64 = 300;
    let mut stage = stage_with(&[]).await;
    // enough that reading it takes a moment
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let (nodes, edges) = beside(&stage.device.id, "list", "filter", &[json!({"expression": "true"})]);
    let flow = stage.api.deploy("f", nodes, edges).await;
    let path = format!("/api/v1/flows/{flow}");
    for q in 1..=READINGS {
        device.data(q, json!([["list", list()]])).await;
        if q % 30 == 0 {
            device.acked(q).await;
        }
    }
    // every node looks at every list for a while, and the last remembers, so the version must warm up: for many times longer than it takes to ask
    let heavy = vec![json!({"expression": format!("{HEAVY} || has(prev.value)")}); 400];
    let (nodes, edges) = beside(&stage.device.id, "list", "filter", &heavy);
    let (code, _) =
        stage.api.call(Method::PATCH, &path, Some(&json!({"nodes": nodes, "edges": edges}))).await;
    assert_eq!(code, 200);
    let deploying = {
        let (api, path) = (stage.api.clone(), format!("{path}/deploy"));
        tokio::spawn(async move {
            // the server is killed under it
            tokio::time::timeout(Duration::from_secs(15), api.call(Method::POST, &path, Some(&json!({}))))
                .await
        })
    };
    let shown = eventually("the version warms up", async || {
        let status = status(&stage.api, &flow).await;
        if status["deploying"]["version"] == 2 { Ok(status) } else { Err(status) }
    })
    .await;
    assert_eq!((&shown["version"], &shown["state"]), (&json!(1), &json!("running")), "{shown}");
    assert_eq!(stage.api.get(&path).await["deployed_version"], 1);
    stage.server.kill().await;
    deploying.abort();
    stage.server.restart().await;
    let api = stage.api.at(&stage.server);
    assert_eq!(api.get(&path).await["deployed_version"], 1);
    let again = becomes(&api, &flow, "running").await;
    assert_eq!((&again["version"], &again["deploying"]), (&json!(1), &Value::Null), "{again}");
}
