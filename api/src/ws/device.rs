//! `GET /ws/v1/device`: the EdgeSync form of the device socket.

use axum::Router;
use axum::extract::{RawQuery, State, WebSocketUpgrade};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::get;
use edgesync_actors::device::{Form, Identity};

use super::socket::serve;
use crate::error::Problem;
use crate::state::AppState;

/// Sub-protocol of text frames. A handshake that names no sub-protocol speaks it too.
const JSON: &str = "edgesync.v1.json";

/// The route.
pub fn routes() -> Router<AppState> {
    Router::new().route("/ws/v1/device", get(connect))
}

async fn connect(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    if query.is_some_and(|query| query.split('&').any(|pair| pair.split('=').next() == Some("token"))) {
        // Addresses end up in the logs of proxies.
        return Err(Problem::bad_request(
            "token_in_query",
            "the token belongs in the Authorization header or in hello",
        ));
    }
    if !speaks_json(&headers) {
        return Err(Problem::bad_request(
            "sub_protocol",
            "the sub-protocol of this socket is edgesync.v1.json",
        ));
    }
    let identity = match bearer(&headers) {
        None => None,
        Some(token) => match Identity::of(token, &state.catalog).await? {
            Some(identity) => Some(identity),
            None => return Err(Problem::unauthorized("token is unknown or revoked")),
        },
    };
    Ok(serve(upgrade.protocols([JSON]), Form::Numbered(identity), state.actors.context))
}

/// Whether the handshake offers our sub-protocol, or none.
fn speaks_json(headers: &HeaderMap) -> bool {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let mut names =
        offered.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).peekable();
    names.peek().is_none() || names.any(|name| name.trim() == JSON)
}

/// Token of an `Authorization: Bearer` header.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
