//! Organizations.

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::organization::{MemberRole, Organization, OrganizationInput, slug_of};
use edgesync_schemas::id::{OrganizationId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde_json::json;

use super::db::Tx;
use super::error::Error;
use super::value::Row;
use super::{Catalog, Listing, Slice, audit, member, new_id, now};

impl Catalog {
    /// Makes an organization that belongs to `owner`.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the slug is taken; [`Error::LimitReached`].
    pub async fn create_organization(
        &self,
        owner: UserId,
        input: OrganizationInput,
    ) -> Result<Organization, Error> {
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
        let row = self.db.first(
            "SELECT o.id, o.name, o.slug, o.description, o.owner_id, o.is_active, o.created_at, o.updated_at
             FROM organizations o JOIN organization_members m ON m.organization_id = o.id
             WHERE m.user_id = $1 AND o.id = $2",
            vec![user.into(), id.into()],
        );
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
        let rows = self.db.query(
            "SELECT o.id, o.name, o.slug, o.description, o.owner_id, o.is_active, o.created_at, o.updated_at
             FROM organizations o JOIN organization_members m ON m.organization_id = o.id
             WHERE m.user_id = $1 AND o.id > $2 AND lower(o.name) LIKE lower($3) ESCAPE '\\'
             ORDER BY o.id LIMIT $4",
            vec![user.into(), slice.after().into(), super::pattern(q).into(), slice.fetch().into()],
        );
        let items = rows.await?.into_iter().map(|mut row| read(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut(items, |organization: &Organization| organization.id.uuid()))
    }
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
        "INSERT INTO organizations (id, name, slug, description, owner_id, is_active, created_at, updated_at)
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
