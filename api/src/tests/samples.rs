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
    async fn widget(&self, user: &User, mut body: Value) -> String {
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
    assert_eq!(shown("samples").await, json!({"items": [], "next": null}));
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
        assert_eq!(data["latest"], samples[3], "{aggregation}");
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
        let samples = server.get(&format!("{path}/samples"), &ada).await.is(200);
        assert_eq!(samples["items"], json!([data["latest"]]));
        let variables = server.get(&format!("{path}/tracked-variables"), &ada).await.is(200);
        assert_eq!(variables["items"], json!([]));
    }
}

#[tokio::test]
async fn a_widget_of_a_flows_node_shows_what_is_kept_of_it() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let flow = server.post("/api/v1/flows", &ada, json!({"name": "f"})).await.is(201);
    let source = json!({"data_source_type": "flow_node", "flow_id": flow["id"], "node_id": "n", "aggregation": "count"});
    let path = server.widget(&ada, source).await;
    let data = server.get(&format!("{path}/data"), &ada).await.is(200);
    assert_eq!((&data["latest"], &data["aggregate"], &data["count"]), (&Value::Null, &json!(0.0), &json!(0)));
    assert_eq!(server.get(&format!("{path}/samples"), &ada).await.is(200)["items"], json!([]));
    assert_eq!(server.state.actors.live.followed(), 1, "and from now on it is kept");
}
