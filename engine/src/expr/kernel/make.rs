//! Tree to kernel, as far as it goes.

use std::sync::Arc;

use super::{Bool, Kernel, Num, One, PARTS, Part, Root, Text, Two};
use crate::expr::row::{Row, eval};
use crate::expr::scope::Type;
use crate::expr::tree::{Arith, Cmp, Const, Function, Node, TextVar};
use crate::expr::value::Value;

/// Whole numbers up to here are sure to be exact as f64; the next one may be a rounded larger one.
pub(super) const EXACT: f64 = ((1u64 << 53) - 1) as f64;

impl Kernel {
    /// From a checked tree of which an answer of this type is wanted; `None` if something in it must be computed row by row.
    pub fn make(tree: &Node, of: Type) -> Option<Self> {
        let mut make = Make { parts: Vec::new(), texts: Vec::new() };
        let root = match of {
            Type::Bool => Root::Bool(make.bools(tree)?),
            // Where a variable of any type holds no number the kernel is not sure, and the row says what it is.
            Type::Number | Type::Int | Type::Any => Root::Num(make.num(tree)?.0),
            Type::Text => Root::Text(make.text(tree)?),
            Type::Container | Type::Null => return None,
        };
        Some(Self { root, parts: make.parts, texts: make.texts })
    }
}

struct Make {
    parts: Vec<Part>,
    texts: Vec<Arc<str>>,
}

impl Make {
    fn part(&mut self, node: &Node) -> Option<usize> {
        self.parts.push(Part { node: node.clone(), uses_unit: uses_unit(node) });
        (self.parts.len() <= PARTS).then(|| self.parts.len() - 1)
    }

    fn text(&mut self, node: &Node) -> Option<Text> {
        match node {
            Node::Const(Const::Text(text)) => {
                self.texts.push(serde_json::Value::from(&**text).to_string().into());
                Some(Text::Const(self.texts.len() - 1))
            }
            Node::If(three) => {
                let condition = self.bools(&three[0])?;
                let (yes, no) = (self.text(&three[1])?, self.text(&three[2])?);
                Some(Text::If(Box::new(condition), Box::new(yes), Box::new(no)))
            }
            _ => None,
        }
    }

    /// A number, and whether it is a whole one.
    fn num(&mut self, node: &Node) -> Option<(Num, bool)> {
        if node.is_of_series() {
            let whole = is_whole(node)?;
            return match constant(node) {
                Some(Value::Int(number)) if number.unsigned_abs() < 1 << 53 => {
                    Some((Num::Const(number as f64), true))
                }
                Some(Value::Double(number)) if number.is_finite() => Some((Num::Const(number), false)),
                Some(_) => None,
                None if uses_text(node) => Some((Num::Part(self.part(node)?), whole)),
                None => None,
            };
        }
        match node {
            Node::Slot(at) => Some((Num::Slot(*at), false)),
            Node::Ts => Some((Num::Ts, true)),
            Node::PrevTs => Some((Num::PrevTs, true)),
            Node::Neg(a) => {
                let (a, whole) = self.num(a)?;
                Some((Num::One(if whole { One::NegWhole } else { One::Neg }, Box::new(a)), whole))
            }
            Node::Arith(arith, both) => {
                let ((a, whole), (b, b_whole)) = (self.num(&both[0])?, self.num(&both[1])?);
                if whole != b_whole {
                    return None;
                }
                let two = match (arith, whole) {
                    (Arith::Add, false) => Two::Add,
                    (Arith::Sub, false) => Two::Sub,
                    (Arith::Mul, false) => Two::Mul,
                    (Arith::Div, false) => Two::Div,
                    (Arith::Mod, false) => return None,
                    (Arith::Add, true) => Two::AddWhole,
                    (Arith::Sub, true) => Two::SubWhole,
                    (Arith::Mul, true) => Two::MulWhole,
                    (Arith::Div, true) => Two::DivWhole,
                    (Arith::Mod, true) => Two::ModWhole,
                };
                Some((Num::Two(two, Box::new(a), Box::new(b)), whole))
            }
            Node::If(three) => {
                let condition = self.bools(&three[0])?;
                let ((yes, whole), (no, no_whole)) = (self.num(&three[1])?, self.num(&three[2])?);
                (whole == no_whole)
                    .then(|| (Num::If(Box::new(condition), Box::new(yes), Box::new(no)), whole))
            }
            Node::Call(function, args) => self.num_call(*function, args),
            _ => None,
        }
    }

