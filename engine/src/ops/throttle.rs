//! `throttle`: so many records of a key per period of event time.

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::Throttle;
use edgesync_schemas::flow::node::throttle::Mode;
use edgesync_schemas::limit;
use serde::{Deserialize, Serialize};

use super::held::{self, Held};
use super::{Context, Output, each_row};
use crate::budget::Purse;
use crate::cell::clock::silence_us;
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::keyed::Keyed;
use crate::state::BadState;
use crate::watermark;

#[derive(Debug)]
pub(crate) struct Stage {
    period: i64,
    /// How long after its last record a key's period may be ended by the clock.
    grace: i64,
    mode: Mode,
    keys: Keyed<State>,
    held: u64,
}

/// A key's newest period.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// Start of the earliest period that is not over, in microseconds.
    from: i64,
    /// The clock at its last record.
    seen: i64,
    /// Records in it.
    count: u64,
    /// Sum of their values.
    sum: f64,
    /// Of [`Mode::Last`] and [`Mode::Average`]: the one of the latest event time.
    newest: Option<Box<Held>>,
}

/// Bytes of state of one key whose records are numbers.
pub(crate) fn bytes_per_key(of: &Throttle, fields: usize) -> usize {
    let held = if matches!(of.mode, Mode::First(_)) { 0 } else { held::bytes(fields) };
    size_of::<State>() + 8 + held
}

/// Bytes of state of one key at the worst.
pub(crate) fn bytes_per_key_most(of: &Throttle, fields: usize) -> usize {
    let text = if matches!(of.mode, Mode::First(_)) { 0 } else { limit::TEXT_PER_KEY };
    bytes_per_key(of, fields) + text
}

impl Stage {
    pub fn new(of: &Throttle, keys: usize) -> Self {
        Self {
            period: of.period_ms * 1000,
            grace: silence_us(of.period_ms.min(limit::IDLE_GRACE_MS)),
            mode: of.mode,
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

    /// How long a key is silent at least before its period is ended.
    pub fn grace(&self) -> i64 {
        self.grace
    }

    /// When the first period is to be ended.
    pub fn due(&self) -> Option<i64> {
        if self.held == 0 {
            return None;
        }
        self.keys.all().iter().filter_map(|state| state.due(self.period, self.grace)).min()
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, context: &mut Context<'_>, output: &mut Output) {
        let now = context.now_us;
        match self.mode {
            Mode::First(n) => {
                let mut passed = Vec::with_capacity(sel.count(input));
                each_row(input, sel, |row| {
                    let Some(place) = self.enter(input, row, now, output) else { return };
                    let state = &mut self.keys.states()[place];
                    if state.count < n {
                        state.count += 1;
                        passed.push(row as u32);
                    } else {
                        output.folded += 1;
                    }
                });
                output.pass = Some(Sel::Rows(passed));
            }
            Mode::Last | Mode::Average => each_row(input, sel, |row| self.hold(input, row, now, output)),
        }
    }

    /// Finds the key of a record, and ends its period if the record is of a later one. `None` if the record has left.
    fn enter(&mut self, input: &Chunk, row: usize, now: i64, output: &mut Output) -> Option<usize> {
        let new = || State { from: watermark::NONE, seen: now, count: 0, sum: 0.0, newest: None };
        let Some(place) = self.keys.place(input.key[row], new) else {
            output.errors.push((row as u32, self.keys.why()));
            return None;
        };
        let start = watermark::window_start(input.ts[row].as_us(), self.period);
        let state = &mut self.keys.states()[place];
        if start < state.from {
            output.side(Port::Late).push(row as u32);
            return None;
        }
        state.seen = now;
        if start > state.from {
            self.end(place, start, input.offset_of(row), output);
        }
        Some(place)
    }

    /// A record that may leave when its period is over.
    fn hold(&mut self, input: &Chunk, row: usize, now: i64, output: &mut Output) {
        if self.mode == Mode::Average
            && let Some(raw) = input.raw_of(row as u32)
        {
            return output.not_a_number(row, raw);
        }
        if held::text_bytes(input, row) > limit::TEXT_PER_KEY {
            return output.errors.push((row as u32, Reason::NoRoom));
        }
        let Some(place) = self.enter(input, row, now, output) else { return };
        let state = &mut self.keys.states()[place];
        state.count += 1;
        state.sum += input.num[row];
        match &mut state.newest {
            None => {
                state.newest = Some(Box::new(Held::of(input, row)));
                self.held += 1;
            }
            Some(newest) => {
                output.folded += 1;
                if input.ts[row].as_us() >= newest.ts {
                    **newest = Held::of(input, row);
                }
            }
        }
    }

    /// Ends a key's period; the next begins at `from` or later.
    fn end(&mut self, place: usize, from: i64, offset: u64, output: &mut Output) {
        let state = &mut self.keys.states()[place];
        let mean = state.sum / state.count as f64;
        let newest = state.newest.take();
        (state.from, state.count, state.sum) = (from, 0, 0.0);
        let Some(mut newest) = newest else { return };
        self.held -= 1;
        if self.mode == Mode::Average {
            newest.num = mean;
        }
        if newest.num.is_finite() {
            newest.push(&mut output.chunk, offset);
        } else {
            output.unfit += 1;
        }
    }

    /// Ends periods whose end has passed by the clock, of keys that are silent.
    pub fn tick(&mut self, context: &mut Context<'_>, offset: u64, output: &mut Output) {
        let now = context.now_us;
        for place in 0..self.keys.keys().len() {
            let state = &self.keys.all()[place];
            if state.due(self.period, self.grace).is_some_and(|due| due <= now) {
                let end = state.from.saturating_add(self.period);
                self.end(place, end, offset, output);
            }
        }
    }
}

impl State {
    /// When its period is to be ended: when its end has passed, and the key has been silent. `None` if it holds nothing.
    fn due(&self, period: i64, grace: i64) -> Option<i64> {
        self.newest.as_ref()?;
        Some(self.from.saturating_add(period).max(self.seen.saturating_add(grace)))
    }
}
