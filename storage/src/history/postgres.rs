//! Buckets from the log in PostgreSQL: the database computes them (`log/postgres/cells.rs`).

use std::sync::Arc;

use super::cell::Cell;
use super::{CellQuery, Error};
use crate::log;
use crate::log::postgres::{Postgres, cells};

/// The buckets of each series. A statement goes on in the database when its asker is gone, so `turn` ends with it and not before.
pub(super) async fn cells<T: Send + 'static>(
    log: &Arc<Postgres>,
    query: CellQuery,
    turn: T,
) -> Result<Vec<Vec<Cell>>, Error> {
    let log = log.clone();
    let read = tokio::spawn(async move {
        let _turn = turn;
        cells::cells(&log, &query).await
    });
    let table = read.await.map_err(|_| log::Error::Closed)?;
    Ok(table??)
}
