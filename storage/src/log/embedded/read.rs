//! Reading stored readings: blocks, frozen head and head together, while all three are written.
//!
//! Nothing is missed and nothing comes twice, because of the order in which a reader looks: first it takes both heads and the sealed
//! offset under one lock, then it reads blocks. Blocks of readings before that offset are complete by then. What is sealed
//! later may show up in the blocks, but every block of a later seal starts at or after that offset, and is left out.
//!
//! The order of readings is (event time, offset), which no two share. A page keeps the best readings met so far, twice its size at most;
//! blocks come in order of their oldest reading, and when no later block can reach what the page has, the rest is not looked at.

use std::ops::Bound;
use std::sync::Arc;

use edgesync_schemas::id::{DeviceId, Offset, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::{Commit, SeriesInfo};
use edgesync_schemas::time::Timestamp;

use super::super::Error;
use super::super::query::{Order, Place, RangePage, RangeQuery, StoredReading};
use super::super::retention::now;
use super::block::{Block, BlockKey};
use super::head::{HeadRow, HeadView};
use super::records::{self, Point};
use super::{Embedded, Store};

/// The newest reading of each sensor of a device.
pub(crate) fn latest(log: &Embedded, device: DeviceId) -> Result<Vec<StoredReading>, Error> {
    let series = log.shared.dictionary.of_device(device);
    let in_heads: Vec<Option<Point>> = {
        let live = log.live.read();
        let newest = |id: SeriesId| {
            let frozen = live.frozen.as_ref().and_then(|frozen| frozen.newest(id));
            [frozen, live.head.newest(id)]
                .into_iter()
                .flatten()
                .map(|row| row.point())
                .max_by_key(Point::place)
        };
        series.iter().map(|info| newest(info.id)).collect()
    };
    let store = log.store()?;
    let oldest = log.shared.retention().oldest(device, now());
    let mut readings = Vec::with_capacity(series.len());
    for (info, in_heads) in series.iter().zip(in_heads) {
        let record = store.newest.get(info.id.0.to_be_bytes())?;
        let sealed =
            record.map(|record| records::decode_newest(&record)).transpose()?.map(|newest| newest.point);
        // A reading that was sealed between the two looks is in both, and equal to itself.
        let newest = [sealed, in_heads].into_iter().flatten().max_by_key(Point::place);
        if let Some(point) = newest.filter(|point| point.ts >= oldest) {
            readings.push(point.of(info));
        }
    }
    Ok(readings)
}

/// A page of a range.
pub(crate) fn range(log: &Embedded, query: &RangeQuery) -> Result<RangePage, Error> {
    let mut series = log.shared.dictionary.of_device(query.device);
    if let Some(sensor) = &query.sensor {
        series.retain(|info| info.sensor == *sensor);
    }
    // What is too old is not returned, whether it is still there or not.
    let oldest = log.shared.retention().oldest(query.device, now());
    let query = &RangeQuery { from: query.from.max(Some(oldest)), ..query.clone() };
    let ids: Vec<SeriesId> = series.iter().map(|info| info.id).collect();
    let (views, sealed) = {
        let live = log.live.read();
        let frozen = live.frozen.as_ref().map(|frozen| frozen.view(&ids));
        ([frozen, Some(live.head.view(&ids))], live.sealed)
    };
    let mut page = Page::new(query)?;
    for view in views.iter().flatten() {
        page.take_head(view);
    }
    let store = log.store()?;
    for info in &series {
        page.take_blocks(&store, info.id, sealed)?;
    }
    page.finish(&series)
}

/// Where a reading of a page is.
#[derive(Debug, Clone)]
enum Source {
    Head(HeadRow),
    /// Of the page's blocks, and the row in it.
    Block(usize, usize),
}

#[derive(Debug, Clone)]
struct Candidate {
    place: Place,
    series: SeriesId,
    source: Source,
}

struct Page<'q> {
    query: &'q RangeQuery,
    limit: usize,
    after: Option<Place>,
    best: Vec<Candidate>,
    // The worst of the best `limit`, once there are so many: what comes behind it is of no use.
    bar: Option<Place>,
    records: Vec<fjall::Slice>,
}

