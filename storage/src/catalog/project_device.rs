//! Which devices are in which projects: many to many, within one organization, as the tables' keys see to.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::LazyLock;

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::device::Device;
use edgesync_schemas::id::{DeviceId, OrganizationId, ProjectId, UserId};
use edgesync_schemas::limit;
use serde_json::json;
use uuid::Uuid;

use super::db::{Db, Tx};
use super::error::Error;
use super::{Catalog, audit, now, project};

impl Catalog {
    /// Puts a device into a project of its organization. One that is in it stays so.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the project, and for a device that is not of its organization; [`Error::Forbidden`] to members
    /// who are no admins; [`Error::LimitReached`].
    pub async fn add_project_device(
        &self,
        user: UserId,
        project: ProjectId,
        device: DeviceId,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        if add(&mut tx, user, project, device).await? { tx.commit().await } else { Ok(()) }
    }

    /// Takes a device out of a project. The device stays.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the project, and for a device that is not in it; [`Error::Forbidden`].
    pub async fn remove_project_device(
        &self,
        user: UserId,
        project: ProjectId,
        device: DeviceId,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        remove(&mut tx, user, project, device).await?;
        tx.commit().await
    }
}

/// Puts a device into a project, within a transaction. False if it is in it.
///
/// # Errors
/// As [`Catalog::add_project_device`], before anything is written.
pub(super) async fn add(
    tx: &mut Tx,
    user: UserId,
    project: ProjectId,
    device: DeviceId,
) -> Result<bool, Error> {
    let organization = project::for_change(tx, user, project).await?.organization_id;
    check_device(tx, organization, device).await?;
    let projects = of_one(tx, device).await?;
    if projects.contains(&project) {
        return Ok(false);
    }
    let limit = limit::PROJECTS_PER_DEVICE;
    if projects.len() >= limit as usize {
        return Err(Error::LimitReached { code: "project_limit_reached", limit });
    }
    tx.execute(
        "INSERT INTO all_project_devices (project_id, device_id, organization_id, added_at) VALUES ($1, $2, $3, $4)",
        vec![project.into(), device.into(), organization.into(), now().into()],
    )
    .await?;
    let details = json!({"device_id": device});
    audit::note(tx, user, organization, AuditAction::ProjectDeviceAdded, project, details).await?;
    Ok(true)
}

/// Takes a device out of a project, within a transaction.
///
/// # Errors
/// As [`Catalog::remove_project_device`], before anything is written.
pub(super) async fn remove(
    tx: &mut Tx,
    user: UserId,
    project: ProjectId,
    device: DeviceId,
) -> Result<(), Error> {
    let organization = project::for_change(tx, user, project).await?.organization_id;
    let removed = tx.execute(
        "DELETE FROM all_project_devices WHERE project_id = $1 AND device_id = $2",
        vec![project.into(), device.into()],
    );
    if removed.await? == 0 {
        return Err(Error::not_found("device in the project"));
    }
    let details = json!({"device_id": device});
    audit::note(tx, user, organization, AuditAction::ProjectDeviceRemoved, project, details).await
}

async fn check_device(tx: &mut Tx, organization: OrganizationId, device: DeviceId) -> Result<(), Error> {
    let row = tx.first(
        "SELECT d.id FROM devices d WHERE d.id = $1 AND d.organization_id = $2",
        vec![device.into(), organization.into()],
    );
    row.await?.map(drop).ok_or(Error::not_found("device in the project's organization"))
}

/// Devices that one statement asks for the projects of.
const AT_ONCE: usize = 50;

static OF_SEVERAL: LazyLock<String> = LazyLock::new(|| {
    let mut sql =
        "SELECT pd.device_id, pd.project_id FROM project_devices pd WHERE pd.device_id IN ($1".to_owned();
    for number in 2..=AT_ONCE {
        // Writing to a string cannot fail.
        let _ = write!(sql, ", ${number}");
    }
    sql + ") ORDER BY pd.device_id, pd.project_id"
});

/// Tells devices which projects they are in.
pub(super) async fn fill(db: &Db, devices: &mut [Device]) -> Result<(), Error> {
    for some in devices.chunks_mut(AT_ONCE) {
        let mut ids: Vec<_> = some.iter().map(|device| device.id.into()).collect();
        ids.resize(AT_ONCE, Uuid::nil().into());
        let mut of = HashMap::<DeviceId, Vec<ProjectId>>::new();
        for mut row in db.query(&OF_SEVERAL, ids).await? {
            of.entry(row.take()?).or_default().push(row.take()?);
        }
        for device in some {
            device.project_ids = of.remove(&device.id).unwrap_or_default();
        }
    }
    Ok(())
}

/// The projects of one device, within a transaction.
pub(super) async fn of_one(tx: &mut Tx, device: DeviceId) -> Result<Vec<ProjectId>, Error> {
    let rows = tx.query(
        "SELECT pd.project_id FROM project_devices pd WHERE pd.device_id = $1 ORDER BY pd.project_id",
        vec![device.into()],
    );
    rows.await?.into_iter().map(|mut row| row.take()).collect()
}
