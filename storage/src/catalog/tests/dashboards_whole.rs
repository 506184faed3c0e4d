//! A dashboard that is saved whole.

use std::collections::HashSet;

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::dashboard::{
    DashboardInput, DashboardTemplate, Permission, WholeDashboard, WholeDashboardInput,
};
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::widget::{DashboardWidget, DataSource};
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::limit;
use serde_json::json;

use super::*;
use crate::catalog::{AuditFilter, Change, ChangedWidgets, Slice};

async fn dashboard(f: &Fixture, of: &SignedUp) -> DashboardTemplate {
    let body = json!({"organization_id": of.organization.id, "name": "d"});
    f.catalog.create_dashboard(of.user.id, input(DashboardInput::read, body)).await.unwrap()
}

/// Saves it with these widgets.
async fn save(
    f: &Fixture,
    by: UserId,
    board: &DashboardTemplate,
    expected: u32,
    widgets: Value,
) -> Result<WholeDashboard, Error> {
    let dashboard = json!({"organization_id": board.organization_id, "name": "d"});
    let body = json!({"dashboard": dashboard, "widgets": widgets});
    let body = input(WholeDashboardInput::read, body);
    f.catalog.replace_whole_dashboard(by, board.id, Some(&[expected]), body).await
}

fn fixed(name: &str, value: u32) -> Value {
    json!({"widget_id": name, "widget_type": "gauge", "data_source_type": "static", "static_value": value})
}

fn sensor(name: &str, device: DeviceId, sensor: &str) -> Value {
    json!({"widget_id": name, "widget_type": "gauge", "data_source_type": "device_sensor", "device_id": device,
        "sensor_type": sensor})
}

fn with_id(mut body: Value, of: &DashboardWidget) -> Value {
    body["id"] = json!(of.id);
    body
}

/// The names of its widgets, and what they show, in the order of their making.
fn shown(whole: &WholeDashboard) -> Vec<(&str, String)> {
    let what = |widget: &DashboardWidget| match &widget.source {
        DataSource::Static { static_value } => static_value.to_string(),
        DataSource::DeviceSensor { sensor_type, .. } => sensor_type.to_string(),
        DataSource::FlowNode { node_id, .. } => node_id.clone(),
    };
    whole.widgets.iter().map(|widget| (widget.widget_id.as_str(), what(widget))).collect()
}

async fn count(f: &Fixture, sql: &'static str) -> u32 {
    f.catalog.db.first(sql, vec![]).await.unwrap().unwrap().take().unwrap()
}

#[tokio::test]
async fn widgets_are_made_changed_renamed_and_removed_in_one_version() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (user, board) = (ada.user.id, dashboard(&f, &ada).await);
    let pump = f.device(&ada, "pump").await.0.id;
    let all = json!([fixed("a", 1), sensor("b", pump, "t"), sensor("c", pump, "h"), fixed("d", 4)]);
    let first = save(&f, user, &board, 1, all.clone()).await.unwrap();
    assert_eq!(first.dashboard.version, 2);
    let named = |name: &str, what: &str| (name.to_owned(), what.to_owned());
    let same = |whole: &WholeDashboard, expected: &[(String, String)]| {
        let shown = shown(whole).into_iter().map(|(name, what)| (name.to_owned(), what));
        assert_eq!(shown.collect::<Vec<_>>(), expected);
    };
    same(&first, &[named("a", "1"), named("b", "t"), named("c", "h"), named("d", "4")]);
    assert_eq!(count(&f, "SELECT count(*) FROM tracked_variables").await, 2);

    // The same again, without ids: they are those that have these names, and nothing is new.
    let again = save(&f, user, &board, 2, all).await.unwrap();
    assert_eq!(again, first);
    // What is stored is what was answered.
    assert_eq!(f.catalog.dashboard(user, board.id).await.unwrap(), first.dashboard);
    assert_eq!(f.catalog.widgets(user, board.id).await.unwrap(), first.widgets);

    // a and b change names with each other, c stays, d goes, and its name is another's from now on.
    let [a, b, c, d] = first.widgets.as_slice() else { panic!("{first:?}") };
    let next = json!([
        with_id(fixed("b", 1), a),
        with_id(sensor("a", pump, "p"), b),
        sensor("c", pump, "h"),
        with_id(fixed("e", 4), d),
        fixed("d", 5),
    ]);
    let second = save(&f, user, &board, 2, next).await.unwrap();
    same(&second, &[named("b", "1"), named("a", "p"), named("c", "h"), named("e", "4"), named("d", "5")]);
    let ids: Vec<_> = second.widgets.iter().map(|widget| widget.id).collect();
    assert_eq!(ids[..4], [a.id, b.id, c.id, d.id]);
    assert_eq!(second.widgets[2], *c, "it was not touched");
    assert_eq!(second.widgets[1].created_at, b.created_at);
    assert!(second.widgets[1].updated_at > b.updated_at);
    assert_eq!(second.dashboard.version, 3);
    assert_eq!(f.catalog.widgets(user, board.id).await.unwrap(), second.widgets);
    let variables = f.catalog.tracked_variables(user, b.id).await.unwrap();
    assert_eq!(variables.iter().map(|of| of.sensor_type.as_str()).collect::<Vec<_>>(), ["p"]);

    let third = save(&f, user, &board, 3, json!([fixed("b", 1)])).await.unwrap();
    assert_eq!((third.widgets.len(), third.widgets[0].id, third.dashboard.version), (1, a.id, 4));
    assert_eq!(count(&f, "SELECT count(*) FROM tracked_variables").await, 0);
    assert_eq!(count(&f, "SELECT count(*) FROM dashboard_widgets").await, 1);
}

