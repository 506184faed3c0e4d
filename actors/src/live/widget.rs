//! What a dashboard names, as what can be followed.

use std::sync::Arc;

use edgesync_schemas::entity::widget::{Aggregation, DashboardWidget, DataSource};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::value::Value;
use edgesync_schemas::wire::live::Point;

use super::source::{Aggregated, Source};

/// What a widget shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// A source that changes, and how many points the widget keeps of it.
    Live(Source, usize),
    /// A value that stands in the widget; `None` if it is null.
    Fixed(Option<Point>),
}

/// What `widget` shows.
pub fn shown(widget: &DashboardWidget) -> Shown {
    let points = usize::try_from(widget.max_samples).unwrap_or(usize::MAX).min(limit::LIVE_POINTS);
    match &widget.source {
        DataSource::Static { static_value } => Shown::Fixed(fixed(static_value, widget.updated_at)),
        source => match source_of(source) {
            None => Shown::Fixed(None),
            Some(source) => Shown::Live(aggregated(widget, source), points),
        },
    }
}

/// What is kept of a flow's node for widgets while nobody watches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Keeps {
    /// The node.
    pub(super) source: Source,
    /// Milliseconds of the buckets of its values that are kept, whatever is shown of them; nothing if its values are.
    pub(super) interval_ms: Option<u32>,
}

/// What is kept of a flow's node for a widget, and how many of it.
pub(super) fn kept(widget: &DashboardWidget) -> Option<(Keeps, usize)> {
    let most = usize::try_from(widget.max_samples).unwrap_or(usize::MAX).min(limit::LIVE_POINTS);
    let is_node = matches!(widget.source, DataSource::FlowNode { .. });
    let source = source_of(&widget.source).filter(|_| is_node)?;
    Some((Keeps { source, interval_ms: interval_ms(widget) }, most))
}

/// Milliseconds of a widget's buckets, if it shows what values come to.
pub fn interval_ms(widget: &DashboardWidget) -> Option<u32> {
    (widget.aggregation != Aggregation::Last).then_some(widget.refresh_interval.max(1))
}

/// What a widget makes of its source.
fn aggregated(widget: &DashboardWidget, source: Source) -> Source {
    match interval_ms(widget) {
        None => source,
        Some(interval_ms) => {
            let aggregation = widget.aggregation;
            Source::Aggregate(Box::new(Aggregated { source, aggregation, interval_ms }))
        }
    }
}

/// Values a second that a widget shows if nobody says how many: one for each of its refresh intervals, within
/// [`limit::LIVE_HZ_MIN`] and [`limit::LIVE_HZ_DEFAULT`].
pub fn rate_hz(widget: &DashboardWidget) -> f64 {
    let interval_ms = f64::from(widget.refresh_interval.max(1));
    (1000.0 / interval_ms).clamp(limit::LIVE_HZ_MIN, limit::LIVE_HZ_DEFAULT)
}

/// The source, unless it is a fixed value.
pub fn source_of(source: &DataSource) -> Option<Source> {
    match source {
        DataSource::FlowNode { flow_id, node_id, output_field } => Some(Source::FlowNode {
            flow: *flow_id,
            node: Arc::from(node_id.as_str()),
            field: Arc::from(output_field.as_str()),
        }),
        DataSource::DeviceSensor { device_id, sensor_type } => {
            Some(Source::DeviceSensor { device: *device_id, sensor: sensor_type.clone() })
        }
        DataSource::Static { .. } => None,
    }
}

fn fixed(value: &serde_json::Value, ts: Timestamp) -> Option<Point> {
    // one that is too long for a reading is not shown live: the widget itself has it
    let (num, raw) = Value::from_json(&value.to_string()).ok()?.into_parts();
    Some(Point { ts, num, raw: raw.map(Into::into) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_value_is_one_point() {
        let ts = Timestamp::from_ms(5).unwrap();
        let point = |num, raw: Option<&str>| Some(Point { ts, num, raw: raw.map(Into::into) });
        assert_eq!(fixed(&serde_json::json!(7.5), ts), point(7.5, None));
        assert_eq!(fixed(&serde_json::json!("open"), ts), point(0.0, Some("\"open\"")));
        assert_eq!(fixed(&serde_json::Value::Null, ts), None);
    }
}
