//! Exports and imports.

use std::collections::HashMap;
use std::io;

use axum::body::Bytes;
use edgesync_schemas::entity::user::SubscriptionType;
use edgesync_schemas::limit;
use edgesync_storage::log::Retention;
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;

use super::*;

/// `accepted`, `repeated` and `refused` of a report.
fn told((status, report): (StatusCode, Value)) -> [u64; 3] {
    assert_eq!(status, StatusCode::OK, "{report}");
    ["accepted", "repeated", "refused"].map(|count| report[count].as_u64().unwrap())
}

pub(super) fn yesterday() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    now.cast_signed() - 86_400
}

/// Without what differs between a reading and its copy: the device, and when it arrived.
fn comparable(file: &str) -> Vec<Value> {
    let lines = file.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .map(|mut line| {
            let map = line.as_object_mut().unwrap();
            map.remove("device_id");
            map.remove("received_at");
            line
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_can_be_imported_and_is_the_same() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    let start = yesterday();
    let values = [
        "1.5",
        "-0.1",
        "1e300",
        "5e-324",
        "true",
        "false",
        "\"\"",
        "\"a, \\\"b\\\"\\r\\n;\\u0000 ö 日本 🦀\"",
        "\"=1+1\"",
        "{\"lat\": 1.5, \"at\": [1,\n2]}",
        "[\"x\",null]",
    ];
    let readings: Vec<(i64, &str)> = (start..).zip(values).collect();
    server.store(&device, "odd/name:1.-_", &readings).await;
    server.store(&device, "b", &[(start, "3")]).await;
    let (status, original) = server.export(&format!("device={device}&format=ndjson"), &account).await;
    assert_eq!((status, original.lines().count()), (StatusCode::OK, values.len() + 1));

    for (format, kind) in [("csv", "text/csv; charset=utf-8"), ("ndjson", "application/x-ndjson")] {
        let copy = server.another_device(&account, format).await;
        let (_, file) = server.export(&format!("device={device}&format={format}"), &account).await;
        let (status, report) = server.import("", &account, kind, file.replace(&device, &copy)).await;
        assert_eq!(status, StatusCode::OK, "{report}");
        let stored = values.len() + 1;
        assert_eq!(report, json!({"accepted": stored, "repeated": 0, "refused": 0, "errors": []}));
        let (_, again) = server.export(&format!("device={copy}&format=ndjson"), &account).await;
        assert_eq!(comparable(&again), comparable(&original), "{format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_the_sensors_and_the_order_asked_for() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    server.store(&device, "a", &[(1, "1"), (2, "2"), (3, "3")]).await;
    server.store(&device, "b", &[(2, "4")]).await;
    server.store(&device, "c", &[(2, "5")]).await;
    let values = |query: String| {
        let (server, account) = (&server, &account);
        async move {
            let (status, file) = server.export(&query, account).await;
            assert_eq!(status, StatusCode::OK, "{file}");
            comparable(&file).iter().map(|line| line["value"].as_f64().unwrap()).collect::<Vec<f64>>()
        }
    };
    let all = values(format!("organization={}&format=ndjson", account.organization)).await;
    assert_eq!(all, [1.0, 2.0, 4.0, 5.0, 3.0]);
    assert_eq!(
        values(format!("device={device}&sensor=b,a&format=ndjson&order=desc")).await,
        [4.0, 3.0, 2.0, 1.0]
    );
    assert_eq!(values(format!("device={device}&sensor=a&format=ndjson&from=2000&to=3000")).await, [2.0]);
    let (_, csv) = server.export(&format!("device={device}&sensor=unknown&format=csv"), &account).await;
    assert_eq!(csv, "device_id,sensor_type,value,unit,timestamp,received_at,raw_data\n");
    let path = format!("/api/v1/readings/export?device={device}&format=parquet");
    let response = server.send("GET", &path, Some(&account.token), "text/plain", Body::empty()).await;
    assert_eq!(response.headers()[header::CONTENT_DISPOSITION], "attachment; filename=\"readings.parquet\"");
    let file = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_hung_up_frees_its_place() {
    let server = server().await;
    let mut accounts = Vec::new();
    for n in 0..=limit::EXPORTS {
        let account = server.signup(&format!("ada{n}@example.org")).await;
        let device = server.device(&account).await;
        server.store(&device, "a", &[(1, "1")]).await;
        accounts.push((account, format!("/api/v1/readings/export?device={device}&format=csv")));
    }
    let begin = |n: usize| {
        let (account, path) = &accounts[n];
        server.send("GET", path, Some(&account.token), "text/plain", Body::empty())
    };
    let mut running = Vec::new();
    for n in 0..limit::EXPORTS {
        let response = begin(n).await;
        assert_eq!(response.status(), StatusCode::OK);
        running.push(response.into_body().into_data_stream());
    }
    let refused = begin(limit::EXPORTS).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key(header::RETRY_AFTER));
    // The header of the file came; then the client goes.
    assert!(running[0].next().await.unwrap().is_ok());
    drop(running.remove(0));
    let started = Instant::now();
    while begin(limit::EXPORTS).await.status() != StatusCode::OK {
        assert!(started.elapsed() < Duration::from_secs(20), "no place within 20 s");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refused_line_is_told_and_the_others_are_stored() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let stranger = server.signup("eve@example.org").await;
    let (device, theirs) = (server.device(&account).await, server.device(&stranger).await);
    server.log.set_retention(Retention::new(30, HashMap::new()));
    let (at, old) = (yesterday() * 1000, (yesterday() - 31 * 86_400) * 1000);
    let file = format!(
        "device_id,sensor_type,value,unit,timestamp\n\
         {device},t,1,C,{at}\n{device},t,x,C,{at}\n{device},no name,1,C,{at}\n{theirs},t,1,C,{at}\n\
         {device},t,1,C,{old}\n{device},t,1,,\n{device},t\n\n{device},\"t\",2,C,{at}\n"
    );
    let (status, report) = server.import("", &account, "text/csv", file).await;
    assert_eq!(status, StatusCode::OK, "{report}");
    assert_eq!((&report["accepted"], &report["refused"]), (&json!(2), &json!(6)));
    let told: Vec<(u64, Option<&str>)> = report["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["line"].as_u64().unwrap(), error["field"].as_str()))
        .collect();
    let expected = [
        (3, Some("value")),
        (4, Some("sensor_type")),
        (5, Some("device_id")),
        (6, Some("timestamp")),
        (7, Some("timestamp")),
        (8, None),
    ];
    assert_eq!(told, expected);
    let (_, page) = server.get(&format!("/readings?device={device}"), &account).await;
    assert_eq!(values(&page), [1.0, 2.0]);
    assert_eq!(values(&server.get(&format!("/readings?device={theirs}"), &stranger).await.1), [0.0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_with_an_id_is_stored_once_however_often_it_is_sent() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    let start = yesterday() * 1000;
    let lines = |count: i64| -> String {
        (0..count)
            .map(|n| match n % 10 {
                // Refused each time: its number is used up all the same.
                7 => "{\"sensor_type\":\"t\"}\n".to_owned(),
                _ => format!("{{\"sensor_type\":\"t\",\"value\":{n},\"timestamp\":{}}}\n", start + n),
            })
            .collect()
    };
    let query = format!("device={device}&import=backfill-1");
    let kind = "application/x-ndjson";
    let import = |count: i64| server.import(&query, &account, kind, lines(count));
    // The first try broke off after a part; 20,000 lines are several chunks.
    assert_eq!(told(import(5_000).await), [4_500, 0, 500]);
    assert_eq!(told(import(20_000).await), [13_500, 4_500, 2_000]);
    assert_eq!(told(import(20_000).await), [0, 18_000, 2_000]);
    let path =
        format!("/readings/series?series={device}/t&from={start}&to={}&points=1&agg=count", start + 20_000);
    assert_eq!(server.get(&path, &account).await.1["series"][0]["count"], json!([18_000]));
    // Another id is another import.
    let other = server.import(&format!("device={device}&import=backfill-2"), &account, kind, lines(10)).await;
    assert_eq!(told(other), [9, 0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_import_and_only_what_is_said_to_be_csv_or_json_lines() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    let member = server.signup("bob@example.org").await;
    let path = format!("/api/v1/organizations/{}/members", account.organization);
    let body = json!({"email": "bob@example.org", "role": "user"});
    let (status, answer) = server.call("POST", &path, Some(&account.token), Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let outsider = server.signup("eve@example.org").await;
    let line = format!("{{\"sensor_type\":\"t\",\"value\":1,\"timestamp\":{}}}\n", yesterday() * 1000);
    let query = format!("device={device}");
    for (who, kind, status) in [
        (&member, "application/x-ndjson", StatusCode::FORBIDDEN),
        (&outsider, "application/x-ndjson", StatusCode::NOT_FOUND),
        (&account, "application/json", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (&account, "text/csv", StatusCode::UNPROCESSABLE_ENTITY),
        (&account, "application/x-ndjson", StatusCode::OK),
    ] {
        let (answered, problem) = server.import(&query, who, kind, line.clone()).await;
        assert_eq!(answered, status, "{kind}: {problem}");
    }
    let named = format!("{{\"device_id\":\"{device}\",{}", &line[1..]);
    let (_, report) = server.import("", &member, "application/x-ndjson", named).await;
    assert_eq!((&report["accepted"], &report["errors"][0]["field"]), (&json!(0), &json!("device_id")));
}

/// A line of an import: the value, at a time of its own.
fn line(device: &str, value: i64) -> String {
    let timestamp = yesterday() * 1000 + value;
    format!("{}\n", json!({"device_id": device, "sensor_type": "t", "value": value, "timestamp": timestamp}))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outsider_cannot_touch_the_imports_of_a_device() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    let outsider = server.signup("eve@example.org").await;
    let kind = "application/x-ndjson";
    let lines = |count: i64| (0..count).map(|n| line(&device, n)).collect::<String>();
    assert_eq!(told(server.import("import=backfill", &account, kind, lines(3)).await), [3, 0, 0]);
    // The same id, which would use up its numbers, and as many others as are remembered.
    let others = (0..limit::BOOTS_PER_DEVICE).map(|n| format!("import=other-{n}"));
    for query in std::iter::once("import=backfill".to_owned()).chain(others) {
        assert_eq!(told(server.import(&query, &outsider, kind, lines(10)).await), [0, 0, 10], "{query}");
    }
    assert_eq!(told(server.import("import=backfill", &account, kind, lines(10)).await), [7, 3, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_final_for_an_import_id_and_is_not_counted_as_stored() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    let kind = "application/x-ndjson";
    let mended = format!("{}{}", line(&device, 1), line(&device, 2));
    let wrong = mended.replace("\"value\":2", "\"value\":null");
    assert_ne!(wrong, mended);
    assert_eq!(told(server.import("import=a", &account, kind, wrong).await), [1, 0, 1]);
    assert_eq!(told(server.import("import=a", &account, kind, mended.clone()).await), [0, 2, 0]);
    let path = format!("/readings?device={device}");
    assert_eq!(values(&server.get(&path, &account).await.1), [1.0]);
    assert_eq!(told(server.import("import=b", &account, kind, line(&device, 2)).await), [1, 0, 0]);
    assert_eq!(values(&server.get(&path, &account).await.1), [1.0, 2.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_or_sensor_named_twice_is_refused() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    for (query, named) in [
        (format!("device={device},{}", device.to_uppercase()), "device"),
        (format!("device={device}&sensor=a,b,a"), "sensor"),
    ] {
        let (status, problem) = server.export(&format!("{query}&format=csv"), &account).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
        assert!(problem.contains(&format!("parameter {named} has ")), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_cut_when_the_membership_ends() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let member = server.signup("bob@example.org").await;
    let members = format!("/api/v1/organizations/{}/members", account.organization);
    let body = json!({"email": "bob@example.org", "role": "user"});
    let (status, made) = server.call("POST", &members, Some(&account.token), Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    // More than are looked up at a time, and more with readings than are on their way to the client.
    server.catalog.set_plan("ada@example.org", SubscriptionType::Paid, 1_000).await.unwrap();
    let line =
        |n| json!({"organization_id": account.organization, "name": format!("d{n}"), "device_type": "pump"});
    let lines: String = (0..=limit::PAGE_MAX).map(|n| format!("{}\n", line(n))).collect();
    let (path, kind) = ("/api/v1/devices/bulk", "application/x-ndjson");
    let response = server.send("POST", path, Some(&account.token), kind, Body::from(lines)).await;
    assert_eq!(response.status(), StatusCode::OK);
    axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let (_, page) = server.get("/devices?limit=10", &account).await;
    for device in page["items"].as_array().unwrap() {
        server.store(device["id"].as_str().unwrap(), "a", &[(1, "1")]).await;
    }
    let query = format!("organization={}&format=ndjson", account.organization);
    let (_, whole) = server.export(&query, &member).await;
    assert_eq!(whole.lines().count(), 10);

    let path = format!("/api/v1/readings/export?{query}");
    let response = server.send("GET", &path, Some(&member.token), "text/plain", Body::empty()).await;
    let mut chunks = response.into_body().into_data_stream();
    assert!(chunks.next().await.unwrap().is_ok());
    let path = format!("{members}/{}", made["user_id"].as_str().unwrap());
    let (status, answer) = server.call("DELETE", &path, Some(&account.token), None).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    let rest: Vec<_> = chunks.collect().await;
    assert!(rest.last().unwrap().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_devices_is_cut_when_the_membership_ends() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let member = server.signup("bob@example.org").await;
    let members = format!("/api/v1/organizations/{}/members", account.organization);
    let body = json!({"email": "bob@example.org", "role": "user"});
    let (status, made) = server.call("POST", &members, Some(&account.token), Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    // More with readings than are on their way to the client.
    server.catalog.set_plan("ada@example.org", SubscriptionType::Paid, 1_000).await.unwrap();
    let mut devices = Vec::new();
    for n in 0..10 {
        let device = server.another_device(&account, &n.to_string()).await;
        server.store(&device, "a", &[(1, "1")]).await;
        devices.push(device);
    }
    let query = format!("device={}&format=ndjson", devices.join(","));
    // Somebody else's membership ends in between: that is none of the reader's business.
    let other = server.signup("eve@example.org").await;
    for (leaves, is_cut) in [(&other, false), (&member, true)] {
        let body =
            json!({"email": if is_cut { "bob@example.org" } else { "eve@example.org" }, "role": "user"});
        server.call("POST", &members, Some(&account.token), Some(body)).await;
        let (_, me) = server.call("GET", "/api/v1/me", Some(&leaves.token), None).await;
        let path = format!("/api/v1/readings/export?{query}");
        let response = server.send("GET", &path, Some(&member.token), "text/plain", Body::empty()).await;
        let mut chunks = response.into_body().into_data_stream();
        assert!(chunks.next().await.unwrap().is_ok());
        let path = format!("{members}/{}", me["id"].as_str().unwrap());
        let (status, answer) = server.call("DELETE", &path, Some(&account.token), None).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
        let rest: Vec<_> = chunks.collect().await;
        assert_eq!(rest.last().unwrap().is_err(), is_cut);
        assert_eq!(rest.len() == 9, !is_cut, "{}", rest.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_exports_and_imports_one_file_at_a_time() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let other = server.signup("bob@example.org").await;
    let (device, theirs) = (server.device(&account).await, server.device(&other).await);
    server.store(&device, "a", &[(1, "1")]).await;
    let export = |device: &str| format!("device={device}&format=csv");

    // The header is on its way, and the reading waits: it runs.
    let path = format!("/api/v1/readings/export?{}", export(&device));
    let running = server.send("GET", &path, Some(&account.token), "text/plain", Body::empty()).await;
    let (status, problem) = server.export(&export(&device), &account).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(problem.contains("\"export_running\""), "{problem}");
    assert_eq!(server.export(&export(&theirs), &other).await.0, StatusCode::OK);
    axum::body::to_bytes(running.into_body(), usize::MAX).await.unwrap();
    assert_eq!(server.export(&export(&device), &account).await.0, StatusCode::OK);

    let kind = "application/x-ndjson";
    let (sender, taken) = mpsc::channel(1);
    let body = stream::unfold(taken, |mut taken: mpsc::Receiver<String>| async move {
        taken.recv().await.map(|line| (Ok::<_, io::Error>(Bytes::from(line)), taken))
    });
    let meanwhile = async {
        // There is room for the second when the first was taken: it runs.
        sender.send(line(&device, 1)).await.unwrap();
        sender.send(line(&device, 2)).await.unwrap();
        let (status, problem) = server.import("", &account, kind, line(&device, 3)).await;
        assert_eq!((status, &problem["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("import_running")));
        assert_eq!(told(server.import("", &other, kind, line(&theirs, 3)).await), [1, 0, 0]);
        drop(sender);
    };
    let (report, ()) = tokio::join!(server.import("", &account, kind, Body::from_stream(body)), meanwhile);
    assert_eq!(told(report), [2, 0, 0]);
    assert_eq!(told(server.import("", &account, kind, line(&device, 3)).await), [1, 0, 0]);
}
