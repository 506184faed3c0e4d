//! One node of a deployed flow: what it counts, how it is, and samples of what went wrong.
//!
//! The node's operator runs in a cell and knows nothing of this; it only adds to counters, which are read here on a tick. So an actor
//! that dies stops nothing, and its successor reads on where it was.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use edgesync_engine::cell::emit::EventKind;
use edgesync_engine::metrics::{NodeCounters, NodeState, Snapshot};
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::limit;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::log::SeriesDictionary;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::cell::now;

/// The actor.
pub struct FlowNode;

/// What it is told.
#[derive(Debug)]
pub enum Message {
    /// Look at the counters.
    Tick,
    /// It could not handle a record, or panicked.
    Error(ErrorSample),
    /// The flow was installed again: these count from now on.
    Counters(Arc<NodeCounters>),
    /// How are you?
    Status(RpcReplyPort<Status>),
}

/// What it begins with.
#[derive(Clone)]
pub struct Arguments {
    /// Its counters.
    pub counters: Arc<NodeCounters>,
}

/// How a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NodeHealth)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It works.
    Ok,
    /// Records went to its error port since the tick before.
    Degraded,
    /// It panicked: its records go to its error port until the flow is installed again.
    Failed,
}

/// Something that went wrong with one record.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ErrorSample {
    /// When it was noticed.
    pub at: Timestamp,
    /// Which kind.
    pub code: &'static str,
    /// The record's device.
    #[schema(required = true)]
    pub device_id: Option<DeviceId>,
    /// The record's sensor.
    #[schema(value_type = Option<String>, required = true)]
    pub sensor_type: Option<SensorName>,
    /// The record's event time.
    #[schema(required = true)]
    pub timestamp: Option<Timestamp>,
    /// What was wrong.
    pub detail: String,
}

/// A node's part of `GET /flows/{id}/metrics`. Counts are since the flow was installed last.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = NodeMetrics)]
pub struct Status {
    /// Its id in the diagram.
    #[schema(value_type = String)]
    pub id: Arc<str>,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// How it is.
    pub state: Health,
    /// Records that came in.
    pub records_in: u64,
    /// Records that it made beyond those: elements of a list, pairs of a join, results before the last.
    pub records_made: u64,
    /// Records that left by `out`.
    pub records_out: u64,
    /// Records that the node left out on purpose, or folded into others.
    pub filtered: u64,
    /// Records that came too late.
    pub late: u64,
    /// Records that it could not handle.
    pub errors: u64,
    /// Records that ended because there was no room for them, or for what would have been made of them.
    pub dropped: u64,
    /// Of errors and dropped records, how many for which reason.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub reasons: BTreeMap<&'static str, u64>,
    /// Records that it holds.
    pub in_flight: u64,
    /// Nanoseconds spent in it, estimated.
    pub busy_ns: u64,
    /// Of a source: nanoseconds that a record waited in its cell, on the average.
    pub waiting_ns: u64,
    /// Records that came in, a second, between the last two ticks.
    pub in_per_s: f64,
    /// Records that left, a second, between the last two ticks.
    pub out_per_s: f64,
    /// The newest errors.
    pub error_samples: Vec<ErrorSample>,
}

/// What it knows.
pub struct State {
    counters: Arc<NodeCounters>,
    seen: Snapshot,
    seen_at: Instant,
    rates: (f64, f64),
    degraded: bool,
    samples: VecDeque<ErrorSample>,
}

impl Actor for FlowNode {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(&self, _: ActorRef<Message>, begin: Arguments) -> Result<State, ActorProcessingErr> {
        let Arguments { counters } = begin;
        let seen = counters.snapshot();
        Ok(State {
            counters,
            seen,
            seen_at: Instant::now(),
            rates: (0.0, 0.0),
            degraded: false,
            samples: VecDeque::new(),
        })
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Tick => state.look(Instant::now()),
            Message::Error(sample) => state.note(sample),
            Message::Counters(counters) => {
                (state.seen, state.seen_at) = (counters.snapshot(), Instant::now());
                (state.counters, state.degraded) = (counters, false);
            }
            Message::Status(reply) => {
                let _ = reply.send(state.status());
            }
        }
        Ok(())
    }
}

impl ErrorSample {
    /// Of what a cell told, with the names of the record's series.
    pub(super) fn of(kind: EventKind, dictionary: &SeriesDictionary) -> Self {
        let at = now();
        match kind {
            EventKind::Panicked { message } => Self {
                at,
                code: "panicked",
                device_id: None,
                sensor_type: None,
                timestamp: None,
                detail: message,
            },
            EventKind::Error { reason, series, ts, detail } => {
                let info = dictionary.info(series);
                Self {
                    at,
                    code: reason.code(),
                    device_id: info.as_ref().map(|info| info.device),
                    sensor_type: info.map(|info| info.sensor.clone()),
                    timestamp: Some(ts),
                    detail,
                }
            }
        }
    }
}

impl State {
    fn look(&mut self, at: Instant) {
        let now = self.counters.snapshot();
        let passed_s = at.saturating_duration_since(self.seen_at).as_secs_f64();
        if passed_s > 0.0 {
            let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / passed_s;
            self.rates = (rate(now.in_, self.seen.in_), rate(now.out, self.seen.out));
        }
        self.degraded = now.error > self.seen.error;
        (self.seen, self.seen_at) = (now, at);
    }

    fn note(&mut self, sample: ErrorSample) {
        if self.samples.len() == limit::ERROR_SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    fn status(&self) -> Status {
        let mut status = of_counters(&self.counters);
        if status.state == Health::Ok && self.degraded {
            status.state = Health::Degraded;
        }
        (status.in_per_s, status.out_per_s) = self.rates;
        status.error_samples = self.samples.iter().cloned().collect();
        status
    }
}

/// What the counters alone tell, for a node whose actor does not answer.
pub(super) fn of_counters(counters: &NodeCounters) -> Status {
    let now = counters.snapshot();
    let state = match counters.state() {
        NodeState::Ok => Health::Ok,
        NodeState::Failed => Health::Failed,
    };
    Status {
        id: counters.id.clone(),
        kind: counters.kind,
        state,
        records_in: now.in_,
        records_made: now.made,
        records_out: now.out,
        filtered: now.filtered,
        late: now.late,
        errors: now.error,
        dropped: now.dropped,
        reasons: counters.reasons().into_iter().map(|(reason, count)| (reason.code(), count)).collect(),
        in_flight: now.in_flight,
        busy_ns: now.busy_ns,
        waiting_ns: now.waiting_ns.checked_div(now.in_).unwrap_or_default(),
        in_per_s: 0.0,
        out_per_s: 0.0,
        error_samples: Vec::new(),
    }
}
