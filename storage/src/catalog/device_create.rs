//! Making devices: one, or many in one transaction, each of which is made or not.

use std::collections::HashMap;

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::device::{Device, DeviceInput, DeviceStatus};
use edgesync_schemas::entity::device_history::DeviceAction;
use edgesync_schemas::entity::organization::Role;
use edgesync_schemas::id::{OrganizationId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde_json::json;

use super::access::{self, require};
use super::db::Tx;
use super::error::Error;
use super::token::{Token, TokenKind};
use super::value::Value;
use super::{Catalog, audit, device_history, new_id, now};

/// A device that was made, and its token; or why it was not.
pub type Made = Result<(Device, Token), Error>;

impl Catalog {
    /// Makes a device and its token. It counts against the `device_limit` of `user`, in the same transaction.
    ///
    /// # Errors
    /// [`Error::NotFound`] to outsiders of the organization, [`Error::Forbidden`] to members who are no admins,
    /// [`Error::LimitReached`] `device_limit_reached` and, for those that were deleted too, `devices_made_limit_reached`;
    /// [`Error::Conflict`] if the name is taken.
    pub async fn create_device(&self, user: UserId, input: DeviceInput) -> Made {
        let mut made = self.create_devices(user, vec![input]).await?;
        made.pop().unwrap_or(Err(Error::Closed))
    }

    /// Makes devices in one transaction. One that cannot be made does not keep the others from it; the answers are in the order of
    /// `inputs`, each as from [`Catalog::create_device`].
    ///
    /// # Errors
    /// Of the database: then none is made.
    pub async fn create_devices(&self, user: UserId, inputs: Vec<DeviceInput>) -> Result<Vec<Made>, Error> {
        let at = now();
        let mut tx = self.db.begin().await?;
        let mut allowance = Allowance::of(&mut tx, user).await?;
        let mut roles = HashMap::new();
        let mut answers = Vec::with_capacity(inputs.len());
        for input in inputs {
            let role = match roles.get(&input.organization_id) {
                Some(role) => *role,
                None => role(&mut tx, user, input.organization_id).await?,
            };
            roles.insert(input.organization_id, role);
            answers.push(match may_make(role, &allowance) {
                Ok(()) => create(&mut tx, user, input, at, &mut allowance).await?,
                Err(error) => Err(error),
            });
        }
        if allowance.made > 0 {
            allowance.settle(&mut tx, user).await?;
            tx.commit().await?;
        }
        Ok(answers)
    }
}

async fn role(tx: &mut Tx, user: UserId, organization: OrganizationId) -> Result<Option<Role>, Error> {
    match access::role(tx, user, organization).await {
        Ok(role) => Ok(Some(role)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn may_make(role: Option<Role>, allowance: &Allowance) -> Result<(), Error> {
    require(role.ok_or(Error::not_found("organization"))?, Role::Admin)?;
    allowance.check()
}

async fn create(
    tx: &mut Tx,
    user: UserId,
    input: DeviceInput,
    at: Timestamp,
    allowance: &mut Allowance,
) -> Result<Made, Error> {
    let token = Token::draw(TokenKind::Device)?;
    let device = Device {
        id: new_id(),
        organization_id: input.organization_id,
        creator_id: user,
        name: input.name,
        description: input.description,
        device_type: input.device_type,
        project_ids: Vec::new(),
        token_prefix: token.prefix().to_owned(),
        status: DeviceStatus::Inactive,
        is_active: true,
        last_seen: None,
        created_at: at,
        updated_at: at,
    };
    // A name that is taken must not fail the statement: on PostgreSQL that would end the transaction, and with it the others.
    let inserted = tx.execute(
        "INSERT INTO devices (id, organization_id, creator_id, name, description, device_type, token_hash,
            token_prefix, status, is_active, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
         ON CONFLICT (organization_id, name) DO NOTHING",
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
    );
    if inserted.await? == 0 {
        return Ok(Err(Error::Conflict { field: "name".to_owned() }));
    }
    allowance.made += 1;
    device_history::note(tx, user, (device.id, device.organization_id), DeviceAction::Created, json!({}))
        .await?;
    let (organization, details) = (device.organization_id, json!({"name": device.name}));
    audit::note(tx, user, organization, AuditAction::DeviceCreated, device.id, details).await?;
    Ok(Ok((device, token)))
}

/// How many devices a user may make, and has made.
struct Allowance {
    allowed: u32,
    present: u32,
    ever: u32,
    /// In this transaction.
    made: u32,
}

impl Allowance {
    /// Read under the lock of the user's row, so that no other transaction makes devices of the user meanwhile.
    async fn of(tx: &mut Tx, user: UserId) -> Result<Self, Error> {
        let row = tx.first(
            "UPDATE user_profiles SET devices_made = devices_made WHERE user_id = $1 RETURNING device_limit, devices_made",
            vec![user.into()],
        );
        let mut row = row.await?.ok_or(Error::not_found("user"))?;
        let (allowed, ever) = (row.take()?, row.take()?);
        let row = tx.first(
            "SELECT count(*) FROM devices d JOIN organizations o ON o.id = d.organization_id WHERE d.creator_id = $1",
            vec![user.into()],
        );
        let present = row.await?.map_or(Ok(0), |mut row| row.take())?;
        Ok(Self { allowed, present, ever, made: 0 })
    }

    /// Whether there may be one more.
    fn check(&self) -> Result<(), Error> {
        if self.present + self.made >= self.allowed {
            return Err(Error::LimitReached { code: "device_limit_reached", limit: self.allowed });
        }
        let most = self.allowed.saturating_mul(limit::DEVICES_MADE_PER_DEVICE);
        if self.ever + self.made >= most {
            return Err(Error::LimitReached { code: "devices_made_limit_reached", limit: most });
        }
        Ok(())
    }

    /// Writes down what was made. The count of devices ever made never goes back: it bounds the series in the log, which outlive
    /// their devices.
    async fn settle(self, tx: &mut Tx, user: UserId) -> Result<(), Error> {
        tx.execute(
            "UPDATE user_profiles SET devices_made = devices_made + $1 WHERE user_id = $2",
            vec![self.made.into(), user.into()],
        )
        .await
        .map(drop)
    }
}
