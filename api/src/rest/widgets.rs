//! Widgets of a dashboard: what feeds them. In addresses they go by their `id`, not by their `widget_id`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Json, Router};
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::widget::{DashboardWidget, WidgetInput};
use edgesync_schemas::id::{DashboardId, WidgetId};

use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::page::Path;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/dashboard-templates/{id}/widgets", get(list).post(create))
        .route("/dashboard-templates/{id}/widgets/{widget}", delete(remove).get(show))
}

/// All of them: a dashboard has so few that they are one page.
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
) -> Result<Json<Page<DashboardWidget>>, Problem> {
    Ok(Json(Page { items: state.catalog.widgets(auth.user.id, id).await?, next: None }))
}

async fn create(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<DashboardWidget>), Problem> {
    let widget = state.catalog.create_widget(auth.user.id, id, WidgetInput::read(body)?).await?;
    Ok((StatusCode::CREATED, Json(widget)))
}

async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, widget)): Path<(DashboardId, WidgetId)>,
) -> Result<Json<DashboardWidget>, Problem> {
    let widget = state.catalog.readable_widget(auth.user.id, widget).await?;
    if widget.dashboard_template_uuid == id { Ok(Json(widget)) } else { Err(Problem::not_found("widget")) }
}

async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, widget)): Path<(DashboardId, WidgetId)>,
) -> Result<StatusCode, Problem> {
    state.catalog.delete_widget(auth.user.id, id, widget).await?;
    Ok(StatusCode::NO_CONTENT)
}