#[tokio::test]
async fn each_widget_that_is_saved_is_noted_as_if_it_were_alone() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (user, board) = (ada.user.id, dashboard(&f, &ada).await);
    let noted = async || {
        let filter = AuditFilter::default();
        let entries = f.catalog.audit(user, ada.organization.id, filter, Slice::FIRST).await.unwrap().items;
        entries.into_iter().map(|entry| (entry.action, json!(entry.details))).collect::<Vec<_>>()
    };
    let before = noted().await.len();
    save(&f, user, &board, 1, json!([fixed("a", 1), fixed("b", 2)])).await.unwrap();
    save(&f, user, &board, 2, json!([fixed("a", 1), fixed("b", 2)])).await.unwrap();
    save(&f, user, &board, 2, json!([fixed("b", 3)])).await.unwrap();
    let of = |name: &str| json!({"widget_id": name, "dashboard_id": board.id});
    let mut changed = of("b");
    changed["changed"] = json!(["source"]);
    let expected = [
        (AuditAction::WidgetUpdated, changed),
        (AuditAction::WidgetDeleted, of("a")),
        (AuditAction::WidgetCreated, of("b")),
        (AuditAction::WidgetCreated, of("a")),
    ];
    let now = noted().await;
    assert_eq!(now[..now.len() - before], expected);
    let body = json!({"dashboard": {"organization_id": ada.organization.id, "name": "renamed"},
        "widgets": [fixed("b", 3)]});
    let body = input(WholeDashboardInput::read, body);
    f.catalog.replace_whole_dashboard(user, board.id, None, body).await.unwrap();
    let details = json!({"name": "renamed", "version": 4, "changed": ["name"]});
    assert_eq!(noted().await[0], (AuditAction::DashboardUpdated, details));
    assert_eq!(noted().await.len(), now.len() + 1);
}

