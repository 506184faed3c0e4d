//! `validate`: values that cannot be right leave by `rejected`.

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::Validate;
use edgesync_schemas::flow::node::validate::ValueKind;
use serde::{Deserialize, Serialize};

use super::{Output, each_row};
use crate::budget::Purse;
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::keyed::Keyed;
use crate::state::BadState;

#[derive(Debug)]
pub(crate) struct Stage {
    of: Validate,
    keys: Keyed<Good>,
}

/// A key's last good number; `ts` is in microseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Good {
    num: f64,
    ts: i64,
}

/// Bytes of state of one key.
pub(crate) fn bytes_per_key(of: &Validate) -> usize {
    if of.max_step.is_some() { size_of::<Good>() + 8 } else { 0 }
}

/// How far back it looks.
pub(crate) fn horizon_ms(of: &Validate) -> Option<i64> {
    if of.max_step.is_some() { of.max_gap_ms } else { Some(0) }
}

impl Stage {
    pub fn new(of: &Validate, keys: usize) -> Self {
        Self { of: of.clone(), keys: Keyed::new(keys) }
    }
    /// What draws on a budget for its keys.
    pub fn purse(&mut self) -> &mut Purse {
        self.keys.purse()
    }

    pub fn save(&self) -> Option<Vec<u8>> {
        self.of.max_step.map(|_| self.keys.save())
    }

    pub fn load(&mut self, saved: &[u8]) -> Result<(), BadState> {
        self.keys.load(saved)
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, output: &mut Output) {
        let mut good = Vec::with_capacity(sel.count(input));
        let mut rejected: Option<Chunk> = None;
        each_row(input, sel, |row| match self.check(input, row) {
            Ok(None) => good.push(row as u32),
            Ok(Some(reason)) => {
                let rejected = rejected.get_or_insert_with(|| {
                    let mut chunk = Chunk::default();
                    chunk.name(input.names.as_ref());
                    chunk
                });
                rejected.push_row(input, row);
                rejected.reasons.push(reason);
            }
            Err(reason) => output.errors.push((row as u32, reason)),
        });
        output.pass = Some(if good.len() == input.len() { Sel::All } else { Sel::Rows(good) });
        output.further.extend(rejected.map(|rejected| (Port::Rejected, rejected)));
    }

    /// Why a record is rejected, if it is.
    ///
    /// # Errors
    /// There is no room to remember its key.
    fn check(&mut self, input: &Chunk, row: usize) -> Result<Option<Reason>, Reason> {
        let kind = ValueKind::of(input.raw_of(row as u32).map(|raw| &**raw));
        if !self.of.types.contains(&kind) {
            return Ok(Some(Reason::WrongType));
        }
        if kind != ValueKind::Number {
            return Ok(None);
        }
        let num = input.num[row];
        if self.of.min.is_some_and(|min| num < min) || self.of.max.is_some_and(|max| num > max) {
            return Ok(Some(Reason::OutOfRange));
        }
        let Some(max_step) = self.of.max_step else { return Ok(None) };
        let ts = input.ts[row].as_us();
        let (mut is_first, first) = (false, Good { num, ts });
        let place = self.keys.place(input.key[row], || {
            is_first = true;
            first
        });
        let place = place.ok_or(self.keys.why())?;
        let last = &mut self.keys.states()[place];
        let is_after_gap = self.of.max_gap_ms.is_some_and(|gap| last.ts.abs_diff(ts) > gap as u64 * 1000);
        if is_first || is_after_gap || (num - last.num).abs() <= max_step {
            *last = Good { num, ts };
            return Ok(None);
        }
        Ok(Some(Reason::Invalid))
    }
}
