//! fjall and what lies where in it: how it is opened, and what it keeps by name.

use std::path::Path;
use std::sync::Arc;

use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::reading::SeriesInfo;
use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, OwnedWriteBatch,
    PersistMode,
};

use super::super::Error;
use super::blobs::BlobKey;
#[cfg(test)]
use super::faults::Faults;
use super::{make, records};

/// Directory of fjall's files within the log's.
pub(super) const STORE_DIRECTORY: &str = "store";
const SEALED: &str = "sealed";
const BOOKMARK: &str = "bookmark/";
const SERIES_END: &str = "series-end";
const EXPIRED: &str = "expired";
pub(super) const MOVED: &str = "move";
pub(super) const MOVED_WELL: &str = "moved";
const DROPPED: &str = "dropped";

// Sketch: at 1 M readings/s blobs are 17 MB/s and blocks about 5. A memtable of 64 MiB is then flushed every 4 s; journals are
// replayed at start at about 1 GB/s, so 256 MiB of them cost a quarter of a second.
const MEMTABLE_BYTES: u64 = 64 * 1024 * 1024;
const SMALL_MEMTABLE_BYTES: u64 = 8 * 1024 * 1024;
const JOURNAL_BYTES: u64 = 256 * 1024 * 1024;
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
const BLOB_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// fjall and the keyspaces in it.
pub(crate) struct Store {
    pub database: Database,
    pub blobs: Keyspace,
    pub blocks: Keyspace,
    pub newest: Keyspace,
    pub marks: Keyspace,
    pub series: Keyspace,
    pub meta: Keyspace,
    pub states: Keyspace,
    pub derived: Keyspace,
    pub derived_series: Keyspace,
    #[cfg(test)]
    pub faults: Faults,
}

impl Store {
    /// Opens the store in a directory, or makes it: whole or not at all (`make.rs`).
    pub fn open(directory: &Path) -> Result<Self, Error> {
        make::unless_there(directory)?;
        Self::open_at(&directory.join(STORE_DIRECTORY))
    }

    /// Opens or makes fjall's files in this directory.
    pub(super) fn open_at(path: &Path) -> Result<Self, Error> {
        // Blobs are packed by us and blocks compressed: compressing the journal would only cost.
        let database = Database::builder(path)
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
            states: database.keyspace("states", || small().with_kv_separation(apart(1024)))?,
            derived: database.keyspace("derived", small)?,
            derived_series: database.keyspace("derived_series", small)?,
            database,
            #[cfg(test)]
            faults: Faults::default(),
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

    /// What a flow remembered when it was saved last.
    pub fn state(&self, flow: FlowId) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.states.get(flow.uuid().as_bytes())?.map(|state| state.to_vec()))
    }

    /// Saves what flows remember, and forgets what those without anything did.
    pub fn save_states(&self, states: &[(FlowId, Option<Vec<u8>>)], is_synced: bool) -> Result<(), Error> {
        let mut batch = OwnedWriteBatch::with_capacity(self.database.clone(), states.len())
            .durability(is_synced.then_some(PersistMode::SyncAll));
        for (flow, state) in states {
            let key = *flow.uuid().as_bytes();
            match state {
                Some(state) => batch.insert(&self.states, key, state.as_slice()),
                None => batch.remove(&self.states, key),
            }
        }
        Ok(batch.commit()?)
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

pub(super) fn bookmark_key(name: &str) -> String {
    format!("{BOOKMARK}{name}")
}

fn offset(value: &[u8]) -> Result<Offset, Error> {
    let bytes = value.try_into();
    bytes
        .map(|bytes| Offset(u64::from_be_bytes(bytes)))
        .map_err(|_| Error::Corrupt { what: "an offset kept by name".to_owned(), why: "length" })
}
