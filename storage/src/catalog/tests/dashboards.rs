use edgesync_schemas::entity::dashboard::{DashboardInput, DashboardPatch, Permission, WholeDashboardInput};
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::project::ProjectInput;
use edgesync_schemas::entity::user::{Person, User};
use edgesync_schemas::entity::widget::WidgetInput;
use serde_json::json;

use super::*;
use crate::catalog::Slice;

async fn dashboard(f: &Fixture, of: &SignedUp) -> edgesync_schemas::entity::dashboard::DashboardTemplate {
    let body = json!({"organization_id": of.organization.id, "name": "d", "layout": {"lg": [1]}, "widgets": [{"id": "w"}]});
    f.catalog.create_dashboard(of.user.id, input(DashboardInput::read, body)).await.unwrap()
}

#[tokio::test]
async fn a_dashboard_is_read_back_and_saved_by_version() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let made = dashboard(&f, &ada).await;
    assert_eq!(f.catalog.dashboard(ada.user.id, made.id).await.unwrap(), made);
    let patch = DashboardPatch { update_frequency: Some(9), ..DashboardPatch::default() };
    let saved = f.catalog.update_dashboard(ada.user.id, made.id, Some(&[1]), patch.clone()).await.unwrap();
    assert_eq!((saved.version, saved.update_frequency, &saved.layout), (2, 9, &made.layout));
    let stale = f.catalog.update_dashboard(ada.user.id, made.id, Some(&[1]), patch).await;
    assert!(matches!(stale, Err(Error::Stale { current: 2 })));
}

#[tokio::test]
async fn a_dashboard_says_who_saved_it_or_its_widgets_last() {
    let f = fixture();
    let c = &f.catalog;
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let board = dashboard(&f, &ada).await;
    f.join(ada.organization.id, bob.user.id).await;
    c.set_permission(ada.user.id, board.id, bob.user.id, Permission::Admin).await.unwrap();
    let who = |of: &SignedUp| {
        let User { id, email, name, .. } = of.user.clone();
        Some(Person { id, email, name })
    };
    let saved_by = async || {
        let one = c.dashboard(bob.user.id, board.id).await.unwrap().updated_by;
        let listed = c.dashboards(ada.user.id, None, None, None, Slice::FIRST).await.unwrap();
        assert_eq!(listed.items[0].updated_by, one);
        one
    };
    assert_eq!((saved_by().await, board.updated_by.clone()), (who(&ada), who(&ada)));
    let rename = |name: &str| DashboardPatch { name: Some(name.to_owned()), ..DashboardPatch::default() };
    let saved = c.update_dashboard(bob.user.id, board.id, None, rename("e")).await.unwrap();
    assert_eq!((saved_by().await, saved.updated_by), (who(&bob), who(&bob)));
    c.update_dashboard(ada.user.id, board.id, None, rename("e")).await.unwrap();
    assert_eq!(saved_by().await, who(&bob), "a change of nothing is none");
    let body = json!({"widget_id": "w", "widget_type": "text", "data_source_type": "static"});
    c.create_widget(ada.user.id, board.id, None, input(WidgetInput::read, body)).await.unwrap();
    assert_eq!(saved_by().await, who(&ada));
    let whole = json!({"dashboard": {"organization_id": ada.organization.id, "name": "d"}, "widgets": []});
    let whole = input(WholeDashboardInput::read, whole);
    let saved = c.replace_whole_dashboard(bob.user.id, board.id, None, whole).await.unwrap();
    assert_eq!((saved_by().await, saved.dashboard.updated_by), (who(&bob), who(&bob)));
    c.remove_member(ada.user.id, ada.organization.id, bob.user.id).await.unwrap();
    let still = c.dashboard(ada.user.id, board.id).await.unwrap().updated_by;
    assert_eq!(still, who(&bob), "who is no member any more saved it all the same");
}

