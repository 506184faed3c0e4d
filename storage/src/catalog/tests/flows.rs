use edgesync_schemas::entity::flow::{FlowInput, FlowPatch};
use edgesync_schemas::entity::organization::OrganizationInput;
use edgesync_schemas::entity::project::ProjectInput;
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::limit;
use serde_json::json;

use super::*;
use crate::catalog::{Stopped, new_id};

#[tokio::test]
async fn each_save_is_a_version_and_who_saves_over_another_is_told() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let nodes = json!([{"id": "a", "type": "debug", "position": {"x": 1.5}, "mine": null}]);
    let body = json!({"name": "f", "nodes": nodes, "tags": ["t"], "metadata": {"viewport": {"zoom": 2}}});
    let flow = f.catalog.create_flow(ada.user.id, input(FlowInput::read, body)).await.unwrap();
    assert_eq!(f.catalog.flow(flow.id).await.unwrap().unwrap(), flow);
    let rename = |name: &str| FlowPatch { name: Some(name.to_owned()), ..FlowPatch::default() };
    let saved = f.catalog.update_flow(ada.user.id, flow.id, Some(&[1]), rename("g")).await.unwrap();
    assert_eq!((saved.version, &saved.nodes), (2, &flow.nodes));
    let stale = f.catalog.update_flow(ada.user.id, flow.id, Some(&[1]), rename("h")).await;
    assert!(matches!(stale, Err(Error::Stale { current: 2 })));
    assert_eq!(f.catalog.update_flow(ada.user.id, flow.id, None, rename("h")).await.unwrap().version, 3);
}

#[tokio::test]
async fn what_is_deployed_is_what_was_deployed_and_not_the_draft() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let flow =
        f.catalog.create_flow(ada.user.id, input(FlowInput::read, json!({"name": "f"}))).await.unwrap();
    let diagram = json!({"nodes": [{"id": "a"}], "edges": []});
    f.catalog.set_flow_deployed(None, flow.id, 1, &diagram).await.unwrap();
    let patch = input(FlowPatch::read, json!({"nodes": [{"id": "b"}]}));
    let draft = f.catalog.update_flow(ada.user.id, flow.id, None, patch).await.unwrap();
    assert_eq!((draft.version, draft.deployed_version, draft.is_active), (2, Some(1), true));
    let deployed = f.catalog.deployed_flows().await.unwrap();
    assert_eq!(deployed.len(), 1);
    assert_eq!((deployed[0].id, deployed[0].version, &deployed[0].diagram), (flow.id, 1, &diagram));
    f.catalog.set_flow_stopped(flow.id, Stopped::By(ada.user.id)).await.unwrap();
    assert!(f.catalog.deployed_flows().await.unwrap().is_empty());
    f.catalog.delete_flow(ada.user.id, flow.id, None).await.unwrap();
    assert_not_found(f.catalog.set_flow_deployed(None, flow.id, 2, &diagram).await);
}

#[tokio::test]
async fn a_flow_reads_devices_of_its_own_organization_only() {
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    f.join(eve.organization.id, ada.user.id).await;
    let stranger = f.sign_up("mallory@example.org").await;
    let (own, shared, strange) = (
        f.device(&ada, "pump").await.0.id,
        f.device(&eve, "fan").await.0.id,
        f.device(&stranger, "x").await.0.id,
    );
    let body = json!({"organization_id": ada.organization.id, "name": "p"});
    let project = f.catalog.create_project(ada.user.id, input(ProjectInput::read, body)).await.unwrap();
    let inside = json!({"name": "f", "project_id": project.id});
    let inside = f.catalog.create_flow(ada.user.id, input(FlowInput::read, inside)).await.unwrap();
    let outside =
        f.catalog.create_flow(ada.user.id, input(FlowInput::read, json!({"name": "g"}))).await.unwrap();
    let unknown = new_id();
    let all = [own, shared, strange, unknown];
    assert_eq!(f.catalog.foreign_devices(inside.id, &all).await.unwrap(), [shared, strange, unknown]);
    assert_eq!(f.catalog.foreign_devices(outside.id, &all).await.unwrap(), [strange, unknown]);
}

#[tokio::test]
async fn a_flow_cannot_be_put_into_a_project_that_its_owner_cannot_see() {
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    let body = json!({"organization_id": ada.organization.id, "name": "p"});
    let project = f.catalog.create_project(ada.user.id, input(ProjectInput::read, body)).await.unwrap();
    let body = json!({"name": "f", "project_id": project.id});
    let refused = f.catalog.create_flow(eve.user.id, input(FlowInput::read, body)).await;
    assert!(matches!(refused, Err(Error::Missing { field: "project_id" })));
    let flow =
        f.catalog.create_flow(eve.user.id, input(FlowInput::read, json!({"name": "f"}))).await.unwrap();
    let patch = FlowPatch { project_id: Some(Some(project.id)), ..FlowPatch::default() };
    let refused = f.catalog.update_flow(eve.user.id, flow.id, None, patch).await;
    assert!(matches!(refused, Err(Error::Missing { field: "project_id" })));
}

