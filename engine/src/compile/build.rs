//! One node: its configuration and what is known of its records become what it does.

use std::sync::Arc;

use edgesync_schemas::flow::Problem;
use edgesync_schemas::flow::node::compute::OUTPUT;
use edgesync_schemas::flow::node::scale::Map;
use edgesync_schemas::flow::node::{Compute, NodeConfig, Scale, Switch};
use edgesync_schemas::flow::problem::Code;
use edgesync_schemas::limit;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::unit::{Unit, UnitIndex};

use super::expression::{self, Surroundings};
use super::types::{self, Known, ValueType};
use crate::chunk::{Name, Names};
use crate::expr::{Expected, Expression, Type};
use crate::ops;
use crate::plan::{Computing, Scaling, Switching, Work};

/// What a node does. `known` is `None` if what feeds it is broken itself. The answer is `None` for a comment, and if something is wrong, which is then among the problems.
pub(super) fn work(
    node: &str,
    config: &NodeConfig,
    known: Option<&Known>,
    shared: &mut Shared,
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
        NodeConfig::Store(of) => {
            check_field(node, "field", of.field.as_deref(), known, problems);
            shared.stores_as(node, &of.series, problems);
            Work::Store(Arc::new(of.clone()))
        }
        NodeConfig::Fault(of) => Work::Fault(of.clone()),
        NodeConfig::Filter(of) => {
            let around = Surroundings::of(known).with_prev();
            let expression = around.compile(&of.expression, Expected::Bool);
            let expression = expression::or_problems(node, "expression", expression, problems)?;
            shared.count(node, "expression", &expression, problems);
            Work::Filter(Arc::new(expression))
        }
        NodeConfig::Switch(of) => Work::Switch(Arc::new(switch(node, of, known, shared, problems)?)),
        NodeConfig::Validate(of) => Work::Validate(of.clone()),
        NodeConfig::Compute(of) => Work::Compute(Arc::new(compute(node, of, known, shared, problems)?)),
        NodeConfig::Scale(of) => Work::Scale(Arc::new(scale(node, of, known, shared, problems)?)),
        NodeConfig::Split(of) => Work::Split(of.clone()),
    })
}

/// What the nodes of a flow share, and what is bounded for all of them together.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Units that nodes give records.
    pub units: Vec<Unit>,
    patterns: usize,
    /// Names of what is stored.
    stored: Vec<SensorName>,
}

impl Shared {
    /// The place of a unit, which is made if there is none yet.
    fn unit(
        &mut self,
        node: &str,
        field: &str,
        unit: &Unit,
        problems: &mut Vec<Problem>,
    ) -> Option<UnitIndex> {
        let place = self.units.iter().position(|other| other == unit).unwrap_or_else(|| {
            self.units.push(unit.clone());
            self.units.len() - 1
        });
        let index = UnitIndex::of_flow(place).filter(|_| place < limit::UNITS_PER_FLOW);
        if index.is_none() {
            let message = format!("the flow has more than {} units of its own", limit::UNITS_PER_FLOW);
            problems.push(Problem::of_field(node, field, Code::TooLarge, message));
        }
        index
    }

    /// A unit as text.
    pub fn text(&self, unit: UnitIndex) -> Option<Box<str>> {
        self.units.get(unit.place_in_flow()?).map(|unit| unit.as_str().into())
    }

    /// Takes the name of what a node stores: two nodes of one name would overwrite each other's rows.
    fn stores_as(&mut self, node: &str, series: &SensorName, problems: &mut Vec<Problem>) {
        if self.stored.contains(series) {
            let message = format!("another store node of the flow has the series {:?}", series.as_str());
            problems.push(Problem::of_field(node, "series", Code::DuplicateId, message));
        } else {
            self.stored.push(series.clone());
        }
    }

    /// Counts an expression's patterns.
    fn count(&mut self, node: &str, field: &str, expression: &Expression, problems: &mut Vec<Problem>) {
        self.patterns += expression.patterns();
        if expression.patterns() > 0 && self.patterns > limit::PATTERNS_PER_FLOW {
            let message = format!("the flow has more than {} patterns", limit::PATTERNS_PER_FLOW);
            problems.push(Problem::of_field(node, field, Code::ExpressionTooLarge, message));
        }
    }
}

