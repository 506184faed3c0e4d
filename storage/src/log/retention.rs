//! For how long readings, and rows that flows store, are kept, and a pass over the log that drops what is older.
//!
//! A reading is kept for as many days after its event time as its device asks: the most that one of its projects asks, or the
//! default for a device in no project and for one that was deleted. From then on it is not returned, and its space is given back
//! in the background, block by block or day by day: it goes when its newest reading is too old.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use edgesync_schemas::id::{DeviceId, FlowId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;

use super::marks::counted_for;
use super::options::Counters;
use super::{Backend, Error, ReadingLog, Shared, embedded, postgres};

pub(crate) const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// For how many days the readings of each device are kept, and the rows of each flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    default_days: u32,
    days: HashMap<DeviceId, u32>,
    flows: HashMap<FlowId, u32>,
}

impl Default for Retention {
    /// A hundred years: everything.
    fn default() -> Self {
        Self { default_days: 36_500, days: HashMap::new(), flows: HashMap::new() }
    }
}

impl Retention {
    /// `days` for the devices in it, `default_days` for all others; at most [`limit::RETENTION_DAYS`], whatever was asked for.
    pub fn new(default_days: u32, mut days: HashMap<DeviceId, u32>) -> Self {
        let most = limit::RETENTION_DAYS as u32;
        days.values_mut().for_each(|days| *days = most.min(*days));
        Self { default_days: most.min(default_days), days, flows: HashMap::new() }
    }

    /// With days for the rows of the flows in it; of all others the rows are kept for the default.
    #[must_use]
    pub fn with_flows(mut self, mut flows: HashMap<FlowId, u32>) -> Self {
        let most = limit::RETENTION_DAYS as u32;
        flows.values_mut().for_each(|days| *days = most.min(*days));
        self.flows = flows;
        self
    }

    /// All readings, however old: for who looks at what is there and not at what is kept.
    pub(crate) fn everything() -> Self {
        Self { default_days: u32::MAX, days: HashMap::new(), flows: HashMap::new() }
    }

    /// Days that a device's readings are kept.
    pub fn days(&self, device: DeviceId) -> u32 {
        self.days.get(&device).copied().unwrap_or(self.default_days)
    }

    /// The oldest event time of a device's readings that is kept at `now`.
    pub fn oldest(&self, device: DeviceId, now: Timestamp) -> Timestamp {
        self.oldest_of(Some(device), now)
    }

    /// The oldest event time of a flow's rows that is kept at `now`.
    pub fn oldest_of_flow(&self, flow: FlowId, now: Timestamp) -> Timestamp {
        ago(now, self.days_of_flow(flow))
    }

    fn days_of_flow(&self, flow: FlowId) -> u32 {
        self.flows.get(&flow).copied().unwrap_or(self.default_days)
    }

    /// What asks more of both, device by device and flow by flow.
    pub fn or_longer(&self, other: &Self) -> Self {
        let of_both = self.days.keys().chain(other.days.keys());
        let days = of_both.map(|device| (*device, self.days(*device).max(other.days(*device)))).collect();
        let of_both = self.flows.keys().chain(other.flows.keys());
        let flows =
            of_both.map(|flow| (*flow, self.days_of_flow(*flow).max(other.days_of_flow(*flow)))).collect();
        Self { default_days: self.default_days.max(other.default_days), days, flows }
    }

    /// Days for the readings of a device, or of one that is not known any more.
    pub(crate) fn days_of(&self, device: Option<DeviceId>) -> u32 {
        device.map_or(self.default_days, |device| self.days(device))
    }

    /// As [`Retention::oldest`], also of a device that is not known any more.
    pub(crate) fn oldest_of(&self, device: Option<DeviceId>, now: Timestamp) -> Timestamp {
        ago(now, self.days_of(device))
    }

    /// Of what is older nothing is kept.
    fn oldest_of_all(&self, now: Timestamp) -> Timestamp {
        ago(now, self.days.values().copied().fold(self.default_days, u32::max))
    }

    /// Of what is younger everything is kept.
    fn oldest_of_any(&self, now: Timestamp) -> Timestamp {
        ago(now, self.days.values().copied().fold(self.default_days, u32::min))
    }
}

fn ago(now: Timestamp, days: u32) -> Timestamp {
    // Everything is of more days than there are microseconds.
    now.plus_us(-i64::from(days).saturating_mul(DAY_US))
}

