//! What a widget shows, asked for once: its samples, and the newest of them with what those of its refresh interval come to.
//!
//! Of a device's sensor both are read from the reading log: they are what is stored, whoever watches. Of a flow's node they are what the
//! server keeps of it for its widgets, and stores; one for which there is no room is kept only while somebody watches it, and a quarter of a minute
//! more. The answers say so, and whether that is all of the interval. If such a widget has an aggregation, its samples are buckets of the node's values, and
//! the interval is the bucket of now. A static value is one sample.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use edgesync_actors::live::widget::Shown;
use edgesync_actors::live::{Request, widget};
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::widget::{Aggregation, DashboardWidget, DataSource, TrackedVariable};
use edgesync_schemas::id::{DashboardId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;
use edgesync_schemas::wire::live::{Point, SubId};
use edgesync_storage::history::calendar::Edges;
use edgesync_storage::history::columns::{Agg, Field, Fill};
use edgesync_storage::history::{Asked, BucketQuery};
use edgesync_storage::log::{Order, RangeQuery, StoredReading};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::now;
use super::reader::Reader;
use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::Path;
use crate::state::AppState;
use crate::tenant;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(samples)).routes(routes!(data)).routes(routes!(variables))
}

/// A value that a widget shows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WidgetSample)]
pub(super) struct Sample {
    /// Event time; of a bucket, where it begins.
    timestamp: Timestamp,
    /// The number; 0 where the value is text or an object. Of a bucket, what its values come to.
    value: f64,
    /// As the device wrote it.
    #[schema(required = true)]
    unit: Option<Unit>,
    /// The original, where it is no number; null of a bucket that has no numbers.
    #[schema(value_type = Value, required = true)]
    raw_data: Option<Box<RawValue>>,
}

/// A widget's newest samples.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WidgetSamples)]
pub(super) struct Samples {
    /// Oldest first; at most its `max_samples`.
    items: Vec<Sample>,
    /// Null: these are all.
    #[schema(required = true)]
    next: Option<String>,
    /// Whether they are kept while nobody watches, and over a restart. Of a flow's node they are not if too much is kept already, for the server or the
    /// organization, or not yet if the widget was made or changed a moment ago.
    kept: bool,
}

/// What a widget shows now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WidgetData)]
pub(super) struct Data {
    /// The newest value; null if there is none.
    #[schema(required = true)]
    latest: Option<Sample>,
    /// What becomes of the values from `from` on and before `to`.
    aggregation: Aggregation,
    /// What they come to; null if none of them is a number. Of `last`, the last of them if it is a number; of `count`, how many there
    /// are, text and objects among them.
    #[schema(required = true)]
    aggregate: Option<f64>,
    /// How many they are.
    count: u64,
    /// Whether these are all values of the time. Of a flow's node they are not if the server has kept them for less long: because
    /// it was started or the widget made since, or because they were more than it keeps.
    complete: bool,
    /// The refresh interval ago; where the widget's samples are buckets, the beginning of the bucket of now.
    from: Timestamp,
    /// Now.
    to: Timestamp,
}

impl From<StoredReading> for Sample {
    fn from(stored: StoredReading) -> Self {
        let raw = stored.raw.map(|raw| raw.into_string());
        Self::new(stored.timestamp, stored.num, stored.unit, raw)
    }
}

impl Sample {
    fn new(timestamp: Timestamp, value: f64, unit: Option<Unit>, raw: Option<String>) -> Self {
        // It was JSON when it was admitted; if it is not, it is shown as absent rather than breaking the whole answer.
        Self { timestamp, value, unit, raw_data: raw.and_then(|raw| RawValue::from_string(raw).ok()) }
    }

    /// The number, if it is one or a switch.
    fn number(&self) -> Option<f64> {
        self.raw_data.as_ref().map_or(Some(self.value), |raw| switch(raw))
    }
}

/// A widget's newest samples, oldest first: at most its `max_samples`, whole.
#[utoipa::path(
    get,
    path = "/dashboard-templates/{id}/widgets/{widget}/samples",
    operation_id = "list_widget_samples",
    tag = "dashboards",
    params(
        ("id" = DashboardId, Path, description = "the dashboard"),
        ("widget" = String, Path, description = "the widget, by its `id` or its `widget_id`"),
    ),
    responses((status = 200, description = "all of them", body = Samples)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn samples(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, widget)): Path<(DashboardId, String)>,
) -> Result<Json<Samples>, Problem> {
    samples_of(&state, auth.user.id.into(), id, &widget).await
}

/// The samples of a widget, named as in an address.
pub(super) async fn samples_of(
    state: &AppState,
    reader: Reader,
    dashboard: DashboardId,
    name: &str,
) -> Result<Json<Samples>, Problem> {
    let widget = readable(state, reader.user, dashboard, name).await?;
    let is_of_node = matches!(widget.source, DataSource::FlowNode { .. });
    let kept = !is_of_node || state.actors.kept.keeps(widget.id);
    let items = newest(state, reader, &widget, widget.max_samples as usize).await?;
    Ok(Json(Samples { items, next: None, kept }))
}

