use edgesync_schemas::entity::api_token::ApiTokenInput;
use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::dashboard::{DashboardInput, DashboardPatch, Permission};
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::organization::OrganizationInput;
use edgesync_schemas::entity::project::{ProjectInput, ProjectPatch};
use edgesync_schemas::entity::share_link::ShareLinkInput;
use edgesync_schemas::entity::widget::WidgetInput;
use edgesync_schemas::id::{DeviceId, FlowId, Offset, ProjectId};
use edgesync_schemas::limit;
use serde_json::json;

use super::*;
use crate::catalog::{
    AuditFilter, DeviceFilter, FlowFilter, Slice, Stopped, WidgetSample, WidgetSamples, new_id, within,
};
use crate::janitor::{self, Janitor};
use crate::log::{self, ReadingLog};

/// Tables that have rows of an organization, by what says so.
const OF_ORGANIZATION: &[(&str, &str)] = &[
    ("all_organizations", "SELECT count(*) FROM all_organizations WHERE id = $1"),
    ("all_memberships", "SELECT count(*) FROM all_memberships WHERE organization_id = $1"),
    ("all_projects", "SELECT count(*) FROM all_projects WHERE organization_id = $1"),
    ("devices", "SELECT count(*) FROM devices WHERE organization_id = $1"),
    ("all_project_devices", "SELECT count(*) FROM all_project_devices WHERE organization_id = $1"),
    ("dashboard_templates", "SELECT count(*) FROM dashboard_templates WHERE organization_id = $1"),
    ("template_permissions", "SELECT count(*) FROM template_permissions WHERE organization_id = $1"),
    ("share_links", "SELECT count(*) FROM share_links WHERE organization_id = $1"),
    ("device_history", "SELECT count(*) FROM device_history WHERE organization_id = $1"),
    ("api_tokens", "SELECT count(*) FROM api_tokens WHERE organization_id = $1"),
    ("audit_log", "SELECT count(*) FROM audit_log WHERE book_id = $1"),
    (
        "dashboard_widgets",
        "SELECT count(*) FROM dashboard_widgets w JOIN dashboard_templates t ON t.id = w.dashboard_template_uuid
         WHERE t.organization_id = $1",
    ),
    (
        "widget_samples",
        "SELECT count(*) FROM widget_samples s JOIN dashboard_widgets w ON w.id = s.widget_id
         JOIN dashboard_templates t ON t.id = w.dashboard_template_uuid WHERE t.organization_id = $1",
    ),
    (
        "tracked_variables",
        "SELECT count(*) FROM tracked_variables v JOIN dashboard_templates t ON t.id = v.dashboard_uuid
         WHERE t.organization_id = $1",
    ),
    (
        "flows in its projects",
        "SELECT count(*) FROM flows f JOIN all_projects p ON p.id = f.project_id WHERE p.organization_id = $1",
    ),
];

const INSERT_DEVICE: &str =
    "INSERT INTO devices (id, organization_id, creator_id, name, description, device_type, token_hash,
        token_prefix, status, is_active, created_at, updated_at)
    VALUES ($1, $2, $3, $4, '', '', $5, '', 'inactive', false, $6, $6)";

/// How many rows of an organization each table has.
async fn rows(catalog: &Catalog, of: OrganizationId) -> Vec<(&'static str, i64)> {
    let mut counts = Vec::new();
    for (table, sql) in OF_ORGANIZATION {
        let mut row = catalog.db.first(sql, vec![of.into()]).await.unwrap().unwrap();
        counts.push((*table, row.take().unwrap()));
    }
    counts
}

fn total(rows: &[(&str, i64)]) -> i64 {
    rows.iter().map(|(_, count)| count).sum()
}

