//! What happened to devices: written in the transaction that does it, or, for their coming and going, with the batches of presence.
//!
//! Bounded by count, per device and action, so that one that comes and goes all day does not push out who changed its token;
//! and by age. A device's history outlives it, for the admins of its organization.

use edgesync_schemas::entity::device_history::{DeviceAction, DeviceEvent, DeviceHistory};
use edgesync_schemas::entity::name_of;
use edgesync_schemas::id::{DeviceEventId, DeviceId, OrganizationId, UserId, kind};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde_json::json;

use super::db::Tx;
use super::error::Error;
use super::value::{Row, Value};
use super::{Catalog, Listing, Slice, new_id, now};

/// That a device came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage {
    /// Id of the entry, drawn when it happened: lists are in that order.
    pub id: DeviceEventId,
    /// The device.
    pub device: DeviceId,
    /// [`DeviceAction::Connected`] or [`DeviceAction::Disconnected`].
    pub action: DeviceAction,
    /// When.
    pub at: Timestamp,
    /// Passages before this one, and after the entry before, that are not written down.
    pub skipped: u32,
}

impl Catalog {
    /// What happened to a device, the newest first: to members of its organization, and of one that was deleted to its admins.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn device_history(
        &self,
        user: UserId,
        device: DeviceId,
        slice: Slice,
    ) -> Result<Listing<DeviceHistory>, Error> {
        let readable = self.db.first(
            "SELECT d.id FROM devices d JOIN organization_members m ON m.organization_id = d.organization_id
             WHERE m.user_id = $1 AND d.id = $2",
            vec![user.into(), device.into()],
        );
        let is_there = readable.await?.is_some();
        let rows = self.db.query(
            "SELECT h.id, h.device_id, h.action, h.details, h.at
             FROM device_history h JOIN organization_members m ON m.organization_id = h.organization_id
             LEFT JOIN devices d ON d.id = h.device_id
             WHERE m.user_id = $1 AND h.device_id = $2 AND h.id < $3 AND (d.id IS NOT NULL OR m.role = 'admin')
             ORDER BY h.id DESC LIMIT $4",
            vec![
                user.into(),
                device.into(),
                slice.before().into(),
                slice.fetch().into(),
            ],
        );
        let items = rows.await?.into_iter().map(|mut row| read(&mut row)).collect::<Result<Vec<_>, _>>()?;
        if items.is_empty() && !is_there && slice.after.is_none() {
            return Err(Error::not_found("device"));
        }
        Ok(slice.cut(items, |entry: &DeviceHistory| entry.id.uuid()))
    }

    /// What happened to the devices of an organization, the newest first, all of it or what is of one kind: to its members, and of devices that were deleted to its
    /// admins.
    ///
    /// # Errors
    /// [`Error::NotFound`] to outsiders.
    pub async fn device_events(
        &self,
        user: UserId,
        organization: OrganizationId,
        action: Option<DeviceAction>,
        slice: Slice,
    ) -> Result<Listing<DeviceEvent>, Error> {
        if !self.may_read(user, organization).await? {
            return Err(Error::not_found("organization"));
        }
        // Kind by kind, each as long as the whole can be: so the newest are found by the index, however many there are.
        let mut items = Vec::new();
        for kind in DeviceAction::ALL.into_iter().filter(|kind| action.is_none_or(|action| action == *kind)) {
            let rows = self.db.query(
                "SELECT h.id, h.device_id, h.action, h.details, h.at, d.name
                 FROM device_history h JOIN organization_members m ON m.organization_id = h.organization_id
                 LEFT JOIN devices d ON d.id = h.device_id
                 WHERE m.user_id = $1 AND h.organization_id = $2 AND h.action = $3 AND h.id < $4
                    AND (d.id IS NOT NULL OR m.role = 'admin')
                 ORDER BY h.id DESC LIMIT $5",
                vec![
                    user.into(),
                    organization.into(),
                    name_of(&kind).into(),
                    slice.before().into(),
                    slice.fetch().into(),
                ],
            );
            for mut row in rows.await? {
                items.push(DeviceEvent { entry: read(&mut row)?, device_name: row.take()? });
            }
        }
        items.sort_by_key(|event| std::cmp::Reverse(event.entry.id));
        Ok(slice.cut(items, |event: &DeviceEvent| event.entry.id.uuid()))
    }

    /// Removes the entries that are older than [`limit::DEVICE_HISTORY_DAYS`], a bounded number in each transaction. How many.
    /// Cancel safe: what was removed until then is.
    ///
    /// # Errors
    /// Of the database.
    pub async fn prune_device_history(&self) -> Result<u64, Error> {
        let oldest = now().plus_us(-limit::DEVICE_HISTORY_DAYS * 86_400_000_000);
        let mut removed = 0;
        loop {
            let old = self
                .db
                .first("SELECT h.id FROM device_history h WHERE h.at < $1 LIMIT 1", vec![oldest.into()]);
            if old.await?.is_none() {
                return Ok(removed);
            }
            let mut tx = self.db.begin().await?;
            removed += tx
                .execute(
                    "DELETE FROM device_history WHERE id IN
                        (SELECT h.id FROM device_history h WHERE h.at < $1 ORDER BY h.at LIMIT $2)",
                    vec![oldest.into(), limit::DEVICE_HISTORY_BATCH.into()],
                )
                .await?;
            tx.commit().await?;
        }
    }
}

