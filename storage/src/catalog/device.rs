//! Devices and their tokens. How they are made is in `device_create.rs`, how they are written in `device_edit.rs`.

use std::sync::Arc;

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::device::{Device, DevicePatch, DeviceStatus};
use edgesync_schemas::entity::device_history::DeviceAction;
use edgesync_schemas::entity::name_of;
use edgesync_schemas::entity::organization::Role;
use edgesync_schemas::id::{DeviceId, OrganizationId, ProjectId, UserId};
use edgesync_schemas::time::Timestamp;
use serde_json::json;

use super::access::{self, require};
use super::changes::Change;
use super::db::Tx;
use super::device_history::{self, Passage};
use super::error::Error;
use super::slice::{Keys, sorted};
use super::token::{Token, TokenKind};
use super::value::{Row, Value};
use super::{Catalog, Listing, Slice, SortKey, audit, device_edit, now, project_device};

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

/// Which devices are wanted; what is `None` does not matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeviceFilter<'a> {
    /// Of this organization.
    pub organization: Option<OrganizationId>,
    /// In this project.
    pub project: Option<ProjectId>,
    /// Being like this.
    pub status: Option<DeviceStatus>,
    /// That may, or may not, connect.
    pub is_active: Option<bool>,
    /// With this in their name, description or kind.
    pub q: Option<&'a str>,
}

impl Catalog {
    /// The device, whoever asks: for the platform itself. Answers to users come from [`Catalog::readable_device`].
    ///
    /// # Errors
    /// Of the database.
    pub async fn device(&self, id: DeviceId) -> Result<Option<Device>, Error> {
        let row = self.db.first(
            "SELECT d.id, d.organization_id, d.creator_id, d.name, d.description, d.device_type, d.token_prefix, d.status,
                d.is_active, d.last_seen, d.created_at, d.updated_at
             FROM devices d JOIN organizations o ON o.id = d.organization_id WHERE d.id = $1",
            vec![id.into()],
        );
        let Some(mut row) = row.await? else { return Ok(None) };
        self.whole(read(&mut row)?).await.map(Some)
    }

