use edgesync_schemas::limit;
use edgesync_schemas::reading::{AdmittedBatch, Columns, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::value::Value as Measured;
use edgesync_storage::log::{Append, OnCommit, Outcome};
use tokio::sync::Notify;

use super::*;

struct Done(Notify);

impl OnCommit for Done {
    fn done(&self, _: u64, outcome: Outcome) {
        assert!(matches!(outcome, Outcome::Durable { .. }));
        self.0.notify_one();
    }
}

pub(super) fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_us_saturating(jiff::Timestamp::now().as_microsecond()).plus_us(-seconds * 1_000_000)
}

impl Server {
    /// Stores readings of a device: (event time, JSON of the value).
    pub(super) async fn store(&self, device: &str, sensor: &str, readings: &[(Timestamp, &str)]) {
        let device = device.parse().unwrap();
        let log = &self.state.log;
        let series = log.series().resolve(device, sensor).unwrap();
        let unit = log.series().unit(series, "C").unwrap();
        let mut columns = Columns::default();
        for (at, value) in readings {
            columns.push(series, *at, Measured::from_json(value).unwrap(), unit, Quality::GOOD);
        }
        let permit = log.reserve(columns.bytes()).await;
        let batch = AdmittedBatch { device, received_at: ago(0), numbered: None, columns };
        let done = Arc::new(Done(Notify::new()));
        log.submit(Append { batch, permit, tag: 0, on_commit: Arc::clone(&done) as Arc<dyn OnCommit> });
        done.0.notified().await;
    }

    /// Makes a widget on a dashboard of its own; its address.
    pub(super) async fn widget(&self, user: &User, mut body: Value) -> String {
        let board = json!({"organization_id": user.organization, "name": "d"});
        let board = self.post("/api/v1/dashboard-templates", user, board).await.is(201);
        let path = format!("/api/v1/dashboard-templates/{}/widgets", text(&board["id"]));
        body["widget_id"] = "w".into();
        body["widget_type"] = "stat_panel".into();
        self.post(&path, user, body).await.is(201);
        path + "/w"
    }
}

#[tokio::test]
async fn a_widget_of_a_sensor_shows_what_is_stored() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let (pump, _) = server.device(&ada, "pump").await;
    let source = json!({"data_source_type": "device_sensor", "device_id": pump, "sensor_type": "t",
        "max_samples": 4, "refresh_interval": 600_000});
    let path = server.widget(&ada, source).await;
    let shown = async |what: &str| server.get(&format!("{path}/{what}"), &ada).await.is(200);
    assert_eq!(shown("samples").await, json!({"items": [], "next": null, "kept": true}));
    let nothing = shown("data").await;
    assert_eq!(
        (&nothing["latest"], &nothing["aggregate"], &nothing["count"]),
        (&Value::Null, &Value::Null, &json!(0))
    );

    let times = [ago(7200), ago(300), ago(200), ago(100), ago(50)];
    let values = ["50", "1", "\"open\"", "4", "true"];
    let readings: Vec<_> = times.iter().copied().zip(values).collect();
    server.store(&pump, "t", &readings).await;
    server.store(&pump, "other", &[(ago(1), "9")]).await;
    let samples = shown("samples").await["items"].clone();
    let told: Vec<_> =
        samples.as_array().unwrap().iter().map(|s| (s["value"].clone(), s["raw_data"].clone())).collect();
    let expected = [(1.0, Value::Null), (0.0, json!("open")), (4.0, Value::Null), (1.0, json!(true))];
    assert_eq!(told, expected.map(|(number, raw)| (json!(number), raw)), "the newest four, oldest first");
    assert_eq!(samples[0]["unit"], "C");

    for (aggregation, aggregate) in
        [("last", 1.0), ("avg", 2.0), ("sum", 6.0), ("min", 1.0), ("max", 4.0), ("count", 4.0)]
    {
        server.patch(&path, &ada, json!({"aggregation": aggregation})).await.is(200);
        let data = shown("data").await;
        assert_eq!(
            (&data["aggregate"], &data["count"]),
            (&json!(aggregate), &json!(4)),
            "{aggregation}: {data}"
        );
        assert_eq!((&data["latest"], &data["complete"]), (&samples[3], &json!(true)), "{aggregation}");
    }
    server.patch(&path, &ada, json!({"aggregation": "max", "refresh_interval": 86_400_000})).await.is(200);
    let data = shown("data").await;
    assert_eq!((&data["aggregate"], &data["count"]), (&json!(50.0), &json!(5)));

    server.get(&format!("{path}/samples"), &eve).await.refused(404, "not_found", &[]);
    let variables = shown("tracked-variables").await["items"].clone();
    assert_eq!(
        (&variables[0]["device_id"], &variables[0]["sensor_type"], &variables[0]["max_samples"]),
        (&json!(pump), &json!("t"), &json!(4))
    );
    server.delete(&format!("/api/v1/devices/{pump}"), &ada).await.is(204);
    for what in ["samples", "data"] {
        server.get(&format!("{path}/{what}"), &ada).await.refused(403, "forbidden", &[]);
    }
}

