use super::*;

async fn project(server: &Server, user: &User, name: &str) -> String {
    let body = json!({"organization_id": user.organization, "name": name});
    text(&server.post("/api/v1/projects", user, body).await.is(201)["id"])
}

#[tokio::test]
async fn a_project_is_changed_by_admins_and_removed() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    server.join(&ada, "bob@example.org", "user").await;
    let hall = project(&server, &ada, "hall").await;
    project(&server, &ada, "yard").await;
    let path = format!("/api/v1/projects/{hall}");
    let body = json!({"status": "archived", "tags": ["a"], "metadata": {"b": 1}, "data_retention_days": 7});
    let changed = server.patch(&path, &ada, body.clone()).await.is(200);
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&changed[field], value);
    }
    server.patch(&path, &ada, json!({"name": "yard"})).await.refused(409, "already_exists", &["/name"]);
    let wrong = json!({"status": "done", "data_retention_days": 0, "organization_id": ada.organization});
    let pointers = ["/data_retention_days", "/status", "/organization_id"];
    server.patch(&path, &ada, wrong).await.refused(422, "validation_failed", &pointers);
    server.patch(&path, &bob, json!({"name": "x"})).await.refused(403, "forbidden", &[]);
    server.delete(&path, &bob).await.refused(403, "forbidden", &[]);
    server.delete(&path, &ada).await.is(204);
    server.get(&path, &ada).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn devices_come_into_projects_and_are_found_by_them() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let (hall, theirs) = (project(&server, &ada, "hall").await, project(&server, &eve, "hall").await);
    let (pump, _) = server.device(&ada, "pump").await;
    let (fan, _) = server.device(&ada, "fan").await;
    let place = |project: &str, device: &str| format!("/api/v1/projects/{project}/devices/{device}");
    let put =
        async |path: String, user: &User| server.call(Method::PUT, &path, Some(&user.token), None).await;
    for _ in 0..2 {
        put(place(&hall, &pump), &ada).await.is(204);
    }
    put(place(&theirs, &pump), &ada).await.refused(404, "not_found", &[]);
    put(place(&theirs, &pump), &eve).await.refused(404, "not_found", &[]);
    let shown = server.get(&format!("/api/v1/devices/{pump}"), &ada).await.is(200);
    assert_eq!(shown["project_ids"], json!([hall]));
    let list = async |path: &str, user: &User| server.get(path, user).await.is(200)["items"].clone();
    assert_eq!(list(&format!("/api/v1/projects/{hall}/devices"), &ada).await, json!([shown]));
    assert_eq!(list(&format!("/api/v1/projects/{hall}/devices?status=error"), &ada).await, json!([]));
    assert_eq!(list(&format!("/api/v1/devices?project={hall}"), &ada).await, json!([shown]));
    assert_eq!(list(&format!("/api/v1/devices?project={hall}"), &eve).await, json!([]));
    server.get(&format!("/api/v1/projects/{hall}/devices"), &eve).await.refused(404, "not_found", &[]);
    let unknown = server.get("/api/v1/devices?status=broken", &ada).await;
    unknown.refused(400, "invalid_parameter", &[]);
    let fans = server.get("/api/v1/devices?is_active=true&q=fan", &ada).await.is(200);
    assert_eq!(fans["items"][0]["id"], json!(fan));
    server.delete(&place(&hall, &pump), &eve).await.refused(404, "not_found", &[]);
    server.delete(&place(&hall, &pump), &ada).await.is(204);
    server.delete(&place(&hall, &pump), &ada).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn a_flow_that_runs_on_runs_without_its_project_and_one_that_may_not_is_stopped() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    server.join(&ada, "bob@example.org", "user").await;
    let hall = project(&server, &ada, "hall").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let nodes = json!([
        {"id": "in", "type": "device", "data": {"deviceUuid": pump, "variable": "t"}},
        {"id": "show", "type": "display", "data": {}},
    ]);
    let edges = json!([{"id": "1", "source": "in", "target": "show"}]);
    let body = json!({"name": "f", "project_id": hall, "nodes": nodes, "edges": edges});
    let flow = text(&server.post("/api/v1/flows", &bob, body).await.is(201)["id"]);
    let path = format!("/api/v1/flows/{flow}");
    server.post(&format!("{path}/deploy"), &bob, json!({})).await.is(200);
    server.delete(&format!("/api/v1/projects/{hall}"), &ada).await.is(204);
    server.get(&path, &ada).await.refused(404, "not_found", &[]);
    let left = server.get(&path, &bob).await.is(200);
    assert_eq!((&left["project_id"], &left["is_active"]), (&Value::Null, &json!(true)));
    server
        .delete(&format!("/api/v1/organizations/{}/members/{}", ada.organization, bob.id), &ada)
        .await
        .is(204);
    assert_eq!(server.get(&path, &bob).await.is(200)["is_active"], json!(false));
}
