//! `interval-join`: pairs of records of two inputs that lie near in event time.

use super::by::By;
use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::limit;

/// One record per pair of a left and a right record whose event times lie at most `tolerance_ms` apart.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalJoin {
    /// Milliseconds.
    pub tolerance_ms: i64,
    /// Whose records meet.
    pub by: By,
    /// How far behind the newest event time a record may be, in milliseconds.
    pub lateness_ms: i64,
    /// How long after its last record (by the clock) what a silent key holds is over, in milliseconds; at least tolerance and lateness.
    pub idle_ms: i64,
}

/// Names of the inputs.
pub const INPUTS: [&str; 2] = ["left", "right"];

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "interval-join",
    title: "Join by time",
    category: Category::Stateful,
    input: Input::Named,
    ports: &[Port::Out, Port::Unmatched, Port::Late, Port::Error],
    state: State::PerKey,
    side_effect: false,
    fields: &["left", "right", "difference_ms"],
    docs: "A result for each pair of a record of the input left and one of the input right, of one device (or of all devices together), \
           whose event times lie at most tolerance apart: its value is the left one's, its fields are left, right and difference_ms \
           (right minus left). A record that found nobody when its time is over leaves by unmatched, one that comes too late by late.",
    schema: r#"{"type":"object","required":["tolerance"],"properties":{
        "inputs":{"const":["left","right"],"readOnly":true},
        "tolerance":{"type":["string","integer"],"title":"Tolerance","description":"Milliseconds, or such as 1s or 5m; 0: equal times"},
        "by":{"type":"string","title":"Of","enum":["device","all"],"default":"device"},
        "lateness":{"type":["string","integer"],"title":"Lateness","description":"None: the tolerance"},
        "idle":{"type":["string","integer"],"title":"Idle grace","description":"None: 30s, or tolerance and lateness if that is longer"}}}"#,
};

impl IntervalJoin {
    /// From `tolerance`, `by` (default device), `lateness` (default: the tolerance) and `idle` (default 30 s, or tolerance plus lateness if
    /// that is longer).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        if fields.get("tolerance").is_none() {
            fields.refuse("tolerance", Code::Required, "tolerance is missing");
        }
        if fields.get("inputs").is_some_and(|inputs| *inputs != serde_json::json!(INPUTS)) {
            fields.refuse("inputs", Code::Unsupported, "the inputs of a join are called left and right");
        }
        let any_ms = 0..=limit::WINDOW_MS_MAX;
        let tolerance_ms = fields.duration_ms("tolerance", any_ms.clone());
        let by = By::parse(fields);
        let lateness_ms = fields.duration_ms("lateness", any_ms);
        let idle_ms = fields.duration_ms("idle", 0..=2 * limit::WINDOW_MS_MAX);
        let tolerance_ms = tolerance_ms?;
        let lateness_ms = lateness_ms.unwrap_or(tolerance_ms);
        let least = tolerance_ms + lateness_ms;
        if idle_ms.is_some_and(|idle| idle < least) {
            fields.refuse("idle", Code::OutOfRange, "idle must be at least tolerance plus lateness");
        }
        let idle_ms = idle_ms.unwrap_or(limit::IDLE_GRACE_MS.max(least));
        Some(Self { tolerance_ms, by, lateness_ms, idle_ms })
    }
}
