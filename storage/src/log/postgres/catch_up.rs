//! Readers of the tail that are behind the ring: commits from the rows, by offset.
//!
//! What comes is not cut as it was committed, but as much as is read at once; nobody minds. Offsets are dense, so a hole
//! means that retention dropped what was there: a reader that stands in one is told where to go on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::reading::{Arrival, Columns, Commit};
use edgesync_schemas::value::Value;
use tokio_postgres::Row;

use super::super::Error;
use super::super::tail::READ_AHEAD_BYTES;
use super::read::{Us, quality, unit};
use super::{Postgres, failed};

/// Readings looked for at once, and fetched at once.
const WINDOW: i64 = 65_536;
const FETCH: i32 = 8_192;

const ROWS: &str = "SELECT log_offset, series_id, ts, value, unit, quality, received_at, raw::text FROM readings \
    WHERE log_offset >= $1 AND log_offset < $2 ORDER BY log_offset";
/// The index by offset does not know what came since it was last told; without this all of that would be looked through.
const SUMMARIZE: &str = "SELECT count(brin_summarize_new_values(i.indexrelid)) FROM pg_inherits h \
    JOIN pg_index i ON i.indrelid = h.inhrelid JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam \
    WHERE h.inhparent = 'readings'::regclass AND a.amname = 'brin'";

/// Some commits from the one that has `cursor` on.
pub(crate) async fn catch_up(log: &Postgres, cursor: Offset) -> Result<VecDeque<Arc<Commit>>, Error> {
    let end = log.shared.ring.end();
    let mut client = log.reader().await?;
    let mut from = cursor.0.cast_signed();
    let last = end.0.cast_signed();
    if log.summarized.load(Relaxed) < cursor.0.saturating_add(WINDOW as u64) {
        client.query(SUMMARIZE, &[]).await.map_err(failed)?;
        log.summarized.store(end.0, Relaxed);
    }
    let mut window = WINDOW;
    while from < last {
        let to = from.saturating_add(window).min(last);
        let commit = read(log, &mut client, from, to).await?;
        match commit {
            Some(commit) if commit.first == cursor => return Ok(VecDeque::from([Arc::new(commit)])),
            Some(commit) => return Err(Error::Dropped { oldest: commit.first }),
            None => (from, window) = (to, window.saturating_mul(2)),
        }
    }
    Err(Error::Dropped { oldest: end })
}

/// The first readings of a window, as far as there is no hole between them.
async fn read(
    log: &Postgres,
    client: &mut deadpool_postgres::Object,
    from: i64,
    to: i64,
) -> Result<Option<Commit>, Error> {
    let statement = client.prepare_cached(ROWS).await.map_err(failed)?;
    let transaction = client.transaction().await.map_err(failed)?;
    // The planner has no statistics of a day that has just begun, and would look through all of it.
    transaction.batch_execute("SET LOCAL enable_seqscan = off").await.map_err(failed)?;
    let portal = transaction.bind(&statement, &[&from, &to]).await.map_err(failed)?;
    let mut run = Run::default();
    loop {
        let rows = transaction.query_portal(&portal, FETCH).await.map_err(failed)?;
        let is_last = rows.len() < FETCH as usize;
        for row in &rows {
            if !run.push(row)? {
                return Ok(run.commit(log));
            }
        }
        if is_last || run.columns.bytes() >= READ_AHEAD_BYTES {
            return Ok(run.commit(log));
        }
    }
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
        let offset = Offset(row.get::<_, i64>(0).cast_unsigned());
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
