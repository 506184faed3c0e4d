//! Projects. Members of the organization read them, its admins change them.

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::organization::Role;
use edgesync_schemas::entity::project::{Project, ProjectInput, ProjectPatch};
use edgesync_schemas::id::{FlowId, OrganizationId, ProjectId, UserId};
use edgesync_schemas::limit;
use serde_json::json;

use super::access::{self, require};
use super::changes::Change;
use super::db::Tx;
use super::error::Error;
use super::slice::{Keys, sorted};
use super::value::{Row, Value};
use super::{Catalog, Listing, Slice, SortKey, audit, deletion, new_id, now};

impl Catalog {
    /// Makes a project.
    ///
    /// # Errors
    /// [`Error::NotFound`] to outsiders of the organization, [`Error::Forbidden`] to members who are no admins,
    /// [`Error::LimitReached`], [`Error::Conflict`] if the name is taken.
    pub async fn create_project(&self, user: UserId, input: ProjectInput) -> Result<Project, Error> {
        let at = now();
        let mut tx = self.db.begin().await?;
        require(access::role(&mut tx, user, input.organization_id).await?, Role::Admin)?;
        let made = tx.first(
            "SELECT count(*) FROM projects WHERE organization_id = $1",
            vec![input.organization_id.into()],
        );
        if made.await?.map_or(Ok(0), |mut row| row.take::<u32>())? >= limit::DASHBOARDS_PER_ORGANIZATION {
            let (code, limit) = ("project_limit_reached", limit::DASHBOARDS_PER_ORGANIZATION);
            return Err(Error::LimitReached { code, limit });
        }
        let project = Project {
            id: new_id(),
            organization_id: input.organization_id,
            creator_id: user,
            name: input.name,
            description: input.description,
            status: input.status,
            tags: input.tags,
            metadata: input.metadata,
            auto_save: input.auto_save,
            data_retention_days: input.data_retention_days,
            created_at: at,
            updated_at: at,
        };
        tx.execute(
            "INSERT INTO all_projects (id, organization_id, creator_id, name, description, status, tags, metadata, auto_save,
                data_retention_days, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
            vec![
                project.id.into(),
                project.organization_id.into(),
                user.into(),
                project.name.as_str().into(),
                project.description.as_str().into(),
                Value::name(&project.status),
                Value::json(&project.tags),
                Value::json(&project.metadata),
                project.auto_save.into(),
                project.data_retention_days.into(),
                at.into(),
            ],
        )
        .await?;
        let (organization, details) = (project.organization_id, json!({"name": project.name}));
        audit::note(&mut tx, user, organization, AuditAction::ProjectCreated, project.id, details).await?;
        tx.commit().await?;
        Ok(project)
    }