/// Notes what `by` (none: the operator) did to a device, in the transaction that does it. `details` is an object, which gets who it was.
pub(super) async fn note(
    tx: &mut Tx,
    by: impl Into<Option<UserId>>,
    (device, organization): (DeviceId, OrganizationId),
    action: DeviceAction,
    mut details: serde_json::Value,
) -> Result<(), Error> {
    let by: Option<UserId> = by.into();
    if by.is_some() {
        details["by"] = json!(by);
    }
    tx.execute(
        "INSERT INTO device_history (id, device_id, organization_id, action, details, at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        vec![
            new_id::<kind::DeviceEvent>().into(),
            device.into(),
            organization.into(),
            Value::name(&action),
            Value::json(&details),
            now().into(),
        ],
    )
    .await?;
    trim(tx, vec![(device, action)]).await
}

/// Notes comings and goings. Those of a device that is gone are left out.
pub(super) async fn note_passages(tx: &mut Tx, passages: &[Passage]) -> Result<(), Error> {
    if passages.is_empty() {
        return Ok(());
    }
    let sets = passages.iter().map(|passage| {
        let details = if passage.skipped > 0 { json!({"skipped": passage.skipped}) } else { json!({}) };
        vec![
            passage.id.into(),
            Value::name(&passage.action),
            Value::json(&details),
            passage.at.into(),
            passage.device.into(),
        ]
    });
    tx.execute_all(
        "INSERT INTO device_history (id, device_id, organization_id, action, details, at)
         SELECT $1, d.id, d.organization_id, $2, $3, $4 FROM devices d WHERE d.id = $5",
        sets.collect(),
    )
    .await?;
    trim(tx, passages.iter().map(|passage| (passage.device, passage.action)).collect()).await
}

/// Removes what is too much of devices' entries of some actions.
async fn trim(tx: &mut Tx, of: Vec<(DeviceId, DeviceAction)>) -> Result<(), Error> {
    let sets = of.into_iter().map(|(device, action)| {
        vec![device.into(), Value::name(&action), limit::DEVICE_HISTORY_ENTRIES.into()]
    });
    tx.execute_all(
        "DELETE FROM device_history WHERE device_id = $1 AND action = $2 AND id <=
            (SELECT h.id FROM device_history h WHERE h.device_id = $1 AND h.action = $2
             ORDER BY h.id DESC LIMIT 1 OFFSET $3)",
        sets.collect(),
    )
    .await
    .map(drop)
}

/// id, device_id, action, details, at
fn read(row: &mut Row) -> Result<DeviceHistory, Error> {
    Ok(DeviceHistory {
        id: row.take()?,
        device_id: row.take()?,
        action: row.name()?,
        details: row.json()?,
        at: row.take()?,
    })
}
