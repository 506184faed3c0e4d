//! `display`: what dashboards show.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;

/// Shows records on dashboards while somebody looks. Records pass through unchanged.
#[derive(Debug, Clone, PartialEq)]
pub struct Display {
    /// How, for the dashboard: such as `gauge`.
    pub display_type: Option<String>,
    /// Format string, for the dashboard.
    pub format: Option<String>,
    /// Decimals, for the dashboard; 0 to 15.
    pub precision: Option<u8>,
    /// Unit to show instead of the readings' own.
    pub unit: Option<String>,
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "display",
    title: "Display",
    category: Category::Sink,
    input: Input::One,
    ports: &[Port::Out],
    state: State::Stateless,
    side_effect: false,
    fields: &[],
    docs: "Feeds dashboard widgets while somebody looks at one, and costs next to nothing otherwise. Records pass through unchanged.",
    schema: r#"{"type":"object","properties":{
        "displayType":{"type":"string","title":"Display as"},
        "format":{"type":"string","title":"Format"},
        "precision":{"type":"integer","title":"Decimals","minimum":0,"maximum":15},
        "unit":{"type":"string","title":"Unit"}}}"#,
};

impl Display {
    /// From `displayType`, `format`, `precision` and `unit`, all optional.
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            display_type: fields.text("displayType").map(str::to_owned),
            format: fields.text("format").map(str::to_owned),
            precision: fields.integer("precision", 0..=15).map(|precision| precision as u8),
            unit: fields.text("unit").map(str::to_owned),
        })
    }
}
