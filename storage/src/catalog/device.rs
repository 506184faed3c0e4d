//! Devices and their tokens.

use std::sync::Arc;

use edgesync_schemas::entity::device::{Device, DeviceInput, DevicePatch, DeviceStatus};
use edgesync_schemas::entity::organization::Role;
use edgesync_schemas::id::{DeviceId, OrganizationId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;

use super::access::{self, require};
use super::db::Tx;
use super::error::Error;
use super::token::{Token, TokenKind};
use super::value::{Row, Value};
use super::{Catalog, Listing, Slice, new_id, now};

/// What was last noticed of a device's connection.
#[derive(Debug, Clone, Copy)]
pub struct Presence {
    /// The device.
    pub device: DeviceId,
    /// When its last frame came.
    pub last_seen: Timestamp,
    /// Active while its socket is open, offline after.
    pub status: DeviceStatus,
}

impl Catalog {
    /// Makes a device and its token. It counts against the `device_limit` of `user`, in the same transaction.
    ///
    /// # Errors
    /// [`Error::NotFound`] to outsiders of the organization, [`Error::Forbidden`] to members who are no admins,
    /// [`Error::LimitReached`] `device_limit_reached` and, for those that were deleted too, `devices_made_limit_reached`;
    /// [`Error::Conflict`] if the name is taken.
    pub async fn create_device(&self, user: UserId, input: DeviceInput) -> Result<(Device, Token), Error> {
        let (at, token) = (now(), Token::draw(TokenKind::Device)?);
        let mut tx = self.db.begin().await?;
        require(access::role(&mut tx, user, input.organization_id).await?, Role::Admin)?;
        count_device(&mut tx, user).await?;
        let device = Device {
            id: new_id(),
            organization_id: input.organization_id,
            creator_id: user,
            name: input.name,
            description: input.description,
            device_type: input.device_type,
            token_prefix: token.prefix().to_owned(),
            status: DeviceStatus::Inactive,
            is_active: true,
            last_seen: None,
            created_at: at,
            updated_at: at,
        };
        tx.execute(
            "INSERT INTO devices (id, organization_id, creator_id, name, description, device_type, token_hash,
                token_prefix, status, is_active, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
            vec![
                device.id.into(),
                device.organization_id.into(),
                user.into(),
                device.name.as_str().into(),
                device.description.as_str().into(),
                device.device_type.as_str().into(),
                (&token.hash()).into(),
                device.token_prefix.as_str().into(),
                Value::name(&device.status),
                true.into(),
                at.into(),
            ],
        )
        .await?;
        tx.commit().await?;
        Ok((device, token))
    }

    /// The device, whoever asks: for the platform itself. Answers to users come from [`Catalog::readable_device`].
    ///
    /// # Errors
    /// Of the database.
    pub async fn device(&self, id: DeviceId) -> Result<Option<Device>, Error> {
        let row = self.db.first(
            "SELECT d.id, d.organization_id, d.creator_id, d.name, d.description, d.device_type, d.token_prefix, d.status,
                d.is_active, d.last_seen, d.created_at, d.updated_at
             FROM devices d WHERE d.id = $1",
            vec![id.into()],
        );
        row.await?.map(|mut row| read(&mut row)).transpose()
    }

    /// The device, if `user` is a member of its organization.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn readable_device(&self, user: UserId, id: DeviceId) -> Result<Device, Error> {
        let row = self.db.first(READABLE, vec![user.into(), id.into()]).await?;
        read(&mut row.ok_or(Error::not_found("device"))?)
    }

    /// The devices that `user` may see, of one organization or all, whose name has `q` in it.
    ///
    /// # Errors
    /// Of the database.
    pub async fn devices(
        &self,
        user: UserId,
        organization: Option<OrganizationId>,
        q: Option<&str>,
        slice: Slice,
    ) -> Result<Listing<Device>, Error> {
        let rows = self.db.query(
            "SELECT d.id, d.organization_id, d.creator_id, d.name, d.description, d.device_type, d.token_prefix, d.status,
                d.is_active, d.last_seen, d.created_at, d.updated_at
             FROM devices d JOIN organization_members m ON m.organization_id = d.organization_id
             WHERE m.user_id = $1 AND (d.organization_id = $2 OR $2 IS NULL) AND d.id > $3
                AND lower(d.name) LIKE lower($4) ESCAPE '\\'
             ORDER BY d.id LIMIT $5",
            vec![
                user.into(),
                organization.into(),
                slice.after().into(),
                super::pattern(q).into(),
                slice.fetch().into(),
            ],
        );
        let items = rows.await?.into_iter().map(|mut row| read(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut(items, |device: &Device| device.id.uuid()))
    }

    /// Changes a device. Whoever switches one off closes its socket next: its token is refused from here on.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Conflict`] if the name is taken.
    pub async fn update_device(
        &self,
        user: UserId,
        id: DeviceId,
        patch: DevicePatch,
    ) -> Result<Device, Error> {
        let mut tx = self.db.begin().await?;
        let mut device = for_change(&mut tx, user, id).await?;
        device.name = patch.name.unwrap_or(device.name);
        device.description = patch.description.unwrap_or(device.description);
        device.device_type = patch.device_type.unwrap_or(device.device_type);
        if let Some(is_active) = patch.is_active
            && is_active != device.is_active
        {
            device.is_active = is_active;
            let seen = is_active && device.last_seen.is_some();
            device.status = if seen { DeviceStatus::Offline } else { DeviceStatus::Inactive };
        }
        device.updated_at = now();
        tx.execute(
            "UPDATE devices SET name = $1, description = $2, device_type = $3, is_active = $4, status = $5, updated_at = $6
             WHERE id = $7",
            vec![
                device.name.as_str().into(),
                device.description.as_str().into(),
                device.device_type.as_str().into(),
                device.is_active.into(),
                Value::name(&device.status),
                device.updated_at.into(),
                id.into(),
            ],
        )
        .await?;
        self.commit_access(tx, id).await?;
        Ok(device)
    }

    /// Gives a device a new token. The old one stays valid for `overlap_s` seconds; one that was replaced before ends now.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn rotate_device_token(
        &self,
        user: UserId,
        id: DeviceId,
        overlap_s: u32,
    ) -> Result<(Device, Token), Error> {
        let (at, token) = (now(), Token::draw(TokenKind::Device)?);
        let until = (overlap_s > 0).then(|| at.plus_us(i64::from(overlap_s) * 1_000_000));
        let mut tx = self.db.begin().await?;
        let device = for_change(&mut tx, user, id).await?;
        tx.execute(
            "UPDATE devices SET previous_token_until = $1,
                previous_token_hash = CASE WHEN $1 IS NULL THEN NULL ELSE token_hash END, token_hash = $2, token_prefix = $3, updated_at = $4
             WHERE id = $5",
            vec![until.into(), (&token.hash()).into(), token.prefix().into(), at.into(), id.into()],
        )
        .await?;
        self.commit_access(tx, id).await?;
        Ok((Device { token_prefix: token.prefix().to_owned(), updated_at: at, ..device }, token))
    }

    /// Removes a device and its tokens. Its readings stay.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn delete_device(&self, user: UserId, id: DeviceId) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        for_change(&mut tx, user, id).await?;
        tx.execute("DELETE FROM devices WHERE id = $1", vec![id.into()]).await?;
        self.commit_access(tx, id).await
    }

    /// Writes what was noticed of many devices, in one transaction. A device that is gone is no error; a time that goes
    /// back does not count; a device that was switched off keeps that status.
    ///
    /// # Errors
    /// Of the database: then none of it is written.
    pub async fn touch_devices(&self, seen: Vec<Presence>) -> Result<(), Error> {
        if seen.is_empty() {
            return Ok(());
        }
        let sets =
            seen.into_iter().map(|p| vec![p.last_seen.into(), Value::name(&p.status), p.device.into()]);
        let mut tx = self.db.begin().await?;
        tx.execute_all(
            "UPDATE devices SET last_seen = CASE WHEN last_seen > $1 THEN last_seen ELSE $1 END,
                status = CASE WHEN is_active = 1 THEN $2 ELSE status END
             WHERE id = $3",
            sets.collect(),
        )
        .await?;
        tx.commit().await
    }

    /// Says of all devices that were online that they are not: for the start of the server, which may have been killed.
    ///
    /// # Errors
    /// Of the database.
    pub async fn reset_presence(&self) -> Result<u64, Error> {
        let mut tx = self.db.begin().await?;
        let was_online = tx.execute(
            "UPDATE devices SET status = $1 WHERE status = $2",
            vec![Value::name(&DeviceStatus::Offline), Value::name(&DeviceStatus::Active)],
        );
        let was_online = was_online.await?;
        tx.commit().await?;
        Ok(was_online)
    }

    /// Commits a change to what a device's tokens open, and forgets what was remembered of them.
    pub(super) async fn commit_access(&self, tx: Tx, device: DeviceId) -> Result<(), Error> {
        let access = Arc::clone(&self.access);
        // On its own feet: if whoever asked hangs up, the commit may still happen, and then it must be followed by this.
        let commit = tokio::spawn(async move {
            let done = tx.commit().await;
            access.forget(device);
            done
        });
        commit.await.map_err(|_| Error::Closed)?
    }
}

