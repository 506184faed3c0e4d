//! Dashboards shared with members beyond their role. A permission ends with its dashboard and with the membership, by the keys of
//! its table.

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::dashboard::{Permission, TemplatePermission};
use edgesync_schemas::id::{DashboardId, OrganizationId, UserId};
use serde_json::json;

use super::changes::Change;
use super::db::Tx;
use super::error::Error;
use super::value::{Row, Value};
use super::{Catalog, Listing, Slice, audit, dashboard, now};

impl Catalog {
    /// With whom a dashboard that `user` may read is shared, in the order of their accounts' making.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn permissions(
        &self,
        user: UserId,
        dashboard: DashboardId,
        slice: Slice,
    ) -> Result<Listing<TemplatePermission>, Error> {
        // One row without a permission for a dashboard that is not shared, so that it differs from one that is not there.
        let rows = self.db.query(
            "SELECT t.id, s.user_id, s.permission, s.created_at, s.updated_at
             FROM dashboard_templates t JOIN organization_members m ON m.organization_id = t.organization_id
             LEFT JOIN template_permissions s ON s.template_id = t.id AND s.user_id > $1
             WHERE m.user_id = $2 AND t.id = $3 ORDER BY s.user_id LIMIT $4",
            vec![slice.after().into(), user.into(), dashboard.into(), slice.fetch().into()],
        );
        let rows = rows.await?;
        if rows.is_empty() {
            return Err(Error::not_found("dashboard"));
        }
        let mut items = Vec::with_capacity(rows.len());
        for mut row in rows {
            let template_id = row.take()?;
            if let Some(of) = row.take::<Option<UserId>>()? {
                items.push(read(template_id, of, &mut row)?);
            }
        }
        Ok(slice.cut(items, |permission: &TemplatePermission| permission.user_id.uuid()))
    }

    /// What one member has been given on a dashboard that `user` may read.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn permission(
        &self,
        user: UserId,
        dashboard: DashboardId,
        of: UserId,
    ) -> Result<TemplatePermission, Error> {
        let row = self.db.first(
            "SELECT s.permission, s.created_at, s.updated_at
             FROM template_permissions s JOIN dashboard_templates t ON t.id = s.template_id
             JOIN organization_members m ON m.organization_id = t.organization_id
             WHERE m.user_id = $1 AND t.id = $2 AND s.user_id = $3",
            vec![user.into(), dashboard.into(), of.into()],
        );
        read(dashboard, of, &mut row.await?.ok_or(Error::not_found("permission"))?)
    }

    /// Shares a dashboard with a member, or shares it otherwise. Its creator and the organization's admins may; whom it was shared
    /// with may not. Answers whether it is new as well.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dashboard and for one who is no member of its organization; [`Error::Forbidden`].
    pub async fn set_permission(
        &self,
        user: UserId,
        dashboard: DashboardId,
        of: UserId,
        permission: Permission,
    ) -> Result<(TemplatePermission, bool), Error> {
        let at = now();
        let mut tx = self.db.begin().await?;
        let shared = dashboard::for_sharing(&mut tx, user, dashboard).await?;
        check_member(&mut tx, shared.organization_id, of).await?;
        let row = tx.first(
            "INSERT INTO template_permissions (template_id, user_id, organization_id, permission, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $5)
             ON CONFLICT (template_id, user_id) DO UPDATE SET permission = excluded.permission, updated_at = excluded.updated_at
             RETURNING permission, created_at, updated_at",
            vec![
                dashboard.into(),
                of.into(),
                shared.organization_id.into(),
                Value::name(&permission),
                at.into(),
            ],
        );
        let made = read(dashboard, of, &mut row.await?.ok_or(Error::Corrupt { what: "row" })?)?;
        let (organization, details) =
            (shared.organization_id, json!({"user_id": of, "permission": permission}));
        audit::note(&mut tx, user, organization, AuditAction::DashboardShared, dashboard, details).await?;
        self.commit_telling(tx, [Change::User(of)]).await?;
        let is_new = made.created_at == at;
        Ok((made, is_new))
    }

    /// Ends the sharing of a dashboard with a member: those who may share it, and the member.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn remove_permission(
        &self,
        user: UserId,
        dashboard: DashboardId,
        of: UserId,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let shared = dashboard::for_ending(&mut tx, user, dashboard, of).await?;
        let gone = tx.execute(
            "DELETE FROM template_permissions WHERE template_id = $1 AND user_id = $2",
            vec![dashboard.into(), of.into()],
        );
        if gone.await? == 0 {
            return Err(Error::not_found("permission"));
        }
        let (organization, details) = (shared.organization_id, json!({"user_id": of}));
        audit::note(&mut tx, user, organization, AuditAction::DashboardUnshared, dashboard, details).await?;
        self.commit_telling(tx, [Change::User(of)]).await
    }
}

async fn check_member(tx: &mut Tx, organization: OrganizationId, user: UserId) -> Result<(), Error> {
    let row = tx.first(
        "SELECT m.user_id FROM organization_members m WHERE m.user_id = $1 AND m.organization_id = $2",
        vec![user.into(), organization.into()],
    );
    row.await?.map(drop).ok_or(Error::not_found("member"))
}

/// permission, created_at, updated_at
fn read(template_id: DashboardId, user_id: UserId, row: &mut Row) -> Result<TemplatePermission, Error> {
    Ok(TemplatePermission {
        template_id,
        user_id,
        permission: row.name()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}
