//! Deleted organizations and projects, from their deletion to the last of their rows.
//!
//! An organization may have a million rows, and the catalog has one writer. So its deletion is a mark: `organizations`,
//! `organization_members`, `projects` and `project_devices` are views of what is not marked, through which everything else is found, and so
//! all of it is gone with the commit of the mark. So is a project, with what says that something was in it. Then an organization's flows are
//! stopped ([`Catalog::stop_next`]), and then the rows are removed ([`Catalog::remove_deleted`]): in transactions of at most
//! [`limit::REMOVED_ROWS`], with those of others in between, its own row last. How far it came stands in the catalog, so each of the two
//! goes on after a restart. In that order, because nobody knows which flows read the devices when the devices are gone.

use std::collections::HashSet;

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::flow::DeployedFlow;
use edgesync_schemas::id::{DeviceId, FlowId, Id, OrganizationId, ProjectId};
use edgesync_schemas::limit;
use serde_json::json;

use super::db::Tx;
use super::error::Error;
use super::{Catalog, audit, execution, flow};

/// Flows whose diagrams, of at most a MiB each, are looked at or rewritten together; so are dashboards with their drawings.
const FLOWS_AT_ONCE: u32 = 32;

/// Steps of a removal.
type Steps = &'static [(u32, &'static str)];

/// What removes some of an organization's rows ($2 at most), and how many at once; each behind what would go with it. Its audit log is behind
/// its flows: what is noted of them meanwhile is noted with their owners.
const OF_ORGANIZATION: Steps = &[
    (
        FLOWS_AT_ONCE,
        "UPDATE flows SET project_id = NULL WHERE id IN (SELECT f.id FROM flows f JOIN all_projects p ON p.id = f.project_id
            WHERE p.organization_id = $1 LIMIT $2)",
    ),
    (
        limit::REMOVED_ROWS,
        "DELETE FROM api_tokens WHERE id IN (SELECT t.id FROM api_tokens t WHERE t.organization_id = $1 LIMIT $2)",
    ),
    (
        limit::REMOVED_ROWS,
        "DELETE FROM tracked_variables WHERE id IN (SELECT v.id FROM tracked_variables v
            JOIN dashboard_templates t ON t.id = v.dashboard_uuid WHERE t.organization_id = $1 LIMIT $2)",
    ),
    (
        limit::REMOVED_ROWS,
        "DELETE FROM widget_samples WHERE (widget_id, slot) IN (SELECT s.widget_id, s.slot FROM widget_samples s
            JOIN dashboard_widgets w ON w.id = s.widget_id JOIN dashboard_templates t ON t.id = w.dashboard_template_uuid
            WHERE t.organization_id = $1 LIMIT $2)",
    ),
    (
        limit::REMOVED_ROWS,
        "DELETE FROM dashboard_widgets WHERE id IN (SELECT w.id FROM dashboard_widgets w
            JOIN dashboard_templates t ON t.id = w.dashboard_template_uuid WHERE t.organization_id = $1 LIMIT $2)",
    ),
    (
        limit::REMOVED_ROWS,
        "DELETE FROM share_links WHERE id IN (SELECT l.id FROM share_links l WHERE l.organization_id = $1 LIMIT $2)",
    ),
    (
        limit::REMOVED_ROWS,
        "DELETE FROM template_permissions WHERE (template_id, user_id) IN (SELECT s.template_id, s.user_id
            FROM template_permissions s JOIN dashboard_templates t ON t.id = s.template_id
            WHERE t.organization_id = $1 LIMIT $2)",
    ),
    (
        FLOWS_AT_ONCE,
        "DELETE FROM dashboard_templates WHERE id IN
            (SELECT t.id FROM dashboard_templates t WHERE t.organization_id = $1 LIMIT $2)",
    ),
    (
        limit::REMOVED_ROWS,
        "DELETE FROM all_project_devices WHERE (project_id, device_id) IN (SELECT d.project_id, d.device_id
            FROM all_project_devices d JOIN all_projects p ON p.id = d.project_id WHERE p.organization_id = $1 LIMIT $2)",
    ),
    (
        limit::REMOVED_ROWS,
        "DELETE FROM all_projects WHERE id IN (SELECT p.id FROM all_projects p WHERE p.organization_id = $1 LIMIT $2)",
    ),
    (
        limit::REMOVED_ROWS,
        "DELETE FROM devices WHERE id IN (SELECT d.id FROM devices d WHERE d.organization_id = $1 LIMIT $2)",
    ),
    (
        limit::REMOVED_ROWS,
        "DELETE FROM device_history WHERE id IN
            (SELECT h.id FROM device_history h WHERE h.organization_id = $1 LIMIT $2)",
    ),
    (
        limit::REMOVED_ROWS,
        "DELETE FROM audit_log WHERE id IN (SELECT a.id FROM audit_log a WHERE a.book_id = $1 LIMIT $2)",
    ),
    (
        limit::REMOVED_ROWS,
        "DELETE FROM all_memberships WHERE (user_id, organization_id) IN (SELECT m.user_id, m.organization_id
            FROM all_memberships m WHERE m.organization_id = $1 LIMIT $2)",
    ),
    (1, "DELETE FROM all_organizations WHERE id IN (SELECT o.id FROM all_organizations o WHERE o.id = $1 LIMIT $2)"),
];

