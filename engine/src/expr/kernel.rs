//! Kernels: numbers and truth values computed a column at a time.
//!
//! What compiles: `value` and `double(ts)`, decimal literals, + - * / and sign, `math.abs` and `math.sqrt`, comparisons, `ts` compared
//! with a whole number, text variables compared with a text, and, or, not. A truth value is a byte: [`NO`], [`YES`] or [`FAILED`]
//! (a comparison with NaN), combined as CEL says: `false && error` is false.

mod eval;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators as op};

/// False.
pub const NO: u8 = 0;
/// True.
pub const YES: u8 = 1;
/// It could not be computed.
pub const FAILED: u8 = 2;

/// A compiled expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel(Bool);

#[derive(Debug, Clone, PartialEq)]
enum Num {
    Value,
    Ts,
    Const(f64),
    Neg(Box<Num>),
    Abs(Box<Num>),
    Sqrt(Box<Num>),
    Two(Arith, Box<Num>, Box<Num>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Arith {
    Add,
    Sub,
    Mul,
    Div,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Cmp {
    Less,
    LessEq,
    Greater,
    GreaterEq,
    Eq,
    NotEq,
}

#[derive(Debug, Clone, PartialEq)]
enum Bool {
    Const(bool),
    Cmp(Cmp, Num, Num),
    Text { var: TextVar, equals: bool, text: Box<str> },
    Not(Box<Bool>),
    And(Box<Bool>, Box<Bool>),
    Or(Box<Bool>, Box<Bool>),
}

/// A variable that holds text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextVar {
    /// The device's id.
    Device,
    /// The sensor's name.
    Sensor,
    /// The unit.
    Unit,
}

/// The columns that a kernel reads: rows `rows` of them, or all.
pub trait Rows {
    /// How many rows are meant.
    fn count(&self) -> usize;
    /// The numbers if all rows are meant, to be read in place.
    fn values(&self) -> Option<&[f64]>;
    /// Writes the numbers of the rows meant to `to`.
    fn gather_values(&self, to: &mut Vec<f64>);
    /// Writes their times in milliseconds to `to`.
    fn gather_ts(&self, to: &mut Vec<f64>);
    /// Writes whether each one's variable equals `text` to `to`.
    fn gather_text(&self, var: TextVar, text: &str, to: &mut Vec<u8>);
}

/// Memory that kernels work in, kept from call to call.
#[derive(Debug, Default)]
pub struct Scratch {
    nums: Vec<Vec<f64>>,
    bools: Vec<Vec<u8>>,
}

impl Kernel {
    /// From a checked tree; `None` if something in it needs to be computed row by row.
    pub fn compile(tree: &IdedExpr) -> Option<Self> {
        bool_of(tree).map(Self)
    }

    /// Computes all rows. The answer has one byte per row; give it back with [`Scratch::done`].
    pub fn eval(&self, rows: &dyn Rows, scratch: &mut Scratch) -> Vec<u8> {
        eval::eval_bool(&self.0, rows, scratch)
    }
}

impl Scratch {
    /// Gives a column back.
    pub fn done(&mut self, column: Vec<u8>) {
        self.bools.push(column);
    }

    fn bools(&mut self) -> Vec<u8> {
        let mut column = self.bools.pop().unwrap_or_default();
        column.clear();
        column
    }

    fn nums(&mut self) -> Vec<f64> {
        let mut column = self.nums.pop().unwrap_or_default();
        column.clear();
        column
    }
}

fn bool_of(tree: &IdedExpr) -> Option<Bool> {
    match &tree.expr {
        Expr::Literal(LiteralValue::Boolean(flag)) => Some(Bool::Const(*flag.inner())),
        Expr::Call(call) if call.target.is_none() => match (call.func_name.as_str(), &call.args[..]) {
            (op::LOGICAL_NOT, [a]) => Some(Bool::Not(Box::new(bool_of(a)?))),
            (op::LOGICAL_AND, [a, b]) => Some(Bool::And(Box::new(bool_of(a)?), Box::new(bool_of(b)?))),
            (op::LOGICAL_OR, [a, b]) => Some(Bool::Or(Box::new(bool_of(a)?), Box::new(bool_of(b)?))),
            (name, [a, b]) => compare(cmp_of(name)?, a, b),
            _ => None,
        },
        _ => None,
    }
}

fn cmp_of(name: &str) -> Option<Cmp> {
    match name {
        op::LESS => Some(Cmp::Less),
        op::LESS_EQUALS => Some(Cmp::LessEq),
        op::GREATER => Some(Cmp::Greater),
        op::GREATER_EQUALS => Some(Cmp::GreaterEq),
        op::EQUALS => Some(Cmp::Eq),
        op::NOT_EQUALS => Some(Cmp::NotEq),
        _ => None,
    }
}

fn compare(cmp: Cmp, a: &IdedExpr, b: &IdedExpr) -> Option<Bool> {
    if let (Some(a), Some(b)) = (num_of(a), num_of(b)) {
        return Some(Bool::Cmp(cmp, a, b));
    }
    let is_ts = |tree: &IdedExpr| matches!(&tree.expr, Expr::Ident(name) if name == "ts");
    // Both are whole and, as milliseconds of dates are, far below 2^53, where f64 is exact.
    let whole = |tree: &IdedExpr| match &tree.expr {
        Expr::Literal(LiteralValue::Int(whole)) if whole.inner().unsigned_abs() < 1 << 53 => {
            Some(Num::Const(*whole.inner() as f64))
        }
        _ => None,
    };
    if is_ts(a) {
        return Some(Bool::Cmp(cmp, Num::Ts, whole(b)?));
    }
    if is_ts(b) {
        return Some(Bool::Cmp(cmp, whole(a)?, Num::Ts));
    }
    let equals = match cmp {
        Cmp::Eq => true,
        Cmp::NotEq => false,
        _ => return None,
    };
    let (var, text) = match (text_var(a), text_of(b)) {
        (Some(var), Some(text)) => (var, text),
        _ => (text_var(b)?, text_of(a)?),
    };
    Some(Bool::Text { var, equals, text: text.into() })
}

fn text_var(tree: &IdedExpr) -> Option<TextVar> {
    match &tree.expr {
        Expr::Ident(name) => match name.as_str() {
            "device" => Some(TextVar::Device),
            "sensor" => Some(TextVar::Sensor),
            "unit" => Some(TextVar::Unit),
            _ => None,
        },
        _ => None,
    }
}

fn text_of(tree: &IdedExpr) -> Option<&str> {
    match &tree.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

fn num_of(tree: &IdedExpr) -> Option<Num> {
    match &tree.expr {
        Expr::Ident(name) if name == "value" => Some(Num::Value),
        Expr::Literal(LiteralValue::Double(number)) => Some(Num::Const(*number.inner())),
        // Whole numbers are compared with decimal ones as decimal ones are.
        Expr::Literal(LiteralValue::Int(whole)) if whole.inner().unsigned_abs() < 1 << 53 => {
            Some(Num::Const(*whole.inner() as f64))
        }
        Expr::Call(call) => num_call(call),
        _ => None,
    }
}

fn num_call(call: &CallExpr) -> Option<Num> {
    if let Some(target) = call.target.as_deref() {
        let is_math = matches!(&target.expr, Expr::Ident(name) if name == "math");
        return match (is_math, call.func_name.as_str(), &call.args[..]) {
            (true, "abs", [a]) if !is_whole(a) => Some(Num::Abs(Box::new(num_of(a)?))),
            (true, "sqrt", [a]) if !is_whole(a) => Some(Num::Sqrt(Box::new(num_of(a)?))),
            _ => None,
        };
    }
    let arith = match (call.func_name.as_str(), &call.args[..]) {
        ("double", [a]) if matches!(&a.expr, Expr::Ident(name) if name == "ts") => return Some(Num::Ts),
        ("double", [a]) if !is_whole(a) => return num_of(a),
        (op::NEGATE, [a]) if !is_whole(a) => return Some(Num::Neg(Box::new(num_of(a)?))),
        (op::ADD, _) => Arith::Add,
        (op::SUBSTRACT, _) => Arith::Sub,
        (op::MULTIPLY, _) => Arith::Mul,
        (op::DIVIDE, _) => Arith::Div,
        _ => return None,
    };
    let [a, b] = &call.args[..] else { return None };
    // Arithmetic of whole numbers rounds and overflows in its own way.
    if is_whole(a) || is_whole(b) {
        return None;
    }
    Some(Num::Two(arith, Box::new(num_of(a)?), Box::new(num_of(b)?)))
}

fn is_whole(tree: &IdedExpr) -> bool {
    matches!(&tree.expr, Expr::Literal(LiteralValue::Int(_)))
}
