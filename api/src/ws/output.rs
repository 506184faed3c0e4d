//! `GET /ws/flows/{flow}/nodes/{node}/output/`: what a flow's node puts out, in the compatible form, see [`super::show`].
//!
//! A flow that is not deployed is waited for. One that is and has no such node closes the socket, also when a later version has it no more.

use axum::Router;
use axum::extract::{Path, Query, State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use edgesync_schemas::limit;
use edgesync_schemas::wire::live::{OUTPUT, Target};
use serde::Deserialize;

use super::show::{Asking, Credentials};
use crate::error::Problem;
use crate::state::AppState;

const ROUTE: &str = "/ws/flows/{flow}/nodes/{node}/output";

/// The route, with and without its last slash.
pub fn routes() -> Router<AppState> {
    Router::new().route(ROUTE, get(connect)).route(&format!("{ROUTE}/"), get(connect))
}

#[derive(Deserialize)]
struct Which {
    /// Of the record's fields; its value if absent.
    field: Option<String>,
}

async fn connect(
    State(state): State<AppState>,
    Path((flow, node)): Path<(String, String)>,
    Query(credentials): Query<Credentials>,
    Query(Which { field }): Query<Which>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let asking = Asking::of(&state, credentials, &headers).await?;
    let flow = flow.parse().map_err(|_| Problem::not_found("flow"))?;
    if !is_name(&node) {
        return Err(Problem::not_found("node"));
    }
    let field = field.filter(|field| !field.is_empty()).unwrap_or_else(|| OUTPUT.to_owned());
    if !is_name(&field) {
        let message = format!("must have at most {} bytes", limit::NODE_ID_BYTES);
        return Err(Problem::parameter("field", &message));
    }
    let target = Target::FlowNode { flow, node: node.into(), field: field.into() };
    asking.shown(state, target, upgrade).await
}

fn is_name(text: &str) -> bool {
    (1..=limit::NODE_ID_BYTES).contains(&text.len())
}
