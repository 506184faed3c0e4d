//! Device sensors: one reader of the log's tail for all that are watched, and none while none is.
//!
//! A commit is scanned against a bitmap of series (a bit per series ever seen: 125 KB for a million), so unwatched readings cost about a
//! nanosecond each. A sensor that has sent nothing yet is awaited by name until the dictionary has its series.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_schemas::id::{DeviceId, Offset, SeriesId};
use edgesync_schemas::reading::{Commit, SeriesInfo};
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::wire::live::Point;
use edgesync_storage::log::{Error, ReadingLog, SeriesDictionary};
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::warn;

use super::conflate::Sample;
use super::followed::Followed;
use super::source::Source;

/// Arrival offsets are durable, so a dashboard finds its place again after a restart of the server. The epoch is the sensor's own: a place in one
/// is no place in another, whose values a widget may show by now. At most 2^53, which a browser keeps whole.
pub(super) fn epoch(device: DeviceId, sensor: &SensorName) -> u64 {
    let uuid = device.uuid();
    // FNV-1a: nobody gains anything by two sensors of theirs that share one
    let hash = uuid
        .as_bytes()
        .iter()
        .chain(sensor.as_str().as_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    (hash >> 11).max(1)
}
/// After a failure of the log's store.
const RETRY: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Sensors {
    watched: Mutex<Watched>,
    began: Notify,
}

#[derive(Default)]
struct Watched {
    /// A bit for each key of `by_series`.
    bits: Vec<u64>,
    by_series: HashMap<SeriesId, (Arc<SeriesInfo>, Arc<Followed>)>,
    awaited: HashMap<(DeviceId, SensorName), Arc<Followed>>,
    /// Size of the dictionary when the awaited were looked for last.
    known: usize,
    /// Everything before it was offered to those who watched then. `None` while nobody watches.
    cursor: Option<Offset>,
    /// Kept from commit to commit for its capacity: (series, row) of the readings that are watched.
    hits: Vec<(u32, u32)>,
    samples: Vec<Sample>,
}

impl Sensors {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows a sensor from the reader's place on.
    pub(super) fn follow(&self, log: &ReadingLog, device: DeviceId, sensor: &SensorName) -> Arc<Followed> {
        let mut watched = self.watched();
        let cursor = match watched.cursor {
            Some(cursor) => cursor,
            None => {
                self.began.notify_one();
                log.end()
            }
        };
        watched.cursor = Some(cursor);
        let source = Source::DeviceSensor { device, sensor: sensor.clone() };
        let followed = Arc::new(Followed::new(source, epoch(device, sensor), cursor.0));
        // asked after the cursor was read: a series made later comes with a commit after the cursor
        match log.series().find(device, sensor.as_str()) {
            Some(info) => watched.insert(info, followed.clone()),
            None => {
                watched.awaited.insert((device, sensor.clone()), followed.clone());
                watched.known = 0;
            }
        }
        followed
    }

    /// Follows it no longer.
    pub(super) fn let_go(&self, log: &ReadingLog, device: DeviceId, sensor: &SensorName) {
        let mut watched = self.watched();
        watched.awaited.remove(&(device, sensor.clone()));
        if let Some(info) = log.series().find(device, sensor.as_str())
            && watched.by_series.remove(&info.id).is_some()
            && let Some(word) = watched.bits.get_mut(info.id.index() / 64)
        {
            *word &= !(1 << (info.id.index() % 64));
        }
        if watched.by_series.is_empty() && watched.awaited.is_empty() {
            watched.cursor = None;
        }
    }

    /// Whether the log is read.
    #[cfg(test)]
    pub(super) fn is_reading(&self) -> bool {
        self.watched().cursor.is_some()
    }

    /// Reads the log while anybody watches. Ends with the log.
    pub(super) async fn run(&self, log: &ReadingLog) {
        loop {
            let cursor = self.watched().cursor;
            let Some(cursor) = cursor else {
                self.began.notified().await;
                continue;
            };
            let mut tail = log.tail(cursor);
            loop {
                match tail.next().await {
                    Ok(commit) => {
                        if !self.watched().take_in(&commit, log.series()) {
                            break;
                        }
                    }
                    Err(Error::Closed) => return,
                    Err(Error::Dropped { oldest }) => {
                        warn!(%cursor, %oldest, "live reader fell behind what the log keeps, dashboards miss readings");
                        if let Some(cursor) = &mut self.watched().cursor {
                            *cursor = oldest;
                        }
                        break;
                    }
                    Err(error) => {
                        warn!(%error, "log cannot be read for dashboards, trying again");
                        tokio::time::sleep(RETRY).await;
                        break;
                    }
                }
            }
        }
    }
}

impl Watched {
    fn insert(&mut self, info: Arc<SeriesInfo>, followed: Arc<Followed>) {
        let series = info.id;
        let word = series.index() / 64;
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << (series.index() % 64);
        self.by_series.insert(series, (info, followed));
    }

    /// Offers what is watched of a commit. False if nobody watches any more.
    fn take_in(&mut self, commit: &Commit, dictionary: &SeriesDictionary) -> bool {
        match self.cursor {
            None => return false,
            // read for those who watched before, while nobody did since
            Some(cursor) if commit.first < cursor => return true,
            Some(_) => self.cursor = Some(commit.end()),
        }
        self.find_awaited(dictionary);
        self.hits.clear();
        for (row, series) in (0u32..).zip(&commit.columns.series) {
            let word = self.bits.get(series.index() / 64).copied().unwrap_or(0);
            if word >> (series.index() % 64) & 1 == 1 {
                self.hits.push((series.0, row));
            }
        }
        self.hits.sort_unstable();
        let now = Instant::now();
        for group in self.hits.chunk_by(|a, b| a.0 == b.0) {
            let series = SeriesId(group[0].0);
            let Some((info, followed)) = self.by_series.get_mut(&series) else { continue };
            let units = group.iter().map(|(_, row)| commit.columns.unit[*row as usize].0).max();
            if units.is_some_and(|units| usize::from(units) > info.units.len())
                && let Some(grown) = dictionary.info(series)
            {
                *info = grown;
            }
            self.samples.extend(group.iter().map(|(_, row)| sample(commit, *row as usize, info)));
            followed.offer(&mut self.samples, now);
        }
        true
    }
}

impl Watched {
    /// Looks for the series of awaited sensors, if any were made. One made before a commit was is found when the commit is taken in, so
    /// its first readings are not missed.
    fn find_awaited(&mut self, dictionary: &SeriesDictionary) {
        let known = dictionary.count();
        if self.awaited.is_empty() || self.known == known {
            return;
        }
        self.known = known;
        let find = |(device, sensor): &(DeviceId, SensorName)| dictionary.find(*device, sensor.as_str());
        let found: Vec<_> = self.awaited.keys().filter_map(|key| Some((key.clone(), find(key)?))).collect();
        for (key, info) in found {
            if let Some(followed) = self.awaited.remove(&key) {
                self.insert(info, followed);
            }
        }
    }
}

/// One reading of a commit, for those who watch its series.
pub(super) fn sample(commit: &Commit, row: usize, info: &SeriesInfo) -> Sample {
    let columns = &commit.columns;
    let raw = columns.raw_of(row).map(Into::into);
    Sample {
        offset: commit.first.plus(row as u64).0,
        point: Point { ts: columns.ts[row], num: columns.num[row], raw },
        unit: info.unit(columns.unit[row]).cloned(),
    }
}
