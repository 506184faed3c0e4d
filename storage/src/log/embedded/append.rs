//! Append: the one thread that makes readings durable.
//!
//! Group commit by nature: the appender takes whatever is queued, writes and syncs it, and takes what came meanwhile. An idle log has no
//! timer and a single batch waits for nothing; under load commits grow until the disk keeps up.
//!
//! It never ends for a failed write: it tells everybody, opens the store again and goes on. Why that is safe: `embedded/mod.rs`.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use edgesync_schemas::reading::Commit;

use super::super::marks::Mark;
use super::super::plan::Plan;
use super::super::queue::{Append, Taken, WhenClosed};
use super::super::{Ending, Error};
use super::blobs::BlobKey;
use super::{Embedded, commit};

// How often a stalled appender looks whether it still is, and a waiting one whether the store broke.
const STALL_PAUSE: Duration = Duration::from_millis(5);
const ROOM_PATIENCE: Duration = Duration::from_millis(100);
const REOPEN_FIRST: Duration = Duration::from_millis(100);
const REOPEN_MAX: Duration = Duration::from_secs(5);

/// The appender: owns the order of commits.
pub(crate) struct Appender {
    log: Arc<Embedded>,
    next_key: BlobKey,
    blob: Vec<u8>,
}

impl Appender {
    pub fn new(log: Arc<Embedded>, next_key: BlobKey) -> Self {
        Self { log, next_key, blob: Vec::new() }
    }

    /// Commits until the queue is closed. The appender's thread.
    pub fn run(mut self) {
        let ending = Ending { shared: self.log.shared.clone() };
        loop {
            if self.log.is_broken.swap(false, Relaxed) {
                self.reopen();
            }
            match self.log.shared.queue.take(self.log.shared.options.commit_readings) {
                Taken::Appends(appends) => {
                    self.wait_for_room();
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
        let mut since = Instant::now();
        loop {
            let has_room = self.log.live.wait_for_room(&self.log.shared.options, ROOM_PATIENCE);
            // Counted while it waits, not only when it has waited: a log that stands still must not look idle.
            let waited = since.elapsed().as_micros() as u64;
            self.log.shared.counters.seal_wait_us_total.fetch_add(waited, Relaxed);
            since = Instant::now();
            if has_room || self.log.shared.queue.closed() == Some(WhenClosed::Fail) {
                return;
            }
            if self.log.is_broken.swap(false, Relaxed) {
                self.reopen();
            }
        }
    }

    /// The tests' way to stall the store, at the last moment before it writes: nothing may have been answered by then.
    fn stall(&self) {
        let Some(file) = &self.log.shared.options.stall_file else { return };
        while file.exists() && self.log.shared.queue.closed() != Some(WhenClosed::Fail) {
            std::thread::sleep(STALL_PAUSE);
        }
    }

    fn commit(&mut self, appends: Vec<Append>) {
        let started = Instant::now();
        let readings = appends.iter().map(|append| append.batch.columns.len()).sum();
        let mut plan = Plan::new(self.log.shared.ring.end(), readings);
        {
            let marks = self.log.shared.marks();
            appends.into_iter().for_each(|append| plan.add(append, |device, boot| marks.get(device, boot)));
        }
        self.log.shared.counters.planned(plan.gaps, plan.duplicates);
        if plan.is_nothing() {
            return plan.answer();
        }
        // Taken after the batches were: what their readings name is in it.
        let new_series =
            if plan.columns.is_empty() { Vec::new() } else { self.log.shared.dictionary.take_changed() };
        let marks: Vec<Mark> = std::mem::take(&mut plan.marks);
        let commit = Commit {
            first: plan.first,
            columns: std::mem::take(&mut plan.columns),
            arrivals: std::mem::take(&mut plan.arrivals),
            new_series,
        };
        commit::encode(&mut self.blob, &commit, &marks);
        self.stall();
        match self.write(&commit) {
            Ok(()) => {
                let readings = commit.columns.len();
                self.publish(commit, &marks);
                self.log.shared.counters.committed(started.elapsed(), readings);
                plan.answer();
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    readings = commit.columns.len(),
                    "commit failed"
                );
                self.log.shared.counters.failed_commits.fetch_add(1, Relaxed);
                self.log.shared.dictionary.give_back(&commit.new_series);
                plan.fail();
                self.reopen();
            }
        }
    }

    fn write(&self, commit: &Commit) -> Result<(), Error> {
        self.log.store()?.commit(self.next_key, &self.blob, &commit.new_series)
    }

    /// Tells memory of a durable commit: readers see it from here on.
    fn publish(&mut self, commit: Commit, marks: &[Mark]) {
        let (log, shared) = (&self.log, &self.log.shared);
        log.blobs.add(self.next_key, self.blob.len());
        self.next_key = self.next_key.after(&commit);
        if !marks.is_empty() {
            let mut known = shared.marks.write().unwrap_or_else(PoisonError::into_inner);
            marks.iter().for_each(|mark| known.apply(*mark));
        }
        let commit = Arc::new(commit);
        log.live.push(commit.clone(), marks, shared.dictionary.table_len(), &shared.options);
        shared.ring.push(commit);
    }

    /// Opens the store again, with growing pauses, failing what is appended meanwhile. Returns when it is open or the log stops.
    fn reopen(&mut self) {
        let mut pause = REOPEN_FIRST;
        loop {
            self.log.shared.fail_queued();
            if self.log.shared.queue.closed().is_some() {
                return;
            }
            match self.log.reopen() {
                Ok(next_key) => {
                    self.next_key = next_key;
                    self.log.is_broken.store(false, Relaxed);
                    self.log.shared.counters.reopened.fetch_add(1, Relaxed);
                    tracing::warn!(end = %self.log.shared.ring.end(), "store reopened");
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
            while Instant::now() < until && self.log.shared.queue.closed().is_none() {
                self.log.shared.fail_queued();
                std::thread::sleep(STALL_PAUSE);
            }
            pause = (pause * 2).min(REOPEN_MAX);
        }
    }
}