    /// The project, if `user` is a member of its organization.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn project(&self, user: UserId, id: ProjectId) -> Result<Project, Error> {
        let row = self.db.first(READABLE, vec![user.into(), id.into()]);
        read(&mut row.await?.ok_or(Error::not_found("project"))?)
    }

    /// The projects that `user` may see, of one organization or all, whose name or description has `q` in it.
    ///
    /// # Errors
    /// Of the database.
    pub async fn projects(
        &self,
        user: UserId,
        organization: Option<OrganizationId>,
        q: Option<&str>,
        slice: Slice,
    ) -> Result<Listing<Project>, Error> {
        let sql = sorted!(
            slice.order,
            "SELECT p.id, p.organization_id, p.creator_id, p.name, p.description, p.status, p.tags, p.metadata,
                p.auto_save, p.data_retention_days, p.created_at, p.updated_at
             FROM projects p JOIN organization_members m ON m.organization_id = p.organization_id
             WHERE m.user_id = $1 AND (p.organization_id = $2 OR $2 IS NULL)
                AND (lower(p.name) LIKE $3 ESCAPE '\\' OR lower(p.description) LIKE $3 ESCAPE '\\')",
            ["$4", "$5", "$6"],
            Id: "p.id",
            Name: "p.name",
            CreatedAt: "p.created_at",
            UpdatedAt: "p.updated_at"
        );
        let mut values = vec![user.into(), organization.into(), super::pattern(q).into()];
        values.extend(slice.end());
        let rows = self.db.query(sql, values);
        let items = rows.await?.into_iter().map(|mut row| read(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut_by(items, |project: &Project| Keys {
            id: project.id.uuid(),
            name: &project.name,
            created_at: project.created_at,
            updated_at: project.updated_at,
            last_seen: None,
        }))
    }

    /// Changes a project. A change of nothing is none.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`] to members who are no admins, [`Error::Conflict`] if the name is taken.
    pub async fn update_project(
        &self,
        user: UserId,
        id: ProjectId,
        patch: ProjectPatch,
    ) -> Result<Project, Error> {
        let mut tx = self.db.begin().await?;
        let mut project = for_change(&mut tx, user, id).await?;
        let before = project.clone();
        project.name = patch.name.unwrap_or(project.name);
        project.description = patch.description.unwrap_or(project.description);
        project.status = patch.status.unwrap_or(project.status);
        project.tags = patch.tags.unwrap_or(project.tags);
        project.metadata = patch.metadata.unwrap_or(project.metadata);
        project.auto_save = patch.auto_save.unwrap_or(project.auto_save);
        project.data_retention_days = patch.data_retention_days.unwrap_or(project.data_retention_days);
        let changed = changed(&before, &project);
        if changed.is_empty() {
            return Ok(project);
        }
        project.updated_at = now();
        tx.execute(
            "UPDATE all_projects SET name = $1, description = $2, status = $3, tags = $4, metadata = $5, auto_save = $6,
                data_retention_days = $7, updated_at = $8
             WHERE id = $9",
            vec![
                project.name.as_str().into(),
                project.description.as_str().into(),
                Value::name(&project.status),
                Value::json(&project.tags),
                Value::json(&project.metadata),
                project.auto_save.into(),
                project.data_retention_days.into(),
                project.updated_at.into(),
                id.into(),
            ],
        )
        .await?;
        let (organization, details) =
            (project.organization_id, json!({"name": project.name, "changed": changed}));
        audit::note(&mut tx, user, organization, AuditAction::ProjectUpdated, id, details).await?;
        tx.commit().await?;
        Ok(project)
    }

    /// Deletes a project: from here on nobody sees it. Its devices and dashboards stay in the organization; its flows stay with their
    /// owners, who alone read them from then on. What says that they were in it goes later ([`Catalog::remove_deleted`]).
    ///
    /// Answers the flows of it that are deployed: those that may not read their devices any more must be stopped next.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`] to members who are no admins.
    pub async fn delete_project(&self, user: UserId, id: ProjectId) -> Result<Vec<FlowId>, Error> {
        let mut tx = self.db.begin().await?;
        let project = for_change(&mut tx, user, id).await?;
        let deployed = tx.query(
            "SELECT f.id FROM flows f WHERE f.project_id = $1 AND f.deployed_version IS NOT NULL ORDER BY f.id",
            vec![id.into()],
        );
        let deployed = deployed.await?.into_iter().map(|mut row| row.take()).collect::<Result<_, _>>()?;
        let flows =
            "SELECT count(*) OVER (), f.id FROM flows f WHERE f.project_id = $1 ORDER BY f.id LIMIT $2";
        let flows = audit::beside(&mut tx, flows, vec![id.into()]).await?;
        let dashboards = "SELECT count(*) OVER (), t.id FROM dashboard_templates t WHERE t.project_id = $1 ORDER BY t.id LIMIT $2";
        let dashboards = audit::beside(&mut tx, dashboards, vec![id.into()]).await?;
        deletion::mark_project(&mut tx, id).await?;
        let details = json!({"name": project.name, "flows": flows, "dashboards": dashboards});
        let organization = project.organization_id;
        audit::note(&mut tx, user, organization, AuditAction::ProjectDeleted, id, details).await?;
        self.commit_telling(tx, [Change::Organization(organization)]).await?;
        Ok(deployed)
    }
}

const READABLE: &str =
    "SELECT p.id, p.organization_id, p.creator_id, p.name, p.description, p.status, p.tags, p.metadata,
        p.auto_save, p.data_retention_days, p.created_at, p.updated_at, m.role
    FROM projects p JOIN organization_members m ON m.organization_id = p.organization_id
    WHERE m.user_id = $1 AND p.id = $2";

/// The project, if `user` may change it. Owners are admins too.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub(super) async fn for_change(tx: &mut Tx, user: UserId, id: ProjectId) -> Result<Project, Error> {
    let mut row =
        tx.first(READABLE, vec![user.into(), id.into()]).await?.ok_or(Error::not_found("project"))?;
    let project = read(&mut row)?;
    require(row.name()?, Role::Admin)?;
    Ok(project)
}

/// The organization of a project that `user` may see, where a field refers to it.
///
/// # Errors
/// [`Error::Missing`].
pub(super) async fn organization_of(
    tx: &mut Tx,
    user: UserId,
    id: ProjectId,
) -> Result<OrganizationId, Error> {
    let row = tx.first(
        "SELECT p.organization_id FROM projects p
         JOIN organization_members m ON m.organization_id = p.organization_id WHERE m.user_id = $1 AND p.id = $2",
        vec![user.into(), id.into()],
    );
    row.await?.ok_or(Error::Missing { field: "project_id" })?.take()
}

/// The fields that differ between two states of a project.
fn changed(before: &Project, after: &Project) -> Vec<&'static str> {
    audit::changed(&[
        ("name", before.name != after.name),
        ("description", before.description != after.description),
        ("status", before.status != after.status),
        ("tags", before.tags != after.tags),
        ("metadata", before.metadata != after.metadata),
        ("auto_save", before.auto_save != after.auto_save),
        ("data_retention_days", before.data_retention_days != after.data_retention_days),
    ])
}

fn read(row: &mut Row) -> Result<Project, Error> {
    Ok(Project {
        id: row.take()?,
        organization_id: row.take()?,
        creator_id: row.take()?,
        name: row.take()?,
        description: row.take()?,
        status: row.name()?,
        tags: row.json()?,
        metadata: row.json()?,
        auto_save: row.take()?,
        data_retention_days: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}