/// A pass over the log that drops what is too old. Made by [`Expiry::new`], moved on by
/// [`ReadingLog::expire`](super::ReadingLog::expire) a slice of time at a time.
#[derive(Debug, Clone)]
pub struct Expiry {
    pub(crate) now: Timestamp,
    pub(crate) bytes_max: u64,
    pub(crate) gone: HashSet<DeviceId>,
    /// What is not dropped, but for want of space.
    pub(crate) kept: Arc<Retention>,
    /// Of what is older nothing is kept.
    pub(crate) oldest_of_all: Timestamp,
    /// Of what is younger everything is kept.
    pub(crate) oldest_of_any: Timestamp,
    /// For want of space, what is older goes although it is not too old.
    pub(crate) floor: Timestamp,
    pub(crate) step: Step,
    pub(crate) expired: Expired,
}

/// Where a pass is.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Before it looked for how much there is.
    Measure,
    /// At a series, and within it after a key.
    Series { id: u32, after: Option<Vec<u8>>, last: Vec<Dropped> },
    /// Before these days in the database, newest first.
    Days(Vec<postgres::DayOnDisk>),
    /// Forgetting series and marks of deleted devices.
    Forget,
    /// Giving space back to the file system.
    GiveBack,
    /// At its end.
    Done,
}

/// A block on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Dropped {
    pub key: Vec<u8>,
    pub readings: u64,
    pub bytes: u64,
}

/// What a pass dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Readings.
    pub readings: u64,
    /// Those of them that were younger than their retention, and went because the store was full.
    pub younger: u64,
    /// Blocks or partitions.
    pub blocks: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Bytes that the file system got back in this pass, also of what earlier ones dropped.
    pub freed_bytes: u64,
    /// Series that left the dictionary.
    pub series: u64,
    /// Event time of the oldest reading that is left.
    pub oldest: Option<Timestamp>,
}

impl Expired {
    /// Whether anything was done.
    pub fn is_something(&self) -> bool {
        self.blocks > 0 || self.series > 0 || self.freed_bytes > 0
    }
}

impl Expiry {
    /// A new pass at `now`, which drops what is older than `kept` asks. `bytes_max` is what blocks or days may take on disk, 0 for any. `gone` are
    /// devices that no longer exist: their series and marks are forgotten once their last reading is.
    pub fn new(now: Timestamp, bytes_max: u64, gone: HashSet<DeviceId>, kept: Arc<Retention>) -> Self {
        let (floor, step) = (Timestamp::MIN, Step::Measure);
        let (oldest_of_all, oldest_of_any) = (kept.oldest_of_all(now), kept.oldest_of_any(now));
        Self {
            now,
            bytes_max,
            gone,
            kept,
            oldest_of_all,
            oldest_of_any,
            floor,
            step,
            expired: Expired::default(),
        }
    }

    /// Whether it is at its end.
    pub fn is_done(&self) -> bool {
        matches!(self.step, Step::Done)
    }

    /// What it dropped so far.
    pub fn expired(&self) -> Expired {
        self.expired
    }

    /// Notes a reading that is left.
    pub(crate) fn is_left(&mut self, ts: Timestamp) {
        self.expired.oldest = Some(self.expired.oldest.map_or(ts, |oldest| oldest.min(ts)));
    }
}

/// Longest that one slice of a pass takes, but for the giving back of space at its end.
pub const SLICE: Duration = Duration::from_millis(limit::EXPIRE_SLICE_MS);

impl ReadingLog {
    /// For how long readings are kept. Everything, until [`ReadingLog::set_retention`] says otherwise.
    pub fn retention(&self) -> Arc<Retention> {
        self.shared.retention()
    }

    /// Says for how long readings are kept. Those that are older are not returned from here on; [`ReadingLog::expire`] drops them.
    pub fn set_retention(&self, retention: Retention) {
        *self.shared.retention.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(retention);
    }

    /// The devices that the log knows of: by a series or by a mark. One that is made later in the catalog cannot be among them.
    pub fn devices(&self) -> Vec<DeviceId> {
        let marked = self.shared.marks().devices();
        let mut devices: Vec<DeviceId> = marked.into_iter().map(counted_for).collect();
        devices.extend(self.shared.dictionary.all().iter().map(|info| info.device));
        devices.sort_unstable();
        devices.dedup();
        devices
    }

