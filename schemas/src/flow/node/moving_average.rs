//! `moving-average`: the mean of the newest values of each key.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::limit;

/// For each record, the mean of its key's newest values, itself included.
#[derive(Debug, Clone, PartialEq)]
pub struct MovingAverage {
    /// How many values at most; 1 to [`limit::AVERAGE_VALUES`].
    pub window_size: usize,
    /// Only values whose event time lies less than this before the newest record's, in milliseconds.
    pub duration_ms: Option<i64>,
    /// Whether a restart of the flow begins with an empty window.
    pub reset_on_start: bool,
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "moving-average",
    title: "Moving average",
    category: Category::Stateful,
    input: Input::One,
    ports: &[Port::Out, Port::Error],
    state: State::PerKey,
    side_effect: false,
    fields: &["current_value", "window_size", "window_full", "min_in_window", "max_in_window"],
    docs: "For each record the mean of the newest values of its device and sensor, itself included: at most windowSize of them \
           and, with duration, only those of that time. A value that is no number leaves by error and is not counted.",
    schema: r#"{"type":"object","properties":{
        "windowSize":{"type":"integer","title":"Values","minimum":1,"maximum":10000,"default":10},
        "duration":{"type":["string","integer"],"title":"Duration","description":"Such as 30s or 5m; none: any age"},
        "resetOnStart":{"type":"boolean","title":"Begin empty after a restart","default":true}}}"#,
};

impl MovingAverage {
    /// From `windowSize` (default 10), `duration` and `resetOnStart` (default true).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let window_size = fields.integer("windowSize", 1..=limit::AVERAGE_VALUES).unwrap_or(10) as usize;
        let duration_ms = fields.duration_ms("duration", 1..=limit::WINDOW_MS_MAX);
        Some(Self { window_size, duration_ms, reset_on_start: fields.flag("resetOnStart", true) })
    }
}
