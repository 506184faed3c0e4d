//! Windows of `n` records every `hop` records, in the order of event time.
//!
//! A record is counted when its key's time has come to it; until then it waits, because an earlier one may come. Without lateness none
//! waits. What is not yet a full window is not closed by silence: more records will come, or none is missed.

use std::collections::VecDeque;

use edgesync_schemas::flow::Port;
use edgesync_schemas::limit;
use edgesync_schemas::unit::UnitIndex;
use serde::{Deserialize, Serialize};

use super::common::{Common, Label, is_fit};
use crate::budget::Purse;
use crate::cell::emit::Reason;
use crate::chunk::Chunk;
use crate::keyed::Keyed;
use crate::ops::Output;
use crate::state::BadState;
use crate::watermark;
use crate::window::pane::Pane;

#[derive(Debug)]
pub(crate) struct Stage {
    common: Common,
    n: u64,
    hop: u64,
    /// Records in a pane; divides both.
    pane: u64,
    state: State,
    /// Memory for the values of a result.
    values: Vec<f64>,
}

#[derive(Debug)]
struct State {
    keys: Keyed<Key>,
    /// Records that wait for a result.
    held: u64,
}

/// What is known of a key.
#[derive(Debug, Serialize, Deserialize)]
struct Key {
    /// Records before it are late; records at it and before have been counted.
    watermark: i64,
    /// The clock at its last record.
    seen: i64,
    unit: UnitIndex,
    /// Event times and values of records to be counted, by time and then by arrival.
    waiting: VecDeque<(i64, f64)>,
    /// The window to come. Only the last pane may have room.
    panes: VecDeque<Pane>,
    /// Windows that were put out.
    windows: u64,
    /// Of the window put out early: its number, and how many records it had.
    shown: (u64, u64),
    /// The clock at the last early result, or at the key's first record.
    early_at: i64,
}

/// Bytes of state of one key without its panes.
pub(super) const BYTES_PER_KEY: usize = size_of::<Key>() + 8;
/// Bytes of a record that waits.
pub(super) const BYTES_PER_WAITING: usize = size_of::<(i64, f64)>();

impl Stage {
    pub fn new(common: Common, n: u64, hop: u64, pane: u64, keys: usize) -> Self {
        let state = State { keys: Keyed::new(keys), held: 0 };
        Self { common, n, hop, pane, state, values: Vec::new() }
    }
    /// What draws on a budget for its keys.
    pub fn purse(&mut self) -> &mut Purse {
        self.state.keys.purse()
    }

    pub fn save(&self) -> Vec<u8> {
        self.state.keys.save_holding(self.state.held)
    }

    pub fn load(&mut self, saved: &[u8]) -> Result<(), BadState> {
        self.state.held = self.state.keys.load_holding(saved)?;
        Ok(())
    }

    pub fn common(&self) -> &Common {
        &self.common
    }

    pub fn held(&self) -> u64 {
        self.state.held
    }

    pub fn record(&mut self, input: &Chunk, row: usize, now: i64, output: &mut Output) {
        if self.common.refuses(input, row, output) {
            return;
        }
        let new = || Key {
            watermark: watermark::NONE,
            seen: now,
            unit: UnitIndex::NONE,
            waiting: VecDeque::new(),
            panes: VecDeque::new(),
            windows: 0,
            shown: (0, 0),
            early_at: now,
        };
        let Some(place) = self.state.keys.place(input.key[row], new) else {
            output.errors.push((row as u32, self.state.keys.why()));
            return;
        };
        let ts = input.ts[row].as_us();
        let key = &mut self.state.keys.states()[place];
        key.seen = now;
        if ts < key.watermark {
            output.side(Port::Late).push(row as u32);
            return;
        }
        let is_far = self.common.is_far(ts, now);
        let reach = self.common.reach(key.watermark);
        let beyond = key.waiting.len() - key.waiting.partition_point(|(ts, _)| *ts <= reach);
        if is_far && beyond >= limit::FUTURE_WINDOWS {
            output.errors.push((row as u32, Reason::NoRoom));
            return;
        }
        key.unit = input.unit[row];
        let at = key.waiting.partition_point(|(other, _)| *other <= ts);
        key.waiting.insert(at, (ts, input.num[row]));
        self.state.held += 1;
        if !is_far {
            key.watermark = watermark::advance(key.watermark, ts, self.common.lateness);
        }
        if let (true, Some((oldest, _))) = (key.waiting.len() > limit::COUNT_WAITING, key.waiting.front()) {
            key.watermark = key.watermark.max(*oldest);
        }
        self.release(place, input.offset_of(row), output);
    }

