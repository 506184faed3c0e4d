//! `GET /api/v1/live/{widget}/poll`: a widget asked for again and again, each time from where the last answer ended.
//!
//! The server keeps nothing between two polls: the source goes on for a while after the first, and its recent values are what the next one begins
//! with. So nothing is missed and nothing told twice, for as long as [`limit::LIVE_LINGER_S`] and the ring of the source reach; beyond that there is a
//! fresh snapshot.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use edgesync_schemas::id::WidgetId;
use edgesync_schemas::limit;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_schemas::wire::live::{self, Position, Sub};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::{Begun, ID, anew, asked, begin, first, next, number, place, token};
use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::{Params, Path};
use crate::state::AppState;
use crate::ws::authority::Lost;
use crate::ws::live::after_ms;
use crate::ws::subscribe;
use crate::ws::subscribe::Began;

/// What a poll is answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Polled)]
pub(super) struct Polled {
    /// `snap`, `upd` or `bye` of the live socket, whose `id` is 0; none if nothing came in time.
    #[schema(value_type = Vec<Object>)]
    frames: Vec<Box<RawValue>>,
    /// For the next poll.
    epoch: u64,
    /// For the next poll.
    offset: u64,
}

/// What is new of a widget, for networks that let neither a WebSocket nor a stream through.
///
/// Without a place it is answered at once, with a snapshot. With the `epoch` and `offset` of the answer before it is answered as soon as there is something
/// new, with all that came since (`recovered` of a `snap` is true), but no sooner after the values before than `max_hz` says; if that is not known any more, with a fresh snapshot (`recovered` is false). `bye` says that the server goes
/// down, and after how many milliseconds to go on.
#[utoipa::path(
    get,
    path = "/live/{widget}/poll",
    operation_id = "poll_widget",
    tag = "dashboards",
    params(
        ("widget" = WidgetId, Path, description = "the widget, by its `id`"),
        ("epoch" = Option<u64>, Query, description = "That of the answer before; goes with `offset`."),
        ("offset" = Option<u64>, Query, description = "That of the answer before; goes with `epoch`."),
        ("wait_s" = Option<u64>, Query, description = "Seconds to wait for something new, 60 at most; 25 if absent."),
        ("points" = Option<u32>, Query, description = "Values of a fresh snapshot; 2,000 at most. Those of the widget if absent."),
        ("max_hz" = Option<f64>, Query, description = "Values a second, of an `upd` and of answers, 50 at most; more of an `upd` are folded. One in the widget's refresh interval if absent."),
        ("from" = Option<i64>, Query, description = "Of a fresh snapshot: the history from this time on, in milliseconds since 1970, in at most `points` (2,000) points. Not looked at with a place."),
    ),
    responses((status = 200, description = "what is new", body = Polled)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
pub(super) async fn poll(
    State(state): State<AppState>,
    _auth: Auth,
    Path(widget): Path<WidgetId>,
    params: Params,
    headers: HeaderMap,
) -> Result<Json<Polled>, Problem> {
    answer(&state, token(&headers)?, widget, &params).await
}

/// What is new of a widget for who has this token.
pub(super) async fn answer(
    state: &AppState,
    token: &str,
    widget: WidgetId,
    params: &Params,
) -> Result<Json<Polled>, Problem> {
    let (since, patience) = (since(params)?, wait(params)?);
    let mut begun = begin(state, token, widget, params, since).await?;
    let position = place(&begun.began);
    let paused = begun.session.paused(ID).zip(since);
    if paused.is_none() && !is_nothing_new(&begun.began, since) {
        return polled(first(&begun.began), position);
    }
    let paused = match paused {
        Some((until, since)) => Some(Paused { until, since, sub: asked(widget, params, Some(since))? }),
        None => None,
    };
    match wait_for(state, &mut begun, position, paused, patience).await? {
        (Some(frame), position) => polled(frame, position),
        (None, Position { epoch, offset }) => Ok(Json(Polled { frames: Vec::new(), epoch, offset })),
    }
}

/// Who has had as many values as they asked for.
struct Paused {
    until: Instant,
    /// They have all before it.
    since: Position,
    /// What goes on from there.
    sub: Sub,
}

fn polled(frame: String, Position { epoch, offset }: Position) -> Result<Json<Polled>, Problem> {
    let frame = RawValue::from_string(frame).map_err(|error| Problem::internal(&error))?;
    Ok(Json(Polled { frames: vec![frame], epoch, offset }))
}

/// Whether the place that was asked for is where the source is.
fn is_nothing_new(began: &Began, since: Option<Position>) -> bool {
    match began {
        Began::Values(snap) => snap.recovered && snap.points.is_empty() || since == Some(snap.position),
        Began::Metrics(_) => false,
    }
}

/// Waits for something new: its frame, and the place after it. No frame if the time is over.
async fn wait_for(
    state: &AppState,
    Begun { watching, session, draining, .. }: &mut Begun,
    began: Position,
    mut paused: Option<Paused>,
    patience: Duration,
) -> Result<(Option<String>, Position), Problem> {
    let over = Instant::now() + patience;
    let mut position = paused.as_ref().map_or(began, |paused| paused.since);
    loop {
        let until = paused.as_ref().map(|paused| paused.until);
        tokio::select! {
            () = tokio::time::sleep_until(until.unwrap_or(over)), if until.is_some() => {
                let Some(Paused { since, sub, .. }) = paused.take() else { continue };
                let began = subscribe::subscribe(state, watching, session, sub).await?;
                position = place(&began);
                if !is_nothing_new(&began, Some(since)) {
                    return Ok((Some(first(&began)), position));
                }
            }
            () = session.ready(), if until.is_none() => {
                let Some((_, told)) = session.take_told() else { continue };
                let (_, frame, offset) = next(&told);
                return Ok((Some(frame), Position { offset, ..position }));
            }
            () = draining.told() => {
                let mut bye = String::new();
                live::write_bye(&mut bye, "draining", after_ms());
                return Ok((Some(bye), position));
            }
            lost = watching.lost() => {
                if let Lost::All(Close { code: CloseCode::Authentication, reason }) = &lost {
                    return Err(Problem::unauthorized(reason.clone()));
                }
                let sub = anew(lost)?;
                let began = subscribe::subscribe(state, watching, session, sub).await?;
                return Ok((Some(first(&began)), place(&began)));
            }
            () = tokio::time::sleep_until(over) => return Ok((None, position)),
        }
    }
}

/// `epoch=` and `offset=`.
fn since(params: &Params) -> Result<Option<Position>, Problem> {
    let part = |name| match params.text(name).map(number) {
        None => Ok(None),
        Some(Some(part)) => Ok(Some(part)),
        Some(None) => Err(Problem::parameter(name, "must be a whole number")),
    };
    match (part("epoch")?, part("offset")?) {
        (Some(epoch), Some(offset)) => Ok(Some(Position { epoch, offset })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Problem::parameter("offset", "is missing: it goes with epoch")),
        (None, Some(_)) => Err(Problem::parameter("epoch", "is missing: it goes with offset")),
    }
}

/// `wait_s=`.
fn wait(params: &Params) -> Result<Duration, Problem> {
    let seconds = match params.text("wait_s").map(number) {
        None => limit::LIVE_POLL_WAIT_S,
        Some(Some(seconds)) if seconds <= limit::LIVE_POLL_WAIT_MAX_S => seconds,
        Some(_) => {
            let message = format!("must be a whole number from 0 to {}", limit::LIVE_POLL_WAIT_MAX_S);
            return Err(Problem::parameter("wait_s", &message));
        }
    };
    Ok(Duration::from_secs(seconds))
}
