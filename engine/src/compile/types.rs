//! What is known of records before any comes: types, units and further values of what enters and leaves each node.

use std::sync::Arc;

use edgesync_schemas::flow::node::moving_average::Method;
use edgesync_schemas::flow::node::throttle::Mode;
use edgesync_schemas::flow::node::validate::ValueKind;
use edgesync_schemas::flow::node::{NodeConfig, interval_join, min_max, moving_average, rate, split};

use crate::chunk::{Name, Names};

/// What records are known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Their value.
    pub value: ValueType,
    /// Their unit, if it is the same for all; empty text for none.
    pub unit: Option<Box<str>>,
    /// Names of their further values, if all have the same.
    pub names: Option<Names>,
}

/// What a value is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// Anything: only records show it.
    Any,
    /// A number.
    Number,
    /// True or false.
    Bool,
    /// Text.
    Text,
}

impl Known {
    /// Nothing.
    pub const NOTHING: Self = Self { value: ValueType::Any, unit: None, names: None };

    /// What is known of records that may be either.
    pub fn or(self, other: &Self) -> Self {
        let both = |mine: Names| -> Option<Names> {
            let theirs = other.names.as_deref()?;
            if *mine == *theirs {
                return Some(mine);
            }
            let both: Names = mine.iter().filter(|name| theirs.contains(name)).cloned().collect();
            (!both.is_empty()).then_some(both)
        };
        Self {
            value: if self.value == other.value { self.value } else { ValueType::Any },
            unit: self.unit.filter(|unit| Some(unit) == other.unit.as_ref()),
            names: self.names.and_then(both),
        }
    }
}

/// What is known of the records that leave a node by `out`, of the records that come in.
pub(super) fn leaving(config: &NodeConfig, known: &Known) -> Known {
    let numbers =
        |names: Names| Known { value: ValueType::Number, unit: known.unit.clone(), names: Some(names) };
    match config {
        NodeConfig::DeviceSensor(_) => Known::NOTHING,
        NodeConfig::Filter(_)
        | NodeConfig::Switch(_)
        | NodeConfig::Display(_)
        | NodeConfig::Debug(_)
        | NodeConfig::Store(_)
        | NodeConfig::Fault(_)
        | NodeConfig::Comment(_) => known.clone(),
        NodeConfig::Validate(of) => Known {
            value: match of.types[..] {
                [ValueKind::Number] => ValueType::Number,
                [ValueKind::Bool] => ValueType::Bool,
                [ValueKind::Text] => ValueType::Text,
                _ => known.value,
            },
            ..known.clone()
        },
        // What it computes is known when its expressions are compiled.
        NodeConfig::Compute(_) => known.clone(),
        NodeConfig::Scale(of) => Known {
            value: ValueType::Number,
            unit: of.unit.as_ref().map(|unit| unit.as_str().into()).or_else(|| known.unit.clone()),
            names: known.names.clone(),
        },
        NodeConfig::Split(of) => {
            let mine: Vec<&str> = split::FIELDS.into_iter().chain(of.keys.iter().map(|key| &**key)).collect();
            let theirs = known.names.iter().flat_map(|names| names.iter());
            let theirs = theirs.filter(|name| !mine.contains(&&***name)).cloned();
            let names = theirs.chain(mine.iter().map(|name| Name::from(*name))).collect();
            Known { value: ValueType::Any, unit: known.unit.clone(), names: Some(names) }
        }
        NodeConfig::Dedupe(_) => known.clone(),
        NodeConfig::Deadband(_) => Known { value: ValueType::Number, ..known.clone() },
        NodeConfig::Throttle(of) if of.mode == Mode::Average => {
            Known { value: ValueType::Number, ..known.clone() }
        }
        NodeConfig::Throttle(_) => known.clone(),
        NodeConfig::Rate(_) => Known { unit: Some("".into()), ..numbers(names_of(rate::SPEC.fields)) },
        NodeConfig::MinMax(_) => numbers(names_of(min_max::SPEC.fields)),
        NodeConfig::Combine(of) => {
            Known { names: Some(of.inputs.iter().map(|name| Name::from(&**name)).collect()), ..known.clone() }
        }
        NodeConfig::IntervalJoin(_) => {
            Known { names: Some(names_of(interval_join::SPEC.fields)), ..known.clone() }
        }
        NodeConfig::MovingAverage(of) if matches!(of.method, Method::Ewma(_)) => {
            numbers(names_of(&moving_average::SPEC.fields[..1]))
        }
        NodeConfig::MovingAverage(_) => numbers(names_of(moving_average::SPEC.fields)),
        NodeConfig::Window(window) => numbers(window.names().into_iter().map(Arc::from).collect()),
    }
}

fn names_of(names: &[&str]) -> Names {
    names.iter().map(|name| Name::from(*name)).collect()
}

/// The type that a node needs its records to be; `None` if any will do.
pub(super) fn needed(config: &NodeConfig) -> Option<ValueType> {
    match config {
        NodeConfig::Deadband(_) | NodeConfig::Rate(_) | NodeConfig::MinMax(_) => Some(ValueType::Number),
        NodeConfig::Throttle(of) if of.mode == Mode::Average => Some(ValueType::Number),
        NodeConfig::MovingAverage(_) | NodeConfig::Scale(_) => Some(ValueType::Number),
        NodeConfig::Window(window) if window.is_numeric() => Some(ValueType::Number),
        _ => None,
    }
}

impl ValueType {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Number => "a number",
            Self::Bool => "true or false",
            Self::Text => "text",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_kinds_of_records_is_known_what_both_are() {
        let names =
            |all: &[&str]| -> Option<Names> { Some(all.iter().map(|name| Name::from(*name)).collect()) };
        let one = Known { value: ValueType::Number, unit: Some("C".into()), names: names(&["a", "b", "c"]) };
        let other = Known { value: ValueType::Number, unit: Some("K".into()), names: names(&["c", "a"]) };
        let both = Known { value: ValueType::Number, unit: None, names: names(&["a", "c"]) };
        assert_eq!(one.clone().or(&other), both);
        assert_eq!(one.clone().or(&one), one);
        assert_eq!(one.or(&Known::NOTHING), Known::NOTHING);
    }
}
