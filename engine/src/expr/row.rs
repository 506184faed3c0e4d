//! Expressions for one record: a walk over the tree that counts its steps.
//!
//! What the kernels cannot do, or are not sure of, is computed here; so the answers here are the right ones. They are those of the
//! `cel` crate, but for division by zero, which is an error here whatever the numbers are.
//!
//! A step is a part of the tree, an element that is looked at, or [`STEP_BYTES`] of text that are read or copied: tens of
//! nanoseconds. So [`limit::EXPRESSION_STEPS`] bound the time that a record may take.

mod call;
mod compare;

pub(crate) use self::call::sign;

use std::rc::Rc;

use edgesync_schemas::limit;
use serde_json::Value as Json;

use super::tree::{Arith, Const, Each, EachKind, Node, TextVar};
use super::trouble::Trouble;
use super::value::{Text, Value};

/// Bytes of text that are read or copied in a step.
const STEP_BYTES: usize = 32;

/// What a variable that a column holds is for a record.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Cell {
    /// The record has none.
    #[default]
    Missing,
    /// A number.
    Num(f64),
    /// Anything else.
    Json(Json),
}

impl Cell {
    /// From a column's number (NaN: there is none) and the original JSON, where the value is no number (`null`: there is none).
    pub fn new(num: f64, raw: Option<&str>) -> Self {
        match raw {
            Some("null") => Self::Missing,
            Some(raw) => Self::Json(serde_json::from_str(raw).unwrap_or(Json::Null)),
            None if num.is_nan() => Self::Missing,
            None => Self::Num(num),
        }
    }
}

/// The variables of one record.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// By [`super::Expression::slots`].
    pub cells: &'a [Cell],
    /// Bytes of JSON that were read for the cells.
    pub json_bytes: usize,
    /// Event time in milliseconds since the Unix epoch.
    pub ts_ms: i64,
    /// That of the previous record of the key.
    pub prev_ts_ms: Option<i64>,
    /// The unit; empty for none.
    pub unit: &'a str,
    /// The device's id as text.
    pub device: &'a str,
    /// The sensor's name.
    pub sensor: &'a str,
}

/// Computes a tree for a record.
pub(crate) fn eval<'a>(tree: &'a Node, row: &'a Row<'a>) -> Result<Value<'a>, Trouble> {
    Walk::new(row)?.eval(tree)
}

/// A computation.
struct Walk<'a> {
    row: &'a Row<'a>,
    /// Of the loop at hand.
    element: Option<Value<'a>>,
    steps_left: usize,
}

impl<'a> Walk<'a> {
    fn new(row: &'a Row<'a>) -> Result<Self, Trouble> {
        let mut walk = Self { row, element: None, steps_left: limit::EXPRESSION_STEPS };
        // Reading JSON costs about as much per byte as ten bytes that are copied.
        walk.spend(row.json_bytes * 10 / STEP_BYTES)?;
        Ok(walk)
    }

    /// Counts steps. When they are used up, so they stay: no operator that forgives errors goes on after that.
    fn spend(&mut self, steps: usize) -> Result<(), Trouble> {
        match self.steps_left.checked_sub(steps) {
            Some(left) => {
                self.steps_left = left;
                Ok(())
            }
            None => {
                self.steps_left = 0;
                Err(Trouble::TooManySteps)
            }
        }
    }

