//! Whether somebody may watch what they ask for, and then the subscription.
//!
//! Outsiders are told that there is no such thing; who may see a widget but not its source is told that. Asked at each
//! subscription; whether it may go on is [`super::authority`]'s.

use std::sync::Arc;

use edgesync_actors::flow::Unwatched;
use edgesync_actors::live::widget::{self, Shown};
use edgesync_actors::live::{Beginning, Error, Request, Session, Snapshot, Source};
use edgesync_schemas::id::{FlowId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::wire::live::{ErrCode, Position, Sub, SubId, Target};
use edgesync_storage::catalog;
use tokio::time::Instant;
use tracing::warn;

use super::authority::Watching;
use crate::error::Problem;
use crate::state::AppState;

/// Why somebody does not watch.
pub(crate) struct Refused {
    pub(crate) code: ErrCode,
    pub(crate) message: String,
}

pub(super) fn refused<T>(code: ErrCode, message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused { code, message: message.into() })
}

/// What a subscription begins with.
pub(crate) enum Began {
    /// Values of a source.
    Values(Snapshot),
    /// How a flow is.
    Metrics(Arc<str>),
}

/// What somebody may watch.
enum Found {
    /// With how many values a second there are if nobody says how many.
    Shown(Shown, f64),
    Metrics(FlowId),
}

/// A subscription that is allowed.
pub(crate) enum Begins {
    /// It goes on already.
    Now(Began),
    /// What it begins with is to be read.
    Reading(Beginning),
}

/// Subscribes `session` to what is asked for, if whoever `watching` is about may read it, and has that watched over. Not cancel safe.
pub(crate) async fn subscribe(
    state: &AppState,
    watching: &mut Watching,
    session: &mut Session,
    sub: Sub,
) -> Result<Began, Refused> {
    let id = sub.id;
    match begin(state, watching, session, sub).await? {
        Begins::Now(began) => Ok(began),
        Begins::Reading(mut beginning) => {
            let read = beginning.read().await;
            begun(watching, session, id, beginning, read)
        }
    }
}

/// [`subscribe`] but for what has to be read: for who has others to tell meanwhile. [`begun`] is the rest. Not cancel safe.
pub(crate) async fn begin(
    state: &AppState,
    watching: &mut Watching,
    session: &mut Session,
    sub: Sub,
) -> Result<Begins, Refused> {
    // what had its number ends, whatever becomes of this one
    let id = sub.id;
    session.unsubscribe(id);
    watching.unwatch(id);
    let now = Timestamp::from_us_saturating(jiff::Timestamp::now().as_microsecond());
    if sub.from.is_some_and(|from| from > now) {
        return refused(ErrCode::Malformed, "from: must not be in the future");
    }
    watching.watch(&sub).await?;
    let begins = allowed(state, watching.viewer().user, session, sub).await;
    if begins.is_err() {
        session.unsubscribe(id);
        watching.unwatch(id);
    }
    begins
}

/// Goes on with what was read.
pub(crate) fn begun(
    watching: &mut Watching,
    session: &mut Session,
    id: SubId,
    beginning: Beginning,
    read: Result<Snapshot, Error>,
) -> Result<Began, Refused> {
    match read {
        Ok(snapshot) => {
            session.begun(beginning);
            Ok(Began::Values(snapshot))
        }
        Err(error) => {
            watching.unwatch(id);
            unwatched(error.into())
        }
    }
}