    /// Counts the records of a key that its time has come to.
    fn release(&mut self, place: usize, offset: u64, output: &mut Output) {
        loop {
            let key = &mut self.state.keys.states()[place];
            let Some((ts, value)) = key.waiting.pop_front_if(|(ts, _)| *ts <= key.watermark) else { return };
            if key.panes.back().is_none_or(|pane| pane.count >= self.pane) {
                key.panes.push_back(Pane::new(ts, ts));
            }
            let Some(pane) = key.panes.back_mut() else { return };
            pane.add(ts, value, self.common.wanted);
            pane.end = ts;
            if pane.count < self.pane || (key.panes.len() as u64) < self.n / self.pane {
                continue;
            }
            let is_fit = self.put(place, true, offset, output);
            let key = &mut self.state.keys.states()[place];
            key.panes.drain(..(self.hop / self.pane) as usize);
            key.windows += 1;
            self.state.held -= self.hop;
            if is_fit {
                output.folded += self.hop - 1;
            } else {
                output.unfit += self.hop;
            }
        }
    }

    /// Puts out what there is of a key's window to come; answers whether its results are numbers.
    fn put(&mut self, place: usize, is_final: bool, offset: u64, output: &mut Output) -> bool {
        let number = self.state.keys.keys()[place];
        let key = &self.state.keys.states()[place];
        let mut panes = key.panes.iter();
        let Some(mut all) = panes.next().cloned() else { return false };
        panes.for_each(|pane| all.merge(pane));
        let (start, end) = (all.start, all.end);
        self.values.clear();
        all.get(&self.common.aggregates, start, end, None, &mut self.values);
        let label = Label { key: number, unit: key.unit, offset, start, end, revision: 0, is_final };
        let is_fit = is_fit(&self.values);
        if is_fit {
            self.common.put(&label, &self.values, output);
        }
        is_fit
    }

    /// Counts what the clock has passed of silent keys, and gives early results.
    pub fn tick(&mut self, now: i64, offset: u64, output: &mut Output) {
        let is_due = |at: Option<i64>| at.is_some_and(|at| at <= now);
        let reach = now.saturating_sub(self.common.lateness);
        for place in 0..self.state.keys.all().len() {
            if is_due(self.silent_at(&self.state.keys.all()[place])) {
                let key = &mut self.state.keys.states()[place];
                let passed = key.waiting.partition_point(|(ts, _)| *ts <= reach);
                let newest = passed.checked_sub(1).map_or(watermark::NONE, |at| key.waiting[at].0);
                key.watermark = key.watermark.max(newest);
                self.release(place, offset, output);
            }
            if is_due(self.early_at(&self.state.keys.all()[place])) {
                let is_fit = self.put(place, false, offset, output);
                let key = &mut self.state.keys.states()[place];
                key.shown = key.shows();
                if is_fit {
                    output.made += 1;
                    key.early_at = now;
                }
            }
        }
    }

    /// When [`Stage::tick`] does something.
    pub fn due(&self) -> Option<i64> {
        let times = |key| [self.silent_at(key), self.early_at(key)];
        self.state.keys.all().iter().flat_map(times).flatten().min()
    }

    fn silent_at(&self, key: &Key) -> Option<i64> {
        let (next, _) = key.waiting.front()?;
        Some(self.common.silent_at(key.seen, *next))
    }

    fn early_at(&self, key: &Key) -> Option<i64> {
        self.common.early_at(key.early_at, || !key.panes.is_empty() && key.shown != key.shows())
    }
}

impl Key {
    /// The window to come: its number, and how many records it has.
    fn shows(&self) -> (u64, u64) {
        (self.windows, self.panes.iter().map(|pane| pane.count).sum())
    }
}
