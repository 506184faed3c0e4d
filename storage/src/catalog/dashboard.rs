//! Dashboard templates. Members of the organization read them; their creators, the organization's admins and those whom they are
//! shared with change them. Whom they are shared with is in `permission.rs`.

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::dashboard::{
    DashboardInput, DashboardPatch, DashboardSummary, DashboardTemplate,
};
use edgesync_schemas::id::{DashboardId, OrganizationId, ProjectId, UserId};
use edgesync_schemas::limit;
use serde_json::json;

use super::changes::Change;
use super::dashboard_row::{read, summary};
use super::db::Tx;
use super::error::Error;
use super::flow::check_version;
use super::slice::{Keys, sorted};
use super::value::Value;
use super::widget_news::Which;
use super::{Catalog, Listing, Slice, SortKey, access, audit, new_id, now, project, user};

impl Catalog {
    /// Makes a dashboard template.
    ///
    /// # Errors
    /// [`Error::NotFound`] to outsiders of the organization; [`Error::Missing`] and [`Error::Invalid`] for the project;
    /// [`Error::LimitReached`].
    pub async fn create_dashboard(
        &self,
        user: UserId,
        input: DashboardInput,
    ) -> Result<DashboardTemplate, Error> {
        let at = now();
        let mut tx = self.db.begin().await?;
        access::role(&mut tx, user, input.organization_id).await?;
        let made = tx.first(
            "SELECT count(*) FROM dashboard_templates WHERE organization_id = $1",
            vec![input.organization_id.into()],
        );
        if made.await?.map_or(Ok(0), |mut row| row.take::<u32>())? >= limit::DASHBOARDS_PER_ORGANIZATION {
            let (code, limit) = ("dashboard_limit_reached", limit::DASHBOARDS_PER_ORGANIZATION);
            return Err(Error::LimitReached { code, limit });
        }
        let mut dashboard = DashboardTemplate {
            id: new_id(),
            organization_id: input.organization_id,
            project_id: None,
            creator_id: user,
            name: String::new(),
            description: String::new(),
            layout: serde_json::Map::new(),
            widgets: Vec::new(),
            datasources: Vec::new(),
            update_frequency: 5,
            flow_config: serde_json::Map::new(),
            is_active: true,
            version: 1,
            created_at: at,
            updated_at: at,
            updated_by: user::person_of(&mut tx, user).await?,
        };
        apply(&mut tx, user, &mut dashboard, input.fields).await?;
        let d = &dashboard;
        tx.execute(
            "INSERT INTO dashboard_templates (id, organization_id, project_id, creator_id, name, description, layout,
                widgets, datasources, update_frequency, flow_config, is_active, version, created_at, updated_at, updated_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $13, $4)",
            vec![
                d.id.into(),
                d.organization_id.into(),
                d.project_id.into(),
                user.into(),
                d.name.as_str().into(),
                d.description.as_str().into(),
                Value::json(&d.layout),
                Value::json(&d.widgets),
                Value::json(&d.datasources),
                d.update_frequency.into(),
                Value::json(&d.flow_config),
                d.is_active.into(),
                at.into(),
            ],
        )
        .await?;
        let (organization, details) = (dashboard.organization_id, json!({"name": dashboard.name}));
        audit::note(&mut tx, user, organization, AuditAction::DashboardCreated, dashboard.id, details)
            .await?;
        tx.commit().await?;
        Ok(dashboard)
    }

    /// The dashboard, if `user` is a member of its organization.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn dashboard(&self, user: UserId, id: DashboardId) -> Result<DashboardTemplate, Error> {
        let row = self.db.first(READABLE, vec![user.into(), id.into()]).await?;
        read(&mut row.ok_or(Error::not_found("dashboard"))?)
    }

    /// The dashboards that `user` may read, of one organization or all, of one project or all, whose name or description has `q` in
    /// it.
    ///
    /// # Errors
    /// Of the database.
    pub async fn dashboards(
        &self,
        user: UserId,
        organization: Option<OrganizationId>,
        project: Option<ProjectId>,
        q: Option<&str>,
        slice: Slice,
    ) -> Result<Listing<DashboardSummary>, Error> {
        let sql = sorted!(
            slice.order,
            "SELECT t.id, t.organization_id, p.id, t.creator_id, t.name, t.description, t.update_frequency,
                t.is_active, t.version, t.created_at, t.updated_at, u.id, u.email, u.name
             FROM dashboard_templates t JOIN organization_members m ON m.organization_id = t.organization_id
             LEFT JOIN projects p ON p.id = t.project_id LEFT JOIN users u ON u.id = t.updated_by
             WHERE m.user_id = $1 AND (t.organization_id = $2 OR $2 IS NULL) AND (p.id = $3 OR $3 IS NULL)
                AND (lower(t.name) LIKE $4 ESCAPE '\\' OR lower(t.description) LIKE $4 ESCAPE '\\')",
            ["$5", "$6", "$7"],
            Id: "t.id",
            Name: "t.name",
            CreatedAt: "t.created_at",
            UpdatedAt: "t.updated_at"
        );
        let mut values = vec![user.into(), organization.into(), project.into(), super::pattern(q).into()];
        values.extend(slice.end());
        let rows = self.db.query(sql, values);
        let items = rows.await?.into_iter().map(|mut row| summary(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut_by(items, |dashboard: &DashboardSummary| Keys {
            id: dashboard.id.uuid(),
            name: &dashboard.name,
            created_at: dashboard.created_at,
            updated_at: dashboard.updated_at,
            last_seen: None,
        }))
    }

    /// Saves a dashboard as its next version, if it is still at one of `expected` (any version if `None`). A change of nothing is none.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`]; [`Error::Missing`] and [`Error::Invalid`] for the
    /// project.
    pub async fn update_dashboard(
        &self,
        user: UserId,
        id: DashboardId,
        expected: Option<&[u32]>,
        patch: DashboardPatch,
    ) -> Result<DashboardTemplate, Error> {
        self.save_dashboard(user, id, expected, None, patch).await
    }

    /// Saves a dashboard as [`Catalog::update_dashboard`] does, in place of all it was.
    ///
    /// # Errors
    /// The same; [`Error::Invalid`] for another organization.
    pub async fn replace_dashboard(
        &self,
        user: UserId,
        id: DashboardId,
        expected: Option<&[u32]>,
        input: DashboardInput,
    ) -> Result<DashboardTemplate, Error> {
        let input = input.whole();
        self.save_dashboard(user, id, expected, Some(input.organization_id), input.fields).await
    }

    async fn save_dashboard(
        &self,
        user: UserId,
        id: DashboardId,
        expected: Option<&[u32]>,
        organization: Option<OrganizationId>,
        patch: DashboardPatch,
    ) -> Result<DashboardTemplate, Error> {
        let mut tx = self.db.begin().await?;
        let before = for_change(&mut tx, user, id).await?;
        check_version(before.version, expected)?;
        let mut dashboard = before.clone();
        if let Some(organization) = organization {
            check_organization(&dashboard, organization)?;
        }
        apply(&mut tx, user, &mut dashboard, patch).await?;
        if changed(&before, &dashboard).is_empty() {
            return Ok(dashboard);
        }
        write(&mut tx, user, &before, &mut dashboard).await?;
        tx.commit().await?;
        Ok(dashboard)
    }

    /// Removes a dashboard and its widgets, if it is still at one of `expected` (any version if `None`). Whom it was shared with may not.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`].
    pub async fn delete_dashboard(
        &self,
        user: UserId,
        id: DashboardId,
        expected: Option<&[u32]>,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let dashboard = for_sharing(&mut tx, user, id).await?;
        check_version(dashboard.version, expected)?;
        tx.execute("DELETE FROM dashboard_templates WHERE id = $1", vec![id.into()]).await?;
        let (organization, details) = (dashboard.organization_id, json!({"name": dashboard.name}));
        audit::note(&mut tx, user, organization, AuditAction::DashboardDeleted, id, details).await?;
        self.commit_widgets(tx, [Change::Organization(organization)], Which::Any).await
    }
}

