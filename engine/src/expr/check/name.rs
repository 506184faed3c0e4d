//! Names: variables, fields, and what came before.

use cel::IdedExpr;
use cel::common::ast::Expr;

use super::{Check, REFUSED};
use crate::expr::scope::{Slot, Type};
use crate::expr::tree::{Node, TextVar};

/// Names that are listed in a message; there may be hundreds.
const LISTED: usize = 20;

impl<'a> Check<'a> {
    /// The node of a variable that a column holds.
    fn slot(&mut self, slot: Slot) -> usize {
        self.slots.iter().position(|other| *other == slot).unwrap_or_else(|| {
            self.slots.push(slot);
            self.slots.len() - 1
        })
    }

    pub(super) fn variable(&mut self, id: u64, name: &str) -> (Node, Type) {
        if self.element == Some(name) {
            return (Node::Element, Type::Any);
        }
        if let Some(at) = self.scope.inputs.iter().position(|input| **input == *name) {
            return (Node::Slot(self.slot(Slot::Input(at))), Type::Any);
        }
        let message = match name {
            "value" => return (Node::Slot(self.slot(Slot::Value)), self.scope.value),
            "ts" => return (Node::Ts, Type::Int),
            "unit" => return (Node::Text(TextVar::Unit), Type::Text),
            "device" => return (Node::Text(TextVar::Device), Type::Text),
            "sensor" => return (Node::Text(TextVar::Sensor), Type::Text),
            "fields" => "fields must be followed by a name, such as fields.mean".to_owned(),
            "prev" if self.scope.prev => "prev must be followed by value or ts".to_owned(),
            "prev" => "this node keeps no previous record".to_owned(),
            _ => {
                let more: String = self.scope.inputs.iter().map(|input| format!("{input}, ")).collect();
                format!("there is no {name:?}; there are {more}value, unit, ts, device, sensor and fields")
            }
        };
        self.refuse(id, message);
        REFUSED
    }

    /// `fields.x`, `prev.value` and `prev.ts`, or whether they are there; `None` if it is none of them.
    pub(super) fn qualified(
        &mut self,
        id: u64,
        operand: &IdedExpr,
        name: &str,
        is_test: bool,
    ) -> Option<(Node, Type)> {
        let of = match &operand.expr {
            Expr::Ident(of) if self.element != Some(&**of) => &**of,
            _ => return None,
        };
        let (slot, its_type) = match (of, name) {
            ("fields", _) => match self.field(id, name) {
                Some(found) => found,
                None => return Some(REFUSED),
            },
            ("prev", "value" | "ts") if self.scope.prev => {
                self.uses_prev = true;
                match (name, is_test) {
                    ("ts", true) => return Some((Node::HasPrev, Type::Bool)),
                    ("ts", false) => return Some((Node::PrevTs, Type::Int)),
                    _ => (Slot::Prev, self.scope.value),
                }
            }
            ("prev", _) if self.scope.prev => {
                self.refuse(id, format!("prev has no {name:?}; it has value and ts"));
                return Some(REFUSED);
            }
            _ => return None,
        };
        let at = self.slot(slot);
        Some(if is_test { (Node::HasSlot(at), Type::Bool) } else { (Node::Slot(at), its_type) })
    }

    fn field(&mut self, id: u64, name: &str) -> Option<(Slot, Type)> {
        let Some(fields) = self.scope.fields else { return Some((Slot::Field(usize::MAX), Type::Any)) };
        if let Some(at) = fields.iter().position(|(field, _)| **field == *name) {
            return Some((Slot::Field(at), fields[at].1));
        }
        let mut listed: Vec<&str> = fields.iter().take(LISTED).map(|(field, _)| &**field).collect();
        if fields.len() > LISTED {
            listed.push("...");
        }
        let message = if listed.is_empty() {
            format!("there is no field {name:?}: the records have none")
        } else {
            format!("there is no field {name:?}; there are {}", listed.join(", "))
        };
        self.refuse(id, message);
        None
    }
}
