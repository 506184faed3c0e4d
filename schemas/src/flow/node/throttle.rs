//! `throttle`: so many records of a key per period.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::limit;

/// Lets some records of a key through per period of event time. Periods start at multiples of their length since the Unix epoch, UTC.
#[derive(Debug, Clone, PartialEq)]
pub struct Throttle {
    /// Length of a period in milliseconds.
    pub period_ms: i64,
    /// Which records.
    pub mode: Mode,
}

/// Which of a period's records leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The first so many to arrive, at once.
    First(u64),
    /// The one of the latest event time, when the period is over; of equal ones, the last to arrive.
    Last,
    /// One like [`Mode::Last`] with the mean of all values.
    Average,
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "throttle",
    title: "Throttle",
    category: Category::Route,
    input: Input::One,
    ports: &[Port::Out, Port::Late, Port::Error],
    state: State::PerKey,
    side_effect: false,
    fields: &[],
    docs: "Of each device and sensor so many records per period of event time: the first n, or when the period is over the last one or the \
           average. A period is over when a record of a later one comes, or when its end has passed by the clock and the key was silent \
           for a period, at most 30 s. Others end here; records of periods before the newest leave by late.",
    schema: r#"{"type":"object","required":["period"],"properties":{
        "period":{"type":["string","integer"],"title":"Period","description":"Milliseconds, or such as 1s or 5m"},
        "mode":{"type":"string","title":"Which","enum":["first","last","average"],"default":"first"},
        "n":{"type":"integer","title":"Records per period","minimum":1,"maximum":1000000,"default":1,"description":"More than 1 with first only"}}}"#,
};

impl Throttle {
    /// From `period`, `mode` (default first) and `n` (default 1; more with first only).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        if fields.get("period").is_none() {
            fields.refuse("period", Code::Required, "period is missing");
        }
        let period_ms = fields.duration_ms("period", limit::WINDOW_MS_MIN..=limit::WINDOW_MS_MAX);
        let n = fields.integer("n", 1..=limit::THROTTLE_RECORDS).unwrap_or(1);
        let modes = [("first", Mode::First(n)), ("last", Mode::Last), ("average", Mode::Average)];
        let mode = fields.choice("mode", &modes).unwrap_or(Mode::First(n));
        if n > 1 && !matches!(mode, Mode::First(_)) {
            fields.refuse("n", Code::Unsupported, "n of more than 1 works with mode \"first\" only");
        }
        Some(Self { period_ms: period_ms?, mode })
    }
}
