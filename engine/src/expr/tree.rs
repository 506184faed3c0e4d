//! A checked expression: names are resolved, patterns compiled, macros made loops. What [`super::row`] walks and
//! [`super::kernel`] is made from.

use std::sync::Arc;

use regex::Regex;

/// A part of an expression.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Const(Const),
    /// A variable that a column holds, by its place in [`super::Expression::slots`].
    Slot(usize),
    /// Whether a variable that a column holds is there: `has(fields.a)`, `has(prev.value)`.
    HasSlot(usize),
    Text(TextVar),
    Ts,
    PrevTs,
    HasPrev,
    /// The element at hand of the loop around.
    Element,
    /// `a.b` of a map.
    Select(Box<Node>, Arc<str>),
    /// `has(a.b)` of a map.
    Has(Box<Node>, Arc<str>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Each(Box<Each>),
    Not(Box<Node>),
    Neg(Box<Node>),
    Arith(Arith, Box<[Node; 2]>),
    Cmp(Cmp, Box<[Node; 2]>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    If(Box<[Node; 3]>),
    In(Box<[Node; 2]>),
    Index(Box<[Node; 2]>),
    Call(Function, Vec<Node>),
    Matches(Box<Node>, Pattern),
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pub regex: Regex,
    /// Bytes of it if it looks at borders of words, otherwise 0: in text that is not all ASCII those are looked for the slow way, which
    /// costs as many steps per byte as the pattern has states.
    pub bytes_slow: usize,
}

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Const {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Arc<str>),
}

/// A loop over a list, or over the keys of a map.
#[derive(Debug, Clone)]
pub(crate) struct Each {
    pub kind: EachKind,
    pub over: Node,
    /// Of `map` and `filter`: which elements count.
    pub guard: Option<Node>,
    pub body: Node,
}

/// What a loop answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EachKind {
    All,
    Exists,
    ExistsOne,
    /// `map`; `filter` is a `map` whose body is the element.
    Map,
}

/// A variable that is text and the same for all records of a series and unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextVar {
    /// The device's id.
    Device,
    /// The sensor's name.
    Sensor,
    /// The unit; empty for none.
    Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arith {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cmp {
    Less,
    LessEq,
    Greater,
    GreaterEq,
    Eq,
    NotEq,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Size,
    Double,
    Int,
    String,
    Bool,
    Contains,
    StartsWith,
    EndsWith,
    Abs,
    Sign,
    Sqrt,
    Ceil,
    Floor,
    Round,
    Trunc,
    IsNaN,
    IsInf,
    IsFinite,
    Greatest,
    Least,
}

impl Function {
    /// Of `math`, by name.
    pub fn of_math(name: &str) -> Option<Self> {
        Some(match name {
            "abs" => Self::Abs,
            "sign" => Self::Sign,
            "sqrt" => Self::Sqrt,
            "ceil" => Self::Ceil,
            "floor" => Self::Floor,
            "round" => Self::Round,
            "trunc" => Self::Trunc,
            "isNaN" => Self::IsNaN,
            "isInf" => Self::IsInf,
            "isFinite" => Self::IsFinite,
            _ => return None,
        })
    }
}

impl Node {
    /// A literal number.
    pub fn double(number: f64) -> Self {
        Self::Const(Const::Double(number))
    }

    /// Makes the whole-number literals of an arithmetic part decimal; false, and nothing is of use any more, if it has something
    /// else whole in it.
    pub fn make_decimal(&mut self) -> bool {
        match self {
            Self::Const(Const::Int(whole)) => {
                *self = Self::double(*whole as f64);
                true
            }
            Self::Const(Const::Double(_)) => true,
            Self::Neg(a) => a.make_decimal(),
            Self::Arith(Arith::Add | Arith::Sub | Arith::Mul, both) => {
                both.iter_mut().all(Self::make_decimal)
            }
            _ => false,
        }
    }

    /// Calls `visit` with each direct child.
    pub fn each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        match self {
            Self::Const(_)
            | Self::Slot(_)
            | Self::HasSlot(_)
            | Self::Text(_)
            | Self::Ts
            | Self::PrevTs
            | Self::HasPrev
            | Self::Element => {}
            Self::Select(a, _) | Self::Has(a, _) | Self::Not(a) | Self::Neg(a) | Self::Matches(a, _) => {
                visit(a)
            }
            Self::List(list) | Self::Call(_, list) => list.iter().for_each(visit),
            Self::Map(map) => map.iter().for_each(|(key, value)| {
                visit(key);
                visit(value);
            }),
            Self::Each(each) => {
                visit(&each.over);
                each.guard.iter().for_each(&mut *visit);
                visit(&each.body);
            }
            Self::Arith(_, both)
            | Self::Cmp(_, both)
            | Self::And(both)
            | Self::Or(both)
            | Self::In(both)
            | Self::Index(both) => both.iter().for_each(visit),
            Self::If(three) => three.iter().for_each(visit),
        }
    }

    /// Patterns in it.
    pub fn patterns(&self) -> usize {
        let mut count = usize::from(matches!(self, Self::Matches(..)));
        self.each_child(&mut |child| count += child.patterns());
        count
    }

    /// Whether it is the same for all records of a series and unit.
    pub fn is_of_series(&self) -> bool {
        let mut is_so =
            !matches!(self, Self::Slot(_) | Self::HasSlot(_) | Self::Ts | Self::PrevTs | Self::HasPrev);
        self.each_child(&mut |child| is_so = is_so && child.is_of_series());
        is_so
    }
}
