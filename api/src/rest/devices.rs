//! Devices and their tokens. What ends a token ends its socket at once.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::device::{Device, DeviceInput, DevicePatch, RotateToken};
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::wire::close::{Close, CloseCode};
use serde::Serialize;

use super::whole;
use crate::auth::Auth;
use crate::body::{JsonBody, OptionalBody};
use crate::error::Problem;
use crate::page::{Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/devices", get(list).post(create))
        .route("/devices/{id}", get(show).patch(change).delete(remove))
        .route("/devices/{id}/token", post(rotate))
}

#[derive(Serialize)]
struct Created {
    device: Device,
    token: String,
}

#[derive(Serialize)]
struct Rotated {
    token: String,
}

async fn list(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<Device>>, Problem> {
    let organization = params.parse("organization")?;
    Ok(Json(page(
        state.catalog.devices(auth.user.id, organization, params.text("q"), params.slice()?).await?,
    )))
}

async fn create(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Created>), Problem> {
    let (device, token) = state.catalog.create_device(auth.user.id, DeviceInput::read(body)?).await?;
    Ok((StatusCode::CREATED, Json(Created { device, token: token.reveal().to_owned() })))
}

async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DeviceId>,
) -> Result<Json<Device>, Problem> {
    Ok(Json(state.catalog.readable_device(auth.user.id, id).await?))
}

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

async fn rotate(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DeviceId>,
    OptionalBody(body): OptionalBody,
) -> Result<Json<Rotated>, Problem> {
    let RotateToken { overlap_s } = RotateToken::read(body)?;
    whole(async move {
        let (_, token) = state.catalog.rotate_device_token(auth.user.id, id, overlap_s).await?;
        if overlap_s == 0 {
            state.actors.devices.close(id, Close::new(CloseCode::Authentication, "the token was replaced"));
        }
        Ok(Json(Rotated { token: token.reveal().to_owned() }))
    })
    .await
}
