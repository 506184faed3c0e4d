use super::*;

async fn raw(server: &Server, user: &User, kind: Option<&str>, body: impl Into<Body>) -> Answer {
    let mut request =
        Request::post("/api/v1/flows").header(header::AUTHORIZATION, format!("Bearer {}", user.token));
    if let Some(kind) = kind {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    server.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn without_a_login_nothing_is_told() {
    let server = server().await;
    for path in [
        "/api/v1/me",
        "/api/v1/organizations",
        "/api/v1/projects",
        "/api/v1/devices",
        "/api/v1/flows",
        "/api/v1/dashboard-templates",
        "/api/v1/node-types",
        "/api/v1/readings/latest?device=01890000-0000-7000-8000-000000000000",
    ] {
        let answer = server.call(Method::GET, path, None, None).await;
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
        answer.refused(401, "unauthorized", &[]);
        server.call(Method::GET, path, Some("ess_guess"), None).await.refused(401, "unauthorized", &[]);
    }
}

#[tokio::test]
async fn a_device_token_is_no_login() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (_, token) = server.device(&ada, "pump").await;
    server.call(Method::GET, "/api/v1/me", Some(&token), None).await.refused(401, "unauthorized", &[]);
}

#[tokio::test]
async fn every_wrong_field_of_a_body_is_pointed_at() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let body = json!({"organization_id": 7, "name": "", "description": null, "token": "mine"});
    let pointers = ["/organization_id", "/name", "/description", "/token"];
    server.post("/api/v1/devices", &ada, body).await.refused(422, "validation_failed", &pointers);
    let body = json!({"email": "ada", "password": "short"});
    let signup = server.call(Method::POST, "/api/v1/auth/signup", None, Some(body)).await;
    signup.refused(422, "validation_failed", &["/email", "/password"]);
    let body = json!({"name": "f", "nodes": [{}, 7], "edges": {}, "owner_id": ada.id});
    let pointers = ["/nodes/1", "/edges", "/owner_id"];
    server.post("/api/v1/flows", &ada, body).await.refused(422, "validation_failed", &pointers);
    server.post("/api/v1/flows", &ada, json!([])).await.refused(422, "validation_failed", &[""]);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let json = Some("application/json; charset=utf-8");
    for broken in ["{\"name\":", "", "{\"name\":1e999}", "\u{0}"] {
        raw(&server, &ada, json, broken).await.refused(400, "malformed_json", &[""]);
    }
    raw(&server, &ada, json, "[".repeat(10_000)).await.refused(400, "malformed_json", &[""]);
    raw(&server, &ada, json, vec![b'"', 0xff, b'"']).await.refused(400, "malformed_json", &[""]);
    raw(&server, &ada, Some("text/plain"), "{}").await.refused(415, "unsupported_media_type", &[]);
    raw(&server, &ada, None, "{}").await.refused(415, "unsupported_media_type", &[]);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let body = format!("\"{}\"", "x".repeat(edgesync_schemas::limit::BODY_BYTES));
    raw(&server, &ada, Some("application/json"), body).await.refused(413, "body_too_large", &[]);
}

#[tokio::test]
async fn a_login_or_signup_has_a_small_body() {
    let server = server().await;
    for path in ["/api/v1/auth/login", "/api/v1/auth/signup"] {
        let password = "x".repeat(edgesync_schemas::limit::LOGIN_BODY_BYTES);
        let body = json!({"email": "ada@example.org", "password": password});
        let answer = server.call(Method::POST, path, None, Some(body)).await;
        answer.refused(413, "body_too_large", &[]);
    }
}

