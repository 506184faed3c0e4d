use edgesync_schemas::entity::execution::{
    ExecutionStatus, ExecutionTrigger, FlowExecution, NodeExecution, NodeScope, NodeStatus, NodeWork,
};
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::organization::OrganizationInput;
use edgesync_schemas::entity::project::ProjectInput;
use edgesync_schemas::id::{ExecutionId, FlowId};
use edgesync_schemas::limit;
use serde_json::{Map, json};

use super::*;
use crate::catalog::{Deployment, NodeRecord, Slice, Stopped, new_id};

pub(super) async fn flow(f: &Fixture, of: &SignedUp) -> FlowId {
    f.catalog.create_flow(of.user.id, input(FlowInput::read, json!({"name": "f"}))).await.unwrap().id
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("{value} is no object") };
    map
}

pub(super) fn work(node: &str, records_in: u64) -> NodeWork {
    NodeWork {
        node_id: node.to_owned(),
        status: NodeStatus::Completed,
        input_data: object(json!({"value": 1})),
        output_data: object(json!({"value": [2, null, "é"]})),
        records_in,
        records_out: 3,
        errors: 1,
        busy_ns: 2_500_000,
        executed_at: now(),
    }
}

pub(super) fn minute(flow: FlowId, version: u32, node: &str) -> NodeRecord {
    NodeRecord { flow, version, scope: NodeScope::Minute, work: work(node, 1) }
}

pub(super) fn runs(flow: FlowId, version: u32) -> Deployment {
    Deployment { flow, version, at: now(), failed: None }
}

pub(super) fn fails(flow: FlowId, version: u32, error: &str) -> Deployment {
    Deployment { failed: Some(error.to_owned()), ..runs(flow, version) }
}

pub(super) async fn deploy(f: &Fixture, flow: FlowId, version: u32) {
    f.catalog.set_flow_deployed(None, flow, version, &json!({"nodes": [], "edges": []})).await.unwrap();
}

pub(super) async fn all(f: &Fixture, user: UserId, flow: FlowId) -> Vec<FlowExecution> {
    f.catalog.executions(user, flow, None, Slice::FIRST).await.unwrap().items
}

/// Version and status of each, the newest first.
pub(super) async fn told(f: &Fixture, user: UserId, flow: FlowId) -> Vec<(u32, ExecutionStatus)> {
    all(f, user, flow).await.into_iter().map(|one| (one.version, one.status)).collect()
}

pub(super) async fn nodes(f: &Fixture, user: UserId, flow: FlowId, id: ExecutionId) -> Vec<NodeExecution> {
    f.catalog.node_executions(user, flow, id, None, Slice::FIRST).await.unwrap().items
}

#[tokio::test]
async fn a_run_is_begun_and_finished_with_what_its_nodes_did() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user, flow) = (&f.catalog, ada.user.id, flow(&f, &ada).await);
    let id = c.begin_execution(flow, 7, ExecutionTrigger::Manual).await.unwrap();
    let begun = c.execution(user, flow, id).await.unwrap();
    assert_eq!(
        (begun.status, begun.version, begun.trigger),
        (ExecutionStatus::Running, 7, ExecutionTrigger::Manual)
    );
    assert_eq!((begun.completed_at, begun.error_message, begun.result), (None, None, Map::new()));
    let large =
        NodeWork { input_data: object(json!({"x": "y".repeat(limit::NODE_DATA_BYTES)})), ..work("b\0", 9) };
    let result = object(json!({"records": 4}));
    c.finish_execution(id, ExecutionStatus::Completed, result.clone(), None, vec![work("a", 2), large])
        .await
        .unwrap();
    let done = c.execution(user, flow, id).await.unwrap();
    assert_eq!(
        (done.status, &done.result, done.started_at),
        (ExecutionStatus::Completed, &result, begun.started_at)
    );
    assert!(done.completed_at.unwrap() >= done.started_at);
    let found = nodes(&f, user, flow, id).await;
    assert_eq!(
        found.iter().map(|node| node.node_id.as_str()).collect::<Vec<_>>(),
        ["b\u{fffd}", "a"],
        "the newest first"
    );
    assert_eq!(
        Value::Object(found[0].input_data.clone()),
        json!({"left_out_bytes": limit::NODE_DATA_BYTES + 8})
    );
    let a = &found[1];
    assert_eq!((a.scope, a.status, a.flow_execution_id), (NodeScope::Run, NodeStatus::Completed, id));
    assert_eq!((a.records_in, a.records_out, a.errors, a.duration_ms), (2, 3, 1, 2.5));
    assert_eq!((&a.input_data, &a.output_data), (&work("a", 2).input_data, &work("a", 2).output_data));
    let again = c.finish_execution(id, ExecutionStatus::Failed, Map::new(), Some("x"), vec![]).await;
    assert_not_found(again);
    let failed = c.begin_execution(flow, 7, ExecutionTrigger::Replay).await.unwrap();
    let why = format!("why\0 {}", "x".repeat(limit::EXECUTION_ERROR_BYTES));
    c.finish_execution(failed, ExecutionStatus::Failed, Map::new(), Some(&why), vec![]).await.unwrap();
    let failed = c.execution(user, flow, failed).await.unwrap();
    let told = failed.error_message.unwrap();
    assert!(told.starts_with("why\u{fffd} x") && told.len() == limit::EXECUTION_ERROR_BYTES, "{told}");
    assert_not_found(c.begin_execution(new_id(), 1, ExecutionTrigger::Manual).await);
}

