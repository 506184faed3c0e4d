//! `window`: aggregates over tumbling windows of event time, per key.
//!
//! With devices that send in order a key has one open window, and almost every record belongs to it. For that record the way is
//! [`Stage::run_fast`]: one comparison, one addition, and one cache line of state per key; whatever else there is to know of a key
//! lies elsewhere.

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::Window;
use edgesync_schemas::flow::node::window::Aggregate;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

use serde::{Deserialize, Serialize};

use super::{Context, Output, describe, each_row};
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::keyed::Keyed;
use crate::state::{self, BadState};
use crate::watermark;
use crate::window::pane::{More, Pane, Wanted};

#[derive(Debug)]
pub(crate) struct Stage {
    size: i64,
    lateness: i64,
    idle: i64,
    is_numeric: bool,
    aggregates: Box<[Aggregate]>,
    wanted: Wanted,
    keys: Keyed<Newest>,
    /// By place of the key: what its newest window needs beyond a sum; empty if nothing does.
    more: Vec<More>,
    /// By place of the key: its open windows but for the newest, by start. Empty for keys that send in order.
    older: Vec<Vec<Pane>>,
    held: u64,
}

/// What is saved: keys, more, older, held.
type Saved<K, M, O> = (K, M, O, u64);

/// A key's open window with the latest start, and how far the key's time has come. At most a cache line.
#[derive(Debug, Serialize, Deserialize)]
struct Newest {
    start: i64,
    /// Length of the window if records may be added to it without looking further; 0 if none is open or older ones are, too.
    open: u64,
    count: u64,
    sum: f64,
    /// What is over: windows that end at or before it are closed.
    watermark: i64,
    /// The clock at its last record.
    seen: i64,
    /// Unit of the newest record.
    unit: UnitIndex,
}

/// Bytes of state of one key that sends in order.
pub(crate) fn bytes_per_key() -> usize {
    size_of::<Newest>() + size_of::<More>() + size_of::<Vec<Pane>>() + 8
}

