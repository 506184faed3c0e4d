//! What machines ask about the server: is it alive, can it work, what did it count.

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use crate::error::Problem;
use crate::state::AppState;

/// Longest that storage may take to answer before the server is not ready.
const ANSWER: Duration = Duration::from_secs(2);

/// The process answers.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// Storage answers.
pub(crate) async fn ready(State(state): State<AppState>) -> Result<&'static str, Problem> {
    match tokio::time::timeout(ANSWER, state.catalog.ping()).await {
        Ok(Ok(())) => Ok("ready\n"),
        _ => {
            let problem =
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "the catalog does not answer");
            Err(Problem { retry_after_s: Some(1), ..problem })
        }
    }
}

/// Everything that is counted, in the text format of Prometheus.
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
    text.0
}

/// Lines of the text format.
#[derive(Default)]
struct Text(String);

impl Text {
    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}");
    }

    fn counters<L: AsRef<str>>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (L, u64)>,
    ) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} counter");
        for (of, value) in values {
            let _ = writeln!(self.0, "{name}{{{label}=\"{}\"}} {value}", of.as_ref());
        }
    }
}
