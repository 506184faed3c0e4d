//! From the handshake to the first reading: who a device is, where its frames go on, and how its socket ends.

use std::sync::Arc;
use std::time::Duration;

use edgesync_schemas::id::DeviceId;
use edgesync_schemas::limit;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_schemas::wire::decode::device_frame;
use edgesync_schemas::wire::encode;
use edgesync_schemas::wire::frame::{DeviceFrame, Hello};
use edgesync_storage::catalog::{Catalog, DeviceAccess, token};
use edgesync_storage::log::ReadingLog;
use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;

use super::admit::Admission;
use super::presence::now;
use super::receive::{Connection, Session};
use super::registry::{Attached, Devices};
use super::socket::{Broken, Inbound, Outbound, Socket};
use super::{numbered, unnumbered};

/// What every connection works with.
#[derive(Debug, Clone)]
pub struct Context {
    /// Where readings become durable.
    pub log: ReadingLog,
    /// Who a token belongs to.
    pub catalog: Catalog,
    /// Who is connected.
    pub devices: Devices,
    /// Data frames a second that a device may send; 0 for no limit.
    pub frames_per_s: u32,
}

/// Which form of the protocol a socket speaks, and who it is if the handshake said so.
#[derive(Debug)]
pub enum Form {
    /// `edgesync.v1.json`; the token may still come in `hello`.
    Numbered(Option<DeviceAccess>),
    /// The compatible form, whose handshake carries the token.
    Unnumbered(DeviceAccess),
}

/// Serves a device's socket until it ends. What was admitted by then is stored all the same. Not cancel safe: readings
/// that were taken from the socket and not handed to the log are lost with it, unacknowledged.
pub async fn run<S: Socket>(mut socket: S, form: Form, context: Arc<Context>) {
    let counters = Arc::clone(context.devices.counters());
    // Boxed, like the close below: a connection lives long, its opening does not, and 15,000 idle ones would all keep room for it.
    let close = match Box::pin(open(&mut socket, form, &context)).await {
        Ok((attached, session)) => {
            let mut connection = Connection::new(&context, &counters, &attached.link, session);
            connection.serve(&mut socket).await
        }
        Err(end) => end,
    };
    match close {
        End::Close(close) => {
            counters.count_close(close.code);
            tracing::debug!(code = close.code.number(), reason = %close.reason, "device socket closed");
            // A peer that does not read its close frame does not hold us up.
            let _ = Box::pin(timeout(CLOSE_WAIT, shut(&mut socket, close))).await;
        }
        End::Gone => {}
    }
}

/// How long a peer has to take the close frame and answer it.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

async fn shut<S: Socket>(socket: &mut S, close: Close) -> Result<(), Broken> {
    socket.send(Outbound::Close(close)).await?;
    // Until the peer's own close frame, so that it reads ours before the connection is reset under unread data.
    while let Some(Ok(inbound)) = socket.next().await {
        if matches!(inbound, Inbound::Closed) {
            break;
        }
    }
    Ok(())
}

/// How a connection ended.
pub(super) enum End {
    /// We close it.
    Close(Close),
    /// The peer closed it, or it broke.
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::TooLarge => {
                let reason = format!("a frame must be at most {} bytes", limit::DEVICE_FRAME_BYTES);
                Self::Close(Close::new(CloseCode::TooLarge, reason))
            }
            Broken::Protocol(what) => Self::Close(Close::new(CloseCode::Malformed, what)),
            Broken::Gone => Self::Gone,
        }
    }
}

pub(super) fn end(code: CloseCode, reason: &'static str) -> End {
    End::Close(Close::new(code, reason))
}

/// From the handshake to the first reading: who it is, where it goes on.
async fn open<S: Socket>(socket: &mut S, form: Form, context: &Context) -> Result<(Attached, Session), End> {
    match form {
        Form::Unnumbered(access) => {
            let attached = context.devices.attach(&access).await?;
            let session = unnumbered::Session::new(access.device, admission(context, access.device));
            send(socket, Outbound::Text(encode::device_info(access.device))).await?;
            Ok((attached, Session::Unnumbered(session)))
        }
        Form::Numbered(access) => {
            let late = || end(CloseCode::HelloLate, "hello must come within 10 s");
            let text = timeout(Duration::from_secs(limit::HELLO_S), first_text(socket))
                .await
                .map_err(|_| late())??;
            let hello = match device_frame(&text) {
                Ok(DeviceFrame::Hello(hello)) => hello,
                Ok(_) => return Err(end(CloseCode::Malformed, "t: the first frame must be hello")),
                Err(malformed) => return Err(Close::new(CloseCode::Malformed, malformed.0).into()),
            };
            let access = match access {
                Some(access) => access,
                None => by_token(&hello, context).await?,
            };
            let attached = context.devices.attach(&access).await?;
            let committed = context.log.committed(access.device, hello.boot);
            let welcome =
                encode::welcome(access.device, now(), committed, context.frames_per_s, limit::HEARTBEAT_S);
            send(socket, Outbound::Text(welcome)).await?;
            let admission = admission(context, access.device);
            let session = numbered::Session::new(access.device, hello.boot, committed, admission);
            Ok((attached, Session::Numbered(session)))
        }
    }
}

fn admission(context: &Context, device: DeviceId) -> Admission {
    Admission::new(context.log.clone(), device)
}

async fn first_text<S: Socket>(socket: &mut S) -> Result<S::Text, End> {
    let mut pings = 0;
    loop {
        match socket.next().await.ok_or(End::Gone)?? {
            Inbound::Text(text) => return Ok(text),
            Inbound::Binary => {
                return Err(end(CloseCode::Malformed, "this socket speaks JSON text, not binary"));
            }
            Inbound::Ping if pings == limit::PINGS_PER_HEARTBEAT => {
                return Err(end(CloseCode::FlowControl, "too many pings"));
            }
            Inbound::Ping => pings += 1,
            Inbound::Pong => {}
            Inbound::Closed => return Err(End::Gone),
        }
    }
}

async fn by_token(hello: &Hello<'_>, context: &Context) -> Result<DeviceAccess, End> {
    let token = hello.token.as_deref().ok_or_else(|| end(CloseCode::Authentication, "token is missing"))?;
    match context.catalog.device_by_token_hash(&token::hash(token)).await {
        Ok(Some(access)) => Ok(access),
        Ok(None) => Err(end(CloseCode::Authentication, "token is unknown or revoked")),
        Err(error) => {
            tracing::warn!(%error, "catalog did not answer for a device's token");
            Err(end(CloseCode::Unavailable, "the catalog does not answer, come back later"))
        }
    }
}

/// A write that the peer does not take for as long as it may ignore a spent credit ends the connection.
pub(super) async fn send<S: Socket>(socket: &mut S, what: Outbound) -> Result<(), End> {
    match timeout(Duration::from_secs(limit::CREDIT_GRACE_S), socket.send(what)).await {
        Ok(sent) => Ok(sent?),
        Err(_) => Err(end(CloseCode::FlowControl, "answers are not being read")),
    }
}
