//! The head: committed readings that are not in blocks yet, in memory, findable by series.
//!
//! The readings stay in their commits, which the ring of recent commits and flows share. What the head adds is 4 bytes a reading: for each, the
//! row of the reading of the same series before it, so that a series is a chain from its newest row down; and a table by series with the
//! chain's start and the newest reading by event time. Adding a reading is one visit to that table and one push: no hashing, no allocation.
//!
//! A row is the reading's offset minus the head's first. Rows are grouped into segments; full ones never change and are shared with
//! readers, who walk only the last, small one under the lock.
//!
//! [`Live`] is the head, the frozen head that the sealer works on, and the offset before which all is in blocks: what a reader must see
//! together.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use edgesync_schemas::id::{DeviceId, Offset, SeriesId};
use edgesync_schemas::reading::{Columns, Commit};
use edgesync_schemas::time::Timestamp;

use super::super::Options;
use super::super::marks::Mark;
use super::super::tail::COMMIT_BYTES;

// A reader walks at most this much under the lock: 65,536 steps of a few ns, and one commit more.
const SEGMENT_ROWS: usize = 65_536;
const SEGMENT_COMMITS: usize = 1_024;
// Rows are 32 bits; a last commit comes on top.
const ROWS_MAX: usize = 1 << 31;
// A reading's link.
const LINK_BYTES: usize = 4;

/// Rows of one series in a head: where its chain starts, and its newest reading by event time. Zero means none; else row + 1.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    last: u32,
    newest: u32,
    newest_ts: i64,
}

/// Commits in a row, with the links of their readings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Segment {
    first_row: u32,
    commits: Vec<Arc<Commit>>,
    // Row + 1 of the reading of the same series before this one, 0 if it is the head's first.
    before: Vec<u32>,
}

/// Readings from `base` on.
#[derive(Debug)]
pub(crate) struct Head {
    base: Offset,
    full: Vec<Arc<Segment>>,
    last: Segment,
    slots: Vec<Slot>,
    /// Devices whose marks moved in these commits.
    marked: HashSet<DeviceId>,
    rows: u32,
    bytes: usize,
    born: Option<Instant>,
}

/// A reading in a head.
#[derive(Debug, Clone)]
pub(crate) struct HeadRow {
    pub commit: Arc<Commit>,
    pub row: usize,
}

impl Segment {
    fn commit_at(&self, base: Offset, row: u32) -> Option<(&Arc<Commit>, usize)> {
        let offset = base.plus(u64::from(row));
        let at = self.commits.partition_point(|commit| commit.first <= offset).checked_sub(1)?;
        let commit = &self.commits[at];
        Some((commit, (offset.0 - commit.first.0) as usize))
    }
}

impl Head {
    /// An empty head that starts at `base`.
    pub fn new(base: Offset) -> Self {
        Self {
            base,
            full: Vec::new(),
            last: Segment::default(),
            slots: Vec::new(),
            marked: HashSet::new(),
            rows: 0,
            bytes: 0,
            born: None,
        }
    }

    /// Offset after the last row.
    pub fn end(&self) -> Offset {
        self.base.plus(u64::from(self.rows))
    }

    /// Number of readings.
    pub fn len(&self) -> usize {
        self.rows as usize
    }

    /// Devices whose marks moved.
    pub fn marked(&self) -> &HashSet<DeviceId> {
        &self.marked
    }

    /// Adds the next commit. `series` is the length of a table by series; it grows by itself if a reading lies past it.
    pub fn push(&mut self, commit: Arc<Commit>, marks: &[Mark], series: usize) {
        self.marked.extend(marks.iter().map(|mark| mark.device));
        if commit.columns.is_empty() {
            return;
        }
        if self.slots.len() < series {
            self.slots.resize(series, Slot::default());
        }
        self.link(&commit.columns);
        self.bytes += commit.columns.bytes() + commit.columns.len() * LINK_BYTES + COMMIT_BYTES;
        self.born.get_or_insert_with(Instant::now);
        self.last.commits.push(commit);
        if self.last.before.len() >= SEGMENT_ROWS || self.last.commits.len() >= SEGMENT_COMMITS {
            let next = Segment { first_row: self.rows, ..Segment::default() };
            self.full.push(Arc::new(std::mem::replace(&mut self.last, next)));
        }
    }

