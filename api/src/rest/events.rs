//! What happened to an organization's devices.

use axum::Json;
use axum::extract::State;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::device_history::{DeviceAction, DeviceEvent};
use edgesync_schemas::id::OrganizationId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::{Paging, Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list))
}

/// What happened to an organization's devices, the newest first. That of devices that were deleted is there for its admins.
#[utoipa::path(
    get,
    path = "/organizations/{id}/events",
    operation_id = "list_device_events",
    tag = "organizations",
    params(
        ("id" = OrganizationId, Path, description = "the organization"),
        Paging,
        ("action" = Option<DeviceAction>, Query, description = "Only what is of this kind."),
    ),
    responses((status = 200, description = "a page of it", body = Page<DeviceEvent>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
    params: Params,
) -> Result<Json<Page<DeviceEvent>>, Problem> {
    let action = params.parse("action")?;
    Ok(Json(page(state.catalog.device_events(auth.user.id, id, action, params.slice()?).await?)))
}
