//! `GET /ws/widgets/{widget_id}/`: the compatible form of a dashboard's socket. One widget, one frame per value, nothing to ask.
//!
//! What comes too fast is folded here as well, and this form has no field to say so: who needs every value reads the history. A widget that shows
//! something else from now on goes on with the newest value of that.

use std::borrow::Cow;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use edgesync_actors::device::socket::{Inbound, Outbound};
use edgesync_actors::live::widget::{self, Shown};
use edgesync_actors::live::{Error, Request, Session};
use edgesync_schemas::id::WidgetId;
use edgesync_schemas::limit;
use edgesync_schemas::unit::Unit;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_schemas::wire::live::{ErrCode, Point, Sub, SubId, Target, write_widget_value};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::warn;

use super::WsSocket;
use super::authority::{Gone, Lost, Watching};
use super::live::{End, bounded, close, in_time};
use super::subscribe::Refused;
use super::viewer::{self, Viewer};
use crate::auth::{self, Credential};
use crate::error::Problem;
use crate::state::AppState;
use crate::tenant;

/// The route, with and without its last slash.
pub fn routes() -> Router<AppState> {
    Router::new().route("/ws/widgets/{widget}/", get(connect)).route("/ws/widgets/{widget}", get(connect))
}

/// A session's or API token, or that of a share link: in the address, since this form has no other place in a browser.
#[derive(Deserialize)]
struct Credentials {
    token: Option<String>,
    share: Option<String>,
}

async fn connect(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(credentials): Query<Credentials>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let token = viewer::token(&headers, credentials.share, credentials.token)?
        .ok_or_else(|| Problem::unauthorized("this needs a session's token"))?;
    let (news, credential) = (state.catalog.news(), Credential::of(&token));
    let viewer = Viewer::require(&state, &credential).await?;
    let id: WidgetId = id.parse().map_err(|_| Problem::not_found("widget"))?;
    let mut watching = Watching::of(&state, news, credential, viewer);
    watching.watch(&sub(id)).await.map_err(problem)?;
    let readable = auth::narrowed(viewer.organization, tenant::readable_widget(&state, viewer.user, id));
    let shown = widget::shown(&readable.await?);
    Ok(bounded(upgrade)
        .on_upgrade(move |socket| serve(WsSocket::new(socket), state, shown, watching))
        .into_response())
}

/// The one subscription.
fn sub(widget: WidgetId) -> Sub {
    let target = Target::Widget(widget);
    Sub { id: SubId(0), target, points: None, max_hz: limit::LIVE_HZ, since: None }
}

fn problem(Refused { code, message }: Refused) -> Problem {
    match code {
        ErrCode::NotFound => Problem::not_found("widget"),
        ErrCode::Forbidden => Problem::forbidden("forbidden", message),
        ErrCode::Limit | ErrCode::Malformed | ErrCode::Unavailable => Problem::busy(),
    }
}

async fn serve(mut socket: WsSocket, state: AppState, shown: Shown, watching: Watching) {
    let organization = watching.viewer().organization;
    if let Err(end) = auth::narrowed(organization, show(&mut socket, &state, shown, watching)).await {
        close(&mut socket, end).await;
    }
}

async fn show(
    socket: &mut WsSocket,
    state: &AppState,
    shown: Shown,
    mut watching: Watching,
) -> Result<(), End> {
    let mut draining = state.actors.live.draining();
    let mut session = state.actors.live.session_of(watching.viewer().account).map_err(unavailable)?;
    let mut unit = begin(socket, &mut session, shown).await?;
    let period = Duration::from_secs(limit::HEARTBEAT_S);
    let mut heartbeat = tokio::time::interval_at(Instant::now() + period, period);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            came = socket.next() => match came.ok_or(End::Gone)?? {
                Inbound::Closed => return Err(End::Gone),
                _ => heard = Instant::now(),
            },
            () = session.ready() => {
                let Some((_, update)) = session.take() else { continue };
                unit = update.unit.or(unit);
                for value in &update.values {
                    say(socket, Some(&value.point), unit.as_ref()).await?;
                }
            }
            lost = watching.lost() => {
                let id = still(lost)?;
                let read = tenant::readable_widget(state, watching.viewer().user, id).await;
                let read = read.map_err(|problem| ended(problem.status.is_server_error(), problem.detail))?;
                let shown = widget::shown(&read);
                session.unsubscribe(SubId(0));
                unit = begin(socket, &mut session, shown).await?;
            }
            _ = heartbeat.tick() => {
                if heard.elapsed() > period * 5 / 2 {
                    return Err(Close::new(CloseCode::Idle, "silent for too long").into());
                }
                in_time(socket.send(Outbound::Ping)).await?;
            }
            () = draining.told() => return Err(End::Drained),
        }
    }
}

/// Subscribes to what the widget shows, and says its newest value; with its unit.
async fn begin(socket: &mut WsSocket, session: &mut Session, shown: Shown) -> Result<Option<Unit>, End> {
    match shown {
        Shown::Fixed(point) => {
            say(socket, point.as_ref(), None).await?;
            Ok(None)
        }
        Shown::Live(source, _) => {
            let request = Request { id: SubId(0), source, points: 1, max_hz: limit::LIVE_HZ, since: None };
            let snapshot = session.subscribe(request).await.map_err(unavailable)?;
            say(socket, snapshot.points.last(), snapshot.unit.as_ref()).await?;
            Ok(snapshot.unit)
        }
    }
}

/// The widget, if it may be watched and shows something else now.
fn still(lost: Lost) -> Result<WidgetId, End> {
    let lost = match lost {
        Lost::All(close) => return Err(close.into()),
        Lost::Some(lost) => lost,
    };
    match lost.into_iter().next() {
        Some((_, Gone::Changed(Sub { target: Target::Widget(id), .. }))) => Ok(id),
        Some((_, Gone::Refused(Refused { code, message }))) => {
            Err(ended(code == ErrCode::Unavailable, message))
        }
        // it watches one widget
        Some((_, Gone::Changed(_))) | None => Err(End::Gone),
    }
}

fn ended(is_busy: bool, why: impl Into<Cow<'static, str>>) -> End {
    let code = if is_busy { CloseCode::Unavailable } else { CloseCode::Forbidden };
    Close::new(code, why).into()
}

fn unavailable(error: Error) -> End {
    if let Error::Limit { .. } = error {
        return Close::new(CloseCode::Forbidden, error.to_string()).into();
    }
    warn!(%error, "a widget cannot be shown live");
    Close::new(CloseCode::Unavailable, "it cannot be shown just now").into()
}

async fn say(socket: &mut WsSocket, point: Option<&Point>, unit: Option<&Unit>) -> Result<(), End> {
    let Some(point) = point else { return Ok(()) };
    let mut out = String::new();
    write_widget_value(&mut out, point, unit.map(Unit::as_str));
    in_time(socket.send(Outbound::Text(out))).await
}
