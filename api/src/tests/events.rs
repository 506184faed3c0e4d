//! What happened to an organization's devices.

use super::*;

impl Server {
    /// (what, to which device) of a page, and what the next begins with.
    async fn device_events(&self, user: &User, query: &str) -> (Value, Value) {
        let path = format!("/api/v1/organizations/{}/events{query}", user.organization);
        let page = self.get(&path, user).await.is(200);
        let told = |event: &Value| json!([event["action"], event["device_name"]]);
        (page["items"].as_array().unwrap().iter().map(told).collect(), page["next"].clone())
    }
}

#[tokio::test]
async fn what_happened_to_all_devices_is_told_the_newest_first() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let nothing = (json!([]), Value::Null);
    assert_eq!(server.device_events(&ada, "").await, nothing);
    let (pump, _) = server.device(&ada, "pump").await;
    let (fan, _) = server.device(&ada, "fan").await;
    server.device(&eve, "hers").await;
    let path = |id: &str| format!("/api/v1/devices/{id}");
    server.patch(&path(&pump), &ada, json!({"name": "pump 1"})).await.is(200);
    server.delete(&format!("{}/token", path(&fan)), &ada).await.is(204);
    let all =
        json!([["token_revoked", "fan"], ["updated", "pump 1"], ["created", "fan"], ["created", "pump 1"],]);
    assert_eq!(server.device_events(&ada, "").await, (all.clone(), Value::Null));
    let (first, next) = server.device_events(&ada, "?limit=3").await;
    let (rest, end) = server.device_events(&ada, &format!("?limit=3&cursor={}", text(&next))).await;
    let pages: Value = [first, rest].iter().flat_map(|page| page.as_array().unwrap().clone()).collect();
    assert_eq!((pages, end), (all, Value::Null));
    let created = json!([["created", "fan"], ["created", "pump 1"]]);
    assert_eq!(server.device_events(&ada, "?action=created").await, (created, Value::Null));
    assert_eq!(server.device_events(&ada, "?action=deleted").await, nothing);
    let events = format!("/api/v1/organizations/{}/events", ada.organization);
    server.get(&format!("{events}?action=eaten"), &ada).await.refused(400, "invalid_parameter", &[]);
    server.get(&events, &eve).await.refused(404, "not_found", &[]);
    let entry = server.get(&events, &ada).await.is(200)["items"][0].clone();
    let own = server.get(&format!("{}/history", path(&fan)), &ada).await.is(200)["items"][0].clone();
    for field in ["id", "device_id", "details", "at"] {
        assert_eq!(entry[field], own[field], "{field}");
    }
}

#[tokio::test]
async fn what_happened_to_a_device_that_is_gone_is_told_to_admins() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    let (pump, _) = server.device(&ada, "pump").await;
    server.device(&ada, "fan").await;
    let members = format!("/api/v1/organizations/{}/members", ada.organization);
    server.post(&members, &ada, json!({"email": "bob@example.org", "role": "user"})).await.is(201);
    let bob = User { organization: ada.organization.clone(), ..bob };
    let here = json!([["created", "fan"], ["created", "pump"]]);
    assert_eq!(server.device_events(&bob, "").await.0, here);
    server.delete(&format!("/api/v1/devices/{pump}"), &ada).await.is(204);
    assert_eq!(server.device_events(&bob, "").await.0, json!([["created", "fan"]]));
    let all = json!([["deleted", null], ["created", "fan"], ["created", null]]);
    assert_eq!(server.device_events(&ada, "").await.0, all);
}

also_on_postgres!(
    "events.rs",
    [
        what_happened_to_all_devices_is_told_the_newest_first,
        what_happened_to_a_device_that_is_gone_is_told_to_admins,
    ]
);
