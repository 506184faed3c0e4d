//! Following the log: recent commits in a ring in memory, older ones from the store, and waking those who wait for the next.
//!
//! The ring is bounded by bytes; commits in it are shared with the head and with whoever reads them. A reader that falls behind it reads
//! the store until it has caught up; the appender never waits for readers.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use edgesync_schemas::id::Offset;
use edgesync_schemas::reading::{Arrival, Columns, Commit};
use edgesync_schemas::time::Timestamp;
use tokio::sync::watch;

use super::{Error, ReadingLog, Shared};

// What a commit costs in memory beside its readings: seven allocations and their headers.
pub(crate) const COMMIT_BYTES: usize = 512;
// Read from the store at once by a tail that is behind: some commits of a busy log, or many of a quiet one.
pub(crate) const READ_AHEAD_BYTES: usize = 4 * 1024 * 1024;
// Between looks at a store that is away.
const AWAY_PAUSE: Duration = Duration::from_millis(100);

/// The recent commits, and the end of the log.
pub(crate) struct Ring {
    bytes_max: usize,
    recent: RwLock<Recent>,
    reached: watch::Sender<Reached>,
}

#[derive(Default)]
struct Recent {
    // In order, each starting where the one before ended.
    commits: VecDeque<Arc<Commit>>,
    bytes: usize,
}

/// How far the log got.
#[derive(Debug, Clone, Copy)]
struct Reached {
    end: Offset,
    is_closed: bool,
}

enum Found {
    Commit(Arc<Commit>),
    Behind,
    End,
}

impl Ring {
    pub fn new(bytes_max: usize, end: Offset) -> Self {
        let (reached, _) = watch::channel(Reached { end, is_closed: false });
        Self { bytes_max, recent: RwLock::default(), reached }
    }

    /// Offset after the last durable reading.
    pub fn end(&self) -> Offset {
        self.reached.borrow().end
    }

    /// Adds the next commit and wakes those who wait. A commit without readings is nothing to follow.
    pub fn push(&self, commit: Arc<Commit>) {
        if commit.columns.is_empty() {
            return;
        }
        let end = commit.end();
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.bytes += bytes_of(&commit);
        recent.commits.push_back(commit);
        while recent.bytes > self.bytes_max && recent.commits.len() > 1 {
            let Some(oldest) = recent.commits.pop_front() else { break };
            recent.bytes -= bytes_of(&oldest);
        }
        // Under the lock: whoever finds the commit finds the end behind it, too.
        self.reached.send_modify(|reached| reached.end = end);
    }

    /// No commit will follow.
    pub fn close(&self) {
        self.reached.send_modify(|reached| reached.is_closed = true);
    }

    /// When the reading at this offset arrived, if its commit is a recent one.
    pub fn arrived(&self, at: Offset) -> Option<Timestamp> {
        let Found::Commit(commit) = self.find(at) else { return None };
        let row = at.0 - commit.first.0;
        let arrival = commit.arrivals.iter().find(|arrival| u64::from(arrival.end_row) > row);
        arrival.map(|arrival| arrival.received_at)
    }

    fn find(&self, cursor: Offset) -> Found {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        match recent.commits.partition_point(|commit| commit.first <= cursor).checked_sub(1) {
            Some(at) if recent.commits[at].end() > cursor => Found::Commit(recent.commits[at].clone()),
            Some(_) => Found::End,
            None if cursor < self.end() => Found::Behind,
            None => Found::End,
        }
    }
}

pub(crate) fn bytes_of(commit: &Commit) -> usize {
    commit.columns.bytes() + COMMIT_BYTES
}

/// Keeps commits at and after an offset in the store while it lives.
pub struct Hold {
    shared: Arc<Shared>,
    number: u64,
}

impl Hold {
    pub(super) fn new(shared: Arc<Shared>, from: Offset) -> Self {
        let number = shared.holds.hold(from);
        Self { shared, number }
    }

