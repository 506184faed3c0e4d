//! Kernels: numbers and truth values computed a column at a time.
//!
//! A kernel need not know everything: a number that is NaN, and a truth value that is [`FAILED`], mean that it is not sure of the
//! record, which is then computed by [`super::row`]. So errors are made in one place, and a kernel must only be right where it
//! answers. It is not sure of variables that hold no number, of results that are not finite, and of whole numbers beyond 2^53
//! (below, f64 computes with them exactly).
//!
//! Parts that only depend on device, sensor and unit, whatever they do, are computed once for each of those that come, by
//! [`super::row`] too.

mod bools;
mod eval;
mod make;

use std::sync::Arc;

use edgesync_schemas::limit;

use super::row::Cell;
use super::tree::{Cmp, Node};
use super::view::View;

/// False.
pub const NO: u8 = 0;
/// True.
pub const YES: u8 = 1;
/// Not known: it could not be computed, or not here.
pub const FAILED: u8 = 2;

/// A compiled expression.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    root: Root,
    /// Parts that depend on the series and unit alone.
    parts: Vec<Part>,
    /// Texts that may be answered, as JSON.
    pub texts: Vec<Arc<str>>,
}

#[derive(Debug, Clone)]
enum Root {
    Bool(Bool),
    Num(Num),
    Text(Text),
}

/// A choice of texts that are written out.
#[derive(Debug, Clone)]
enum Text {
    /// By its place in [`Kernel::texts`].
    Const(usize),
    If(Box<Bool>, Box<Text>, Box<Text>),
}

/// A part that depends on the series and unit alone.
#[derive(Debug, Clone)]
struct Part {
    node: Node,
    uses_unit: bool,
}

#[derive(Debug, Clone)]
enum Num {
    Const(f64),
    /// A variable, by its place in the expression's slots.
    Slot(usize),
    Ts,
    PrevTs,
    /// By its place in [`Kernel::parts`].
    Part(usize),
    One(One, Box<Num>),
    Two(Two, Box<Num>, Box<Num>),
    If(Box<Bool>, Box<Num>, Box<Num>),
}

#[derive(Debug, Clone, Copy)]
enum One {
    Neg,
    NegWhole,
    Abs,
    Sign,
    Sqrt,
    Ceil,
    Floor,
    Round,
    Trunc,
    ToWhole,
}

#[derive(Debug, Clone, Copy)]
enum Two {
    Add,
    Sub,
    Mul,
    Div,
    AddWhole,
    SubWhole,
    MulWhole,
    DivWhole,
    ModWhole,
    Greatest,
    Least,
}

#[derive(Debug, Clone)]
enum Bool {
    Const(bool),
    Part(usize),
    /// A variable that is true or false itself.
    Slot(usize),
    HasSlot(usize),
    HasPrev,
    /// Whether a variable is one of these texts.
    SlotText(usize, Box<[Box<str>]>),
    Cmp(Cmp, Num, Num),
    In(Num, Box<[f64]>),
    /// Of a number: this, if it is sure of it.
    Sure(Num, bool),
    Same(Box<Bool>, Box<Bool>),
    Not(Box<Bool>),
    And(Box<Bool>, Box<Bool>),
    Or(Box<Bool>, Box<Bool>),
    If(Box<Bool>, Box<Bool>, Box<Bool>),
}

/// What an expression's parts answered for the series and units that came. Kept by who runs the expression, from call to call, and
/// only for the series of one flow.
#[derive(Debug)]
pub struct Memo {
    /// Keys at or above this are computed each time.
    keys_most: usize,
    /// By part, unit (0 if the part does not use it) and key; [`UNKNOWN`] where it was not computed yet.
    parts: Vec<Vec<Vec<f64>>>,
}

impl Memo {
    /// Of the keys below `keys_most`.
    pub fn new(keys_most: usize) -> Self {
        Self { keys_most, parts: Vec::new() }
    }
}

/// Units that a [`Memo`] knows apart: none, and those that a series may have. Others are computed each time.
const UNITS: usize = 1 + limit::UNITS_PER_SERIES;
/// Parts of a kernel; an expression with more is computed row by row.
const PARTS: usize = 4;

