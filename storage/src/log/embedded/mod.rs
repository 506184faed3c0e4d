//! The log on fjall: what lies where (`store.rs`), and how it is opened.
//!
//! | keyspace | key | value |
//! |---|---|---|
//! | `blobs` | 8 first offset, 4 number | a commit as it was made durable (`commit.rs`) |
//! | `blocks` | 4 series, 8 oldest time, 8 first offset, 8 newest time | readings of one series out of one sealed head (`block.rs`) |
//! | `newest` | 4 series | its newest sealed reading, and the longest time that one of its blocks covers |
//! | `marks` | 16 device | its boots and their highest sealed frames |
//! | `series` | 4 series | device, sensor, units |
//! | `states` | 16 flow | what it remembers, and its place in the log (`states.rs`) |
//! | `derived` | 4 derived series, 8 event time | a row that a flow stored (`derived.rs`) |
//! | `derived_series` | 4 derived series | flow, name, device, sensor |
//! | `meta` | name | `sealed`: everything before this offset is in blocks. `bookmark/…`: how far a reader of the tail got. |
//! | | | `move`: where a move that is not finished comes from, `moved`: where one that is came from (`import.rs`). |
//! | | | `series-end`: numbers below were given out. `expired`: bytes that were dropped and still take space, `dropped`: readings that were (`expire.rs`) |
//!
//! Integers in keys are big-endian, times with the sign bit flipped, so that keys sort as what they mean.
//!
//! **Commit.** One blob and the new dictionary entries in one atomic batch, then fsync. The marks of a commit travel inside
//! its blob, and reach `marks` when the blob is sealed: one small write per device and seal instead of one per device and commit.
//! The number after the offset tells commits apart that moved marks and stored nothing.
//!
//! **Seal.** Blocks, `newest`, `marks` and the sealed offset in one atomic batch. It needs no fsync: until it is on disk the blobs are, because
//! their removal comes later in the same journal.
//!
//! **Start.** Blobs from the sealed offset on are put into the head again, their marks applied; both change nothing if done twice.
//!
//! **After a failed write or fsync** nothing that the operating system holds in memory can be believed: Linux may drop the pages and
//! report the error once. fjall then refuses every later write, and so does this log: all appends of that commit and all that come
//! meanwhile fail, and the appender reopens the store with growing pauses. Before it does, it copies the journals into new
//! files and syncs those, so that what is read back is on disk and not only in the page cache. Then the end of the log is looked up
//! again: the failed commit may be there after all (its marks then answer the resent frames) or not. If a commit that was
//! acknowledged were missing, the log would stay closed and say so at ERROR.

mod append;
mod blobs;
pub(super) mod block;
mod catch_up;
mod check;
mod codec;
mod commit;
mod derived;
pub(super) mod expire;
#[cfg(test)]
mod faults;
mod head;
pub(super) mod import;
mod load;
mod make;
pub(super) mod read;
pub(super) mod records;
mod reopen;
pub(crate) mod scan;
mod seal;
mod store;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use edgesync_schemas::id::{FlowId, Offset};

use super::holds::Holds;
use super::tail::Ring;
use super::{Error, Options, Shared, Threads, place};
use blobs::Blobs;
use head::Live;
use load::{load, read_commit};
use store::{MOVED, MOVED_WELL, STORE_DIRECTORY, bookmark_key};

pub(super) use catch_up::catch_up;
pub use check::check;
pub(crate) use store::Store;

/// The embedded log: what handles, appender and sealer share beside [`Shared`].
pub(crate) struct Embedded {
    pub shared: Arc<Shared>,
    directory: PathBuf,
    /// `None` only while the appender reopens the store after a failure.
    store: RwLock<Option<Arc<Store>>>,
    pub live: Live,
    pub blobs: Blobs,
    /// Held by who reads what is known of a series' blocks and writes it back.
    blocks_lock: Mutex<()>,
    /// A write failed: the appender opens the store again.
    is_broken: AtomicBool,
    // Held for as long as anything may write; released by the system when the process dies.
    _lock: File,
}

impl Embedded {
    /// Opens or creates the log in a directory and starts its threads.
    pub fn open(directory: &Path, options: Options) -> Result<(Arc<Self>, Threads), Error> {
        let lock = place::claim(directory)?;
        if let Some(from) = import::half_made(directory)? {
            return Err(Error::HalfMoved { from });
        }
        let store = Store::open(directory)?;
        if let Some(from) = store.half_moved()?
            && !options.is_half_moved_fine
        {
            return Err(Error::HalfMoved { from });
        }
        let loaded = load(&store, &options)?;
        let ring = Ring::new(options.tail_bytes, loaded.end);
        let holds = Holds::new(store.bookmarks()?);
        let shared = Arc::new(Shared::new(options, loaded.dictionary, loaded.marks, ring, holds));
        let log = Arc::new(Self {
            shared: shared.clone(),
            directory: directory.to_owned(),
            live: Live::new(loaded.head, loaded.sealed),
            blobs: loaded.blobs,
            blocks_lock: Mutex::default(),
            is_broken: AtomicBool::new(false),
            store: RwLock::new(Some(Arc::new(store))),
            _lock: lock,
        });
        let stop = log.clone();
        let mut threads = Threads::new(shared, move || stop.live.stop());
        let failed = |source| Error::Directory { path: directory.to_owned(), source };
        let appender = append::Appender::new(log.clone(), loaded.next_key);
        threads.start("log-append", move || appender.run()).map_err(failed)?;
        let sealing = log.clone();
        threads.start("log-seal", move || seal::run(&sealing)).map_err(failed)?;
        Ok((log, threads))
    }

    /// The store, unless it is being reopened.
    pub fn store(&self) -> Result<Arc<Store>, Error> {
        self.store.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(Error::Unavailable)
    }

    /// How many readings there are below the end. Reads all blocks. Blocks.
    pub fn count(&self, end: Offset) -> Result<u64, Error> {
        let store = self.store()?;
        loop {
            let sealed = store.sealed()?;
            let mut readings = end.0.saturating_sub(sealed.0);
            for guard in store.blocks.iter() {
                readings += block::rows(&guard.value()?)?;
            }
            // Otherwise what was in the head is in blocks by now.
            if store.sealed()? == sealed {
                return Ok(readings);
            }
        }
    }

    /// What a flow remembered when it was saved last. Blocks.
    pub fn state(&self, flow: FlowId) -> Result<Option<Vec<u8>>, Error> {
        self.store()?.state(flow)
    }

    /// Saves and forgets what flows remember. Blocks.
    pub fn save_states(&self, states: &[(FlowId, Option<Vec<u8>>)], is_synced: bool) -> Result<(), Error> {
        self.store()?.save_states(states, is_synced)
    }

    /// Moves a bookmark in the store. Blocks.
    pub fn set_bookmark(&self, name: &str, to: Offset, is_synced: bool) -> Result<(), Error> {
        self.store()?.set_bookmark(name, to, is_synced)
    }
}
