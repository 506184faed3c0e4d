//! `edgesync move`: an installation that was moved serves as before, and its devices notice nothing but another address.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use edgesync_test_postgres::{Cluster, Options};
use serde_json::json;
use tokio::process::Command;

use crate::support::server::{Server, run, scratch};
use crate::support::{Device, Stage, eventually, stage_with, within};

const READINGS: u64 = 3_000;
const FRAMES: u64 = READINGS / 100;

async fn filled() -> Stage {
    let mut stage = stage_with(&["--test-head-readings", "200"]).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    for q in 1..=FRAMES {
        let readings: Vec<_> =
            (0..50).flat_map(|n| [json!(["a", q * 50 + n]), json!(["b", format!("é{n}")])]).collect();
        device.deliver(q, json!(readings)).await;
    }
    stage.server.terminate().await;
    stage.server.wait().await;
    stage
}

fn cluster() -> Cluster {
    Options::new().unsynced().start()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn transfer(from: &str, to: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgesync"));
    command.args(["move", "--from", from, "--to", to]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn moved(from: &str, to: &str) -> String {
    let output = within("a move", transfer(from, to).output()).await.unwrap();
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

async fn refused(from: &str, to: &str) -> String {
    let output = within("a move that is refused", transfer(from, to).output()).await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(!said(&output).contains("p%40ss") && !said(&output).contains("s3cr3t"), "{}", said(&output));
    said(&output)
}

/// Serves with these arguments: what there was is there, what a device sends again is not stored again, and one more frame is.
async fn goes_on(stage: &Stage, args: &[&str], frames: u64) {
    let mut served = Server::start_with(args).await;
    let api = stage.api.at(&served);
    let before = api.values(&stage.device.id, "a").await.len() as u64;
    assert_eq!(before, READINGS / 2 + frames - FRAMES);
    // The same boot goes on with the same frame numbers.
    let mut device = Device::connect(&served, &stage.device, 1, frames + 1).await;
    device.data(frames, json!([["a", 1]])).await;
    device.deliver(frames + 1, json!([["a", -1]])).await;
    let values = api.values(&stage.device.id, "a").await;
    assert_eq!((values.len() as u64, values.last()), (before + 1, Some(&-1.0)));
    served.terminate().await;
    served.wait().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_installation_goes_on_where_the_other_ended() {
    let mut stage = filled().await;
    let (from, to) = (stage.server.data(), stage.server.path("moved"));
    let told = moved(text(&from), text(&to)).await;
    assert!(told.contains(&format!("{READINGS} readings of 2 series")), "{told}");
    assert!(moved(text(&from), text(&to)).await.contains("nothing left to do"));
    goes_on(&stage, &["--data", text(&to)], FRAMES).await;
    stage.server.restart().await;
    assert_eq!(stage.api.at(&stage.server).values(&stage.device.id, "a").await.len() as u64, READINGS / 2);
    let told = refused(text(&from), text(&stage.server.path("other"))).await;
    assert!(told.contains("in use"), "{told}");
    let told = refused(text(&to), text(&from)).await;
    assert!(told.contains("the target's") || told.contains("not empty"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_that_moves_to_a_database_and_back_goes_on_in_each() {
    let stage = filled().await;
    let cluster = cluster();
    let (start, back) = (stage.server.data(), stage.server.path("back"));
    let told = moved(text(&start), &cluster.url()).await;
    assert!(told.contains(&format!("{READINGS} readings of 2 series")), "{told}");
    assert!(moved(text(&start), &cluster.url()).await.contains("nothing left to do"));
    goes_on(&stage, &["--database-url", &cluster.url()], FRAMES).await;
    let told = moved(&cluster.url(), text(&back)).await;
    assert!(told.contains(&format!("{} readings of 2 series", READINGS + 1)), "{told}");
    goes_on(&stage, &["--data", text(&back)], FRAMES + 1).await;
}

/// Kills a move again and again, each time when it has begun and a little later than before, until one comes to its end; which must say that it
/// went on.
async fn kill_again_and_again(from: &str, to: &str, has_begun: impl Fn() -> bool) {
    let mut killed = 0;
    let told = loop {
        let mut child = transfer(from, to).spawn().unwrap();
        eventually("the move begins or ends", async || {
            if has_begun() || child.try_wait().unwrap().is_some() { Ok(()) } else { Err("neither") }
        })
        .await;
        // How far it gets in a time is not known: that is the point.
        let _ = tokio::time::timeout(Duration::from_millis(killed * 25), child.wait()).await;
        child.start_kill().ok();
        let output = within("the end", child.wait_with_output()).await.unwrap();
        if output.status.signal() != Some(9) {
            assert!(output.status.success(), "{}", said(&output));
            break said(&output);
        }
        killed += 1;
        assert!(killed < 400, "it gets on from where it was");
    };
    println!("killed {killed} times");
    assert!(killed > 0, "it was killed at least once");
    // One may be killed between its end and the end of its process: then it was one that went on.
    let is_resumed = told.contains("went on with a move that was interrupted");
    assert!(is_resumed || killed > 1 && told.contains("nothing left to do"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_killed_again_and_again_ends_equal() {
    let stage = filled().await;
    let (from, to) = (stage.server.data(), stage.server.path("moved"));
    // When the word is in the store the file with it goes.
    let store = to.join("readings");
    let has_begun = || store.join("store").exists() && !store.join("move").exists();
    kill_again_and_again(text(&from), text(&to), has_begun).await;
    goes_on(&stage, &["--data", text(&to)], FRAMES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moves_to_a_database_and_back_that_are_killed_again_and_again_end_equal() {
    let stage = filled().await;
    let cluster = cluster();
    let (from, back) = (stage.server.data(), stage.server.path("back"));
    let has_begun = || {
        cluster.psql("SELECT to_regclass('log_move') IS NOT NULL") == "t"
            && cluster.psql("SELECT count(*) FROM log_move") == "1"
    };
    kill_again_and_again(text(&from), &cluster.url(), has_begun).await;
    let doubled = "SELECT count(*) - count(DISTINCT log_offset), count(*) FROM readings";
    assert_eq!(cluster.psql(doubled), format!("0|{READINGS}"));
    let store = back.join("readings");
    let has_begun = || store.join("store").exists() && !store.join("move").exists();
    kill_again_and_again(&cluster.url(), text(&back), has_begun).await;
    goes_on(&stage, &["--database-url", &cluster.url()], FRAMES).await;
    goes_on(&stage, &["--data", text(&back)], FRAMES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_cannot_be_is_told_why_and_shows_no_password() {
    let stage = filled().await;
    let cluster = cluster();
    let (from, new) = (stage.server.data(), stage.server.path("new"));
    let (from, new) = (text(&from), text(&new));
    let told = refused(from, "postgres://ada:s3cr3t@127.0.0.1:1/d").await;
    assert!(
        told.contains("the target's database") && told.contains("postgres://ada@127.0.0.1:1/d"),
        "{told}"
    );
    let told = refused("postgres://ada:s3cr3t@h/d?sslmode=prefer", "mysql://h/d").await;
    assert!(
        told.contains("from: the URL has sslmode=prefer") && told.contains("to: the URL must begin"),
        "{told}"
    );
    let told = refused("postgres:/ada:s3cr3t@h/d", "host=h password=s3cr3t").await;
    assert!(told.contains("from: looks like") && told.contains("to: looks like"), "{told}");
    let told = refused(&cluster.url().replace("p%40ss", "s3cr3t"), new).await;
    assert!(
        told.contains("the source's database") && told.contains("password authentication failed"),
        "{told}"
    );
    let told = refused(&cluster.url(), new).await;
    assert!(told.contains("there is no installation in postgres://edgesync@127.0.0.1:"), "{told}");
    assert_eq!(cluster.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    let told = refused(&cluster.url(), &cluster.url()).await;
    assert!(told.contains("are the same"), "{told}");

    // Two installations: neither goes into the other, and one that is served is left alone.
    let mut other = stage_with(&["--database-url", &cluster.url()]).await;
    let told = refused(from, &cluster.url()).await;
    assert!(told.contains("the target's reading log") && told.contains("in use"), "{told}");
    let told = refused(&cluster.url(), new).await;
    assert!(told.contains("the source's reading log") && told.contains("in use"), "{told}");
    other.server.terminate().await;
    other.server.wait().await;
    for (from, to) in [(from, cluster.url().as_str()), (cluster.url().as_str(), from)] {
        let told = refused(from, to).await;
        assert!(told.contains("the target is not empty"), "{told}");
    }
    other.server.restart().await;
    let api = other.api.at(&other.server);
    assert_eq!(api.get("/api/v1/devices").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_may_stand_in_a_variable() {
    let cluster = cluster();
    let scratch = scratch();
    let url = cluster.url();
    let variables = [("EDGESYNC_MOVE_FROM", url.as_str()), ("EDGESYNC_MOVE_TO", "moved")];
    let output = run(scratch.path(), &["move"], &variables).await;
    assert!(said(&output).contains("there is no installation in postgres://edgesync@"), "{}", said(&output));
    let help = run(scratch.path(), &["move", "--help"], &variables).await;
    assert!(!said(&help).contains("p%40ss"), "{}", said(&help));
}
