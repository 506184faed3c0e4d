//! `GET /ws/widgets/{widget_id}/`: the compatible form of a dashboard's socket, see [`super::show`]. One with a fixed value shows it once.

use axum::Router;
use axum::extract::{Path, Query, State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use edgesync_schemas::wire::live::Target;

use super::show::{Asking, Credentials};
use crate::error::Problem;
use crate::state::AppState;

/// The route, with and without its last slash.
pub fn routes() -> Router<AppState> {
    Router::new().route("/ws/widgets/{widget}/", get(connect)).route("/ws/widgets/{widget}", get(connect))
}

async fn connect(
    State(state): State<AppState>,
    Path(widget): Path<String>,
    Query(credentials): Query<Credentials>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let asking = Asking::of(&state, credentials, &headers).await?;
    let widget = widget.parse().map_err(|_| Problem::not_found("widget"))?;
    asking.shown(state, Target::Widget(widget), upgrade).await
}
