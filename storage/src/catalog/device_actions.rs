//! One thing done to many devices in one transaction: to each or not, whatever becomes of the others.

use std::collections::HashSet;

use edgesync_schemas::entity::device::{Device, DevicePatch};
use edgesync_schemas::entity::device_actions::DeviceDeed;
use edgesync_schemas::id::{DeviceId, UserId};

use super::changes::Change;
use super::db::Tx;
use super::error::Error;
use super::{Catalog, device_edit, project_device};

/// What became of a device: as it is now if it was switched, nothing more to say if it was done otherwise; or why not.
pub type Acted = Result<Option<Device>, Error>;

impl Catalog {
    /// Does one thing to devices in one transaction; the answers are in the order of `ids`, each as from the method that does it to
    /// one. Whoever switches them off or removes them closes their sockets next.
    ///
    /// # Errors
    /// Of the database: then nothing is done to any.
    pub async fn act_on_devices(
        &self,
        user: UserId,
        ids: &[DeviceId],
        deed: DeviceDeed,
    ) -> Result<Vec<Acted>, Error> {
        let mut tx = self.db.begin().await?;
        let mut done = Done::default();
        let mut answers = Vec::with_capacity(ids.len());
        for id in ids {
            answers.push(match done.act(&mut tx, user, *id, deed).await {
                Err(error) if is_an_answer(&error) => Err(error),
                acted => Ok(acted?),
            });
        }
        if !done.any {
            return Ok(answers);
        }
        if done.access.is_empty() {
            tx.commit().await?;
        } else {
            self.commit_access_telling(tx, done.access, done.told).await?;
        }
        Ok(answers)
    }
}

/// Whether it was found before anything was written, so that the transaction goes on.
fn is_an_answer(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. } | Error::Forbidden | Error::LimitReached { .. })
}

/// What was done so far.
#[derive(Default)]
struct Done {
    any: bool,
    /// Devices whose tokens open something else now.
    access: Vec<DeviceId>,
    told: HashSet<Change>,
}

impl Done {
    async fn act(
        &mut self,
        tx: &mut Tx,
        user: UserId,
        id: DeviceId,
        deed: DeviceDeed,
    ) -> Result<Option<Device>, Error> {
        match deed {
            DeviceDeed::SwitchOn | DeviceDeed::SwitchOff => {
                let is_active = Some(deed == DeviceDeed::SwitchOn);
                let patch = DevicePatch { is_active, ..DevicePatch::default() };
                let (device, is_new) = device_edit::change(tx, user, id, patch).await?;
                if is_new {
                    self.access.push(id);
                    self.any = true;
                }
                return Ok(Some(device));
            }
            DeviceDeed::AddToProject(project) => {
                self.any |= project_device::add(tx, user, project, id).await?;
            }
            DeviceDeed::TakeOutOfProject(project) => {
                project_device::remove(tx, user, project, id).await?;
                self.any = true;
            }
            DeviceDeed::Delete => {
                let device = device_edit::remove(tx, user, id).await?;
                self.told.insert(Change::Organization(device.organization_id));
                self.access.push(id);
                self.any = true;
            }
        }
        Ok(None)
    }
}
