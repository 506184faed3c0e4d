use super::*;

fn nodes(device: &str) -> Value {
    json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": device, "variable": "t"}},
        {"id": "avg", "type": "moving-average", "position": {"x": 1, "y": 0}, "data": {"windowSize": 3}},
        {"id": "show", "type": "display", "position": {"x": 2, "y": 0}, "data": {}},
    ])
}

fn edges() -> Value {
    json!([{"id": "1", "source": "in", "target": "avg"}, {"id": "2", "source": "avg", "target": "show"}])
}

async fn flow(server: &Server, user: &User) -> String {
    let (device, _) = server.device(user, "pump").await;
    let body = json!({"name": "averages", "nodes": nodes(&device), "edges": edges()});
    let made = server.post("/api/v1/flows", user, body).await.is(201);
    format!("/api/v1/flows/{}", text(&made["id"]))
}

/// The part of the tag that says the version.
fn version(answer: &Answer) -> &str {
    answer.headers[header::ETAG].to_str().unwrap().split_once('-').unwrap().0
}

#[tokio::test]
async fn a_flow_is_saved_as_drawn_and_listed_without_its_drawing() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let path = flow(&server, &ada).await;
    let shown = server.get(&path, &ada).await;
    assert_eq!(version(&shown), "\"1");
    let shown = shown.is(200);
    assert_eq!(
        (&shown["edges"], &shown["is_active"], &shown["version"]),
        (&edges(), &json!(false), &json!(1))
    );
    let page = server.get("/api/v1/flows?q=AVER", &ada).await.is(200);
    assert_eq!(page["items"][0]["id"], shown["id"]);
    assert_eq!(page["items"][0].get("nodes"), None);
}

#[tokio::test]
async fn who_saves_over_a_newer_version_is_told() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let path = flow(&server, &ada).await;
    let saved = server.save(Method::PUT, &path, &ada, "\"1\"", json!({"name": "new"})).await;
    assert_eq!(version(&saved), "\"2");
    let saved = saved.is(200);
    assert_eq!((&saved["name"], &saved["nodes"]), (&json!("new"), &json!([])));
    let late = server.save(Method::PATCH, &path, &ada, "\"1\"", json!({"name": "late"})).await;
    late.refused(412, "version_conflict", &[]);
    server.patch(&path, &ada, json!({"tags": ["x"]})).await.is(200);
}

#[tokio::test]
async fn who_saves_over_one_of_several_versions_is_not_told() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let path = flow(&server, &ada).await;
    let save = async |tags: &str, name: &str| {
        server.save(Method::PATCH, &path, &ada, tags, json!({"name": name})).await
    };
    save("\"1\", \"2\"", "g").await.is(200);
    save("W/\"1-ab\",\"2-cd\"", "h").await.is(200);
    save("\"1\", \"2\"", "i").await.refused(412, "version_conflict", &[]);
}

