//! Rows that flows store, beside the readings that they come from.
//!
//! A row's place is its series and event time, and there is one row at a place: a repeat after a restart and a window's revision take the place of
//! what was there. Of two that come in the wrong order the one that a later reading caused stays. So what a flow stores is there exactly once,
//! however often its results come.
//!
//! A series is a name that a flow gives, of a device and sensor, of a device, or of neither. Series are numbered; their dictionary is in memory. An entry of it
//! that cannot be read is passed over, and its number is not given out again: rows of all other series are stored and dropped as ever. `check` says which.
//! Rows are durable when they are acknowledged. Their number is not among the log's offsets, and they are not counted in its size.

mod dictionary;

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use edgesync_schemas::id::{DeviceId, FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::reading::Quality;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;
use tokio::time::sleep;

use super::{Backend, Error, Order, ReadingLog, SLICE, blocking};
pub(crate) use dictionary::{Dictionary, Unreadable};

/// What a series of a flow is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DerivedOf {
    /// The name that the flow gives it.
    pub name: SensorName,
    /// Whose readings it comes from, if they are one device's.
    pub device: Option<DeviceId>,
    /// Of which sensor, if they are one's.
    pub sensor: Option<SensorName>,
}

/// A series of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivedSeries {
    /// Its number.
    pub id: u32,
    /// The flow.
    pub flow: FlowId,
    /// What it is of.
    pub of: DerivedOf,
}

/// A row of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct DerivedRow {
    /// Event time; of a window's result, the window's start.
    pub timestamp: Timestamp,
    /// Arrival offset of the reading that caused it.
    pub offset: Offset,
    /// The number; 0.0 where the value is none.
    pub num: f64,
    /// Original JSON, where the value is no number.
    pub raw: Option<Box<str>>,
    /// Its unit, if it has one.
    pub unit: Option<Unit>,
    /// What was noticed about the readings that it comes from.
    pub quality: Quality,
}

/// A row on its way into the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Derived {
    /// The flow.
    pub flow: FlowId,
    /// The series.
    pub of: DerivedOf,
    /// The row.
    pub row: DerivedRow,
}

/// Which rows of a series to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerivedQuery {
    /// Number of the series.
    pub series: u32,
    /// Event time from here on.
    pub from: Timestamp,
    /// Event time up to this, and with it.
    pub to: Timestamp,
    /// In which order.
    pub order: Order,
    /// Rows at most; at least 1.
    pub limit: usize,
}

/// Rows of a series that are to be dropped: those of these event times, but for the last.
pub(crate) type Old = (u32, Range<Timestamp>);

/// Rows by their places, as a store takes them.
pub(crate) type Puts<'a> = BTreeMap<(u32, Timestamp), &'a DerivedRow>;

impl ReadingLog {
    /// Stores rows, all or none, but for those whose flow has as many series as it may: answers their places in `rows`. Durable when it returns.
    ///
    /// Not cancel safe: they may be stored or not.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::TooSlow`], [`Error::Store`], [`Error::Database`]: they may be stored or not. [`Error::is_about_data`] says whether the
    /// same rows would fail again.
    pub async fn put_derived(&self, rows: &Arc<Vec<Derived>>) -> Result<Vec<usize>, Error> {
        let dictionary = &self.shared.derived;
        let mut writing = dictionary.writing().await;
        if !writing.is_whole {
            self.load_derived().await?;
            writing.is_whole = true;
        }
        let (ids, new) = dictionary.number(rows);
        // what a failed write has left is looked up before the next one
        writing.is_whole = false;
        match &self.backend {
            Backend::Embedded(log) => {
                let (log, rows, ids, new) = (log.clone(), rows.clone(), ids.clone(), new.clone());
                blocking(move || log.put_derived(&new, &puts(&rows, &ids))).await?;
            }
            Backend::Postgres(log) => log.put_derived(&new, &puts(rows, &ids)).await?,
        }
        dictionary.add(new);
        writing.is_whole = true;
        Ok(ids.iter().enumerate().filter(|(_, id)| id.is_none()).map(|(at, _)| at).collect())
    }

    /// The series of a flow, by name, device and sensor.
    ///
    /// # Errors
    /// As [`Self::derived_rows`].
    pub async fn derived_series(&self, flow: FlowId) -> Result<Vec<Arc<DerivedSeries>>, Error> {
        self.know_derived().await?;
        Ok(self.shared.derived.of_flow(flow))
    }

    /// All series.
    ///
    /// # Errors
    /// As [`Self::derived_rows`].
    pub async fn all_derived_series(&self) -> Result<Vec<Arc<DerivedSeries>>, Error> {
        self.know_derived().await?;
        Ok(self.shared.derived.all())
    }

    /// Rows of a series by event time. Cancel safe.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Corrupt`], [`Error::Unavailable`], [`Error::TooSlow`], [`Error::Database`].
    pub async fn derived_rows(&self, query: DerivedQuery) -> Result<Vec<DerivedRow>, Error> {
        match &self.backend {
            Backend::Embedded(log) => {
                let log = log.clone();
                blocking(move || log.store()?.derived_rows(&query)).await
            }
            Backend::Postgres(log) => log.derived_rows(&query).await,
        }
    }

