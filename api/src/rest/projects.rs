//! Projects.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::project::{Project, ProjectInput};
use edgesync_schemas::id::ProjectId;

use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::page::{Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/projects", get(list).post(create)).route("/projects/{id}", get(show))
}

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

async fn create(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Project>), Problem> {
    let made = state.catalog.create_project(auth.user.id, ProjectInput::read(body)?).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<ProjectId>,
) -> Result<Json<Project>, Problem> {
    Ok(Json(state.catalog.project(auth.user.id, id).await?))
}
