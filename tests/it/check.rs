//! `edgesync check` on what a server left.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use edgesync_test_postgres::{Cluster, Options};

use crate::support::server::{run, scratch};
use crate::support::{Device, Stage, stage_with};

async fn stopped() -> Stage {
    stopped_with(&["--test-head-readings", "20"]).await
}

async fn stopped_with(args: &[&str]) -> Stage {
    let mut stage = stage_with(args).await;
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
    let directory: PathBuf = scratch().keep();
    let output = run(&directory, &["check", "--data", "nothing"], &[]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(!Path::new(&directory).join("nothing").exists());
    for tool in [&["check"][..], &["admin", "list"], &["serve"]] {
        let output = run(&directory, &[tool, &["--data", "postgres://u:s3cr3t@h/db"]].concat(), &[]).await;
        let told =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success() && told.contains("data: ") && !told.contains("s3cr3t"), "{told}");
    }
    std::fs::remove_dir_all(directory).unwrap();
}

fn cluster() -> Cluster {
    Options::new().unsynced().start()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_in_a_database_is_looked_through_and_nothing_is_changed() {
    let cluster = cluster();
    let mut stage = stopped_with(&["--database-url", &cluster.url()]).await;
    let all = "SELECT (SELECT count(*) FROM pg_class), (SELECT owner FROM log_state), (SELECT count(*) FROM log_commits)";
    let before = cluster.psql(all);
    let (code, report) = check(&stage).await;
    assert_eq!((code, &report["problems"]), (0, &json!([])), "{report}");
    assert_eq!(report["looked_at"]["readings"], 120);
    assert!(report["looked_at"]["catalog rows"].as_u64() > Some(5), "{report}");
    assert_eq!(cluster.psql(all), before);

    // The variable and the file name it as the flag does; a directory is looked through if it is named.
    let scratch = scratch();
    let url = cluster.url();
    let by_variable = run(scratch.path(), &["check"], &[("EDGESYNC_DATABASE_URL", &url)]).await;
    assert!(String::from_utf8_lossy(&by_variable.stdout).contains("all is well"), "{by_variable:?}");
    std::fs::write(scratch.path().join("edgesync.toml"), format!("database_url = '{url}'")).unwrap();
    let by_file = run(scratch.path(), &["check"], &[]).await;
    assert!(String::from_utf8_lossy(&by_file.stdout).contains("all is well"), "{by_file:?}");
    let listed = run(scratch.path(), &["admin", "list", "devices"], &[]).await;
    assert!(String::from_utf8_lossy(&listed.stdout).contains(&stage.device.id), "{listed:?}");
    let directory = run(scratch.path(), &["check", "--data", "nothing"], &[]).await;
    assert!(
        String::from_utf8_lossy(&directory.stderr).contains("no installation in nothing"),
        "{directory:?}"
    );

    cluster.psql("UPDATE readings SET unit = 3 WHERE log_offset = 7");
    cluster.psql("INSERT INTO series VALUES (99, '11111111-1111-4111-8111-111111111111', 's', '{}')");
    let (code, report) = check(&stage).await;
    assert_eq!((code, report["problems"].as_array().unwrap().len()), (1, 2), "{report}");
    for what in ["offset 7: it has a unit that its series has not", "never was a device"] {
        assert!(report["problems"].to_string().contains(what), "{what}: {report}");
    }

    // A server that runs has its log to itself.
    stage.server.restart().await;
    let refused = stage.server.tool("check", &[], "").await;
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("while no server runs") && told.contains("in use"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_an_installation_is_told_and_stays_without() {
    let cluster = cluster();
    let scratch = scratch();
    let told = async |url: &str| {
        let output = run(scratch.path(), &["check"], &[("EDGESYNC_DATABASE_URL", url)]).await;
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let none = told(&cluster.url()).await;
    assert!(none.contains("there is no installation in postgres://edgesync@127.0.0.1:"), "{none}");
    assert_eq!(cluster.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    let away = told("postgres://ada:s3cr3t@127.0.0.1:1/d").await;
    assert!(
        away.contains("does not answer at postgres://ada@127.0.0.1:1/d") && !away.contains("s3cr3t"),
        "{away}"
    );
}