#[tokio::test]
async fn all_that_is_wrong_is_told_and_nothing_is_saved() {
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    let (user, board) = (ada.user.id, dashboard(&f, &ada).await);
    let (pump, fan) = (f.device(&ada, "pump").await.0.id, f.device(&eve, "fan").await.0.id);
    let flow = input(FlowInput::read, json!({"name": "f"}));
    let flow = f.catalog.create_flow(user, flow).await.unwrap().id;
    let first = save(&f, user, &board, 1, json!([sensor("a", pump, "t"), fixed("b", 1)])).await.unwrap();
    let others = save(&f, eve.user.id, &dashboard(&f, &eve).await, 1, json!([fixed("a", 1)])).await.unwrap();
    let node = json!({"widget_id": "d", "widget_type": "gauge", "data_source_type": "flow_node", "flow_id": flow,
        "node_id": "n", "max_samples": 2001});
    let widgets =
        json!([fixed("new", 1), sensor("b", fan, "t"), with_id(fixed("c", 1), &others.widgets[0]), node]);
    let body =
        json!({"dashboard": {"organization_id": eve.organization.id, "name": "d"}, "widgets": widgets});
    let body = input(WholeDashboardInput::read, body);
    let refused = f.catalog.replace_whole_dashboard(user, board.id, None, body).await;
    let Err(Error::Parts(parts)) = refused else { panic!("{refused:?}") };
    let told: HashSet<_> = parts
        .iter()
        .map(|(at, error)| match error {
            Error::Missing { field } | Error::Invalid { field, .. } => format!("{at}/{field}"),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected =
        ["/dashboard/organization_id", "/widgets/1/device_id", "/widgets/2/id", "/widgets/3/max_samples"];
    assert_eq!(told, HashSet::from(expected.map(str::to_owned)));
    assert_eq!(f.catalog.dashboard(user, board.id).await.unwrap(), first.dashboard);
    assert_eq!(f.catalog.widgets(user, board.id).await.unwrap(), first.widgets);

    // A source that is gone is no reason to refuse what shows it already.
    f.catalog.delete_device(user, pump).await.unwrap();
    let mut kept = sensor("a", pump, "t");
    kept["title"] = json!("was a pump");
    save(&f, user, &board, 2, json!([kept, fixed("b", 1)])).await.unwrap();
    let other = save(&f, user, &board, 3, json!([sensor("a", pump, "h"), fixed("b", 1)])).await;
    let Err(Error::Parts(parts)) = other else { panic!("{other:?}") };
    assert!(matches!(parts.as_slice(), [(at, Error::Missing { field: "device_id" })] if at == "/widgets/0"));
}

#[tokio::test]
async fn who_may_change_a_dashboard_may_save_it_whole_and_notices_others() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let eve = f.sign_up("eve@example.org").await;
    let board = dashboard(&f, &ada).await;
    let all = || json!([fixed("a", 1)]);
    assert_not_found(save(&f, eve.user.id, &board, 1, all()).await);
    f.join(ada.organization.id, bob.user.id).await;
    assert_forbidden(save(&f, bob.user.id, &board, 1, all()).await);
    f.catalog.set_permission(ada.user.id, board.id, bob.user.id, Permission::Admin).await.unwrap();
    save(&f, bob.user.id, &board, 1, all()).await.unwrap();
    let late = save(&f, ada.user.id, &board, 1, json!([])).await;
    assert!(matches!(late, Err(Error::Stale { current: 2 })), "{late:?}");
    assert_eq!(f.catalog.widgets(ada.user.id, board.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn who_watches_and_who_keeps_samples_are_told_once_of_all_that_concerns_them() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (user, board) = (ada.user.id, dashboard(&f, &ada).await);
    let mut news = f.catalog.news();
    let mut told = || std::iter::from_fn(|| news.told()).collect::<Vec<_>>();
    let kept = async || {
        let changed = tokio::time::timeout(std::time::Duration::from_millis(1), f.catalog.changed_widgets());
        match changed.await {
            Ok(ChangedWidgets::These(ids)) => ids.into_iter().collect(),
            Ok(ChangedWidgets::Any) => panic!("too many"),
            Err(_) => Vec::new(),
        }
    };
    let of_org = Change::Organization(ada.organization.id);
    let first =
        save(&f, user, &board, 1, json!([fixed("a", 1), fixed("b", 2), fixed("c", 3)])).await.unwrap();
    let ids: Vec<_> = first.widgets.iter().map(|widget| widget.id).collect();
    assert_eq!((told(), kept().await), (vec![], ids.clone()), "nobody watches what is new");
    let mut drawn = fixed("a", 1);
    drawn["title"] = json!("moved");
    save(&f, user, &board, 2, json!([drawn, fixed("b", 2), fixed("c", 3)])).await.unwrap();
    assert_eq!((told(), kept().await), (vec![], vec![]), "how it is drawn is nothing to them");
    let mut other = fixed("a", 7);
    other["title"] = json!("moved");
    save(&f, user, &board, 3, json!([other, fixed("b", 2)])).await.unwrap();
    assert_eq!((told(), kept().await), (vec![of_org], vec![ids[0], ids[2]]));
    let renamed = with_id(fixed("z", 7), &first.widgets[0]);
    save(&f, user, &board, 4, json!([renamed, fixed("b", 2)])).await.unwrap();
    assert_eq!((told(), kept().await), (vec![], vec![]), "its name is how it is drawn, too");
}

#[tokio::test]
async fn a_dashboard_of_as_many_widgets_as_it_may_have_is_saved_over_and_over() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (user, board) = (ada.user.id, dashboard(&f, &ada).await);
    let pump = f.device(&ada, "pump").await.0.id;
    for (version, sort) in (1..).zip(["a", "b", "a"]) {
        let widgets = (0..limit::WIDGETS_PER_DASHBOARD).map(|n| sensor(&format!("{sort}{n}"), pump, "t"));
        let whole = save(&f, user, &board, version, widgets.collect()).await.unwrap();
        assert_eq!(whole.dashboard.version, version + 1);
        assert_eq!(whole.widgets.len(), limit::WIDGETS_PER_DASHBOARD);
        assert_eq!(f.catalog.widgets(user, board.id).await.unwrap(), whole.widgets);
    }
    let variables = count(&f, "SELECT count(*) FROM tracked_variables").await;
    assert_eq!(variables as usize, limit::WIDGETS_PER_DASHBOARD);
}
