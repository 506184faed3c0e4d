//! Starting and stopping: what the operator is told, and what the demo shows.

use serde_json::json;

use crate::support::server::{run, scratch};
use crate::support::{Api, Device, Server, eventually, stage, stage_with};

#[tokio::test]
async fn every_problem_of_the_configuration_is_told_at_once_with_exit_code_64() {
    let scratch = scratch();
    let output =
        run(scratch.path(), &["serve", "--listen", "here", "--cells", "0", "--log-format", "xml"], &[]).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{told}");
    for key in ["listen", "cells", "log_format"] {
        assert_eq!(told.lines().filter(|line| line.contains(&format!("{key}: "))).count(), 1, "{told}");
    }
    assert!(output.stdout.is_empty(), "it never was ready");
}

#[tokio::test]
async fn a_wrong_command_line_exits_with_64_and_help_with_0() {
    let scratch = scratch();
    let code = async |args: &[&str], environment: &[(&str, &str)]| {
        let output = run(scratch.path(), args, environment).await;
        (output.status.code(), output.stdout.is_empty(), output.stderr.is_empty())
    };
    for wrong in
        [&["serve", "--colour"][..], &["serve", "--cells"], &["--nothing"], &["admin"], &["admin", "plan"]]
    {
        assert_eq!(code(wrong, &[]).await, (Some(64), true, false), "{wrong:?}");
    }
    for right in [&["--help"][..], &["--version"], &["serve", "--help"], &["admin", "plan", "--help"]] {
        assert_eq!(code(right, &[]).await, (Some(0), false, true), "{right:?}");
    }
    let variables = [("EDGESYNC_LISTN", "127.0.0.1:0")];
    assert_eq!(code(&["serve"], &variables).await, (Some(64), true, false));
    let variables = [("EDGESYNC_CONFIG", "nowhere.toml")];
    assert_eq!(code(&["serve"], &variables).await, (Some(64), true, false));
}

#[tokio::test]
async fn flags_come_before_the_environment_and_that_before_the_file() {
    let scratch = scratch();
    std::fs::write(scratch.path().join("edgesync.toml"), "cells = \"of the file\"\n").unwrap();
    let environment = [("EDGESYNC_CELLS", "of the environment")];
    let told = async |args: &[&str], environment: &[(&str, &str)]| {
        let output = run(scratch.path(), args, environment).await;
        assert_eq!(output.status.code(), Some(64));
        String::from_utf8(output.stderr).unwrap()
    };
    let file = told(&["serve"], &[]).await;
    assert!(file.contains("of the file"), "{file}");
    let variable = told(&["serve"], &environment).await;
    assert!(variable.contains("of the environment"), "{variable}");
    let flag = told(&["serve", "--cells", "of the flag"], &environment).await;
    assert!(flag.contains("of the flag"), "{flag}");
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused_and_the_first_goes_on() {
    let stage = stage().await;
    let data = stage.server.data();
    let args = ["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let output = run(&stage.server.path(""), &args, &[]).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(output.stdout.is_empty(), "it never was ready");
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    stage.api.expect_values(&stage.device.id, "a", &[1.0]).await;
}

#[tokio::test]
async fn a_second_signal_exits_at_once_and_loses_nothing_acknowledged() {
    let scratch = scratch();
    let file = scratch.path().join("stall");
    let mut stage = stage_with(&["--test-stall-file", file.to_str().unwrap()]).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    std::fs::write(&file, "").unwrap();
    device.data(2, json!([["a", 2]])).await; // keeps the way down waiting
    stage.server.terminate().await;
    assert_eq!(device.socket.hear_close().await.0, 4503);
    stage.server.terminate().await;
    stage.server.wait().await;
    std::fs::remove_file(&file).unwrap();
    stage.server.restart().await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 2).await;
    let acked = device.welcome["acked"].as_u64().unwrap();
    assert!((1..=2).contains(&acked), "{acked}");
    if acked == 1 {
        device.deliver(2, json!([["a", 2]])).await;
    }
    stage.api.at(&stage.server).expect_values(&stage.device.id, "a", &[1.0, 2.0]).await;
}

#[tokio::test]
async fn the_demo_prints_a_login_that_works_and_its_devices_send() {
    let server = Server::start_with(&["--demo"]).await;
    let (email, password) = eventually("the demo's login", async || {
        let said = server.said();
        let login = said.iter().find_map(|line| line.strip_prefix("demo login: ")).map(str::to_owned);
        let tried =
            said.iter().any(|line| line.contains("curl") && line.contains(&server.address.to_string()));
        match login.as_deref().and_then(|login| login.split_once(' ')) {
            Some((email, password)) if tried => Ok((email.to_owned(), password.to_owned())),
            _ => Err(said),
        }
    })
    .await;
    let api = Api::log_in(&server, &email, &password).await;
    let devices = api.get(&format!("/api/v1/devices?organization={}&limit=100", api.organization)).await;
    let devices = devices["items"].as_array().unwrap().clone();
    assert_eq!(devices.len(), 20);
    for device in &devices {
        let path = format!("/api/v1/readings/latest?device={}", device["id"].as_str().unwrap());
        eventually("a reading of each device", async || {
            let latest = api.get(&path).await;
            if latest["items"].as_array().is_some_and(|items| !items.is_empty()) {
                Ok(())
            } else {
                Err(latest)
            }
        })
        .await;
    }
    let flows = api.get("/api/v1/flows").await;
    assert_eq!(
        (flows["items"].as_array().unwrap().len(), &flows["items"][0]["is_active"]),
        (1, &json!(true)),
        "{flows}"
    );
    let dashboards = api.get("/api/v1/dashboard-templates").await;
    let dashboard = dashboards["items"][0]["id"].as_str().unwrap().to_owned();
    let widgets = api.get(&format!("/api/v1/dashboard-templates/{dashboard}/widgets")).await;
    let kinds: std::collections::BTreeSet<_> =
        widgets["items"].as_array().unwrap().iter().map(|widget| widget["widget_type"].to_string()).collect();
    assert_eq!(kinds.len(), 8, "{widgets}");
}
