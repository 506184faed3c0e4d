//! Append: the one thread that makes readings durable, and the queue before it.
//!
//! Group commit by nature: the appender takes whatever is queued, writes and syncs it, and takes what came meanwhile. An idle log has no
//! timer and a single batch waits for nothing; under load commits grow until the disk keeps up.
//!
//! The queue is bounded by its permits, not by its length: each [`Append`] carries room reserved from one budget of bytes, at least
//! [`PERMIT_BYTES_MIN`] of them, and gives it back when it is durable or failed.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use edgesync_schemas::id::{BootId, DeviceId, FrameSeq, Offset};
use edgesync_schemas::reading::{AdmittedBatch, Arrival, Columns, Commit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::embedded::blobs::BlobKey;
use super::embedded::commit;
use super::marks::{Mark, Marks};
use super::{Error, Shared};

/// Least room that an append takes from the budget: its own memory beside the readings. So 64 MiB are at most 131,072 appends.
const PERMIT_BYTES_MIN: usize = 512;
// How often a stalled appender looks whether it still is, and a waiting one whether the store broke.
const STALL_PAUSE: Duration = Duration::from_millis(5);
const ROOM_PATIENCE: Duration = Duration::from_millis(100);
const REOPEN_FIRST: Duration = Duration::from_millis(100);
const REOPEN_MAX: Duration = Duration::from_secs(5);

/// A batch on its way into the log.
pub struct Append {
    /// The readings.
    pub batch: AdmittedBatch,
    /// The room they take.
    pub permit: Permit,
    /// Handed back to `on_commit`.
    pub tag: u64,
    /// Who hears of the outcome.
    pub on_commit: Arc<dyn OnCommit>,
}

/// Hears what became of an append.
pub trait OnCommit: Send + Sync {
    /// Called once per append, on the appender's thread, after the commit is durable and readable: must only set atomics and wake.
    fn done(&self, tag: u64, outcome: Outcome);
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is durable.
    Durable {
        /// Offset of the first reading that this append stored; the log's end if it stored none.
        first: Offset,
        /// Readings stored. Fewer than were in the batch if frames of it were committed before.
        stored: u32,
    },
    /// A frame before the batch's first is missing. Nothing of it is stored.
    Gap {
        /// The frame that must come next.
        expected: FrameSeq,
    },
    /// The store failed. The batch may be durable or not; its frames, sent again, are stored once.
    Failed,
}

/// Room in the budget of admitted and not yet durable readings. Returned when dropped.
#[derive(Debug)]
pub struct Permit {
    _room: OwnedSemaphorePermit,
}

/// What happens to queued appends when the queue closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WhenClosed {
    Commit,
    Fail,
}

/// Appends on their way to the appender.
pub(crate) struct Queue {
    budget: Arc<Semaphore>,
    budget_bytes: usize,
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Default)]
struct State {
    appends: VecDeque<Append>,
    closed: Option<WhenClosed>,
    is_nudged: bool,
    is_waiting: bool,
}

enum Taken {
    Appends(Vec<Append>),
    Nudge,
    Closed,
}

impl Queue {
    pub fn new(budget_bytes: usize) -> Self {
        let budget_bytes = budget_bytes.clamp(PERMIT_BYTES_MIN, u32::MAX as usize);
        Self {
            budget: Arc::new(Semaphore::new(budget_bytes)),
            budget_bytes,
            state: Mutex::default(),
            ready: Condvar::new(),
        }
    }

    pub async fn reserve(&self, bytes: usize) -> Permit {
        let bytes = bytes.clamp(PERMIT_BYTES_MIN, self.budget_bytes) as u32;
        let room = self.budget.clone().acquire_many_owned(bytes).await;
        Permit { _room: room.expect("the budget's semaphore is never closed") }
    }

    pub fn try_reserve(&self, bytes: usize) -> Option<Permit> {
        let bytes = bytes.clamp(PERMIT_BYTES_MIN, self.budget_bytes) as u32;
        // Err: used up, or somebody waits for room and is first.
        self.budget.clone().try_acquire_many_owned(bytes).ok().map(|room| Permit { _room: room })
    }

