//! Types and names of expressions: what cannot work is refused when the flow is checked, not when a reading comes. What passes
//! is a [`Node`].
//!
//! `value` and what is taken out of it may be anything, so only records can show whether it fits; everything else has a type.

mod call;
mod name;

use std::sync::Arc;

use cel::IdedExpr;
use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators as op};
use edgesync_schemas::flow::problem::Code;

use super::Wrong;
use super::parse::Parsed;
use super::scope::{Expected, Scope, Slot, Type};
use super::tree::{Const, Each, EachKind, Node};

/// A checked expression.
pub(crate) struct Checked {
    pub tree: Node,
    pub of: Type,
    pub slots: Vec<Slot>,
    pub uses_prev: bool,
}

/// Checks an expression.
pub(crate) fn check(parsed: &Parsed, scope: &Scope<'_>, expected: Expected) -> Result<Checked, Vec<Wrong>> {
    let mut check =
        Check { parsed, scope, wrong: Vec::new(), element: None, slots: Vec::new(), uses_prev: false };
    let (tree, of) = check.part(&parsed.tree);
    if !expected.takes(of) && check.wrong.is_empty() {
        let message = format!("the expression must answer {}, it is {}", expected.name(), of.name());
        check.refuse(parsed.tree.id, message);
    }
    if check.wrong.is_empty() {
        Ok(Checked { tree, of, slots: check.slots, uses_prev: check.uses_prev })
    } else {
        Err(check.wrong)
    }
}

struct Check<'a> {
    parsed: &'a Parsed,
    scope: &'a Scope<'a>,
    wrong: Vec<Wrong>,
    /// Variable of the macro around, such as the `x` of `value.all(x, x > 1)`.
    element: Option<&'a str>,
    slots: Vec<Slot>,
    uses_prev: bool,
}

/// What stands for a part that was refused.
const REFUSED: (Node, Type) = (Node::Const(Const::Null), Type::Any);

impl<'a> Check<'a> {
    fn refuse(&mut self, id: u64, message: String) {
        self.wrong.push(self.parsed.wrong(id, Code::ExpressionType, message));
    }

    fn refuse_size(&mut self, id: u64, message: String) {
        self.wrong.push(self.parsed.wrong(id, Code::ExpressionTooLarge, message));
    }

    fn part(&mut self, tree: &'a IdedExpr) -> (Node, Type) {
        let id = tree.id;
        match &tree.expr {
            Expr::Unspecified => REFUSED,
            Expr::Literal(literal) => self.literal(id, literal),
            Expr::Ident(name) => self.variable(id, name),
            Expr::Select(select) => {
                if let Some(of) = self.qualified(id, &select.operand, &select.field, select.test) {
                    return of;
                }
                let (of, its_type) = self.part(&select.operand);
                if !matches!(its_type, Type::Any | Type::Container) {
                    self.refuse(id, format!("{} has no field {:?}", its_type.name(), select.field));
                }
                let (of, field) = (Box::new(of), Arc::from(&*select.field));
                if select.test {
                    (Node::Has(of, field), Type::Bool)
                } else {
                    (Node::Select(of, field), Type::Any)
                }
            }
            Expr::List(list) => {
                let elements = list.elements.iter().map(|element| self.part(element).0).collect();
                (Node::List(elements), Type::Container)
            }
            Expr::Map(map) => {
                let mut entries = Vec::with_capacity(map.entries.len());
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        let (key, key_type) = self.part(&entry.key);
                        if !matches!(key_type, Type::Text | Type::Any) {
                            self.refuse(entry.key.id, format!("keys must be text, not {}", key_type.name()));
                        }
                        entries.push((key, self.part(&entry.value).0));
                    }
                }
                (Node::Map(entries), Type::Container)
            }
            Expr::Struct(_) => {
                self.refuse(id, "structures cannot be made in expressions".to_owned());
                REFUSED
            }
            Expr::Comprehension(of) => self.each(id, of),
            Expr::Call(call) => self.call(id, call),
        }
    }

    fn literal(&mut self, id: u64, literal: &LiteralValue) -> (Node, Type) {
        let (literal, of) = match literal {
            LiteralValue::Boolean(flag) => (Const::Bool(*flag.inner()), Type::Bool),
            LiteralValue::Int(whole) => (Const::Int(*whole.inner()), Type::Int),
            LiteralValue::Double(number) => (Const::Double(*number.inner()), Type::Number),
            LiteralValue::String(text) => (Const::Text(text.inner().into()), Type::Text),
            LiteralValue::Null => (Const::Null, Type::Null),
            LiteralValue::UInt(_) | LiteralValue::Bytes(_) => {
                self.refuse(id, "readings are neither unsigned numbers nor bytes".to_owned());
                return REFUSED;
            }
        };
        (Node::Const(literal), of)
    }

    /// A loop. The parser writes `all`, `exists`, `exists_one`, `map` and `filter` as loops of its own general form.
    fn each(&mut self, id: u64, of: &'a ComprehensionExpr) -> (Node, Type) {
        // Two levels over lists of a few hundred entries would be cut for every record.
        if self.element.is_some() {
            let message = "all, exists, map and filter cannot be used within each other".to_owned();
            self.refuse_size(id, message);
            return REFUSED;
        }
        let (over, its_type) = self.part(&of.iter_range);
        if !matches!(its_type, Type::Container | Type::Any) {
            self.refuse(id, format!("{} has no elements", its_type.name()));
        }
        let Some((kind, guard, body)) = loop_of(of) else {
            self.refuse(id, "such a loop cannot be written".to_owned());
            return REFUSED;
        };
        self.element = Some(&of.iter_var);
        let guard = guard.map(|guard| self.condition(guard));
        let body = if kind == EachKind::Map { self.part(body).0 } else { self.condition(body) };
        self.element = None;
        let answers = if kind == EachKind::Map { Type::Container } else { Type::Bool };
        (Node::Each(Box::new(Each { kind, over, guard, body })), answers)
    }

    /// A part that must be true or false.
    fn condition(&mut self, tree: &'a IdedExpr) -> Node {
        let (node, of) = self.part(tree);
        if !matches!(of, Type::Bool | Type::Any) {
            self.refuse(tree.id, format!("must be true or false, it is {}", of.name()));
        }
        node
    }
}

/// What a loop is: its kind, which elements count, and what is computed for each.
fn loop_of(of: &ComprehensionExpr) -> Option<(EachKind, Option<&IdedExpr>, &IdedExpr)> {
    let Expr::Call(step) = &of.loop_step.expr else { return None };
    match (&of.accu_init.expr, step.func_name.as_str(), &step.args[..]) {
        (Expr::Literal(LiteralValue::Boolean(_)), op::LOGICAL_AND, [_, body]) => {
            Some((EachKind::All, None, body))
        }
        (Expr::Literal(LiteralValue::Boolean(_)), op::LOGICAL_OR, [_, body]) => {
            Some((EachKind::Exists, None, body))
        }
        (Expr::Literal(LiteralValue::Int(_)), op::CONDITIONAL, [body, _, _]) => {
            Some((EachKind::ExistsOne, None, body))
        }
        (Expr::List(_), op::ADD, [_, list]) => Some((EachKind::Map, None, only_element(list)?)),
        (Expr::List(_), op::CONDITIONAL, [guard, add, _]) => {
            let Expr::Call(add) = &add.expr else { return None };
            Some((EachKind::Map, Some(guard), only_element(add.args.last()?)?))
        }
        _ => None,
    }
}

fn only_element(list: &IdedExpr) -> Option<&IdedExpr> {
    match &list.expr {
        Expr::List(list) => list.elements.first(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
