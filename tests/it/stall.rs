//! A store that stands still: sockets are not read, memory stays within the budget, and afterwards nothing is lost.

use std::time::Duration;

use futures_util::SinkExt;
use hyper::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::api::{anonymous, metric};
use crate::support::server::scratch;
use crate::support::{CompatDevice, Device, eventually, stage_with, within};

/// How long a socket must take nothing before it counts as stopped.
const STOPPED: Duration = Duration::from_secs(2);
/// Resident memory beyond the budget: answers owed, what sockets hold half read, the allocator's slack. Far less than what is pushed.
const SLACK_KIB: u64 = 16 * 1024;
const BUDGET_MB: u64 = 4;
/// Sockets that push. Their frames outstanding, 64 each, are several times the budget: it is what stops them.
const PUSHERS: usize = 4;
/// Longer than a device may ignore a credit. The compatible form has none, so nobody is closed for it.
const PATIENCE: Duration = Duration::from_secs(11);

/// Long texts fill the budget with few readings, so that the test reads few back.
fn heavy_frame(device: u32, n: u32) -> Value {
    let readings: Vec<Value> = (0..15)
        .map(|i| json!({"type": format!("s{i}"), "value": format!("{device}/{n}/{i}/{}", "x".repeat(3900))}))
        .collect();
    json!({"readings": readings})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_store_stops_the_sockets_and_loses_nothing() {
    let scratch = scratch();
    let file = scratch.path().join("stall");
    let budget_mb = BUDGET_MB.to_string();
    let args = ["--test-stall-file", file.to_str().unwrap(), "--append-budget-mb", &budget_mb];
    let stage = stage_with(&args).await;
    let numbered = stage.api.new_device("numbered").await;
    let mut numbered_socket = Device::connect(&stage.server, &numbered, 1, 1).await;
    numbered_socket.deliver(1, json!([["a", 1]])).await;
    let before_kib = stage.server.resident_kib();

    std::fs::write(&file, "").unwrap();
    for q in 2..=60 {
        numbered_socket.data(q, json!([["a", q]])).await; // within the credit: must wait, not fail
    }
    let mut sockets = Vec::new();
    stage.api.allow_devices(&stage.server, PUSHERS as u32 + 2).await;
    let stalled = tokio::time::Instant::now();
    for index in 0..PUSHERS {
        let device = stage.api.new_device(&format!("heavy{index}")).await;
        sockets.push((CompatDevice::connect(&stage.server, &device).await, device));
    }
    let budget = BUDGET_MB << 20;
    let mut pushers = tokio::task::JoinSet::new();
    for (index, (mut socket, device)) in sockets.into_iter().enumerate() {
        pushers.spawn(async move {
            let mut sent = 0u32;
            loop {
                let frame = Message::text(heavy_frame(index as u32, sent).to_string());
                // A frame whose sending was given up may be half written; it is finished below, by flushing.
                match tokio::time::timeout(STOPPED, socket.socket.0.send(frame)).await {
                    Ok(result) => result.expect("the socket stays open"),
                    Err(_) => return (socket, device, sent + 1),
                }
                sent += 1;
                assert!(sent < 1000, "the server reads on without end");
            }
        });
    }
    let mut stopped = Vec::new();
    while let Some(pusher) = pushers.join_next().await {
        stopped.push(pusher.unwrap());
    }
    let pushed: u64 = stopped.iter().map(|(_, _, sent)| u64::from(*sent) * 15 * 3900).sum();
    let grown_kib = stage.server.resident_kib().saturating_sub(before_kib);
    println!("{} MiB pushed, {} MiB grown from {} MiB", pushed >> 20, grown_kib >> 10, before_kib >> 10);
    assert!(pushed > budget, "only {pushed} bytes went in before the sockets stopped");
    let queued = metric(&stage.server, "edgesync_log_queued_bytes").await as u64;
    assert!((budget * 3 / 4..=budget).contains(&queued), "{queued} bytes wait, the budget is {budget}");
    assert!(
        metric(&stage.server, "edgesync_device_waits_total").await > 0.0,
        "it was not the budget that stopped the sockets"
    );
    assert!(grown_kib < budget / 1024 + SLACK_KIB, "{grown_kib} KiB more than before the stall");
    eventually("readiness says that the store stands still", async || {
        let (status, answer) = anonymous(&stage.server, Method::GET, "/readyz").await;
        if status == 503 { Ok(()) } else { Err((status, answer)) }
    })
    .await;
    let (status, _) = anonymous(&stage.server, Method::GET, "/healthz").await;
    assert_eq!(status, 200, "alive all the same");

    // What is asked of a connection is done although its socket is not read.
    let (_revoked, device, _) = stopped.pop().unwrap();
    let open = metric(&stage.server, "edgesync_device_sockets_open").await;
    stage.api.rotate(&device).await;
    eventually("the revoked device's socket is gone", async || {
        let now = metric(&stage.server, "edgesync_device_sockets_open").await;
        if now < open { Ok(()) } else { Err(now) }
    })
    .await;

    tokio::time::sleep_until(stalled + PATIENCE).await;
    assert_eq!(
        metric(&stage.server, "edgesync_device_sockets_open").await,
        open - 1.0,
        "nobody was closed for the stall"
    );
    std::fs::remove_file(&file).unwrap();
    numbered_socket.acked(60).await;
    let expected: Vec<f64> = (1..=60).map(f64::from).collect();
    stage.api.expect_values(&numbered.id, "a", &expected).await;
    let mut drains = tokio::task::JoinSet::new();
    for (mut socket, device, sent) in stopped {
        drains.spawn(async move {
            within("the half-written frame", socket.socket.0.flush()).await.unwrap();
            for _ in 0..sent {
                let reply = within("a reply after the stall", socket.socket.try_hear()).await.unwrap();
                assert_eq!(reply["status"], "success", "{reply}");
            }
            (device, sent)
        });
    }
    while let Some(drained) = drains.join_next().await {
        let (device, sent) = drained.unwrap();
        let stored = stage.api.readings(&device.id).await;
        let mut names: Vec<String> = stored
            .iter()
            .map(|r| r["raw_data"].as_str().unwrap().rsplit_once('/').unwrap().0.to_owned())
            .collect();
        names.sort();
        names.dedup();
        assert_eq!(
            (stored.len(), names.len()),
            (sent as usize * 15, sent as usize * 15),
            "each exactly once"
        );
    }
    eventually("ready again", async || {
        let (status, answer) = anonymous(&stage.server, Method::GET, "/readyz").await;
        if status == 200 { Ok(()) } else { Err((status, answer)) }
    })
    .await;
}
