//! What the API answers, asked of the router of a whole server without a listener.

#[macro_use]
mod both;

mod accounts;
mod assets;
mod audit;
mod authority;
mod bulk;
mod dashboards;
mod dashboards_whole;
mod device_actions;
mod devices;
mod events;
mod executions;
mod flow_series;
mod flow_states;
mod flows;
mod idempotency;
mod lists;
mod live;
mod matrix;
mod members;
mod openapi;
mod organizations;
mod permissions;
mod projects;
mod refusals;
mod samples;
mod schema;
mod sessions;
mod share_links;
mod sockets;
mod texts;
mod tokens;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use edgesync_actors::{System, system};
use edgesync_schemas::entity::user::SubscriptionType;
use edgesync_storage::catalog::Catalog;
use edgesync_storage::log::{Options, ReadingLog};
use edgesync_storage::postgres::{Server as Database, Target};
use edgesync_test_postgres::Cluster;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::accept::Gate;
use crate::state::AppState;

const PASSWORD: &str = "correct horse";

/// A server, and what it stores in.
struct Server {
    router: Router,
    /// What the server says of itself; each answer is held against it.
    document: Value,
    state: AppState,
    _system: System,
    place: Place,
}

/// Somebody who is logged in.
struct User {
    id: String,
    token: String,
    organization: String,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

/// Where a server stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backend {
    Embedded,
    Postgres,
}

/// What it stores in, which goes with it.
enum Place {
    Directory(tempfile::TempDir),
    Cluster(#[expect(dead_code, reason = "held until the server is gone")] Arc<Cluster>),
}

/// Databases of this process.
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A server on files, or in a database of the cluster that the tests of this thread share.
async fn server() -> Server {
    let Some(cluster) = both::cluster() else { return server_on(Backend::Embedded).await };
    let url = cluster.database(&format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed)));
    server_in(cluster, &url).await
}

async fn server_on(backend: Backend) -> Server {
    match backend {
        Backend::Embedded => {
            let dir = tempfile::tempdir().unwrap();
            let catalog = Catalog::open(&dir.path().join("catalog.db")).unwrap();
            let readings = dir.path().join("readings");
            let log = tokio::task::spawn_blocking(move || ReadingLog::open(&readings, Options::default()));
            server_of(Place::Directory(dir), catalog, log.await.unwrap().unwrap()).await
        }
        Backend::Postgres => {
            let cluster = edgesync_test_postgres::Options::new().unsynced();
            let cluster = tokio::task::spawn_blocking(move || cluster.start()).await.unwrap();
            let url = cluster.url();
            server_in(Arc::new(cluster), &url).await
        }
    }
}

async fn server_in(cluster: Arc<Cluster>, url: &str) -> Server {
    let database = Database::open(&Target::parse(url).unwrap()).await.unwrap();
    let log = ReadingLog::open_postgres(&database, Options::default()).await.unwrap();
    let catalog = Catalog::open_postgres(&database).await.unwrap();
    server_of(Place::Cluster(cluster), catalog, log).await
}

async fn server_of(place: Place, catalog: Catalog, log: ReadingLog) -> Server {
    let system = System::start(catalog.clone(), log.clone(), system::Options::default()).await.unwrap();
    let state = AppState::new(catalog, log, system.handle(), Arc::new(Gate::default()));
    let router = crate::router(state.clone());
    let document = Request::get("/api/openapi.json").body(Body::empty()).unwrap();
    let document = router.clone().oneshot(document).await.unwrap().into_body();
    let document =
        serde_json::from_slice(&axum::body::to_bytes(document, usize::MAX).await.unwrap()).unwrap();
    Server { router, document, state, _system: system, place }
}

impl Server {
    /// The file of an embedded catalog.
    fn catalog_file(&self) -> std::path::PathBuf {
        let Place::Directory(dir) = &self.place else { panic!("the catalog is in a database") };
        dir.path().join("catalog.db")
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let is_endless = parts.headers.get(header::CONTENT_TYPE).is_some_and(|of| of == "text/event-stream");
        let bytes = if is_endless {
            body.into_data_stream().next().await.unwrap().unwrap()
        } else {
            axum::body::to_bytes(body, usize::MAX).await.unwrap()
        };
        let body =
            serde_json::from_slice(&bytes).unwrap_or(Value::String(String::from_utf8_lossy(&bytes).into()));
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        self.holds(&method, &path, &answer);
        answer
    }