/// An organization with something in every table; its project, and a flow in it that runs.
async fn furnish(f: &Fixture, ada: &SignedUp, bob: UserId) -> (ProjectId, FlowId) {
    let (c, org, user) = (&f.catalog, ada.organization.id, ada.user.id);
    f.join(org, bob).await;
    let (pump, _) = f.device(ada, "pump").await;
    let body = || json!({"organization_id": org, "name": "p"});
    let project = c.create_project(user, input(ProjectInput::read, body())).await.unwrap().id;
    c.add_project_device(user, project, pump.id).await.unwrap();
    let dashboard = c.create_dashboard(user, input(DashboardInput::read, body())).await.unwrap().id;
    let widget = json!({"widget_id": "w", "widget_type": "gauge", "data_source_type": "device_sensor",
        "device_id": pump.id, "sensor_type": "t"});
    c.create_widget(user, dashboard, None, input(WidgetInput::read, widget)).await.unwrap();
    c.set_permission(user, dashboard, bob, Permission::Admin).await.unwrap();
    let link = ShareLinkInput::read(json!({"name": "wall"}), now()).unwrap();
    c.create_share_link(user, dashboard, link).await.unwrap();
    let token = json!({"name": "t", "scopes": ["read"], "organization_id": org});
    c.create_api_token(user, ApiTokenInput::read(token, now()).unwrap()).await.unwrap();
    let flow = json!({"name": "f", "project_id": project});
    let flow = c.create_flow(bob, input(FlowInput::read, flow)).await.unwrap().id;
    let nodes = json!({"nodes": [{"id": "in", "data": {"deviceUuid": pump.id}}], "edges": []});
    c.set_flow_deployed(None, flow, 1, &nodes).await.unwrap();
    let widget = json!({"widget_id": "n", "widget_type": "gauge", "data_source_type": "flow_node", "flow_id": flow,
        "node_id": "in", "max_samples": limit::LIVE_POINTS});
    let widget = c.create_widget(user, dashboard, None, input(WidgetInput::read, widget)).await.unwrap().0;
    let (unit, raw, bucket) = (None, None, None);
    let sample = |n| WidgetSample {
        n,
        ts: now(),
        value: 0.5,
        unit: unit.clone(),
        raw: raw.clone(),
        arrival: Offset(n),
        bucket,
    };
    let samples = (0..u64::from(limit::REMOVED_ROWS) + 7).map(sample).collect();
    let samples =
        WidgetSamples { widget: widget.id, kept_since: widget.updated_at, samples, keep_from: None };
    c.put_widget_samples(vec![samples]).await.unwrap();
    (project, flow)
}

#[tokio::test]
async fn what_is_deleted_is_gone_at_once_and_its_rows_are_still_there() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (c, org, user) = (&f.catalog, ada.organization.id, ada.user.id);
    let (project, flow) = furnish(&f, &ada, bob.user.id).await;
    let token = json!({"name": "of ada", "scopes": ["read"], "organization_id": org});
    let (api, secret) = c.create_api_token(user, ApiTokenInput::read(token, now()).unwrap()).await.unwrap();
    let device = c.devices(user, DeviceFilter::default(), Slice::FIRST).await.unwrap().items.remove(0);
    let before = rows(c, org).await;
    assert!(before.iter().all(|(_, count)| *count > 0), "{before:?}");

    c.delete_organization(user, org).await.unwrap();
    assert_eq!(rows(c, org).await, before, "a mark and no more");
    for who in [user, bob.user.id] {
        assert_eq!(c.role(who, org).await.unwrap(), None);
        assert_not_found(c.organization(who, org).await);
        assert_not_found(c.delete_organization(who, org).await);
        assert_not_found(c.members(who, org, None, Slice::FIRST).await);
        assert_not_found(c.audit(who, org, AuditFilter::default(), Slice::FIRST).await);
        assert_not_found(c.project(who, project).await);
        assert_not_found(c.device_history(who, device.id, Slice::FIRST).await);
        let own = c.organizations(who, None, Slice::FIRST).await.unwrap().items;
        assert!(own.iter().all(|organization| organization.id != org));
        assert!(c.devices(who, DeviceFilter::default(), Slice::FIRST).await.unwrap().items.is_empty());
        assert!(c.projects(who, None, None, Slice::FIRST).await.unwrap().items.is_empty());
        assert!(c.dashboards(who, None, None, None, Slice::FIRST).await.unwrap().items.is_empty());
    }
    // A session that is narrowed to it sees nothing either.
    let narrowed = within::within(org, c.devices(user, DeviceFilter::default(), Slice::FIRST)).await;
    assert!(narrowed.unwrap().items.is_empty());
    assert_eq!(c.device(device.id).await.unwrap(), None);
    assert!(c.api_token(&secret.hash()).await.unwrap().is_none());
    assert!(c.api_tokens(user, Slice::FIRST).await.unwrap().items.is_empty());
    assert_not_found(c.delete_api_token(user, api.id).await);
    assert_not_found(c.replace_device_token(device.id).await);
    assert!(c.all_organizations(Slice::FIRST).await.unwrap().items.iter().all(|line| line.id != org));
    assert!(c.all_devices(Slice::FIRST).await.unwrap().items.is_empty());
    assert!(c.retention_days(1).await.unwrap().is_empty());

    // Its flow stays with its owner, in no project, and what is done with it is theirs alone.
    let kept = c.readable_flow(bob.user.id, flow).await.unwrap();
    assert_eq!((kept.owner_id, kept.project_id), (bob.user.id, None));
    assert_not_found(c.readable_flow(user, flow).await);
    assert_eq!(c.flow(flow).await.unwrap().unwrap().project_id, None);
    let listed = c.flows(bob.user.id, FlowFilter::default(), Slice::FIRST).await.unwrap().items;
    assert_eq!(listed.iter().map(|flow| flow.project_id).collect::<Vec<_>>(), [None]);
    c.set_flow_stopped(flow, Stopped::Because("test")).await.unwrap();
    let noted = c.account_audit(bob.user.id, AuditFilter::default(), Slice::FIRST).await.unwrap().items;
    assert_eq!((noted[0].action, noted[0].target_id), (AuditAction::FlowStopped, flow.uuid()));
}

