//! The sealer: turns a frozen head into blocks, one thread, beside the appender.
//!
//! Readings are put in order of their series by counting (a head is one pass to count, one to place), sorted by event time within a series
//! where they are not already, cut into blocks, and written with the marks and the sealed offset in one atomic batch. Then
//! readers see blocks instead of the frozen head, and blobs that nobody holds are dropped.
//!
//! A seal that fails is tried again; the same head gives the same keys, so a seal that was written although it failed is overwritten by itself.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::{Commit, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use fjall::OwnedWriteBatch;

use super::super::Error;
use super::block::{BlockKey, Encoder, Row};
use super::head::Head;
use super::records::{Newest, Point};
use super::{Embedded, Store, records};

const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(5);
const BLOCK_SPAN_US: i64 = (limit::BLOCK_SPAN_S * 1_000_000) as i64;

/// Seals until the log stops. The sealer's thread.
pub(crate) fn run(log: &Embedded) {
    let mut retry = RETRY_FIRST;
    while let Some(frozen) = log.live.next_frozen(&log.shared.options) {
        match seal(log, &frozen) {
            Ok(()) => retry = RETRY_FIRST,
            Err(error) => {
                if !matches!(error, Error::Unavailable) {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "head not sealed, will try again"
                    );
                    log.report_broken();
                }
                if log.live.pause(retry) {
                    return;
                }
                retry = (retry * 2).min(RETRY_MAX);
            }
        }
    }
}

fn seal(log: &Embedded, head: &Head) -> Result<(), Error> {
    let started = Instant::now();
    // Held to the end: the store is not reopened between the batch and what memory says about it.
    let store = log.store()?;
    #[cfg(test)]
    store.faults.before_seal()?;
    // What is known of a series is read here and written back: nobody may drop it in between.
    let turn = log.blocks_lock.lock().unwrap_or_else(PoisonError::into_inner);
    let mut batch = OwnedWriteBatch::with_capacity(store.database.clone(), 1024);
    let rows = Rows::of(head);
    let mut encoder = Encoder::default();
    let mut record = Vec::new();
    let (mut blocks, mut bytes) = (0, 0);
    for series in rows.series() {
        let (readings, key) = (rows.of_series(series), |block: &[Row]| key_of(series, block));
        let mut span = 0;
        for block in cut(&readings) {
            encoder.encode(&mut record, block, |row| rows.raw(row.offset));
            let Some(key) = key(block) else { continue };
            span = span.max(key.newest.as_us().abs_diff(key.oldest.as_us()));
            blocks += 1;
            bytes += record.len() as u64;
            batch.insert(&store.blocks, key.bytes(), record.as_slice());
        }
        if let Some(newest) = readings.last() {
            let newest = Newest { point: rows.point(newest), span_us: span };
            let newest = newest.with(known(&store, series)?);
            batch.insert(&store.newest, series.0.to_be_bytes(), records::encode_newest(&newest));
        }
    }
    drop(rows);
    {
        let marks = log.shared.marks();
        for device in head.marked() {
            let (key, boots) = (*device.uuid().as_bytes(), marks.boots(*device));
            // None: the device was deleted, and forgotten meanwhile.
            if !boots.is_empty() {
                batch.insert(&store.marks, key, records::encode_boots(boots));
            }
        }
    }
    store.set_sealed(&mut batch, head.end());
    batch.commit()?;
    drop(turn);
    log.live.sealed(head.end());
    let counters = &log.shared.counters;
    counters.seals.fetch_add(1, Relaxed);
    counters.blocks.fetch_add(blocks, Relaxed);
    counters.block_bytes.fetch_add(bytes, Relaxed);
    counters.seal_us_total.fetch_add(started.elapsed().as_micros() as u64, Relaxed);
    drop_blobs(log, &store, head.end())
}

/// Removes blobs that are sealed and that no reader holds.
fn drop_blobs(log: &Embedded, store: &Store, sealed: Offset) -> Result<(), Error> {
    let held = log.shared.holds.oldest().unwrap_or(Offset(u64::MAX));
    let dropped = log.blobs.take_droppable(sealed, held);
    let mut batch = OwnedWriteBatch::with_capacity(store.database.clone(), dropped.len());
    dropped.iter().for_each(|key| batch.remove(&store.blobs, key.bytes()));
    // If this fails they stay until the store is opened again, which finds them.
    batch.commit().map_err(Into::into)
}

fn known(store: &Store, series: SeriesId) -> Result<Option<Newest>, Error> {
    let record = store.newest.get(series.0.to_be_bytes())?;
    record.map(|record| records::decode_newest(&record)).transpose()
}

