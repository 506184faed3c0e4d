use edgesync_schemas::wire::live::Target;

use super::authority::{sub, watching};
use super::*;

impl Server {
    /// Makes an API token of `user` with these scopes.
    pub(super) async fn api_token(&self, user: &User, scopes: Value) -> (String, User) {
        let body = json!({"name": "ci", "scopes": scopes});
        let made = self.post("/api/v1/me/api-tokens", user, body).await.is(201);
        let by_token = User {
            id: user.id.clone(),
            token: text(&made["token"]),
            organization: user.organization.clone(),
        };
        (text(&made["api_token"]["id"]), by_token)
    }
}

#[tokio::test]
async fn an_api_token_is_shown_once_listed_and_deleted() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let body = json!({"name": "ci", "scopes": ["read", "devices"], "expires_at": null});
    let made = server.post("/api/v1/me/api-tokens", &ada, body).await.is(201);
    let token = text(&made["token"]);
    assert!(
        token.starts_with("esa_") && token.starts_with(made["api_token"]["token_prefix"].as_str().unwrap())
    );
    let listed = server.get("/api/v1/me/api-tokens", &ada).await.is(200);
    assert_eq!(listed, json!({"items": [made["api_token"]], "next": null}));
    assert!(!listed.to_string().contains(&token));
    server.call(Method::GET, "/api/v1/me", Some(&token), None).await.is(200);
    let path = format!("/api/v1/me/api-tokens/{}", text(&made["api_token"]["id"]));
    let eve = server.sign_up("eve@example.org").await;
    server.delete(&path, &eve).await.refused(404, "not_found", &[]);
    server.delete(&path, &ada).await.is(204);
    server.call(Method::GET, "/api/v1/me", Some(&token), None).await.refused(401, "unauthorized", &[]);
    let wrong = json!({"name": "", "scopes": ["all"], "token": "mine"});
    let pointers = ["/name", "/scopes/0", "/token"];
    server.post("/api/v1/me/api-tokens", &ada, wrong).await.refused(422, "validation_failed", &pointers);
}

#[tokio::test]
async fn an_api_token_does_what_its_scopes_say_and_names_the_one_it_lacks() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let project = |name: &str| json!({"organization_id": ada.organization, "name": name});
    let organization = format!("/api/v1/organizations/{}", ada.organization);
    for (scopes, write, devices, admin) in [
        (json!(["read"]), 403, 403, 403),
        (json!(["write"]), 201, 403, 403),
        (json!(["devices"]), 403, 201, 403),
        (json!(["admin"]), 403, 403, 200),
        (json!(["write", "devices", "admin"]), 201, 201, 200),
    ] {
        let (_, token) = server.api_token(&ada, scopes.clone()).await;
        let name = scopes.to_string();
        server.get("/api/v1/devices", &token).await.is(200);
        let answers = [
            ("write", server.post("/api/v1/projects", &token, project(&name)).await, write),
            ("devices", server.post("/api/v1/devices", &token, project(&name)).await, devices),
            ("admin", server.patch(&organization, &token, json!({"description": name})).await, admin),
        ];
        for (scope, answer, expected) in answers {
            assert_eq!(answer.status.as_u16(), expected, "{name} for {scope}: {:#}", answer.body);
            if expected == 403 {
                assert!(text(&answer.body["detail"]).contains(scope), "{:#}", answer.body);
                answer.refused(403, "insufficient_scope", &[]);
            }
        }
    }
}

#[tokio::test]
async fn no_api_token_manages_tokens_sessions_or_the_account() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (id, token) = server.api_token(&ada, json!(["read", "write", "devices", "admin"])).await;
    let session = text(&server.get("/api/v1/me/sessions", &ada).await.is(200)["items"][0]["id"]);
    let new = json!({"name": "more", "scopes": ["read"]});
    for (method, path, body) in [
        (Method::GET, "me/api-tokens".to_owned(), Value::Null),
        (Method::POST, "me/api-tokens".to_owned(), new),
        (Method::DELETE, format!("me/api-tokens/{id}"), Value::Null),
        (Method::GET, "me/sessions".to_owned(), Value::Null),
        (Method::DELETE, "me/sessions".to_owned(), Value::Null),
        (Method::DELETE, format!("me/sessions/{session}"), Value::Null),
        (Method::GET, "me/audit".to_owned(), Value::Null),
        (Method::PATCH, "me".to_owned(), json!({"name": "x"})),
        (Method::POST, "auth/logout".to_owned(), Value::Null),
    ] {
        let body = (!body.is_null()).then_some(body);
        let answer = server.call(method, &format!("/api/v1/{path}"), Some(&token.token), body).await;
        answer.refused(403, "session_required", &[]);
    }
    server.get("/api/v1/me", &ada).await.is(200);
}

