//! What machines ask about the server: is it alive, can it work, what did it count.

mod live;

use std::fmt::{Display, Write};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use edgesync_actors::cell::Status as Cell;
use edgesync_actors::flow::FlowsHandle;
use edgesync_storage::log::{Failure, ReadingLog, Stats};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::Problem;
use crate::openapi::Role;
use crate::openapi::problem::Busy;
use crate::state::AppState;

/// Longest that storage may take to answer before the server is not ready.
const ANSWER: Duration = Duration::from_secs(2);

/// The routes, with their description. They take nothing, and are asked by machines that say nothing of themselves.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(alive)).routes(routes!(ready)).routes(routes!(metrics))
}

/// The process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "alive",
    tag = "operations",
    responses((status = 200, description = "`ok`", body = String)),
    extensions(("x-role" = json!(Role::Anonymous)))
)]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// The server can work.
///
/// The catalog answers, the log commits what waits in it, and the cells get done what is committed.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready",
    tag = "operations",
    responses((status = 200, description = "`ready`", body = String), Busy),
    extensions(("x-role" = json!(Role::Anonymous)))
)]
pub(crate) async fn ready(State(state): State<AppState>) -> Result<&'static str, Problem> {
    let not = |why| {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", why);
        Err(Problem { retry_after_s: Some(1), ..problem })
    };
    match tokio::time::timeout(ANSWER, state.catalog.ping()).await {
        Ok(Ok(())) if state.log.stats().store.away_s.is_some() => not("the log waits for its database"),
        Ok(Ok(())) if !moves(&state.log).await => not("the log does not commit"),
        Ok(Ok(())) if !work(&state.actors.flows.cells()) => not("a cell gets nothing done"),
        Ok(Ok(())) => Ok("ready\n"),
        _ => not("the catalog does not answer"),
    }
}

fn work(cells: &[Cell]) -> bool {
    cells.iter().all(Cell::works)
}

/// Whether the log has nothing to do, or gets something done within [`ANSWER`].
async fn moves(log: &ReadingLog) -> bool {
    let before = log.stats();
    let until = tokio::time::Instant::now() + ANSWER;
    loop {
        let now = log.stats();
        if now.queued_bytes == 0 || now.commits != before.commits {
            return true;
        }
        if tokio::time::Instant::now() >= until {
            return false;
        }
        tokio::time::sleep(ANSWER / 40).await;
    }
}

/// Everything that is counted, in the text format of Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "operations",
    responses((status = 200, description = "the metrics", body = String)),
    extensions(("x-role" = json!(Role::Anonymous)))
)]
pub(crate) async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], render(&state))
}

fn render(state: &AppState) -> String {
    let mut text = Text::default();
    let gate = &state.gate;
    text.gauge("edgesync_connections_open", "TCP connections open now", gate.open() as f64);
    text.counter("edgesync_connections_total", "TCP connections taken", gate.accepted.load(Relaxed));
    let refused =
        [("full", gate.refused_full.load(Relaxed)), ("address", gate.refused_address.load(Relaxed))];
    text.counters("edgesync_connections_refused_total", "TCP connections refused", "reason", refused);

    let devices = state.actors.devices.counters();
    text.gauge("edgesync_device_sockets_open", "Device sockets open now", devices.open() as f64);
    text.counter("edgesync_device_sockets_total", "Device sockets opened", devices.connected.load(Relaxed));
    text.counter("edgesync_device_frames_total", "Data frames taken", devices.frames.load(Relaxed));
    text.counter(
        "edgesync_device_frames_repeated_total",
        "Frames sent again",
        devices.repeated.load(Relaxed),
    );
    text.counter("edgesync_readings_admitted_total", "Readings admitted", devices.readings.load(Relaxed));
    let ahead = devices.clock_ahead.load(Relaxed);
    text.counter("edgesync_readings_clock_ahead_total", "Readings given their time of arrival", ahead);
    let waited = devices.waited.load(Relaxed);
    text.counter(
        "edgesync_device_waits_total",
        "Turns of sockets that waited for the log's byte budget",
        waited,
    );
    text.counters("edgesync_readings_rejected_total", "Readings refused", "code", devices.rejected());
    text.counters("edgesync_frames_refused_total", "Frames refused", "code", devices.refused());
    let closed = devices.closed().map(|(code, count)| (code.to_string(), count));
    text.counters("edgesync_device_sockets_closed_total", "Device sockets closed", "code", closed);
    log(&mut text, &state.log.stats());
    if let Some(database) = state.catalog.connections() {
        connections(&mut text, database);
    }
    let cells = state.actors.flows.cells();
    let of = |value: fn(&Cell) -> u64| cells.iter().map(move |cell| (cell.index.to_string(), value(cell)));
    text.gauges("edgesync_cell_flows", "Flows on the cell", "cell", of(|cell| cell.flows as u64));
    text.gauges("edgesync_cell_lag_readings", "Readings committed and not done", "cell", of(|cell| cell.lag));
    let lag = "Seconds since what is done was received, while more waits";
    text.gauges("edgesync_cell_lag_seconds", lag, "cell", of(|cell| cell.lag_s));
    text.counters(
        "edgesync_cell_replaced_total",
        "Times the cell's thread was replaced",
        "cell",
        of(|cell| cell.replaced),
    );
    text.counters(
        "edgesync_cell_skipped_total",
        "Readings the cell never saw",
        "cell",
        of(|cell| cell.skipped),
    );
    let cursor = state.actors.flows.cursor().0 as f64;
    text.gauge("edgesync_flows_cursor_offset", "Offset from which flows are fed after a crash", cursor);
    runs(&mut text, &state.actors.flows);
    fairness(&mut text, &state.actors.flows);
    live::figures(&mut text, &state.actors);
    text.0
}

