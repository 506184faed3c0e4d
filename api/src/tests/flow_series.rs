//! What flows have stored, read back.

use std::collections::HashMap;

use edgesync_schemas::id::{DeviceId, Offset};
use edgesync_schemas::reading::Quality;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::log::{Derived, DerivedOf, DerivedRow, Retention};

use super::samples::ago;
use super::*;

/// A row: series, device, sensor, event time, JSON of the value.
type Row<'a> = (&'a str, Option<&'a str>, Option<&'a str>, Timestamp, &'a str);

impl Server {
    /// A flow of a user's: its address, with what it has stored.
    async fn flow_with(&self, user: &User, rows: &[Row<'_>]) -> String {
        let made =
            self.post("/api/v1/flows", user, json!({"name": "f", "nodes": [], "edges": []})).await.is(201);
        let id = text(&made["id"]);
        let rows = rows.iter().zip(0..).map(|((name, device, sensor, timestamp, json), n)| {
            let (num, raw) = edgesync_schemas::value::Value::from_json(json).unwrap().into_parts();
            let unit = (n % 2 == 0).then(|| "C".parse().unwrap());
            Derived {
                flow: id.parse().unwrap(),
                of: DerivedOf {
                    name: name.parse().unwrap(),
                    device: device.map(|device| device.parse::<DeviceId>().unwrap()),
                    sensor: sensor.map(|sensor| sensor.parse().unwrap()),
                },
                row: DerivedRow {
                    timestamp: *timestamp,
                    offset: Offset(n),
                    num,
                    raw,
                    unit,
                    quality: Quality::GOOD,
                },
            }
        });
        self.state.log.put_derived(&Arc::new(rows.collect())).await.unwrap();
        format!("/api/v1/flows/{id}/series")
    }

    /// All entries of a list, page by page.
    async fn pages(&self, path: &str, user: &User, limit: usize) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}limit={limit}{cursor}"), user).await.is(200);
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= limit);
            all.extend(items.iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}

fn numbers(rows: &[Value]) -> Vec<f64> {
    rows.iter().map(|row| row["value"].as_f64().unwrap()).collect()
}

#[tokio::test]
async fn series_are_listed_with_their_newest_row_and_found_by_what_they_are_of() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (one, _) = server.device(&ada, "one").await;
    let (two, _) = server.device(&ada, "two").await;
    let path = server
        .flow_with(
            &ada,
            &[
                ("mean", Some(&one), Some("t"), ago(60), "1.5"),
                ("mean", Some(&one), Some("t"), ago(30), "2.5"),
                ("mean", Some(&two), Some("t"), ago(60), "\"on\""),
                ("mean", Some(&one), Some("u"), ago(60), "4"),
                ("all", None, None, ago(60), "5"),
                ("device", Some(&one), None, ago(60), "6"),
                ("old", None, None, ago(40 * 86_400), "7"),
            ],
        )
        .await;
    let listed = server.pages(&format!("{path}?"), &ada, 2).await;
    let names: Vec<_> =
        listed.iter().map(|series| (text(&series["name"]), series["sensor_type"].clone())).collect();
    let of = |name: &str, sensor: Option<&str>| (name.to_owned(), json!(sensor));
    let (t, u) = (Some("t"), Some("u"));
    assert_eq!(
        names,
        [of("all", None), of("device", None), of("mean", t), of("mean", u), of("mean", t), of("old", None)]
    );
    let newest = &listed
        .iter()
        .find(|series| series["device_id"] == *one && series["sensor_type"] == "t")
        .unwrap()["latest"];
    assert_eq!(
        (&newest["value"], &newest["unit"], &newest["reading_id"]),
        (&json!(2.5), &json!(null), &json!(1))
    );
    let found = async |query: &str| server.pages(&format!("{path}?{query}&"), &ada, 10).await.len();
    assert_eq!(found("name=mean").await, 3);
    assert_eq!(found(&format!("device={one}")).await, 3);
    assert_eq!(found(&format!("device={one}&sensor=t")).await, 1);
    assert_eq!(found("name=nothing").await, 0);
    // Too old to be told, whether or not it is still there.
    server.state.log.set_retention(Retention::new(30, HashMap::new()));
    let old = server.pages(&format!("{path}?name=old&"), &ada, 10).await;
    assert_eq!(old[0]["latest"], json!(null));
    assert_eq!(server.pages(&format!("{path}/rows?name=old&"), &ada, 10).await, [json!(null); 0]);
}

