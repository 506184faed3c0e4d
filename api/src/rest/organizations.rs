//! Organizations.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::organization::{
    Organization, OrganizationInput, OrganizationPatch, OwnerInput,
};
use edgesync_schemas::id::{FlowId, OrganizationId};
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_storage::catalog;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Made, made, whole};
use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::openapi::Role;
use crate::openapi::problem::Conflict;
use crate::page::{Params, Path, Sorted, page};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(show, change, remove))
        .routes(routes!(hand_over))
}

/// The organizations that one is a member of.
#[utoipa::path(
    get,
    path = "/organizations",
    operation_id = "list_organizations",
    tag = "organizations",
    params(Sorted),
    responses((status = 200, description = "a page of them", body = Page<Organization>)),
    extensions(("x-role" = json!(Role::Any)), ("x-scope" = json!("read")))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<Organization>>, Problem> {
    Ok(Json(page(state.catalog.organizations(auth.user.id, params.text("q"), params.slice()?).await?)))
}

/// Makes an organization, which is the own.
#[utoipa::path(
    post,
    path = "/organizations",
    operation_id = "create_organization",
    tag = "organizations",
    request_body = OrganizationInput,
    responses((status = 201, description = "made", body = Organization), Conflict),
    extensions(("x-role" = json!(Role::Any)), ("x-scope" = json!("admin")))
)]
async fn create(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<Made<Organization>, Problem> {
    let thing = state.catalog.create_organization(auth.user.id, OrganizationInput::read(body)?).await?;
    Ok(made(format!("organizations/{}", thing.id), thing))
}

/// An organization.
#[utoipa::path(
    get,
    path = "/organizations/{id}",
    operation_id = "show_organization",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "the organization")),
    responses((status = 200, description = "it", body = Organization)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
) -> Result<Json<Organization>, Problem> {
    Ok(Json(state.catalog.organization(auth.user.id, id).await?))
}

/// Changes an organization.
///
/// The devices of one that is not in use (`is_active` false) are refused and their sockets closed. Its members read on, and its admins change on.
#[utoipa::path(
    patch,
    path = "/organizations/{id}",
    operation_id = "change_organization",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "the organization")),
    request_body = OrganizationPatch,
    responses((status = 200, description = "as it is now", body = Organization), Conflict),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("admin")))
)]
async fn change(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
    JsonBody(body): JsonBody,
) -> Result<Json<Organization>, Problem> {
    let patch = OrganizationPatch::read(body)?;
    whole(async move {
        let organization = state.catalog.update_organization(auth.user.id, id, patch).await?;
        if !organization.is_active {
            let close = Close::new(CloseCode::Forbidden, "the organization is not in use");
            state.actors.devices.close_organization(id, close);
        }
        Ok(Json(organization))
    })
    .await
}

/// Removes an organization with its projects, devices, dashboards and audit log.
///
/// It is gone at once, for everybody. Its flows stay with their owners and are stopped; its readings stay until their time is over.
#[utoipa::path(
    delete,
    path = "/organizations/{id}",
    operation_id = "delete_organization",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "the organization")),
    responses((status = 204, description = "gone")),
    extensions(("x-role" = json!(Role::Owner)), ("x-scope" = json!("admin")))
)]
async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
) -> Result<StatusCode, Problem> {
    whole(async move {
        state.catalog.delete_organization(auth.user.id, id).await?;
        let close = Close::new(CloseCode::Authentication, "the organization was deleted");
        state.actors.devices.close_organization(id, close);
        if let Err(error) = stop_flows(&state, id).await {
            // Nothing comes from its devices any more; what is not done when the server ends its next start does.
            tracing::warn!(%error, organization = %id, "flows of a deleted organization run on for now");
            tokio::spawn(async move {
                while stop_flows(&state, id).await.is_err() {
                    tokio::time::sleep(AGAIN).await;
                }
            });
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Between two attempts to stop the flows of a deleted organization.
const AGAIN: Duration = Duration::from_secs(5);

/// Stops the flows of a deleted organization, some at a time.
async fn stop_flows(state: &AppState, id: OrganizationId) -> Result<(), catalog::Error> {
    let mut stopping = state.catalog.stopping(id).await?;
    while let Some(stopped) = state.catalog.stop_next(&mut stopping).await? {
        for flow in stopped {
            stop(state, flow).await;
        }
    }
    Ok(())
}

/// Stops a flow that is written down as stopped.
async fn stop(state: &AppState, flow: FlowId) {
    let _turn = state.actors.flows.ending(flow).await;
    let stopped = match state.catalog.deployed_flow(flow).await {
        // Somebody has deployed it again meanwhile.
        Ok(Some(_)) => return,
        Ok(None) => state.actors.flows.stop(flow).await.map(drop).map_err(Problem::from),
        Err(error) => Err(error.into()),
    };
    if let Err(problem) = stopped {
        // It reads devices that are gone, and does not come back with the next start of the server.
        tracing::error!(%flow, error = %problem.detail, "a flow of a deleted organization could not be stopped");
    }
}

/// Hands an organization over to a member, who becomes an admin too. Who owned it stays an admin.
#[utoipa::path(
    post,
    path = "/organizations/{id}/owner",
    operation_id = "hand_over_organization",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "the organization")),
    request_body = OwnerInput,
    responses((status = 200, description = "as it is now", body = Organization)),
    extensions(("x-role" = json!(Role::Owner)), ("x-scope" = json!("admin")))
)]
async fn hand_over(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
    JsonBody(body): JsonBody,
) -> Result<Json<Organization>, Problem> {
    let OwnerInput { user_id } = OwnerInput::read(body)?;
    Ok(Json(state.catalog.hand_over(auth.user.id, id, user_id).await?))
}
