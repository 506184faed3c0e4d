//! Buckets of some series over a time, computed by the database: what comes back is a row per bucket that has readings.
//!
//! Buckets of one length are found by `date_bin`, others (days of a calendar with a shift in them) by a search in the array of their
//! bounds, which takes a quarter longer. First and last values are looked up along the index afterwards, for the
//! buckets that are not empty: ordering all readings of a bucket for two of them would take longer than everything else.
//!
//! The planner takes the buckets to be as many as the readings, thinks that hashing them is dear, and that workers would have all of them to
//! hand over; so it is told otherwise (`SETTINGS`; it is the little memory that makes each worker group for itself): with two workers a
//! million readings take little more than half as long.
//!
//! A statement locks every day that it may look at, so a long time is read in stretches, oldest first, and buckets that lie in several are put
//! together. All of them see the log up to the end that it had before the first.

use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use tokio_postgres::Row;

use super::super::Error;
use super::Postgres;
use super::read::Us;
use crate::history::CellQuery;
use crate::history::cell::{Cell, Ends, Numbers, TooMuchText, Value};

/// What connections are set to that compute buckets.
pub(super) const SETTINGS: &str = "SET plan_cache_mode = force_custom_plan; SET jit = off; SET enable_sort = off; \
    SET max_parallel_workers_per_gather = 2; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = '1MB'; SET work_mem = '1MB'";

/// Where a reading's bucket begins, for buckets of one length. `$5` is where the first begins, `$6` the length.
const EVEN: &str = "date_bin($6::bigint * interval '1 microsecond', ts, $5)";
/// Which bucket a reading is in, from 1. `$5` are all bounds but the last.
const BOUNDED: &str = "width_bucket(ts, $5::timestamptz[])";
/// Sums are taken of a 2^64th, which changes no digit, and cannot overflow: PostgreSQL refuses a sum that does.
const SUMS: &str = "count(num), sum(num * 5.421010862427522e-20)";
const NO_SUMS: &str = "NULL::bigint, NULL::float8";
const EXTREMES: &str = "min(num), max(num)";
const NO_EXTREMES: &str = "NULL::float8, NULL::float8";
/// Text and objects are no numbers. One series at a time: a second key to group by, and aggregates that nobody asked for, take half as long
/// again as everything else.
const FROM: &str = "FROM (SELECT ts, CASE WHEN raw IS NULL OR raw::text IN ('true', 'false') THEN value END AS num \
    FROM readings WHERE series_id = $1 AND ts >= $2 AND ts <= $3 AND log_offset < $4) r GROUP BY 1";
const SCALE: f64 = 18_446_744_073_709_551_616.0;

const ENDS: &str = "SELECT f.ts, f.log_offset, f.value, f.raw, l.ts, l.log_offset, l.value, l.raw, c.place \
    FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS c (id, low, high, place) \
    CROSS JOIN LATERAL (SELECT ts, log_offset, value, raw::text AS raw FROM readings \
        WHERE series_id = c.id AND ts >= c.low AND ts < c.high AND ts >= $4 AND ts <= $5 AND log_offset < $6 \
        ORDER BY ts, log_offset LIMIT 1) f \
    CROSS JOIN LATERAL (SELECT ts, log_offset, value, raw::text AS raw FROM readings \
        WHERE series_id = c.id AND ts >= c.low AND ts < c.high AND ts >= $4 AND ts <= $5 AND log_offset < $6 \
        ORDER BY ts DESC, log_offset DESC LIMIT 1) l";
/// Buckets whose ends are looked up in one statement: of text, 8 MiB at most come back.
const ENDS_AT_ONCE: usize = 1_000;

/// A stretch of the time asked for; both its ends are in it.
struct Stretch {
    from: Timestamp,
    to: Timestamp,
    /// Of the log.
    end: i64,
}

/// A bucket of a series, by their places, with what a stretch has of it.
type Part = ((usize, usize), Cell);

