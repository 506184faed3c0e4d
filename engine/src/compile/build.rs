//! One node: its configuration and what is known of its records become what it does.

use std::sync::Arc;

use edgesync_schemas::flow::Problem;
use edgesync_schemas::flow::node::NodeConfig;
use edgesync_schemas::flow::problem::Code;

use super::types::{self, Known, ValueType};
use crate::expr::Predicate;
use crate::plan::Work;

/// What a node does; `None` for a comment, and if something is wrong, which is then among the problems.
pub(super) fn work(
    node: &str,
    config: &NodeConfig,
    known: &Known,
    problems: &mut Vec<Problem>,
) -> Option<Work> {
    if let Some(needed) = types::needed(config)
        && known.value != ValueType::Any
        && known.value != needed
    {
        let message =
            format!("the node needs {}, and what comes in is {}", needed.name(), known.value.name());
        problems.push(Problem::of_node(node, Code::TypeMismatch, message));
    }
    Some(match config {
        NodeConfig::Comment(_) => return None,
        NodeConfig::DeviceSensor(of) => Work::Source(of.clone()),
        NodeConfig::Deadband(of) => Work::Deadband(of.clone()),
        NodeConfig::Throttle(of) => Work::Throttle(of.clone()),
        NodeConfig::Dedupe(of) => {
            check_field(node, "field", of.field.as_deref(), known, problems);
            Work::Dedupe(of.clone())
        }
        NodeConfig::Rate(of) => Work::Rate(of.clone()),
        NodeConfig::MinMax(of) => Work::MinMax(of.clone()),
        NodeConfig::Combine(of) => Work::Combine(of.clone()),
        NodeConfig::IntervalJoin(of) => Work::IntervalJoin(of.clone()),
        NodeConfig::MovingAverage(of) => Work::MovingAverage(of.clone()),
        NodeConfig::Window(of) => Work::Window(of.clone()),
        NodeConfig::Display(of) => Work::Display(of.clone()),
        NodeConfig::Debug(_) => Work::Debug,
        NodeConfig::Fault(of) => Work::Fault(of.clone()),
        NodeConfig::Filter(of) => match Predicate::compile(&of.expression) {
            Ok(predicate) => Work::Filter(Arc::new(predicate)),
            Err(wrong) => {
                problems.extend(wrong.into_iter().map(|wrong| {
                    Problem::of_field(node, "expression", wrong.code, wrong.message).at(wrong.position)
                }));
                return None;
            }
        },
    })
}

/// Checks that all records that come in have the further value that a key names.
fn check_field(node: &str, key: &str, field: Option<&str>, known: &Known, problems: &mut Vec<Problem>) {
    let names = known.names.as_deref().unwrap_or_default();
    let Some(field) = field.filter(|field| names.iter().all(|name| **name != **field)) else { return };
    let message = match names.join(", ") {
        names if names.is_empty() => format!("what comes in has no field {field:?}: it has none"),
        names => format!("what comes in has no field {field:?}, only {names}"),
    };
    problems.push(Problem::of_field(node, key, Code::NotFound, message));
}