/// A widget's newest value, and what the values of its refresh interval come to.
#[utoipa::path(
    get,
    path = "/dashboard-templates/{id}/widgets/{widget}/data",
    operation_id = "show_widget_data",
    tag = "dashboards",
    params(
        ("id" = DashboardId, Path, description = "the dashboard"),
        ("widget" = String, Path, description = "the widget, by its `id` or its `widget_id`"),
    ),
    responses((status = 200, description = "it", body = Data)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn data(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, widget)): Path<(DashboardId, String)>,
) -> Result<Json<Data>, Problem> {
    data_of(&state, auth.user.id.into(), id, &widget).await
}

/// The data of a widget, named as in an address.
pub(super) async fn data_of(
    state: &AppState,
    reader: Reader,
    dashboard: DashboardId,
    name: &str,
) -> Result<Json<Data>, Problem> {
    let widget = readable(state, reader.user, dashboard, name).await?;
    let to = now();
    let mut from = to.plus_us(-i64::from(widget.refresh_interval) * 1000);
    let aggregation = widget.aggregation;
    let (latest, folded, complete) = match &widget.source {
        DataSource::DeviceSensor { device_id, sensor_type } => {
            let asked = Asked { device: *device_id, sensor: sensor_type.clone() };
            let folded = stored(state, reader.turn(), asked, aggregation, from, to).await?;
            (newest(state, reader, &widget, 1).await?.pop(), folded, true)
        }
        // It holds at all times.
        DataSource::Static { static_value } => {
            let sample = fixed(static_value, widget.updated_at);
            let folded = Folded::of(sample.iter(), aggregation);
            (sample, folded, true)
        }
        DataSource::FlowNode { .. } if let Some(interval_ms) = widget::interval_ms(&widget) => {
            let interval_us = i64::from(interval_ms) * 1000;
            from = Timestamp::from_us_saturating(to.as_us().div_euclid(interval_us) * interval_us);
            let (kept, folded) = bucket(state, reader, &widget, from).await?;
            let passed = to.as_us().abs_diff(from.as_us());
            let complete = kept.whole_for >= Duration::from_micros(passed);
            (kept.samples.into_iter().next_back(), folded, complete)
        }
        DataSource::FlowNode { .. } => {
            let mut kept = watched(state, reader, &widget, limit::LIVE_POINTS).await?;
            let within = kept.samples.iter().filter(|sample| (from..to).contains(&sample.timestamp));
            let folded = Folded::of(within, aggregation);
            let interval = Duration::from_millis(widget.refresh_interval.into());
            (kept.samples.pop(), folded, kept.whole_for >= interval)
        }
    };
    let Folded { aggregate, count } = folded;
    Ok(Json(Data { latest, aggregation, aggregate, count, complete, from, to }))
}

/// What a widget keeps of devices' sensors: one variable if its source is one, whole.
#[utoipa::path(
    get,
    path = "/dashboard-templates/{id}/widgets/{widget}/tracked-variables",
    operation_id = "list_tracked_variables",
    tag = "dashboards",
    params(
        ("id" = DashboardId, Path, description = "the dashboard"),
        ("widget" = String, Path, description = "the widget, by its `id` or its `widget_id`"),
    ),
    responses((status = 200, description = "all of them", body = Page<TrackedVariable>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn variables(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, widget)): Path<(DashboardId, String)>,
) -> Result<Json<Page<TrackedVariable>>, Problem> {
    let widget = state.catalog.dashboard_widget(auth.user.id, id, &widget).await?;
    let items = state.catalog.tracked_variables(auth.user.id, widget.id).await?;
    Ok(Json(Page { items, next: None }))
}

async fn readable(
    state: &AppState,
    user: UserId,
    dashboard: DashboardId,
    name: &str,
) -> Result<DashboardWidget, Problem> {
    let widget = state.catalog.dashboard_widget(user, dashboard, name).await?;
    tenant::check_source(state, user, &widget).await?;
    Ok(widget)
}

/// The newest `most` values of a widget, oldest first.
async fn newest(
    state: &AppState,
    reader: Reader,
    widget: &DashboardWidget,
    most: usize,
) -> Result<Vec<Sample>, Problem> {
    match &widget.source {
        DataSource::Static { static_value } => {
            Ok(fixed(static_value, widget.updated_at).into_iter().collect())
        }
        DataSource::DeviceSensor { device_id, sensor_type } => {
            let query = RangeQuery {
                device: *device_id,
                sensor: Some(sensor_type.clone()),
                from: None,
                to: None,
                order: Order::Descending,
                limit: most,
                cursor: None,
            };
            let readings = state.log.range(query).await?.readings;
            Ok(readings.into_iter().rev().map(Sample::from).collect())
        }
        DataSource::FlowNode { .. } => Ok(watched(state, reader, widget, most).await?.samples),
    }
}

/// What is kept of a flow's node.
#[derive(Default)]
struct Kept {
    /// The newest, in the order of their times.
    samples: Vec<Sample>,
    /// For how long all have been kept.
    whole_for: Duration,
}

