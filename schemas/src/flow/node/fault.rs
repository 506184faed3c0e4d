//! `fault`: breaks on purpose. Exists only where faults are switched on, which tests do.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;

/// Passes records through and panics at one value.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The value to panic at.
    pub panic_at: f64,
}

/// The kind's row, which the catalogue does not list.
pub const SPEC: Spec = Spec {
    kind: "fault",
    title: "Fault",
    category: Category::Structure,
    input: Input::One,
    ports: &[Port::Out, Port::Error],
    state: State::Stateless,
    side_effect: false,
    fields: &[],
    docs: "Panics when a record's value equals panic_at. For tests.",
    schema: r#"{"type":"object","required":["panic_at"],"properties":{"panic_at":{"type":"number"}}}"#,
};

impl Fault {
    /// From `panic_at`; without it, the node never panics.
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { panic_at: fields.number("panic_at").unwrap_or(f64::INFINITY) })
    }
}
