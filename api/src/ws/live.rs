//! `GET /ws/v1/live`: a dashboard's socket. One task reads what it asks for and writes what it watches.
//!
//! Nothing is written ahead: at most [`limit::LIVE_WRITE_BYTES`] of updates are encoded, then the task waits for the network while
//! the session folds what arrives. A dashboard that takes nothing for [`limit::LIVE_WRITE_S`] is closed. Who asks is proved by the
//! session cookie, an `Authorization` header, the token of a share link in the address, or the first frame. A logout ends the socket, the end of a membership the
//! subscriptions that hung on it, and a widget with another source is shown anew: within a second ([`super::authority`]).

use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use edgesync_actors::device::socket::{Broken, Inbound as Came, Outbound};
use edgesync_actors::live::{Beginning, Draining, Session, Told};
use edgesync_schemas::limit;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_schemas::wire::live::{self, ErrCode, Inbound, Sub, SubId};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::time::timeout;
use tracing::{debug, warn};

use super::WsSocket;
use super::authority::{Gone, Lost, Watching};
use super::line::{self, Line};
use super::subscribe::{self, Began, Begins, Refused};
use super::viewer::{self, Viewer};
use crate::auth::{self, Credential};
use crate::error::Problem;
use crate::state::AppState;

/// How long a socket that ends may take to hear it.
const LAST_WORD: Duration = Duration::from_secs(limit::LIVE_BYE_S);
/// The route.
pub fn routes() -> Router<AppState> {
    Router::new().route("/ws/v1/live", get(connect))
}

/// A browser sets no header in this handshake, and sends its session's cookie whatever its page shows: so a share link stands in the address.
#[derive(Deserialize)]
struct Shared {
    share: Option<String>,
}

async fn connect(
    State(state): State<AppState>,
    Query(shared): Query<Shared>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let token = viewer::token(&headers, shared.share, None)?;
    Ok(bounded(upgrade).on_upgrade(move |socket| serve(WsSocket::new(socket), state, token)).into_response())
}

/// A dashboard's buffers and bounds.
pub(super) fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(limit::LIVE_READ_BUFFER_BYTES)
        .write_buffer_size(limit::LIVE_WRITE_BUFFER_BYTES)
        .max_write_buffer_size(limit::LIVE_WRITE_QUEUE_BYTES)
        .max_frame_size(limit::LIVE_FRAME_BYTES)
        .max_message_size(limit::LIVE_FRAME_BYTES)
}

/// Why a socket ends.
pub(super) enum End {
    /// The server closes it.
    Close(Close),
    /// The server goes down.
    Drained,
    /// It is gone.
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
            Broken::TooLarge => Close::new(CloseCode::TooLarge, "a frame is longer than 32 KiB").into(),
            Broken::Protocol(why) => Close::new(CloseCode::Malformed, why).into(),
            Broken::Gone => Self::Gone,
        }
    }
}

async fn serve(mut socket: WsSocket, state: AppState, token: Option<String>) {
    let mut draining = state.actors.live.draining();
    let end = match identify(&mut socket, &state, token, &mut draining).await {
        Ok(watching) => match state.actors.live.session_of(watching.viewer().account) {
            Ok(session) => {
                let organization = watching.viewer().organization;
                let line = Line::new(&mut socket, &state, watching, draining);
                let dashboard = Dashboard { line, session, changed: Vec::new() };
                auth::narrowed(organization, dashboard.run()).await
            }
            Err(error) => {
                let why = error.to_string();
                let mut out = String::new();
                live::write_err(&mut out, None, ErrCode::Limit, &why);
                let _ = timeout(LAST_WORD, socket.send(Outbound::Text(out))).await;
                Close::new(CloseCode::Forbidden, why).into()
            }
        },
        Err(end) => end,
    };
    if let End::Drained = end {
        let after_ms = after_ms();
        let mut bye = String::new();
        live::write_bye(&mut bye, "draining", after_ms);
        let _ = timeout(LAST_WORD, socket.send(Outbound::Text(bye))).await;
        return close(&mut socket, Close::draining(after_ms).into()).await;
    }
    close(&mut socket, end).await;
}

