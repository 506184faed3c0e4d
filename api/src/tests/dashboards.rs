use super::*;

async fn dashboard(server: &Server, user: &User) -> String {
    let body = json!({"organization_id": user.organization, "name": "hall", "layout": {"lg": [{"i": "w"}]}});
    let made = server.post("/api/v1/dashboard-templates", user, body).await.is(201);
    format!("/api/v1/dashboard-templates/{}", text(&made["id"]))
}

#[tokio::test]
async fn a_dashboard_is_made_saved_listed_and_removed() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let path = dashboard(&server, &ada).await;
    let shown = server.get(&path, &ada).await.is(200);
    assert_eq!((&shown["layout"], &shown["version"]), (&json!({"lg": [{"i": "w"}]}), &json!(1)));
    server.save(Method::PATCH, &path, &ada, "\"1\"", json!({"widgets": [{"id": "w"}]})).await.is(200);
    let late = server.save(Method::PATCH, &path, &ada, "\"1\"", json!({"name": "late"})).await;
    late.refused(412, "version_conflict", &[]);
    let page =
        server.get(&format!("/api/v1/dashboard-templates?organization={}", ada.organization), &ada).await;
    assert_eq!(page.is(200)["items"][0]["id"], shown["id"]);
    server.save(Method::DELETE, &path, &ada, "\"1\"", json!({})).await.refused(412, "version_conflict", &[]);
    server.save(Method::DELETE, &path, &ada, "\"2\"", json!({})).await.is(204);
    server.get(&path, &ada).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn widgets_are_made_for_each_kind_of_source() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let path = dashboard(&server, &ada).await + "/widgets";
    let (pump, _) = server.device(&ada, "pump").await;
    let flow = server.post("/api/v1/flows", &ada, json!({"name": "f"})).await.is(201);
    let sources = [
        json!({"data_source_type": "device_sensor", "device_id": pump, "sensor_type": "t"}),
        json!({"data_source_type": "flow_node", "flow_id": flow["id"], "node_id": "n"}),
        json!({"data_source_type": "static", "static_value": 7}),
    ];
    let mut made = Vec::new();
    for (n, source) in sources.iter().enumerate() {
        let mut body = source.clone();
        body["widget_id"] = format!("w{n}").into();
        body["widget_type"] = "stat_panel".into();
        let widget = server.post(&path, &ada, body).await.is(201);
        for (field, value) in source.as_object().unwrap() {
            assert_eq!(&widget[field], value);
        }
        made.push(widget);
    }
    assert_eq!(made[1]["output_field"], "output");
    assert_eq!(server.get(&path, &ada).await.is(200), json!({"items": made, "next": null}));
    let one = format!("{path}/{}", text(&made[0]["id"]));
    assert_eq!(server.get(&one, &ada).await.is(200), made[0]);
    server.delete(&one, &ada).await.is(204);
    server.get(&one, &ada).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn a_widget_of_a_wrong_source_is_refused_at_its_field() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let path = dashboard(&server, &ada).await + "/widgets";
    let (fan, _) = server.device(&eve, "fan").await;
    let widget = |source: Value| {
        let mut body = json!({"widget_id": "w", "widget_type": "gauge"});
        body.as_object_mut().unwrap().extend(source.as_object().unwrap().clone());
        server.post(&path, &ada, body)
    };
    let foreign = json!({"data_source_type": "device_sensor", "device_id": fan, "sensor_type": "t"});
    widget(foreign).await.refused(404, "not_found", &["/device_id"]);
    let unnamed = json!({"data_source_type": "device_sensor", "sensor_type": "no such name!"});
    widget(unnamed).await.refused(422, "validation_failed", &["/device_id", "/sensor_type"]);
    widget(json!({"data_source_type": "sql"})).await.refused(
        422,
        "validation_failed",
        &["/data_source_type"],
    );
    widget(json!({"data_source_type": "static"})).await.is(201);
    widget(json!({"data_source_type": "static"})).await.refused(409, "already_exists", &["/widget_id"]);
}

