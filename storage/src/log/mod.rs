//! The reading log: append-only readings of all devices, and the frame numbers that make a resent frame a no-op.
//!
//! What it promises:
//! - A reading is durable before anybody hears of it: [`OnCommit::done`], [`ReadingLog::tail`], [`ReadingLog::latest`] and
//!   [`ReadingLog::range`] show committed readings only.
//! - A commit is atomic: readings, frame marks and new series all or none. A frame at or below its device's mark is
//!   skipped within the commit, so nothing is stored twice, whatever sockets do.
//! - Memory is bounded: readings on their way by [`Options::budget_bytes`], the head and the one frozen head by
//!   [`Options::head_readings`] and [`Options::head_bytes`], recent commits by [`Options::tail_bytes`].
//!
//! The way of an append: `reserve` a permit, `submit` the batch, hear of it through [`OnCommit`]. One thread commits. Two stores
//! exist: the embedded one in a directory (`embedded/mod.rs`) and PostgreSQL (`postgres/mod.rs`). What lies beside them in this
//! directory is the same for both: queue, plan of a commit, dictionary, marks, the ring of recent commits, holds of readers.

mod derived;
pub(crate) mod embedded;
mod error;
mod export;
mod holds;
mod import;
mod marks;
mod offsets;
mod options;
mod place;
mod plan;
pub(crate) mod postgres;
mod query;
mod queue;
mod retention;
mod series;
mod states;
mod tail;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;

use edgesync_schemas::id::{BootId, DeviceId, FrameSeq, Offset};
use edgesync_schemas::reading::Commit;
use edgesync_schemas::time::Timestamp;

pub(crate) use derived::Old;
pub use derived::{Derived, DerivedOf, DerivedQuery, DerivedRow, DerivedSeries};
pub use embedded::check;
pub use error::Error;
pub use export::{Export, Rest, Which};
pub use import::{Beside, Claim, Import, Reached};
pub(crate) use marks::imports_of;
pub use options::{Options, Stats};
pub use postgres::check::check as check_postgres;
pub use postgres::{Failure, StoreHealth, Trouble};
pub use query::{NotAnOrder, Order, RangePage, RangeQuery, StoredReading};
pub use queue::{Append, OnCommit, Outcome, Permit};
pub(crate) use retention::now;
pub use retention::{Expired, Expiry, Retention, SLICE};
pub use series::{Refused, SeriesDictionary};
pub use tail::{Hold, Tail};

use embedded::Embedded;
use holds::Holds;
use marks::Marks;
use options::Counters;
use postgres::Postgres;
use queue::{Queue, WhenClosed};
use tail::Ring;

use crate::catalog::idempotency;
use crate::postgres::Server;

/// A handle on a reading log. Cheap to clone; the last clone's drop stops the threads without committing what is queued
/// ([`ReadingLog::shutdown`] does).
#[derive(Clone)]
pub struct ReadingLog {
    shared: Arc<Shared>,
    backend: Backend,
    // Dropped with the last clone: stops and joins the threads, which hold `shared` themselves.
    threads: Arc<Threads>,
}

/// Where the log lies.
#[derive(Clone)]
pub(crate) enum Backend {
    Embedded(Arc<Embedded>),
    Postgres(Arc<Postgres>),
}

/// What handles and threads share, whatever the store is.
pub(crate) struct Shared {
    options: Options,
    dictionary: SeriesDictionary,
    marks: RwLock<Marks>,
    retention: RwLock<Arc<Retention>>,
    queue: Queue,
    ring: Ring,
    holds: Holds,
    counters: Counters,
    derived: derived::Dictionary,
}

impl std::fmt::Debug for ReadingLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadingLog").field("end", &self.end()).finish_non_exhaustive()
    }
}

