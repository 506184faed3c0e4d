//! Metrics of flows for those who watch them: one board a flow, on which what is told of it stands once, as it is sent, for all of them.
//!
//! A board is there while somebody watches it. Whoever looks at the flow ([`FlowsHandle::watch`](crate::flow::FlowsHandle::watch)) puts what it sees on the
//! board, and viewers are told at the pace that each of them asked for: always the newest, and nothing while it says the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use serde_json::Value as Json;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::hub::{Error, Hub};
use super::viewers::Charge;
use super::wake::Wake;

/// The boards of the flows that are watched.
#[derive(Debug, Default)]
pub(super) struct Boards(Mutex<HashMap<FlowId, Arc<Board>>>);

/// What is told of one flow to those who watch it.
#[derive(Debug)]
pub(crate) struct Board {
    /// The flow.
    pub(crate) flow: FlowId,
    /// Held while somebody looks at the flow and writes down what they see, so that nothing older comes over something newer.
    pub(crate) looking: tokio::sync::Mutex<()>,
    shown: Mutex<Shown>,
    /// Viewers came or went.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Shown {
    /// How the flow was when it was looked at last, and that as it is sent, once somebody is.
    newest: Json,
    text: Option<Arc<str>>,
    /// How it was when there was something to tell last, and how many times there was.
    news: Json,
    number: u64,
    viewers: Vec<Arc<Eye>>,
}

/// Somebody who watches.
#[derive(Debug)]
struct Eye {
    hz: f64,
    wake: Arc<Wake>,
}

impl Boards {
    fn boards(&self) -> MutexGuard<'_, HashMap<FlowId, Arc<Board>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Boards that are there.
    pub(super) fn len(&self) -> usize {
        self.boards().len()
    }

    /// One more viewer of a flow, and whether its board is new.
    fn join(&self, flow: FlowId, eye: Arc<Eye>) -> Result<(Arc<Board>, bool), Error> {
        let mut boards = self.boards();
        let is_new = !boards.contains_key(&flow);
        if is_new && boards.len() >= limit::LIVE_METRICS_FLOWS {
            return Err(Error::Limit { what: "flows' metrics are watched", most: limit::LIVE_METRICS_FLOWS });
        }
        let board = boards.entry(flow).or_insert_with(|| {
            let (looking, shown) = (tokio::sync::Mutex::default(), Mutex::default());
            Arc::new(Board { flow, looking, shown, changed: Notify::new() })
        });
        board.shown().viewers.push(eye);
        board.changed.notify_one();
        Ok((board.clone(), is_new))
    }

    /// Takes the board down, unless it has viewers.
    pub(super) fn end(&self, board: &Arc<Board>) -> bool {
        // viewers join under the map's lock
        let mut boards = self.boards();
        let ends = board.shown().viewers.is_empty();
        if ends {
            boards.remove(&board.flow);
        }
        ends
    }
}

impl Board {
    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the flow is to be looked at again, as often as the fastest of the viewers asks. False if there are none.
    pub(crate) async fn due(&self, looked: Instant) -> bool {
        loop {
            let fastest = self.shown().viewers.iter().map(|eye| eye.hz).max_by(f64::total_cmp);
            let Some(hz) = fastest else { return false };
            tokio::select! {
                () = tokio::time::sleep_until(looked + period(hz)) => return true,
                () = self.changed.notified() => {}
            }
        }
    }

    /// Writes down how the flow is, and lets those who watch it know if that is news.
    pub(crate) fn show(&self, metrics: Json) {
        let mut shown = self.shown();
        if shown.newest == metrics {
            return;
        }
        if is_news(&shown.news, &metrics) {
            shown.news = metrics.clone();
            shown.number += 1;
            shown.viewers.iter().for_each(|eye| eye.wake.now());
        }
        (shown.newest, shown.text) = (metrics, None);
    }
}

fn period(hz: f64) -> Duration {
    Duration::from_secs_f64(1.0 / hz.clamp(limit::LIVE_HZ_MIN, limit::LIVE_METRICS_HZ))
}

/// Whether the later of two tells more of the flow than that its cell has gone on with what others sent, or that other flows of its tenant use more or less.
fn is_news(before: &Json, now: &Json) -> bool {
    let (Some(before), Some(now)) = (before.as_object(), now.as_object()) else { return true };
    if before.len() != now.len() {
        return true;
    }
    now.iter().any(|(name, value)| match (before.get(name), value.as_object()) {
        (Some(Json::Object(before)), Some(cell)) if name == "cell" => {
            // readings wait for moments; how long they do is in `lag_s`
            let caught_up = cell.get("lag") == Some(&Json::from(0)) && before.get("lag") != cell.get("lag");
            let goes_on = |name: &String| matches!(name.as_str(), "frontier" | "lag" | "flows");
            caught_up || cell.iter().any(|(name, value)| !goes_on(name) && before.get(name) != Some(value))
        }
        (Some(Json::Object(before)), Some(budgets)) if name == "budgets" => {
            before.get("flow") != budgets.get("flow")
        }
        (before, _) => before != Some(value),
    })
}

