//! The log on fjall: what lies where, and how it is opened.
//!
//! | keyspace | key | value |
//! |---|---|---|
//! | `blobs` | 8 first offset, 4 number | a commit as it was made durable (`commit.rs`) |
//! | `blocks` | 4 series, 8 oldest time, 8 first offset, 8 newest time | readings of one series out of one sealed head (`block.rs`) |
//! | `newest` | 4 series | its newest sealed reading, and the longest time that one of its blocks covers |
//! | `marks` | 16 device | its boots and their highest sealed frames |
//! | `series` | 4 series | device, sensor, units |
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
pub(super) mod expire;
mod head;
pub(super) mod import;
pub(super) mod read;
pub(super) mod records;
mod reopen;
pub(crate) mod scan;
mod seal;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::reading::SeriesInfo;
use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, OwnedWriteBatch,
    PersistMode,
};

use super::holds::Holds;
use super::marks::{Mark, Marks};
use super::series::SeriesDictionary;
use super::tail::Ring;
use super::{Error, Options, Shared, Threads, place};
use blobs::{BlobKey, Blobs};
use head::{Head, Live};

pub(super) use catch_up::catch_up;
pub use check::check;

/// Directory of fjall's files within the log's.
pub(super) const STORE_DIRECTORY: &str = "store";
const SEALED: &str = "sealed";
const BOOKMARK: &str = "bookmark/";
const SERIES_END: &str = "series-end";
const EXPIRED: &str = "expired";
const MOVED: &str = "move";
const MOVED_WELL: &str = "moved";
const DROPPED: &str = "dropped";

// Sketch: at 1 M readings/s blobs are 17 MB/s and blocks about 5. A memtable of 64 MiB is then flushed every 4 s; journals are
// replayed at start at about 1 GB/s, so 256 MiB of them cost a quarter of a second.
const MEMTABLE_BYTES: u64 = 64 * 1024 * 1024;
const SMALL_MEMTABLE_BYTES: u64 = 8 * 1024 * 1024;
const JOURNAL_BYTES: u64 = 256 * 1024 * 1024;
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
const BLOB_FILE_BYTES: u64 = 64 * 1024 * 1024;

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

    /// Moves a bookmark in the store. Blocks.
    pub fn set_bookmark(&self, name: &str, to: Offset, is_synced: bool) -> Result<(), Error> {
        self.store()?.set_bookmark(name, to, is_synced)
    }
}

/// fjall and the keyspaces in it.
pub(crate) struct Store {
    pub database: Database,
    pub blobs: Keyspace,
    pub blocks: Keyspace,
    pub newest: Keyspace,
    pub marks: Keyspace,
    pub series: Keyspace,
    pub meta: Keyspace,
    #[cfg(test)]
    pub faults: tests::Faults,
}

