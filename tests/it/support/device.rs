//! Devices of the EdgeSync form, in JSON and CBOR, and of the compatible form, as somebody would write them who has only read the protocol.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::api::NewDevice;
use super::server::Server;
use super::wait::within;

/// An open WebSocket.
pub struct Socket(pub WebSocketStream<TcpStream>);

impl Socket {
    /// Shakes hands on `path`; the HTTP status if that is refused.
    pub async fn open(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        match Self::try_open(address, path, headers).await {
            Ok(socket) => Ok(socket),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// Shakes hands on `path`.
    pub async fn try_open(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        Self::over(stream, path, headers).await
    }

    /// Shakes hands as a device of the EdgeSync form that speaks JSON.
    pub async fn try_open_device(address: SocketAddr, token: &str) -> Result<Self, Error> {
        let bearer = format!("Bearer {token}");
        let headers = [("sec-websocket-protocol", "edgesync.v1.json"), ("authorization", bearer.as_str())];
        Self::try_open(address, "/ws/v1/device", &headers).await
    }

    /// Shakes hands on `path` over a connection.
    pub async fn over(
        stream: TcpStream,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{}{path}", stream.peer_addr()?).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header value"));
        }
        stream.set_nodelay(true)?;
        let (socket, _) = within("the handshake", client_async(request, stream)).await?;
        Ok(Self(socket))
    }

    /// Sends a JSON frame.
    pub async fn say(&mut self, frame: Value) {
        self.send(Message::text(frame.to_string())).await;
    }

    /// Sends any message.
    pub async fn send(&mut self, message: Message) {
        within("sending", self.0.send(message)).await.unwrap();
    }

    /// The next JSON frame.
    pub async fn hear(&mut self) -> Value {
        within("a frame", self.try_hear()).await.unwrap_or_else(|end| panic!("the socket ended: {end}"))
    }

    /// The next JSON frame, or why there is none.
    pub async fn try_hear(&mut self) -> Result<Value, String> {
        match self.try_message().await? {
            Message::Text(text) => Ok(serde_json::from_str(&text).expect("frames are JSON")),
            other => panic!("not JSON: {other:?}"),
        }
    }

    /// The next message with a frame, or why there is none.
    pub async fn try_message(&mut self) -> Result<Message, String> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Close(close))) => return Err(format!("closed: {close:?}")),
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => return Ok(message),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.to_string()),
                None => return Err("gone".to_owned()),
            }
        }
    }

    /// The code and reason that the server closes with; frames before it are passed over.
    pub async fn hear_close(&mut self) -> (u16, String) {
        let close = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Close(Some(close)))) => {
                        return (close.code.into(), close.reason.to_string());
                    }
                    Some(Ok(Message::Close(None))) => panic!("closed without a code"),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => panic!("broken instead of closed: {error}"),
                    None => panic!("gone instead of closed"),
                }
            }
        };
        within("a close", close).await
    }
}

/// How the frames of the EdgeSync form are written.
#[derive(Clone, Copy)]
pub enum Form {
    Json,
    Cbor,
}

/// A device of the EdgeSync form, after its welcome.
pub struct Device {
    pub socket: Socket,
    pub welcome: Value,
    form: Form,
}

impl Device {
    /// Connects with the token in the header and greets, in JSON.
    pub async fn connect(server: &Server, device: &NewDevice, boot: u32, next: u64) -> Self {
        let hello = json!({"t": "hello", "boot": boot, "next": next});
        Self::greet(server, device, Form::Json, hello).await
    }

    /// The same in CBOR.
    pub async fn connect_cbor(server: &Server, device: &NewDevice, boot: u32, next: u64) -> Self {
        let hello = json!({"t": "hello", "boot": boot, "next": next, "fw": "1.0"});
        Self::greet(server, device, Form::Cbor, hello).await
    }

    async fn greet(server: &Server, device: &NewDevice, form: Form, hello: Value) -> Self {
        let opened = Self::handshake_in(form, server, Some(&device.token)).await;
        let socket = opened.expect("the handshake is accepted");
        let mut device = Self { socket, welcome: Value::Null, form };
        device.say(hello).await;
        device.welcome = device.hear().await;
        assert_eq!(device.welcome["t"], "welcome", "{}", device.welcome);
        device
    }

    /// Only the handshake; the HTTP status if it is refused.
    pub async fn handshake(server: &Server, token: Option<&str>) -> Result<Socket, u16> {
        Self::handshake_in(Form::Json, server, token).await
    }

    /// Only the handshake, in this form.
    pub async fn handshake_in(form: Form, server: &Server, token: Option<&str>) -> Result<Socket, u16> {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let protocol = match form {
            Form::Json => "edgesync.v1.json",
            Form::Cbor => "edgesync.v1.cbor",
        };
        let mut headers = vec![("sec-websocket-protocol", protocol)];
        if let Some(bearer) = &bearer {
            headers.push(("authorization", bearer));
        }
        Socket::open(server.address, "/ws/v1/device", &headers).await
    }

    async fn say(&mut self, frame: Value) {
        match self.form {
            Form::Json => self.socket.say(frame).await,
            Form::Cbor => self.socket.say_cbor(frame).await,
        }
    }

    async fn hear(&mut self) -> Value {
        match self.form {
            Form::Json => self.socket.hear().await,
            Form::Cbor => self.socket.hear_cbor().await,
        }
    }

    /// Sends a data frame.
    pub async fn data(&mut self, q: u64, readings: Value) {
        self.say(json!({"t": "data", "q": q, "r": readings})).await;
    }

    /// Sends a data frame and waits until it is acknowledged; what was refused of it.
    pub async fn deliver(&mut self, q: u64, readings: Value) -> Vec<Value> {
        self.data(q, readings).await;
        self.acked(q).await
    }

    /// Waits until frame `q` is acknowledged; what was refused on the way there.
    pub async fn acked(&mut self, q: u64) -> Vec<Value> {
        let mut refused = Vec::new();
        loop {
            let frame = self.hear().await;
            assert_eq!((&frame["t"], &frame["credit"]), (&json!("ack"), &json!(64)), "{frame}");
            refused.extend(frame["rej"].as_array().into_iter().flatten().cloned());
            if frame["q"].as_u64().expect("an ack has a q") >= q {
                return refused;
            }
        }
    }
}

/// A device of the compatible form, after its device_info.
pub struct CompatDevice {
    pub socket: Socket,
    pub info: Value,
}

impl CompatDevice {
    /// Connects with the token in the query.
    pub async fn connect(server: &Server, device: &NewDevice) -> Self {
        let path = format!("/ws/sensors/?token={}", device.token);
        let mut socket = Socket::open(server.address, &path, &[]).await.expect("the handshake is accepted");
        let info = socket.hear().await;
        assert_eq!(info["type"], "device_info", "{info}");
        Self { socket, info }
    }

    /// Sends a frame and waits for its reply.
    pub async fn ask(&mut self, frame: Value) -> Value {
        self.socket.say(frame).await;
        self.socket.hear().await
    }

    /// Sends a frame that must be saved; the reply.
    pub async fn save(&mut self, frame: Value) -> Value {
        let reply = self.ask(frame).await;
        assert_eq!(reply["status"], "success", "{reply}");
        reply
    }
}
