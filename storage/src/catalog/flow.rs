//! Flow diagrams: the drafts that are saved. What was deployed of them is in `flow_deployed.rs`.
//!
//! A flow is read by its owner and, with a project, by the members of the project's organization; it is changed by its owner
//! and by that organization's admins.

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::flow::{
    DeployedFlow, FlowDiagram, FlowInput, FlowPatch, FlowState, FlowSummary,
};
use edgesync_schemas::id::{FlowId, OrganizationId, ProjectId, UserId};
use edgesync_schemas::limit;
use serde_json::json;

use super::audit::{self, Book};
use super::changes::Change;
use super::db::Tx;
use super::error::Error;
use super::flow_deployed::check_deployed;
use super::slice::{Keys, sorted};
use super::value::{Row, Value};
use super::{Catalog, Listing, Slice, SortKey, new_id, now, project, within};

/// Which flows are wanted; what is `None` does not matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct FlowFilter<'a> {
    /// Those of this project.
    pub project: Option<ProjectId>,
    /// Those in projects of this organization.
    pub organization: Option<OrganizationId>,
    /// Those that are in a project, or those that are in none.
    pub in_project: Option<bool>,
    /// Those whose name has this in it.
    pub q: Option<&'a str>,
}

impl Catalog {
    /// Makes a flow that belongs to `user`.
    ///
    /// # Errors
    /// [`Error::Missing`] if the project is none that the user may see; [`Error::LimitReached`].
    pub async fn create_flow(&self, user: UserId, input: FlowInput) -> Result<FlowDiagram, Error> {
        let at = now();
        let mut tx = self.db.begin().await?;
        let organization = match input.project_id {
            Some(project) => Some(project::organization_of(&mut tx, user, project).await?),
            None => {
                within::require_everywhere()?;
                None
            }
        };
        let owned = tx.first("SELECT count(*) FROM flows WHERE owner_id = $1", vec![user.into()]).await?;
        if owned.map_or(Ok(0), |mut row| row.take::<u32>())? >= limit::FLOWS_PER_USER {
            return Err(Error::LimitReached { code: "flow_limit_reached", limit: limit::FLOWS_PER_USER });
        }
        let flow = FlowDiagram {
            id: new_id(),
            owner_id: user,
            project_id: input.project_id,
            name: input.name,
            description: input.description,
            nodes: input.nodes,
            edges: input.edges,
            metadata: input.metadata,
            is_active: false,
            version: 1,
            deployed_version: None,
            tags: input.tags,
            created_at: at,
            updated_at: at,
        };
        tx.execute(
            "INSERT INTO flows (id, owner_id, project_id, name, description, nodes, edges, metadata, tags, version,
                created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $10)",
            vec![
                flow.id.into(),
                user.into(),
                flow.project_id.into(),
                flow.name.as_str().into(),
                flow.description.as_str().into(),
                Value::json(&flow.nodes),
                Value::json(&flow.edges),
                Value::json(&flow.metadata),
                Value::json(&flow.tags),
                at.into(),
            ],
        )
        .await?;
        let (book, details) = (Book::of(organization, user), json!({"name": flow.name}));
        audit::note(&mut tx, user, book, AuditAction::FlowCreated, flow.id, details).await?;
        tx.commit().await?;
        Ok(flow)
    }

    /// The flow, whoever asks: for the platform itself. Answers to users come from [`Catalog::readable_flow`].
    ///
    /// # Errors
    /// Of the database.
    pub async fn flow(&self, id: FlowId) -> Result<Option<FlowDiagram>, Error> {
        let row = self.db.first(
            "SELECT f.id, f.owner_id, p.id, f.name, f.description, f.version, f.deployed_version, f.tags,
                f.created_at, f.updated_at, f.nodes, f.edges, f.metadata
             FROM flows f LEFT JOIN projects p ON p.id = f.project_id WHERE f.id = $1",
            vec![id.into()],
        );
        row.await?.map(|mut row| read(&mut row)).transpose()
    }

    /// The flow, if `user` may read it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn readable_flow(&self, user: UserId, id: FlowId) -> Result<FlowDiagram, Error> {
        let row = self.db.first(READABLE, asking(user, id)).await?;
        read(&mut row.ok_or(Error::not_found("flow"))?)
    }

    /// The flow, if `user` may change it (and deploy and stop it) and it is still at one of `expected` (any version if `None`).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`].
    pub async fn editable_flow(
        &self,
        user: UserId,
        id: FlowId,
        expected: Option<&[u32]>,
    ) -> Result<FlowDiagram, Error> {
        let flow = editable(self.db.first(READABLE, asking(user, id)).await?)?;
        check_version(flow.version, expected)?;
        Ok(flow)
    }

    /// The flows that `user` may read, and that the filter lets through.
    ///
    /// # Errors
    /// Of the database.
    pub async fn flows(
        &self,
        user: UserId,
        filter: FlowFilter<'_>,
        slice: Slice,
    ) -> Result<Listing<FlowSummary>, Error> {
        let sql = sorted!(
            slice.order,
            "SELECT f.id, f.owner_id, (SELECT p.id FROM projects p WHERE p.id = f.project_id), f.name, f.description,
                f.version, f.deployed_version, f.tags, f.created_at, f.updated_at, f.suspended
             FROM flows f
             WHERE ((f.owner_id = $1 AND $2) OR f.project_id IN (SELECT p.id FROM projects p
                    JOIN organization_members m ON m.organization_id = p.organization_id WHERE m.user_id = $1))
                AND (f.project_id IN (SELECT p.id FROM projects p WHERE p.id = $3) OR $3 IS NULL)
                AND (f.project_id IN (SELECT p.id FROM projects p WHERE p.organization_id = $4) OR $4 IS NULL)
                AND (EXISTS (SELECT 1 FROM projects p WHERE p.id = f.project_id) = $5 OR $5 IS NULL)
                AND lower(f.name) LIKE $6 ESCAPE '\\'",
            ["$7", "$8", "$9"],
            Id: "f.id",
            Name: "f.name",
            CreatedAt: "f.created_at",
            UpdatedAt: "f.updated_at"
        );
        let mut values = vec![
            user.into(),
            within::is_everywhere().into(),
            filter.project.into(),
            filter.organization.into(),
            filter.in_project.into(),
            super::pattern(filter.q).into(),
        ];
        values.extend(slice.end());
        let rows = self.db.query(sql, values);
        let items = rows.await?.into_iter().map(|mut row| summary(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut_by(items, |flow: &FlowSummary| Keys {
            id: flow.id.uuid(),
            name: &flow.name,
            created_at: flow.created_at,
            updated_at: flow.updated_at,
            last_seen: None,
        }))
    }

    /// Saves a flow as its next version, if it is still at one of `expected` (any version if `None`). A change of nothing is none. What is deployed stays, so a flow is
    /// not put into a project whose flows may not read the devices that the deployed version reads.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`], [`Error::Missing`] and [`Error::Invalid`] for the project.
    pub async fn update_flow(
        &self,
        user: UserId,
        id: FlowId,
        expected: Option<&[u32]>,
        patch: FlowPatch,
    ) -> Result<FlowDiagram, Error> {
        let mut tx = self.db.begin().await?;
        let mut flow = editable(tx.first(READABLE, asking(user, id)).await?)?;
        check_version(flow.version, expected)?;
        let old = flow.clone();
        let before = book(&mut tx, id).await?;
        let moves = patch.project_id.is_some_and(|project| project != flow.project_id);
        if let Some(project) = patch.project_id
            && moves
        {
            match project {
                Some(project) => {
                    let organization = project::organization_of(&mut tx, user, project).await?;
                    require_member(&mut tx, organization, flow.owner_id).await?;
                }
                None => within::require_everywhere()?,
            }
            flow.project_id = project;
        }
        flow.name = patch.name.unwrap_or(flow.name);
        flow.description = patch.description.unwrap_or(flow.description);
        flow.nodes = patch.nodes.unwrap_or(flow.nodes);
        flow.edges = patch.edges.unwrap_or(flow.edges);
        flow.metadata = patch.metadata.unwrap_or(flow.metadata);
        flow.tags = patch.tags.unwrap_or(flow.tags);
        let changed = changed(&old, &flow);
        if changed.is_empty() {
            return Ok(flow);
        }
        flow.version += 1;
        flow.updated_at = now();
        tx.execute(
            "UPDATE flows SET project_id = $1, name = $2, description = $3, nodes = $4, edges = $5, metadata = $6,
                tags = $7, version = $8, updated_at = $9
             WHERE id = $10",
            vec![
                flow.project_id.into(),
                flow.name.as_str().into(),
                flow.description.as_str().into(),
                Value::json(&flow.nodes),
                Value::json(&flow.edges),
                Value::json(&flow.metadata),
                Value::json(&flow.tags),
                flow.version.into(),
                flow.updated_at.into(),
                id.into(),
            ],
        )
        .await?;
        if moves && flow.is_active {
            check_deployed(&mut tx, id).await?;
        }
        let details = json!({"name": flow.name, "version": flow.version, "changed": changed});
        let after = book(&mut tx, id).await?;
        if before != after {
            audit::note(&mut tx, user, before, AuditAction::FlowUpdated, id, details.clone()).await?;
        }
        audit::note(&mut tx, user, after, AuditAction::FlowUpdated, id, details).await?;
        // Who read it where it was may not where it is.
        let told = [Change::of(before), Change::User(flow.owner_id)];
        self.commit_telling(tx, told.into_iter().filter(|_| moves)).await?;
        Ok(flow)
    }

    /// Removes a flow and its deployed versions, if it is still at one of `expected` (any version if `None`). Whoever does so has stopped it
    /// before.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`].
    pub async fn delete_flow(&self, user: UserId, id: FlowId, expected: Option<&[u32]>) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let flow = editable(tx.first(READABLE, asking(user, id)).await?)?;
        check_version(flow.version, expected)?;
        let (book, details) = (book(&mut tx, id).await?, json!({"name": flow.name}));
        audit::note(&mut tx, user, book, AuditAction::FlowDeleted, id, details).await?;
        tx.execute("DELETE FROM flows WHERE id = $1", vec![id.into()]).await?;
        self.commit_telling(tx, [Change::of(book), Change::User(flow.owner_id)]).await
    }
}