impl ReadingLog {
    /// Opens the log in `directory`, creating it if it is not there. Blocks: takes the process lock, replays journals, and
    /// reads commits past the sealed offset into the head (at most two heads: about a second).
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::NetworkFileSystem`], [`Error::Directory`]; [`Error::Store`], [`Error::Corrupt`] and
    /// [`Error::Version`] when what is there cannot be read.
    pub fn open(directory: &Path, options: Options) -> Result<Self, Error> {
        let (log, threads) = Embedded::open(directory, options)?;
        let shared = log.shared.clone();
        Ok(Self { shared, backend: Backend::Embedded(log), threads: Arc::new(threads) })
    }

    /// Takes the log of a database, making its tables if they are not there. Not cancel safe: the log may stay taken until the process
    /// ends.
    ///
    /// # Errors
    /// [`Error::Held`] if another server has it, [`Error::Database`]; [`Error::Corrupt`] and [`Error::Version`] when what is there
    /// cannot be read.
    pub async fn open_postgres(server: &Server, options: Options) -> Result<Self, Error> {
        let (log, threads) = Postgres::open(server, options).await?;
        let shared = log.shared.clone();
        Ok(Self { shared, backend: Backend::Postgres(log), threads: Arc::new(threads) })
    }

    /// Room for `bytes` of readings in the budget of admitted and not yet durable ones; waits while it is used up. A request larger
    /// than the budget gets the whole budget. The permit goes into the [`Append`] and returns the room when it is dropped.
    ///
    /// Cancel safe: no room is taken if the future is dropped.
    pub async fn reserve(&self, bytes: usize) -> Permit {
        self.shared.queue.reserve(bytes).await
    }

    /// As [`ReadingLog::reserve`], if there is room now.
    pub fn try_reserve(&self, bytes: usize) -> Option<Permit> {
        self.shared.queue.try_reserve(bytes)
    }

    /// Queues a batch for the next commit. Never blocks: its permit is the proof of room. After [`ReadingLog::shutdown`] it is
    /// answered [`Outcome::Failed`] at once, on this thread.
    pub fn submit(&self, append: Append) {
        idempotency::submitting();
        self.shared.queue.submit(append);
    }

    /// Highest committed frame of a boot; `FrameSeq(0)` if there is none.
    pub fn committed(&self, device: DeviceId, boot: BootId) -> FrameSeq {
        self.shared.marks().get(device, boot)
    }

    /// The dictionary of series.
    pub fn series(&self) -> &SeriesDictionary {
        &self.shared.dictionary
    }

    /// Offset that the next reading gets: the number of readings committed.
    pub fn end(&self) -> Offset {
        self.shared.ring.end()
    }

    /// When the reading at this offset arrived, if it is among the recent commits that are kept in memory.
    pub fn arrived(&self, at: Offset) -> Option<Timestamp> {
        self.shared.ring.arrived(at)
    }

    /// Reads commits from `from` on, in order, without end. While the tail lives, commits at and after its cursor are kept.
    pub fn tail(&self, from: Offset) -> Tail {
        Tail::new(self.clone(), from)
    }

    /// Keeps the commits at and after `from` on disk for as long as the [`Hold`] lives, at most [`Options::held_bytes`] of them.
    pub fn hold(&self, from: Offset) -> Hold {
        Hold::new(self.shared.clone(), from)
    }

    /// How far the reader of this name got, as it was written down last; also by an earlier process.
    pub fn bookmark(&self, name: &str) -> Option<Offset> {
        self.shared.holds.bookmark(name)
    }

    /// Writes down how far a reader got. Commits at and after a bookmark are kept on disk across restarts too, at most
    /// [`Options::held_bytes`] of them. It survives the process at once; a power cut only with the next commit, unless `is_synced`. A
    /// bookmark that is lost leaves the one before, never a later one.
    ///
    /// Works after [`ReadingLog::shutdown`] as well. Not cancel safe: it may be written or not.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Unavailable`]; the bookmark is where it was.
    pub async fn set_bookmark(&self, name: &'static str, to: Offset, is_synced: bool) -> Result<(), Error> {
        match &self.backend {
            Backend::Embedded(log) => {
                let log = log.clone();
                blocking(move || log.set_bookmark(name, to, is_synced)).await?;
            }
            Backend::Postgres(log) => log.set_bookmark(name, to, is_synced).await?,
        }
        self.shared.holds.set_bookmark(name, to);
        Ok(())
    }

    /// The newest reading of each sensor of a device, by event time, then offset; in the order the sensors first appeared.
    ///
    /// Cancel safe. Cost: a point read per sensor.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Corrupt`], [`Error::Unavailable`].
    pub async fn latest(&self, device: DeviceId) -> Result<Vec<StoredReading>, Error> {
        match &self.backend {
            Backend::Embedded(log) => {
                let log = log.clone();
                blocking(move || embedded::read::latest(&log, device)).await
            }
            Backend::Postgres(log) => postgres::latest(log, device).await,
        }
    }

    /// A page of a device's readings by event time, then offset.
    ///
    /// Cancel safe. Cost: decodes the blocks that overlap the page, and walks the head's readings of the series asked for.
    ///
    /// # Errors
    /// [`Error::Cursor`] for a cursor that no query gave out; [`Error::Store`], [`Error::Corrupt`], [`Error::Unavailable`].
    pub async fn range(&self, query: RangeQuery) -> Result<RangePage, Error> {
        match &self.backend {
            Backend::Embedded(log) => {
                let log = log.clone();
                blocking(move || embedded::read::range(&log, &query)).await
            }
            Backend::Postgres(log) => postgres::range(log, &query).await,
        }
    }

    /// Commits what is queued, then stops. Later appends fail. If the future is dropped, what is not committed by then fails, and the log
    /// stops.
    ///
    /// # Errors
    /// [`Error::Closed`] if the threads could not be waited for.
    pub async fn shutdown(&self) -> Result<(), Error> {
        self.shared.queue.close(WhenClosed::Commit);
        // A database that is away would be waited for without end: whoever stops waiting for us stops that, too.
        let _give_up = GiveUp(&self.shared.queue);
        let threads = self.threads.clone();
        tokio::task::spawn_blocking(move || threads.join()).await.map_err(|_| Error::Closed)
    }

    /// Where the log lies, for those who read it in ways of their own.
    pub(crate) fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Some commits from the one that has `cursor` on, for a reader that is behind the ring.
    async fn catch_up(&self, cursor: Offset) -> Result<VecDeque<Arc<Commit>>, Error> {
        match &self.backend {
            Backend::Embedded(log) => {
                let log = log.clone();
                blocking(move || embedded::catch_up(&log, cursor)).await
            }
            Backend::Postgres(log) => postgres::catch_up(log, cursor).await,
        }
    }
}

