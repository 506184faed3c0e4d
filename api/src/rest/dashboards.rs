//! Dashboard templates.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::dashboard::{
    DashboardInput, DashboardPatch, DashboardSummary, DashboardTemplate, WholeDashboard, WholeDashboardInput,
};
use edgesync_schemas::id::{DashboardId, OrganizationId, ProjectId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::location;
use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::etag::{IfMatch, IfNoneMatch, if_match, shown, tag, tagged};
use crate::openapi::Role;
use crate::page::{Params, Path, Sorted, page};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(show, replace, change, remove))
        .routes(routes!(replace_whole))
}

/// Dashboards, without their drawings.
#[utoipa::path(
    get,
    path = "/dashboard-templates",
    operation_id = "list_dashboards",
    tag = "dashboards",
    params(
        Sorted,
        ("organization" = Option<OrganizationId>, Query, description = "Only those of this organization."),
        ("project" = Option<ProjectId>, Query, description = "Only those of this project."),
    ),
    responses((status = 200, description = "a page of them", body = Page<DashboardSummary>)),
    extensions(("x-role" = json!(Role::Any)), ("x-scope" = json!("read")))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<DashboardSummary>>, Problem> {
    let (organization, project) = (params.parse("organization")?, params.parse("project")?);
    let (q, slice) = (params.text("q"), params.slice()?);
    Ok(Json(page(state.catalog.dashboards(auth.user.id, organization, project, q, slice).await?)))
}

/// Makes a dashboard.
#[utoipa::path(
    post,
    path = "/dashboard-templates",
    operation_id = "create_dashboard",
    tag = "dashboards",
    request_body = DashboardInput,
    responses(
        (status = 201, description = "made", body = DashboardTemplate, headers(("ETag" = String, description = "The version and a hash of the entity, for `If-Match` and `If-None-Match`."))),
    ),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("write")))
)]
async fn create(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let dashboard = state.catalog.create_dashboard(auth.user.id, DashboardInput::read(body)?).await?;
    let place = location(format_args!("dashboard-templates/{}", dashboard.id));
    Ok(([place], tagged(StatusCode::CREATED, dashboard.version, &dashboard)).into_response())
}

/// A dashboard with its drawing.
#[utoipa::path(
    get,
    path = "/dashboard-templates/{id}",
    operation_id = "show_dashboard",
    tag = "dashboards",
    params(("id" = DashboardId, Path, description = "the dashboard"), IfNoneMatch),
    responses(
        (status = 200, description = "it", body = DashboardTemplate, headers(("ETag" = String, description = "The version and a hash of the entity, for `If-Match` and `If-None-Match`."))),
        (status = 304, description = "it is as it was", headers(("ETag" = String, description = "As it was."))),
    ),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let dashboard = state.catalog.dashboard(auth.user.id, id).await?;
    Ok(shown(&headers, dashboard.version, &dashboard))
}

/// Saves a dashboard in place of all it was: what is absent is as in a new one. Its organization cannot be changed.
#[utoipa::path(
    put,
    path = "/dashboard-templates/{id}",
    operation_id = "replace_dashboard",
    tag = "dashboards",
    params(("id" = DashboardId, Path, description = "the dashboard"), IfMatch),
    request_body = DashboardInput,
    responses(
        (status = 200, description = "as it is now", body = DashboardTemplate, headers(("ETag" = String, description = "The version and a hash of the entity, for `If-Match` and `If-None-Match`."))),
    ),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn replace(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let (expected, input) = (if_match(&headers), DashboardInput::read(body)?);
    let dashboard = state.catalog.replace_dashboard(auth.user.id, id, expected.as_deref(), input).await?;
    Ok(tagged(StatusCode::OK, dashboard.version, &dashboard))
}

/// Saves a dashboard and all its widgets, in place of all they were: done whole or not at all, as one version.
///
/// A widget with an `id` is changed to be as it is said; one without is the one that has its `widget_id`, or a new one; widgets that are not named are
/// removed. Who saves must be allowed to read each source that its widget did not have before.
#[utoipa::path(
    put,
    path = "/dashboard-templates/{id}/whole",
    operation_id = "replace_whole_dashboard",
    tag = "dashboards",
    params(("id" = DashboardId, Path, description = "the dashboard"), IfMatch),
    request_body = WholeDashboardInput,
    responses(
        (status = 200, description = "as it is now", body = WholeDashboard, headers(("ETag" = String, description = "The version of the dashboard, for `If-Match`."))),
    ),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn replace_whole(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let (expected, input) = (if_match(&headers), WholeDashboardInput::read(body)?);
    let whole = state.catalog.replace_whole_dashboard(auth.user.id, id, expected.as_deref(), input).await?;
    Ok(([(header::ETAG, tag(whole.dashboard.version))], Json(whole)).into_response())
}

/// Saves parts of a dashboard.
#[utoipa::path(
    patch,
    path = "/dashboard-templates/{id}",
    operation_id = "change_dashboard",
    tag = "dashboards",
    params(("id" = DashboardId, Path, description = "the dashboard"), IfMatch),
    request_body = DashboardPatch,
    responses(
        (status = 200, description = "as it is now", body = DashboardTemplate, headers(("ETag" = String, description = "The version and a hash of the entity, for `If-Match` and `If-None-Match`."))),
    ),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn change(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let patch = DashboardPatch::read(body)?;
    let dashboard =
        state.catalog.update_dashboard(auth.user.id, id, if_match(&headers).as_deref(), patch).await?;
    Ok(tagged(StatusCode::OK, dashboard.version, &dashboard))
}

/// Removes a dashboard and its widgets.
#[utoipa::path(
    delete,
    path = "/dashboard-templates/{id}",
    operation_id = "remove_dashboard",
    tag = "dashboards",
    params(("id" = DashboardId, Path, description = "the dashboard"), IfMatch),
    responses((status = 204, description = "gone")),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    state.catalog.delete_dashboard(auth.user.id, id, if_match(&headers).as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}