/// In a [`Memo`]: no answer yet. No answer is infinite.
const UNKNOWN: f64 = f64::INFINITY;

/// Memory that expressions work in, kept from call to call.
#[derive(Debug, Default)]
pub struct Scratch {
    nums: Vec<Vec<f64>>,
    bools: Vec<Vec<u8>>,
    pub(crate) cells: Vec<Cell>,
}

/// A column of answers.
#[derive(Debug)]
pub(crate) enum Column {
    Bool(Vec<u8>),
    Num(Vec<f64>),
    /// Places in [`Kernel::texts`].
    Text(Vec<f64>),
}

impl Kernel {
    /// Bytes of a [`Memo`] per key if it comes with every unit.
    pub fn memo_bytes_per_key(&self) -> usize {
        self.parts.iter().map(|part| 8 * if part.uses_unit { UNITS } else { 1 }).sum()
    }

    /// Computes all rows. Give the column back to `scratch`.
    pub fn eval(
        &self,
        slots: &[super::Slot],
        view: &View<'_>,
        memo: &mut Memo,
        scratch: &mut Scratch,
    ) -> Column {
        let mut run = eval::Run { kernel: self, slots, view, memo, scratch };
        match &self.root {
            Root::Bool(of) => Column::Bool(run.bools(of)),
            Root::Num(of) => Column::Num(run.own(of)),
            Root::Text(of) => Column::Text(run.texts(of)),
        }
    }
}

impl Scratch {
    /// Gives a column of truth values back.
    pub fn done(&mut self, column: Vec<u8>) {
        self.bools.push(column);
    }

    /// Gives a column of numbers back.
    pub fn done_nums(&mut self, column: Vec<f64>) {
        self.nums.push(column);
    }

    /// An empty column of truth values.
    pub fn bools(&mut self) -> Vec<u8> {
        let mut column = self.bools.pop().unwrap_or_default();
        column.clear();
        column
    }

    /// An empty column of numbers.
    pub fn nums(&mut self) -> Vec<f64> {
        let mut column = self.nums.pop().unwrap_or_default();
        column.clear();
        column
    }
}

#[cfg(test)]
mod tests {
    use edgesync_schemas::time::Timestamp;
    use edgesync_schemas::unit::UnitIndex;

    use super::*;
    use crate::expr::{Cells, Expected, Expression, Scope, TextVar, Texts};

    /// Counts how often it is asked for the sensor.
    struct Names(std::cell::Cell<usize>);

    impl Texts for Names {
        fn text(&self, _: u32, _: UnitIndex, var: TextVar) -> &str {
            if var == TextVar::Sensor {
                self.0.set(self.0.get() + 1);
            }
            "pump"
        }
    }

    #[test]
    fn a_part_is_computed_once_per_series_and_remembered_for_so_many_keys_only() {
        let expression =
            Expression::compile("sensor.startsWith('p') && value > 0", &Scope::PLAIN, Expected::Bool)
                .unwrap();
        let key: Vec<u32> = (0..100).map(|row| row % 10).collect();
        let (ts, unit, num) = ([Timestamp::default(); 100], [UnitIndex(1); 100], [1.0; 100]);
        let names = Names(std::cell::Cell::default());
        let view = View {
            rows: None,
            key: &key,
            ts: &ts,
            unit: &unit,
            value: Cells { num: &num, raw: &[] },
            fields: &[],
            inputs: &[],
            prev: None,
            texts: &names,
        };
        let (mut memo, mut scratch) = (Memo::new(8), Scratch::default());
        for asked in [8 + 2 * 10, 8 + 2 * 20] {
            let answers = expression.bools(&view, &mut memo, &mut scratch, &mut None);
            assert_eq!(answers, [YES; 100]);
            assert_eq!(names.0.get(), asked, "8 keys are remembered, 2 are not");
        }
        assert_eq!(memo.parts[0][0].len(), 8);
        assert_eq!(expression.memo_bytes_per_key(), 8);
    }
}
