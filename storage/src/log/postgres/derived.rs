//! Derived rows in PostgreSQL: one row per series and event time.
//!
//! What is too old is deleted along the index, some thousand rows in a transaction; the space is the database's to use again (vacuum).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use edgesync_schemas::id::{DeviceId, FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::reading::Quality;
use edgesync_schemas::time::Timestamp;
use tokio_postgres::{Client, GenericClient, Row, Transaction};
use uuid::Uuid;

use super::super::derived::{DerivedOf, DerivedQuery, DerivedRow, DerivedSeries, Old, Puts, Unreadable};
use super::super::{Error, Order};
use super::failure::Trouble;
use super::read::Us;
use super::{Loan, Postgres, failed, not_connected};

pub(super) const SERIES: &str =
    "SELECT id, flow_id, name, device_id, sensor_type FROM derived_series ORDER BY id";
const ADD_SERIES: &str = "INSERT INTO derived_series (id, flow_id, name, device_id, sensor_type) \
    SELECT * FROM unnest($1::int[], $2::uuid[], $3::text[], $4::uuid[], $5::text[])";
const ADD: &str = "INSERT INTO derived AS d (series_id, ts, value, log_offset, quality, unit, raw) \
    SELECT n.series_id, n.ts, n.value, n.log_offset, n.quality, n.unit, n.raw::json \
    FROM unnest($1::int[], $2::timestamptz[], $3::float8[], $4::bigint[], $5::smallint[], $6::text[], $7::text[]) \
        AS n (series_id, ts, value, log_offset, quality, unit, raw) \
    ON CONFLICT (series_id, ts) DO UPDATE SET value = EXCLUDED.value, log_offset = EXCLUDED.log_offset, \
        quality = EXCLUDED.quality, unit = EXCLUDED.unit, raw = EXCLUDED.raw \
    WHERE d.log_offset <= EXCLUDED.log_offset";
const ASCENDING: &str = "SELECT ts, value, log_offset, quality, unit, raw::text FROM derived \
    WHERE series_id = $1 AND ts >= $2 AND ts <= $3 ORDER BY ts LIMIT $4";
const DESCENDING: &str = "SELECT ts, value, log_offset, quality, unit, raw::text FROM derived \
    WHERE series_id = $1 AND ts >= $2 AND ts <= $3 ORDER BY ts DESC LIMIT $4";
const NEWEST: &str = "SELECT d.ts, d.value, d.log_offset, d.quality, d.unit, d.raw::text, s.id FROM unnest($1::int[]) AS s (id) \
    CROSS JOIN LATERAL (SELECT * FROM derived WHERE series_id = s.id ORDER BY ts DESC LIMIT 1) d";
const EXPIRE: &str = "DELETE FROM derived d USING (SELECT o.series_id, o.ts FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS s (id, begin, before) \
    CROSS JOIN LATERAL (SELECT series_id, ts FROM derived WHERE series_id = s.id AND ts >= s.begin AND ts < s.before ORDER BY ts LIMIT $4) o \
    LIMIT $4) gone WHERE d.series_id = gone.series_id AND d.ts = gone.ts RETURNING d.series_id, d.ts";

impl Postgres {
    /// Stores rows and what is new of the dictionary in one transaction, if this server still owns the log.
    pub async fn put_derived(&self, new: &[Arc<DerivedSeries>], puts: &Puts<'_>) -> Result<(), Error> {
        let rows: Vec<(u32, &DerivedRow)> = puts.iter().map(|((series, _), row)| (*series, *row)).collect();
        let mut client = self.tails.lend().await.map_err(not_connected)?;
        let put = async |client: &mut Loan| {
            let transaction = client.transaction().await?;
            if !self.owns(&transaction).await? {
                return Ok(None);
            }
            add_series(&*transaction, new).await?;
            add(&*transaction, &rows).await?;
            transaction.commit().await.map(Some)
        };
        let put = put(&mut client).await;
        client.settle();
        owned(put)
    }

    /// The dictionary, and what of it cannot be read.
    pub async fn derived_series(&self) -> Result<(Vec<DerivedSeries>, Vec<Unreadable>), Error> {
        let (mut all, mut unreadable) = (Vec::new(), Vec::new());
        for row in self.ask(&self.pool, SERIES, &[]).await? {
            match series(&row) {
                Ok(series) => all.push(series),
                Err((id, error)) => unreadable.push(Unreadable { id: Some(id), error }),
            }
        }
        Ok((all, unreadable))
    }