#[tokio::test]
async fn another_tenants_dashboard_is_not_there() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let path = dashboard(&server, &ada).await;
    server.get(&path, &eve).await.refused(404, "not_found", &[]);
    server.patch(&path, &eve, json!({"name": "x"})).await.refused(404, "not_found", &[]);
    server.delete(&path, &eve).await.refused(404, "not_found", &[]);
    server.get(&format!("{path}/widgets"), &eve).await.refused(404, "not_found", &[]);
    let body = json!({"organization_id": ada.organization, "name": "x"});
    server.post("/api/v1/dashboard-templates", &eve, body).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn a_widget_is_changed_and_goes_by_its_name_too() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let path = dashboard(&server, &ada).await + "/widgets";
    let (pump, _) = server.device(&ada, "pump").await;
    let body =
        json!({"widget_id": "w", "widget_type": "gauge", "data_source_type": "static", "static_value": 7});
    let made = server.post(&path, &ada, body).await.is(201);
    let (by_name, by_id) = (format!("{path}/w"), format!("{path}/{}", text(&made["id"])));
    assert_eq!(server.get(&by_name, &ada).await.is(200), made);
    let body = json!({"title": "heat", "aggregation": "max", "refresh_interval": 60_000, "max_samples": 9,
        "data_source_type": "device_sensor", "device_id": pump, "sensor_type": "t"});
    let changed = server.patch(&by_name, &ada, body.clone()).await.is(200);
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&changed[field], value);
    }
    assert_eq!(server.get(&by_id, &ada).await.is(200), changed);
    let wrong = json!({"sensor_type": "t", "refresh_interval": 1, "aggregation": "median"});
    let pointers = ["/data_source_type", "/aggregation", "/refresh_interval"];
    server.patch(&by_id, &ada, wrong).await.refused(422, "validation_failed", &pointers);
    server.get(&format!("{path}/v"), &ada).await.refused(404, "not_found", &[]);
    server.delete(&by_name, &ada).await.is(204);
    server.patch(&by_name, &ada, json!({"title": "x"})).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn two_who_change_the_widgets_of_a_dashboard_notice_each_other() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let board = dashboard(&server, &ada).await;
    let widgets = format!("{board}/widgets");
    let body = json!({"widget_id": "w", "widget_type": "text", "data_source_type": "static"});
    let seen = server.get(&board, &ada).await.headers[header::ETAG].to_str().unwrap().to_owned();
    let made = server.save(Method::POST, &widgets, &ada, &seen, body).await;
    assert_eq!(made.headers[header::ETAG], "\"2\"");
    made.is(201);
    let at = format!("{widgets}/w");
    let body = json!({"title": "t"});
    for (method, path) in [(Method::PATCH, &at), (Method::DELETE, &at), (Method::PATCH, &board)] {
        let late = server.save(method, path, &ada, &seen, json!({})).await;
        late.refused(412, "version_conflict", &[]);
    }
    let changed = server.save(Method::PATCH, &at, &ada, "\"2\"", body).await;
    assert_eq!(changed.headers[header::ETAG], "\"3\"");
    assert_eq!(changed.is(200)["title"], "t");
    let gone = server.save(Method::DELETE, &at, &ada, "\"3\"", json!({})).await;
    assert_eq!(gone.headers[header::ETAG], "\"4\"");
    gone.is(204);
    let now = server.get(&board, &ada).await.headers[header::ETAG].to_str().unwrap().to_owned();
    assert!(now.starts_with("\"4-"), "{now}");
    for known in [now.clone(), format!("\"x\", W/{now}"), "*".to_owned()] {
        let again = server.get_unless(&board, &ada, &known).await;
        assert_eq!(again.headers[header::ETAG], now);
        assert_eq!(again.is(304), json!(""));
    }
    server.get_unless(&board, &ada, &seen).await.is(200);
}

also_on_postgres!(
    "dashboards.rs",
    [
        a_dashboard_is_made_saved_listed_and_removed,
        widgets_are_made_for_each_kind_of_source,
        a_widget_of_a_wrong_source_is_refused_at_its_field,
        another_tenants_dashboard_is_not_there,
        a_widget_is_changed_and_goes_by_its_name_too,
        two_who_change_the_widgets_of_a_dashboard_notice_each_other,
    ]
);
