//! Whom a dashboard is shared with.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::dashboard::{PermissionInput, TemplatePermission};
use edgesync_schemas::id::{DashboardId, UserId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::{Paging, Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(show, set, remove))
}

/// Whom a dashboard is shared with beyond their role.
#[utoipa::path(
    get,
    path = "/dashboard-templates/{id}/permissions",
    operation_id = "list_permissions",
    tag = "dashboards",
    params(("id" = DashboardId, Path, description = "the dashboard"), Paging),
    responses((status = 200, description = "a page of them", body = Page<TemplatePermission>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
    params: Params,
) -> Result<Json<Page<TemplatePermission>>, Problem> {
    Ok(Json(page(state.catalog.permissions(auth.user.id, id, params.slice()?).await?)))
}

/// What one member has been given on a dashboard.
#[utoipa::path(
    get,
    path = "/dashboard-templates/{id}/permissions/{user}",
    operation_id = "show_permission",
    tag = "dashboards",
    params(
        ("id" = DashboardId, Path, description = "the dashboard"),
        ("user" = UserId, Path, description = "the member"),
    ),
    responses((status = 200, description = "it", body = TemplatePermission)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, user)): Path<(DashboardId, UserId)>,
) -> Result<Json<TemplatePermission>, Problem> {
    Ok(Json(state.catalog.permission(auth.user.id, id, user).await?))
}

/// Shares a dashboard with a member of its organization.
#[utoipa::path(
    put,
    path = "/dashboard-templates/{id}/permissions/{user}",
    operation_id = "set_permission",
    tag = "dashboards",
    params(
        ("id" = DashboardId, Path, description = "the dashboard"),
        ("user" = UserId, Path, description = "the member"),
    ),
    request_body = PermissionInput,
    responses(
        (status = 200, description = "as it is now", body = TemplatePermission),
        (status = 201, description = "made", body = TemplatePermission),
    ),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn set(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, user)): Path<(DashboardId, UserId)>,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<TemplatePermission>), Problem> {
    let PermissionInput { permission } = PermissionInput::read(body)?;
    let (set, is_new) = state.catalog.set_permission(auth.user.id, id, user, permission).await?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(set)))
}

/// Ends the sharing of a dashboard with a member. The member may, too.
#[utoipa::path(
    delete,
    path = "/dashboard-templates/{id}/permissions/{user}",
    operation_id = "remove_permission",
    tag = "dashboards",
    params(
        ("id" = DashboardId, Path, description = "the dashboard"),
        ("user" = UserId, Path, description = "the member"),
    ),
    responses((status = 204, description = "gone")),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, user)): Path<(DashboardId, UserId)>,
) -> Result<StatusCode, Problem> {
    state.catalog.remove_permission(auth.user.id, id, user).await?;
    Ok(StatusCode::NO_CONTENT)
}
