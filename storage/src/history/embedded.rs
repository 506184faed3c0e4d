//! Buckets from the embedded log: one pass over the blocks and heads of the range.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::cell::{Cell, Table};
use super::{CellQuery, Error};
use crate::log::blocking;
use crate::log::embedded::Embedded;
use crate::log::embedded::scan::{self, Scan};

/// Tells a read that nobody waits for it any more: the thread it runs on cannot be stopped from outside.
struct Asker(Arc<AtomicBool>);

impl Drop for Asker {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The buckets of each series. `turn` ends with the read, not with the asker.
pub(super) async fn cells<T: Send + 'static>(
    log: &Arc<Embedded>,
    query: CellQuery,
    turn: T,
) -> Result<Vec<Vec<Cell>>, Error> {
    let asker = Asker(Arc::default());
    let is_given_up = asker.0.clone();
    let log = log.clone();
    let read = blocking(move || {
        let _turn = turn;
        let mut table = Table::new(&query.edges, query.ends, query.series.len());
        let scan = Scan {
            series: &query.series,
            from: &query.from,
            to: query.to,
            before: query.before,
            ends: query.ends,
            is_given_up: &is_given_up,
        };
        scan::scan(&log, &scan, |series, stretch| table.take(series, stretch))?;
        Ok(table.finish())
    });
    Ok(read.await??)
}
