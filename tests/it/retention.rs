//! What is too old is refused, hidden and dropped by a server that runs.

use serde_json::json;

use crate::support::api::metric;
use crate::support::{Device, eventually, now_ms, stage_with};

const DAY_MS: i64 = 86_400_000;

/// Sends a value that is so many days old.
async fn say(device: &mut Device, q: u64, days: i64, value: i64) {
    let at = now_ms() - days * DAY_MS;
    device.socket.say(json!({"t": "data", "q": q, "bt": at, "r": [["a", value]]})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_past_their_retention_are_dropped_and_counted() {
    let checked = drop_and_count(&[]).await;
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_past_their_retention_are_dropped_from_postgresql_and_counted() {
    let cluster = edgesync_test_postgres::Options::new().unsynced().start();
    drop_and_count(&["--database-url", &cluster.url()]).await;
    assert_eq!(cluster.psql("SELECT count(*) FROM readings"), "2");
}

/// Keeps readings for ten days, then for five; gives what a check says at the end.
async fn drop_and_count(place: &[&str]) -> std::process::Output {
    let with = |args: &[&'static str]| [place, args].concat();
    let mut stage = stage_with(&with(&["--test-head-readings", "1", "--retention-days", "10"])).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let ages = [9, 8, 2, 1];
    for (q, days) in (1..).zip(ages) {
        say(&mut device, q, days, days).await;
        assert!(device.acked(q).await.is_empty());
    }
    say(&mut device, 5, 11, 11).await;
    assert_eq!(device.acked(5).await, [json!([5, 0, "too_old"])]);
    stage.server.terminate().await;
    stage.server.wait().await;
    stage
        .server
        .restart_with(&with(&[
            "--retention-days",
            "5",
            "--test-retention-ms",
            "20",
            "--test-head-readings",
            "1",
        ]))
        .await;
    let api = stage.api.at(&stage.server);
    assert_eq!(api.values(&stage.device.id, "a").await, [2.0, 1.0], "hidden from the start on");
    eventually("they are dropped", async || {
        let dropped = metric(&stage.server, "edgesync_retention_readings_total").await;
        if dropped == 2.0 { Ok(()) } else { Err(dropped) }
    })
    .await;
    eventually("a pass that did something says so", async || {
        let log = std::fs::read_to_string(stage.server.path("log")).unwrap();
        if log.lines().any(|line| line.contains(" INFO retention readings=")) { Ok(()) } else { Err(log) }
    })
    .await;
    assert!(metric(&stage.server, "edgesync_retention_oldest_seconds").await > 0.0);
    stage.server.terminate().await;
    stage.server.wait().await;
    stage.server.tool("check", &[], "").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_keeps_its_readings_for_as_long_as_the_project_of_it_that_asks_most() {
    let stage = stage_with(&["--test-head-readings", "1", "--test-retention-ms", "20"]).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    say(&mut device, 1, 100, 1).await;
    assert_eq!(device.acked(1).await, [json!([1, 0, "too_old"])], "it is in no project");
    for (name, days) in [("short", 7), ("long", 365)] {
        let body =
            json!({"organization_id": stage.api.organization, "name": name, "data_retention_days": days});
        let project = stage.api.post("/api/v1/projects", body).await;
        let path =
            format!("/api/v1/projects/{}/devices/{}", project["id"].as_str().unwrap(), stage.device.id);
        let (status, answer) = stage.api.call(hyper::Method::PUT, &path, None).await;
        assert!(status < 300, "{answer}");
    }
    let mut q = 1;
    eventually("the open socket takes older readings", async || {
        q += 1;
        say(&mut device, q, 100, 1).await;
        let refused = device.acked(q).await;
        if refused.is_empty() { Ok(()) } else { Err(refused) }
    })
    .await;
    let passes = metric(&stage.server, "edgesync_retention_passes_total").await;
    eventually("two passes have gone by", async || {
        let now = metric(&stage.server, "edgesync_retention_passes_total").await;
        if now >= passes + 2.0 { Ok(()) } else { Err(now) }
    })
    .await;
    assert_eq!(stage.api.values(&stage.device.id, "a").await, [1.0]);
}
