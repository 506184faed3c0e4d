//! Stored readings: by event time, the newest of each sensor, what sensors a device has; in buckets, and as files both ways.
//!
//! Who may read the device may read its readings; to others the device does not exist.

mod export;
mod import;
pub(super) mod series;

use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;
use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use edgesync_schemas::entity::Page;
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::reading::Quality;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;
use edgesync_storage::history::SensorSummary;
use edgesync_storage::log::{RangeQuery, StoredReading};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::{Paging, Params, Path};
use crate::state::AppState;
use crate::tenant;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(range))
        .routes(routes!(latest))
        .routes(routes!(series::series))
        .routes(routes!(export::export))
        .routes(routes!(import::import))
        .routes(routes!(sensors))
}

/// In which order readings come: the names that `order` has.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is only described")]
pub(super) enum Direction {
    /// Oldest event time first.
    Asc,
    /// Newest event time first.
    Desc,
}

/// A reading as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reading {
    /// Its number in the order of arrival.
    id: u64,
    /// Who sent it.
    device_id: DeviceId,
    /// Which of its sensors.
    sensor_type: SensorName,
    /// The number; 0 where the value is text or an object.
    value: f64,
    /// As the device wrote it.
    #[schema(required = true)]
    unit: Option<Unit>,
    /// Event time.
    timestamp: Timestamp,
    /// When it arrived.
    received_at: Timestamp,
    /// The original, where it is no number.
    #[schema(value_type = Value, required = true)]
    raw_data: Option<Box<RawValue>>,
    /// What was noticed about its time; absent if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    note: Option<&'static str>,
}

impl From<StoredReading> for Reading {
    fn from(stored: StoredReading) -> Self {
        Self {
            id: stored.offset.0,
            device_id: stored.device,
            sensor_type: stored.sensor,
            value: stored.num,
            unit: stored.unit,
            timestamp: stored.timestamp,
            received_at: stored.received_at,
            // It was JSON when it was admitted; if it is not, it is shown as absent rather than breaking the whole answer.
            raw_data: stored.raw.and_then(|raw| RawValue::from_string(raw.into_string()).ok()),
            note: note(stored.quality),
        }
    }
}

pub(super) fn note(quality: Quality) -> Option<&'static str> {
    if quality.has(Quality::CLOCK_AHEAD) {
        Some("clock_ahead")
    } else if quality.has(Quality::ARRIVAL_TIME) {
        Some("arrival_time")
    } else {
        None
    }
}

/// A sensor of a device.
#[derive(Debug, Serialize, ToSchema)]
struct Sensor {
    /// Whose.
    device_id: DeviceId,
    /// Its name.
    sensor_type: SensorName,
    /// The units it was sent in.
    units: Vec<Unit>,
    /// Event time of its first reading.
    #[schema(required = true)]
    first: Option<Timestamp>,
    /// Event time of its newest reading.
    #[schema(required = true)]
    last: Option<Timestamp>,
    /// Its newest reading by event time.
    #[schema(required = true)]
    latest: Option<Reading>,
}

impl From<SensorSummary> for Sensor {
    fn from(summary: SensorSummary) -> Self {
        Self {
            device_id: summary.info.device,
            sensor_type: summary.info.sensor.clone(),
            units: summary.info.units.clone(),
            first: summary.first,
            last: summary.newest.as_ref().map(|newest| newest.timestamp),
            latest: summary.newest.map(Reading::from),
        }
    }
}

