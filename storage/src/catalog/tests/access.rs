use edgesync_schemas::entity::dashboard::{DashboardInput, DashboardPatch, Permission};
use edgesync_schemas::entity::device::DevicePatch;
use edgesync_schemas::entity::flow::{FlowInput, FlowPatch};
use edgesync_schemas::entity::project::{ProjectInput, ProjectPatch};
use edgesync_schemas::entity::widget::{WidgetInput, WidgetPatch};
use serde_json::json;

use super::*;
use crate::catalog::{Change, DeviceFilter, FlowFilter, Slice};

#[tokio::test]
async fn another_tenants_things_are_not_there() {
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    let (c, org, outsider) = (&f.catalog, ada.organization.id, eve.user.id);
    let (theirs, _) = f.device(&ada, "pump").await;
    let body = json!({"organization_id": org, "name": "p"});
    let project = c.create_project(ada.user.id, input(ProjectInput::read, body)).await.unwrap();
    let body = json!({"name": "f", "project_id": project.id});
    let flow = c.create_flow(ada.user.id, input(FlowInput::read, body)).await.unwrap();
    let dashboard = json!({"organization_id": org, "name": "d"});
    let dashboard = c.create_dashboard(ada.user.id, input(DashboardInput::read, dashboard)).await.unwrap();
    let widget = input(
        WidgetInput::read,
        json!({"widget_id": "w", "widget_type": "gauge", "data_source_type": "static", "static_value": 1}),
    );
    let (made, _) = c.create_widget(ada.user.id, dashboard.id, None, widget.clone()).await.unwrap();

    assert_not_found(c.organization(outsider, org).await);
    assert_not_found(c.create_device(outsider, device(org, "x")).await);
    assert_not_found(c.readable_device(outsider, theirs.id).await);
    assert_not_found(c.update_device(outsider, theirs.id, DevicePatch::default()).await);
    assert_not_found(c.rotate_device_token(outsider, theirs.id, 0).await);
    assert_not_found(c.delete_device(outsider, theirs.id).await);
    assert_not_found(c.project(outsider, project.id).await);
    assert_not_found(
        c.create_project(outsider, input(ProjectInput::read, json!({"organization_id": org, "name": "q"})))
            .await,
    );
    assert_not_found(c.readable_flow(outsider, flow.id).await);
    assert_not_found(c.editable_flow(outsider, flow.id, None).await);
    assert_not_found(c.update_flow(outsider, flow.id, None, FlowPatch::default()).await);
    assert_not_found(c.delete_flow(outsider, flow.id, None).await);
    let body = json!({"organization_id": org, "name": "e"});
    assert_not_found(c.create_dashboard(outsider, input(DashboardInput::read, body)).await);
    assert_not_found(c.dashboard(outsider, dashboard.id).await);
    assert_not_found(c.update_dashboard(outsider, dashboard.id, None, DashboardPatch::default()).await);
    assert_not_found(c.delete_dashboard(outsider, dashboard.id, None).await);
    assert_not_found(c.widgets(outsider, dashboard.id).await);
    assert_not_found(c.readable_widget(outsider, made.id).await);
    assert_not_found(c.create_widget(outsider, dashboard.id, None, widget).await);
    assert_not_found(c.dashboard_widget(outsider, dashboard.id, "w").await);
    assert_not_found(c.update_widget(outsider, dashboard.id, "w", None, WidgetPatch::default()).await);
    assert_not_found(c.delete_widget(outsider, dashboard.id, "w", None).await);
    assert_eq!(c.tracked_variables(outsider, made.id).await.unwrap(), []);
    assert_not_found(c.permissions(outsider, dashboard.id, Slice::FIRST).await);
    assert_not_found(c.permission(outsider, dashboard.id, ada.user.id).await);
    assert_not_found(c.set_permission(outsider, dashboard.id, outsider, Permission::Admin).await);
    assert_not_found(c.remove_permission(outsider, dashboard.id, outsider).await);
    assert_not_found(c.update_project(outsider, project.id, ProjectPatch::default()).await);
    assert_not_found(c.delete_project(outsider, project.id).await);
    assert_not_found(c.add_project_device(outsider, project.id, theirs.id).await);
    assert_not_found(c.remove_project_device(outsider, project.id, theirs.id).await);
    assert_not_found(c.device_history(outsider, theirs.id, Slice::FIRST).await);
    assert_not_found(c.members(outsider, org, None, Slice::FIRST).await);
    assert_not_found(c.members(outsider, org, Some("no such name"), Slice::FIRST).await);
    let member = c.member(outsider, org, ada.user.id).await;
    assert!(matches!(member, Err(Error::NotFound { what: "organization" })), "{member:?}");
    let none = c.members(ada.user.id, org, Some("no such name"), Slice::FIRST).await.unwrap();
    assert_eq!(none.items, []);
    assert_not_found(c.revoke_device_token(outsider, theirs.id).await);

    assert!(c.devices(outsider, DeviceFilter::default(), Slice::FIRST).await.unwrap().items.is_empty());
    let of = DeviceFilter { organization: Some(org), ..DeviceFilter::default() };
    assert!(c.devices(outsider, of, Slice::FIRST).await.unwrap().items.is_empty());
    let of = DeviceFilter { project: Some(project.id), ..DeviceFilter::default() };
    assert!(c.devices(outsider, of, Slice::FIRST).await.unwrap().items.is_empty());
    assert!(c.projects(outsider, Some(org), None, Slice::FIRST).await.unwrap().items.is_empty());
    assert!(
        c.flows(outsider, FlowFilter { project: Some(project.id), ..FlowFilter::default() }, Slice::FIRST)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert!(c.dashboards(outsider, Some(org), None, None, Slice::FIRST).await.unwrap().items.is_empty());
    assert_eq!(c.organizations(outsider, None, Slice::FIRST).await.unwrap().items, [eve.organization]);
}

#[tokio::test]
async fn a_member_reads_all_and_changes_own_flows_and_dashboards_only() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (c, org, member) = (&f.catalog, ada.organization.id, bob.user.id);
    f.join(org, member).await;
    let (pump, _) = f.device(&ada, "pump").await;
    let body = json!({"organization_id": org, "name": "p"});
    let project = c.create_project(ada.user.id, input(ProjectInput::read, body.clone())).await.unwrap();
    let draft = |name| input(FlowInput::read, json!({"name": name, "project_id": project.id}));
    let flow = c.create_flow(ada.user.id, draft("ada's")).await.unwrap();
    let dashboard = c.create_dashboard(ada.user.id, input(DashboardInput::read, body.clone())).await.unwrap();

    c.readable_device(member, pump.id).await.unwrap();
    assert_forbidden(c.create_device(member, device(org, "x")).await);
    assert_forbidden(c.update_device(member, pump.id, DevicePatch::default()).await);
    assert_forbidden(c.rotate_device_token(member, pump.id, 0).await);
    assert_forbidden(c.delete_device(member, pump.id).await);
    assert_forbidden(c.revoke_device_token(member, pump.id).await);
    c.device_history(member, pump.id, Slice::FIRST).await.unwrap();
    assert_forbidden(c.update_project(member, project.id, ProjectPatch::default()).await);
    assert_forbidden(c.delete_project(member, project.id).await);
    assert_forbidden(c.add_project_device(member, project.id, pump.id).await);
    assert_forbidden(c.remove_project_device(member, project.id, pump.id).await);
    assert_forbidden(c.set_permission(member, dashboard.id, member, Permission::Admin).await);
    assert_forbidden(c.create_project(member, input(ProjectInput::read, body.clone())).await);
    c.readable_flow(member, flow.id).await.unwrap();
    assert_forbidden(c.editable_flow(member, flow.id, None).await);
    assert_forbidden(c.update_flow(member, flow.id, None, FlowPatch::default()).await);
    assert_forbidden(c.delete_flow(member, flow.id, None).await);
    c.dashboard(member, dashboard.id).await.unwrap();
    assert_forbidden(c.update_dashboard(member, dashboard.id, None, DashboardPatch::default()).await);
    assert_forbidden(c.delete_dashboard(member, dashboard.id, None).await);

    let own = c.create_flow(member, draft("bob's")).await.unwrap();
    c.update_flow(member, own.id, Some(&[1]), FlowPatch::default()).await.unwrap();
    c.editable_flow(ada.user.id, own.id, None).await.unwrap();
    let own = c.create_dashboard(member, input(DashboardInput::read, body)).await.unwrap();
    c.delete_dashboard(member, own.id, None).await.unwrap();
}

