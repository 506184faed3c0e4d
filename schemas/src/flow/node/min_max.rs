//! `min-max`: the smallest and the largest value so far.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::limit;

/// For each record, the smallest and the largest value of its key, itself included.
#[derive(Debug, Clone, PartialEq)]
pub struct MinMax {
    /// Which of them is the result's value.
    pub mode: Mode,
    /// Of how many of the newest values; 1 to [`limit::AVERAGE_VALUES`]. `None`: of all.
    pub window_size: Option<usize>,
}

/// What a result's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The largest minus the smallest.
    Both,
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "min-max",
    title: "Minimum and maximum",
    category: Category::Stateful,
    input: Input::One,
    ports: &[Port::Out, Port::Error],
    state: State::PerKey,
    side_effect: false,
    fields: &["min", "max", "range"],
    docs: "For each record the smallest and the largest value of its device and sensor, itself included: of the newest windowSize values, or \
           of all since the flow was deployed. The result's value is min, max, or with both the range. A value that is no number leaves \
           by error and does not count.",
    schema: r#"{"type":"object","properties":{
        "mode":{"type":"string","title":"Value","enum":["min","max","both"],"default":"both"},
        "windowSize":{"type":"integer","title":"Values","minimum":1,"maximum":10000,"description":"None: all of them"}}}"#,
};

impl MinMax {
    /// From `mode` (default both) and `windowSize` (default: all values).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let modes = [("min", Mode::Min), ("max", Mode::Max), ("both", Mode::Both)];
        Some(Self {
            mode: fields.choice("mode", &modes).unwrap_or(Mode::Both),
            window_size: fields
                .integer("windowSize", 1..=limit::AVERAGE_VALUES)
                .map(|values| values as usize),
        })
    }
}