fn switch(
    node: &str,
    of: &Switch,
    known: Option<&Known>,
    shared: &mut Shared,
    problems: &mut Vec<Problem>,
) -> Option<Switching> {
    let around = Surroundings::of(known).with_prev();
    let mut cases = Vec::with_capacity(of.cases.len());
    for case in &of.cases {
        let field = format!("cases[{}].expression", case.place);
        let expression = around.compile(&case.expression, Expected::Bool);
        if let Some(expression) = expression::or_problems(node, &field, expression, problems) {
            shared.count(node, &field, &expression, problems);
            cases.push(expression);
        }
    }
    (cases.len() == of.cases.len()).then_some(Switching { cases, mode: of.mode })
}

fn compute(
    node: &str,
    of: &Compute,
    known: Option<&Known>,
    shared: &mut Shared,
    problems: &mut Vec<Problem>,
) -> Option<Computing> {
    let mut around = Surroundings::of(known).with_prev();
    let own: Vec<Name> = known.and_then(|known| known.names.as_deref()).unwrap_or_default().to_vec();
    let mut names = own.clone();
    let mut steps = Vec::with_capacity(of.assignments.len());
    let (mut output, mut value) = (None, known.map_or(ValueType::Any, |known| known.value));
    for assignment in &of.assignments {
        let field = format!("assignments[{}]", assignment.place);
        let expression = around.compile(&assignment.expression, Expected::Any).map_err(|mut wrong| {
            for wrong in &mut wrong {
                wrong.position = wrong.position.map(|position| position.within(assignment.begins));
            }
            wrong
        });
        let expression = expression::or_problems(node, &field, expression, problems);
        let target = names.iter().position(|name| **name == *assignment.name).unwrap_or_else(|| {
            names.push(Name::from(&*assignment.name));
            names.len() - 1
        });
        // What is wrong with one is no reason to find nothing in the next.
        let answers = expression.as_ref().map_or(Type::Any, |expression| expression.answers);
        around.define(&assignment.name, answers);
        if *assignment.name == *OUTPUT {
            (output, value) = (Some(target), expression::value_type(answers));
        }
        if let Some(expression) = expression {
            shared.count(node, &field, &expression, problems);
            steps.push((target, expression));
        }
    }
    let unit = match &of.unit {
        Some(unit) => Some(shared.unit(node, "unit", unit, problems)?),
        None => None,
    };
    if let Some(new) = output.filter(|at| *at >= own.len()) {
        names.remove(new);
    }
    let names: Option<Names> = (!names.is_empty()).then(|| names.into());
    let is_whole = steps.len() == of.assignments.len();
    is_whole.then_some(Computing { steps, output, unit, value, names })
}

fn scale(
    node: &str,
    of: &Scale,
    known: Option<&Known>,
    shared: &mut Shared,
    problems: &mut Vec<Problem>,
) -> Option<Scaling> {
    let comes = known.and_then(|known| known.unit.as_deref());
    if let (Map::Convert { to, .. }, Some(comes)) = (&of.map, comes)
        && ops::scale::conversion(&of.map, comes).is_none()
    {
        let message = format!("what comes in has the unit {comes:?}, which cannot be converted to {to}");
        problems.push(Problem::of_field(node, "to", Code::UnitMismatch, message));
    }
    let unit = match &of.unit {
        Some(unit) => Some((unit.clone(), shared.unit(node, "unit", unit, problems)?)),
        None => None,
    };
    Some(Scaling { map: of.map.clone(), unit })
}

/// Checks that all records that come in have the further value that a key names.
fn check_field(
    node: &str,
    key: &str,
    field: Option<&str>,
    known: Option<&Known>,
    problems: &mut Vec<Problem>,
) {
    let Some(known) = known else { return };
    let names = known.names.as_deref().unwrap_or_default();
    let Some(field) = field.filter(|field| names.iter().all(|name| **name != **field)) else { return };
    let message = match names.join(", ") {
        names if names.is_empty() => format!("what comes in has no field {field:?}: it has none"),
        names => format!("what comes in has no field {field:?}, only {names}"),
    };
    problems.push(Problem::of_field(node, key, Code::NotFound, message));
}
