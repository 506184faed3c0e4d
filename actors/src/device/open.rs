//! From the handshake to the first reading: who a device is, where its frames go on, and how its socket ends.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use edgesync_schemas::id::DeviceId;
use edgesync_schemas::limit;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_schemas::wire::encode;
use edgesync_schemas::wire::encoding::{Encoding, Received};
use edgesync_schemas::wire::frame::{DeviceFrame, Hello};
use edgesync_storage::catalog::{self, Catalog, DeviceAccess, token};
use edgesync_storage::log::ReadingLog;
use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;

use super::admit::Admission;
use super::counters::Counters;
use super::presence::now;
use super::receive::{Connection, Session};
use super::registry::{Attached, Devices};
use super::socket::{Broken, Inbound, Outbound, Socket};
use super::unnumbered::Dialect;
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
    /// The EdgeSync form; the token may still come in `hello`.
    Numbered(Encoding, Option<Identity>),
    /// A form without numbers, whose handshake carries the token.
    Unnumbered(Dialect, Identity),
}

/// A device, and the token that it showed. The token is asked about again while the socket is open: it can be revoked or end.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    access: DeviceAccess,
    token_hash: [u8; 32],
}

impl Identity {
    /// Whose token this is; nothing if it is unknown, revoked or has ended. Cancel safe.
    ///
    /// # Errors
    /// Of the catalog.
    pub async fn of(token: &str, catalog: &Catalog) -> Result<Option<Self>, catalog::Error> {
        let token_hash = token::hash(token);
        let access = catalog.device_by_token_hash(&token_hash).await?;
        Ok(access.map(|access| Self { access, token_hash }))
    }

    /// Asks again.
    pub(super) async fn check(&self, catalog: &Catalog) -> Result<(), End> {
        match catalog.device_by_token_hash(&self.token_hash).await {
            Ok(Some(DeviceAccess { is_active: true, .. })) => Ok(()),
            Ok(Some(_)) => Err(end(CloseCode::Forbidden, "the device is disabled")),
            Ok(None) => Err(end(CloseCode::Authentication, "token was revoked")),
            Err(error) => {
                // Who was let in stays in: a catalog that does not answer is no reason to lose readings.
                tracing::warn!(%error, "catalog did not answer for an open socket");
                Ok(())
            }
        }
    }
}

/// Serves a device's socket until it ends. What was admitted by then is stored all the same. Not cancel safe: readings
/// that were taken from the socket and not handed to the log are lost with it, unacknowledged.
pub async fn run<S: Socket>(mut socket: S, form: Form, context: Arc<Context>) {
    let counters = Arc::clone(context.devices.counters());
    // Boxed, like the close below: a connection lives long, its opening does not, and 15,000 idle ones would all keep room for it.
    let end = match Box::pin(open(&mut socket, form, &context)).await {
        Ok(mut connection) => connection.serve(&mut socket).await,
        Err(end) => end,
    };
    Box::pin(finish(socket, end, counters)).await;
}

async fn finish<S: Socket>(mut socket: S, end: End, counters: Arc<Counters>) {
    if let End::Close(close) = end {
        counters.count_close(close.code);
        tracing::debug!(code = close.code.number(), reason = %close.reason, "device socket closed");
        // A peer that does not read its close frame does not hold us up.
        let _ = timeout(CLOSE_WAIT, shut(&mut socket, close)).await;
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
async fn open<S: Socket>(socket: &mut S, form: Form, context: &Arc<Context>) -> Result<Box<Connection>, End> {
    match form {
        Form::Unnumbered(dialect, identity) => {
            let device = identity.access.device;
            let attached = attach(&identity, context).await?;
            let session = unnumbered::Session::new(device, dialect, admission(context, device));
            // Nobody who speaks SenML expects to be greeted.
            if dialect == Dialect::Compatible {
                send(socket, Outbound::Text(encode::device_info(device))).await?;
            }
            Ok(Connection::new(context, attached, identity, Session::Unnumbered(session)))
        }
        Form::Numbered(encoding, identity) => {
            let late = || end(CloseCode::HelloLate, "hello must come within 10 s");
            let first = timeout(Duration::from_secs(limit::HELLO_S), first_message(socket))
                .await
                .map_err(|_| late())??;
            let hello = match encoding.device_frame(first.received()) {
                Ok(DeviceFrame::Hello(hello)) => hello,
                Ok(_) => return Err(end(CloseCode::Malformed, "t: the first frame must be hello")),
                Err(malformed) => return Err(Close::new(CloseCode::Malformed, malformed.0).into()),
            };
            let identity = match identity {
                Some(identity) => identity,
                None => by_token(&hello, context).await?,
            };
            let device = identity.access.device;
            let attached = attach(&identity, context).await?;
            let committed = context.log.committed(device, hello.boot);
            let welcome =
                encoding.welcome(device, now(), committed, context.frames_per_s, limit::HEARTBEAT_S);
            send(socket, welcome.into()).await?;
            let admission = admission(context, device);
            let session = numbered::Session::new(device, hello.boot, encoding, committed, admission);
            Ok(Connection::new(context, attached, identity, Session::Numbered(session)))
        }
    }
}

async fn attach(identity: &Identity, context: &Context) -> Result<Attached, End> {
    let attached = context.devices.attach(&identity.access).await?;
    // A token that was revoked before this socket was known found no socket to close.
    identity.check(&context.catalog).await?;
    Ok(attached)
}

fn admission(context: &Context, device: DeviceId) -> Admission {
    Admission::new(context.log.clone(), device)
}

/// A message as the socket's library holds it.
enum First<T, B> {
    Text(T),
    Binary(B),
}

impl<T: Deref<Target = str>, B: Deref<Target = [u8]>> First<T, B> {
    fn received(&self) -> Received<'_> {
        match self {
            Self::Text(text) => Received::Text(text),
            Self::Binary(bytes) => Received::Binary(bytes),
        }
    }
}

async fn first_message<S: Socket>(socket: &mut S) -> Result<First<S::Text, S::Bytes>, End> {
    let mut pings = 0;
    loop {
        match socket.next().await.ok_or(End::Gone)?? {
            Inbound::Text(text) => return Ok(First::Text(text)),
            Inbound::Binary(bytes) => return Ok(First::Binary(bytes)),
            Inbound::Ping if pings == limit::PINGS_PER_HEARTBEAT => {
                return Err(end(CloseCode::FlowControl, "too many pings"));
            }
            Inbound::Ping => pings += 1,
            Inbound::Pong => {}
            Inbound::Closed => return Err(End::Gone),
        }
    }
}

async fn by_token(hello: &Hello<'_>, context: &Context) -> Result<Identity, End> {
    let token = hello.token.as_deref().ok_or_else(|| end(CloseCode::Authentication, "token is missing"))?;
    match Identity::of(token, &context.catalog).await {
        Ok(Some(identity)) => Ok(identity),
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
