//! The first user of a fresh server that takes no signups: made with the token that it prints, once, whoever asks at once.

use hyper::Method;
use serde_json::json;

use crate::support::server::setup_token;
use crate::support::{Server, call};

async fn sign_up(server: &Server, email: &str, token: Option<&str>) -> (u16, serde_json::Value) {
    let mut body = json!({"email": email, "password": "correct horse"});
    if let Some(token) = token {
        body["setup_token"] = token.into();
    }
    call(server.address, None, Method::POST, "/api/v1/auth/signup", Some(&body)).await
}

#[tokio::test]
async fn the_first_user_shows_the_token_that_the_server_printed_and_there_is_one_of_them() {
    let mut server = Server::start_with(&["--signup", "closed", "--secure-cookies", "true"]).await;
    let token = setup_token(&server).await;
    let log = std::fs::read_to_string(server.path("log")).unwrap();
    assert!(log.contains("WARN") && log.contains("the setup token that was printed on stdout"), "{log}");
    assert!(!log.contains(&token), "{log}");
    let refused = |answer: (u16, serde_json::Value), status: u16, code: &str| {
        assert_eq!((answer.0, answer.1["code"].as_str()), (status, Some(code)), "{:#}", answer.1);
    };
    refused(sign_up(&server, "eve@example.org", None).await, 403, "setup_token_required");
    let wrong = format!("est_{}", "0".repeat(64));
    refused(sign_up(&server, "eve@example.org", Some(&wrong)).await, 403, "setup_token_wrong");

    let tries = (0..4).map(|n| format!("ada{n}@example.org")).collect::<Vec<_>>();
    let answers =
        futures_util::future::join_all(tries.iter().map(|email| sign_up(&server, email, Some(&token))));
    let mut statuses: Vec<_> = answers.await.into_iter().map(|(status, _)| status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    refused(sign_up(&server, "eve@example.org", Some(&token)).await, 409, "already_set_up");
    refused(sign_up(&server, "eve@example.org", None).await, 403, "signup_closed");

    server.kill().await;
    server.restart().await;
    refused(sign_up(&server, "eve@example.org", None).await, 403, "signup_closed");
    assert_eq!(server.said().iter().filter(|line| line.contains("setup token")).count(), 0);
}
