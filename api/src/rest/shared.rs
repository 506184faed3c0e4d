//! What a share link shows: its dashboard, and the samples and data of the widgets on it. Its token opens this, live subscriptions to these
//! widgets, and nothing else.
//!
//! Everything is asked as the link's creator, within the dashboard's organization, at the moment. What is told is what is drawn: not who made it, nor where it
//! is, nor which devices and flows feed it.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use edgesync_schemas::entity::shape;
use edgesync_schemas::entity::widget::{Aggregation, DashboardWidget, GridPosition, WidgetType};
use edgesync_schemas::id::{DashboardId, OrganizationId, UserId, WidgetId};
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::OpenLink;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::reader::Reader;
use super::samples::{Data, Samples, data_of, samples_of};
use crate::auth::{Credential, Via, narrowed, session_token};
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::Path;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(show)).routes(routes!(samples)).routes(routes!(data))
}

/// The link whose token the request carries.
struct Shared(OpenLink);

impl Shared {
    fn creator(&self) -> UserId {
        self.0.link.creator_id
    }

    fn dashboard(&self) -> DashboardId {
        self.0.link.dashboard_id
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.0.organization)
    }

    fn reader(&self) -> Reader {
        Reader::by_link(self.0.link.id, self.creator())
    }
}

impl FromRequestParts<AppState> for Shared {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Some((token, Via::Header)) = session_token(&parts.headers) else {
            return Err(Problem::unauthorized("this needs the token of a share link"));
        };
        let open = Credential::of(token).share_link(state).await?;
        open.map(Self).ok_or_else(|| Problem::unauthorized("this is no share link's token, or it has ended"))
    }
}

/// A dashboard as whoever has a link sees it.
#[derive(Debug, Serialize, ToSchema)]
struct SharedDashboard {
    /// Its name.
    name: String,
    /// What it is for.
    description: String,
    /// Where things are, in the words of the UI.
    #[schema(value_type = Object)]
    layout: Map<String, Value>,
    /// How widgets are drawn, in the words of the UI.
    #[schema(value_type = shape::Drawing)]
    drawing: Vec<Value>,
    /// The widgets that are fed, in the order of their making.
    widgets: Vec<SharedWidget>,
    /// Seconds between refreshes of what is not live.
    update_frequency: u32,
    /// When it was saved last.
    updated_at: Timestamp,
    /// When the link ends by itself.
    expires_at: Timestamp,
}

/// A widget of a dashboard as whoever has a link sees it.
#[derive(Debug, Serialize, ToSchema)]
struct SharedWidget {
    /// Its id: what the live socket and addresses name it by.
    id: WidgetId,
    /// Its id in the drawing.
    widget_id: String,
    /// What stands above it.
    title: String,
    /// How it looks.
    widget_type: WidgetType,
    /// What the UI keeps about it.
    #[schema(value_type = Object)]
    widget_config: Map<String, Value>,
    /// Where it is.
    grid_position: GridPosition,
    /// What becomes of its values.
    aggregation: Aggregation,
    /// Of how many milliseconds, and how often that is asked for.
    refresh_interval: u32,
    /// Samples it shows.
    max_samples: u32,
}

impl From<DashboardWidget> for SharedWidget {
    fn from(widget: DashboardWidget) -> Self {
        Self {
            id: widget.id,
            widget_id: widget.widget_id,
            title: widget.title,
            widget_type: widget.widget_type,
            widget_config: widget.widget_config,
            grid_position: widget.grid_position,
            aggregation: widget.aggregation,
            refresh_interval: widget.refresh_interval,
            max_samples: widget.max_samples,
        }
    }
}

/// The dashboard of a share link, and what is fed on it.
#[utoipa::path(
    get,
    path = "/shared",
    operation_id = "show_shared",
    tag = "dashboards",
    responses((status = 200, description = "it", body = SharedDashboard)),
    extensions(("x-role" = json!(Role::ShareLink)))
)]
async fn show(State(state): State<AppState>, shared: Shared) -> Result<Json<SharedDashboard>, Problem> {
    let (catalog, creator, id) = (&state.catalog, shared.creator(), shared.dashboard());
    let read = async {
        Ok::<_, Problem>((catalog.dashboard(creator, id).await?, catalog.widgets(creator, id).await?))
    };
    let (dashboard, widgets) = narrowed(shared.organization(), read).await?;
    Ok(Json(SharedDashboard {
        name: dashboard.name,
        description: dashboard.description,
        layout: dashboard.layout,
        drawing: dashboard.widgets,
        widgets: widgets.into_iter().map(SharedWidget::from).collect(),
        update_frequency: dashboard.update_frequency,
        updated_at: dashboard.updated_at,
        expires_at: shared.0.link.expires_at,
    }))
}

/// The newest samples of a widget of a share link's dashboard, oldest first: at most its `max_samples`, whole.
#[utoipa::path(
    get,
    path = "/shared/widgets/{widget}/samples",
    operation_id = "list_shared_samples",
    tag = "dashboards",
    params(("widget" = String, Path, description = "the widget, by its `id` or its `widget_id`")),
    responses((status = 200, description = "all of them", body = Samples)),
    extensions(("x-role" = json!(Role::ShareLink)))
)]
async fn samples(
    State(state): State<AppState>,
    shared: Shared,
    Path(widget): Path<String>,
) -> Result<Json<Samples>, Problem> {
    let read = samples_of(&state, shared.reader(), shared.dashboard(), &widget);
    narrowed(shared.organization(), read).await
}

/// The newest value of a widget of a share link's dashboard, and what the values of its refresh interval come to.
#[utoipa::path(
    get,
    path = "/shared/widgets/{widget}/data",
    operation_id = "show_shared_data",
    tag = "dashboards",
    params(("widget" = String, Path, description = "the widget, by its `id` or its `widget_id`")),
    responses((status = 200, description = "it", body = Data)),
    extensions(("x-role" = json!(Role::ShareLink)))
)]
async fn data(
    State(state): State<AppState>,
    shared: Shared,
    Path(widget): Path<String>,
) -> Result<Json<Data>, Problem> {
    let read = data_of(&state, shared.reader(), shared.dashboard(), &widget);
    narrowed(shared.organization(), read).await
}
