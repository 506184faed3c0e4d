//! Windows of records that lie close together: less than a gap apart, and within a longest time from the first.
//!
//! A record joins the session that it lies in or follows; it may join two into one, unless that would last too long. A session is over
//! a gap after its newest record, or when it has lasted its longest.

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
    gap: i64,
    longest: i64,
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
    /// What is over: sessions that end at or before it are closed.
    watermark: i64,
    /// The clock at its last record.
    seen: i64,
    unit: UnitIndex,
    /// Sessions that are open, by start; their ends are their newest records. They are over in the same order.
    open: Vec<Pane>,
    /// Of those put out early: start and how many records they had.
    shown: Vec<(i64, u64)>,
    /// The clock at the last early result, or at the key's first record.
    early_at: i64,
}

/// Bytes of state of one key without its sessions.
pub(super) const BYTES_PER_KEY: usize = size_of::<Key>() + 8;
/// Bytes of what is remembered of a session beside its aggregates.
pub(super) const BYTES_PER_SESSION: usize = size_of::<(i64, u64)>();

impl Stage {
    pub fn new(common: Common, gap: i64, longest: i64, keys: usize) -> Self {
        let state = State { keys: Keyed::new(keys), held: 0 };
        Self { common, gap, longest, state, values: Vec::new() }
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
            open: Vec::new(),
            shown: Vec::new(),
            early_at: now,
        };
        let Some(place) = self.state.keys.place(input.key[row], new) else {
            output.errors.push((row as u32, self.state.keys.why()));
            return;
        };
        let ts = input.ts[row].as_us();
        let (gap, longest) = (self.gap, self.longest);
        let key = &mut self.state.keys.states()[place];
        key.seen = now;
        let is_far = self.common.is_far(ts, now);
        let at = match find(&key.open, ts, gap, longest) {
            Found::Joins(at) => at,
            Found::Bridges(at) => {
                let later = key.open.remove(at + 1);
                key.open[at].merge(&later);
                at
            }
            Found::None(at) => {
                if ts.saturating_add(gap.min(longest)) <= key.watermark {
                    output.side(Port::Late).push(row as u32);
                    return;
                }
                let reach = self.common.reach(key.watermark);
                let beyond = key.open.len() - key.open.partition_point(|session| session.start <= reach);
                if is_far && beyond >= limit::FUTURE_WINDOWS {
                    output.errors.push((row as u32, Reason::NoRoom));
                    return;
                }
                key.open.insert(at, Pane::new(ts, ts));
                at
            }
        };
        let session = &mut key.open[at];
        session.add(ts, input.num[row], self.common.wanted);
        (session.start, session.end) = (session.start.min(ts), session.end.max(ts));
        key.unit = input.unit[row];
        if !is_far {
            key.watermark = watermark::advance(key.watermark, ts, self.common.lateness);
        }
        self.state.held += 1;
        self.close(place, input.offset_of(row), output);
    }

    /// Puts out the sessions of a key that are over, oldest first.
    fn close(&mut self, place: usize, offset: u64, output: &mut Output) {
        let key = &mut self.state.keys.states()[place];
        let is_over = |session: &Pane| over(session, self.gap, self.longest) <= key.watermark;
        let count = key.open.partition_point(is_over);
        let ended: Vec<Pane> = key.open.drain(..count).collect();
        // A session that is gone does not stand for a later one that begins at the same time.
        let open = &key.open;
        key.shown.retain(|(start, _)| open.iter().any(|session| session.start == *start));
        for session in ended {
            self.state.held -= session.count;
            if self.put(place, &session, true, offset, output) {
                output.folded += session.count - 1;
            } else {
                output.unfit += session.count;
            }
        }
    }

    /// Puts out a session; answers whether its results are numbers.
    fn put(
        &mut self,
        place: usize,
        session: &Pane,
        is_final: bool,
        offset: u64,
        output: &mut Output,
    ) -> bool {
        let (start, end) = (session.start, over(session, self.gap, self.longest));
        self.values.clear();
        session.get(&self.common.aggregates, start, end, None, &mut self.values);
        let key = self.state.keys.keys()[place];
        let unit = self.state.keys.states()[place].unit;
        let label = Label { key, unit, offset, start, end, revision: 0, is_final };
        let is_fit = is_fit(&self.values);
        if is_fit {
            self.common.put(&label, &self.values, output);
        }
        is_fit
    }

    /// Closes what the clock has passed of silent keys, and gives early results.
    pub fn tick(&mut self, now: i64, offset: u64, output: &mut Output) {
        let is_due = |at: Option<i64>| at.is_some_and(|at| at <= now);
        let reach = now.saturating_sub(self.common.lateness);
        let (gap, longest) = (self.gap, self.longest);
        for place in 0..self.state.keys.all().len() {
            if is_due(self.silent_at(&self.state.keys.all()[place])) {
                let key = &mut self.state.keys.states()[place];
                let ends = key.open.iter().map(|session| over(session, gap, longest));
                let newest = ends.filter(|over| *over <= reach).max();
                key.watermark = key.watermark.max(newest.unwrap_or(watermark::NONE));
                self.close(place, offset, output);
            }
            if is_due(self.early_at(&self.state.keys.all()[place])) {
                self.give_early(place, now, offset, output);
            }
        }
    }

    /// When [`Stage::tick`] does something.
    pub fn due(&self) -> Option<i64> {
        let times = |key| [self.silent_at(key), self.early_at(key)];
        self.state.keys.all().iter().flat_map(times).flatten().min()
    }

    fn silent_at(&self, key: &Key) -> Option<i64> {
        let next = over(key.open.first()?, self.gap, self.longest);
        Some(self.common.silent_at(key.seen, next))
    }

    fn early_at(&self, key: &Key) -> Option<i64> {
        let is_new = |session: &Pane| !key.shown.contains(&(session.start, session.count));
        self.common.early_at(key.early_at, || key.open.iter().any(is_new))
    }

    /// Puts out the sessions of a key that are not over and have changed.
    fn give_early(&mut self, place: usize, now: i64, offset: u64, output: &mut Output) {
        let key = &mut self.state.keys.states()[place];
        let (open, shown) = (std::mem::take(&mut key.open), std::mem::take(&mut key.shown));
        let is_new = |session: &&Pane| !shown.contains(&(session.start, session.count));
        let mut any = false;
        for session in open.iter().filter(is_new) {
            if self.put(place, session, false, offset, output) {
                output.made += 1;
                any = true;
            }
        }
        let key = &mut self.state.keys.states()[place];
        key.shown = open.iter().map(|session| (session.start, session.count)).collect();
        key.open = open;
        if any {
            key.early_at = now;
        }
    }
}

/// Where a record belongs.
enum Found {
    /// To this session.
    Joins(usize),
    /// To this session and the next, which it makes one.
    Bridges(usize),
    /// To none; a new one would be here.
    None(usize),
}

fn find(open: &[Pane], ts: i64, gap: i64, longest: i64) -> Found {
    let next = open.partition_point(|session| session.start <= ts);
    let is_follower = next > 0 && ts < over(&open[next - 1], gap, longest);
    let is_leader =
        open.get(next).is_some_and(|session| session.start - ts < gap && session.end - ts < longest);
    match (is_follower, is_leader) {
        (true, true) if open[next].end - open[next - 1].start < longest => Found::Bridges(next - 1),
        (true, _) => Found::Joins(next - 1),
        (false, true) => Found::Joins(next),
        (false, false) => Found::None(next),
    }
}

/// When a session is over.
fn over(session: &Pane, gap: i64, longest: i64) -> i64 {
    session.end.saturating_add(gap).min(session.start.saturating_add(longest))
}
