//! A flow that runs by itself over stored readings, on its caller's thread: to warm up before it takes the place of another version, or to
//! see what it would have done.
//!
//! It is the same [`FlowRun`] that cells run, fed with the same rows in the same order, so it is in the same state afterwards.

use std::ops::Range;
use std::sync::Arc;

use edgesync_schemas::id::{FlowId, Offset, SeriesId};
use edgesync_schemas::reading::{Columns, Commit, Quality, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use rustc_hash::FxHashMap;

use crate::budget::Account;
use crate::cell::clock::second_us;
use crate::cell::emit::Emission;
use crate::chunk::{Sel, copy};
use crate::metrics::FlowCounters;
use crate::plan::Plan;
use crate::segment::{FlowRun, Round, Workspace};
use crate::state::{BadState, Saved};

/// Stored readings: columns, and for each row its number (rising: its arrival offset, or its place in a replay) and when it arrived.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The readings.
    pub columns: Columns,
    /// Their numbers; rising.
    pub offsets: Vec<Offset>,
    /// When they arrived.
    pub received: Vec<Timestamp>,
}

/// A flow by itself.
#[derive(Debug)]
pub struct Replay {
    run: FlowRun,
    work: Workspace,
    chunk_rows: usize,
    /// The flow's key of each series that came, or [`NOT_WANTED`].
    keys: FxHashMap<SeriesId, u32>,
}

/// Instead of a key: the flow does not want the series.
const NOT_WANTED: u32 = u32::MAX;

/// A flow that is ready to be put into a cell.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) run: Box<FlowRun>,
    /// Of one that goes on after a restart: which results were put out already. Others are new versions.
    pub(crate) put_out: Option<(Offset, Timestamp)>,
}

/// What is known of a series.
pub type InfoOf<'a> = &'a dyn Fn(SeriesId) -> Option<Arc<SeriesInfo>>;

impl History {
    /// Rows of a commit.
    pub fn of_commit(commit: &Commit) -> Self {
        let rows = commit.columns.len();
        let mut received = Vec::with_capacity(rows);
        for arrival in &commit.arrivals {
            received.resize((arrival.end_row as usize).min(rows), arrival.received_at);
        }
        received.resize(rows, received.last().copied().unwrap_or_default());
        let offsets = (0..rows as u64).map(|row| commit.first.plus(row)).collect();
        Self { columns: commit.columns.clone(), offsets, received }
    }

    /// Number of readings.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }
}

impl Replay {
    /// Of a plan, with nothing remembered. Nodes keep state for `keys_per_node` keys, rows are run `chunk_rows` at a time; results depend
    /// on neither.
    pub fn new(flow: FlowId, version: u32, plan: Arc<Plan>, keys_per_node: usize, chunk_rows: usize) -> Self {
        let counters = Arc::new(FlowCounters::of(flow, version, &plan));
        let run = FlowRun::new(counters, plan, keys_per_node);
        Self::of(run, chunk_rows)
    }

    /// Goes on with one that no cell has taken yet.
    pub fn again(prepared: Prepared, chunk_rows: usize) -> Self {
        Self::of(*prepared.run, chunk_rows)
    }

    /// Counts what it remembers against this account, until a cell takes it.
    #[must_use]
    pub fn within(mut self, account: &Account) -> Self {
        self.run.draw_on(account);
        self
    }

    /// Goes on with a run.
    pub(crate) fn of(run: FlowRun, chunk_rows: usize) -> Self {
        Self { run, work: Workspace::default(), chunk_rows: chunk_rows.max(1), keys: FxHashMap::default() }
    }

    pub(crate) fn into_run(self) -> FlowRun {
        self.run
    }

    /// With what a run of the flow remembered. If it fails this one must be thrown away.
    ///
    /// # Errors
    /// [`BadState`] if it is of another configuration.
    pub fn load(&mut self, saved: &Saved, info_of: InfoOf<'_>) -> Result<(), BadState> {
        self.run.load(saved, info_of)
    }

    /// Gives its series the keys that they have in another run of the flow, so that it can take over what nodes remember there. Only before
    /// anything was fed.
    pub fn number_as(&mut self, saved: &Saved, info_of: InfoOf<'_>) {
        for info in saved.series.iter().filter_map(|series| info_of(*series)) {
            self.run.number(&info);
        }
    }

    /// What counts for it. Whoever wants to see records of a node watches it here.
    pub fn counters(&self) -> &Arc<FlowCounters> {
        &self.run.counters
    }

    /// The first reading that it has not seen.
    pub fn next(&self) -> Offset {
        self.run.seen_to()
    }

    /// Lets the clock go on from one thing that is due to the next, until nothing is, or `most` times.
    pub fn flush(&mut self, most: usize, emit: &mut dyn FnMut(Emission)) {
        for _ in 0..most {
            let Some(due) = self.run.due(i64::MAX) else { return };
            self.advance(due, self.run.seen_to().0, emit);
        }
    }

    /// Says that it has seen all there is before `next`.
    pub fn skip_to(&mut self, next: Offset) {
        self.run.skip_to(next);
    }

