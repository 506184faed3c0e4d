//! Widgets of dashboards, and whether their sources may be read. How they are written is in `widget_edit.rs`, what they keep of
//! sensors in `tracked.rs`, what of flows' nodes in `widget_sample.rs`, what their rows are in `widget_row.rs`.

use edgesync_schemas::entity::widget::{DashboardWidget, DataSource, WidgetInput, WidgetPatch};
use edgesync_schemas::id::{DashboardId, UserId, WidgetId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;

use super::db::Tx;
use super::error::Error;
use super::value::{Row, Value};
use super::widget_edit::{self, Edit};
use super::widget_row::read;
use super::{Catalog, dashboard, flow, new_id, now};

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
        let widget = new(dashboard, input, at);
        widget_edit::check(&mut tx, user, None, &widget).await?;
        let made = tx.first(
            "SELECT count(*) FROM dashboard_widgets WHERE dashboard_template_uuid = $1",
            vec![dashboard.into()],
        );
        let limit = u32::try_from(limit::WIDGETS_PER_DASHBOARD).unwrap_or(u32::MAX);
        if made.await?.map_or(Ok(0), |mut row| row.take::<u32>())? >= limit {
            return Err(Error::LimitReached { code: "widget_limit_reached", limit });
        }
        let mut edit = Edit::by(user, organization);
        edit.make(&mut tx, &widget).await?;
        self.commit_edit(tx, edit).await?;
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
        widget.source = patch.source.unwrap_or(widget.source);
        widget.widget_id = patch.widget_id.unwrap_or(widget.widget_id);
        widget.title = patch.title.unwrap_or(widget.title);
        widget.widget_type = patch.widget_type.unwrap_or(widget.widget_type);
        widget.widget_config = patch.widget_config.unwrap_or(widget.widget_config);
        widget.grid_position = patch.grid_position.unwrap_or(widget.grid_position);
        widget.aggregation = patch.aggregation.unwrap_or(widget.aggregation);
        widget.refresh_interval = patch.refresh_interval.unwrap_or(widget.refresh_interval);
        widget.max_samples = patch.max_samples.unwrap_or(widget.max_samples);
        widget_edit::check(&mut tx, user, Some(&before.source), &widget).await?;
        let mut edit = Edit::by(user, organization);
        if !edit.change(&mut tx, &before, &mut widget).await? {
            // Nothing is committed, so the dashboard stays at its version.
            return Ok((widget, version - 1));
        }
        self.commit_edit(tx, edit).await?;
        Ok((widget, version))
    }

    /// The widgets of a dashboard that `user` may read, in the order of their making. There are at most
    /// [`limit::WIDGETS_PER_DASHBOARD`].
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn widgets(&self, user: UserId, dashboard: DashboardId) -> Result<Vec<DashboardWidget>, Error> {
        // One row with no widget for a dashboard without any, so that it differs from one that is not there.
        let rows = self.db.query(OF_DASHBOARD, vec![user.into(), dashboard.into()]).await?;
        if rows.is_empty() {
            return Err(Error::not_found("dashboard"));
        }
        of_dashboard(rows)
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
        let mut edit = Edit::by(user, organization);
        edit.remove(&mut tx, &widget).await?;
        self.commit_edit(tx, edit).await?;
        Ok(version)
    }
}

/// A widget that is to be made.
pub(super) fn new(dashboard: DashboardId, input: WidgetInput, at: Timestamp) -> DashboardWidget {
    DashboardWidget {
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
    }
}

/// The widgets of a dashboard that `user` may read, within a transaction. Of none that is not there.
pub(super) async fn all(
    tx: &mut Tx,
    user: UserId,
    dashboard: DashboardId,
) -> Result<Vec<DashboardWidget>, Error> {
    of_dashboard(tx.query(OF_DASHBOARD, vec![user.into(), dashboard.into()]).await?)
}

const OF_DASHBOARD: &str =
    "SELECT t.id, w.id, w.dashboard_template_uuid, w.widget_id, w.title, w.widget_type, w.widget_config,
        w.grid_position, w.data_source_type, w.flow_id, w.node_id, w.output_field, w.device_id, w.sensor_type,
        w.static_value, w.aggregation, w.refresh_interval, w.max_samples, w.created_at, w.updated_at
    FROM dashboard_templates t JOIN organization_members m ON m.organization_id = t.organization_id
    LEFT JOIN dashboard_widgets w ON w.dashboard_template_uuid = t.id
    WHERE m.user_id = $1 AND t.id = $2 ORDER BY w.id";

fn of_dashboard(rows: Vec<Row>) -> Result<Vec<DashboardWidget>, Error> {
    let mut widgets = Vec::with_capacity(rows.len());
    for mut row in rows {
        row.take::<DashboardId>()?;
        if let Some(id) = row.take::<Option<WidgetId>>()? {
            widgets.push(read(id, &mut row)?);
        }
    }
    Ok(widgets)
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