#[tokio::test]
async fn an_api_token_is_worth_no_more_than_its_owners_role() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    let members = format!("/api/v1/organizations/{}/members", ada.organization);
    server.post(&members, &ada, json!({"email": "bob@example.org", "role": "user"})).await.is(201);
    let (_, token) = server.api_token(&bob, json!(["read", "write", "devices", "admin"])).await;
    let device = json!({"organization_id": ada.organization, "name": "pump"});
    server.post("/api/v1/devices", &token, device).await.refused(403, "forbidden", &[]);
    let eve = server.sign_up("eve@example.org").await;
    server.get(&format!("/api/v1/organizations/{}", eve.organization), &token).await.refused(
        404,
        "not_found",
        &[],
    );
}

#[tokio::test]
async fn an_api_token_is_taken_from_the_header_only() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (_, token) = server.api_token(&ada, json!(["read"])).await;
    let cookie = format!("edgesync_session={}", token.token);
    let request = Request::get("/api/v1/me").header(header::COOKIE, cookie);
    server.send(request.body(Body::empty()).unwrap()).await.refused(401, "unauthorized", &[]);
}

#[tokio::test]
async fn sessions_are_listed_with_the_one_that_asks_and_ended() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    let other = server.call(Method::POST, "/api/v1/auth/login", None, Some(login.clone())).await.is(200);
    let other = User { token: text(&other["token"]), id: ada.id.clone(), organization: String::new() };
    let listed = server.get("/api/v1/me/sessions", &other).await.is(200);
    let current: Vec<_> = listed["items"].as_array().unwrap().iter().map(|s| s["current"].clone()).collect();
    assert_eq!(current, [json!(false), json!(true)]);
    let first = format!("/api/v1/me/sessions/{}", text(&listed["items"][0]["id"]));
    let eve = server.sign_up("eve@example.org").await;
    server.delete(&first, &eve).await.refused(404, "not_found", &[]);
    server.delete(&first, &other).await.is(204);
    server.get("/api/v1/me", &ada).await.refused(401, "unauthorized", &[]);
    for _ in 0..3 {
        server.call(Method::POST, "/api/v1/auth/login", None, Some(login.clone())).await.is(200);
    }
    server.delete("/api/v1/me/sessions", &other).await.is(204);
    let listed = server.get("/api/v1/me/sessions", &other).await.is(200);
    assert_eq!(
        (listed["items"].as_array().unwrap().len(), &listed["items"][0]["current"]),
        (1, &json!(true))
    );
    server.get("/api/v1/me", &eve).await.is(200);
}

