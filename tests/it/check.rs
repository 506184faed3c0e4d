//! `edgesync check` on what a server left.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Device, Stage, stage_with};

async fn stopped() -> Stage {
    let mut stage = stage_with(&["--test-head-readings", "20"]).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    for q in 1..=60 {
        device.deliver(q, json!([["a", q], ["b", "text"]])).await;
    }
    stage.server.terminate().await;
    stage.server.wait().await;
    stage
}

async fn check(stage: &Stage) -> (i32, Value) {
    let output = stage.server.tool("check", &["--json"], "").await;
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().unwrap(), report)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_installation_is_found_sound_and_a_served_one_is_left_alone() {
    let mut stage = stopped().await;
    let (code, report) = check(&stage).await;
    assert_eq!((code, &report["problems"]), (0, &json!([])));
    assert_eq!(report["looked_at"]["readings"], 120);
    let plain = stage.server.tool("check", &[], "").await;
    assert!(String::from_utf8_lossy(&plain.stdout).contains("all is well"));

    // A server that runs has its log to itself.
    stage.server.restart().await;
    let refused = stage.server.tool("check", &[], "").await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("in use"), "{:?}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checking_changes_no_reading() {
    let mut stage = stopped().await;
    check(&stage).await;
    check(&stage).await;
    stage.server.restart().await;
    let api = stage.api.at(&stage.server);
    assert_eq!(api.readings(&stage.device.id).await.len(), 120);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_is_nothing_is_made() {
    let directory: PathBuf = crate::support::server::scratch().keep();
    let output = crate::support::server::run(&directory, &["check", "--data", "nothing"], &[]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(!Path::new(&directory).join("nothing").exists());
    std::fs::remove_dir_all(directory).unwrap();
}