    /// The newest row of each of some series; nothing of those without one. Cancel safe.
    ///
    /// # Errors
    /// As [`Self::derived_rows`].
    pub async fn newest_derived(&self, series: &[u32]) -> Result<BTreeMap<u32, DerivedRow>, Error> {
        match &self.backend {
            Backend::Embedded(log) => {
                let (log, series) = (log.clone(), series.to_vec());
                blocking(move || {
                    let store = log.store()?;
                    let mut newest = BTreeMap::new();
                    for series in series {
                        let query = DerivedQuery {
                            series,
                            from: Timestamp::MIN,
                            to: Timestamp::MAX,
                            order: Order::Descending,
                            limit: 1,
                        };
                        newest.extend(store.derived_rows(&query)?.pop().map(|row| (series, row)));
                    }
                    Ok(newest)
                })
                .await
            }
            Backend::Postgres(log) => log.newest_derived(series).await,
        }
    }

    /// Drops rows of some series, at most [`limit::DERIVED_EXPIRED`]; how many. One that drops as many may have left some: each range begins behind what went,
    /// so that nobody looks for that again.
    ///
    /// # Errors
    /// As [`Self::derived_rows`].
    pub(crate) async fn expire_derived(&self, old: &mut Vec<Old>) -> Result<usize, Error> {
        match &self.backend {
            Backend::Embedded(log) => {
                let (log, mut going) = (log.clone(), old.clone());
                let dropped;
                (dropped, *old) = blocking(move || {
                    let dropped = log.store()?.expire_derived(&mut going, limit::DERIVED_EXPIRED)?;
                    Ok((dropped, going))
                })
                .await?;
                Ok(dropped)
            }
            Backend::Postgres(log) => log.expire_derived(old, limit::DERIVED_EXPIRED).await,
        }
    }

    /// Forgets all series of a flow that has been gone for a while, and what is left of their rows. Nobody waits for it: rows go with pauses, while others are
    /// stored.
    ///
    /// # Errors
    /// As [`Self::derived_rows`].
    pub(crate) async fn forget_derived(&self, flow: FlowId) -> Result<(), Error> {
        self.know_derived().await?;
        let whole = |id: u32| (id, Timestamp::MIN..Timestamp::MAX);
        let mut old: Vec<Old> = self.shared.derived.of_flow(flow).iter().map(|one| whole(one.id)).collect();
        for some in old.chunks_mut(limit::DERIVED_SERIES_PAGE) {
            let mut going = some.to_vec();
            while self.expire_derived(&mut going).await? >= limit::DERIVED_EXPIRED {
                // As long again for others.
                sleep(SLICE).await;
            }
            some.clone_from_slice(&going);
        }
        // nobody may store a row of one of them meanwhile
        let mut writing = self.shared.derived.writing().await;
        let series: Vec<u32> = self.shared.derived.of_flow(flow).iter().map(|series| series.id).collect();
        // what was stored all the same since then
        let known: HashSet<u32> = old.iter().map(|(id, _)| *id).collect();
        old.extend(series.iter().filter(|id| !known.contains(id)).map(|id| whole(*id)));
        while self.expire_derived(&mut old).await? >= limit::DERIVED_EXPIRED {}
        writing.is_whole = false;
        match &self.backend {
            Backend::Embedded(log) => {
                let log = log.clone();
                blocking(move || log.store()?.forget_derived(&series)).await?;
            }
            Backend::Postgres(log) => log.forget_derived(&series).await?,
        }
        self.shared.derived.forget(flow);
        writing.is_whole = true;
        Ok(())
    }

    /// Reads the dictionary, if nobody has.
    async fn know_derived(&self) -> Result<(), Error> {
        if self.shared.derived.is_known() {
            return Ok(());
        }
        let mut writing = self.shared.derived.writing().await;
        if !writing.is_whole {
            self.load_derived().await?;
            writing.is_whole = true;
        }
        Ok(())
    }

    async fn load_derived(&self) -> Result<(), Error> {
        let (series, unreadable) = match &self.backend {
            Backend::Embedded(log) => {
                let log = log.clone();
                blocking(move || log.store()?.derived_series()).await?
            }
            Backend::Postgres(log) => log.derived_series().await?,
        };
        let first = unreadable.first().map(|one| (one.id, one.error.to_string()));
        let count = unreadable.len();
        // told once, however often it is read
        if self.shared.derived.replace(series, &unreadable)
            && let Some((id, error)) = first
        {
            tracing::error!(count, ?id, error, "series of flows cannot be read, they are passed over");
        }
        Ok(())
    }
}

/// What is to be stored where: of several rows of one place the one that the latest reading caused; of those the last.
fn puts<'a>(rows: &'a [Derived], ids: &[Option<u32>]) -> Puts<'a> {
    let mut puts = Puts::new();
    for (of, id) in rows.iter().zip(ids) {
        let Some(id) = *id else { continue };
        let place = puts.entry((id, of.row.timestamp)).or_insert(&of.row);
        if place.offset <= of.row.offset {
            *place = &of.row;
        }
    }
    puts
}
