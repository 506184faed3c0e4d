//! What the operator of an installation does, whoever owns what: `edgesync admin`. Nobody asks these over the network. What they
//! change is noted in the audit log without an actor.

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::device::DeviceStatus;
use edgesync_schemas::entity::device_history::DeviceAction;
use edgesync_schemas::entity::user::User;
use edgesync_schemas::id::{DeviceId, OrganizationId, UserId};
use edgesync_schemas::time::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::changes::Change;
use super::error::Error;
use super::token::{Token, TokenKind};
use super::{Catalog, Listing, Slice, access, audit, device_history, now, user};

/// An organization, as the operator sees it.
#[derive(Debug, Clone, Serialize)]
pub struct OrganizationLine {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// Address of its owner.
    pub owner: String,
    /// How many members it has.
    pub members: u32,
    /// How many devices it has.
    pub devices: u32,
    /// Whether it is in use.
    pub is_active: bool,
    /// Since when it exists.
    pub created_at: Timestamp,
}

/// A device, as the operator sees it.
#[derive(Debug, Clone, Serialize)]
pub struct DeviceLine {
    /// Its id.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// Its organization's name in addresses.
    pub organization: String,
    /// Start of its token.
    pub token_prefix: String,
    /// How it is.
    pub status: DeviceStatus,
    /// Whether it may connect.
    pub is_active: bool,
    /// When its last frame came.
    pub last_seen: Option<Timestamp>,
    /// Since when it exists.
    pub created_at: Timestamp,
}

impl Catalog {
    /// Gives an account (its address folded, as `Email` has it) another password, and ends all its sessions; for a server that runs, when it
    /// [notices](Catalog::notice_changes).
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn reset_password(&self, email: &str, password_hash: String) -> Result<User, Error> {
        let mut tx = self.db.begin().await?;
        let row = tx.first(
            "UPDATE users SET password_hash = $1, updated_at = $2 WHERE email = $3 RETURNING id",
            vec![password_hash.into(), now().into(), email.into()],
        );
        let id: UserId = row.await?.ok_or(Error::not_found("user"))?.take()?;
        let ended = tx.execute("DELETE FROM sessions WHERE user_id = $1", vec![id.into()]).await?;
        let details = json!({"sessions_ended": ended});
        audit::note(&mut tx, None, id, AuditAction::UserPasswordChanged, id, details).await?;
        access::change(&mut tx).await?;
        self.commit_telling(tx, [Change::User(id)]).await?;
        self.user(id).await
    }

    /// Makes an account with its profile and its first organization, and no session.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the address has an account.
    pub async fn create_user(&self, email: &str, name: &str, password_hash: String) -> Result<User, Error> {
        let mut tx = self.db.begin().await?;
        let user = user::new(email, name);
        user::is_first(&mut tx, &user).await?;
        user::insert(&mut tx, None, &user, password_hash).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Lets the holder of an account (its address folded) log in again, or not any more: then all its sessions and API tokens end, for a
    /// server that runs when it [notices](Catalog::notice_changes). Of one that is so already, nothing changes.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_user_active(&self, email: &str, is_active: bool) -> Result<User, Error> {
        let mut tx = self.db.begin().await?;
        let row = tx.first("SELECT u.id, u.is_active FROM users u WHERE u.email = $1", vec![email.into()]);
        let mut row = row.await?.ok_or(Error::not_found("user"))?;
        let (id, was_active): (UserId, bool) = (row.take()?, row.take()?);
        if was_active != is_active {
            let at = now();
            tx.execute(
                "UPDATE users SET is_active = $1, updated_at = $2 WHERE id = $3",
                vec![is_active.into(), at.into(), id.into()],
            )
            .await?;
            let (action, details) = if is_active {
                (AuditAction::UserEnabled, json!({}))
            } else {
                let sessions = tx.execute("DELETE FROM sessions WHERE user_id = $1", vec![id.into()]).await?;
                let tokens = tx.execute(
                    "UPDATE api_tokens SET expires_at = $1 WHERE user_id = $2 AND (expires_at > $1 OR expires_at IS NULL)",
                    vec![at.into(), id.into()],
                );
                let details = json!({"sessions_ended": sessions, "api_tokens_ended": tokens.await?});
                (AuditAction::UserDisabled, details)
            };
            audit::note(&mut tx, None, id, action, id, details).await?;
            access::change(&mut tx).await?;
            self.commit_telling(tx, [Change::User(id)]).await?;
        }
        self.user(id).await
    }

