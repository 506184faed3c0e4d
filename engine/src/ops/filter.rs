//! `filter`: records for which an expression holds leave by `out`, the others by `else`.

use std::sync::Arc;

use edgesync_schemas::flow::Port;

use super::{Context, Output, Series};
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::expr::Predicate;
use crate::expr::kernel::{FAILED, NO, Rows, TextVar, YES};
use crate::expr::row::{Row, eval_bool};

#[derive(Debug)]
pub(crate) struct Stage {
    predicate: Arc<Predicate>,
}

impl Stage {
    pub fn new(predicate: Arc<Predicate>) -> Self {
        Self { predicate }
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, context: &mut Context<'_>, output: &mut Output) {
        let view = View { chunk: input, rows: sel.rows(), series: context.series };
        let mut answers = match &self.predicate.kernel {
            Some(kernel) => kernel.eval(&view, context.scratch),
            None => vec![FAILED; view.count()],
        };
        if self.predicate.kernel.is_none() || !input.raw.is_empty() {
            self.answer_by_row(&view, &mut answers, output);
        }
        divide(&view, &answers, output);
        context.scratch.done(answers);
    }

    /// Computes what the kernel could not: all rows if there is none, else those whose value is no number.
    fn answer_by_row(&self, view: &View<'_>, answers: &mut [u8], output: &mut Output) {
        for (at, answer) in answers.iter_mut().enumerate() {
            let row = view.row(at);
            let raw = view.chunk.raw_of(row as u32).map(|raw| &**raw);
            if raw.is_none() && self.predicate.kernel.is_some() {
                continue;
            }
            *answer = match eval_bool(&self.predicate.tree, &view.row_vars(row, raw)) {
                Ok(answer) => u8::from(answer),
                Err(detail) => {
                    output.detail.get_or_insert(detail);
                    FAILED
                }
            };
        }
    }
}

/// Sorts the rows by their answers. Without branches: which way a row goes is what a filter cannot predict.
fn divide(view: &View<'_>, answers: &[u8], output: &mut Output) {
    let count = answers.len();
    let yes = answers.iter().filter(|answer| **answer == YES).count();
    if yes == count {
        output.pass = Some(view.rows.map_or(Sel::All, |rows| Sel::Rows(rows.to_vec())));
        return;
    }
    let mut pass = vec![0u32; yes + 1];
    let mut other = std::mem::take(output.side(Port::Else));
    other.resize(count - yes + 1, 0);
    let (mut passed, mut others) = (0, 0);
    for (at, answer) in answers.iter().enumerate() {
        let row = view.row(at) as u32;
        // One slot past the end takes the writes that do not count.
        pass[passed] = row;
        other[others] = row;
        passed += usize::from(*answer == YES);
        others += usize::from(*answer == NO);
    }
    if passed + others < count {
        let failed = answers.iter().enumerate().filter(|(_, answer)| **answer == FAILED);
        output.errors.extend(failed.map(|(at, _)| (view.row(at) as u32, Reason::Expression)));
    }
    pass.truncate(passed);
    other.truncate(others);
    output.pass = Some(Sel::Rows(pass));
    *output.side(Port::Else) = other;
}

/// The rows of a chunk that a filter looks at.
struct View<'a> {
    chunk: &'a Chunk,
    rows: Option<&'a [u32]>,
    series: &'a [Series],
}

impl<'a> View<'a> {
    #[inline(always)]
    fn row(&self, at: usize) -> usize {
        self.rows.map_or(at, |rows| rows[at] as usize)
    }

    fn row_vars(&self, row: usize, raw: Option<&'a str>) -> Row<'a> {
        let series = &self.series[self.chunk.key[row] as usize];
        Row {
            num: self.chunk.num[row],
            raw,
            unit: series.unit(self.chunk.unit[row]),
            ts_ms: self.chunk.ts[row].as_ms(),
            device: series.device(),
            sensor: series.info.sensor.as_str(),
        }
    }

    fn text(&self, var: TextVar, row: usize) -> &str {
        let series = &self.series[self.chunk.key[row] as usize];
        match var {
            TextVar::Device => series.device(),
            TextVar::Sensor => series.info.sensor.as_str(),
            TextVar::Unit => series.unit(self.chunk.unit[row]),
        }
    }
}

impl Rows for View<'_> {
    fn count(&self) -> usize {
        self.rows.map_or(self.chunk.len(), <[u32]>::len)
    }

    fn values(&self) -> Option<&[f64]> {
        self.rows.is_none().then_some(&self.chunk.num)
    }

    fn gather_values(&self, to: &mut Vec<f64>) {
        match self.rows {
            None => to.extend_from_slice(&self.chunk.num),
            Some(rows) => to.extend(rows.iter().map(|row| self.chunk.num[*row as usize])),
        }
    }

    fn gather_ts(&self, to: &mut Vec<f64>) {
        to.extend((0..self.count()).map(|at| self.chunk.ts[self.row(at)].as_ms() as f64));
    }

    fn gather_text(&self, var: TextVar, text: &str, to: &mut Vec<u8>) {
        to.extend((0..self.count()).map(|at| u8::from(self.text(var, self.row(at)) == text)));
    }
}
