//! Share links: what they show, and what they do not.

use super::*;

/// A dashboard with a static widget, one of a sensor, and a link to it.
struct Shared {
    path: String,
    device: String,
    link: String,
    token: String,
}

async fn shared(server: &Server, ada: &User, device: &str) -> Shared {
    let (device, _) = server.device(ada, device).await;
    let body = json!({"organization_id": ada.organization, "name": "hall", "layout": {"lg": [1]},
        "widgets": [{"i": "w"}], "datasources": [{"device": device}], "flow_config": {"device": device}});
    let board = text(&server.post("/api/v1/dashboard-templates", ada, body).await.is(201)["id"]);
    let path = format!("/api/v1/dashboard-templates/{board}");
    for body in [
        json!({"widget_id": "fixed", "widget_type": "gauge", "title": "Set point", "data_source_type": "static", "static_value": 4}),
        json!({"widget_id": "t", "widget_type": "gauge", "data_source_type": "device_sensor", "device_id": device, "sensor_type": "t"}),
    ] {
        server.post(&format!("{path}/widgets"), ada, body).await.is(201);
    }
    let made = server.post(&format!("{path}/share-links"), ada, json!({"name": "wall"})).await.is(201);
    let (link, token) = (text(&made["share_link"]["id"]), text(&made["token"]));
    assert!(
        token.starts_with("esl_") && token.starts_with(made["share_link"]["token_prefix"].as_str().unwrap())
    );
    Shared { path, device, link, token }
}

impl Server {
    async fn by_link(&self, path: &str, token: &str) -> Answer {
        self.call(Method::GET, path, Some(token), None).await
    }
}

#[tokio::test]
async fn a_link_shows_what_is_drawn_and_nothing_else_of_the_organization() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let of = shared(&server, &ada, "pump").await;
    let seen = server.by_link("/api/v1/shared", &of.token).await.is(200);
    assert_eq!(
        (&seen["name"], &seen["layout"], &seen["drawing"]),
        (&json!("hall"), &json!({"lg": [1]}), &json!([{"i": "w"}]))
    );
    let widgets = seen["widgets"].as_array().unwrap();
    assert_eq!(
        (widgets.len(), &widgets[0]["title"], &widgets[1]["widget_id"]),
        (2, &json!("Set point"), &json!("t"))
    );
    let told = seen.to_string();
    for hidden in [&ada.id, &ada.organization, &of.device, &of.link, &"ada@example.org".to_owned()] {
        assert!(!told.contains(hidden.as_str()), "{hidden} in {told}");
    }
    let samples = server.by_link("/api/v1/shared/widgets/fixed/samples", &of.token).await.is(200);
    assert_eq!(samples["items"][0]["value"], 4.0);
    for id in ["t", widgets[1]["id"].as_str().unwrap()] {
        let data = server.by_link(&format!("/api/v1/shared/widgets/{id}/data"), &of.token).await.is(200);
        assert_eq!((&data["count"], &data["complete"]), (&json!(0), &json!(true)));
    }
    let other = shared(&server, &ada, "fan").await;
    let foreign = server.get(&format!("{}/widgets/fixed", other.path), &ada).await.is(200);
    for name in [foreign["id"].as_str().unwrap(), "nothing"] {
        let path = format!("/api/v1/shared/widgets/{name}/samples");
        server.by_link(&path, &of.token).await.refused(404, "not_found", &[]);
    }
}

#[tokio::test]
async fn a_link_is_listed_without_its_token_and_ends_when_it_is_ended() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let of = shared(&server, &ada, "pump").await;
    let links = format!("{}/share-links", of.path);
    let listed = server.get(&links, &ada).await.is(200);
    assert_eq!(
        (&listed["items"][0]["id"], &listed["items"][0]["creator_id"]),
        (&json!(of.link), &json!(ada.id))
    );
    assert!(!listed.to_string().contains(&of.token));
    let wrong = json!({"expires_at": "2001-01-01T00:00:00Z", "token": "mine"});
    server.post(&links, &ada, wrong).await.refused(
        422,
        "validation_failed",
        &["/name", "/expires_at", "/token"],
    );
    server.delete(&format!("{links}/{}", of.link), &ada).await.is(204);
    server.delete(&format!("{links}/{}", of.link), &ada).await.refused(404, "not_found", &[]);
    for path in ["/api/v1/shared", "/api/v1/shared/widgets/fixed/samples", "/api/v1/shared/widgets/t/data"] {
        server.by_link(path, &of.token).await.refused(401, "unauthorized", &[]);
    }
}

