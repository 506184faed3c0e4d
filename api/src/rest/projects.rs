//! Projects.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::device::{Device, DeviceStatus};
use edgesync_schemas::entity::project::{Project, ProjectInput, ProjectPatch};
use edgesync_schemas::id::{DeviceId, OrganizationId, ProjectId};
use edgesync_storage::catalog::DeviceFilter;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::members::stop_if_foreign;
use super::{Made, made, whole};
use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::openapi::Role;
use crate::openapi::problem::Conflict;
use crate::page::{Params, Path, Sorted, SortedBySight, page};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(show, change, remove))
        .routes(routes!(devices))
        .routes(routes!(add_device, remove_device))
}

/// Projects.
#[utoipa::path(
    get,
    path = "/projects",
    operation_id = "list_projects",
    tag = "projects",
    params(
        Sorted,
        ("organization" = Option<OrganizationId>, Query, description = "Only those of this organization."),
    ),
    responses((status = 200, description = "a page of them", body = Page<Project>)),
    extensions(("x-role" = json!(Role::Any)), ("x-scope" = json!("read")))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<Project>>, Problem> {
    let organization = params.parse("organization")?;
    Ok(Json(page(
        state.catalog.projects(auth.user.id, organization, params.text("q"), params.slice()?).await?,
    )))
}

/// Makes a project.
#[utoipa::path(
    post,
    path = "/projects",
    operation_id = "create_project",
    tag = "projects",
    request_body = ProjectInput,
    responses((status = 201, description = "made", body = Project), Conflict),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("write")))
)]
async fn create(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<Made<Project>, Problem> {
    let thing = state.catalog.create_project(auth.user.id, ProjectInput::read(body)?).await?;
    Ok(made(format!("projects/{}", thing.id), thing))
}

/// A project.
#[utoipa::path(
    get,
    path = "/projects/{id}",
    operation_id = "show_project",
    tag = "projects",
    params(("id" = ProjectId, Path, description = "the project")),
    responses((status = 200, description = "it", body = Project)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<ProjectId>,
) -> Result<Json<Project>, Problem> {
    Ok(Json(state.catalog.project(auth.user.id, id).await?))
}

/// Changes a project.
#[utoipa::path(
    patch,
    path = "/projects/{id}",
    operation_id = "change_project",
    tag = "projects",
    params(("id" = ProjectId, Path, description = "the project")),
    request_body = ProjectPatch,
    responses((status = 200, description = "as it is now", body = Project), Conflict),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("write")))
)]
async fn change(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<ProjectId>,
    JsonBody(body): JsonBody,
) -> Result<Json<Project>, Problem> {
    Ok(Json(state.catalog.update_project(auth.user.id, id, ProjectPatch::read(body)?).await?))
}

/// Removes a project. What was in it stays: devices and dashboards in the organization, flows with their owners alone.
#[utoipa::path(
    delete,
    path = "/projects/{id}",
    operation_id = "remove_project",
    tag = "projects",
    params(("id" = ProjectId, Path, description = "the project")),
    responses((status = 204, description = "gone")),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("write")))
)]
async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<ProjectId>,
) -> Result<StatusCode, Problem> {
    whole(async move {
        for flow in state.catalog.delete_project(auth.user.id, id).await? {
            stop_if_foreign(&state, flow, "its project was removed").await?;
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// The devices of a project.
#[utoipa::path(
    get,
    path = "/projects/{id}/devices",
    operation_id = "list_project_devices",
    tag = "projects",
    params(
        ("id" = ProjectId, Path, description = "the project"),
        SortedBySight,
        ("status" = Option<DeviceStatus>, Query, description = "Only those that are like this."),
        ("is_active" = Option<bool>, Query, description = "Only those that may, or may not, connect."),
    ),
    responses((status = 200, description = "a page of them", body = Page<Device>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn devices(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<ProjectId>,
    params: Params,
) -> Result<Json<Page<Device>>, Problem> {
    state.catalog.project(auth.user.id, id).await?;
    let filter = DeviceFilter {
        organization: None,
        project: Some(id),
        status: params.parse("status")?,
        is_active: params.parse("is_active")?,
        q: params.text("q"),
    };
    Ok(Json(page(state.catalog.devices(auth.user.id, filter, params.slice()?).await?)))
}

/// Puts a device into a project of its organization. One that is in it stays so.
#[utoipa::path(
    put,
    path = "/projects/{id}/devices/{device}",
    operation_id = "add_project_device",
    tag = "projects",
    params(
        ("id" = ProjectId, Path, description = "the project"),
        ("device" = DeviceId, Path, description = "the device"),
    ),
    responses((status = 204, description = "it is in it")),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("write")))
)]
async fn add_device(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, device)): Path<(ProjectId, DeviceId)>,
) -> Result<StatusCode, Problem> {
    state.catalog.add_project_device(auth.user.id, id, device).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a device out of a project. The device stays.
#[utoipa::path(
    delete,
    path = "/projects/{id}/devices/{device}",
    operation_id = "remove_project_device",
    tag = "projects",
    params(
        ("id" = ProjectId, Path, description = "the project"),
        ("device" = DeviceId, Path, description = "the device"),
    ),
    responses((status = 204, description = "it is not in it any more")),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("write")))
)]
async fn remove_device(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, device)): Path<(ProjectId, DeviceId)>,
) -> Result<StatusCode, Problem> {
    state.catalog.remove_project_device(auth.user.id, id, device).await?;
    Ok(StatusCode::NO_CONTENT)
}
