//! Reading stored readings. A commit is seen whole or not at all, and before anybody hears that it is durable.
//!
//! Each series is walked along its index from where the page begins, at most a page's rows; the page is the best of them all. So a page
//! of a device with 5 sensors reads at most 5 pages' rows, however long the range is.

use std::sync::Arc;

use edgesync_schemas::id::{DeviceId, Offset, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::{Quality, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql, Type};

use super::super::Error;
use super::super::query::{Order, Place, RangePage, RangeQuery, StoredReading};
use super::super::retention::now;
use super::{Postgres, failed};

const LATEST: &str = "SELECT r.ts, r.log_offset, r.value, r.received_at, r.series_id, r.unit, r.quality, r.raw::text \
    FROM unnest($1::int[]) WITH ORDINALITY AS s (id, place) \
    CROSS JOIN LATERAL (SELECT * FROM readings WHERE series_id = s.id ORDER BY ts DESC, log_offset DESC LIMIT 1) r \
    ORDER BY s.place";

/// The newest reading of each sensor of a device.
pub(crate) async fn latest(log: &Postgres, device: DeviceId) -> Result<Vec<StoredReading>, Error> {
    let series = log.shared.dictionary.of_device(device);
    if series.is_empty() {
        return Ok(Vec::new());
    }
    let client = log.reader().await?;
    let statement = client.prepare_cached(LATEST).await.map_err(failed)?;
    let rows = client.query(&statement, &[&ids(&series)]).await.map_err(failed)?;
    let oldest = log.shared.retention().oldest(device, now());
    let readings = rows.iter().map(|row| reading(row, &series));
    readings.filter(|reading| reading.as_ref().map_or(true, |reading| reading.timestamp >= oldest)).collect()
}

/// A page of a range.
pub(crate) async fn range(log: &Postgres, query: &RangeQuery) -> Result<RangePage, Error> {
    let after = query.cursor.as_deref().map(|cursor| Place::from_cursor(cursor, query.order)).transpose()?;
    let mut series = log.shared.dictionary.of_device(query.device);
    if let Some(sensor) = &query.sensor {
        series.retain(|info| info.sensor == *sensor);
    }
    if series.is_empty() {
        return Ok(RangePage { readings: Vec::new(), next: None });
    }
    let limit = query.limit.clamp(1, limit::RANGE_READINGS);
    // The bounds of time prune partitions and start the walk along the index; the place after which the page begins may lie among
    // readings of one time.
    let oldest = log.shared.retention().oldest(query.device, now());
    let mut from = query.from.map_or(oldest, |from| from.max(oldest));
    let mut to = query.to.map_or(Timestamp::MAX, |to| to.plus_us(-1));
    let empty = query.to.is_some_and(|to| to <= from);
    let after = after.unwrap_or(match query.order {
        Order::Ascending => Place { ts: Timestamp::MIN, offset: Offset(0) },
        Order::Descending => Place { ts: Timestamp::MAX, offset: Offset(i64::MAX as u64) },
    });
    match query.order {
        Order::Ascending => from = from.max(after.ts),
        Order::Descending => to = to.min(after.ts),
    }
    if empty || from > to {
        return Ok(RangePage { readings: Vec::new(), next: None });
    }
    // Without a cursor no reading is before the place, but one may be at it.
    let offset = match (query.cursor.is_some(), query.order) {
        (false, Order::Ascending) => -1,
        _ => after.offset.0.cast_signed(),
    };
    let client = log.reader().await?;
    let statement = client.prepare_cached(sql(query.order)).await.map_err(failed)?;
    // One more than asked for tells whether there is a next page.
    let rows = limit as i64 + 1;
    let parameters: [&(dyn ToSql + Sync); 6] =
        [&ids(&series), &Us(from), &Us(to), &Us(after.ts), &offset, &rows];
    let rows = client.query(&statement, &parameters).await.map_err(failed)?;
    let readings: Result<Vec<_>, _> = rows.iter().take(limit).map(|row| reading(row, &series)).collect();
    let readings = readings?;
    let last = readings.last().filter(|_| rows.len() > limit);
    let next = last.map(|last| Place { ts: last.timestamp, offset: last.offset }.cursor(query.order));
    Ok(RangePage { readings, next })
}

fn sql(order: Order) -> &'static str {
    match order {
        Order::Ascending => {
            "SELECT r.ts, r.log_offset, r.value, r.received_at, r.series_id, r.unit, r.quality, r.raw::text \
             FROM unnest($1::int[]) AS s (id) CROSS JOIN LATERAL (SELECT * FROM readings \
             WHERE series_id = s.id AND ts >= $2 AND ts <= $3 AND (ts > $4 OR log_offset > $5) \
             ORDER BY ts, log_offset LIMIT $6) r ORDER BY r.ts, r.log_offset LIMIT $6"
        }
        Order::Descending => {
            "SELECT r.ts, r.log_offset, r.value, r.received_at, r.series_id, r.unit, r.quality, r.raw::text \
             FROM unnest($1::int[]) AS s (id) CROSS JOIN LATERAL (SELECT * FROM readings \
             WHERE series_id = s.id AND ts >= $2 AND ts <= $3 AND (ts < $4 OR log_offset < $5) \
             ORDER BY ts DESC, log_offset DESC LIMIT $6) r ORDER BY r.ts DESC, r.log_offset DESC LIMIT $6"
        }
    }
}

fn ids(series: &[Arc<SeriesInfo>]) -> Vec<i32> {
    series.iter().map(|info| info.id.0.cast_signed()).collect()
}

fn reading(row: &Row, series: &[Arc<SeriesInfo>]) -> Result<StoredReading, Error> {
    let corrupt = |why| Error::Corrupt { what: "reading".to_owned(), why };
    let id = SeriesId(row.get::<_, i32>(4).cast_unsigned());
    let info = series.iter().find(|info| info.id == id).ok_or_else(|| corrupt("series"))?;
    Ok(StoredReading {
        device: info.device,
        sensor: info.sensor.clone(),
        num: row.get(2),
        raw: row.get::<_, Option<&str>>(7).map(Into::into),
        unit: info.unit(unit(row, 5)?).cloned(),
        timestamp: row.get::<_, Us>(0).0,
        received_at: row.get::<_, Us>(3).0,
        offset: Offset(row.get::<_, i64>(1).cast_unsigned()),
        quality: quality(row, 6)?,
    })
}

/// The unit in a column.
pub(super) fn unit(row: &Row, column: usize) -> Result<UnitIndex, Error> {
    let small: i16 = row.get(column);
    let unit = u8::try_from(small).map(UnitIndex);
    unit.map_err(|_| Error::Corrupt { what: "reading".to_owned(), why: "unit" })
}

/// The quality in a column.
pub(super) fn quality(row: &Row, column: usize) -> Result<Quality, Error> {
    let small: i16 = row.get(column);
    let quality = u8::try_from(small).map(Quality);
    quality.map_err(|_| Error::Corrupt { what: "reading".to_owned(), why: "quality" })
}

/// A time, as PostgreSQL sends it: microseconds since 2000-01-01.
#[derive(Debug, Clone, Copy)]
pub(super) struct Us(pub Timestamp);

impl<'a> FromSql<'a> for Us {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let us = i64::from_be_bytes(raw.try_into()?).saturating_add(super::encode::EPOCH_US);
        Ok(Self(Timestamp::from_us_saturating(us)))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }
}

impl ToSql for Us {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<postgres_types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(&(self.0.as_us() - super::encode::EPOCH_US).to_be_bytes());
        Ok(postgres_types::IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }

    postgres_types::to_sql_checked!();
}
