//! Organizations.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::organization::{Organization, OrganizationInput};
use edgesync_schemas::id::OrganizationId;
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

/// The organizations that one is a member of.
#[utoipa::path(
    get,
    path = "/organizations",
    operation_id = "list_organizations",
    tag = "organizations",
    params(Listed),
    responses((status = 200, description = "a page of them", body = Page<Organization>)),
    extensions(("x-role" = json!(Role::Any)), ("x-scope" = json!("read")))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<Organization>>, Problem> {
    Ok(Json(page(state.catalog.organizations(auth.user.id, params.text("q"), params.slice()?).await?)))
}

/// Makes an organization, which is the own.
#[utoipa::path(
    post,
    path = "/organizations",
    operation_id = "create_organization",
    tag = "organizations",
    request_body = OrganizationInput,
    responses((status = 201, description = "made", body = Organization), Conflict),
    extensions(("x-role" = json!(Role::Any)), ("x-scope" = json!("admin")))
)]
async fn create(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Organization>), Problem> {
    let made = state.catalog.create_organization(auth.user.id, OrganizationInput::read(body)?).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// An organization.
#[utoipa::path(
    get,
    path = "/organizations/{id}",
    operation_id = "show_organization",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "the organization")),
    responses((status = 200, description = "it", body = Organization)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
) -> Result<Json<Organization>, Problem> {
    Ok(Json(state.catalog.organization(auth.user.id, id).await?))
}
