//! `window`: aggregates over windows of event time, per key.
//!
//! A key's time (its watermark) is its newest event time minus lateness; what lies beyond the future guard does not move it. A key that
//! is silent is helped by the clock: what the clock (minus lateness) has passed is closed.

mod common;
mod count;
mod session;
mod slice;

use edgesync_schemas::flow::node::Window;
use edgesync_schemas::flow::node::window::{Aggregate, Empty, Kind};
use edgesync_schemas::limit;

use self::common::Common;
use super::{Context, Output, each_row};
use crate::budget::Purse;
use crate::cell::clock;
use crate::chunk::{Chunk, Sel};
use crate::state::BadState;
use crate::window::calendar::Calendar;
use crate::window::pane::Wanted;
use crate::window::slices::Slices;

/// The stage, by how windows are made.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Tumbling, hopping, calendar.
    Slices(slice::Stage),
    Sessions(session::Stage),
    Counts(count::Stage),
}

/// The windows whose bounds are known beforehand, if these are such.
pub(crate) fn slices(of: &Window) -> Option<Slices> {
    Some(match &of.kind {
        Kind::Tumbling { size_ms } => {
            let size = size_ms * 1000;
            Slices::Even { size, hop: size, pane: size }
        }
        Kind::Hopping { size_ms, hop_ms, pane_ms } => {
            Slices::Even { size: size_ms * 1000, hop: hop_ms * 1000, pane: pane_ms * 1000 }
        }
        Kind::Calendar { unit, zone, week_start } => {
            Slices::Calendar(Calendar { unit: *unit, zone: zone.clone(), week_start: *week_start })
        }
        Kind::Session { .. } | Kind::Count { .. } => return None,
    })
}

/// Bytes of state of one key that sends in order.
pub(crate) fn bytes_per_key(of: &Window) -> usize {
    let wanted = Wanted::new(&of.aggregates);
    let pane = wanted.bytes();
    match &of.kind {
        Kind::Tumbling { .. } | Kind::Calendar { .. } => slice::bytes_per_key(of) + wanted.bytes_beside(),
        Kind::Hopping { size_ms, pane_ms, .. } => {
            slice::bytes_per_key(of) + (size_ms / pane_ms) as usize * pane
        }
        Kind::Session { .. } => session::BYTES_PER_KEY + pane,
        Kind::Count { n, pane: records, .. } => count::BYTES_PER_KEY + (n / records) as usize * pane,
    }
}

/// Bytes of state of one key with as many windows open and kept as its configuration allows, each with as many values as are kept.
pub(crate) fn bytes_per_key_most(of: &Window) -> usize {
    let pane = Wanted::new(&of.aggregates).bytes_most();
    let kept_ms = of.lateness_ms + of.revise_ms;
    let slices = |size_ms: i64, pane_ms: i64| {
        let panes = ((size_ms + kept_ms) / pane_ms) as usize + 1 + limit::FUTURE_WINDOWS;
        slice::bytes_per_key(of) + panes * (pane + slice::BYTES_PER_WINDOW)
    };
    match &of.kind {
        Kind::Tumbling { size_ms } => slices(*size_ms, *size_ms),
        Kind::Hopping { size_ms, pane_ms, .. } => slices(*size_ms, *pane_ms),
        Kind::Calendar { unit, .. } => slices(unit.shortest_ms(), unit.shortest_ms()),
        Kind::Session { gap_ms, longest_ms } => {
            let sessions = (kept_ms / gap_ms.min(longest_ms)) as usize + 2 + limit::FUTURE_WINDOWS;
            session::BYTES_PER_KEY + sessions * (pane + session::BYTES_PER_SESSION)
        }
        Kind::Count { n, pane: records, .. } => {
            let waiting = if of.lateness_ms > 0 { limit::COUNT_WAITING } else { limit::FUTURE_WINDOWS } + 1;
            count::BYTES_PER_KEY + (n / records) as usize * pane + waiting * count::BYTES_PER_WAITING
        }
    }
}

