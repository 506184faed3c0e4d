//! A reader of server-sent events, as somebody would write it who has only read the standard.

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};

use super::api::Api;
use super::wait::within;

/// An open stream.
pub struct Events {
    body: Incoming,
    text: String,
    /// The id of the last event, which a browser comes back with.
    pub last: String,
    /// Milliseconds that a browser waits before it comes back.
    pub retry_ms: u64,
}

impl Events {
    /// Opens one; the HTTP status if that is refused.
    pub async fn open(api: &Api, path: &str, last: Option<&str>) -> Result<Self, u16> {
        let stream = TcpStream::connect(api.address).await.unwrap();
        Self::over(stream, api, path, last).await
    }

    /// Opens one with a receive buffer of this size, so that the server soon finds no room if nothing is read.
    pub async fn open_narrow(api: &Api, path: &str, bytes: u32) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(bytes).unwrap();
        let stream = socket.connect(api.address).await.unwrap();
        Self::over(stream, api, path, None).await.expect("it is opened")
    }

    async fn over(stream: TcpStream, api: &Api, path: &str, last: Option<&str>) -> Result<Self, u16> {
        let (mut send, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::get(path)
            .header("host", api.address.to_string())
            .header("authorization", format!("Bearer {}", api.token));
        let request = last.into_iter().fold(request, |of, last| of.header("last-event-id", last));
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let answer = within(path, send.send_request(request)).await.unwrap();
        if answer.status() != 200 {
            return Err(answer.status().as_u16());
        }
        let body = answer.into_body();
        Ok(Self { body, text: String::new(), last: last.unwrap_or_default().to_owned(), retry_ms: 0 })
    }

    /// The next event and what it is called; nothing if the stream has ended, its place if it was cut.
    pub async fn try_next(&mut self) -> Result<Option<(String, Value)>, String> {
        loop {
            while !self.text.contains("\n\n") {
                match self.body.frame().await {
                    None => return Ok(None),
                    Some(Err(_)) => return Err(self.last.clone()),
                    Some(Ok(frame)) => {
                        let part = frame.into_data().expect("there are no trailers");
                        self.text.push_str(std::str::from_utf8(&part).expect("a part is whole events"));
                    }
                }
            }
            let (block, rest) = self.text.split_once("\n\n").unwrap();
            let (mut name, mut data) = (String::new(), String::new());
            for line in block.lines().filter(|line| !line.starts_with(':')) {
                match line.split_once(": ").unwrap_or_else(|| panic!("no field: {line}")) {
                    ("event", value) => name = value.to_owned(),
                    ("data", value) => data = value.to_owned(),
                    ("id", value) => self.last = value.to_owned(),
                    ("retry", value) => self.retry_ms = value.parse().unwrap(),
                    other => panic!("unknown field: {other:?}"),
                }
            }
            self.text = rest.to_owned();
            if !data.is_empty() {
                return Ok(Some((name, serde_json::from_str(&data).expect("data is JSON"))));
            }
        }
    }

    /// The next event, which must be called so.
    pub async fn expect(&mut self, name: &str) -> Value {
        let next = within(name, self.try_next()).await.expect("the stream is not cut");
        let (called, data) = next.unwrap_or_else(|| panic!("the stream ended before {name}"));
        assert_eq!((called.as_str(), &data["t"]), (name, &Value::from(name)), "{data}");
        data
    }
}
