//! Stored readings: by event time, the newest of each sensor, and what sensors a device has.
//!
//! Who may read the device may read its readings; to others the device does not exist.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use edgesync_schemas::entity::Page;
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::reading::{Quality, SeriesInfo};
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;
use edgesync_storage::log::{RangeQuery, StoredReading};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::auth::Auth;
use crate::error::Problem;
use crate::page::{Params, Path};
use crate::state::AppState;
use crate::tenant;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/readings", get(range))
        .route("/readings/latest", get(latest))
        .route("/devices/{id}/sensors", get(sensors))
}

/// A reading as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct Reading {
    /// Its number in the order of arrival.
    id: u64,
    device_id: DeviceId,
    sensor_type: SensorName,
    value: f64,
    unit: Option<Unit>,
    timestamp: Timestamp,
    received_at: Timestamp,
    /// The original, where it is no number.
    raw_data: Option<Box<RawValue>>,
    /// What was noticed about its time; absent if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
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

fn note(quality: Quality) -> Option<&'static str> {
    if quality.has(Quality::CLOCK_AHEAD) {
        Some("clock_ahead")
    } else if quality.has(Quality::ARRIVAL_TIME) {
        Some("arrival_time")
    } else {
        None
    }
}

/// A sensor of a device.
#[derive(Debug, Serialize)]
struct Sensor {
    device_id: DeviceId,
    sensor_type: SensorName,
    units: Vec<Unit>,
}

impl From<&SeriesInfo> for Sensor {
    fn from(info: &SeriesInfo) -> Self {
        Self { device_id: info.device, sensor_type: info.sensor.clone(), units: info.units.clone() }
    }
}

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
        cursor: params.text("cursor").map(str::to_owned),
    };
    tenant::readable_device(&state, auth.user.id, query.device).await?;
    let page = state.log.range(query).await?;
    Ok(Json(Page { items: page.readings.into_iter().map(Reading::from).collect(), next: page.next }))
}

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

async fn sensors(
    State(state): State<AppState>,
    auth: Auth,
    Path(device): Path<DeviceId>,
) -> Result<Json<Page<Sensor>>, Problem> {
    tenant::readable_device(&state, auth.user.id, device).await?;
    let sensors = state.log.series().of_device(device);
    Ok(Json(Page { items: sensors.iter().map(|info| Sensor::from(&**info)).collect(), next: None }))
}

fn required_device(params: &Params) -> Result<DeviceId, Problem> {
    params.parse("device")?.ok_or_else(|| Problem::parameter("device", "is required"))
}

/// A time as RFC 3339, or as the sockets write it: integer milliseconds since the epoch.
fn time(params: &Params, name: &str) -> Result<Option<Timestamp>, Problem> {
    match params.text(name).and_then(|text| text.parse().ok()).map(Timestamp::from_ms) {
        Some(Some(time)) => Ok(Some(time)),
        Some(None) => Err(Problem::parameter(name, "must lie in the years 1 to 9999")),
        None => params.parse(name),
    }
}
