//! Stored readings of a flow's sources, for replays: slice by slice of event time, each in the order of arrival.
//!
//! Readings lie by series and event time, so a replay costs what the flow's own readings are, whatever else is stored. A slice is read
//! whole and sorted by arrival; how long one is follows from how much the last one had, so memory is bounded. A reading that arrived more than half a
//! minute late comes as if it had arrived when it happened: the clock of a replay is that of its readings, and one device's late upload must not end the
//! windows of all others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use edgesync_engine::History;
use edgesync_engine::plan::Plan;
use edgesync_schemas::id::{DeviceId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::reading::SeriesInfo;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_storage::log::{Error, Order, RangeQuery, ReadingLog, StoredReading};
use futures_util::{StreamExt, TryStreamExt, stream};

/// The shortest slice: one with more readings than fit fails.
const SHORTEST_US: i64 = 1_000;
/// The first slice.
const FIRST_US: i64 = 60 * 1_000_000;

/// Readings of a time, for the sources of a plan.
pub(super) struct Stored {
    log: ReadingLog,
    /// Whose, and of which sensors; all of a device's if there is none.
    sources: Vec<(DeviceId, Option<SensorName>)>,
    next: Timestamp,
    to: Timestamp,
    /// Readings from here on come in another way.
    end: Offset,
    slice_us: i64,
    /// How many were given out: a replay's readings are numbered anew, in the order in which it gets them.
    given: u64,
}

impl Stored {
    /// Of event times from `from` up to, and not with, `to`, as far as they arrived before `end`.
    pub fn new(log: ReadingLog, plan: &Plan, from: Timestamp, to: Timestamp, end: Offset) -> Self {
        let mut stored = Self { log, sources: Vec::new(), next: from, to, end, slice_us: FIRST_US, given: 0 };
        stored.also_of(plan);
        stored
    }

    /// Also those for the sources of another plan.
    pub fn also_of(&mut self, plan: &Plan) {
        let sources = &mut self.sources;
        for (_, source) in plan.sources() {
            for device in &source.devices {
                match source.sensors.is_empty() {
                    true => sources.push((*device, None)),
                    false => {
                        sources.extend(source.sensors.iter().map(|sensor| (*device, Some(sensor.clone()))))
                    }
                }
            }
        }
        sources.sort_unstable();
        sources.dedup();
        // Who reads all of a device's sensors reads each of them.
        let whole = sources.iter().filter(|(_, sensor)| sensor.is_none()).map(|(device, _)| *device);
        let whole: Vec<DeviceId> = whole.collect();
        sources.retain(|(device, sensor)| sensor.is_none() || whole.binary_search(device).is_err());
    }

    /// Up to which event time it is read.
    pub fn at(&self) -> Timestamp {
        self.next
    }

    /// The next slice that has readings; `None` at the end. Cancel safe.
    ///
    /// # Errors
    /// Of the log's store, and [`Error::Unavailable`] if a single slice has more than [`limit::REPLAY_SLICE`] readings.
    pub async fn next(&mut self) -> Result<Option<History>, Error> {
        while self.next < self.to {
            let to = self.next.plus_us(self.slice_us).min(self.to);
            let Some(readings) = self.slice(to).await? else {
                if self.slice_us <= SHORTEST_US {
                    return Err(Error::Unavailable);
                }
                self.slice_us = (self.slice_us / 8).max(SHORTEST_US);
                continue;
            };
            if readings.len() < limit::REPLAY_SLICE / 4 {
                self.slice_us = self.slice_us.saturating_mul(2);
            }
            self.next = to;
            if !readings.is_empty() {
                let history = history(&self.log, readings, self.given);
                self.given += history.len() as u64;
                return Ok(Some(history));
            }
        }
        Ok(None)
    }

    /// The readings up to a time; `None` if there are too many.
    async fn slice(&self, to: Timestamp) -> Result<Option<Vec<StoredReading>>, Error> {
        let count = AtomicUsize::new(0);
        let sources = stream::iter(0..self.sources.len());
        let mut found = sources.map(|at| self.of_source(at, to, &count)).buffered(limit::REPLAY_READS);
        let mut readings = Vec::new();
        while let Some(mut some) = found.try_next().await? {
            readings.append(&mut some);
            if count.load(Relaxed) > limit::REPLAY_SLICE {
                return Ok(None);
            }
        }
        drop(found);
        readings.sort_unstable_by_key(|reading| (arrived(reading), reading.offset));
        Ok(Some(readings))
    }

    /// The readings of a source up to a time, unless there are too many of all together; `count` counts them.
    async fn of_source(
        &self,
        at: usize,
        to: Timestamp,
        count: &AtomicUsize,
    ) -> Result<Vec<StoredReading>, Error> {
        let (device, sensor) = &self.sources[at];
        let mut readings = Vec::new();
        let mut query = RangeQuery {
            device: *device,
            sensor: sensor.clone(),
            from: Some(self.next),
            to: Some(to),
            order: Order::default(),
            limit: limit::RANGE_READINGS,
            cursor: None,
        };
        while count.load(Relaxed) <= limit::REPLAY_SLICE {
            let page = self.log.range(query.clone()).await?;
            let before = readings.len();
            readings.extend(page.readings.into_iter().filter(|reading| reading.offset < self.end));
            count.fetch_add(readings.len() - before, Relaxed);
            let Some(next) = page.next else { break };
            query.cursor = Some(next);
        }
        Ok(readings)
    }
}

/// When a reading arrived, for a replay.
fn arrived(reading: &StoredReading) -> Timestamp {
    let is_late = reading.received_at > reading.timestamp.plus_us(limit::IDLE_GRACE_MS * 1000);
    if is_late { reading.timestamp } else { reading.received_at }
}

/// As columns, numbered from `first` on.
fn history(log: &ReadingLog, readings: Vec<StoredReading>, first: u64) -> History {
    let mut history = History::default();
    let mut last: Option<Arc<SeriesInfo>> = None;
    for reading in readings {
        let is_last = |info: &Arc<SeriesInfo>| info.device == reading.device && info.sensor == reading.sensor;
        if !last.as_ref().is_some_and(is_last) {
            last = log.series().find(reading.device, reading.sensor.as_str());
        }
        let Some(info) = &last else { continue };
        let unit = reading.unit.as_ref().and_then(|unit| info.units.iter().position(|known| known == unit));
        let unit = unit.and_then(|at| u8::try_from(at + 1).ok()).map_or(UnitIndex::NONE, UnitIndex);
        let received = arrived(&reading);
        let columns = &mut history.columns;
        if let Some(raw) = reading.raw {
            columns.raw.push((columns.series.len() as u32, raw));
        }
        columns.series.push(info.id);
        columns.ts.push(reading.timestamp);
        columns.num.push(reading.num);
        columns.unit.push(unit);
        columns.quality.push(reading.quality);
        history.offsets.push(Offset(first + history.offsets.len() as u64));
        history.received.push(received);
    }
    history
}
