//! Reading stored readings. A commit is seen whole or not at all, and before anybody hears that it is durable.
//!
//! Each series is walked along its index from where the page begins, at most a page's rows; the page is the best of them all. So a page
//! of a device with 5 sensors reads at most 5 pages' rows, however long the range is.
//!
//! A statement locks every partition that it may have to look at, so a long time is read in stretches of some days, by a statement each,
//! until there is enough. They see the log up to the end that it had before the first of them.

use std::collections::HashMap;
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
use super::Postgres;

const LATEST: &str = "SELECT r.ts, r.log_offset, r.value, r.received_at, r.series_id, r.unit, r.quality, r.raw::text \
    FROM unnest($1::int[]) AS s (id) \
    CROSS JOIN LATERAL (SELECT * FROM readings WHERE series_id = s.id AND ts >= $2 AND ts <= $3 AND log_offset < $4 \
    ORDER BY ts DESC, log_offset DESC LIMIT 1) r";

/// The newest reading of each sensor of a device.
pub(crate) async fn latest(log: &Postgres, device: DeviceId) -> Result<Vec<StoredReading>, Error> {
    let series = log.shared.dictionary.of_device(device);
    if series.is_empty() {
        return Ok(Vec::new());
    }
    let end = log.shared.ring.end().0.cast_signed();
    let oldest = log.shared.retention().oldest(device, now());
    let mut missing = ids(&series);
    let mut newest = HashMap::with_capacity(series.len());
    for (from, to) in log.stretches(oldest, Timestamp::MAX) {
        for row in log.ask(&log.pool, LATEST, &[&missing, &Us(from), &Us(to), &end]).await? {
            newest.insert(row.get::<_, i32>(4), reading(&row, &series)?);
        }
        missing.retain(|id| !newest.contains_key(id));
        if missing.is_empty() {
            break;
        }
    }
    Ok(ids(&series).iter().filter_map(|id| newest.remove(id)).collect())
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
    let (ids, end) = (ids(&series), log.shared.ring.end().0.cast_signed());
    let mut stretches = log.stretches(from, to);
    if query.order == Order::Ascending {
        stretches.reverse();
    }
    let mut rows = Vec::new();
    for (from, to) in stretches {
        // One more than asked for tells whether there is a next page.
        let more = (limit + 1 - rows.len()) as i64;
        let parameters: [&(dyn ToSql + Sync); 7] =
            [&ids, &Us(from), &Us(to), &Us(after.ts), &offset, &end, &more];
        rows.extend(log.ask(&log.pool, sql(query.order), &parameters).await?);
        if rows.len() > limit {
            break;
        }
    }
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
             WHERE series_id = s.id AND ts >= $2 AND ts <= $3 AND (ts > $4 OR log_offset > $5) AND log_offset < $6 \
             ORDER BY ts, log_offset LIMIT $7) r ORDER BY r.ts, r.log_offset LIMIT $7"
        }
        Order::Descending => {
            "SELECT r.ts, r.log_offset, r.value, r.received_at, r.series_id, r.unit, r.quality, r.raw::text \
             FROM unnest($1::int[]) AS s (id) CROSS JOIN LATERAL (SELECT * FROM readings \
             WHERE series_id = s.id AND ts >= $2 AND ts <= $3 AND (ts < $4 OR log_offset < $5) AND log_offset < $6 \
             ORDER BY ts DESC, log_offset DESC LIMIT $7) r ORDER BY r.ts DESC, r.log_offset DESC LIMIT $7"
        }
    }
}

fn ids(series: &[Arc<SeriesInfo>]) -> Vec<i32> {
    series.iter().map(|info| info.id.0.cast_signed()).collect()
}

/// A row of [`READING`]; its series is one of these.
pub(super) fn reading(row: &Row, series: &[Arc<SeriesInfo>]) -> Result<StoredReading, Error> {
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
