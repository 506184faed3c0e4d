//! The catalogue of node kinds, with the JSON Schema of each kind's configuration.

use axum::routing::get;
use axum::{Json, Router};
use edgesync_schemas::entity::Page;
use edgesync_schemas::flow::node::{CATALOGUE, Spec};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::auth::Auth;
use crate::error::Problem;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/node-types", get(list))
}

#[derive(Serialize)]
struct NodeType {
    #[serde(flatten)]
    spec: &'static Spec,
    /// JSON Schema of the node's `data`.
    schema: &'static RawValue,
}

async fn list(_: Auth) -> Result<Json<Page<NodeType>>, Problem> {
    let of = |spec: &'static Spec| Ok(NodeType { spec, schema: serde_json::from_str(spec.schema)? });
    let items = CATALOGUE.into_iter().map(of).collect::<Result<_, serde_json::Error>>();
    Ok(Json(Page { items: items.map_err(|error| Problem::internal(&error))?, next: None }))
}
