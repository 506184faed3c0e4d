//! Widgets of a dashboard: what each one shows and where its data comes from.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::input::{self, Checked, Fields};
use super::shape;
use crate::id::{DashboardId, DeviceId, FlowId, VariableId, WidgetId};
use crate::limit;
use crate::sensor::{NotASensorName, SensorName};
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
    /// Milliseconds between refreshes of what is not live; what [`Self::aggregation`] goes over.
    pub refresh_interval: u32,
    /// Samples kept for it.
    pub max_samples: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// Body of a new widget.
#[derive(Debug, Clone, ToSchema)]
pub struct WidgetInput {
    /// Its id in the drawing.
    #[schema(value_type = shape::Tag)]
    pub widget_id: String,
    /// What stands above it.
    #[schema(value_type = shape::Title, required = false)]
    pub title: String,
    /// How it looks.
    pub widget_type: WidgetType,
    /// What the UI keeps about it.
    #[schema(value_type = shape::FreeForm, required = false)]
    pub widget_config: Map<String, Value>,
    /// Where it is.
    #[schema(required = false)]
    pub grid_position: GridPosition,
    /// Where its data comes from.
    #[serde(flatten)]
    pub source: DataSource,
    /// What becomes of several values.
    #[schema(required = false)]
    pub aggregation: Aggregation,
    /// Milliseconds between refreshes.
    #[schema(value_type = shape::RefreshInterval, required = false)]
    pub refresh_interval: u32,
    /// Samples kept for it.
    #[schema(value_type = shape::Samples, required = false)]
    pub max_samples: u32,
}

impl WidgetInput {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems, fields of another kind of source among them.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| Self {
            widget_id: f.required("widget_id", input::line(1, limit::TAG_CHARS)),
            title: f.optional("title", input::line(0, limit::NAME_CHARS)).unwrap_or_default(),
            widget_type: f.required("widget_type", input::one_of),
            widget_config: f.optional("widget_config", input::small_object).unwrap_or_default(),
            grid_position: f.optional("grid_position", grid_position).unwrap_or_default(),
            source: source(f),
            aggregation: f.optional("aggregation", input::one_of).unwrap_or_default(),
            refresh_interval: f.optional("refresh_interval", refresh_interval).unwrap_or(REFRESH_INTERVAL_MS),
            max_samples: f.optional("max_samples", number(1, limit::SAMPLES_PER_VARIABLE)).unwrap_or(50),
        })
    }
}

/// Milliseconds between refreshes, unless said otherwise.
const REFRESH_INTERVAL_MS: u32 = 1000;

/// Body of a change to a widget. What is absent stays; a source is changed whole, with its `data_source_type`.
#[derive(Debug, Clone, Default, ToSchema)]
pub struct WidgetPatch {
    /// Another id in the drawing.
    #[schema(value_type = shape::Tag, required = false)]
    pub widget_id: Option<String>,
    /// What stands above it.
    #[schema(value_type = shape::Title, required = false)]
    pub title: Option<String>,
    /// How it looks.
    #[schema(value_type = WidgetType, required = false)]
    pub widget_type: Option<WidgetType>,
    /// What the UI keeps about it.
    #[schema(value_type = shape::FreeForm, required = false)]
    pub widget_config: Option<Map<String, Value>>,
    /// Where it is.
    #[schema(value_type = GridPosition, required = false)]
    pub grid_position: Option<GridPosition>,
    /// Where its data comes from.
    #[serde(flatten)]
    #[schema(value_type = shape::SourceChange)]
    pub source: Option<DataSource>,
    /// What becomes of several values.
    #[schema(value_type = Aggregation, required = false)]
    pub aggregation: Option<Aggregation>,
    /// Milliseconds between refreshes.
    #[schema(value_type = shape::RefreshInterval, required = false)]
    pub refresh_interval: Option<u32>,
    /// Samples kept for it.
    #[schema(value_type = shape::Samples, required = false)]
    pub max_samples: Option<u32>,
}

