//! `window`: aggregates over tumbling windows of event time, per key.

use serde::{Deserialize, Serialize};

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::limit;

/// One record per key and window [start, start + size), once the window is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Length in milliseconds; windows start at multiples of it since the Unix epoch, UTC.
    pub size_ms: i64,
    /// What to compute, without repeats; not empty. The first is the result's `output`.
    pub aggregates: Vec<Aggregate>,
    /// How far an event time may lie behind the key's newest and still be counted, in milliseconds.
    pub lateness_ms: i64,
    /// How long after its last reading (by the wall clock) a silent key's windows are closed, in milliseconds.
    pub idle_ms: i64,
}

/// What a window computes. Its name is the name of the result's field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// Number of records.
    Count,
    /// Sum of their values.
    Sum,
    /// Mean of their values.
    Avg,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Value of the earliest event time; of equal ones, of the first to arrive.
    First,
    /// Value of the latest event time; of equal ones, of the last to arrive.
    Last,
}

impl Aggregate {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Count, Self::Sum, Self::Avg, Self::Min, Self::Max, Self::First, Self::Last];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::First => "first",
            Self::Last => "last",
        }
    }
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "window",
    title: "Window",
    category: Category::Stateful,
    input: Input::One,
    ports: &[Port::Out, Port::Late, Port::Error],
    state: State::PerKey,
    side_effect: false,
    fields: &["window_start", "window_end", "count", "sum", "avg", "min", "max", "first", "last"],
    docs: "Aggregates per device and sensor over tumbling windows of event time. A window closes when a reading of the same key \
           lies lateness past its end, or when the key has been silent for the idle grace. Records of a closed window leave by late, \
           values that are no numbers by error (unless only count is asked for).",
    schema: r#"{"type":"object","required":["size"],"properties":{
        "type":{"type":"string","title":"Kind","enum":["tumbling"],"default":"tumbling"},
        "size":{"type":["string","integer"],"title":"Size","description":"Milliseconds, or such as 1s or 5m"},
        "aggregates":{"type":"array","title":"Aggregates","default":["avg"],"items":{"type":"string","enum":["count","sum","avg","min","max","first","last"]}},
        "lateness":{"type":["string","integer"],"title":"Lateness","default":0},
        "idle":{"type":["string","integer"],"title":"Idle grace","default":"30s"}}}"#,
};

impl Window {
    /// From `type` (tumbling), `size`, `aggregates` (default avg), `lateness` (default 0) and `idle` (default 30 s).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        match fields.text("type") {
            None | Some("tumbling") => {}
            Some(other) => {
                fields.refuse(
                    "type",
                    Code::Unsupported,
                    format!("type {other:?} is not supported, only \"tumbling\" is"),
                );
            }
        }
        if fields.get("size").is_none() {
            fields.refuse("size", Code::Required, "size is missing");
        }
        let size_ms = fields.duration_ms("size", limit::WINDOW_MS_MIN..=limit::WINDOW_MS_MAX);
        let lateness_ms = fields.duration_ms("lateness", 0..=limit::WINDOW_MS_MAX).unwrap_or(0);
        let idle_ms = fields.duration_ms("idle", 0..=limit::WINDOW_MS_MAX).unwrap_or(limit::IDLE_GRACE_MS);
        let mut aggregates = Vec::new();
        for value in fields.list("aggregates") {
            match Aggregate::ALL.into_iter().find(|aggregate| value.as_str() == Some(aggregate.name())) {
                Some(aggregate) if aggregates.contains(&aggregate) => {}
                Some(aggregate) => aggregates.push(aggregate),
                None => {
                    let message = format!("{value} is none of count, sum, avg, min, max, first, last");
                    fields.refuse("aggregates", Code::UnknownChoice, message);
                }
            }
        }
        if aggregates.is_empty() {
            aggregates.push(Aggregate::Avg);
        }
        let size_ms = size_ms?;
        if lateness_ms / size_ms + 2 > limit::WINDOWS_PER_KEY {
            let most = limit::WINDOWS_PER_KEY - 2;
            fields.refuse(
                "lateness",
                Code::OutOfRange,
                format!("lateness must be at most {most} times the size"),
            );
        }
        Some(Self { size_ms, aggregates, lateness_ms, idle_ms })
    }

    /// Whether values must be numbers.
    pub fn is_numeric(&self) -> bool {
        self.aggregates.iter().any(|aggregate| *aggregate != Aggregate::Count)
    }
}
