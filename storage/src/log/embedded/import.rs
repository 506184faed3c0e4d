//! Writing an embedded log anew: blocks at once, without commits before them. What that is for: `log/import.rs`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;

use edgesync_schemas::id::SeriesId;
use edgesync_schemas::limit;
use edgesync_schemas::reading::SeriesInfo;
use fjall::{OwnedWriteBatch, PersistMode};

use super::super::export::Rest;
use super::super::import::{Beside, Reached, unit};
use super::super::{DerivedRow, DerivedSeries, Error, StoredReading};
use super::block::{Encoder, Row};
use super::records::{self, Newest, Point};
use super::seal::{cut, key_of};
use super::{STORE_DIRECTORY, Store, bookmark_key};
use crate::directory::sync;

/// The file that is there while the store is made.
const MAKING: &str = "move";

/// A store that a move writes to.
pub(crate) struct Import {
    store: Store,
    /// Whether an earlier attempt left something.
    pub is_resumed: bool,
    word: String,
    _lock: File,
}

impl Import {
    /// Opens an empty store, or one that has this word in it, in a directory whose lock this is.
    pub fn open(lock: File, directory: &Path, word: &str, beside: Beside) -> Result<Self, Error> {
        // A store is made whole or not at all, but without the word: until that is in it, a file says what it is made for.
        let failed = |source| Error::Directory { path: directory.to_owned(), source };
        match half_made(directory)? {
            Some(known) if known == word => {}
            Some(from) => return Err(Error::HalfMoved { from }),
            None if directory.join(STORE_DIRECTORY).exists() => {}
            // Looked at before anything is written.
            None if beside == Beside::Something => return Err(Error::NotEmpty),
            None => write(directory, word).map_err(failed)?,
        }
        let store = Store::open(directory)?;
        let is_resumed = match store.half_moved()? {
            Some(known) if known == word => true,
            Some(from) => return Err(Error::HalfMoved { from }),
            None if store.meta.get(super::MOVED_WELL)?.is_some_and(|known| *known == *word.as_bytes()) => {
                return Err(Error::Moved);
            }
            None if beside == Beside::Nothing && is_empty(&store)? => false,
            None => return Err(Error::NotEmpty),
        };
        store.meta.insert(super::MOVED, word)?;
        store.database.persist(PersistMode::SyncAll)?;
        remove(directory).map_err(failed)?;
        Ok(Self { store, is_resumed, word: word.to_owned(), _lock: lock })
    }

    /// The last reading that is there.
    pub fn reached(&self) -> Result<Option<Reached>, Error> {
        let Some(guard) = self.store.newest.last_key_value() else { return Ok(None) };
        let (key, record) = guard.into_inner()?;
        let corrupt = |_| Error::Corrupt { what: "newest reading".to_owned(), why: "key" };
        let series = SeriesId(u32::from_be_bytes((*key).try_into().map_err(corrupt)?));
        let newest = records::decode_newest(&record)?;
        Ok(Some(Reached { series, at: (newest.point.ts, newest.point.offset) }))
    }

    /// Writes the dictionary.
    pub fn put_series(&self, series: &[Arc<SeriesInfo>], end: u32) -> Result<(), Error> {
        for some in series.chunks(limit::MOVED_SERIES) {
            let mut batch = self.batch(some.len());
            for info in some {
                batch.insert(&self.store.series, info.id.0.to_be_bytes(), records::encode_series(info));
            }
            batch.commit()?;
        }
        let mut batch = self.batch(1);
        self.store.set_series_end(&mut batch, end);
        batch.commit().map_err(Into::into)
    }

    /// Writes readings that follow those of the series that are there.
    pub fn put(&self, info: &SeriesInfo, readings: &[StoredReading]) -> Result<(), Error> {
        let Some(last) = readings.last() else { return Ok(()) };
        let rows: Vec<Row> = readings.iter().map(|reading| row(info, reading)).collect();
        let raws: HashMap<u64, &str> =
            readings.iter().filter_map(|reading| Some((reading.offset.0, reading.raw.as_deref()?))).collect();
        let (mut encoder, mut record) = (Encoder::default(), Vec::new());
        let mut batch = self.batch(8);
        let known = self.store.newest.get(info.id.0.to_be_bytes())?;
        let known = known.map(|record| records::decode_newest(&record)).transpose()?;
        let mut span_us = known.map_or(0, |known| known.span_us);
        for block in cut(&rows) {
            encoder.encode(&mut record, block, |row| raws.get(&row.offset).copied());
            let Some(key) = key_of(info.id, block) else { continue };
            span_us = span_us.max(key.newest.as_us().abs_diff(key.oldest.as_us()));
            batch.insert(&self.store.blocks, key.bytes(), record.as_slice());
        }
        let newest = Newest { point: point(info, last), span_us };
        batch.insert(&self.store.newest, info.id.0.to_be_bytes(), records::encode_newest(&newest));
        batch.commit().map_err(Into::into)
    }

