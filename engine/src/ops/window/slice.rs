//! Windows made of panes whose bounds are known beforehand: tumbling, hopping, calendar.
//!
//! A record is added to one pane, however many windows it is in. With devices that send in order almost every record belongs to the
//! same pane as the one before it, and no window is over by it. For that record the way is [`Stage::run_fast`]: one comparison, one
//! addition, and one cache line of state per key; whatever else there is to know of a key lies elsewhere.

mod close;
mod known;
mod late;

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::Window;
use edgesync_schemas::flow::node::window::Empty;
use edgesync_schemas::limit;

use self::known::{Hot, Last, Past, Rest, State};
use super::common::Common;
use crate::budget::Purse;
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::ops::{Output, each_row};
use crate::state::{self, BadState};
use crate::watermark;
use crate::window::pane::{More, Pane, Wanted};
use crate::window::slices::Slices;

#[derive(Debug)]
pub(crate) struct Stage {
    common: Common,
    slices: Slices,
    empty: Empty,
    /// Whether anything comes of results that are out.
    has_past: bool,
    state: State,
    /// An empty list: lists of panes that are seldom filled take it and give it back, so that it is not one for each key.
    spare: Vec<Pane>,
    /// Memory for the values of a result.
    values: Vec<f64>,
}

/// Bytes of state of one key without its panes, but for the hot one's numbers.
pub(super) fn bytes_per_key(of: &Window) -> usize {
    let wanted = Wanted::new(&of.aggregates);
    let more = if wanted.is_more() { size_of::<More>() } else { 0 };
    let values = if of.empty == Empty::Skip { 0 } else { of.aggregates.len() * size_of::<f64>() };
    let past = if has_past(of, wanted) { size_of::<Past>() + values } else { 0 };
    size_of::<Hot>() + more + size_of::<Rest>() + past + size_of::<u32>() * 2
}

/// Numbers of rows as indices.
fn indices(rows: &[u32]) -> impl ExactSizeIterator<Item = usize> {
    rows.iter().map(|row| *row as usize)
}

/// Whether anything comes of results that are out.
fn has_past(of: &Window, wanted: Wanted) -> bool {
    of.revise_ms > 0 || of.early_ms.is_some() || wanted.points() || of.empty != Empty::Skip
}

/// Bytes of what is remembered of a window beside its panes: which revision and which early result was the last.
pub(super) const BYTES_PER_WINDOW: usize = size_of::<(i64, i64, u32)>() + size_of::<(i64, u64)>();

impl Stage {
    pub fn new(of: &Window, common: Common, slices: Slices, keys: usize) -> Self {
        let has_past = has_past(of, common.wanted);
        let (spare, values) = (Vec::new(), Vec::new());
        Self { common, slices, empty: of.empty, has_past, state: State::new(keys), spare, values }
    }
    /// What draws on a budget for its keys.
    pub fn purse(&mut self) -> &mut Purse {
        self.state.keys.purse()
    }

    pub fn save(&self) -> Vec<u8> {
        state::save(&self.state)
    }

    pub fn load(&mut self, saved: &[u8]) -> Result<(), BadState> {
        let saved: State = state::load(saved)?;
        let keys = saved.keys.keys().len();
        let is_long = |length: usize, is_kept: bool| length == if is_kept { keys } else { 0 };
        let is_whole = is_long(saved.rest.len(), true)
            && is_long(saved.more.len(), self.common.wanted.is_more())
            && is_long(saved.past.len(), self.has_past);
        if !is_whole {
            return Err(BadState);
        }
        self.state.keys.take_over(saved.keys)?;
        (self.state.more, self.state.rest) = (saved.more, saved.rest);
        (self.state.past, self.state.held) = (saved.past, saved.held);
        Ok(())
    }

    pub fn common(&self) -> &Common {
        &self.common
    }

    pub fn held(&self) -> u64 {
        self.state.held
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, now: i64, output: &mut Output) {
        if self.common.is_numeric && !input.raw.is_empty() {
            return each_row(input, sel, |row| {
                if !self.common.refuses(input, row, output) {
                    self.run_slow(input, row, now, output);
                }
            });
        }
        match (sel, self.common.wanted.is_more()) {
            (Sel::All, false) => self.run_fast::<false>(input, 0..input.len(), now, output),
            (Sel::All, true) => self.run_fast::<true>(input, 0..input.len(), now, output),
            (Sel::Rows(rows), false) => self.run_fast::<false>(input, indices(rows), now, output),
            (Sel::Rows(rows), true) => self.run_fast::<true>(input, indices(rows), now, output),
        }
    }

