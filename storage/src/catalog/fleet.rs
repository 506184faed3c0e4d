//! How an organization's devices and flows are, counted.

use edgesync_schemas::entity::device::DeviceStatus;
use edgesync_schemas::entity::fleet::FleetDevices;
use edgesync_schemas::entity::from_name;
use edgesync_schemas::id::{OrganizationId, UserId};

use super::error::Error;
use super::execution_list::first_id_at;
use super::{Catalog, now};

/// What is counted of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FleetCounts {
    /// Its devices.
    pub devices: FleetDevices,
    /// Flows in its projects.
    pub flows: u64,
    /// Those of them that are to run.
    pub deployed: u64,
    /// Those of them that the platform suspended.
    pub suspended: u64,
    /// Dead letters of the last hour.
    pub dead_letters: u64,
    /// There is no other organization.
    pub is_only_one: bool,
}

const HOUR_MS: i64 = 3_600_000;

impl Catalog {
    /// How the devices and flows of an organization are, if `user` is a member of it. Looks at each of them once: some milliseconds for 100,000.
    ///
    /// # Errors
    /// [`Error::NotFound`] to outsiders.
    pub async fn fleet(&self, user: UserId, organization: OrganizationId) -> Result<FleetCounts, Error> {
        let rows = self.db.query(DEVICES, vec![user.into(), organization.into()]).await?;
        if rows.is_empty() {
            return Err(Error::not_found("organization"));
        }
        let mut devices = FleetDevices::default();
        for mut row in rows {
            // A member of an organization without devices is one row without a status.
            let Some(status) = row.take::<Option<String>>()? else { continue };
            let (count, disabled) = (row.take::<i64>()?.unsigned_abs(), row.take::<i64>()?.unsigned_abs());
            let of_kind = match from_name(&status).map_err(|_| Error::Corrupt { what: "device status" })? {
                DeviceStatus::Active => &mut devices.active,
                DeviceStatus::Offline => &mut devices.offline,
                DeviceStatus::Inactive => &mut devices.inactive,
                DeviceStatus::Error => &mut devices.error,
            };
            *of_kind += count;
            devices.devices += count;
            devices.disabled += disabled;
        }
        let hour = first_id_at(now().as_ms() - HOUR_MS);
        let row = self.db.first(FLOWS, vec![organization.into(), hour.into()]).await?;
        let mut row = row.ok_or(Error::Corrupt { what: "row" })?;
        let mut count = || row.take::<i64>().map(i64::unsigned_abs);
        let (flows, deployed, suspended) = (count()?, count()?, count()?);
        let (dead_letters, others) = (count()?, count()?);
        Ok(FleetCounts { devices, flows, deployed, suspended, dead_letters, is_only_one: others == 0 })
    }
}

const DEVICES: &str = "SELECT d.status, COUNT(d.id), COUNT(CASE WHEN d.is_active THEN NULL ELSE d.id END)
    FROM organization_members m LEFT JOIN devices d ON d.organization_id = m.organization_id
    WHERE m.user_id = $1 AND m.organization_id = $2 GROUP BY d.status";

/// Of an organization whose member asks. Ids of letters begin with the time at which they were drawn.
const FLOWS: &str =
    "SELECT COUNT(f.id), COUNT(f.deployed_version), COUNT(f.suspended),
        (SELECT COUNT(*) FROM projects p JOIN flows g ON g.project_id = p.id JOIN dead_letters l ON l.flow_id = g.id
         WHERE p.organization_id = $1 AND l.id >= $2),
        (SELECT COUNT(*) FROM (SELECT o.id FROM organizations o WHERE o.id <> $1 LIMIT 1) other)
    FROM flows f WHERE f.project_id IN (SELECT p.id FROM projects p WHERE p.organization_id = $1)";
