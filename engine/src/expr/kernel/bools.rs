//! Running kernels: truth values.

use super::eval::{NumCol, Run};
use super::{Bool, FAILED, NO, Num, YES};
use crate::expr::tree::Cmp;
use crate::expr::value::Value;

impl Run<'_, '_> {
    /// Truth values for all rows.
    pub fn bools(&mut self, of: &Bool) -> Vec<u8> {
        match of {
            Bool::Const(flag) => self.fill(u8::from(*flag)),
            Bool::Part(part) => {
                let answers = self.part(*part, |value| match value {
                    Value::Bool(flag) => f64::from(u8::from(*flag)),
                    _ => f64::NAN,
                });
                let mut to = self.scratch.bools();
                to.extend(answers.iter().map(|answer| if answer.is_nan() { FAILED } else { *answer as u8 }));
                self.scratch.done_nums(answers);
                to
            }
            Bool::Slot(slot) => {
                let mut to = self.fill(FAILED);
                self.each_raw(self.view.cells(self.slots[*slot]), |at, raw| match raw {
                    "true" => to[at] = YES,
                    "false" => to[at] = NO,
                    _ => {}
                });
                to
            }
            Bool::HasSlot(slot) => {
                let cells = self.view.cells(self.slots[*slot]);
                let mut to = self.scratch.bools();
                let view = self.view;
                to.extend((0..view.count()).map(|at| u8::from(!cells.num[view.row(at)].is_nan())));
                self.each_raw(cells, |at, raw| to[at] = u8::from(raw != "null"));
                to
            }
            Bool::HasPrev => match self.view.prev {
                None => self.fill(NO),
                Some((_, ts)) => {
                    let mut to = self.scratch.bools();
                    let view = self.view;
                    to.extend((0..view.count()).map(|at| u8::from(!ts[view.row(at)].is_nan())));
                    to
                }
            },
            Bool::SlotText(slot, texts) => self.slot_text(*slot, texts),
            Bool::Cmp(cmp, a, b) => self.compare(*cmp, a, b),
            Bool::In(a, list) => {
                let a = self.nums(a);
                let mut to = self.scratch.bools();
                let is_in = |a: f64| unless_nan(list.contains(&a), a, a);
                zip_bools(&a, &NumCol::Const(0.0), self.view.count(), &mut to, |a, _| is_in(a));
                self.back(a);
                to
            }
            Bool::Sure(a, answer) => {
                let a = self.nums(a);
                let mut to = self.scratch.bools();
                zip_bools(&a, &NumCol::Const(0.0), self.view.count(), &mut to, |a, _| {
                    unless_nan(*answer, a, a)
                });
                self.back(a);
                to
            }
            Bool::Same(a, b) => {
                self.logic(a, b, |a, b| if (a | b) & FAILED > 0 { FAILED } else { u8::from(a == b) })
            }
            Bool::Not(a) => {
                let mut a = self.bools(a);
                a.iter_mut().for_each(|a| *a = if *a == FAILED { FAILED } else { 1 - *a });
                a
            }
            // NO wins, then FAILED, then YES.
            Bool::And(a, b) => self.logic(a, b, |a, b| if (a == NO) | (b == NO) { NO } else { a.max(b) }),
            Bool::Or(a, b) => self.logic(a, b, |a, b| if (a == YES) | (b == YES) { YES } else { a.max(b) }),
            Bool::If(condition, yes, no) => {
                let mut condition = self.bools(condition);
                let (yes, no) = (self.bools(yes), self.bools(no));
                for (at, answer) in condition.iter_mut().enumerate() {
                    *answer = match *answer {
                        YES => yes[at],
                        NO => no[at],
                        _ => FAILED,
                    };
                }
                self.scratch.done(yes);
                self.scratch.done(no);
                condition
            }
        }
    }

    fn fill(&mut self, answer: u8) -> Vec<u8> {
        let mut to = self.scratch.bools();
        to.resize(self.view.count(), answer);
        to
    }

    fn logic(&mut self, a: &Bool, b: &Bool, f: impl Fn(u8, u8) -> u8) -> Vec<u8> {
        let (mut a, b) = (self.bools(a), self.bools(b));
        a.iter_mut().zip(&b).for_each(|(a, b)| *a = f(*a, *b));
        self.scratch.done(b);
        a
    }

    /// Whether a variable is one of some texts. Numbers and truth values are none of them; what is missing is not sure.
    fn slot_text(&mut self, slot: usize, texts: &[Box<str>]) -> Vec<u8> {
        let cells = self.view.cells(self.slots[slot]);
        let mut to = self.scratch.bools();
        let view = self.view;
        to.extend((0..view.count()).map(|at| u8::from(cells.num[view.row(at)].is_nan()) * FAILED));
        self.each_raw(cells, |at, raw| {
            let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
            to[at] = match inner {
                // Escapes are read by the rows.
                Some(inner) if inner.contains('\\') => FAILED,
                Some(inner) => u8::from(texts.iter().any(|text| **text == *inner)),
                None if raw == "null" => FAILED,
                None => NO,
            };
        });
        to
    }

    fn compare(&mut self, cmp: Cmp, a: &Num, b: &Num) -> Vec<u8> {
        let (a, b) = (self.nums(a), self.nums(b));
        let mut to = self.scratch.bools();
        let count = self.view.count();
        match cmp {
            Cmp::Eq => zip_bools(&a, &b, count, &mut to, |a, b| unless_nan(a == b, a, b)),
            Cmp::NotEq => zip_bools(&a, &b, count, &mut to, |a, b| unless_nan((a < b) | (a > b), a, b)),
            Cmp::Less => zip_bools(&a, &b, count, &mut to, |a, b| unless_nan(a < b, a, b)),
            Cmp::LessEq => zip_bools(&a, &b, count, &mut to, |a, b| unless_nan(a <= b, a, b)),
            Cmp::Greater => zip_bools(&a, &b, count, &mut to, |a, b| unless_nan(a > b, a, b)),
            Cmp::GreaterEq => zip_bools(&a, &b, count, &mut to, |a, b| unless_nan(a >= b, a, b)),
        }
        self.back(a);
        self.back(b);
        to
    }
}

/// The answer, or FAILED if one is NaN; without a branch, so that the loop is vectorised.
#[inline(always)]
fn unless_nan(answer: bool, a: f64, b: f64) -> u8 {
    let failed = u8::from(a.is_nan() | b.is_nan());
    (u8::from(answer) & (1 - failed)) | (failed << 1)
}

#[inline(always)]
fn zip_bools(a: &NumCol<'_>, b: &NumCol<'_>, count: usize, to: &mut Vec<u8>, f: impl Fn(f64, f64) -> u8) {
    match (a, b) {
        (NumCol::Const(a), NumCol::Const(b)) => to.resize(count, f(*a, *b)),
        (a, NumCol::Const(b)) => to.extend(a.slice().iter().map(|a| f(*a, *b))),
        (NumCol::Const(a), b) => to.extend(b.slice().iter().map(|b| f(*a, *b))),
        (a, b) => to.extend(a.slice().iter().zip(b.slice()).map(|(a, b)| f(*a, *b))),
    }
}
