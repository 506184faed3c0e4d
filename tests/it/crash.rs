//! kill -9 at random moments under load: every acknowledged reading is there exactly once, and nothing else is.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::api::metric;
use crate::support::device::Socket;
use crate::support::server::{relay, scratch};
use crate::support::{Api, Device, Live, NewDevice, Random, Server, eventually, stage, stage_with, within};

const ROUNDS: u32 = 30;
const DEVICES: u32 = 5;
const WINDOW: u64 = 24;
const READINGS: u64 = 3;
/// Readings in memory before they are sealed into blocks: several times between two kills.
const HEAD_READINGS: u64 = 1_000;
/// Pace of a device: a burst of frames each time, so that commits of every size are hit.
const TICK: Duration = Duration::from_millis(4);

/// Where the devices are to connect, and whether they are to finish.
#[derive(Debug, Clone, Copy)]
struct Orders {
    address: Option<SocketAddr>,
    finish: bool,
}

/// A device that remembers, as firmware with a buffer does, what is not acknowledged.
struct Firmware {
    device: NewDevice,
    boot: u32,
    sent: u64,
    acked: u64,
    random: Random,
    connects: u32,
}

impl Firmware {
    async fn run(mut self, mut orders: watch::Receiver<Orders>) -> Self {
        loop {
            let now = *orders.wait_for(|orders| orders.address.is_some()).await.unwrap();
            if now.finish && self.acked == self.sent {
                return self;
            }
            let address = now.address.expect("waited for");
            // The server may die under any of this; then the next order says where it is.
            if self.session(address, &mut orders).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    async fn session(
        &mut self,
        address: SocketAddr,
        orders: &mut watch::Receiver<Orders>,
    ) -> Result<(), String> {
        let bearer = format!("Bearer {}", self.device.token);
        let headers = [("sec-websocket-protocol", "edgesync.v1.json"), ("authorization", bearer.as_str())];
        let mut socket =
            Socket::try_open(address, "/ws/v1/device", &headers).await.map_err(|error| error.to_string())?;
        self.connects += 1;
        let hello = json!({"t": "hello", "boot": self.boot, "next": self.acked + 1});
        self.send(&mut socket, &hello).await?;
        let welcome = socket.try_hear().await?;
        let acked = welcome["acked"].as_u64().ok_or_else(|| welcome.to_string())?;
        assert!(acked >= self.acked, "the server forgot: acked {acked}, had been {}", self.acked);
        assert!(
            acked <= self.sent,
            "the server acknowledges what was never sent: {acked}, sent {}",
            self.sent
        );
        self.acked = acked;
        let mut next = acked + 1;
        let mut tick = tokio::time::interval(TICK);
        loop {
            let finish = orders.borrow().finish;
            if finish && self.acked == self.sent {
                return Ok(());
            }
            tokio::select! {
                frame = socket.try_hear() => {
                    let frame = frame?;
                    assert_eq!(frame["t"], "ack", "{frame}");
                    assert!(frame["rej"].is_null(), "{frame}");
                    let q = frame["q"].as_u64().unwrap();
                    assert!(q <= self.sent, "{frame}");
                    self.acked = self.acked.max(q);
                }
                _ = tick.tick() => {
                    for _ in 0..self.random.within(1..7) {
                        let is_again = next <= self.sent;
                        if next > self.acked + WINDOW || (finish && !is_again) {
                            break;
                        }
                        let readings: Vec<Value> = (0..READINGS).map(|i| json!([format!("s{i}"), next * READINGS + i])).collect();
                        self.sent = self.sent.max(next);
                        self.send(&mut socket, &json!({"t": "data", "q": next, "r": readings})).await?;
                        next += 1;
                    }
                }
            }
        }
    }

    async fn send(&self, socket: &mut Socket, frame: &Value) -> Result<(), String> {
        use futures_util::SinkExt;
        let message = tokio_tungstenite::tungstenite::Message::text(frame.to_string());
        socket.0.send(message).await.map_err(|error| error.to_string())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_kills_lose_no_acknowledged_reading_and_double_none() {
    let mut random = Random::seeded();
    let scratch = scratch();
    let stall = scratch.path().join("stall");
    let head_readings = HEAD_READINGS.to_string();
    let args = ["--test-head-readings", &head_readings, "--test-stall-file", stall.to_str().unwrap()];
    let mut server = Server::start_with(&args).await;
    let api = Api::sign_up(&server).await;
    let (orders, listening) = watch::channel(Orders { address: Some(server.address), finish: false });
    let mut fleet = tokio::task::JoinSet::new();
    for i in 0..DEVICES {
        let firmware = Firmware {
            device: api.new_device(&format!("d{i}")).await,
            boot: random.next() as u32,
            sent: 0,
            acked: 0,
            random: random.fork(),
            connects: 0,
        };
        fleet.spawn(firmware.run(listening.clone()));
    }
    let (mut sealed, mut sealing_rounds) = (0, 0);
    for _ in 0..ROUNDS {
        tokio::time::sleep(Duration::from_millis(random.within(1..600))).await; // the random moment
        let now_sealed = metric(&server, "edgesync_log_sealed_offset").await as u64;
        assert!(now_sealed >= sealed, "what was sealed before the kill is sealed after it");
        sealing_rounds += u32::from(now_sealed > sealed);
        sealed = now_sealed;
        // Half of the kills meet frames that are taken and wait to be written; else the moments between are too short to be hit.
        if random.within(0..2) == 0 {
            std::fs::write(&stall, "").unwrap();
            tokio::time::sleep(Duration::from_millis(random.within(5..30))).await;
        }
        orders.send_modify(|orders| orders.address = None);
        server.kill().await;
        std::fs::remove_file(&stall).ok();
        server.restart().await;
        orders.send_modify(|orders| orders.address = Some(server.address));
    }
    orders.send_modify(|orders| orders.finish = true);

    let api = api.at(&server);
    let (mut total, mut connects, mut last) = (0, 0, None);
    while let Some(device) = within("the devices' end", fleet.join_next()).await {
        let device = device.expect("no device panicked");
        let mut times: HashMap<u64, u32> = HashMap::new();
        for reading in api.readings(&device.device.id).await {
            let n = reading["value"].as_f64().unwrap() as u64;
            assert_eq!(reading["sensor_type"], format!("s{}", n % READINGS), "an alien: {reading}");
            *times.entry(n).or_default() += 1;
        }
        let sent = READINGS..(device.sent + 1) * READINGS;
        let missing: Vec<u64> = sent.clone().filter(|n| !times.contains_key(n)).collect();
        let doubled: Vec<_> = times.iter().filter(|(_, times)| **times != 1).collect();
        let alien: Vec<_> = times.keys().filter(|n| !sent.contains(*n)).collect();
        assert_eq!(
            (missing.len(), doubled.len(), alien.len()),
            (0, 0, 0),
            "{missing:?} {doubled:?} {alien:?}"
        );
        total += times.len();
        connects += device.connects;
        last = Some(device.device);
    }
    println!("{total} readings, {connects} connections, {ROUNDS} kills");
    println!("{sealed} readings sealed, in {sealing_rounds} rounds");
    assert!(sealing_rounds > ROUNDS / 2 && sealed > 0, "blocks were written between the kills");
    assert!(connects > DEVICES * ROUNDS / 2, "the devices were connected when the server died");

    // Once flows have had time to write down how far they are, the next seal drops what they are past.
    let mut device = Device::connect(&server, &last.expect("there were devices"), 0, 1).await;
    let mut q = 0;
    eventually("commits are dropped once they are sealed and read", async || {
        q += 1;
        let readings: Vec<Value> = (0..500).map(|n| json!(["more", n])).collect();
        device.deliver(q, json!(readings)).await;
        // At least 17 bytes a reading, if they were kept.
        let blobs = metric(&server, "edgesync_log_blob_bytes").await;
        if blobs < 4.0 * total as f64 { Ok(()) } else { Err(blobs) }
    })
    .await;
}

#[tokio::test]
async fn what_waits_to_be_written_is_not_acknowledged_and_comes_again_after_a_kill() {
    let scratch = scratch();
    let stall = scratch.path().join("stall");
    let mut stage = stage_with(&["--test-stall-file", stall.to_str().unwrap()]).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    std::fs::write(&stall, "").unwrap();
    for q in [2, 3, 1] {
        device.data(q, json!([["a", q]])).await;
    }
    let ack = device.socket.hear().await;
    assert_eq!((&ack["t"], &ack["q"]), (&json!("ack"), &json!(1)), "the first, because it came again: {ack}");
    stage.server.kill().await;
    std::fs::remove_file(&stall).unwrap();
    stage.server.restart().await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 2).await;
    assert_eq!(device.welcome["acked"], 1);
    device.data(2, json!([["a", 2]])).await;
    device.deliver(3, json!([["a", 3]])).await;
    stage.api.at(&stage.server).expect_values(&stage.device.id, "a", &[1.0, 2.0, 3.0]).await;
}

#[tokio::test]
async fn the_simulated_fleet_comes_back_after_kills_and_finds_the_store_right() {
    let mut stage = stage().await;
    let (moved, target) = watch::channel(stage.server.address);
    let url = format!("http://{}", relay(target).await);
    let fleet = tokio::process::Command::new(env!("CARGO_BIN_EXE_edgesync"))
        .args([
            "simulate",
            "--email",
            "fleet@example.org",
            "--password",
            "correct horse battery",
            "--url",
            &url,
        ])
        .args([
            "--devices",
            "5",
            "--rate",
            "200",
            "--readings",
            "3",
            "--duration",
            "4s",
            "--verify",
            "--json",
        ])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(1300)).await; // amid its run
        stage.server.kill().await;
        stage.server.restart().await;
        moved.send_replace(stage.server.address);
    }
    let output = within("the fleet's end", fleet.wait_with_output()).await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
    assert!(output.status.success(), "{report:#}");
    assert_eq!(report["verify"]["good"], true, "{report:#}");
    assert_eq!(report["frames_unacked"], 0, "what was under way was sent again: {report:#}");
    assert!(report["reconnects"].as_u64().unwrap() >= 5, "{report:#}");
    assert!(
        report["frames_acked"].as_u64().unwrap() >= 3_900,
        "nothing of the schedule was left out: {report:#}"
    );
}

#[tokio::test]
async fn a_deployed_flow_runs_again_after_a_kill() {
    let mut stage = stage().await;
    let nodes = json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": stage.device.id, "variable": "a"}},
        {"id": "average", "type": "moving-average", "position": {"x": 1, "y": 0}, "data": {"windowSize": 2}},
        {"id": "show", "type": "display", "position": {"x": 2, "y": 0}, "data": {}},
    ]);
    let edges = json!([{"id": "1", "source": "in", "target": "average"}, {"id": "2", "source": "average", "target": "show"}]);
    let flow = stage.api.deploy("average", nodes, edges).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    stage.server.kill().await;
    stage.server.restart().await;
    let api = stage.api.at(&stage.server);
    let mut live = Live::connect(&stage.server, &api).await;
    live.flow_node(1, &flow, "show").await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 2).await;
    assert_eq!(device.welcome["acked"], 1);
    device.deliver(2, json!([["a", 100], ["a", 200]])).await;
    live.shows(1, 150.0).await;
}
