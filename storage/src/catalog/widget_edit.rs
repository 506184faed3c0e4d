//! Writing widgets: each with its variable, with what is kept of it and with its entry in the audit log.

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::widget::{DashboardWidget, DataSource};
use edgesync_schemas::id::{OrganizationId, UserId, WidgetId};
use edgesync_schemas::limit;
use serde_json::json;

use super::changes::Change;
use super::db::Tx;
use super::error::Error;
use super::value::Value;
use super::widget_news::Which;
use super::widget_row::columns;
use super::{Catalog, audit, flow, now, tracked, widget_sample};

/// What somebody does to the widgets of a dashboard in one transaction.
#[derive(Debug)]
pub(super) struct Edit {
    user: UserId,
    organization: OrganizationId,
    /// Whether who watches may be shown something else.
    shows_other: bool,
    /// Widgets of which something else is kept.
    kept: Vec<WidgetId>,
}

impl Edit {
    /// By `user`, of a dashboard of this organization.
    pub(super) fn by(user: UserId, organization: OrganizationId) -> Self {
        Self { user, organization, shows_other: false, kept: Vec::new() }
    }

    /// Makes a widget, which was checked.
    pub(super) async fn make(&mut self, tx: &mut Tx, widget: &DashboardWidget) -> Result<(), Error> {
        insert(tx, widget).await?;
        tracked::follow(tx, widget).await?;
        self.note(tx, AuditAction::WidgetCreated, widget, None).await?;
        self.kept.push(widget.id);
        Ok(())
    }

    /// Writes what a widget has become, which was checked. False if that is nothing new.
    pub(super) async fn change(
        &mut self,
        tx: &mut Tx,
        before: &DashboardWidget,
        after: &mut DashboardWidget,
    ) -> Result<bool, Error> {
        let changed = changed(before, after);
        if changed.is_empty() {
            return Ok(false);
        }
        after.updated_at = now();
        update(tx, after).await?;
        tracked::follow(tx, after).await?;
        widget_sample::change(tx, before, after).await?;
        // How it is drawn and where is nothing that is shown: a widget that is dragged about is saved many times a second.
        let shows_other = ["source", "aggregation", "refresh_interval", "max_samples"];
        self.shows_other |= changed.iter().any(|field| shows_other.contains(field));
        if widget_sample::is_other(before, after) {
            self.kept.push(after.id);
        }
        self.note(tx, AuditAction::WidgetUpdated, after, Some(changed)).await?;
        Ok(true)
    }

    /// Removes a widget.
    pub(super) async fn remove(&mut self, tx: &mut Tx, widget: &DashboardWidget) -> Result<(), Error> {
        tx.execute("DELETE FROM dashboard_widgets WHERE id = $1", vec![widget.id.into()]).await?;
        self.note(tx, AuditAction::WidgetDeleted, widget, None).await?;
        self.shows_other = true;
        self.kept.push(widget.id);
        Ok(())
    }

    async fn note(
        &self,
        tx: &mut Tx,
        action: AuditAction,
        widget: &DashboardWidget,
        changed: Option<Vec<&'static str>>,
    ) -> Result<(), Error> {
        let mut details =
            json!({"widget_id": widget.widget_id, "dashboard_id": widget.dashboard_template_uuid});
        if let Some(changed) = changed {
            details["changed"] = json!(changed);
        }
        audit::note(tx, self.user, self.organization, action, widget.id, details).await
    }
}

impl Catalog {
    /// Commits it, and tells who watches and who keeps samples.
    pub(super) async fn commit_edit(&self, tx: Tx, edit: Edit) -> Result<(), Error> {
        let told = edit.shows_other.then_some(Change::Organization(edit.organization));
        self.commit_widgets(tx, told, Which::These(edit.kept)).await
    }
}

/// That `user` may read what a widget is to show, if it did not show it before, and that there is room for its samples.
///
/// # Errors
/// [`Error::Missing`] for the source, [`Error::Invalid`] for the samples.
pub(super) async fn check(
    tx: &mut Tx,
    user: UserId,
    shown: Option<&DataSource>,
    widget: &DashboardWidget,
) -> Result<(), Error> {
    if shown != Some(&widget.source) {
        check_source(tx, user, &widget.source).await?;
    }
    check_samples(&widget.source, widget.max_samples)
}

/// No more of a flow's node is kept than a ring has room for.
fn check_samples(source: &DataSource, max_samples: u32) -> Result<(), Error> {
    let of_node = matches!(source, DataSource::FlowNode { .. });
    if of_node && usize::try_from(max_samples).is_ok_and(|samples| samples > limit::LIVE_POINTS) {
        let message = "must be at most 2000 where the source is a flow's node";
        return Err(Error::Invalid { field: "max_samples", message });
    }
    Ok(())
}

async fn check_source(tx: &mut Tx, user: UserId, source: &DataSource) -> Result<(), Error> {
    match source {
        DataSource::FlowNode { flow_id, .. } => flow::check_readable(tx, user, *flow_id).await,
        DataSource::DeviceSensor { device_id, .. } => {
            let row = tx.first(
                "SELECT d.id FROM devices d JOIN organization_members m ON m.organization_id = d.organization_id
                 WHERE m.user_id = $1 AND d.id = $2",
                vec![user.into(), (*device_id).into()],
            );
            row.await?.map(drop).ok_or(Error::Missing { field: "device_id" })
        }
        DataSource::Static { .. } => Ok(()),
    }
}

/// The fields that differ between two states of a widget.
fn changed(before: &DashboardWidget, after: &DashboardWidget) -> Vec<&'static str> {
    audit::changed(&[
        ("widget_id", before.widget_id != after.widget_id),
        ("title", before.title != after.title),
        ("widget_type", before.widget_type != after.widget_type),
        ("widget_config", before.widget_config != after.widget_config),
        ("grid_position", before.grid_position != after.grid_position),
        ("source", before.source != after.source),
        ("aggregation", before.aggregation != after.aggregation),
        ("refresh_interval", before.refresh_interval != after.refresh_interval),
        ("max_samples", before.max_samples != after.max_samples),
    ])
}

async fn insert(tx: &mut Tx, w: &DashboardWidget) -> Result<(), Error> {
    let mut params: Vec<Value> = vec![w.id.into(), w.dashboard_template_uuid.into()];
    params.extend(columns(w));
    params.push(w.created_at.into());
    tx.execute(
        "INSERT INTO dashboard_widgets (id, dashboard_template_uuid, widget_id, title, widget_type, widget_config,
            grid_position, data_source_type, flow_id, node_id, output_field, device_id, sensor_type, static_value,
            aggregation, refresh_interval, max_samples, created_at, updated_at, kept_since)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18, $18)",
        params,
    )
    .await
    .map(drop)
}

async fn update(tx: &mut Tx, w: &DashboardWidget) -> Result<(), Error> {
    let mut params = columns(w);
    params.extend([w.updated_at.into(), w.id.into()]);
    tx.execute(
        "UPDATE dashboard_widgets SET widget_id = $1, title = $2, widget_type = $3, widget_config = $4, grid_position = $5,
            data_source_type = $6, flow_id = $7, node_id = $8, output_field = $9, device_id = $10, sensor_type = $11,
            static_value = $12, aggregation = $13, refresh_interval = $14, max_samples = $15, updated_at = $16
         WHERE id = $17",
        params,
    )
    .await
    .map(drop)
}
