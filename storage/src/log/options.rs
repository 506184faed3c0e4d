//! What may be set about the log, and what it tells about itself.

use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;

use super::{Backend, ReadingLog, StoreHealth};

/// What may be set. `Options::default()` is what the product runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Bytes of admitted and not yet durable readings. Default: [`limit::APPEND_BUDGET_BYTES`].
    pub budget_bytes: usize,
    /// Readings in one commit. Default: [`limit::READINGS_PER_COMMIT`].
    pub commit_readings: usize,
    /// Readings in the head before it is sealed. Default: [`limit::HEAD_READINGS`].
    pub head_readings: usize,
    /// Bytes of the head before it is sealed. Default: [`limit::HEAD_BYTES`].
    pub head_bytes: usize,
    /// Age of the head's first reading at which it is sealed. Default: [`limit::HEAD_AGE_S`].
    pub head_age: Duration,
    /// Bytes of recent commits kept in memory. Default: [`limit::TAIL_BYTES`].
    pub tail_bytes: usize,
    /// Bytes of sealed commits kept on disk for readers that are behind. Default: [`limit::HELD_BYTES`].
    pub held_bytes: u64,
    /// Bytes of dropped blocks from which on their space is given back. Default: [`limit::GIVE_BACK_BYTES`].
    pub give_back_bytes: u64,
    /// Connections that commit to PostgreSQL. Default: [`limit::LOG_LANES`].
    pub lanes: usize,
    /// Opens also what a move has not finished. Default: no.
    pub is_half_moved_fine: bool,
    /// How long a log in PostgreSQL that another session has is waited for. Default: [`limit::LOG_HELD_S`].
    pub held: Duration,
    /// For tests: while this file exists, the appender waits before it commits. Default: none.
    pub stall_file: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            budget_bytes: limit::APPEND_BUDGET_BYTES,
            commit_readings: limit::READINGS_PER_COMMIT,
            head_readings: limit::HEAD_READINGS,
            head_bytes: limit::HEAD_BYTES,
            head_age: Duration::from_secs(limit::HEAD_AGE_S),
            tail_bytes: limit::TAIL_BYTES,
            held_bytes: limit::HELD_BYTES,
            give_back_bytes: limit::GIVE_BACK_BYTES,
            lanes: limit::LOG_LANES,
            is_half_moved_fine: false,
            held: Duration::from_secs(limit::LOG_HELD_S),
            stall_file: None,
        }
    }
}

/// Counters since the log was opened, and gauges of now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Commits made durable.
    pub commits: u64,
    /// Readings made durable.
    pub readings: u64,
    /// Frames skipped because they were committed before.
    pub duplicate_frames: u64,
    /// Batches refused because a frame before them is missing.
    pub gaps: u64,
    /// Commits that failed; every append in them was told so.
    pub failed_commits: u64,
    /// Times the store was reopened after a failure.
    pub reopened: u64,
    /// Bytes of readings admitted and not yet durable, against [`Stats::budget_bytes`].
    pub queued_bytes: u64,
    /// The budget.
    pub budget_bytes: u64,
    /// Microseconds that the last commit took, fsync included.
    pub commit_us_last: u64,
    /// Microseconds that the slowest commit took.
    pub commit_us_max: u64,
    /// Microseconds of all commits.
    pub commit_us_total: u64,
    /// Readings in the head and the frozen head.
    pub head_readings: u64,
    /// Heads sealed.
    pub seals: u64,
    /// Microseconds that sealing took in all.
    pub seal_us_total: u64,
    /// Microseconds that the appender waited for the sealer.
    pub seal_wait_us_total: u64,
    /// Bytes of the blocks written by sealing.
    pub block_bytes: u64,
    /// Blocks written by sealing.
    pub blocks: u64,
    /// Everything before it is in blocks.
    pub sealed: Offset,
    /// Offset after the last reading.
    pub end: Offset,
    /// Commits kept on disk as they were written: not sealed yet, or held for a reader.
    pub blobs: u64,
    /// Bytes of them.
    pub blob_bytes: u64,
    /// Series known.
    pub series: u64,
    /// Bytes on disk of what is sealed, without what was dropped; 0 while the store is being reopened. In PostgreSQL, of all days with their
    /// indexes as of the last [`ReadingLog::measure`].
    pub stored_bytes: u64,
    /// Passes that dropped what was too old.
    pub expiries: u64,
    /// Passes that failed.
    pub failed_expiries: u64,
    /// Readings dropped for their age, or for want of space.
    pub expired_readings: u64,
    /// Bytes of the blocks dropped.
    pub expired_bytes: u64,
    /// Bytes that the file system got back.
    pub freed_bytes: u64,
    /// Event time of the oldest sealed reading that the last pass left; the epoch if there was none.
    pub oldest_us: i64,
    /// How the store is.
    pub store: StoreHealth,
}