#[tokio::test]
async fn a_link_shows_no_more_than_its_creator_may_read_and_nothing_of_another_organization() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    server.join(&ada, "bob@example.org", "admin").await;
    let (own, _) = server.device(&bob, "own").await;
    let body = json!({"organization_id": ada.organization, "name": "hall"});
    let board = text(&server.post("/api/v1/dashboard-templates", &bob, body).await.is(201)["id"]);
    let path = format!("/api/v1/dashboard-templates/{board}");
    let flow = server.post("/api/v1/flows", &bob, json!({"name": "f"})).await.is(201);
    for (name, source) in [
        ("own", json!({"data_source_type": "device_sensor", "device_id": own, "sensor_type": "t"})),
        ("flow", json!({"data_source_type": "flow_node", "flow_id": flow["id"], "node_id": "n"})),
        ("fixed", json!({"data_source_type": "static", "static_value": 4})),
    ] {
        let mut body = json!({"widget_id": name, "widget_type": "gauge"});
        body.as_object_mut().unwrap().extend(source.as_object().unwrap().clone());
        server.post(&format!("{path}/widgets"), &bob, body).await.is(201);
    }
    let made = server.post(&format!("{path}/share-links"), &bob, json!({"name": "wall"})).await.is(201);
    let token = text(&made["token"]);
    for name in ["own", "flow"] {
        server.get(&format!("{path}/widgets/{name}/samples"), &bob).await.is(200);
        let shared = format!("/api/v1/shared/widgets/{name}/samples");
        server.by_link(&shared, &token).await.refused(403, "forbidden", &[]);
    }
    server.by_link("/api/v1/shared/widgets/fixed/samples", &token).await.is(200);
    let membership = format!("/api/v1/organizations/{}/members/{}", ada.organization, bob.id);
    server.delete(&membership, &ada).await.is(204);
    server.by_link("/api/v1/shared", &token).await.refused(401, "unauthorized", &[]);
}

#[tokio::test]
async fn a_links_token_counts_in_the_header_only_and_is_kept_by_no_answer() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let of = shared(&server, &ada, "pump").await;
    let cookie =
        Request::get("/api/v1/shared").header(header::COOKIE, format!("edgesync_session={}", of.token));
    server.send(cookie.body(Body::empty()).unwrap()).await.refused(401, "unauthorized", &[]);
    server.get("/api/v1/shared", &ada).await.refused(401, "unauthorized", &[]);
    server.by_link("/api/v1/shared?share=x", &of.token).await.refused(400, "invalid_parameter", &[]);
    // The answer with the token in it is a secret: it is repeated, and not written down.
    let make = || {
        Request::post(format!("{}/share-links", of.path))
            .header(header::AUTHORIZATION, format!("Bearer {}", ada.token))
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", "again")
            .body(Body::from(json!({"name": "once"}).to_string()))
            .unwrap()
    };
    let (first, again) = (server.send(make()).await.is(201), server.send(make()).await);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.is(201), first);
    assert_eq!(
        server.get(&format!("{}/share-links", of.path), &ada).await.is(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

also_on_postgres!(
    "share_links.rs",
    [
        a_link_shows_what_is_drawn_and_nothing_else_of_the_organization,
        a_link_is_listed_without_its_token_and_ends_when_it_is_ended,
        a_link_shows_no_more_than_its_creator_may_read_and_nothing_of_another_organization,
        a_links_token_counts_in_the_header_only_and_is_kept_by_no_answer,
    ]
);
