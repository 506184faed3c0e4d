//! Running kernels.

use super::{Arith, Bool, Cmp, FAILED, NO, Num, Rows, Scratch, YES};

/// A column, a constant, or a slice of the chunk itself.
enum NumCol<'a> {
    Const(f64),
    Slice(&'a [f64]),
    Own(Vec<f64>),
}

fn eval_num<'a>(num: &Num, rows: &'a dyn Rows, scratch: &mut Scratch) -> NumCol<'a> {
    match num {
        Num::Const(number) => NumCol::Const(*number),
        Num::Value => match rows.values() {
            Some(values) => NumCol::Slice(values),
            None => {
                let mut to = scratch.nums();
                rows.gather_values(&mut to);
                NumCol::Own(to)
            }
        },
        Num::Ts => {
            let mut to = scratch.nums();
            rows.gather_ts(&mut to);
            NumCol::Own(to)
        }
        Num::Neg(a) => map_num(eval_num(a, rows, scratch), scratch, |a| -a),
        Num::Abs(a) => map_num(eval_num(a, rows, scratch), scratch, f64::abs),
        Num::Sqrt(a) => map_num(eval_num(a, rows, scratch), scratch, f64::sqrt),
        Num::Two(arith, a, b) => {
            let a = eval_num(a, rows, scratch);
            let b = eval_num(b, rows, scratch);
            match arith {
                Arith::Add => zip_num(a, b, scratch, |a, b| a + b),
                Arith::Sub => zip_num(a, b, scratch, |a, b| a - b),
                Arith::Mul => zip_num(a, b, scratch, |a, b| a * b),
                Arith::Div => zip_num(a, b, scratch, |a, b| a / b),
            }
        }
    }
}

fn map_num<'a>(a: NumCol<'a>, scratch: &mut Scratch, f: impl Fn(f64) -> f64) -> NumCol<'a> {
    match a {
        NumCol::Const(a) => NumCol::Const(f(a)),
        NumCol::Own(mut a) => {
            a.iter_mut().for_each(|a| *a = f(*a));
            NumCol::Own(a)
        }
        NumCol::Slice(a) => {
            let mut to = scratch.nums();
            to.extend(a.iter().map(|a| f(*a)));
            NumCol::Own(to)
        }
    }
}

fn zip_num<'a>(
    a: NumCol<'a>,
    b: NumCol<'a>,
    scratch: &mut Scratch,
    f: impl Fn(f64, f64) -> f64,
) -> NumCol<'a> {
    match (a, b) {
        (a, NumCol::Const(b)) => map_num(a, scratch, |a| f(a, b)),
        (NumCol::Const(a), b) => map_num(b, scratch, |b| f(a, b)),
        (NumCol::Own(mut a), b) => {
            a.iter_mut().zip(b.slice()).for_each(|(a, b)| *a = f(*a, *b));
            b.back(scratch);
            NumCol::Own(a)
        }
        (a, NumCol::Own(mut b)) => {
            b.iter_mut().zip(a.slice()).for_each(|(b, a)| *b = f(*a, *b));
            a.back(scratch);
            NumCol::Own(b)
        }
        (NumCol::Slice(a), NumCol::Slice(b)) => {
            let mut to = scratch.nums();
            to.extend(a.iter().zip(b).map(|(a, b)| f(*a, *b)));
            NumCol::Own(to)
        }
    }
}

impl NumCol<'_> {
    fn slice(&self) -> &[f64] {
        match self {
            Self::Const(_) => &[],
            Self::Slice(slice) => slice,
            Self::Own(own) => own,
        }
    }

    fn back(self, scratch: &mut Scratch) {
        if let Self::Own(own) = self {
            scratch.nums.push(own);
        }
    }
}

/// Computes a truth value for all rows.
pub(super) fn eval_bool(of: &Bool, rows: &dyn Rows, scratch: &mut Scratch) -> Vec<u8> {
    match of {
        Bool::Const(flag) => {
            let mut to = scratch.bools();
            to.resize(rows.count(), u8::from(*flag));
            to
        }
        Bool::Text { var, equals, text } => {
            let mut to = scratch.bools();
            rows.gather_text(*var, text, &mut to);
            if !equals {
                to.iter_mut().for_each(|flag| *flag = 1 - *flag);
            }
            to
        }
        Bool::Not(a) => {
            let mut a = eval_bool(a, rows, scratch);
            a.iter_mut().for_each(|a| *a = if *a == FAILED { FAILED } else { 1 - *a });
            a
        }
        Bool::And(a, b) => {
            let both = (eval_bool(a, rows, scratch), eval_bool(b, rows, scratch));
            // NO wins, then FAILED, then YES.
            logic(both, scratch, |a, b| if (a == NO) | (b == NO) { NO } else { a.max(b) })
        }
        Bool::Or(a, b) => {
            let both = (eval_bool(a, rows, scratch), eval_bool(b, rows, scratch));
            logic(both, scratch, |a, b| if (a == YES) | (b == YES) { YES } else { a.max(b) })
        }
        Bool::Cmp(cmp, a, b) => {
            let a = eval_num(a, rows, scratch);
            let b = eval_num(b, rows, scratch);
            let mut to = scratch.bools();
            match cmp {
                Cmp::Eq => zip_bool(&a, &b, rows.count(), &mut to, |a, b| u8::from(a == b)),
                Cmp::NotEq => zip_bool(&a, &b, rows.count(), &mut to, |a, b| u8::from(a != b)),
                Cmp::Less => zip_bool(&a, &b, rows.count(), &mut to, |a, b| ordered(a < b, a, b)),
                Cmp::LessEq => zip_bool(&a, &b, rows.count(), &mut to, |a, b| ordered(a <= b, a, b)),
                Cmp::Greater => zip_bool(&a, &b, rows.count(), &mut to, |a, b| ordered(a > b, a, b)),
                Cmp::GreaterEq => zip_bool(&a, &b, rows.count(), &mut to, |a, b| ordered(a >= b, a, b)),
            }
            a.back(scratch);
            b.back(scratch);
            to
        }
    }
}

/// The answer, or FAILED if one is NaN; without a branch, so that the loop is vectorised.
#[inline(always)]
fn ordered(answer: bool, a: f64, b: f64) -> u8 {
    u8::from(answer) | (u8::from(a.is_nan() | b.is_nan()) << 1)
}

#[inline(always)]
fn zip_bool(a: &NumCol<'_>, b: &NumCol<'_>, count: usize, to: &mut Vec<u8>, f: impl Fn(f64, f64) -> u8) {
    match (a, b) {
        (NumCol::Const(a), NumCol::Const(b)) => to.resize(count, f(*a, *b)),
        (a, NumCol::Const(b)) => to.extend(a.slice().iter().map(|a| f(*a, *b))),
        (NumCol::Const(a), b) => to.extend(b.slice().iter().map(|b| f(*a, *b))),
        (a, b) => to.extend(a.slice().iter().zip(b.slice()).map(|(a, b)| f(*a, *b))),
    }
}

fn logic((mut a, b): (Vec<u8>, Vec<u8>), scratch: &mut Scratch, f: impl Fn(u8, u8) -> u8) -> Vec<u8> {
    a.iter_mut().zip(&b).for_each(|(a, b)| *a = f(*a, *b));
    scratch.done(b);
    a
}
