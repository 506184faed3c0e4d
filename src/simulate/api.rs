//! The part of the REST API that the fleet needs: log in, make devices and flows, read readings back. HTTP/1.1 on kept
//! connections, nothing else.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::target::Target;

/// Bytes of an answer. A page of 500 readings with long values stays under it.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long an answer may take: a stalled server is an error, not a wait without end.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections that make devices and flows at the same time.
const MAKERS: usize = 16;

/// A kept connection.
#[derive(Debug)]
pub struct Client {
    send: SendRequest<Full<Bytes>>,
    authority: String,
    token: Option<String>,
}

impl Client {
    async fn connect(address: SocketAddr, authority: &str, token: Option<String>) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        let (send, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection); // ends when `send` is dropped
        Ok(Self { send, authority: authority.to_owned(), token })
    }

    /// One request and its whole answer. Not cancel safe.
    pub async fn call(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Bytes)> {
        let mut request = Request::builder().method(method.clone()).uri(path).header("host", &self.authority);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let bytes = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Bytes::from(serde_json::to_vec(body)?)
            }
            None => Bytes::new(),
        };
        let exchange = async {
            self.send.ready().await?;
            let answer = self.send.send_request(request.body(Full::new(bytes))?).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
            Ok((status, body.map_err(|error| anyhow!(error))?.to_bytes()))
        };
        tokio::time::timeout(ANSWER_TIMEOUT, exchange)
            .await
            .map_err(|_| anyhow!("no answer in {} s", ANSWER_TIMEOUT.as_secs()))
            .flatten()
            .with_context(|| format!("{method} {path}"))
    }

    /// A request that must succeed; the answer as JSON.
    pub async fn expect(&mut self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let (status, bytes) = self.call(method.clone(), path, body).await?;
        if !status.is_success() {
            return Err(Problem::read(status, &bytes).into_error())
                .with_context(|| format!("{method} {path}"));
        }
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).with_context(|| format!("{method} {path}: the answer is not JSON"))
    }
}

impl Client {
    async fn new_token(&mut self, id: String) -> Result<Made> {
        let path = format!("/api/v1/devices/{id}/token");
        let answer = self.expect(Method::POST, &path, Some(&json!({}))).await?;
        let token = answer["token"].as_str().context("no token in the answer")?.to_owned();
        Ok(Made { id, token })
    }

    async fn new_device(&mut self, name: &str, organization: &str) -> Result<Made> {
        let device = json!({"organization_id": organization, "name": name, "device_type": "simulated"});
        let answer = self.expect(Method::POST, "/api/v1/devices", Some(&device)).await?;
        match (answer["device"]["id"].as_str(), answer["token"].as_str()) {
            (Some(id), Some(token)) => Ok(Made { id: id.to_owned(), token: token.to_owned() }),
            _ => bail!("the answer to a new device has no id or token"),
        }
    }

    async fn deploy_flow(&mut self, device: &str, flow_id: Option<String>, name: &str) -> Result<()> {
        let node = |id: &str, kind: &str, x: u32, data: Value| json!({"id": id, "type": kind, "position": {"x": x, "y": 0}, "data": data});
        let flow = json!({
            "name": name,
            "nodes": [
                node("in", "device", 0, json!({"mode": "read", "deviceUuid": device, "variable": "s0"})),
                node("average", "moving-average", 200, json!({"windowSize": 10})),
                node("high", "filter", 400, json!({"expression": "value > 1.0"})),
                node("show", "display", 600, json!({"displayType": "number"})),
            ],
            "edges": [
                {"id": "e1", "source": "in", "target": "average"},
                {"id": "e2", "source": "average", "target": "high"},
                {"id": "e3", "source": "high", "target": "show"},
            ],
        });
        let id = match flow_id {
            Some(id) => id,
            None => {
                let made = self.expect(Method::POST, "/api/v1/flows", Some(&flow)).await?;
                made["id"].as_str().context("the answer to a new flow has no id")?.to_owned()
            }
        };
        self.expect(Method::POST, &format!("/api/v1/flows/{id}/deploy"), Some(&json!({}))).await?;
        Ok(())
    }
}

/// What the API says when it refuses (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    #[serde(skip)]
    status: u16,
    code: String,
    title: String,
    detail: String,
}

impl Problem {
    fn read(status: StatusCode, bytes: &[u8]) -> Self {
        Self { status: status.as_u16(), ..serde_json::from_slice(bytes).unwrap_or_default() }
    }

    fn into_error(self) -> anyhow::Error {
        if self.code == "device_limit_reached" {
            return anyhow!(
                "the plan of this account allows no more devices: raise it with `edgesync admin plan EMAIL --type paid --device-limit N`"
            );
        }
        let text = if self.detail.is_empty() { self.title } else { self.detail };
        anyhow!("{} {} {text}", self.status, self.code)
    }
}

/// A device made for the run.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// Its token.
    pub token: String,
}

/// A login and the organization that its devices are made in.
#[derive(Debug)]
pub struct Account {
    address: SocketAddr,
    authority: String,
    token: String,
    organization: String,
}