#[tokio::test]
async fn a_deployment_is_one_execution_until_it_is_replaced_stopped_or_fails() {
    use ExecutionStatus::{Failed, Pending, Running, Stopped as Ended};
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user, flow) = (&f.catalog, ada.user.id, flow(&f, &ada).await);
    deploy(&f, flow, 1).await;
    assert_eq!(told(&f, user, flow).await, [(1, Pending)]);
    c.record_executions(&[runs(flow, 1)], vec![minute(flow, 1, "a")]).await.unwrap();
    assert_eq!(told(&f, user, flow).await, [(1, Running)]);
    // The next one is about to run, beside it.
    deploy(&f, flow, 2).await;
    assert_eq!(told(&f, user, flow).await, [(2, Pending), (1, Running)]);
    c.set_flow_deployed_version(flow, 1, "the deployment failed").await.unwrap();
    assert_eq!(told(&f, user, flow).await, [(2, Failed), (1, Running)]);
    assert_eq!(all(&f, user, flow).await[0].error_message.as_deref(), Some("the deployment failed"));
    deploy(&f, flow, 2).await;
    c.record_executions(&[runs(flow, 2)], vec![minute(flow, 2, "b")]).await.unwrap();
    assert_eq!(told(&f, user, flow).await, [(2, Running), (2, Failed), (1, Ended)]);
    let executions = all(&f, user, flow).await;
    assert_eq!(executions[2].result["replaced_by"], 2);
    // What was told of the first stays with it, what is told of the second goes to its newest deployment.
    for (at, node) in [(0, "b"), (2, "a")] {
        let found = nodes(&f, user, flow, executions[at].id).await;
        assert_eq!((found.len(), found[0].node_id.as_str(), found[0].scope), (1, node, NodeScope::Minute));
    }
    assert!(nodes(&f, user, flow, executions[1].id).await.is_empty());
    c.record_executions(&[fails(flow, 2, "node b panicked")], vec![]).await.unwrap();
    assert_eq!(told(&f, user, flow).await[0], (2, Failed));
    assert_eq!(all(&f, user, flow).await[0].error_message.as_deref(), Some("node b panicked"));
    c.record_executions(&[runs(flow, 2)], vec![]).await.unwrap();
    assert_eq!(told(&f, user, flow).await[0], (2, Failed), "what is told late changes nothing");
    deploy(&f, flow, 1).await;
    c.record_executions(&[runs(flow, 1)], vec![]).await.unwrap();
    c.set_flow_stopped(flow, Stopped::By(user)).await.unwrap();
    let last = all(&f, user, flow).await.remove(0);
    assert_eq!((last.version, last.status, &last.result["why"]), (1, Ended, &json!("it was stopped")));
    deploy(&f, flow, 3).await;
    c.set_flow_stopped(flow, Stopped::Because("the deployment failed")).await.unwrap();
    assert_eq!(told(&f, user, flow).await[0], (3, Failed), "it never ran");
}

#[tokio::test]
async fn deployments_that_follow_each_other_before_anybody_is_told_that_they_run_did_run() {
    use ExecutionStatus::{Failed, Running, Stopped as Ended};
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user, flow) = (&f.catalog, ada.user.id, flow(&f, &ada).await);
    deploy(&f, flow, 1).await;
    let first = runs(flow, 1);
    deploy(&f, flow, 2).await;
    let second = runs(flow, 2);
    // The third does not run, and the second runs on.
    deploy(&f, flow, 3).await;
    c.set_flow_deployed_version(flow, 2, "the deployment failed").await.unwrap();
    c.record_executions(&[second.clone(), first], vec![]).await.unwrap();
    assert_eq!(told(&f, user, flow).await, [(3, Failed), (2, Running), (1, Ended)]);
    // What is told of one deployment of a version is not told of the next.
    deploy(&f, flow, 2).await;
    c.record_executions(
        &[second, Deployment { at: all(&f, user, flow).await[2].started_at, ..fails(flow, 2, "x") }],
        vec![],
    )
    .await
    .unwrap();
    assert_eq!(told(&f, user, flow).await[..3], [(2, ExecutionStatus::Pending), (3, Failed), (2, Failed)]);
}

