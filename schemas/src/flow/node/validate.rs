//! `validate`: values that cannot be right are turned away.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::limit;

/// Turns values away by type, range, and the step from the last good value of the key.
#[derive(Debug, Clone, PartialEq)]
pub struct Validate {
    /// Types that pass; not empty, no repeats.
    pub types: Vec<ValueKind>,
    /// Smallest number that passes.
    pub min: Option<f64>,
    /// Largest number that passes.
    pub max: Option<f64>,
    /// How far a number may be from the key's last good one; not negative.
    pub max_step: Option<f64>,
    /// The step is not looked at if the last good number is further away than this in event time, in milliseconds.
    pub max_gap_ms: Option<i64>,
}

/// Types of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// A number.
    Number,
    /// True or false.
    Bool,
    /// Text.
    Text,
    /// An object or an array.
    Json,
}

impl ValueKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Number, Self::Bool, Self::Text, Self::Json];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    /// That of a value, from its original JSON where it is no number.
    pub fn of(raw: Option<&str>) -> Self {
        match raw.map(str::as_bytes) {
            None => Self::Number,
            Some([b't' | b'f', ..]) => Self::Bool,
            Some([b'"', ..]) => Self::Text,
            Some(_) => Self::Json,
        }
    }
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "validate",
    title: "Validate",
    category: Category::Route,
    input: Input::One,
    ports: &[Port::Out, Port::Rejected, Port::Error],
    state: State::PerKey,
    side_effect: false,
    fields: &[],
    docs: "Records whose value is of one of the types, within min and max, and no further than maxStep from the last good value of its device \
           and sensor leave by out; the others by rejected, each with its reason: wrong_type, out_of_range or invalid (too large a step). \
           After a gap of more than maxGap any step is good.",
    schema: r#"{"type":"object","properties":{
        "types":{"type":"array","title":"Types","default":["number"],"items":{"type":"string","enum":["number","bool","text","json"]}},
        "min":{"type":"number","title":"At least"},
        "max":{"type":"number","title":"At most"},
        "maxStep":{"type":"number","title":"Largest step","minimum":0},
        "maxGap":{"type":["string","integer"],"title":"Any step is good after"}}}"#,
};

impl Validate {
    /// From `types` (default number), `min`, `max`, `maxStep` and `maxGap`.
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let mut types = Vec::new();
        for value in fields.list("types") {
            match ValueKind::ALL.into_iter().find(|kind| value.as_str() == Some(kind.name())) {
                Some(kind) if types.contains(&kind) => {}
                Some(kind) => types.push(kind),
                None => {
                    let message = format!("{value} is none of number, bool, text, json");
                    fields.refuse("types", Code::UnknownChoice, message);
                }
            }
        }
        if types.is_empty() {
            types.push(ValueKind::Number);
        }
        let (min, max) = (fields.number("min"), fields.number("max"));
        let max_step = fields.number("maxStep");
        if max_step.is_some_and(|step| step < 0.0) {
            fields.refuse("maxStep", Code::OutOfRange, "maxStep must not be negative");
        }
        let max_gap_ms = fields.duration_ms("maxGap", 1..=limit::WINDOW_MS_MAX);
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            fields.refuse("max", Code::OutOfRange, "max must not be less than min");
        }
        if max_gap_ms.is_some() && max_step.is_none() {
            fields.refuse("maxGap", Code::Unsupported, "maxGap needs maxStep");
        }
        let looks_at_numbers = min.is_some() || max.is_some() || max_step.is_some();
        if looks_at_numbers && !types.contains(&ValueKind::Number) {
            fields.refuse("types", Code::Unsupported, "min, max and maxStep need the type number");
        }
        Some(Self { types, min, max, max_step, max_gap_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contradicts_itself_is_refused() {
        for (data, field, code) in [
            (serde_json::json!({"min": 2, "max": 1}), "max", Code::OutOfRange),
            (serde_json::json!({"maxStep": -1}), "maxStep", Code::OutOfRange),
            (serde_json::json!({"maxGap": "1m"}), "maxGap", Code::Unsupported),
            (serde_json::json!({"types": ["text"], "min": 1}), "types", Code::Unsupported),
            (serde_json::json!({"types": ["string"]}), "types", Code::UnknownChoice),
        ] {
            let mut problems = Vec::new();
            Validate::parse(&mut Fields::new("n", data.as_object().unwrap(), &mut problems));
            let told: Vec<_> =
                problems.iter().map(|problem| (problem.field.as_deref(), problem.code)).collect();
            assert_eq!(told, [(Some(field), code)], "{data}");
        }
    }
}
