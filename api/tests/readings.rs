//! Stored readings through the router: what members of the device's organization read, and that others read nothing.

#![allow(clippy::unwrap_used, reason = "the lint's exception for tests does not reach their helpers")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use edgesync_actors::system::{self, System};
use edgesync_api::accept::Gate;
use edgesync_api::state::AppState;
use edgesync_schemas::reading::{AdmittedBatch, Columns, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value as Measured;
use edgesync_storage::catalog::Catalog;
use edgesync_storage::log::{Append, OnCommit, Options, Outcome, ReadingLog};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};

/// The router over real stores, called without a socket.
struct Server {
    log: ReadingLog,
    service: TowerToHyperService<axum::Router>,
    _directory: tempfile::TempDir,
}

/// Somebody logged in.
struct Account {
    token: String,
    organization: String,
}

struct Silent;

impl OnCommit for Silent {
    fn done(&self, _: u64, outcome: Outcome) {
        assert!(matches!(outcome, Outcome::Durable { .. }));
    }
}

impl Server {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| Path::new(directory.path()).join(name);
        let catalog = Catalog::open(&path("catalog.db")).unwrap();
        let log = ReadingLog::open(&path("log"), Options::default()).unwrap();
        let system = System::start(catalog.clone(), log.clone(), system::Options::default()).await.unwrap();
        let state = AppState::new(catalog, log.clone(), system.handle(), Arc::new(Gate::default()));
        let service = TowerToHyperService::new(edgesync_api::router(state));
        Self { log, service, _directory: directory }
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request =
            Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.service.call(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str, account: &Account) -> (StatusCode, Value) {
        self.call("GET", &format!("/api/v1{path}"), Some(&account.token), None).await
    }

    async fn signup(&self, email: &str) -> Account {
        let body = json!({"email": email, "password": "a long enough password"});
        let (status, answer) = self.call("POST", "/api/v1/auth/signup", None, Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Account { token: text(&answer["token"]), organization: text(&answer["organization"]["id"]) }
    }

    async fn device(&self, account: &Account) -> String {
        let body = json!({"organization_id": account.organization, "name": "pump", "device_type": "pump"});
        let (status, answer) = self.call("POST", "/api/v1/devices", Some(&account.token), Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answer["device"]["id"].as_str().unwrap().to_owned()
    }

    /// Stores readings of a sensor: (seconds of event time, JSON of the value).
    async fn store(&self, device: &str, sensor: &str, readings: &[(i64, &str)]) {
        let device = device.parse().unwrap();
        let series = self.log.series().resolve(device, sensor).unwrap();
        let unit = self.log.series().unit(series, "C").unwrap();
        let mut columns = Columns::default();
        for (s, value) in readings {
            let value = Measured::from_json(value).unwrap();
            let unit = if value.raw().is_none() { unit } else { UnitIndex::NONE };
            columns.push(series, at(*s), value, unit, Quality::GOOD);
        }
        let permit = self.log.reserve(columns.bytes()).await;
        let batch = AdmittedBatch { device, received_at: at(5_000), numbered: None, columns };
        let end = self.log.end().plus(readings.len() as u64);
        self.log.submit(Append { batch, permit, tag: 0, on_commit: Arc::new(Silent) });
        let started = Instant::now();
        while self.log.end() < end {
            assert!(started.elapsed() < Duration::from_secs(20), "not durable within 20 s");
            tokio::task::yield_now().await;
        }
    }
}

fn at(s: i64) -> Timestamp {
    Timestamp::from_ms(s * 1000).unwrap()
}

fn values(page: &Value) -> Vec<f64> {
    page["items"].as_array().unwrap().iter().map(|reading| reading["value"].as_f64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn readings_are_read_in_pages_by_event_time() {
    let server = Server::start().await;
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
    let server = Server::start().await;
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
    let server = Server::start().await;
    let account = server.signup("ada@example.org").await;
    let device = server.device(&account).await;
    server.store(&device, "a", &[(30, "3"), (10, "1")]).await;
    server.store(&device, "b", &[(5, "7")]).await;
    let (status, latest) = server.get(&format!("/readings/latest?device={device}"), &account).await;
    assert_eq!((status, values(&latest)), (StatusCode::OK, vec![3.0, 7.0]));
    let (status, sensors) = server.get(&format!("/devices/{device}/sensors"), &account).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(sensors["items"][0], json!({"device_id": device, "sensor_type": "a", "units": ["C"]}));
    assert_eq!(sensors["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn to_outsiders_the_device_does_not_exist() {
    let server = Server::start().await;
    let account = server.signup("ada@example.org").await;
    let outsider = server.signup("eve@example.org").await;
    let device = server.device(&account).await;
    server.store(&device, "a", &[(1, "1")]).await;
    for path in ["/readings?device={}", "/readings/latest?device={}", "/devices/{}/sensors"] {
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
    let server = Server::start().await;
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
    ] {
        let (status, problem) = server.get(&format!("/readings?{query}"), &account).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(named), "{query}: {problem}");
    }
}
