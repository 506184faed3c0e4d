//! `dedupe`: values that passed before end here.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::limit;

/// Leaves out records whose value, or field, is one that the key has let through before.
#[derive(Debug, Clone, PartialEq)]
pub struct Dedupe {
    /// The further value that is compared; `None`: the value.
    pub field: Option<String>,
    /// A value counts as new again when its event time lies at least this far from when it passed, in milliseconds; `None`: never.
    pub ttl_ms: Option<i64>,
    /// How many different values are remembered per key; 1 to [`limit::DEDUPE_VALUES`].
    pub values: usize,
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "dedupe",
    title: "Remove duplicates",
    category: Category::Route,
    input: Input::One,
    ports: &[Port::Out, Port::Error],
    state: State::PerKey,
    side_effect: false,
    fields: &[],
    docs: "Of each device and sensor only records whose value (or the named field) is none of those that passed before, as many as values \
           says; with ttl a value passes again when its event time lies that far from when it last passed. Others end here. Text and \
           JSON are the same if they are written in the same way.",
    schema: r#"{"type":"object","properties":{
        "field":{"type":"string","title":"Field","description":"None: the value"},
        "ttl":{"type":["string","integer"],"title":"Forget after","description":"Event time, such as 30s or 5m; none: never"},
        "values":{"type":"integer","title":"Values remembered","minimum":1,"maximum":256,"default":64}}}"#,
};

impl Dedupe {
    /// From `field` (default: the value), `ttl` (default none) and `values` (default 64).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            field: fields.text("field").map(str::to_owned),
            ttl_ms: fields.duration_ms("ttl", 1..=limit::WINDOW_MS_MAX),
            values: fields.integer("values", 1..=limit::DEDUPE_VALUES).unwrap_or(64) as usize,
        })
    }
}