#[tokio::test]
async fn a_deployed_flow_is_not_moved_to_where_it_may_not_read_its_devices() {
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    f.join(eve.organization.id, ada.user.id).await;
    let project = async |of: &SignedUp| {
        let body = json!({"organization_id": of.organization.id, "name": "p"});
        f.catalog.create_project(of.user.id, input(ProjectInput::read, body)).await.unwrap().id
    };
    let (hers, theirs) = (project(&ada).await, project(&eve).await);
    let device = f.device(&ada, "pump").await.0.id;
    let flow =
        f.catalog.create_flow(ada.user.id, input(FlowInput::read, json!({"name": "f"}))).await.unwrap();
    let to = async |project| {
        let patch = FlowPatch { project_id: Some(project), ..FlowPatch::default() };
        f.catalog.update_flow(ada.user.id, flow.id, None, patch).await
    };
    for data in [
        json!({"deviceUuid": device}),
        json!({"devices": [DeviceId::from_uuid(uuid::Uuid::now_v7()), device]}),
    ] {
        to(Some(hers)).await.unwrap();
        let version = f.catalog.flow(flow.id).await.unwrap().unwrap().version;
        let diagram = json!({"nodes": [{"id": "a", "data": data}, {"id": "b"}], "edges": []});
        f.catalog.set_flow_deployed(None, flow.id, version, &diagram).await.unwrap();
        let refused = to(Some(theirs)).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "project_id", .. })), "{refused:?}");
        let kept = f.catalog.flow(flow.id).await.unwrap().unwrap();
        assert_eq!((kept.project_id, kept.version), (Some(hers), version));
        to(None).await.unwrap();
        to(Some(hers)).await.unwrap();
        f.catalog.set_flow_stopped(flow.id, Stopped::By(ada.user.id)).await.unwrap();
        to(Some(theirs)).await.unwrap();
    }
}

#[tokio::test]
async fn of_the_versions_that_were_deployed_the_newest_are_kept_and_the_one_that_ran() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let flow =
        f.catalog.create_flow(ada.user.id, input(FlowInput::read, json!({"name": "f"}))).await.unwrap();
    let diagram = json!({"nodes": [], "edges": []});
    let kept = async || {
        let sql = "SELECT v.version FROM flow_versions v WHERE v.flow_id = $1 ORDER BY v.version";
        let rows = f.catalog.db.query(sql, vec![flow.id.into()]).await.unwrap();
        rows.into_iter().map(|mut row| row.take::<u32>().unwrap()).collect::<Vec<_>>()
    };
    let most = limit::FLOW_VERSIONS;
    // As after deployments that failed: each leaves its version, and the first runs again.
    for version in 1..=most + 5 {
        f.catalog.set_flow_deployed(None, flow.id, version, &diagram).await.unwrap();
        f.catalog.set_flow_deployed_version(flow.id, 1, "the deployment failed").await.unwrap();
    }
    assert_eq!(kept().await, [vec![1], (6..=most + 5).collect()].concat());
    assert_eq!(f.catalog.deployed_flow(flow.id).await.unwrap().unwrap().version, 1);
    for version in [most + 6, most + 7] {
        f.catalog.set_flow_deployed(None, flow.id, version, &diagram).await.unwrap();
    }
    assert_eq!(kept().await, (8..=most + 7).collect::<Vec<_>>());
    assert_eq!(f.catalog.deployed_flow(flow.id).await.unwrap().unwrap().version, most + 7);
}

#[tokio::test]
async fn a_flow_comes_into_no_organization_that_its_owner_is_no_member_of() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    f.join(ada.organization.id, bob.user.id).await;
    let second = json!({"name": "second"});
    let second =
        f.catalog.create_organization(ada.user.id, input(OrganizationInput::read, second)).await.unwrap();
    let project = async |organization: OrganizationId| {
        let body = json!({"organization_id": organization, "name": "p"});
        f.catalog.create_project(ada.user.id, input(ProjectInput::read, body)).await.unwrap().id
    };
    let (here, there) = (project(ada.organization.id).await, project(second.id).await);
    let flow = json!({"name": "f", "project_id": here});
    let flow = f.catalog.create_flow(bob.user.id, input(FlowInput::read, flow)).await.unwrap();
    let moved = async || {
        let patch = FlowPatch { project_id: Some(Some(there)), ..FlowPatch::default() };
        f.catalog.update_flow(ada.user.id, flow.id, None, patch).await
    };
    let refused = moved().await;
    assert!(matches!(refused, Err(Error::Invalid { field: "project_id", .. })), "{refused:?}");
    assert_eq!(f.catalog.readable_flow(bob.user.id, flow.id).await.unwrap(), flow);
    f.join(second.id, bob.user.id).await;
    assert_eq!(moved().await.unwrap().project_id, Some(there));
}
