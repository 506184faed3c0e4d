//! Making the store: beside its place, and moved there when it is whole and on disk.
//!
//! fjall makes its files one after the other. A process that is killed between two of them leaves what cannot be opened again, and nothing
//! that says so. What such a process left here is in the draft: nobody was told that anything is in it, so the next one makes it anew.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::super::Error;
use super::store::{STORE_DIRECTORY, Store};
use crate::directory::sync;

/// Directory of a store that is being made, within the log's.
const DRAFT: &str = "store.new";

/// Makes the store of a directory, unless it is there. The directory must be claimed.
pub(super) fn unless_there(directory: &Path) -> Result<(), Error> {
    let (place, draft) = (directory.join(STORE_DIRECTORY), directory.join(DRAFT));
    let failed = |source| Error::Directory { path: directory.to_owned(), source };
    if place.try_exists().map_err(failed)? {
        return Ok(());
    }
    match fs::remove_dir_all(&draft) {
        Ok(()) => tracing::info!("a store whose making was cut off is made anew"),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    drop(Store::open_at(&draft)?);
    sync_all(&draft).and_then(|()| fs::rename(&draft, &place)).map_err(failed)?;
    sync(directory).map_err(failed)
}

/// Syncs everything in a directory, and the directory.
fn sync_all(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() { sync_all(&entry.path())? } else { sync(&entry.path())? }
    }
    sync(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_of_a_making_is_made_anew_and_a_store_that_is_there_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        // As fjall leaves it before it has written the marker that says that there is a store.
        let draft = directory.path().join(DRAFT);
        fs::create_dir_all(draft.join("keyspaces")).unwrap();
        fs::write(draft.join("0.jnl"), "").unwrap();
        assert!(Store::open_at(&draft).is_err(), "it cannot be opened");
        let store = Store::open(directory.path()).unwrap();
        assert!(!draft.exists());
        store.meta.insert("bookmark/a", 7u64.to_be_bytes()).unwrap();
        drop(store);
        assert_eq!(Store::open(directory.path()).unwrap().bookmarks().unwrap().len(), 1);
    }
}
