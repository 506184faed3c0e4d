//! `GET /ws/widgets/{widget_id}/`: the compatible form of a dashboard's socket. One widget, one frame per value, nothing to ask.
//!
//! What comes too fast is folded here as well, and this form has no field to say so: who needs every value reads the history.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use edgesync_actors::device::socket::{Inbound, Outbound};
use edgesync_actors::live::widget::{self, Shown};
use edgesync_actors::live::{Error, Request};
use edgesync_schemas::id::{OrganizationId, UserId, WidgetId};
use edgesync_schemas::limit;
use edgesync_schemas::unit::Unit;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_schemas::wire::live::{Point, SubId, write_widget_value};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::warn;

use super::WsSocket;
use super::live::{End, bounded, close, in_time, who};
use crate::auth::{self, Credential, Via};
use crate::error::Problem;
use crate::state::AppState;
use crate::tenant;

/// The route, with and without its last slash.
pub fn routes() -> Router<AppState> {
    Router::new().route("/ws/widgets/{widget}/", get(connect)).route("/ws/widgets/{widget}", get(connect))
}

#[derive(Deserialize)]
struct Credentials {
    token: Option<String>,
}

async fn connect(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(credentials): Query<Credentials>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let token = match (credentials.token, auth::session_token(&headers)) {
        (Some(token), _) => token,
        (None, Some((_, Via::Cookie))) if !auth::is_same_origin(&headers) => {
            return Err(auth::foreign_origin());
        }
        (None, Some((token, _))) => token.to_owned(),
        (None, None) => return Err(Problem::unauthorized("this needs a session's token")),
    };
    let auth = auth::authenticate(&state, &token).await?;
    let id: WidgetId = id.parse().map_err(|_| Problem::not_found("widget"))?;
    let departures = state.catalog.departures();
    let organization = auth.organization();
    let readable = auth::narrowed(organization, tenant::readable_widget(&state, auth.user.id, id)).await?;
    let shown = widget::shown(&readable);
    let viewer = Viewer {
        user: auth.user.id,
        organization,
        credential: Credential::of(&token),
        widget: id,
        departures,
    };
    Ok(bounded(upgrade)
        .on_upgrade(move |socket| serve(WsSocket::new(socket), state, shown, viewer))
        .into_response())
}

/// Who watches which widget, and how many memberships had ended when it was asked whether they may.
struct Viewer {
    user: UserId,
    organization: Option<OrganizationId>,
    credential: Credential,
    widget: WidgetId,
    departures: u64,
}

async fn serve(mut socket: WsSocket, state: AppState, shown: Shown, viewer: Viewer) {
    if let Err(end) = auth::narrowed(viewer.organization, show(&mut socket, &state, shown, viewer)).await {
        close(&mut socket, end).await;
    }
}

async fn show(socket: &mut WsSocket, state: &AppState, shown: Shown, mut viewer: Viewer) -> Result<(), End> {
    let mut draining = state.actors.live.draining();
    let mut session = state.actors.live.session_of(viewer.user).map_err(unavailable)?;
    let mut unit = None;
    match shown {
        Shown::Fixed(point) => say(socket, point.as_ref(), None).await?,
        Shown::Live(source, _) => {
            let request =
                Request { id: SubId(0), source, points: 1, max_hz: limit::LIVE_HZ, since: None, from: None };
            let snapshot = session.subscribe(request).await.map_err(unavailable)?;
            unit = snapshot.unit;
            say(socket, snapshot.points.last(), unit.as_ref()).await?;
        }
    }
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
            _ = heartbeat.tick() => {
                if heard.elapsed() > period * 5 / 2 {
                    return Err(Close::new(CloseCode::Idle, "silent for too long").into());
                }
                who(state, &viewer.credential).await?;
                let departures = state.catalog.departures();
                if departures != viewer.departures {
                    if let Err(problem) = tenant::readable_widget(state, viewer.user, viewer.widget).await {
                        let busy = problem.status.is_server_error();
                        let code = if busy { CloseCode::Unavailable } else { CloseCode::Forbidden };
                        return Err(Close::new(code, problem.detail).into());
                    }
                    viewer.departures = departures;
                }
                in_time(socket.send(Outbound::Ping)).await?;
            }
            () = draining.told() => return Err(End::Drained),
        }
    }
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