#[tokio::test]
async fn what_is_deleted_counts_against_no_limit_and_takes_no_name() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user) = (&f.catalog, ada.user.id);
    for n in 0..limit::DEVICE_LIMIT_DEFAULT {
        f.device(&ada, &n.to_string()).await;
    }
    for n in 0..limit::API_TOKENS_PER_USER {
        let body = json!({"name": n.to_string(), "scopes": ["read"], "organization_id": ada.organization.id});
        c.create_api_token(user, ApiTokenInput::read(body, now()).unwrap()).await.unwrap();
    }
    let make = async |slug: &str| {
        let body = json!({"name": "n", "slug": slug});
        c.create_organization(user, input(OrganizationInput::read, body)).await
    };
    for n in 1..limit::ORGANIZATIONS_PER_USER {
        make(&format!("n{n}")).await.unwrap();
    }
    c.delete_organization(user, ada.organization.id).await.unwrap();

    let again = make(&ada.organization.slug).await.unwrap();
    c.create_device(user, device(again.id, "0")).await.unwrap();
    let body = json!({"name": "t", "scopes": ["read"]});
    c.create_api_token(user, ApiTokenInput::read(body, now()).unwrap()).await.unwrap();
    assert!(matches!(make("more").await, Err(Error::LimitReached { .. })));
}

#[tokio::test]
async fn the_rows_go_some_at_a_time_and_on_after_a_restart() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (org, other) = (ada.organization.id, bob.organization.id);
    let (_, flow) = furnish(&f, &ada, bob.user.id).await;
    f.device(&bob, "kept").await;
    // As many as are removed at once, and some more, in two tables.
    let many = limit::REMOVED_ROWS + 7;
    let mut tx = f.catalog.db.begin().await.unwrap();
    let sets =
        (0..many).map(|_| vec![new_id::<()>().into(), new_id::<()>().into(), org.into(), now().into()]);
    let insert = "INSERT INTO device_history (id, device_id, organization_id, action, details, at)
        VALUES ($1, $2, $3, 'created', '{}', $4)";
    tx.execute_all(insert, sets.collect()).await.unwrap();
    let sets = (0..many).map(|n| {
        let hash = crate::catalog::token::hash(&n.to_string());
        vec![
            new_id::<()>().into(),
            org.into(),
            ada.user.id.into(),
            n.to_string().into(),
            (&hash).into(),
            now().into(),
        ]
    });
    tx.execute_all(INSERT_DEVICE, sets.collect()).await.unwrap();
    tx.commit().await.unwrap();
    let kept = rows(&f.catalog, other).await;

    f.catalog.delete_organization(ada.user.id, org).await.unwrap();
    assert_eq!(f.catalog.remove_deleted().await.unwrap(), 0, "its flows are not stopped");
    // The server dies here; the next one stops what ran.
    let next = f.place.open();
    next.stop_flows_of_all_deleted().await.unwrap();
    assert!(next.deployed_flow(flow).await.unwrap().is_none());
    let mut left = total(&rows(&next, org).await);
    assert!(left > 2 * i64::from(many));
    let mut batches = 0;
    loop {
        // Each time by another server.
        let removed = f.place.open().remove_some_deleted().await.unwrap();
        let now_left = total(&rows(&next, org).await);
        assert_eq!(left - now_left, removed.cast_signed());
        assert!(removed <= u64::from(limit::REMOVED_ROWS), "{removed} at once");
        let is_there = rows(&next, org).await[0].1 == 1;
        assert_eq!(is_there, now_left > 0, "its own row goes last");
        (left, batches) = (now_left, batches + 1);
        if left == 0 {
            break;
        }
    }
    assert!(batches > 2, "{batches}");
    assert_eq!(next.remove_deleted().await.unwrap(), 0);
    assert_eq!(rows(&next, other).await, kept);
    let kept = next.readable_flow(bob.user.id, flow).await.unwrap();
    assert_eq!((kept.project_id, kept.deployed_version), (None, None));
}