async fn allowed(state: &AppState, user: UserId, session: &mut Session, sub: Sub) -> Result<Begins, Refused> {
    let (source, points, rate_hz) = match resolve(state, user, &sub.target).await? {
        Found::Metrics(flow) => {
            let max_hz = sub.max_hz.unwrap_or(limit::LIVE_METRICS_HZ_DEFAULT);
            let metrics = state.actors.flows.watch(session, sub.id, flow, max_hz).await;
            return metrics.map(|metrics| Begins::Now(Began::Metrics(metrics))).or_else(unwatched);
        }
        Found::Shown(Shown::Live(source, points), rate_hz) => (source, points, rate_hz),
        Found::Shown(Shown::Fixed(point), _) => {
            // another value is another place
            let epoch = point.as_ref().map_or(0, |point| u64::try_from(point.ts.as_ms()).unwrap_or_default());
            let points = point.into_iter().collect();
            let position = Position { epoch, offset: 0 };
            let whole_since = Instant::now();
            let fixed =
                Snapshot { position, points, unit: None, recovered: false, whole_since, spreads: None };
            return Ok(Begins::Now(Began::Values(fixed)));
        }
    };
    // of a time as many as there may be, unless they say otherwise
    let points = sub.points.or(sub.from.map(|_| limit::LIVE_POINTS)).unwrap_or(points);
    let max_hz = sub.max_hz.unwrap_or(rate_hz);
    let request = Request { id: sub.id, source, points, max_hz, since: sub.since, from: sub.from };
    session.begin(request).map(Begins::Reading).or_else(|error| unwatched(error.into()))
}

fn unwatched<T>(error: Unwatched) -> Result<T, Refused> {
    match error {
        Unwatched::Live(error @ Error::Limit { .. }) => refused(ErrCode::Limit, error.to_string()),
        Unwatched::Live(Error::Log(error)) => {
            warn!(%error, "history cannot be read for a dashboard");
            refused(ErrCode::Unavailable, "its history cannot be read just now")
        }
        Unwatched::Live(error @ (Error::Busy | Error::TooLong)) => {
            refused(ErrCode::Unavailable, error.to_string())
        }
        Unwatched::Flow(error) => {
            warn!(%error, "a flow does not tell a dashboard how it is");
            refused(ErrCode::Unavailable, "the flow does not tell how it is just now")
        }
    }
}

async fn resolve(state: &AppState, user: UserId, target: &Target) -> Result<Found, Refused> {
    let catalog = &state.catalog;
    match target {
        Target::Widget(id) => {
            let widget = catalog.readable_widget(user, *id).await.map_err(denied)?;
            if catalog.may_read_source(user, &widget.source).await.map_err(denied)? {
                return Ok(Found::Shown(widget::shown(&widget), widget::rate_hz(&widget)));
            }
            refused(ErrCode::Forbidden, "the widget's source is not there for you")
        }
        Target::DeviceSensor { device, sensor } => {
            catalog.readable_device(user, *device).await.map_err(denied)?;
            let source = Source::DeviceSensor { device: *device, sensor: sensor.clone() };
            Ok(Found::Shown(Shown::Live(source, limit::LIVE_POINTS_DEFAULT), limit::LIVE_HZ_DEFAULT))
        }
        Target::FlowNode { flow, node, field } => {
            catalog.readable_flow(user, *flow).await.map_err(denied)?;
            let source = Source::FlowNode { flow: *flow, node: node.clone(), field: field.clone() };
            Ok(Found::Shown(Shown::Live(source, limit::LIVE_POINTS_DEFAULT), limit::LIVE_HZ_DEFAULT))
        }
        Target::FlowMetrics { flow } => {
            catalog.readable_flow(user, *flow).await.map_err(denied)?;
            Ok(Found::Metrics(*flow))
        }
    }
}

pub(super) fn denied(error: catalog::Error) -> Refused {
    let (code, message) = match &error {
        catalog::Error::NotFound { .. } => (ErrCode::NotFound, error.to_string()),
        catalog::Error::Forbidden => (ErrCode::Forbidden, error.to_string()),
        _ => {
            warn!(%error, "it cannot be looked up whether somebody may watch something");
            (ErrCode::Unavailable, "it cannot be looked up just now".to_owned())
        }
    };
    Refused { code, message }
}

impl From<Refused> for Problem {
    fn from(Refused { code, message }: Refused) -> Self {
        match code {
            ErrCode::NotFound => Self { detail: message.into(), ..Self::not_found("widget") },
            ErrCode::Forbidden => Self::forbidden("forbidden", message),
            ErrCode::Limit => Self::forbidden("live_limit_reached", message),
            ErrCode::Malformed => Self::bad_request("invalid_parameter", message),
            ErrCode::Unavailable => Self { detail: message.into(), ..Self::busy() },
        }
    }
}
