use super::*;

fn organization(of: &User) -> String {
    format!("/api/v1/organizations/{}", of.organization)
}

async fn join(server: &Server, owner: &User, email: &str, role: &str) {
    let members = format!("{}/members", organization(owner));
    server.post(&members, owner, json!({"email": email, "role": role})).await.is(201);
}

#[tokio::test]
async fn an_organization_is_changed_by_admins_and_taken_out_of_use() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    let path = organization(&ada);
    server.patch(&path, &bob, json!({"name": "x"})).await.refused(404, "not_found", &[]);
    join(&server, &ada, "bob@example.org", "user").await;
    server.patch(&path, &bob, json!({"name": "x"})).await.refused(403, "forbidden", &[]);
    let body = json!({"name": "Plant 7", "slug": "plant-7", "is_active": false});
    let changed = server.patch(&path, &ada, body).await.is(200);
    assert_eq!((&changed["slug"], &changed["is_active"]), (&json!("plant-7"), &json!(false)));
    assert_eq!(server.get(&path, &bob).await.is(200), changed);
    server.patch(&path, &ada, json!({"is_active": true})).await.is(200);
    let wrong = json!({"name": "", "slug": "Plant 7", "is_active": 1, "owner_id": bob.id});
    let pointers = ["/name", "/slug", "/is_active", "/owner_id"];
    server.patch(&path, &ada, wrong).await.refused(422, "validation_failed", &pointers);
}

#[tokio::test]
async fn only_the_owner_hands_over_and_only_to_a_member() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    let path = format!("{}/owner", organization(&ada));
    let to_bob = || json!({"user_id": bob.id});
    server.post(&path, &ada, to_bob()).await.refused(404, "not_found", &["/user_id"]);
    server.post(&path, &bob, to_bob()).await.refused(404, "not_found", &[]);
    join(&server, &ada, "bob@example.org", "admin").await;
    let refused = server.post(&path, &bob, to_bob()).await;
    assert!(text(&refused.body["detail"]).contains("owner"));
    refused.refused(403, "forbidden", &[]);
    server.delete(&organization(&ada), &bob).await.refused(403, "forbidden", &[]);
    let handed = server.post(&path, &ada, to_bob()).await.is(200);
    assert_eq!(handed["owner_id"], bob.id);
    let member = format!("{}/members/{}", organization(&ada), ada.id);
    assert_eq!(server.get(&member, &bob).await.is(200)["role"], "admin");
    server.delete(&organization(&ada), &ada).await.refused(403, "forbidden", &[]);
    server.delete(&organization(&ada), &bob).await.is(204);
}

#[tokio::test]
async fn a_deleted_organization_is_gone_and_what_ran_in_it_stops() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let project = json!({"organization_id": ada.organization, "name": "p"});
    let project = server.post("/api/v1/projects", &ada, project).await.is(201);
    let source = json!({"mode": "read", "deviceUuid": pump, "variable": "t"});
    let body = json!({"name": "f", "project_id": project["id"], "edges": [], "nodes": [
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": source}]});
    let flow = text(&server.post("/api/v1/flows", &ada, body).await.is(201)["id"]);
    server.post(&format!("/api/v1/flows/{flow}/deploy"), &ada, json!({})).await.is(200);
    let state =
        async || text(&server.state.actors.flows.status(flow.parse().unwrap()).await.unwrap()["state"]);
    assert_ne!(state().await, "stopped");

    server.delete(&organization(&ada), &ada).await.is(204);
    assert_eq!(state().await, "stopped");
    server.get(&organization(&ada), &ada).await.refused(404, "not_found", &[]);
    server.get(&format!("/api/v1/devices/{pump}"), &ada).await.refused(404, "not_found", &[]);
    let kept = server.get(&format!("/api/v1/flows/{flow}"), &ada).await.is(200);
    assert_eq!((&kept["project_id"], &kept["is_active"]), (&Value::Null, &json!(false)));
}
