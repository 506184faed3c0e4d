//! Who belongs to an organization.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, patch};
use axum::{Json, Router};
use edgesync_actors::flow::Error as FlowError;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::organization::{MemberInput, MemberPatch, OrganizationMember};
use edgesync_schemas::flow::Diagram;
use edgesync_schemas::id::{FlowId, OrganizationId, UserId};
use edgesync_storage::catalog::Stopped;

use super::whole;
use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::page::{Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/organizations/{id}/members", get(list).post(add))
        .route("/organizations/{id}/members/{user}", patch(change).delete(remove))
}

async fn list(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
    params: Params,
) -> Result<Json<Page<OrganizationMember>>, Problem> {
    Ok(Json(page(state.catalog.members(auth.user.id, id, params.text("q"), params.slice()?).await?)))
}

async fn add(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<OrganizationMember>), Problem> {
    let member = state.catalog.add_member(auth.user.id, id, MemberInput::read(body)?).await?;
    Ok((StatusCode::CREATED, Json(member)))
}

async fn change(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, user)): Path<(OrganizationId, UserId)>,
    JsonBody(body): JsonBody,
) -> Result<Json<OrganizationMember>, Problem> {
    Ok(Json(state.catalog.update_member(auth.user.id, id, user, MemberPatch::read(body)?).await?))
}

/// Also stops what the one who leaves runs on the organization's devices.
async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, user)): Path<(OrganizationId, UserId)>,
) -> Result<StatusCode, Problem> {
    whole(async move {
        for flow in state.catalog.remove_member(auth.user.id, id, user).await? {
            stop_if_foreign(&state, flow).await?;
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

async fn stop_if_foreign(state: &AppState, flow: FlowId) -> Result<(), Problem> {
    let _turn = state.deployments.turn(flow).await;
    let Some(deployed) = state.catalog.deployed_flow(flow).await? else { return Ok(()) };
    let Ok(diagram) = serde_json::from_value::<Diagram>(deployed.diagram) else { return Ok(()) };
    match state.actors.flows.check_again(flow, &diagram).await {
        Ok(()) => Ok(()),
        Err(FlowError::Refused(_)) => {
            let why = "its owner left the organization of its devices";
            state.catalog.set_flow_stopped(flow, Stopped::Because(why)).await?;
            state.actors.flows.stop(flow).await?;
            tracing::info!(%flow, "flow stopped, its owner left the organization of its devices");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