    /// Fails if the operation does not describe such an answer.
    fn holds(&self, method: &Method, path: &str, answer: &Answer) {
        let Some(operation) = self.operation(method, path) else { return };
        let status = answer.status.as_str();
        let response = &operation["responses"][status];
        assert!(response.is_object(), "{method} {path} does not describe {status}: {:#}", answer.body);
        let kind = answer.headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap());
        let described = schema::resolve(&self.document, response)["content"].as_object();
        let Some(kind) = kind else {
            return assert!(described.is_none(), "{method} {path} {status}: no body");
        };
        let kind = kind.split(';').next().unwrap();
        let content = described.and_then(|content| content.get(kind));
        let content = content.unwrap_or_else(|| panic!("{method} {path} does not describe {status} {kind}"));
        let bodies = if kind.ends_with("ndjson") { answer.lines() } else { vec![answer.body.clone()] };
        for body in bodies.iter().filter(|_| kind.ends_with("json")) {
            let wrong = schema::violations(&self.document, &content["schema"], body);
            assert!(wrong.is_empty(), "{method} {path} {status}: {wrong:#?} in {body:#}");
        }
    }

    /// What the document says of the operation at an address.
    fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let parts: Vec<_> = path.split('/').collect();
        let fits = |template: &str| {
            let template: Vec<_> = template.split('/').collect();
            let mut pairs = template.iter().zip(&parts);
            let same = template.len() == parts.len();
            (same && pairs.all(|(of, part)| of.starts_with('{') || of == part))
                .then(|| template.iter().filter(|of| of.starts_with('{')).count())
        };
        let paths = self.document["paths"].as_object().unwrap().iter();
        // an address without parameters goes before one with
        let (_, item) =
            paths.filter_map(|(path, item)| Some((fits(path)?, item))).min_by_key(|(open, _)| *open)?;
        item.get(method.as_str().to_lowercase())
    }

    async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    async fn get(&self, path: &str, user: &User) -> Answer {
        self.call(Method::GET, path, Some(&user.token), None).await
    }

    /// Asks for what is not known by this tag.
    async fn get_unless(&self, path: &str, user: &User, tag: &str) -> Answer {
        let request = Request::get(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", user.token))
            .header(header::IF_NONE_MATCH, tag);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, user: &User, body: Value) -> Answer {
        self.call(Method::POST, path, Some(&user.token), Some(body)).await
    }

    async fn patch(&self, path: &str, user: &User, body: Value) -> Answer {
        self.call(Method::PATCH, path, Some(&user.token), Some(body)).await
    }

    async fn delete(&self, path: &str, user: &User) -> Answer {
        self.call(Method::DELETE, path, Some(&user.token), None).await
    }

    /// A save that must find `version`.
    async fn save(&self, method: Method, path: &str, user: &User, version: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", user.token))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_MATCH, version);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn sign_up(&self, email: &str) -> User {
        let body = json!({"email": email, "password": PASSWORD, "name": "Ada"});
        let made = self.call(Method::POST, "/api/v1/auth/signup", None, Some(body)).await.is(201);
        User {
            id: text(&made["user"]["id"]),
            token: text(&made["token"]),
            organization: text(&made["organization"]["id"]),
        }
    }

    async fn device(&self, user: &User, name: &str) -> (String, String) {
        let body = json!({"organization_id": user.organization, "name": name});
        let made = self.post("/api/v1/devices", user, body).await.is(201);
        (text(&made["device"]["id"]), text(&made["token"]))
    }

    async fn allow_devices(&self, email: &str, limit: u32) {
        self.state.catalog.set_plan(email, SubscriptionType::Paid, limit).await.unwrap();
    }
}

impl Answer {
    /// The body, a value per line.
    fn lines(&self) -> Vec<Value> {
        match &self.body {
            Value::String(text) => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            one => vec![one.clone()],
        }
    }

    /// The body, if the status is this one.
    #[track_caller]
    fn is(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        self.body
    }

    /// Whether it is a problem whose detail has this in it.
    fn says(&self, what: &str) -> bool {
        self.body["detail"].as_str().is_some_and(|detail| detail.contains(what))
    }

    /// Checks that it is a problem of this kind with errors at these pointers.
    #[track_caller]
    fn refused(self, status: u16, code: &str, pointers: &[&str]) {
        assert_eq!(
            (self.status.as_u16(), self.body["code"].as_str()),
            (status, Some(code)),
            "{:#}",
            self.body
        );
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(self.body["status"], status);
        for member in ["type", "title", "detail"] {
            assert!(self.body[member].is_string(), "{:#}", self.body);
        }
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        let found: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(found, pointers, "{:#}", self.body);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
