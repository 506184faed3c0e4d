//! What a subscription begins with: values from before it, from the ring or from the log.
//!
//! A subscription that goes on where an earlier one ended gets exactly what it missed, or is told that it did not: never a part of it.

use edgesync_schemas::id::{DeviceId, Offset, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;
use edgesync_schemas::wire::live::{Point, Position};
use edgesync_storage::log::{self, Order, RangeQuery, StoredReading};

use super::conflate::Sample;
use super::followed::Followed;
use super::hub::{Error, Hub};
use super::sensors::sample;
use super::snapshot::{Snapshot, Wanted};
use super::source::Source;

/// Pages that are read for a snapshot. Only readings that arrive while it is read make more than one necessary.
const PAGES: usize = 4;

impl Hub {
    /// The values since a position and before `end`, if all of them can be had, else what [`Self::snapshot`] gives.
    pub(super) async fn resume(
        &self,
        followed: &Followed,
        end: u64,
        wanted: Wanted,
        since: Position,
    ) -> Result<Snapshot, Error> {
        if since.epoch == followed.epoch
            && since.offset <= end
            && let Some(missed) = self.missed(followed, since.offset, end).await?
        {
            return Ok(snapshot(followed, end, missed, true));
        }
        self.snapshot(followed, end, wanted, None).await
    }

    /// The values before `end` that are wanted. `user` asks; none is the server itself.
    pub(super) async fn snapshot(
        &self,
        followed: &Followed,
        end: u64,
        wanted: Wanted,
        user: Option<UserId>,
    ) -> Result<Snapshot, Error> {
        let Source::DeviceSensor { device, sensor } = &followed.source else {
            return Ok(kept(followed, end, wanted));
        };
        if let Some(from) = wanted.from {
            return self.ranged(followed, (*device, sensor), end, (from, wanted.points), user).await;
        }
        let samples = self.newest(*device, sensor, (None, wanted.points), end).await?;
        Ok(snapshot(followed, end, samples, false))
    }

    /// All values from `since` on and before `end`, or `None` if that cannot be said or they are too many.
    async fn missed(&self, followed: &Followed, since: u64, end: u64) -> Result<Option<Vec<Sample>>, Error> {
        if let Some(samples) = followed.since(since, end) {
            return Ok(Some(samples));
        }
        match &followed.source {
            Source::FlowNode { .. } | Source::Aggregate(_) => Ok(None),
            Source::DeviceSensor { .. } if end - since > limit::LIVE_RESUME_READINGS => Ok(None),
            Source::DeviceSensor { device, sensor } => match self.scan(*device, sensor, since, end).await {
                Err(Error::Log(log::Error::Dropped { .. } | log::Error::PastEnd { .. })) => Ok(None),
                other => other,
            },
        }
    }

    /// Reads the commits from `since` on and before `end`, which need not be a commit's.
    async fn scan(
        &self,
        device: DeviceId,
        sensor: &SensorName,
        since: u64,
        end: u64,
    ) -> Result<Option<Vec<Sample>>, Error> {
        let mut samples = Vec::new();
        let Some(info) = self.shared.log.series().find(device, sensor.as_str()) else {
            return Ok(Some(samples));
        };
        let _permit = self.permit().await?;
        let (mut at, mut raw_bytes) = (since, 0);
        let mut tail = self.shared.log.tail(Offset(since));
        while at < end {
            let commit = tail.next().await?;
            for (row, _) in commit.columns.series.iter().enumerate().filter(|(_, series)| **series == info.id)
            {
                let sample = sample(&commit, row, &info);
                if (since..end).contains(&sample.offset) {
                    raw_bytes += sample.point.raw.as_ref().map_or(0, |raw| raw.len());
                    samples.push(sample);
                }
            }
            if samples.len() > limit::LIVE_POINTS || raw_bytes > limit::LIVE_RAW_BYTES {
                return Ok(None);
            }
            at = commit.end().0;
        }
        Ok(Some(samples))
    }

    /// The `points` readings before `end` with the newest event times, all of them from `from` on; the newest first.
    pub(super) async fn newest(
        &self,
        device: DeviceId,
        sensor: &SensorName,
        (from, points): (Option<Timestamp>, usize),
        end: u64,
    ) -> Result<Vec<Sample>, Error> {
        let mut samples = Vec::new();
        let mut raw_bytes = 0;
        let mut query = RangeQuery {
            device,
            sensor: Some(sensor.clone()),
            from,
            to: None,
            order: Order::Descending,
            limit: points,
            cursor: None,
        };
        if points == 0 {
            return Ok(samples);
        }
        let _permit = self.permit().await?;
        for _ in 0..PAGES {
            let page = self.shared.log.range(query.clone()).await?;
            for reading in page.readings.into_iter().filter(|reading| reading.offset.0 < end) {
                raw_bytes += reading.raw.as_ref().map_or(0, |raw| raw.len());
                if samples.len() == points || raw_bytes > limit::LIVE_RAW_BYTES {
                    return Ok(samples);
                }
                samples.push(stored(reading));
            }
            if page.next.is_none() || samples.len() == points {
                break;
            }
            query.cursor = page.next;
        }
        Ok(samples)
    }
}

fn stored(reading: StoredReading) -> Sample {
    let point = Point { ts: reading.timestamp, num: reading.num, raw: reading.raw.map(Into::into) };
    Sample { offset: reading.offset.0, point, unit: reading.unit }
}

/// What the ring has of what is wanted.
fn kept(followed: &Followed, end: u64, wanted: Wanted) -> Snapshot {
    let samples = followed.newest(wanted.points, end, wanted.from.unwrap_or(Timestamp::MIN));
    snapshot(followed, end, samples, false)
}

/// The ring has been read: what leaves it from now on makes the time since which it is whole later than it was, which does no harm.
pub(super) fn snapshot(followed: &Followed, end: u64, mut samples: Vec<Sample>, recovered: bool) -> Snapshot {
    samples.sort_by_key(|sample| (sample.point.ts, sample.offset));
    let unit: Option<Unit> = samples.iter().rev().find_map(|sample| sample.unit.clone());
    let points = samples.into_iter().map(|sample| sample.point).collect();
    let position = Position { epoch: followed.epoch, offset: end };
    Snapshot { position, points, unit, recovered, whole_since: followed.whole_since(), spreads: None }
}