const READABLE: &str = "SELECT t.id, t.organization_id, p.id, t.creator_id, t.name, t.description,
        t.update_frequency, t.is_active, t.version, t.created_at, t.updated_at, u.id, u.email, u.name, t.layout, t.widgets,
        t.datasources, t.flow_config, CASE WHEN t.creator_id = $1 OR m.role = 'admin' THEN 1 ELSE 0 END,
        CASE WHEN s.permission = 'admin' THEN 1 ELSE 0 END
    FROM dashboard_templates t JOIN organization_members m ON m.organization_id = t.organization_id
    LEFT JOIN projects p ON p.id = t.project_id LEFT JOIN users u ON u.id = t.updated_by
    LEFT JOIN template_permissions s ON s.template_id = t.id AND s.user_id = m.user_id
    WHERE m.user_id = $1 AND t.id = $2";

/// Makes a change to a dashboard's widgets one to the dashboard: its organization, and the version that it is at from here on.
///
/// # Errors
/// As [`for_change`]; [`Error::Stale`] if it is at none of `expected`.
pub(super) async fn next(
    tx: &mut Tx,
    user: UserId,
    id: DashboardId,
    expected: Option<&[u32]>,
) -> Result<(OrganizationId, u32), Error> {
    let dashboard = for_change(tx, user, id).await?;
    check_version(dashboard.version, expected)?;
    let version = dashboard.version + 1;
    tx.execute(
        "UPDATE dashboard_templates SET version = $1, updated_at = $2, updated_by = $3 WHERE id = $4",
        vec![version.into(), now().into(), user.into(), id.into()],
    )
    .await?;
    Ok((dashboard.organization_id, version))
}

