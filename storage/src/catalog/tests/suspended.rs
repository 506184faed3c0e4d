//! Flows that the platform suspends, and deployments that come to nothing.

use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::project::ProjectInput;
use edgesync_schemas::id::FlowId;
use serde_json::json;

use super::executions::{all, flow};
use super::*;
use crate::catalog::Stopped;

#[tokio::test]
async fn a_flow_is_suspended_only_if_what_runs_is_what_is_written_down_and_says_why_until_it_is_deployed_or_stopped()
 {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, id) = (&f.catalog, flow(&f, &ada).await);
    let diagram = json!({"nodes": [], "edges": []});
    let suspend =
        async |version| c.set_flow_suspended(id, version, "too slow", "make it simpler").await.unwrap();
    assert!(!suspend(1).await, "it does not run");
    c.set_flow_deployed(None, id, 2, &diagram).await.unwrap();
    assert!(!suspend(1).await, "another version was deployed meanwhile");
    assert_eq!((c.flow_suspended(id).await.unwrap(), c.deployed_flows().await.unwrap().len()), (None, 1));
    assert!(suspend(2).await);
    assert!(c.deployed_flows().await.unwrap().is_empty());
    assert_eq!(c.flow_suspended(id).await.unwrap().as_deref(), Some("make it simpler"));
    assert!(!suspend(2).await, "once");
    let executions = all(&f, ada.user.id, id).await;
    assert_eq!(executions[0].result["why"], "make it simpler");
    c.set_flow_deployed(None, id, 3, &diagram).await.unwrap();
    assert_eq!(c.flow_suspended(id).await.unwrap(), None);
    assert!(suspend(3).await);
    c.set_flow_stopped(id, Stopped::By(ada.user.id)).await.unwrap();
    assert_eq!(c.flow_suspended(id).await.unwrap(), None);
    assert_eq!(c.flow_suspended(FlowId::from_uuid(uuid::Uuid::now_v7())).await.unwrap(), None);
}

#[tokio::test]
async fn a_deployment_that_was_never_ready_is_told_and_changes_nothing() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, id) = (&f.catalog, flow(&f, &ada).await);
    c.set_flow_deployed(None, id, 1, &json!({"nodes": [], "edges": []})).await.unwrap();
    c.note_failed_deployment(id, 2, "too slow").await.unwrap();
    assert_eq!(c.deployed_flow(id).await.unwrap().unwrap().version, 1);
    let executions = all(&f, ada.user.id, id).await;
    let told: Vec<_> = executions.iter().map(|one| (one.version, one.error_message.as_deref())).collect();
    assert_eq!(told, [(2, Some("too slow")), (1, None)]);
    c.note_failed_deployment(FlowId::from_uuid(uuid::Uuid::now_v7()), 2, "gone").await.unwrap();
}

#[tokio::test]
async fn a_flow_counts_for_the_organization_of_its_project_or_else_for_its_owner() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, loose) = (&f.catalog, flow(&f, &ada).await);
    let body = json!({"organization_id": ada.organization.id, "name": "p"});
    let project = c.create_project(ada.user.id, input(ProjectInput::read, body)).await.unwrap();
    let inside = json!({"name": "f", "project_id": project.id});
    let inside = c.create_flow(ada.user.id, input(FlowInput::read, inside)).await.unwrap().id;
    assert_eq!(c.flow_tenant(loose).await.unwrap(), Some(ada.user.id.uuid()));
    assert_eq!(c.flow_tenant(inside).await.unwrap(), Some(ada.organization.id.uuid()));
    assert_eq!(c.flow_tenant(FlowId::from_uuid(uuid::Uuid::now_v7())).await.unwrap(), None);
}
