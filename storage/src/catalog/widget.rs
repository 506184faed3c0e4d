//! Widgets of dashboards, and whether their sources may be read. What they keep of sensors is in `tracked.rs`, what of flows'
//! nodes in `widget_sample.rs`, how their rows are read and written in `widget_row.rs`.

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::widget::{DashboardWidget, DataSource, WidgetInput, WidgetPatch};
use edgesync_schemas::id::{DashboardId, UserId, WidgetId};
use edgesync_schemas::limit;
use serde_json::json;

use super::changes::Change;
use super::db::Tx;
use super::error::Error;
use super::value::Value;
use super::widget_news::Which;
use super::widget_row::{columns, read};
use super::{Catalog, audit, dashboard, flow, new_id, now, tracked, widget_sample};

impl Catalog {
    /// Makes a widget, on a dashboard that is still at one of `expected` (any version if `None`). `user` must be allowed to change the dashboard
    /// and to read the widget's source. Answers the version that the dashboard is at now, too.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`], [`Error::Missing`] for the source, [`Error::Conflict`] if the dashboard
    /// has a widget with this `widget_id`, [`Error::LimitReached`].
    pub async fn create_widget(
        &self,
        user: UserId,
        dashboard: DashboardId,
        expected: Option<&[u32]>,
        input: WidgetInput,
    ) -> Result<(DashboardWidget, u32), Error> {
        let at = now();
        let mut tx = self.db.begin().await?;
        let (organization, version) = dashboard::next(&mut tx, user, dashboard, expected).await?;
        check_source(&mut tx, user, &input.source).await?;
        check_samples(&input.source, input.max_samples)?;
        let made = tx.first(
            "SELECT count(*) FROM dashboard_widgets WHERE dashboard_template_uuid = $1",
            vec![dashboard.into()],
        );
        let limit = u32::try_from(limit::WIDGETS_PER_DASHBOARD).unwrap_or(u32::MAX);
        if made.await?.map_or(Ok(0), |mut row| row.take::<u32>())? >= limit {
            return Err(Error::LimitReached { code: "widget_limit_reached", limit });
        }
        let widget = DashboardWidget {
            id: new_id(),
            dashboard_template_uuid: dashboard,
            widget_id: input.widget_id,
            title: input.title,
            widget_type: input.widget_type,
            widget_config: input.widget_config,
            grid_position: input.grid_position,
            source: input.source,
            aggregation: input.aggregation,
            refresh_interval: input.refresh_interval,
            max_samples: input.max_samples,
            created_at: at,
            updated_at: at,
        };
        insert(&mut tx, &widget).await?;
        tracked::follow(&mut tx, &widget).await?;
        let details = json!({"widget_id": widget.widget_id, "dashboard_id": dashboard});
        audit::note(&mut tx, user, organization, AuditAction::WidgetCreated, widget.id, details).await?;
        self.commit_widgets(tx, None, Which::One(widget.id)).await?;
        Ok((widget, version))
    }

