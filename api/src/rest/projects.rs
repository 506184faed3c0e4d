//! Projects.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::project::{Project, ProjectInput};
use edgesync_schemas::id::{OrganizationId, ProjectId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::openapi::Role;
use crate::openapi::problem::Conflict;
use crate::page::{Listed, Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(show))
}

/// Projects.
#[utoipa::path(
    get,
    path = "/projects",
    operation_id = "list_projects",
    tag = "projects",
    params(
        Listed,
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
) -> Result<(StatusCode, Json<Project>), Problem> {
    let made = state.catalog.create_project(auth.user.id, ProjectInput::read(body)?).await?;
    Ok((StatusCode::CREATED, Json(made)))
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
