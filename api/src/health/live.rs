//! What is counted of those who watch, and of what is kept for them.

use edgesync_actors::handle::Handle;
use edgesync_actors::live::{Figures, kept};

use super::Text;

pub(super) fn figures(text: &mut Text, actors: &Handle) {
    let live = &actors.live;
    text.gauge(
        "edgesync_live_sockets_open",
        "Dashboards' sockets, streams and polls open now",
        live.sockets() as f64,
    );
    text.gauge(
        "edgesync_live_sources",
        "Sources that dashboards watch, or that are kept for widgets",
        live.followed() as f64,
    );
    live_figures(text, live.figures());
    text.counter("edgesync_live_values_late_total", "Values older than the buckets of a widget", live.late());
    kept(text, actors.kept.stats());
}

fn live_figures(text: &mut Text, live: Figures) {
    text.gauge("edgesync_live_subscriptions", "Subscriptions to values now", live.subscriptions as f64);
    text.gauge(
        "edgesync_live_subscriptions_slowed",
        "Of them, those told at a lower rate than asked because they take too little",
        live.slowed as f64,
    );
    let queued = live.queued_bytes as f64;
    text.gauge("edgesync_live_queued_bytes", "Bytes of frames that wait for dashboards' networks", queued);
    text.counter("edgesync_live_values_folded_total", "Values folded into newer ones", live.folded);
    let updates = [("shared", live.shared), ("own", live.own)];
    text.counters(
        "edgesync_live_updates_total",
        "Updates for subscriptions, by whose their text is",
        "text",
        updates,
    );
}

fn kept(text: &mut Text, stats: kept::Stats) {
    text.gauge(
        "edgesync_widgets_kept",
        "Widgets of flows' nodes whose samples are kept",
        stats.widgets as f64,
    );
    text.gauge("edgesync_widgets_not_kept", "Those for which there is no room", stats.left_out as f64);
    text.counter("edgesync_widget_samples_total", "Samples of widgets stored", stats.written);
    text.counter(
        "edgesync_widget_samples_failures_total",
        "Attempts to store samples of widgets that failed",
        stats.failures,
    );
    text.gauge("edgesync_widget_samples_waiting", "Samples of widgets to be stored", stats.waiting as f64);
}
