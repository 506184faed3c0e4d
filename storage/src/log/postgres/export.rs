//! Reading all of a log in PostgreSQL, for a move: by who has it to himself, and changes nothing.
//!
//! The owner's lock keeps servers out, and the lock of commits whatever one of them still had under way. The token of the last owner stays,
//! so the log is as it was. A series is walked along its index a page at a time, a stretch of days in each statement; offsets may have holes.

use std::sync::Arc;
use std::time::Duration;

use edgesync_schemas::id::{DeviceId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::reading::SeriesInfo;
use edgesync_schemas::time::Timestamp;
use tokio_postgres::Statement;

use super::super::export::Rest;
use super::super::marks::Marks;
use super::super::query::StoredReading;
use super::super::{DerivedQuery, DerivedRow, Error, export};
use super::connection::Connection;
use super::failure::{Failure, Trouble};
use super::partition::{Partitions, attached, count};
use super::read::{Us, reading};
use super::session::{Before, lock_commits, take_lock};
use super::{derived, fold, load};
use crate::postgres::Server;

/// Statements are planned for the days that they ask for, and along the index: a partition that was just written has no statistics.
const SETTINGS: &str = "SET plan_cache_mode = force_custom_plan; SET enable_seqscan = off";
const NAME: &str = "edgesync tool";

const PAGE: &str = "SELECT ts, log_offset, value, received_at, series_id, unit, quality, raw::text FROM readings \
    WHERE series_id = $1 AND ts >= $2 AND ts <= $3 AND (ts > $4 OR log_offset > $5) ORDER BY ts, log_offset LIMIT $6";

/// A log that nobody else has.
pub(crate) struct Export {
    connection: Connection,
    page: Statement,
    partitions: Partitions,
    /// All but the readings.
    pub rest: Rest,
}

impl Export {
    /// Takes the log, which must be there and of this program's schema.
    pub async fn open(server: &Server, which: export::Which) -> Result<Self, Error> {
        let connection = claim(server).await?;
        let settings = format!("SET default_transaction_read_only = on; {SETTINGS}");
        connection.batch_execute(&settings).await.map_err(Trouble::from)?;
        load::newest_schema(&connection).await?;
        if let Some(from) = load::half_moved(&connection).await?
            && which == export::Which::Whole
        {
            return Err(Error::HalfMoved { from });
        }
        let dictionary = load::dictionary(&connection).await?;
        let (marks, _) = fold::load(&connection).await?;
        let mut bookmarks = load::bookmarks(&connection).await?;
        bookmarks.sort_unstable();
        let rest = Rest {
            series: dictionary.all(),
            series_end: dictionary.table_len() as u32,
            marks: by_device(&marks),
            bookmarks,
            end: end(&connection).await?,
            dropped: dropped(&connection).await?,
            derived: derived::all_series(&connection).await?.into_iter().map(Arc::new).collect(),
        };
        let page = connection.prepare(PAGE).await.map_err(Trouble::from)?;
        let partitions = Partitions::load(&connection).await?;
        Ok(Self { connection, page, partitions, rest })
    }

    /// Readings of a series after a place, in order; `limit` at most.
    pub async fn of_series(
        &self,
        info: &Arc<SeriesInfo>,
        after: Option<(Timestamp, Offset)>,
        limit: usize,
    ) -> Result<Vec<StoredReading>, Error> {
        let id = info.id.0.cast_signed();
        let (since, offset) = after.map_or((Timestamp::MIN, -1), |(ts, offset)| (ts, offset.0.cast_signed()));
        let series = [info.clone()];
        let mut readings = Vec::new();
        for (from, to) in self.partitions.stretches(since, Timestamp::MAX).into_iter().rev() {
            let more = (limit - readings.len()) as i64;
            let rows = self
                .connection
                .query(&self.page, &[&id, &Us(from), &Us(to), &Us(since), &offset, &more])
                .await
                .map_err(Trouble::from)?;
            for row in &rows {
                readings.push(reading(row, &series)?);
            }
            if readings.len() == limit {
                break;
            }
        }
        Ok(readings)
    }

    /// Rows of a derived series by event time.
    pub async fn derived_rows(&self, query: &DerivedQuery) -> Result<Vec<DerivedRow>, Error> {
        derived::rows_of(&self.connection, query).await
    }

    /// How many readings there are.
    pub async fn count(&self) -> Result<u64, Error> {
        let mut readings = 0;
        for table in attached(&self.connection).await? {
            readings += count(&self.connection, &table).await?;
        }
        Ok(readings)
    }

    /// Whether it ends where it did. On the connection that keeps others out: if that was lost, so is this.
    pub async fn confirm(&self) -> Result<(), Error> {
        if end(&self.connection).await? == self.rest.end {
            return Ok(());
        }
        Err(Trouble::new(Failure::Data, "the log was changed while it was read").into())
    }
}

/// A connection that keeps servers, and others of its kind, from the log of a database, which need not have one.
pub(super) async fn claim(server: &Server) -> Result<Connection, Error> {
    let connection = Connection::open(server, NAME).await?;
    take_lock(&connection, &Before::Anybody, Duration::from_secs(limit::TOOL_WAIT_S)).await?;
    lock_commits(&connection).await?;
    Ok(connection)
}

/// The offset after the last reading.
async fn end(client: &Connection) -> Result<Offset, Error> {
    let last = load::rows(client, "SELECT end_offset FROM log_commits ORDER BY number DESC LIMIT 1").await?;
    let Some(last) = last.first() else {
        return Err(Trouble::new(Failure::Data, "the log has no commit: where it ends is not known").into());
    };
    Ok(Offset(last.get::<_, i64>(0).cast_unsigned()))
}

/// How many readings retention dropped.
pub(super) async fn dropped(client: &Connection) -> Result<u64, Error> {
    let rows = load::rows(client, "SELECT dropped FROM log_state").await?;
    Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0)).max(0).cast_unsigned())
}

fn by_device(marks: &Marks) -> Vec<(DeviceId, super::super::marks::Boots)> {
    let mut devices = marks.devices();
    devices.sort_unstable();
    devices.iter().map(|device| (*device, marks.boots(*device).to_vec())).collect()
}
