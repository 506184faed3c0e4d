//! Links that show one dashboard to whoever has them. Who may change a dashboard makes and ends its links.
//!
//! A link is worth what its creator may read of the dashboard's organization, asked each time; it ends with its time, with their membership
//! and with the dashboard.

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::share_link::{ShareLink, ShareLinkInput};
use edgesync_schemas::id::{DashboardId, OrganizationId, ShareLinkId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde_json::json;

use super::changes::Change;
use super::error::Error;
use super::token::{Token, TokenKind};
use super::value::Row;
use super::{Catalog, audit, dashboard, new_id, now};

/// How stale `last_used_at` may be: a write per request would cost a flush to disk each.
const TOUCH_US: i64 = 3_600_000_000;

/// A link that opens its dashboard at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLink {
    /// It.
    pub link: ShareLink,
    /// The organization of its dashboard, and the only one that it shows anything of.
    pub organization: OrganizationId,
}

impl Catalog {
    /// Makes a link to a dashboard that `user` may change. Those of the dashboard that have ended are removed.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::LimitReached`].
    pub async fn create_share_link(
        &self,
        user: UserId,
        dashboard: DashboardId,
        input: ShareLinkInput,
    ) -> Result<(ShareLink, Token), Error> {
        let (at, token) = (now(), Token::draw(TokenKind::ShareLink)?);
        let mut tx = self.db.begin().await?;
        let shown = dashboard::for_change(&mut tx, user, dashboard).await?;
        tx.execute(
            "DELETE FROM share_links WHERE template_id = $1 AND expires_at <= $2",
            vec![dashboard.into(), at.into()],
        )
        .await?;
        let made =
            tx.first("SELECT count(*) FROM share_links WHERE template_id = $1", vec![dashboard.into()]);
        let made = made.await?;
        if made.map_or(Ok(0), |mut row| row.take::<u32>())? >= limit::SHARE_LINKS_PER_DASHBOARD {
            let (code, limit) = ("share_link_limit_reached", limit::SHARE_LINKS_PER_DASHBOARD);
            return Err(Error::LimitReached { code, limit });
        }
        let link = ShareLink {
            id: new_id(),
            dashboard_id: dashboard,
            creator_id: user,
            name: input.name,
            token_prefix: token.prefix().to_owned(),
            expires_at: input.expires_at,
            last_used_at: None,
            created_at: at,
        };
        tx.execute(
            "INSERT INTO share_links (id, template_id, creator_id, organization_id, name, token_hash, token_prefix, expires_at,
                created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            vec![
                link.id.into(),
                dashboard.into(),
                user.into(),
                shown.organization_id.into(),
                link.name.as_str().into(),
                (&token.hash()).into(),
                link.token_prefix.as_str().into(),
                link.expires_at.into(),
                at.into(),
            ],
        )
        .await?;
        let (organization, details) = (shown.organization_id, details(&link));
        audit::note(&mut tx, user, organization, AuditAction::ShareLinkCreated, link.id, details).await?;
        tx.commit().await?;
        Ok((link, token))
    }

    /// The links to a dashboard that `user` may change, in the order of their making, with those that have ended and were not removed yet.
    /// There are at most [`limit::SHARE_LINKS_PER_DASHBOARD`].
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn share_links(&self, user: UserId, dashboard: DashboardId) -> Result<Vec<ShareLink>, Error> {
        // One row without a link for a dashboard that has none, so that it differs from one that is not there.
        let rows = self.db.query(
            "SELECT CASE WHEN t.creator_id = $1 OR m.role = 'admin' OR s.permission = 'admin' THEN 1 ELSE 0 END,
                l.id, l.template_id, l.creator_id, l.name, l.token_prefix, l.expires_at, l.last_used_at, l.created_at
             FROM dashboard_templates t JOIN organization_members m ON m.organization_id = t.organization_id
             LEFT JOIN template_permissions s ON s.template_id = t.id AND s.user_id = m.user_id
             LEFT JOIN share_links l ON l.template_id = t.id
             WHERE m.user_id = $1 AND t.id = $2 ORDER BY l.id",
            vec![user.into(), dashboard.into()],
        );
        let rows = rows.await?;
        if rows.is_empty() {
            return Err(Error::not_found("dashboard"));
        }
        let mut links = Vec::with_capacity(rows.len());
        for mut row in rows {
            if !row.take::<bool>()? {
                return Err(Error::Forbidden);
            }
            if let Some(id) = row.take::<Option<ShareLinkId>>()? {
                links.push(read(id, &mut row)?);
            }
        }
        Ok(links)
    }

    /// Ends a link to a dashboard that `user` may change, whoever made it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn delete_share_link(
        &self,
        user: UserId,
        dashboard: DashboardId,
        id: ShareLinkId,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let shown = dashboard::for_change(&mut tx, user, dashboard).await?;
        let row = tx.first(
            "DELETE FROM share_links WHERE template_id = $1 AND id = $2
             RETURNING id, template_id, creator_id, name, token_prefix, expires_at, last_used_at, created_at",
            vec![dashboard.into(), id.into()],
        );
        let mut row = row.await?.ok_or(Error::not_found("share link"))?;
        let ended = read(row.take()?, &mut row)?;
        let (organization, details) = (shown.organization_id, details(&ended));
        audit::note(&mut tx, user, organization, AuditAction::ShareLinkDeleted, id, details).await?;
        self.commit_telling(tx, [Change::User(ended.creator_id)]).await
    }

    /// The link whose token has this SHA-256; nothing if it has ended, or its creator may not log in or is no member any more of the
    /// dashboard's organization.
    ///
    /// # Errors
    /// Of the database.
    pub async fn share_link(&self, token_hash: &[u8; 32]) -> Result<Option<OpenLink>, Error> {
        let at = now();
        let found = self.db.first(
            "SELECT l.id, l.template_id, l.creator_id, l.name, l.token_prefix, l.expires_at, l.last_used_at, l.created_at,
                l.organization_id
             FROM share_links l JOIN users u ON u.id = l.creator_id
             JOIN organization_members m ON m.user_id = l.creator_id AND m.organization_id = l.organization_id
             WHERE l.token_hash = $1 AND l.expires_at > $2 AND u.is_active = $3",
            vec![token_hash.into(), at.into(), true.into()],
        );
        let Some(mut row) = found.await? else { return Ok(None) };
        let mut open = OpenLink { link: read(row.take()?, &mut row)?, organization: row.take()? };
        if open.link.last_used_at.is_none_or(|used| used.plus_us(TOUCH_US) < at) {
            self.touch_share_link(open.link.id, at).await?;
            open.link.last_used_at = Some(at);
        }
        Ok(Some(open))
    }

    async fn touch_share_link(&self, id: ShareLinkId, at: Timestamp) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        tx.execute("UPDATE share_links SET last_used_at = $1 WHERE id = $2", vec![at.into(), id.into()])
            .await?;
        tx.commit().await
    }
}

fn details(link: &ShareLink) -> serde_json::Value {
    json!({
        "name": link.name, "prefix": link.token_prefix, "dashboard_id": link.dashboard_id, "expires_at": link.expires_at,
    })
}

/// template_id, creator_id, name, token_prefix, expires_at, last_used_at, created_at
fn read(id: ShareLinkId, row: &mut Row) -> Result<ShareLink, Error> {
    Ok(ShareLink {
        id,
        dashboard_id: row.take()?,
        creator_id: row.take()?,
        name: row.take()?,
        token_prefix: row.take()?,
        expires_at: row.take()?,
        last_used_at: row.take()?,
        created_at: row.take()?,
    })
}
