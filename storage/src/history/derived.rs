//! Buckets of rows that flows stored.
//!
//! They are few beside readings, so they are read a page at a time and put into buckets here, on either database.

use std::sync::Arc;

use edgesync_schemas::id::UserId;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;

use super::calendar::Edges;
use super::cell::{Stretch, Table, Value};
use super::columns::{self, Agg, Columns, Fill};
use super::{Error, History};
use crate::log::{self, DerivedQuery, DerivedRow, DerivedSeries, Order};

/// Which buckets of derived series.
#[derive(Debug, Clone)]
pub struct DerivedBuckets {
    /// Who asks: users take turns.
    pub user: UserId,
    /// Of which series; at most [`limit::BUCKET_SERIES`].
    pub series: Vec<Arc<DerivedSeries>>,
    /// Event time from here on.
    pub from: Timestamp,
    /// Event time before this.
    pub to: Timestamp,
    /// The buckets; times × series at most [`limit::BUCKETS_PER_ANSWER`].
    pub edges: Edges,
    /// What is told of each.
    pub aggs: Vec<Agg>,
    /// What stands where there is nothing.
    pub fill: Fill,
}

impl History {
    /// Buckets of some derived series, in the order asked for.
    ///
    /// Cancel safe. Cost: reads every row of the range once.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::TooMuchText`], [`Error::Log`].
    pub async fn derived_buckets(&self, query: &DerivedBuckets) -> Result<Vec<Columns>, Error> {
        let _turn = self.turn(query.user).await?;
        let mut table = Table::new(&query.edges, columns::ends(&query.aggs), query.series.len());
        let (retention, now) = (self.log.retention(), log::now());
        for (at, series) in query.series.iter().enumerate() {
            // what is too old is not told, whether it is still there or not
            let mut from = query.from.max(retention.oldest_of_flow(series.flow, now));
            let to = query.to.plus_us(-1);
            loop {
                let (order, limit) = (Order::Ascending, limit::RANGE_READINGS);
                let page =
                    self.log.derived_rows(DerivedQuery { series: series.id, from, to, order, limit }).await?;
                take(&mut table, at, &page);
                match page.last() {
                    Some(last) if page.len() == limit => from = last.timestamp.plus_us(1),
                    _ => break,
                }
            }
        }
        let cells = table.finish()?;
        let mut told = Vec::with_capacity(cells.len());
        for (series, cells) in query.series.iter().zip(cells) {
            let mut before = None;
            if columns::needs_before(&cells, &query.aggs, query.fill) {
                let (from, to) = (retention.oldest_of_flow(series.flow, now), query.from.plus_us(-1));
                let newest = DerivedQuery { series: series.id, from, to, order: Order::Descending, limit: 1 };
                before = self.log.derived_rows(newest).await?.pop().map(value);
            }
            told.push(columns::columns(&cells, &query.edges, &query.aggs, query.fill, before.as_ref()));
        }
        Ok(told)
    }
}

fn take(table: &mut Table<'_>, at: usize, page: &[DerivedRow]) {
    let ts: Vec<i64> = page.iter().map(|row| row.timestamp.as_us()).collect();
    let offsets: Vec<i64> = page.iter().map(|row| row.offset.0.cast_signed()).collect();
    let nums: Vec<f64> = page.iter().map(|row| row.num).collect();
    let raws: Vec<(usize, &str)> =
        page.iter().enumerate().filter_map(|(at, row)| Some((at, row.raw.as_deref()?))).collect();
    table.take(at, &Stretch { ts: &ts, offsets: &offsets, nums: &nums, raws: &raws });
}

fn value(row: DerivedRow) -> Value {
    Value { ts: row.timestamp, offset: row.offset, num: row.num, raw: row.raw }
}
