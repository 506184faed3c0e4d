//! The REST API: one file per entity. A handler parses, asks the catalog or the actors, and answers.

mod api_tokens;
mod audit;
mod auth;
mod bulk;
mod dashboards;
mod deployments;
mod device_actions;
mod devices;
mod events;
mod executions;
mod fleet;
mod flow_series;
mod flows;
mod live;
mod me;
mod members;
mod node_types;
mod organizations;
mod permissions;
mod projects;
mod reader;
mod readings;
mod runs;
mod samples;
mod sessions;
mod share_links;
mod shared;
mod widgets;

use std::fmt::Display;

use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::idempotency::carry_on;
use utoipa_axum::router::OpenApiRouter;

use crate::error::Problem;
use crate::state::AppState;

/// All routes below `/api/v1`, with their description.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .merge(auth::routes())
        .merge(me::routes())
        .merge(sessions::routes())
        .merge(api_tokens::routes())
        .merge(organizations::routes())
        .merge(fleet::routes())
        .merge(events::routes())
        .merge(members::routes())
        .merge(audit::routes())
        .merge(projects::routes())
        .merge(devices::routes())
        .merge(bulk::routes())
        .merge(device_actions::routes())
        .merge(readings::routes())
        .merge(flows::routes())
        .merge(deployments::routes())
        .merge(executions::routes())
        .merge(flow_series::routes())
        .merge(runs::routes())
        .merge(node_types::routes())
        .merge(dashboards::routes())
        .merge(permissions::routes())
        .merge(share_links::routes())
        .merge(widgets::routes())
        .merge(samples::routes())
        .merge(live::routes())
        .merge(shared::routes())
}

/// The answer to who made a thing: it, and where it is.
type Made<T> = (StatusCode, [(HeaderName, String); 1], Json<T>);

/// `place` is what follows `/api/v1/` in its address.
fn made<T>(place: impl Display, thing: T) -> Made<T> {
    (StatusCode::CREATED, [location(place)], Json(thing))
}

/// The header that says where a thing is.
fn location(place: impl Display) -> (HeaderName, String) {
    (header::LOCATION, format!("/api/v1/{place}"))
}

/// The moment.
fn now() -> Timestamp {
    Timestamp::from_us_saturating(jiff::Timestamp::now().as_microsecond())
}

/// Runs `work` to its end even if whoever asked hangs up: for a change whose second half must follow its first.
async fn whole<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(carry_on(work)).await.map_err(|error| Problem::internal(&error))?
}