    pub fn submit(&self, append: Append) {
        let mut state = self.lock();
        if state.closed.is_some() {
            drop(state);
            append.on_commit.done(append.tag, Outcome::Failed);
            return;
        }
        state.appends.push_back(append);
        if state.is_waiting {
            state.is_waiting = false;
            drop(state);
            self.ready.notify_one();
        }
    }

    /// Lets no more in. `Fail` after `Commit` is a change of mind; not the other way.
    pub fn close(&self, when: WhenClosed) {
        let mut state = self.lock();
        state.closed = state.closed.max(Some(when));
        drop(state);
        self.ready.notify_one();
    }

    /// Makes the appender look around although nothing is queued.
    pub fn nudge(&self) {
        self.lock().is_nudged = true;
        self.ready.notify_one();
    }

    pub fn used_bytes(&self) -> u64 {
        self.budget_bytes.saturating_sub(self.budget.available_permits()) as u64
    }

    fn closed(&self) -> Option<WhenClosed> {
        self.lock().closed
    }

    /// Waits for appends and takes as many as fit a commit.
    fn take(&self, readings_max: usize) -> Taken {
        let mut state = self.lock();
        loop {
            if std::mem::take(&mut state.is_nudged) {
                return Taken::Nudge;
            }
            match state.closed {
                Some(WhenClosed::Fail) => return Taken::Closed,
                Some(WhenClosed::Commit) if state.appends.is_empty() => return Taken::Closed,
                _ => {}
            }
            if !state.appends.is_empty() {
                return Taken::Appends(state.take(readings_max));
            }
            state.is_waiting = true;
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.is_waiting = false;
        }
    }

    /// Takes all that is queued.
    fn drain(&self) -> VecDeque<Append> {
        std::mem::take(&mut self.lock().appends)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, readings_max: usize) -> Vec<Append> {
        let mut readings = 0;
        let fitting = self.appends.iter().take_while(|append| {
            readings += append.batch.columns.len();
            readings <= readings_max
        });
        // A batch larger than a commit makes one of its own.
        let count = fitting.count().max(1);
        self.appends.drain(..count).collect()
    }
}

/// The appender: owns the order of commits.
pub(crate) struct Appender {
    shared: Arc<Shared>,
    next_key: BlobKey,
    blob: Vec<u8>,
}

impl Appender {
    pub fn new(shared: Arc<Shared>, next_key: BlobKey) -> Self {
        Self { shared, next_key, blob: Vec::new() }
    }

    /// Commits until the queue is closed. The appender's thread.
    pub fn run(mut self) {
        let ending = Ending { shared: self.shared.clone() };
        loop {
            if self.shared.is_broken.swap(false, Relaxed) {
                self.reopen();
            }
            match self.shared.queue.take(self.shared.options.commit_readings) {
                Taken::Appends(appends) => {
                    self.wait_for_room();
                    self.stall();
                    self.commit(appends);
                }
                Taken::Nudge => {}
                Taken::Closed => break,
            }
        }
        drop(ending);
    }

    /// Waits while two heads are full: the sealer is behind, and memory is bounded.
    fn wait_for_room(&mut self) {
        let started = Instant::now();
        let mut is_waiting = false;
        while !self.shared.live.wait_for_room(&self.shared.options, ROOM_PATIENCE) {
            is_waiting = true;
            if self.shared.queue.closed() == Some(WhenClosed::Fail) {
                return;
            }
            if self.shared.is_broken.swap(false, Relaxed) {
                self.reopen();
            }
        }
        if is_waiting || started.elapsed() > STALL_PAUSE {
            self.shared.counters.seal_wait_us_total.fetch_add(started.elapsed().as_micros() as u64, Relaxed);
        }
    }

    /// The tests' way to stall the store.
    fn stall(&self) {
        let Some(file) = &self.shared.options.stall_file else { return };
        while file.exists() && self.shared.queue.closed() != Some(WhenClosed::Fail) {
            std::thread::sleep(STALL_PAUSE);
        }
    }

