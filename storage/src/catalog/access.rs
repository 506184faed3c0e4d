//! Who may do what: roles within an organization, and the remembered answer to "whose token is this".

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use edgesync_schemas::entity::organization::Role;
use edgesync_schemas::id::{DeviceId, OrganizationId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;

use super::db::Tx;
use super::error::Error;
use super::{Catalog, now, token};

/// What a device's token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceAccess {
    /// The device.
    pub device: DeviceId,
    /// Its tenant.
    pub organization: OrganizationId,
    /// Whether it may connect: it and its organization are in use.
    pub is_active: bool,
}

const ROLE: &str =
    "SELECT CASE WHEN o.owner_id = m.user_id THEN 'owner' WHEN m.role = 'admin' THEN 'admin' ELSE 'user' END
    FROM organization_members m JOIN organizations o ON o.id = m.organization_id
    WHERE m.user_id = $1 AND m.organization_id = $2";

/// What `user` is to `organization`, within a transaction.
///
/// # Errors
/// [`Error::NotFound`] to outsiders.
pub(super) async fn role(tx: &mut Tx, user: UserId, organization: OrganizationId) -> Result<Role, Error> {
    let row = tx.first(ROLE, vec![user.into(), organization.into()]).await?;
    row.ok_or(Error::not_found("organization"))?.name()
}

/// Refuses members who are less than `least`.
///
/// # Errors
/// [`Error::Forbidden`].
pub(super) fn require(role: Role, least: Role) -> Result<(), Error> {
    if role >= least { Ok(()) } else { Err(Error::Forbidden) }
}

impl Catalog {
    /// What `user` is to `organization`; nothing to outsiders.
    ///
    /// # Errors
    /// Of the database.
    pub async fn role(&self, user: UserId, organization: OrganizationId) -> Result<Option<Role>, Error> {
        let row = self.db.first(ROLE, vec![user.into(), organization.into()]).await?;
        row.map(|mut row| row.name()).transpose()
    }

    /// Whether `user` may read what belongs to `organization`: whether they are a member.
    ///
    /// # Errors
    /// Of the database.
    pub async fn may_read(&self, user: UserId, organization: OrganizationId) -> Result<bool, Error> {
        Ok(self.role(user, organization).await?.is_some())
    }

    /// What the device token with this SHA-256 opens; nothing if there is no such token, or it has ended.
    ///
    /// Remembered, so that a fleet that comes back at once does not ask the database for each of its devices; changes
    /// through this catalog are seen at once.
    ///
    /// # Errors
    /// Of the database.
    pub async fn device_by_token_hash(&self, hash: &[u8; 32]) -> Result<Option<DeviceAccess>, Error> {
        let at = now();
        let (known, epoch) = self.access.get(hash);
        let known = match known {
            Some(known) => known,
            None => {
                let found = self.db.first(
                    "SELECT d.id, d.organization_id, d.is_active AND o.is_active,
                        CASE WHEN d.token_hash = $1 THEN NULL ELSE d.previous_token_until END
                     FROM devices d JOIN organizations o ON o.id = d.organization_id
                     WHERE d.token_hash = $1 OR d.previous_token_hash = $1",
                    vec![hash.into()],
                );
                let Some(mut row) = found.await? else { return Ok(None) };
                let access =
                    DeviceAccess { device: row.take()?, organization: row.take()?, is_active: row.take()? };
                let known = Known { access, until: row.take()? };
                self.access.put(*hash, known, epoch);
                known
            }
        };
        Ok(if known.until.is_some_and(|until| until <= at) { None } else { Some(known.access) })
    }

    /// What a device token opens. See [`Catalog::device_by_token_hash`].
    ///
    /// # Errors
    /// Of the database.
    pub async fn device_by_token(&self, token: &str) -> Result<Option<DeviceAccess>, Error> {
        self.device_by_token_hash(&token::hash(token)).await
    }
}

#[derive(Debug, Clone, Copy)]
struct Known {
    access: DeviceAccess,
    /// When the token ends, if it was replaced.
    until: Option<Timestamp>,
}

/// Tokens seen lately, in two generations: when the young one is full it becomes the old one, and the old one is forgotten.
#[derive(Debug, Default)]
pub(super) struct AccessCache {
    // A std lock: it is held for a look-up, never across an await.
    inner: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<[u8; 32], Known>,
    old: HashMap<[u8; 32], Known>,
    /// Counts what was forgotten by a change, so that what was read before the change is not remembered after it.
    epoch: u64,
}

impl AccessCache {
    fn get(&self, hash: &[u8; 32]) -> (Option<Known>, u64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let epoch = inner.epoch;
        if let Some(known) = inner.young.get(hash) {
            return (Some(*known), epoch);
        }
        let known = inner.old.remove(hash);
        if let Some(known) = known {
            inner.insert(*hash, known);
        }
        (known, epoch)
    }

    fn put(&self, hash: [u8; 32], known: Known, epoch: u64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.epoch == epoch {
            inner.insert(hash, known);
        }
    }

    /// Forgets a device's tokens: called after each committed change to what they open.
    pub(super) fn forget(&self, device: DeviceId) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.epoch += 1;
        inner.young.retain(|_, known| known.access.device != device);
        inner.old.retain(|_, known| known.access.device != device);
    }

    /// Forgets the tokens of all devices of an organization: as [`AccessCache::forget`].
    pub(super) fn forget_organization(&self, organization: OrganizationId) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.epoch += 1;
        inner.young.retain(|_, known| known.access.organization != organization);
        inner.old.retain(|_, known| known.access.organization != organization);
    }
}

impl Generations {
    fn insert(&mut self, hash: [u8; 32], known: Known) {
        if self.young.len() >= limit::TOKEN_CACHE / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, known);
    }
}

#[cfg(test)]
mod tests {
    use super::super::new_id;
    use super::*;

    fn known(device: DeviceId) -> Known {
        Known { access: DeviceAccess { device, organization: new_id(), is_active: true }, until: None }
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let (cache, device) = (AccessCache::default(), new_id());
        let (_, epoch) = cache.get(&[1; 32]);
        cache.forget(device);
        cache.put([1; 32], known(device), epoch);
        assert!(cache.get(&[1; 32]).0.is_none());
    }

    #[test]
    fn a_token_in_use_survives_and_the_cache_stays_bounded() {
        let cache = AccessCache::default();
        cache.put([0; 32], known(new_id()), 0);
        for n in 1..=limit::TOKEN_CACHE as u32 * 2 {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&n.to_le_bytes());
            cache.put(hash, known(new_id()), 0);
            if n % 1000 == 0 {
                assert!(cache.get(&[0; 32]).0.is_some(), "{n}");
            }
        }
        let inner = cache.inner.lock().unwrap();
        assert!(inner.young.len() + inner.old.len() <= limit::TOKEN_CACHE);
    }
}
