//! kill -9 at random moments under load: every acknowledged reading is there exactly once, and nothing else is.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::api::metric;
use crate::support::firmware::{Fallout, Fleet};
use crate::support::server::{relay, scratch};
use crate::support::{Api, Device, Live, Random, Server, eventually, stage, stage_with, within};

const ROUNDS: u32 = 30;
const DEVICES: u32 = 5;
/// Readings in memory before they are sealed into blocks: several times between two kills.
const HEAD_READINGS: u64 = 1_000;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_kills_lose_no_acknowledged_reading_and_double_none() {
    let mut random = Random::seeded();
    let scratch = scratch();
    let stall = scratch.path().join("stall");
    let head_readings = HEAD_READINGS.to_string();
    let args = ["--test-head-readings", &head_readings, "--test-stall-file", stall.to_str().unwrap()];
    let mut server = Server::start_with(&args).await;
    let api = Api::sign_up(&server).await;
    let fleet = Fleet::start(&api, &mut random, DEVICES, server.address).await;
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
        fleet.lost();
        server.kill().await;
        std::fs::remove_file(&stall).ok();
        server.restart().await;
        fleet.found(server.address);
    }
    let Fallout { readings: total, connects, device } = fleet.finish(&api.at(&server)).await;
    println!("{total} readings, {connects} connections, {ROUNDS} kills");
    println!("{sealed} readings sealed, in {sealing_rounds} rounds");
    assert!(sealing_rounds > ROUNDS / 2 && sealed > 0, "blocks were written between the kills");
    assert!(connects > DEVICES * ROUNDS / 2, "the devices were connected when the server died");

    // Once flows have had time to write down how far they are, the next seal drops what they are past.
    let mut device = Device::connect(&server, &device, 0, 1).await;
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
