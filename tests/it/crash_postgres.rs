//! The same on PostgreSQL: kill -9 of the server, and the database stopped as by a power cut, under load at random moments. Every
//! acknowledged reading is there exactly once; while the database is away the server stays up and sockets wait.

use std::time::Duration;

use edgesync_test_postgres::Cluster;

use crate::support::api::metric;
use crate::support::firmware::Fleet;
use crate::support::server::scratch;
use crate::support::{Api, Random, Server, eventually};

const ROUNDS: u32 = 20;
const DEVICES: u32 = 5;

/// A cluster and a server on it. Not synced: what is killed here are processes, not the machine.
async fn start(args: &[&str]) -> (Cluster, Server) {
    let cluster = edgesync_test_postgres::Options::new().unsynced().start();
    let url = cluster.url();
    let args = [&["--database-url", url.as_str()], args].concat();
    let server = Server::start_with(&args).await;
    (cluster, server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_of_the_server_lose_no_acknowledged_reading_and_double_none() {
    let mut random = Random::seeded();
    let scratch = scratch();
    let stall = scratch.path().join("stall");
    let (_cluster, mut server) = start(&["--test-stall-file", stall.to_str().unwrap()]).await;
    let api = Api::sign_up(&server).await;
    let fleet = Fleet::start(&api, &mut random, DEVICES, server.address).await;
    for _ in 0..ROUNDS {
        tokio::time::sleep(Duration::from_millis(random.within(1..500))).await; // the random moment
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
    let fallout = fleet.finish(&api.at(&server)).await;
    println!("{} readings, {} connections, {ROUNDS} kills", fallout.readings, fallout.connects);
    assert!(fallout.connects > DEVICES * ROUNDS / 2, "the devices were connected when the server died");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_power_cuts_of_the_database_lose_no_acknowledged_reading_and_sockets_wait() {
    let mut random = Random::seeded();
    let (cluster, server) = start(&[]).await;
    let api = Api::sign_up(&server).await;
    let fleet = Fleet::start(&api, &mut random, DEVICES, server.address).await;
    let mut down = 0;
    for round in 0..ROUNDS {
        tokio::time::sleep(Duration::from_millis(random.within(1..400))).await; // the random moment
        tokio::task::block_in_place(|| cluster.stop_immediate());
        if round == 0 {
            eventually("it is told", async || {
                let up = metric(&server, "edgesync_log_store_up").await;
                if up == 0.0 { Ok(()) } else { Err(up) }
            })
            .await;
        }
        let wait = random.within(0..300);
        down += wait;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let before = metric(&server, "edgesync_log_reopened_total").await;
        tokio::task::block_in_place(|| cluster.start_again());
        // It works between two cuts, else they were one.
        eventually("readings are committed again", async || {
            let reopened = metric(&server, "edgesync_log_reopened_total").await;
            if reopened > before { Ok(()) } else { Err(reopened) }
        })
        .await;
    }
    let fallout = fleet.finish(&api).await;
    println!("{} readings, {ROUNDS} power cuts, {down} ms away", fallout.readings);
    assert_eq!(fallout.connects, DEVICES, "no socket was closed");
    assert_eq!(metric(&server, "edgesync_log_failed_commits_total").await, 0.0);
    assert!(metric(&server, "edgesync_log_reopened_total").await >= f64::from(ROUNDS));
}
