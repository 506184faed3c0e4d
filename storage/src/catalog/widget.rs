//! Widgets of dashboards, and whether their sources may be read.

use edgesync_schemas::entity::widget::{DashboardWidget, DataSource, WidgetInput};
use edgesync_schemas::id::{DashboardId, DeviceId, FlowId, UserId, WidgetId};
use edgesync_schemas::limit;

use super::db::Tx;
use super::error::Error;
use super::value::{Row, Value};
use super::{Catalog, dashboard, flow, new_id, now};

impl Catalog {
    /// Makes a widget. `user` must be allowed to change the dashboard and to read the widget's source.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Missing`] for the source, [`Error::Conflict`] if the dashboard
    /// has a widget with this `widget_id`, [`Error::LimitReached`].
    pub async fn create_widget(
        &self,
        user: UserId,
        dashboard: DashboardId,
        input: WidgetInput,
    ) -> Result<DashboardWidget, Error> {
        let at = now();
        let mut tx = self.db.begin().await?;
        dashboard::for_change(&mut tx, user, dashboard).await?;
        check_source(&mut tx, user, &input.source).await?;
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
        tx.commit().await?;
        Ok(widget)
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

    /// Whether `user` may read what this source shows.
    ///
    /// # Errors
    /// Of the database.
    pub async fn may_read_source(&self, user: UserId, source: &DataSource) -> Result<bool, Error> {
        let found = match source {
            DataSource::FlowNode { flow_id, .. } => self.readable_flow(user, *flow_id).await.map(drop),
            DataSource::DeviceSensor { device_id, .. } => {
                self.readable_device(user, *device_id).await.map(drop)
            }
            DataSource::Static { .. } => Ok(()),
        };
        match found {
            Ok(()) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes a widget from a dashboard that `user` may change.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn delete_widget(
        &self,
        user: UserId,
        dashboard: DashboardId,
        id: WidgetId,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        dashboard::for_change(&mut tx, user, dashboard).await?;
        let gone = tx.execute(
            "DELETE FROM dashboard_widgets WHERE id = $1 AND dashboard_template_uuid = $2",
            vec![id.into(), dashboard.into()],
        );
        if gone.await? == 0 {
            return Err(Error::not_found("widget"));
        }
        tx.commit().await
    }
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
    let none = Value::Null;
    let (kind, source) = match &w.source {
        DataSource::FlowNode { flow_id, node_id, output_field } => (
            "flow_node",
            [
                (*flow_id).into(),
                node_id.as_str().into(),
                output_field.as_str().into(),
                none.clone(),
                none.clone(),
                none,
            ],
        ),
        DataSource::DeviceSensor { device_id, sensor_type } => (
            "device_sensor",
            [
                none.clone(),
                none.clone(),
                none.clone(),
                (*device_id).into(),
                sensor_type.as_str().into(),
                none,
            ],
        ),
        DataSource::Static { static_value } => (
            "static",
            [none.clone(), none.clone(), none.clone(), none.clone(), none, Value::json(static_value)],
        ),
    };
    let mut params = vec![
        w.id.into(),
        w.dashboard_template_uuid.into(),
        w.widget_id.as_str().into(),
        w.title.as_str().into(),
        Value::name(&w.widget_type),
        Value::json(&w.widget_config),
        Value::json(&w.grid_position),
        kind.into(),
    ];
    params.extend(source);
    params.extend([
        Value::name(&w.aggregation),
        w.refresh_interval.into(),
        w.max_samples.into(),
        w.created_at.into(),
    ]);
    tx.execute(
        "INSERT INTO dashboard_widgets (id, dashboard_template_uuid, widget_id, title, widget_type, widget_config,
            grid_position, data_source_type, flow_id, node_id, output_field, device_id, sensor_type, static_value,
            aggregation, refresh_interval, max_samples, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18)",
        params,
    )
    .await
    .map(drop)
}

/// The columns after the id.
fn read(id: WidgetId, row: &mut Row) -> Result<DashboardWidget, Error> {
    Ok(DashboardWidget {
        id,
        dashboard_template_uuid: row.take()?,
        widget_id: row.take()?,
        title: row.take()?,
        widget_type: row.name()?,
        widget_config: row.json()?,
        grid_position: row.json()?,
        source: source(row)?,
        aggregation: row.name()?,
        refresh_interval: row.take()?,
        max_samples: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

/// data_source_type, flow_id, node_id, output_field, device_id, sensor_type, static_value
fn source(row: &mut Row) -> Result<DataSource, Error> {
    let corrupt = || Error::Corrupt { what: "widget's source" };
    let kind: String = row.take()?;
    let flow_id: Option<FlowId> = row.take()?;
    let (node_id, output_field): (Option<String>, Option<String>) = (row.take()?, row.take()?);
    let device_id: Option<DeviceId> = row.take()?;
    let sensor_type: Option<String> = row.take()?;
    let static_value = row.json_opt()?;
    Ok(match kind.as_str() {
        "flow_node" => DataSource::FlowNode {
            flow_id: flow_id.ok_or_else(corrupt)?,
            node_id: node_id.ok_or_else(corrupt)?,
            output_field: output_field.ok_or_else(corrupt)?,
        },
        "device_sensor" => DataSource::DeviceSensor {
            device_id: device_id.ok_or_else(corrupt)?,
            sensor_type: sensor_type.and_then(|name| name.parse().ok()).ok_or_else(corrupt)?,
        },
        "static" => DataSource::Static { static_value: static_value.unwrap_or_default() },
        _ => return Err(corrupt()),
    })
}
