//! Expressions: CEL text, parsed and bounded ([`parse`]), checked against what is known of the records ([`check`]), and as far as it
//! goes compiled to loops over columns ([`kernel`]). What the kernels cannot do, or are not sure of, is computed record by record
//! ([`row`]).
//!
//! Variables: `value` (number, bool, text or JSON), `unit` (text, empty for none), `ts` (whole milliseconds since the Unix epoch),
//! `device` and `sensor` (text), `fields.<name>`, and where a node keeps it the previous record of the key: `prev.value`, `prev.ts`.
//! A whole number written beside a decimal one is read as decimal: `value * 2 > 3`.

mod check;
pub mod kernel;
mod parse;
pub mod row;
pub mod scope;
mod tree;
pub mod trouble;
mod value;
pub mod view;

use std::fmt;
use std::sync::Arc;

use edgesync_schemas::flow::problem::{Code, Position};
use edgesync_schemas::limit;

pub use self::kernel::{FAILED, Memo, NO, Scratch, YES};
pub use self::row::{Cell, Row};
pub use self::scope::{Expected, Scope, Slot, Type};
pub use self::tree::TextVar;
pub use self::trouble::Trouble;
pub use self::view::{Cells, Texts, View};

use self::kernel::{Column, Kernel};
use self::tree::Node;
use self::value::Value;
use crate::chunk::Raws;

/// A checked expression.
pub struct Expression {
    /// As it was written.
    pub source: Box<str>,
    /// The variables that columns hold, by the place that the tree knows them by.
    pub slots: Vec<Slot>,
    /// What it answers; [`Type::Any`] if only records can show.
    pub answers: Type,
    /// Whether it looks at the previous record.
    pub uses_prev: bool,
    expected: Expected,
    tree: Node,
    /// How to compute it over columns; `None` if only row by row.
    kernel: Option<Kernel>,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Which kind of trouble.
    pub code: Code,
    /// A sentence for the user.
    pub message: String,
    /// Where.
    pub position: Option<Position>,
}

/// A value as records hold it: the number (1 and 0 for true and false, 0 for the rest), and the JSON where it is none.
pub type Answer = (f64, Option<Arc<str>>);

/// What an expression answered for the records of a view, by their place among those that are meant.
#[derive(Debug, Default)]
pub struct Answers {
    /// The numbers; 0.0 where it failed.
    pub num: Vec<f64>,
    /// JSON of answers that are no numbers; places ascending.
    pub raw: Raws,
    /// Records that it could not be computed for; places ascending.
    pub failed: Vec<(u32, Trouble)>,
}

/// What it means: its text, and which columns the names in it are.
impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expression")
            .field("source", &self.source)
            .field("slots", &self.slots)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

impl Expression {
    /// Parses, checks and compiles.
    ///
    /// # Errors
    /// Everything that is wrong with it; not empty.
    pub fn compile(source: &str, scope: &Scope<'_>, expected: Expected) -> Result<Self, Vec<Wrong>> {
        let parsed = parse::parse(source)?;
        let checked = check::check(&parsed, scope, expected)?;
        let kernel = match expected {
            Expected::Bool => Kernel::make(&checked.tree, Type::Bool),
            Expected::Number => Kernel::make(&checked.tree, Type::Number),
            Expected::Any => Kernel::make(&checked.tree, checked.of),
            Expected::Text if checked.of == Type::Text => Kernel::make(&checked.tree, Type::Text),
            Expected::Text => None,
        };
        Ok(Self {
            source: source.into(),
            slots: checked.slots,
            answers: checked.of,
            uses_prev: checked.uses_prev,
            expected,
            tree: checked.tree,
            kernel,
        })
    }

    /// Whether it is computed over columns.
    pub fn is_columnar(&self) -> bool {
        self.kernel.is_some()
    }

    /// Patterns of `matches` in it.
    pub fn patterns(&self) -> usize {
        self.tree.patterns()
    }

    /// Bytes of a [`Memo`] per key at the worst.
    pub fn memo_bytes_per_key(&self) -> usize {
        self.kernel.as_ref().map_or(0, Kernel::memo_bytes_per_key)
    }

