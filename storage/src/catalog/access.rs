//! Who may do what: roles within an organization, and the remembered answer to "whose token is this".

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use edgesync_schemas::entity::organization::Role;
use edgesync_schemas::id::{DeviceId, OrganizationId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::changes::Change;
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
    /// through this catalog are seen at once, those of other processes by [`Catalog::notice_changes`].
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

/// Notes in a transaction that it ends or alters what tokens or memberships open; it must be the last thing in it, since others
/// who do the same wait for it. The number of the change, for [`AccessCache::changed_if`].
pub(super) async fn change(tx: &mut Tx) -> Result<i64, Error> {
    let sql = "UPDATE access_changes SET changes = changes + 1 RETURNING changes";
    tx.first(sql, vec![]).await?.ok_or(Error::Closed)?.take()
}

impl Catalog {
    /// Looks whether another process changed what tokens or memberships open, and if so forgets what is remembered of tokens and tells
    /// [`Change::Any`]. True if so, also the first time.
    ///
    /// # Errors
    /// Of the database: what was remembered stays.
    pub async fn notice_changes(&self) -> Result<bool, Error> {
        let row = self.db.first("SELECT changes FROM access_changes", vec![]).await?;
        let is_new = self.access.forget_if_not(row.ok_or(Error::Closed)?.take()?);
        if is_new {
            self.changes.tell(Change::Any);
        }
        Ok(is_new)
    }

    /// [Notices](Catalog::notice_changes) every [`limit::ACCESS_LOOK_MS`] what other processes changed, until it is dropped.
    #[must_use]
    pub fn watch_changes(&self) -> ChangeWatch {
        let catalog = self.clone();
        let mut every = tokio::time::interval(Duration::from_millis(limit::ACCESS_LOOK_MS));
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let watch = async move {
            let mut is_failing = false;
            loop {
                every.tick().await;
                let noticed = catalog.notice_changes().await;
                if let Err(error) = &noticed
                    && !is_failing
                {
                    tracing::warn!(%error, "cannot see which tokens other processes ended");
                }
                is_failing = noticed.is_err();
            }
        };
        ChangeWatch { task: tokio::spawn(watch) }
    }
}

/// The task of [`Catalog::watch_changes`]. Dropping it ends it.
#[derive(Debug)]
pub struct ChangeWatch {
    task: JoinHandle<()>,
}

impl Drop for ChangeWatch {
    fn drop(&mut self) {
        self.task.abort();
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
    /// The last change of all processes that this one knows of; none before the first look.
    change: Option<i64>,
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

    /// Forgets devices' tokens: called after each committed change to what they open.
    pub(super) fn forget(&self, devices: &[DeviceId]) {
        let devices: HashSet<_> = devices.iter().collect();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.epoch += 1;
        inner.young.retain(|_, known| !devices.contains(&known.access.device));
        inner.old.retain(|_, known| !devices.contains(&known.access.device));
    }

    /// Forgets the tokens of all devices of an organization: as [`AccessCache::forget`].
    pub(super) fn forget_organization(&self, organization: OrganizationId) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.epoch += 1;
        inner.young.retain(|_, known| known.access.organization != organization);
        inner.old.retain(|_, known| known.access.organization != organization);
    }

    /// If it was committed, this process made the change with this number, and forgot what it touched.
    pub(super) fn changed_if(&self, committed: &Result<(), Error>, change: i64) {
        if committed.is_err() {
            return;
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        // If it is not the next one, another process made one in between: the look finds a number that is not known.
        if inner.change == Some(change - 1) {
            inner.change = Some(change);
        }
    }

    /// Forgets everything unless this is the last change that is known of. True if it did.
    fn forget_if_not(&self, change: i64) -> bool {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.change == Some(change) {
            return false;
        }
        *inner = Generations { epoch: inner.epoch + 1, change: Some(change), ..Generations::default() };
        true
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
        cache.forget(&[device]);
        cache.put([1; 32], known(device), epoch);
        assert!(cache.get(&[1; 32]).0.is_none());
    }

    #[test]
    fn changes_of_others_are_told_from_ones_own() {
        let (cache, device) = (AccessCache::default(), new_id());
        assert!(cache.forget_if_not(7) && !cache.forget_if_not(7));
        cache.put([1; 32], known(device), 1);
        cache.changed_if(&Ok(()), 8);
        assert!(!cache.forget_if_not(8) && cache.get(&[1; 32]).0.is_some(), "its own");
        cache.changed_if(&Ok(()), 10);
        assert!(cache.forget_if_not(10) && cache.get(&[1; 32]).0.is_none(), "9 was another's");
        cache.put([1; 32], known(device), 1);
        assert!(cache.get(&[1; 32]).0.is_none(), "read before it");
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
