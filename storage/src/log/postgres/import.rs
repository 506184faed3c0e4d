//! Writing a log in PostgreSQL anew, with the offsets that its readings have. What that is for: `log/import.rs`.
//!
//! One connection does all: it holds the locks, and what it has not committed is gone with it, so that the next attempt, which gets the
//! locks when it has ended, finds what it left and nothing comes after. Each transaction has some readings and the place that is reached
//! with them. They are not synced one by one: what a power cut takes back, it takes back from the end. The last transaction is, and all
//! before it with it.

use std::pin::pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::SeriesInfo;
use futures_util::SinkExt;
use tokio_postgres::{CopyInSink, Statement};
use uuid::Uuid;

use super::super::embedded::records;
use super::super::export::Rest;
use super::super::import::{Beside, Reached, unit};
use super::super::query::StoredReading;
use super::super::{DerivedRow, DerivedSeries, Error, Options};
use super::commit::add_series;
use super::connection::Connection;
use super::day::Day;
use super::encode::{COLUMNS, Fields, MESSAGE_BYTES, put_end, put_head, put_row};
use super::export::claim;
use super::failure::Trouble;
use super::load;
use super::partition::{Partitions, attached, detached};
use super::read::Us;
use super::session::{Before, SERIES, take_over};
use super::{HISTORY, MIGRATIONS, derived, migrate, unfit};
use crate::postgres::{self, Server};

const PLACE: &str = "UPDATE log_move SET series_id = $1, ts = $2, log_offset = $3 WHERE NOT is_done";
const WORD: &str = "INSERT INTO log_move (word, is_done) VALUES ($1, false) \
    ON CONFLICT (id) DO UPDATE SET word = EXCLUDED.word, is_done = false, series_id = NULL, ts = NULL, log_offset = NULL";
const MARKS: &str = "INSERT INTO marks (device_id, boots) SELECT * FROM unnest($1::uuid[], $2::bytea[])";
const BOOKMARKS: &str =
    "INSERT INTO bookmarks (name, log_offset) SELECT * FROM unnest($1::text[], $2::bigint[])";

/// A log that a move writes to.
pub(crate) struct Import {
    connection: Connection,
    copy: Statement,
    partitions: Partitions,
    /// Whether an earlier attempt left something.
    pub is_resumed: bool,
}

/// What is in a database before a move.
enum Found {
    Nothing,
    Ours,
}

/// A database whose log nobody else has, if there is one.
pub(crate) struct Claim {
    server: Server,
    connection: Connection,
}

impl Claim {
    /// Takes it.
    pub async fn take(server: &Server) -> Result<Self, Error> {
        Ok(Self { server: server.clone(), connection: claim(server).await? })
    }

    /// Opens the log, where there is none, an empty one, or one that has this word in it.
    pub async fn import(self, word: &str, beside: Beside) -> Result<Import, Error> {
        let Self { server, connection } = self;
        let is_resumed = match look(&connection, word).await? {
            Found::Ours => true,
            // Looked at before anything is written.
            Found::Nothing if beside == Beside::Something => return Err(Error::NotEmpty),
            Found::Nothing => false,
        };
        migrate(&server).await?;
        load::format(&connection).await?;
        // A server that was cut off cannot write any more.
        let patience = Options::default().held;
        take_over(&connection, Uuid::now_v7(), &mut Before::Anybody, patience).await?;
        if !is_resumed {
            connection.execute(WORD, &[&word]).await.map_err(Trouble::from)?;
        }
        let sql = format!("COPY readings ({COLUMNS}) FROM STDIN BINARY");
        let copy = connection.prepare(&sql).await.map_err(Trouble::from)?;
        let partitions = Partitions::load(&connection).await?;
        Ok(Import { connection, copy, partitions, is_resumed })
    }
}

impl Import {
    /// The last reading that is there.
    pub async fn reached(&self) -> Result<Option<Reached>, Error> {
        const SQL: &str = "SELECT series_id, ts, log_offset FROM log_move WHERE series_id IS NOT NULL";
        let row = self.connection.query_opt(SQL, &[]).await.map_err(Trouble::from)?;
        Ok(row.map(|row| Reached {
            series: SeriesId(row.get::<_, i32>(0).cast_unsigned()),
            at: (row.get::<_, Us>(1).0, Offset(row.get::<_, i64>(2).cast_unsigned())),
        }))
    }