/// The counters behind [`Stats`]. Written by the appender, the sealer and the one who drops what is too old.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub commits: AtomicU64,
    pub readings: AtomicU64,
    pub duplicate_frames: AtomicU64,
    pub gaps: AtomicU64,
    pub failed_commits: AtomicU64,
    pub reopened: AtomicU64,
    pub commit_us_last: AtomicU64,
    pub commit_us_max: AtomicU64,
    pub commit_us_total: AtomicU64,
    pub seals: AtomicU64,
    pub seal_us_total: AtomicU64,
    pub seal_wait_us_total: AtomicU64,
    pub block_bytes: AtomicU64,
    pub blocks: AtomicU64,
    pub expiries: AtomicU64,
    pub failed_expiries: AtomicU64,
    pub expired_readings: AtomicU64,
    pub expired_bytes: AtomicU64,
    pub freed_bytes: AtomicU64,
    pub oldest_us: AtomicI64,
}

impl Counters {
    /// A commit became durable, so long after its readings were taken from the queue.
    pub fn committed(&self, took: Duration, readings: usize) {
        let us = took.as_micros() as u64;
        self.commits.fetch_add(1, Relaxed);
        self.readings.fetch_add(readings as u64, Relaxed);
        self.commit_us_last.store(us, Relaxed);
        self.commit_us_max.fetch_max(us, Relaxed);
        self.commit_us_total.fetch_add(us, Relaxed);
    }

    /// What a plan found: batches after a missing frame, frames that were committed before.
    pub fn planned(&self, gaps: u64, duplicates: u64) {
        self.gaps.fetch_add(gaps, Relaxed);
        self.duplicate_frames.fetch_add(duplicates, Relaxed);
    }
}

impl ReadingLog {
    /// Counters and gauges, read without stopping anything.
    pub fn stats(&self) -> Stats {
        let shared = &self.shared;
        let c = &shared.counters;
        let own = match &self.backend {
            Backend::Embedded(log) => {
                let (head_readings, sealed) = log.live.gauge();
                let (blobs, blob_bytes) = log.blobs.gauge();
                let stored_bytes = log.stored_bytes();
                Stats { head_readings, sealed, blobs, blob_bytes, stored_bytes, ..Stats::default() }
            }
            Backend::Postgres(log) => {
                Stats { store: log.health(), stored_bytes: log.stored_bytes(), ..Stats::default() }
            }
        };
        Stats {
            commits: c.commits.load(Relaxed),
            readings: c.readings.load(Relaxed),
            duplicate_frames: c.duplicate_frames.load(Relaxed),
            gaps: c.gaps.load(Relaxed),
            failed_commits: c.failed_commits.load(Relaxed),
            reopened: c.reopened.load(Relaxed),
            queued_bytes: shared.queue.used_bytes(),
            budget_bytes: shared.options.budget_bytes as u64,
            commit_us_last: c.commit_us_last.load(Relaxed),
            commit_us_max: c.commit_us_max.load(Relaxed),
            commit_us_total: c.commit_us_total.load(Relaxed),
            seals: c.seals.load(Relaxed),
            seal_us_total: c.seal_us_total.load(Relaxed),
            seal_wait_us_total: c.seal_wait_us_total.load(Relaxed),
            block_bytes: c.block_bytes.load(Relaxed),
            blocks: c.blocks.load(Relaxed),
            end: shared.ring.end(),
            series: shared.dictionary.count() as u64,
            expiries: c.expiries.load(Relaxed),
            failed_expiries: c.failed_expiries.load(Relaxed),
            expired_readings: c.expired_readings.load(Relaxed),
            expired_bytes: c.expired_bytes.load(Relaxed),
            freed_bytes: c.freed_bytes.load(Relaxed),
            oldest_us: c.oldest_us.load(Relaxed),
            ..own
        }
    }
}
