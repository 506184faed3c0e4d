//! What was deployed of flows: which version runs, who said so, and which devices it may read.

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::flow::DeployedFlow;
use edgesync_schemas::id::{DeviceId, FlowId, OrganizationId, UserId};
use edgesync_schemas::limit;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::db::Tx;
use super::error::Error;
use super::flow::{book, deployed};
use super::value::Value;
use super::{Catalog, audit, execution, now};

/// Who or what ended a flow.
#[derive(Debug, Clone, Copy)]
pub enum Stopped {
    /// A user.
    By(UserId),
    /// The platform, for this reason.
    Because(&'static str),
}

impl Catalog {
    /// Writes down that this diagram is what runs of the flow from here on, so that the next start of the server runs it, and
    /// that it was `by` who said so. The execution that begins is pending until it is [known to run](Catalog::record_executions). A version that was
    /// deployed before stays as it was then, whatever the diagram is: see [`Catalog::flow_version`]. Forgets the oldest of more than [`limit::FLOW_VERSIONS`] versions, but neither this one nor the one
    /// that ran until now: if this one does not run after all, that one runs again.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the flow was deleted meanwhile.
    pub async fn set_flow_deployed<D: Serialize + ?Sized>(
        &self,
        by: Option<UserId>,
        id: FlowId,
        version: u32,
        diagram: &D,
    ) -> Result<(), Error> {
        let diagram = Value::json(diagram);
        let mut tx = self.db.begin().await?;
        let row = tx.first("SELECT f.deployed_version FROM flows f WHERE f.id = $1", vec![id.into()]);
        let before: Option<u32> = row.await?.ok_or(Error::not_found("flow"))?.take()?;
        let sql = "UPDATE flows SET deployed_version = $1, suspended = NULL WHERE id = $2";
        tx.execute(sql, vec![version.into(), id.into()]).await?;
        tx.execute(
            "INSERT INTO flow_versions (flow_id, version, diagram, created_at, deployed_by) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (flow_id, version) DO NOTHING",
            vec![id.into(), version.into(), diagram, now().into(), by.into()],
        )
        .await?;
        tx.execute(
            "DELETE FROM flow_versions WHERE flow_id = $1 AND version NOT IN ($2, $3) AND version <=
                (SELECT v.version FROM flow_versions v WHERE v.flow_id = $1 ORDER BY v.version DESC LIMIT 1 OFFSET $4)",
            vec![
                id.into(),
                version.into(),
                before.unwrap_or(version).into(),
                i64::from(limit::FLOW_VERSIONS).into(),
            ],
        )
        .await?;
        execution::deployment_begins(&mut tx, id, version).await?;
        let book = book(&mut tx, id).await?;
        audit::note(&mut tx, by, book, AuditAction::FlowDeployed, id, json!({"version": version})).await?;
        tx.commit().await
    }

    /// Writes down that a version that was deployed before is what runs of the flow again, and why: what was about to take its place failed. One that is gone is no error.
    ///
    /// # Errors
    /// Of the database.
    pub async fn set_flow_deployed_version(
        &self,
        id: FlowId,
        version: u32,
        why: &'static str,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE flows SET deployed_version = $1, suspended = NULL WHERE id = $2";
        if tx.execute(sql, vec![version.into(), id.into()]).await? > 0 {
            execution::deployment_fails(&mut tx, id, why).await?;
            let (book, details) = (book(&mut tx, id).await?, json!({"version": version, "why": why}));
            audit::note(&mut tx, None, book, AuditAction::FlowDeployed, id, details).await?;
        }
        tx.commit().await
    }

