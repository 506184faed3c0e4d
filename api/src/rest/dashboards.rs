//! Dashboard templates.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::dashboard::{DashboardInput, DashboardPatch, DashboardSummary};
use edgesync_schemas::id::DashboardId;

use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::etag::{if_match, tagged};
use crate::page::{Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/dashboard-templates", get(list).post(create))
        .route("/dashboard-templates/{id}", get(show).patch(change).delete(remove))
}

async fn list(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<DashboardSummary>>, Problem> {
    let organization = params.parse("organization")?;
    Ok(Json(page(
        state.catalog.dashboards(auth.user.id, organization, params.text("q"), params.slice()?).await?,
    )))
}

async fn create(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let dashboard = state.catalog.create_dashboard(auth.user.id, DashboardInput::read(body)?).await?;
    Ok(tagged(StatusCode::CREATED, dashboard.version, &dashboard))
}

async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
) -> Result<Response, Problem> {
    let dashboard = state.catalog.dashboard(auth.user.id, id).await?;
    Ok(tagged(StatusCode::OK, dashboard.version, &dashboard))
}

async fn change(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let patch = DashboardPatch::read(body)?;
    let dashboard = state.catalog.update_dashboard(auth.user.id, id, if_match(&headers)?, patch).await?;
    Ok(tagged(StatusCode::OK, dashboard.version, &dashboard))
}

async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
) -> Result<StatusCode, Problem> {
    state.catalog.delete_dashboard(auth.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
