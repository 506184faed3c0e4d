//! What went wrong at the database, by what is to be done about it, and the gauges that say how long it has been so.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio_postgres::error::{DbError, SqlState};

use crate::postgres;

/// Why the log waits for its database. All but [`Failure::Data`], [`Failure::Taken`] and [`Failure::Lost`] are waited out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It cannot be reached, or the connection broke.
    Unreachable,
    /// It is being shut down (57P01, 57P02), or ended the connection.
    ShuttingDown,
    /// It starts or recovers and takes no connections yet (57P03).
    Starting,
    /// It takes no writes: a standby, or made read-only (25006).
    ReadOnly,
    /// Its disk is full (53100).
    DiskFull,
    /// It has no connection or memory to spare (class 53).
    Exhausted,
    /// It does not let us in, or do what is needed (classes 28, 3D, 42).
    Refused,
    /// Another session of this server still holds the log; it ends by itself.
    Held,
    /// It does not take the data (classes 22, 23, 54). Not waited out: the batch that is to blame fails.
    Data,
    /// Another server owns the log now.
    Taken,
    /// It holds less than was acknowledged.
    Lost,
    /// Something else.
    Other,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Unreachable,
        Self::ShuttingDown,
        Self::Starting,
        Self::ReadOnly,
        Self::DiskFull,
        Self::Exhausted,
        Self::Refused,
        Self::Held,
        Self::Data,
        Self::Taken,
        Self::Lost,
        Self::Other,
    ];

    /// As metrics name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::ShuttingDown => "shutting_down",
            Self::Starting => "starting",
            Self::ReadOnly => "read_only",
            Self::DiskFull => "disk_full",
            Self::Exhausted => "exhausted",
            Self::Refused => "refused",
            Self::Held => "held",
            Self::Data => "data",
            Self::Taken => "taken",
            Self::Lost => "lost",
            Self::Other => "other",
        }
    }

    /// Whether it is no use to wait: what is appended fails until an operator has put it right.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Taken | Self::Lost)
    }

    /// Whether an operator must do something, and soon.
    pub(super) fn is_severe(self) -> bool {
        matches!(
            self,
            Self::DiskFull | Self::ReadOnly | Self::Refused | Self::Data | Self::Taken | Self::Lost
        )
    }

    fn of(error: &DbError) -> Self {
        let code = error.code();
        // The commit's own record is refused when the owner or the number before it is not what it was.
        if error.table() == Some("log_commits")
            && (*code == SqlState::NOT_NULL_VIOLATION || *code == SqlState::UNIQUE_VIOLATION)
        {
            return Self::Taken;
        }
        match code.code() {
            "57P01" | "57P02" | "57P05" => Self::ShuttingDown,
            "57P03" => Self::Starting,
            "25006" => Self::ReadOnly,
            "53100" => Self::DiskFull,
            code => match code.get(..2) {
                Some("08") => Self::Unreachable,
                Some("53") => Self::Exhausted,
                Some("28" | "3D" | "42") => Self::Refused,
                Some("22" | "23" | "54") => Self::Data,
                _ => Self::Other,
            },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure with what the database or the system said.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{said}")]
pub struct Trouble {
    /// What is to be done about it.
    pub failure: Failure,
    said: String,
}

impl Trouble {
    pub(super) fn new(failure: Failure, said: impl Into<String>) -> Self {
        Self { failure, said: said.into() }
    }
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(db) => {
                let mut said = format!("{} ({})", db.message(), db.code().code());
                for more in [db.detail(), db.hint()].into_iter().flatten() {
                    said.push_str(": ");
                    said.push_str(more);
                }
                Self { failure: Failure::of(db), said }
            }
            None => {
                let mut said = error.to_string();
                let mut cause = std::error::Error::source(&error);
                while let Some(error) = cause {
                    said = format!("{said}: {error}");
                    cause = error.source();
                }
                Self { failure: Failure::Unreachable, said }
            }
        }
    }
}

impl From<postgres::Error> for Trouble {
    fn from(error: postgres::Error) -> Self {
        let place = error.to_string();
        match error {
            postgres::Error::Away { error: Some(error), .. } | postgres::Error::Refused { error, .. } => {
                let trouble = Self::from(error);
                Self { said: format!("{place}: {}", trouble.said), ..trouble }
            }
            postgres::Error::Away { .. } | postgres::Error::Busy => Self::new(Failure::Unreachable, place),
            _ => Self::new(Failure::Refused, place),
        }
    }
}

/// How the database is, for metrics.
#[derive(Debug, Default)]
pub(super) struct Health {
    // Since when it has been away.
    away: Mutex<Option<Instant>>,
    last: AtomicUsize,
    counts: [AtomicU64; Failure::ALL.len()],
}

/// How the log's store is. The embedded one is always there, except while it is opened again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreHealth {
    /// Seconds that it has been away; `None` while it is there.
    pub away_s: Option<u64>,
    /// Why it was away the last time.
    pub last: Option<Failure>,
    /// Failures by kind, in the order of [`Failure::ALL`].
    pub failures: [u64; Failure::ALL.len()],
}

impl Health {
    pub fn failed(&self, failure: Failure) {
        let at = Failure::ALL.iter().position(|known| *known == failure).unwrap_or_default();
        self.counts[at].fetch_add(1, Relaxed);
        self.last.store(at + 1, Relaxed);
    }

    pub fn away(&self) {
        self.away.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
    }

    /// It is back. Seconds that it was away.
    pub fn back(&self) -> u64 {
        let since = self.away.lock().unwrap_or_else(PoisonError::into_inner).take();
        since.map_or(0, |since| since.elapsed().as_secs())
    }

    pub fn now(&self) -> StoreHealth {
        let since = *self.away.lock().unwrap_or_else(PoisonError::into_inner);
        StoreHealth {
            away_s: since.map(|since| since.elapsed().as_secs()),
            last: self.last.load(Relaxed).checked_sub(1).map(|at| Failure::ALL[at]),
            failures: std::array::from_fn(|at| self.counts[at].load(Relaxed)),
        }
    }
}
