//! Widgets of a dashboard: what feeds them. They are part of it: a change to one is its next version, whose `ETag` the answer carries, and
//! `If-Match` asks for that of the dashboard. In addresses they go by their `id`, or by the `widget_id` that they have on their dashboard.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::widget::{DashboardWidget, WidgetInput, WidgetPatch};
use edgesync_schemas::id::DashboardId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::location;
use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::etag::{IfMatch, if_match, tag};
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
    params(("id" = DashboardId, Path, description = "the dashboard"), IfMatch),
    request_body = WidgetInput,
    responses((status = 201, description = "made", body = DashboardWidget, headers(("ETag" = String, description = "The version of the dashboard, for `If-Match`."))), Conflict),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn create(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let (expected, input) = (if_match(&headers), WidgetInput::read(body)?);
    let (widget, version) = state.catalog.create_widget(auth.user.id, id, expected.as_deref(), input).await?;
    let place = location(format_args!("dashboard-templates/{id}/widgets/{}", widget.id));
    Ok((StatusCode::CREATED, [(header::ETAG, tag(version)), place], Json(widget)).into_response())
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
        IfMatch,
    ),
    request_body = WidgetPatch,
    responses((status = 200, description = "as it is now", body = DashboardWidget, headers(("ETag" = String, description = "The version of the dashboard, for `If-Match`."))), Conflict),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn change(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, widget)): Path<(DashboardId, String)>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let (expected, patch) = (if_match(&headers), WidgetPatch::read(body)?);
    let (widget, version) =
        state.catalog.update_widget(auth.user.id, id, &widget, expected.as_deref(), patch).await?;
    Ok(([(header::ETAG, tag(version))], Json(widget)).into_response())
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
        IfMatch,
    ),
    responses((status = 204, description = "gone", headers(("ETag" = String, description = "The version of the dashboard, for `If-Match`.")))),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, widget)): Path<(DashboardId, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let version =
        state.catalog.delete_widget(auth.user.id, id, &widget, if_match(&headers).as_deref()).await?;
    Ok((StatusCode::NO_CONTENT, [(header::ETAG, tag(version))]).into_response())
}