impl Newest {
    /// Both together: late readings do not become the newest.
    fn with(self, known: Option<Self>) -> Self {
        let Some(known) = known else { return self };
        let span_us = self.span_us.max(known.span_us);
        let newer = (self.point.ts, self.point.offset) >= (known.point.ts, known.point.offset);
        Self { point: if newer { self.point } else { known.point }, span_us }
    }
}

/// Cuts sorted readings into blocks: at most so many, over at most so long a time. A reading that is days late thus gets a block of its own
/// instead of stretching another, which every reader would then have to look into.
pub(super) fn cut(readings: &[Row]) -> impl Iterator<Item = &[Row]> {
    let mut rest = readings;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let len = rest.partition_point(|row| row.ts - first.ts <= BLOCK_SPAN_US).min(limit::BLOCK_READINGS);
        let (block, after) = rest.split_at(len);
        rest = after;
        Some(block)
    })
}

pub(super) fn key_of(series: SeriesId, block: &[Row]) -> Option<BlockKey> {
    Some(BlockKey {
        series,
        oldest: Timestamp::from_us_saturating(block.first()?.ts),
        first: Offset(block.iter().map(|row| row.offset).min()?),
        newest: Timestamp::from_us_saturating(block.last()?.ts),
    })
}

/// The readings of a head in order of their series, then of arrival.
struct Rows<'a> {
    rows: Vec<Row>,
    // Where each series ends; the one before it ends where it starts.
    ends: Vec<u32>,
    // JSON by offset, ascending.
    raws: Vec<(u64, &'a str)>,
}

impl<'a> Rows<'a> {
    fn of(head: &'a Head) -> Self {
        let mut next = vec![0u32; head.series_len()];
        for commit in head.commits() {
            for series in &commit.columns.series {
                next[series.index()] += 1;
            }
        }
        let mut total = 0;
        for count in &mut next {
            let start = total;
            total += *count;
            *count = start;
        }
        let mut rows = vec![Row::default(); head.len()];
        let mut raws = Vec::new();
        for commit in head.commits() {
            place(commit, &mut next, &mut rows);
            for (row, raw) in &commit.columns.raw {
                raws.push((commit.first.0 + u64::from(*row), &**raw));
            }
        }
        Self { rows, ends: next, raws }
    }

    fn series(&self) -> impl Iterator<Item = SeriesId> {
        let mut start = 0;
        let ends = self.ends.iter().enumerate();
        ends.filter_map(move |(id, end)| {
            let is_there = *end > start;
            start = *end;
            is_there.then_some(SeriesId(id as u32))
        })
    }

    /// A series' readings, sorted by event time, then offset.
    fn of_series(&self, series: SeriesId) -> Vec<Row> {
        let start = series.index().checked_sub(1).map_or(0, |before| self.ends[before]);
        let mut rows = self.rows[start as usize..self.ends[series.index()] as usize].to_vec();
        // They are in order of offset, and a stable sort keeps that among equal times.
        if !rows.is_sorted_by_key(|row| row.ts) {
            rows.sort_by_key(|row| row.ts);
        }
        rows
    }

    fn raw(&self, offset: u64) -> Option<&'a str> {
        let at = self.raws.binary_search_by_key(&offset, |(offset, _)| *offset).ok()?;
        Some(self.raws[at].1)
    }

    fn point(&self, row: &Row) -> Point {
        Point {
            ts: Timestamp::from_us_saturating(row.ts),
            offset: Offset(row.offset),
            received_at: Timestamp::from_us_saturating(row.received_at),
            num: row.num,
            unit: UnitIndex(row.unit),
            quality: Quality(row.quality),
            raw: if row.has_raw { self.raw(row.offset).map(Into::into) } else { None },
        }
    }
}

/// Puts a commit's readings at the next places of their series.
fn place(commit: &Commit, next: &mut [u32], rows: &mut [Row]) {
    let columns = &commit.columns;
    let mut raws = columns.raw.iter().map(|(row, _)| *row as usize).peekable();
    let mut at = 0;
    for arrival in &commit.arrivals {
        for row in at..arrival.end_row as usize {
            let to = &mut next[columns.series[row].index()];
            rows[*to as usize] = Row {
                ts: columns.ts[row].as_us(),
                offset: commit.first.0 + row as u64,
                num: columns.num[row],
                received_at: arrival.received_at.as_us(),
                unit: columns.unit[row].0,
                quality: columns.quality[row].0,
                has_raw: raws.next_if_eq(&row).is_some(),
            };
            *to += 1;
        }
        at = arrival.end_row as usize;
    }
}
