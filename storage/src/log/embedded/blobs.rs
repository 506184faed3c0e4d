//! Which commits are on disk as they were written, and for how long.
//!
//! A blob is dropped when it is sealed and no reader holds it. Readers hold by offset: while they run ([`Hold`](super::super::Hold)), and
//! from their bookmark on, whether they run or not (`holds.rs`). What is held is bounded by [`limit::HELD_BYTES`](edgesync_schemas::limit::HELD_BYTES), past which the oldest go and a reader that wanted them is told.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use edgesync_schemas::id::Offset;
use edgesync_schemas::reading::Commit;

use super::super::Error;
use super::Store;

// What a blob costs beside its bytes: its entry here and in the store's indexes. Counted, so that many tiny commits are bounded too.
const ENTRY_BYTES: u64 = 1024;

/// Key of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BlobKey {
    /// Offset of its first reading.
    pub first: Offset,
    /// Tells commits apart that moved marks and stored no reading: 0, except right after such a one.
    pub number: u32,
}

impl BlobKey {
    pub fn bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&self.first.0.to_be_bytes());
        bytes[8..].copy_from_slice(&self.number.to_be_bytes());
        bytes
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let parts =
            bytes.split_first_chunk().and_then(|(first, number)| Some((first, number.try_into().ok()?)));
        let (first, number) = parts.ok_or(Error::Corrupt { what: "commit".to_owned(), why: "key" })?;
        Ok(Self { first: Offset(u64::from_be_bytes(*first)), number: u32::from_be_bytes(number) })
    }

    /// Key of the commit after `commit`, which has this key.
    pub fn after(self, commit: &Commit) -> Self {
        if commit.columns.is_empty() {
            Self { first: self.first, number: self.number + 1 }
        } else {
            Self { first: commit.end(), number: 0 }
        }
    }
}

/// The blobs on disk.
pub(crate) struct Blobs {
    held_bytes: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    // In the order of their keys: (key, bytes).
    kept: VecDeque<(BlobKey, u64)>,
    bytes: u64,
}

impl Blobs {
    /// Reads the keys of what is there.
    pub fn load(store: &Store, held_bytes: u64) -> Result<Self, Error> {
        let mut state = State::default();
        for guard in store.blobs.iter() {
            // The size of a value that lies apart from its key is known without reading it, but asking takes the guard.
            let key = BlobKey::from_bytes(&guard.key()?)?;
            let bytes = store.blobs.size_of(key.bytes())?.unwrap_or_default();
            state.add(key, u64::from(bytes));
        }
        Ok(Self { held_bytes, state: Mutex::new(state) })
    }

    /// A blob was written.
    pub fn add(&self, key: BlobKey, bytes: usize) {
        self.lock().add(key, bytes as u64);
    }

    /// Takes out the blobs that are sealed, and not held (from `held` on) or past the bound. The caller removes them from the store.
    pub fn take_droppable(&self, sealed: Offset, held: Offset) -> Vec<BlobKey> {
        let mut state = self.lock();
        let mut dropped = Vec::new();
        while let Some((key, bytes)) = state.kept.front().copied() {
            // A blob that starts before an offset ends at or before it if another follows: holds and seals are at ends of commits,
            // and one that is held from within is kept by this comparison of the next one's start.
            let end = state.kept.get(1).map_or(Offset(u64::MAX), |(next, _)| next.first);
            let is_sealed = key.first < sealed && end <= sealed;
            if !is_sealed || (end > held && state.bytes <= self.held_bytes) {
                break;
            }
            state.kept.pop_front();
            state.bytes -= bytes;
            dropped.push(key);
        }
        dropped
    }

    /// Takes over what is on disk after the store was opened again.
    pub fn replace(&self, loaded: Self) {
        let loaded = loaded.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.lock();
        state.kept = loaded.kept;
        state.bytes = loaded.bytes;
    }

    /// The first offset that can be read from blobs; `None` if there are none.
    pub fn oldest(&self) -> Option<Offset> {
        self.lock().kept.front().map(|(key, _)| key.first)
    }

    /// Number and bytes.
    pub fn gauge(&self) -> (u64, u64) {
        let state = self.lock();
        let count = state.kept.len() as u64;
        (count, state.bytes - count * ENTRY_BYTES)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, key: BlobKey, bytes: u64) {
        self.kept.push_back((key, bytes + ENTRY_BYTES));
        self.bytes += bytes + ENTRY_BYTES;
    }
}