    fn commit(&mut self, appends: Vec<Append>) {
        let started = Instant::now();
        let mut plan = Plan::new(self.shared.ring.end());
        {
            let marks = self.shared.marks();
            let readings = appends.iter().map(|append| append.batch.columns.len()).sum();
            plan.columns = columns_for(readings);
            appends.into_iter().for_each(|append| plan.add(append, &marks));
        }
        self.shared.counters.gaps.fetch_add(plan.gaps, Relaxed);
        self.shared.counters.duplicate_frames.fetch_add(plan.duplicates, Relaxed);
        if plan.is_nothing() {
            return plan.answer();
        }
        // Taken after the batches were: what their readings name is in it.
        let new_series =
            if plan.columns.is_empty() { Vec::new() } else { self.shared.dictionary.take_changed() };
        let marks: Vec<Mark> = std::mem::take(&mut plan.marks);
        let commit = Commit {
            first: plan.first,
            columns: std::mem::take(&mut plan.columns),
            arrivals: std::mem::take(&mut plan.arrivals),
            new_series,
        };
        commit::encode(&mut self.blob, &commit, &marks);
        match self.write(&commit) {
            Ok(()) => {
                self.publish(commit, &marks);
                self.measure(started);
                plan.answer();
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    readings = commit.columns.len(),
                    "commit failed"
                );
                self.shared.counters.failed_commits.fetch_add(1, Relaxed);
                self.shared.dictionary.give_back(&commit.new_series);
                plan.fail();
                self.reopen();
            }
        }
    }

    fn write(&self, commit: &Commit) -> Result<(), Error> {
        self.shared.store()?.commit(self.next_key, &self.blob, &commit.new_series)
    }

    /// Tells memory of a durable commit: readers see it from here on.
    fn publish(&mut self, commit: Commit, marks: &[Mark]) {
        let shared = &self.shared;
        shared.blobs.add(self.next_key, self.blob.len());
        self.next_key = self.next_key.after(&commit);
        if !marks.is_empty() {
            let mut known = shared.marks.write().unwrap_or_else(PoisonError::into_inner);
            marks.iter().for_each(|mark| known.apply(*mark));
        }
        shared.counters.commits.fetch_add(1, Relaxed);
        shared.counters.readings.fetch_add(commit.columns.len() as u64, Relaxed);
        let commit = Arc::new(commit);
        shared.live.push(commit.clone(), marks, shared.dictionary.table_len(), &shared.options);
        shared.ring.push(commit);
    }

    fn measure(&self, started: Instant) {
        let us = started.elapsed().as_micros() as u64;
        self.shared.counters.commit_us_last.store(us, Relaxed);
        self.shared.counters.commit_us_max.fetch_max(us, Relaxed);
        self.shared.counters.commit_us_total.fetch_add(us, Relaxed);
    }

    /// Opens the store again, with growing pauses, failing what is appended meanwhile. Returns when it is open or the log stops.
    fn reopen(&mut self) {
        let mut pause = REOPEN_FIRST;
        loop {
            self.fail_queued();
            if self.shared.queue.closed().is_some() {
                return;
            }
            match self.shared.reopen() {
                Ok(next_key) => {
                    self.next_key = next_key;
                    self.shared.is_broken.store(false, Relaxed);
                    self.shared.counters.reopened.fetch_add(1, Relaxed);
                    tracing::warn!(end = %self.shared.ring.end(), "store reopened");
                    return;
                }
                Err(error) => {
                    let pause_ms = pause.as_millis() as u64;
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        pause_ms,
                        "store not reopened, will try again"
                    );
                }
            }
            let until = Instant::now() + pause;
            while Instant::now() < until && self.shared.queue.closed().is_none() {
                self.fail_queued();
                std::thread::sleep(STALL_PAUSE);
            }
            pause = (pause * 2).min(REOPEN_MAX);
        }
    }

    fn fail_queued(&self) {
        for append in self.shared.queue.drain() {
            append.on_commit.done(append.tag, Outcome::Failed);
        }
    }
}

/// Ends what waits for the appender, however it ends.
struct Ending {
    shared: Arc<Shared>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.shared.queue.close(WhenClosed::Fail);
        for append in self.shared.queue.drain() {
            append.on_commit.done(append.tag, Outcome::Failed);
        }
        self.shared.ring.close();
    }
}