fn runs(text: &mut Text, flows: &FlowsHandle) {
    let (executions, letters) = (flows.executions(), flows.dead_letters());
    text.counter(
        "edgesync_node_executions_total",
        "Samples and summaries of nodes of deployed flows written down",
        executions.written(),
    );
    let lost = [("full", executions.left_out()), ("refused", executions.refused())];
    text.counters("edgesync_node_executions_left_out_total", "Those that were not", "reason", lost);
    text.counter(
        "edgesync_dead_letters_total",
        "Records that flows could not handle, written down",
        letters.written(),
    );
    text.counters(
        "edgesync_dead_letters_left_out_total",
        "Those that were not",
        "reason",
        letters.left_out(),
    );
    let stored = flows.stored();
    text.counter("edgesync_derived_rows_total", "Rows of flows stored", stored.written());
    text.counter("edgesync_derived_refused_total", "Rows of flows that the store refused", stored.refused());
    text.counter(
        "edgesync_derived_retries_total",
        "Attempts to store rows of flows that failed and were made again",
        stored.retries(),
    );
    text.gauge(
        "edgesync_derived_waiting_bytes",
        "Rows of flows that wait to be stored",
        stored.waiting_bytes() as f64,
    );
}

fn fairness(text: &mut Text, flows: &FlowsHandle) {
    let refused = flows.refused().map(|(reason, count)| (reason.code(), count));
    text.counters(
        "edgesync_flow_budget_refused_total",
        "Records that went to error ports because a tenant's budget was used up",
        "reason",
        refused,
    );
    let counters = flows.balanced();
    text.counter(
        "edgesync_flows_moved_total",
        "Flows moved to a cell that had more time",
        counters.moved.load(Relaxed),
    );
    let slowed =
        [("flow", counters.slowed.load(Relaxed)), ("tenant", counters.slowed_of_tenant.load(Relaxed))];
    text.counters(
        "edgesync_flows_slowed_total",
        "Flows that were to run apart from others",
        "reason",
        slowed,
    );
    let suspended =
        [("behind", counters.suspended.load(Relaxed)), ("not_moved", counters.lost_its_place.load(Relaxed))];
    text.counters("edgesync_flows_suspended_total", "Flows that were stopped", "reason", suspended);
}

fn connections(text: &mut Text, stats: edgesync_storage::postgres::Stats) {
    let up = f64::from(u8::from(!stats.away));
    text.gauge("edgesync_database_up", "Whether the last attempt to connect was answered", up);
    text.counter("edgesync_database_connections_total", "Connections made to PostgreSQL", stats.connected);
    text.counter(
        "edgesync_database_connections_failed_total",
        "Attempts to connect that failed",
        stats.failed,
    );
    text.counter("edgesync_database_connections_lost_total", "Connections that broke", stats.lost);
}

