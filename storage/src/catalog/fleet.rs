//! How an organization's devices are, counted.

use edgesync_schemas::entity::device::DeviceStatus;
use edgesync_schemas::entity::fleet::Fleet;
use edgesync_schemas::entity::from_name;
use edgesync_schemas::id::{OrganizationId, UserId};

use super::Catalog;
use super::error::Error;

impl Catalog {
    /// How the devices of an organization are, if `user` is a member of it. Looks at each of them once: some milliseconds for 100,000.
    ///
    /// # Errors
    /// [`Error::NotFound`] to outsiders.
    pub async fn fleet(&self, user: UserId, organization: OrganizationId) -> Result<Fleet, Error> {
        let rows = self.db.query(COUNTED, vec![user.into(), organization.into()]).await?;
        if rows.is_empty() {
            return Err(Error::not_found("organization"));
        }
        let mut fleet = Fleet::default();
        for mut row in rows {
            // A member of an organization without devices is one row without a status.
            let Some(status) = row.take::<Option<String>>()? else { continue };
            let count = row.take::<i64>()?.unsigned_abs();
            let of_kind = match from_name(&status).map_err(|_| Error::Corrupt { what: "device status" })? {
                DeviceStatus::Active => &mut fleet.active,
                DeviceStatus::Offline => &mut fleet.offline,
                DeviceStatus::Inactive => &mut fleet.inactive,
                DeviceStatus::Error => &mut fleet.error,
            };
            *of_kind += count;
            fleet.devices += count;
        }
        Ok(fleet)
    }
}

const COUNTED: &str = "SELECT d.status, COUNT(d.id)
    FROM organization_members m LEFT JOIN devices d ON d.organization_id = m.organization_id
    WHERE m.user_id = $1 AND m.organization_id = $2 GROUP BY d.status";