    /// Runs readings through it; those that it has seen are passed over.
    pub fn feed(&mut self, history: &History, info_of: InfoOf<'_>, emit: &mut dyn FnMut(Emission)) {
        let seen = history.offsets.partition_point(|offset| *offset < self.run.seen_to());
        self.run_rows_of(history, seen..history.len(), info_of, emit);
        if let Some(last) = history.offsets.last() {
            self.run.skip_to(last.plus(1));
        }
    }

    fn run_rows_of(
        &mut self,
        history: &History,
        rows: Range<usize>,
        info_of: InfoOf<'_>,
        emit: &mut dyn FnMut(Emission),
    ) {
        let Range { start: mut row, end: last } = rows;
        while row < last {
            let second = second_us(history.received[row]);
            if second > self.run.clock_us() {
                self.advance(second, history.offsets[row].0, emit);
            }
            let most = last.min(row + self.chunk_rows);
            let same = &history.received[row..most];
            let later = same.iter().position(|time| second_us(*time) > self.run.clock_us());
            let end = later.map_or(most, |later| row + later);
            self.run_rows(history, row..end, info_of, emit);
            row = end;
        }
    }

    /// Runs rows of stored readings through it that are in another order than that of arrival, whatever it has seen.
    pub fn feed_stored(
        &mut self,
        history: &History,
        rows: Range<usize>,
        info_of: InfoOf<'_>,
        emit: &mut dyn FnMut(Emission),
    ) {
        self.run_rows_of(history, rows, info_of, emit);
    }

    /// Lets the clock go on to a time, if it is later. `emit` gets what that makes.
    pub fn tick(&mut self, now: Timestamp, emit: &mut dyn FnMut(Emission)) {
        let second = second_us(now);
        if second > self.run.clock_us() {
            self.advance(second, self.run.seen_to().0, emit);
        }
    }

    /// What it remembers now.
    pub fn save(&self) -> Saved {
        self.run.save(self.run.seen_to())
    }

    /// To be put into a cell as a new version: what it makes is put out from there on.
    pub fn prepared(self) -> Prepared {
        Prepared { run: Box::new(self.run), put_out: None }
    }

    /// To be put into a cell as what ran before a restart: results of readings before `next`, and of time up to `clock`, were put out.
    pub fn resuming(self, next: Offset, clock: Timestamp) -> Prepared {
        Prepared { run: Box::new(self.run), put_out: Some((next, clock)) }
    }

    fn advance(&mut self, second_us: i64, next: u64, emit: &mut dyn FnMut(Emission)) {
        self.run.tick(Round { now_us: second_us, tick: Some(next) }, &mut self.work, emit);
    }

    fn run_rows(
        &mut self,
        history: &History,
        rows: Range<usize>,
        info_of: InfoOf<'_>,
        emit: &mut dyn FnMut(Emission),
    ) {
        let columns = &history.columns;
        let mut readings = self.work.take_chunk();
        let mut are_wanted = true;
        for series in &columns.series[rows.clone()] {
            let key = self.key(*series, info_of);
            are_wanted &= key != NOT_WANTED;
            readings.key.push(key);
        }
        let first = rows.start;
        let wanted = match are_wanted {
            true => Sel::All,
            false => {
                let rows = (0u32..).zip(&readings.key).filter(|(_, key)| **key != NOT_WANTED);
                Sel::Rows(rows.map(|(row, _)| row).collect())
            }
        };
        readings.key.retain(|key| *key != NOT_WANTED);
        copy(&mut readings.ts, &columns.ts[rows.clone()], &wanted);
        copy(&mut readings.num, &columns.num[rows.clone()], &wanted);
        copy(&mut readings.unit, &columns.unit[rows.clone()], &wanted);
        let quality = columns.quality.get(rows.clone()).unwrap_or_default();
        if quality.iter().any(|quality| *quality != Quality::GOOD) {
            copy(&mut readings.quality, quality, &wanted);
        }
        let offsets = &history.offsets[rows.clone()];
        match &wanted {
            Sel::All => readings.offset.extend(offsets.iter().map(|offset| offset.0)),
            Sel::Rows(rows) => readings.offset.extend(rows.iter().map(|row| offsets[*row as usize].0)),
        }
        let from = columns.raw.partition_point(|(row, _)| (*row as usize) < first);
        let raws = columns.raw[from..].iter().take_while(|(row, _)| (*row as usize) < rows.end);
        for (row, json) in raws {
            let row = row - first as u32;
            let at = match &wanted {
                Sel::All => Ok(row as usize),
                Sel::Rows(rows) => rows.binary_search(&row),
            };
            readings.raw.extend(at.ok().map(|at| (at as u32, Arc::from(&**json))));
        }
        self.run.run(readings, Round { now_us: self.run.clock_us(), tick: None }, &mut self.work, emit);
    }

    /// The flow's key of a series, or [`NOT_WANTED`].
    #[inline(always)]
    fn key(&mut self, series: SeriesId, info_of: InfoOf<'_>) -> u32 {
        let run = &mut self.run;
        *self
            .keys
            .entry(series)
            .or_insert_with(|| info_of(series).and_then(|info| run.subscribe(&info)).unwrap_or(NOT_WANTED))
    }
}