    /// Changes a widget, named as in [`Catalog::dashboard_widget`], of a dashboard as in [`Catalog::create_widget`]. `user` must be allowed
    /// to change the dashboard, and to read a new source. A change of nothing is none.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`], [`Error::Missing`] for the source, [`Error::Conflict`] if the dashboard
    /// has another widget with this `widget_id`.
    pub async fn update_widget(
        &self,
        user: UserId,
        dashboard: DashboardId,
        name: &str,
        expected: Option<&[u32]>,
        patch: WidgetPatch,
    ) -> Result<(DashboardWidget, u32), Error> {
        let mut tx = self.db.begin().await?;
        let (organization, version) = dashboard::next(&mut tx, user, dashboard, expected).await?;
        let mut widget = named(&mut tx, user, dashboard, name).await?;
        let before = widget.clone();
        if let Some(source) = patch.source
            && source != widget.source
        {
            check_source(&mut tx, user, &source).await?;
            widget.source = source;
        }
        widget.widget_id = patch.widget_id.unwrap_or(widget.widget_id);
        widget.title = patch.title.unwrap_or(widget.title);
        widget.widget_type = patch.widget_type.unwrap_or(widget.widget_type);
        widget.widget_config = patch.widget_config.unwrap_or(widget.widget_config);
        widget.grid_position = patch.grid_position.unwrap_or(widget.grid_position);
        widget.aggregation = patch.aggregation.unwrap_or(widget.aggregation);
        widget.refresh_interval = patch.refresh_interval.unwrap_or(widget.refresh_interval);
        widget.max_samples = patch.max_samples.unwrap_or(widget.max_samples);
        check_samples(&widget.source, widget.max_samples)?;
        let changed = changed(&before, &widget);
        if changed.is_empty() {
            // Nothing is committed, so the dashboard stays at its version.
            return Ok((widget, version - 1));
        }
        widget.updated_at = now();
        let mut params = columns(&widget);
        params.extend([widget.updated_at.into(), widget.id.into()]);
        tx.execute(
            "UPDATE dashboard_widgets SET widget_id = $1, title = $2, widget_type = $3, widget_config = $4, grid_position = $5,
                data_source_type = $6, flow_id = $7, node_id = $8, output_field = $9, device_id = $10, sensor_type = $11,
                static_value = $12, aggregation = $13, refresh_interval = $14, max_samples = $15, updated_at = $16
             WHERE id = $17",
            params,
        )
        .await?;
        tracked::follow(&mut tx, &widget).await?;
        widget_sample::change(&mut tx, &before, &widget).await?;
        let details = json!({"widget_id": widget.widget_id, "dashboard_id": dashboard, "changed": changed});
        audit::note(&mut tx, user, organization, AuditAction::WidgetUpdated, widget.id, details).await?;
        // How it is drawn and where is nothing that is shown: a widget that is dragged about is saved many times a second.
        let shows_other = ["source", "aggregation", "refresh_interval", "max_samples"];
        let told = changed.iter().any(|field| shows_other.contains(field));
        let is_other = widget_sample::is_other(&before, &widget);
        let which = if is_other { Which::One(widget.id) } else { Which::None };
        self.commit_widgets(tx, told.then_some(Change::Organization(organization)), which).await?;
        Ok((widget, version))
    }

    /// The widgets of a dashboard that `user` may read, in the order of their making. There are at most
    /// [`limit::WIDGETS_PER_DASHBOARD`].
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn widgets(&self, user: UserId, dashboard: DashboardId) -> Result<Vec<DashboardWidget>, Error> {
        // One row with no widget for a dashboard without any, so that it differs from one that is not there.
        let rows = self.db.query(
            "SELECT t.id, w.id, w.dashboard_template_uuid, w.widget_id, w.title, w.widget_type, w.widget_config,
                w.grid_position, w.data_source_type, w.flow_id, w.node_id, w.output_field, w.device_id, w.sensor_type,
                w.static_value, w.aggregation, w.refresh_interval, w.max_samples, w.created_at, w.updated_at
             FROM dashboard_templates t JOIN organization_members m ON m.organization_id = t.organization_id
             LEFT JOIN dashboard_widgets w ON w.dashboard_template_uuid = t.id
             WHERE m.user_id = $1 AND t.id = $2 ORDER BY w.id",
            vec![user.into(), dashboard.into()],
        );
        let rows = rows.await?;
        if rows.is_empty() {
            return Err(Error::not_found("dashboard"));
        }
        let mut widgets = Vec::with_capacity(rows.len());
        for mut row in rows {
            row.take::<DashboardId>()?;
            if let Some(id) = row.take::<Option<WidgetId>>()? {
                widgets.push(read(id, &mut row)?);
            }
        }
        Ok(widgets)
    }

    /// The widget, whoever asks: for the platform itself. Answers to users come from [`Catalog::readable_widget`].
    ///
    /// # Errors
    /// Of the database.
    pub async fn widget(&self, id: WidgetId) -> Result<Option<DashboardWidget>, Error> {
        let row = self.db.first(
            "SELECT w.id, w.dashboard_template_uuid, w.widget_id, w.title, w.widget_type, w.widget_config,
                w.grid_position, w.data_source_type, w.flow_id, w.node_id, w.output_field, w.device_id, w.sensor_type,
                w.static_value, w.aggregation, w.refresh_interval, w.max_samples, w.created_at, w.updated_at
             FROM dashboard_widgets w WHERE w.id = $1",
            vec![id.into()],
        );
        row.await?.map(|mut row| read(row.take()?, &mut row)).transpose()
    }

