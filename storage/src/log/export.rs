//! Reading a whole log, by who has it to himself: the source of a move, and its target when both are compared.

use std::path::Path;
use std::sync::Arc;

use edgesync_schemas::id::{BootId, DeviceId, FrameSeq, Offset};
use edgesync_schemas::reading::SeriesInfo;
use edgesync_schemas::time::Timestamp;

use super::postgres::export::Export as Postgres;
use super::query::Place;
use super::{
    DerivedQuery, DerivedRow, DerivedSeries, Error, Options, Order, RangeQuery, ReadingLog, Retention,
    StoredReading, blocking,
};
use crate::postgres::Server;

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
    /// Readings below it that were dropped.
    pub dropped: u64,
    /// Series that flows store, by their numbers.
    pub derived: Vec<Arc<DerivedSeries>>,
}

/// Which logs may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that a server may open.
    Whole,
    /// Also what a move has written and not finished.
    HalfMoved,
}

/// A log that nobody else has.
pub struct Export {
    backend: Backend,
    rest: Rest,
}

enum Backend {
    Embedded(ReadingLog),
    Postgres(Box<Postgres>),
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("end", &self.rest.end).finish_non_exhaustive()
    }
}

impl Export {
    /// Takes the log in a directory. Blocks.
    ///
    /// # Errors
    /// As [`ReadingLog::open`].
    pub fn open(directory: &Path, which: Which) -> Result<Self, Error> {
        let options = Options { is_half_moved_fine: which == Which::HalfMoved, ..Options::default() };
        let log = ReadingLog::open(directory, options)?;
        // Whatever is there is read, however old.
        log.set_retention(Retention::everything());
        let rest = log.rest()?;
        Ok(Self { backend: Backend::Embedded(log), rest })
    }

    /// Takes the log of a database, and changes nothing in it. Not cancel safe: it may stay taken until the process ends.
    ///
    /// # Errors
    /// [`Error::Held`] if a server has it, [`Error::NoLog`], [`Error::SchemaOlder`], [`Error::HalfMoved`]; [`Error::Database`],
    /// [`Error::Corrupt`] and [`Error::Version`].
    pub async fn open_postgres(server: &Server, which: Which) -> Result<Self, Error> {
        let log = Postgres::open(server, which).await?;
        let rest = log.rest.clone();
        Ok(Self { backend: Backend::Postgres(Box::new(log)), rest })
    }

    /// All but the readings.
    pub fn rest(&self) -> &Rest {
        &self.rest
    }

    /// Readings of a series after a place, in order of event time, then offset; `limit` at most. Fewer come at the end only if there are none.
    /// Cancel safe.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Corrupt`], [`Error::Database`].
    pub async fn of_series(
        &self,
        info: &Arc<SeriesInfo>,
        after: Option<(Timestamp, Offset)>,
        limit: usize,
    ) -> Result<Vec<StoredReading>, Error> {
        match &self.backend {
            Backend::Embedded(log) => log.of_series(info, after, limit).await,
            Backend::Postgres(log) => log.of_series(info, after, limit).await,
        }
    }

    /// Rows of a derived series after an event time, in order; `limit` at most. Fewer come at the end only. Cancel safe.
    ///
    /// # Errors
    /// As [`Export::of_series`].
    pub async fn derived_rows(
        &self,
        series: u32,
        after: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<DerivedRow>, Error> {
        let from = match after {
            Some(Timestamp::MAX) => return Ok(Vec::new()),
            Some(after) => after.plus_us(1),
            None => Timestamp::MIN,
        };
        let query = DerivedQuery { series, from, to: Timestamp::MAX, order: Order::Ascending, limit };
        match &self.backend {
            Backend::Embedded(log) => log.derived_rows(query).await,
            Backend::Postgres(log) => log.derived_rows(&query).await,
        }
    }

    /// How many readings there are, of whatever series. Reads through all of them.
    ///
    /// # Errors
    /// As [`Export::of_series`].
    pub async fn count(&self) -> Result<u64, Error> {
        match &self.backend {
            Backend::Embedded(log) => {
                let super::Backend::Embedded(embedded) = log.backend() else { return Err(Error::Closed) };
                let (embedded, end) = (embedded.clone(), self.rest.end);
                blocking(move || embedded.count(end)).await
            }
            Backend::Postgres(log) => log.count().await,
        }
    }

    /// Makes sure that nobody else has had it meanwhile: a database may let go of a log, a directory does not.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn confirm(&self) -> Result<(), Error> {
        match &self.backend {
            Backend::Embedded(_) => Ok(()),
            Backend::Postgres(log) => log.confirm().await,
        }
    }

    /// Lets go of it.
    ///
    /// # Errors
    /// As [`ReadingLog::shutdown`].
    pub async fn close(self) -> Result<(), Error> {
        match self.backend {
            Backend::Embedded(log) => log.shutdown().await,
            // Its connection ends with it.
            Backend::Postgres(_) => Ok(()),
        }
    }
}

impl ReadingLog {
    /// All but the readings. Of a log that nobody appends to.
    fn rest(&self) -> Result<Rest, Error> {
        let (dropped, derived) = match self.backend() {
            super::Backend::Embedded(log) => {
                let (series, unreadable) = log.store()?.derived_series()?;
                // what cannot be read cannot be moved
                if let Some(one) = unreadable.into_iter().next() {
                    return Err(one.error);
                }
                (log.store()?.dropped()?, series)
            }
            super::Backend::Postgres(_) => return Err(Error::Closed),
        };
        let shared = &self.shared;
        let marks = shared.marks();
        let mut devices = marks.devices();
        devices.sort_unstable();
        let mut bookmarks = shared.holds.bookmarks();
        bookmarks.sort_unstable();
        Ok(Rest {
            series: shared.dictionary.all(),
            series_end: shared.dictionary.table_len() as u32,
            marks: devices.iter().map(|device| (*device, marks.boots(*device).to_vec())).collect(),
            bookmarks,
            end: self.end(),
            dropped,
            derived: derived.into_iter().map(Arc::new).collect(),
        })
    }

    /// Readings of a series after a place, in order; a page at most.
    pub(crate) async fn of_series(
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
