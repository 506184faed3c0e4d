//! What is stored -> what is in memory of it, when a store is opened.

use std::sync::Arc;

use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::reading::Commit;

use super::super::marks::{Mark, Marks};
use super::super::series::SeriesDictionary;
use super::super::{Error, Options};
use super::blobs::{BlobKey, Blobs};
use super::head::Head;
use super::store::Store;
use super::{commit, records};

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
pub(super) fn read_commit(blob: &[u8], dictionary: &SeriesDictionary) -> Result<(Commit, Vec<Mark>), Error> {
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
fn load_marks(store: &Store) -> Result<Marks, Error> {
    let mut marks = Marks::default();
    for guard in store.marks.iter() {
        let (key, value) = guard.into_inner()?;
        let (device, boots) = records::decode_boots(&key, &value)?;
        marks.load(device, boots);
    }
    Ok(marks)
}
