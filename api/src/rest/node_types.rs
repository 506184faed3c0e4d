//! The catalogue of node kinds, with the JSON Schema of each kind's configuration.

use axum::Json;
use edgesync_schemas::entity::Page;
use edgesync_schemas::flow::node::{CATALOGUE, Spec};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list))
}

/// A kind of node.
#[derive(Serialize, ToSchema)]
struct NodeType {
    #[serde(flatten)]
    spec: &'static Spec,
    /// JSON Schema of the node's `data`.
    #[schema(value_type = Object)]
    schema: &'static RawValue,
}

/// The kinds of nodes with the JSON Schemas of their configurations, whole.
#[utoipa::path(
    get,
    path = "/node-types",
    operation_id = "list_node_types",
    tag = "flows",
    responses((status = 200, description = "all of them", body = Page<NodeType>)),
    extensions(("x-role" = json!(Role::Any)), ("x-scope" = json!("read")))
)]
async fn list(_: Auth) -> Result<Json<Page<NodeType>>, Problem> {
    let of = |spec: &'static Spec| Ok(NodeType { spec, schema: serde_json::from_str(spec.schema)? });
    let items = CATALOGUE.into_iter().map(of).collect::<Result<_, serde_json::Error>>();
    Ok(Json(Page { items: items.map_err(|error| Problem::internal(&error))?, next: None }))
}