#[tokio::test]
async fn strangers_who_use_up_their_budget_keep_no_user_out() {
    let mut server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let most = edgesync_schemas::limit::LOGIN_BODY_BYTES;
    let mut state = server.state.clone();
    state.bodies = crate::body::Bodies::new(most, most, std::time::Duration::ZERO);
    server.router = crate::router(state);
    let (sender, body) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    let body = futures_util::stream::unfold(body, async |mut body| Some((body.recv().await?, body)));
    let stalled = Request::post("/api/v1/auth/login").body(Body::from_stream(Box::pin(body))).unwrap();
    let stalled = tokio::spawn(server.router.clone().oneshot(stalled));
    sender.send(Ok(vec![b' '; most])).await.unwrap();
    // The second is taken once the first is held.
    sender.send(Ok(vec![])).await.unwrap();
    sender.reserve().await.unwrap().send(Ok(vec![]));
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    let answer = server.call(Method::POST, "/api/v1/auth/login", None, Some(login.clone())).await;
    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    answer.refused(503, "busy", &[]);
    server.patch("/api/v1/me", &ada, json!({"name": "Ada L."})).await.is(200);
    drop(sender);
    assert_eq!(stalled.await.unwrap().unwrap().status(), 415);
    server.call(Method::POST, "/api/v1/auth/login", None, Some(login)).await.is(200);
}

#[tokio::test]
async fn what_is_nowhere_and_what_is_not_taken_are_told_apart() {
    let server = server().await;
    server.call(Method::GET, "/api/v1/nothing", None, None).await.refused(404, "not_found", &[]);
    server.call(Method::GET, "/nothing", None, None).await.refused(404, "not_found", &[]);
    let answer = server.call(Method::PUT, "/api/v1/devices", None, None).await;
    assert_eq!(answer.headers[header::ALLOW], "GET,HEAD,POST");
    answer.refused(405, "method_not_allowed", &[]);
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    for query in ["limit=0", "limit=501", "limit=x", "cursor=x", "organization=x", "q=%ff"] {
        let answer = server.get(&format!("/api/v1/devices?{query}"), &ada).await;
        if query != "q=%ff" {
            let name = query.split('=').next().unwrap();
            assert!(text(&answer.body["detail"]).contains(name), "{:#}", answer.body);
            answer.refused(400, "invalid_parameter", &[]);
        } else {
            assert!([200, 400].contains(&answer.status.as_u16()));
        }
    }
}

#[tokio::test]
async fn a_parameter_that_would_be_ignored_is_refused_and_named() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let members = format!("organizations/{}/members", ada.organization);
    for (path, taken) in [
        ("organizations", "limit=1&q=x"),
        (members.as_str(), "limit=1&q=x"),
        ("projects", "limit=1&q=x&organization="),
        ("devices", "limit=1&q=x&organization="),
        ("flows", "limit=1&q=x&project="),
        ("dashboard-templates", "limit=1&q=x&organization="),
        ("readings", &format!("device={pump}&sensor=t&from=1&to=2&order=asc&limit=1&cursor=")),
        ("readings/latest", &format!("device={pump}")),
    ] {
        server.get(&format!("/api/v1/{path}?{taken}"), &ada).await.is(200);
        let answer = server.get(&format!("/api/v1/{path}?{taken}&colour=name"), &ada).await;
        assert!(text(&answer.body["detail"]).contains("colour"), "{:#}", answer.body);
        answer.refused(400, "invalid_parameter", &[]);
    }
    for query in ["project=x", "limit=1&limit=2", "limit=1&%6cimit=2"] {
        let answer = server.get(&format!("/api/v1/devices?{query}"), &ada).await;
        answer.refused(400, "invalid_parameter", &[]);
    }
    let path = format!("/api/v1/devices/{pump}");
    server.get(&format!("{path}?fields=name"), &ada).await.refused(400, "invalid_parameter", &[]);
    server.delete(&format!("{path}?force=1"), &ada).await.refused(400, "invalid_parameter", &[]);
    server.get(&path, &ada).await.is(200);
}