    /// Writes derived series.
    pub fn put_derived_series(&self, series: &[Arc<DerivedSeries>]) -> Result<(), Error> {
        series.chunks(limit::MOVED_SERIES).try_for_each(|some| self.store.copy_derived_series(some))
    }

    /// Writes rows of a derived series.
    pub fn put_derived(&self, series: u32, rows: &[DerivedRow]) -> Result<(), Error> {
        self.store.copy_derived(series, rows)
    }

    /// Writes marks, bookmarks, the end and how much of it was dropped, and syncs all.
    pub fn put_rest(&self, rest: &Rest) -> Result<(), Error> {
        for some in rest.marks.chunks(limit::MOVED_SERIES) {
            let mut batch = self.batch(some.len());
            for (device, boots) in some {
                batch.insert(&self.store.marks, *device.uuid().as_bytes(), records::encode_boots(boots));
            }
            batch.commit()?;
        }
        let mut batch = self.batch(rest.bookmarks.len() + 2).durability(Some(PersistMode::SyncAll));
        for (name, at) in &rest.bookmarks {
            batch.insert(&self.store.meta, bookmark_key(name), at.0.to_be_bytes());
        }
        self.store.set_sealed(&mut batch, rest.end);
        // Readings that the source dropped have their offsets here, too.
        self.store.set_dropped(&mut batch, rest.dropped);
        batch.commit().map_err(Into::into)
    }

    /// Takes the word out, and remembers that this move has ended well.
    pub fn finish(&self) -> Result<(), Error> {
        let mut batch = self.batch(2).durability(Some(PersistMode::SyncAll));
        batch.remove(&self.store.meta, super::MOVED);
        batch.insert(&self.store.meta, super::MOVED_WELL, self.word.as_str());
        batch.commit().map_err(Into::into)
    }

    fn batch(&self, capacity: usize) -> OwnedWriteBatch {
        OwnedWriteBatch::with_capacity(self.store.database.clone(), capacity)
    }
}

/// Where a move comes from that was killed while it made the store.
pub(crate) fn half_made(directory: &Path) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(directory.join(MAKING)) {
        Ok(word) => Ok(Some(word)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Directory { path: directory.to_owned(), source }),
    }
}

/// Writes the file that is there while the store is made.
fn write(directory: &Path, word: &str) -> std::io::Result<()> {
    // Whole or not at all: a word that is cut short would be another move's.
    let file = directory.join(MAKING);
    let draft = file.with_extension("draft");
    let mut new = File::create(&draft)?;
    new.write_all(word.as_bytes())?;
    new.sync_all()?;
    std::fs::rename(draft, file)?;
    sync(directory)
}

/// Removes it, if it is there.
fn remove(directory: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(directory.join(MAKING)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| sync(directory)),
    }
}

fn is_empty(store: &Store) -> Result<bool, Error> {
    let has_no_reading = store.series.is_empty()? && store.blobs.is_empty()? && store.blocks.is_empty()?;
    Ok(has_no_reading && store.derived_series.is_empty()? && store.derived.is_empty()?)
}

fn row(info: &SeriesInfo, reading: &StoredReading) -> Row {
    Row {
        ts: reading.timestamp.as_us(),
        offset: reading.offset.0,
        num: reading.num,
        received_at: reading.received_at.as_us(),
        unit: unit(info, reading).0,
        quality: reading.quality.0,
        has_raw: reading.raw.is_some(),
    }
}

fn point(info: &SeriesInfo, reading: &StoredReading) -> Point {
    Point {
        ts: reading.timestamp,
        offset: reading.offset,
        received_at: reading.received_at,
        num: reading.num,
        unit: unit(info, reading),
        quality: reading.quality,
        raw: reading.raw.clone(),
    }
}
