//! CBOR over a device's socket. Frames are built from JSON literals and written by ciborium.

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::device::Socket;
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
        let heard = within("a frame", self.try_message()).await;
        match heard.unwrap_or_else(|end| panic!("the socket ended: {end}")) {
            Message::Binary(bytes) => ciborium::from_reader(&*bytes).expect("frames are CBOR"),
            other => panic!("not CBOR: {other:?}"),
        }
    }
}