#[tokio::test]
async fn an_api_token_of_one_organization_sees_nothing_of_another() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    server.allow_devices("ada@example.org", 100).await;
    let second = server.post("/api/v1/organizations", &ada, json!({"name": "second"})).await.is(201);
    let second = User { organization: text(&second["id"]), id: ada.id.clone(), token: ada.token.clone() };
    let (pump, fan) = (server.device(&ada, "pump").await.0, server.device(&second, "fan").await.0);
    let project = async |of: &User| {
        let body = json!({"organization_id": of.organization, "name": "p"});
        text(&server.post("/api/v1/projects", &ada, body).await.is(201)["id"])
    };
    let (inside, outside) = (project(&ada).await, project(&second).await);
    let flow = async |project: Value| {
        let body = json!({"name": "f", "project_id": project});
        text(&server.post("/api/v1/flows", &ada, body).await.is(201)["id"])
    };
    let (shared, foreign, private) =
        (flow(json!(inside)).await, flow(json!(outside)).await, flow(Value::Null).await);
    let body =
        json!({"name": "one", "scopes": ["write", "devices", "admin"], "organization_id": ada.organization});
    let made = server.post("/api/v1/me/api-tokens", &ada, body).await.is(201);
    let one =
        User { token: text(&made["token"]), id: ada.id.clone(), organization: ada.organization.clone() };

    for (list, only) in
        [("organizations", &ada.organization), ("devices", &pump), ("projects", &inside), ("flows", &shared)]
    {
        let items = server.get(&format!("/api/v1/{list}"), &one).await.is(200)["items"].clone();
        let ids: Vec<_> = items.as_array().unwrap().iter().map(|item| text(&item["id"])).collect();
        assert_eq!(ids, [only.as_str()], "{list}");
    }
    for path in [
        format!("organizations/{}", second.organization),
        format!("organizations/{}/audit", second.organization),
        format!("devices/{fan}"),
        format!("projects/{outside}"),
        format!("flows/{foreign}"),
        format!("flows/{private}"),
        format!("readings?device={fan}"),
    ] {
        server.get(&format!("/api/v1/{path}"), &one).await.refused(404, "not_found", &[]);
    }
    let path = format!("/api/v1/devices/{fan}");
    server.delete(&path, &one).await.refused(404, "not_found", &[]);
    let elsewhere = json!({"organization_id": second.organization, "name": "x"});
    server.post("/api/v1/devices", &one, elsewhere.clone()).await.refused(404, "not_found", &[]);
    let lines = format!("{elsewhere}\n{}", json!({"organization_id": ada.organization, "name": "x"}));
    let bulk = Request::post("/api/v1/devices/bulk")
        .header(header::AUTHORIZATION, format!("Bearer {}", one.token))
        .header(header::CONTENT_TYPE, "application/x-ndjson");
    let answers = text(&server.send(bulk.body(Body::from(lines)).unwrap()).await.is(200));
    let statuses: Vec<_> =
        answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["status"].clone()).collect();
    assert_eq!(statuses, [404, 201], "{answers}");
    for (path, body) in [
        ("/api/v1/organizations".to_owned(), json!({"name": "third"})),
        ("/api/v1/flows".to_owned(), json!({"name": "private"})),
    ] {
        server.post(&path, &one, body).await.refused(403, "insufficient_scope", &[]);
    }
    let out = server.patch(&format!("/api/v1/flows/{shared}"), &one, json!({"project_id": null})).await;
    out.refused(403, "insufficient_scope", &[]);
    let dashboard = json!({"organization_id": ada.organization, "name": "d"});
    let dashboard = text(&server.post("/api/v1/dashboard-templates", &one, dashboard).await.is(201)["id"]);
    let widget = json!({"widget_id": "w", "widget_type": "gauge", "data_source_type": "device_sensor",
        "device_id": fan, "sensor_type": "t"});
    let path = format!("/api/v1/dashboard-templates/{dashboard}/widgets");
    server.post(&path, &one, widget.clone()).await.refused(404, "not_found", &["/device_id"]);
    // one that its owner has put there shows the token nothing either
    let made = server.post(&path, &ada, widget).await.is(201);
    let widget = sub(1, Target::Widget(text(&made["id"]).parse().unwrap()));
    let may = async |token: &str| watching(&server, token).await.watch(&widget).await.is_ok();
    assert_eq!((may(&ada.token).await, may(&one.token).await), (true, false));
}

#[tokio::test]
async fn an_api_token_of_one_organization_stops_what_a_former_member_ran_and_nothing_else() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    let members = format!("/api/v1/organizations/{}/members", ada.organization);
    server.post(&members, &ada, json!({"email": "bob@example.org", "role": "user"})).await.is(201);
    let (pump, own) = (server.device(&ada, "pump").await.0, server.device(&bob, "own").await.0);
    let deploy = async |device: &str| {
        let source = json!({"mode": "read", "deviceUuid": device, "variable": "t"});
        let body = json!({"name": "f", "edges": [], "nodes": [
            {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": source}]});
        let flow = text(&server.post("/api/v1/flows", &bob, body).await.is(201)["id"]);
        server.post(&format!("/api/v1/flows/{flow}/deploy"), &bob, json!({})).await.is(200);
        flow
    };
    let (foreign, kept) = (deploy(&pump).await, deploy(&own).await);
    let body = json!({"name": "one", "scopes": ["admin"], "organization_id": ada.organization});
    let token = text(&server.post("/api/v1/me/api-tokens", &ada, body).await.is(201)["token"]);
    let path = format!("{members}/{}", bob.id);
    server.call(Method::DELETE, &path, Some(&token), None).await.is(204);
    let is_deployed =
        async |flow: &str| server.state.catalog.deployed_flow(flow.parse().unwrap()).await.unwrap().is_some();
    assert_eq!((is_deployed(&foreign).await, is_deployed(&kept).await), (false, true));
}
