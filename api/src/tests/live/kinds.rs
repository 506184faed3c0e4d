//! What is watched over HTTP: by whoever has a link, aggregates, fixed values, and a widget that becomes another.

use edgesync_schemas::time::Timestamp;

use super::*;

impl Server {
    /// A dashboard with these widgets, their ids, and the token of a link to it.
    async fn linked(&self, user: &User, sources: &[Value]) -> (String, Vec<String>, String) {
        let body = json!({"organization_id": user.organization, "name": "hall"});
        let board = text(&self.post("/api/v1/dashboard-templates", user, body).await.is(201)["id"]);
        let path = format!("/api/v1/dashboard-templates/{board}");
        let mut ids = Vec::new();
        for (n, source) in sources.iter().enumerate() {
            let mut body = json!({"widget_id": format!("w{n}"), "widget_type": "gauge"});
            body.as_object_mut().unwrap().extend(source.as_object().unwrap().clone());
            ids.push(text(&self.post(&format!("{path}/widgets"), user, body).await.is(201)["id"]));
        }
        let made = self.post(&format!("{path}/share-links"), user, json!({"name": "wall"})).await.is(201);
        let link = format!("{path}/share-links/{}", text(&made["share_link"]["id"]));
        (link, ids, text(&made["token"]))
    }
}

fn of_sensor(device: &str) -> Value {
    json!({"data_source_type": "device_sensor", "device_id": device, "sensor_type": "t"})
}

#[tokio::test]
async fn whoever_has_a_link_watches_its_widgets_until_it_is_revoked() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let (link, ids, token) = server.linked(&ada, &[of_sensor(&pump)]).await;
    let (_, foreign, _) = server.linked(&ada, &[of_sensor(&pump)]).await;
    let path = format!("/api/v1/shared/widgets/{}", ids[0]);
    server.store(&pump, "t", &[(ago(9), "1")]).await;

    // a browser sets no header for events
    let request = Request::get(format!("{path}/events?share={token}")).body(Body::empty()).unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let (parts, body) = response.into_parts();
    let mut events = Events::new(parts.headers, body);
    assert_eq!(events.expect("snap").await.data["v"], json!([1.0]));
    let by_link = async |path: &str| server.call(Method::GET, path, Some(&token), None).await;
    let polled = by_link(&format!("{path}/poll")).await.is(200);
    assert_eq!(polled["frames"][0]["v"], json!([1.0]));
    server.store(&pump, "t", &[(ago(8), "2")]).await;
    assert_eq!(events.expect("upd").await.data["v"], json!([2.0]));
    let place = format!("epoch={}&offset={}", polled["epoch"], polled["offset"]);
    let polled = by_link(&format!("{path}/poll?{place}")).await.is(200);
    assert_eq!(polled["frames"][0]["v"], json!([2.0]));

    for way in ["events", "poll"] {
        let foreign = format!("/api/v1/shared/widgets/{}/{way}", foreign[0]);
        by_link(&foreign).await.refused(404, "not_found", &[]);
        server.get(&format!("{path}/{way}"), &ada).await.refused(401, "unauthorized", &[]);
        let as_ada = format!("{path}/{way}?share={}", ada.token);
        by_link(&as_ada).await.refused(400, "invalid_parameter", &[]);
    }
    server.delete(&link, &ada).await.is(204);
    pass(limit::LIVE_EVENTS_HEARTBEAT_S).await;
    let err = events.expect("err").await;
    assert_eq!((&err.data["code"], events.next().await), (&json!("forbidden"), None));
    by_link(&format!("{path}/poll")).await.refused(401, "unauthorized", &[]);
    server.until_nobody_watches().await;
}

#[tokio::test]
async fn what_the_values_come_to_is_told_as_events_and_polls_and_a_fixed_value_too() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let mut sum = of_sensor(&pump);
    sum.as_object_mut().unwrap().extend([
        ("aggregation".to_owned(), json!("sum")),
        // all of the test's readings are in one
        ("refresh_interval".to_owned(), json!(3_600_000)),
    ]);
    let fixed = json!({"data_source_type": "static", "static_value": 4});
    let (_, ids, _) = server.linked(&ada, &[sum, fixed]).await;
    let hour = ago(3_600).as_ms() / 3_600_000 * 3_600_000;
    let at = |ms: i64| Timestamp::from_ms(hour + ms).unwrap();
    server.store(&pump, "t", &[(at(1), "1"), (at(2), "2")]).await;
    let mut events = server.events(&format!("/api/v1/live/{}/events", ids[0]), &ada.token, None).await;
    let snap = events.expect("snap").await;
    assert_eq!((&snap.data["ts"], &snap.data["v"]), (&json!([hour]), &json!([3.0])));
    let polled = server.poll(&ids[0], &ada, &Value::Null, "").await;
    assert_eq!(polled["frames"][0]["v"], json!([3.0]));
    server.store(&pump, "t", &[(at(3), "4")]).await;
    let upd = events.expect("upd").await;
    assert_eq!((&upd.data["ts"], &upd.data["v"]), (&json!([hour]), &json!([7.0])));
    let polled = server.poll(&ids[0], &ada, &polled, "").await;
    assert_eq!(polled["frames"][0]["v"], json!([7.0]), "the bucket as it is by now, in place of what it was");
    let fixed = server.poll(&ids[1], &ada, &Value::Null, "").await;
    assert_eq!(fixed["frames"][0]["v"], json!([4.0]));
    let none = server.poll(&ids[1], &ada, &fixed, "&wait_s=0").await;
    assert_eq!(none["frames"], json!([]), "nothing comes of it");
}

#[tokio::test]
async fn a_widget_that_becomes_another_is_told_anew() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let (fan, _) = server.device(&ada, "fan").await;
    let path = server.widget(&ada, of_sensor(&pump)).await;
    let id = text(&server.get(&path, &ada).await.is(200)["id"]);
    server.store(&pump, "t", &[(ago(9), "1")]).await;
    server.store(&fan, "t", &[(ago(8), "2")]).await;
    let mut events = server.events(&format!("/api/v1/live/{id}/events"), &ada.token, None).await;
    assert_eq!(events.expect("snap").await.data["v"], json!([1.0]));
    let first = server.poll(&id, &ada, &Value::Null, "").await;
    let (change, waiting) = tokio::join!(
        server.call(Method::PATCH, &path, Some(&ada.token), Some(of_sensor(&fan))),
        server.poll(&id, &ada, &first, "&wait_s=60"),
    );
    change.is(200);
    let snap = events.expect("snap").await;
    assert_eq!((&snap.data["v"], &snap.data["recovered"]), (&json!([2.0]), &json!(false)));
    assert_eq!(waiting["frames"][0]["v"], json!([2.0]));
    server.store(&fan, "t", &[(ago(7), "3")]).await;
    assert_eq!(events.expect("upd").await.data["v"], json!([3.0]));
}
