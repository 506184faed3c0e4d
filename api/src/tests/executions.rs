//! Versions of flows, their runs, and the records that they could not handle.

use edgesync_schemas::entity::execution::{ExecutionStatus, ExecutionTrigger, NodeStatus, NodeWork};
use edgesync_schemas::id::FlowId;
use edgesync_schemas::time::Timestamp;

use super::matrix::world::{Who, World};
use super::*;

/// What a node did with a record.
pub(super) fn work(node: &str) -> NodeWork {
    NodeWork {
        node_id: node.to_owned(),
        status: NodeStatus::Completed,
        input_data: serde_json::Map::new(),
        output_data: json!({"value": 1.5}).as_object().unwrap().clone(),
        records_in: 2,
        records_out: 1,
        errors: 0,
        busy_ns: 1_250_000,
        executed_at: Timestamp::default(),
    }
}

fn drawn(device: &str, average: u32) -> Value {
    json!({
        "nodes": [
            {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": device, "variable": "t"}},
            {"id": "avg", "type": "moving-average", "position": {"x": 1, "y": 0}, "data": {"windowSize": average}},
            {"id": "show", "type": "display", "position": {"x": 2, "y": 0}, "data": {}},
        ],
        "edges": [{"id": "1", "source": "in", "target": "avg"}, {"id": "2", "source": "avg", "target": "show"}],
    })
}

/// A flow of averages of so many values: its address, its id and its device.
async fn flow(server: &Server, user: &User, average: u32) -> (String, FlowId, String) {
    let (device, _) = server.device(user, "pump").await;
    let mut body = drawn(&device, average);
    body["name"] = json!("averages");
    let id = text(&server.post("/api/v1/flows", user, body).await.is(201)["id"]);
    (format!("/api/v1/flows/{id}"), id.parse().unwrap(), device)
}

impl Server {
    /// The executions of a flow, the newest first, once the newest is like this.
    async fn executions(&self, path: &str, user: &User, status: &str) -> Vec<Value> {
        let begin = std::time::Instant::now();
        loop {
            let page = self.get(&format!("{path}/executions"), user).await.is(200);
            if page["items"][0]["status"] == status {
                return page["items"].as_array().unwrap().clone();
            }
            assert!(begin.elapsed().as_secs() < 20, "{status}: {page:#}");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_version_is_deployed_again_and_the_draft_stays_as_it_is() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (path, _, device) = flow(&server, &ada, 3).await;
    let deploy = format!("{path}/deploy");
    server.post(&deploy, &ada, json!({})).await.is(200);
    server.patch(&path, &ada, drawn(&device, 5)).await.is(200);
    server.post(&deploy, &ada, json!({})).await.is(200);
    let draft = server.patch(&path, &ada, json!({"name": "newer"})).await.is(200);
    let page = server.get(&format!("{path}/versions"), &ada).await.is(200);
    let listed = page["items"].as_array().unwrap();
    let shown: Vec<_> = listed.iter().map(|one| (&one["version"], &one["is_deployed"])).collect();
    assert_eq!(shown, [(&json!(2), &json!(true)), (&json!(1), &json!(false))]);
    assert!(
        listed.iter().all(|one| one["deployed_by"] == ada.id.as_str() && one.get("nodes").is_none()),
        "{page:#}"
    );
    let first = server.get(&format!("{path}/versions/1"), &ada).await.is(200);
    assert_eq!(
        (&first["nodes"], &first["edges"]),
        (&drawn(&device, 3)["nodes"], &drawn(&device, 3)["edges"])
    );

    let rolled_back = server.post(&deploy, &ada, json!({"version": 1})).await;
    assert!(rolled_back.headers[header::ETAG].to_str().unwrap().starts_with("\"3-"), "the draft's");
    let rolled_back = rolled_back.is(200);
    assert_eq!((&rolled_back["version"], &rolled_back["deployed_version"]), (&json!(3), &json!(1)));
    assert_eq!((&rolled_back["nodes"], &rolled_back["name"]), (&draft["nodes"], &json!("newer")));
    assert_eq!(server.get(&format!("{path}/metrics"), &ada).await.is(200)["version"], 1);
    let deployed = server.state.catalog.deployed_flows().await.unwrap();
    assert_eq!(deployed[0].diagram["nodes"], drawn(&device, 3)["nodes"]);
    let again = server.get(&format!("{path}/versions/1"), &ada).await.is(200);
    assert_eq!((&again["created_at"], &again["nodes"]), (&first["created_at"], &first["nodes"]));
    assert_eq!(again["is_deployed"], true);
    let executions = server.executions(&path, &ada, "running").await;
    let told: Vec<_> = executions.iter().map(|one| (&one["version"], &one["status"])).collect();
    let (one, two, stopped, running) = (&json!(1), &json!(2), &json!("stopped"), &json!("running"));
    assert_eq!(told, [(one, running), (two, stopped), (one, stopped)]);
}

#[tokio::test]
async fn a_version_that_is_not_there_is_not_deployed_and_what_runs_runs_on() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (path, id, device) = flow(&server, &ada, 3).await;
    let deploy = format!("{path}/deploy");
    server.post(&deploy, &ada, json!({})).await.is(200);
    server.patch(&path, &ada, drawn(&device, 5)).await.is(200);
    // The draft is version 2, and was not deployed.
    for version in [2, 7, u32::MAX] {
        server.post(&deploy, &ada, json!({"version": version})).await.refused(404, "not_found", &[]);
        server.get(&format!("{path}/versions/{version}"), &ada).await.refused(404, "not_found", &[]);
    }
    for wrong in ["x", "-1", "1.0", "4294967296"] {
        server.get(&format!("{path}/versions/{wrong}"), &ada).await.refused(404, "not_found", &[]);
    }
    for wrong in [json!(0), json!("1"), json!(null), json!(1.5)] {
        let refused = server.post(&deploy, &ada, json!({"version": wrong})).await;
        refused.refused(422, "validation_failed", &["/version"]);
    }
    server.post(&deploy, &ada, json!({"nodes": []})).await.refused(422, "validation_failed", &["/nodes"]);
    // One that cannot run any more is refused with its problems.
    let broken = json!({"nodes": [{"id": "a", "type": "gone", "data": {}}], "edges": []});
    server.state.catalog.set_flow_deployed(None, id, 9, &broken).await.unwrap();
    server.state.catalog.set_flow_deployed_version(id, 1, "test").await.unwrap();
    server.post(&deploy, &ada, json!({"version": 9})).await.refused(
        422,
        "flow_invalid",
        &["/nodes/0/data/type"],
    );
    let shown = server.get(&path, &ada).await.is(200);
    assert_eq!((&shown["deployed_version"], &shown["version"]), (&json!(1), &json!(2)));
    assert_eq!(server.get(&format!("{path}/metrics"), &ada).await.is(200)["version"], 1);
    let late = server.save(Method::POST, &deploy, &ada, "\"1\"", json!({"version": 1})).await;
    late.refused(412, "version_conflict", &[]);
}

#[tokio::test]
async fn a_deployment_that_fails_is_an_execution_that_failed_and_what_ran_runs() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (path, _, device) = flow(&server, &ada, 3).await;
    let deploy = format!("{path}/deploy");
    server.post(&deploy, &ada, json!({})).await.is(200);
    server.executions(&path, &ada, "running").await;
    server.patch(&path, &ada, drawn(&device, 5)).await.is(200);
    server.state.actors.flows.shutdown(std::time::Duration::from_secs(5)).await;
    assert!(server.post(&deploy, &ada, json!({})).await.status.is_server_error());
    let executions = server.executions(&path, &ada, "failed").await;
    let told: Vec<_> = executions.iter().map(|one| (&one["version"], &one["status"])).collect();
    assert_eq!(told, [(&json!(2), &json!("failed")), (&json!(1), &json!("running"))]);
    assert_eq!(executions[0]["error_message"], "the deployment failed");
}

#[tokio::test]
async fn a_stopped_flow_has_an_execution_that_was_stopped() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (path, ..) = flow(&server, &ada, 3).await;
    server.post(&format!("{path}/deploy"), &ada, json!({})).await.is(200);
    server.executions(&path, &ada, "running").await;
    server.post(&format!("{path}/stop"), &ada, json!({})).await.is(200);
    let stopped = server.executions(&path, &ada, "stopped").await.remove(0);
    assert_eq!(
        (&stopped["trigger"], &stopped["result"]["why"]),
        (&json!("deploy"), &json!("it was stopped"))
    );
    assert!(stopped["completed_at"].as_str() >= stopped["started_at"].as_str(), "{stopped:#}");
    let shown = server.get(&format!("{path}/executions/{}", text(&stopped["id"])), &ada).await.is(200);
    assert_eq!(shown, stopped);
}