    fn num_call(&mut self, function: Function, args: &[Node]) -> Option<(Num, bool)> {
        if let Function::Greatest | Function::Least = function {
            let two = if function == Function::Greatest { Two::Greatest } else { Two::Least };
            let (mut so_far, whole) = self.num(args.first()?)?;
            // A list alone has no kernel, and a number alone is itself.
            for arg in &args[1..] {
                let (arg, arg_whole) = self.num(arg)?;
                if whole != arg_whole {
                    return None;
                }
                so_far = Num::Two(two, Box::new(so_far), Box::new(arg));
            }
            // What may be a list is left to the rows: the kernel is not sure of it, as of all that is no number.
            return Some((so_far, whole));
        }
        let [arg] = args else { return None };
        let (arg, whole) = self.num(arg)?;
        let one = match (function, whole) {
            (Function::Double, _) => return Some((arg, false)),
            (Function::Int, true) => return Some((arg, true)),
            (Function::Int, false) => return Some((Num::One(One::ToWhole, Box::new(arg)), true)),
            (Function::Abs, _) => One::Abs,
            (Function::Sign, _) => One::Sign,
            (Function::Sqrt, _) => return Some((Num::One(One::Sqrt, Box::new(arg)), false)),
            (Function::Ceil, false) => One::Ceil,
            (Function::Floor, false) => One::Floor,
            (Function::Round, false) => One::Round,
            (Function::Trunc, false) => One::Trunc,
            _ => return None,
        };
        Some((Num::One(one, Box::new(arg)), whole))
    }

    fn bools(&mut self, node: &Node) -> Option<Bool> {
        if node.is_of_series() {
            return match constant(node) {
                Some(Value::Bool(flag)) => Some(Bool::Const(flag)),
                Some(_) => None,
                None if uses_text(node) => Some(Bool::Part(self.part(node)?)),
                None => None,
            };
        }
        match node {
            Node::Slot(at) => Some(Bool::Slot(*at)),
            Node::HasSlot(at) => Some(Bool::HasSlot(*at)),
            Node::HasPrev => Some(Bool::HasPrev),
            Node::Not(a) => Some(Bool::Not(Box::new(self.bools(a)?))),
            Node::And(both) => {
                Some(Bool::And(Box::new(self.bools(&both[0])?), Box::new(self.bools(&both[1])?)))
            }
            Node::Or(both) => {
                Some(Bool::Or(Box::new(self.bools(&both[0])?), Box::new(self.bools(&both[1])?)))
            }
            Node::If(three) => {
                let [condition, yes, no] = &**three;
                let three = (self.bools(condition)?, self.bools(yes)?, self.bools(no)?);
                Some(Bool::If(Box::new(three.0), Box::new(three.1), Box::new(three.2)))
            }
            Node::Cmp(cmp, both) => self.compare(*cmp, &both[0], &both[1]),
            Node::In(both) => self.is_in(&both[0], &both[1]),
            Node::Call(function, args) => {
                let answer = match function {
                    Function::IsNaN | Function::IsInf => false,
                    Function::IsFinite => true,
                    _ => return None,
                };
                let (num, whole) = self.num(args.first()?)?;
                (!whole).then_some(Bool::Sure(num, answer))
            }
            _ => None,
        }
    }