#[tokio::test]
async fn a_project_is_gone_at_once_and_its_rows_go_some_at_a_time() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (c, org, user) = (&f.catalog, ada.organization.id, ada.user.id);
    let (project, flow) = furnish(&f, &ada, bob.user.id).await;
    let board = c.dashboards(user, None, None, None, Slice::FIRST).await.unwrap().items.remove(0).id;
    c.update_dashboard(user, board, None, input(DashboardPatch::read, json!({"project_id": project})))
        .await
        .unwrap();
    let pump = c.devices(user, DeviceFilter::default(), Slice::FIRST).await.unwrap().items.remove(0);
    assert_eq!(pump.project_ids, [project]);
    // As many devices as are removed at once, and some more.
    let many = limit::REMOVED_ROWS + 7;
    let mut tx = c.db.begin().await.unwrap();
    let ids: Vec<DeviceId> = (0..many).map(|_| new_id()).collect();
    let hash = |n: usize| crate::catalog::token::hash(&n.to_string());
    let sets = ids.iter().enumerate().map(|(n, id)| {
        let name = n.to_string().into();
        vec![(*id).into(), org.into(), user.into(), name, (&hash(n)).into(), now().into()]
    });
    tx.execute_all(INSERT_DEVICE, sets.collect()).await.unwrap();
    let sets = ids.iter().map(|id| vec![project.into(), (*id).into(), org.into(), now().into()]);
    let insert = "INSERT INTO all_project_devices (project_id, device_id, organization_id, added_at) VALUES ($1, $2, $3, $4)";
    tx.execute_all(insert, sets.collect()).await.unwrap();
    tx.commit().await.unwrap();
    c.update_project(user, project, input(ProjectPatch::read, json!({"data_retention_days": 99})))
        .await
        .unwrap();
    assert_eq!(c.retention_days(1).await.unwrap().len(), many as usize + 1);
    let of =
        async |sql| -> i64 { c.db.first(sql, vec![project.into()]).await.unwrap().unwrap().take().unwrap() };
    let links = "SELECT count(*) FROM all_project_devices WHERE project_id = $1";

    assert_eq!(c.delete_project(user, project).await.unwrap(), [flow]);
    assert_eq!(of(links).await, i64::from(many) + 1, "a mark and no more");
    for round in ["marked", "removed"] {
        assert_not_found(c.project(user, project).await);
        assert_not_found(c.delete_project(user, project).await);
        assert_not_found(c.add_project_device(user, project, pump.id).await);
        assert!(c.projects(user, None, None, Slice::FIRST).await.unwrap().items.is_empty());
        assert!(c.readable_device(user, pump.id).await.unwrap().project_ids.is_empty(), "{round}");
        let within = DeviceFilter { project: Some(project), ..DeviceFilter::default() };
        assert!(c.devices(user, within, Slice::FIRST).await.unwrap().items.is_empty());
        assert!(c.retention_days(1).await.unwrap().is_empty());
        assert_eq!(c.dashboard(user, board).await.unwrap().project_id, None);
        assert_eq!(
            c.dashboards(user, None, None, None, Slice::FIRST).await.unwrap().items[0].project_id,
            None
        );
        assert!(c.dashboards(user, None, Some(project), None, Slice::FIRST).await.unwrap().items.is_empty());
        assert_eq!(c.readable_flow(bob.user.id, flow).await.unwrap().project_id, None);
        assert!(
            c.flows(
                bob.user.id,
                FlowFilter { project: Some(project), ..FlowFilter::default() },
                Slice::FIRST
            )
            .await
            .unwrap()
            .items
            .is_empty()
        );
        assert_not_found(c.readable_flow(user, flow).await);
        assert!(c.deployed_flow(flow).await.unwrap().is_some(), "it runs on");
        assert!(c.foreign_devices(flow, &[pump.id]).await.unwrap().is_empty());
        if round == "marked" {
            assert_eq!(c.remove_some_deleted().await.unwrap(), u64::from(limit::REMOVED_ROWS));
            assert!(of(links).await > 0);
            assert_eq!(f.place.open().remove_deleted().await.unwrap(), 7 + 1 + 2 + 1);
        }
    }
    assert_eq!(of("SELECT count(*) FROM all_projects WHERE id = $1").await, 0);
    let body = json!({"organization_id": org, "name": "p"});
    let again = c.create_project(user, input(ProjectInput::read, body)).await.unwrap();
    // Its name is free also while rows of it are left.
    c.delete_project(user, again.id).await.unwrap();
    let body = json!({"organization_id": org, "name": "p"});
    c.create_project(user, input(ProjectInput::read, body)).await.unwrap();
}

