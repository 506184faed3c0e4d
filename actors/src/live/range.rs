//! What is stored, as buckets: the history from a time on, when it is more than a snapshot has points, and what the buckets of an aggregate
//! begin with.
//!
//! Which readings are in it is decided by their offsets, as with single readings: those before the first that comes as an update, and no others.

use std::time::{Duration, SystemTime};

use edgesync_schemas::id::{DeviceId, Offset, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::wire::live::Point;
use edgesync_storage::history::calendar::Edges;
use edgesync_storage::history::{Asked, Cell};
use edgesync_storage::log::{self, Order, RangeQuery};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::conflate::Sample;
use super::followed::Followed;
use super::history::snapshot;
use super::hub::{Error, Hub};
use super::snapshot::{Snapshot, Spreads, Wanted};
use super::source::Source;

/// For a turn to read.
const PATIENCE: Duration = Duration::from_secs(limit::HISTORY_WAIT_S);

impl Hub {
    /// The readings before `end` of times from `from` on: each, if they are at most `points`, else as that many buckets.
    pub(super) async fn ranged(
        &self,
        followed: &Followed,
        (device, sensor): (DeviceId, &SensorName),
        end: u64,
        (from, points): (Timestamp, usize),
        user: Option<UserId>,
    ) -> Result<Snapshot, Error> {
        if points == 0 {
            return Ok(snapshot(followed, end, Vec::new(), false));
        }
        // one more tells that there are too many
        let newest = self.newest(device, sensor, (Some(from), points + 1), end).await?;
        let Some(last) = newest.first().filter(|_| newest.len() > points) else {
            return Ok(snapshot(followed, end, newest, false));
        };
        let from = self.first(device, sensor, from).await?.unwrap_or(from);
        let edges = Edges::equal(points, from, last.point.ts.plus_us(1).max(now()));
        let bucket_ms = edges.width_us().unwrap_or_default().unsigned_abs() / 1000;
        let starts = edges.bounds().to_vec();
        let cells = self.cells((device, sensor), edges, Offset(end), user).await?;
        let unit = last.unit.clone();
        let filled = starts.into_iter().zip(&cells).filter(|(_, cell)| cell.count > 0);
        let (samples, of_points) = filled.map(|(start, cell)| average(start, cell)).unzip();
        let mut told = snapshot(followed, end, samples, false);
        told.unit = unit;
        told.spreads = Some(Spreads { bucket_ms, of_points });
        Ok(told)
    }

    /// Sees to it that the buckets of an aggregate that are wanted are there and as they are by now. `user` asks; none is the server itself.
    pub(super) async fn prepare(
        &self,
        followed: &Followed,
        wanted: Wanted,
        user: Option<UserId>,
    ) -> Result<(), Error> {
        let Source::Aggregate(of) = &followed.source else { return Ok(()) };
        let Some(aggregate) = self.aggregate_of(&followed.source) else { return Ok(()) };
        if let Source::DeviceSensor { device, sensor } = &of.source {
            let _reading = timeout(PATIENCE, aggregate.reading.lock()).await.map_err(|_| Error::Busy)?;
            let mut newest: Option<Sample> = None;
            if aggregate.is_unknown() {
                newest = self.newest(*device, sensor, (None, 1), u64::MAX).await?.pop();
            }
            let unit = newest.as_ref().and_then(|newest| newest.unit.clone());
            // what an earlier try did not get comes first
            while let Some((unread, count)) =
                aggregate.lack(wanted, newest.as_ref().map(|newest| newest.point.ts))
            {
                if aggregate.took_too_long(Instant::now()) {
                    return Err(Error::TooLong);
                }
                let bound = Timestamp::from_us_saturating;
                let edges = Edges::equal(count, bound(unread.buckets.start), bound(unread.buckets.end));
                let read = self.cells((*device, sensor), edges, Offset(unread.before), user).await;
                if let Err(Error::TooLong) = read {
                    aggregate.give_up(Instant::now());
                }
                aggregate.add_stored(&read?, unit.clone(), Instant::now());
            }
        }
        aggregate.show();
        Ok(())
    }

    /// What the readings before an offset come to, bucket by bucket. Who asks for long times waits among their own questions first, and never has all
    /// that may be read at once.
    async fn cells(
        &self,
        (device, sensor): (DeviceId, &SensorName),
        edges: Edges,
        before: Offset,
        user: Option<UserId>,
    ) -> Result<Vec<Cell>, Error> {
        let turn = match user {
            Some(user) => Some(self.shared.buckets.turn(user).await?),
            None => None,
        };
        let permit = self.permit().await?;
        let asked = Asked { device, sensor: sensor.clone() };
        let read = self.shared.buckets.cells_before(&asked, edges, before, (turn, permit));
        let read = timeout(Duration::from_secs(limit::LIVE_RANGE_S), read).await;
        Ok(read.map_err(|_| Error::TooLong)??)
    }

    /// Event time of the first reading from a time on: time without readings takes no buckets.
    async fn first(
        &self,
        device: DeviceId,
        sensor: &SensorName,
        from: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let query = RangeQuery {
            device,
            sensor: Some(sensor.clone()),
            from: Some(from),
            to: None,
            order: Order::Ascending,
            limit: 1,
            cursor: None,
        };
        let _permit = self.permit().await?;
        let page = self.shared.log.range(query).await?;
        Ok(page.readings.first().map(|first| first.timestamp))
    }

    /// Waits until the log may be read, but not for ever.
    pub(super) async fn permit(&self) -> Result<OwnedSemaphorePermit, Error> {
        let permit = timeout(PATIENCE, self.shared.history.clone().acquire_owned()).await;
        Ok(permit.map_err(|_| Error::Busy)?.map_err(|_| log::Error::Closed)?)
    }
}

/// The average of a bucket, `null` if it has no numbers, and their spread.
fn average(start: i64, cell: &Cell) -> (Sample, Option<(f64, f64)>) {
    let numbers = cell.numbers;
    let num = numbers.map(|all| all.sum / all.count as f64);
    let raw = num.is_none().then(|| "null".into());
    let point = Point { ts: Timestamp::from_us_saturating(start), num: num.unwrap_or_default(), raw };
    (Sample { offset: 0, point, unit: None }, numbers.map(|all| (all.min, all.max)))
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_us_saturating(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
