//! Widgets of a dashboard: what feeds them. In addresses they go by their `id`, or by the `widget_id` that they have on their dashboard.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::widget::{DashboardWidget, WidgetInput, WidgetPatch};
use edgesync_schemas::id::DashboardId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::openapi::Role;
use crate::openapi::problem::Conflict;
use crate::page::Path;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(show, change, remove))
}

/// The widgets of a dashboard, whole.
#[utoipa::path(
    get,
    path = "/dashboard-templates/{id}/widgets",
    operation_id = "list_widgets",
    tag = "dashboards",
    params(("id" = DashboardId, Path, description = "the dashboard")),
    responses((status = 200, description = "all of them", body = Page<DashboardWidget>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
) -> Result<Json<Page<DashboardWidget>>, Problem> {
    Ok(Json(Page { items: state.catalog.widgets(auth.user.id, id).await?, next: None }))
}

/// Makes a widget. Who makes it must be allowed to read its source.
#[utoipa::path(
    post,
    path = "/dashboard-templates/{id}/widgets",
    operation_id = "create_widget",
    tag = "dashboards",
    params(("id" = DashboardId, Path, description = "the dashboard")),
    request_body = WidgetInput,
    responses((status = 201, description = "made", body = DashboardWidget), Conflict),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn create(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<DashboardWidget>), Problem> {
    let widget = state.catalog.create_widget(auth.user.id, id, WidgetInput::read(body)?).await?;
    Ok((StatusCode::CREATED, Json(widget)))
}

/// A widget.
#[utoipa::path(
    get,
    path = "/dashboard-templates/{id}/widgets/{widget}",
    operation_id = "show_widget",
    tag = "dashboards",
    params(
        ("id" = DashboardId, Path, description = "the dashboard"),
        ("widget" = String, Path, description = "the widget, by its `id` or its `widget_id`"),
    ),
    responses((status = 200, description = "it", body = DashboardWidget)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, widget)): Path<(DashboardId, String)>,
) -> Result<Json<DashboardWidget>, Problem> {
    Ok(Json(state.catalog.dashboard_widget(auth.user.id, id, &widget).await?))
}

/// Changes a widget. A source is changed whole; who changes it must be allowed to read the new one.
#[utoipa::path(
    patch,
    path = "/dashboard-templates/{id}/widgets/{widget}",
    operation_id = "change_widget",
    tag = "dashboards",
    params(
        ("id" = DashboardId, Path, description = "the dashboard"),
        ("widget" = String, Path, description = "the widget, by its `id` or its `widget_id`"),
    ),
    request_body = WidgetPatch,
    responses((status = 200, description = "as it is now", body = DashboardWidget), Conflict),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn change(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, widget)): Path<(DashboardId, String)>,
    JsonBody(body): JsonBody,
) -> Result<Json<DashboardWidget>, Problem> {
    let patch = WidgetPatch::read(body)?;
    Ok(Json(state.catalog.update_widget(auth.user.id, id, &widget, patch).await?))
}

/// Removes a widget.
#[utoipa::path(
    delete,
    path = "/dashboard-templates/{id}/widgets/{widget}",
    operation_id = "remove_widget",
    tag = "dashboards",
    params(
        ("id" = DashboardId, Path, description = "the dashboard"),
        ("widget" = String, Path, description = "the widget, by its `id` or its `widget_id`"),
    ),
    responses((status = 204, description = "gone")),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, widget)): Path<(DashboardId, String)>,
) -> Result<StatusCode, Problem> {
    state.catalog.delete_widget(auth.user.id, id, &widget).await?;
    Ok(StatusCode::NO_CONTENT)
}
