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
//! The way of an append: `reserve` a permit, `submit` the batch, hear of it through [`OnCommit`]. One thread commits
//! (`append.rs`), one moves full heads into compressed blocks (`embedded/seal.rs`). What is on disk and how a failed
//! fsync is survived: `embedded/mod.rs`.

mod append;
mod embedded;
mod error;
mod marks;
mod options;
mod place;
mod plan;
mod query;
mod queue;
mod series;
mod tail;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use edgesync_schemas::id::{BootId, DeviceId, FrameSeq, Offset};

pub use error::Error;
pub use options::{Options, Stats};
pub use query::{NotAnOrder, Order, RangePage, RangeQuery, StoredReading};
pub use queue::{Append, OnCommit, Outcome, Permit};
pub use series::{Refused, SeriesDictionary};
pub use tail::{Hold, Tail};

use embedded::Store;
use embedded::blobs::Blobs;
use embedded::head::Live;
use marks::Marks;
use options::Counters;
use tail::Ring;

/// A handle on the reading log of a directory. Cheap to clone; the last clone's drop stops the threads without committing
/// what is queued ([`ReadingLog::shutdown`] does).
#[derive(Clone)]
pub struct ReadingLog {
    shared: Arc<Shared>,
    // Dropped with the last clone: stops and joins the threads, which hold `shared` themselves.
    threads: Arc<Threads>,
}

/// What handles, appender and sealer share.
pub(crate) struct Shared {
    directory: PathBuf,
    options: Options,
    /// `None` only while the appender reopens the store after a failure.
    store: RwLock<Option<Arc<Store>>>,
    dictionary: SeriesDictionary,
    marks: RwLock<Marks>,
    queue: queue::Queue,
    live: Live,
    ring: Ring,
    blobs: Blobs,
    /// A write failed: the appender opens the store again.
    is_broken: AtomicBool,
    counters: Counters,
    // Held for as long as anything may write; released by the system when the process dies.
    _lock: File,
}

impl std::fmt::Debug for ReadingLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadingLog").field("directory", &self.shared.directory).finish_non_exhaustive()
    }
}

struct Threads {
    shared: Arc<Shared>,
    running: Mutex<Vec<JoinHandle<()>>>,
}

impl ReadingLog {
    /// Opens the log in `directory`, creating it if it is not there. Blocks: takes the process lock, replays journals, and
    /// reads commits past the sealed offset into the head (at most two heads: about a second).
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::NetworkFileSystem`], [`Error::Directory`]; [`Error::Store`], [`Error::Corrupt`] and
    /// [`Error::Version`] when what is there cannot be read.
    pub fn open(directory: &Path, options: Options) -> Result<Self, Error> {
        let lock = place::claim(directory)?;
        let store = Store::open(directory)?;
        let loaded = embedded::load(&store, &options)?;
        let shared = Arc::new(Shared {
            directory: directory.to_owned(),
            queue: queue::Queue::new(options.budget_bytes),
            live: Live::new(loaded.head, loaded.sealed),
            ring: Ring::new(options.tail_bytes, loaded.end),
            blobs: loaded.blobs,
            is_broken: AtomicBool::new(false),
            dictionary: loaded.dictionary,
            marks: RwLock::new(loaded.marks),
            counters: Counters::default(),
            store: RwLock::new(Some(Arc::new(store))),
            options,
            _lock: lock,
        });
        let threads = Threads { shared: shared.clone(), running: Mutex::default() };
        threads.start("log-append", move |shared| append::Appender::new(shared, loaded.next_key).run())?;
        threads.start("log-seal", embedded::seal::run)?;
        Ok(Self { shared, threads: Arc::new(threads) })
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
        self.shared.blobs.bookmark(name)
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
        self.blocking(move |shared| {
            shared.store()?.set_bookmark(name, to, is_synced)?;
            shared.blobs.set_bookmark(name, to);
            Ok(())
        })
        .await
    }

    /// The newest reading of each sensor of a device, by event time, then offset; in the order the sensors first appeared.
    ///
    /// Cancel safe. Cost: a point read per sensor.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Corrupt`], [`Error::Unavailable`].
    pub async fn latest(&self, device: DeviceId) -> Result<Vec<StoredReading>, Error> {
        self.blocking(move |shared| embedded::read::latest(&shared, device)).await
    }

    /// A page of a device's readings by event time, then offset.
    ///
    /// Cancel safe. Cost: decodes the blocks that overlap the page, and walks the head's readings of the series asked for.
    ///
    /// # Errors
    /// [`Error::Cursor`] for a cursor that no query gave out; [`Error::Store`], [`Error::Corrupt`], [`Error::Unavailable`].
    pub async fn range(&self, query: RangeQuery) -> Result<RangePage, Error> {
        self.blocking(move |shared| embedded::read::range(&shared, &query)).await
    }

    /// Commits what is queued, then stops. Later appends fail. Not cancel safe: a dropped future leaves the threads to stop by themselves.
    ///
    /// # Errors
    /// [`Error::Closed`] if the threads could not be waited for.
    pub async fn shutdown(&self) -> Result<(), Error> {
        self.shared.queue.close(queue::WhenClosed::Commit);
        let threads = self.threads.clone();
        tokio::task::spawn_blocking(move || threads.join()).await.map_err(|_| Error::Closed)
    }

    /// Counters and gauges, read without stopping anything.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    async fn blocking<T, F>(&self, read: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Shared>) -> Result<T, Error> + Send + 'static,
    {
        let shared = self.shared.clone();
        match tokio::task::spawn_blocking(move || read(shared)).await {
            Ok(result) => result,
            Err(_) => Err(Error::Closed),
        }
    }
}

impl Shared {
    /// The store, unless it is being reopened.
    fn store(&self) -> Result<Arc<Store>, Error> {
        self.store.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(Error::Unavailable)
    }
}

impl Threads {
    fn start<F>(&self, name: &str, run: F) -> Result<(), Error>
    where
        F: FnOnce(Arc<Shared>) + Send + 'static,
    {
        let shared = self.shared.clone();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(shared))
            .map_err(|source| Error::Directory { path: self.shared.directory.clone(), source })?;
        self.running.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// Waits for the threads. The appender goes first: it may be waiting for the sealer.
    fn join(&self) {
        let running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        for (index, thread) in running.into_iter().enumerate() {
            if thread.join().is_err() {
                tracing::error!(thread = index, "log thread panicked");
            }
            self.shared.live.stop();
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.queue.close(queue::WhenClosed::Fail);
        self.shared.live.stop();
        self.join();
    }
}
