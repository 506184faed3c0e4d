//! The previous record of each key, where expressions look at it.

use std::sync::Arc;

use edgesync_schemas::limit;
use serde::{Deserialize, Serialize};

use crate::budget::Purse;
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Raws, Sel};
use crate::expr::{Cells, Expression};
use crate::keyed::Keyed;
use crate::state::BadState;

/// What is kept of each key's newest record.
#[derive(Debug)]
pub(crate) struct Prevs {
    keys: Keyed<Prev>,
    /// Of the records at hand, by row; NaN where there is none before.
    num: Vec<f64>,
    raw: Raws,
    ts: Vec<f64>,
}

/// A key's newest record.
#[derive(Debug, Serialize, Deserialize)]
struct Prev {
    num: f64,
    raw: Option<Arc<str>>,
    ts_ms: i64,
}

/// Whether any of them looks at the previous record.
fn any_uses_prev<'a>(expressions: impl IntoIterator<Item = &'a Expression>) -> bool {
    expressions.into_iter().any(|expression| expression.uses_prev)
}

/// How far back a node with these expressions looks. The record before may lie any time back.
pub(crate) fn horizon_ms<'a>(expressions: impl IntoIterator<Item = &'a Expression>) -> Option<i64> {
    if any_uses_prev(expressions) { None } else { Some(0) }
}

/// Bytes per key of a node with these expressions, of numbers.
pub(crate) fn bytes_per_key<'a>(expressions: impl IntoIterator<Item = &'a Expression>) -> usize {
    if any_uses_prev(expressions) { size_of::<Prev>() + 8 } else { 0 }
}

/// Bytes per key at the worst: of a long text, and of what expressions know of a key.
pub(crate) fn bytes_per_key_most<'a>(expressions: impl IntoIterator<Item = &'a Expression>) -> usize {
    let (mut bytes, mut uses_prev) = (0, false);
    for expression in expressions {
        bytes += expression.memo_bytes_per_key();
        uses_prev |= expression.uses_prev;
    }
    bytes + if uses_prev { size_of::<Prev>() + 8 + limit::RAW_VALUE_BYTES } else { 0 }
}

impl Prevs {
    /// For a node with these expressions; `None` if none of them looks back.
    pub fn new<'a>(expressions: impl IntoIterator<Item = &'a Expression>, keys: usize) -> Option<Self> {
        let new = || Self { keys: Keyed::new(keys), num: Vec::new(), raw: Raws::new(), ts: Vec::new() };
        any_uses_prev(expressions).then(new)
    }

    /// Takes in the rows meant, and looks up what came before each. Answers the rows that there was no room to remember, which have
    /// nothing before them.
    pub fn advance(&mut self, input: &Chunk, sel: &Sel) -> Vec<u32> {
        let mut too_many = Vec::new();
        self.raw.clear();
        for column in [&mut self.num, &mut self.ts] {
            column.clear();
            column.resize(input.len(), f64::NAN);
        }
        super::each_row(input, sel, |row| {
            let new = || Prev { num: f64::NAN, raw: None, ts_ms: 0 };
            let Some(place) = self.keys.place(input.key[row], new) else {
                too_many.push(row as u32);
                return;
            };
            let state = &mut self.keys.states()[place];
            if !state.num.is_nan() {
                self.num[row] = state.num;
                self.ts[row] = state.ts_ms as f64;
                self.raw.extend(state.raw.take().map(|raw| (row as u32, raw)));
            }
            state.num = input.num[row];
            state.ts_ms = input.ts[row].as_ms();
            state.raw = input.raw_of(row as u32).cloned();
        });
        too_many
    }

    /// What came before the rows that were taken in last, as expressions see it.
    pub fn columns(&self) -> (Cells<'_>, &[f64]) {
        (Cells { num: &self.num, raw: &self.raw }, &self.ts)
    }
}

/// Takes in the rows of a chunk, where something looks at what came before: those for whose keys there is no room, and, if there are any,
/// the others.
pub(crate) fn advance(prevs: &mut Option<Prevs>, input: &Chunk, sel: &Sel) -> (Vec<u32>, Option<Sel>) {
    let too_many = prevs.as_mut().map_or_else(Vec::new, |prevs| prevs.advance(input, sel));
    let fewer = (!too_many.is_empty()).then(|| less(input, sel, &too_many));
    (too_many, fewer)
}

/// Why there was no room for a key.
pub(crate) fn why(prevs: &Option<Prevs>) -> Reason {
    prevs.as_ref().map_or(Reason::TooManyKeys, |prevs| prevs.keys.why())
}

/// What draws on a budget for each key; `None` if nothing looks back.
pub(crate) fn purse(prevs: &mut Option<Prevs>) -> Option<&mut Purse> {
    prevs.as_mut().map(|prevs| prevs.keys.purse())
}

/// What is remembered; `None` if nothing looks at it.
pub(crate) fn save(prevs: &Option<Prevs>) -> Option<Vec<u8>> {
    prevs.as_ref().map(|prevs| prevs.keys.save())
}

/// Goes on with what was saved.
pub(crate) fn load(prevs: &mut Option<Prevs>, saved: &[u8]) -> Result<(), BadState> {
    prevs.as_mut().ok_or(BadState)?.keys.load(saved)
}

/// The rows of `sel` that are not among `without`.
fn less(input: &Chunk, sel: &Sel, without: &[u32]) -> Sel {
    let mut rows = Vec::with_capacity(sel.count(input) - without.len());
    super::each_row(input, sel, |row| {
        if without.binary_search(&(row as u32)).is_err() {
            rows.push(row as u32);
        }
    });
    Sel::Rows(rows)
}
