//! Organizations.
//!
//! An admin changes one; only the owner hands it over or removes it. Taking one out of use closes its devices out and nothing
//! else: its members read on, and its admins can put it into use again.

use std::sync::Arc;

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::organization::{
    MemberRole, Organization, OrganizationInput, OrganizationPatch, Role, slug_of,
};
use edgesync_schemas::id::{OrganizationId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde_json::json;

use super::access::{self, require};
use super::changes::Change;
use super::db::Tx;
use super::error::Error;
use super::slice::{Keys, sorted};
use super::value::{Row, Value};
use super::{Catalog, Listing, Slice, SortKey, audit, deletion, member, new_id, now, within};

impl Catalog {
    /// Makes an organization that belongs to `owner`.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the slug is taken; [`Error::LimitReached`]; [`Error::OneOrganization`].
    pub async fn create_organization(
        &self,
        owner: UserId,
        input: OrganizationInput,
    ) -> Result<Organization, Error> {
        within::require_everywhere()?;
        let at = now();
        let mut tx = self.db.begin().await?;
        let organization = insert(&mut tx, owner, input, at).await?;
        member::insert(&mut tx, organization.id, owner, MemberRole::Admin, None, at).await?;
        let (id, details) = (organization.id, json!({"name": organization.name}));
        audit::note(&mut tx, owner, id, AuditAction::OrganizationCreated, id, details).await?;
        tx.commit().await?;
        Ok(organization)
    }

    /// The organization, if `user` is a member.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn organization(&self, user: UserId, id: OrganizationId) -> Result<Organization, Error> {
        let row = self.db.first(READABLE, vec![user.into(), id.into()]);
        read(&mut row.await?.ok_or(Error::not_found("organization"))?)
    }

    /// The organizations that `user` is a member of, whose name has `q` in it.
    ///
    /// # Errors
    /// Of the database.
    pub async fn organizations(
        &self,
        user: UserId,
        q: Option<&str>,
        slice: Slice,
    ) -> Result<Listing<Organization>, Error> {
        let sql = sorted!(
            slice.order,
            "SELECT o.id, o.name, o.slug, o.description, o.owner_id, o.is_active, o.created_at, o.updated_at
             FROM organizations o JOIN organization_members m ON m.organization_id = o.id
             WHERE m.user_id = $1 AND lower(o.name) LIKE $2 ESCAPE '\\'",
            ["$3", "$4", "$5"],
            Id: "o.id",
            Name: "o.name",
            CreatedAt: "o.created_at",
            UpdatedAt: "o.updated_at"
        );
        let mut values = vec![user.into(), super::pattern(q).into()];
        values.extend(slice.end());
        let rows = self.db.query(sql, values);
        let items = rows.await?.into_iter().map(|mut row| read(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut_by(items, |organization: &Organization| Keys {
            id: organization.id.uuid(),
            name: &organization.name,
            created_at: organization.created_at,
            updated_at: organization.updated_at,
            last_seen: None,
        }))
    }

    /// Changes an organization. A change of nothing is none. Whoever takes one out of use closes its devices' sockets next: their tokens are refused from
    /// here on.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Conflict`] if the slug is taken.
    pub async fn update_organization(
        &self,
        user: UserId,
        id: OrganizationId,
        patch: OrganizationPatch,
    ) -> Result<Organization, Error> {
        let mut tx = self.db.begin().await?;
        let mut organization = for_change(&mut tx, user, id, Role::Admin).await?;
        let before = organization.clone();
        organization.name = patch.name.unwrap_or(organization.name);
        organization.slug = patch.slug.unwrap_or(organization.slug);
        organization.description = patch.description.unwrap_or(organization.description);
        organization.is_active = patch.is_active.unwrap_or(organization.is_active);
        let changed = audit::changed(&[
            ("name", before.name != organization.name),
            ("slug", before.slug != organization.slug),
            ("description", before.description != organization.description),
            ("is_active", before.is_active != organization.is_active),
        ]);
        if changed.is_empty() {
            return Ok(organization);
        }
        organization.updated_at = now();
        tx.execute(
            "UPDATE all_organizations SET name = $1, slug = $2, description = $3, is_active = $4, updated_at = $5 WHERE id = $6",
            vec![
                organization.name.as_str().into(),
                organization.slug.as_str().into(),
                organization.description.as_str().into(),
                organization.is_active.into(),
                organization.updated_at.into(),
                id.into(),
            ],
        )
        .await?;
        let details = json!({
            "name": organization.name, "slug": organization.slug, "is_active": organization.is_active, "changed": changed,
        });
        audit::note(&mut tx, user, id, AuditAction::OrganizationUpdated, id, details).await?;
        self.commit_organization(tx, id, None).await?;
        Ok(organization)
    }

    /// Makes a member the owner, and an admin; who was the owner stays an admin.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`] and [`Error::NotOwner`]; [`Error::Missing`] if the new owner is no member,
    /// [`Error::Invalid`] if they may not log in, [`Error::LimitReached`] if they own too many.
    pub async fn hand_over(
        &self,
        user: UserId,
        id: OrganizationId,
        to: UserId,
    ) -> Result<Organization, Error> {
        let mut tx = self.db.begin().await?;
        let organization = for_change(&mut tx, user, id, Role::Owner).await?;
        if to == organization.owner_id {
            return Ok(organization);
        }
        let row = tx.first(
            "SELECT u.is_active, (SELECT count(*) FROM organizations o WHERE o.owner_id = u.id)
             FROM organization_members m JOIN users u ON u.id = m.user_id WHERE m.organization_id = $1 AND m.user_id = $2",
            vec![id.into(), to.into()],
        );
        let mut row = row.await?.ok_or(Error::Missing { field: "user_id" })?;
        let (may_log_in, owned): (bool, u32) = (row.take()?, row.take()?);
        if !may_log_in {
            return Err(Error::Invalid { field: "user_id", message: "is of an account that may not log in" });
        }
        if owned >= limit::ORGANIZATIONS_PER_USER {
            let code = "organization_limit_reached";
            return Err(Error::LimitReached { code, limit: limit::ORGANIZATIONS_PER_USER });
        }
        let at = now();
        tx.execute(
            "UPDATE all_organizations SET owner_id = $1, updated_at = $2 WHERE id = $3",
            vec![to.into(), at.into(), id.into()],
        )
        .await?;
        tx.execute(
            "UPDATE all_memberships SET role = $1 WHERE organization_id = $2 AND user_id IN ($3, $4)",
            vec![Value::name(&MemberRole::Admin), id.into(), to.into(), user.into()],
        )
        .await?;
        let member = member::member(&mut tx, id, to).await?;
        let details = json!({"from": user, "to": to, "email": member.email});
        audit::note(&mut tx, user, id, AuditAction::OrganizationHandedOver, id, details).await?;
        self.commit_telling(tx, [Change::User(user), Change::User(to)]).await?;
        Ok(Organization { owner_id: to, updated_at: at, ..organization })
    }

    /// Deletes an organization with its projects, devices, dashboards and audit log: from here on nobody sees any of it, and no token for
    /// it opens anything. Its rows go later ([`Catalog::remove_deleted`]). Its flows stay with their owners; its readings stay until their time
    /// is over.
    ///
    /// Its devices' sockets must be closed next, and its flows be stopped: [`Catalog::stopping`].
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::NotOwner`].
    pub async fn delete_organization(&self, user: UserId, id: OrganizationId) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let organization = for_change(&mut tx, user, id, Role::Owner).await?;
        deletion::mark(&mut tx, id).await?;
        let details = json!({"name": organization.name, "slug": organization.slug});
        audit::note(&mut tx, user, user, AuditAction::OrganizationDeleted, id, details).await?;
        self.commit_organization(tx, id, Some(Change::Organization(id))).await
    }

    /// Commits a change to what an organization's devices may do, and forgets what was remembered of their tokens.
    async fn commit_organization(
        &self,
        mut tx: Tx,
        id: OrganizationId,
        told: Option<Change>,
    ) -> Result<(), Error> {
        let change = access::change(&mut tx).await?;
        let (access, news) = (Arc::clone(&self.access), Arc::clone(&self.widget_news));
        let is_gone = told.is_some();
        let forget = move |done: &Result<(), Error>| {
            access.forget_organization(id);
            access.changed_if(done, change);
            if is_gone {
                news.any();
            }
        };
        self.commit_then(tx, told, forget).await
    }
}

const READABLE: &str =
    "SELECT o.id, o.name, o.slug, o.description, o.owner_id, o.is_active, o.created_at, o.updated_at
    FROM organizations o JOIN organization_members m ON m.organization_id = o.id
    WHERE m.user_id = $1 AND o.id = $2";

/// The organization, if `user` is at least this to it.
async fn for_change(
    tx: &mut Tx,
    user: UserId,
    id: OrganizationId,
    least: Role,
) -> Result<Organization, Error> {
    let role = access::role(tx, user, id).await?;
    require(role, Role::Admin)?;
    if least == Role::Owner && role != Role::Owner {
        return Err(Error::NotOwner);
    }
    let row = tx.first(READABLE, vec![user.into(), id.into()]).await?;
    read(&mut row.ok_or(Error::not_found("organization"))?)
}

/// Makes an organization, without its owner's membership.
pub(super) async fn insert(
    tx: &mut Tx,
    owner: UserId,
    input: OrganizationInput,
    at: Timestamp,
) -> Result<Organization, Error> {
    let owned =
        tx.first("SELECT count(*) FROM organizations WHERE owner_id = $1", vec![owner.into()]).await?;
    if owned.map_or(Ok(0), |mut row| row.take::<u32>())? >= limit::ORGANIZATIONS_PER_USER {
        let code = "organization_limit_reached";
        return Err(Error::LimitReached { code, limit: limit::ORGANIZATIONS_PER_USER });
    }
    let id: OrganizationId = new_id();
    let slug = match input.slug {
        Some(slug) => slug,
        None => free_slug(tx, &input.name, id).await?,
    };
    let organization = Organization {
        id,
        name: input.name,
        slug,
        description: input.description,
        owner_id: owner,
        is_active: true,
        created_at: at,
        updated_at: at,
    };
    tx.execute(
        "INSERT INTO all_organizations (id, name, slug, description, owner_id, is_active, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        vec![
            organization.id.into(),
            organization.name.as_str().into(),
            organization.slug.as_str().into(),
            organization.description.as_str().into(),
            owner.into(),
            true.into(),
            at.into(),
        ],
    )
    .await?;
    Ok(organization)
}

/// A slug made of the name, with the random end of the id behind it if the name alone is taken or empty.
async fn free_slug(tx: &mut Tx, name: &str, id: OrganizationId) -> Result<String, Error> {
    let slug = slug_of(name);
    let taken = tx.first("SELECT id FROM organizations WHERE slug = $1", vec![slug.as_str().into()]).await?;
    if !slug.is_empty() && taken.is_none() {
        return Ok(slug);
    }
    let random = id.uuid().simple().to_string();
    let end = &random[random.len() - 12..];
    Ok(if slug.is_empty() { end.to_owned() } else { format!("{slug}-{end}") })
}

/// id, name, slug, description, owner_id, is_active, created_at, updated_at
fn read(row: &mut Row) -> Result<Organization, Error> {
    Ok(Organization {
        id: row.take()?,
        name: row.take()?,
        slug: row.take()?,
        description: row.take()?,
        owner_id: row.take()?,
        is_active: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}
