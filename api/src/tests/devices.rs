use super::*;

#[tokio::test]
async fn a_device_is_made_with_a_token_that_is_shown_once() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let body = json!({"organization_id": ada.organization, "name": "pump", "device_type": "esp32"});
    let made = server.post("/api/v1/devices", &ada, body).await.is(201);
    let (device, token) = (&made["device"], text(&made["token"]));
    assert_eq!(
        (&device["status"], &device["is_active"], &device["last_seen"]),
        (&json!("inactive"), &json!(true), &Value::Null)
    );
    assert!(server.state.catalog.device_by_token(&token).await.unwrap().unwrap().is_active);
    let path = format!("/api/v1/devices/{}", text(&device["id"]));
    let shown = server.get(&path, &ada).await.is(200);
    assert_eq!(&shown, device);
    assert!(!shown.to_string().contains(&token));
}

#[tokio::test]
async fn devices_are_listed_by_organization_and_name() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    for name in ["pump", "fan", "Pump 2"] {
        server.device(&ada, name).await;
    }
    let list = async |query: &str, user: &User| {
        let page = server.get(&format!("/api/v1/devices{query}"), user).await.is(200);
        page["items"].as_array().unwrap().iter().map(|device| text(&device["name"])).collect::<Vec<_>>()
    };
    assert_eq!(list("", &ada).await, ["pump", "fan", "Pump 2"]);
    assert_eq!(list(&format!("?organization={}&q=pump", ada.organization), &ada).await, ["pump", "Pump 2"]);
    assert!(list(&format!("?organization={}", ada.organization), &eve).await.is_empty());
}

#[tokio::test]
async fn past_the_device_limit_a_device_is_refused_until_the_plan_allows_it() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    for n in 0..5 {
        server.device(&ada, &n.to_string()).await;
    }
    let body = json!({"organization_id": ada.organization, "name": "one more"});
    server.post("/api/v1/devices", &ada, body).await.refused(403, "device_limit_reached", &[]);
    server.allow_devices("ada@example.org", 6).await;
    server.device(&ada, "one more").await;
}

#[tokio::test]
async fn a_device_is_changed_and_removed() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (id, token) = server.device(&ada, "pump").await;
    server.device(&ada, "fan").await;
    let path = format!("/api/v1/devices/{id}");
    let changed = server.patch(&path, &ada, json!({"name": "pump 1", "description": "cellar"})).await.is(200);
    assert_eq!((&changed["name"], &changed["description"]), (&json!("pump 1"), &json!("cellar")));
    server.patch(&path, &ada, json!({"name": "fan"})).await.refused(409, "already_exists", &["/name"]);
    server.patch(&path, &ada, json!({"is_active": false})).await.is(200);
    assert!(!server.state.catalog.device_by_token(&token).await.unwrap().unwrap().is_active);
    server.delete(&path, &ada).await.is(204);
    server.get(&path, &ada).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn a_rotated_token_replaces_the_old_one_at_once_or_after_the_overlap() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (id, first) = server.device(&ada, "pump").await;
    let path = format!("/api/v1/devices/{id}/token");
    let opens = async |token: &str| server.state.catalog.device_by_token(token).await.unwrap().is_some();
    let second = text(&server.post(&path, &ada, json!({"overlap_s": 60})).await.is(200)["token"]);
    assert!(opens(&first).await && opens(&second).await);
    let third = server.call(Method::POST, &path, Some(&ada.token), None).await.is(200);
    assert!(!opens(&first).await && !opens(&second).await && opens(&text(&third["token"])).await);
    server.post(&path, &ada, json!({"overlap_s": -1})).await.refused(
        422,
        "validation_failed",
        &["/overlap_s"],
    );
}

#[tokio::test]
async fn another_tenants_device_is_not_there() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let (id, _) = server.device(&ada, "pump").await;
    let path = format!("/api/v1/devices/{id}");
    server.get(&path, &eve).await.refused(404, "not_found", &[]);
    server.patch(&path, &eve, json!({"name": "mine"})).await.refused(404, "not_found", &[]);
    server.delete(&path, &eve).await.refused(404, "not_found", &[]);
    server.post(&format!("{path}/token"), &eve, json!({})).await.refused(404, "not_found", &[]);
    let body = json!({"organization_id": ada.organization, "name": "trojan"});
    server.post("/api/v1/devices", &eve, body).await.refused(404, "not_found", &[]);
    server.get("/api/v1/devices/nonsense", &ada).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn a_token_that_is_revoked_opens_nothing_and_the_history_says_so() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let (id, token) = server.device(&ada, "pump").await;
    let path = format!("/api/v1/devices/{id}");
    server.delete(&format!("{path}/token"), &eve).await.refused(404, "not_found", &[]);
    server.delete(&format!("{path}/token"), &ada).await.is(204);
    assert_eq!(server.state.catalog.device_by_token(&token).await.unwrap(), None);
    assert_eq!(server.get(&path, &ada).await.is(200)["token_prefix"], "");
    let history = async || {
        let page = server.get(&format!("{path}/history"), &ada).await.is(200);
        let actions = page["items"].as_array().unwrap().iter().map(|entry| text(&entry["action"]));
        actions.collect::<Vec<_>>()
    };
    assert_eq!(history().await, ["token_revoked", "created"]);
    server.get(&format!("{path}/history"), &eve).await.refused(404, "not_found", &[]);
    server.delete(&path, &ada).await.is(204);
    assert_eq!(history().await, ["deleted", "token_revoked", "created"], "still there for admins");
}

#[tokio::test]
async fn a_person_may_say_that_a_device_is_broken_and_not_that_it_is_connected() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (id, _) = server.device(&ada, "pump").await;
    let path = format!("/api/v1/devices/{id}");
    assert_eq!(server.patch(&path, &ada, json!({"status": "error"})).await.is(200)["status"], "error");
    server.patch(&path, &ada, json!({"status": "active"})).await.refused(
        422,
        "validation_failed",
        &["/status"],
    );
}
