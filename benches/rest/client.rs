//! A connection to the REST API for benches: HTTP/1.1, one request at a time.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// Which server, and who asks.
#[derive(Debug, clap::Args)]
pub struct Account {
    /// Where the server is: `http://ADDRESS:PORT`.
    #[arg(long)]
    pub url: String,
    /// An account.
    #[arg(long)]
    pub email: String,
    /// Its password.
    #[arg(long)]
    pub password: String,
}

pub struct Client {
    http: SendRequest<Full<Bytes>>,
    host: String,
    pub token: String,
}

impl Client {
    pub async fn connect(address: SocketAddr, token: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (http, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { http, host: address.to_string(), token: token.to_owned() })
    }

    /// Connects and logs in.
    pub async fn log_in(Account { url, email, password }: &Account) -> Result<Self> {
        let mut client = Self::connect(address(url)?, "").await?;
        let login = json!({"email": email, "password": password});
        let login = client.json(&Method::POST, "/api/v1/auth/login", Some(&login)).await?;
        client.token = login["token"].as_str().context("a token")?.to_owned();
        Ok(client)
    }

    /// What an answer of success holds.
    pub async fn call(&mut self, method: &Method, path: &str, body: Option<&Value>) -> Result<Bytes> {
        let body = body.map(|body| Bytes::from(body.to_string()));
        self.send(method, path, "application/json", body).await
    }

    /// As [`Self::call`], with a body of any type.
    pub async fn send(
        &mut self,
        method: &Method,
        path: &str,
        content_type: &str,
        body: Option<Bytes>,
    ) -> Result<Bytes> {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.host);
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if body.is_some() {
            request = request.header("content-type", content_type);
        }
        self.http.ready().await?;
        let answer = self.http.send_request(request.body(Full::new(body.unwrap_or_default()))?).await?;
        let status = answer.status();
        let bytes = answer.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!("{method} {path}: {status} {}", String::from_utf8_lossy(&bytes));
        }
        Ok(bytes)
    }

    pub async fn json(&mut self, method: &Method, path: &str, body: Option<&Value>) -> Result<Value> {
        Ok(serde_json::from_slice(&self.call(method, path, body).await?)?)
    }
}

/// Where the server is: `http://ADDRESS:PORT`.
pub fn address(url: &str) -> Result<SocketAddr> {
    url.trim_start_matches("http://").trim_end_matches('/').parse().context("--url")
}
