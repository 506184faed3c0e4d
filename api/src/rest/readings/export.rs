//! Readings as a file. What is read is what the client takes: a chunk is read while the one before it is on its way, and no other.
//!
//! A file that could not be written whole is told by its end: the connection is cut before it.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use edgesync_schemas::id::{DeviceId, OrganizationId, UserId};
use edgesync_schemas::limit;
use edgesync_storage::catalog::idempotency::carry_on;
use edgesync_storage::catalog::{self, Catalog, News};
use edgesync_storage::history::export::{self, Export, ExportQuery, Format, Scope};
use futures_util::stream;
use tokio::sync::mpsc;

use super::{Direction, distinct, time};
use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::Params;
use crate::running::Running;
use crate::state::AppState;
use crate::tenant;

/// Readings as a file.
///
/// Everything in the range that is durable when it begins, device by device, by event time. A file whose connection is cut is not whole:
/// so is that of a reader who is no member any more. A user exports one file at a time.
#[utoipa::path(
    get,
    path = "/readings/export",
    operation_id = "export_readings",
    tag = "readings",
    params(
        ("device" = Option<String>, Query, description = "Whose; several with commas."),
        ("organization" = Option<OrganizationId>, Query, description = "Of all its devices, instead of `device`."),
        ("sensor" = Option<String>, Query, description = "Of these sensors; several with commas. All if absent."),
        ("from" = Option<String>, Query, description = "Event time from here on: RFC 3339, or milliseconds since the epoch."),
        ("to" = Option<String>, Query, description = "Event time before this: as `from`."),
        ("order" = inline(Option<Direction>), Query, description = "Oldest event time first (`asc`, if absent) or newest (`desc`), within a device or sensor."),
        ("format" = String, Query, description = "`csv`, `ndjson` or `parquet`."),
    ),
    responses((status = 200, description = "the file", content(
        (String = "text/csv"),
        (String = "application/x-ndjson"),
        (Vec<u8> = "application/vnd.apache.parquet"),
    ))),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