/// Ends a socket.
pub(super) async fn close(socket: &mut WsSocket, end: End) {
    let close = match end {
        End::Gone => return,
        End::Close(close) => close,
        End::Drained => Close::draining(after_ms()),
    };
    debug!(code = close.code.number(), reason = %close.reason, "live socket closed");
    let _ = timeout(LAST_WORD, socket.send(Outbound::Close(close))).await;
}

/// Whose token it is, from the handshake or from the first frame.
async fn identify(
    socket: &mut WsSocket,
    state: &AppState,
    token: Option<String>,
    draining: &mut Draining,
) -> Result<Watching, End> {
    let token = match token {
        Some(token) => token,
        None => tokio::select! {
            token = timeout(Duration::from_secs(limit::HELLO_S), first_token(socket)) => match token {
                Ok(token) => token?,
                Err(_) => return Err(Close::new(CloseCode::HelloLate, "auth did not come in time").into()),
            },
            () = draining.told() => return Err(End::Drained),
        },
    };
    let (news, credential) = (state.catalog.news(), Credential::of(&token));
    match Viewer::of(state, &credential).await {
        Ok(Some(viewer)) => Ok(Watching::of(state, news, credential, viewer)),
        Ok(None) => Err(Close::new(CloseCode::Authentication, "the token is unknown or has ended").into()),
        Err(error) => {
            warn!(%error, "a session cannot be looked up");
            Err(Close::new(CloseCode::Unavailable, "sessions cannot be looked up just now").into())
        }
    }
}

async fn first_token(socket: &mut WsSocket) -> Result<String, End> {
    loop {
        match socket.next().await.ok_or(End::Gone)?? {
            Came::Text(text) => match Inbound::parse(&text) {
                Ok(Inbound::Auth { token }) => return Ok(token),
                Ok(_) => {
                    return Err(Close::new(CloseCode::Authentication, "the first frame must be auth").into());
                }
                Err(malformed) => return Err(Close::new(CloseCode::Malformed, malformed.to_string()).into()),
            },
            Came::Binary(_) => return Err(binary().into()),
            Came::Ping | Came::Pong => {}
            Came::Closed => return Err(End::Gone),
        }
    }
}

/// An open socket of somebody who is known.
struct Dashboard<'a> {
    line: Line<'a>,
    session: Session,
    /// What shows something else now, to be subscribed to again.
    changed: Vec<Sub>,
}

