//! Opening the store again after a write failed, without a restart of the process. Why it is done this way: `embedded/mod.rs`.
//!
//! It is what a restart does, except that the dictionary, the ring and the readers' holds stay.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use edgesync_schemas::id::Offset;

use super::super::Error;
use super::blobs::BlobKey;
use super::{Embedded, STORE_DIRECTORY, Store, load, read_commit};

// Readers let go of the store within a page's time.
const RELEASE_PAUSE: Duration = Duration::from_millis(10);
const RELEASE_TRIES: usize = 200;
const COPY_BYTES: usize = 1024 * 1024;
const JOURNAL_EXTENSION: &str = "jnl";
const COPY_EXTENSION: &str = "copy";

impl Embedded {
    /// Somebody's write failed: the appender opens the store again.
    pub(super) fn report_broken(&self) {
        self.is_broken.store(true, Relaxed);
        self.shared.queue.nudge();
    }

    /// Opens the store again. Gives the key of the next commit. Appender only.
    pub(super) fn reopen(&self) -> Result<BlobKey, Error> {
        self.release()?;
        rewrite_journals(&self.directory.join(STORE_DIRECTORY))
            .map_err(|source| Error::Directory { path: self.directory.clone(), source })?;
        let store = Arc::new(Store::open(&self.directory)?);
        let known = self.shared.ring.end();
        let loaded = load(&store, &self.shared.options)?;
        if loaded.end < known {
            return Err(Error::Lost { acknowledged: known, found: loaded.end });
        }
        self.catch_up(&store, known)?;
        *self.shared.marks.write().unwrap_or_else(PoisonError::into_inner) = loaded.marks;
        self.blobs.replace(loaded.blobs);
        self.live.replace(loaded.head, loaded.sealed);
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = Some(store);
        Ok(loaded.next_key)
    }

    /// Waits until nobody uses the broken store, and closes it. Readers are told that it is unavailable meanwhile.
    fn release(&self) -> Result<(), Error> {
        let mut slot = self.store.write().unwrap_or_else(PoisonError::into_inner);
        let Some(mut store) = slot.take() else { return Ok(()) };
        drop(slot);
        for _ in 0..RELEASE_TRIES {
            match Arc::try_unwrap(store) {
                Ok(store) => {
                    drop(store);
                    return Ok(());
                }
                Err(shared) => store = shared,
            }
            std::thread::sleep(RELEASE_PAUSE);
        }
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = Some(store);
        Err(Error::Unavailable)
    }

    /// Tells the ring of commits that are there although they were reported as failed.
    fn catch_up(&self, store: &Store, known: Offset) -> Result<(), Error> {
        for guard in store.blobs.range(BlobKey { first: known, number: 0 }.bytes()..) {
            let (commit, _) = read_commit(&guard.value()?, &self.shared.dictionary)?;
            self.shared.ring.push(Arc::new(commit));
        }
        Ok(())
    }
}

/// Writes each journal into a new file, syncs it and puts it in the old one's place: what the page cache has is then on disk.
fn rewrite_journals(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == COPY_EXTENSION) {
            std::fs::remove_file(&path)?;
        } else if path.extension().is_some_and(|extension| extension == JOURNAL_EXTENSION) {
            let copy = path.with_extension(COPY_EXTENSION);
            copy_synced(&path, &copy).inspect_err(|_| drop(std::fs::remove_file(&copy)))?;
            std::fs::rename(&copy, &path)?;
        }
    }
    File::open(directory)?.sync_all()
}

/// Copies through this process's memory: the system's own copying may share blocks on disk between the files, the very ones in doubt.
fn copy_synced(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut to = OpenOptions::new().write(true).create_new(true).open(to)?;
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return to.sync_all();
        }
        to.write_all(&buffer[..read])?;
    }
}
