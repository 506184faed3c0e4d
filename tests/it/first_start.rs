//! kill -9 while a server starts for the first time, and while its first user is made: the next start finds all of it or nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::server::{scratch, setup_token, start};
use crate::support::{Api, Device, Random, Server, call, within};

const ROUNDS: u32 = 25;
const EMAIL: &str = "ada@example.org";
/// About as long as the making of the store takes; much of it is done in the first of it.
const AIMED: Duration = Duration::from_millis(60);
const PASSWORD: &str = "correct horse battery";

/// The server works on these data: it takes a user and a reading, and has them after a restart.
async fn works(data: &Path) {
    let mut server = Server::start_on(data).await;
    let api = Api::sign_up(&server).await;
    let new = api.new_device("bench").await;
    Device::connect(&server, &new, 1, 1).await.deliver(1, json!([["a", 1]])).await;
    server.kill().await;
    server.restart().await;
    api.at(&server).expect_values(&new.id, "a", &[1.0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_while_it_first_started_starts_again() {
    let mut random = Random::seeded();
    let scratch = scratch();
    let began = Instant::now();
    works(&scratch.path().join("first")).await;
    // Two starts and some requests.
    let longest = began.elapsed() / 2;
    let mut unmade = 0;
    for round in 0..ROUNDS {
        let data = scratch.path().join(format!("data-{round}"));
        let store = data.join("readings/store");
        for _ in 0..random.within(1..4) {
            let mut child = start(scratch.path(), &data);
            // Half of the kills aim at the store: it is made within a moment of the whole start.
            if random.within(0..2) == 0 && !store.exists() {
                let begun = data.join("readings/store.new");
                within("the store is begun", async {
                    while !begun.exists() && !store.exists() {
                        tokio::task::yield_now().await;
                    }
                })
                .await;
                let most = AIMED / (1 << random.within(0..5));
                tokio::time::sleep(random.part_of(most)).await;
            } else {
                tokio::time::sleep(random.part_of(longest)).await;
            }
            child.kill().await.unwrap();
            unmade += u32::from(data.join("readings").exists() && !store.exists());
        }
        works(&data).await;
        std::fs::remove_dir_all(&data).unwrap();
    }
    println!("{unmade} kills left a store that was not made");
    assert!(unmade > 0, "no kill met the making of the store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_the_first_user_is_made_leaves_one_who_can_log_in_or_none() {
    let mut random = Random::seeded();
    let (mut took, mut made) = (Duration::ZERO, 0);
    for round in 0..ROUNDS {
        let mut server = Server::start_with(&["--signup", "closed"]).await;
        let body = json!({"email": EMAIL, "password": PASSWORD, "setup_token": setup_token(&server).await});
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let began = Instant::now();
        stream.write_all(signup(&body.to_string()).as_bytes()).await.unwrap();
        if round > 0 {
            tokio::time::sleep(random.part_of(took)).await;
            server.kill().await;
        }
        let mut answer = Vec::new();
        // A connection that is reset has said what it had to say.
        within("the answer or the end", stream.read_to_end(&mut answer)).await.ok();
        let was_told = answer.starts_with(b"HTTP/1.1 201");
        if round == 0 {
            took = began.elapsed();
            assert!(was_told, "{}", String::from_utf8_lossy(&answer));
            server.kill().await;
        }
        server.restart().await;
        let path = "/api/v1/auth/signup";
        let mut body = json!({"email": EMAIL, "password": PASSWORD});
        let (_, refused) = call(server.address, None, Method::POST, path, Some(&body)).await;
        match refused["code"].as_str() {
            Some("signup_closed") => made += 1,
            Some("setup_token_required") => {
                assert!(!was_told, "who was told of an account has one");
                body["setup_token"] = setup_token(&server).await.into();
                let answer = call(server.address, None, Method::POST, path, Some(&body)).await;
                assert_eq!(answer.0, 201, "{answer:?}");
            }
            _ => panic!("{refused}"),
        }
        Api::log_in(&server, EMAIL, PASSWORD).await.new_device("bench").await;
    }
    println!("{made} of {ROUNDS} times there was a user");
}

fn signup(body: &str) -> String {
    format!(
        "POST /api/v1/auth/signup HTTP/1.1\r\nhost: edgesync\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}