#[tokio::test]
async fn rows_come_by_event_time_in_pages_both_ways() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (device, _) = server.device(&ada, "one").await;
    let times: Vec<Timestamp> = (0..7).map(|n| ago(700 - n * 100)).collect();
    let values = ["0", "1", "true", "\"text\"", "{\"a\":1}", "5", "6"];
    let rows: Vec<Row<'_>> =
        times.iter().zip(values).map(|(at, value)| ("s", Some(&*device), Some("t"), *at, value)).collect();
    let path = format!("{}/rows?name=s&device={device}&sensor=t", server.flow_with(&ada, &rows).await);
    let all = server.pages(&format!("{path}&"), &ada, 3).await;
    assert_eq!(numbers(&all), [0.0, 1.0, 1.0, 0.0, 0.0, 5.0, 6.0]);
    assert_eq!((&all[3]["raw_data"], &all[4]["raw_data"]), (&json!("text"), &json!({"a": 1})));
    assert_eq!((&all[0]["unit"], &all[1]["unit"]), (&json!("C"), &json!(null)));
    assert_eq!(all[5]["timestamp"], json!(times[5]));
    let mut back = server.pages(&format!("{path}&order=desc&"), &ada, 2).await;
    back.reverse();
    assert_eq!(back, all);
    let (from, to) = (times[1].as_ms() + 1, times[5].as_ms());
    let some = server.pages(&format!("{path}&from={from}&to={to}&"), &ada, 500).await;
    assert_eq!(some, all[2..5]);
    let nothing = format!("{path}&from={to}&to={from}&");
    assert_eq!(server.pages(&nothing, &ada, 5).await.len(), 0);
    let other = path.replace("sensor=t", "sensor=u");
    assert_eq!(server.pages(&format!("{other}&"), &ada, 5).await.len(), 0);
}

#[tokio::test]
async fn rows_are_told_in_buckets() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let minute =
        |n: i64, s: i64| Timestamp::from_ms((ago(3600).as_ms() / 60_000 + n) * 60_000 + s * 1000).unwrap();
    let path = server
        .flow_with(
            &ada,
            &[
                ("s", None, None, minute(-5, 0), "9"),
                ("s", None, None, minute(1, 0), "1"),
                ("s", None, None, minute(1, 59), "3"),
                ("s", None, None, minute(2, 0), "\"open\""),
                ("t", None, None, minute(2, 0), "7"),
            ],
        )
        .await;
    let (from, to) = (minute(0, 0).as_ms(), minute(3, 0).as_ms());
    let query = format!("{path}/buckets?from={from}&to={to}&bucket=1m");
    let told = server.get(&format!("{query}&agg=avg,count,last"), &ada).await.is(200);
    assert_eq!((&told["bucket"], &told["tz"]), (&json!("1m"), &json!("UTC")));
    let series = told["series"].as_array().unwrap();
    assert_eq!((series.len(), &series[0]["name"], &series[0]["device_id"]), (2, &json!("s"), &json!(null)));
    assert_eq!(series[0]["ts"], json!([from, from + 60_000, from + 120_000]));
    assert_eq!(series[0]["avg"], json!([null, 2.0, null]));
    assert_eq!(series[0]["count"], json!([0, 2, 1]));
    assert_eq!(series[0]["last"], json!([null, 3.0, "open"]));
    assert_eq!(series[1]["avg"], json!([null, null, 7.0]));
    let filled = server.get(&format!("{query}&name=s&fill=previous"), &ada).await.is(200);
    assert_eq!(filled["series"][0]["avg"], json!([9.0, 2.0, 2.0]));
    assert_eq!(filled["series"].as_array().unwrap().len(), 1);
    let points =
        server.get(&format!("{path}/buckets?from={from}&to={to}&points=1&agg=sum"), &ada).await.is(200);
    assert_eq!((&points["width_ms"], &points["series"][0]["sum"]), (&json!(180_000), &json!([4.0])));
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_by_name() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let bob = server.sign_up("bob@example.org").await;
    let path =
        server.flow_with(&ada, &[("s", None, None, ago(60), "1"), ("t", None, None, ago(60), "1")]).await;
    for (query, parameter) in [
        ("/rows", "name"),
        ("/rows?name=a%20b", "name"),
        ("/rows?name=s&sensor=t", "sensor"),
        ("/rows?name=s&device=x", "device"),
        ("/rows?name=s&order=up", "order"),
        ("/rows?name=s&cursor=x", "cursor"),
        ("/rows?name=s&from=soon", "from"),
        ("?limit=0", "limit"),
        ("?q=s", "q"),
        ("/buckets?bucket=1x", "bucket"),
        ("/buckets?agg=mean", "agg"),
        ("/buckets?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
    ] {
        let refused = server.get(&format!("{path}{query}"), &ada).await.is(400);
        assert!(refused["detail"].as_str().unwrap().contains(parameter), "{query}: {refused:#}");
    }
    let next = server.get(&format!("{path}?limit=1"), &ada).await.is(200)["next"].clone();
    let of_rows = format!("{path}/rows?name=s&cursor={}", next.as_str().unwrap());
    server.get(&of_rows, &ada).await.is(400);
    let many = server.get(&format!("{path}/buckets?from=0&bucket=1s"), &ada).await.is(400);
    assert!(many["detail"].as_str().unwrap().contains("bucket"), "{many:#}");
    for query in ["", "/rows?name=s", "/buckets"] {
        server.get(&format!("{path}{query}"), &bob).await.refused(404, "not_found", &[]);
    }
}

