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
