//! The series that a flow wants, each by a small number of the flow's own: its key.

use std::sync::Arc;

use edgesync_schemas::id::{DeviceId, SeriesId};
use edgesync_schemas::reading::SeriesInfo;

use super::FlowRun;
use crate::ops::Series;

impl FlowRun {
    /// The devices that its sources name.
    pub fn devices(&self) -> impl Iterator<Item = DeviceId> {
        self.sources.iter().flat_map(|source| source.devices.iter().copied())
    }

    /// The series that it subscribed to.
    pub fn series_ids(&self) -> impl Iterator<Item = SeriesId> {
        self.series.iter().map(|series| series.info.id)
    }

    /// The key of a series that one of the sources subscribes to; `None` if none does. Asked again, it is the same.
    pub fn subscribe(&mut self, info: &Arc<SeriesInfo>) -> Option<u32> {
        if let Some(&key) = self.keys.get(&info.id) {
            return self.sources.iter().any(|source| source.has(key as usize)).then_some(key);
        }
        let is_wanted = self.sources.iter().any(|source| source.takes(&self.plan, info));
        is_wanted.then(|| self.number(info))
    }

    /// The key of a series, whether or not a source wants it.
    pub fn number(&mut self, info: &Arc<SeriesInfo>) -> u32 {
        if let Some(&key) = self.keys.get(&info.id) {
            return key;
        }
        for source in &mut self.sources {
            let is_mine = source.takes(&self.plan, info);
            source.add(is_mine);
        }
        let key = self.series.len() as u32;
        self.series.push(Series::new(Arc::clone(info), Arc::clone(&self.plan.units)));
        self.keys.insert(info.id, key);
        key
    }

    /// Takes note of a new unit of a series.
    pub fn renew(&mut self, key: u32, info: &Arc<SeriesInfo>) {
        self.series[key as usize] = Series::new(Arc::clone(info), Arc::clone(&self.plan.units));
    }

    /// Takes note of units that its series have got meanwhile.
    pub fn renew_all(&mut self, info_of: impl Fn(SeriesId) -> Option<Arc<SeriesInfo>>) {
        for key in 0..self.series.len() {
            let known = &self.series[key].info;
            if let Some(info) = info_of(known.id).filter(|info| info.units.len() > known.units.len()) {
                self.renew(key as u32, &info);
            }
        }
    }
}