    /// Records that need no look at what their value was written as. `MORE`: whether more than counts and sums is wanted.
    #[inline(always)]
    fn run_fast<const MORE: bool>(
        &mut self,
        input: &Chunk,
        mut rows: impl ExactSizeIterator<Item = usize>,
        now: i64,
        output: &mut Output,
    ) {
        let len = input.len();
        let (key, ts) = (&input.key[..len], &input.ts[..len]);
        let (num, unit) = (&input.num[..len], &input.unit[..len]);
        loop {
            let (lateness, wanted) = (self.common.lateness, self.common.wanted);
            let (places, states) = self.state.keys.parts();
            let more = &mut self.state.more[..];
            let before = rows.len();
            // The way of almost every record: it lies in its key's hot pane, and no window is over by it.
            let mut slow = None;
            for row in rows.by_ref() {
                let place = places.get(key[row] as usize).map_or(0, |place| *place as usize);
                let at = ts[row].as_us();
                let Some(hot) = states.get_mut(place.wrapping_sub(1)).filter(|hot| hot.takes(at)) else {
                    slow = Some(row);
                    break;
                };
                hot.count += 1;
                hot.sum += num[row];
                // no overflow: event times end long before numbers do
                hot.watermark = hot.watermark.max(at.wrapping_sub(lateness));
                hot.seen = now;
                hot.unit = unit[row];
                if MORE {
                    more[place - 1].add(at, num[row], hot.count, wanted);
                }
            }
            self.state.held += (before - rows.len() - usize::from(slow.is_some())) as u64;
            match slow {
                Some(row) => self.run_slow(input, row, now, output),
                None => return,
            }
        }
    }

    /// Any record.
    #[cold]
    fn run_slow(&mut self, input: &Chunk, row: usize, now: i64, output: &mut Output) {
        let Some(place) = self.state.keys.place(input.key[row], || Hot::new(now)) else {
            output.errors.push((row as u32, self.state.keys.why()));
            return;
        };
        if self.state.rest.len() <= place {
            self.state.rest.push(Rest::default());
            if self.has_past {
                self.state.past.push(Past { early_at: now, ..Past::default() });
            }
            if self.common.wanted.is_more() {
                self.state.more.push(More::NOTHING);
            }
        }
        let ts = input.ts[row].as_us();
        let (start, end) = self.slices.pane(ts);
        let over = self.slices.over(start, end);
        let hot = &mut self.state.keys.states()[place];
        hot.seen = now;
        let before = hot.watermark;
        if over.saturating_add(self.common.revise) <= before {
            output.side(Port::Late).push(row as u32);
            return;
        }
        let is_far = self.common.is_far(ts, now);
        if is_far && self.is_crowded(place, start) {
            output.errors.push((row as u32, Reason::NoRoom));
            return;
        }
        let hot = &mut self.state.keys.states()[place];
        hot.unit = input.unit[row];
        if !is_far {
            hot.watermark = watermark::advance(before, ts, self.common.lateness);
        }
        self.park(place);
        self.add(place, (start, end), ts, input.num[row]);
        let is_open = over > before;
        self.state.held += u64::from(is_open);
        let offset = input.offset_of(row);
        if self.common.revise > 0 {
            self.revise(place, start, before, is_open, offset, output);
        }
        self.close(place, before, offset, output);
        self.unpark(place, now);
    }

    /// Whether a key has as many panes beyond what readings of the present reach as it may, and none that starts here.
    fn is_crowded(&mut self, place: usize, start: i64) -> bool {
        let hot = &self.state.keys.states()[place];
        let reach = self.common.reach(hot.watermark);
        let panes = &self.state.rest[place].panes;
        let beyond = &panes[panes.partition_point(|pane| pane.start <= reach)..];
        let is_new = beyond.iter().all(|pane| pane.start != start);
        is_new && beyond.len() >= limit::FUTURE_WINDOWS && !(hot.count > 0 && hot.start == start)
    }

    fn add(&mut self, place: usize, (start, end): (i64, i64), ts: i64, value: f64) {
        let panes = &mut self.state.rest[place].panes;
        let at = panes.partition_point(|pane| pane.start < start);
        if panes.get(at).is_none_or(|pane| pane.start != start) {
            panes.insert(at, Pane::new(start, end));
        }
        panes[at].add(ts, value, self.common.wanted);
    }

