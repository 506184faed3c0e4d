//! Dashboards as they are in the catalog's rows.

use edgesync_schemas::entity::dashboard::{DashboardSummary, DashboardTemplate};

use super::error::Error;
use super::user::person;
use super::value::Row;

/// id, organization_id, project_id, creator_id, name, description, update_frequency, is_active, version, created_at, updated_at, then
/// who saved it: id, email, name.
pub(super) fn summary(row: &mut Row) -> Result<DashboardSummary, Error> {
    Ok(DashboardSummary {
        id: row.take()?,
        organization_id: row.take()?,
        project_id: row.take()?,
        creator_id: row.take()?,
        name: row.take()?,
        description: row.take()?,
        update_frequency: row.take()?,
        is_active: row.take()?,
        version: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
        updated_by: person(row)?,
    })
}

/// The columns of a summary, then layout, widgets, datasources, flow_config.
pub(super) fn read(row: &mut Row) -> Result<DashboardTemplate, Error> {
    let summary = summary(row)?;
    Ok(DashboardTemplate {
        id: summary.id,
        organization_id: summary.organization_id,
        project_id: summary.project_id,
        creator_id: summary.creator_id,
        name: summary.name,
        description: summary.description,
        layout: row.json()?,
        widgets: row.json()?,
        datasources: row.json()?,
        update_frequency: summary.update_frequency,
        flow_config: row.json()?,
        is_active: summary.is_active,
        version: summary.version,
        created_at: summary.created_at,
        updated_at: summary.updated_at,
        updated_by: summary.updated_by,
    })
}
