//! Membership in organizations.
//!
//! Members see each other; admins let people in and out. The owner is a member like the others that nobody removes or demotes.

use std::sync::Arc;

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::organization::{
    MemberInput, MemberPatch, MemberRole, OrganizationMember, Role,
};
use edgesync_schemas::id::{FlowId, OrganizationId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde_json::json;

use super::access::{self, require};
use super::changes::Change;
use super::db::Tx;
use super::error::Error;
use super::slice::{Keys, sorted};
use super::value::{Row, Value};
use super::{Catalog, Listing, Slice, SortKey, audit, now};

impl Catalog {
    /// The members of an organization whose name or address has `q` in it; in their own order, that of their accounts' making.
    ///
    /// # Errors
    /// [`Error::NotFound`] to outsiders.
    pub async fn members(
        &self,
        user: UserId,
        organization: OrganizationId,
        q: Option<&str>,
        slice: Slice,
    ) -> Result<Listing<OrganizationMember>, Error> {
        let sql = sorted!(
            slice.order,
            "SELECT m.organization_id, m.user_id, u.email, u.name, m.role, m.invited_by, m.joined_at
             FROM organization_members a JOIN organization_members m ON m.organization_id = a.organization_id
             JOIN users u ON u.id = m.user_id
             WHERE a.user_id = $1 AND a.organization_id = $2
                AND (lower(u.name) LIKE $3 ESCAPE '\\' OR u.email LIKE $3 ESCAPE '\\')",
            ["$4", "$5", "$6"],
            Id: "m.user_id",
            Name: "u.name",
            JoinedAt: "m.joined_at"
        );
        let mut values = vec![user.into(), organization.into(), super::pattern(q).into()];
        values.extend(slice.end());
        let rows = self.db.query(sql, values);
        let items = rows.await?.into_iter().map(|mut row| read(&mut row)).collect::<Result<Vec<_>, _>>()?;
        if items.is_empty() {
            self.role(user, organization).await?.ok_or(Error::not_found("organization"))?;
        }
        Ok(slice.cut_by(items, |member: &OrganizationMember| Keys {
            id: member.user_id.uuid(),
            name: &member.name,
            created_at: member.joined_at,
            updated_at: member.joined_at,
            last_seen: None,
        }))
    }

    /// Makes the holder of an account a member.
    ///
    /// # Errors
    /// [`Error::NotFound`] to outsiders, [`Error::Forbidden`] to members who are no admins, [`Error::Missing`] if there is no such
    /// account, [`Error::Conflict`] if it is a member, [`Error::LimitReached`].
    pub async fn add_member(
        &self,
        user: UserId,
        organization: OrganizationId,
        input: MemberInput,
    ) -> Result<OrganizationMember, Error> {
        let mut tx = self.db.begin().await?;
        require(access::role(&mut tx, user, organization).await?, Role::Admin)?;
        let account = tx.first("SELECT id FROM users WHERE email = $1", vec![input.email.into()]).await?;
        let account: UserId = account.ok_or(Error::Missing { field: "email" })?.take()?;
        if tx.first(MEMBER, vec![organization.into(), account.into()]).await?.is_some() {
            return Err(Error::Conflict { field: "email".to_owned() });
        }
        let count = tx.first(
            "SELECT count(*) FROM organization_members WHERE organization_id = $1",
            vec![organization.into()],
        );
        if count.await?.map_or(Ok(0), |mut row| row.take::<u32>())? >= limit::MEMBERS_PER_ORGANIZATION {
            let (code, limit) = ("member_limit_reached", limit::MEMBERS_PER_ORGANIZATION);
            return Err(Error::LimitReached { code, limit });
        }
        insert(&mut tx, organization, account, input.role, Some(user), now()).await?;
        let member = member(&mut tx, organization, account).await?;
        let details = json!({"email": member.email, "role": member.role});
        audit::note(&mut tx, user, organization, AuditAction::MemberAdded, account, details).await?;
        tx.commit().await?;
        Ok(member)
    }

    /// Makes a member an admin, or no admin any more.
    ///
    /// # Errors
    /// [`Error::NotFound`] to outsiders and for one who is no member, [`Error::Forbidden`], [`Error::Owner`].
    pub async fn update_member(
        &self,
        user: UserId,
        organization: OrganizationId,
        of: UserId,
        patch: MemberPatch,
    ) -> Result<OrganizationMember, Error> {
        let mut tx = self.db.begin().await?;
        require(access::role(&mut tx, user, organization).await?, Role::Admin)?;
        let found = member(&mut tx, organization, of).await?;
        if patch.role != MemberRole::Admin {
            refuse_owner(&mut tx, organization, of).await?;
        }
        tx.execute(
            "UPDATE all_memberships SET role = $1 WHERE organization_id = $2 AND user_id = $3",
            vec![Value::name(&patch.role), organization.into(), of.into()],
        )
        .await?;
        let details = json!({"email": found.email, "role": patch.role, "role_before": found.role});
        audit::note(&mut tx, user, organization, AuditAction::MemberUpdated, of, details).await?;
        self.commit_telling(tx, [Change::User(of)]).await?;
        Ok(OrganizationMember { role: patch.role, ..found })
    }

    /// Ends a membership: an admin that of others, and everybody their own. What they made stays; their flows in the
    /// organization's projects go to its owner.
    ///
    /// Answers their own flows that are deployed: those that read the organization's devices must be stopped next.
    ///
    /// # Errors
    /// [`Error::NotFound`] to outsiders and for one who is no member, [`Error::Forbidden`], [`Error::Owner`].
    pub async fn remove_member(
        &self,
        user: UserId,
        organization: OrganizationId,
        of: UserId,
    ) -> Result<Vec<FlowId>, Error> {
        let mut tx = self.db.begin().await?;
        let role = access::role(&mut tx, user, organization).await?;
        require(role, if user == of { Role::User } else { Role::Admin })?;
        let left = member(&mut tx, organization, of).await?;
        refuse_owner(&mut tx, organization, of).await?;
        tx.execute(
            "DELETE FROM all_memberships WHERE organization_id = $1 AND user_id = $2",
            vec![organization.into(), of.into()],
        )
        .await?;
        let flows = audit::beside(
            &mut tx,
            "SELECT count(*) OVER (), f.id FROM flows f
             WHERE f.owner_id = $1 AND f.project_id IN (SELECT p.id FROM projects p WHERE p.organization_id = $2)
             ORDER BY f.id LIMIT $3",
            vec![of.into(), organization.into()],
        );
        let flows = flows.await?;
        tx.execute(
            "UPDATE flows SET owner_id = (SELECT o.owner_id FROM organizations o WHERE o.id = $1)
             WHERE owner_id = $2 AND project_id IN (SELECT p.id FROM projects p WHERE p.organization_id = $1)",
            vec![organization.into(), of.into()],
        )
        .await?;
        let deployed = tx.query(
            "SELECT f.id FROM flows f WHERE f.owner_id = $1 AND f.deployed_version IS NOT NULL ORDER BY f.id",
            vec![of.into()],
        );
        let deployed = deployed.await?.into_iter().map(|mut row| row.take()).collect::<Result<_, _>>()?;
        let details = json!({"email": left.email, "role": left.role, "flows_to_owner": flows});
        audit::note(&mut tx, user, organization, AuditAction::MemberRemoved, of, details).await?;
        let change = access::change(&mut tx).await?;
        let access = Arc::clone(&self.access);
        self.commit_then(tx, [Change::User(of)], move |done| access.changed_if(done, change)).await?;
        Ok(deployed)
    }

    /// The member.
    ///
    /// # Errors
    /// [`Error::NotFound`] to outsiders and for one who is no member.
    pub async fn member(
        &self,
        user: UserId,
        organization: OrganizationId,
        of: UserId,
    ) -> Result<OrganizationMember, Error> {
        let row = self.db.first(
            "SELECT m.organization_id, m.user_id, u.email, u.name, m.role, m.invited_by, m.joined_at
             FROM organization_members a JOIN organization_members m ON m.organization_id = a.organization_id
             JOIN users u ON u.id = m.user_id
             WHERE a.user_id = $1 AND a.organization_id = $2 AND m.user_id = $3",
            vec![user.into(), organization.into(), of.into()],
        );
        if let Some(mut row) = row.await? {
            return read(&mut row);
        }
        let is_seen = self.may_read(user, organization).await?;
        Err(Error::not_found(if is_seen { "member" } else { "organization" }))
    }
}

/// Makes `user` a member.
pub(super) async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
    role: MemberRole,
    invited_by: Option<UserId>,
    at: Timestamp,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO all_memberships (user_id, organization_id, role, invited_by, joined_at)
         VALUES ($1, $2, $3, $4, $5)",
        vec![user.into(), organization.into(), Value::name(&role), invited_by.into(), at.into()],
    )
    .await
    .map(drop)
}

const MEMBER: &str = "SELECT m.organization_id, m.user_id, u.email, u.name, m.role, m.invited_by, m.joined_at
    FROM organization_members m JOIN users u ON u.id = m.user_id
    WHERE m.organization_id = $1 AND m.user_id = $2";

pub(super) async fn member(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
) -> Result<OrganizationMember, Error> {
    let row = tx.first(MEMBER, vec![organization.into(), user.into()]).await?;
    read(&mut row.ok_or(Error::not_found("member"))?)
}

async fn refuse_owner(tx: &mut Tx, organization: OrganizationId, user: UserId) -> Result<(), Error> {
    match access::role(tx, user, organization).await? {
        Role::Owner => Err(Error::Owner),
        Role::Admin | Role::User => Ok(()),
    }
}

/// organization_id, user_id, email, name, role, invited_by, joined_at
fn read(row: &mut Row) -> Result<OrganizationMember, Error> {
    Ok(OrganizationMember {
        organization_id: row.take()?,
        user_id: row.take()?,
        email: row.take()?,
        name: row.take()?,
        role: row.name()?,
        invited_by: row.take()?,
        joined_at: row.take()?,
    })
}