    /// Puts the hot pane among the others.
    fn park(&mut self, place: usize) {
        let hot = &mut self.state.keys.states()[place];
        if hot.count == 0 {
            return;
        }
        let (start, count, sum) = (hot.start, hot.count, hot.sum);
        (hot.count, hot.open) = (0, 0);
        let more = match self.state.more.get_mut(place) {
            Some(more) => std::mem::replace(more, More::NOTHING),
            None => More::NOTHING,
        };
        let rest = &mut self.state.rest[place];
        if rest.panes.capacity() == 0 {
            rest.panes = std::mem::take(&mut self.spare);
        }
        let at = rest.panes.partition_point(|pane| pane.start < start);
        rest.panes.insert(at, Pane { start, end: rest.hot_end, count, sum, more });
    }

    /// Makes the newest pane that readings of the present reach the hot one, and finds out how far records may go into it as they are.
    fn unpark(&mut self, place: usize, now: i64) {
        let watermark = self.state.keys.states()[place].watermark;
        let next = self.next_window(place, watermark);
        let next_over = next.map_or(i64::MAX, |(_, end)| end).min(self.next_empty(place));
        let rest = &mut self.state.rest[place];
        rest.next = next;
        let reach = self.common.reach(watermark);
        let at = rest.panes.partition_point(|pane| pane.start <= reach);
        let Some(pane) = at.checked_sub(1).map(|at| &rest.panes[at]) else { return };
        if self.slices.first_over(pane) <= watermark {
            return; // late records would revise results
        }
        let pane = rest.panes.remove(at - 1);
        rest.hot_end = pane.end;
        if rest.panes.is_empty() {
            self.spare = std::mem::take(&mut rest.panes);
        }
        let far = now.saturating_add(self.common.future + 1);
        let until = pane.end.min(next_over.saturating_add(self.common.lateness)).min(far);
        let hot = &mut self.state.keys.states()[place];
        (hot.start, hot.count, hot.sum) = (pane.start, pane.count, pane.sum);
        hot.open = until.saturating_sub(pane.start).max(0) as u64;
        if let Some(more) = self.state.more.get_mut(place) {
            *more = pane.more;
        }
    }

    /// Closes what the clock has passed of silent keys, and gives early results.
    pub fn tick(&mut self, now: i64, offset: u64, output: &mut Output) {
        let is_due = |at: Option<i64>| at.is_some_and(|at| at <= now);
        for place in 0..self.state.rest.len() {
            if is_due(self.silent_at(place)) {
                self.park(place);
                self.advance_idle(place, now.saturating_sub(self.common.lateness), offset, output);
                self.unpark(place, now);
            }
            if is_due(self.early_at(place)) {
                self.park(place);
                self.give_early(place, now, offset, output);
                self.unpark(place, now);
            }
        }
    }

    /// When [`Stage::tick`] does something.
    pub fn due(&self) -> Option<i64> {
        (0..self.state.rest.len())
            .filter_map(|place| {
                let times = [self.silent_at(place), self.early_at(place)];
                times.into_iter().flatten().min()
            })
            .min()
    }

    fn silent_at(&self, place: usize) -> Option<i64> {
        let (_, over) = self.state.rest[place].next?;
        Some(self.common.silent_at(self.state.keys.all()[place].seen, over))
    }

    fn early_at(&self, place: usize) -> Option<i64> {
        let past = self.state.past.get(place)?;
        self.common.early_at(past.early_at, || self.has_changed(place, past))
    }

    /// Whether a window of a key that would be put out early has other records than when it last was.
    fn has_changed(&self, place: usize, past: &Past) -> bool {
        let (hot, rest) = (&self.state.keys.all()[place], &self.state.rest[place]);
        let hot_one = (hot.count > 0).then_some((hot.start, rest.hot_end, hot.count));
        let mut panes = rest.panes.iter().map(|pane| (pane.start, pane.end, pane.count)).chain(hot_one);
        match rest.next {
            None => false,
            Some((start, end)) if self.slices.overlap() => {
                let mine = panes.filter(|(pane, ..)| start <= *pane && *pane < end);
                !past.shown.contains(&(start, mine.map(|(.., count)| count).sum()))
            }
            Some(_) => {
                panes.any(|(start, end, count)| end > hot.watermark && !past.shown.contains(&(start, count)))
            }
        }
    }
}