pub(super) async fn export(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Response, Problem> {
    let format = params.parse("format")?.ok_or_else(|| Problem::parameter("format", "is required"))?;
    let (from, to) = (time(&params, "from")?, time(&params, "to")?);
    let (sensors, order) = (distinct(&params, "sensor")?, params.parse("order")?.unwrap_or_default());
    let user = auth.user.id;
    // Asked for before it is asked who may read what: what changes between the two is looked at again.
    let news = state.catalog.news();
    let (scope, organizations) = scope(&state, user, &params).await?;
    let reader = Reader { catalog: state.catalog.clone(), user, scope: scope.clone(), organizations, news };
    let query = ExportQuery { user, scope, sensors, from, to, order, format };
    let Some(running) = state.exports.begin(user) else {
        return Err(Problem::running(
            "export_running",
            "an export of yours is running; one goes on at a time",
        ));
    };
    let Some(export) = state.history.export(query)? else { return Err(Problem::busy()) };
    let (chunks, taken) = mpsc::channel(1);
    // Its devices are looked up as this request sees them: a token may see one organization only.
    tokio::spawn(carry_on(send(export, reader, running, chunks)));
    let (kind, extension) = match format {
        Format::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        Format::Ndjson => ("application/x-ndjson", "ndjson"),
        Format::Parquet => ("application/vnd.apache.parquet", "parquet"),
    };
    let name = format!("attachment; filename=\"readings.{extension}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, body(taken)).into_response())
}

/// `device=` or `organization=`: to members. With the organizations that it is of.
async fn scope(
    state: &AppState,
    user: UserId,
    params: &Params,
) -> Result<(Scope, HashSet<OrganizationId>), Problem> {
    let devices: Vec<DeviceId> = distinct(params, "device")?;
    match params.parse::<OrganizationId>("organization")? {
        Some(_) if !devices.is_empty() => Err(Problem::parameter("organization", "goes without device")),
        Some(organization) => {
            tenant::role(state, user, organization).await?;
            let scope = Scope::Organization { catalog: state.catalog.clone(), organization };
            Ok((scope, HashSet::from([organization])))
        }
        None if devices.is_empty() => Err(Problem::parameter("device", "is required, or organization")),
        None if devices.len() > limit::EXPORT_DEVICES => {
            let message =
                format!("has more than {} devices; organization= exports all", limit::EXPORT_DEVICES);
            Err(Problem::parameter("device", &message))
        }
        None => {
            let mut organizations = HashSet::new();
            for device in &devices {
                organizations.insert(tenant::readable_device(state, user, *device).await?.organization_id);
            }
            Ok((Scope::Devices(devices), organizations))
        }
    }
}

/// Who takes the file, and whether they may.
struct Reader {
    catalog: Catalog,
    user: UserId,
    scope: Scope,
    organizations: HashSet<OrganizationId>,
    /// What changed since it was last asked.
    news: News,
}

impl Reader {
    /// That they may still read what the file is of. Asked of the catalog when something has changed that may concern them.
    ///
    /// # Errors
    /// [`catalog::Error::NotFound`].
    async fn check(&mut self) -> Result<(), catalog::Error> {
        let mut is_concerned = false;
        while let Some(change) = self.news.told() {
            is_concerned |= change.concerns(self.user, &self.organizations);
        }
        if !is_concerned {
            return Ok(());
        }
        match &self.scope {
            Scope::Organization { organization, .. } => {
                self.catalog.organization(self.user, *organization).await?;
            }
            Scope::Devices(devices) => {
                for device in devices {
                    self.catalog.readable_device(self.user, *device).await?;
                }
            }
        }
        Ok(())
    }
}

/// A part of the file, or its end. A channel that closes without one was cut.
enum Part {
    Chunk(Bytes),
    /// Whoever has seen the end may begin another export: it is no longer running.
    End(Running),
}

/// Reads the file and sends it on. Ends when the client is gone or takes nothing for too long: the place is free then.
async fn send(mut export: Export, mut reader: Reader, running: Running, chunks: mpsc::Sender<Part>) {
    let patience = Duration::from_secs(limit::EXPORT_STALL_S);
    let start = export.start();
    let mut chunk = if start.is_empty() { None } else { Some(start) };
    loop {
        if let Some(chunk) = chunk.take()
            && chunks.send_timeout(Part::Chunk(chunk), patience).await.is_err()
        {
            return;
        }
        match export.next().await {
            Ok(Some(next)) => chunk = Some(next),
            Ok(None) => break,
            Err(error) => return log(&error),
        }
        if let Err(error) = reader.check().await {
            return log(&error.into());
        }
    }
    // If it fails nobody is waiting, and the file was cut.
    let _ = chunks.send_timeout(Part::End(running), patience).await;
}

fn log(error: &export::Error) {
    tracing::warn!(error = error as &dyn std::error::Error, "export broken off");
}

fn body(taken: mpsc::Receiver<Part>) -> Body {
    let parts = stream::unfold(Some(taken), |taken| async {
        let mut taken = taken?;
        match taken.recv().await {
            Some(Part::Chunk(chunk)) => Some((Ok(chunk), Some(taken))),
            Some(Part::End(running)) => {
                drop(running);
                None
            }
            None => Some((Err(io::Error::other("export broken off")), None)),
        }
    });
    Body::from_stream(parts)
}

#[cfg(test)]
mod tests {
    use edgesync_storage::history::History;
    use edgesync_storage::log::{Options, Order, ReadingLog};
    use futures_util::StreamExt;
    use uuid::Uuid;

    use super::*;
    use crate::running::Runs;

    fn running() -> Running {
        Runs::at_most(1).begin(UserId::from_uuid(Uuid::nil())).unwrap()
    }

    async fn read(taken: mpsc::Receiver<Part>) -> Vec<Option<Bytes>> {
        body(taken).into_data_stream().map(Result::ok).collect().await
    }

    #[tokio::test]
    async fn a_file_that_broke_off_ends_with_an_error_and_a_whole_one_does_not() {
        let chunk = Bytes::from_static(b"a");
        let (sender, taken) = mpsc::channel(2);
        sender.send(Part::Chunk(chunk.clone())).await.ok().unwrap();
        drop(sender);
        assert_eq!(read(taken).await, [Some(chunk.clone()), None]);

        let (sender, taken) = mpsc::channel(2);
        sender.send(Part::Chunk(chunk.clone())).await.ok().unwrap();
        sender.send(Part::End(running())).await.ok().unwrap();
        assert_eq!(read(taken).await, [Some(chunk)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        let log = ReadingLog::open(&directory.path().join("log"), Options::default()).unwrap();
        let user = UserId::from_uuid(Uuid::nil());
        let catalog = Catalog::open(&directory.path().join("catalog.db")).unwrap();
        let (scope, organizations, news) = (Scope::Devices(Vec::new()), HashSet::new(), catalog.news());
        let reader = Reader { catalog, user, scope, organizations, news };
        let query = ExportQuery {
            user,
            scope: Scope::Devices(Vec::new()),
            sensors: Vec::new(),
            from: None,
            to: None,
            order: Order::Ascending,
            format: Format::Csv,
        };
        let export = History::new(log).export(query).unwrap().unwrap();
        let (chunks, taken) = mpsc::channel(1);
        let started = tokio::time::Instant::now();
        // The header of the file has room in the channel, its end has none.
        send(export, reader, running(), chunks).await;
        assert!(started.elapsed() >= Duration::from_secs(limit::EXPORT_STALL_S));
        let parts = read(taken).await;
        assert!(parts.len() == 2 && parts[1].is_none(), "{parts:?}");
    }
}
