//! `deadband`: only what differs enough from the last that passed.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::limit;

/// Passes a record that differs from the last of its key that passed by more than one of the bands. At least one band is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Deadband {
    /// In the value's unit; 0 or more.
    pub absolute: Option<f64>,
    /// In percent of the last value that passed; 0 or more.
    pub percent: Option<f64>,
    /// A record this long (in event time, milliseconds) after the last that passed passes whatever its value.
    pub max_silence_ms: Option<i64>,
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "deadband",
    title: "Deadband",
    category: Category::Route,
    input: Input::One,
    ports: &[Port::Out, Port::Error],
    state: State::PerKey,
    side_effect: false,
    fields: &[],
    docs: "Of each device and sensor only records that differ from the last that passed by more than absolute, or by more than percent of \
           it; the first one passes, and one that comes maxSilence of event time after the last that passed. Others end here. A value \
           that is no number leaves by error.",
    schema: r#"{"type":"object","anyOf":[{"required":["absolute"]},{"required":["percent"]}],"properties":{
        "absolute":{"type":"number","title":"Band","minimum":0},
        "percent":{"type":"number","title":"Band in percent","minimum":0},
        "maxSilence":{"type":["string","integer"],"title":"Longest silence","description":"Such as 30s or 5m; none: for ever"}}}"#,
};

impl Deadband {
    /// From `absolute`, `percent` (at least one of them) and `maxSilence` (default none).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let is_missing = fields.get("absolute").is_none() && fields.get("percent").is_none();
        if is_missing {
            fields.refuse("absolute", Code::Required, "absolute or percent is missing");
        }
        let [absolute, percent] = ["absolute", "percent"].map(|field| {
            let band = fields.number(field);
            if band.is_some_and(|band| band < 0.0) {
                fields.refuse(field, Code::OutOfRange, format!("{field} must be 0 or more"));
            }
            band
        });
        let max_silence_ms = fields.duration_ms("maxSilence", 1..=limit::WINDOW_MS_MAX);
        Some(Self { absolute, percent, max_silence_ms })
    }
}