#[tokio::test]
async fn after_a_start_what_runs_goes_on_and_what_does_not_has_ended() {
    use ExecutionStatus::{Failed, Running, Stopped as Ended};
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user) = (&f.catalog, ada.user.id);
    let mut flows = Vec::new();
    for _ in 0..6 {
        flows.push(flow(&f, &ada).await);
    }
    let [going_on, cut_short, refused, gone, unknown, stranger] = flows[..] else { panic!() };
    for flow in [going_on, cut_short, refused, gone] {
        deploy(&f, flow, 1).await;
        c.record_executions(&[runs(flow, 1)], vec![]).await.unwrap();
    }
    let before = all(&f, user, going_on).await;
    // The server died between the two steps of a deployment, and in the middle of a run.
    deploy(&f, cut_short, 2).await;
    let run = c.begin_execution(going_on, 1, ExecutionTrigger::Replay).await.unwrap();
    let found = [
        runs(going_on, 1),
        runs(cut_short, 2),
        fails(refused, 1, "no such device"),
        runs(unknown, 5),
        runs(new_id(), 1),
    ];
    // A second start finds nothing to change.
    for _ in 0..2 {
        c.settle_executions(&found).await.unwrap();
        let going = all(&f, user, going_on).await;
        assert_eq!((going[0].id, going[0].status, &going[1..]), (run, Failed, &before[..]));
        assert_eq!(told(&f, user, cut_short).await, [(2, Running), (1, Ended)]);
        let told_of = all(&f, user, refused).await;
        assert_eq!(
            (told_of[0].status, told_of[0].error_message.as_deref(), told_of.len()),
            (Failed, Some("no such device"), 1)
        );
        assert_eq!(told(&f, user, gone).await, [(1, Ended)]);
        assert_eq!(
            told(&f, user, unknown).await,
            [(5, Running)],
            "deployed by a server that wrote none down"
        );
        assert_eq!(told(&f, user, stranger).await, []);
    }
}

#[tokio::test]
async fn the_flows_of_a_deleted_organization_have_ended() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user) = (&f.catalog, ada.user.id);
    let other =
        c.create_organization(user, input(OrganizationInput::read, json!({"name": "o"}))).await.unwrap().id;
    let project = json!({"organization_id": other, "name": "p"});
    let project = c.create_project(user, input(ProjectInput::read, project)).await.unwrap().id;
    let flow = c
        .create_flow(user, input(FlowInput::read, json!({"name": "f", "project_id": project})))
        .await
        .unwrap()
        .id;
    deploy(&f, flow, 1).await;
    c.record_executions(&[runs(flow, 1)], vec![]).await.unwrap();
    c.delete_organization(user, other).await.unwrap();
    assert_eq!(deletion::stop_all(c, other).await, [flow]);
    let ended = all(&f, user, flow).await.remove(0);
    assert_eq!(
        (ended.status, &ended.result["why"]),
        (ExecutionStatus::Stopped, &json!("the organization was deleted"))
    );
}

#[tokio::test]
async fn executions_are_told_in_pages_by_status_and_to_those_who_may_read_the_flow_only() {
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    let (c, user, one, other) = (&f.catalog, ada.user.id, flow(&f, &ada).await, flow(&f, &ada).await);
    let mut ids = Vec::new();
    for n in 0..5 {
        let id = c.begin_execution(one, n, ExecutionTrigger::Manual).await.unwrap();
        if n % 2 == 0 {
            c.finish_execution(
                id,
                ExecutionStatus::Completed,
                Map::new(),
                None,
                vec![work("a", 1), work("b", 1)],
            )
            .await
            .unwrap();
        }
        ids.insert(0, id);
    }
    let (mut after, mut paged) = (None, Vec::new());
    loop {
        let page = c.executions(user, one, None, Slice { after, ..Slice::first(2) }).await.unwrap();
        paged.extend(page.items.iter().map(|entry| entry.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(paged, ids);
    let running = c.executions(user, one, Some(ExecutionStatus::Running), Slice::FIRST).await.unwrap().items;
    assert_eq!(running.iter().map(|entry| entry.id).collect::<Vec<_>>(), [ids[1], ids[3]]);
    let of_b = c.node_executions(user, one, ids[0], Some("b"), Slice::FIRST).await.unwrap().items;
    assert_eq!((of_b.len(), of_b[0].node_id.as_str()), (1, "b"));
    assert_not_found(c.execution(user, other, ids[0]).await);
    assert_not_found(c.node_executions(user, other, ids[0], None, Slice::FIRST).await);
    assert_not_found(c.executions(eve.user.id, one, None, Slice::FIRST).await);
    assert_not_found(c.execution(eve.user.id, one, ids[0]).await);
    assert_not_found(c.node_executions(eve.user.id, one, ids[0], None, Slice::FIRST).await);
}
