//! Stored readings through the router: what members of the device's organization read, and that others read nothing.
//!
//! Here: a server without a socket. `pages.rs`: single readings; `buckets.rs`: buckets; `files.rs` and `lines.rs`: exports and imports. They are compiled twice, with
//! another `server()` each time, so a test in them runs on both stores by being there. (What they do with a [`Server`] is therefore here.)

#![allow(clippy::unwrap_used, reason = "the lint's exception for tests does not reach their helpers")]

mod on_files;
mod on_postgres;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use edgesync_actors::system::{self, System};
use edgesync_api::accept::Gate;
use edgesync_api::state::AppState;
use edgesync_schemas::reading::{AdmittedBatch, Columns, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value as Measured;
use edgesync_storage::catalog::Catalog;
use edgesync_storage::log::{Append, OnCommit, Options, Outcome, ReadingLog};
use edgesync_storage::postgres::{Server as Database, Target};
use edgesync_test_postgres::Cluster;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};

/// The router over real stores, called without a socket.
struct Server {
    catalog: Catalog,
    log: ReadingLog,
    service: TowerToHyperService<axum::Router>,
    _place: Place,
}

/// What it stores in, which goes with it.
enum Place {
    Directory(#[expect(dead_code, reason = "held until the server is gone")] tempfile::TempDir),
    Cluster(#[expect(dead_code, reason = "held until the server is gone")] Cluster),
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
    async fn on_files() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| Path::new(directory.path()).join(name);
        let catalog = Catalog::open(&path("catalog.db")).unwrap();
        let log = ReadingLog::open(&path("log"), Options::default()).unwrap();
        Self::of(catalog, log, Place::Directory(directory)).await
    }

    async fn on_postgres() -> Self {
        // What a power cut does to it is shown elsewhere.
        let cluster = edgesync_test_postgres::Options::new().unsynced();
        let cluster = tokio::task::spawn_blocking(move || cluster.start()).await.unwrap();
        let database = Database::open(&Target::parse(&cluster.url()).unwrap()).await.unwrap();
        let log = ReadingLog::open_postgres(&database, Options::default()).await.unwrap();
        let catalog = Catalog::open_postgres(&database).await.unwrap();
        Self::of(catalog, log, Place::Cluster(cluster)).await
    }

    async fn of(catalog: Catalog, log: ReadingLog, place: Place) -> Self {
        let system = System::start(catalog.clone(), log.clone(), system::Options::default()).await.unwrap();
        let state = AppState::new(catalog.clone(), log.clone(), system.handle(), Arc::new(Gate::default()));
        let service = TowerToHyperService::new(edgesync_api::router(state));
        Self { catalog, log, service, _place: place }
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.send(method, path, token, "application/json", body).await;
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        kind: &str,
        body: Body,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.service.call(request.body(body).unwrap()).await.unwrap()
    }

    async fn export(&self, query: &str, account: &Account) -> (StatusCode, String) {
        let path = format!("/api/v1/readings/export?{query}");
        let response = self.send("GET", &path, Some(&account.token), "text/plain", Body::empty()).await;
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn import(
        &self,
        query: &str,
        account: &Account,
        kind: &str,
        body: impl Into<Body>,
    ) -> (StatusCode, Value) {
        let path = format!("/api/v1/readings/import?{query}");
        let response = self.send("POST", &path, Some(&account.token), kind, body.into()).await;
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn another_device(&self, account: &Account, name: &str) -> String {
        let body = json!({"organization_id": account.organization, "name": name, "device_type": "pump"});
        let (status, answer) = self.call("POST", "/api/v1/devices", Some(&account.token), Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answer["device"]["id"].as_str().unwrap().to_owned()
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
