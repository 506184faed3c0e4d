//! `rate`: change per time.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::limit;

/// For each record, how fast the value has changed since the one of its key before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// Seconds that the change is given per: 1, 60 or 3600.
    pub per_s: f64,
    /// What the value is.
    pub mode: Mode,
    /// No result across more than this, in milliseconds of event time.
    pub max_gap_ms: Option<i64>,
}

/// What kind of value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mode {
    /// It rises and falls.
    Gauge,
    /// It only rises, but for resets.
    Counter {
        /// The count (more than 0) at which it begins at 0 again: 65536 of 16 bits. `None`: every fall is a reset.
        wrap_at: Option<f64>,
    },
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "rate",
    title: "Rate",
    category: Category::Stateful,
    input: Input::One,
    ports: &[Port::Out, Port::Error],
    state: State::PerKey,
    side_effect: false,
    fields: &["delta", "seconds"],
    docs: "For each record how much the value has changed since the one of its device and sensor before it, per second, minute or hour. A \
           counter that falls was reset (it began at 0), or wrapped if wrapAt is given and that is the shorter way. No result for the first \
           record, across more than maxGap, or if time did not go on. A value that is no number leaves by error.",
    schema: r#"{"type":"object","properties":{
        "per":{"type":"string","title":"Per","enum":["second","minute","hour"],"default":"second"},
        "mode":{"type":"string","title":"Kind of value","enum":["gauge","counter"],"default":"gauge"},
        "wrapAt":{"type":"number","title":"Wraps at","exclusiveMinimum":0,"description":"The count at which a counter begins at 0 again, such as 65536; none: a fall is a reset"},
        "maxGap":{"type":["string","integer"],"title":"Longest gap","description":"Such as 30s or 5m; none: any"}}}"#,
};

impl Rate {
    /// From `per` (default second), `mode` (default gauge), `wrapAt` (of a counter; default none) and `maxGap` (default none).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let per_s = fields.choice("per", &[("second", 1.0), ("minute", 60.0), ("hour", 3600.0)]);
        let wrap_at = fields.number("wrapAt");
        if wrap_at.is_some_and(|at| at <= 0.0) {
            fields.refuse("wrapAt", Code::OutOfRange, "wrapAt must be more than 0");
        }
        let modes = [("gauge", Mode::Gauge), ("counter", Mode::Counter { wrap_at })];
        let mode = fields.choice("mode", &modes).unwrap_or(Mode::Gauge);
        if wrap_at.is_some() && mode == Mode::Gauge {
            fields.refuse("wrapAt", Code::Unsupported, "wrapAt works with mode \"counter\" only");
        }
        let max_gap_ms = fields.duration_ms("maxGap", 1..=limit::WINDOW_MS_MAX);
        Some(Self { per_s: per_s.unwrap_or(1.0), mode, max_gap_ms })
    }
}
