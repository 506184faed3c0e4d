//! What is known of whether the database is there: said once when it goes and once when it is back, counted for the metrics.
//!
//! While it is away, attempts to connect are spaced by the backoff; who comes in between is told at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::backoff::Backoff;

/// Counters since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Whether the last attempt to connect found nobody.
    pub away: bool,
    /// Connections made.
    pub connected: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Connections that broke.
    pub lost: u64,
}

#[derive(Debug, Default)]
pub(super) struct Health {
    connected: AtomicU64,
    failed: AtomicU64,
    lost: AtomicU64,
    // A std lock: held for a look, never across an await.
    absence: Mutex<Option<Absence>>,
}

#[derive(Debug)]
struct Absence {
    since: Instant,
    attempts: u64,
    /// When the next attempt may be made.
    next: Instant,
    backoff: Backoff,
}

impl Health {
    pub(super) fn stats(&self) -> Stats {
        Stats {
            away: self.lock().is_some(),
            connected: self.connected.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
        }
    }

    /// Whether an attempt makes sense now.
    pub(super) fn may_try(&self) -> bool {
        self.lock().as_ref().is_none_or(|absence| absence.next <= Instant::now())
    }

    pub(super) fn connected(&self) {
        self.connected.fetch_add(1, Ordering::Relaxed);
        if let Some(absence) = self.lock().take() {
            let away_ms = absence.since.elapsed().as_millis();
            tracing::info!(away_ms, attempts = absence.attempts, "PostgreSQL is back");
        }
    }

    /// An attempt found nobody.
    pub(super) fn away(&self, at: &str, error: &str) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let mut absence = self.lock();
        let absence = absence.get_or_insert_with(|| {
            tracing::warn!(at, error, "PostgreSQL does not answer; it is tried again and again");
            Absence { since: now, attempts: 0, next: now, backoff: Backoff::default() }
        });
        absence.attempts += 1;
        // Attempts that began together fail together: they count as one.
        if absence.next <= now {
            absence.next = now + absence.backoff.next();
        }
    }

    /// An attempt was refused: it is there.
    pub(super) fn refused(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Absence>> {
        self.absence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error with its causes: what the library says by itself is only what it was doing.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
