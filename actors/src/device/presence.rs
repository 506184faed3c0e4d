//! When a device was last seen, and when it came and went, written to the catalog in batches: one transaction every few seconds, whatever
//! the number of frames.
//!
//! Presence is derived and may lag by a tick; a write that fails is logged and its devices are written with the next change. What
//! devices did is their history: of a device that comes and goes more often than it is written, the first change and the last are
//! kept, and how many were between; of many devices at once, so many as [`limit::DEVICE_HISTORY_DEVICES`] are written and the others
//! wait for the next tick, so a fleet that reconnects does not hold the catalog up. What a write that fails had of it is lost.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::time::{SystemTime, UNIX_EPOCH};

use edgesync_schemas::entity::device::DeviceStatus;
use edgesync_schemas::entity::device_history::DeviceAction;
use edgesync_schemas::id::{DeviceEventId, DeviceId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::{Catalog, Passage, Presence};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::acknowledge::Link;

/// The server's clock. The only place of the device sockets that reads it.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_us_saturating(since.as_micros().min(i64::MAX as u128) as i64)
}

/// Collects who was seen and writes it down, one batch at a time.
pub(super) struct PresenceWriter {
    catalog: Catalog,
    /// As many entries at most as devices that connected or were heard since the last batch.
    unwritten: HashMap<DeviceId, Presence>,
    passages: Passages,
    writing: Option<JoinHandle<()>>,
}

impl PresenceWriter {
    pub(super) fn new(catalog: Catalog) -> Self {
        Self { catalog, unwritten: HashMap::new(), passages: Passages::default(), writing: None }
    }

    pub(super) fn online(&mut self, device: DeviceId) {
        self.note(device, DeviceStatus::Active, DeviceAction::Connected);
    }

    pub(super) fn offline(&mut self, device: DeviceId) {
        self.note(device, DeviceStatus::Offline, DeviceAction::Disconnected);
    }

    fn note(&mut self, device: DeviceId, status: DeviceStatus, action: DeviceAction) {
        let at = now();
        self.unwritten.insert(device, Presence { device, last_seen: at, status });
        let id = DeviceEventId::from_uuid(Uuid::now_v7());
        self.passages.note(Passage { id, device, action, at, skipped: 0 });
    }

    /// Notes the devices that were heard since the last call.
    pub(super) fn collect<'a>(&mut self, open: impl Iterator<Item = (DeviceId, &'a Link)>) {
        for (device, link) in open {
            if let Some(last_seen) = link.take_heard() {
                self.unwritten.insert(device, Presence { device, last_seen, status: DeviceStatus::Active });
            }
        }
    }

    /// Starts writing what was noted, unless the batch before is still being written.
    pub(super) fn start_write(&mut self) {
        if self.is_written() || self.writing.as_ref().is_some_and(|writing| !writing.is_finished()) {
            return;
        }
        let batch: Vec<Presence> = self.unwritten.drain().map(|(_, presence)| presence).collect();
        let passages = self.passages.take(limit::DEVICE_HISTORY_DEVICES);
        let catalog = self.catalog.clone();
        self.writing = Some(tokio::spawn(async move {
            let devices = batch.len();
            if let Err(error) = catalog.touch_devices(batch, &passages).await {
                let passages = passages.len();
                tracing::warn!(devices, passages, %error, "presence of devices could not be written");
            }
        }));
    }

    /// Writes all that was noted. Not cancel safe: what is not yet written may be lost.
    pub(super) async fn finish(&mut self) {
        loop {
            if let Some(writing) = self.writing.take() {
                // Err: the task panicked, which is logged where panics are.
                let _ = writing.await;
            }
            if self.is_written() {
                return;
            }
            self.start_write();
        }
    }

    fn is_written(&self) -> bool {
        self.unwritten.is_empty() && self.passages.waiting.is_empty()
    }
}

/// Comings and goings that are not yet written, two of a device at most.
#[derive(Default)]
struct Passages {
    of: HashMap<DeviceId, Folded>,
    /// Those of `of`, in the order of their first passage.
    waiting: VecDeque<DeviceId>,
}

struct Folded {
    first: Passage,
    last: Option<Passage>,
}

impl Passages {
    fn note(&mut self, passage: Passage) {
        match self.of.entry(passage.device) {
            Entry::Vacant(place) => {
                place.insert(Folded { first: passage, last: None });
                self.waiting.push_back(passage.device);
            }
            Entry::Occupied(mut place) => {
                let last = &mut place.get_mut().last;
                let skipped = last.map_or(0, |between| between.skipped.saturating_add(1));
                *last = Some(Passage { skipped, ..passage });
            }
        }
    }

    /// Those of the `devices` that have waited longest.
    fn take(&mut self, devices: usize) -> Vec<Passage> {
        let taken = self.waiting.drain(..devices.min(self.waiting.len()));
        let folded = taken.filter_map(|device| self.of.remove(&device));
        folded.flat_map(|folded| [Some(folded.first), folded.last]).flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passage(device: DeviceId, action: DeviceAction) -> Passage {
        let id = DeviceEventId::from_uuid(Uuid::now_v7());
        Passage { id, device, action, at: now(), skipped: 0 }
    }

    #[test]
    fn of_a_device_that_comes_and_goes_the_first_and_the_last_passage_are_kept_and_the_others_counted() {
        let device = DeviceId::from_uuid(Uuid::now_v7());
        let mut passages = Passages::default();
        let noted: Vec<_> = (0..5)
            .map(|n| {
                passage(device, if n % 2 == 0 { DeviceAction::Connected } else { DeviceAction::Disconnected })
            })
            .collect();
        noted.iter().for_each(|one| passages.note(*one));
        assert_eq!(passages.take(10), [noted[0], Passage { skipped: 3, ..noted[4] }]);
        passages.note(noted[1]);
        assert_eq!(passages.take(10), [noted[1]], "and then it begins anew");
    }

    #[test]
    fn of_many_devices_those_that_waited_longest_are_written_first_and_a_storm_is_bounded() {
        let mut passages = Passages::default();
        let devices: Vec<_> = (0..25).map(|_| DeviceId::from_uuid(Uuid::now_v7())).collect();
        for round in 0..100 {
            for device in &devices {
                passages.note(passage(*device, DeviceAction::Connected));
            }
            assert_eq!(passages.of.len(), devices.len(), "round {round}");
        }
        let mut written = Vec::new();
        while !passages.waiting.is_empty() {
            let some = passages.take(10);
            assert!(some.len() <= 20);
            written.extend(some.iter().map(|passage| passage.device));
        }
        written.dedup();
        assert_eq!(written, devices);
        assert!(passages.of.is_empty());
    }
}