/// Writes what a dashboard has become as its next version, and notes what `user` changed of it, if that is anything: its widgets are
/// noted by themselves.
pub(super) async fn write(
    tx: &mut Tx,
    user: UserId,
    before: &DashboardTemplate,
    after: &mut DashboardTemplate,
) -> Result<(), Error> {
    after.version = before.version + 1;
    after.updated_at = now();
    after.updated_by = user::person_of(tx, user).await?;
    let d = &*after;
    tx.execute(
        "UPDATE dashboard_templates SET project_id = $1, name = $2, description = $3, layout = $4, widgets = $5,
            datasources = $6, update_frequency = $7, flow_config = $8, is_active = $9, version = $10, updated_at = $11,
            updated_by = $12
         WHERE id = $13",
        vec![
            d.project_id.into(),
            d.name.as_str().into(),
            d.description.as_str().into(),
            Value::json(&d.layout),
            Value::json(&d.widgets),
            Value::json(&d.datasources),
            d.update_frequency.into(),
            Value::json(&d.flow_config),
            d.is_active.into(),
            d.version.into(),
            d.updated_at.into(),
            user.into(),
            d.id.into(),
        ],
    )
    .await?;
    let changed = changed(before, d);
    if changed.is_empty() {
        return Ok(());
    }
    let details = json!({"name": d.name, "version": d.version, "changed": changed});
    audit::note(tx, user, d.organization_id, AuditAction::DashboardUpdated, d.id, details).await
}

/// Refuses to move a dashboard to another organization.
///
/// # Errors
/// [`Error::Invalid`].
pub(super) fn check_organization(
    dashboard: &DashboardTemplate,
    organization: OrganizationId,
) -> Result<(), Error> {
    if organization == dashboard.organization_id {
        return Ok(());
    }
    Err(Error::Invalid { field: "organization_id", message: "cannot be changed" })
}

/// The dashboard, if `user` may change it: by role, or because it is shared with them.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub(super) async fn for_change(
    tx: &mut Tx,
    user: UserId,
    id: DashboardId,
) -> Result<DashboardTemplate, Error> {
    let (dashboard, by_role, is_shared) = for_whom(tx, user, id).await?;
    if by_role || is_shared { Ok(dashboard) } else { Err(Error::Forbidden) }
}

/// The dashboard, if `user` may share and remove it: by role.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub(super) async fn for_sharing(
    tx: &mut Tx,
    user: UserId,
    id: DashboardId,
) -> Result<DashboardTemplate, Error> {
    let (dashboard, by_role, _) = for_whom(tx, user, id).await?;
    if by_role { Ok(dashboard) } else { Err(Error::Forbidden) }
}

/// The dashboard, if `user` may end its sharing with `of`: those who may share it, and `of`.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub(super) async fn for_ending(
    tx: &mut Tx,
    user: UserId,
    id: DashboardId,
    of: UserId,
) -> Result<DashboardTemplate, Error> {
    let (dashboard, by_role, _) = for_whom(tx, user, id).await?;
    if by_role || user == of { Ok(dashboard) } else { Err(Error::Forbidden) }
}

async fn for_whom(
    tx: &mut Tx,
    user: UserId,
    id: DashboardId,
) -> Result<(DashboardTemplate, bool, bool), Error> {
    let row = tx.first(READABLE, vec![user.into(), id.into()]).await?;
    let mut row = row.ok_or(Error::not_found("dashboard"))?;
    Ok((read(&mut row)?, row.take()?, row.take()?))
}

/// The fields that differ between two states of a dashboard.
pub(super) fn changed(before: &DashboardTemplate, after: &DashboardTemplate) -> Vec<&'static str> {
    audit::changed(&[
        ("project_id", before.project_id != after.project_id),
        ("name", before.name != after.name),
        ("description", before.description != after.description),
        ("layout", before.layout != after.layout),
        ("widgets", before.widgets != after.widgets),
        ("datasources", before.datasources != after.datasources),
        ("update_frequency", before.update_frequency != after.update_frequency),
        ("flow_config", before.flow_config != after.flow_config),
        ("is_active", before.is_active != after.is_active),
    ])
}

/// Makes of a dashboard what a body says.
///
/// # Errors
/// [`Error::Missing`] and [`Error::Invalid`] for the project.
pub(super) async fn apply(
    tx: &mut Tx,
    user: UserId,
    dashboard: &mut DashboardTemplate,
    patch: DashboardPatch,
) -> Result<(), Error> {
    if let Some(project) = patch.project_id {
        if let Some(project) = project
            && project::organization_of(tx, user, project).await? != dashboard.organization_id
        {
            return Err(Error::Invalid { field: "project_id", message: "must be of the same organization" });
        }
        dashboard.project_id = project;
    }
    fn set<T>(field: &mut T, value: Option<T>) {
        if let Some(value) = value {
            *field = value;
        }
    }
    set(&mut dashboard.name, patch.name);
    set(&mut dashboard.description, patch.description);
    set(&mut dashboard.layout, patch.layout);
    set(&mut dashboard.widgets, patch.widgets);
    set(&mut dashboard.datasources, patch.datasources);
    set(&mut dashboard.update_frequency, patch.update_frequency);
    set(&mut dashboard.flow_config, patch.flow_config);
    set(&mut dashboard.is_active, patch.is_active);
    Ok(())
}
