//! `compute`: new values by expressions, one after the other.

use std::sync::Arc;

use super::prev::{self, Prevs};
use super::{Context, Output};
use crate::budget::Purse;
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Column, Sel, pick, pick_raw};
use crate::expr::{Cells, Memo, View};
use crate::plan::Computing;
use crate::state::BadState;

#[derive(Debug)]
pub(crate) struct Stage {
    of: Arc<Computing>,
    memos: Vec<Memo>,
    prevs: Option<Prevs>,
}

impl Stage {
    pub fn new(of: Arc<Computing>, keys: usize) -> Self {
        let memos = of.steps.iter().map(|_| Memo::new(keys)).collect();
        let prevs = Prevs::new(of.steps.iter().map(|(_, step)| step), keys);
        Self { memos, prevs, of }
    }
    /// What draws on a budget for the records before.
    pub fn purse(&mut self) -> Option<&mut Purse> {
        prev::purse(&mut self.prevs)
    }

    pub fn save(&self) -> Option<Vec<u8>> {
        prev::save(&self.prevs)
    }

    pub fn load(&mut self, saved: &[u8]) -> Result<(), BadState> {
        prev::load(&mut self.prevs, saved)
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, context: &mut Context<'_>, output: &mut Output) {
        let (too_many, fewer) = prev::advance(&mut self.prevs, input, sel);
        let sel = fewer.as_ref().unwrap_or(sel);
        let chunk = &mut output.chunk;
        chunk.copy_but_values(input, sel);
        let value = Column { num: pick(&input.num, sel), raw: pick_raw(&input.raw, sel) };
        let mut fields: Vec<Column> = input.columns().iter().map(|column| column.pick(sel)).collect();
        let prev = self.prevs.as_ref().map(|prevs| {
            let (cells, ts) = prevs.columns();
            (Column { num: cells.num.to_vec(), raw: cells.raw.to_vec() }.pick(sel), pick(ts, sel))
        });
        // Of each record, why the first of its steps that failed did.
        let mut failed: Vec<Option<Reason>> = Vec::new();
        for ((target, expression), memo) in self.of.steps.iter().zip(&mut self.memos) {
            let cells: Vec<Cells<'_>> = fields.iter().map(Column::cells).collect();
            let view = View {
                rows: None,
                key: &chunk.key,
                ts: &chunk.ts,
                unit: &chunk.unit,
                value: value.cells(),
                fields: &cells,
                inputs: &[],
                prev: prev.as_ref().map(|(value, ts)| (value.cells(), &ts[..])),
                texts: &context.series,
            };
            let answers = expression.values(&view, memo, context.scratch);
            for (at, trouble) in answers.failed {
                failed.resize(chunk.len(), None);
                failed[at as usize].get_or_insert(trouble.reason());
                output.detail.get_or_insert_with(|| trouble.to_string());
            }
            let column = Column { num: answers.num, raw: answers.raw };
            match fields.get_mut(*target) {
                Some(field) => *field = column,
                None => fields.push(column),
            }
        }
        if let Some(unit) = self.of.unit {
            chunk.unit.fill(unit);
        }
        // A new value is no field; one that replaces a field of that name is.
        let own = input.columns().len();
        let new = self.of.output.map(|at| if at < own { fields[at].clone() } else { fields.remove(at) });
        let value = new.unwrap_or(value);
        (chunk.num, chunk.raw, chunk.fields) = (value.num, value.raw, fields);
        if !failed.is_empty() {
            let mut kept = Vec::new();
            for (at, reason) in failed.into_iter().enumerate() {
                let row = sel.rows().map_or(at as u32, |rows| rows[at]);
                match reason {
                    None => kept.push(at as u32),
                    Some(reason) => output.errors.push((row, reason)),
                }
            }
            keep(chunk, &Sel::Rows(kept));
        }
        output.fail_all(too_many, prev::why(&self.prevs));
    }
}

/// Drops all rows but some.
fn keep(chunk: &mut Chunk, sel: &Sel) {
    let mut kept = Chunk { names: chunk.names.take(), ..Chunk::default() };
    kept.copy_but_values(chunk, sel);
    (kept.num, kept.raw) = (pick(&chunk.num, sel), pick_raw(&chunk.raw, sel));
    kept.fields = chunk.fields.iter().map(|column| column.pick(sel)).collect();
    *chunk = kept;
}