impl WidgetPatch {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems, fields of a source without its kind among them.
    pub fn read(body: Value) -> Checked<Self> {
        let changes_source = SOURCE_FIELDS.iter().any(|name| body.get(name).is_some());
        input::read(body, |f| Self {
            widget_id: f.optional("widget_id", input::line(1, limit::TAG_CHARS)),
            title: f.optional("title", input::line(0, limit::NAME_CHARS)),
            widget_type: f.optional("widget_type", input::one_of),
            widget_config: f.optional("widget_config", input::small_object),
            grid_position: f.optional("grid_position", grid_position),
            source: changes_source.then(|| source(f)),
            aggregation: f.optional("aggregation", input::one_of),
            refresh_interval: f.optional("refresh_interval", refresh_interval),
            max_samples: f.optional("max_samples", number(1, limit::SAMPLES_PER_VARIABLE)),
        })
    }
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

/// The fields that a source is made of.
const SOURCE_FIELDS: [&str; 7] =
    ["data_source_type", "flow_id", "node_id", "output_field", "device_id", "sensor_type", "static_value"];

fn refresh_interval(value: Value) -> Checked<u32> {
    number(100, limit::REFRESH_INTERVAL_MS)(value)
}

fn source(f: &mut Fields) -> DataSource {
    let kind = f.required("data_source_type", |value| match value.as_str() {
        Some(kind @ ("flow_node" | "device_sensor" | "static")) => Ok(kind.to_owned()),
        _ => input::wrong("must be one of `flow_node`, `device_sensor`, `static`"),
    });
    match kind.as_str() {
        "flow_node" => {
            let output = f.optional("output_field", input::line(1, limit::TAG_CHARS));
            DataSource::FlowNode {
                flow_id: f.required_id("flow_id"),
                node_id: f.required("node_id", input::line(1, limit::NAME_CHARS)),
                output_field: output.unwrap_or_else(|| "output".to_owned()),
            }
        }
        "device_sensor" => {
            let device_id = f.required_id("device_id");
            match f.required("sensor_type", |value| sensor(value).map(Some)) {
                Some(sensor_type) => DataSource::DeviceSensor { device_id, sensor_type },
                None => DataSource::default(),
            }
        }
        "static" => {
            DataSource::Static { static_value: f.optional("static_value", input::small).unwrap_or_default() }
        }
        _ => {
            // Which of these belong cannot be said before the kind is: they are not reported as unknown.
            for name in SOURCE_FIELDS {
                f.optional(name, Ok);
            }
            DataSource::default()
        }
    }
}

fn sensor(value: Value) -> Checked<SensorName> {
    match value.as_str().and_then(|text| text.parse().ok()) {
        Some(sensor) => Ok(sensor),
        None => input::wrong(NotASensorName.to_string()),
    }
}

fn grid_position(value: Value) -> Checked<GridPosition> {
    input::read(value, |f| {
        let default = GridPosition::default();
        GridPosition {
            x: f.optional("x", number(0, 1000)).unwrap_or(default.x),
            y: f.optional("y", number(0, 100_000)).unwrap_or(default.y),
            w: f.optional("w", number(1, 1000)).unwrap_or(default.w),
            h: f.optional("h", number(1, 1000)).unwrap_or(default.h),
            min_w: f.nullable("minW", number(1, 1000)).flatten(),
            min_h: f.nullable("minH", number(1, 1000)).flatten(),
        }
    })
}

fn number(min: u32, max: u32) -> impl Fn(Value) -> Checked<u32> {
    move |value| {
        let number = input::integer(i64::from(min), i64::from(max))(value)?;
        u32::try_from(number).or_else(|_| input::wrong("is too large"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_widget_takes_the_fields_of_its_kind_of_source_only() {
        let device = "01890000-0000-7000-8000-000000000001";
        let good = json!({"widget_id": "w", "widget_type": "gauge", "data_source_type": "device_sensor",
            "device_id": device, "sensor_type": "temperature"});
        let widget = WidgetInput::read(good.clone()).unwrap();
        assert!(matches!(widget.source, DataSource::DeviceSensor { .. }));
        let mut mixed = good;
        mixed["flow_id"] = device.into();
        mixed["sensor_type"] = "no such name!".into();
        let problems = WidgetInput::read(mixed).unwrap_err();
        let pointers: Vec<_> = problems.iter().map(|p| p.pointer.as_str()).collect();
        assert_eq!(pointers, ["/sensor_type", "/flow_id"]);
    }

    #[test]
    fn a_widget_of_an_unknown_kind_says_which_kinds_there_are() {
        let body = json!({"widget_id": "w", "widget_type": "dial", "data_source_type": "sql", "flow_id": 7,
            "grid_position": {"x": -1, "z": 0}});
        let problems = WidgetInput::read(body).unwrap_err();
        let pointers: Vec<_> = problems.iter().map(|p| p.pointer.as_str()).collect();
        assert_eq!(pointers, ["/widget_type", "/grid_position/x", "/grid_position/z", "/data_source_type"]);
        assert!(problems[0].message.contains("gauge"), "{problems:?}");
    }

    #[test]
    fn a_change_takes_a_source_whole_or_not_at_all() {
        let patch = WidgetPatch::read(json!({"title": "t", "aggregation": "avg"})).unwrap();
        assert_eq!((patch.source, patch.aggregation), (None, Some(Aggregation::Avg)));
        let whole = json!({"data_source_type": "static", "static_value": 7});
        let patch = WidgetPatch::read(whole).unwrap();
        assert_eq!(patch.source, Some(DataSource::Static { static_value: json!(7) }));
        let problems = WidgetPatch::read(json!({"sensor_type": "temperature"})).unwrap_err();
        let pointers: Vec<_> = problems.iter().map(|p| p.pointer.as_str()).collect();
        assert_eq!(pointers, ["/data_source_type"]);
    }

    #[test]
    fn a_source_stands_beside_the_widgets_fields() {
        let source = DataSource::Static { static_value: json!(7) };
        assert_eq!(
            serde_json::to_value(source).unwrap(),
            json!({"data_source_type": "static", "static_value": 7})
        );
    }
}
