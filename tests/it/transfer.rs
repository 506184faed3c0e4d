//! `edgesync move`: an installation that was moved serves as before, and its devices notice nothing but another address.

use std::process::Stdio;

use serde_json::json;
use tokio::process::Command;

use crate::support::server::Server;
use crate::support::{Device, Stage, stage_with, within};

const READINGS: u64 = 3_000;

async fn filled() -> Stage {
    let mut stage = stage_with(&["--test-head-readings", "200"]).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    for q in 1..=READINGS / 100 {
        let readings: Vec<_> =
            (0..50).flat_map(|n| [json!(["a", q * 50 + n]), json!(["b", format!("é{n}")])]).collect();
        device.deliver(q, json!(readings)).await;
    }
    stage.server.terminate().await;
    stage.server.wait().await;
    stage
}

fn transfer(stage: &Stage, to: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgesync"));
    command.arg("move").arg("--from").arg(stage.server.data()).arg("--to").arg(stage.server.path(to));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_installation_goes_on_where_the_other_ended() {
    let mut stage = filled().await;
    let moved = within("the move", transfer(&stage, "moved").output()).await.unwrap();
    assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
    let said = String::from_utf8(moved.stdout).unwrap();
    assert!(said.contains(&format!("{READINGS} readings of 2 series")), "{said}");
    let again = within("a second move", transfer(&stage, "moved").output()).await.unwrap();
    assert!(again.status.success());
    assert!(String::from_utf8_lossy(&again.stdout).contains("nothing left to do"));
    let served = Server::start_on(&stage.server.path("moved")).await;
    let api = stage.api.at(&served);
    assert_eq!(api.values(&stage.device.id, "a").await.len() as u64, READINGS / 2);
    // The same boot goes on with the same frame numbers: what is sent again is not stored again.
    let last = READINGS / 100;
    let mut device = Device::connect(&served, &stage.device, 1, last + 1).await;
    device.data(last, json!([["a", 1]])).await;
    device.deliver(last + 1, json!([["a", -1]])).await;
    let values = api.values(&stage.device.id, "a").await;
    assert_eq!((values.len() as u64, values.last()), (READINGS / 2 + 1, Some(&-1.0)));
    stage.server.restart().await;
    assert_eq!(stage.api.at(&stage.server).values(&stage.device.id, "a").await.len() as u64, READINGS / 2);
    let refused = within("a move of what is served", transfer(&stage, "other").output()).await.unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("in use"), "{:?}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_killed_again_and_again_ends_equal() {
    let stage = filled().await;
    let mut killed = 0;
    let mut after_ms = 5;
    loop {
        let mut child = transfer(&stage, "moved").spawn().unwrap();
        let ended = tokio::time::timeout(std::time::Duration::from_millis(after_ms), child.wait()).await;
        match ended {
            Ok(status) => {
                let output = child.wait_with_output().await.unwrap();
                assert!(status.unwrap().success(), "{}", String::from_utf8_lossy(&output.stderr));
                break;
            }
            Err(_) => child.kill().await.unwrap(),
        }
        killed += 1;
        after_ms += 15;
        assert!(killed < 400, "it gets on from where it was");
    }
    println!("killed {killed} times");
    let served = Server::start_on(&stage.server.path("moved")).await;
    assert_eq!(stage.api.at(&served).values(&stage.device.id, "b").await.len() as u64, READINGS / 2);
}
