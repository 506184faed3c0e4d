//! What happened on the device sockets, counted. Written once per turn of a socket, not per reading.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use edgesync_schemas::wire::close::CloseCode;
use edgesync_schemas::wire::frame::{Refusal, Rejection};

use crate::tally::Tally;

/// Counters of all device sockets since the start of the process.
#[derive(Debug, Default)]
pub struct Counters {
    /// Sockets that said who they are.
    pub connected: AtomicU64,
    /// Sockets that ended after that.
    pub disconnected: AtomicU64,
    /// Data frames taken.
    pub frames: AtomicU64,
    /// Frames that were sent again though they are stored.
    pub repeated: AtomicU64,
    /// Readings admitted.
    pub readings: AtomicU64,
    /// Readings stored with the time of arrival, because their own lay too far in the future.
    pub clock_ahead: AtomicU64,
    /// Turns in which a socket waited for the log's byte budget.
    pub waited: AtomicU64,
    /// Woken at each end of a socket, for whoever waits for the last.
    pub(super) ended: tokio::sync::Notify,
    rejected: [AtomicU64; Rejection::ALL.len()],
    refused: [AtomicU64; Refusal::ALL.len()],
    closed: [AtomicU64; CloseCode::ALL.len()],
}

/// Counts what is refused: for the process, and for the organization whose device it is.
#[derive(Debug, Clone, Copy)]
pub struct Counting<'a> {
    /// All sockets.
    pub all: &'a Counters,
    /// The organization.
    pub own: &'a Tally,
}

impl Counting<'_> {
    /// Counts a refused reading.
    pub fn count_rejection(self, rejection: Rejection) {
        count(&Rejection::ALL, &self.all.rejected, rejection);
        self.own.refuse();
    }

    /// Counts a refused frame. One that is only to be sent again is none to its organization.
    pub fn count_refusal(self, refusal: Refusal) {
        count(&Refusal::ALL, &self.all.refused, refusal);
        if !matches!(refusal, Refusal::Busy | Refusal::Gap) {
            self.own.refuse();
        }
    }
}

impl Counters {
    /// Counts a socket that the server closed.
    pub fn count_close(&self, code: CloseCode) {
        count(&CloseCode::ALL, &self.closed, code);
    }

    /// Sockets open now.
    pub fn open(&self) -> u64 {
        self.connected.load(Relaxed).saturating_sub(self.disconnected.load(Relaxed))
    }

    /// Refused readings by reason.
    pub fn rejected(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Rejection::ALL.iter().zip(&self.rejected).map(|(r, n)| (r.code(), n.load(Relaxed)))
    }

    /// Refused frames by reason.
    pub fn refused(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Refusal::ALL.iter().zip(&self.refused).map(|(r, n)| (r.code(), n.load(Relaxed)))
    }

    /// Sockets closed by the server, by code.
    pub fn closed(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        CloseCode::ALL.iter().zip(&self.closed).map(|(c, n)| (c.number(), n.load(Relaxed)))
    }
}

fn count<T: PartialEq + Copy, const N: usize>(all: &[T; N], counters: &[AtomicU64; N], what: T) {
    if let Some(at) = all.iter().position(|one| *one == what) {
        counters[at].fetch_add(1, Relaxed);
    }
}
