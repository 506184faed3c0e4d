//! What a flow has stored: its series, their rows, and buckets of them.
//!
//! Who may read the flow and the devices may read what it stored of them ([`Reader`]); to others it does not exist.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use edgesync_schemas::entity::Page;
use edgesync_schemas::id::{DeviceId, FlowId};
use edgesync_schemas::limit;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;
use edgesync_storage::history::columns::{Columns, Field};
use edgesync_storage::history::derived::DerivedBuckets;
use edgesync_storage::log::{DerivedOf, DerivedQuery, DerivedRow, DerivedSeries, Order};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

mod reader;

use super::now;
use super::readings::series::{Shape, aggs, check_size, range, write};
use super::readings::{Direction, note, time};
use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::{Paging, Params, Path};
use crate::state::AppState;
use crate::tenant;
use reader::Reader;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(rows)).routes(routes!(buckets))
}

/// A series that a flow stores.
#[derive(Debug, Serialize, ToSchema)]
struct FlowSeries {
    /// The name that the flow gives it.
    name: SensorName,
    /// Whose readings it comes from; nothing if they are several devices'.
    #[schema(required = true)]
    device_id: Option<DeviceId>,
    /// Of which sensor; nothing if they are several sensors'.
    #[schema(required = true)]
    sensor_type: Option<SensorName>,
    /// Its newest row by event time; nothing if it has none any more.
    #[schema(required = true)]
    latest: Option<FlowRow>,
}

/// A row that a flow stored.
#[derive(Debug, Serialize, ToSchema)]
struct FlowRow {
    /// Event time; of a window's result, the window's start.
    timestamp: Timestamp,
    /// The number; 0 where the value is text or an object.
    value: f64,
    /// Its unit, if it has one.
    #[schema(required = true)]
    unit: Option<Unit>,
    /// The original, where it is no number.
    #[schema(value_type = Value, required = true)]
    raw_data: Option<Box<RawValue>>,
    /// Number of the reading that caused it.
    reading_id: u64,
    /// What was noticed about the time of the readings that it comes from; absent if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    note: Option<&'static str>,
}

impl From<DerivedRow> for FlowRow {
    fn from(row: DerivedRow) -> Self {
        Self {
            timestamp: row.timestamp,
            value: row.num,
            unit: row.unit,
            // it was JSON when it was stored
            raw_data: row.raw.and_then(|raw| RawValue::from_string(raw.into_string()).ok()),
            reading_id: row.offset.0,
            note: note(row.quality),
        }
    }
}

/// Buckets of what a flow stored.
#[derive(Debug, Serialize, ToSchema)]
struct FlowBuckets {
    /// Event time from here on.
    from: Timestamp,
    /// Event time before this.
    to: Timestamp,
    /// Length of a bucket, where it follows the calendar and the clock.
    #[schema(required = true)]
    bucket: Option<String>,
    /// Milliseconds of a bucket, where all have as many and begin with the range.
    #[schema(required = true)]
    width_ms: Option<i64>,
    /// The time zone that buckets follow.
    #[schema(required = true)]
    tz: Option<String>,
    /// The series, by name, device and sensor.
    #[schema(value_type = Vec<FlowSeriesBuckets>)]
    series: Vec<OfSeries>,
}

#[derive(Debug)]
struct OfSeries(Arc<DerivedSeries>, Columns);