/// Refuses a project of an organization that the flow's owner is no member of: their flow would be another tenant's, and read its devices.
///
/// # Errors
/// [`Error::Invalid`].
async fn require_member(tx: &mut Tx, organization: OrganizationId, owner: UserId) -> Result<(), Error> {
    let row = tx.first(
        "SELECT m.user_id FROM organization_members m WHERE m.organization_id = $1 AND m.user_id = $2",
        vec![organization.into(), owner.into()],
    );
    let message = "must be of an organization that the flow's owner is a member of";
    row.await?.map(drop).ok_or(Error::Invalid { field: "project_id", message })
}

/// Refuses a save over somebody else's.
///
/// # Errors
/// [`Error::Stale`].
pub(super) fn check_version(current: u32, expected: Option<&[u32]>) -> Result<(), Error> {
    match expected {
        Some(expected) if !expected.contains(&current) => Err(Error::Stale { current }),
        _ => Ok(()),
    }
}

/// Where changes to a flow are noted: with the organization of its project, or with its owner.
pub(super) async fn book(tx: &mut Tx, id: FlowId) -> Result<Book, Error> {
    let row = tx.first(
        "SELECT f.owner_id, p.organization_id FROM flows f LEFT JOIN projects p ON p.id = f.project_id WHERE f.id = $1",
        vec![id.into()],
    );
    let mut row = row.await?.ok_or(Error::not_found("flow"))?;
    let (owner, organization): (UserId, Option<OrganizationId>) = (row.take()?, row.take()?);
    Ok(Book::of(organization, owner))
}