    fn link(&mut self, columns: &Columns) {
        self.last.before.reserve(columns.len());
        for (series, ts) in columns.series.iter().zip(&columns.ts) {
            self.rows += 1;
            if series.index() >= self.slots.len() {
                self.slots.resize(series.index() + 1, Slot::default());
            }
            let slot = &mut self.slots[series.index()];
            self.last.before.push(slot.last);
            slot.last = self.rows;
            // Of equal times the later arrival is the newest.
            if slot.newest == 0 || ts.as_us() >= slot.newest_ts {
                slot.newest = self.rows;
                slot.newest_ts = ts.as_us();
            }
        }
    }

    /// Whether it is time to freeze it.
    pub fn is_due(&self, options: &Options) -> bool {
        // Without readings there is nothing to seal: marks alone stay in their small blobs.
        self.rows > 0
            && (self.is_full(options) || self.born.is_some_and(|born| born.elapsed() >= options.head_age))
    }

    fn is_full(&self, options: &Options) -> bool {
        self.len() >= options.head_readings.clamp(1, ROWS_MAX) || self.bytes >= options.head_bytes
    }

    /// The newest reading of a series by event time, then offset.
    pub fn newest(&self, series: SeriesId) -> Option<HeadRow> {
        let row = self.slots.get(series.index())?.newest.checked_sub(1)?;
        let segment = self.segment_of(row)?;
        let (commit, row) = segment.commit_at(self.base, row)?;
        Some(HeadRow { commit: commit.clone(), row })
    }

    fn segment_of(&self, row: u32) -> Option<&Segment> {
        if row >= self.last.first_row {
            return Some(&self.last);
        }
        let at = self.full.partition_point(|segment| segment.first_row <= row).checked_sub(1)?;
        Some(&self.full[at])
    }

    /// What a reader needs to walk chains after the lock is gone: the full segments, the last one's commits, and of each series the rows
    /// in the last one.
    pub fn view(&self, series: &[SeriesId]) -> HeadView {
        let mut chains = Vec::with_capacity(series.len());
        for id in series {
            let mut rows = Vec::new();
            let mut next = self.slots.get(id.index()).map_or(0, |slot| slot.last);
            while next > self.last.first_row {
                rows.push(next - 1);
                next = self.last.before[(next - 1 - self.last.first_row) as usize];
            }
            chains.push(Chain { series: *id, rows, next });
        }
        let last = Segment {
            first_row: self.last.first_row,
            commits: if chains.iter().any(|chain| !chain.rows.is_empty()) {
                self.last.commits.clone()
            } else {
                Vec::new()
            },
            before: Vec::new(),
        };
        HeadView { base: self.base, full: self.full.clone(), last, chains }
    }

    /// All commits, in order.
    pub fn commits(&self) -> impl Iterator<Item = &Arc<Commit>> {
        self.full.iter().flat_map(|segment| &segment.commits).chain(&self.last.commits)
    }

    /// Length of the table by series.
    pub fn series_len(&self) -> usize {
        self.slots.len()
    }
}

/// Some series of a head, as they were at one moment.
pub(crate) struct HeadView {
    base: Offset,
    full: Vec<Arc<Segment>>,
    last: Segment,
    chains: Vec<Chain>,
}

struct Chain {
    series: SeriesId,
    rows: Vec<u32>,
    next: u32,
}

impl HeadView {
    /// Calls `each` with every reading of the series, per series from the last to arrive down.
    pub fn for_each(&self, mut each: impl FnMut(SeriesId, Timestamp, Offset, &Arc<Commit>, usize)) {
        for chain in &self.chains {
            let mut visit = |segment: &Segment, row: u32| {
                if let Some((commit, at)) = segment.commit_at(self.base, row) {
                    each(chain.series, commit.columns.ts[at], self.base.plus(u64::from(row)), commit, at);
                }
            };
            for row in &chain.rows {
                visit(&self.last, *row);
            }
            let mut next = chain.next;
            for segment in self.full.iter().rev() {
                while next > segment.first_row {
                    visit(segment, next - 1);
                    next = segment.before[(next - 1 - segment.first_row) as usize];
                }
            }
        }
    }
}