    /// Writes the dictionary.
    pub async fn put_series(&self, series: &[Arc<SeriesInfo>], end: u32) -> Result<(), Error> {
        let client = &self.connection;
        let written = async {
            let statement = client.prepare(SERIES).await?;
            client.batch_execute("BEGIN").await?;
            for some in series.chunks(limit::MOVED_SERIES) {
                add_series(client, &statement, some).await?;
            }
            client.execute("UPDATE log_state SET series_end = $1", &[&end.cast_signed()]).await?;
            client.batch_execute("COMMIT").await
        };
        Ok(written.await.map_err(Trouble::from)?)
    }

    /// Writes readings that follow those that are there.
    pub async fn put(&self, info: &SeriesInfo, mut readings: &[StoredReading]) -> Result<(), Error> {
        while !readings.is_empty() {
            // As few days as a commit has: each is locked until the transaction ends.
            let (some, rest) = readings.split_at(of_few_days(readings, limit::LOG_COMMIT_DAYS));
            let mut days: Vec<Day> = some.iter().map(|reading| Day::of(reading.timestamp)).collect();
            days.dedup();
            self.partitions.ensure(&self.connection, &days).await?;
            self.put_some(info, some).await.map_err(Trouble::from)?;
            readings = rest;
        }
        Ok(())
    }

    async fn put_some(
        &self,
        info: &SeriesInfo,
        readings: &[StoredReading],
    ) -> Result<(), tokio_postgres::Error> {
        let Some(last) = readings.last() else { return Ok(()) };
        let client = &self.connection;
        client.batch_execute("BEGIN; SET LOCAL synchronous_commit = off").await?;
        let sink: CopyInSink<Bytes> = client.copy_in(&self.copy).await?;
        let mut sink = pin!(sink);
        let mut buffer = BytesMut::with_capacity(MESSAGE_BYTES);
        put_head(&mut buffer);
        for reading in readings {
            put_row(&mut buffer, &fields(info, reading));
            if buffer.len() >= MESSAGE_BYTES {
                sink.feed(buffer.split().freeze()).await?;
            }
        }
        put_end(&mut buffer);
        sink.feed(buffer.freeze()).await?;
        sink.finish().await?;
        let (series, offset) = (info.id.0.cast_signed(), last.offset.0.cast_signed());
        client.execute(PLACE, &[&series, &Us(last.timestamp), &offset]).await?;
        client.batch_execute("COMMIT").await
    }

    /// Writes derived series, in place of those that are there.
    pub async fn put_derived_series(&self, series: &[Arc<DerivedSeries>]) -> Result<(), Error> {
        let client = &*self.connection;
        let written = async {
            client.batch_execute("BEGIN; DELETE FROM derived_series").await?;
            derived::add_series(client, series).await?;
            client.batch_execute("COMMIT").await
        };
        Ok(written.await.map_err(Trouble::from)?)
    }

    /// Writes rows of a derived series.
    pub async fn put_derived(&self, series: u32, rows: &[DerivedRow]) -> Result<(), Error> {
        let client = &*self.connection;
        let rows: Vec<(u32, &DerivedRow)> = rows.iter().map(|row| (series, row)).collect();
        let written = async {
            client.batch_execute("BEGIN; SET LOCAL synchronous_commit = off").await?;
            derived::add(client, &rows).await?;
            client.batch_execute("COMMIT").await
        };
        Ok(written.await.map_err(Trouble::from)?)
    }

    /// Writes marks, bookmarks, the end and how much of it was dropped. Synced when it returns, and all before it.
    pub async fn put_rest(&self, rest: &Rest) -> Result<(), Error> {
        let client = &self.connection;
        let names: Vec<&str> = rest.bookmarks.iter().map(|(name, _)| name.as_str()).collect();
        let places: Vec<i64> = rest.bookmarks.iter().map(|(_, at)| at.0.cast_signed()).collect();
        let end = rest.end.0.cast_signed();
        // Readings that the source dropped have their offsets here, too.
        let dropped = rest.dropped.cast_signed();
        let written = async {
            client
                .batch_execute("BEGIN; DELETE FROM marks; DELETE FROM bookmarks; DELETE FROM log_commits")
                .await?;
            for some in rest.marks.chunks(limit::MOVED_SERIES) {
                let devices: Vec<Uuid> = some.iter().map(|(device, _)| device.uuid()).collect();
                let boots: Vec<Vec<u8>> =
                    some.iter().map(|(_, boots)| records::encode_boots(boots)).collect();
                client.execute(MARKS, &[&devices, &boots]).await?;
            }
            client.execute(BOOKMARKS, &[&names, &places]).await?;
            const END: &str = "INSERT INTO log_commits (number, end_offset, marks) VALUES (1, $1, '')";
            client.execute(END, &[&end]).await?;
            client.execute("UPDATE log_state SET dropped = $1", &[&dropped]).await?;
            client.batch_execute("COMMIT").await
        };
        Ok(written.await.map_err(Trouble::from)?)
    }

