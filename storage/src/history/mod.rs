//! Stored readings as history: buckets over time for charts, whole exports, and imports.
//!
//! What it promises:
//! - The log goes first: at most [`limit::HISTORY_READS`] reads go on at once, each on a thread that may block, and a read whose asker is
//!   gone stops at the next block. No user has all of these turns. Exports and imports have their own few places.
//! - Buckets are computed in the store; what leaves it is a row per bucket.
//! - Memory is bounded by what one answer, one page or one row group may have, whatever the range.
//!
//! Single readings, by page, are the log's own: [`ReadingLog::range`] and [`ReadingLog::latest`].

pub mod bucket;
pub mod calendar;
pub(crate) mod cell;
pub mod columns;
pub mod derived;
mod embedded;
pub mod export;
pub mod import;
mod postgres;
mod turn;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use edgesync_schemas::id::{DeviceId, Offset, SeriesId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::SeriesInfo;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use tokio::sync::Semaphore;

use crate::log::{self, Backend, Order, RangeQuery, ReadingLog, StoredReading};
use calendar::Edges;
use cell::{Ends, Value, Wants};
use columns::{Agg, Columns, Fill};
use turn::Turns;

pub use cell::{Cell, Numbers};
pub use turn::Turn;

/// Why history could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Others read so much that no turn came; try again later.
    #[error("too much history is being read")]
    Busy,
    /// The answer would be too large: ask for fewer buckets, or leave `first` and `last` out.
    #[error(transparent)]
    TooMuchText(#[from] cell::TooMuchText),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] log::Error),
}

/// Reads and writes history. Cheap to clone: a handle.
#[derive(Debug, Clone)]
pub struct History {
    log: ReadingLog,
    reads: Turns,
    exports: Arc<Semaphore>,
    imports: Arc<Semaphore>,
}

/// One series that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asked {
    /// Whose.
    pub device: DeviceId,
    /// Of which sensor.
    pub sensor: SensorName,
}

/// Which buckets.
#[derive(Debug, Clone)]
pub struct BucketQuery {
    /// Who asks: users take turns.
    pub user: UserId,
    /// Of which series; at most [`limit::BUCKET_SERIES`].
    pub series: Vec<Asked>,
    /// Event time from here on.
    pub from: Timestamp,
    /// Event time before this.
    pub to: Timestamp,
    /// The buckets; times × series at most [`limit::BUCKETS_PER_ANSWER`].
    pub edges: Edges,
    /// What is told of each.
    pub aggs: Vec<Agg>,
    /// What stands where there is nothing.
    pub fill: Fill,
}

/// The buckets of one series, in the order asked for.
#[derive(Debug, Clone)]
pub struct BucketedSeries {
    /// Which.
    pub asked: Asked,
    /// What is known of it; nothing if the device never sent it.
    pub info: Option<Arc<SeriesInfo>>,
    /// Its buckets.
    pub columns: Columns,
}

/// A sensor of a device, and what its readings span.
#[derive(Debug, Clone)]
pub struct SensorSummary {
    /// Which.
    pub info: Arc<SeriesInfo>,
    /// Event time of the first reading.
    pub first: Option<Timestamp>,
    /// The newest by event time.
    pub newest: Option<StoredReading>,
}

/// What a back end is asked for: the buckets of some series, which exist.
#[derive(Debug, Clone)]
pub(crate) struct CellQuery {
    pub series: Vec<SeriesId>,
    /// Event time of each from here on.
    pub from: Vec<Timestamp>,
    pub to: Timestamp,
    /// Of the readings that arrived before this; of all if `None`.
    pub before: Option<Offset>,
    pub edges: Edges,
    pub wants: Wants,
    pub ends: Ends,
}

