//! `debug`: records for somebody who watches the flow.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;

/// Shows records to whoever watches the flow. Records pass through unchanged.
#[derive(Debug, Clone, PartialEq)]
pub struct Debug {
    /// How loud.
    pub level: Level,
}

/// Levels of a [`Debug`] node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the usual levels")]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "debug",
    title: "Debug",
    category: Category::Sink,
    input: Input::One,
    ports: &[Port::Out],
    state: State::Stateless,
    side_effect: false,
    fields: &[],
    docs: "Shows records to whoever watches the flow; stores nothing. Records pass through unchanged.",
    schema: r#"{"type":"object","properties":{
        "logLevel":{"type":"string","title":"Level","enum":["debug","info","warning","error"],"default":"info"}}}"#,
};

impl Debug {
    /// From `logLevel` (default info).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let level = match fields.text("logLevel").map(str::to_ascii_lowercase).as_deref() {
            None | Some("info") => Level::Info,
            Some("debug" | "trace") => Level::Debug,
            Some("warn" | "warning") => Level::Warning,
            Some("error" | "critical") => Level::Error,
            Some(other) => {
                let message = format!("{other:?} is none of debug, info, warning, error");
                fields.refuse("logLevel", Code::UnknownChoice, message);
                return None;
            }
        };
        Some(Self { level })
    }
}
