//! The series dictionary: (device, sensor) -> a dense integer, and the units that each series was sent in.
//!
//! It is kept in memory. An entry is made when a connection first meets a sensor, and becomes durable with the next commit that
//! has readings: the appender takes the entries that changed *after* it took the batches, so a series is never stored after a
//! reading of it. An entry that no commit took is lost with the process, and so is its number: numbers may have holes, and are
//! never reused within a store.
//!
//! Bounds: [`limit::SENSORS_PER_DEVICE`], [`limit::UNITS_PER_SERIES`]. Asked on the miss of a connection's own cache only, so one lock is enough.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use edgesync_schemas::id::{DeviceId, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::SeriesInfo;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::unit::{Unit, UnitIndex};

/// Why the dictionary does not take an entry. The reading is refused; the frame's others are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The text cannot name a sensor.
    #[error("must be 1 to 64 characters of A-Z a-z 0-9 _ . : / -")]
    Name,
    /// The device has as many sensors as it may have.
    #[error("the device has {} sensors already", limit::SENSORS_PER_DEVICE)]
    TooMany,
    /// The text cannot be a unit, or the series was sent in as many units as it may be.
    #[error(
        "must be 1 to {} characters, and one of at most {} units of its sensor",
        limit::UNIT_CHARS,
        limit::UNITS_PER_SERIES
    )]
    Unit,
}

/// The dictionary of a log. Cheap to clone: a handle.
#[derive(Clone, Default)]
pub struct SeriesDictionary {
    inner: Arc<RwLock<Inner>>,
}

#[derive(Default)]
struct Inner {
    by_id: Vec<Option<Arc<SeriesInfo>>>,
    by_device: HashMap<DeviceId, Vec<SeriesId>>,
    // Entries that changed since the last durable commit.
    changed: Vec<SeriesId>,
    count: usize,
}

impl SeriesDictionary {
    /// The series of a sensor; a new one if the device never sent it.
    ///
    /// # Errors
    /// [`Refused::Name`], [`Refused::TooMany`].
    pub fn resolve(&self, device: DeviceId, sensor: &str) -> Result<SeriesId, Refused> {
        if let Some(info) = self.find(device, sensor) {
            return Ok(info.id);
        }
        let name: SensorName = sensor.parse().map_err(|_| Refused::Name)?;
        self.write().create(device, name)
    }

    /// The place of a unit among a series' units; a new one if the series was never sent in it.
    ///
    /// # Errors
    /// [`Refused::Unit`]; also for a series that does not exist.
    pub fn unit(&self, series: SeriesId, unit: &str) -> Result<UnitIndex, Refused> {
        let info = self.info(series).ok_or(Refused::Unit)?;
        if let Some(known) = place_of(&info, unit) {
            return Ok(known);
        }
        let unit: Unit = unit.parse().map_err(|_| Refused::Unit)?;
        self.write().add_unit(series, unit)
    }

    /// A series by its number.
    pub fn info(&self, id: SeriesId) -> Option<Arc<SeriesInfo>> {
        self.read().by_id.get(id.index())?.clone()
    }

    /// A series by its name.
    pub fn find(&self, device: DeviceId, sensor: &str) -> Option<Arc<SeriesInfo>> {
        self.read().find(device, sensor).cloned()
    }