impl Account {
    /// Logs in, or signs up if nobody has that address: with the setup token, as the first user of a server. Not cancel safe.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses the password.
    pub async fn enter(target: &Target, email: &str, password: &str, setup: Option<&str>) -> Result<Self> {
        let address = target.addresses(1).await?[0];
        let mut client = Client::connect(address, &target.authority, None).await?;
        let login = json!({"email": email, "password": password});
        let (status, bytes) = client.call(Method::POST, "/api/v1/auth/login", Some(&login)).await?;
        let answer: Value = if status == StatusCode::UNAUTHORIZED {
            let mut signup = login;
            if let Some(token) = setup {
                signup["setup_token"] = token.into();
            }
            let (status, bytes) = client.call(Method::POST, "/api/v1/auth/signup", Some(&signup)).await?;
            match status {
                StatusCode::CONFLICT => bail!("{email} exists, and this is not the password"),
                status if status.is_success() => serde_json::from_slice(&bytes)?,
                status => return Err(Problem::read(status, &bytes).into_error()).context("signing up"),
            }
        } else if status.is_success() {
            serde_json::from_slice(&bytes)?
        } else {
            return Err(Problem::read(status, &bytes).into_error()).context("logging in");
        };
        let token = answer["token"].as_str().context("the login answered without a token")?.to_owned();
        client.token = Some(token.clone());
        let organization = match answer["organization"]["id"].as_str() {
            Some(id) => id.to_owned(),
            None => {
                let list = client.expect(Method::GET, "/api/v1/organizations?limit=1", None).await?;
                list["items"][0]["id"].as_str().context("the account is in no organization")?.to_owned()
            }
        };
        Ok(Self { address, authority: target.authority.clone(), token, organization })
    }

    /// The organization that devices are made in.
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// The session's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A connection of its own, logged in.
    pub async fn client(&self) -> Result<Client> {
        Client::connect(self.address, &self.authority, Some(self.token.clone())).await
    }

    /// `count` devices: those that earlier runs made, with new tokens, and new ones for the rest. Not cancel safe.
    ///
    /// # Errors
    /// Whatever the API refuses; a reached device limit says what to run.
    pub async fn devices(&self, count: usize) -> Result<Vec<Made>> {
        let names: Vec<String> = (0..count).map(|i| format!("sim-{:05}", i + 1)).collect();
        let existing = self.existing(&format!("/api/v1/devices?organization={}", self.organization)).await?;
        let tasks = names.into_iter().map(|name| {
            let id = existing.get(&name).cloned();
            let organization = self.organization.clone();
            (name, id, organization)
        });
        self.each(tasks.collect(), |mut client, (name, id, organization)| async move {
            let made = match id {
                Some(id) => client.new_token(id).await?,
                None => client.new_device(&name, &organization).await?,
            };
            Ok((client, made))
        })
        .await
        .context("making devices")
    }

    /// Ids of what earlier runs made, by name. `list` is the path of the list, with its first parameter.
    async fn existing(&self, list: &str) -> Result<HashMap<String, String>> {
        let mut client = self.client().await?;
        let mut found = HashMap::new();
        let first_page = format!("{list}&q=sim-&limit=500");
        let mut path = first_page.clone();
        loop {
            let page = client.expect(Method::GET, &path, None).await?;
            for item in page["items"].as_array().into_iter().flatten() {
                if let (Some(name), Some(id)) = (item["name"].as_str(), item["id"].as_str()) {
                    found.insert(name.to_owned(), id.to_owned());
                }
            }
            match page["next"].as_str() {
                Some(cursor) => path = format!("{first_page}&cursor={cursor}"),
                None => return Ok(found),
            }
        }
    }

    /// Makes and deploys a flow per device, unless an earlier run did: the average of its first sensor, filtered, on display.
    /// Not cancel safe.
    pub async fn deploy_flows(&self, devices: &[Made]) -> Result<()> {
        let existing = self.existing("/api/v1/flows?").await?;
        let tasks = devices.iter().map(|device| {
            let name = format!("sim-{}", device.id);
            (device.id.clone(), existing.get(&name).cloned(), name)
        });
        self.each(tasks.collect(), |mut client, (device, flow, name)| async move {
            client.deploy_flow(&device, flow, &name).await?;
            Ok((client, ()))
        })
        .await
        .context("making flows")?;
        Ok(())
    }

    /// Does `work` for each of `tasks` on a few connections at once; results in the order of the tasks.
    /// The work takes the connection and gives it back, because a future that borrows it cannot be named `Send`.
    async fn each<T, R, W, F>(&self, tasks: Vec<T>, work: W) -> Result<Vec<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
        W: Fn(Client, T) -> F + Clone + Send + 'static,
        F: Future<Output = Result<(Client, R)>> + Send,
    {
        let count = tasks.len();
        let mut lanes: Vec<Vec<(usize, T)>> = (0..MAKERS.min(count.max(1))).map(|_| Vec::new()).collect();
        let width = lanes.len();
        for (i, task) in tasks.into_iter().enumerate() {
            lanes[i % width].push((i, task));
        }
        let mut set = JoinSet::new();
        for lane in lanes {
            let mut client = self.client().await?;
            let work = work.clone();
            set.spawn(async move {
                let mut done = Vec::with_capacity(lane.len());
                for (i, task) in lane {
                    let (back, result) = work(client, task).await?;
                    client = back;
                    done.push((i, result));
                }
                Ok::<_, anyhow::Error>(done)
            });
        }
        let mut all = Vec::with_capacity(count);
        while let Some(lane) = set.join_next().await {
            all.extend(lane??);
        }
        all.sort_unstable_by_key(|(i, _)| *i);
        Ok(all.into_iter().map(|(_, result)| result).collect())
    }
}