impl<'q> Page<'q> {
    fn new(query: &'q RangeQuery) -> Result<Self, Error> {
        let after =
            query.cursor.as_deref().map(|cursor| Place::from_cursor(cursor, query.order)).transpose()?;
        // One more than asked for tells whether there is a next page.
        let limit = query.limit.clamp(1, limit::RANGE_READINGS) + 1;
        Ok(Self { query, limit, after, best: Vec::new(), bar: None, records: Vec::new() })
    }

    /// Whether a reading belongs to the query and comes after the cursor.
    fn wants(&self, place: Place) -> bool {
        self.query.from.is_none_or(|from| place.ts >= from)
            && self.query.to.is_none_or(|to| place.ts < to)
            && self.after.is_none_or(|after| self.is_before(after, place))
            && self.bar.is_none_or(|bar| self.is_before(place, bar))
    }

    fn is_before(&self, a: Place, b: Place) -> bool {
        self.query.order.compare(a, b).is_lt()
    }

    fn take_head(&mut self, view: &HeadView) {
        view.for_each(|series, ts, offset, commit, row| {
            let place = Place { ts, offset };
            if self.wants(place) {
                let source = Source::Head(HeadRow { commit: commit.clone(), row });
                self.add(Candidate { place, series, source });
            }
        });
    }

    fn take_blocks(&mut self, store: &Store, series: SeriesId, sealed: Offset) -> Result<(), Error> {
        let Some(record) = store.newest.get(series.0.to_be_bytes())? else { return Ok(()) };
        let span = i64::try_from(records::decode_newest(&record)?.span_us).unwrap_or(i64::MAX);
        let (low, high) = self.bounds();
        // Blocks that start up to a span before the first wanted time may reach it.
        let low_key = BlockKey::from(series, low.plus_us(span.saturating_neg()));
        let high_key = BlockKey::after(series, high);
        let keys = (Bound::Included(low_key.as_slice()), Bound::Excluded(high_key.as_slice()));
        let mut blocks = store.blocks.range::<&[u8], _>(keys);
        loop {
            let next = match self.query.order {
                Order::Ascending => blocks.next(),
                Order::Descending => blocks.next_back(),
            };
            let Some(guard) = next else { return Ok(()) };
            // The key tells whether the value is worth reading.
            let (key, record) = guard.into_inner_if(|key| {
                BlockKey::from_bytes(key)
                    .map_or(true, |key| key.newest >= low && key.first < sealed && !self.is_beyond(key, span))
            })?;
            let key = BlockKey::from_bytes(&key)?;
            if self.is_beyond(key, span) {
                return Ok(());
            }
            if let Some(record) = record {
                self.take_block(series, record)?;
            }
        }
    }

    /// Whether neither this block nor any that follows it can reach what the page has.
    fn is_beyond(&self, key: BlockKey, span: i64) -> bool {
        self.bar.is_some_and(|bar| match self.query.order {
            Order::Ascending => key.oldest > bar.ts,
            Order::Descending => key.oldest.plus_us(span) < bar.ts,
        })
    }

    /// The first and the last time that can be in the page.
    fn bounds(&self) -> (Timestamp, Timestamp) {
        let low = self.query.from.unwrap_or(Timestamp::MIN);
        let high = self.query.to.unwrap_or(Timestamp::MAX);
        match (self.query.order, self.after) {
            (_, None) => (low, high),
            (Order::Ascending, Some(after)) => (low.max(after.ts), high),
            (Order::Descending, Some(after)) => (low, high.min(after.ts)),
        }
    }