    /// The widget, if `user` is a member of its dashboard's organization. Whether its source may be read as well is asked
    /// at each subscription: [`Catalog::may_read_source`].
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn readable_widget(&self, user: UserId, id: WidgetId) -> Result<DashboardWidget, Error> {
        let row = self.db.first(
            "SELECT w.id, w.dashboard_template_uuid, w.widget_id, w.title, w.widget_type, w.widget_config,
                w.grid_position, w.data_source_type, w.flow_id, w.node_id, w.output_field, w.device_id, w.sensor_type,
                w.static_value, w.aggregation, w.refresh_interval, w.max_samples, w.created_at, w.updated_at
             FROM dashboard_widgets w JOIN dashboard_templates t ON t.id = w.dashboard_template_uuid
             JOIN organization_members m ON m.organization_id = t.organization_id
             WHERE m.user_id = $1 AND w.id = $2",
            vec![user.into(), id.into()],
        );
        let mut row = row.await?.ok_or(Error::not_found("widget"))?;
        read(row.take()?, &mut row)
    }

    /// The widget of a dashboard that `user` may read, by its `id` or else by its `widget_id`.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn dashboard_widget(
        &self,
        user: UserId,
        dashboard: DashboardId,
        name: &str,
    ) -> Result<DashboardWidget, Error> {
        let row = self.db.first(NAMED, by_name(user, dashboard, name)?).await?;
        let mut row = row.ok_or(Error::not_found("widget"))?;
        read(row.take()?, &mut row)
    }

    /// Whether `user` may read what this source shows.
    ///
    /// # Errors
    /// Of the database.
    pub async fn may_read_source(&self, user: UserId, source: &DataSource) -> Result<bool, Error> {
        match source {
            // Asked at each subscription: whether, not what. A diagram may have a MiB.
            DataSource::FlowNode { flow_id, .. } => {
                Ok(self.db.first(flow::MAY_READ, flow::asking(user, *flow_id)).await?.is_some())
            }
            DataSource::DeviceSensor { device_id, .. } => self.may_read_device(user, *device_id).await,
            DataSource::Static { .. } => Ok(true),
        }
    }

    /// Removes a widget, named as in [`Catalog::dashboard_widget`], from a dashboard that `user` may change, as in
    /// [`Catalog::create_widget`]. Answers the version that the dashboard is at now.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`].
    pub async fn delete_widget(
        &self,
        user: UserId,
        dashboard: DashboardId,
        name: &str,
        expected: Option<&[u32]>,
    ) -> Result<u32, Error> {
        let mut tx = self.db.begin().await?;
        let (organization, version) = dashboard::next(&mut tx, user, dashboard, expected).await?;
        let widget = named(&mut tx, user, dashboard, name).await?;
        tx.execute("DELETE FROM dashboard_widgets WHERE id = $1", vec![widget.id.into()]).await?;
        let details = json!({"widget_id": widget.widget_id, "dashboard_id": dashboard});
        audit::note(&mut tx, user, organization, AuditAction::WidgetDeleted, widget.id, details).await?;
        self.commit_widgets(tx, [Change::Organization(organization)], Which::One(widget.id)).await?;
        Ok(version)
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

/// An id goes first: it means one widget of the installation, whatever the others call themselves.
const NAMED: &str =
    "SELECT w.id, w.dashboard_template_uuid, w.widget_id, w.title, w.widget_type, w.widget_config,
        w.grid_position, w.data_source_type, w.flow_id, w.node_id, w.output_field, w.device_id, w.sensor_type,
        w.static_value, w.aggregation, w.refresh_interval, w.max_samples, w.created_at, w.updated_at
    FROM dashboard_widgets w JOIN dashboard_templates t ON t.id = w.dashboard_template_uuid
    JOIN organization_members m ON m.organization_id = t.organization_id
    WHERE m.user_id = $1 AND t.id = $2 AND (w.id = $3 OR w.widget_id = $4)
    ORDER BY CASE WHEN w.id = $3 THEN 0 ELSE 1 END LIMIT 1";

fn by_name(user: UserId, dashboard: DashboardId, name: &str) -> Result<Vec<Value>, Error> {
    // No widget is called so, and PostgreSQL does not take it for text.
    if name.contains('\0') {
        return Err(Error::not_found("widget"));
    }
    Ok(vec![user.into(), dashboard.into(), name.parse::<WidgetId>().ok().into(), name.into()])
}

async fn named(
    tx: &mut Tx,
    user: UserId,
    dashboard: DashboardId,
    name: &str,
) -> Result<DashboardWidget, Error> {
    let row = tx.first(NAMED, by_name(user, dashboard, name)?).await?;
    let mut row = row.ok_or(Error::not_found("widget"))?;
    read(row.take()?, &mut row)
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
