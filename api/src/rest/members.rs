//! Who belongs to an organization.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgesync_actors::flow::Error as FlowError;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::organization::{MemberInput, MemberPatch, OrganizationMember};
use edgesync_schemas::flow::Diagram;
use edgesync_schemas::id::{FlowId, OrganizationId, UserId};
use edgesync_storage::catalog::Stopped;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Made, made, whole};
use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::openapi::Role;
use crate::openapi::problem::Conflict;
use crate::page::{Params, Path, SortedByJoining, page};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list, add)).routes(routes!(show, change, remove))
}

/// Who belongs to an organization.
#[utoipa::path(
    get,
    path = "/organizations/{id}/members",
    operation_id = "list_members",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "the organization"), SortedByJoining),
    responses((status = 200, description = "a page of them", body = Page<OrganizationMember>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
    params: Params,
) -> Result<Json<Page<OrganizationMember>>, Problem> {
    Ok(Json(page(state.catalog.members(auth.user.id, id, params.text("q"), params.slice()?).await?)))
}

/// Makes somebody who has an account a member.
#[utoipa::path(
    post,
    path = "/organizations/{id}/members",
    operation_id = "add_member",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "the organization")),
    request_body = MemberInput,
    responses((status = 201, description = "a member now", body = OrganizationMember), Conflict),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("admin")))
)]
async fn add(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
    JsonBody(body): JsonBody,
) -> Result<Made<OrganizationMember>, Problem> {
    let member = state.catalog.add_member(auth.user.id, id, MemberInput::read(body)?).await?;
    Ok(made(format!("organizations/{id}/members/{}", member.user_id), member))
}

/// A member.
#[utoipa::path(
    get,
    path = "/organizations/{id}/members/{user}",
    operation_id = "show_member",
    tag = "organizations",
    params(
        ("id" = OrganizationId, Path, description = "the organization"),
        ("user" = UserId, Path, description = "the member"),
    ),
    responses((status = 200, description = "it", body = OrganizationMember)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, user)): Path<(OrganizationId, UserId)>,
) -> Result<Json<OrganizationMember>, Problem> {
    Ok(Json(state.catalog.member(auth.user.id, id, user).await?))
}

/// Changes what a member was made. The owner stays an admin.
#[utoipa::path(
    patch,
    path = "/organizations/{id}/members/{user}",
    operation_id = "change_member",
    tag = "organizations",
    params(
        ("id" = OrganizationId, Path, description = "the organization"),
        ("user" = UserId, Path, description = "the member"),
    ),
    request_body = MemberPatch,
    responses((status = 200, description = "as it is now", body = OrganizationMember), Conflict),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("admin")))
)]
async fn change(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, user)): Path<(OrganizationId, UserId)>,
    JsonBody(body): JsonBody,
) -> Result<Json<OrganizationMember>, Problem> {
    Ok(Json(state.catalog.update_member(auth.user.id, id, user, MemberPatch::read(body)?).await?))
}

/// Removes a member.
///
/// Everybody may remove themselves, nobody the owner. Their flows in the organization's projects go to its owner; what else they run on its devices is stopped.
#[utoipa::path(
    delete,
    path = "/organizations/{id}/members/{user}",
    operation_id = "remove_member",
    tag = "organizations",
    params(
        ("id" = OrganizationId, Path, description = "the organization"),
        ("user" = UserId, Path, description = "the member"),
    ),
    responses((status = 204, description = "gone"), Conflict),
    extensions(("x-role" = json!(Role::Oneself)), ("x-scope" = json!("admin")))
)]
async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, user)): Path<(OrganizationId, UserId)>,
) -> Result<StatusCode, Problem> {
    whole(async move {
        for flow in state.catalog.remove_member(auth.user.id, id, user).await? {
            stop_if_foreign(&state, flow, "its owner left the organization of its devices").await?;
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Stops a flow that runs on devices which it may not read any more, for this reason.
pub(super) async fn stop_if_foreign(
    state: &AppState,
    flow: FlowId,
    why: &'static str,
) -> Result<(), Problem> {
    let _turn = state.actors.flows.turn(flow).await;
    let Some(deployed) = state.catalog.deployed_flow(flow).await? else { return Ok(()) };
    let Ok(diagram) = serde_json::from_value::<Diagram>(deployed.diagram) else { return Ok(()) };
    match state.actors.flows.check_again(flow, &diagram).await {
        Ok(()) => Ok(()),
        Err(FlowError::Refused(_)) => {
            state.catalog.set_flow_stopped(flow, Stopped::Because(why)).await?;
            state.actors.flows.stop(flow).await?;
            tracing::info!(%flow, why, "flow stopped");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