    /// Takes the word out, and remembers that this move has ended well.
    pub async fn finish(&self) -> Result<(), Error> {
        const SQL: &str =
            "UPDATE log_move SET is_done = true, series_id = NULL, ts = NULL, log_offset = NULL";
        self.connection.execute(SQL, &[]).await.map_err(Trouble::from)?;
        Ok(())
    }
}

/// Looks what there is, and makes nothing.
async fn look(client: &Connection, word: &str) -> Result<Found, Error> {
    postgres::migrate::applied_to(client, HISTORY, MIGRATIONS).await.map_err(unfit)?;
    let is_there = async |table: &str| {
        let sql = "SELECT to_regclass($1) IS NOT NULL";
        client.query_one(sql, &[&table]).await.map(|row| row.get::<_, bool>(0)).map_err(Trouble::from)
    };
    let mut is_moved = false;
    if is_there("log_move").await? {
        for row in load::rows(client, "SELECT word, is_done FROM log_move").await? {
            let (known, is_done): (String, bool) = (row.get(0), row.get(1));
            match (known == word, is_done) {
                (true, false) => return Ok(Found::Ours),
                (false, false) => return Err(Error::HalfMoved { from: known }),
                (true, true) => is_moved = true,
                (false, true) => {}
            }
        }
    }
    if is_moved {
        return Err(Error::Moved);
    }
    if is_there("log_state").await? {
        const IS_USED: &str = "SELECT EXISTS (SELECT 1 FROM series) OR EXISTS (SELECT 1 FROM marks) \
            OR EXISTS (SELECT 1 FROM log_commits WHERE end_offset > 0)";
        if client.query_one(IS_USED, &[]).await.map_err(Trouble::from)?.get(0) {
            return Err(Error::NotEmpty);
        }
        for table in attached(client).await? {
            if !load::rows(client, &format!("SELECT 1 FROM {table} LIMIT 1")).await?.is_empty() {
                return Err(Error::NotEmpty);
            }
        }
    }
    if is_there("derived").await? && !load::rows(client, "SELECT 1 FROM derived LIMIT 1").await?.is_empty() {
        return Err(Error::NotEmpty);
    }
    // Their readings would come back with their days.
    if !detached(client).await?.is_empty() {
        return Err(Error::NotEmpty);
    }
    Ok(Found::Nothing)
}

/// How many readings from the first on are of so many days at most. They are in the order of event time.
fn of_few_days(readings: &[StoredReading], days_max: usize) -> usize {
    let (mut days, mut last) = (0, None);
    let fits = |reading: &&StoredReading| {
        let day = Day::of(reading.timestamp);
        days += usize::from(last.replace(day) != Some(day));
        days <= days_max
    };
    readings.iter().take_while(fits).count()
}

fn fields<'a>(info: &SeriesInfo, reading: &'a StoredReading) -> Fields<'a> {
    Fields {
        ts: reading.timestamp.as_us(),
        value: reading.num,
        offset: reading.offset,
        received_at: reading.received_at.as_us(),
        series: info.id,
        unit: unit(info, reading),
        quality: reading.quality,
        raw: reading.raw.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use edgesync_schemas::id::DeviceId;
    use edgesync_schemas::reading::Quality;
    use edgesync_schemas::time::Timestamp;

    use super::*;

    #[test]
    fn a_transaction_has_readings_of_few_days() {
        let reading = |hour: i64| StoredReading {
            device: DeviceId::from_uuid(Uuid::nil()),
            sensor: "s".parse().unwrap(),
            num: 0.0,
            raw: None,
            unit: None,
            timestamp: Timestamp::from_ms(hour * 3_600_000).unwrap(),
            received_at: Timestamp::MIN,
            offset: Offset(0),
            quality: Quality::GOOD,
        };
        let readings: Vec<_> = [1, 2, 23, 24, 47, 100, 101, 500].map(reading).into();
        let counts = [0, 3, 5, 7, 8, 8];
        assert_eq!(std::array::from_fn(|days| of_few_days(&readings, days)), counts);
        assert_eq!(of_few_days(&[], 1), 0);
    }
}
