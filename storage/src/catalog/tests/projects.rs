use edgesync_schemas::entity::dashboard::DashboardInput;
use edgesync_schemas::entity::device::{DevicePatch, DeviceStatus};
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::organization::OrganizationInput;
use edgesync_schemas::entity::project::{Project, ProjectInput, ProjectPatch, ProjectStatus};
use edgesync_schemas::entity::user::SubscriptionType;
use edgesync_schemas::limit;
use serde_json::json;

use super::*;
use crate::catalog::{DeviceFilter, Slice, new_id};

async fn project(f: &Fixture, of: &SignedUp, name: &str) -> Project {
    let body =
        json!({"organization_id": of.organization.id, "name": name, "tags": ["a"], "metadata": {"b": 1}});
    f.catalog.create_project(of.user.id, input(ProjectInput::read, body)).await.unwrap()
}

#[tokio::test]
async fn a_project_is_changed_where_the_patch_says_so_and_nowhere_else() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let made = project(&f, &ada, "hall").await;
    project(&f, &ada, "yard").await;
    let body = json!({"status": "archived", "data_retention_days": 7, "tags": [], "auto_save": false});
    let changed =
        f.catalog.update_project(ada.user.id, made.id, input(ProjectPatch::read, body)).await.unwrap();
    let expected = Project {
        status: ProjectStatus::Archived,
        data_retention_days: 7,
        tags: vec![],
        auto_save: false,
        updated_at: changed.updated_at,
        ..made
    };
    assert_eq!(changed, expected);
    assert_eq!(f.catalog.project(ada.user.id, made.id).await.unwrap(), changed);
    let taken = input(ProjectPatch::read, json!({"name": "yard"}));
    let taken = f.catalog.update_project(ada.user.id, made.id, taken).await;
    assert!(matches!(taken, Err(Error::Conflict { field }) if field == "name"));
}

#[tokio::test]
async fn what_was_in_a_project_stays_when_it_goes() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    f.join(ada.organization.id, bob.user.id).await;
    let hall = project(&f, &ada, "hall").await;
    let (pump, _) = f.device(&ada, "pump").await;
    f.catalog.add_project_device(ada.user.id, hall.id, pump.id).await.unwrap();
    let flow = json!({"name": "f", "project_id": hall.id});
    let idle = f.catalog.create_flow(bob.user.id, input(FlowInput::read, flow.clone())).await.unwrap();
    let runs = f.catalog.create_flow(bob.user.id, input(FlowInput::read, flow)).await.unwrap();
    let diagram = json!({"nodes": [], "edges": []});
    f.catalog.set_flow_deployed(Some(bob.user.id), runs.id, 1, &diagram).await.unwrap();
    let board = json!({"organization_id": ada.organization.id, "name": "d", "project_id": hall.id});
    let board = f.catalog.create_dashboard(ada.user.id, input(DashboardInput::read, board)).await.unwrap();

    assert_eq!(f.catalog.delete_project(ada.user.id, hall.id).await.unwrap(), [runs.id]);
    assert_not_found(f.catalog.project(ada.user.id, hall.id).await);
    assert_eq!(f.catalog.readable_device(ada.user.id, pump.id).await.unwrap(), pump);
    assert_eq!(f.catalog.dashboard(bob.user.id, board.id).await.unwrap().project_id, None);
    assert_eq!(f.catalog.readable_flow(bob.user.id, idle.id).await.unwrap().project_id, None);
    assert_not_found(f.catalog.readable_flow(ada.user.id, idle.id).await);
}

#[tokio::test]
async fn a_device_is_in_as_many_projects_as_it_is_put_into() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (hall, yard) = (project(&f, &ada, "hall").await.id, project(&f, &ada, "yard").await.id);
    let (pump, fan) = (f.device(&ada, "pump").await.0.id, f.device(&ada, "fan").await.0.id);
    for (project, device) in [(yard, pump), (hall, pump), (hall, fan), (hall, fan)] {
        f.catalog.add_project_device(ada.user.id, project, device).await.unwrap();
    }
    let projects = async |device| f.catalog.readable_device(ada.user.id, device).await.unwrap().project_ids;
    assert_eq!((projects(pump).await, projects(fan).await), (vec![hall, yard], vec![hall]));
    let renamed = DevicePatch { name: Some("pump 1".to_owned()), ..DevicePatch::default() };
    let renamed = f.catalog.update_device(ada.user.id, pump, renamed).await.unwrap();
    assert_eq!(renamed.project_ids, [hall, yard]);
    let listed = async |project| {
        let filter = DeviceFilter { project, ..DeviceFilter::default() };
        let page = f.catalog.devices(ada.user.id, filter, Slice::FIRST).await.unwrap();
        page.items.into_iter().map(|device| (device.id, device.project_ids)).collect::<Vec<_>>()
    };
    assert_eq!(listed(Some(yard)).await, [(pump, vec![hall, yard])]);
    assert_eq!(listed(None).await, [(pump, vec![hall, yard]), (fan, vec![hall])]);

    f.catalog.remove_project_device(ada.user.id, hall, pump).await.unwrap();
    assert_not_found(f.catalog.remove_project_device(ada.user.id, hall, pump).await);
    assert_eq!(projects(pump).await, [yard]);
    f.catalog.delete_device(ada.user.id, fan).await.unwrap();
    assert!(listed(Some(hall)).await.is_empty());
}

