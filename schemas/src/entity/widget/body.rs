//! Bodies of new and changed widgets, read whole: every problem at once.

use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Aggregation, DataSource, GridPosition, WidgetType};
use crate::entity::input::{self, Checked, Fields};
use crate::entity::shape;
use crate::limit;
use crate::sensor::{NotASensorName, SensorName};

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
        input::read(body, Self::take)
    }

    pub(in crate::entity) fn take(f: &mut Fields) -> Self {
        Self {
            widget_id: f.required("widget_id", input::line(1, limit::TAG_CHARS)),
            title: f.optional("title", input::line(0, limit::NAME_CHARS)).unwrap_or_default(),
            widget_type: f.required("widget_type", input::one_of),
            widget_config: f.optional("widget_config", input::small_object).unwrap_or_default(),
            grid_position: f.optional("grid_position", grid_position).unwrap_or_default(),
            source: source(f),
            aggregation: f.optional("aggregation", input::one_of).unwrap_or_default(),
            refresh_interval: f.optional("refresh_interval", refresh_interval).unwrap_or(REFRESH_INTERVAL_MS),
            max_samples: f.optional("max_samples", number(1, limit::SAMPLES_PER_VARIABLE)).unwrap_or(50),
        }
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