#[tokio::test]
async fn who_may_not_read_a_device_does_not_read_what_a_flow_stored_of_it() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let bob = server.sign_up("bob@example.org").await;
    let (theirs, _) = server.device(&ada, "theirs").await;
    let (own, _) = server.device(&bob, "own").await;
    let t = Some("t");
    let rows: [Row<'_>; 3] = [
        ("both", None, None, ago(60), "1"),
        ("one", Some(&own), t, ago(60), "2"),
        ("one", Some(&theirs), t, ago(60), "3"),
    ];
    server.join(&ada, "bob@example.org", "user").await;
    // a flow of bob's, with what it read in a version that is not the newest
    let path = server.flow_with(&bob, &rows).await;
    let flow = path.trim_end_matches("/series").rsplit('/').next().unwrap().parse().unwrap();
    let reads = |devices: &[&str]| json!({"nodes": [{"id": "in", "type": "device-sensor", "data": {"devices": devices}}], "edges": []});
    for (version, devices) in [(1, [&*theirs, &*own]), (2, [&*own, &*own])] {
        server.state.catalog.set_flow_deployed(None, flow, version, &reads(&devices)).await.unwrap();
    }
    // what is told of each of them: series, rows and buckets
    let told = async |path: &str, who: &User| -> Vec<Vec<f64>> {
        let latest = server.pages(&format!("{path}?"), who, 1).await;
        let latest = latest.iter().map(|series| series["latest"]["value"].as_f64().unwrap()).collect();
        let mut rows = Vec::new();
        for of in [
            "name=both".to_owned(),
            format!("name=one&device={own}&sensor=t"),
            format!("name=one&device={theirs}&sensor=t"),
        ] {
            rows.extend(numbers(&server.pages(&format!("{path}/rows?{of}&"), who, 5).await));
        }
        let buckets = server.get(&format!("{path}/buckets?points=1"), who).await.is(200);
        let buckets = buckets["series"].as_array().unwrap().iter().map(|of| of["avg"][0].as_f64().unwrap());
        vec![latest, rows, buckets.collect()]
    };
    let sorted = |mut told: Vec<Vec<f64>>| {
        told.iter_mut().for_each(|one| one.sort_by(f64::total_cmp));
        told
    };
    assert_eq!(sorted(told(&path, &bob).await), vec![vec![1.0, 2.0, 3.0]; 3]);
    let member = format!("/api/v1/organizations/{}/members/{}", ada.organization, bob.id);
    server.delete(&member, &ada).await.is(204);
    assert_eq!(told(&path, &bob).await, vec![vec![2.0]; 3], "bob has left the organization");

    // a flow of ada's in a project that bob is a member of, and that is of the other organization
    let path = server.flow_with(&ada, &rows).await;
    let flow = path.trim_end_matches("/series").rsplit('/').next().unwrap().to_owned();
    let catalog = &server.state.catalog;
    catalog.set_flow_deployed(None, flow.parse().unwrap(), 1, &reads(&[&theirs])).await.unwrap();
    server.post(&format!("/api/v1/flows/{flow}/stop"), &ada, json!({})).await.is(200);
    server.join(&bob, "ada@example.org", "user").await;
    let project = json!({"organization_id": bob.organization, "name": "p"});
    let project = server.post("/api/v1/projects", &bob, project).await.is(201)["id"].clone();
    server.patch(&format!("/api/v1/flows/{flow}"), &ada, json!({"project_id": project})).await.is(200);
    assert_eq!(told(&path, &bob).await, vec![vec![2.0]; 3], "the flow is of another project");
    assert_eq!(sorted(told(&path, &ada).await), vec![vec![1.0, 2.0, 3.0]; 3]);
    // a device that is gone keeps nobody from what was made of many; of it alone nothing is told, as of its readings
    server.delete(&format!("/api/v1/devices/{theirs}"), &ada).await;
    assert_eq!(sorted(told(&path, &bob).await), vec![vec![1.0, 2.0]; 3]);
}

also_on_postgres!(
    "flow_series.rs",
    [
        series_are_listed_with_their_newest_row_and_found_by_what_they_are_of,
        rows_come_by_event_time_in_pages_both_ways,
        rows_are_told_in_buckets,
        what_cannot_be_told_is_refused_by_name,
        who_may_not_read_a_device_does_not_read_what_a_flow_stored_of_it,
    ]
);
