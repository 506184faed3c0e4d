//! What a socket is to a connection: a stream of what came and a sink of what goes.
//!
//! The api crate adapts its WebSocket to this; nothing here knows HTTP.

use edgesync_schemas::wire::close::Close;
use futures_util::{Sink, Stream};

/// What came over a socket. `T` is the library's own text, so that nothing is copied.
#[derive(Debug)]
pub enum Inbound<T> {
    /// A text message, its fragments put together.
    Text(T),
    /// A binary message.
    Binary,
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
    /// A ping.
    Ping,
    /// The last frame.
    Close(Close),
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
    Stream<Item = Result<Inbound<Self::Text>, Broken>> + Sink<Outbound, Error = Broken> + Unpin + Send
{
    /// Text of a message.
    type Text: std::ops::Deref<Target = str> + Send;
}