/// How far back in event time, in milliseconds, the stage must be fed to be itself again, if no reading is later than lateness and revise
/// allow. What is open is of a key that was heard within the idle grace, or is not over by the clock; that key's time lies behind its newest
/// reading, and so may do that reading behind the clock.
///
/// `None` if no bound is known: a count begins with the first record there ever was, a value that is carried into a window may be of any
/// age, the window before an empty one too, and when an early result is due depends on the one before.
pub(crate) fn horizon_ms(of: &Window) -> Option<i64> {
    let is_unbounded =
        of.aggregates.contains(&Aggregate::TimeWeighted) || of.empty != Empty::Skip || of.early_ms.is_some();
    if is_unbounded {
        return None;
    }
    let length_ms = match &of.kind {
        Kind::Tumbling { size_ms } | Kind::Hopping { size_ms, .. } => *size_ms,
        Kind::Session { gap_ms, longest_ms } => longest_ms + gap_ms,
        Kind::Calendar { unit, .. } => unit.longest_ms(),
        Kind::Count { .. } => return None,
    };
    Some(length_ms + of.idle_ms + clock::STEP_MS + 2 * (of.lateness_ms + of.revise_ms))
}

impl Stage {
    pub fn new(of: &Window, keys: usize) -> Self {
        let common = Common::new(of);
        match (&of.kind, slices(of)) {
            (Kind::Session { gap_ms, longest_ms }, _) => {
                Self::Sessions(session::Stage::new(common, gap_ms * 1000, longest_ms * 1000, keys))
            }
            (Kind::Count { n, hop, pane }, _) => {
                Self::Counts(count::Stage::new(common, *n, *hop, *pane, keys))
            }
            (_, Some(slices)) => Self::Slices(slice::Stage::new(of, common, slices, keys)),
            (_, None) => unreachable!("all other kinds are slices"),
        }
    }

    /// What draws on a budget for its keys.
    pub fn purse(&mut self) -> &mut Purse {
        match self {
            Self::Slices(stage) => stage.purse(),
            Self::Sessions(stage) => stage.purse(),
            Self::Counts(stage) => stage.purse(),
        }
    }

    /// What it remembers.
    pub fn save(&self) -> Vec<u8> {
        match self {
            Self::Slices(stage) => stage.save(),
            Self::Sessions(stage) => stage.save(),
            Self::Counts(stage) => stage.save(),
        }
    }

    /// Goes on with what another one remembered.
    pub fn load(&mut self, saved: &[u8]) -> Result<(), BadState> {
        match self {
            Self::Slices(stage) => stage.load(saved),
            Self::Sessions(stage) => stage.load(saved),
            Self::Counts(stage) => stage.load(saved),
        }
    }

    /// Records that it holds.
    pub fn held(&self) -> u64 {
        match self {
            Self::Slices(stage) => stage.held(),
            Self::Sessions(stage) => stage.held(),
            Self::Counts(stage) => stage.held(),
        }
    }

    /// From which time on, in microseconds of the flow's clock, [`Stage::tick`] does something if no record comes before.
    pub fn due(&self) -> Option<i64> {
        if self.held() == 0 {
            return None;
        }
        match self {
            Self::Slices(stage) => stage.due(),
            Self::Sessions(stage) => stage.due(),
            Self::Counts(stage) => stage.due(),
        }
    }

    /// How long after a record at the soonest its key has something due: early results may be at once.
    pub fn grace(&self) -> i64 {
        let common = match self {
            Self::Slices(stage) => stage.common(),
            Self::Sessions(stage) => stage.common(),
            Self::Counts(stage) => stage.common(),
        };
        if common.early.is_some() { 0 } else { common.idle }
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, context: &mut Context<'_>, output: &mut Output) {
        let now = context.now_us;
        match self {
            Self::Slices(stage) => stage.run(input, sel, now, output),
            Self::Sessions(stage) => each_row(input, sel, |row| stage.record(input, row, now, output)),
            Self::Counts(stage) => each_row(input, sel, |row| stage.record(input, row, now, output)),
        }
    }

    /// Closes what the clock has passed of silent keys, and gives early results. `offset` is the newest arrival offset.
    pub fn tick(&mut self, context: &mut Context<'_>, offset: u64, output: &mut Output) {
        let now = context.now_us;
        match self {
            Self::Slices(stage) => stage.tick(now, offset, output),
            Self::Sessions(stage) => stage.tick(now, offset, output),
            Self::Counts(stage) => stage.tick(now, offset, output),
        }
    }
}

#[cfg(test)]
mod tests;
