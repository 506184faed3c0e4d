//! The two encodings of the EdgeSync form: one set of frames, as JSON in text messages or as CBOR in binary ones.
//!
//! A session has one of them for its whole life; what it does with frames does not depend on which.

use super::decode::Malformed;
use super::encode::Rejected;
use super::frame::{DeviceFrame, Refusal};
use super::{cbor, decode, encode};
use crate::id::{DeviceId, FrameSeq};
use crate::time::Timestamp;

/// How the frames of a socket are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// JSON in text messages.
    Json,
    /// CBOR in binary messages.
    Cbor,
}

/// A message as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
}

impl Received<'_> {
    /// Its bytes.
    pub const fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}

impl Encoding {
    /// The WebSocket sub-protocol that stands for it.
    pub const fn sub_protocol(self) -> &'static str {
        match self {
            Self::Json => "edgesync.v1.json",
            Self::Cbor => "edgesync.v1.cbor",
        }
    }

    /// Reads a frame of a device.
    ///
    /// # Errors
    /// [`Malformed`] if it is a message of the other kind, or no frame of the protocol.
    pub fn device_frame(self, received: Received<'_>) -> Result<DeviceFrame<'_>, Malformed> {
        match (self, received) {
            (Self::Json, Received::Text(text)) => decode::device_frame(text),
            (Self::Cbor, Received::Binary(bytes)) => cbor::decode::device_frame(bytes),
            (Self::Json, Received::Binary(_)) => {
                Err(Malformed("this socket speaks JSON in text messages, not binary".into()))
            }
            (Self::Cbor, Received::Text(_)) => {
                Err(Malformed("this socket speaks CBOR in binary messages, not text".into()))
            }
        }
    }

    /// `welcome`; see [`encode::welcome`].
    pub fn welcome(
        self,
        device: DeviceId,
        now: Timestamp,
        acked: FrameSeq,
        rate: u32,
        heartbeat_s: u64,
    ) -> Message {
        match self {
            Self::Json => Message::Text(encode::welcome(device, now, acked, rate, heartbeat_s)),
            Self::Cbor => Message::Binary(cbor::encode::welcome(device, now, acked, rate, heartbeat_s)),
        }
    }

    /// `ack`; see [`encode::ack`].
    pub fn ack(self, q: FrameSeq, credit: u32, rejected: &[Rejected]) -> Message {
        match self {
            Self::Json => Message::Text(encode::ack(q, credit, rejected)),
            Self::Cbor => Message::Binary(cbor::encode::ack(q, credit, rejected)),
        }
    }

    /// `nack`; see [`encode::nack`].
    pub fn nack(
        self,
        q: FrameSeq,
        code: Refusal,
        expected: Option<FrameSeq>,
        retry_ms: Option<u32>,
    ) -> Message {
        match self {
            Self::Json => Message::Text(encode::nack(q, code, expected, retry_ms)),
            Self::Cbor => Message::Binary(cbor::encode::nack(q, code, expected, retry_ms)),
        }
    }
}