/// As it is sent: without the samples of errors if it would be too long.
fn as_text(metrics: &Json) -> String {
    let text = metrics.to_string();
    if text.len() <= limit::LIVE_METRICS_BYTES {
        return text;
    }
    let mut short = metrics.clone();
    for node in short["nodes"].as_array_mut().into_iter().flatten() {
        node["error_samples"] = Json::Array(Vec::new());
    }
    short.to_string()
}

/// A subscription to a flow's metrics. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Watch {
    board: Arc<Board>,
    eye: Arc<Eye>,
    /// The number of what it was told last, and when.
    told: u64,
    told_at: Instant,
    _charge: Option<Charge>,
}

impl Watch {
    /// The subscription of somebody whose session is woken by `wake`, and the flow's board if that is new: then whoever asks is to look at the flow
    /// from now on.
    pub(super) fn begin(
        hub: &Hub,
        flow: FlowId,
        max_hz: f64,
        wake: Arc<Wake>,
        charge: Option<Charge>,
    ) -> Result<(Self, Arc<Board>, bool), Error> {
        let eye = Arc::new(Eye { hz: max_hz, wake });
        let (board, is_new) = hub.shared.metrics.join(flow, eye.clone())?;
        let watch = Self { board: board.clone(), eye, told: 0, told_at: Instant::now(), _charge: charge };
        Ok((watch, board, is_new))
    }

    /// What the board says now.
    pub(super) fn newest(&mut self, now: Instant) -> Arc<str> {
        let mut shown = self.board.shown();
        (self.told, self.told_at) = (shown.number, now);
        let Shown { newest, text, .. } = &mut *shown;
        text.get_or_insert_with(|| as_text(newest).into()).clone()
    }

    /// When [`Self::take`] has something; `None` while there is nothing new.
    pub(super) fn due(&self) -> Option<Instant> {
        (self.board.shown().number > self.told).then(|| self.told_at + period(self.eye.hz))
    }

    /// What is new, if it is due.
    pub(super) fn take(&mut self, now: Instant) -> Option<Arc<str>> {
        (self.due()? <= now).then(|| self.newest(now))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.board.shown().viewers.retain(|eye| !Arc::ptr_eq(eye, &self.eye));
        self.board.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_that_goes_on_with_what_others_sent_is_no_news() {
        let metrics = |frontier: u64, lag: u64, lag_s: u64, out: u64| json!({"state": "running", "cell": {"frontier": frontier, "lag": lag, "lag_s": lag_s}, "nodes": [{"records_out": out}]});
        let before = metrics(10, 5, 0, 1);
        assert!(!is_news(&before, &metrics(20, 7, 0, 1)));
        assert!(is_news(&before, &metrics(20, 0, 0, 1)), "it has caught up");
        assert!(!is_news(&metrics(10, 0, 0, 1), &metrics(20, 0, 0, 1)));
        assert!(is_news(&before, &metrics(10, 5, 4, 1)));
        assert!(is_news(&before, &metrics(10, 5, 0, 2)));
        assert!(is_news(&before, &json!({"state": "stopped", "nodes": []})));
        assert!(is_news(&Json::Null, &before));
    }

    #[test]
    fn what_other_flows_of_its_tenant_use_is_no_news() {
        let metrics = |flow: u64, tenant: u64| json!({"state": "running", "budgets": {"flow": {"keys": flow}, "tenant": {"keys": tenant}}, "nodes": []});
        assert!(!is_news(&metrics(1, 1), &metrics(1, 2)));
        assert!(is_news(&metrics(1, 1), &metrics(2, 2)));
        assert!(is_news(&json!({"state": "running", "nodes": []}), &metrics(1, 1)));
    }

    #[test]
    fn what_is_too_long_is_sent_without_its_samples() {
        let detail = "x".repeat(limit::LIVE_METRICS_BYTES / 2);
        let metrics = |samples: Json| json!({"nodes": [{"id": "n", "error_samples": samples}]});
        let one = metrics(json!([{ "detail": detail }]));
        assert_eq!(as_text(&one), one.to_string());
        let two = metrics(json!([{ "detail": detail }, { "detail": detail }]));
        assert_eq!(as_text(&two), metrics(json!([])).to_string());
    }
}
