//! Sequence marks: the highest committed frame of each boot of each device. They change in the commit that stores the frames, so a
//! frame that is sent again is known, through crashes on either side.
//!
//! Bounded per device: the [`limit::BOOTS_PER_DEVICE`] boots that sent last. In memory for all devices that ever sent numbered
//! frames (about 100 B each).

use std::collections::HashMap;

use edgesync_schemas::id::{BootId, DeviceId, FrameSeq};
use edgesync_schemas::limit;

/// Under which id the frames of a device's imports are counted, so that they do not use up the boots of the device itself: its own, as a
/// UUID of version 8. Ids of devices are of version 7.
pub(crate) fn imports_of(device: DeviceId) -> DeviceId {
    DeviceId::from_uuid(uuid::Builder::from_custom_bytes(device.uuid().into_bytes()).into_uuid())
}

/// The device whose frames are counted under an id: of [`imports_of`], the device's own.
pub(crate) fn counted_for(id: DeviceId) -> DeviceId {
    if id.uuid().get_version_num() != 8 {
        return id;
    }
    let own = uuid::Builder::from_bytes(id.uuid().into_bytes()).with_version(uuid::Version::SortRand);
    DeviceId::from_uuid(own.into_uuid())
}

/// A change of a mark: `q` is committed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub device: DeviceId,
    pub boot: BootId,
    pub q: FrameSeq,
}

/// The boots of a device: the one that sent last comes last.
pub(crate) type Boots = Vec<(BootId, FrameSeq)>;

/// The marks of all devices.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    devices: HashMap<DeviceId, Boots>,
}

impl Marks {
    /// The highest committed frame of a boot; `FrameSeq(0)` if there is none.
    pub fn get(&self, device: DeviceId, boot: BootId) -> FrameSeq {
        let boots = self.devices.get(&device).map(Vec::as_slice).unwrap_or_default();
        boots.iter().find(|(known, _)| *known == boot).map_or(FrameSeq(0), |(_, q)| *q)
    }

    /// Takes in a committed change. A change that is already known changes nothing, so commits may be applied twice.
    pub fn apply(&mut self, mark: Mark) {
        let boots = self.devices.entry(mark.device).or_default();
        match boots.iter().position(|(boot, _)| *boot == mark.boot) {
            Some(at) if boots[at].1 >= mark.q => {}
            Some(at) if at + 1 == boots.len() => boots[at].1 = mark.q,
            Some(at) => {
                boots.remove(at);
                boots.push((mark.boot, mark.q));
            }
            None => {
                if boots.len() >= limit::BOOTS_PER_DEVICE {
                    boots.remove(0);
                }
                boots.push((mark.boot, mark.q));
            }
        }
    }

    /// The boots of a device.
    pub fn boots(&self, device: DeviceId) -> &[(BootId, FrameSeq)] {
        self.devices.get(&device).map(Vec::as_slice).unwrap_or_default()
    }

    /// All devices that have marks.
    pub fn devices(&self) -> Vec<DeviceId> {
        self.devices.keys().copied().collect()
    }

    /// Forgets a device.
    pub fn forget(&mut self, device: DeviceId) {
        self.devices.remove(&device);
    }

    /// Puts in a device's boots as read from the store.
    pub fn load(&mut self, device: DeviceId, boots: Boots) {
        self.devices.insert(device, boots);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(boot: u32, q: u64) -> Mark {
        Mark { device: DeviceId::from_uuid(uuid::Uuid::nil()), boot: BootId(boot), q: FrameSeq(q) }
    }

    #[test]
    fn the_boots_that_sent_last_are_remembered() {
        let mut marks = Marks::default();
        let device = mark(0, 0).device;
        for boot in 1..=limit::BOOTS_PER_DEVICE as u32 {
            marks.apply(mark(boot, 10));
        }
        marks.apply(mark(1, 11));
        marks.apply(mark(99, 1));
        assert_eq!(marks.get(device, BootId(1)), FrameSeq(11), "sent again before 99 came");
        assert_eq!(marks.get(device, BootId(2)), FrameSeq(0), "forgotten: it sent longest ago");
        assert_eq!(marks.get(device, BootId(99)), FrameSeq(1));
        assert_eq!(marks.boots(device).len(), limit::BOOTS_PER_DEVICE);
    }

    #[test]
    fn imports_are_counted_apart_and_known_as_their_device_s() {
        let device = DeviceId::from_uuid(uuid::Uuid::now_v7());
        assert_ne!(imports_of(device), device);
        assert_eq!((counted_for(imports_of(device)), counted_for(device)), (device, device));
    }

    #[test]
    fn a_mark_never_goes_back() {
        let mut marks = Marks::default();
        marks.apply(mark(1, 7));
        marks.apply(mark(1, 3));
        assert_eq!(marks.get(mark(1, 0).device, BootId(1)), FrameSeq(7));
    }
}