#[tokio::test]
async fn a_flow_is_sent_again_only_to_those_who_do_not_have_it_as_it_is() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let project = json!({"organization_id": ada.organization, "name": "p"});
    let project = text(&server.post("/api/v1/projects", &ada, project).await.is(201)["id"]);
    let path = flow(&server, &ada).await;
    let known = async || server.get(&path, &ada).await.headers[header::ETAG].to_str().unwrap().to_owned();
    // Each is another flow to who reads it, though the last two are no other version.
    for change in ["none", "save", "deploy", "project"] {
        let before = known().await;
        match change {
            "save" => drop(server.patch(&path, &ada, json!({"project_id": project})).await.is(200)),
            "deploy" => drop(server.post(&format!("{path}/deploy"), &ada, json!({})).await.is(200)),
            "project" => drop(server.delete(&format!("/api/v1/projects/{project}"), &ada).await.is(204)),
            _ => {}
        }
        let status = if change == "none" { 304 } else { 200 };
        assert_eq!(server.get_unless(&path, &ada, &before).await.status, status, "{change}");
        let answer = server.get_unless(&path, &ada, &known().await).await;
        assert_eq!(answer.headers[header::ETAG], known().await);
        assert_eq!(answer.is(304), json!(""), "{change}");
    }
    let stranger = server.sign_up("eve@example.org").await;
    server.get_unless(&path, &stranger, "*").await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn a_flow_is_deployed_watched_and_stopped() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let path = flow(&server, &ada).await;
    let checked = server.post(&format!("{path}/validate"), &ada, json!({})).await.is(200);
    assert_eq!((&checked["valid"], &checked["problems"]), (&json!(true), &json!([])));
    let deployed = server.call(Method::POST, &format!("{path}/deploy"), Some(&ada.token), None).await.is(200);
    assert_eq!((&deployed["is_active"], &deployed["deployed_version"]), (&json!(true), &json!(1)));
    assert_eq!(server.state.catalog.deployed_flows().await.unwrap().len(), 1);
    let metrics = server.get(&format!("{path}/metrics"), &ada).await.is(200);
    assert_eq!((&metrics["version"], metrics["nodes"].as_array().unwrap().len()), (&json!(1), 3));
    let output = server.get(&format!("{path}/nodes/avg/output"), &ada).await.is(200);
    assert_eq!(output, json!({"items": [], "next": null}));
    server.get(&format!("{path}/nodes/nothing/output"), &ada).await.refused(404, "not_found", &[]);
    let stopped = server.post(&format!("{path}/stop"), &ada, json!({})).await.is(200);
    assert_eq!(stopped["is_active"], false);
    let metrics = server.get(&format!("{path}/metrics"), &ada).await.is(200);
    assert_eq!(metrics["state"], "stopped");
    server.delete(&path, &ada).await.is(204);
    server.get(&path, &ada).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn a_flow_that_is_removed_does_not_run_on() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let path = flow(&server, &ada).await;
    server.post(&format!("{path}/deploy"), &ada, json!({})).await.is(200);
    server.delete(&path, &ada).await.is(204);
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!(server.state.actors.flows.status(id).await.unwrap()["state"], "stopped");
}

#[tokio::test]
async fn a_deployment_that_cannot_be_written_down_leaves_running_what_ran() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let path = flow(&server, &ada).await;
    let deploy = format!("{path}/deploy");
    server.post(&deploy, &ada, json!({})).await.is(200);
    server.patch(&path, &ada, json!({"name": "second"})).await.is(200);
    let disk = rusqlite::Connection::open(server.catalog_file()).unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON flow_versions BEGIN SELECT RAISE(ABORT, 'full'); END";
    disk.execute_batch(full).unwrap();
    server.post(&deploy, &ada, json!({})).await.refused(500, "internal", &[]);
    let runs = server.get(&format!("{path}/metrics"), &ada).await.is(200);
    assert_eq!((&runs["state"], &runs["version"]), (&json!("running"), &json!(1)), "{runs:#}");
    let shown = server.get(&path, &ada).await.is(200);
    assert_eq!((&shown["is_active"], &shown["deployed_version"]), (&json!(true), &json!(1)));
    disk.execute_batch("DROP TRIGGER full").unwrap();
    server.post(&deploy, &ada, json!({})).await.is(200);
    assert_eq!(server.get(&format!("{path}/metrics"), &ada).await.is(200)["version"], 2);
}