    /// Computes it for one record.
    ///
    /// # Errors
    /// What it could not do.
    pub fn answer(&self, row: &Row<'_>) -> Result<Answer, Trouble> {
        let value = row::eval(&self.tree, row)?;
        let unfit = |value: &Value<'_>| Trouble::Type { needed: self.expected.name(), got: value.kind() };
        match (self.expected, value) {
            (Expected::Bool | Expected::Any, Value::Bool(flag)) => {
                Ok((f64::from(u8::from(flag)), Some(if flag { "true" } else { "false" }.into())))
            }
            (Expected::Number | Expected::Any, Value::Double(number)) => {
                if number.is_finite() {
                    Ok((number, None))
                } else {
                    Err(Trouble::NotFinite)
                }
            }
            (Expected::Number | Expected::Any, Value::Int(whole)) => {
                if whole.unsigned_abs() <= 1 << 53 {
                    Ok((whole as f64, None))
                } else {
                    Err(Trouble::NotExact)
                }
            }
            (Expected::Text | Expected::Any, text @ Value::Text(_)) => {
                Ok((0.0, Some(text.write_json(limit::RAW_VALUE_BYTES)?.into())))
            }
            (Expected::Any, value) if !matches!(value, Value::Null) => {
                Ok((0.0, Some(value.write_json(limit::RAW_VALUE_BYTES)?.into())))
            }
            (_, value) => Err(unfit(&value)),
        }
    }

    /// Computes one that must answer true or false for one record.
    ///
    /// # Errors
    /// What it could not do.
    pub fn holds(&self, row: &Row<'_>) -> Result<bool, Trouble> {
        self.answer(row).map(|(number, _)| number == 1.0)
    }

    /// Computes one that must answer true or false for the records meant: [`NO`], [`YES`] or [`FAILED`] for each. `trouble` is given the
    /// first one there was, with the record's place. Give the column back to `scratch`.
    pub fn bools(
        &self,
        view: &View<'_>,
        memo: &mut Memo,
        scratch: &mut Scratch,
        trouble: &mut Option<(u32, Trouble)>,
    ) -> Vec<u8> {
        let mut answers =
            match self.kernel.as_ref().map(|kernel| kernel.eval(&self.slots, view, memo, scratch)) {
                Some(Column::Bool(answers)) => answers,
                _ => {
                    let mut answers = scratch.bools();
                    answers.resize(view.count(), FAILED);
                    answers
                }
            };
        // looking at sixteen at once is quicker than asking each
        if !answers.contains(&FAILED) {
            return answers;
        }
        let mut cells = std::mem::take(&mut scratch.cells);
        for (at, answer) in answers.iter_mut().enumerate() {
            if *answer == FAILED {
                match self.holds(&view.row_of(view.row(at), &self.slots, &mut cells)) {
                    Ok(holds) => *answer = u8::from(holds),
                    Err(found) => {
                        trouble.get_or_insert((at as u32, found));
                    }
                }
            }
        }
        scratch.cells = cells;
        answers
    }

    /// Computes it for the records meant.
    pub fn values(&self, view: &View<'_>, memo: &mut Memo, scratch: &mut Scratch) -> Answers {
        let mut answers = Answers::default();
        match self.kernel.as_ref().map(|kernel| kernel.eval(&self.slots, view, memo, scratch)) {
            Some(Column::Num(num)) => answers.num = num,
            Some(Column::Bool(flags)) => {
                answers.num = scratch.nums();
                answers.num.extend(flags.iter().map(|flag| match *flag {
                    FAILED => f64::NAN,
                    flag => f64::from(flag),
                }));
                for (at, flag) in flags.iter().enumerate() {
                    match *flag {
                        YES => answers.raw.push((at as u32, "true".into())),
                        NO => answers.raw.push((at as u32, "false".into())),
                        _ => {}
                    }
                }
                scratch.done(flags);
            }
            Some(Column::Text(places)) => {
                let texts = self.kernel.as_ref().map_or(&[][..], |kernel| &kernel.texts);
                answers.num = places;
                for (at, place) in answers.num.iter_mut().enumerate() {
                    if let Some(text) = (!place.is_nan()).then(|| texts.get(*place as usize)).flatten() {
                        answers.raw.push((at as u32, Arc::clone(text)));
                        *place = 0.0;
                    }
                }
            }
            None => {
                answers.num = scratch.nums();
                answers.num.resize(view.count(), f64::NAN);
            }
        }
        self.fill_in(view, scratch, &mut answers);
        answers
    }

    /// Computes what the kernel was not sure of.
    fn fill_in(&self, view: &View<'_>, scratch: &mut Scratch, answers: &mut Answers) {
        let mut cells = std::mem::take(&mut scratch.cells);
        let mut more = Raws::new();
        for (at, number) in answers.num.iter_mut().enumerate() {
            if !number.is_nan() {
                continue;
            }
            match self.answer(&view.row_of(view.row(at), &self.slots, &mut cells)) {
                Ok((found, raw)) => {
                    *number = found;
                    more.extend(raw.map(|raw| (at as u32, raw)));
                }
                Err(trouble) => {
                    *number = 0.0;
                    answers.failed.push((at as u32, trouble));
                }
            }
        }
        scratch.cells = cells;
        if answers.raw.is_empty() {
            answers.raw = more;
        } else if !more.is_empty() {
            answers.raw.append(&mut more);
            answers.raw.sort_unstable_by_key(|(at, _)| *at);
        }
    }
}

#[cfg(test)]
mod tests;
