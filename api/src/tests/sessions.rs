//! What a session says of where somebody logged in.

use super::*;

#[tokio::test]
async fn a_session_says_what_logged_in_and_from_where() {
    let server = server().await;
    let from = async |path: &str, agent: Option<&[u8]>, peer: Option<&str>| {
        let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(agent) = agent {
            request = request.header(header::USER_AGENT, agent);
        }
        if let Some(peer) = peer {
            let peer: std::net::SocketAddr = peer.parse().unwrap();
            request = request.extension(axum::extract::ConnectInfo(peer));
        }
        // What a client says of where it is does not count.
        let request = request.header("x-forwarded-for", "203.0.113.9").header("forwarded", "for=203.0.113.9");
        let body = json!({"email": "ada@example.org", "password": PASSWORD});
        let answer = server.send(request.body(Body::from(body.to_string())).unwrap()).await;
        assert!(answer.status.is_success(), "{:#}", answer.body);
        let token = text(&answer.body["token"]);
        User { id: text(&answer.body["user"]["id"]), token, organization: String::new() }
    };
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    from("/api/v1/auth/signup", Some(firefox.as_bytes()), Some("192.0.2.7:1234")).await;
    from("/api/v1/auth/login", None, None).await;
    from("/api/v1/auth/login", Some(&[b'x'; 5000]), Some("[::ffff:192.0.2.8]:1234")).await;
    let ada = from("/api/v1/auth/login", Some(b"caf\xe9\ttablet"), Some("[2001:db8::7]:1234")).await;
    let listed = server.get("/api/v1/me/sessions", &ada).await.is(200);
    let listed = listed["items"].as_array().unwrap().iter();
    let said: Vec<_> = listed.map(|of| (of["user_agent"].clone(), of["ip"].clone())).collect();
    let cut = format!("{}…", "x".repeat(edgesync_schemas::limit::USER_AGENT_BYTES - 3));
    let expected = [
        (json!(firefox), json!("192.0.2.7")),
        (Value::Null, Value::Null),
        (json!(cut), json!("192.0.2.8")),
        (json!("caf\u{fffd}tablet"), json!("2001:db8::7")),
    ];
    assert_eq!(said, expected);
}

also_on_postgres!("sessions.rs", [a_session_says_what_logged_in_and_from_where]);
