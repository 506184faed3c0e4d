//! `GET /api/v1/shared/widgets/{widget}/events` and `/poll`: what [`super::events`] and [`super::poll`] are, for whoever has a share link.
//!
//! Its token is in the `Authorization` header, or in the address (`share=`): a browser sets no header for a stream of events. A cookie does not matter.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use edgesync_schemas::id::{OrganizationId, WidgetId};

use super::poll::Polled;
use super::{begin, events, poll};
use crate::auth::{Credential, Via, narrowed, session_token};
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::{Params, Path};
use crate::state::AppState;
use crate::ws::viewer;

/// The token of the link that is shown, and the organization that its dashboard is in.
async fn link<'a>(
    state: &AppState,
    headers: &'a HeaderMap,
    params: &'a Params,
) -> Result<(&'a str, OrganizationId), Problem> {
    let token = match (params.text("share"), session_token(headers)) {
        (Some(share), _) => viewer::shared(share)?,
        (None, Some((token, Via::Header))) => token,
        (None, _) => return Err(Problem::unauthorized("this needs the token of a share link")),
    };
    match Credential::of(token).share_link(state).await? {
        Some(open) => Ok((token, open.organization)),
        None => Err(Problem::unauthorized("this is no share link's token, or it has ended")),
    }
}

/// A widget of a share link's dashboard as server-sent events, for networks that let no WebSocket through.
///
/// What `/live/{widget}/events` sends, to whoever has the link. A browser's `EventSource` sets no header: it has the token in the address.
#[utoipa::path(
    get,
    path = "/shared/widgets/{widget}/events",
    operation_id = "watch_shared_widget",
    tag = "dashboards",
    params(
        ("widget" = WidgetId, Path, description = "the widget, by its `id`"),
        ("share" = Option<String>, Query, description = "The link's token, where there is no `Authorization` header."),
        ("points" = Option<u32>, Query, description = "Values to begin with; 2,000 at most. Those of the widget if absent."),
        ("max_hz" = Option<f64>, Query, description = "Values a second, 50 at most; more are folded. One in the widget's refresh interval if absent."),
        ("from" = Option<i64>, Query, description = "Begin with the history from this time on, in milliseconds since 1970, in at most `points` (2,000) points; `Last-Event-ID` goes before it."),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that is known, `epoch:offset`."),
    ),
    responses((status = 200, description = "the events", content((String = "text/event-stream")))),
    extensions(("x-role" = json!(Role::ShareLink)))
)]
pub(super) async fn events(
    State(state): State<AppState>,
    Path(widget): Path<WidgetId>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (token, organization) = link(&state, &headers, &params).await?;
    let answer = async {
        let since = events::last_event(&headers)?;
        let begun = begin(&state, token, widget, &params, since).await?;
        Ok(events::answer(state.clone(), begun))
    };
    narrowed(Some(organization), answer).await
}

/// What is new of a widget of a share link's dashboard, for networks that let neither a WebSocket nor a stream through.
///
/// What `/live/{widget}/poll` answers, to whoever has the link.
#[utoipa::path(
    get,
    path = "/shared/widgets/{widget}/poll",
    operation_id = "poll_shared_widget",
    tag = "dashboards",
    params(
        ("widget" = WidgetId, Path, description = "the widget, by its `id`"),
        ("share" = Option<String>, Query, description = "The link's token, where there is no `Authorization` header."),
        ("epoch" = Option<u64>, Query, description = "That of the answer before; goes with `offset`."),
        ("offset" = Option<u64>, Query, description = "That of the answer before; goes with `epoch`."),
        ("wait_s" = Option<u64>, Query, description = "Seconds to wait for something new, 60 at most; 25 if absent."),
        ("points" = Option<u32>, Query, description = "Values of a fresh snapshot; 2,000 at most. Those of the widget if absent."),
        ("max_hz" = Option<f64>, Query, description = "Values a second, of an `upd` and of answers, 50 at most; more of an `upd` are folded. One in the widget's refresh interval if absent."),
        ("from" = Option<i64>, Query, description = "Of a fresh snapshot: the history from this time on, in milliseconds since 1970, in at most `points` (2,000) points. Not looked at with a place."),
    ),
    responses((status = 200, description = "what is new", body = Polled)),
    extensions(("x-role" = json!(Role::ShareLink)))
)]
pub(super) async fn poll(
    State(state): State<AppState>,
    Path(widget): Path<WidgetId>,
    params: Params,
    headers: HeaderMap,
) -> Result<Json<Polled>, Problem> {
    let (token, organization) = link(&state, &headers, &params).await?;
    narrowed(Some(organization), poll::answer(&state, token, widget, &params)).await
}