    fn eval(&mut self, node: &'a Node) -> Result<Value<'a>, Trouble> {
        self.spend(1)?;
        match node {
            Node::Const(literal) => Ok(of_const(literal)),
            Node::Slot(at) => match &self.row.cells[*at] {
                Cell::Num(number) => Ok(Value::Double(*number)),
                Cell::Json(json) => Ok(Value::of_json(json)),
                Cell::Missing => Err(Trouble::NoValue),
            },
            Node::HasSlot(at) => Ok(Value::Bool(self.row.cells[*at] != Cell::Missing)),
            Node::Ts => Ok(Value::Int(self.row.ts_ms)),
            Node::PrevTs => self.row.prev_ts_ms.map(Value::Int).ok_or(Trouble::NoPrevious),
            Node::HasPrev => Ok(Value::Bool(self.row.prev_ts_ms.is_some())),
            Node::Text(var) => Ok(Value::Text(Text::Borrowed(match var {
                TextVar::Device => self.row.device,
                TextVar::Sensor => self.row.sensor,
                TextVar::Unit => self.row.unit,
            }))),
            Node::Element => self.element.clone().ok_or(Trouble::NoValue),
            Node::Select(map, key) => {
                let map = self.eval(map)?;
                self.spend(map.len() / 16)?;
                let found = map.field(key).ok_or_else(|| not_a("a map", &map))?;
                found.ok_or_else(|| Trouble::NoKey(key.clone()))
            }
            Node::Has(map, key) => {
                let map = self.eval(map)?;
                self.spend(map.len() / 16)?;
                let found = map.field(key).ok_or_else(|| not_a("a map", &map))?;
                Ok(Value::Bool(found.is_some()))
            }
            Node::List(list) => {
                let list: Result<Vec<_>, _> = list.iter().map(|element| self.eval(element)).collect();
                Ok(Value::List(Rc::new(list?)))
            }
            Node::Map(entries) => self.map(entries),
            Node::Each(each) => self.each(each),
            Node::Not(a) => Ok(Value::Bool(!self.flag(a)?)),
            Node::Neg(a) => match self.eval(a)? {
                Value::Int(whole) => whole.checked_neg().map(Value::Int).ok_or(Trouble::Overflow),
                Value::Double(number) => Ok(Value::Double(-number)),
                other => Err(not_a("a number", &other)),
            },
            Node::And(both) => self.logic(both, false),
            Node::Or(both) => self.logic(both, true),
            Node::If(three) => {
                let [condition, yes, no] = &**three;
                if self.flag(condition)? { self.eval(yes) } else { self.eval(no) }
            }
            Node::Arith(arith, both) => {
                let (a, b) = (self.eval(&both[0])?, self.eval(&both[1])?);
                self.arith(*arith, a, b)
            }
            Node::Cmp(cmp, both) => {
                let (a, b) = (self.eval(&both[0])?, self.eval(&both[1])?);
                self.cmp(*cmp, &a, &b).map(Value::Bool)
            }
            Node::In(both) => {
                let (a, b) = (self.eval(&both[0])?, self.eval(&both[1])?);
                self.is_in(&a, &b).map(Value::Bool)
            }
            Node::Index(both) => {
                let (of, at) = (self.eval(&both[0])?, self.eval(&both[1])?);
                self.index(&of, &at)
            }
            Node::Call(function, args) => self.call(*function, args),
            Node::Matches(text, pattern) => {
                let text = self.text(text)?;
                let text = text.as_str();
                // A byte costs what twenty copied ones cost at the worst, or what the pattern costs per state.
                let is_slow = pattern.bytes_slow > 0 && !text.is_ascii();
                let per_byte = if is_slow { 20 + pattern.bytes_slow * 4 } else { 20 };
                self.spend(text.len() * per_byte / STEP_BYTES)?;
                Ok(Value::Bool(pattern.regex.is_match(text)))
            }
        }
    }

    fn flag(&mut self, node: &'a Node) -> Result<bool, Trouble> {
        match self.eval(node)? {
            Value::Bool(flag) => Ok(flag),
            other => Err(not_a("true or false", &other)),
        }
    }

    fn text(&mut self, node: &'a Node) -> Result<Text<'a>, Trouble> {
        match self.eval(node)? {
            Value::Text(text) => Ok(text),
            other => Err(not_a("text", &other)),
        }
    }

    /// `&&` and `||`: the side that decides does so even if the other one has failed.
    fn logic(&mut self, both: &'a [Node; 2], decides: bool) -> Result<Value<'a>, Trouble> {
        let left = self.flag(&both[0]);
        if left == Ok(decides) {
            return Ok(Value::Bool(decides));
        }
        let right = self.flag(&both[1])?;
        if right == decides {
            return Ok(Value::Bool(decides));
        }
        left.map(|_| Value::Bool(!decides))
    }

    fn map(&mut self, entries: &'a [(Node, Node)]) -> Result<Value<'a>, Trouble> {
        let mut map: Vec<(Text<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let key = self.text(key)?;
            let value = self.eval(value)?;
            self.spend(map.len() / 16)?;
            match map.iter_mut().find(|(other, _)| other.as_str() == key.as_str()) {
                Some(entry) => entry.1 = value,
                None => map.push((key, value)),
            }
        }
        Ok(Value::Map(Rc::new(map)))
    }

    /// Calls for each element until the answer is known.
    fn each(&mut self, each: &'a Each) -> Result<Value<'a>, Trouble> {
        let mut over = self.eval(&each.over)?;
        if let Some(keys) = over.keys() {
            self.spend(keys.len())?;
            over = Value::List(Rc::new(keys));
        }
        if !matches!(over, Value::List(_) | Value::JsonList(_)) {
            return Err(not_a("a list or map", &over));
        }
        let (mut made, mut count, mut failed) = (Vec::new(), 0, None);
        let decides = each.kind == EachKind::Exists;
        let outer = self.element.take();
        for at in 0..over.len() {
            self.spend(1)?;
            self.element = over.element(at);
            match each.kind {
                // As with && and ||, an element that decides does so whatever the others are.
                EachKind::All | EachKind::Exists => match self.flag(&each.body) {
                    Ok(flag) if flag == decides => {
                        self.element = outer;
                        return Ok(Value::Bool(decides));
                    }
                    Ok(_) => {}
                    Err(trouble) => failed = Some(trouble),
                },
                EachKind::ExistsOne => count += usize::from(self.flag(&each.body)?),
                EachKind::Map => {
                    let counts = match &each.guard {
                        Some(guard) => self.flag(guard)?,
                        None => true,
                    };
                    if counts {
                        made.push(self.eval(&each.body)?);
                    }
                }
            }
        }
        self.element = outer;
        match (each.kind, failed) {
            (_, Some(trouble)) => Err(trouble),
            (EachKind::All | EachKind::Exists, None) => Ok(Value::Bool(!decides)),
            (EachKind::ExistsOne, None) => Ok(Value::Bool(count == 1)),
            (EachKind::Map, None) => Ok(Value::List(Rc::new(made))),
        }
    }

    fn arith(&mut self, arith: Arith, a: Value<'a>, b: Value<'a>) -> Result<Value<'a>, Trouble> {
        match (a, b) {
            (Value::Double(a), Value::Double(b)) => match arith {
                Arith::Add => Ok(Value::Double(a + b)),
                Arith::Sub => Ok(Value::Double(a - b)),
                Arith::Mul => Ok(Value::Double(a * b)),
                Arith::Div if b == 0.0 => Err(Trouble::DivisionByZero),
                Arith::Div => Ok(Value::Double(a / b)),
                Arith::Mod => Err(Trouble::Type { needed: "a whole number", got: "a number" }),
            },
            (Value::Int(a), Value::Int(b)) => {
                if b == 0 && matches!(arith, Arith::Div | Arith::Mod) {
                    return Err(Trouble::DivisionByZero);
                }
                let whole = match arith {
                    Arith::Add => a.checked_add(b),
                    Arith::Sub => a.checked_sub(b),
                    Arith::Mul => a.checked_mul(b),
                    Arith::Div => a.checked_div(b),
                    Arith::Mod => a.checked_rem(b),
                };
                whole.map(Value::Int).ok_or(Trouble::Overflow)
            }
            (Value::Text(a), Value::Text(b)) if arith == Arith::Add => {
                let (a, b) = (a.as_str(), b.as_str());
                self.spend(2 + (a.len() + b.len()) / STEP_BYTES)?;
                Ok(Value::text(&[a, b].concat()))
            }
            (a @ (Value::List(_) | Value::JsonList(_)), b @ (Value::List(_) | Value::JsonList(_)))
                if arith == Arith::Add =>
            {
                self.spend(a.len() + b.len())?;
                let of =
                    |list: &Value<'a>| (0..list.len()).filter_map(|at| list.element(at)).collect::<Vec<_>>();
                Ok(Value::List(Rc::new([of(&a), of(&b)].concat())))
            }
            (a, b) => Err(Trouble::Operands(a.kind(), b.kind())),
        }
    }
}

fn of_const(literal: &Const) -> Value<'_> {
    match literal {
        Const::Null => Value::Null,
        Const::Bool(flag) => Value::Bool(*flag),
        Const::Int(whole) => Value::Int(*whole),
        Const::Double(number) => Value::Double(*number),
        Const::Text(text) => Value::Text(Text::Borrowed(text)),
    }
}

fn not_a(needed: &'static str, got: &Value<'_>) -> Trouble {
    Trouble::Type { needed, got: got.kind() }
}
