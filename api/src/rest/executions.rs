//! What was deployed of flows and what their runs came to: versions, executions, dead letters.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::dead_letter::DeadLetter;
use edgesync_schemas::entity::execution::{ExecutionStatus, FlowExecution, NodeExecution};
use edgesync_schemas::entity::flow_version::{FlowVersion, FlowVersionSummary};
use edgesync_schemas::id::{ExecutionId, FlowId};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::{Paging, Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(versions))
        .routes(routes!(version))
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(nodes))
        .routes(routes!(letters, remove_letters))
}

/// The versions of a flow that were deployed, the newest first, without their diagrams.
#[utoipa::path(
    get,
    path = "/flows/{id}/versions",
    operation_id = "list_flow_versions",
    tag = "flows",
    params(("id" = FlowId, Path, description = "the flow"), Paging),
    responses((status = 200, description = "a page of them", body = Page<FlowVersionSummary>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn versions(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    params: Params,
) -> Result<Json<Page<FlowVersionSummary>>, Problem> {
    Ok(Json(page(state.catalog.flow_versions(auth.user.id, id, params.slice()?).await?)))
}

/// A version of a flow, with its diagram.
#[utoipa::path(
    get,
    path = "/flows/{id}/versions/{version}",
    operation_id = "show_flow_version",
    tag = "flows",
    params(
        ("id" = FlowId, Path, description = "the flow"),
        ("version" = u32, Path, description = "its number"),
    ),
    responses((status = 200, description = "it", body = FlowVersion)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn version(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, version)): Path<(FlowId, String)>,
) -> Result<Json<FlowVersion>, Problem> {
    // What is no number is 0, which no version has.
    let version = version.parse().unwrap_or(0);
    Ok(Json(state.catalog.flow_version(auth.user.id, id, version).await?))
}

/// The runs of a flow, the newest first. A deployment is one until it is replaced, stopped or fails.
#[utoipa::path(
    get,
    path = "/flows/{id}/executions",
    operation_id = "list_executions",
    tag = "flows",
    params(
        ("id" = FlowId, Path, description = "the flow"),
        Paging,
        ("status" = Option<ExecutionStatus>, Query, description = "Only those that have come so far."),
    ),
    responses((status = 200, description = "a page of them", body = Page<FlowExecution>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    params: Params,
) -> Result<Json<Page<FlowExecution>>, Problem> {
    let status = params.parse("status")?;
    Ok(Json(page(state.catalog.executions(auth.user.id, id, status, params.slice()?).await?)))
}

/// A run of a flow. While it runs over stored readings, its result says how many it has met, and up to which event time.
#[utoipa::path(
    get,
    path = "/flows/{id}/executions/{eid}",
    operation_id = "show_execution",
    tag = "flows",
    params(
        ("id" = FlowId, Path, description = "the flow"),
        ("eid" = ExecutionId, Path, description = "the run"),
    ),
    responses((status = 200, description = "it", body = FlowExecution)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, execution)): Path<(FlowId, ExecutionId)>,
) -> Result<Json<FlowExecution>, Problem> {
    let mut execution = state.catalog.execution(auth.user.id, id, execution).await?;
    if let Some((readings, at)) = state.actors.flows.runs().progress(execution.id) {
        execution.result.insert("readings".into(), json!(readings));
        execution.result.insert("at".into(), json!(at));
    }
    Ok(Json(execution))
}

/// What the nodes did in a run of their flow, the newest first.
///
/// Of a run that came to an end there is one entry a node. Of a deployment there is one for each minute in which a node did something, and
/// samples of single records: of those that it could not handle, and of those that it put out while somebody watched it.
#[utoipa::path(
    get,
    path = "/flows/{id}/executions/{eid}/nodes",
    operation_id = "list_node_executions",
    tag = "flows",
    params(
        ("id" = FlowId, Path, description = "the flow"),
        ("eid" = ExecutionId, Path, description = "the run"),
        Paging,
        ("node" = Option<String>, Query, description = "Only those of the node with this id in the diagram."),
    ),
    responses((status = 200, description = "a page of them", body = Page<NodeExecution>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn nodes(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, execution)): Path<(FlowId, ExecutionId)>,
    params: Params,
) -> Result<Json<Page<NodeExecution>>, Problem> {
    let (user, node) = (auth.user.id, params.text("node"));
    Ok(Json(page(state.catalog.node_executions(user, id, execution, node, params.slice()?).await?)))
}

/// The records that a flow could not handle, the newest first.
#[utoipa::path(
    get,
    path = "/flows/{id}/dead-letters",
    operation_id = "list_dead_letters",
    tag = "flows",
    params(
        ("id" = FlowId, Path, description = "the flow"),
        Paging,
        ("node" = Option<String>, Query, description = "Only those of the node with this id in the diagram."),
    ),
    responses((status = 200, description = "a page of them", body = Page<DeadLetter>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn letters(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    params: Params,
) -> Result<Json<Page<DeadLetter>>, Problem> {
    let node = params.text("node");
    Ok(Json(page(state.catalog.dead_letters(auth.user.id, id, node, params.slice()?).await?)))
}

/// Removes all dead letters of a flow.
#[utoipa::path(
    delete,
    path = "/flows/{id}/dead-letters",
    operation_id = "remove_dead_letters",
    tag = "flows",
    params(("id" = FlowId, Path, description = "the flow")),
    responses((status = 204, description = "gone")),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn remove_letters(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
) -> Result<StatusCode, Problem> {
    state.catalog.delete_dead_letters(auth.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
