use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::dashboard::DashboardInput;
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::organization::{OrganizationPatch, Role};
use edgesync_schemas::entity::project::ProjectInput;
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use serde_json::json;

use super::*;
use crate::catalog::{AuditFilter, Change, Slice};

fn patch(body: Value) -> OrganizationPatch {
    input(OrganizationPatch::read, body)
}

#[tokio::test]
async fn admins_change_an_organization_and_others_do_not() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (c, org) = (&f.catalog, ada.organization.id);
    let change = async |who: UserId, body| c.update_organization(who, org, patch(body)).await;
    assert_not_found(change(bob.user.id, json!({"name": "x"})).await);
    f.join(org, bob.user.id).await;
    assert_forbidden(change(bob.user.id, json!({"name": "x"})).await);
    let changed = change(ada.user.id, json!({"name": "Plant", "slug": "plant"})).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.slug.as_str(), changed.is_active), ("Plant", "plant", true));
    assert_eq!(c.organization(bob.user.id, org).await.unwrap(), changed);
    let taken = change(ada.user.id, json!({"slug": bob.organization.slug})).await;
    assert!(matches!(taken, Err(Error::Conflict { field }) if field == "slug"));
}

#[tokio::test]
async fn the_devices_of_an_organization_out_of_use_are_refused_and_its_members_read_on() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, org) = (&f.catalog, ada.organization.id);
    let (pump, token) = f.device(&ada, "pump").await;
    let is_active = async || c.device_by_token(token.reveal()).await.unwrap().unwrap().is_active;
    assert!(is_active().await);
    c.update_organization(ada.user.id, org, patch(json!({"is_active": false}))).await.unwrap();
    assert!(!is_active().await);
    c.readable_device(ada.user.id, pump.id).await.unwrap();
    c.update_organization(ada.user.id, org, patch(json!({"is_active": true}))).await.unwrap();
    assert!(is_active().await);
}

#[tokio::test]
async fn an_owner_hands_over_to_a_member_and_stays_an_admin() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (c, org) = (&f.catalog, ada.organization.id);
    let to_stranger = c.hand_over(ada.user.id, org, bob.user.id).await;
    assert!(matches!(to_stranger, Err(Error::Missing { field: "user_id" })), "{to_stranger:?}");
    assert_not_found(c.hand_over(bob.user.id, org, bob.user.id).await);
    f.join(org, bob.user.id).await;
    assert_forbidden(c.hand_over(bob.user.id, org, bob.user.id).await);
    let handed = c.hand_over(ada.user.id, org, bob.user.id).await.unwrap();
    assert_eq!(handed.owner_id, bob.user.id);
    assert_eq!(c.role(bob.user.id, org).await.unwrap(), Some(Role::Owner));
    assert_eq!(c.role(ada.user.id, org).await.unwrap(), Some(Role::Admin));
    assert!(matches!(c.hand_over(ada.user.id, org, ada.user.id).await, Err(Error::NotOwner)));
    let member = c.member(ada.user.id, org, bob.user.id).await.unwrap();
    assert_eq!(member.role, MemberRole::Admin);
    let noted = c.audit(bob.user.id, org, AuditFilter::default(), Slice::FIRST).await.unwrap().items;
    assert_eq!(noted[0].action, AuditAction::OrganizationHandedOver);
    // whoever owns it now is the one who stays
    assert!(matches!(c.remove_member(ada.user.id, org, bob.user.id).await, Err(Error::Owner)));
    c.remove_member(bob.user.id, org, ada.user.id).await.unwrap();
}

#[tokio::test]
async fn nobody_is_handed_more_organizations_than_they_may_own() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    f.join(ada.organization.id, bob.user.id).await;
    let make = async |n: u32| {
        let body = json!({"name": format!("n{n}")});
        let input = input(edgesync_schemas::entity::organization::OrganizationInput::read, body);
        f.catalog.create_organization(bob.user.id, input).await.unwrap();
    };
    for n in 1..limit::ORGANIZATIONS_PER_USER {
        make(n).await;
    }
    let refused = f.catalog.hand_over(ada.user.id, ada.organization.id, bob.user.id).await;
    assert!(matches!(refused, Err(Error::LimitReached { code: "organization_limit_reached", .. })));
}

#[tokio::test]
async fn an_organization_takes_its_things_along_and_stops_what_runs_on_them() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (c, org) = (&f.catalog, ada.organization.id);
    f.join(org, bob.user.id).await;
    let (pump, token) = f.device(&ada, "pump").await;
    let (own, _) = f.device(&bob, "own").await;
    let body = json!({"organization_id": org, "name": "p"});
    let project = c.create_project(ada.user.id, input(ProjectInput::read, body.clone())).await.unwrap();
    let dashboard = c.create_dashboard(ada.user.id, input(DashboardInput::read, body)).await.unwrap();
    let deploy = async |owner: UserId, project: Value, device: Value| -> FlowId {
        let body = json!({"name": "f", "project_id": project});
        let flow = c.create_flow(owner, input(FlowInput::read, body)).await.unwrap();
        let nodes = json!({"nodes": [{"id": "in", "data": {"deviceUuid": device}}], "edges": []});
        c.set_flow_deployed(None, flow.id, 1, &nodes).await.unwrap();
        flow.id
    };
    let shared = deploy(bob.user.id, json!(project.id), json!(pump.id)).await;
    let private = deploy(bob.user.id, Value::Null, json!(pump.id)).await;
    let elsewhere = deploy(bob.user.id, Value::Null, json!(own.id)).await;
    assert_forbidden(c.delete_organization(bob.user.id, org).await);
    let mut news = c.news();

    c.delete_organization(ada.user.id, org).await.unwrap();
    let mut stopped = deletion::stop_all(c, org).await;
    stopped.sort_unstable();
    assert_eq!(stopped, [shared, private]);
    assert_not_found(c.organization(ada.user.id, org).await);
    assert_not_found(c.readable_device(ada.user.id, pump.id).await);
    assert_not_found(c.project(ada.user.id, project.id).await);
    assert_not_found(c.dashboard(ada.user.id, dashboard.id).await);
    assert_eq!(c.device_by_token(token.reveal()).await.unwrap(), None);
    assert_eq!(news.told(), Some(Change::Organization(org)), "who watches is asked again whether they may");
    assert!(c.deployed_flow(shared).await.unwrap().is_none());
    assert!(c.deployed_flow(private).await.unwrap().is_none());
    assert!(c.deployed_flow(elsewhere).await.unwrap().is_some());
    let kept = c.readable_flow(bob.user.id, shared).await.unwrap();
    assert_eq!((kept.owner_id, kept.project_id), (bob.user.id, None));
    let noted = c.account_audit(ada.user.id, AuditFilter::default(), Slice::FIRST).await.unwrap().items;
    assert_eq!((noted[0].action, noted[0].target_id), (AuditAction::OrganizationDeleted, org.uuid()));
    // the name in addresses is free again
    let body = json!({"slug": ada.organization.slug});
    c.update_organization(bob.user.id, bob.organization.id, patch(body)).await.unwrap();
}
