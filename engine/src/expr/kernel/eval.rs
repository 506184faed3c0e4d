//! Running kernels: numbers.

use super::make::EXACT;
use super::{Kernel, Memo, NO, Num, One, Scratch, Text, Two, UNITS, UNKNOWN, YES};
use crate::expr::row::{self, Row, eval};
use crate::expr::scope::Slot;
use crate::expr::tree::TextVar;
use crate::expr::value::Value;
use crate::expr::view::{Cells, View};

/// A column, a constant, or a slice of the view itself.
pub(super) enum NumCol<'a> {
    Const(f64),
    Slice(&'a [f64]),
    Own(Vec<f64>),
}

pub(super) struct Run<'a, 'b> {
    pub kernel: &'b Kernel,
    pub slots: &'b [Slot],
    pub view: &'b View<'a>,
    pub memo: &'b mut Memo,
    pub scratch: &'b mut Scratch,
}

/// The number, or NaN: not sure.
#[inline(always)]
fn finite(number: f64) -> f64 {
    if number.abs() < f64::INFINITY { number } else { f64::NAN }
}

/// The whole number, never -0, or NaN: not sure.
#[inline(always)]
fn whole(number: f64) -> f64 {
    if number.abs() <= EXACT { number + 0.0 } else { f64::NAN }
}

