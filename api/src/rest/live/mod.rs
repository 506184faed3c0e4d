//! A widget live, for networks that let no WebSocket through: as server-sent events ([`events`]), or asked for again and again ([`poll`]).
//! Both tell the frames of the live socket, and go on where an earlier answer ended.

mod by_link;
mod events;
mod out;
mod poll;

use std::str::FromStr;

use axum::http::HeaderMap;
use edgesync_actors::live::{Draining, Session, Told};
use edgesync_schemas::id::WidgetId;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::wire::close::CloseCode;
use edgesync_schemas::wire::live::{self, ErrCode, Position, Sub, SubId, Target};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{self, Credential, Via};
use crate::error::Problem;
use crate::page::Params;
use crate::state::AppState;
use crate::ws::authority::{Gone, Lost, Watching};
use crate::ws::subscribe::{self, Began, Refused};
use crate::ws::viewer::Viewer;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(events::events))
        .routes(routes!(poll::poll))
        .routes(routes!(by_link::events))
        .routes(routes!(by_link::poll))
}

/// The number of the only subscription.
const ID: SubId = SubId(0);

/// One subscription of somebody who may watch, and what it begins with. It counts as a live socket.
struct Begun {
    watching: Watching,
    session: Session,
    draining: Draining,
    began: Began,
}

/// The token of somebody who has an account.
fn token(headers: &HeaderMap) -> Result<&str, Problem> {
    let Some((token, via)) = auth::session_token(headers) else {
        return Err(Problem::unauthorized("this needs a token"));
    };
    if via == Via::Cookie && auth::is_cross_origin(headers) {
        return Err(auth::foreign_origin());
    }
    Ok(token)
}

/// Subscribes who has this token to a widget.
async fn begin(
    state: &AppState,
    token: &str,
    widget: WidgetId,
    params: &Params,
    since: Option<Position>,
) -> Result<Begun, Problem> {
    let sub = asked(widget, params, since)?;
    let (news, credential) = (state.catalog.news(), Credential::of(token));
    let viewer = Viewer::require(state, &credential).await?;
    let mut watching = Watching::of(state, news, credential, viewer);
    let draining = state.actors.live.draining();
    let mut session = state.actors.live.session_of(viewer.account)?;
    let began = subscribe::subscribe(state, &mut watching, &mut session, sub).await?;
    Ok(Begun { watching, session, draining, began })
}

/// The subscription that the parameters ask for.
fn asked(widget: WidgetId, params: &Params, since: Option<Position>) -> Result<Sub, Problem> {
    let points: Option<usize> = params.parse("points")?;
    let max_hz = match params.parse("max_hz")? {
        None => None,
        Some(hz) if hz > 0.0 && f64::is_finite(hz) => Some(hz.clamp(limit::LIVE_HZ_MIN, limit::LIVE_HZ)),
        Some(_) => return Err(Problem::parameter("max_hz", "must be a number above 0")),
    };
    let from = match params.parse("from")?.map(Timestamp::from_ms) {
        Some(None) => return Err(Problem::parameter("from", "must be milliseconds since 1970")),
        // who goes on has what was before
        Some(from) if since.is_none() => from,
        _ => None,
    };
    let points = points.map(|points| points.min(limit::LIVE_POINTS));
    Ok(Sub { id: ID, target: Target::Widget(widget), points, max_hz, since, from })
}

/// The frame that a subscription begins with.
fn first(began: &Began) -> String {
    let mut out = String::new();
    match began {
        Began::Metrics(metrics) => live::write_metrics_snap(&mut out, ID, metrics),
        Began::Values(snap) => snap.write(&mut out, ID),
    }
    out
}

/// The frame that tells of something new, its `t`, and the offset after it.
fn next(told: &Told) -> (&'static str, String, u64) {
    let mut out = String::new();
    match told {
        Told::Metrics(metrics) => {
            live::write_metrics_upd(&mut out, ID, metrics);
            ("upd", out, 0)
        }
        Told::Values(upd) => {
            upd.write(&mut out, ID);
            ("upd", out, upd.offset)
        }
    }
}

/// What becomes of the only subscription: it is to be made anew with this, or ends.
fn anew(lost: Lost) -> Result<Sub, Refused> {
    let ended = "the token is unknown or has ended";
    match lost {
        Lost::All(close) if close.code == CloseCode::Authentication => {
            Err(Refused { code: ErrCode::Forbidden, message: ended.to_owned() })
        }
        Lost::All(close) => Err(Refused { code: ErrCode::Unavailable, message: close.reason.into_owned() }),
        Lost::Some(lost) => match lost.into_iter().next() {
            Some((_, Gone::Changed(sub))) => Ok(sub),
            Some((_, Gone::Refused(refused))) => Err(refused),
            None => Err(Refused { code: ErrCode::Unavailable, message: "it is not known why".to_owned() }),
        },
    }
}

/// The place where a subscription begins.
fn place(began: &Began) -> Position {
    match began {
        Began::Values(snap) => snap.position,
        Began::Metrics(_) => Position { epoch: 0, offset: 0 },
    }
}

/// A number of a place.
fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
