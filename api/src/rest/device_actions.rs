//! One thing done to many devices. Each is done or not, and answered by itself, as if it had been asked for alone.
//!
//! Devices are done [`limit::BULK_CHUNK`] at a time, in one transaction. Answers are sent when that is durable, and sockets that end with
//! it are closed. Who hangs up leaves the devices behind undone.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use edgesync_schemas::entity::api_token::Scope;
use edgesync_schemas::entity::device::Device;
use edgesync_schemas::entity::device_actions::{DeviceActionsInput, DeviceDeed};
use edgesync_schemas::id::{DeviceId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_storage::catalog::Acted;
use futures_util::stream;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::whole;
use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::{self, Problem};
use crate::openapi::Role;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(act))
}

/// That it was done to a device.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceActionDone)]
#[serde(deny_unknown_fields)]
struct Done<'a> {
    /// The device.
    id: DeviceId,
    /// 200 with the device, or 204.
    status: u16,
    /// As it is now, if it was switched on or off.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'a Device>,
}

/// Why it was not done to a device.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceActionRefused)]
struct Refused<'a> {
    /// The device.
    id: DeviceId,
    #[serde(flatten)]
    problem: error::Body<'a>,
}

/// What became of a device.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceActionAnswer)]
#[serde(untagged)]
enum Answer<'a> {
    Done(Done<'a>),
    NotDone(Refused<'a>),
}

/// Does one thing to many devices: switches them on or off, puts them into a project or takes them out of it, or removes them.
///
/// The answer has a line of JSON for each, in their order, as if it had been asked for alone; one to whom it cannot be done does not keep
/// the others from it. An API token needs the scope `write` too where a project is changed.
#[utoipa::path(
    post,
    path = "/devices/actions",
    operation_id = "act_on_devices",
    tag = "devices",
    request_body = DeviceActionsInput,
    responses((status = 200, description = "a line for each", content_type = "application/x-ndjson", body = Answer)),
    extensions(("x-role" = json!(Role::Any)), ("x-scope" = json!("devices")))
)]
async fn act(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let DeviceActionsInput { ids, deed } = DeviceActionsInput::read(body)?;
    if matches!(deed, DeviceDeed::AddToProject(_) | DeviceDeed::TakeOutOfProject(_)) {
        auth.require(Some(Scope::Write))?;
    }
    let user = auth.user.id;
    let answers = stream::unfold(ids.into_iter(), move |mut ids| {
        let state = state.clone();
        async move {
            let chunk: Vec<DeviceId> = ids.by_ref().take(limit::BULK_CHUNK).collect();
            if chunk.is_empty() {
                return None;
            }
            Some((Ok::<_, Infallible>(answer(state, user, chunk, deed).await), ids))
        }
    });
    let body = Body::from_stream(answers);
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

/// Does it to some devices; the lines that answer them.
async fn answer(state: AppState, user: UserId, ids: Vec<DeviceId>, deed: DeviceDeed) -> Bytes {
    let asked = ids.clone();
    // On its own feet: whoever hangs up meanwhile gets no answer, and all of it is done all the same.
    let acted = whole(async move {
        let acted = state.catalog.act_on_devices(user, &asked, deed).await?;
        let done = asked.into_iter().zip(&acted).filter(|(_, acted)| acted.is_ok());
        done.for_each(|(id, _)| close(&state, id, deed));
        Ok(acted)
    });
    let acted: Vec<Result<Option<Device>, Problem>> = match acted.await {
        Ok(acted) => acted.into_iter().map(|one: Acted| one.map_err(Problem::from)).collect(),
        Err(problem) => vec![Err(problem); ids.len()],
    };
    let mut text = Vec::new();
    for (id, one) in ids.into_iter().zip(&acted) {
        let answer = match one {
            Ok(device) => {
                let status = if device.is_some() { 200 } else { 204 };
                Answer::Done(Done { id, status, device: device.as_ref() })
            }
            Err(problem) => Answer::NotDone(Refused { id, problem: problem.body() }),
        };
        // Plain fields: there is nothing in them that JSON cannot say.
        let _ = serde_json::to_writer(&mut text, &answer);
        text.push(b'\n');
    }
    text.into()
}

/// Closes the socket of a device that may not have one any more.
fn close(state: &AppState, id: DeviceId, deed: DeviceDeed) {
    let close = match deed {
        DeviceDeed::SwitchOff => Close::new(CloseCode::Forbidden, "the device was disabled"),
        DeviceDeed::Delete => Close::new(CloseCode::Authentication, "the device was deleted"),
        DeviceDeed::SwitchOn | DeviceDeed::AddToProject(_) | DeviceDeed::TakeOutOfProject(_) => return,
    };
    state.actors.devices.close(id, close);
}
