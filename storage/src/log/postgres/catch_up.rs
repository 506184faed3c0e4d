//! Readers of the tail that are behind the ring: commits from the rows, by offset.
//!
//! What comes is not cut as it was committed, but as much as is read at once; nobody minds. Offsets are dense, so a hole
//! means that retention dropped what was there: a reader that stands in one is told where to go on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::reading::{Arrival, Columns, Commit};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::value::Value;
use tokio_postgres::Row;

use super::super::Error;
use super::super::tail::READ_AHEAD_BYTES;
use super::Postgres;
use super::read::{Us, quality, unit};

/// Offsets read at once.
const WINDOW: i64 = 8_192;

const ROWS: &str = "SELECT log_offset, series_id, ts, value, unit, quality, received_at, raw::text FROM readings \
    WHERE log_offset >= $1 AND log_offset < $2 AND ts >= $3 AND ts <= $4";
const IS_THERE: &str = "SELECT 1 FROM readings \
    WHERE log_offset >= $1 AND log_offset < $2 AND ts >= $3 AND ts <= $4 LIMIT 1";
/// The index by offset does not know what came since it was last told; without this all of that would be looked through.
const SUMMARIZE: &str = "SELECT count(brin_summarize_new_values(i.indexrelid)) FROM pg_inherits h \
    JOIN pg_index i ON i.indrelid = h.inhrelid JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam \
    WHERE h.inhparent = 'readings'::regclass AND a.amname = 'brin'";

/// Some commits from the one that has `cursor` on.
pub(crate) async fn catch_up(log: &Postgres, cursor: Offset) -> Result<VecDeque<Arc<Commit>>, Error> {
    let end = log.shared.ring.end();
    if log.summarized.load(Relaxed) < cursor.0.saturating_add(WINDOW as u64) {
        match log.ask(&log.tails, SUMMARIZE, &[]).await {
            Ok(_) => log.summarized.store(end.0, Relaxed),
            // A day was dropped meanwhile; it is only slower without.
            Err(Error::Database(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let (mut at, last) = (cursor.0.cast_signed(), end.0.cast_signed());
    let mut run = Run::default();
    while at < last && run.columns.bytes() < READ_AHEAD_BYTES {
        let to = at.saturating_add(WINDOW).min(last);
        let rows = rows(log, at, to).await?;
        for row in &rows {
            if !run.push(row)? {
                break;
            }
        }
        if rows.len() < (to - at) as usize {
            break;
        }
        at = to;
    }
    match run.commit(log) {
        Some(commit) if commit.first == cursor => Ok(VecDeque::from([Arc::new(commit)])),
        Some(commit) => Err(Error::Dropped { oldest: commit.first }),
        None => Err(Error::Dropped { oldest: oldest(log, at, last).await? }),
    }
}

/// The rows of a window, in order.
async fn rows(log: &Postgres, from: i64, to: i64) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    // Most often all of them are in the newest days.
    for (since, until) in log.stretches(Timestamp::MIN, Timestamp::MAX) {
        rows.extend(log.ask(&log.tails, ROWS, &[&from, &to, &Us(since), &Us(until)]).await?);
        if rows.len() == (to - from) as usize {
            break;
        }
    }
    rows.sort_unstable_by_key(offset);
    Ok(rows)
}

/// Where a hole that begins at `from` ends: windows grow until something is in one, then its halves are looked at.
async fn oldest(log: &Postgres, mut from: i64, last: i64) -> Result<Offset, Error> {
    let mut window = WINDOW;
    let mut is_found = false;
    while from < last {
        let to = from.saturating_add(window).min(last);
        let is_there = is_there(log, from, to).await?;
        is_found |= is_there;
        if is_there
            && window <= WINDOW
            && let Some(row) = rows(log, from, to).await?.first()
        {
            return Ok(Offset(offset(row).cast_unsigned()));
        }
        if !is_there {
            from = to;
        }
        window = if is_found { (window / 2).max(WINDOW) } else { window.saturating_mul(2) };
    }
    Ok(Offset(last.cast_unsigned()))
}

async fn is_there(log: &Postgres, from: i64, to: i64) -> Result<bool, Error> {
    for (since, until) in log.stretches(Timestamp::MIN, Timestamp::MAX) {
        if !log.ask(&log.tails, IS_THERE, &[&from, &to, &Us(since), &Us(until)]).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn offset(row: &Row) -> i64 {
    row.get(0)
}

/// Readings without a hole.
#[derive(Default)]
struct Run {
    first: Option<Offset>,
    columns: Columns,
    arrivals: Vec<Arrival>,
}

impl Run {
    /// Adds a row; false if it is not the next one.
    fn push(&mut self, row: &Row) -> Result<bool, Error> {
        let corrupt = |why| Error::Corrupt { what: "reading".to_owned(), why };
        let offset = Offset(offset(row).cast_unsigned());
        let first = *self.first.get_or_insert(offset);
        if offset != first.plus(self.columns.len() as u64) {
            return Ok(false);
        }
        let series = SeriesId(row.get::<_, i32>(1).cast_unsigned());
        let number = Value::number(row.get(3)).map_err(|_| corrupt("value"))?;
        if let Some(raw) = row.get::<_, Option<&str>>(7) {
            self.columns.raw.push((self.columns.len() as u32, raw.into()));
        }
        self.columns.push(series, row.get::<_, Us>(2).0, number, unit(row, 4)?, quality(row, 5)?);
        let received_at = row.get::<_, Us>(6).0;
        let end_row = self.columns.len() as u32;
        match self.arrivals.last_mut() {
            Some(last) if last.received_at == received_at => last.end_row = end_row,
            _ => self.arrivals.push(Arrival { end_row, received_at }),
        }
        Ok(true)
    }

    /// All of its series count as new: the reader may not have seen where they were.
    fn commit(self, log: &Postgres) -> Option<Commit> {
        let mut ids: Vec<SeriesId> = self.columns.series.clone();
        ids.sort_unstable();
        ids.dedup();
        let new_series = ids.iter().filter_map(|id| log.shared.dictionary.info(*id)).collect();
        Some(Commit { first: self.first?, columns: self.columns, arrivals: self.arrivals, new_series })
    }
}
