//! `switch`: records leave by the outs of the cases that hold.

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::switch::Mode;

use super::prev::{self, Prevs};
use super::{Context, Output, view};
use crate::budget::Purse;
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::expr::{FAILED, Memo, NO, Scratch, Trouble, View, YES};
use crate::plan::Switching;
use crate::state::BadState;

#[derive(Debug)]
pub(crate) struct Stage {
    of: Arc<Switching>,
    memos: Vec<Memo>,
    prevs: Option<Prevs>,
}

impl Stage {
    pub fn new(of: Arc<Switching>, keys: usize) -> Self {
        let memos = of.cases.iter().map(|_| Memo::new(keys)).collect();
        Self { memos, prevs: Prevs::new(&of.cases, keys), of }
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
        let trouble = match self.of.mode {
            Mode::First => first(&self.of, &mut self.memos, &view, context.scratch, output),
            Mode::All => all(&self.of, &mut self.memos, &view, context.scratch, output),
        };
        output.detail = trouble.map(|trouble| trouble.to_string());
        output.errors.sort_unstable_by_key(|(row, _)| *row);
        output.fail_all(too_many, prev::why(&self.prevs));
    }
}

/// Each record is tried on cases until one holds.
fn first(
    of: &Switching,
    memos: &mut [Memo],
    view: &View<'_>,
    scratch: &mut Scratch,
    output: &mut Output,
) -> Option<Trouble> {
    let mut trouble = None;
    let mut left: Vec<u32> = (0..view.count()).map(|at| view.row(at) as u32).collect();
    for (case, (expression, memo)) in (0u8..).zip(of.cases.iter().zip(memos)) {
        if left.is_empty() {
            break;
        }
        let mut found = None;
        let answers = expression.bools(&View { rows: Some(&left), ..*view }, memo, scratch, &mut found);
        trouble = trouble.or(found.map(|(_, trouble)| trouble));
        let mine = output.side(Port::Case(case));
        mine.extend(left.iter().zip(&answers).filter(|(_, answer)| **answer == YES).map(|(row, _)| *row));
        output.routed += mine.len() as u64;
        let failed = left.iter().zip(&answers).filter(|(_, answer)| **answer == FAILED);
        output.errors.extend(failed.map(|(row, _)| (*row, Reason::Expression)));
        let mut answer = answers.iter();
        left.retain(|_| answer.next() == Some(&NO));
        scratch.done(answers);
    }
    output.side(Port::Else).extend(left);
    trouble
}

/// Each record is tried on all cases.
fn all(
    of: &Switching,
    memos: &mut [Memo],
    view: &View<'_>,
    scratch: &mut Scratch,
    output: &mut Output,
) -> Option<Trouble> {
    let mut trouble = None;
    let mut by_case = Vec::with_capacity(of.cases.len());
    for (expression, memo) in of.cases.iter().zip(memos) {
        let mut found = None;
        by_case.push(expression.bools(view, memo, scratch, &mut found));
        trouble = trouble.or(found.map(|(_, trouble)| trouble));
    }
    for at in 0..view.count() {
        let row = view.row(at) as u32;
        let has = |answer: u8| by_case.iter().any(|answers| answers[at] == answer);
        if has(FAILED) {
            output.errors.push((row, Reason::Expression));
        } else if has(YES) {
            output.routed += 1;
            for (case, answers) in (0u8..).zip(&by_case) {
                if answers[at] == YES {
                    output.side(Port::Case(case)).push(row);
                }
            }
        } else {
            output.side(Port::Else).push(row);
        }
    }
    by_case.into_iter().for_each(|answers| scratch.done(answers));
    trouble
}
