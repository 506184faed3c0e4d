use edgesync_schemas::entity::dashboard::{DashboardInput, DashboardTemplate};
use edgesync_schemas::entity::widget::{Aggregation, DashboardWidget, WidgetInput, WidgetPatch};
use edgesync_schemas::id::DeviceId;
use serde_json::json;

use super::*;

async fn dashboard(f: &Fixture, of: &SignedUp, name: &str) -> DashboardTemplate {
    let body = json!({"organization_id": of.organization.id, "name": name});
    f.catalog.create_dashboard(of.user.id, input(DashboardInput::read, body)).await.unwrap()
}

fn sensor(device: DeviceId, sensor: &str) -> Value {
    json!({"data_source_type": "device_sensor", "device_id": device, "sensor_type": sensor})
}

async fn widget(f: &Fixture, of: &SignedUp, board: &DashboardTemplate, mut body: Value) -> DashboardWidget {
    body["widget_id"] = "w".into();
    body["widget_type"] = "gauge".into();
    f.catalog.create_widget(of.user.id, board.id, None, input(WidgetInput::read, body)).await.unwrap().0
}

/// device, sensor, samples
async fn tracked(f: &Fixture, of: &SignedUp, widget: &DashboardWidget) -> Vec<(DeviceId, String, u32)> {
    let variables = f.catalog.tracked_variables(of.user.id, widget.id).await.unwrap();
    variables
        .into_iter()
        .inspect(|variable| {
            assert_eq!(
                (variable.widget_id, variable.dashboard_uuid),
                (widget.id, widget.dashboard_template_uuid)
            );
        })
        .map(|variable| (variable.device_id, variable.sensor_type.to_string(), variable.max_samples))
        .collect()
}

#[tokio::test]
async fn a_variable_comes_changes_and_goes_with_its_widgets_source() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let board = dashboard(&f, &ada, "d").await;
    let (pump, fan) = (f.device(&ada, "pump").await.0.id, f.device(&ada, "fan").await.0.id);
    let made = widget(&f, &ada, &board, sensor(pump, "t")).await;
    assert_eq!(tracked(&f, &ada, &made).await, [(pump, "t".to_owned(), 50)]);
    let first = f.catalog.tracked_variables(ada.user.id, made.id).await.unwrap().remove(0);

    let change = async |body: Value| {
        let patch = input(WidgetPatch::read, body);
        f.catalog.update_widget(ada.user.id, board.id, "w", None, patch).await.unwrap().0
    };
    change(json!({"max_samples": 7})).await;
    let kept = f.catalog.tracked_variables(ada.user.id, made.id).await.unwrap().remove(0);
    assert_eq!((kept.id, kept.max_samples, kept.created_at), (first.id, 7, first.created_at));
    change(sensor(fan, "t")).await;
    assert_eq!(tracked(&f, &ada, &made).await, [(fan, "t".to_owned(), 7)]);
    change(sensor(fan, "h")).await;
    assert_eq!(tracked(&f, &ada, &made).await, [(fan, "h".to_owned(), 7)]);
    change(json!({"data_source_type": "static", "static_value": 1})).await;
    assert_eq!(tracked(&f, &ada, &made).await, []);
    change(sensor(pump, "t")).await;
    f.catalog.delete_device(ada.user.id, pump).await.unwrap();
    assert_eq!(
        tracked(&f, &ada, &made).await,
        [(pump, "t".to_owned(), 7)],
        "as its widget, it outlives the device"
    );
    f.catalog.delete_widget(ada.user.id, board.id, "w", None).await.unwrap();
    assert_eq!(count(&f).await, 0);
}

async fn count(f: &Fixture) -> u32 {
    let row = f.catalog.db.first("SELECT count(*) FROM tracked_variables", vec![]).await.unwrap();
    row.unwrap().take().unwrap()
}

#[tokio::test]
async fn variables_go_with_their_dashboard() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let pump = f.device(&ada, "pump").await.0.id;
    let (one, other) = (dashboard(&f, &ada, "one").await, dashboard(&f, &ada, "other").await);
    for board in [&one, &other] {
        widget(&f, &ada, board, sensor(pump, "t")).await;
    }
    assert_eq!(count(&f).await, 2);
    f.catalog.delete_dashboard(ada.user.id, one.id, None).await.unwrap();
    assert_eq!(count(&f).await, 1);
}

#[tokio::test]
async fn a_widget_is_changed_where_the_patch_says_so_and_nowhere_else() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let board = dashboard(&f, &ada, "d").await;
    let made =
        widget(&f, &ada, &board, json!({"data_source_type": "static", "static_value": {"a": [1]}})).await;
    let body = json!({"title": "heat", "aggregation": "avg", "refresh_interval": 60_000,
        "grid_position": {"x": 2, "minW": 1}, "widget_config": {"unit": "°C"}});
    let patch = input(WidgetPatch::read, body);
    let (changed, _) = f.catalog.update_widget(ada.user.id, board.id, "w", None, patch).await.unwrap();
    let expected = DashboardWidget {
        title: "heat".to_owned(),
        aggregation: Aggregation::Avg,
        refresh_interval: 60_000,
        grid_position: changed.grid_position,
        widget_config: serde_json::from_value(json!({"unit": "°C"})).unwrap(),
        updated_at: changed.updated_at,
        ..made
    };
    assert_eq!(changed, expected);
    assert_eq!((changed.grid_position.x, changed.grid_position.min_w), (2, Some(1)));
    assert_eq!(f.catalog.dashboard_widget(ada.user.id, board.id, "w").await.unwrap(), changed);
}