#[tokio::test]
async fn odd_text_goes_in_and_comes_out_as_it_is() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    server.allow_devices("ada@example.org", 100).await;
    for name in ["'; DROP TABLE devices; --", "𝕬 工場 é", "\\u0000", "<script>", "%_\\"] {
        let body = json!({"organization_id": ada.organization, "name": name});
        let made = server.post("/api/v1/devices", &ada, body).await.is(201);
        assert_eq!(made["device"]["name"], name);
    }
    let body = json!({"organization_id": ada.organization, "name": "a\u{0}b"});
    server.post("/api/v1/devices", &ada, body).await.refused(422, "validation_failed", &["/name"]);
}

#[tokio::test]
async fn machines_can_ask_how_the_server_is() {
    let server = server().await;
    server.call(Method::GET, "/healthz", None, None).await.is(200);
    server.call(Method::GET, "/readyz", None, None).await.is(200);
    let metrics = server.call(Method::GET, "/metrics", None, None).await.is(200);
    let metrics = text(&metrics);
    for name in
        ["edgesync_device_sockets_open 0", "edgesync_log_commits_total 0", "edgesync_cell_lag_readings"]
    {
        assert!(metrics.contains(name), "{name} is not in {metrics}");
    }
}

#[tokio::test]
async fn a_nul_character_in_an_address_or_a_login_is_refused_and_finds_nothing() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let members = format!("organizations/{}/members", ada.organization);
    for list in ["projects", "devices", "flows", "dashboard-templates", "organizations", &members] {
        for q in ["%00", "a%00b"] {
            let answer = server.get(&format!("/api/v1/{list}?q={q}"), &ada).await;
            assert!(answer.says("q must"), "{list}: {:#}", answer.body);
            answer.refused(400, "invalid_parameter", &[]);
        }
    }
    let body = json!({"organization_id": ada.organization, "name": "d"});
    let board = server.post("/api/v1/dashboard-templates", &ada, body).await.is(201);
    let widget = format!("/api/v1/dashboard-templates/{}/widgets/a%00b", text(&board["id"]));
    server.get(&widget, &ada).await.refused(404, "not_found", &[]);
    server.patch(&widget, &ada, json!({"title": "t"})).await.refused(404, "not_found", &[]);
    server.delete(&widget, &ada).await.refused(404, "not_found", &[]);
    for email in ["\0", "ada@example.org\0"] {
        let login = json!({"email": email, "password": PASSWORD});
        let answer = server.call(Method::POST, "/api/v1/auth/login", None, Some(login)).await;
        answer.refused(401, "wrong_login", &[]);
    }
}

#[tokio::test]
async fn a_search_has_at_most_200_characters() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    for fits in ["x".repeat(200), "%C3%A4".repeat(200), "%25".repeat(200)] {
        server.get(&format!("/api/v1/flows?q={fits}"), &ada).await.is(200);
    }
    for long in ["x".repeat(201), "%25".repeat(20_000)] {
        let answer = server.get(&format!("/api/v1/flows?q={long}"), &ada).await;
        assert!(answer.says("q must have at most 200 characters"), "{:#}", answer.body);
        answer.refused(400, "invalid_parameter", &[]);
    }
}

also_on_postgres!(
    "refusals.rs",
    [
        without_a_login_nothing_is_told,
        a_device_token_is_no_login,
        every_wrong_field_of_a_body_is_pointed_at,
        a_body_that_is_no_json_is_refused,
        a_body_that_is_too_large_is_refused,
        a_login_or_signup_has_a_small_body,
        strangers_who_use_up_their_budget_keep_no_user_out,
        what_is_nowhere_and_what_is_not_taken_are_told_apart,
        wrong_parameters_are_named,
        a_parameter_that_would_be_ignored_is_refused_and_named,
        odd_text_goes_in_and_comes_out_as_it_is,
        machines_can_ask_how_the_server_is,
        a_nul_character_in_an_address_or_a_login_is_refused_and_finds_nothing,
        a_search_has_at_most_200_characters,
    ]
);
