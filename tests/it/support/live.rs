//! A dashboard's live socket.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};

use super::api::Api;
use super::device::Socket;
use super::server::Server;
use super::wait::within;

/// An open live socket, logged in.
pub struct Live {
    pub socket: Socket,
    /// The newest value of each subscription, as a dashboard would draw it.
    newest: HashMap<u32, f64>,
}

impl Live {
    /// Connects and logs in with the account's token.
    pub async fn connect(server: &Server, api: &Api) -> Self {
        let stream = TcpStream::connect(server.address).await.unwrap();
        Self::over(stream, api).await
    }

    /// Connects with a receive buffer of this size, so that the server soon finds no room if nothing is read.
    pub async fn connect_narrow(server: &Server, api: &Api, bytes: u32) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(bytes).unwrap();
        Self::over(socket.connect(server.address).await.unwrap(), api).await
    }

    /// Logs in over a connection.
    pub async fn over(stream: TcpStream, api: &Api) -> Self {
        let mut socket = Socket::over(stream, "/ws/v1/live", &[]).await.expect("the handshake is accepted");
        socket.say(json!({"t": "auth", "token": api.token})).await;
        Self { socket, newest: HashMap::new() }
    }

    /// Subscribes to a node of a flow; the snapshot.
    pub async fn flow_node(&mut self, id: u32, flow: &str, node: &str) -> Value {
        self.subscribe(json!({"t": "sub", "id": id, "flow": flow, "node": node, "max_hz": 50})).await
    }

    /// Subscribes to a sensor of a device; the snapshot.
    pub async fn sensor(&mut self, id: u32, device: &str, sensor: &str) -> Value {
        self.subscribe(json!({"t": "sub", "id": id, "device": device, "sensor": sensor, "max_hz": 50})).await
    }

    async fn subscribe(&mut self, frame: Value) -> Value {
        let id = frame["id"].clone();
        self.socket.say(frame).await;
        loop {
            let snap = self.socket.hear().await;
            if snap["t"] == "upd" && snap["id"] != id {
                self.note(&snap);
                continue;
            }
            assert_eq!((&snap["t"], &snap["id"]), (&json!("snap"), &id), "{snap}");
            return snap;
        }
    }

    fn note(&mut self, frame: &Value) {
        let newest = frame["v"].as_array().and_then(|values| values.last()).and_then(Value::as_f64);
        if let (Some("upd"), Some(id), Some(newest)) = (frame["t"].as_str(), frame["id"].as_u64(), newest) {
            self.newest.insert(id as u32, newest);
        }
    }

    /// Waits until a subscription shows `value` as its newest.
    pub async fn shows(&mut self, id: u32, value: f64) {
        let mut seen = Vec::new();
        let shown = async {
            while self.newest.get(&id).is_none_or(|newest| (newest - value).abs() > 1e-9) {
                let frame = self.socket.try_hear().await.expect("the live socket stays open");
                self.note(&frame);
                seen.push(frame);
            }
        };
        let result = tokio::time::timeout(super::wait::PATIENCE, shown).await;
        assert!(result.is_ok(), "subscription {id} never showed {value}; instead: {seen:?}");
    }

    /// The next frame that is for a subscription.
    pub async fn next(&mut self, id: u32) -> Value {
        within("a live frame", async {
            loop {
                let frame = self.socket.try_hear().await.expect("the live socket stays open");
                if frame["id"] == id {
                    return frame;
                }
                self.note(&frame);
            }
        })
        .await
    }
}