#[tokio::test]
async fn a_dashboards_project_is_of_its_organization() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let made = dashboard(&f, &ada).await;
    let body =
        edgesync_schemas::entity::organization::OrganizationInput::read(json!({"name": "other"})).unwrap();
    let other = f.catalog.create_organization(ada.user.id, body).await.unwrap();
    let body = json!({"organization_id": other.id, "name": "p"});
    let project = f.catalog.create_project(ada.user.id, input(ProjectInput::read, body)).await.unwrap();
    let patch = DashboardPatch { project_id: Some(Some(project.id)), ..DashboardPatch::default() };
    let refused = f.catalog.update_dashboard(ada.user.id, made.id, None, patch).await;
    assert!(matches!(refused, Err(Error::Invalid { field: "project_id", .. })));
}

#[tokio::test]
async fn widgets_of_each_kind_of_source_are_read_back() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let board = dashboard(&f, &ada).await;
    let (pump, _) = f.device(&ada, "pump").await;
    let flow =
        f.catalog.create_flow(ada.user.id, input(FlowInput::read, json!({"name": "f"}))).await.unwrap();
    assert!(f.catalog.widgets(ada.user.id, board.id).await.unwrap().is_empty());
    let sources = [
        json!({"data_source_type": "flow_node", "flow_id": flow.id, "node_id": "avg"}),
        json!({"data_source_type": "device_sensor", "device_id": pump.id, "sensor_type": "temperature"}),
        json!({"data_source_type": "static", "static_value": {"text": "hello"}}),
    ];
    let mut made = Vec::new();
    for (n, mut body) in sources.into_iter().enumerate() {
        body["widget_id"] = format!("w{n}").into();
        body["widget_type"] = "gauge".into();
        body["grid_position"] = json!({"x": n, "minW": 2});
        made.push(
            f.catalog
                .create_widget(ada.user.id, board.id, None, input(WidgetInput::read, body))
                .await
                .unwrap()
                .0,
        );
    }
    assert_eq!(f.catalog.widgets(ada.user.id, board.id).await.unwrap(), made);
    for widget in &made {
        assert_eq!(f.catalog.widget(widget.id).await.unwrap().as_ref(), Some(widget));
        assert!(f.catalog.may_read_source(ada.user.id, &widget.source).await.unwrap());
    }
    let taken = json!({"widget_id": "w0", "widget_type": "table", "data_source_type": "static"});
    let taken = f.catalog.create_widget(ada.user.id, board.id, None, input(WidgetInput::read, taken)).await;
    assert!(matches!(taken, Err(Error::Conflict { field }) if field == "widget_id"));

    f.catalog.delete_device(ada.user.id, pump.id).await.unwrap();
    assert!(!f.catalog.may_read_source(ada.user.id, &made[1].source).await.unwrap());
    f.catalog.delete_widget(ada.user.id, board.id, &made[0].id.to_string(), None).await.unwrap();
    assert_not_found(f.catalog.readable_widget(ada.user.id, made[0].id).await);
    f.catalog.delete_dashboard(ada.user.id, board.id, None).await.unwrap();
    assert_eq!(f.catalog.widget(made[1].id).await.unwrap(), None);
}

#[tokio::test]
async fn a_widget_cannot_show_what_its_maker_may_not_read() {
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    let board = dashboard(&f, &ada).await;
    let (fan, _) = f.device(&eve, "fan").await;
    let flow =
        f.catalog.create_flow(eve.user.id, input(FlowInput::read, json!({"name": "f"}))).await.unwrap();
    let make = |mut body: Value| {
        body["widget_id"] = "w".into();
        body["widget_type"] = "gauge".into();
        f.catalog.create_widget(ada.user.id, board.id, None, input(WidgetInput::read, body))
    };
    let device = json!({"data_source_type": "device_sensor", "device_id": fan.id, "sensor_type": "t"});
    assert!(matches!(make(device).await, Err(Error::Missing { field: "device_id" })));
    let node = json!({"data_source_type": "flow_node", "flow_id": flow.id, "node_id": "n"});
    assert!(matches!(make(node).await, Err(Error::Missing { field: "flow_id" })));
}
