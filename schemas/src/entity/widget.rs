//! Widgets of a dashboard: what each one shows and where its data comes from.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::input::{self, Checked, Fields};
use super::shape;
use crate::id::{DashboardId, DeviceId, FlowId, WidgetId};
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
    /// Milliseconds between refreshes of what is not live.
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
    #[schema(required = false, minimum = 1000, maximum = 1000)]
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
            aggregation: f.optional("aggregation", aggregation).unwrap_or_default(),
            refresh_interval: f.optional("refresh_interval", refresh_interval).unwrap_or(REFRESH_INTERVAL_MS),
            max_samples: f.optional("max_samples", number(1, limit::SAMPLES_PER_VARIABLE)).unwrap_or(50),
        })
    }
}

/// Milliseconds between refreshes, unless said otherwise.
const REFRESH_INTERVAL_MS: u32 = 1000;

/// Nothing computes the others yet: a widget that asks for one must not show something else without a word.
fn aggregation(value: Value) -> Checked<Aggregation> {
    match input::one_of(value)? {
        Aggregation::Last => Ok(Aggregation::Last),
        _ => input::wrong("other than `last` is not supported by this version"),
    }
}

/// Nothing refreshes by it yet: all that is shown is live.
fn refresh_interval(value: Value) -> Checked<u32> {
    match number(100, 86_400_000)(value)? {
        REFRESH_INTERVAL_MS => Ok(REFRESH_INTERVAL_MS),
        _ => input::wrong(format!("other than {REFRESH_INTERVAL_MS} is not supported by this version")),
    }
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
            for name in ["flow_id", "node_id", "output_field", "device_id", "sensor_type", "static_value"] {
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
    fn what_nothing_computes_yet_is_refused() {
        let body = json!({"widget_id": "w", "widget_type": "gauge", "data_source_type": "static"});
        let with = |aggregation: &str, refresh_interval: u32| {
            let mut body = body.clone();
            body["aggregation"] = aggregation.into();
            body["refresh_interval"] = refresh_interval.into();
            WidgetInput::read(body)
        };
        assert!(with("last", 1000).is_ok());
        let problems = with("avg", 5000).unwrap_err();
        let pointers: Vec<_> = problems.iter().map(|p| p.pointer.as_str()).collect();
        assert_eq!(pointers, ["/aggregation", "/refresh_interval"]);
        assert!(problems[0].message.contains("not supported by this version"), "{problems:?}");
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