#[tokio::test]
async fn a_deployment_that_the_cells_do_not_take_is_not_written_down() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let path = flow(&server, &ada).await;
    server.state.actors.flows.shutdown(std::time::Duration::from_secs(5)).await;
    let refused = server.post(&format!("{path}/deploy"), &ada, json!({})).await;
    assert!(refused.status.is_server_error(), "{:#}", refused.body);
    let shown = server.get(&path, &ada).await.is(200);
    assert_eq!((&shown["is_active"], &shown["deployed_version"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn a_flow_that_cannot_run_is_refused_with_all_its_problems_and_their_places() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let path = flow(&server, &ada).await;
    let edges = json!([{"id": "1", "source": "in", "target": "avg"}, {"id": "2", "source": "avg", "target": "nobody"}]);
    server.patch(&path, &ada, json!({"edges": edges})).await.is(200);
    let refused = server.post(&format!("{path}/deploy"), &ada, json!({})).await;
    let codes = |body: &Value| [0, 1].map(|at| body["problems"][at]["code"].clone());
    assert_eq!(codes(&refused.body), ["unconnected", "missing_end"], "{:#}", refused.body);
    let pointers = [0, 1].map(|at| refused.body["errors"][at]["pointer"].clone());
    assert_eq!(pointers, ["/nodes/2", "/edges/1/target"]);
    refused.is(422);
    let checked = server.post(&format!("{path}/validate"), &ada, json!({})).await.is(200);
    assert_eq!(
        (&checked["valid"], codes(&checked)),
        (&json!(false), ["unconnected", "missing_end"].map(Value::from))
    );
    let fixed = json!({"edges": self::edges()});
    assert_eq!(server.post(&format!("{path}/validate"), &ada, fixed).await.is(200)["valid"], true);
}

#[tokio::test]
async fn another_tenants_device_cannot_feed_a_flow() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let (pump, _) = server.device(&ada, "pump").await;
    let body = json!({"name": "spy", "nodes": nodes(&pump), "edges": edges()});
    let made = server.post("/api/v1/flows", &eve, body).await.is(201);
    let path = format!("/api/v1/flows/{}/deploy", text(&made["id"]));
    server.post(&path, &eve, json!({})).await.refused(422, "flow_invalid", &["/nodes/0/data/deviceUuid"]);
}

#[tokio::test]
async fn another_tenants_flow_is_not_there() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let path = flow(&server, &ada).await;
    server.get(&path, &eve).await.refused(404, "not_found", &[]);
    server.patch(&path, &eve, json!({"name": "x"})).await.refused(404, "not_found", &[]);
    server.delete(&path, &eve).await.refused(404, "not_found", &[]);
    for action in ["validate", "deploy", "stop"] {
        server.post(&format!("{path}/{action}"), &eve, json!({})).await.refused(404, "not_found", &[]);
    }
    server.get(&format!("{path}/metrics"), &eve).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn the_catalogue_of_nodes_has_a_schema_for_each() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let page = server.get("/api/v1/node-types", &ada).await.is(200);
    let items = page["items"].as_array().unwrap();
    assert!(items.iter().any(|item| item["kind"] == "filter"));
    assert!(items.iter().all(|item| item["schema"]["type"] == "object"), "{page:#}");
}

#[tokio::test]
async fn a_flow_that_somebody_saved_is_neither_stopped_nor_removed_by_who_did_not_see_it() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let path = flow(&server, &ada).await;
    server.post(&format!("{path}/deploy"), &ada, json!({})).await.is(200);
    server.patch(&path, &ada, json!({"name": "second"})).await.is(200);
    let stop = format!("{path}/stop");
    for (method, at) in [(Method::POST, &stop), (Method::DELETE, &path)] {
        let late = server.save(method, at, &ada, "\"1\"", json!({})).await;
        late.refused(412, "version_conflict", &[]);
    }
    let state = async || server.get(&format!("{path}/metrics"), &ada).await.is(200)["state"].clone();
    while state().await == "pending" {
        tokio::task::yield_now().await;
    }
    assert_eq!(state().await, "running");
    assert_eq!(server.save(Method::POST, &stop, &ada, "\"2\"", json!({})).await.is(200)["is_active"], false);
    server.save(Method::DELETE, &path, &ada, "\"2\"", json!({})).await.is(204);
    server.get(&path, &ada).await.refused(404, "not_found", &[]);
}

also_on_postgres!("flows.rs", [
    a_flow_is_saved_as_drawn_and_listed_without_its_drawing,
    who_saves_over_a_newer_version_is_told,
    who_saves_over_one_of_several_versions_is_not_told,
    a_flow_is_sent_again_only_to_those_who_do_not_have_it_as_it_is,
    a_flow_is_deployed_watched_and_stopped,
    a_flow_that_is_removed_does_not_run_on,
    a_deployment_that_the_cells_do_not_take_is_not_written_down,
    a_flow_that_cannot_run_is_refused_with_all_its_problems_and_their_places,
    another_tenants_device_cannot_feed_a_flow,
    another_tenants_flow_is_not_there,
    a_flow_that_somebody_saved_is_neither_stopped_nor_removed_by_who_did_not_see_it,
], but not [
    a_deployment_that_cannot_be_written_down_leaves_running_what_ran,
    the_catalogue_of_nodes_has_a_schema_for_each,
]);
