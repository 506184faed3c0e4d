//! Whether somebody may watch what they ask for, and then the subscription.
//!
//! Outsiders are told that there is no such thing; who may see a widget but not its source is told that. Asked at each
//! subscription; whether it may go on is [`super::authority`]'s.

use std::sync::Arc;

use edgesync_actors::flow::Unwatched;
use edgesync_actors::live::widget::{self, Shown};
use edgesync_actors::live::{Error, Request, Session, Snapshot, Source};
use edgesync_schemas::id::{FlowId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::wire::live::{ErrCode, Position, Sub, Target};
use edgesync_storage::catalog;
use tokio::time::Instant;
use tracing::warn;

use super::authority::Watching;
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
pub(super) enum Began {
    /// Values of a source.
    Values(Snapshot),
    /// How a flow is.
    Metrics(Arc<str>),
}

/// What somebody may watch.
enum Found {
    Shown(Shown),
    Metrics(FlowId),
}

/// Subscribes `session` to what is asked for, if whoever `watching` is about may read it, and has that watched over. Not cancel safe.
pub(super) async fn subscribe(
    state: &AppState,
    watching: &mut Watching,
    session: &mut Session,
    sub: Sub,
) -> Result<Began, Refused> {
    watching.watch(&sub).await?;
    let id = sub.id;
    let began = begin(state, watching.viewer().user, session, sub).await;
    if began.is_err() {
        session.unsubscribe(id);
        watching.unwatch(id);
    }
    began
}

async fn begin(state: &AppState, user: UserId, session: &mut Session, sub: Sub) -> Result<Began, Refused> {
    let (source, points) = match resolve(state, user, &sub.target).await? {
        Found::Metrics(flow) => {
            let metrics = state.actors.flows.watch(session, sub.id, flow, sub.max_hz).await;
            return metrics.map(Began::Metrics).or_else(unwatched);
        }
        Found::Shown(Shown::Live(source, points)) => (source, points),
        Found::Shown(Shown::Fixed(point)) => {
            session.unsubscribe(sub.id);
            let points = point.into_iter().collect();
            let position = Position { epoch: 0, offset: 0 };
            let whole_since = Instant::now();
            let fixed = Snapshot { position, points, unit: None, recovered: false, whole_since };
            return Ok(Began::Values(fixed));
        }
    };
    let points = sub.points.unwrap_or(points);
    let request = Request { id: sub.id, source, points, max_hz: sub.max_hz, since: sub.since };
    match session.subscribe(request).await {
        Ok(snapshot) => Ok(Began::Values(snapshot)),
        Err(error) => unwatched(error.into()),
    }
}

fn unwatched<T>(error: Unwatched) -> Result<T, Refused> {
    match error {
        Unwatched::Live(error @ Error::Limit { .. }) => refused(ErrCode::Limit, error.to_string()),
        Unwatched::Live(Error::Log(error)) => {
            warn!(%error, "history cannot be read for a dashboard");
            refused(ErrCode::Unavailable, "its history cannot be read just now")
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
                return Ok(Found::Shown(widget::shown(&widget)));
            }
            refused(ErrCode::Forbidden, "the widget's source is not there for you")
        }
        Target::DeviceSensor { device, sensor } => {
            catalog.readable_device(user, *device).await.map_err(denied)?;
            let source = Source::DeviceSensor { device: *device, sensor: sensor.clone() };
            Ok(Found::Shown(Shown::Live(source, limit::LIVE_POINTS_DEFAULT)))
        }
        Target::FlowNode { flow, node, field } => {
            catalog.readable_flow(user, *flow).await.map_err(denied)?;
            let source = Source::FlowNode { flow: *flow, node: node.clone(), field: field.clone() };
            Ok(Found::Shown(Shown::Live(source, limit::LIVE_POINTS_DEFAULT)))
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
