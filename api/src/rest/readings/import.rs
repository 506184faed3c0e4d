//! Readings from a file into the log, as large as it may be: what has come is made durable before more is read.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use edgesync_schemas::entity::organization::Role;
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::{entity, limit};
use edgesync_storage::history::import::{self, Format, Import, ImportQuery, Report};
use futures_util::StreamExt;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role as Needs;
use crate::page::Params;
use crate::state::AppState;
use crate::tenant;

/// What became of the lines of an import: each is counted once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportReport {
    /// Readings that were stored, and are durable.
    accepted: u64,
    /// Lines that were skipped: an earlier try of the same import had dealt with them, whether it stored or refused them. What it
    /// refused is not stored under the same `import`, even if it would be accepted by now.
    repeated: u64,
    /// Lines that were refused.
    refused: u64,
    /// Why, for the first 100 of them.
    errors: Vec<RefusedLine>,
}

/// A line that was refused.
#[derive(Debug, Serialize, ToSchema)]
struct RefusedLine {
    /// Its number, from 1; the first of several that are one record.
    line: u64,
    /// Which of its fields is wrong, if it is one.
    #[schema(required = true)]
    field: Option<&'static str>,
    /// What is wrong with it.
    message: String,
}

impl From<Report> for ImportReport {
    fn from(report: Report) -> Self {
        let Report { accepted, repeated, refused, errors } = report;
        let line = |refusal: import::Refusal| {
            let import::Refusal { line, field, message } = refusal;
            RefusedLine { line, field, message }
        };
        Self { accepted, repeated, refused, errors: errors.into_iter().map(line).collect() }
    }
}

/// Readings from a file, with an answer per refused line.
///
/// CSV whose first line names the columns, or a JSON object per line; fields as an export has them, of which `device_id`, `unit`,
/// `received_at` and `raw_data` may be absent. An admin of each device's organization may. With `import`, a file that is sent again
/// after a failure is stored once, and what was refused stays refused. A user imports one file at a time.
#[utoipa::path(
    post,
    path = "/readings/import",
    operation_id = "import_readings",
    tag = "readings",
    params(
        ("device" = Option<DeviceId>, Query, description = "Whose readings, where the lines do not say."),
        ("import" = Option<String>, Query, description = "Which import this is: 1 to 64 visible ASCII characters of your choice."),
    ),
    request_body(content((String = "text/csv"), (String = "application/x-ndjson"))),
    responses((status = 200, description = "what became of the lines", body = ImportReport)),
    extensions(("x-role" = json!(Needs::Admin)), ("x-scope" = json!("write")))
)]
pub(super) async fn import(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ImportReport>, Problem> {
    let format = format(&headers)?;
    let device = params.parse::<DeviceId>("device")?;
    if let Some(device) = device {
        let found = tenant::readable_device(&state, auth.user.id, device).await?;
        if tenant::role(&state, auth.user.id, found.organization_id).await? < Role::Admin {
            return Err(Problem::forbidden("forbidden", "this needs an admin of the device's organization"));
        }
    }
    let id = params.parse("import")?;
    let query = ImportQuery { user: auth.user.id, catalog: state.catalog.clone(), device, format, id };
    let Some(_running) = state.imports.begin(auth.user.id) else {
        return Err(Problem::running(
            "import_running",
            "an import of yours is running; one goes on at a time",
        ));
    };
    let Some(import) = state.history.import(query) else { return Err(Problem::busy()) };
    Ok(Json(read(import, body).await?.into()))
}

fn format(headers: &HeaderMap) -> Result<Format, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "text/csv" => Ok(Format::Csv),
        "application/x-ndjson" => Ok(Format::Ndjson),
        _ => {
            let (code, detail) =
                ("unsupported_media_type", "the body must be text/csv or application/x-ndjson");
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, detail))
        }
    }
}

async fn read(mut import: Import, body: Body) -> Result<Report, Problem> {
    let patience = Duration::from_secs(limit::IMPORT_STALL_S);
    let mut parts = body.into_data_stream();
    let mut chunk = Vec::with_capacity(limit::IMPORT_CHUNK_BYTES);
    let mut bytes = 0;
    loop {
        let part = match tokio::time::timeout(patience, parts.next()).await {
            Err(_) => {
                let detail = format!("nothing came for {} s", limit::IMPORT_STALL_S);
                return Err(ended(&import, StatusCode::REQUEST_TIMEOUT, "body_timeout", &detail));
            }
            Ok(Some(Err(_))) => {
                return Err(ended(&import, StatusCode::BAD_REQUEST, "body_unreadable", "the body broke off"));
            }
            Ok(Some(Ok(part))) => part,
            Ok(None) => break,
        };
        bytes += part.len() as u64;
        if bytes > limit::IMPORT_BYTES {
            let detail = format!("the body has more than {} bytes", limit::IMPORT_BYTES);
            return Err(ended(&import, StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", &detail));
        }
        chunk.extend_from_slice(&part);
        if chunk.len() >= limit::IMPORT_CHUNK_BYTES {
            take(&mut import, &chunk).await?;
            chunk.clear();
        }
    }
    take(&mut import, &chunk).await?;
    let accepted = import.report().accepted;
    import.finish().await.map_err(|error| failed(error, accepted))
}

async fn take(import: &mut Import, chunk: &[u8]) -> Result<(), Problem> {
    match import.take(chunk).await {
        Ok(()) => Ok(()),
        Err(error) => Err(failed(error, import.report().accepted)),
    }
}

/// The import ended early: how much of it is there.
fn ended(import: &Import, status: StatusCode, code: &'static str, why: &str) -> Problem {
    Problem::new(status, code, format!("{why}; {}", durable(import.report().accepted)))
}

fn durable(accepted: u64) -> String {
    format!(
        "{accepted} readings before it were stored and are durable, and with the same import= a file sent again is stored once"
    )
}

fn failed(error: import::Error, accepted: u64) -> Problem {
    match error {
        import::Error::Header(message) => {
            let detail = format!("the header {message}");
            Problem { detail: detail.into(), ..Problem::invalid(vec![entity::Problem::at("", message)]) }
        }
        import::Error::Failed => {
            let detail = format!("the store failed; {}", durable(accepted));
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store_failed", detail);
            Problem { retry_after_s: Some(1), ..problem }
        }
        import::Error::Catalog(error) => error.into(),
    }
}