/// The buckets of each series asked for, or that they have too much text.
pub(crate) async fn cells(
    log: &Postgres,
    query: &CellQuery,
) -> Result<Result<Vec<Vec<Cell>>, TooMuchText>, Error> {
    let mut table = vec![vec![Cell::default(); query.edges.len()]; query.series.len()];
    let Some(from) = query.from.iter().min().copied().filter(|from| *from < query.to) else {
        return Ok(Ok(table));
    };
    let end = query.before.map_or(log.shared.ring.end(), |before| before.min(log.shared.ring.end()));
    let end = end.0.cast_signed();
    let mut raw_bytes = 0;
    for (from, to) in log.stretches(from, query.to.plus_us(-1)).into_iter().rev() {
        let stretch = Stretch { from, to, end };
        let mut parts = Vec::new();
        for series in 0..query.series.len() {
            parts.extend(groups(log, query, &stretch, series).await?);
        }
        let is_whole = query.ends == Ends::NotWanted || add_ends(log, query, &stretch, &mut parts).await?;
        for ((series, bucket), part) in parts {
            let cell = &mut table[series][bucket];
            raw_bytes -= cell.raw_bytes();
            cell.append(part);
            raw_bytes += cell.raw_bytes();
        }
        if !is_whole || raw_bytes > limit::BUCKET_RAW_BYTES {
            return Ok(Err(TooMuchText));
        }
    }
    Ok(Ok(table))
}

/// The buckets of a series that are not empty.
async fn groups(
    log: &Postgres,
    query: &CellQuery,
    stretch: &Stretch,
    series: usize,
) -> Result<Vec<Part>, Error> {
    let id = query.series[series].0.cast_signed();
    let (from, to, end) = (Us(query.from[series].max(stretch.from)), Us(stretch.to), stretch.end);
    let (bounds, width_us) = (query.edges.bounds(), query.edges.width_us());
    let start = if width_us.is_some() { EVEN } else { BOUNDED };
    let sums = if query.wants.sums { SUMS } else { NO_SUMS };
    let extremes = if query.wants.extremes { EXTREMES } else { NO_EXTREMES };
    let sql = format!("SELECT {start}, count(*), {sums}, {extremes} {FROM}");
    let rows = match width_us {
        Some(width_us) => {
            log.ask(&log.buckets, &sql, &[&id, &from, &to, &end, &us(bounds[0]), &width_us]).await?
        }
        None => {
            let starts: Vec<Us> = bounds[..query.edges.len()].iter().map(|bound| us(*bound)).collect();
            log.ask(&log.buckets, &sql, &[&id, &from, &to, &end, &starts]).await?
        }
    };
    rows.iter().map(|row| Ok(((series, bucket(row, query, width_us)?), cell(row)))).collect()
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
    log: &Postgres,
    query: &CellQuery,
    stretch: &Stretch,
    parts: &mut [Part],
) -> Result<bool, Error> {
    let mut raw_bytes = 0;
    let bounds = query.edges.bounds();
    for some in parts.chunks_mut(ENDS_AT_ONCE) {
        let places: Vec<(usize, usize)> = some.iter().map(|(place, _)| *place).collect();
        let ids: Vec<i32> = places.iter().map(|(series, _)| query.series[*series].0.cast_signed()).collect();
        let low = |(series, bucket): &(usize, usize)| Us(us(bounds[*bucket]).0.max(query.from[*series]));
        let low: Vec<Us> = places.iter().map(low).collect();
        let high = |(_, bucket): &(usize, usize)| Us(us(bounds[bucket + 1]).0.min(query.to));
        let high: Vec<Us> = places.iter().map(high).collect();
        let (from, to) = (Us(stretch.from), Us(stretch.to));
        let rows = log.ask(&log.pool, ENDS, &[&ids, &low, &high, &from, &to, &stretch.end]).await?;
        for row in rows {
            let at = usize::try_from(row.get::<_, i64>(8)).ok().and_then(|place| place.checked_sub(1));
            let Some((_, cell)) = at.and_then(|at| some.get_mut(at)) else { continue };
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
