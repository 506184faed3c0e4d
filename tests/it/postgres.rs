//! The server on PostgreSQL: the same product, and what an operator is told when the database is not as it should be.

use edgesync_test_postgres::{Cluster, Options};
use serde_json::json;

use crate::support::api::metric;
use crate::support::server::{run, scratch};
use crate::support::{Api, Device, eventually, stage_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_postgresql_keeps_everything_there_and_nothing_in_its_directory() {
    let cluster = Cluster::start();
    let mut stage = stage_with(&["--database-url", &cluster.url()]).await;
    stage.api.allow_devices(&stage.server, 9).await;
    let fan = stage.api.new_device("fan").await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    for q in 1..=3 {
        device.deliver(q, json!([["a", q]])).await;
    }
    stage.api.expect_values(&stage.device.id, "a", &[1.0, 2.0, 3.0]).await;
    assert_eq!(metric(&stage.server, "edgesync_database_up").await, 1.0);
    assert_eq!(cluster.psql("SELECT count(*) FROM devices"), "2");

    stage.server.kill().await;
    assert!(!stage.server.data().exists(), "there is nothing to keep in a directory");
    cluster.stop_immediate();
    cluster.start_again();
    stage.server.restart().await;
    let api = stage.api.at(&stage.server);
    api.expect_values(&stage.device.id, "a", &[1.0, 2.0, 3.0]).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 4).await;
    assert_eq!(device.welcome["acked"], 3);
    device.deliver(4, json!([["a", 4]])).await;
    Device::connect(&stage.server, &fan, 1, 1).await.deliver(1, json!([["b", 1]])).await;
    api.expect_values(&stage.device.id, "a", &[1.0, 2.0, 3.0, 4.0]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_database_restarts_says_that_it_is_not_ready_and_goes_on() {
    let cluster = Cluster::start();
    let stage = stage_with(&["--database-url", &cluster.url()]).await;
    cluster.stop_fast();
    eventually("it is not ready", async || match stage.api.call(hyper::Method::GET, "/readyz", None).await {
        (503, _) => Ok(()),
        (status, _) => Err(status),
    })
    .await;
    let (status, answer) = stage.api.call(hyper::Method::GET, "/api/v1/devices", None).await;
    assert_eq!((status, answer["code"].as_str()), (503, Some("busy")), "{answer}");
    assert_eq!(metric(&stage.server, "edgesync_database_up").await, 0.0);
    cluster.start_again();
    eventually("it is ready", async || match stage.api.call(hyper::Method::GET, "/readyz", None).await {
        (200, _) => Ok(()),
        (status, _) => Err(status),
    })
    .await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    assert_eq!(Api::sign_up(&stage.server).await.get("/api/v1/devices").await["items"], json!([]));
}

#[tokio::test]
async fn what_is_wrong_with_a_database_is_told_and_its_password_is_not() {
    let cluster = Options::new().unsynced().start();
    let scratch = scratch();
    let told = async |args: &[&str], url: &str| {
        let output = run(scratch.path(), args, &[("EDGESYNC_DATABASE_URL", url)]).await;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!told.contains("s3cr3t"), "{told}");
        assert!(output.stdout.is_empty(), "it never was ready");
        (output.status.code(), told)
    };
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let (code, problems) = told(&serve, "postgres://ada:s3cr3t@h/d?sslmode=prefer&colour=red").await;
    assert_eq!((code, problems.matches("database_url: ").count()), (Some(64), 2), "{problems}");
    let (code, wrong) = told(&serve, &cluster.url().replace("p%40ss", "s3cr3t")).await;
    assert_eq!(code, Some(1), "{wrong}");
    assert!(wrong.contains("password authentication failed for user \"edgesync\""), "{wrong}");
    let (code, none) = told(&["admin", "list"], &cluster.url()).await;
    assert_eq!(code, Some(1), "{none}");
    assert!(none.contains("there is no catalog in postgres://edgesync@127.0.0.1:"), "{none}");
    assert_eq!(
        cluster.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
        "0",
        "admin makes none"
    );
}
