//! Whose readings a flow has seen, and whether somebody may see what it made of them.

use std::collections::BTreeSet;

use edgesync_schemas::id::{DeviceId, FlowId, UserId};

use super::Catalog;
use super::error::Error;
use super::flow::deployed;
use super::flow_deployed::THERE;

impl Catalog {
    /// Whether a user may read what a device sends, and what flows store of that: as a member of its organization. False if the device is gone.
    ///
    /// # Errors
    /// Of the database.
    pub async fn may_read_device(&self, user: UserId, device: DeviceId) -> Result<bool, Error> {
        Ok(self.db.first(MAY_READ, vec![user.into(), device.into()]).await?.is_some())
    }

    /// Whether a user may read all devices that versions of a flow read, of those versions that are kept. A device that is gone is no reason to say no.
    ///
    /// # Errors
    /// Of the database.
    pub async fn may_read_devices_of(&self, user: UserId, flow: FlowId) -> Result<bool, Error> {
        let (mut version, mut seen) = (0, BTreeSet::new());
        while let Some(row) = self.db.first(VERSION, vec![flow.into(), version.into()]).await? {
            let next = deployed(row)?;
            version = next.version;
            for device in next.devices() {
                if seen.insert(device)
                    && !self.may_read_device(user, device).await?
                    && self.db.first_for_platform(THERE, vec![device.into()]).await?.is_some()
                {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

const MAY_READ: &str =
    "SELECT d.id FROM devices d JOIN organization_members m ON m.organization_id = d.organization_id
    WHERE m.user_id = $1 AND d.id = $2";

const VERSION: &str = "SELECT f.id, f.owner_id, v.version, v.diagram
    FROM flows f JOIN flow_versions v ON v.flow_id = f.id
    WHERE f.id = $1 AND v.version > $2 ORDER BY v.version LIMIT 1";
