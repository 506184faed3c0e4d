//! The catalogue of node kinds: one file per kind with its typed configuration, its documentation and its JSON Schema.
//!
//! A kind's `parse` reads a node's `data` and reports everything that is wrong with it; what it returns needs no further
//! check. Numbers and times written as text are read, because forms of editors write them so. Keys that a kind does not
//! know are left alone: they belong to the editor.

pub mod by;
pub mod combine;
pub mod comment;
pub mod compute;
pub mod deadband;
pub mod debug;
pub mod dedupe;
pub mod device_sensor;
pub mod display;
pub mod fault;
pub mod fields;
pub mod filter;
pub mod interval_join;
pub mod min_max;
pub mod moving_average;
pub mod rate;
pub mod scale;
pub mod split;
pub mod store;
pub mod switch;
pub mod throttle;
pub mod validate;
pub mod window;

pub use by::By;
pub use combine::Combine;
pub use comment::Comment;
pub use compute::Compute;
pub use deadband::Deadband;
pub use debug::Debug;
pub use dedupe::Dedupe;
pub use device_sensor::DeviceSensor;
pub use display::Display;
pub use fault::Fault;
pub use filter::Filter;
pub use interval_join::IntervalJoin;
pub use min_max::MinMax;
pub use moving_average::MovingAverage;
pub use rate::Rate;
pub use scale::Scale;
pub use split::Split;
pub use store::Store;
pub use switch::Switch;
pub use throttle::Throttle;
pub use validate::Validate;
pub use window::Window;

use serde::Serialize;
use utoipa::ToSchema;

use self::fields::Fields;
use super::diagram::Node;
use super::port::Port;
use super::problem::{Code, Problem};

/// What a kind of node is: a row of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NodeSpec)]
pub struct Spec {
    /// Its name in diagrams (`type`).
    pub kind: &'static str,
    /// Its name in palettes.
    pub title: &'static str,
    /// The palette's group.
    pub category: Category,
    /// How records reach it.
    pub input: Input,
    /// The ports that it has. `case` stands for as many as its configuration has `cases`, each called by its `name`.
    pub ports: &'static [Port],
    /// What it remembers.
    pub state: State,
    /// Whether it acts on the world outside the flow, and so must be muted in replays.
    pub side_effect: bool,
    /// Named numbers that its results carry beside `output`.
    pub fields: &'static [&'static str],
    /// What it does, in a few sentences.
    pub docs: &'static str,
    /// JSON Schema of its `data`, as JSON text.
    #[serde(skip)]
    pub schema: &'static str,
}

/// Groups of the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NodeCategory)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Where records come from.
    Source,
    /// Which records go where.
    Route,
    /// Records made into others, one by one.
    Transform,
    /// Results over many records.
    Stateful,
    /// Where records go.
    Sink,
    /// For people only.
    Structure,
}

/// How records reach a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NodeInput)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// It is a source: no edge may lead to it.
    Nothing,
    /// One input, fed by any number of edges; at least one.
    One,
    /// Several inputs, which the key `inputs` of its configuration names (of some kinds always the same, as its schema says); each fed by any
    /// number of edges, at least one.
    Named,
}

/// What a node remembers between records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NodeState)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing.
    Stateless,
    /// Something per key (series), for at most [`crate::limit::KEYS_PER_NODE`] keys.
    PerKey,
}

/// The checked configuration of a node.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant is documented at the type it holds")]
pub enum NodeConfig {
    DeviceSensor(DeviceSensor),
    Filter(Filter),
    Switch(Switch),
    Validate(Validate),
    Compute(Compute),
    Scale(Scale),
    Split(Split),
    Deadband(Deadband),
    Throttle(Throttle),
    Dedupe(Dedupe),
    Rate(Rate),
    MinMax(MinMax),
    Combine(Combine),
    IntervalJoin(IntervalJoin),
    MovingAverage(MovingAverage),
    Window(Window),
    Display(Display),
    Debug(Debug),
    Store(Store),
    Comment(Comment),
    Fault(Fault),
}

