//! What a widget shows, asked for once: its samples, and the newest of them with what those of its refresh interval come to.
//!
//! Of a device's sensor both are read from the reading log: they are what is stored, whoever watches. Of a flow's node they are what the
//! server keeps of it while somebody watches it, and a quarter of a minute more. A static value is one sample.

use axum::Json;
use axum::extract::State;
use edgesync_actors::live::{Request, Source, widget};
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::widget::{Aggregation, DashboardWidget, DataSource, TrackedVariable};
use edgesync_schemas::id::{DashboardId, DeviceId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;
use edgesync_schemas::wire::live::{Point, SubId};
use edgesync_storage::log::{Order, RangeQuery, StoredReading};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

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
struct Sample {
    /// Event time.
    timestamp: Timestamp,
    /// The number; 0 where the value is text or an object.
    value: f64,
    /// As the device wrote it.
    #[schema(required = true)]
    unit: Option<Unit>,
    /// The original, where it is no number.
    #[schema(value_type = Value, required = true)]
    raw_data: Option<Box<RawValue>>,
}

/// What a widget shows now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WidgetData)]
struct Data {
    /// The newest value; null if there is none.
    #[schema(required = true)]
    latest: Option<Sample>,
    /// What becomes of the values from `from` on and before `to`.
    aggregation: Aggregation,
    /// What they come to; null if none of them is a number. Of `last`, the last number; of `count`, how many there are, text and
    /// objects among them.
    #[schema(required = true)]
    aggregate: Option<f64>,
    /// How many they are.
    count: u64,
    /// The refresh interval ago.
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

    /// The number, if it is one: `true` and `false` are 1 and 0, as devices' switches are.
    fn number(&self) -> Option<f64> {
        let is_number = self.raw_data.as_ref().is_none_or(|raw| matches!(raw.get(), "true" | "false"));
        is_number.then_some(self.value)
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
    responses((status = 200, description = "all of them", body = Page<Sample>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn samples(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, widget)): Path<(DashboardId, String)>,
) -> Result<Json<Page<Sample>>, Problem> {
    let widget = readable(&state, auth.user.id, id, &widget).await?;
    let items = newest(&state, auth.user.id, &widget, widget.max_samples as usize).await?;
    Ok(Json(Page { items, next: None }))
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
    let widget = readable(&state, auth.user.id, id, &widget).await?;
    let to = now();
    let from = to.plus_us(-i64::from(widget.refresh_interval) * 1000);
    let mut folded = Folded::default();
    let latest = match &widget.source {
        DataSource::DeviceSensor { device_id, sensor_type } => {
            folded = stored(&state, *device_id, sensor_type, from, to).await?;
            newest(&state, auth.user.id, &widget, 1).await?.pop()
        }
        DataSource::FlowNode { .. } | DataSource::Static { .. } => {
            let mut shown = newest(&state, auth.user.id, &widget, widget.max_samples as usize).await?;
            // A static value holds at all times.
            let is_static = matches!(widget.source, DataSource::Static { .. });
            let within = shown.iter().filter(|sample| is_static || (from..to).contains(&sample.timestamp));
            within.for_each(|sample| folded.add(sample));
            shown.pop()
        }
    };
    let aggregation = widget.aggregation;
    let (aggregate, count) = (folded.aggregate(aggregation), folded.count);
    Ok(Json(Data { latest, aggregation, aggregate, count, from, to }))
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
    user: UserId,
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
        DataSource::FlowNode { .. } => match widget::source_of(&widget.source) {
            Some(source) => watched(state, user, source, most).await,
            None => Ok(Vec::new()),
        },
    }
}

/// What is kept of a flow's node. It is kept for a while from now on.
async fn watched(
    state: &AppState,
    user: UserId,
    source: Source,
    most: usize,
) -> Result<Vec<Sample>, Problem> {
    let mut session = state.actors.live.session_of(user)?;
    let points = most.min(limit::LIVE_POINTS);
    let request = Request { id: SubId(0), source, points, max_hz: limit::LIVE_HZ_MIN, since: None };
    let snapshot = session.subscribe(request).await?;
    let unit = snapshot.unit;
    let sample =
        |point: Point| Sample::new(point.ts, point.num, unit.clone(), point.raw.map(|raw| raw.to_string()));
    Ok(snapshot.points.into_iter().map(sample).collect())
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
    device: DeviceId,
    sensor: &SensorName,
    from: Timestamp,
    to: Timestamp,
) -> Result<Folded, Problem> {
    let mut folded = Folded::default();
    let mut query = RangeQuery {
        device,
        sensor: Some(sensor.clone()),
        from: Some(from),
        to: Some(to),
        order: Order::Ascending,
        limit: limit::RANGE_READINGS,
        cursor: None,
    };
    loop {
        let page = state.log.range(query.clone()).await?;
        page.readings.into_iter().for_each(|reading| folded.add(&Sample::from(reading)));
        match page.next {
            None => return Ok(folded),
            Some(_) if folded.count >= limit::WIDGET_READINGS => return Err(too_many()),
            next => query.cursor = next,
        }
    }
}

fn too_many() -> Problem {
    let detail = format!(
        "the refresh interval has more than {} readings: shorten it, or ask for the readings themselves",
        limit::WIDGET_READINGS
    );
    Problem::forbidden("too_many_readings", detail)
}

/// What values come to, in the order of their times.
#[derive(Debug, Default)]
struct Folded {
    /// All of them.
    count: u64,
    /// Those that are numbers, and what follows is of them.
    numbers: u64,
    sum: f64,
    min: f64,
    max: f64,
    last: f64,
}

impl Folded {
    fn add(&mut self, sample: &Sample) {
        self.count += 1;
        let Some(number) = sample.number() else { return };
        let is_first = self.numbers == 0;
        self.numbers += 1;
        self.sum += number;
        self.min = if is_first { number } else { self.min.min(number) };
        self.max = if is_first { number } else { self.max.max(number) };
        self.last = number;
    }

    fn aggregate(&self, aggregation: Aggregation) -> Option<f64> {
        let of_numbers = |value: f64| (self.numbers > 0).then_some(value);
        match aggregation {
            Aggregation::Count => Some(self.count as f64),
            Aggregation::Avg => of_numbers(self.sum / self.numbers as f64),
            Aggregation::Sum => of_numbers(self.sum),
            Aggregation::Min => of_numbers(self.min),
            Aggregation::Max => of_numbers(self.max),
            Aggregation::Last => of_numbers(self.last),
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_us_saturating(jiff::Timestamp::now().as_microsecond())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_counted_and_nothing_else_and_a_switch_is_a_number() {
        let at = Timestamp::from_ms(0).unwrap();
        let fold = |values: &[Value]| {
            let mut folded = Folded::default();
            values.iter().filter_map(|value| fixed(value, at)).for_each(|sample| folded.add(&sample));
            folded
        };
        let folded = fold(&[json!(2), json!("open"), json!(true), json!(-4), json!([9])]);
        assert_eq!(folded.count, 5);
        for (aggregation, aggregate) in [
            (Aggregation::Count, 5.0),
            (Aggregation::Sum, -1.0),
            (Aggregation::Avg, -1.0 / 3.0),
            (Aggregation::Min, -4.0),
            (Aggregation::Max, 2.0),
            (Aggregation::Last, -4.0),
        ] {
            assert_eq!(folded.aggregate(aggregation), Some(aggregate), "{aggregation:?}");
        }
        let text = fold(&[json!("open")]);
        assert_eq!((text.aggregate(Aggregation::Avg), text.aggregate(Aggregation::Last)), (None, None));
        assert_eq!(fold(&[]).aggregate(Aggregation::Count), Some(0.0));
    }
}