const READABLE: &str =
    "SELECT d.id, d.organization_id, d.creator_id, d.name, d.description, d.device_type, d.token_prefix,
        d.status, d.is_active, d.last_seen, d.created_at, d.updated_at, m.role
    FROM devices d JOIN organization_members m ON m.organization_id = d.organization_id
    WHERE m.user_id = $1 AND d.id = $2";

/// The device, if `user` may change it. Owners are admins too.
async fn for_change(tx: &mut Tx, user: UserId, id: DeviceId) -> Result<Device, Error> {
    let mut row =
        tx.first(READABLE, vec![user.into(), id.into()]).await?.ok_or(Error::not_found("device"))?;
    let device = read(&mut row)?;
    require(row.name()?, Role::Admin)?;
    Ok(device)
}

/// Counts a device that `user` makes, if there may be one more. The count of devices ever made never goes back: it bounds the
/// series in the log, which outlive their devices.
async fn count_device(tx: &mut Tx, user: UserId) -> Result<(), Error> {
    let row = tx.first(
        "SELECT p.device_limit, p.devices_made, (SELECT count(*) FROM devices d WHERE d.creator_id = p.user_id)
         FROM user_profiles p WHERE p.user_id = $1",
        vec![user.into()],
    );
    let mut row = row.await?.ok_or(Error::not_found("user"))?;
    let (allowed, ever, present) = (row.take::<u32>()?, row.take::<u32>()?, row.take::<u32>()?);
    if present >= allowed {
        return Err(Error::LimitReached { code: "device_limit_reached", limit: allowed });
    }
    let most = allowed.saturating_mul(limit::DEVICES_MADE_PER_DEVICE);
    if ever >= most {
        return Err(Error::LimitReached { code: "devices_made_limit_reached", limit: most });
    }
    let sql = "UPDATE user_profiles SET devices_made = devices_made + 1 WHERE user_id = $1";
    tx.execute(sql, vec![user.into()]).await.map(drop)
}

/// id, organization_id, creator_id, name, description, device_type, token_prefix, status, is_active, last_seen, created_at,
/// updated_at
fn read(row: &mut Row) -> Result<Device, Error> {
    Ok(Device {
        id: row.take()?,
        organization_id: row.take()?,
        creator_id: row.take()?,
        name: row.take()?,
        description: row.take()?,
        device_type: row.take()?,
        token_prefix: row.take()?,
        status: row.name()?,
        is_active: row.take()?,
        last_seen: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}