#[tokio::test]
async fn a_static_widget_shows_its_value() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    for (value, number, raw, aggregate) in [
        (json!(7.5), 7.5, Value::Null, json!(7.5)),
        (json!(true), 1.0, json!(true), json!(1.0)),
        (json!({"a": 1}), 0.0, json!({"a": 1}), Value::Null),
    ] {
        let path = server.widget(&ada, json!({"data_source_type": "static", "static_value": value})).await;
        let data = server.get(&format!("{path}/data"), &ada).await.is(200);
        assert_eq!((&data["latest"]["value"], &data["latest"]["raw_data"]), (&json!(number), &raw));
        assert_eq!((&data["aggregate"], &data["count"]), (&aggregate, &json!(1)));
        assert_eq!(data["complete"], true);
        let samples = server.get(&format!("{path}/samples"), &ada).await.is(200);
        assert_eq!((&samples["items"], &samples["kept"]), (&json!([data["latest"]]), &json!(true)));
        let variables = server.get(&format!("{path}/tracked-variables"), &ada).await.is(200);
        assert_eq!(variables["items"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_widget_of_a_flows_node_shows_what_is_kept_of_it_and_whether_that_is_all() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let nodes = json!([
        {"id": "in", "type": "device-sensor", "position": {"x": 0, "y": 0},
         "data": {"devices": [pump], "sensors": ["t"]}},
        {"id": "show", "type": "display", "position": {"x": 1, "y": 0}, "data": {}},
    ]);
    let edges = json!([{"id": "1", "source": "in", "target": "show"}]);
    let flow = server.post("/api/v1/flows", &ada, json!({"name": "f", "nodes": nodes, "edges": edges})).await;
    let flow = text(&flow.is(201)["id"]);
    let deploy = format!("/api/v1/flows/{flow}/deploy");
    server.call(Method::POST, &deploy, Some(&ada.token), None).await.is(200);
    let source = json!({"data_source_type": "flow_node", "flow_id": flow, "node_id": "show",
        "max_samples": 2, "refresh_interval": 3_600_000});
    let path = server.widget(&ada, source).await;
    let shown = async |what: &str| server.get(&format!("{path}/{what}"), &ada).await.is(200);
    let data = shown("data").await;
    assert_eq!(
        (&data["latest"], &data["aggregate"], &data["count"]),
        (&Value::Null, &Value::Null, &json!(0))
    );
    assert_eq!(data["complete"], false, "nobody watched before");
    assert_eq!(server.state.actors.live.followed(), 1, "and from now on it is kept");

    let readings = [(ago(4), "1"), (ago(3), "2"), (ago(2), "4")];
    server.store(&pump, "t", &readings).await;
    let until = async |what: &str, is_so: &dyn Fn(&Value) -> bool| {
        for _ in 0..2000 {
            let data = shown("data").await;
            if is_so(&data) {
                return data;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("not within 20 s: {what}");
    };
    let data = until("they went through the flow", &|data| data["count"] == 3).await;
    assert_eq!(
        (&data["aggregate"], &data["latest"]["value"]),
        (&json!(4.0), &json!(4.0)),
        "of more than `max_samples`"
    );
    assert_eq!(data["complete"], false, "it was not watched for an hour");
    let samples = shown("samples").await;
    assert_eq!((samples["items"].as_array().unwrap().len(), &samples["kept"]), (2, &json!(true)));
    let metrics = server.call(Method::GET, "/metrics", None, None).await.body;
    assert!(text(&metrics).contains("\nedgesync_widgets_kept 1\n"), "{metrics}");

    // another that shows the same has it at once
    let source = json!({"data_source_type": "flow_node", "flow_id": flow, "node_id": "show"});
    let other = server.widget(&ada, source).await;
    let samples = server.get(&format!("{other}/samples"), &ada).await.is(200);
    let values: Vec<_> = samples["items"].as_array().unwrap().iter().map(|one| &one["value"]).collect();
    assert_eq!(values, [&json!(1.0), &json!(2.0), &json!(4.0)]);

    server.patch(&path, &ada, json!({"refresh_interval": 100})).await.is(200);
    let data = until("it was watched for the whole interval", &|data| data["complete"] == true).await;
    assert_eq!((&data["aggregate"], &data["count"]), (&Value::Null, &json!(0)), "they are older");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_widget_of_a_flows_node_that_aggregates_shows_buckets_that_are_kept() {
    const DAY_US: i64 = 86_400_000_000;
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let nodes = json!([
        {"id": "in", "type": "device-sensor", "position": {"x": 0, "y": 0},
         "data": {"devices": [pump], "sensors": ["t"]}},
        {"id": "show", "type": "display", "position": {"x": 1, "y": 0}, "data": {}},
    ]);
    let edges = json!([{"id": "1", "source": "in", "target": "show"}]);
    let project = json!({"organization_id": ada.organization, "name": "p"});
    let project = text(&server.post("/api/v1/projects", &ada, project).await.is(201)["id"]);
    let body = json!({"name": "f", "project_id": project, "nodes": nodes, "edges": edges});
    let flow = server.post("/api/v1/flows", &ada, body).await;
    let flow = text(&flow.is(201)["id"]);
    let deploy = format!("/api/v1/flows/{flow}/deploy");
    server.call(Method::POST, &deploy, Some(&ada.token), None).await.is(200);
    let source = json!({"data_source_type": "flow_node", "flow_id": flow, "node_id": "show",
        "aggregation": "sum", "max_samples": 3, "refresh_interval": DAY_US / 1_000});
    let path = server.widget(&ada, source).await;
    let shown = async |what: &str| server.get(&format!("{path}/{what}"), &ada).await.is(200);
    let until = async |is_so: &dyn Fn(&Value) -> bool| {
        for _ in 0..2000 {
            let samples = shown("samples").await;
            if is_so(&samples) {
                return samples;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("not within 20 s");
    };
    until(&|samples| samples["kept"] == true).await;
    let today = ago(0).as_us().div_euclid(DAY_US) * DAY_US;
    let at = |days: i64, us: i64| Timestamp::from_us(today - days * DAY_US + us).unwrap();
    // nobody watches
    let readings = [
        (at(9, 0), "64"),
        (at(3, 5), "1"),
        (at(2, 0), "\"open\""),
        (at(0, 0), "4"),
        (at(0, 1), "8"),
        (at(3, DAY_US - 1), "2"),
    ];
    server.store(&pump, "t", &readings).await;
    let samples = until(&|samples| samples["items"][0]["value"] == 3.0).await;
    let expected = [
        (at(3, 0), json!(3.0), Value::Null),
        (at(2, 0), json!(0.0), Value::Null),
        (at(0, 0), json!(12.0), Value::Null),
    ];
    let items = |samples: &Value| {
        let items = samples["items"].as_array().unwrap().clone();
        items.into_iter().map(|one| (one["timestamp"].clone(), one["value"].clone(), one["raw_data"].clone()))
    };
    let expected: Vec<_> = expected.into_iter().map(|(at, sum, raw)| (json!(at), sum, raw)).collect();
    assert_eq!(items(&samples).collect::<Vec<_>>(), expected);
    let data = shown("data").await;
    assert_eq!(data["latest"]["value"], 12.0);
    let from: Timestamp = serde_json::from_value(data["from"].clone()).unwrap();
    assert_eq!(from.as_us() % DAY_US, 0);
    // unless a day has ended
    let is_today = data["from"] == json!(at(0, 0));
    let of_today = if is_today { (json!(12.0), json!(2)) } else { (Value::Null, json!(0)) };
    assert_eq!((&data["aggregate"], &data["count"]), (&of_today.0, &of_today.1));
    assert_eq!(data["complete"], false, "it was not kept when the day began");
    // who has a link sees them, too
    let board = path.split("/widgets/").next().unwrap();
    let link = server.post(&format!("{board}/share-links"), &ada, json!({"name": "wall"})).await.is(201);
    let by_link = server.call(Method::GET, "/api/v1/shared/widgets/w/samples", link["token"].as_str(), None);
    assert_eq!(by_link.await.is(200), samples);
    // what is made of them is another matter
    server.patch(&path, &ada, json!({"aggregation": "max"})).await.is(200);
    let values: Vec<_> = items(&shown("samples").await).map(|(_, value, _)| value).collect();
    assert_eq!(values, [json!(2.0), json!(0.0), json!(8.0)]);
    server.patch(&path, &ada, json!({"aggregation": "count"})).await.is(200);
    let data = shown("data").await;
    assert_eq!((&data["latest"]["value"], &data["aggregate"]), (&json!(2.0), &json!(of_today.1.as_f64())));
    // another interval begins anew
    server.patch(&path, &ada, json!({"refresh_interval": 100})).await.is(200);
    until(&|samples| samples["items"] == json!([])).await;
    for _ in 0..2000 {
        let data = shown("data").await;
        assert_eq!(
            (&data["aggregate"], &data["count"], &data["latest"]),
            (&json!(0.0), &json!(0), &Value::Null)
        );
        if data["complete"] == true {
            return;
        }
    }
    panic!("it is kept for longer than a bucket");
}

#[tokio::test]
async fn more_of_a_flows_node_than_is_kept_cannot_be_asked_for() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let flow = server.post("/api/v1/flows", &ada, json!({"name": "f"})).await.is(201);
    let of_node = |samples: usize| {
        json!({"widget_id": "n", "widget_type": "gauge", "data_source_type": "flow_node", "flow_id": flow["id"],
            "node_id": "n", "max_samples": samples})
    };
    let source = json!({"data_source_type": "device_sensor", "device_id": pump, "sensor_type": "t",
        "max_samples": limit::SAMPLES_PER_VARIABLE});
    let of_sensor = server.widget(&ada, source).await;
    let widgets = of_sensor.trim_end_matches("/w");
    let refused = ["/max_samples"];
    let answer = server.post(widgets, &ada, of_node(limit::LIVE_POINTS + 1)).await;
    assert!(text(&answer.body["errors"][0]["message"]).contains(&limit::LIVE_POINTS.to_string()));
    answer.refused(422, "validation_failed", &refused);
    server.post(widgets, &ada, of_node(limit::LIVE_POINTS)).await.is(201);
    let change = json!({"max_samples": limit::LIVE_POINTS + 1});
    server.patch(&format!("{widgets}/n"), &ada, change).await.refused(422, "validation_failed", &refused);
    let change = json!({"data_source_type": "flow_node", "flow_id": flow["id"], "node_id": "n"});
    server.patch(&of_sensor, &ada, change).await.refused(422, "validation_failed", &refused);

    let readings: Vec<_> = (0..limit::LIVE_POINTS as i64 + 1).map(|n| (ago(5000 - n), "1")).collect();
    server.store(&pump, "t", &readings).await;
    let samples = server.get(&format!("{of_sensor}/samples"), &ada).await.is(200);
    assert_eq!(samples["items"].as_array().unwrap().len(), readings.len(), "of a sensor all come");
}