#[tokio::test]
async fn a_page_of_many_devices_tells_the_projects_of_each() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    f.catalog.set_plan("ada@example.org", SubscriptionType::Paid, 200).await.unwrap();
    let hall = project(&f, &ada, "hall").await.id;
    let inputs = (0..120).map(|n| device(ada.organization.id, &format!("d{n}"))).collect();
    let made = f.catalog.create_devices(ada.user.id, inputs).await.unwrap();
    for (n, one) in made.iter().enumerate().filter(|(n, _)| n % 3 == 0) {
        let id = one.as_ref().unwrap_or_else(|error| panic!("{n}: {error}")).0.id;
        f.catalog.add_project_device(ada.user.id, hall, id).await.unwrap();
    }
    let page = f.catalog.devices(ada.user.id, DeviceFilter::default(), Slice::FIRST).await.unwrap().items;
    assert_eq!(page.len(), 120);
    for (n, device) in page.iter().enumerate() {
        let expected = if n % 3 == 0 { vec![hall] } else { vec![] };
        assert_eq!(device.project_ids, expected, "{n}");
    }
}

#[tokio::test]
async fn a_device_comes_into_projects_of_its_own_organization_only() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let other = input(OrganizationInput::read, json!({"name": "other"}));
    let other = f.catalog.create_organization(ada.user.id, other).await.unwrap();
    let hall = project(&f, &ada, "hall").await.id;
    let (theirs, _) = f.catalog.create_device(ada.user.id, device(other.id, "pump")).await.unwrap();
    assert_not_found(f.catalog.add_project_device(ada.user.id, hall, theirs.id).await);
    assert_not_found(f.catalog.add_project_device(ada.user.id, hall, new_id()).await);
    // Nor if whoever asks does not check: the table itself refuses.
    for organization in [ada.organization.id, other.id] {
        let mut tx = f.catalog.db.begin().await.unwrap();
        let forced = tx.execute(
            "INSERT INTO project_devices (project_id, device_id, organization_id, added_at) VALUES ($1, $2, $3, $4)",
            vec![hall.into(), theirs.id.into(), organization.into(), now().into()],
        );
        assert!(forced.await.is_err());
    }
}

#[tokio::test]
async fn a_device_is_in_a_bounded_number_of_projects() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (pump, _) = f.device(&ada, "pump").await;
    for n in 0..limit::PROJECTS_PER_DEVICE {
        let project = project(&f, &ada, &n.to_string()).await.id;
        f.catalog.add_project_device(ada.user.id, project, pump.id).await.unwrap();
    }
    let one_more = project(&f, &ada, "one more").await.id;
    let refused = f.catalog.add_project_device(ada.user.id, one_more, pump.id).await;
    assert!(matches!(refused, Err(Error::LimitReached { code: "project_limit_reached", .. })), "{refused:?}");
    let shown = f.catalog.readable_device(ada.user.id, pump.id).await.unwrap();
    assert_eq!(shown.project_ids.len(), limit::PROJECTS_PER_DEVICE as usize);
}

#[tokio::test]
async fn devices_are_found_by_what_they_are_and_how_they_are() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let make = async |body: Value| {
        let mut whole = json!({"organization_id": ada.organization.id});
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let input = input(DeviceInput::read, whole);
        f.catalog.create_device(ada.user.id, input).await.unwrap().0.id
    };
    let pump = make(json!({"name": "pump", "description": "in the cellar"})).await;
    let fan = make(json!({"name": "fan", "device_type": "ESP32"})).await;
    let broken = input(DevicePatch::read, json!({"status": "error", "is_active": false}));
    f.catalog.update_device(ada.user.id, fan, broken).await.unwrap();
    let found = async |filter| {
        let page = f.catalog.devices(ada.user.id, filter, Slice::FIRST).await.unwrap();
        page.items.into_iter().map(|device| device.id).collect::<Vec<_>>()
    };
    let all = DeviceFilter::default();
    assert_eq!(found(DeviceFilter { q: Some("CELLAR"), ..all }).await, [pump]);
    assert_eq!(found(DeviceFilter { q: Some("esp"), ..all }).await, [fan]);
    assert_eq!(found(DeviceFilter { q: Some("%"), ..all }).await, []);
    assert_eq!(found(DeviceFilter { status: Some(DeviceStatus::Error), ..all }).await, [fan]);
    assert_eq!(found(DeviceFilter { is_active: Some(true), ..all }).await, [pump]);
    assert_eq!(found(DeviceFilter { is_active: Some(true), q: Some("fan"), ..all }).await, []);
}