    /// The series of a device, in the order in which they appeared.
    pub fn of_device(&self, device: DeviceId) -> Vec<Arc<SeriesInfo>> {
        let inner = self.read();
        let ids = inner.by_device.get(&device).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| inner.by_id.get(id.index())?.clone()).collect()
    }

    /// All series.
    pub fn all(&self) -> Vec<Arc<SeriesInfo>> {
        self.read().by_id.iter().flatten().cloned().collect()
    }

    /// Number of series.
    pub fn count(&self) -> usize {
        self.read().count
    }

    /// One more than the highest number given out: the length of a table by series.
    pub(crate) fn table_len(&self) -> usize {
        self.read().by_id.len()
    }

    /// Takes the entries that changed since they were last taken. Given back with [`Self::give_back`] if their commit fails.
    pub(crate) fn take_changed(&self) -> Vec<Arc<SeriesInfo>> {
        if self.read().changed.is_empty() {
            return Vec::new();
        }
        let mut inner = self.write();
        let mut changed = std::mem::take(&mut inner.changed);
        changed.sort_unstable();
        changed.dedup();
        changed.iter().filter_map(|id| inner.by_id.get(id.index())?.clone()).collect()
    }

    /// Marks entries as changed again.
    pub(crate) fn give_back(&self, entries: &[Arc<SeriesInfo>]) {
        if !entries.is_empty() {
            self.write().changed.extend(entries.iter().map(|info| info.id));
        }
    }

    /// Gives out no number below this.
    pub(crate) fn start_at(&self, end: u32) {
        let mut inner = self.write();
        let len = inner.by_id.len().max(end as usize);
        inner.by_id.resize(len, None);
    }

    /// Forgets series; their numbers are not given out again.
    pub(crate) fn forget(&self, series: &[SeriesId]) {
        let mut inner = self.write();
        for id in series {
            let Some(info) = inner.by_id.get_mut(id.index()).and_then(Option::take) else { continue };
            inner.count -= 1;
            if let Some(ids) = inner.by_device.get_mut(&info.device) {
                ids.retain(|known| known != id);
                if ids.is_empty() {
                    inner.by_device.remove(&info.device);
                }
            }
        }
    }

    /// Puts in an entry read from the store, replacing what is there.
    pub(crate) fn load(&self, info: SeriesInfo) {
        self.write().insert(Arc::new(info));
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    // At most 64 names per device: a scan over them is faster than hashing one.
    fn find(&self, device: DeviceId, sensor: &str) -> Option<&Arc<SeriesInfo>> {
        let infos = self.by_device.get(&device)?.iter().filter_map(|id| self.by_id.get(id.index())?.as_ref());
        infos.into_iter().find(|info| info.sensor.as_str() == sensor)
    }

    fn create(&mut self, device: DeviceId, sensor: SensorName) -> Result<SeriesId, Refused> {
        // Somebody else may have made it between the caller's look and its lock.
        if let Some(info) = self.find(device, sensor.as_str()) {
            return Ok(info.id);
        }
        if self.by_device.get(&device).is_some_and(|ids| ids.len() >= limit::SENSORS_PER_DEVICE) {
            return Err(Refused::TooMany);
        }
        let id = SeriesId(u32::try_from(self.by_id.len()).map_err(|_| Refused::TooMany)?);
        self.insert(Arc::new(SeriesInfo { id, device, sensor, units: Vec::new() }));
        self.changed.push(id);
        Ok(id)
    }

    fn add_unit(&mut self, series: SeriesId, unit: Unit) -> Result<UnitIndex, Refused> {
        let info = self.by_id.get_mut(series.index()).and_then(Option::as_mut).ok_or(Refused::Unit)?;
        if let Some(known) = place_of(info, unit.as_str()) {
            return Ok(known);
        }
        if info.units.len() >= limit::UNITS_PER_SERIES {
            return Err(Refused::Unit);
        }
        let mut larger = (**info).clone();
        larger.units.push(unit);
        let place = UnitIndex(larger.units.len() as u8);
        *info = Arc::new(larger);
        self.changed.push(series);
        Ok(place)
    }

    fn insert(&mut self, info: Arc<SeriesInfo>) {
        let index = info.id.index();
        if index >= self.by_id.len() {
            self.by_id.resize(index + 1, None);
        }
        if self.by_id[index].is_none() {
            self.by_device.entry(info.device).or_default().push(info.id);
            self.count += 1;
        }
        self.by_id[index] = Some(info);
    }
}

fn place_of(info: &SeriesInfo, unit: &str) -> Option<UnitIndex> {
    let place = info.units.iter().position(|known| known.as_str() == unit)?;
    u8::try_from(place + 1).ok().map(UnitIndex)
}