    /// Holds from `to` on instead.
    pub fn advance(&self, to: Offset) {
        self.shared.holds.advance(self.number, to);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.shared.holds.release(self.number);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Reads the log's commits in order from an offset on. Keeps the log open while it lives.
pub struct Tail {
    log: ReadingLog,
    hold: Hold,
    cursor: Offset,
    reached: watch::Receiver<Reached>,
    // Read ahead from the store, in order from the cursor on.
    ahead: VecDeque<Arc<Commit>>,
}

impl Tail {
    pub(super) fn new(log: ReadingLog, from: Offset) -> Self {
        let reached = log.shared.ring.reached.subscribe();
        let hold = Hold::new(log.shared.clone(), from);
        Self { log, hold, cursor: from, reached, ahead: VecDeque::new() }
    }

    /// The commit at the cursor; waits for it at the end of the log. A cursor within a commit gets the rest of it. The cursor then
    /// stands after it.
    ///
    /// Cancel safe: the cursor moves only when a commit is returned.
    ///
    /// # Errors
    /// [`Error::Dropped`] if the cursor is before what is kept: go on from the offset in it. [`Error::PastEnd`] if it lies after the end.
    /// [`Error::Closed`] at the end of a log that was shut down. [`Error::Store`] and [`Error::Corrupt`] if the store cannot be read.
    pub async fn next(&mut self) -> Result<Arc<Commit>, Error> {
        loop {
            if let Some(commit) = self.ahead.pop_front() {
                return Ok(self.advance(commit));
            }
            match self.log.shared.ring.find(self.cursor) {
                Found::Commit(commit) => return Ok(self.advance(commit)),
                Found::Behind => self.read_ahead().await?,
                Found::End => self.wait().await?,
            }
        }
    }

    /// Like [`Tail::next`], but `None` where that would wait at the end.
    ///
    /// # Errors
    /// As [`Tail::next`].
    pub async fn next_now(&mut self) -> Result<Option<Arc<Commit>>, Error> {
        if self.cursor >= self.log.end() { Ok(None) } else { self.next().await.map(Some) }
    }

    /// Offset of the next reading that this tail gives.
    pub fn cursor(&self) -> Offset {
        self.cursor
    }

    /// Readings between the cursor and the end of the log.
    pub fn lag(&self) -> u64 {
        self.log.end().0.saturating_sub(self.cursor.0)
    }

    /// Goes on from another offset.
    pub fn seek(&mut self, to: Offset) {
        self.ahead.clear();
        self.cursor = to;
        self.hold.advance(to);
    }

    fn advance(&mut self, commit: Arc<Commit>) -> Arc<Commit> {
        let commit =
            if commit.first < self.cursor { Arc::new(rest_of(&commit, self.cursor)) } else { commit };
        self.cursor = commit.end();
        self.hold.advance(self.cursor);
        commit
    }

    async fn wait(&mut self) -> Result<(), Error> {
        let cursor = self.cursor;
        let end = self.log.end();
        if cursor > end {
            return Err(Error::PastEnd { asked: cursor, end });
        }
        let reached = self.reached.wait_for(|reached| reached.end > cursor || reached.is_closed).await;
        match reached {
            Ok(reached) if reached.end > cursor => Ok(()),
            _ => Err(Error::Closed),
        }
    }

    async fn read_ahead(&mut self) -> Result<(), Error> {
        match self.log.catch_up(self.cursor).await {
            Ok(commits) => self.ahead = commits,
            Err(Error::Unavailable) => tokio::time::sleep(AWAY_PAUSE).await,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// The rows of a commit from an offset within it on. All its new series are told: the reader may not have seen the start.
fn rest_of(commit: &Commit, from: Offset) -> Commit {
    let row = (from.0 - commit.first.0) as usize;
    let mut columns = Columns::default();
    columns.extend_from(&commit.columns, row..commit.columns.len());
    let later = commit.arrivals.iter().filter(|arrival| arrival.end_row as usize > row);
    let arrivals =
        later.map(|arrival| Arrival { end_row: arrival.end_row - row as u32, ..*arrival }).collect();
    Commit { first: from, columns, arrivals, new_series: commit.new_series.clone() }
}

#[cfg(test)]
mod tests {
    use edgesync_schemas::id::SeriesId;
    use edgesync_schemas::reading::Quality;
    use edgesync_schemas::unit::UnitIndex;
    use edgesync_schemas::value::Value;

    use super::*;

    #[test]
    fn a_commit_that_is_found_lies_before_the_end() {
        const COMMITS: u64 = 100_000;
        let mut columns = Columns::default();
        columns.push(
            SeriesId(0),
            Timestamp::MIN,
            Value::number(1.0).unwrap(),
            UnitIndex::NONE,
            Quality::GOOD,
        );
        let ring = Ring::new(1 << 20, Offset(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for first in (0..COMMITS).map(Offset) {
                    let (arrivals, new_series) = (Vec::new(), Vec::new());
                    ring.push(Arc::new(Commit { first, columns: columns.clone(), arrivals, new_series }));
                }
            });
            let mut cursor = Offset(0);
            while cursor < Offset(COMMITS) {
                match ring.find(cursor) {
                    Found::Commit(commit) => {
                        cursor = commit.end();
                        assert!(cursor <= ring.end(), "{cursor} is past the end {}", ring.end());
                    }
                    Found::Behind => cursor = ring.end(),
                    Found::End => std::hint::spin_loop(),
                }
            }
        });
    }
}