    /// Rows of a series by event time.
    pub async fn derived_rows(&self, query: &DerivedQuery) -> Result<Vec<DerivedRow>, Error> {
        let (id, most) = (query.series.cast_signed(), query.limit as i64);
        let sql = if query.order == Order::Ascending { ASCENDING } else { DESCENDING };
        let rows = self.ask(&self.pool, sql, &[&id, &Us(query.from), &Us(query.to), &most]).await?;
        rows.iter().map(read).collect()
    }

    /// The newest row of each of some series.
    pub async fn newest_derived(&self, of: &[u32]) -> Result<BTreeMap<u32, DerivedRow>, Error> {
        let ids: Vec<i32> = of.iter().map(|id| id.cast_signed()).collect();
        let rows = self.ask(&self.pool, NEWEST, &[&ids]).await?;
        rows.iter().map(|row| Ok((row.get::<_, i32>(6).cast_unsigned(), read(row)?))).collect()
    }

    /// Drops rows of some series, `most` at most; each range begins behind what went.
    pub async fn expire_derived(&self, old: &mut [Old], most: usize) -> Result<usize, Error> {
        let ids: Vec<i32> = old.iter().map(|(id, _)| id.cast_signed()).collect();
        let begins: Vec<Us> = old.iter().map(|(_, times)| Us(times.start)).collect();
        let ends: Vec<Us> = old.iter().map(|(_, times)| Us(times.end)).collect();
        let mut client = self.tails.lend().await.map_err(not_connected)?;
        let expire = async |client: &mut Loan| {
            let transaction = client.transaction().await?;
            if !self.owns(&transaction).await? {
                return Ok(None);
            }
            let dropped = transaction.query(EXPIRE, &[&ids, &begins, &ends, &(most as i64)]).await?;
            transaction.commit().await.map(|()| Some(dropped))
        };
        let dropped = expire(&mut client).await;
        client.settle();
        let dropped = owned(dropped)?;
        // of each series the oldest go first
        let mut last: HashMap<u32, Timestamp> = HashMap::new();
        for row in &dropped {
            let (id, Us(ts)) = (row.get::<_, i32>(0).cast_unsigned(), row.get::<_, Us>(1));
            last.entry(id).and_modify(|last| *last = ts.max(*last)).or_insert(ts);
        }
        for (id, times) in old {
            times.start = last.get(id).copied().unwrap_or(times.start);
        }
        Ok(dropped.len())
    }

    /// Takes series out of the dictionary, and what is left of their rows.
    pub async fn forget_derived(&self, series: &[u32]) -> Result<(), Error> {
        let ids: Vec<i32> = series.iter().map(|id| id.cast_signed()).collect();
        let mut client = self.tails.lend().await.map_err(not_connected)?;
        let forget = async |client: &mut Loan| {
            let transaction = client.transaction().await?;
            if !self.owns(&transaction).await? {
                return Ok(None);
            }
            transaction.execute("DELETE FROM derived WHERE series_id = ANY($1)", &[&ids]).await?;
            transaction.execute("DELETE FROM derived_series WHERE id = ANY($1)", &[&ids]).await?;
            transaction.commit().await.map(Some)
        };
        let forgotten = forget(&mut client).await;
        client.settle();
        owned(forgotten)
    }

    /// Whether this server still owns the log; nobody else takes it before the transaction ends.
    async fn owns(&self, transaction: &Transaction<'_>) -> Result<bool, tokio_postgres::Error> {
        const SQL: &str = "SELECT 1 FROM log_state WHERE owner = $1 FOR SHARE";
        let owner = self.at_work().owner;
        transaction.query(SQL, &[&owner]).await.map(|rows| !rows.is_empty())
    }
}

/// What was done, if this server owned the log. Otherwise a session is just being opened again, under a new token.
fn owned<T>(done: Result<Option<T>, tokio_postgres::Error>) -> Result<T, Error> {
    done.map_err(failed)?.ok_or(Error::Unavailable)
}

