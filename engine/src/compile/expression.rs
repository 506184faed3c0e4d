//! Expressions of nodes, checked against what is known of the records that come in.

use std::sync::Arc;

use edgesync_schemas::flow::Problem;

use super::types::{Known, ValueType};
use crate::expr::{Expected, Expression, Scope, Type, Wrong};

/// What is around an expression.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    value: Type,
    /// `None` if they are not known, because what feeds the node is broken itself: then all names pass.
    fields: Option<Vec<(Arc<str>, Type)>>,
    has_prev: bool,
}

impl Surroundings {
    /// Of a node that these records come to.
    pub fn of(known: Option<&Known>) -> Self {
        let names = known.map(|known| known.names.as_deref().unwrap_or_default());
        Self {
            value: known.map_or(Type::Any, |known| type_of(known.value)),
            fields: names.map(|names| names.iter().map(|name| (Arc::clone(name), Type::Any)).collect()),
            has_prev: false,
        }
    }

    /// Of a node that keeps the previous record of each key.
    #[must_use]
    pub fn with_prev(self) -> Self {
        Self { has_prev: true, ..self }
    }

    /// Says that a field is there for later expressions, or that it is another one from now on.
    pub fn define(&mut self, name: &str, of: Type) {
        let Some(fields) = &mut self.fields else { return };
        match fields.iter_mut().find(|(other, _)| **other == *name) {
            Some(field) => field.1 = of,
            None => fields.push((name.into(), of)),
        }
    }

    /// Compiles an expression.
    pub fn compile(&self, source: &str, expected: Expected) -> Result<Expression, Vec<Wrong>> {
        let scope =
            Scope { value: self.value, fields: self.fields.as_deref(), prev: self.has_prev, inputs: &[] };
        Expression::compile(source, &scope, expected)
    }
}

/// A value's type, as expressions know types.
fn type_of(value: ValueType) -> Type {
    match value {
        ValueType::Any => Type::Any,
        ValueType::Number => Type::Number,
        ValueType::Bool => Type::Bool,
        ValueType::Text => Type::Text,
    }
}

/// What expressions answer, as records' types are known.
pub(super) fn value_type(of: Type) -> ValueType {
    match of {
        Type::Int | Type::Number => ValueType::Number,
        Type::Bool => ValueType::Bool,
        Type::Text => ValueType::Text,
        Type::Any | Type::Container | Type::Null => ValueType::Any,
    }
}

/// The expression, or `None` with what is wrong with it added to `problems`, as said of a field of a node.
pub(crate) fn or_problems(
    node: &str,
    field: &str,
    compiled: Result<Expression, Vec<Wrong>>,
    problems: &mut Vec<Problem>,
) -> Option<Expression> {
    compiled
        .map_err(|wrong| {
            let told =
                |wrong: Wrong| Problem::of_field(node, field, wrong.code, wrong.message).at(wrong.position);
            problems.extend(wrong.into_iter().map(told));
        })
        .ok()
}
