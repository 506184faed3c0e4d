//! Devices and their tokens. What ends a token ends its socket at once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::device::{Device, DeviceInput, DevicePatch, DeviceStatus, RotateToken};
use edgesync_schemas::entity::device_history::DeviceHistory;
use edgesync_schemas::id::{DeviceId, OrganizationId, ProjectId};
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_storage::catalog::DeviceFilter;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Made, made, whole};
use crate::auth::Auth;
use crate::body::{JsonBody, OptionalBody};
use crate::error::Problem;
use crate::openapi::Role;
use crate::openapi::problem::Conflict;
use crate::page::{Paging, Params, Path, SortedBySight, page};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(show, change, remove))
        .routes(routes!(rotate, revoke))
        .routes(routes!(history))
}

/// A new device.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedDevice)]
struct Created {
    /// It.
    device: Device,
    /// What it opens its socket with. It is shown here, and never again.
    token: String,
}

/// A new token.
#[derive(Serialize, ToSchema)]
#[schema(as = RotatedToken)]
struct Rotated {
    /// What the device opens its socket with. It is shown here, and never again.
    token: String,
}

/// Devices.
#[utoipa::path(
    get,
    path = "/devices",
    operation_id = "list_devices",
    tag = "devices",
    params(
        SortedBySight,
        ("organization" = Option<OrganizationId>, Query, description = "Only those of this organization."),
        ("project" = Option<ProjectId>, Query, description = "Only those in this project."),
        ("status" = Option<DeviceStatus>, Query, description = "Only those that are like this."),
        ("is_active" = Option<bool>, Query, description = "Only those that may, or may not, connect."),
    ),
    responses((status = 200, description = "a page of them", body = Page<Device>)),
    extensions(("x-role" = json!(Role::Any)), ("x-scope" = json!("read")))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<Device>>, Problem> {
    let filter = DeviceFilter {
        organization: params.parse("organization")?,
        project: params.parse("project")?,
        status: params.parse("status")?,
        is_active: params.parse("is_active")?,
        q: params.text("q"),
    };
    Ok(Json(page(state.catalog.devices(auth.user.id, filter, params.slice()?).await?)))
}

/// Makes a device. Its token is in the answer, and never again.
#[utoipa::path(
    post,
    path = "/devices",
    operation_id = "create_device",
    tag = "devices",
    request_body = DeviceInput,
    responses((status = 201, description = "made", body = Created), Conflict),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("devices")))
)]
async fn create(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<Made<Created>, Problem> {
    let (device, token) = state.catalog.create_device(auth.user.id, DeviceInput::read(body)?).await?;
    let place = format!("devices/{}", device.id);
    Ok(made(place, Created { device, token: token.reveal().to_owned() }))
}

/// A device.
#[utoipa::path(
    get,
    path = "/devices/{id}",
    operation_id = "show_device",
    tag = "devices",
    params(("id" = DeviceId, Path, description = "the device")),
    responses((status = 200, description = "it", body = Device)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DeviceId>,
) -> Result<Json<Device>, Problem> {
    Ok(Json(state.catalog.readable_device(auth.user.id, id).await?))
}

/// Changes a device. Switching it off closes its socket at once.
#[utoipa::path(
    patch,
    path = "/devices/{id}",
    operation_id = "change_device",
    tag = "devices",
    params(("id" = DeviceId, Path, description = "the device")),
    request_body = DevicePatch,
    responses((status = 200, description = "as it is now", body = Device), Conflict),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("devices")))
)]
async fn change(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DeviceId>,
    JsonBody(body): JsonBody,
) -> Result<Json<Device>, Problem> {
    let patch = DevicePatch::read(body)?;
    whole(async move {
        let device = state.catalog.update_device(auth.user.id, id, patch).await?;
        if !device.is_active {
            state.actors.devices.close(id, Close::new(CloseCode::Forbidden, "the device was disabled"));
        }
        Ok(Json(device))
    })
    .await
}

/// Removes a device and its tokens, and closes its socket. Its readings stay.
#[utoipa::path(
    delete,
    path = "/devices/{id}",
    operation_id = "remove_device",
    tag = "devices",
    params(("id" = DeviceId, Path, description = "the device")),
    responses((status = 204, description = "gone")),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("devices")))
)]
async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DeviceId>,
) -> Result<StatusCode, Problem> {
    whole(async move {
        state.catalog.delete_device(auth.user.id, id).await?;
        state.actors.devices.close(id, Close::new(CloseCode::Authentication, "the device was deleted"));
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Gives a device a new token, which is in the answer and never again.
#[utoipa::path(
    post,
    path = "/devices/{id}/token",
    operation_id = "rotate_device_token",
    tag = "devices",
    params(("id" = DeviceId, Path, description = "the device")),
    request_body = Option<RotateToken>,
    responses((status = 200, description = "the new token", body = Rotated)),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("devices")))
)]
async fn rotate(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DeviceId>,
    OptionalBody(body): OptionalBody,
) -> Result<Json<Rotated>, Problem> {
    let RotateToken { overlap_s } = RotateToken::read(body)?;
    whole(async move {
        let (_, token) = state.catalog.rotate_device_token(auth.user.id, id, overlap_s).await?;
        // With an overlap, too: the token before the one that is replaced now may still have had its own.
        state.actors.devices.recheck(id);
        Ok(Json(Rotated { token: token.reveal().to_owned() }))
    })
    .await
}

/// Takes a device's tokens away and closes its socket. Until it is given a new one it cannot connect.
#[utoipa::path(
    delete,
    path = "/devices/{id}/token",
    operation_id = "revoke_device_token",
    tag = "devices",
    params(("id" = DeviceId, Path, description = "the device")),
    responses((status = 204, description = "none of its tokens opens anything")),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("devices")))
)]
async fn revoke(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DeviceId>,
) -> Result<StatusCode, Problem> {
    whole(async move {
        state.catalog.revoke_device_token(auth.user.id, id).await?;
        state.actors.devices.close(id, Close::new(CloseCode::Authentication, "the token was revoked"));
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// What happened to a device, the newest first. That of one that was deleted is there for the organization's admins.
#[utoipa::path(
    get,
    path = "/devices/{id}/history",
    operation_id = "list_device_history",
    tag = "devices",
    params(("id" = DeviceId, Path, description = "the device"), Paging),
    responses((status = 200, description = "a page of it", body = Page<DeviceHistory>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn history(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DeviceId>,
    params: Params,
) -> Result<Json<Page<DeviceHistory>>, Problem> {
    Ok(Json(page(state.catalog.device_history(auth.user.id, id, params.slice()?).await?)))
}
