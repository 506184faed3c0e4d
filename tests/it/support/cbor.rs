//! A device of the EdgeSync form in CBOR. Frames are built from JSON literals and written by ciborium.

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::api::NewDevice;
use super::device::Socket;
use super::server::Server;
use super::wait::within;

/// A frame in CBOR.
pub fn cbor(frame: &impl serde::Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(frame, &mut bytes).unwrap();
    bytes
}

impl Socket {
    /// Sends a frame in CBOR.
    pub async fn say_cbor(&mut self, frame: Value) {
        self.send(Message::binary(cbor(&frame))).await;
    }

    /// The next frame in CBOR.
    pub async fn hear_cbor(&mut self) -> Value {
        let frame = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Binary(bytes))) => {
                        return ciborium::from_reader(&*bytes).expect("frames are CBOR");
                    }
                    Some(Ok(Message::Text(text))) => panic!("text on a CBOR socket: {text}"),
                    Some(Ok(Message::Close(close))) => panic!("closed: {close:?}"),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => panic!("the socket ended: {error}"),
                    None => panic!("gone"),
                }
            }
        };
        within("a frame", frame).await
    }
}

/// A device of the EdgeSync form in CBOR, after its welcome.
pub struct CborDevice {
    pub socket: Socket,
    pub welcome: Value,
}

impl CborDevice {
    /// Connects with the token in the header and greets.
    pub async fn connect(server: &Server, device: &NewDevice, boot: u32, next: u64) -> Self {
        let mut socket =
            Self::handshake(server, Some(&device.token)).await.expect("the handshake is accepted");
        socket.say_cbor(json!({"t": "hello", "boot": boot, "next": next, "fw": "1.0"})).await;
        let welcome = socket.hear_cbor().await;
        assert_eq!(welcome["t"], "welcome", "{welcome}");
        Self { socket, welcome }
    }

    /// Only the handshake; the HTTP status if it is refused.
    pub async fn handshake(server: &Server, token: Option<&str>) -> Result<Socket, u16> {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("sec-websocket-protocol", "edgesync.v1.cbor")];
        if let Some(bearer) = &bearer {
            headers.push(("authorization", bearer));
        }
        Socket::open(server.address, "/ws/v1/device", &headers).await
    }

    /// Sends a data frame.
    pub async fn data(&mut self, q: u64, readings: Value) {
        self.socket.say_cbor(json!({"t": "data", "q": q, "r": readings})).await;
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
            let frame = self.socket.hear_cbor().await;
            assert_eq!((&frame["t"], &frame["credit"]), (&json!("ack"), &json!(64)), "{frame}");
            refused.extend(frame["rej"].as_array().into_iter().flatten().cloned());
            if frame["q"].as_u64().expect("an ack has a q") >= q {
                return refused;
            }
        }
    }
}
