//! Organizations.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::organization::{Organization, OrganizationInput};
use edgesync_schemas::id::OrganizationId;

use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::page::{Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/organizations", get(list).post(create)).route("/organizations/{id}", get(show))
}

async fn list(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<Organization>>, Problem> {
    Ok(Json(page(state.catalog.organizations(auth.user.id, params.text("q"), params.slice()?).await?)))
}

async fn create(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Organization>), Problem> {
    let made = state.catalog.create_organization(auth.user.id, OrganizationInput::read(body)?).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
) -> Result<Json<Organization>, Problem> {
    Ok(Json(state.catalog.organization(auth.user.id, id).await?))
}
