//! Widgets of a dashboard: what each one shows and where its data comes from.

mod body;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub use body::{WidgetInput, WidgetPatch};

use super::shape;
use crate::id::{DashboardId, DeviceId, FlowId, VariableId, WidgetId};
use crate::sensor::SensorName;
use crate::time::Timestamp;

/// How a widget looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum WidgetType {
    #[default]
    TimeSeries,
    BarChart,
    Gauge,
    StatPanel,
    PieChart,
    Table,
    Histogram,
    XyChart,
    TrendChart,
    Status,
    Switch,
    Button,
    Slider,
    Text,
}

/// What becomes of several values where one is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Aggregation {
    #[default]
    Last,
    Avg,
    Sum,
    Count,
    Min,
    Max,
}

/// Where a widget is, in cells of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GridPosition {
    /// Column.
    #[schema(required = false, minimum = 0, maximum = 1000)]
    pub x: u32,
    /// Row.
    #[schema(required = false, minimum = 0, maximum = 100000)]
    pub y: u32,
    /// Columns wide.
    #[schema(required = false, minimum = 1, maximum = 1000)]
    pub w: u32,
    /// Rows high.
    #[schema(required = false, minimum = 1, maximum = 1000)]
    pub h: u32,
    /// Columns wide at least.
    #[schema(minimum = 1, maximum = 1000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_w: Option<u32>,
    /// Rows high at least.
    #[schema(minimum = 1, maximum = 1000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_h: Option<u32>,
}

impl Default for GridPosition {
    fn default() -> Self {
        Self { x: 0, y: 0, w: 4, h: 3, min_w: None, min_h: None }
    }
}

/// Where a widget's data comes from. In JSON its fields stand beside the widget's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "data_source_type", rename_all = "snake_case")]
pub enum DataSource {
    /// What a node of a flow puts out.
    FlowNode {
        /// The flow.
        flow_id: FlowId,
        /// The node's id in the diagram.
        #[schema(value_type = shape::Name)]
        node_id: String,
        /// Which field of its records; `output` if absent.
        #[schema(required = false)]
        output_field: String,
    },
    /// What a sensor of a device measures.
    DeviceSensor {
        /// The device.
        device_id: DeviceId,
        /// The sensor's name.
        sensor_type: SensorName,
    },
    /// A value that stands in the widget.
    Static {
        /// The value; null if absent.
        #[schema(required = false)]
        static_value: Value,
    },
}

impl Default for DataSource {
    fn default() -> Self {
        Self::Static { static_value: Value::Null }
    }
}

/// A widget of a dashboard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DashboardWidget {
    /// Its id: what the live socket names it by.
    pub id: WidgetId,
    /// The dashboard that it is on.
    pub dashboard_template_uuid: DashboardId,
    /// Its id in the drawing; unique within the dashboard.
    pub widget_id: String,
    /// What stands above it.
    pub title: String,
    /// How it looks.
    pub widget_type: WidgetType,
    /// What the UI keeps about it.
    #[schema(value_type = Object)]
    pub widget_config: Map<String, Value>,
    /// Where it is.
    pub grid_position: GridPosition,
    /// Where its data comes from.
    #[serde(flatten)]
    pub source: DataSource,
    /// What becomes of several values.
    pub aggregation: Aggregation,
    /// Milliseconds between refreshes, and of a bucket: what [`Self::aggregation`] goes over.
    pub refresh_interval: u32,
    /// Samples kept for it.
    pub max_samples: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What a widget keeps of a device's sensor: made with a widget that has such a source, changed and removed with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrackedVariable {
    /// Its id.
    pub id: VariableId,
    /// The device.
    pub device_id: DeviceId,
    /// The sensor's name.
    pub sensor_type: SensorName,
    /// The `id` of the widget.
    pub widget_id: WidgetId,
    /// The dashboard that the widget is on.
    pub dashboard_uuid: DashboardId,
    /// Samples kept.
    pub max_samples: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests;
