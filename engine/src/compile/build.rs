//! One node: its configuration and what is known of its records become what it does.

use std::sync::Arc;

use edgesync_schemas::flow::Problem;
use edgesync_schemas::flow::node::NodeConfig;
use edgesync_schemas::flow::problem::Code;

use super::types::{self, Known, ValueType};
use super::expression::{self, Surroundings};
use crate::expr::Expected;
use crate::plan::Work;

/// What a node does. `known` is `None` if what feeds it is broken itself. The answer is `None` for a comment, and if something is wrong, which is then among the problems.
pub(super) fn work(
    node: &str,
    config: &NodeConfig,
    known: Option<&Known>,
    problems: &mut Vec<Problem>,
) -> Option<Work> {
    if let (Some(needed), Some(known)) = (types::needed(config), known)
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
        NodeConfig::Filter(of) => {
            let surroundings = Surroundings::of(known);
            let expression = surroundings.compile(&of.expression, Expected::Bool);
            Work::Filter(Arc::new(expression::or_problems(node, "expression", expression, problems)?))
        }
    })
}