/// The fields that differ between two states of a flow.
fn changed(before: &FlowDiagram, after: &FlowDiagram) -> Vec<&'static str> {
    audit::changed(&[
        ("project_id", before.project_id != after.project_id),
        ("name", before.name != after.name),
        ("description", before.description != after.description),
        ("nodes", before.nodes != after.nodes),
        ("edges", before.edges != after.edges),
        ("metadata", before.metadata != after.metadata),
        ("tags", before.tags != after.tags),
    ])
}

/// That a flow may be read, where a field refers to it.
///
/// # Errors
/// [`Error::Missing`].
pub(super) async fn check_readable(tx: &mut Tx, user: UserId, id: FlowId) -> Result<(), Error> {
    let row = tx.first(READABLE, asking(user, id)).await?;
    row.map(drop).ok_or(Error::Missing { field: "flow_id" })
}

/// Whether a flow may be read, with the parameters of [`READABLE`].
pub(super) const MAY_READ: &str = "SELECT f.id FROM flows f LEFT JOIN projects p ON p.id = f.project_id
    LEFT JOIN organization_members m ON m.organization_id = p.organization_id AND m.user_id = $1
    WHERE f.id = $2 AND (m.user_id = $1 OR (f.owner_id = $1 AND $3))";

const READABLE: &str =
    "SELECT f.id, f.owner_id, p.id, f.name, f.description, f.version, f.deployed_version, f.tags,
        f.created_at, f.updated_at, f.nodes, f.edges, f.metadata,
        CASE WHEN f.owner_id = $1 OR m.role = 'admin' THEN 1 ELSE 0 END
    FROM flows f LEFT JOIN projects p ON p.id = f.project_id
    LEFT JOIN organization_members m ON m.organization_id = p.organization_id AND m.user_id = $1
    WHERE f.id = $2 AND (m.user_id = $1 OR (f.owner_id = $1 AND $3))";

