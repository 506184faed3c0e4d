//! When a device was last seen, written to the catalog in batches: one transaction every few seconds, whatever the number of frames.
//!
//! Presence is derived and may lag by a tick; a write that fails is logged and its devices are written with the next change.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use edgesync_schemas::entity::device::DeviceStatus;
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::{Catalog, Presence};
use tokio::task::JoinHandle;

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
    writing: Option<JoinHandle<()>>,
}

impl PresenceWriter {
    pub(super) fn new(catalog: Catalog) -> Self {
        Self { catalog, unwritten: HashMap::new(), writing: None }
    }

    pub(super) fn online(&mut self, device: DeviceId) {
        self.note(device, DeviceStatus::Active);
    }

    pub(super) fn offline(&mut self, device: DeviceId) {
        self.note(device, DeviceStatus::Offline);
    }

    fn note(&mut self, device: DeviceId, status: DeviceStatus) {
        self.unwritten.insert(device, Presence { device, last_seen: now(), status });
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
        if self.unwritten.is_empty() || self.writing.as_ref().is_some_and(|writing| !writing.is_finished()) {
            return;
        }
        let batch: Vec<Presence> = self.unwritten.drain().map(|(_, presence)| presence).collect();
        let catalog = self.catalog.clone();
        self.writing = Some(tokio::spawn(async move {
            let devices = batch.len();
            if let Err(error) = catalog.touch_devices(batch).await {
                tracing::warn!(devices, %error, "presence of devices could not be written");
            }
        }));
    }

    /// Writes all that was noted. Not cancel safe: what is not yet written may be lost.
    pub(super) async fn finish(&mut self) {
        for _ in 0..2 {
            if let Some(writing) = self.writing.take() {
                // Err: the task panicked, which is logged where panics are.
                let _ = writing.await;
            }
            self.start_write();
        }
        if let Some(writing) = self.writing.take() {
            let _ = writing.await;
        }
    }
}
