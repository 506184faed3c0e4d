//! Buckets over time.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn buckets_come_as_columns_of_each_series() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    server.store(&device, "a", &[(0, "1"), (30, "3"), (61, "5"), (200, "\"off\"")]).await;
    server.store(&device, "b", &[(130, "true")]).await;
    let range = "from=1970-01-01T00:00:00Z&to=1970-01-01T00:04:00Z";
    let path = format!("/readings/series?device={device}&{range}&bucket=1m&agg=avg,min,max,count,last");
    let (status, answer) = server.get(&path, &account).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let series = json!([
        {
            "device_id": device, "sensor_type": "a", "units": ["C"], "ts": [0, 60_000, 120_000, 180_000],
            "avg": [2.0, 5.0, null, null], "min": [1.0, 5.0, null, null], "max": [3.0, 5.0, null, null],
            "count": [2, 1, 0, 1], "last": [3.0, 5.0, null, "off"],
        },
        {
            "device_id": device, "sensor_type": "b", "units": ["C"], "ts": [0, 60_000, 120_000, 180_000],
            "avg": [null, null, 1.0, null], "min": [null, null, 1.0, null], "max": [null, null, 1.0, null],
            "count": [0, 0, 1, 0], "last": [null, null, true, null],
        },
    ]);
    let expected = json!({
        "from": "1970-01-01T00:00:00Z", "to": "1970-01-01T00:04:00Z",
        "bucket": "1m", "width_ms": null, "tz": "UTC", "series": series,
    });
    assert_eq!(answer, expected);

    let pairs = format!("series={device}/b,{device}/unknown");
    let path = format!("/readings/series?{pairs}&from=0&to=240000&points=2&agg=count&fill=none");
    let (_, answer) = server.get(&path, &account).await;
    assert_eq!(
        (&answer["width_ms"], &answer["bucket"], &answer["tz"]),
        (&json!(120_000), &Value::Null, &Value::Null)
    );
    assert_eq!((&answer["series"][0]["ts"], &answer["series"][0]["count"]), (&json!([120_000]), &json!([1])));
    assert_eq!((&answer["series"][1]["ts"], &answer["series"][1]["units"]), (&json!([]), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_23_and_of_25_hours_is_one_bucket() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    let hours = |path: String| {
        let (server, account) = (&server, &account);
        async move {
            let (status, answer) = server.get(&path, account).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            let starts: Vec<i64> =
                answer["series"][0]["ts"].as_array().unwrap().iter().map(|ts| ts.as_i64().unwrap()).collect();
            starts.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 3_600_000.0).collect::<Vec<f64>>()
        }
    };
    for (zone, from, to, expected) in [
        ("Europe/Berlin", "2025-03-29T12:00:00Z", "2025-03-31T12:00:00Z", [24.0, 23.0]),
        ("Europe/Berlin", "2025-10-25T12:00:00Z", "2025-10-27T12:00:00Z", [24.0, 25.0]),
        ("America/New_York", "2025-03-08T12:00:00Z", "2025-03-10T12:00:00Z", [24.0, 23.0]),
        ("America/New_York", "2025-11-01T12:00:00Z", "2025-11-03T12:00:00Z", [24.0, 25.0]),
        ("Australia/Lord_Howe", "2025-10-04T00:00:00Z", "2025-10-06T00:00:00Z", [24.0, 23.5]),
        ("Australia/Lord_Howe", "2025-04-05T00:00:00Z", "2025-04-07T00:00:00Z", [24.0, 24.5]),
    ] {
        let path = format!("/readings/series?series={device}/a&from={from}&to={to}&bucket=1d&tz={zone}");
        assert_eq!(hours(path).await, expected, "{zone} {from}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn automatic_buckets_are_even_and_not_more_than_asked_for() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    for (points, to, expected) in
        [("&points=30", 86_400_000, "1h"), ("&points=3", 86_400_000, "1d"), ("", 60_000, "1s")]
    {
        let path = format!("/readings/series?series={device}/a&from=0&to={to}&bucket=auto{points}");
        let (status, answer) = server.get(&path, &account).await;
        assert_eq!((status, &answer["bucket"]), (StatusCode::OK, &json!(expected)), "{answer}");
    }
}

/// Names of so many sensors.
fn sensors(count: usize) -> String {
    (0..count).map(|n| format!("s{n}")).collect::<Vec<_>>().join(",")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_parameter_is_named() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    for (query, named) in [
        ("bucket=1m".to_owned(), "device"),
        (format!("device={device},x"), "device"),
        (format!("device={device}&series={device}/a"), "series"),
        (format!("series={device}"), "series"),
        (format!("device={device}&sensor=a%20b"), "sensor"),
        (format!("device={device}&agg=avg,median"), "agg"),
        (format!("device={device}&agg=avg,avg"), "agg"),
        (format!("device={device}&fill=linear"), "fill"),
        (format!("device={device}&bucket=1y"), "bucket"),
        (format!("device={device}&bucket=1s&from=0&to=86400000"), "10s"),
        (format!("device={device}&bucket=1m&points=7"), "points"),
        (format!("device={device}&points=10001"), "points"),
        (format!("device={device}&points=2&bucket=auto"), "points"),
        (format!("device={device}&points=10&tz=UTC"), "tz"),
        (format!("device={device}&bucket=1d&tz=Europe/Atlantis"), "tz"),
        (format!("device={device}&from=5&to=5"), "from"),
        (format!("device={device}&sensor={}", sensors(101)), "100"),
        (format!("device={device}&sensor={}&points=10000", sensors(20)), "5000"),
        (format!("device={device},{}", device.to_uppercase()), "parameter device has "),
        (format!("device={device}&sensor=a,b,a"), "parameter sensor has a more than once"),
        (format!("series={device}/a,{device}/b,{device}/a"), "parameter series has "),
    ] {
        let (status, problem) = server.get(&format!("/readings/series?{query}"), &account).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(named), "{query}: {problem}");
    }
}
