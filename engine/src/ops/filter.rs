//! `filter`: records for which an expression holds leave by `out`, the others by `else`.

use std::sync::Arc;

use edgesync_schemas::flow::Port;

use super::prev::{self, Prevs};
use super::{Context, Output, view};
use crate::budget::Purse;
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::expr::{Expression, FAILED, Memo, NO, View, YES};
use crate::state::BadState;

#[derive(Debug)]
pub(crate) struct Stage {
    expression: Arc<Expression>,
    memo: Memo,
    prevs: Option<Prevs>,
}

impl Stage {
    pub fn new(expression: Arc<Expression>, keys: usize) -> Self {
        Self { memo: Memo::new(keys), prevs: Prevs::new([&*expression], keys), expression }
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
        let fields = view::fields(input);
        let prev = self.prevs.as_ref().map(Prevs::columns);
        let view = View { prev, ..view::of(input, sel, &fields, &context.series) };
        let mut trouble = None;
        let answers = self.expression.bools(&view, &mut self.memo, context.scratch, &mut trouble);
        output.detail = trouble.map(|(_, trouble)| trouble.to_string());
        divide(&view, &answers, context.needs_else, output);
        context.scratch.done(answers);
        output.fail_all(too_many, prev::why(&self.prevs));
    }
}

/// Sorts the rows by their answers. Without branches: which way a row goes is what a filter cannot predict.
fn divide(view: &View<'_>, answers: &[u8], needs_else: bool, output: &mut Output) {
    let yes = count(answers, YES);
    if yes == answers.len() {
        output.pass = Some(view.rows.map_or(Sel::All, |rows| Sel::Rows(rows.to_vec())));
        return;
    }
    output.pass = Some(Sel::Rows(rows_with(view, answers, YES, yes, Vec::new())));
    let no = count(answers, NO);
    if needs_else {
        let rows = std::mem::take(output.side(Port::Else));
        *output.side(Port::Else) = rows_with(view, answers, NO, no, rows);
    } else {
        output.folded += no as u64;
    }
    if yes + no < answers.len() {
        let failed = answers.iter().enumerate().filter(|(_, answer)| **answer == FAILED);
        output.errors.extend(failed.map(|(at, _)| (view.row(at) as u32, Reason::Expression)));
    }
}

fn count(answers: &[u8], answer: u8) -> usize {
    answers.iter().filter(|other| **other == answer).count()
}

/// The rows with this answer, of which there are `count`.
fn rows_with(view: &View<'_>, answers: &[u8], answer: u8, count: usize, mut found: Vec<u32>) -> Vec<u32> {
    // One slot past the end takes the writes that do not count.
    found.resize(count + 1, 0);
    let mut next = 0;
    let mut each = |row: u32, other: u8| {
        found[next] = row;
        next += usize::from(other == answer);
    };
    match view.rows {
        None => (0..).zip(answers).for_each(|(row, other)| each(row, *other)),
        Some(rows) => rows.iter().zip(answers).for_each(|(row, other)| each(*row, *other)),
    }
    found.truncate(count);
    found
}
