use super::*;

async fn dashboard(server: &Server, user: &User) -> String {
    let body = json!({"organization_id": user.organization, "name": "hall", "layout": {"lg": [1]}, "update_frequency": 9});
    let made = server.post("/api/v1/dashboard-templates", user, body).await.is(201);
    format!("/api/v1/dashboard-templates/{}", text(&made["id"]))
}

impl Server {
    async fn put(&self, path: &str, user: &User, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(&user.token), Some(body)).await
    }
}

#[tokio::test]
async fn a_dashboard_is_shared_with_a_member_who_may_then_change_it() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (bob, eve) = (server.sign_up("bob@example.org").await, server.sign_up("eve@example.org").await);
    server.join(&ada, "bob@example.org", "user").await;
    let path = dashboard(&server, &ada).await;
    let of = |user: &User| format!("{path}/permissions/{}", user.id);
    server.patch(&path, &bob, json!({"name": "x"})).await.refused(403, "forbidden", &[]);
    server.put(&of(&bob), &bob, json!({"permission": "admin"})).await.refused(403, "forbidden", &[]);
    let made = server.put(&of(&bob), &ada, json!({"permission": "admin"})).await.is(201);
    assert_eq!((&made["user_id"], &made["permission"]), (&json!(bob.id), &json!("admin")));
    server.patch(&path, &bob, json!({"name": "x"})).await.is(200);
    server.delete(&path, &bob).await.refused(403, "forbidden", &[]);
    assert_eq!(server.get(&of(&bob), &bob).await.is(200), made);
    let list = server.get(&format!("{path}/permissions"), &bob).await.is(200);
    assert_eq!(list, json!({"items": [made], "next": null}));

    server.put(&of(&eve), &ada, json!({"permission": "admin"})).await.refused(404, "not_found", &[]);
    server.put(&of(&eve), &eve, json!({"permission": "admin"})).await.refused(404, "not_found", &[]);
    server.get(&format!("{path}/permissions"), &eve).await.refused(404, "not_found", &[]);
    let wrong = json!({"permission": "owner", "until": 1});
    server.put(&of(&bob), &ada, wrong).await.refused(422, "validation_failed", &["/permission", "/until"]);

    server.put(&of(&bob), &ada, json!({"permission": "user"})).await.is(200);
    server.patch(&path, &bob, json!({"name": "y"})).await.refused(403, "forbidden", &[]);
    server.delete(&of(&bob), &bob).await.is(204);
    server.get(&of(&bob), &ada).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn a_dashboard_that_is_replaced_is_as_a_new_one() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let path = dashboard(&server, &ada).await;
    let body = json!({"organization_id": ada.organization, "name": "yard", "is_active": false});
    let saved = server.save(Method::PUT, &path, &ada, "\"1\"", body.clone()).await.is(200);
    assert_eq!(
        (
            &saved["name"],
            &saved["layout"],
            &saved["update_frequency"],
            &saved["is_active"],
            &saved["version"]
        ),
        (&json!("yard"), &json!({}), &json!(5), &json!(false), &json!(2))
    );
    assert_eq!(server.get(&path, &ada).await.is(200), saved);
    server.save(Method::PUT, &path, &ada, "\"1\"", body).await.refused(412, "version_conflict", &[]);
    let nameless = json!({"organization_id": ada.organization});
    server.put(&path, &ada, nameless).await.refused(422, "validation_failed", &["/name"]);
    let other = server.post("/api/v1/organizations", &ada, json!({"name": "other"})).await.is(201);
    let moved = json!({"organization_id": other["id"], "name": "yard"});
    server.put(&path, &ada, moved).await.refused(422, "validation_failed", &["/organization_id"]);
}

also_on_postgres!(
    "permissions.rs",
    [
        a_dashboard_is_shared_with_a_member_who_may_then_change_it,
        a_dashboard_that_is_replaced_is_as_a_new_one,
    ]
);