/// Every kind that users may draw, in the palette's order. `fault` is not among them: it exists for tests.
pub const CATALOGUE: [&Spec; 21] = [
    &device_sensor::SPEC,
    &device_sensor::SPEC_DEVICE,
    &filter::SPEC,
    &switch::SPEC,
    &validate::SPEC,
    &compute::SPEC,
    &scale::SPEC,
    &split::SPEC,
    &deadband::SPEC,
    &throttle::SPEC,
    &dedupe::SPEC,
    &moving_average::SPEC,
    &min_max::SPEC,
    &rate::SPEC,
    &window::SPEC,
    &combine::SPEC,
    &interval_join::SPEC,
    &display::SPEC,
    &debug::SPEC,
    &store::SPEC,
    &comment::SPEC,
];

/// The kind of this name. With `faults`, `fault` is one too.
pub fn spec(kind: &str, faults: bool) -> Option<&'static Spec> {
    if faults && kind == fault::SPEC.kind {
        return Some(&fault::SPEC);
    }
    CATALOGUE.into_iter().find(|spec| spec.kind == kind)
}

impl NodeConfig {
    /// Names of the outs that it defines ([`Port::Case`]).
    pub fn cases(&self) -> Vec<Box<str>> {
        match self {
            Self::Switch(of) => of.cases.iter().map(|case| case.name.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// Names of its inputs, if it has several.
    pub fn inputs(&self) -> Vec<Box<str>> {
        match self {
            Self::Combine(of) => of.inputs.clone(),
            Self::IntervalJoin(_) => interval_join::INPUTS.map(Box::from).to_vec(),
            _ => Vec::new(),
        }
    }

    /// The configuration of `node`, or `None` with every problem found added to `problems`.
    pub fn parse(node: &Node, faults: bool, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let config = Self::parse_what_can_be(node, faults, problems);
        if problems.len() == before { config } else { None }
    }

    /// What could be read of the configuration of `node`: of use for nothing but finding more problems if any were added to `problems`.
    pub fn parse_what_can_be(node: &Node, faults: bool, problems: &mut Vec<Problem>) -> Option<Self> {
        let Some(spec) = spec(&node.kind, faults) else {
            let message = match node.kind.as_str() {
                "" => "the node has no type".to_owned(),
                kind => format!("there is no node type {kind:?}"),
            };
            problems.push(Problem::of_field(&node.id, "type", Code::UnknownType, message));
            return None;
        };
        let mut fields = Fields::new(&node.id, &node.data, problems);
        match spec.kind {
            "device-sensor" => DeviceSensor::parse(&mut fields).map(Self::DeviceSensor),
            "device" => DeviceSensor::parse_device(&mut fields).map(Self::DeviceSensor),
            "filter" => Filter::parse(&mut fields).map(Self::Filter),
            "switch" => Switch::parse(&mut fields).map(Self::Switch),
            "validate" => Validate::parse(&mut fields).map(Self::Validate),
            "compute" => Compute::parse(&mut fields).map(Self::Compute),
            "scale" => Scale::parse(&mut fields).map(Self::Scale),
            "split" => Split::parse(&mut fields).map(Self::Split),
            "deadband" => Deadband::parse(&mut fields).map(Self::Deadband),
            "throttle" => Throttle::parse(&mut fields).map(Self::Throttle),
            "dedupe" => Dedupe::parse(&mut fields).map(Self::Dedupe),
            "rate" => Rate::parse(&mut fields).map(Self::Rate),
            "min-max" => MinMax::parse(&mut fields).map(Self::MinMax),
            "combine" => Combine::parse(&mut fields).map(Self::Combine),
            "interval-join" => IntervalJoin::parse(&mut fields).map(Self::IntervalJoin),
            "moving-average" => MovingAverage::parse(&mut fields).map(Self::MovingAverage),
            "window" => Window::parse(&mut fields).map(Self::Window),
            "display" => Display::parse(&mut fields).map(Self::Display),
            "debug" => Debug::parse(&mut fields).map(Self::Debug),
            "store" => Store::parse(&mut fields).map(Self::Store),
            "fault" => Fault::parse(&mut fields).map(Self::Fault),
            _ => Some(Self::Comment(Comment)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_is_json_and_names_an_object() {
        for spec in CATALOGUE {
            let schema: serde_json::Value = serde_json::from_str(spec.schema).unwrap();
            assert_eq!(schema["type"], "object", "{}", spec.kind);
        }
    }

    #[test]
    fn the_fault_kind_is_unknown_outside_tests() {
        assert!(spec("fault", false).is_none());
        assert!(spec("fault", true).is_some());
    }
}