fn columns_for(readings: usize) -> Columns {
    Columns {
        series: Vec::with_capacity(readings),
        ts: Vec::with_capacity(readings),
        num: Vec::with_capacity(readings),
        unit: Vec::with_capacity(readings),
        quality: Vec::with_capacity(readings),
        raw: Vec::new(),
    }
}

/// A commit in the making: what goes in, and what each append will be told.
struct Plan {
    first: Offset,
    columns: Columns,
    arrivals: Vec<Arrival>,
    marks: Vec<Mark>,
    // Where a boot's mark stands in `marks`.
    moved: HashMap<(DeviceId, BootId), usize>,
    answers: Vec<Answer>,
    gaps: u64,
    duplicates: u64,
}

struct Answer {
    outcome: Outcome,
    tag: u64,
    on_commit: Arc<dyn OnCommit>,
    // Room is returned when the answer is given.
    _permit: Permit,
}

impl Plan {
    fn new(first: Offset) -> Self {
        Self {
            first,
            columns: Columns::default(),
            arrivals: Vec::new(),
            marks: Vec::new(),
            moved: HashMap::new(),
            answers: Vec::new(),
            gaps: 0,
            duplicates: 0,
        }
    }

    /// Takes in what of an append is new. Batches of one device come in order, so each sees the marks of those before it.
    fn add(&mut self, append: Append, marks: &Marks) {
        let Append { batch, permit, tag, on_commit } = append;
        let outcome = match self.new_rows(&batch, marks) {
            Ok(rows) => {
                let first = self.first.plus(self.columns.len() as u64);
                let stored = rows.len() as u32;
                self.columns.extend_from(&batch.columns, rows);
                self.arrived(batch.received_at);
                Outcome::Durable { first, stored }
            }
            Err(expected) => {
                self.gaps += 1;
                Outcome::Gap { expected }
            }
        };
        self.answers.push(Answer { outcome, tag, on_commit, _permit: permit });
    }

    /// The rows of frames past the mark, which moves; or the frame that is missing before them.
    fn new_rows(&mut self, batch: &AdmittedBatch, marks: &Marks) -> Result<std::ops::Range<usize>, FrameSeq> {
        let rows = batch.columns.len();
        let Some(numbered) = &batch.numbered else { return Ok(0..rows) };
        let Some(last) = numbered.frames.last() else { return Ok(0..0) };
        let key = (batch.device, numbered.boot);
        let known = self.moved.get(&key).copied();
        let mark = known.map_or_else(|| marks.get(batch.device, numbered.boot), |at| self.marks[at].q);
        let skipped = numbered.frames.partition_point(|frame| frame.q <= mark);
        self.duplicates += skipped as u64;
        let Some(first) = numbered.frames.get(skipped) else { return Ok(0..0) };
        if first.q != mark.next() {
            return Err(mark.next());
        }
        let at = known.unwrap_or_else(|| {
            self.marks.push(Mark { device: batch.device, boot: numbered.boot, q: mark });
            self.moved.insert(key, self.marks.len() - 1);
            self.marks.len() - 1
        });
        self.marks[at].q = last.q;
        let start = skipped.checked_sub(1).map_or(0, |before| numbered.frames[before].end_row as usize);
        let end = (last.end_row as usize).min(rows);
        Ok(start.min(end)..end)
    }

    fn arrived(&mut self, received_at: edgesync_schemas::time::Timestamp) {
        let end_row = self.columns.len() as u32;
        match self.arrivals.last_mut() {
            Some(last) if last.received_at == received_at => last.end_row = end_row,
            Some(last) if last.end_row == end_row => {}
            None if end_row == 0 => {}
            _ => self.arrivals.push(Arrival { end_row, received_at }),
        }
    }

    /// Whether nothing would be written.
    fn is_nothing(&self) -> bool {
        self.columns.is_empty() && self.marks.is_empty()
    }

    fn answer(self) {
        for answer in self.answers {
            answer.on_commit.done(answer.tag, answer.outcome);
        }
    }

    fn fail(self) {
        for answer in self.answers {
            answer.on_commit.done(answer.tag, Outcome::Failed);
        }
    }
}