/// The parameters of [`READABLE`]: what is in no organization is seen by whoever is not narrowed to one.
pub(super) fn asking(user: UserId, id: FlowId) -> Vec<Value> {
    vec![user.into(), id.into(), within::is_everywhere().into()]
}

/// That a flow may be changed; its name.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub(super) async fn require_editable(tx: &mut Tx, user: UserId, id: FlowId) -> Result<String, Error> {
    editable(tx.first(READABLE, asking(user, id)).await?).map(|flow| flow.name)
}

fn editable(row: Option<Row>) -> Result<FlowDiagram, Error> {
    let mut row = row.ok_or(Error::not_found("flow"))?;
    let flow = read(&mut row)?;
    if row.take()? { Ok(flow) } else { Err(Error::Forbidden) }
}

/// id, owner_id, version, diagram
pub(super) fn deployed(mut row: Row) -> Result<DeployedFlow, Error> {
    Ok(DeployedFlow { id: row.take()?, owner_id: row.take()?, version: row.take()?, diagram: row.json()? })
}

/// The columns of [`common`], then why the platform suspended it. How one is that is to run is not written down here.
fn summary(row: &mut Row) -> Result<FlowSummary, Error> {
    let (common, reason) = (common(row)?, row.take::<Option<String>>()?);
    let state = match (common.is_active, &reason) {
        (true, _) => None,
        (false, Some(_)) => Some(FlowState::Suspended),
        (false, None) => Some(FlowState::Stopped),
    };
    Ok(FlowSummary { state, reason, ..common })
}

/// What every reading of a flow begins with.
fn common(row: &mut Row) -> Result<FlowSummary, Error> {
    let summary = FlowSummary {
        id: row.take()?,
        owner_id: row.take()?,
        project_id: row.take()?,
        name: row.take()?,
        description: row.take()?,
        is_active: false,
        version: row.take()?,
        deployed_version: row.take()?,
        state: None,
        reason: None,
        errors: 0,
        tags: row.json()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    };
    Ok(FlowSummary { is_active: summary.deployed_version.is_some(), ..summary })
}

/// The columns of [`common`], then nodes, edges, metadata.
fn read(row: &mut Row) -> Result<FlowDiagram, Error> {
    let summary = common(row)?;
    Ok(FlowDiagram {
        id: summary.id,
        owner_id: summary.owner_id,
        project_id: summary.project_id,
        name: summary.name,
        description: summary.description,
        nodes: row.json()?,
        edges: row.json()?,
        metadata: row.json()?,
        is_active: summary.is_active,
        version: summary.version,
        deployed_version: summary.deployed_version,
        tags: summary.tags,
        created_at: summary.created_at,
        updated_at: summary.updated_at,
    })
}