/// Adds series.
pub(super) async fn add_series(
    client: &(impl GenericClient + Sync),
    new: &[Arc<DerivedSeries>],
) -> Result<(), tokio_postgres::Error> {
    for some in new.chunks(limit::MOVED_SERIES) {
        let ids: Vec<i32> = some.iter().map(|series| series.id.cast_signed()).collect();
        let flows: Vec<Uuid> = some.iter().map(|series| series.flow.uuid()).collect();
        let names: Vec<&str> = some.iter().map(|series| series.of.name.as_str()).collect();
        let device =
            |series: &Arc<DerivedSeries>| series.of.device.map_or(Uuid::nil(), |device| device.uuid());
        let devices: Vec<Uuid> = some.iter().map(device).collect();
        let sensors: Vec<&str> = some
            .iter()
            .map(|series| series.of.sensor.as_ref().map_or("", |sensor| sensor.as_str()))
            .collect();
        client.execute(ADD_SERIES, &[&ids, &flows, &names, &devices, &sensors]).await?;
    }
    Ok(())
}

/// Adds rows, each of another place.
pub(super) async fn add(
    client: &(impl GenericClient + Sync),
    rows: &[(u32, &DerivedRow)],
) -> Result<(), tokio_postgres::Error> {
    let (ids, rows): (Vec<i32>, Vec<&DerivedRow>) =
        rows.iter().map(|(id, row)| (id.cast_signed(), *row)).unzip();
    let times: Vec<Us> = rows.iter().map(|row| Us(row.timestamp)).collect();
    let values: Vec<f64> = rows.iter().map(|row| row.num).collect();
    let offsets: Vec<i64> = rows.iter().map(|row| row.offset.0.cast_signed()).collect();
    let qualities: Vec<i16> = rows.iter().map(|row| row.quality.0.into()).collect();
    let units: Vec<Option<&str>> =
        rows.iter().map(|row| row.unit.as_ref().map(|unit| unit.as_str())).collect();
    let raws: Vec<Option<&str>> = rows.iter().map(|row| row.raw.as_deref()).collect();
    client.execute(ADD, &[&ids, &times, &values, &offsets, &qualities, &units, &raws]).await.map(drop)
}

/// The dictionary, for who has the log to himself.
pub(super) async fn all_series(client: &Client) -> Result<Vec<DerivedSeries>, Error> {
    let rows = client.query(SERIES, &[]).await.map_err(Trouble::from)?;
    rows.iter().map(|row| series(row).map_err(|(_, error)| error)).collect()
}

/// Rows of a series by event time, for who has the log to himself.
pub(super) async fn rows_of(client: &Client, query: &DerivedQuery) -> Result<Vec<DerivedRow>, Error> {
    let (id, most) = (query.series.cast_signed(), query.limit as i64);
    let rows = client.query(ASCENDING, &[&id, &Us(query.from), &Us(query.to), &most]).await;
    rows.map_err(Trouble::from)?.iter().map(read).collect()
}

/// A row of the dictionary; or which it is, and what is wrong with it.
pub(super) fn series(row: &Row) -> Result<DerivedSeries, (u32, Error)> {
    let id = row.get::<_, i32>(0).cast_unsigned();
    let corrupt = |why| (id, Error::Corrupt { what: "derived series".to_owned(), why });
    let device: Uuid = row.get(3);
    let sensor = match row.get(4) {
        "" => None,
        sensor => Some(sensor.parse().map_err(|_| corrupt("sensor"))?),
    };
    let of = DerivedOf {
        name: row.get::<_, &str>(2).parse().map_err(|_| corrupt("name"))?,
        device: (!device.is_nil()).then(|| DeviceId::from_uuid(device)),
        sensor,
    };
    Ok(DerivedSeries { id, flow: FlowId::from_uuid(row.get(1)), of })
}

pub(super) fn read(row: &Row) -> Result<DerivedRow, Error> {
    let corrupt = |why| Error::Corrupt { what: "derived row".to_owned(), why };
    let unit = row.get::<_, Option<&str>>(4).map(str::parse).transpose();
    Ok(DerivedRow {
        timestamp: row.get::<_, Us>(0).0,
        num: row.get(1),
        offset: Offset(row.get::<_, i64>(2).cast_unsigned()),
        quality: u8::try_from(row.get::<_, i16>(3)).map(Quality).map_err(|_| corrupt("quality"))?,
        unit: unit.map_err(|_| corrupt("unit"))?,
        raw: row.get::<_, Option<&str>>(5).map(Into::into),
    })
}
