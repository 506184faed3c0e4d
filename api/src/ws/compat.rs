//! `GET /ws/sensors/`: the compatible form of the device socket, for firmware that exists.

use axum::Router;
use axum::extract::{Query, State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use edgesync_actors::device::{Dialect, Form, Identity};
use serde::Deserialize;

use super::device::bearer;
use super::socket::serve;
use crate::error::Problem;
use crate::state::AppState;

/// The route, with and without its last slash.
pub fn routes() -> Router<AppState> {
    Router::new().route("/ws/sensors/", get(connect)).route("/ws/sensors", get(connect))
}

#[derive(Deserialize)]
struct Credentials {
    token: Option<String>,
}

async fn connect(
    State(state): State<AppState>,
    Query(credentials): Query<Credentials>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let token = credentials.token.as_deref().or_else(|| bearer(&headers)).unwrap_or_default();
    // 403, not 401: what existing firmware knows.
    let unknown = || Problem::forbidden("token", "token is missing, unknown or revoked");
    let identity = Identity::of(token, &state.catalog).await?.ok_or_else(unknown)?;
    Ok(serve(upgrade, Form::Unnumbered(Dialect::Compatible, identity), state.actors.context))
}
