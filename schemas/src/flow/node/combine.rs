//! `combine`: the newest records of several inputs side by side.

use super::by::By;
use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::limit;

/// Results with the newest value of each input.
#[derive(Debug, Clone, PartialEq)]
pub struct Combine {
    /// Names of the inputs, all different; 2 to [`limit::COMBINE_INPUTS`].
    pub inputs: Vec<Box<str>>,
    /// Whose records meet.
    pub by: By,
    /// Values that lie further than this before the newest of the inputs count as missing; in milliseconds of event time.
    pub max_age_ms: Option<i64>,
    /// When there is a result.
    pub trigger: Trigger,
}

/// When there is a result, if all inputs have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// With each record that is the newest of its input.
    Any,
    /// When each input has had a record since the last result.
    All,
    /// With each record that is the newest of this input, by its place.
    Input(u8),
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "combine",
    title: "Combine",
    category: Category::Stateful,
    input: Input::Named,
    ports: &[Port::Out, Port::Error],
    state: State::PerKey,
    side_effect: false,
    fields: &[],
    docs: "The newest values of several inputs of a device (or of all devices together) side by side: the result's value is that of the first \
           input, its fields are the inputs by their names. There is one with each record (any), when each input has something new \
           (all), or with each record of one input (its name), as soon as all inputs have a value that is not older than maxAge.",
    schema: r#"{"type":"object","required":["inputs"],"properties":{
        "inputs":{"type":"array","title":"Inputs","minItems":2,"maxItems":8,"uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z_][A-Za-z0-9_]{0,31}$"}},
        "by":{"type":"string","title":"Of","enum":["device","all"],"default":"device"},
        "maxAge":{"type":["string","integer"],"title":"Longest age","description":"Event time, such as 30s or 5m; none: any"},
        "trigger":{"type":"string","title":"Result with","default":"any","description":"any, all, or the name of an input"}}}"#,
};

impl Combine {
    /// From `inputs`, `by` (default device), `maxAge` (default none) and `trigger` (any, all or an input; default any).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let inputs = inputs(fields);
        let by = By::parse(fields);
        let max_age_ms = fields.duration_ms("maxAge", 0..=limit::WINDOW_MS_MAX);
        let named = inputs.iter().enumerate().map(|(at, name)| (&**name, Trigger::Input(at as u8)));
        let triggers: Vec<_> =
            [("any", Trigger::Any), ("all", Trigger::All)].into_iter().chain(named).collect();
        let trigger = fields.choice("trigger", &triggers).unwrap_or(Trigger::Any);
        Some(Self { inputs, by, max_age_ms, trigger })
    }
}

/// From `inputs`.
fn inputs(fields: &mut Fields<'_>) -> Vec<Box<str>> {
    let mut inputs: Vec<Box<str>> = Vec::new();
    let list = fields.list("inputs");
    for value in list {
        match value.as_str() {
            Some("any" | "all") => {
                fields.refuse(
                    "inputs",
                    Code::Unsupported,
                    format!("an input cannot be called {value}: it is a trigger"),
                );
            }
            Some(name) if inputs.iter().any(|other| **other == *name) => {
                fields.refuse("inputs", Code::DuplicateId, format!("there are two inputs {value}"));
            }
            Some(name) if is_name(name) => inputs.push(name.into()),
            _ => {
                let most = limit::INPUT_NAME_BYTES;
                let message =
                    format!("{value} is no name of an input (1 to {most} of A-Z a-z 0-9 _, no digit first)");
                fields.refuse("inputs", Code::WrongType, message);
            }
        }
    }
    if list.is_empty() {
        fields.refuse("inputs", Code::Required, "inputs is missing");
    } else if !(2..=limit::COMBINE_INPUTS).contains(&list.len()) {
        let message = format!("there must be 2 to {} inputs, not {}", limit::COMBINE_INPUTS, list.len());
        fields.refuse("inputs", Code::OutOfRange, message);
    }
    inputs
}

/// Whether expressions can name a field so.
fn is_name(name: &str) -> bool {
    name.len() <= limit::INPUT_NAME_BYTES
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