#[tokio::test]
async fn the_janitor_removes_what_is_deleted() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    furnish(&f, &ada, bob.user.id).await;
    f.catalog.delete_organization(ada.user.id, ada.organization.id).await.unwrap();
    stop_all(&f.catalog, ada.organization.id).await;
    let directory = tempfile::tempdir().unwrap();
    let log = ReadingLog::open(directory.path(), log::Options::default()).unwrap();
    let _janitor = Janitor::start(f.catalog.clone(), log, janitor::Options::default()).await.unwrap();
    let began = std::time::Instant::now();
    while total(&rows(&f.catalog, ada.organization.id).await) > 0 {
        assert!(began.elapsed().as_secs() < 20, "not removed within 20 s");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// Stops the flows of a deleted organization.
pub(super) async fn stop_all(catalog: &Catalog, organization: OrganizationId) -> Vec<FlowId> {
    let mut stopping = catalog.stopping(organization).await.unwrap();
    let mut all = Vec::new();
    while let Some(some) = catalog.stop_next(&mut stopping).await.unwrap() {
        all.extend(some);
    }
    all
}

/// A flow whose project is on its way out is in no project, whatever stands in its row.
#[tokio::test]
async fn a_flow_of_a_deleted_project_is_stopped_with_the_organization_whose_devices_it_reads() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user, home) = (&f.catalog, ada.user.id, ada.organization.id);
    let other =
        c.create_organization(user, input(OrganizationInput::read, json!({"name": "o"}))).await.unwrap().id;
    let pump =
        c.create_device(user, input(DeviceInput::read, json!({"organization_id": other, "name": "pump"})));
    let pump = pump.await.unwrap().0.id;
    let project =
        c.create_project(user, input(ProjectInput::read, json!({"organization_id": home, "name": "p"})));
    let project = project.await.unwrap().id;
    let flow = c.create_flow(user, input(FlowInput::read, json!({"name": "f", "project_id": project})));
    let flow = flow.await.unwrap().id;
    c.delete_project(user, project).await.unwrap();
    let diagram = json!({"nodes": [
        {"id": "in", "type": "device-sensor", "data": {"devices": [pump]}},
    ], "edges": []});
    c.set_flow_deployed(Some(user), flow, 1, &diagram).await.unwrap();
    c.delete_organization(user, other).await.unwrap();
    assert_eq!(stop_all(c, other).await, [flow]);
}

#[tokio::test]
async fn every_page_of_flows_is_stopped() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, org, user) = (&f.catalog, ada.organization.id, ada.user.id);
    let body = json!({"organization_id": org, "name": "p"});
    let project = c.create_project(user, input(ProjectInput::read, body)).await.unwrap().id;
    let mut deployed = Vec::new();
    for n in 0..70 {
        let body = json!({"name": n.to_string(), "project_id": project});
        let flow = c.create_flow(user, input(FlowInput::read, body)).await.unwrap().id;
        c.set_flow_deployed(None, flow, 1, &json!({"nodes": [], "edges": []})).await.unwrap();
        deployed.push(flow);
    }
    c.delete_organization(user, org).await.unwrap();
    assert_eq!(stop_all(c, org).await, deployed);
    assert!(c.deployed_flows().await.unwrap().is_empty());
    assert_eq!(c.remove_deleted().await.unwrap(), 70 + total_of_bare());
    let kept = c.flows(user, FlowFilter::default(), Slice::FIRST).await.unwrap().items;
    assert!(kept.len() == 70 && kept.iter().all(|flow| flow.project_id.is_none()));
}

/// The project, the membership, the organization, and what was noted: made, a project made, and 70 flows made and deployed.
fn total_of_bare() -> u64 {
    3 + 2 + 2 * 70
}