impl Store {
    /// Opens or creates the store in a directory.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        // Blobs are packed by us and blocks compressed: compressing the journal would only cost.
        let database = Database::builder(directory.join(STORE_DIRECTORY))
            .journal_compression(CompressionType::None)
            .max_journaling_size(JOURNAL_BYTES)
            .cache_size(CACHE_BYTES)
            .worker_threads(2)
            .open()?;
        // Values apart from keys: compaction then moves keys only, and a look through keys reads no values.
        let apart = |threshold| {
            Some(
                KvSeparationOptions::default()
                    .compression(CompressionType::None)
                    .separation_threshold(threshold)
                    .file_target_size(BLOB_FILE_BYTES),
            )
        };
        let plain =
            || KeyspaceCreateOptions::default().data_block_compression_policy(CompressionPolicy::disabled());
        let small = || plain().max_memtable_size(SMALL_MEMTABLE_BYTES);
        Ok(Self {
            blobs: database.keyspace("blobs", || {
                plain().max_memtable_size(MEMTABLE_BYTES).with_kv_separation(apart(1024))
            })?,
            blocks: database.keyspace("blocks", || {
                // All files of values that are stale enough are rewritten, not only the oldest quarter: of what expires, most is in a few.
                let apart = apart(256).map(|apart| apart.age_cutoff(1.0));
                let blocks = plain().max_memtable_size(MEMTABLE_BYTES).with_kv_separation(apart);
                blocks.data_block_size_policy(BlockSizePolicy::all(8 * 1024))
            })?,
            newest: database.keyspace("newest", small)?,
            marks: database.keyspace("marks", small)?,
            series: database.keyspace("series", small)?,
            meta: database.keyspace("meta", small)?,
            database,
            #[cfg(test)]
            faults: tests::Faults::default(),
        })
    }

    /// Writes a commit and syncs it. On an error it may be there or not, and the store takes no more writes.
    pub fn commit(&self, key: BlobKey, blob: &[u8], series: &[Arc<SeriesInfo>]) -> Result<(), Error> {
        let mut batch = OwnedWriteBatch::with_capacity(self.database.clone(), 1 + series.len())
            .durability(Some(PersistMode::SyncAll));
        batch.insert(&self.blobs, key.bytes(), blob);
        for info in series {
            batch.insert(&self.series, info.id.0.to_be_bytes(), records::encode_series(info));
        }
        #[cfg(test)]
        self.faults.before_commit()?;
        batch.commit()?;
        #[cfg(test)]
        self.faults.after_commit()?;
        Ok(())
    }

    /// Everything before this offset is in blocks.
    pub fn sealed(&self) -> Result<Offset, Error> {
        Ok(self.meta.get(SEALED)?.map(|value| offset(&value)).transpose()?.unwrap_or(Offset(0)))
    }

    /// The bookmarks of all readers.
    pub fn bookmarks(&self) -> Result<Vec<(String, Offset)>, Error> {
        let mut bookmarks = Vec::new();
        for guard in self.meta.prefix(BOOKMARK) {
            let (key, value) = guard.into_inner()?;
            let name = String::from_utf8_lossy(&key[BOOKMARK.len()..]).into_owned();
            bookmarks.push((name, offset(&value)?));
        }
        Ok(bookmarks)
    }

    /// Moves a bookmark. In the journal it stands before every later removal of a blob, so one that a power cut takes back leaves the
    /// blobs that it needs.
    pub fn set_bookmark(&self, name: &str, to: Offset, is_synced: bool) -> Result<(), Error> {
        self.meta.insert(bookmark_key(name), to.0.to_be_bytes())?;
        if is_synced {
            self.database.persist(PersistMode::SyncAll)?;
        }
        Ok(())
    }

    /// Where a move that is not finished comes from.
    pub fn half_moved(&self) -> Result<Option<String>, Error> {
        Ok(self.meta.get(MOVED)?.map(|word| String::from_utf8_lossy(&word).into_owned()))
    }

    /// Series numbers below this were given out, whether or not their series are still there.
    pub fn series_end(&self) -> Result<u32, Error> {
        let end = self.meta.get(SERIES_END)?.map(|value| offset(&value)).transpose()?.unwrap_or(Offset(0));
        Ok(u32::try_from(end.0).unwrap_or(u32::MAX))
    }

    /// Puts it into the batch that removes series.
    pub fn set_series_end(&self, batch: &mut OwnedWriteBatch, end: u32) {
        batch.insert(&self.meta, SERIES_END, u64::from(end).to_be_bytes());
    }

    /// Bytes of blocks that were dropped since space was last given back.
    pub fn expired(&self) -> Result<u64, Error> {
        Ok(self.meta.get(EXPIRED)?.map(|value| offset(&value)).transpose()?.map_or(0, |bytes| bytes.0))
    }

    /// Puts it into a batch that drops blocks.
    pub fn set_expired(&self, batch: &mut OwnedWriteBatch, bytes: u64) {
        batch.insert(&self.meta, EXPIRED, bytes.to_be_bytes());
    }

    /// Readings that were dropped since the log was made: with those that are there, all before the sealed offset.
    pub fn dropped(&self) -> Result<u64, Error> {
        Ok(self.meta.get(DROPPED)?.map(|value| offset(&value)).transpose()?.map_or(0, |readings| readings.0))
    }

    /// Puts it into a batch that drops blocks.
    pub fn set_dropped(&self, batch: &mut OwnedWriteBatch, readings: u64) {
        batch.insert(&self.meta, DROPPED, readings.to_be_bytes());
    }

    /// Bytes on disk of the blocks that are there: without those that were dropped and still take space.
    pub fn block_bytes(&self) -> Result<u64, Error> {
        let stale = self.blocks.fragmented_blob_bytes() + self.expired()?;
        Ok(self.blocks.disk_space().saturating_sub(stale))
    }

    /// Puts the sealed offset into a seal's batch.
    pub fn set_sealed(&self, batch: &mut OwnedWriteBatch, sealed: Offset) {
        batch.insert(&self.meta, SEALED, sealed.0.to_be_bytes());
    }
}

fn bookmark_key(name: &str) -> String {
    format!("{BOOKMARK}{name}")
}