    /// The device, if `user` is a member of its organization.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn readable_device(&self, user: UserId, id: DeviceId) -> Result<Device, Error> {
        let row = self.db.first(READABLE, vec![user.into(), id.into()]).await?;
        self.whole(read(&mut row.ok_or(Error::not_found("device"))?)?).await
    }

    /// The devices that `user` may see and that are wanted.
    ///
    /// # Errors
    /// Of the database.
    pub async fn devices(
        &self,
        user: UserId,
        filter: DeviceFilter<'_>,
        slice: Slice,
    ) -> Result<Listing<Device>, Error> {
        let sql = sorted!(
            slice.order,
            "SELECT d.id, d.organization_id, d.creator_id, d.name, d.description, d.device_type, d.token_prefix, d.status,
                d.is_active, d.last_seen, d.created_at, d.updated_at
             FROM devices d JOIN organization_members m ON m.organization_id = d.organization_id
             WHERE m.user_id = $1 AND (d.organization_id = $2 OR $2 IS NULL)
                AND (d.id IN (SELECT pd.device_id FROM project_devices pd WHERE pd.project_id = $3) OR $3 IS NULL)
                AND (d.status = $4 OR $4 IS NULL) AND (d.is_active = $5 OR $5 IS NULL)
                AND (lower(d.name) LIKE $6 ESCAPE '\\' OR lower(d.description) LIKE $6 ESCAPE '\\'
                    OR lower(d.device_type) LIKE $6 ESCAPE '\\')",
            ["$7", "$8", "$9"],
            Id: "d.id",
            Name: "d.name",
            CreatedAt: "d.created_at",
            UpdatedAt: "d.updated_at",
            LastSeen: "COALESCE(d.last_seen, d.created_at)"
        );
        let mut values = vec![
            user.into(),
            filter.organization.into(),
            filter.project.into(),
            filter.status.map(|status| name_of(&status)).into(),
            filter.is_active.into(),
            super::pattern(filter.q).into(),
        ];
        values.extend(slice.end());
        let rows = self.db.query(sql, values);
        let items = rows.await?.into_iter().map(|mut row| read(&mut row)).collect::<Result<_, _>>()?;
        let mut listing = slice.cut_by(items, |device: &Device| Keys {
            id: device.id.uuid(),
            name: &device.name,
            created_at: device.created_at,
            updated_at: device.updated_at,
            last_seen: device.last_seen,
        });
        project_device::fill(&self.db, &mut listing.items).await?;
        Ok(listing)
    }

    /// Changes a device. Whoever switches one off closes its socket next: its token is refused from here on. A change of nothing
    /// is none.
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
        let (device, is_new) = device_edit::change(&mut tx, user, id, patch).await?;
        if is_new {
            self.commit_access(tx, id).await?;
        }
        Ok(device)
    }

    /// Gives a device a new token. The old one stays valid for `overlap_s` seconds; one that was replaced before ends now. Whoever
    /// does so has the device's socket look at its token next.
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
                previous_token_hash = CASE WHEN $2 THEN token_hash ELSE NULL END, token_hash = $3, token_prefix = $4,
                updated_at = $5
             WHERE id = $6",
            vec![
                until.into(),
                until.is_some().into(),
                (&token.hash()).into(),
                token.prefix().into(),
                at.into(),
                id.into(),
            ],
        )
        .await?;
        let details = json!({"overlap_s": overlap_s, "token_prefix": token.prefix()});
        device_history::note(
            &mut tx,
            user,
            (device.id, device.organization_id),
            DeviceAction::TokenRotated,
            details.clone(),
        )
        .await?;
        audit::note(&mut tx, user, device.organization_id, AuditAction::DeviceTokenRotated, id, details)
            .await?;
        self.commit_access(tx, id).await?;
        Ok((Device { token_prefix: token.prefix().to_owned(), updated_at: at, ..device }, token))
    }

    /// Takes a device's tokens away: none opens anything until it is given a new one. Whoever does so closes its socket next.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn revoke_device_token(&self, user: UserId, id: DeviceId) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let device = for_change(&mut tx, user, id).await?;
        if device.token_prefix.is_empty() {
            return Ok(());
        }
        // The hash of a token that nobody is ever shown.
        let nobodys = Token::draw(TokenKind::Device)?.hash();
        tx.execute(
            "UPDATE devices SET previous_token_until = NULL, previous_token_hash = NULL, token_hash = $1, token_prefix = '',
                updated_at = $2
             WHERE id = $3",
            vec![(&nobodys).into(), now().into(), id.into()],
        )
        .await?;
        device_history::note(
            &mut tx,
            user,
            (device.id, device.organization_id),
            DeviceAction::TokenRevoked,
            json!({}),
        )
        .await?;
        let (organization, details) = (device.organization_id, json!({"name": device.name}));
        audit::note(&mut tx, user, organization, AuditAction::DeviceTokenRevoked, id, details).await?;
        self.commit_access(tx, id).await
    }

    /// Removes a device and its tokens. Its readings stay, and so does its history for a while.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn delete_device(&self, user: UserId, id: DeviceId) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let device = device_edit::remove(&mut tx, user, id).await?;
        self.commit_access_telling(tx, vec![id], [Change::Organization(device.organization_id)]).await
    }

    /// Writes what was noticed of many devices, and which of them came and went, in one transaction. A device that is gone is no
    /// error; a time that goes back does not count; one that was switched off, or that a person said is broken, keeps that status.
    ///
    /// # Errors
    /// Of the database: then none of it is written.
    pub async fn touch_devices(&self, seen: Vec<Presence>, passages: &[Passage]) -> Result<(), Error> {
        if seen.is_empty() && passages.is_empty() {
            return Ok(());
        }
        let sets =
            seen.into_iter().map(|p| vec![p.last_seen.into(), Value::name(&p.status), p.device.into()]);
        let mut tx = self.db.begin().await?;
        tx.execute_all(
            "UPDATE devices SET last_seen = CASE WHEN last_seen > $1 THEN last_seen ELSE $1 END,
                status = CASE WHEN is_active AND status <> 'error' THEN $2 ELSE status END
             WHERE id = $3",
            sets.collect(),
        )
        .await?;
        device_history::note_passages(&mut tx, passages).await?;
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

    /// The device with the projects that it is in.
    async fn whole(&self, device: Device) -> Result<Device, Error> {
        let mut one = [device];
        project_device::fill(&self.db, &mut one).await?;
        let [device] = one;
        Ok(device)
    }

    /// Commits a change to what a device's tokens open, and forgets what was remembered of them.
    pub(super) async fn commit_access(&self, tx: Tx, device: DeviceId) -> Result<(), Error> {
        self.commit_access_telling(tx, vec![device], None).await
    }

    /// The same of several devices, and tells what else that changed.
    pub(super) async fn commit_access_telling(
        &self,
        mut tx: Tx,
        devices: Vec<DeviceId>,
        told: impl IntoIterator<Item = Change>,
    ) -> Result<(), Error> {
        let change = access::change(&mut tx).await?;
        let access = Arc::clone(&self.access);
        let forget = move |done: &Result<(), Error>| {
            access.forget(&devices);
            access.changed_if(done, change);
        };
        self.commit_then(tx, told, forget).await
    }
}

const READABLE: &str =
    "SELECT d.id, d.organization_id, d.creator_id, d.name, d.description, d.device_type, d.token_prefix,
        d.status, d.is_active, d.last_seen, d.created_at, d.updated_at, m.role
    FROM devices d JOIN organization_members m ON m.organization_id = d.organization_id
    WHERE m.user_id = $1 AND d.id = $2";

/// The device, if `user` may change it. Owners are admins too.
pub(super) async fn for_change(tx: &mut Tx, user: UserId, id: DeviceId) -> Result<Device, Error> {
    let mut row =
        tx.first(READABLE, vec![user.into(), id.into()]).await?.ok_or(Error::not_found("device"))?;
    let mut device = read(&mut row)?;
    require(row.name()?, Role::Admin)?;
    device.project_ids = project_device::of_one(tx, id).await?;
    Ok(device)
}

/// id, organization_id, creator_id, name, description, device_type, token_prefix, status, is_active, last_seen, created_at,
/// updated_at. The projects are read apart.
fn read(row: &mut Row) -> Result<Device, Error> {
    Ok(Device {
        id: row.take()?,
        organization_id: row.take()?,
        creator_id: row.take()?,
        name: row.take()?,
        description: row.take()?,
        device_type: row.take()?,
        project_ids: Vec::new(),
        token_prefix: row.take()?,
        status: row.name()?,
        is_active: row.take()?,
        last_seen: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}