impl Dashboard<'_> {
    async fn run(mut self) -> End {
        let mut heartbeat = Line::heartbeat();
        loop {
            if let Some(sub) = self.changed.pop() {
                match self.subscribe(sub).await {
                    Ok(()) => continue,
                    Err(end) => return end,
                }
            }
            let done = tokio::select! {
                // What is lost is not told any more.
                biased;
                () = self.line.draining.told() => Err(End::Drained),
                lost = line::lost(&mut self.line.meanwhile, &mut self.line.watching) => self.let_go(lost).await,
                _ = heartbeat.tick() => self.line.beat().await,
                came = self.line.socket.next() => match came {
                    Some(Ok(came)) => self.hear(came).await,
                    Some(Err(broken)) => Err(broken.into()),
                    None => Err(End::Gone),
                },
                () = self.session.ready() => self.tell().await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn hear(&mut self, came: Came<axum::extract::ws::Utf8Bytes, axum::body::Bytes>) -> Result<(), End> {
        self.line.hear();
        match came {
            Came::Text(text) => match Inbound::parse(&text) {
                Ok(Inbound::Sub(sub)) => self.subscribe(sub).await,
                Ok(Inbound::Unsub { id }) => {
                    self.session.unsubscribe(id);
                    self.line.watching.unwatch(id);
                    Ok(())
                }
                Ok(Inbound::Ping { n }) => self.pong(n).await,
                // known already
                Ok(Inbound::Auth { .. }) => Ok(()),
                Err(malformed) if malformed.id.is_some() => {
                    let mut out = String::new();
                    live::write_err(&mut out, malformed.id, ErrCode::Malformed, &malformed.to_string());
                    self.say(out).await
                }
                Err(malformed) => Err(Close::new(CloseCode::Malformed, malformed.to_string()).into()),
            },
            Came::Binary(_) => Err(binary().into()),
            Came::Ping => self.line.pinged(),
            Came::Pong => Ok(()),
            Came::Closed => Err(End::Gone),
        }
    }

    async fn subscribe(&mut self, sub: Sub) -> Result<(), End> {
        let id = sub.id;
        let mut out = String::new();
        let begins = subscribe::begin(self.line.state, &mut self.line.watching, &mut self.session, sub).await;
        let began = match begins {
            Ok(Begins::Now(began)) => Ok(began),
            Ok(Begins::Reading(beginning)) => match self.read(id, beginning).await? {
                Some(began) => began,
                None => return Ok(()),
            },
            Err(refused) => Err(refused),
        };
        match began {
            Ok(Began::Metrics(metrics)) => live::write_metrics_snap(&mut out, id, &metrics),
            Ok(Began::Values(snap)) => {
                snap.write(&mut out, id);
            }
            Err(Refused { code, message }) => live::write_err(&mut out, Some(id), code, &message),
        }
        self.say(out).await
    }

    /// What a subscription begins with; the others are told meanwhile. Nothing if it is lost before it has begun.
    async fn read(
        &mut self,
        id: SubId,
        mut beginning: Beginning,
    ) -> Result<Option<Result<Began, Refused>>, End> {
        let read = {
            // One after the other: a socket reads no more at once, however much it asks for.
            let mut reading = std::pin::pin!(beginning.read());
            loop {
                tokio::select! {
                    // What is lost is not shown, though it was read.
                    biased;
                    () = self.line.draining.told() => return Err(End::Drained),
                    lost = line::lost(&mut self.line.meanwhile, &mut self.line.watching) => {
                        let is_lost = lost.has(id);
                        self.let_go(lost).await?;
                        if is_lost {
                            return Ok(None);
                        }
                    }
                    read = &mut reading => break read,
                    () = self.session.ready() => self.tell().await?,
                }
            }
        };
        Ok(Some(subscribe::begun(&mut self.line.watching, &mut self.session, id, beginning, read)))
    }

    /// Answers at once, and reads nothing more until that is on its way: so one waits at most. It counts as a ping of the protocol below.
    async fn pong(&mut self, n: u64) -> Result<(), End> {
        self.line.pinged()?;
        let mut out = String::new();
        live::write_pong(&mut out, n);
        self.say(out).await
    }

    /// Sends what is due, as much as may be encoded ahead.
    async fn tell(&mut self) -> Result<(), End> {
        let (mut frames, mut bytes) = (Vec::new(), 0);
        while bytes < limit::LIVE_WRITE_BYTES {
            let Some((id, told)) = self.session.take_told() else { break };
            let mut out = String::new();
            match told {
                Told::Metrics(metrics) => live::write_metrics_upd(&mut out, id, &metrics),
                Told::Values(upd) => upd.write(&mut out, id),
            }
            bytes += out.len();
            frames.push(Outbound::Text(out));
        }
        self.line.write(frames).await
    }

    async fn say(&mut self, text: String) -> Result<(), End> {
        self.line.write(vec![Outbound::Text(text)]).await
    }

    /// Ends what may not be watched any more; what shows something else is shown anew before anything more is heard.
    async fn let_go(&mut self, lost: Lost) -> Result<(), End> {
        let lost = match lost {
            Lost::All(close) => return Err(close.into()),
            Lost::Some(lost) => lost,
        };
        for (id, gone) in lost {
            match gone {
                Gone::Refused(Refused { code, message }) => {
                    self.session.unsubscribe(id);
                    let mut out = String::new();
                    live::write_err(&mut out, Some(id), code, &message);
                    self.say(out).await?;
                }
                Gone::Changed(sub) => {
                    self.session.unsubscribe(id);
                    self.changed.push(sub);
                }
            }
        }
        Ok(())
    }
}

fn binary() -> Close {
    Close::new(CloseCode::Malformed, "this socket speaks text frames")
}

/// When a dashboard may come back: spread, so that they do not all come at once.
pub(crate) fn after_ms() -> u32 {
    let mut bytes = [0; 4];
    // without random numbers they come back at once; that is slow, not wrong
    let _ = getrandom::fill(&mut bytes);
    u32::from_ne_bytes(bytes) % limit::DRAIN_SPREAD_MS
}