#[tokio::test]
async fn executions_are_found_by_status_and_their_nodes_by_id() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (path, id, _) = flow(&server, &ada, 3).await;
    let catalog = &server.state.catalog;
    let run = catalog.begin_execution(id, 1, ExecutionTrigger::Manual).await.unwrap();
    let result = json!({"records": 2}).as_object().unwrap().clone();
    catalog
        .finish_execution(run, ExecutionStatus::Completed, result, None, vec![work("in"), work("avg")])
        .await
        .unwrap();
    catalog.begin_execution(id, 1, ExecutionTrigger::Replay).await.unwrap();
    let list = async |status: &str| {
        let page = server.get(&format!("{path}/executions?status={status}"), &ada).await.is(200);
        page["items"].as_array().unwrap().iter().map(|one| text(&one["trigger"])).collect::<Vec<_>>()
    };
    assert_eq!(
        (list("completed").await, list("running").await),
        (vec!["manual".to_owned()], vec!["replay".to_owned()])
    );
    assert_eq!(list("").await, ["replay", "manual"]);
    let wrong = server.get(&format!("{path}/executions?status=done"), &ada).await;
    assert!(wrong.says("status") && wrong.says("completed"), "{:#}", wrong.body);
    wrong.refused(400, "invalid_parameter", &[]);
    let nodes = async |query: &str| {
        let page = server.get(&format!("{path}/executions/{run}/nodes{query}"), &ada).await.is(200);
        page["items"].as_array().unwrap().clone()
    };
    let all = nodes("").await;
    assert_eq!(all.iter().map(|node| text(&node["node_id"])).collect::<Vec<_>>(), ["avg", "in"]);
    assert_eq!((&all[0]["scope"], &all[0]["duration_ms"]), (&json!("run"), &json!(1.25)));
    assert_eq!((&all[0]["output_data"], &all[0]["flow_execution_id"]), (&json!({"value": 1.5}), &json!(run)));
    assert_eq!(nodes("?node=in").await, all[1..]);
    assert!(nodes("?node=other").await.is_empty());
    server.get(&format!("{path}/executions/nonsense"), &ada).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn dead_letters_are_read_by_members_and_removed_by_editors() {
    let server = server().await;
    let world = World::make(&server).await;
    let path = format!("/api/v1/flows/{}/dead-letters", world.flow);
    server.state.catalog.add_dead_letters(&[world.letter("other")]).await.unwrap();
    let list = async |query: &str| {
        let page =
            server.call(Method::GET, &format!("{path}{query}"), world.token(Who::User), None).await.is(200);
        page["items"].as_array().unwrap().clone()
    };
    let all = list("").await;
    assert_eq!(all.iter().map(|letter| text(&letter["node_id"])).collect::<Vec<_>>(), ["other", "in"]);
    assert_eq!(
        (&all[0]["value"], &all[0]["code"], &all[0]["offset"]),
        (&json!("warm"), &json!("not_a_number"), &json!(7))
    );
    assert_eq!(list("?node=in").await, all[1..]);
    let remove = async |who| server.call(Method::DELETE, &path, world.token(who), None).await;
    remove(Who::User).await.refused(403, "forbidden", &[]);
    assert_eq!(list("").await.len(), 2);
    remove(Who::Maker).await.is(204);
    assert!(list("").await.is_empty());
    remove(Who::Admin).await.is(204);
}

