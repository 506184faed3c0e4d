//! `dedupe`: records leave as they came unless their value is one that passed before.

use std::collections::VecDeque;
use std::sync::Arc;

use edgesync_schemas::flow::node::Dedupe;
use edgesync_schemas::limit;
use serde::{Deserialize, Serialize};

use super::{Output, each_row};
use crate::budget::Purse;
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::keyed::Keyed;
use crate::plan::PlannedNode;
use crate::state::BadState;

#[derive(Debug)]
pub(crate) struct Stage {
    /// The place of the field that is compared; `None`: the value is.
    field: Option<usize>,
    ttl_us: Option<i64>,
    values_most: usize,
    keys: Keyed<State>,
}

/// What a key has let through.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// In the order in which they last passed.
    passed: VecDeque<Passed>,
    /// Bytes of their text.
    text: usize,
}

/// A value that passed.
#[derive(Debug, Serialize, Deserialize)]
struct Passed {
    num: f64,
    raw: Option<Arc<str>>,
    /// The newest event time at which it did, in microseconds.
    ts: i64,
}

/// Bytes of state of one key that remembers as many numbers as it may.
pub(crate) fn bytes_per_key(of: &Dedupe) -> usize {
    // The queue grows by doubling.
    size_of::<State>() + 8 + of.values.next_power_of_two().max(4) * size_of::<Passed>()
}

/// Bytes of state of one key at the worst.
pub(crate) fn bytes_per_key_most(of: &Dedupe) -> usize {
    bytes_per_key(of) + limit::TEXT_PER_KEY
}

impl Stage {
    pub fn new(of: &Dedupe, node: &PlannedNode, keys: usize) -> Self {
        let names = node.entering.names.as_deref().unwrap_or_default();
        let field = of.field.as_deref().and_then(|field| names.iter().position(|name| **name == *field));
        Self { field, ttl_us: of.ttl_ms.map(|ms| ms * 1000), values_most: of.values, keys: Keyed::new(keys) }
    }

    /// What draws on a budget for its keys.
    pub fn purse(&mut self) -> &mut Purse {
        self.keys.purse()
    }

    /// What it remembers.
    pub fn save(&self) -> Vec<u8> {
        self.keys.save()
    }

    /// Goes on with what another one remembered.
    pub fn load(&mut self, saved: &[u8]) -> Result<(), BadState> {
        self.keys.load(saved)
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, output: &mut Output) {
        let mut passed = Vec::with_capacity(sel.count(input));
        each_row(input, sel, |row| {
            let (num, raw) = match self.field.map(|at| &input.fields[at]) {
                None => (input.num[row], input.raw_of(row as u32)),
                Some(column) => (column.num[row], column.raw_of(row as u32)),
            };
            if raw.is_some_and(|raw| **raw == *"null") {
                return output.errors.push((row as u32, Reason::WrongType));
            }
            if raw.is_some_and(|raw| raw.len() > limit::TEXT_PER_KEY) {
                return output.errors.push((row as u32, Reason::NoRoom));
            }
            let Some(place) = self.keys.place(input.key[row], State::default) else {
                return output.errors.push((row as u32, self.keys.why()));
            };
            let state = &mut self.keys.states()[place];
            let ts = input.ts[row].as_us();
            match state.newest_if_it_passes(num, raw, ts, self.ttl_us) {
                Some(newest) => {
                    state.remember(Passed { num, raw: raw.cloned(), ts: newest }, self.values_most);
                    passed.push(row as u32);
                }
                None => output.folded += 1,
            }
        });
        output.pass = Some(Sel::Rows(passed));
    }
}

impl State {
    /// If a value passes: the newest time at which it did. What was known of it is forgotten.
    fn newest_if_it_passes(
        &mut self,
        num: f64,
        raw: Option<&Arc<str>>,
        ts: i64,
        ttl_us: Option<i64>,
    ) -> Option<i64> {
        let is_it = |passed: &Passed| passed.raw.as_ref() == raw && passed.num == num;
        let Some(at) = self.passed.iter().position(is_it) else { return Some(ts) };
        let before = self.passed[at].ts;
        if ttl_us.is_none_or(|ttl| ts.saturating_sub(before).saturating_abs() < ttl) {
            return None;
        }
        self.remove(at);
        Some(before.max(ts))
    }

    /// Adds a value. What passed longest ago is forgotten first if there is no room.
    fn remember(&mut self, value: Passed, values_most: usize) {
        let text = value.raw.as_ref().map_or(0, |raw| raw.len());
        while self.passed.len() >= values_most || self.text + text > limit::TEXT_PER_KEY {
            self.remove(0);
        }
        self.text += text;
        self.passed.push_back(value);
    }

    fn remove(&mut self, at: usize) {
        let removed = self.passed.remove(at);
        self.text -= removed.and_then(|passed| passed.raw).map_or(0, |raw| raw.len());
    }
}
