//! Writing a whole log anew with the offsets that its readings have: the other end of a move.
//!
//! A target is empty, or what an earlier attempt of the same move left. A word in it says so from the first write to the end of the move,
//! and a log with that word in it is not opened: [`Error::HalfMoved`]. Readings come series by series, each in order of event time and
//! offset, so what the target has of a series tells where to go on, and nothing else has to be written down.

use std::path::Path;
use std::sync::Arc;

use edgesync_schemas::id::{BootId, DeviceId, FrameSeq, Offset, SeriesId};
use edgesync_schemas::reading::SeriesInfo;
use edgesync_schemas::time::Timestamp;

use super::embedded::import::Import as Embedded;
use super::query::Place;
use super::{Error, Options, Order, RangeQuery, ReadingLog, StoredReading, blocking};

/// What a log has beside its readings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// All series.
    pub series: Vec<Arc<SeriesInfo>>,
    /// Numbers below this were given out.
    pub series_end: u32,
    /// The frame marks of each device, the boot that sent last at the end.
    pub marks: Vec<(DeviceId, Vec<(BootId, FrameSeq)>)>,
    /// How far readers of the tail got.
    pub bookmarks: Vec<(String, Offset)>,
    /// Offset after the last reading.
    pub end: Offset,
}

/// A log that is being written.
#[derive(Clone)]
pub struct Import {
    backend: Backend,
}

#[derive(Clone)]
enum Backend {
    Embedded(Arc<Embedded>),
}

impl std::fmt::Debug for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import").finish_non_exhaustive()
    }
}

impl Import {
    /// Opens a directory as the target of a move, which `word` names: where from, and how much.
    ///
    /// # Errors
    /// [`Error::NotEmpty`], [`Error::Moved`] by this one, [`Error::HalfMoved`] by another; [`Error::InUse`] and the others of [`ReadingLog::open`].
    pub async fn open(directory: &Path, word: &str) -> Result<Self, Error> {
        let (directory, word) = (directory.to_owned(), word.to_owned());
        let embedded = blocking(move || Embedded::open(&directory, &word)).await?;
        Ok(Self { backend: Backend::Embedded(Arc::new(embedded)) })
    }

    /// Whether an earlier attempt left something.
    pub fn is_resumed(&self) -> bool {
        match &self.backend {
            Backend::Embedded(import) => import.is_resumed,
        }
    }

    /// The last reading of a series that is there.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Corrupt`].
    pub async fn newest(&self, series: SeriesId) -> Result<Option<(Timestamp, Offset)>, Error> {
        let Backend::Embedded(import) = self.backend.clone();
        blocking(move || import.newest(series)).await
    }

    /// Writes the dictionary.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn put_series(&self, series: Vec<Arc<SeriesInfo>>, end: u32) -> Result<(), Error> {
        let Backend::Embedded(import) = self.backend.clone();
        blocking(move || import.put_series(&series, end)).await
    }

    /// Writes readings of a series that follow those that are there. All or none.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn put(&self, series: Arc<SeriesInfo>, readings: Vec<StoredReading>) -> Result<(), Error> {
        let Backend::Embedded(import) = self.backend.clone();
        blocking(move || import.put(&series, &readings)).await
    }

    /// Writes the rest, when all readings are there: `count` of them. Durable when it returns; the word stays.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn put_rest(&self, rest: Rest, count: u64) -> Result<(), Error> {
        let Backend::Embedded(import) = self.backend.clone();
        blocking(move || import.put_rest(&rest, count)).await
    }

    /// Takes the word out of a target that turned out to be somebody's.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn give_up(self) -> Result<(), Error> {
        let Backend::Embedded(import) = self.backend.clone();
        blocking(move || import.give_up()).await
    }

    /// Takes the word out: the log can be used from here on.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn finish(self) -> Result<(), Error> {
        let Backend::Embedded(import) = self.backend.clone();
        blocking(move || import.finish()).await
    }
}

impl ReadingLog {
    /// Opens what a move has written and not finished, to compare it. See [`ReadingLog::open`].
    ///
    /// # Errors
    /// As [`ReadingLog::open`].
    pub fn open_half_moved(directory: &Path, options: Options) -> Result<Self, Error> {
        Self::open(directory, Options { is_half_moved_fine: true, ..options })
    }

    /// All but the readings. Of a log that nobody appends to.
    pub fn rest(&self) -> Rest {
        let shared = &self.shared;
        let marks = shared.marks();
        let mut devices = marks.devices();
        devices.sort_unstable();
        let mut bookmarks = shared.holds.bookmarks();
        bookmarks.sort_unstable();
        Rest {
            series: shared.dictionary.all(),
            series_end: shared.dictionary.table_len() as u32,
            marks: devices.iter().map(|device| (*device, marks.boots(*device).to_vec())).collect(),
            bookmarks,
            end: self.end(),
        }
    }

    /// Readings of a series after a place, in order; a page at most.
    ///
    /// # Errors
    /// As [`ReadingLog::range`].
    pub async fn of_series(
        &self,
        series: &SeriesInfo,
        after: Option<(Timestamp, Offset)>,
        limit: usize,
    ) -> Result<Vec<StoredReading>, Error> {
        let order = Order::Ascending;
        let cursor = after.map(|(ts, offset)| Place { ts, offset }.cursor(order));
        let (device, sensor) = (series.device, Some(series.sensor.clone()));
        let query = RangeQuery { device, sensor, from: None, to: None, order, limit, cursor };
        Ok(self.range(query).await?.readings)
    }
}
