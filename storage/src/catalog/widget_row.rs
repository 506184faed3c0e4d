//! Widgets as they are in the catalog's rows, one column for each part of a source.

use edgesync_schemas::entity::widget::{DashboardWidget, DataSource};
use edgesync_schemas::id::{DeviceId, FlowId, WidgetId};

use super::error::Error;
use super::value::{Row, Value};

/// widget_id, title, widget_type, widget_config, grid_position, data_source_type, flow_id, node_id, output_field, device_id,
/// sensor_type, static_value, aggregation, refresh_interval, max_samples
pub(super) fn columns(w: &DashboardWidget) -> Vec<Value> {
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
    let mut columns = vec![
        w.widget_id.as_str().into(),
        w.title.as_str().into(),
        Value::name(&w.widget_type),
        Value::json(&w.widget_config),
        Value::json(&w.grid_position),
        kind.into(),
    ];
    columns.extend(source);
    columns.extend([Value::name(&w.aggregation), w.refresh_interval.into(), w.max_samples.into()]);
    columns
}

/// The columns after the id.
pub(super) fn read(id: WidgetId, row: &mut Row) -> Result<DashboardWidget, Error> {
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
pub(super) fn source(row: &mut Row) -> Result<DataSource, Error> {
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