#[tokio::test]
async fn what_runs_of_flows_tell_is_counted() {
    let server = server().await;
    let told = text(&server.call(Method::GET, "/metrics", None, None).await.is(200));
    for line in [
        "edgesync_node_executions_total 0",
        "edgesync_node_executions_left_out_total{reason=\"full\"} 0",
        "edgesync_node_executions_left_out_total{reason=\"refused\"} 0",
        "edgesync_dead_letters_total 0",
        "edgesync_dead_letters_left_out_total{reason=\"rate\"} 0",
        "edgesync_dead_letters_left_out_total{reason=\"waiting\"} 0",
        "edgesync_dead_letters_left_out_total{reason=\"full\"} 0",
        "edgesync_dead_letters_left_out_total{reason=\"refused\"} 0",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}");
    }
}

also_on_postgres!("executions.rs", [
    a_version_is_deployed_again_and_the_draft_stays_as_it_is,
    a_version_that_is_not_there_is_not_deployed_and_what_runs_runs_on,
    a_deployment_that_fails_is_an_execution_that_failed_and_what_ran_runs,
    a_stopped_flow_has_an_execution_that_was_stopped,
    executions_are_found_by_status_and_their_nodes_by_id,
    dead_letters_are_read_by_members_and_removed_by_editors,
], but not [
    what_runs_of_flows_tell_is_counted,
]);