    fn compare(&mut self, cmp: Cmp, a: &Node, b: &Node) -> Option<Bool> {
        if matches!(cmp, Cmp::Eq | Cmp::NotEq) {
            let of_text = match (a, b) {
                (Node::Slot(at), Node::Const(Const::Text(text)))
                | (Node::Const(Const::Text(text)), Node::Slot(at)) => {
                    Some(Bool::SlotText(*at, [Box::from(&**text)].into()))
                }
                _ if is_flag(a) || is_flag(b) => {
                    Some(Bool::Same(Box::new(self.bools(a)?), Box::new(self.bools(b)?)))
                }
                _ => None,
            };
            if let Some(equal) = of_text {
                return Some(if cmp == Cmp::Eq { equal } else { Bool::Not(Box::new(equal)) });
            }
        }
        Some(Bool::Cmp(cmp, self.num(a)?.0, self.num(b)?.0))
    }

    /// Whether something is one of the literals of a list.
    fn is_in(&mut self, a: &Node, list: &Node) -> Option<Bool> {
        let Node::List(list) = list else { return None };
        if let Node::Slot(at) = a {
            let texts: Option<Box<[Box<str>]>> = list
                .iter()
                .map(|element| match element {
                    Node::Const(Const::Text(text)) => Some(Box::from(&**text)),
                    _ => None,
                })
                .collect();
            if let Some(texts) = texts {
                return Some(Bool::SlotText(*at, texts));
            }
        }
        let numbers: Option<Box<[f64]>> = list
            .iter()
            .map(|element| match constant(element)? {
                Value::Int(whole) if whole.unsigned_abs() < 1 << 53 => Some(whole as f64),
                Value::Double(number) if number.is_finite() => Some(number),
                _ => None,
            })
            .collect();
        Some(Bool::In(self.num(a)?.0, numbers?))
    }
}

/// Whether a part is sure to answer true or false.
fn is_flag(node: &Node) -> bool {
    match node {
        Node::Const(literal) => matches!(literal, Const::Bool(_)),
        Node::HasSlot(_)
        | Node::HasPrev
        | Node::Has(..)
        | Node::Not(_)
        | Node::Cmp(..)
        | Node::And(_)
        | Node::Or(_)
        | Node::In(_)
        | Node::Matches(..) => true,
        Node::Call(function, _) => matches!(
            function,
            Function::Bool
                | Function::Contains
                | Function::StartsWith
                | Function::EndsWith
                | Function::IsNaN
                | Function::IsInf
                | Function::IsFinite
        ),
        _ => false,
    }
}

/// Of a part that answers a number: whether that is a whole one; `None` if it may be either, or no number.
fn is_whole(node: &Node) -> Option<bool> {
    match node {
        Node::Const(Const::Int(_)) => Some(true),
        Node::Const(Const::Double(_)) => Some(false),
        Node::Neg(a) => is_whole(a),
        Node::Arith(_, both) => {
            let (a, b) = (is_whole(&both[0])?, is_whole(&both[1])?);
            (a == b).then_some(a)
        }
        Node::If(three) => {
            let (yes, no) = (is_whole(&three[1])?, is_whole(&three[2])?);
            (yes == no).then_some(yes)
        }
        Node::Call(function, args) => match function {
            Function::Size | Function::Int => Some(true),
            Function::Double
            | Function::Sqrt
            | Function::Ceil
            | Function::Floor
            | Function::Round
            | Function::Trunc => Some(false),
            Function::Abs | Function::Sign => is_whole(args.first()?),
            Function::Greatest | Function::Least => {
                let first = is_whole(args.first()?)?;
                args.iter().all(|arg| is_whole(arg) == Some(first)).then_some(first)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The value of a part without variables, if it has one.
fn constant(node: &Node) -> Option<Value<'_>> {
    static NO_ROW: Row<'static> =
        Row { cells: &[], json_bytes: 0, ts_ms: 0, prev_ts_ms: None, unit: "", device: "", sensor: "" };
    if !node.is_of_series() || uses_text(node) {
        return None;
    }
    eval(node, &NO_ROW).ok()
}

fn uses_text(node: &Node) -> bool {
    let mut uses = matches!(node, Node::Text(_));
    node.each_child(&mut |child| uses = uses || uses_text(child));
    uses
}

fn uses_unit(node: &Node) -> bool {
    let mut uses = matches!(node, Node::Text(TextVar::Unit));
    node.each_child(&mut |child| uses = uses || uses_unit(child));
    uses
}
