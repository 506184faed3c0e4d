//! Buckets of some series over a time, computed by the database: what comes back is a row per bucket that has readings.
//!
//! Buckets of one length are found by `date_bin`, others (days of a calendar with a shift in them) by a search in the array of their
//! bounds, which takes a quarter longer. First and last values are looked up along the index afterwards, for the
//! buckets that are not empty: ordering all readings of a bucket for two of them would take longer than everything else.
//!
//! All in one transaction that sees one state. Time and series are plain conditions, so only the days of the range are looked at.

use deadpool_postgres::Transaction;
use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use tokio_postgres::{IsolationLevel, Row};

use super::super::Error;
use super::read::Us;
use super::{Postgres, failed};
use crate::history::CellQuery;
use crate::history::cell::{Cell, Ends, Numbers, TooMuchText, Value};

/// Where a reading's bucket begins, for buckets of one length. `$4` is where the first begins.
const EVEN: &str = "date_bin($5::bigint * interval '1 microsecond', ts, $4)";
/// Which bucket a reading is in, from 1. `$4` are all bounds but the last.
const BOUNDED: &str = "width_bucket(ts, $4::timestamptz[])";
/// Sums are taken of a 2^64th, which changes no digit, and cannot overflow: PostgreSQL refuses a sum that does.
const SUMS: &str = "count(num), sum(num * 5.421010862427522e-20)";
const NO_SUMS: &str = "NULL::bigint, NULL::float8";
const EXTREMES: &str = "min(num), max(num)";
const NO_EXTREMES: &str = "NULL::float8, NULL::float8";
/// Text and objects are no numbers. One series at a time: a second key to group by, and aggregates that nobody asked for, take half as long
/// again as everything else.
const FROM: &str = "FROM (SELECT ts, CASE WHEN raw IS NULL OR raw::text IN ('true', 'false') THEN value END AS num \
    FROM readings WHERE series_id = $1 AND ts >= $2 AND ts < $3) r GROUP BY 1";
const SCALE: f64 = 18_446_744_073_709_551_616.0;

const ENDS: &str = "SELECT f.ts, f.log_offset, f.value, f.raw, l.ts, l.log_offset, l.value, l.raw, c.place \
    FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS c (id, low, high, place) \
    CROSS JOIN LATERAL (SELECT ts, log_offset, value, raw::text AS raw FROM readings \
        WHERE series_id = c.id AND ts >= c.low AND ts < c.high ORDER BY ts, log_offset LIMIT 1) f \
    CROSS JOIN LATERAL (SELECT ts, log_offset, value, raw::text AS raw FROM readings \
        WHERE series_id = c.id AND ts >= c.low AND ts < c.high ORDER BY ts DESC, log_offset DESC LIMIT 1) l";
/// Buckets whose ends are looked up in one statement: of text, 8 MiB at most come back.
const ENDS_AT_ONCE: usize = 1_000;

/// The buckets of each series asked for, or that they have too much text.
pub(crate) async fn cells(
    log: &Postgres,
    query: &CellQuery,
) -> Result<Result<Vec<Vec<Cell>>, TooMuchText>, Error> {
    let mut client = log.reader().await?;
    let terms = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let transaction = terms.start().await.map_err(failed)?;
    let mut table = vec![vec![Cell::default(); query.edges.len()]; query.series.len()];
    let width_us = query.edges.width_us();
    for (series, cells) in table.iter_mut().enumerate() {
        for row in groups(&transaction, query, series, width_us).await? {
            cells[bucket(&row, query, width_us)?] = cell(&row);
        }
    }
    let is_whole = query.ends == Ends::NotWanted || add_ends(&transaction, query, &mut table).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(if is_whole { Ok(table) } else { Err(TooMuchText) })
}

