//! The REST API as a user sees it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::server::Server;
use super::wait::{eventually, within};

static NEXT: AtomicU32 = AtomicU32::new(1);

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct Api {
    pub address: SocketAddr,
    pub email: String,
    pub token: String,
    pub organization: String,
}

/// A device as its creation answers it.
#[derive(Debug, Clone)]
pub struct NewDevice {
    pub id: String,
    pub token: String,
}

impl Api {
    /// A new account.
    pub async fn sign_up(server: &Server) -> Self {
        let email = format!("user{}@example.org", NEXT.fetch_add(1, Ordering::Relaxed));
        let body = json!({"email": email, "password": "correct horse battery"});
        let (status, answer) =
            call(server.address, None, Method::POST, "/api/v1/auth/signup", Some(&body)).await;
        assert_eq!(status, 201, "{answer}");
        Self {
            address: server.address,
            email,
            token: text(&answer["token"]),
            organization: text(&answer["organization"]["id"]),
        }
    }

    /// An account that exists.
    pub async fn log_in(server: &Server, email: &str, password: &str) -> Self {
        let body = json!({"email": email, "password": password});
        let path = "/api/v1/auth/login";
        let (status, answer) = call(server.address, None, Method::POST, path, Some(&body)).await;
        assert_eq!(status, 200, "{answer}");
        let nowhere = Self {
            address: server.address,
            email: email.to_owned(),
            token: text(&answer["token"]),
            organization: String::new(),
        };
        let organizations = nowhere.get("/api/v1/organizations").await;
        Self { organization: text(&organizations["items"][0]["id"]), ..nowhere }
    }

    /// The same account at a server that was started again.
    pub fn at(&self, server: &Server) -> Self {
        Self { address: server.address, ..self.clone() }
    }

    /// Gives the account a plan with more devices.
    pub async fn allow_devices(&self, server: &Server, limit: u32) {
        server.admin(&["plan", &self.email, "--type", "paid", "--device-limit", &limit.to_string()]).await;
    }

    /// Any request, with its status.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        call(self.address, Some(&self.token), method, path, body).await
    }

    /// A GET that must succeed.
    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "GET {path}: {answer}");
        answer
    }

    /// A POST that must succeed.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, Some(&body)).await;
        assert!((200..300).contains(&status), "POST {path}: {status} {answer}");
        answer
    }

    /// A new device.
    pub async fn new_device(&self, name: &str) -> NewDevice {
        let body = json!({"organization_id": self.organization, "name": name});
        let answer = self.post("/api/v1/devices", body).await;
        NewDevice { id: text(&answer["device"]["id"]), token: text(&answer["token"]) }
    }

    /// A new token for a device; the old one ends at once.
    pub async fn rotate(&self, device: &NewDevice) -> NewDevice {
        let answer = self.post(&format!("/api/v1/devices/{}/token", device.id), json!({})).await;
        NewDevice { id: device.id.clone(), token: text(&answer["token"]) }
    }

    /// Makes a flow and deploys it.
    pub async fn deploy(&self, name: &str, nodes: Value, edges: Value) -> String {
        let flow = self.post("/api/v1/flows", json!({"name": name, "nodes": nodes, "edges": edges})).await;
        let id = text(&flow["id"]);
        self.post(&format!("/api/v1/flows/{id}/deploy"), json!({})).await;
        id
    }

    /// Everything that is stored of a device, page by page, by event time.
    pub async fn readings(&self, device: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut path = format!("/api/v1/readings?device={device}&limit=500");
        loop {
            let page = self.get(&path).await;
            all.extend(page["items"].as_array().expect("a page has items").iter().cloned());
            match page["next"].as_str() {
                Some(cursor) => path = format!("/api/v1/readings?device={device}&limit=500&cursor={cursor}"),
                None => return all,
            }
        }
    }

    /// The numbers stored of a sensor, by event time.
    pub async fn values(&self, device: &str, sensor: &str) -> Vec<f64> {
        let all = self.readings(device).await;
        all.iter().filter(|r| r["sensor_type"] == sensor).map(|r| r["value"].as_f64().unwrap()).collect()
    }

    /// Waits until exactly these numbers are stored of a sensor, in any order.
    pub async fn expect_values(&self, device: &str, sensor: &str, expected: &[f64]) {
        let mut expected = expected.to_vec();
        expected.sort_by(f64::total_cmp);
        eventually("stored values", async || {
            let mut stored = self.values(device, sensor).await;
            stored.sort_by(f64::total_cmp);
            if stored == expected { Ok(()) } else { Err(format!("{stored:?} instead of {expected:?}")) }
        })
        .await;
    }
}

/// A request without a login.
pub async fn anonymous(server: &Server, method: Method, path: &str) -> (u16, Value) {
    call(server.address, None, method, path, None).await
}

/// A number from the server's metrics: the sum over its labels.
pub async fn metric(server: &Server, name: &str) -> f64 {
    let (status, answer) = anonymous(server, Method::GET, "/metrics").await;
    assert_eq!(status, 200, "{answer}");
    let numbers: Vec<f64> = text(&answer)
        .lines()
        .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{'])))
        .map(|line| line.rsplit_once(' ').expect("a metric has a value").1.parse().unwrap())
        .collect();
    assert!(!numbers.is_empty(), "there is no metric {name}");
    numbers.iter().sum()
}

/// A request and its answer: the status and, if it is JSON, the body.
pub async fn call(
    address: SocketAddr,
    token: Option<&str>,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> (u16, Value) {
    within(path, async {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut send, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", address.to_string());
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let answer = send.send_request(request.body(Full::new(body)).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let answer = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        (status, answer)
    })
    .await
}

/// A field that must be text.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Whether every record that came into a node of a flow's metrics, or was made there, is somewhere.
pub fn adds_up(node: &Value) -> bool {
    let of = |names: &[&str]| names.iter().map(|name| node[*name].as_u64().unwrap()).sum::<u64>();
    of(&["records_in", "records_made"])
        == of(&["records_out", "filtered", "late", "errors", "dropped", "in_flight"])
}
