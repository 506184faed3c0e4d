//! How an organization's devices are, counted.

use axum::Json;
use axum::extract::State;
use edgesync_schemas::entity::fleet::Fleet;
use edgesync_schemas::id::OrganizationId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::Path;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(show))
}

/// How many devices an organization has, and how they are.
#[utoipa::path(
    get,
    path = "/organizations/{id}/fleet",
    operation_id = "show_fleet",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "the organization")),
    responses((status = 200, description = "the counts", body = Fleet)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
) -> Result<Json<Fleet>, Problem> {
    Ok(Json(state.catalog.fleet(auth.user.id, id).await?))
}