#[tokio::test]
async fn a_flow_without_a_project_is_its_owners_alone() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    f.join(ada.organization.id, bob.user.id).await;
    let flow =
        f.catalog.create_flow(bob.user.id, input(FlowInput::read, json!({"name": "f"}))).await.unwrap();
    assert_not_found(f.catalog.readable_flow(ada.user.id, flow.id).await);
}

#[tokio::test]
async fn what_another_process_ends_is_noticed_and_nothing_is_forgotten_for_ones_own_changes() {
    let f = fixture();
    let (c, other) = (&f.catalog, f.place.open());
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let ((pump, first), (fan, _)) = (f.device(&ada, "pump").await, f.device(&ada, "fan").await);
    f.join(ada.organization.id, bob.user.id).await;
    let access = async |token: &Token| c.device_by_token(token.reveal()).await.unwrap();
    assert!(c.notice_changes().await.unwrap() && !c.notice_changes().await.unwrap());
    assert!(access(&first).await.is_some());

    let (_, second) = other.rotate_device_token(ada.user.id, pump.id, 0).await.unwrap();
    assert!(access(&first).await.is_some(), "remembered");
    assert!(c.notice_changes().await.unwrap());
    assert!(access(&first).await.is_none() && access(&second).await.is_some());

    c.rotate_device_token(ada.user.id, fan.id, 0).await.unwrap();
    assert!(!c.notice_changes().await.unwrap(), "its own change: what is remembered of others is kept");

    let off = DevicePatch { is_active: Some(false), ..DevicePatch::default() };
    other.update_device(ada.user.id, pump.id, off).await.unwrap();
    assert!(c.notice_changes().await.unwrap() && !access(&second).await.unwrap().is_active);

    let mut news = c.news();
    other.remove_member(ada.user.id, ada.organization.id, bob.user.id).await.unwrap();
    c.rotate_device_token(ada.user.id, fan.id, 0).await.unwrap();
    assert!(c.notice_changes().await.unwrap(), "another's before its own");
    assert_eq!(news.told(), Some(Change::Any), "who watches is asked again whether they may");

    assert!(access(&second).await.is_some());
    other.delete_organization(ada.user.id, ada.organization.id).await.unwrap();
    assert!(c.notice_changes().await.unwrap() && access(&second).await.is_none());
}

#[tokio::test]
async fn a_watching_catalog_notices_by_itself() {
    let f = fixture();
    let (c, other) = (&f.catalog, f.place.open());
    let ada = f.sign_up("ada@example.org").await;
    let (pump, token) = f.device(&ada, "pump").await;
    let _watch = c.watch_changes();
    assert!(c.device_by_token(token.reveal()).await.unwrap().is_some());
    other.revoke_device_token(ada.user.id, pump.id).await.unwrap();
    let noticed = async {
        while c.device_by_token(token.reveal()).await.unwrap().is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), noticed).await.expect("it is refused");
}