/// What is kept of a widget's flow node, the newest `most` of it: values, or buckets of them. It is kept for a while from now on, if it is not for the
/// widget.
async fn watched(
    state: &AppState,
    reader: Reader,
    widget: &DashboardWidget,
    most: usize,
) -> Result<Kept, Problem> {
    let Shown::Live(source, _) = widget::shown(widget) else { return Ok(Kept::default()) };
    let mut session = state.actors.live.session_of(reader.account)?;
    let request =
        Request { id: SubId(0), source, points: most, max_hz: limit::LIVE_HZ_MIN, since: None, from: None };
    let snapshot = session.subscribe(request).await?;
    let unit = snapshot.unit;
    let sample =
        |point: Point| Sample::new(point.ts, point.num, unit.clone(), point.raw.map(|raw| raw.to_string()));
    let samples = snapshot.points.into_iter().map(sample).collect();
    Ok(Kept { samples, whole_for: snapshot.whole_since.elapsed() })
}

/// The newest buckets of a widget, and what there is in the one that begins at a time.
async fn bucket(
    state: &AppState,
    reader: Reader,
    widget: &DashboardWidget,
    at: Timestamp,
) -> Result<(Kept, Folded), Problem> {
    let counting = DashboardWidget { aggregation: Aggregation::Count, ..widget.clone() };
    let counts = watched(state, reader, &counting, limit::LIVE_POINTS).await?;
    let count = counts.samples.iter().find(|sample| sample.timestamp == at);
    let count = count.map_or(0, |sample| sample.value as u64);
    let kept = match widget.aggregation {
        Aggregation::Count => counts,
        _ => watched(state, reader, widget, limit::LIVE_POINTS).await?,
    };
    let of_now = kept.samples.iter().find(|sample| sample.timestamp == at);
    let aggregate = match widget.aggregation {
        Aggregation::Count => Some(count as f64),
        _ => of_now.and_then(Sample::number),
    };
    Ok((kept, Folded { aggregate, count }))
}

fn fixed(value: &Value, at: Timestamp) -> Option<Sample> {
    match value {
        Value::Null => None,
        Value::Bool(is) => Some(Sample::new(at, f64::from(u8::from(*is)), None, Some(is.to_string()))),
        Value::Number(number) => Some(Sample::new(at, number.as_f64().unwrap_or_default(), None, None)),
        other => Some(Sample::new(at, 0.0, None, Some(other.to_string()))),
    }
}

/// What the stored readings from `from` on and before `to` come to.
async fn stored(
    state: &AppState,
    user: UserId,
    asked: Asked,
    aggregation: Aggregation,
    from: Timestamp,
    to: Timestamp,
) -> Result<Folded, Problem> {
    let agg = match aggregation {
        Aggregation::Count => Agg::Count,
        Aggregation::Avg => Agg::Avg,
        Aggregation::Sum => Agg::Sum,
        Aggregation::Min => Agg::Min,
        Aggregation::Max => Agg::Max,
        Aggregation::Last => Agg::Last,
    };
    let (edges, fill) = (Edges::equal(1, from, to), Fill::Null);
    let query = BucketQuery { user, series: vec![asked], from, to, edges, aggs: vec![agg, Agg::Count], fill };
    let buckets = state.history.buckets(query).await?;
    let fields = buckets.first().map(|series| series.columns.aggs.as_slice()).unwrap_or_default();
    let field = |at: usize| fields.get(at).and_then(|(_, bucket)| bucket.first());
    let aggregate = match field(0) {
        Some(Field::Number(number)) => Some(*number),
        Some(Field::Count(count)) => Some(*count as f64),
        Some(Field::Raw(raw)) => switch(raw),
        Some(Field::Null) | None => None,
    };
    let count = if let Some(Field::Count(count)) = field(1) { *count } else { 0 };
    Ok(Folded { aggregate, count })
}

/// The number that `true` and `false` are, as devices' switches.
fn switch(raw: &RawValue) -> Option<f64> {
    match raw.get() {
        "true" => Some(1.0),
        "false" => Some(0.0),
        _ => None,
    }
}

/// What values come to.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Folded {
    aggregate: Option<f64>,
    /// How many there are.
    count: u64,
}

impl Folded {
    /// Of samples in the order of their times.
    fn of<'a>(samples: impl Iterator<Item = &'a Sample> + Clone, aggregation: Aggregation) -> Self {
        let count = samples.clone().count() as u64;
        let last = samples.clone().last().and_then(Sample::number);
        let numbers = samples.filter_map(Sample::number);
        let sum = numbers.clone().reduce(|a, b| a + b);
        let aggregate = match aggregation {
            Aggregation::Count => Some(count as f64),
            Aggregation::Avg => sum.map(|sum| sum / numbers.count() as f64),
            Aggregation::Sum => sum,
            Aggregation::Min => numbers.reduce(f64::min),
            Aggregation::Max => numbers.reduce(f64::max),
            Aggregation::Last => last,
        };
        Self { aggregate, count }
    }
}

#[cfg(test)]
mod tests;