/// Readings of a device by event time.
#[utoipa::path(
    get,
    path = "/readings",
    operation_id = "list_readings",
    tag = "readings",
    params(
        ("device" = DeviceId, Query, description = "Whose."),
        ("sensor" = Option<SensorName>, Query, description = "Of this sensor only."),
        ("from" = Option<String>, Query, description = "Event time from here on: RFC 3339, or milliseconds since the epoch."),
        ("to" = Option<String>, Query, description = "Event time before this: as `from`."),
        ("order" = inline(Option<Direction>), Query, description = "Oldest event time first (`asc`, if absent) or newest (`desc`)."),
        Paging,
    ),
    responses((status = 200, description = "a page of them", body = Page<Reading>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn range(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<Reading>>, Problem> {
    let query = RangeQuery {
        device: required_device(&params)?,
        sensor: params.parse("sensor")?,
        from: time(&params, "from")?,
        to: time(&params, "to")?,
        order: params.parse("order")?.unwrap_or_default(),
        limit: params.limit()?,
        cursor: params.place()?,
    };
    tenant::readable_device(&state, auth.user.id, query.device).await?;
    let page = state.log.range(query).await?;
    let next = page.next.map(|place| params.cursor_at(&place));
    Ok(Json(Page { items: page.readings.into_iter().map(Reading::from).collect(), next }))
}

/// The newest reading of each sensor of a device, whole.
#[utoipa::path(
    get,
    path = "/readings/latest",
    operation_id = "latest_readings",
    tag = "readings",
    params(("device" = DeviceId, Query, description = "Whose.")),
    responses((status = 200, description = "all of them", body = Page<Reading>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn latest(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<Reading>>, Problem> {
    let device = required_device(&params)?;
    tenant::readable_device(&state, auth.user.id, device).await?;
    let readings = state.log.latest(device).await?;
    Ok(Json(Page { items: readings.into_iter().map(Reading::from).collect(), next: None }))
}

/// What a device measures, whole.
#[utoipa::path(
    get,
    path = "/devices/{id}/sensors",
    operation_id = "list_sensors",
    tag = "readings",
    params(("id" = DeviceId, Path, description = "the device")),
    responses((status = 200, description = "all of them", body = Page<Sensor>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn sensors(
    State(state): State<AppState>,
    auth: Auth,
    Path(device): Path<DeviceId>,
) -> Result<Json<Page<Sensor>>, Problem> {
    tenant::readable_device(&state, auth.user.id, device).await?;
    let sensors = state.history.sensors(auth.user.id, device).await?;
    Ok(Json(Page { items: sensors.into_iter().map(Sensor::from).collect(), next: None }))
}

fn required_device(params: &Params) -> Result<DeviceId, Problem> {
    params.parse("device")?.ok_or_else(|| Problem::parameter("device", "is required"))
}

/// A time as RFC 3339, or as the sockets write it: integer milliseconds since the epoch.
pub(super) fn time(params: &Params, name: &str) -> Result<Option<Timestamp>, Problem> {
    match params.text(name).and_then(|text| text.parse().ok()).map(Timestamp::from_ms) {
        Some(Some(time)) => Ok(Some(time)),
        Some(None) => Err(Problem::parameter(name, "must lie in the years 1 to 9999")),
        None => params.parse(name),
    }
}

/// A parameter of several values with commas between them; none if it is not given.
fn list<T: FromStr<Err: Display>>(params: &Params, name: &str) -> Result<Vec<T>, Problem> {
    let Some(text) = params.text(name) else { return Ok(Vec::new()) };
    let parsed = text.split(',').map(str::parse);
    parsed.collect::<Result<_, T::Err>>().map_err(|error| Problem::parameter(name, &error.to_string()))
}

/// As [`list`], each given once: what is given again would be in the answer again.
fn distinct<T: FromStr<Err: Display> + Display + Eq + Hash>(
    params: &Params,
    name: &str,
) -> Result<Vec<T>, Problem> {
    let values: Vec<T> = list(params, name)?;
    match twice(&values) {
        Some(twice) => Err(Problem::parameter(name, &format!("has {twice} more than once"))),
        None => Ok(values),
    }
}

/// The first of several that was there before.
fn twice<T: Eq + Hash>(values: &[T]) -> Option<&T> {
    let mut seen = HashSet::with_capacity(values.len());
    values.iter().find(|value| !seen.insert(*value))
}