    fn take_block(&mut self, series: SeriesId, record: fjall::Slice) -> Result<(), Error> {
        let block = Block::open(&record)?;
        let (low, high) = self.bounds();
        let start = block.ts.partition_point(|ts| *ts < low.as_us());
        let end = block.ts.partition_point(|ts| *ts <= high.as_us());
        let index = self.records.len();
        let mut is_used = false;
        for row in start..end {
            let ts = Timestamp::from_us_saturating(block.ts[row]);
            let place = Place { ts, offset: Offset(block.offsets[row].cast_unsigned()) };
            if self.wants(place) {
                self.add(Candidate { place, series, source: Source::Block(index, row) });
                is_used = true;
            }
        }
        if is_used {
            self.records.push(record);
        }
        Ok(())
    }

    fn add(&mut self, candidate: Candidate) {
        self.best.push(candidate);
        if self.best.len() >= self.limit * 2 {
            self.prune();
        }
    }

    /// Keeps the best `limit`, in no order.
    fn prune(&mut self) {
        if self.best.len() < self.limit {
            return;
        }
        let order = self.query.order;
        let (_, worst, _) =
            self.best.select_nth_unstable_by(self.limit - 1, |a, b| order.compare(a.place, b.place));
        self.bar = Some(worst.place);
        self.best.truncate(self.limit);
    }

    fn finish(mut self, series: &[Arc<SeriesInfo>]) -> Result<RangePage, Error> {
        self.prune();
        let order = self.query.order;
        self.best.sort_unstable_by(|a, b| order.compare(a.place, b.place));
        let mut next = None;
        if self.best.len() == self.limit {
            self.best.pop();
            next = self.best.last().map(|last| last.place.cursor(self.query.order));
        }
        let mut points: Vec<Option<Point>> = vec![None; self.best.len()];
        // Each block is decoded once, whatever number of its rows is wanted.
        let mut wanted: Vec<(usize, usize, usize)> = Vec::new();
        for (at, candidate) in self.best.iter().enumerate() {
            match &candidate.source {
                Source::Head(row) => points[at] = Some(row.point()),
                Source::Block(block, row) => wanted.push((*block, *row, at)),
            }
        }
        wanted.sort_unstable();
        for of_block in wanted.chunk_by(|a, b| a.0 == b.0) {
            let rows: Vec<usize> = of_block.iter().map(|(_, row, _)| *row).collect();
            let mut places = of_block.iter().map(|(_, _, at)| *at);
            Block::open(&self.records[of_block[0].0])?.points(&rows, |_, point| {
                if let Some(at) = places.next() {
                    points[at] = Some(point);
                }
            })?;
        }
        let mut readings = Vec::with_capacity(points.len());
        for (candidate, point) in self.best.iter().zip(points) {
            let info = series.iter().find(|info| info.id == candidate.series);
            if let (Some(info), Some(point)) = (info, point) {
                readings.push(point.of(info));
            }
        }
        Ok(RangePage { readings, next })
    }
}

impl HeadRow {
    fn point(&self) -> Point {
        let (columns, row) = (&self.commit.columns, self.row);
        Point {
            ts: columns.ts[row],
            offset: self.commit.first.plus(row as u64),
            received_at: received_at(&self.commit, row),
            num: columns.num[row],
            unit: columns.unit[row],
            quality: columns.quality[row],
            raw: columns.raw_of(row).map(Into::into),
        }
    }
}

fn received_at(commit: &Commit, row: usize) -> Timestamp {
    let at = commit.arrivals.partition_point(|arrival| arrival.end_row as usize <= row);
    commit.arrivals.get(at).map_or(commit.columns.ts[row], |arrival| arrival.received_at)
}

impl Point {
    fn place(&self) -> Place {
        Place { ts: self.ts, offset: self.offset }
    }

    fn of(self, info: &SeriesInfo) -> StoredReading {
        StoredReading {
            device: info.device,
            sensor: info.sensor.clone(),
            num: self.num,
            raw: self.raw,
            unit: info.unit(self.unit).cloned(),
            timestamp: self.ts,
            received_at: self.received_at,
            offset: self.offset,
            quality: self.quality,
        }
    }
}
