//! Many devices at once. Each line is the body of `POST /devices`; each is made or not, and answered by itself.
//!
//! Lines are made durable [`limit::BULK_CHUNK`] at a time, in one transaction: a thousand devices cost ten, and not a thousand. An answer
//! is sent when its devices are durable. Who hangs up leaves the lines behind undone.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use edgesync_schemas::entity::device::{Device, DeviceInput};
use edgesync_schemas::id::UserId;
use edgesync_schemas::limit;
use edgesync_storage::catalog::{Catalog, Made};
use futures_util::stream;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::whole;
use crate::auth::Auth;
use crate::error::{self, Problem};
use crate::lines::{Line, Lines};
use crate::openapi::Role;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(create))
}

/// A device that a line made.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkCreated)]
struct Created<'a> {
    /// The line.
    line: u64,
    /// 201.
    status: u16,
    /// The device.
    device: &'a Device,
    /// What it opens its socket with. It is shown here, and never again.
    token: &'a str,
}

/// Why a line made none.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkRefused)]
struct Refused<'a> {
    /// The line.
    line: u64,
    #[serde(flatten)]
    problem: error::Body<'a>,
}

/// What became of a line.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkAnswer)]
#[serde(untagged)]
enum Answer<'a> {
    Made(Created<'a>),
    NotMade(Refused<'a>),
}

/// Makes many devices: CSV with a header, or a JSON object per line, each with the fields of a new device.
///
/// The answer has a line of JSON for each, in their order: what was made, with its token, or the problem. One that cannot be made does
/// not keep the others from it.
#[utoipa::path(
    post,
    path = "/devices/bulk",
    operation_id = "create_devices",
    tag = "devices",
    request_body(content((String = "text/csv"), (String = "application/x-ndjson"))),
    responses((status = 200, description = "a line for each", content_type = "application/x-ndjson", body = Answer)),
    extensions(("x-role" = json!(Role::Any)), ("x-scope" = json!("devices")))
)]
async fn create(State(state): State<AppState>, auth: Auth, Lines(lines): Lines) -> Response {
    let (catalog, user) = (state.catalog, auth.user.id);
    let answers = stream::unfold(lines.into_iter(), move |mut lines| {
        let catalog = catalog.clone();
        async move {
            let chunk: Vec<Line> = lines.by_ref().take(limit::BULK_CHUNK).collect();
            if chunk.is_empty() {
                return None;
            }
            Some((Ok::<_, Infallible>(answer(catalog, user, chunk).await), lines))
        }
    });
    let body = Body::from_stream(answers);
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

/// Makes the devices of some lines; the lines that answer them.
async fn answer(catalog: Catalog, user: UserId, chunk: Vec<Line>) -> Bytes {
    let mut inputs = Vec::with_capacity(chunk.len());
    let mut refused = Vec::with_capacity(chunk.len());
    for line in chunk {
        let read = line.body.and_then(|body| Ok(DeviceInput::read(body)?));
        refused.push((line.number, read.map(|input| inputs.push(input)).err()));
    }
    // On its own feet: whoever hangs up meanwhile gets no answer, and all of it is done all the same.
    let asked = inputs.len();
    let made = whole(async move { Ok(catalog.create_devices(user, inputs).await?) }).await;
    let mut made = match made {
        Ok(made) => made.into_iter().map(|one: Made| one.map_err(Problem::from)).collect(),
        Err(problem) => vec![Err(problem); asked],
    }
    .into_iter();
    let mut text = Vec::new();
    for (line, problem) in refused {
        let one = match problem {
            Some(problem) => Err(problem),
            None => made.next().unwrap_or_else(|| Err(Problem::busy())),
        };
        let answer = match &one {
            Ok((device, token)) => Answer::Made(Created { line, status: 201, device, token: token.reveal() }),
            Err(problem) => Answer::NotMade(Refused { line, problem: problem.body() }),
        };
        // Plain fields: there is nothing in them that JSON cannot say.
        let _ = serde_json::to_writer(&mut text, &answer);
        text.push(b'\n');
    }
    text.into()
}
