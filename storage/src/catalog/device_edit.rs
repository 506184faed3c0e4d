//! Changing and removing a device within a transaction: with its entry in its history and in the audit log.

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::device::{Device, DevicePatch, DeviceStatus};
use edgesync_schemas::entity::device_history::DeviceAction;
use edgesync_schemas::id::{DeviceId, UserId};
use serde_json::json;

use super::db::Tx;
use super::device::for_change;
use super::error::Error;
use super::value::Value;
use super::{audit, device_history, now};

/// Changes a device, which is what it is from now on, and whether that is anything new.
///
/// # Errors
/// [`Error::NotFound`] and [`Error::Forbidden`], before anything is written; [`Error::Conflict`] if the name is taken.
pub(super) async fn change(
    tx: &mut Tx,
    user: UserId,
    id: DeviceId,
    patch: DevicePatch,
) -> Result<(Device, bool), Error> {
    let mut device = for_change(tx, user, id).await?;
    let before = device.clone();
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
    device.status = patch.status.unwrap_or(device.status);
    let fields = changed(&before, &device);
    if fields.is_empty() {
        return Ok((device, false));
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
    let (history, details) = (json!({"fields": fields}), json!({"name": device.name, "changed": fields}));
    let of = (device.id, device.organization_id);
    device_history::note(tx, user, of, DeviceAction::Updated, history).await?;
    audit::note(tx, user, device.organization_id, AuditAction::DeviceUpdated, id, details).await?;
    Ok((device, true))
}

/// Removes a device and its tokens, and answers what it was.
///
/// # Errors
/// [`Error::NotFound`] and [`Error::Forbidden`], before anything is written.
pub(super) async fn remove(tx: &mut Tx, user: UserId, id: DeviceId) -> Result<Device, Error> {
    let device = for_change(tx, user, id).await?;
    tx.execute("DELETE FROM devices WHERE id = $1", vec![id.into()]).await?;
    let (of, details) = ((device.id, device.organization_id), json!({"name": device.name}));
    device_history::note(tx, user, of, DeviceAction::Deleted, details.clone()).await?;
    audit::note(tx, user, device.organization_id, AuditAction::DeviceDeleted, id, details).await?;
    Ok(device)
}

/// The fields that differ between two states of a device.
fn changed(before: &Device, after: &Device) -> Vec<&'static str> {
    audit::changed(&[
        ("name", before.name != after.name),
        ("description", before.description != after.description),
        ("device_type", before.device_type != after.device_type),
        ("is_active", before.is_active != after.is_active),
        ("status", before.status != after.status),
    ])
}