/// As above, of a project.
const OF_PROJECT: Steps = &[
    (
        FLOWS_AT_ONCE,
        "UPDATE flows SET project_id = NULL WHERE id IN
            (SELECT f.id FROM flows f WHERE f.project_id = $1 LIMIT $2)",
    ),
    (
        FLOWS_AT_ONCE,
        "UPDATE dashboard_templates SET project_id = NULL WHERE id IN
            (SELECT t.id FROM dashboard_templates t WHERE t.project_id = $1 LIMIT $2)",
    ),
    (
        limit::REMOVED_ROWS,
        "DELETE FROM all_project_devices WHERE (project_id, device_id) IN (SELECT d.project_id, d.device_id
            FROM all_project_devices d WHERE d.project_id = $1 LIMIT $2)",
    ),
    (1, "DELETE FROM all_projects WHERE id IN (SELECT p.id FROM all_projects p WHERE p.id = $1 LIMIT $2)"),
];

/// Flows that run in an organization's projects, and those in no project whose owners could read its devices.
const DEPLOYED: &str =
    "SELECT CASE WHEN p.organization_id = $1 THEN 1 ELSE 0 END, f.id, f.owner_id, v.version, v.diagram
    FROM flows f JOIN flow_versions v ON v.flow_id = f.id AND v.version = f.deployed_version
    LEFT JOIN all_projects p ON p.id = f.project_id AND p.deletion IS NULL
    WHERE f.deployed_version IS NOT NULL AND f.id > $2
        AND (p.organization_id = $1 OR (p.id IS NULL AND f.owner_id IN
            (SELECT m.user_id FROM all_memberships m WHERE m.organization_id = $1)))
    ORDER BY f.id LIMIT $3";

/// Marks an organization as deleted. What addresses call it is free at once: no slug has a blank in it.
pub(super) async fn mark(tx: &mut Tx, id: OrganizationId) -> Result<(), Error> {
    tx.execute(
        "UPDATE all_organizations SET deletion = 'marked', slug = $1 WHERE id = $2",
        vec![format!("deleted {id}").into(), id.into()],
    )
    .await
    .map(drop)
}

/// Marks a project as deleted. Its name is free at once: no name begins with a blank.
pub(super) async fn mark_project(tx: &mut Tx, id: ProjectId) -> Result<(), Error> {
    tx.execute(
        "UPDATE all_projects SET deletion = 'marked', name = $1 WHERE id = $2",
        vec![format!(" deleted {id}").into(), id.into()],
    )
    .await
    .map(drop)
}

/// How far the stopping of a deleted organization's flows has come.
#[derive(Debug)]
pub struct Stopping {
    organization: OrganizationId,
    devices: HashSet<DeviceId>,
    after: uuid::Uuid,
    is_done: bool,
}

impl Catalog {
    /// Begins to stop the flows of a deleted organization: those in its projects, and those in no project that read its devices.
    ///
    /// # Errors
    /// Of the database.
    pub async fn stopping(&self, organization: OrganizationId) -> Result<Stopping, Error> {
        let sql = "SELECT d.id FROM devices d WHERE d.organization_id = $1";
        let rows = self.db.query(sql, vec![organization.into()]).await?;
        let devices = rows.into_iter().map(|mut row| row.take()).collect::<Result<_, _>>()?;
        Ok(Stopping { organization, devices, after: uuid::Uuid::nil(), is_done: false })
    }