    /// Measures what the store takes on disk, for [`Stats::stored_bytes`](super::Stats::stored_bytes). The embedded one knows it at any time; of
    /// PostgreSQL it is what the last measurement said, less what was dropped since. Cancel safe.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::TooSlow`], [`Error::Database`].
    pub async fn measure(&self) -> Result<(), Error> {
        match &self.backend {
            Backend::Embedded(_) => Ok(()),
            Backend::Postgres(log) => postgres::measure(log).await.map(drop),
        }
    }

    /// Goes on with a pass that drops readings that are too old, for about `slice`, and gives it back. At its end it may give space back to
    /// the file system, which takes as long as it takes. One pass at a time; one that is given up leaves nothing half done, and the next
    /// one finds what it left.
    ///
    /// In PostgreSQL a day is dropped or written anew in one piece, however long that takes; commits and readers go on meanwhile.
    ///
    /// Cancel safe: batches that were begun are done; of a day in PostgreSQL all is done or nothing.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Corrupt`], [`Error::Unavailable`], [`Error::TooSlow`], [`Error::Database`]; [`Error::Closed`] after [`ReadingLog::shutdown`].
    pub async fn expire(&self, pass: Expiry, slice: Duration) -> Result<Expiry, Error> {
        let before = pass.expired;
        let result = match &self.backend {
            Backend::Embedded(log) => embedded::expire::go_on(log, pass, slice).await,
            Backend::Postgres(log) => postgres::expire(log, pass, slice).await,
        };
        let counters = &self.shared.counters;
        match &result {
            Ok(pass) => {
                counters.dropped(&before, &pass.expired);
                if pass.is_done() {
                    counters.expiries.fetch_add(1, Relaxed);
                    counters.oldest_us.store(pass.expired.oldest.map_or(0, Timestamp::as_us), Relaxed);
                }
            }
            Err(Error::Closed) => {}
            Err(_) => {
                counters.failed_expiries.fetch_add(1, Relaxed);
            }
        }
        result
    }
}

impl Shared {
    /// For how long readings are kept.
    pub(crate) fn retention(&self) -> Arc<Retention> {
        self.retention.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Counters {
    /// Counts what a slice of a pass dropped.
    fn dropped(&self, before: &Expired, after: &Expired) {
        self.expired_readings.fetch_add(after.readings - before.readings, Relaxed);
        self.expired_bytes.fetch_add(after.bytes - before.bytes, Relaxed);
        self.freed_bytes.fetch_add(after.freed_bytes - before.freed_bytes, Relaxed);
    }
}

/// The moment.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_us_saturating(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_device_has_its_days_and_the_others_the_default() {
        let (long, other) =
            (DeviceId::from_uuid(Uuid::from_u128(1)), DeviceId::from_uuid(Uuid::from_u128(2)));
        let retention = Retention::new(30, HashMap::from([(long, 365)]));
        let now = Timestamp::from_us(400 * DAY_US).unwrap();
        assert_eq!(retention.oldest(long, now).as_us(), 35 * DAY_US);
        assert_eq!(retention.oldest(other, now).as_us(), 370 * DAY_US);
        assert_eq!(Retention::new(u32::MAX, HashMap::new()).days(other), 3_650, "each is a partition");
        assert_eq!(retention.oldest_of_all(now).as_us(), 35 * DAY_US);
        assert_eq!(retention.oldest_of_any(now).as_us(), 370 * DAY_US);
        let longer = retention.or_longer(&Retention::new(7, HashMap::from([(long, 7), (other, 60)])));
        assert_eq!(longer, Retention::new(30, HashMap::from([(long, 365), (other, 60)])));
        let (flow, unknown) = (FlowId::from_uuid(Uuid::from_u128(1)), FlowId::from_uuid(Uuid::from_u128(2)));
        let flows = |days| Retention::new(30, HashMap::new()).with_flows(HashMap::from([(flow, days)]));
        assert_eq!(flows(365).oldest_of_flow(flow, now).as_us(), 35 * DAY_US);
        assert_eq!(flows(365).oldest_of_flow(unknown, now).as_us(), 370 * DAY_US);
        assert_eq!(flows(u32::MAX).days_of_flow(flow), 3_650);
        assert_eq!(flows(5).or_longer(&flows(7)), flows(7));
        assert_eq!(flows(5).or_longer(&Retention::new(20, HashMap::new())), flows(20));
        assert_eq!(Retention::everything().oldest(other, now), Timestamp::MIN);
    }
}