impl History {
    /// Of a log. All who read one log share one of these: its turns are theirs together.
    pub fn new(log: ReadingLog) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self {
            log,
            reads: Turns::default(),
            exports: places(limit::EXPORTS),
            imports: places(limit::IMPORTS),
        }
    }

    /// The log.
    pub fn log(&self) -> &ReadingLog {
        &self.log
    }

    /// Buckets of some series.
    ///
    /// Cancel safe: a read that nobody waits for stops by itself. Cost: looks at every reading of the range once.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::TooMuchText`], [`Error::Log`].
    pub async fn buckets(&self, query: BucketQuery) -> Result<Vec<BucketedSeries>, Error> {
        let infos: Vec<Option<Arc<SeriesInfo>>> = query
            .series
            .iter()
            .map(|asked| self.log.series().find(asked.device, asked.sensor.as_str()))
            .collect();
        let mut known: Vec<&Arc<SeriesInfo>> = infos.iter().flatten().collect();
        known.sort_unstable_by_key(|info| info.id);
        known.dedup_by_key(|info| info.id);
        // What is too old is not told, whether it is still there or not.
        let (retention, now) = (self.log.retention(), log::now());
        let from = |info: &&Arc<SeriesInfo>| query.from.max(retention.oldest(info.device, now));
        let series: Vec<SeriesId> = known.iter().map(|info| info.id).collect();
        let cells = self
            .cells(
                query.user,
                CellQuery {
                    from: known.iter().map(from).collect(),
                    series: series.clone(),
                    to: query.to,
                    before: None,
                    edges: query.edges.clone(),
                    wants: columns::wants(&query.aggs),
                    ends: columns::ends(&query.aggs),
                },
            )
            .await?;
        let nothing = vec![Cell::default(); query.edges.len()];
        let mut told = Vec::with_capacity(query.series.len());
        for (asked, info) in query.series.into_iter().zip(infos) {
            let at = info.as_ref().and_then(|info| series.binary_search(&info.id).ok());
            let cells = at.map_or(&nothing, |at| &cells[at]);
            let is_lacking = info.is_some() && columns::needs_before(cells, &query.aggs, query.fill);
            let before =
                if is_lacking { self.newest_before(query.user, &asked, query.from).await? } else { None };
            let columns = columns::columns(cells, &query.edges, &query.aggs, query.fill, before.as_ref());
            told.push(BucketedSeries { asked, info, columns });
        }
        Ok(told)
    }

    async fn cells(&self, user: UserId, query: CellQuery) -> Result<Vec<Vec<Cell>>, Error> {
        if query.series.is_empty() {
            return Ok(Vec::new());
        }
        let turn = self.turn(user).await?;
        self.read(query, turn).await
    }

    async fn read<T: Send + 'static>(&self, query: CellQuery, turn: T) -> Result<Vec<Vec<Cell>>, Error> {
        match self.log.backend() {
            Backend::Embedded(log) => embedded::cells(log, query, turn).await,
            Backend::Postgres(log) => postgres::cells(log, query, turn).await,
        }
    }

    /// What the readings of one series that arrived before an offset come to, bucket by bucket; without first and last values. For who
    /// has asked elsewhere whether this may be read, and counts reads: `turn` is dropped when this one has ended in the store, be its
    /// asker gone or not.
    ///
    /// Cancel safe. Cost: looks at every reading of the range once.
    ///
    /// # Errors
    /// [`Error::Log`].
    pub async fn cells_before<T: Send + 'static>(
        &self,
        asked: &Asked,
        edges: Edges,
        before: Offset,
        turn: T,
    ) -> Result<Vec<Cell>, Error> {
        let nothing = vec![Cell::default(); edges.len()];
        let Some(info) = self.log.series().find(asked.device, asked.sensor.as_str()) else {
            return Ok(nothing);
        };
        let bound = |at: Option<&i64>| Timestamp::from_us_saturating(at.copied().unwrap_or_default());
        let (from, to) = (bound(edges.bounds().first()), bound(edges.bounds().last()));
        let query = CellQuery {
            series: vec![info.id],
            from: vec![from.max(self.log.retention().oldest(asked.device, log::now()))],
            to,
            before: Some(before),
            edges,
            wants: Wants { sums: true, extremes: true },
            ends: Ends::NotWanted,
        };
        Ok(self.read(query, turn).await?.pop().unwrap_or(nothing))
    }

    /// The value of the newest reading before a time.
    async fn newest_before(
        &self,
        user: UserId,
        asked: &Asked,
        to: Timestamp,
    ) -> Result<Option<Value>, Error> {
        let _turn = self.turn(user).await?;
        let newest = self.end_of(asked.device, &asked.sensor, Some(to), Order::Descending).await?;
        Ok(newest.map(|reading| Value {
            ts: reading.timestamp,
            offset: reading.offset,
            num: reading.num,
            raw: reading.raw,
        }))
    }

    /// The sensors of a device, in the order in which they first appeared; `user` asks.
    ///
    /// Cancel safe. Cost: three point reads per sensor.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Log`].
    pub async fn sensors(&self, user: UserId, device: DeviceId) -> Result<Vec<SensorSummary>, Error> {
        let _turn = self.turn(user).await?;
        let newest = self.log.latest(device).await?;
        let mut sensors = Vec::new();
        for info in self.log.series().of_device(device) {
            let newest = newest.iter().find(|reading| reading.sensor == info.sensor).cloned();
            let first = self.end_of(device, &info.sensor, None, Order::Ascending).await?;
            sensors.push(SensorSummary { info, first: first.map(|first| first.timestamp), newest });
        }
        Ok(sensors)
    }

    /// The first reading of a series in an order, before a time.
    async fn end_of(
        &self,
        device: DeviceId,
        sensor: &SensorName,
        to: Option<Timestamp>,
        order: Order,
    ) -> Result<Option<StoredReading>, Error> {
        let sensor = Some(sensor.clone());
        let query = RangeQuery { device, sensor, from: None, to, order, limit: 1, cursor: None };
        Ok(self.log.range(query).await?.readings.pop())
    }

    /// Waits for a user's turn to read: few have one at once, and no user all of them.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// [`Error::Busy`] after [`limit::HISTORY_WAIT_S`].
    pub async fn turn(&self, user: UserId) -> Result<Turn, Error> {
        let patience = Duration::from_secs(limit::HISTORY_WAIT_S);
        let turn = tokio::time::timeout(patience, self.reads.take(user)).await;
        turn.ok().flatten().ok_or(Error::Busy)
    }
}