fn log(text: &mut Text, stats: &Stats) {
    text.counter("edgesync_log_commits_total", "Commits made durable", stats.commits);
    text.counter("edgesync_log_readings_total", "Readings made durable", stats.readings);
    text.counter(
        "edgesync_log_duplicate_frames_total",
        "Frames that were stored before",
        stats.duplicate_frames,
    );
    text.counter("edgesync_log_gaps_total", "Batches after a missing frame", stats.gaps);
    text.counter("edgesync_log_failed_commits_total", "Commits that failed", stats.failed_commits);
    text.counter("edgesync_log_reopened_total", "Times the store was reopened", stats.reopened);
    text.gauge("edgesync_log_queued_bytes", "Bytes admitted and not durable", stats.queued_bytes as f64);
    text.gauge("edgesync_log_budget_bytes", "Bytes that may be", stats.budget_bytes as f64);
    let seconds = stats.commit_us_total as f64 / 1e6;
    text.line("edgesync_log_commit_seconds_total", "Time of all commits, fsync included", "counter", seconds);
    let slowest = stats.commit_us_max as f64 / 1e6;
    text.gauge("edgesync_log_commit_seconds_max", "Time of the slowest commit", slowest);
    text.gauge("edgesync_log_head_readings", "Readings in memory, not in blocks", stats.head_readings as f64);
    text.gauge("edgesync_log_end_offset", "Offset after the last reading", stats.end.0 as f64);
    text.gauge("edgesync_log_sealed_offset", "Offset before which all is in blocks", stats.sealed.0 as f64);
    text.gauge("edgesync_log_blob_bytes", "Bytes of commits kept as written", stats.blob_bytes as f64);
    text.counter("edgesync_log_block_bytes_total", "Bytes of blocks written", stats.block_bytes);
    text.gauge("edgesync_log_series", "Series known", stats.series as f64);
    let away_s = stats.store.away_s;
    text.gauge(
        "edgesync_log_store_up",
        "Whether the log's store is there",
        f64::from(u8::from(away_s.is_none())),
    );
    text.gauge("edgesync_log_store_away_seconds", "Time that it has been away", away_s.unwrap_or(0) as f64);
    let failures =
        Failure::ALL.iter().zip(stats.store.failures).map(|(failure, count)| (failure.as_str(), count));
    text.counters("edgesync_log_store_failures_total", "Failures of the log's database", "reason", failures);
    let last =
        Failure::ALL.iter().map(|failure| (failure.as_str(), u64::from(stats.store.last == Some(*failure))));
    text.gauges("edgesync_log_store_last_failure", "1 for the last of them", "reason", last);
    text.gauge("edgesync_log_stored_bytes", "Bytes of sealed readings on disk", stats.stored_bytes as f64);
    text.counter("edgesync_retention_passes_total", "Passes that dropped what was too old", stats.expiries);
    text.counter("edgesync_retention_failed_total", "Passes that failed", stats.failed_expiries);
    text.counter("edgesync_retention_readings_total", "Readings dropped", stats.expired_readings);
    text.counter("edgesync_retention_bytes_total", "Bytes of readings dropped", stats.expired_bytes);
    text.counter("edgesync_retention_freed_bytes_total", "Bytes given back to the disk", stats.freed_bytes);
    let oldest = stats.oldest_us as f64 / 1e6;
    text.gauge(
        "edgesync_retention_oldest_seconds",
        "Event time of the oldest reading left by the last pass, 0 if none",
        oldest,
    );
}

/// Lines of the text format.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, name: &str, help: &str, kind: &str, value: impl Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.line(name, help, "gauge", value);
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.line(name, help, "counter", value);
    }

    fn gauges<L: AsRef<str>>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (L, u64)>,
    ) {
        self.labelled(name, help, "gauge", label, values);
    }

    fn counters<L: AsRef<str>>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (L, u64)>,
    ) {
        self.labelled(name, help, "counter", label, values);
    }

    fn labelled<L: AsRef<str>>(
        &mut self,
        name: &str,
        help: &str,
        kind: &str,
        label: &str,
        values: impl IntoIterator<Item = (L, u64)>,
    ) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (of, value) in values {
            let _ = writeln!(self.0, "{name}{{{label}=\"{}\"}} {value}", of.as_ref());
        }
    }
}

#[cfg(test)]
mod tests {
    use edgesync_schemas::id::Offset;
    use edgesync_schemas::limit;

    use super::*;

    #[test]
    fn a_server_with_a_cell_that_gets_nothing_done_is_not_ready() {
        let busy = Cell {
            index: 0,
            flows: 1,
            frontier: Offset(5),
            lag: 1_000_000,
            lag_s: 0,
            replaced: 1,
            skipped: 0,
            still_s: limit::CELL_STILL_S - 1,
            condemned: false,
        };
        assert!(work(&[]) && work(&[busy, busy]), "one that is behind and moves is no reason");
        assert!(!work(&[busy, Cell { still_s: limit::CELL_STILL_S, ..busy }]));
        assert!(!work(&[Cell { condemned: true, ..busy }, busy]));
    }
}
