//! How an organization's devices and flows are, and how much they do.

use axum::Json;
use axum::extract::State;
use edgesync_schemas::entity::fleet::{Fleet, FleetFlows};
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

/// How an organization's devices and flows are, and how much they do.
///
/// Its own alone: what others send or run is in none of the numbers. Those of the last hour begin with the server.
#[utoipa::path(
    get,
    path = "/organizations/{id}/fleet",
    operation_id = "show_fleet",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "the organization")),
    responses((status = 200, description = "how they are", body = Fleet)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
) -> Result<Json<Fleet>, Problem> {
    // it is asked first whether they are a member
    let counts = state.catalog.fleet(auth.user.id, id).await?;
    let (tallies, tenant) = (&state.actors.tallies, id.uuid());
    let (lately, running) = (tallies.lately(tenant), state.actors.flows.of_tenant(tenant));
    let log = state.log.stats();
    Ok(Json(Fleet {
        devices: counts.devices,
        readings_per_s: (lately.readings_per_s * 10.0).round() / 10.0,
        refused_last_hour: lately.refused,
        errors_last_hour: lately.errors,
        dead_letters_last_hour: counts.dead_letters,
        lag_ms: u64::try_from(running.behind.as_millis()).unwrap_or(u64::MAX),
        lag_readings: tallies.readings_since(tenant, running.behind),
        flows: FleetFlows {
            flows: counts.flows,
            deployed: counts.deployed,
            running: running.running,
            failed: running.failed,
            suspended: counts.suspended,
        },
        store_bytes: counts.is_only_one.then_some(log.stored_bytes + log.blob_bytes),
    }))
}