/// Buckets of one series that a flow stored, as columns. Of the aggregates, those that were asked for are there.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described: the columns that are there depend on the question")]
struct FlowSeriesBuckets {
    /// The name that the flow gives it.
    name: SensorName,
    /// Whose readings it comes from.
    #[schema(required = true)]
    device_id: Option<DeviceId>,
    /// Of which sensor.
    #[schema(required = true)]
    sensor_type: Option<SensorName>,
    /// Where the buckets begin: milliseconds since the epoch.
    ts: Vec<i64>,
    /// Mean of the numbers.
    #[schema(required = false)]
    avg: Vec<Option<f64>>,
    /// The lowest numbers.
    #[schema(required = false)]
    min: Vec<Option<f64>>,
    /// The highest numbers.
    #[schema(required = false)]
    max: Vec<Option<f64>>,
    /// How many rows, whatever they are.
    #[schema(required = false)]
    count: Vec<u64>,
    /// Sums of the numbers.
    #[schema(required = false)]
    sum: Vec<Option<f64>>,
    /// Values of the first rows, whatever they are.
    #[schema(required = false, value_type = Vec<serde_json::Value>)]
    first: Vec<Field>,
    /// Values of the last rows, whatever they are.
    #[schema(required = false, value_type = Vec<serde_json::Value>)]
    last: Vec<Field>,
}

impl Serialize for OfSeries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(series, columns) = self;
        let mut map = serializer.serialize_map(Some(4 + columns.aggs.len()))?;
        map.serialize_entry("name", &series.of.name)?;
        map.serialize_entry("device_id", &series.of.device)?;
        map.serialize_entry("sensor_type", &series.of.sensor)?;
        write(&mut map, columns)?;
        map.end()
    }
}

