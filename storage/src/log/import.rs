//! Writing a whole log anew with the offsets that its readings have: the other end of a move.
//!
//! A target is empty, or what an earlier attempt of the same move left. A word in it says so from the first write to the end of the move,
//! and a log with that word in it is not opened: [`Error::HalfMoved`]. Readings come series by series in the order of their numbers, each
//! in order of event time and offset, so the last one that the target has tells where to go on.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::reading::SeriesInfo;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

use super::embedded::import::Import as Embedded;
use super::export::Rest;
use super::postgres::import::{Claim as PostgresClaim, Import as Postgres};
use super::{DerivedRow, DerivedSeries, Error, StoredReading, blocking, place};
use crate::postgres::Server;

/// What a place has beside its log, of which nothing is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// Something: a move into it may be gone on with, and none begun.
    Something,
}

/// The last reading that a target has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// Its series: all of those before it are there.
    pub series: SeriesId,
    /// Its event time and offset.
    pub at: (Timestamp, Offset),
}

/// A log that is being written.
pub struct Import {
    backend: Backend,
}

enum Backend {
    Embedded(Arc<Embedded>),
    Postgres(Box<Postgres>),
}

impl std::fmt::Debug for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import").finish_non_exhaustive()
    }
}

/// A place that a move has to itself. Nothing was written to it but a directory and its lock.
pub struct Claim {
    place: Claimed,
}

enum Claimed {
    Directory { path: PathBuf, lock: File },
    Database(Box<PostgresClaim>),
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claim").finish_non_exhaustive()
    }
}

impl Claim {
    /// Takes a directory. Blocks.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::NetworkFileSystem`], [`Error::Directory`].
    pub fn directory(path: &Path) -> Result<Self, Error> {
        let lock = place::claim(path)?;
        Ok(Self { place: Claimed::Directory { path: path.to_owned(), lock } })
    }

    /// Takes a database. Not cancel safe: it may stay taken until the process ends.
    ///
    /// # Errors
    /// [`Error::Held`] if a server has it, [`Error::Database`].
    pub async fn database(server: &Server) -> Result<Self, Error> {
        Ok(Self { place: Claimed::Database(Box::new(PostgresClaim::take(server).await?)) })
    }

    /// Makes it the target of a move, which `word` names: where from, and how much. `beside` is what was there since it was taken. Not cancel safe: a
    /// database may stay taken until the process ends.
    ///
    /// # Errors
    /// [`Error::NotEmpty`], [`Error::Moved`] by this one, [`Error::HalfMoved`] by another, and then nothing was written;
    /// [`Error::Database`] and the others of [`ReadingLog::open`](super::ReadingLog::open).
    pub async fn import(self, word: &str, beside: Beside) -> Result<Import, Error> {
        let backend = match self.place {
            Claimed::Directory { path, lock } => {
                let word = word.to_owned();
                let import = blocking(move || Embedded::open(lock, &path, &word, beside)).await?;
                Backend::Embedded(Arc::new(import))
            }
            Claimed::Database(claim) => Backend::Postgres(Box::new(claim.import(word, beside).await?)),
        };
        Ok(Import { backend })
    }
}

impl Import {
    /// Whether an earlier attempt left something.
    pub fn is_resumed(&self) -> bool {
        match &self.backend {
            Backend::Embedded(import) => import.is_resumed,
            Backend::Postgres(import) => import.is_resumed,
        }
    }

    /// The last reading that is there.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Corrupt`], [`Error::Database`].
    pub async fn reached(&self) -> Result<Option<Reached>, Error> {
        match &self.backend {
            Backend::Embedded(import) => {
                let import = import.clone();
                blocking(move || import.reached()).await
            }
            Backend::Postgres(import) => import.reached().await,
        }
    }

    /// Writes the dictionary.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Database`].
    pub async fn put_series(&self, series: &[Arc<SeriesInfo>], end: u32) -> Result<(), Error> {
        match &self.backend {
            Backend::Embedded(import) => {
                let (import, series) = (import.clone(), series.to_vec());
                blocking(move || import.put_series(&series, end)).await
            }
            Backend::Postgres(import) => import.put_series(series, end).await,
        }
    }

    /// Writes readings of a series that follow those that are there, and with them that they are.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Database`]; also where there are more days of readings than a database may have partitions.
    pub async fn put(&self, series: Arc<SeriesInfo>, readings: Vec<StoredReading>) -> Result<(), Error> {
        match &self.backend {
            Backend::Embedded(import) => {
                let import = import.clone();
                blocking(move || import.put(&series, &readings)).await
            }
            Backend::Postgres(import) => import.put(&series, &readings).await,
        }
    }

    /// Writes the series that flows store, in place of those that an earlier attempt left.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Database`].
    pub async fn put_derived_series(&self, series: &[Arc<DerivedSeries>]) -> Result<(), Error> {
        match &self.backend {
            Backend::Embedded(import) => {
                let (import, series) = (import.clone(), series.to_vec());
                blocking(move || import.put_derived_series(&series)).await
            }
            Backend::Postgres(import) => import.put_derived_series(series).await,
        }
    }

    /// Writes rows of a derived series. Those that are there are written again.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Database`].
    pub async fn put_derived(&self, series: u32, rows: Vec<DerivedRow>) -> Result<(), Error> {
        match &self.backend {
            Backend::Embedded(import) => {
                let import = import.clone();
                blocking(move || import.put_derived(series, &rows)).await
            }
            Backend::Postgres(import) => import.put_derived(series, &rows).await,
        }
    }

    /// Writes the rest, when all readings are there. Durable when it returns; the word stays.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Database`].
    pub async fn put_rest(&self, rest: &Rest) -> Result<(), Error> {
        match &self.backend {
            Backend::Embedded(import) => {
                let (import, rest) = (import.clone(), rest.clone());
                blocking(move || import.put_rest(&rest)).await
            }
            Backend::Postgres(import) => import.put_rest(rest).await,
        }
    }

    /// Takes the word out: the log can be used from here on.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Database`].
    pub async fn finish(self) -> Result<(), Error> {
        match self.backend {
            Backend::Embedded(import) => blocking(move || import.finish()).await,
            Backend::Postgres(import) => import.finish().await,
        }
    }
}

/// The place of a reading's unit among those of its series.
pub(super) fn unit(info: &SeriesInfo, reading: &StoredReading) -> UnitIndex {
    let place = reading.unit.as_ref().and_then(|unit| info.units.iter().position(|known| known == unit));
    place.map_or(UnitIndex::NONE, |place| UnitIndex(place as u8 + 1))
}