/// A row per bucket of a series that is not empty.
async fn groups(
    transaction: &Transaction<'_>,
    query: &CellQuery,
    series: usize,
    width_us: Option<i64>,
) -> Result<Vec<Row>, Error> {
    let id = query.series[series].0.cast_signed();
    let (from, to) = (Us(query.from[series]), Us(query.to));
    let bounds = query.edges.bounds();
    let bucket = if width_us.is_some() { EVEN } else { BOUNDED };
    let sums = if query.wants.sums { SUMS } else { NO_SUMS };
    let extremes = if query.wants.extremes { EXTREMES } else { NO_EXTREMES };
    let sql = format!("SELECT {bucket}, count(*), {sums}, {extremes} {FROM}");
    let statement = transaction.prepare_cached(&sql).await.map_err(failed)?;
    let rows = match width_us {
        Some(width_us) => transaction.query(&statement, &[&id, &from, &to, &us(bounds[0]), &width_us]).await,
        None => {
            let starts: Vec<Us> = bounds[..query.edges.len()].iter().map(|bound| us(*bound)).collect();
            transaction.query(&statement, &[&id, &from, &to, &starts]).await
        }
    };
    rows.map_err(failed)
}

fn us(us: i64) -> Us {
    Us(Timestamp::from_us_saturating(us))
}

/// Which bucket a row is about.
fn bucket(row: &Row, query: &CellQuery, width_us: Option<i64>) -> Result<usize, Error> {
    let bucket = match width_us {
        Some(_) => query.edges.find(row.get::<_, Us>(0).0.as_us(), 0),
        // Counted from 1.
        None => usize::try_from(row.get::<_, i32>(0)).ok().and_then(|bucket| bucket.checked_sub(1)),
    };
    let bucket = bucket.filter(|bucket| *bucket < query.edges.len());
    bucket.ok_or_else(|| Error::Corrupt { what: "bucket".to_owned(), why: "place" })
}

fn cell(row: &Row) -> Cell {
    let count = |count: Option<i64>| count.unwrap_or_default().cast_unsigned();
    let (sum, min, max): (Option<f64>, Option<f64>, Option<f64>) = (row.get(3), row.get(4), row.get(5));
    // What was not asked for is not there; what was asked for is there if there is any number.
    let numbers = sum.or(min).map(|_| Numbers {
        count: count(row.get(2)),
        sum: sum.unwrap_or_default() * SCALE,
        min: min.unwrap_or_default(),
        max: max.unwrap_or_default(),
    });
    Cell { count: count(row.get(1)), numbers, first: None, last: None }
}

/// Looks up first and last values. False if they have too much text.
async fn add_ends(
    transaction: &Transaction<'_>,
    query: &CellQuery,
    table: &mut [Vec<Cell>],
) -> Result<bool, Error> {
    let statement = transaction.prepare_cached(ENDS).await.map_err(failed)?;
    let mut raw_bytes = 0;
    let filled: Vec<(usize, usize)> = table
        .iter()
        .enumerate()
        .flat_map(|(series, cells)| {
            let filled = cells.iter().enumerate().filter(|(_, cell)| cell.count > 0);
            filled.map(move |(bucket, _)| (series, bucket))
        })
        .collect();
    for some in filled.chunks(ENDS_AT_ONCE) {
        let ids: Vec<i32> = some.iter().map(|(series, _)| query.series[*series].0.cast_signed()).collect();
        let bounds = query.edges.bounds();
        let low: Vec<Us> =
            some.iter().map(|(series, bucket)| Us(us(bounds[*bucket]).0.max(query.from[*series]))).collect();
        let high: Vec<Us> =
            some.iter().map(|(_, bucket)| Us(us(bounds[bucket + 1]).0.min(query.to))).collect();
        let rows = transaction.query(&statement, &[&ids, &low, &high]).await.map_err(failed)?;
        for row in rows {
            let at = usize::try_from(row.get::<_, i64>(8)).ok().and_then(|place| place.checked_sub(1));
            let (series, bucket) = at.and_then(|at| some.get(at).copied()).unwrap_or_default();
            let cell = &mut table[series][bucket];
            (cell.first, cell.last) = (Some(value(&row, 0)), Some(value(&row, 4)));
            raw_bytes += cell.raw_bytes();
        }
        if raw_bytes > limit::BUCKET_RAW_BYTES {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The value in four columns.
fn value(row: &Row, at: usize) -> Value {
    Value {
        ts: row.get::<_, Us>(at).0,
        offset: Offset(row.get::<_, i64>(at + 1).cast_unsigned()),
        num: row.get(at + 2),
        raw: row.get::<_, Option<&str>>(at + 3).map(Into::into),
    }
}