fn offset(value: &[u8]) -> Result<Offset, Error> {
    let bytes = value.try_into();
    bytes
        .map(|bytes| Offset(u64::from_be_bytes(bytes)))
        .map_err(|_| Error::Corrupt { what: "an offset kept by name".to_owned(), why: "length" })
}

/// What a store holds in memory's form.
pub(super) struct Loaded {
    pub dictionary: SeriesDictionary,
    pub marks: Marks,
    pub head: Head,
    pub blobs: Blobs,
    pub sealed: Offset,
    pub end: Offset,
    /// Key of the next commit.
    pub next_key: BlobKey,
}

/// Reads dictionary, marks and the commits past the sealed offset.
pub(super) fn load(store: &Store, options: &Options) -> Result<Loaded, Error> {
    let sealed = store.sealed()?;
    let dictionary = SeriesDictionary::default();
    load_series(store, &dictionary)?;
    let mut marks = load_marks(store)?;
    let blobs = Blobs::load(store, options.held_bytes)?;
    let mut head = Head::new(sealed);
    let mut next_key = BlobKey { first: sealed, number: 0 };
    for guard in store.blobs.range(BlobKey { first: sealed, number: 0 }.bytes()..) {
        let (key, value) = guard.into_inner()?;
        let key = BlobKey::from_bytes(&key)?;
        let (commit, moved) = read_commit(&value, &dictionary)?;
        if commit.first != head.end() || key.first != commit.first {
            return Err(Error::Corrupt {
                what: format!("commit at offset {}", key.first),
                why: "not the next one",
            });
        }
        next_key = key.after(&commit);
        moved.iter().for_each(|mark| marks.apply(*mark));
        head.push(Arc::new(commit), &moved, dictionary.table_len());
    }
    let end = head.end();
    Ok(Loaded { dictionary, marks, head, blobs, sealed, end, next_key })
}

/// A blob as a commit, with its new series from the dictionary. They may have more units by now; those of then come first.
pub(super) fn read_commit(
    blob: &[u8],
    dictionary: &SeriesDictionary,
) -> Result<(edgesync_schemas::reading::Commit, Vec<Mark>), Error> {
    let blob = commit::decode(blob)?;
    let mut commit = blob.commit;
    commit.new_series = blob.series.iter().filter_map(|id| dictionary.info(*id)).collect();
    Ok((commit, blob.marks))
}

fn load_series(store: &Store, dictionary: &SeriesDictionary) -> Result<(), Error> {
    for guard in store.series.iter() {
        let (key, value) = guard.into_inner()?;
        let id = (*key).try_into().map(|bytes| SeriesId(u32::from_be_bytes(bytes)));
        let id = id.map_err(|_| Error::Corrupt { what: "series".to_owned(), why: "key" })?;
        dictionary.load(records::decode_series(id, &value)?);
    }
    dictionary.start_at(store.series_end()?);
    Ok(())
}

/// The marks as the seals left them.
pub(super) fn load_marks(store: &Store) -> Result<Marks, Error> {
    let mut marks = Marks::default();
    for guard in store.marks.iter() {
        let (key, value) = guard.into_inner()?;
        let (device, boots) = records::decode_boots(&key, &value)?;
        marks.load(device, boots);
    }
    Ok(marks)
}

#[cfg(test)]
pub(super) mod tests {
    //! Failures that a disk can have, for the tests of the whole log.

    use std::sync::atomic::{AtomicBool, Ordering};

    use super::Error;

    /// Makes the next commit fail.
    #[derive(Default)]
    pub(crate) struct Faults {
        /// Before anything is written.
        pub before: AtomicBool,
        /// After it was written and synced, as if the sync had reported an error.
        pub after: AtomicBool,
        /// Lets no head be sealed while set.
        pub no_seals: AtomicBool,
    }

    impl Faults {
        pub fn before_commit(&self) -> Result<(), Error> {
            fail_once(&self.before)
        }

        pub fn after_commit(&self) -> Result<(), Error> {
            fail_once(&self.after)
        }

        pub fn before_seal(&self) -> Result<(), Error> {
            if self.no_seals.load(Ordering::SeqCst) { Err(Error::Unavailable) } else { Ok(()) }
        }
    }

    fn fail_once(fault: &AtomicBool) -> Result<(), Error> {
        if fault.swap(false, Ordering::SeqCst) {
            return Err(fjall::Error::Io(std::io::Error::other("injected")).into());
        }
        Ok(())
    }
}