/// Runs work that may block on a thread for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(Error::Closed),
    }
}

impl Shared {
    fn new(options: Options, dictionary: SeriesDictionary, marks: Marks, ring: Ring, holds: Holds) -> Self {
        let queue = Queue::new(options.budget_bytes);
        let counters = Counters::default();
        let (marks, retention, derived) =
            (RwLock::new(marks), RwLock::default(), derived::Dictionary::default());
        Self { options, dictionary, marks, retention, queue, ring, holds, counters, derived }
    }

    /// The sequence marks.
    fn marks(&self) -> RwLockReadGuard<'_, Marks> {
        self.marks.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers all that is queued: it failed.
    fn fail_queued(&self) {
        self.queue.drain().into_iter().for_each(Append::fail);
    }
}

/// Lets what is queued fail, whenever it is dropped.
struct GiveUp<'a>(&'a Queue);

impl Drop for GiveUp<'_> {
    fn drop(&mut self) {
        self.0.close(WhenClosed::Fail);
    }
}

/// Ends what waits for the appender, however it ends.
struct Ending {
    shared: Arc<Shared>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.shared.queue.close(WhenClosed::Fail);
        self.shared.fail_queued();
        self.shared.ring.close();
    }
}

/// The threads of a log; the appender's is the first.
pub(crate) struct Threads {
    shared: Arc<Shared>,
    // Ends those that do not wait for the queue.
    stop: Box<dyn Fn() + Send + Sync>,
    running: Mutex<Vec<JoinHandle<()>>>,
}

impl Threads {
    fn new(shared: Arc<Shared>, stop: impl Fn() + Send + Sync + 'static) -> Self {
        Self { shared, stop: Box::new(stop), running: Mutex::default() }
    }

    /// With a thread that runs already.
    fn with(mut self, running: JoinHandle<()>) -> Self {
        self.running.get_mut().unwrap_or_else(PoisonError::into_inner).push(running);
        self
    }

    fn start(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
        self.running.get_mut().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// Waits for the threads. The appender goes first: it may be waiting for the others.
    fn join(&self) {
        let running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        for (index, thread) in running.into_iter().enumerate() {
            if thread.join().is_err() {
                tracing::error!(thread = index, "log thread panicked");
            }
            (self.stop)();
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.queue.close(WhenClosed::Fail);
        (self.stop)();
        self.join();
    }
}

#[cfg(test)]
impl ReadingLog {
    fn embedded(&self) -> &Arc<Embedded> {
        match &self.backend {
            Backend::Embedded(log) => log,
            Backend::Postgres(_) => panic!("not an embedded log"),
        }
    }
}