#[tokio::test]
async fn a_widget_goes_by_its_id_and_else_by_its_own_name() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (one, other) = (dashboard(&f, &ada, "one").await, dashboard(&f, &ada, "other").await);
    let made = widget(&f, &ada, &one, json!({"data_source_type": "static"})).await;
    let named = json!({"widget_id": made.id, "widget_type": "text", "data_source_type": "static"});
    let (named, _) =
        f.catalog.create_widget(ada.user.id, one.id, None, input(WidgetInput::read, named)).await.unwrap();
    let find = async |board, name: &str| f.catalog.dashboard_widget(ada.user.id, board, name).await;
    assert_eq!(find(one.id, "w").await.unwrap(), made);
    assert_eq!(find(one.id, &made.id.to_string()).await.unwrap(), made, "not the one that calls itself so");
    assert_eq!(find(one.id, &named.id.to_string()).await.unwrap(), named);
    assert_not_found(find(other.id, "w").await);
    assert_not_found(find(other.id, &made.id.to_string()).await);
    let patch = WidgetPatch { widget_id: Some("w".to_owned()), ..WidgetPatch::default() };
    let taken = f.catalog.update_widget(ada.user.id, one.id, &named.id.to_string(), None, patch).await;
    assert!(matches!(taken, Err(Error::Conflict { field }) if field == "widget_id"));
}

#[tokio::test]
async fn a_widget_cannot_be_turned_to_what_its_changer_may_not_read() {
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    let board = dashboard(&f, &ada, "d").await;
    let (pump, fan) = (f.device(&ada, "pump").await.0.id, f.device(&eve, "fan").await.0.id);
    let made = widget(&f, &ada, &board, sensor(pump, "t")).await;
    let patch = input(WidgetPatch::read, sensor(fan, "t"));
    let refused = f.catalog.update_widget(ada.user.id, board.id, "w", None, patch).await;
    assert!(matches!(refused, Err(Error::Missing { field: "device_id" })), "{refused:?}");
    assert_eq!(tracked(&f, &ada, &made).await, [(pump, "t".to_owned(), 50)]);
    // Who may not read the source any more may still move the widget.
    f.catalog.delete_device(ada.user.id, pump).await.unwrap();
    let same = input(
        WidgetPatch::read,
        json!({"title": "t", "data_source_type": "device_sensor",
        "device_id": pump, "sensor_type": "t"}),
    );
    f.catalog.update_widget(ada.user.id, board.id, "w", None, same).await.unwrap();
}

#[tokio::test]
async fn a_change_to_a_widget_is_the_next_version_of_its_dashboard() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let board = dashboard(&f, &ada, "d").await;
    let version = async || f.catalog.dashboard(ada.user.id, board.id).await.unwrap().version;
    let body = json!({"widget_id": "w", "widget_type": "text", "data_source_type": "static"});
    let body = input(WidgetInput::read, body);
    let make = async |expected: Option<u32>| {
        f.catalog
            .create_widget(ada.user.id, board.id, expected.as_ref().map(std::slice::from_ref), body.clone())
            .await
    };
    let titled = |title: &str| WidgetPatch { title: Some(title.to_owned()), ..WidgetPatch::default() };
    let (user, id) = (ada.user.id, board.id);
    assert!(matches!(make(Some(2)).await, Err(Error::Stale { current: 1 })));
    assert_eq!((make(Some(1)).await.unwrap().1, version().await), (2, 2));
    let late = f.catalog.update_widget(user, id, "w", Some(&[1]), titled("late")).await;
    assert!(matches!(late, Err(Error::Stale { current: 2 })));
    let (widget, at) = f.catalog.update_widget(user, id, "w", Some(&[2]), titled("t")).await.unwrap();
    assert_eq!((widget.title.as_str(), at, version().await), ("t", 3, 3));
    // Refused for another reason: nothing was changed, and it is no version.
    assert!(matches!(make(Some(3)).await, Err(Error::Conflict { .. })));
    assert_eq!(version().await, 3);
    let late = f.catalog.delete_widget(user, id, "w", Some(&[2])).await;
    assert!(matches!(late, Err(Error::Stale { current: 3 })));
    assert_eq!(f.catalog.delete_widget(user, id, "w", Some(&[3])).await.unwrap(), 4);
    assert_eq!(version().await, 4);
    assert_eq!(make(None).await.unwrap().1, 5);
}
