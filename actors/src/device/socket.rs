//! What a socket is to a connection: a stream of what came and a sink of what goes.
//!
//! The api crate adapts its WebSocket to this; nothing here knows HTTP.

use edgesync_schemas::wire::close::Close;
use edgesync_schemas::wire::encoding::Message;
use futures_util::{Sink, Stream};

/// What came over a socket. `T` and `B` are the library's own text and bytes, so that nothing is copied.
#[derive(Debug)]
pub enum Inbound<T, B> {
    /// A text message, its fragments put together.
    Text(T),
    /// A binary message, its fragments put together.
    Binary(B),
    /// A ping; the library has answered it.
    Ping,
    /// A pong.
    Pong,
    /// The peer closes.
    Closed,
}

/// What goes over a socket.
#[derive(Debug, PartialEq)]
pub enum Outbound {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping.
    Ping,
    /// The last frame.
    Close(Close),
}

impl From<Message> for Outbound {
    fn from(message: Message) -> Self {
        match message {
            Message::Text(text) => Self::Text(text),
            Message::Binary(bytes) => Self::Binary(bytes),
        }
    }
}

/// Why a socket failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A message is longer than allowed.
    #[error("message too large")]
    TooLarge,
    /// The peer broke the WebSocket protocol (RFC 6455), or sent text that is not UTF-8.
    #[error("not the WebSocket protocol: {0}")]
    Protocol(String),
    /// The connection is gone.
    #[error("connection gone")]
    Gone,
}

/// A socket of a device or a dashboard.
pub trait Socket:
    Stream<Item = Result<Inbound<Self::Text, Self::Bytes>, Broken>>
    + Sink<Outbound, Error = Broken>
    + Unpin
    + Send
{
    /// Text of a message.
    type Text: std::ops::Deref<Target = str> + Send;
    /// Bytes of a message.
    type Bytes: std::ops::Deref<Target = [u8]> + Send;
}