/// Head, frozen head and sealed offset, and the signals between appender and sealer.
pub(crate) struct Live {
    state: RwLock<LiveState>,
    // Bumped under its lock whenever `state` changes in a way that somebody waits for.
    stopped: Mutex<bool>,
    changed: Condvar,
}

/// What a reader must see together. Blocks of readings before `sealed` are complete; what is at or after it is in `frozen` and `head`.
pub(crate) struct LiveState {
    pub head: Head,
    pub frozen: Option<Arc<Head>>,
    pub sealed: Offset,
}

impl Live {
    pub fn new(head: Head, sealed: Offset) -> Self {
        let state = LiveState { head, frozen: None, sealed };
        Self { state: RwLock::new(state), stopped: Mutex::new(false), changed: Condvar::new() }
    }

    pub fn read(&self) -> RwLockReadGuard<'_, LiveState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, LiveState> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Readings in both heads, and the sealed offset.
    pub fn gauge(&self) -> (u64, Offset) {
        let state = self.read();
        let frozen = state.frozen.as_ref().map_or(0, |frozen| frozen.len());
        ((state.head.len() + frozen) as u64, state.sealed)
    }

    /// Adds a commit, and freezes the head if it is due and the frozen one is done. Appender only.
    pub fn push(&self, commit: Arc<Commit>, marks: &[Mark], series: usize, options: &Options) {
        let mut state = self.write();
        state.head.push(commit, marks, series);
        if state.head.is_due(options) && state.freeze() {
            drop(state);
            self.signal();
        }
    }

    /// Waits, at most `patience`, while the head is full and the one before it is not sealed. True if there is room. Appender only.
    pub fn wait_for_room(&self, options: &Options, patience: Duration) -> bool {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if self.has_room(options) {
            return true;
        }
        let waited = self.changed.wait_timeout(stopped, patience).unwrap_or_else(PoisonError::into_inner);
        drop(waited);
        self.has_room(options)
    }

    fn has_room(&self, options: &Options) -> bool {
        let state = self.read();
        !state.head.is_full(options) || state.frozen.is_none()
    }

    /// Waits for a frozen head, freezing the head itself when it is due. `None` when stopped. Sealer only.
    pub fn next_frozen(&self, options: &Options) -> Option<Arc<Head>> {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if *stopped {
                return None;
            }
            let wait = {
                let mut state = self.write();
                if state.frozen.is_none() && state.head.is_due(options) {
                    state.freeze();
                }
                if let Some(frozen) = &state.frozen {
                    return Some(frozen.clone());
                }
                // A head that is born while this waits is looked at one age later at most: it may get twice as old.
                state
                    .head
                    .born
                    .map_or(options.head_age, |born| options.head_age.saturating_sub(born.elapsed()))
            };
            let wait = wait.clamp(Duration::from_millis(1), Duration::from_secs(60));
            stopped = self.changed.wait_timeout(stopped, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Drops the frozen head: its readings are in blocks now. Sealer only.
    pub fn sealed(&self, sealed: Offset) {
        let frozen = {
            let mut state = self.write();
            state.sealed = sealed;
            state.frozen.take()
        };
        self.signal();
        // Thousands of commits to free: not under the lock.
        drop(frozen);
    }

    /// Starts over with what was read from the store. Appender only.
    pub fn replace(&self, head: Head, sealed: Offset) {
        *self.write() = LiveState { head, frozen: None, sealed };
        self.signal();
    }

    /// Waits a while before a seal is tried again. True if stopped meanwhile.
    pub fn pause(&self, wait: Duration) -> bool {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        *self.changed.wait_timeout(stopped, wait).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Ends the sealer's waiting.
    pub fn stop(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    // Taken after a change and before the waiters' check, the lock makes sure that none of them misses it.
    fn signal(&self) {
        drop(self.stopped.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }
}

impl LiveState {
    fn freeze(&mut self) -> bool {
        if self.frozen.is_some() {
            return false;
        }
        let next = Head::new(self.head.end());
        self.frozen = Some(Arc::new(std::mem::replace(&mut self.head, next)));
        true
    }
}
