//! axum's WebSocket as a [`Socket`] of the actors crate.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use edgesync_actors::device::socket::{Broken, Inbound, Outbound, Socket};
use edgesync_actors::device::{self, Context, Form};
use edgesync_schemas::limit;
use futures_util::{Sink, Stream};

/// A device's socket. Boxed: it is handed from future to future, each of which would keep room for it.
#[derive(Debug)]
pub struct WsSocket(Box<WebSocket>);

impl WsSocket {
    /// Around axum's socket.
    pub fn new(socket: WebSocket) -> Self {
        Self(Box::new(socket))
    }
}

/// Completes the handshake and serves the device's socket in a task of its own. The task of the handshake ends with it: what it held
/// would be kept for as long as the socket is open.
pub(super) fn serve(upgrade: WebSocketUpgrade, form: Form, context: Arc<Context>) -> Response {
    bounded(upgrade).on_upgrade(move |socket| async move {
        tokio::spawn(device::run(WsSocket::new(socket), form, context));
    })
}

/// A device socket's buffers and bounds. The library's own defaults are 128 KiB per idle connection and 64 MiB per message.
fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(limit::DEVICE_READ_BUFFER_BYTES)
        .write_buffer_size(limit::DEVICE_WRITE_BUFFER_BYTES)
        .max_write_buffer_size(limit::DEVICE_WRITE_QUEUE_BYTES)
        .max_frame_size(limit::DEVICE_FRAME_BYTES)
        .max_message_size(limit::DEVICE_FRAME_BYTES)
}

impl Socket for WsSocket {
    type Text = Utf8Bytes;
    type Bytes = Bytes;
}

impl Stream for WsSocket {
    type Item = Result<Inbound<Utf8Bytes, Bytes>, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0).poll_next(cx).map(|message| {
            Some(match message? {
                Ok(Message::Text(text)) => Ok(Inbound::Text(text)),
                Ok(Message::Binary(bytes)) => Ok(Inbound::Binary(bytes)),
                Ok(Message::Ping(_)) => Ok(Inbound::Ping),
                Ok(Message::Pong(_)) => Ok(Inbound::Pong),
                Ok(Message::Close(_)) => Ok(Inbound::Closed),
                Err(error) => Err(broken(error)),
            })
        })
    }
}

impl Sink<Outbound> for WsSocket {
    type Error = Broken;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Result<(), Broken>> {
        Pin::new(&mut *self.0).poll_ready(cx).map_err(broken)
    }

    fn start_send(mut self: Pin<&mut Self>, item: Outbound) -> Result<(), Broken> {
        let message = match item {
            Outbound::Text(text) => Message::Text(text.into()),
            Outbound::Binary(bytes) => Message::Binary(bytes.into()),
            Outbound::Ping => Message::Ping(Default::default()),
            Outbound::Close(close) => Message::Close(Some(CloseFrame {
                code: close.code.number(),
                reason: (&*close.reason).into(),
            })),
        };
        Pin::new(&mut *self.0).start_send(message).map_err(broken)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Result<(), Broken>> {
        Pin::new(&mut *self.0).poll_flush(cx).map_err(broken)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Result<(), Broken>> {
        Pin::new(&mut *self.0).poll_close(cx).map_err(broken)
    }
}

fn broken(error: axum::Error) -> Broken {
    use tungstenite::Error;
    match error.into_inner().downcast::<Error>().map(|error| *error) {
        Ok(Error::Capacity(_)) => Broken::TooLarge,
        Ok(error @ (Error::Protocol(_) | Error::Utf8(_))) => match error {
            // A peer that vanishes without a close frame is no offence.
            Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => Broken::Gone,
            error => Broken::Protocol(error.to_string()),
        },
        _ => Broken::Gone,
    }
}