/// What a flow stores, by name, device and sensor, each series with its newest row.
#[utoipa::path(
    get,
    path = "/flows/{id}/series",
    operation_id = "list_flow_series",
    tag = "flows",
    params(
        ("id" = FlowId, Path, description = "the flow"),
        Paging,
        ("name" = Option<SensorName>, Query, description = "Only those of this name."),
        ("device" = Option<DeviceId>, Query, description = "Only those of this device."),
        ("sensor" = Option<SensorName>, Query, description = "Only those of sensors of this name."),
    ),
    responses((status = 200, description = "a page of them", body = Page<FlowSeries>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    params: Params,
) -> Result<Json<Page<FlowSeries>>, Problem> {
    let wanted = Wanted::read(&params)?;
    let after = params.place()?.map(|place| of_place(&place)).transpose()?;
    let limit = params.limit()?;
    tenant::readable_flow(&state, auth.user.id, id).await?;
    let mut found = wanted.among(state.log.derived_series(id).await?);
    found.retain(|series| after.as_ref().is_none_or(|after| series.of > *after));
    // one more than asked for tells whether there is a next page
    let mut series = Reader::new(&state, auth.user.id, id).among(found, limit + 1).await?;
    let is_last = series.len() <= limit;
    series.truncate(limit);
    let ids: Vec<u32> = series.iter().map(|series| series.id).collect();
    let mut newest = state.log.newest_derived(&ids).await?;
    let oldest = state.log.retention().oldest_of_flow(id, now());
    newest.retain(|_, row| row.timestamp >= oldest);
    let next = series.last().filter(|_| !is_last).map(|last| params.cursor_at(&place_of(&last.of)));
    let items = series.iter().map(|series| FlowSeries {
        name: series.of.name.clone(),
        device_id: series.of.device,
        sensor_type: series.of.sensor.clone(),
        latest: newest.remove(&series.id).map(FlowRow::from),
    });
    Ok(Json(Page { items: items.collect(), next }))
}

/// Rows of a series that a flow stored, by event time.
#[utoipa::path(
    get,
    path = "/flows/{id}/series/rows",
    operation_id = "list_flow_rows",
    tag = "flows",
    params(
        ("id" = FlowId, Path, description = "the flow"),
        ("name" = SensorName, Query, description = "The series' name."),
        ("device" = Option<DeviceId>, Query, description = "Its device; absent if it has none."),
        ("sensor" = Option<SensorName>, Query, description = "Its sensor; absent if it has none."),
        ("from" = Option<String>, Query, description = "Event time from here on: RFC 3339, or milliseconds since the epoch."),
        ("to" = Option<String>, Query, description = "Event time before this: as `from`."),
        ("order" = inline(Option<Direction>), Query, description = "Oldest event time first (`asc`, if absent) or newest (`desc`)."),
        Paging,
    ),
    responses((status = 200, description = "a page of them", body = Page<FlowRow>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn rows(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    params: Params,
) -> Result<Json<Page<FlowRow>>, Problem> {
    let name = params.parse("name")?.ok_or_else(|| Problem::parameter("name", "is required"))?;
    let of = DerivedOf { name, device: params.parse("device")?, sensor: params.parse("sensor")? };
    if of.sensor.is_some() && of.device.is_none() {
        return Err(Problem::parameter("sensor", "goes with device"));
    }
    let (order, limit) = (params.parse("order")?.unwrap_or_default(), params.limit()?);
    let after = params.place()?.map(|place| ts_of_place(&place)).transpose()?;
    let (from, to) = (time(&params, "from")?, time(&params, "to")?);
    tenant::readable_flow(&state, auth.user.id, id).await?;
    let oldest = state.log.retention().oldest_of_flow(id, now());
    let mut from = from.map_or(oldest, |from| from.max(oldest));
    let mut to = to.map_or(Timestamp::MAX, |to| to.plus_us(-1));
    match (after, order) {
        (Some(after), Order::Ascending) => from = from.max(after.plus_us(1)),
        (Some(after), Order::Descending) => to = to.min(after.plus_us(-1)),
        (None, _) => {}
    }
    let series = state.log.derived_series(id).await?.into_iter().find(|series| series.of == of);
    let found = series.filter(|_| from <= to).into_iter().collect();
    let found = Reader::new(&state, auth.user.id, id).among(found, 1).await?;
    let Some(series) = found.first() else {
        return Ok(Json(Page { items: Vec::new(), next: None }));
    };
    // One more than asked for tells whether there is a next page.
    let query = DerivedQuery { series: series.id, from, to, order, limit: limit + 1 };
    let mut rows = state.log.derived_rows(query).await?;
    let is_last = rows.len() <= limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| !is_last);
    let next = last.map(|last| params.cursor_at(&format!("{:016x}", last.timestamp.as_us())));
    Ok(Json(Page { items: rows.into_iter().map(FlowRow::from).collect(), next }))
}

/// What a flow stored, in buckets over time.
///
/// Of all its series, or those that fit. How they are cut: `bucket`, or `points` for as many of one length.
#[utoipa::path(
    get,
    path = "/flows/{id}/series/buckets",
    operation_id = "bucket_flow_rows",
    tag = "flows",
    params(
        ("id" = FlowId, Path, description = "the flow"),
        ("name" = Option<SensorName>, Query, description = "Only series of this name."),
        ("device" = Option<DeviceId>, Query, description = "Only those of this device."),
        ("sensor" = Option<SensorName>, Query, description = "Only those of sensors of this name."),
        ("from" = Option<String>, Query, description = "Event time from here on: RFC 3339, or milliseconds since the epoch. 24 hours before `to` if absent."),
        ("to" = Option<String>, Query, description = "Event time before this: as `from`. Now if absent."),
        ("bucket" = Option<String>, Query, description = "Length of a bucket: a whole number and `s`, `m`, `h`, `d`, `w` or `mo`; or `auto`, the shortest even length of which there are at most `points`."),
        ("points" = Option<u32>, Query, description = "With `bucket=auto`: buckets at most, 500 if absent. Without `bucket`: as many buckets of one length, whatever the clock says."),
        ("agg" = Option<String>, Query, description = "Of `avg`, `min`, `max`, `count`, `sum`, `first`, `last`; several with commas. `avg` if absent."),
        ("tz" = Option<String>, Query, description = "The time zone that buckets follow, such as `Europe/Berlin`. UTC if absent."),
        ("fill" = Option<String>, Query, description = "What an empty bucket has: `null` (if absent), `previous`, or `none`: it is left out."),
    ),
    responses((status = 200, description = "the buckets of each series", body = FlowBuckets)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn buckets(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    params: Params,
) -> Result<Json<FlowBuckets>, Problem> {
    let (from, to) = range(&params)?;
    let shape = Shape::read(&params, from, to)?;
    let aggs = aggs(&params)?;
    let fill = params.parse("fill")?.unwrap_or_default();
    let wanted = Wanted::read(&params)?;
    tenant::readable_flow(&state, auth.user.id, id).await?;
    let found = wanted.among(state.log.derived_series(id).await?);
    // more than may be told at once are refused
    let series = Reader::new(&state, auth.user.id, id).among(found, limit::BUCKET_SERIES + 1).await?;
    check_size(series.len(), shape.edges.len())?;
    let (bucket, width_ms) = (shape.size.map(|size| size.to_string()), shape.width_ms());
    let query = DerivedBuckets { user: auth.user.id, series, from, to, edges: shape.edges, aggs, fill };
    let columns = state.history.derived_buckets(&query).await?;
    let series = query.series.into_iter().zip(columns).map(|(series, columns)| OfSeries(series, columns));
    Ok(Json(FlowBuckets { from, to, bucket, width_ms, tz: shape.tz, series: series.collect() }))
}

/// Which series of a flow.
struct Wanted {
    name: Option<SensorName>,
    device: Option<DeviceId>,
    sensor: Option<SensorName>,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, Problem> {
        Ok(Self {
            name: params.parse("name")?,
            device: params.parse("device")?,
            sensor: params.parse("sensor")?,
        })
    }

    fn among(&self, mut series: Vec<Arc<DerivedSeries>>) -> Vec<Arc<DerivedSeries>> {
        series.retain(|series| {
            let of = &series.of;
            self.name.as_ref().is_none_or(|name| *name == of.name)
                && self.device.is_none_or(|device| Some(device) == of.device)
                && self.sensor.as_ref().is_none_or(|sensor| Some(sensor) == of.sensor.as_ref())
        });
        series
    }
}

fn no_cursor() -> Problem {
    Problem::parameter("cursor", "must be what an earlier page had as its next")
}

/// A series as a cursor has it. No name has a comma in it.
fn place_of(of: &DerivedOf) -> String {
    let device = of.device.map(|device| device.to_string()).unwrap_or_default();
    let sensor = of.sensor.as_ref().map_or("", SensorName::as_str);
    format!("{},{device},{sensor}", of.name)
}

fn of_place(place: &str) -> Result<DerivedOf, Problem> {
    let mut parts = place.splitn(3, ',');
    let mut next = || parts.next().ok_or_else(no_cursor);
    let (name, device, sensor) = (next()?, next()?, next()?);
    let name = name.parse().map_err(|_| no_cursor())?;
    let device = if device.is_empty() { None } else { Some(device.parse().map_err(|_| no_cursor())?) };
    let sensor = if sensor.is_empty() { None } else { Some(sensor.parse().map_err(|_| no_cursor())?) };
    Ok(DerivedOf { name, device, sensor })
}

fn ts_of_place(place: &str) -> Result<Timestamp, Problem> {
    let us = u64::from_str_radix(place, 16).map_err(|_| no_cursor())?;
    Timestamp::from_us(us.cast_signed()).ok_or_else(no_cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_back_and_nothing_else_is() {
        for (device, sensor) in [(None, None), (Some(DeviceId::from_uuid(uuid::Uuid::max())), Some("a/b:c"))]
        {
            let sensor = sensor.map(|sensor| sensor.parse().unwrap());
            let of = DerivedOf { name: "minute/mean".parse().unwrap(), device, sensor };
            assert_eq!(of_place(&place_of(&of)).unwrap(), of);
        }
        for wrong in ["", "a", "a,", "a b,,", "a,x,", "a,,b,c"] {
            assert!(of_place(wrong).is_err(), "{wrong}");
        }
        for at in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(ts_of_place(&format!("{:016x}", at.as_us())).unwrap(), at);
        }
        assert!(ts_of_place("x").is_err() && ts_of_place("7fffffffffffffff").is_err());
    }
}