impl<'a> Run<'a, '_> {
    /// Numbers for all rows.
    pub fn own(&mut self, of: &Num) -> Vec<f64> {
        match self.nums(of) {
            NumCol::Own(own) => own,
            NumCol::Const(number) => {
                let mut to = self.scratch.nums();
                to.resize(self.view.count(), number);
                to
            }
            NumCol::Slice(slice) => {
                let mut to = self.scratch.nums();
                to.extend_from_slice(slice);
                to
            }
        }
    }

    pub(super) fn nums(&mut self, of: &Num) -> NumCol<'a> {
        match of {
            Num::Const(number) => NumCol::Const(*number),
            Num::Slot(slot) => self.slot(*slot),
            Num::Ts => {
                let mut to = self.scratch.nums();
                let view = self.view;
                to.extend((0..view.count()).map(|at| whole(view.ts[view.row(at)].as_ms() as f64)));
                NumCol::Own(to)
            }
            Num::PrevTs => match self.view.prev {
                None => NumCol::Const(f64::NAN),
                Some((_, ts)) => self.gather(Cells { num: ts, raw: &[] }),
            },
            Num::Part(part) => NumCol::Own(self.part(*part, |value| match value {
                Value::Int(number) => whole(*number as f64),
                Value::Double(number) => finite(*number),
                _ => f64::NAN,
            })),
            Num::One(one, a) => {
                let a = self.nums(a);
                match one {
                    One::Neg => self.map(a, |a| -a),
                    One::NegWhole => self.map(a, |a| -a + 0.0),
                    One::Abs => self.map(a, f64::abs),
                    One::Sign => self.map(a, row::sign),
                    One::Sqrt => self.map(a, f64::sqrt),
                    One::Ceil => self.map(a, f64::ceil),
                    One::Floor => self.map(a, f64::floor),
                    One::Round => self.map(a, f64::round),
                    One::Trunc => self.map(a, f64::trunc),
                    One::ToWhole => self.map(a, |a| whole(a.trunc())),
                }
            }
            Num::Two(two, a, b) => {
                let (a, b) = (self.nums(a), self.nums(b));
                match two {
                    Two::Add => self.zip(a, b, |a, b| finite(a + b)),
                    Two::Sub => self.zip(a, b, |a, b| finite(a - b)),
                    Two::Mul => self.zip(a, b, |a, b| finite(a * b)),
                    // Division by zero is an error of the row: it gives infinity or NaN, which is not sure.
                    Two::Div => self.zip(a, b, |a, b| finite(a / b)),
                    Two::AddWhole => self.zip(a, b, |a, b| whole(a + b)),
                    Two::SubWhole => self.zip(a, b, |a, b| whole(a - b)),
                    Two::MulWhole => self.zip(a, b, |a, b| whole(a * b)),
                    // Of whole numbers below 2^53 the quotient is never rounded up to the next one.
                    Two::DivWhole => self.zip(a, b, |a, b| whole((a / b).trunc())),
                    Two::ModWhole => self.zip(a, b, |a, b| whole(a % b)),
                    Two::Greatest => self.zip(a, b, |a, b| sure(a, b, if a < b { b } else { a })),
                    Two::Least => self.zip(a, b, |a, b| sure(a, b, if a > b { b } else { a })),
                }
            }
            Num::If(condition, yes, no) => {
                let condition = self.bools(condition);
                let (yes, no) = (self.nums(yes), self.nums(no));
                NumCol::Own(self.choose(condition, yes, no))
            }
        }
    }

    /// Places of texts for all rows.
    pub fn texts(&mut self, of: &Text) -> Vec<f64> {
        match of {
            Text::Const(place) => self.own(&Num::Const(*place as f64)),
            Text::If(condition, yes, no) => {
                let condition = self.bools(condition);
                let (yes, no) = (NumCol::Own(self.texts(yes)), NumCol::Own(self.texts(no)));
                self.choose(condition, yes, no)
            }
        }
    }

    /// One or the other for each row; not sure where the condition is not.
    fn choose(&mut self, condition: Vec<u8>, yes: NumCol<'a>, no: NumCol<'a>) -> Vec<f64> {
        let mut to = self.scratch.nums();
        to.extend(condition.iter().enumerate().map(|(at, condition)| match *condition {
            YES => yes.get(at),
            NO => no.get(at),
            _ => f64::NAN,
        }));
        self.scratch.done(condition);
        self.back(yes);
        self.back(no);
        to
    }

    /// A variable's numbers; NaN where it holds something else.
    fn slot(&mut self, slot: usize) -> NumCol<'a> {
        self.gather(self.view.cells(self.slots[slot]))
    }

    fn gather(&mut self, cells: Cells<'a>) -> NumCol<'a> {
        if self.view.rows.is_none() && cells.raw.is_empty() {
            return NumCol::Slice(cells.num);
        }
        let mut to = self.scratch.nums();
        match self.view.rows {
            None => to.extend_from_slice(cells.num),
            Some(rows) => to.extend(rows.iter().map(|row| cells.num[*row as usize])),
        }
        self.each_raw(cells, |at, _| to[at] = f64::NAN);
        NumCol::Own(to)
    }

    /// Calls with each record meant whose value is no number, in order.
    pub(super) fn each_raw(&self, cells: Cells<'a>, mut visit: impl FnMut(usize, &'a str)) {
        match self.view.rows {
            None => cells.raw.iter().for_each(|(row, raw)| visit(*row as usize, raw)),
            Some(rows) => {
                for (row, raw) in cells.raw {
                    if let Ok(at) = rows.binary_search(row) {
                        visit(at, raw);
                    }
                }
            }
        }
    }

    fn map(&mut self, a: NumCol<'a>, f: impl Fn(f64) -> f64) -> NumCol<'a> {
        match a {
            NumCol::Const(a) => NumCol::Const(f(a)),
            NumCol::Own(mut a) => {
                a.iter_mut().for_each(|a| *a = f(*a));
                NumCol::Own(a)
            }
            NumCol::Slice(a) => {
                let mut to = self.scratch.nums();
                to.extend(a.iter().map(|a| f(*a)));
                NumCol::Own(to)
            }
        }
    }

    fn zip(&mut self, a: NumCol<'a>, b: NumCol<'a>, f: impl Fn(f64, f64) -> f64) -> NumCol<'a> {
        match (a, b) {
            (a, NumCol::Const(b)) => self.map(a, |a| f(a, b)),
            (NumCol::Const(a), b) => self.map(b, |b| f(a, b)),
            (NumCol::Own(mut a), b) => {
                a.iter_mut().zip(b.slice()).for_each(|(a, b)| *a = f(*a, *b));
                self.back(b);
                NumCol::Own(a)
            }
            (a, NumCol::Own(mut b)) => {
                b.iter_mut().zip(a.slice()).for_each(|(b, a)| *b = f(*a, *b));
                NumCol::Own(b)
            }
            (NumCol::Slice(a), NumCol::Slice(b)) => {
                let mut to = self.scratch.nums();
                to.extend(a.iter().zip(b).map(|(a, b)| f(*a, *b)));
                NumCol::Own(to)
            }
        }
    }

    pub(super) fn back(&mut self, column: NumCol<'a>) {
        if let NumCol::Own(own) = column {
            self.scratch.done_nums(own);
        }
    }

    /// A part's answers, computed for each series and unit when it comes first.
    pub(super) fn part(&mut self, part: usize, answer: impl Fn(&Value<'_>) -> f64) -> Vec<f64> {
        let mut to = self.scratch.nums();
        let (view, of) = (self.view, &self.kernel.parts[part]);
        let keys_most = self.memo.keys_most;
        let parts = &mut self.memo.parts;
        if parts.len() <= part {
            parts.resize_with(self.kernel.parts.len(), Vec::new);
        }
        let memo = &mut parts[part];
        for at in 0..view.count() {
            let row = view.row(at);
            let (key, unit) = (view.key[row], view.unit[row]);
            let by_unit = if of.uses_unit { usize::from(unit.0) } else { 0 };
            let known = memo.get(by_unit).and_then(|memo| memo.get(key as usize)).copied().unwrap_or(UNKNOWN);
            if known != UNKNOWN {
                to.push(known);
                continue;
            }
            let vars = Row {
                cells: &[],
                json_bytes: 0,
                ts_ms: 0,
                prev_ts_ms: None,
                unit: view.texts.text(key, unit, TextVar::Unit),
                device: view.texts.text(key, unit, TextVar::Device),
                sensor: view.texts.text(key, unit, TextVar::Sensor),
            };
            let found = eval(&of.node, &vars).map_or(f64::NAN, |value| answer(&value));
            to.push(found);
            if by_unit >= UNITS || key as usize >= keys_most {
                continue;
            }
            if memo.len() <= by_unit {
                memo.resize_with(by_unit + 1, Vec::new);
            }
            let memo = &mut memo[by_unit];
            if memo.len() <= key as usize {
                memo.resize(key as usize + 1, UNKNOWN);
            }
            memo[key as usize] = found;
        }
        to
    }
}

impl NumCol<'_> {
    pub(super) fn slice(&self) -> &[f64] {
        match self {
            Self::Const(_) => &[],
            Self::Slice(slice) => slice,
            Self::Own(own) => own,
        }
    }

    #[inline(always)]
    fn get(&self, at: usize) -> f64 {
        match self {
            Self::Const(number) => *number,
            Self::Slice(slice) => slice[at],
            Self::Own(own) => own[at],
        }
    }
}

/// `number`, unless one of the others is not sure.
#[inline(always)]
fn sure(a: f64, b: f64, number: f64) -> f64 {
    if a.is_nan() | b.is_nan() { f64::NAN } else { number }
}
