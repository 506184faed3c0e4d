//! Single readings: pages, the newest, sensors.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn readings_are_read_in_pages_by_event_time() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    server.store(&device, "temperature", &[(30, "3"), (10, "1"), (40, "4")]).await;
    server.store(&device, "temperature", &[(20, "2")]).await;

    let (status, first) = server.get(&format!("/readings?device={device}&limit=3"), &account).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(values(&first), [1.0, 2.0, 3.0]);
    assert_eq!(
        first["items"][1],
        json!({
            "id": 3, "device_id": device, "sensor_type": "temperature", "value": 2.0, "unit": "C",
            "timestamp": "1970-01-01T00:00:20Z", "received_at": "1970-01-01T01:23:20Z", "raw_data": null,
        })
    );
    let next = first["next"].as_str().unwrap();
    let (_, second) = server.get(&format!("/readings?device={device}&limit=3&cursor={next}"), &account).await;
    assert_eq!((values(&second), &second["next"]), (vec![4.0], &Value::Null));

    let path =
        format!("/readings?device={device}&order=desc&from=1970-01-01T00:00:20Z&to=1970-01-01T00:00:40Z");
    assert_eq!(values(&server.get(&path, &account).await.1), [3.0, 2.0]);
    let path = format!("/readings?device={device}&from=20000&to=40000");
    assert_eq!(values(&server.get(&path, &account).await.1), [2.0, 3.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_number_comes_back_as_it_was_sent() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    server.store(&device, "door", &[(1, "\"open\""), (2, "true"), (3, "{\"lat\":1.5}")]).await;
    let (_, page) = server.get(&format!("/readings?device={device}&sensor=door"), &account).await;
    assert_eq!(values(&page), [0.0, 1.0, 0.0]);
    let raws: Vec<&Value> =
        page["items"].as_array().unwrap().iter().map(|reading| &reading["raw_data"]).collect();
    assert_eq!(raws, [&json!("open"), &json!(true), &json!({"lat": 1.5})]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_reading_of_each_sensor_and_the_sensors_are_told() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    server.store(&device, "a", &[(30, "3"), (10, "1")]).await;
    server.store(&device, "b", &[(5, "7")]).await;
    let (status, latest) = server.get(&format!("/readings/latest?device={device}"), &account).await;
    assert_eq!((status, values(&latest)), (StatusCode::OK, vec![3.0, 7.0]));
    let (status, sensors) = server.get(&format!("/devices/{device}/sensors"), &account).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        sensors["items"][0],
        json!({
            "device_id": device, "sensor_type": "a", "units": ["C"],
            "first": "1970-01-01T00:00:10Z", "last": "1970-01-01T00:00:30Z", "latest": latest["items"][0],
        })
    );
    assert_eq!(sensors["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn to_outsiders_the_device_does_not_exist() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let outsider = server.signup("eve@example.org").await;
    let device = server.device(&account).await;
    server.store(&device, "a", &[(1, "1")]).await;
    for path in [
        "/readings?device={}",
        "/readings/latest?device={}",
        "/readings/series?device={}",
        "/readings/series?series={}/a",
        "/readings/export?device={}&format=csv",
        "/devices/{}/sensors",
    ] {
        let path = path.replace("{}", &device);
        assert_eq!(server.get(&path, &account).await.0, StatusCode::OK);
        assert_eq!(server.get(&path, &outsider).await.0, StatusCode::NOT_FOUND);
        assert_eq!(
            server.call("GET", &format!("/api/v1{path}"), None, None).await.0,
            StatusCode::UNAUTHORIZED
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_parameter_is_named() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    for (query, named) in [
        (String::new(), "device"),
        ("device=pump".to_owned(), "device"),
        (format!("device={device}&sensor=not%20a%20name"), "sensor"),
        (format!("device={device}&from=yesterday"), "from"),
        (format!("device={device}&limit=501"), "limit"),
        (format!("device={device}&order=up"), "order"),
        (format!("device={device}&cursor=abc"), "cursor"),
        (format!("device={device}&sensor=unknown&cursor=d{}", "0".repeat(32)), "cursor"),
        (format!("device={device}&cursor=r{}", "0".repeat(16)), "cursor"),
    ] {
        let (status, problem) = server.get(&format!("/readings?{query}"), &account).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(named), "{query}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_readings_goes_with_its_device_its_filter_and_its_order_only() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let (device, other) = (server.device(&account).await, server.another_device(&account, "fan").await);
    for device in [&device, &other] {
        server.store(device, "t", &[(1, "1"), (2, "2"), (3, "3")]).await;
    }
    let (_, first) = server.get(&format!("/readings?device={device}&sensor=t&limit=1"), &account).await;
    let next = first["next"].as_str().unwrap();
    let rest = format!("/readings?sensor=t&limit=500&device={device}&cursor={next}");
    assert_eq!(values(&server.get(&rest, &account).await.1), [2.0, 3.0]);
    for others in [
        format!("device={other}&sensor=t"),
        format!("device={device}"),
        format!("device={device}&sensor=t&order=desc"),
        format!("device={device}&sensor=t&from=2000"),
    ] {
        let (status, problem) = server.get(&format!("/readings?{others}&cursor={next}"), &account).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{others}: {problem}");
        let told = problem["detail"].as_str().unwrap();
        assert!(told.contains("cursor belongs to another list"), "{others}: {told}");
    }
}
