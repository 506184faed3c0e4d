//! Flow diagrams as drafts. Running them is in [`super::deployments`].

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::flow::{FlowDiagram, FlowInput, FlowPatch, FlowSummary};
use edgesync_schemas::id::{FlowId, OrganizationId, ProjectId};
use edgesync_storage::catalog::FlowFilter;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{location, whole};
use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::etag::{IfMatch, IfNoneMatch, if_match, shown, tagged};
use crate::openapi::Role;
use crate::page::{Params, Path, Sorted, page};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(show, replace, change, remove))
}

/// Flows, without their diagrams, and how they are.
#[utoipa::path(
    get,
    path = "/flows",
    operation_id = "list_flows",
    tag = "flows",
    params(
        Sorted,
        ("project" = Option<ProjectId>, Query, description = "Only those of this project."),
        ("organization" = Option<OrganizationId>, Query, description = "Only those in projects of this organization."),
        ("in_project" = Option<bool>, Query, description = "Only those that are in a project, or that are in none."),
    ),
    responses((status = 200, description = "a page of them", body = Page<FlowSummary>)),
    extensions(("x-role" = json!(Role::Any)), ("x-scope" = json!("read")))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<FlowSummary>>, Problem> {
    let filter = FlowFilter {
        project: params.parse("project")?,
        organization: params.parse("organization")?,
        in_project: params.parse("in_project")?,
        q: params.text("q"),
    };
    let mut found = state.catalog.flows(auth.user.id, filter, params.slice()?).await?;
    state.actors.flows.tell(&mut found.items).await;
    Ok(Json(page(found)))
}

/// Makes a flow: the own, and in a project its organization's members read it.
#[utoipa::path(
    post,
    path = "/flows",
    operation_id = "create_flow",
    tag = "flows",
    request_body = FlowInput,
    responses(
        (status = 201, description = "made", body = FlowDiagram, headers(("ETag" = String, description = "The version and a hash of the entity, for `If-Match` and `If-None-Match`."))),
    ),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("write")))
)]
async fn create(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let flow = state.catalog.create_flow(auth.user.id, FlowInput::read(body)?).await?;
    let place = location(format_args!("flows/{}", flow.id));
    Ok(([place], tagged(StatusCode::CREATED, flow.version, &flow)).into_response())
}

/// A flow with its diagram.
#[utoipa::path(
    get,
    path = "/flows/{id}",
    operation_id = "show_flow",
    tag = "flows",
    params(("id" = FlowId, Path, description = "the flow"), IfNoneMatch),
    responses(
        (status = 200, description = "it", body = FlowDiagram, headers(("ETag" = String, description = "The version and a hash of the entity, for `If-Match` and `If-None-Match`."))),
        (status = 304, description = "it is as it was", headers(("ETag" = String, description = "As it was."))),
    ),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let flow = state.catalog.readable_flow(auth.user.id, id).await?;
    Ok(shown(&headers, flow.version, &flow))
}

/// Saves a whole flow. What runs runs on as it was deployed.
#[utoipa::path(
    put,
    path = "/flows/{id}",
    operation_id = "replace_flow",
    tag = "flows",
    params(("id" = FlowId, Path, description = "the flow"), IfMatch),
    request_body = FlowInput,
    responses(
        (status = 200, description = "as it is now", body = FlowDiagram, headers(("ETag" = String, description = "The version and a hash of the entity, for `If-Match` and `If-None-Match`."))),
    ),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn replace(
    state: State<AppState>,
    auth: Auth,
    id: Path<FlowId>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    save(state, auth, id, &headers, FlowInput::read(body)?.into()).await
}

/// Saves parts of a flow. What runs runs on as it was deployed.
#[utoipa::path(
    patch,
    path = "/flows/{id}",
    operation_id = "change_flow",
    tag = "flows",
    params(("id" = FlowId, Path, description = "the flow"), IfMatch),
    request_body = FlowPatch,
    responses(
        (status = 200, description = "as it is now", body = FlowDiagram, headers(("ETag" = String, description = "The version and a hash of the entity, for `If-Match` and `If-None-Match`."))),
    ),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn change(
    state: State<AppState>,
    auth: Auth,
    id: Path<FlowId>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    save(state, auth, id, &headers, FlowPatch::read(body)?).await
}

async fn save(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    headers: &HeaderMap,
    patch: FlowPatch,
) -> Result<Response, Problem> {
    let expected = if_match(headers);
    whole(async move {
        // what is deployed, and so what it may be moved to, does not change meanwhile
        let _turn = state.actors.flows.turn(id).await;
        let flow = state.catalog.update_flow(auth.user.id, id, expected.as_deref(), patch).await?;
        Ok(tagged(StatusCode::OK, flow.version, &flow))
    })
    .await
}

/// Stops a flow and removes it.
#[utoipa::path(
    delete,
    path = "/flows/{id}",
    operation_id = "remove_flow",
    tag = "flows",
    params(("id" = FlowId, Path, description = "the flow"), IfMatch),
    responses((status = 204, description = "gone")),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let expected = if_match(&headers);
    whole(async move {
        // whoever may not remove it does not end its deployments either
        state.catalog.editable_flow(auth.user.id, id, expected.as_deref()).await?;
        let _turn = state.actors.flows.ending(id).await;
        state.catalog.editable_flow(auth.user.id, id, expected.as_deref()).await?;
        state.actors.flows.stop(id).await?;
        state.catalog.delete_flow(auth.user.id, id, expected.as_deref()).await?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
