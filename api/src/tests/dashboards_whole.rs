//! A dashboard that is saved whole.

use edgesync_schemas::limit;
use edgesync_schemas::wire::live::{ErrCode, SubId, Target};

use super::authority::{soon, sub, watching};
use super::*;
use crate::ws::authority::Gone;

/// A dashboard's address, and what is answered when it is saved with these widgets.
async fn made(server: &Server, user: &User, widgets: Value) -> (String, Value) {
    let body = json!({"organization_id": user.organization, "name": "hall"});
    let board = server.post("/api/v1/dashboard-templates", user, body).await.is(201);
    let path = format!("/api/v1/dashboard-templates/{}", text(&board["id"]));
    let saved = save(server, user, &path, "*", widgets).await.is(200);
    (path, saved)
}

async fn save(server: &Server, user: &User, path: &str, tag: &str, widgets: Value) -> Answer {
    let board = json!({"organization_id": user.organization, "name": "hall", "description": "of pumps",
        "layout": {"lg": [{"i": "a"}]}, "widgets": [{"id": "a"}, {"id": "note", "text": "not fed"}]});
    let body = json!({"dashboard": board, "widgets": widgets});
    server.save(Method::PUT, &format!("{path}/whole"), user, tag, body).await
}

fn fixed(name: &str, value: u32) -> Value {
    json!({"widget_id": name, "widget_type": "gauge", "data_source_type": "static", "static_value": value})
}

fn sensor(name: &str, device: &str, sensor: &str) -> Value {
    json!({"widget_id": name, "widget_type": "gauge", "data_source_type": "device_sensor", "device_id": device,
        "sensor_type": sensor})
}

#[tokio::test]
async fn a_dashboard_is_saved_whole_in_one_version_that_two_notice() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let (path, first) = made(&server, &ada, json!([sensor("a", &pump, "t"), fixed("b", 2)])).await;
    let shown = server.get(&path, &ada).await;
    let tag = shown.headers[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(shown.is(200), first["dashboard"]);
    assert_eq!(first["dashboard"]["version"], 2);
    assert_eq!(first["dashboard"]["widgets"], json!([{"id": "a"}, {"id": "note", "text": "not fed"}]));
    let listed = async || server.get(&format!("{path}/widgets"), &ada).await.is(200)["items"].clone();
    assert_eq!(listed().await, first["widgets"]);

    let mut renamed = sensor("pump", &pump, "t");
    renamed["id"] = first["widgets"][0]["id"].clone();
    let next = json!([renamed, fixed("c", 3)]);
    let second = save(&server, &ada, &path, &tag, next.clone()).await;
    assert_eq!(second.headers[header::ETAG], "\"3\"");
    let second = second.is(200);
    assert_eq!(second["dashboard"]["version"], 3);
    assert_eq!(listed().await, second["widgets"]);
    assert_eq!(second["widgets"][0]["id"], first["widgets"][0]["id"]);
    assert_eq!(
        (&second["widgets"][0]["widget_id"], &second["widgets"][1]["widget_id"]),
        (&json!("pump"), &json!("c"))
    );
    server.get(&format!("{path}/widgets/b"), &ada).await.refused(404, "not_found", &[]);
    let variables = format!("{path}/widgets/pump/tracked-variables");
    assert_eq!(server.get(&variables, &ada).await.is(200)["items"][0]["sensor_type"], "t");

    let by = json!({"id": ada.id, "email": "ada@example.org", "name": "Ada"});
    assert_eq!(second["dashboard"]["updated_by"], by);
    assert_eq!(server.get("/api/v1/dashboard-templates", &ada).await.is(200)["items"][0]["updated_by"], by);

    save(&server, &ada, &path, &tag, json!([])).await.refused(412, "version_conflict", &[]);
    assert_eq!(listed().await, second["widgets"]);
    // what is the same is no version
    let same = save(&server, &ada, &path, "\"3\"", next).await;
    assert_eq!(same.headers[header::ETAG], "\"3\"");
    assert_eq!(same.is(200), second);
}

