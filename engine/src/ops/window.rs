//! `window`: aggregates over tumbling windows of event time, per key.
//!
//! A key's newest window is kept apart from its older ones: with devices that send in order it is the only one, and adding
//! to it is a comparison and an addition.

use edgesync_schemas::flow::node::Window;
use edgesync_schemas::flow::node::window::Aggregate;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

use super::{Context, Output, describe, each_row};
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::keyed::Keyed;
use crate::watermark;
use crate::window::pane::{Pane, Wanted};

#[derive(Debug)]
pub(crate) struct Stage {
    size: i64,
    lateness: i64,
    idle: i64,
    is_numeric: bool,
    aggregates: Box<[Aggregate]>,
    wanted: Wanted,
    keys: Keyed<State>,
    held: u64,
}

/// One key's open windows.
#[derive(Debug)]
struct State {
    /// What is over: windows that end at or before it are closed.
    watermark: i64,
    /// The open window with the latest start; of no record if none is open.
    newest: Pane,
    /// Wall clock at its last record; [`watermark::NONE`] if no clock was told since.
    seen: i64,
    /// Unit of the newest record.
    unit: UnitIndex,
    /// Other open windows, by start.
    older: Vec<Pane>,
}

/// Bytes of state of one key that sends in order.
pub(crate) fn bytes_per_key() -> usize {
    size_of::<State>() + 8
}

impl Stage {
    pub fn new(of: &Window, keys: usize) -> Self {
        Self {
            size: of.size_ms * 1000,
            lateness: of.lateness_ms * 1000,
            idle: of.idle_ms * 1000,
            is_numeric: of.is_numeric(),
            aggregates: of.aggregates.clone().into(),
            wanted: Wanted::new(&of.aggregates),
            keys: Keyed::new(keys),
            held: 0,
        }
    }

    pub fn held(&self) -> u64 {
        self.held
    }

    pub fn holds_any(&self) -> bool {
        self.held > 0
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, context: &mut Context<'_>, output: &mut Output) {
        let now = context.now_us.unwrap_or(watermark::NONE);
        let texts_fail = self.is_numeric && !input.raw.is_empty();
        each_row(input, sel, |row| {
            if texts_fail && let Some(raw) = input.raw_of(row as u32) {
                output.errors.push((row as u32, Reason::NotANumber));
                output.detail.get_or_insert_with(|| describe(raw));
                return;
            }
            let Some(place) = self.keys.place(input.key[row], || State::new(now)) else {
                output.errors.push((row as u32, Reason::TooManyKeys));
                return;
            };
            let ts = input.ts[row].as_us();
            let state = &mut self.keys.states()[place];
            state.seen = now;
            // The way of almost every record: its window is the key's newest, which cannot be over by this record.
            if state.newest.count > 0 && (ts.wrapping_sub(state.newest.start) as u64) < self.size as u64 {
                state.newest.add(ts, input.num[row], self.wanted);
                state.unit = input.unit[row];
                state.watermark = watermark::advance(state.watermark, ts, self.lateness);
                self.held += 1;
                if !state.older.is_empty() {
                    let watermark = state.watermark;
                    self.close(place, watermark, input.offset[row], output);
                }
                return;
            }
            self.add_elsewhere(input, row, place, output);
        });
        output.held = self.held;
    }

    /// A record whose window is not its key's newest.
    #[cold]
    fn add_elsewhere(&mut self, input: &Chunk, row: usize, place: usize, output: &mut Output) {
        let ts = input.ts[row].as_us();
        let start = watermark::window_start(ts, self.size);
        let state = &mut self.keys.states()[place];
        if start.saturating_add(self.size) <= state.watermark {
            output.late.push(row as u32);
            return;
        }
        state.pane(start).add(ts, input.num[row], self.wanted);
        state.unit = input.unit[row];
        state.watermark = watermark::advance(state.watermark, ts, self.lateness);
        self.held += 1;
        let watermark = state.watermark;
        self.close(place, watermark, input.offset[row], output);
    }

    /// Emits the windows of a key that end at or before `watermark`, oldest first.
    fn close(&mut self, place: usize, watermark: i64, offset: u64, output: &mut Output) {
        let key = self.keys.keys()[place];
        let size = self.size;
        let is_over = |pane: &Pane| pane.start.saturating_add(size) <= watermark;
        let state = &mut self.keys.states()[place];
        let over = state.older.partition_point(is_over);
        let newest_is_over = state.newest.count > 0 && is_over(&state.newest);
        let unit = state.unit;
        let panes = state.older.drain(..over).chain(newest_is_over.then_some(state.newest));
        for pane in panes {
            self.held -= pane.count;
            let chunk = &mut output.chunk;
            let result = pane.get(self.aggregates[0]);
            if !self.aggregates.iter().all(|aggregate| pane.get(*aggregate).is_finite()) {
                output.unfit += pane.count;
                continue;
            }
            output.folded += pane.count - 1;
            chunk.key.push(key);
            chunk.ts.push(Timestamp::from_us_saturating(pane.start));
            chunk.num.push(result);
            chunk.unit.push(unit);
            chunk.offset.push(offset);
            let bounds = [pane.start.div_euclid(1000) as f64, (pane.start + size).div_euclid(1000) as f64];
            let values =
                bounds.into_iter().chain(self.aggregates.iter().map(|aggregate| pane.get(*aggregate)));
            chunk.fields.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
        }
        if newest_is_over {
            state.newest = Pane::new(state.newest.start);
        }
    }

    /// Closes the windows of keys that have been silent for the idle grace.
    pub fn tick(&mut self, context: &mut Context<'_>, offset: u64, output: &mut Output) {
        let Some(now) = context.now_us else { return };
        for place in 0..self.keys.keys().len() {
            let state = &mut self.keys.states()[place];
            if state.seen == watermark::NONE {
                state.seen = now;
            }
            if state.newest.count == 0 && state.older.is_empty() || now.saturating_sub(state.seen) < self.idle
            {
                continue;
            }
            let newest = if state.newest.count > 0 { state.newest.start } else { watermark::NONE };
            let last = state.older.last().map_or(newest, |pane| pane.start.max(newest));
            state.watermark = state.watermark.max(last.saturating_add(self.size));
            let watermark = state.watermark;
            self.close(place, watermark, offset, output);
        }
        output.held = self.held;
    }
}

impl State {
    fn new(now: i64) -> Self {
        let newest = Pane::new(watermark::NONE);
        Self { watermark: watermark::NONE, newest, seen: now, unit: UnitIndex::NONE, older: Vec::new() }
    }

    /// The pane of the window that starts at `start`.
    fn pane(&mut self, start: i64) -> &mut Pane {
        if self.newest.count == 0 {
            // Whatever closes the newest closes the older ones before it.
            self.newest = Pane::new(start);
            return &mut self.newest;
        }
        if start > self.newest.start {
            self.older.push(std::mem::replace(&mut self.newest, Pane::new(start)));
            return &mut self.newest;
        }
        if start == self.newest.start {
            return &mut self.newest;
        }
        let at = self.older.partition_point(|pane| pane.start < start);
        if self.older.get(at).is_none_or(|pane| pane.start != start) {
            self.older.insert(at, Pane::new(start));
        }
        &mut self.older[at]
    }
}