    /// All organizations, a part at a time.
    ///
    /// # Errors
    /// Of the database.
    pub async fn all_organizations(&self, slice: Slice) -> Result<Listing<OrganizationLine>, Error> {
        let rows = self.db.query(
            "SELECT o.id, o.name, o.slug, u.email,
                (SELECT count(*) FROM organization_members m WHERE m.organization_id = o.id),
                (SELECT count(*) FROM devices d WHERE d.organization_id = o.id), o.is_active, o.created_at
             FROM organizations o JOIN users u ON u.id = o.owner_id WHERE o.id > $1 ORDER BY o.id LIMIT $2",
            vec![slice.after().into(), slice.fetch().into()],
        );
        let mut items = Vec::new();
        for mut row in rows.await? {
            items.push(OrganizationLine {
                id: row.take()?,
                name: row.take()?,
                slug: row.take()?,
                owner: row.take()?,
                members: row.take()?,
                devices: row.take()?,
                is_active: row.take()?,
                created_at: row.take()?,
            });
        }
        Ok(slice.cut(items, |organization: &OrganizationLine| organization.id.uuid()))
    }

    /// All devices, a part at a time.
    ///
    /// # Errors
    /// Of the database.
    pub async fn all_devices(&self, slice: Slice) -> Result<Listing<DeviceLine>, Error> {
        let rows = self.db.query(
            "SELECT d.id, d.name, o.slug, d.token_prefix, d.status, d.is_active, d.last_seen, d.created_at
             FROM devices d JOIN organizations o ON o.id = d.organization_id WHERE d.id > $1 ORDER BY d.id LIMIT $2",
            vec![slice.after().into(), slice.fetch().into()],
        );
        let mut items = Vec::new();
        for mut row in rows.await? {
            items.push(DeviceLine {
                id: row.take()?,
                name: row.take()?,
                organization: row.take()?,
                token_prefix: row.take()?,
                status: row.name()?,
                is_active: row.take()?,
                last_seen: row.take()?,
                created_at: row.take()?,
            });
        }
        Ok(slice.cut(items, |device: &DeviceLine| device.id.uuid()))
    }

    /// Gives a device a new token; the old one ends at once, for a server that runs when it [notices](Catalog::notice_changes).
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn replace_device_token(&self, id: DeviceId) -> Result<Token, Error> {
        let token = Token::draw(TokenKind::Device)?;
        let mut tx = self.db.begin().await?;
        let row = tx.first(
            "UPDATE devices SET token_hash = $1, token_prefix = $2, previous_token_hash = NULL, previous_token_until = NULL,
                updated_at = $3
             WHERE id = $4 AND EXISTS (SELECT 1 FROM organizations o WHERE o.id = organization_id) RETURNING organization_id",
            vec![(&token.hash()).into(), token.prefix().into(), now().into(), id.into()],
        );
        let organization: OrganizationId = row.await?.ok_or(Error::not_found("device"))?.take()?;
        let details = json!({"overlap_s": 0, "token_prefix": token.prefix()});
        let action = DeviceAction::TokenRotated;
        device_history::note(&mut tx, None, (id, organization), action, details.clone()).await?;
        audit::note(&mut tx, None, organization, AuditAction::DeviceTokenRotated, id, details).await?;
        self.commit_access(tx, id).await?;
        Ok(token)
    }
}
