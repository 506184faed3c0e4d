//! `filter`: records for which an expression holds.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::limit;

/// Passes records for which an expression is true to `out`, the others to `else`.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// CEL over `value, unit, ts, device, sensor, fields, prev`; at most [`limit::EXPRESSION_BYTES`]. The engine's compiler checks it.
    pub expression: String,
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "filter",
    title: "Filter",
    category: Category::Route,
    input: Input::One,
    ports: &[Port::Out, Port::Else, Port::Error],
    state: State::Stateless,
    side_effect: false,
    fields: &[],
    docs: "Records for which the expression is true leave by out, the others by else. The expression is CEL over value, unit, \
           ts (milliseconds), device, sensor, fields.<name> and the previous record of the key (prev.value, prev.ts). A record it cannot be computed for leaves by error.",
    schema: r#"{"type":"object","required":["expression"],"properties":{
        "expression":{"type":"string","title":"Expression","format":"cel","maxLength":2048,"examples":["value > 30.0 && unit == 'C'"]}}}"#,
};

impl Filter {
    /// From `expression`.
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let expression = fields.required_text("expression")?;
        if expression.len() > limit::EXPRESSION_BYTES {
            let message =
                format!("the expression has {} bytes, at most {}", expression.len(), limit::EXPRESSION_BYTES);
            fields.refuse("expression", Code::ExpressionTooLarge, message);
            return None;
        }
        Some(Self { expression: expression.to_owned() })
    }
}