    /// Writes down that a version was to run and does not, and why; what ran before runs on. One that is gone is no error.
    ///
    /// # Errors
    /// Of the database.
    pub async fn note_failed_deployment(&self, id: FlowId, version: u32, why: &str) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        match execution::deployment_begins(&mut tx, id, version).await {
            Ok(()) => execution::deployment_fails(&mut tx, id, why).await?,
            Err(Error::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
        tx.commit().await
    }

    /// Writes down that the platform suspends a flow, and why, as its owner can read it until the flow is deployed or stopped: if `version` is
    /// what is written down as deployed. False if it is not: somebody has deployed another one, or stopped it.
    ///
    /// # Errors
    /// Of the database.
    pub async fn set_flow_suspended(
        &self,
        id: FlowId,
        version: u32,
        why: &'static str,
        reason: &str,
    ) -> Result<bool, Error> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE flows SET deployed_version = NULL, suspended = $1 WHERE id = $2 AND deployed_version = $3";
        if tx.execute(sql, vec![reason.into(), id.into(), version.into()]).await? == 0 {
            return Ok(false);
        }
        execution::deployment_ends(&mut tx, id, reason).await?;
        let book = book(&mut tx, id).await?;
        audit::note(&mut tx, None, book, AuditAction::FlowStopped, id, json!({"why": why})).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Why the platform suspended a flow, if it did and nobody has deployed or stopped the flow since.
    ///
    /// # Errors
    /// Of the database.
    pub async fn flow_suspended(&self, id: FlowId) -> Result<Option<String>, Error> {
        let row = self.db.first("SELECT f.suspended FROM flows f WHERE f.id = $1", vec![id.into()]);
        row.await?.map_or(Ok(None), |mut row| row.take())
    }

    /// Whose budgets a flow counts against: those of its project's organization, or else of its owner. `None` if it is gone.
    ///
    /// # Errors
    /// Of the database.
    pub async fn flow_tenant(&self, id: FlowId) -> Result<Option<Uuid>, Error> {
        let row = self.db.first_for_platform(
            "SELECT f.owner_id, p.organization_id FROM flows f LEFT JOIN projects p ON p.id = f.project_id WHERE f.id = $1",
            vec![id.into()],
        );
        let Some(mut row) = row.await? else { return Ok(None) };
        let (owner, organization): (UserId, Option<OrganizationId>) = (row.take()?, row.take()?);
        Ok(Some(organization.map_or(owner.uuid(), |organization| organization.uuid())))
    }

    /// Writes down that the flow does not run any more, and who stopped it or why the platform did. One that is gone or does
    /// not run is no error; why it was suspended is forgotten.
    ///
    /// # Errors
    /// Of the database.
    pub async fn set_flow_stopped(&self, id: FlowId, by: Stopped) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE flows SET suspended = NULL WHERE id = $1 AND suspended IS NOT NULL";
        tx.execute(sql, vec![id.into()]).await?;
        let sql = "UPDATE flows SET deployed_version = NULL WHERE id = $1 AND deployed_version IS NOT NULL";
        if tx.execute(sql, vec![id.into()]).await? > 0 {
            let (by, details) = match by {
                Stopped::By(user) => (Some(user), json!({})),
                Stopped::Because(why) => {
                    // What did not run yet was not stopped.
                    execution::deployment_fails(&mut tx, id, why).await?;
                    (None, json!({"why": why}))
                }
            };
            let why = details["why"].as_str().unwrap_or("it was stopped");
            execution::deployment_ends(&mut tx, id, why).await?;
            let book = book(&mut tx, id).await?;
            audit::note(&mut tx, by, book, AuditAction::FlowStopped, id, details).await?;
        }
        tx.commit().await
    }

    /// All flows that are to run, with the diagrams that were deployed: for the start of the server.
    ///
    /// # Errors
    /// Of the database.
    pub async fn deployed_flows(&self) -> Result<Vec<DeployedFlow>, Error> {
        let rows = self.db.query(
            "SELECT f.id, f.owner_id, v.version, v.diagram
             FROM flows f JOIN flow_versions v ON v.flow_id = f.id AND v.version = f.deployed_version
             WHERE f.deployed_version IS NOT NULL ORDER BY f.id",
            vec![],
        );
        rows.await?.into_iter().map(deployed).collect()
    }

    /// The flow, if it is to run, with the diagram that was deployed.
    ///
    /// # Errors
    /// Of the database.
    pub async fn deployed_flow(&self, id: FlowId) -> Result<Option<DeployedFlow>, Error> {
        let row = self.db.first(DEPLOYED, vec![id.into()]);
        row.await?.map(deployed).transpose()
    }

    /// Those of `devices` that the flow must not read: its owner is no member of their organization, or they are not of
    /// the organization of its project.
    ///
    /// # Errors
    /// Of the database.
    pub async fn foreign_devices(&self, flow: FlowId, devices: &[DeviceId]) -> Result<Vec<DeviceId>, Error> {
        let mut foreign = Vec::new();
        for device in devices {
            let row = self.db.first_for_platform(MAY_READ, vec![(*device).into(), flow.into()]);
            if row.await?.is_none() {
                foreign.push(*device);
            }
        }
        Ok(foreign)
    }
}

/// That a flow that runs may read the devices it reads, in the project that the transaction has put it into. A device that is gone is no
/// reason to refuse.
///
/// # Errors
/// [`Error::Invalid`].
pub(super) async fn check_deployed(tx: &mut Tx, id: FlowId) -> Result<(), Error> {
    let Some(row) = tx.first(DEPLOYED, vec![id.into()]).await? else { return Ok(()) };
    for device in deployed(row)?.devices() {
        if tx.first_for_platform(MAY_READ, vec![device.into(), id.into()]).await?.is_some() {
            continue;
        }
        if tx.first(THERE, vec![device.into()]).await?.is_some() {
            let message = "is of an organization whose flows may not read the devices that the deployed version reads: \
                stop the flow first";
            return Err(Error::Invalid { field: "project_id", message });
        }
    }
    Ok(())
}

const DEPLOYED: &str = "SELECT f.id, f.owner_id, v.version, v.diagram
    FROM flows f JOIN flow_versions v ON v.flow_id = f.id AND v.version = f.deployed_version
    WHERE f.id = $1";

pub(super) const THERE: &str =
    "SELECT d.id FROM devices d JOIN organizations o ON o.id = d.organization_id WHERE d.id = $1";

const MAY_READ: &str = "SELECT d.id FROM flows f JOIN devices d ON d.id = $1
    JOIN organization_members m ON m.organization_id = d.organization_id AND m.user_id = f.owner_id
    LEFT JOIN projects p ON p.id = f.project_id
    WHERE f.id = $2 AND (p.id IS NULL OR p.organization_id = d.organization_id)";