/// Bytes of state of one key with as many windows open as its lateness allows.
pub(crate) fn bytes_per_key_most(of: &Window) -> usize {
    bytes_per_key() + (of.lateness_ms / of.size_ms.max(1) + 2) as usize * size_of::<Pane>()
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
            more: Vec::new(),
            older: Vec::new(),
            held: 0,
        }
    }

    /// What it remembers.
    pub fn save(&self) -> Vec<u8> {
        let saved: Saved<_, _, _> = (&self.keys, &self.more, &self.older, self.held);
        state::save(&saved)
    }

    /// Goes on with what another one remembered.
    pub fn load(&mut self, saved: &[u8]) -> Result<(), BadState> {
        let (keys, more, older, held): Saved<Keyed<Newest>, _, _> = state::load(saved)?;
        self.keys.take_over(keys)?;
        (self.more, self.older, self.held) = (more, older, held);
        Ok(())
    }

    pub fn held(&self) -> u64 {
        self.held
    }

    /// When the first silent key is to be closed.
    pub fn due(&self) -> Option<i64> {
        if self.held == 0 {
            return None;
        }
        let open = self.keys.all().iter().filter(|state| state.count > 0);
        open.map(|state| state.seen).min().map(|seen| seen.saturating_add(self.idle))
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, context: &mut Context<'_>, output: &mut Output) {
        let now = context.now_us;
        if self.is_numeric && !input.raw.is_empty() {
            each_row(input, sel, |row| self.run_text(input, row, now, output));
        } else {
            match sel {
                Sel::All => self.run_fast(input, 0..input.len(), now, output),
                Sel::Rows(rows) => self.run_fast(input, rows.iter().map(|row| *row as usize), now, output),
            }
        }
    }

    /// Records that need no look at what their value was written as.
    #[inline(always)]
    fn run_fast(
        &mut self,
        input: &Chunk,
        mut rows: impl Iterator<Item = usize>,
        now: i64,
        output: &mut Output,
    ) {
        let len = input.len();
        let (key, ts) = (&input.key[..len], &input.ts[..len]);
        let (num, unit) = (&input.num[..len], &input.unit[..len]);
        loop {
            let (lateness, wanted) = (self.lateness, self.wanted);
            let (places, states) = self.keys.parts();
            let mut added = 0;
            // The way of almost every record: its window is the key's only one, which cannot be over by this record.
            let slow = rows.find(|&row| {
                let place = places.get(key[row] as usize).map_or(0, |place| *place as usize);
                let Some(state) = states.get_mut(place.wrapping_sub(1)) else { return true };
                let at = ts[row].as_us();
                if at.wrapping_sub(state.start) as u64 >= state.open {
                    return true;
                }
                state.count += 1;
                state.sum += num[row];
                state.watermark = watermark::advance(state.watermark, at, lateness);
                state.seen = now;
                state.unit = unit[row];
                if wanted.is_more() {
                    self.more[place - 1].add(at, num[row], wanted);
                }
                added += 1;
                false
            });
            self.held += added;
            match slow {
                Some(row) => self.run_slow(input, row, now, output),
                None => return,
            }
        }
    }

    /// A record that may be text.
    fn run_text(&mut self, input: &Chunk, row: usize, now: i64, output: &mut Output) {
        match input.raw_of(row as u32) {
            Some(raw) => {
                output.errors.push((row as u32, Reason::NotANumber));
                output.detail.get_or_insert_with(|| describe(raw));
            }
            None => self.run_slow(input, row, now, output),
        }
    }

    /// Any record.
    #[cold]
    fn run_slow(&mut self, input: &Chunk, row: usize, now: i64, output: &mut Output) {
        let Some(place) = self.keys.place(input.key[row], || Newest::new(now)) else {
            output.errors.push((row as u32, Reason::TooManyKeys));
            return;
        };
        if self.older.len() <= place {
            self.older.push(Vec::new());
            if self.wanted.is_more() {
                self.more.push(More::NOTHING);
            }
        }
        let ts = input.ts[row].as_us();
        let start = watermark::window_start(ts, self.size);
        let state = &mut self.keys.states()[place];
        state.seen = now;
        if start.saturating_add(self.size) <= state.watermark {
            output.side(Port::Late).push(row as u32);
            return;
        }
        state.unit = input.unit[row];
        state.watermark = watermark::advance(state.watermark, ts, self.lateness);
        let watermark = state.watermark;
        self.add(place, start, ts, input.num[row]);
        self.held += 1;
        self.close(place, watermark, input.offset_of(row), output);
    }

    /// Adds a value to the window of a key that starts at `start`.
    fn add(&mut self, place: usize, start: i64, ts: i64, value: f64) {
        let wanted = self.wanted;
        let newest = self.newest(place);
        let older = &mut self.older[place];
        if newest.count == 0 || start >= newest.start {
            let mut pane = newest;
            if newest.count == 0 || start > newest.start {
                if newest.count > 0 {
                    older.push(newest);
                }
                pane = Pane::new(start);
            }
            pane.add(ts, value, wanted);
            self.set_newest(place, &pane);
            return;
        }
        let at = older.partition_point(|pane| pane.start < start);
        if older.get(at).is_none_or(|pane| pane.start != start) {
            older.insert(at, Pane::new(start));
        }
        older[at].add(ts, value, wanted);
        self.set_newest(place, &newest);
    }

    fn newest(&mut self, place: usize) -> Pane {
        let state = &self.keys.states()[place];
        let more = self.more.get(place).copied().unwrap_or(More::NOTHING);
        Pane { start: state.start, count: state.count, sum: state.sum, more }
    }

    fn set_newest(&mut self, place: usize, pane: &Pane) {
        let is_only = self.older[place].is_empty();
        let state = &mut self.keys.states()[place];
        (state.start, state.count, state.sum) = (pane.start, pane.count, pane.sum);
        state.open = if pane.count > 0 && is_only { self.size as u64 } else { 0 };
        if let Some(more) = self.more.get_mut(place) {
            *more = pane.more;
        }
    }

    /// Emits the windows of a key that end at or before `watermark`, oldest first.
    fn close(&mut self, place: usize, watermark: i64, offset: u64, output: &mut Output) {
        let size = self.size;
        let is_over = |pane: &Pane| pane.start.saturating_add(size) <= watermark;
        let newest = self.newest(place);
        let over = self.older[place].partition_point(is_over);
        for pane in self.older[place].drain(..over).collect::<Vec<_>>() {
            self.emit(place, &pane, offset, output);
        }
        if newest.count > 0 && is_over(&newest) {
            self.emit(place, &newest, offset, output);
            self.set_newest(place, &Pane::new(newest.start));
        } else if over > 0 {
            self.set_newest(place, &newest); // it may be the only one now
        }
    }

    /// Emits the result of a window that is over.
    fn emit(&mut self, place: usize, pane: &Pane, offset: u64, output: &mut Output) {
        self.held -= pane.count;
        if !self.aggregates.iter().all(|aggregate| pane.get(*aggregate).is_finite()) {
            output.unfit += pane.count;
            return;
        }
        output.folded += pane.count - 1;
        let key = self.keys.keys()[place];
        let unit = self.keys.states()[place].unit;
        let chunk = &mut output.chunk;
        chunk.key.push(key);
        chunk.ts.push(Timestamp::from_us_saturating(pane.start));
        chunk.num.push(pane.get(self.aggregates[0]));
        chunk.unit.push(unit);
        chunk.offset.push(offset);
        let bounds = [pane.start.div_euclid(1000) as f64, (pane.start + self.size).div_euclid(1000) as f64];
        let values = bounds.into_iter().chain(self.aggregates.iter().map(|aggregate| pane.get(*aggregate)));
        chunk.fields.iter_mut().zip(values).for_each(|(column, value)| column.push(value, None));
    }

    /// Closes the windows of keys that have been silent for the idle grace.
    pub fn tick(&mut self, context: &mut Context<'_>, offset: u64, output: &mut Output) {
        let now = context.now_us;
        for place in 0..self.keys.keys().len() {
            let state = &mut self.keys.states()[place];
            // Older windows are open only while a newer one is.
            if state.count == 0 || now.saturating_sub(state.seen) < self.idle {
                continue;
            }
            state.watermark = state.watermark.max(state.start.saturating_add(self.size));
            let watermark = state.watermark;
            self.close(place, watermark, offset, output);
        }
    }
}

impl Newest {
    fn new(now: i64) -> Self {
        Self {
            start: 0,
            open: 0,
            count: 0,
            sum: 0.0,
            watermark: watermark::NONE,
            seen: now,
            unit: UnitIndex::NONE,
        }
    }
}
