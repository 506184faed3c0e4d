//! `edgesync admin` on the data of a server that runs, and of one that does not.

use hyper::Method;
use serde_json::{Value, json};

use crate::support::{Api, Device, Live, stage};

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_the_operator_makes_can_log_in_and_its_password_be_reset() {
    let stage = stage().await;
    let server = &stage.server;
    let made =
        server.tool("admin", &["create-user", "Ada@Example.org", "--name", "Ada"], "correct horse\n").await;
    assert!(made.status.success(), "{}", said(&made));
    let line = String::from_utf8(made.stdout).unwrap();
    assert!(line.starts_with("ada@example.org\tfree\t5\t"), "{line}");
    assert!(!line.contains("horse"), "a password that was given is not shown");
    let before = Api::log_in(server, "ada@example.org", "correct horse").await;
    assert_eq!(before.get("/api/v1/me").await["name"], "Ada");

    let reset = server.admin(&["reset-password", "ada@example.org", "--generate"]).await;
    let password = reset.lines().find_map(|line| line.strip_prefix("password: ")).expect("it is shown");
    let (status, _) = before.call(Method::GET, "/api/v1/me", None).await;
    assert_eq!(status, 401, "its sessions have ended");
    Api::log_in(server, "ada@example.org", password).await;

    for (args, stdin, wrong) in [
        (&["create-user", "ada@example.org"][..], "correct horse\n", "already"),
        (&["create-user", "bo@example.org"], "short\n", "password must have 8"),
        (&["create-user", "bo@example.org"], "", "no password on stdin"),
        (&["create-user", "nobody"], "correct horse\n", "email"),
        (&["reset-password", "bo@example.org"], "correct horse\n", "no account bo@example.org"),
    ] {
        let refused = server.tool("admin", args, stdin).await;
        assert_eq!(refused.status.code(), Some(1), "{args:?}");
        assert!(said(&refused).contains(wrong), "{args:?}: {}", said(&refused));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_rotated_beside_a_running_server_is_soon_refused_by_it() {
    let stage = stage().await;
    let old = stage.device.token.clone();
    assert!(Device::handshake(&stage.server, Some(&old)).await.is_ok(), "remembered from here on");
    let token = stage.server.admin(&["rotate", &stage.device.id]).await.trim().to_owned();
    let refused = async {
        while Device::handshake(&stage.server, Some(&old)).await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), refused).await.expect("it is refused");
    assert_eq!(Device::handshake(&stage.server, Some(&old)).await.err(), Some(401));
    assert!(Device::handshake(&stage.server, Some(&token)).await.is_ok());
    let unknown = stage.server.tool("admin", &["rotate", "00000000-0000-7000-8000-000000000000"], "").await;
    assert!(said(&unknown).contains("no device"), "{}", said(&unknown));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_disabled_beside_a_running_server_is_out_and_may_come_back() {
    let stage = stage().await;
    let server = &stage.server;
    let ada = Api::sign_up(server).await;
    let mut live = Live::connect(server, &ada).await;
    let device = ada.new_device("pump").await;
    live.sensor(1, &device.id, "t").await;
    let listed = server.admin(&["disable", &ada.email]).await;
    assert!(listed.starts_with(&ada.email), "{listed}");
    assert_eq!(ada.call(Method::GET, "/api/v1/me", None).await.0, 401, "its session has ended");
    let login = json!({"email": ada.email, "password": "correct horse battery"});
    let (status, refused) = ada.call(Method::POST, "/api/v1/auth/login", Some(&login)).await;
    assert_eq!((status, &refused["code"]), (401, &json!("wrong_login")));
    // One that is open is asked again with its heartbeat, which is longer than a test should take.
    drop(live);
    let mut live = Live::connect(server, &ada).await;
    assert_eq!(live.socket.hear_close().await.0, 4401, "its session opens no socket");
    assert!(Device::handshake(server, Some(&device.token)).await.is_ok(), "the organization's devices go on");

    server.admin(&["enable", &ada.email]).await;
    assert_eq!(ada.call(Method::GET, "/api/v1/me", None).await.0, 401, "it has to log in again");
    Api::log_in(server, &ada.email, "correct horse battery").await;
    let unknown = server.tool("admin", &["disable", "nobody@example.org"], "").await;
    assert!(said(&unknown).contains("no account nobody@example.org"), "{}", said(&unknown));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_there_is_is_listed_for_people_and_for_programs() {
    let stage = stage().await;
    let devices = stage.server.admin(&["list", "devices"]).await;
    let line: Vec<&str> = devices.trim_end().split('\t').collect();
    assert_eq!((line.len(), line[4]), (5, stage.device.id.as_str()), "{devices}");
    for what in ["users", "organizations", "devices"] {
        let listed = stage.server.admin(&["list", what, "--json"]).await;
        let lines: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 1, "{what}: {listed}");
        assert!(lines[0]["id"].is_string());
        assert!(!listed.contains("hash"), "{listed}");
    }
}