#[tokio::test]
async fn each_part_that_is_wrong_is_pointed_at_and_nothing_is_saved() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let ((pump, _), (fan, _)) = (server.device(&ada, "pump").await, server.device(&eve, "fan").await);
    let (path, before) = made(&server, &ada, json!([fixed("a", 1), sensor("b", &pump, "t")])).await;
    let (_, others) = made(&server, &eve, json!([fixed("a", 1)])).await;
    let refused = async |widgets: Value| save(&server, &ada, &path, "\"2\"", widgets).await;
    let wrong = json!([fixed("a", 9), {"widget_id": "x", "widget_type": "dial", "data_source_type": "static"},
        sensor("b", &pump, "t"), sensor("c", &pump, "no such name!")]);
    refused(wrong).await.refused(
        422,
        "validation_failed",
        &["/widgets/1/widget_type", "/widgets/3/sensor_type"],
    );
    refused(json!([fixed("a", 1), fixed("a", 2)])).await.refused(
        422,
        "validation_failed",
        &["/widgets/1/widget_id"],
    );
    let many: Value = (0..=limit::WIDGETS_PER_DASHBOARD).map(|n| fixed(&n.to_string(), 1)).collect();
    refused(many).await.refused(422, "validation_failed", &["/widgets"]);
    let mut stolen = fixed("c", 1);
    stolen["id"] = others["widgets"][0]["id"].clone();
    let foreign = json!([fixed("new", 1), sensor("a", &fan, "t"), sensor("b", &fan, "t"), stolen]);
    let pointers = ["/widgets/3/id", "/widgets/1/device_id", "/widgets/2/device_id"];
    refused(foreign).await.refused(404, "not_found", &pointers);
    let flow = server.post("/api/v1/flows", &ada, json!({"name": "f"})).await.is(201);
    let node = json!({"widget_id": "n", "widget_type": "gauge", "data_source_type": "flow_node", "flow_id": flow["id"],
        "node_id": "n", "max_samples": 2001});
    refused(json!([node])).await.refused(422, "validation_failed", &["/widgets/0/max_samples"]);
    let moved = json!({"dashboard": {"organization_id": eve.organization, "name": "mine"}, "widgets": []});
    let moved = server.save(Method::PUT, &format!("{path}/whole"), &ada, "\"2\"", moved).await;
    moved.refused(422, "validation_failed", &["/dashboard/organization_id"]);
    let body = json!({"dashboard": {"organization_id": ada.organization, "name": "d", "project_id": ada.id}, "widgets": []});
    let lost = server.save(Method::PUT, &format!("{path}/whole"), &ada, "\"2\"", body).await;
    lost.refused(404, "not_found", &["/dashboard/project_id"]);

    assert_eq!(server.get(&path, &ada).await.is(200), before["dashboard"]);
    assert_eq!(server.get(&format!("{path}/widgets"), &ada).await.is(200)["items"], before["widgets"]);
}

#[tokio::test]
async fn who_watches_is_told_of_what_a_save_changed_and_of_nothing_else() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let all = json!([fixed("same", 1), fixed("changed", 2), fixed("gone", 3)]);
    let (path, saved) = made(&server, &ada, all).await;
    let mut watching = watching(&server, &ada.token).await;
    let widget = |at: usize| {
        let id = text(&saved["widgets"][at]["id"]).parse().unwrap();
        sub(at as u32, Target::Widget(id))
    };
    for at in 0..3 {
        assert!(watching.watch(&widget(at)).await.is_ok());
    }
    save(&server, &ada, &path, "*", json!([fixed("same", 1), fixed("changed", 7)])).await.is(200);
    let mut lost = soon(watching.lost()).await;
    lost.sort_by_key(|(id, _)| id.0);
    let [(SubId(1), Gone::Changed(again)), (SubId(2), Gone::Refused(refused))] = lost.as_slice() else {
        panic!("{} are lost", lost.len())
    };
    assert_eq!((again, refused.code), (&widget(1), ErrCode::NotFound));
}

also_on_postgres!(
    "dashboards_whole.rs",
    [
        a_dashboard_is_saved_whole_in_one_version_that_two_notice,
        each_part_that_is_wrong_is_pointed_at_and_nothing_is_saved,
        who_watches_is_told_of_what_a_save_changed_and_of_nothing_else,
    ]
);
