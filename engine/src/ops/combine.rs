//! `combine`: the newest records of several inputs side by side.

use edgesync_schemas::flow::node::Combine;
use edgesync_schemas::flow::node::combine::Trigger;
use edgesync_schemas::limit;
use edgesync_schemas::reading::Quality;
use serde::{Deserialize, Serialize};

use super::group::Groups;
use super::held::{Held, push_value};
use super::{Context, Output, each_row};
use crate::budget::Purse;
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::keyed::Keyed;
use crate::state::{self, BadState};

#[derive(Debug)]
pub(crate) struct Stage {
    inputs: usize,
    max_age_us: Option<i64>,
    trigger: Trigger,
    groups: Groups,
    keys: Keyed<State>,
}

/// What is known of one device, or of all.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// By input: its newest record.
    newest: Box<[Option<Newest>]>,
    /// Bytes of their text.
    text: usize,
}

/// The newest record of an input, without fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Newest {
    record: Held,
    /// Whether it came after the last result.
    is_new: bool,
}

/// Bytes of state of one key whose records are numbers.
pub(crate) fn bytes_per_key(of: &Combine) -> usize {
    // The key may stand for a device with many series, each of which has a place in the list of groups.
    size_of::<State>() + 8 + of.inputs.len() * size_of::<Option<Newest>>()
}

/// Bytes of state of one key at the worst.
pub(crate) fn bytes_per_key_most(of: &Combine) -> usize {
    bytes_per_key(of) + limit::TEXT_PER_KEY
}

impl Stage {
    pub fn new(of: &Combine, keys: usize) -> Self {
        Self {
            inputs: of.inputs.len(),
            max_age_us: of.max_age_ms.map(|ms| ms * 1000),
            trigger: of.trigger,
            groups: Groups::new(of.by),
            keys: Keyed::new(keys),
        }
    }

    /// What draws on a budget for its keys.
    pub fn purse(&mut self) -> &mut Purse {
        self.keys.purse()
    }

    /// What it remembers.
    pub fn save(&self) -> Vec<u8> {
        state::save(&self.keys)
    }

    /// Goes on with what another one remembered.
    pub fn load(&mut self, saved: &[u8]) -> Result<(), BadState> {
        let mut keys: Keyed<State> = state::load(saved)?;
        if keys.states().iter().any(|state| state.newest.len() != self.inputs) {
            return Err(BadState);
        }
        self.keys.take_over(keys)
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, context: &mut Context<'_>, output: &mut Output) {
        each_row(input, sel, |row| {
            let at = usize::from(input.input[row]);
            let group = self.groups.of(input.key[row], context.series);
            let new = || State { newest: vec![None; self.inputs].into(), text: 0 };
            let Some(place) = self.keys.place(group, new) else {
                return output.errors.push((row as u32, self.keys.why()));
            };
            let state = &mut self.keys.states()[place];
            let ts = input.ts[row].as_us();
            if state.newest[at].as_ref().is_some_and(|before| before.record.ts > ts) {
                output.folded += 1;
                return;
            }
            let record = Held::without_fields(input, row);
            let replaced = state.newest[at].as_ref().map_or(0, |before| before.record.text_bytes());
            let text = state.text - replaced + record.text_bytes();
            if text > limit::TEXT_PER_KEY {
                return output.errors.push((row as u32, Reason::NoRoom));
            }
            state.text = text;
            state.newest[at] = Some(Newest { record, is_new: true });
            let is_asked = match self.trigger {
                Trigger::Any => true,
                Trigger::All => state.newest.iter().flatten().all(|newest| newest.is_new),
                Trigger::Input(input) => usize::from(input) == at,
            };
            if !(is_asked && state.emit(self.max_age_us, input.offset_of(row), &mut output.chunk)) {
                output.folded += 1;
            }
        });
    }
}

impl State {
    /// Adds the result, if all inputs have a value that is young enough. False if not.
    fn emit(&mut self, max_age_us: Option<i64>, offset: u64, chunk: &mut Chunk) -> bool {
        let times = self.newest.iter().flatten().map(|newest| newest.record.ts);
        let Some(ts) = times.max() else { return false };
        let is_young = |newest: &Option<Newest>| {
            newest.as_ref().is_some_and(|newest| {
                max_age_us.is_none_or(|most| ts.saturating_sub(newest.record.ts) <= most)
            })
        };
        let Some(Some(first)) = self.newest.first() else { return false };
        if !self.newest.iter().all(is_young) {
            return false;
        }
        let all = || self.newest.iter().flatten().map(|newest| &newest.record);
        let quality = all().fold(Quality::GOOD, |quality, record| quality.with(record.quality()));
        let first = &first.record;
        push_value(chunk, first.key, ts, (first.num, first.raw.clone()), first.unit, quality, offset);
        let columns = chunk.fields.iter_mut().zip(all());
        columns.for_each(|(column, record)| column.push(record.num, record.raw.clone()));
        self.newest.iter_mut().flatten().for_each(|newest| newest.is_new = false);
        true
    }
}
