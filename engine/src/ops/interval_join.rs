//! `interval-join`: pairs of records of two inputs that lie near in event time.
//!
//! Each record is compared with those of the other side that came before it, and kept for those that come after it until the time of its key
//! has passed it by more than the tolerance.

use std::collections::VecDeque;

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::IntervalJoin;
use edgesync_schemas::limit;
use serde::{Deserialize, Serialize};

use super::group::Groups;
use super::held::{self, Held, push_value};
use super::{Context, Output, each_row};
use crate::budget::Purse;
use crate::cell::clock::silence_us;
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Names, Sel};
use crate::keyed::Keyed;
use crate::plan::PlannedNode;
use crate::state::BadState;
use crate::watermark;

#[derive(Debug)]
pub(crate) struct Stage {
    tolerance: i64,
    lateness: i64,
    idle: i64,
    /// Names of the fields that come in.
    names: Option<Names>,
    groups: Groups,
    keys: Keyed<State>,
    held: u64,
}

/// What is kept of one device, or of all.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// No record before it is let in any more, in microseconds of event time.
    watermark: i64,
    /// The clock at the last record.
    seen: i64,
    /// Left and right, each by event time, then arrival.
    sides: [VecDeque<Waiting>; 2],
    /// Bytes of their text.
    text: usize,
}

/// A record that waits for those of the other side.
#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    record: Held,
    /// Whether one came.
    is_found: bool,
}

/// Bytes of state of one key with ten records of numbers on each side.
pub(crate) fn bytes_per_key(fields: usize) -> usize {
    size_of::<State>() + 8 + 20 * (held::bytes(fields) + 8)
}

/// Bytes of state of one key at the worst.
pub(crate) fn bytes_per_key_most(fields: usize) -> usize {
    size_of::<State>() + 8 + 2 * limit::JOIN_RECORDS * (held::bytes(fields) + 8) + limit::TEXT_PER_KEY
}

impl Stage {
    pub fn new(of: &IntervalJoin, node: &PlannedNode, keys: usize) -> Self {
        Self {
            tolerance: of.tolerance_ms * 1000,
            lateness: of.lateness_ms * 1000,
            idle: silence_us(of.idle_ms),
            names: node.entering.names.clone(),
            groups: Groups::new(of.by),
            keys: Keyed::new(keys),
            held: 0,
        }
    }

    /// What draws on a budget for its keys.
    pub fn purse(&mut self) -> &mut Purse {
        self.keys.purse()
    }

    /// What it remembers.
    pub fn save(&self) -> Vec<u8> {
        self.keys.save_holding(self.held)
    }

    /// Goes on with what another one remembered.
    pub fn load(&mut self, saved: &[u8]) -> Result<(), BadState> {
        self.held = self.keys.load_holding(saved)?;
        Ok(())
    }

    pub fn held(&self) -> u64 {
        self.held
    }

    /// How long a key is silent before it lets go of what it holds.
    pub fn grace(&self) -> i64 {
        self.idle
    }

    /// When the first silent key is to let go of what it holds.
    pub fn due(&self) -> Option<i64> {
        if self.held == 0 {
            return None;
        }
        let holding = self.keys.all().iter().filter(|state| state.newest().is_some());
        holding.map(|state| state.seen).min().map(|seen| seen.saturating_add(self.idle))
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, context: &mut Context<'_>, output: &mut Output) {
        let now = context.now_us;
        each_row(input, sel, |row| {
            let group = self.groups.of(input.key[row], context.series);
            let new = || State { watermark: watermark::NONE, seen: now, sides: Default::default(), text: 0 };
            let Some(place) = self.keys.place(group, new) else {
                return output.errors.push((row as u32, self.keys.why()));
            };
            let state = &mut self.keys.states()[place];
            state.seen = now;
            let ts = input.ts[row].as_us();
            if ts < state.watermark {
                return output.side(Port::Late).push(row as u32);
            }
            state.watermark = watermark::advance(state.watermark, ts, self.lateness);
            self.expire(place, input.offset_of(row), output);
            self.meet(place, input, row, output);
        });
    }

    /// Pairs a record with those of the other side, and keeps it.
    fn meet(&mut self, place: usize, input: &Chunk, row: usize, output: &mut Output) {
        let state = &mut self.keys.states()[place];
        let side = usize::from(input.input[row] & 1);
        let (record, offset) = (Held::of(input, row), input.offset_of(row));
        let others = &mut state.sides[1 - side];
        let (from, to) = (record.ts.saturating_sub(self.tolerance), record.ts.saturating_add(self.tolerance));
        let start = others.partition_point(|other| other.record.ts < from);
        let end = others.partition_point(|other| other.record.ts <= to);
        for (nth, other) in others.range_mut(start..end).enumerate() {
            other.is_found = true;
            output.made += 1;
            if nth >= limit::JOIN_FAN_OUT {
                output.drop(Reason::FanOut, 1);
                continue;
            }
            match side {
                0 => push_pair(&mut output.chunk, &record, &other.record, offset),
                _ => push_pair(&mut output.chunk, &other.record, &record, offset),
            }
        }
        let text = state.text + record.text_bytes();
        let mine = &mut state.sides[side];
        if mine.len() >= limit::JOIN_RECORDS || text > limit::TEXT_PER_KEY {
            return output.drop(Reason::NoRoom, 1);
        }
        state.text = text;
        let at = mine.partition_point(|other| other.record.ts <= record.ts);
        mine.insert(at, Waiting { record, is_found: end > start });
        self.held += 1;
    }

    /// Lets go of what the key's time has passed by.
    fn expire(&mut self, place: usize, offset: u64, output: &mut Output) {
        let state = &mut self.keys.states()[place];
        for side in &mut state.sides {
            while let Some(waiting) = side
                .pop_front_if(|waiting| waiting.record.ts.saturating_add(self.tolerance) < state.watermark)
            {
                self.held -= 1;
                state.text -= waiting.record.text_bytes();
                if waiting.is_found {
                    output.folded += 1;
                } else {
                    waiting.record.push(output.further_chunk(Port::Unmatched, self.names.as_ref()), offset);
                }
            }
        }
    }

    /// Lets go of what keys hold that have been silent for the idle grace.
    pub fn tick(&mut self, context: &mut Context<'_>, offset: u64, output: &mut Output) {
        let now = context.now_us;
        for place in 0..self.keys.keys().len() {
            let state = &mut self.keys.states()[place];
            let Some(newest) = state.newest().filter(|_| now.saturating_sub(state.seen) >= self.idle) else {
                continue;
            };
            state.watermark = state.watermark.max(newest.saturating_add(self.tolerance + 1));
            self.expire(place, offset, output);
        }
    }
}

impl State {
    /// The newest event time of what it holds.
    fn newest(&self) -> Option<i64> {
        self.sides.iter().filter_map(|side| side.back()).map(|last| last.record.ts).max()
    }
}

/// Adds a pair.
fn push_pair(chunk: &mut Chunk, left: &Held, right: &Held, offset: u64) {
    let (ts, quality) = (left.ts.max(right.ts), left.quality().with(right.quality()));
    push_value(chunk, left.key, ts, (left.num, left.raw.clone()), left.unit, quality, offset);
    let difference_ms = (right.ts - left.ts) as f64 / 1000.0;
    let values = [(left.num, left.raw.clone()), (right.num, right.raw.clone()), (difference_ms, None)];
    chunk.fields.iter_mut().zip(values).for_each(|(column, (num, raw))| column.push(num, raw));
}