    /// Writes down that some more of those flows do not run any more; their owners keep them. Answers them: they must be stopped next.
    /// `None` when there is none left, and their organization's rows may go.
    ///
    /// # Errors
    /// Of the database; it may be asked again.
    pub async fn stop_next(&self, stopping: &mut Stopping) -> Result<Option<Vec<FlowId>>, Error> {
        if stopping.is_done {
            return Ok(None);
        }
        let id = stopping.organization;
        let values = vec![id.into(), stopping.after.into(), FLOWS_AT_ONCE.into()];
        let rows = self.db.query(DEPLOYED, values).await?;
        let is_last = rows.len() < FLOWS_AT_ONCE as usize;
        let (mut some, mut after) = (Vec::new(), stopping.after);
        for mut row in rows {
            let is_in_project: bool = row.take()?;
            let found = flow::deployed(row)?;
            after = found.id.uuid();
            if is_in_project || found.devices().iter().any(|device| stopping.devices.contains(device)) {
                some.push(found);
            }
        }
        let mut tx = self.db.begin().await?;
        let stopped = stop(&mut tx, &some).await?;
        if is_last {
            let sql = "UPDATE all_organizations SET deletion = 'stopped' WHERE id = $1";
            tx.execute(sql, vec![id.into()]).await?;
        }
        tx.commit().await?;
        (stopping.after, stopping.is_done) = (after, is_last);
        Ok(Some(stopped))
    }

    /// Does for all organizations that were deleted what their deletion did not come to, because the server died: for its start, before
    /// flows run.
    ///
    /// # Errors
    /// Of the database.
    pub async fn stop_flows_of_all_deleted(&self) -> Result<(), Error> {
        let sql = "SELECT o.id FROM all_organizations o WHERE o.deletion = 'marked' ORDER BY o.id";
        for mut row in self.db.query(sql, vec![]).await? {
            let mut stopping = self.stopping(row.take()?).await?;
            while self.stop_next(&mut stopping).await?.is_some() {}
        }
        Ok(())
    }

    /// Removes the rows of deleted organizations whose flows are stopped, and of deleted projects, at most [`limit::REMOVED_ROWS`] in each transaction, so that
    /// nobody waits for it for long. How many. Cancel safe: what was removed until then is.
    ///
    /// # Errors
    /// Of the database.
    pub async fn remove_deleted(&self) -> Result<u64, Error> {
        let mut removed = 0;
        loop {
            match self.remove_some_deleted().await? {
                0 => return Ok(removed),
                some => removed += some,
            }
        }
    }

    /// One transaction of [`Catalog::remove_deleted`].
    pub(super) async fn remove_some_deleted(&self) -> Result<u64, Error> {
        let organization =
            "SELECT o.id FROM all_organizations o WHERE o.deletion = 'stopped' ORDER BY o.id LIMIT 1";
        let project = "SELECT p.id FROM all_projects p WHERE p.deletion = 'marked' ORDER BY p.id LIMIT 1";
        let (mut row, steps) = match self.db.first(organization, vec![]).await? {
            Some(row) => (row, OF_ORGANIZATION),
            None => match self.db.first(project, vec![]).await? {
                Some(row) => (row, OF_PROJECT),
                None => return Ok(0),
            },
        };
        let id: Id<()> = row.take()?;
        let mut tx = self.db.begin().await?;
        let mut removed = 0;
        for (most, sql) in steps {
            let most = u64::from(*most).min(u64::from(limit::REMOVED_ROWS) - removed);
            let some = tx.execute(sql, vec![id.into(), (most as i64).into()]).await?;
            removed += some;
            // There may be more of them, and the next are not to go before them.
            if some == most {
                break;
            }
        }
        tx.commit().await?;
        Ok(removed)
    }
}

/// Those that were not stopped meanwhile.
async fn stop(tx: &mut Tx, flows: &[DeployedFlow]) -> Result<Vec<FlowId>, Error> {
    let mut stopped = Vec::with_capacity(flows.len());
    for flow in flows {
        let sql = "UPDATE flows SET deployed_version = NULL WHERE id = $1 AND deployed_version = $2";
        if tx.execute(sql, vec![flow.id.into(), flow.version.into()]).await? == 0 {
            continue;
        }
        let book = flow::book(tx, flow.id).await?;
        let why = "the organization was deleted";
        execution::deployment_ends(tx, flow.id, why).await?;
        let details = json!({"why": why});
        audit::note(tx, None, book, AuditAction::FlowStopped, flow.id, details).await?;
        stopped.push(flow.id);
    }
    Ok(stopped)
}

#[cfg(test)]
mod tests {
    /// Whoever reads a table instead of its view sees what is on its way out.
    #[test]
    fn no_other_question_reads_behind_the_views() {
        let catalog = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalog");
        let mut looked_at = 0;
        for file in std::fs::read_dir(catalog).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            if !name.ends_with(".rs") || ["deletion.rs", "transfer.rs"].contains(&&*name) {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap().replace("DELETE FROM", "DELETE");
            for read in ["FROM all_", "JOIN all_"] {
                assert!(!text.contains(read), "{name} has {read}");
            }
            looked_at += 1;
        }
        assert!(looked_at > 20, "{looked_at}");
    }
}
