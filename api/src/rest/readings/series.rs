//! Buckets of readings over time, computed in the store: what charts and reports are made of.
//!
//! The answer is columns, not objects: `ts`, and an array per aggregate with an entry for each bucket. Times in `ts` are
//! milliseconds, as on the live socket, so that a chart can put both together.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::limit;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;
use edgesync_storage::history::bucket::BucketSize;
use edgesync_storage::history::calendar::Edges;
use edgesync_storage::history::columns::{Agg, Columns, Field};
use edgesync_storage::history::{Asked, BucketQuery, BucketedSeries};
use jiff::tz::TimeZone;
use serde::ser::{Serialize, SerializeMap, Serializer};
use utoipa::ToSchema;

use super::super::now;
use super::{distinct, list, time, twice};
use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::Params;
use crate::state::AppState;
use crate::tenant;

const HOUR_US: i64 = 3_600_000_000;

/// Buckets of some series.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(super) struct Buckets {
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
    /// The series, in the order asked for.
    #[schema(value_type = Vec<SeriesBuckets>)]
    series: Vec<Series>,
}

/// Buckets of one series: `device_id`, `sensor_type`, `units`, `ts`, and a column per aggregate.
#[derive(Debug)]
struct Series(BucketedSeries);

/// Buckets of one series, as columns. Of the aggregates, those that were asked for are there.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described: the columns that are there depend on the question")]
struct SeriesBuckets {
    /// Whose.
    device_id: DeviceId,
    /// Which of its sensors.
    sensor_type: SensorName,
    /// The units it was sent in.
    units: Vec<Unit>,
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
    /// How many readings, whatever they are.
    #[schema(required = false)]
    count: Vec<u64>,
    /// Sums of the numbers.
    #[schema(required = false)]
    sum: Vec<Option<f64>>,
    /// Values of the first readings, whatever they are.
    #[schema(required = false, value_type = Vec<serde_json::Value>)]
    first: Vec<Field>,
    /// Values of the last readings, whatever they are.
    #[schema(required = false, value_type = Vec<serde_json::Value>)]
    last: Vec<Field>,
}

impl Serialize for Series {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let BucketedSeries { asked, info, columns } = &self.0;
        let units: &[Unit] = info.as_ref().map_or(&[], |info| &info.units);
        let mut map = serializer.serialize_map(Some(4 + columns.aggs.len()))?;
        map.serialize_entry("device_id", &asked.device)?;
        map.serialize_entry("sensor_type", &asked.sensor)?;
        map.serialize_entry("units", units)?;
        write(&mut map, columns)?;
        map.end()
    }
}

/// Writes where buckets begin and what was asked of each, column by column.
pub(in crate::rest) fn write<M: SerializeMap>(map: &mut M, columns: &Columns) -> Result<(), M::Error> {
    map.serialize_entry("ts", &columns.ts)?;
    for (agg, fields) in &columns.aggs {
        let fields: &[Field] = fields;
        map.serialize_entry(agg.name(), fields)?;
    }
    Ok(())
}

/// Readings in buckets over time.
///
/// Of which series: `series`, or `device` with or without `sensor`. How they are cut: `bucket`, or `points` for as many of one length.
#[utoipa::path(
    get,
    path = "/readings/series",
    operation_id = "bucket_readings",
    tag = "readings",
    params(
        ("series" = Option<String>, Query, description = "Pairs `<device>/<sensor>`, with commas between several."),
        ("device" = Option<String>, Query, description = "Whose; several with commas."),
        ("sensor" = Option<String>, Query, description = "Of these sensors of each device; several with commas. All if absent."),
        ("from" = Option<String>, Query, description = "Event time from here on: RFC 3339, or milliseconds since the epoch. 24 hours before `to` if absent."),
        ("to" = Option<String>, Query, description = "Event time before this: as `from`. Now if absent."),
        ("bucket" = Option<String>, Query, description = "Length of a bucket: a whole number and `s`, `m`, `h`, `d`, `w` or `mo`; or `auto`, the shortest even length of which there are at most `points`."),
        ("points" = Option<u32>, Query, description = "With `bucket=auto`: buckets at most, 500 if absent. Without `bucket`: as many buckets of one length, whatever the clock says."),
        ("agg" = Option<String>, Query, description = "Of `avg`, `min`, `max`, `count`, `sum`, `first`, `last`; several with commas. `avg` if absent."),
        ("tz" = Option<String>, Query, description = "The time zone that buckets follow, such as `Europe/Berlin`. UTC if absent."),
        ("fill" = Option<String>, Query, description = "What an empty bucket has: `null` (if absent), `previous`, or `none`: it is left out."),
    ),
    responses((status = 200, description = "the buckets of each series", body = Buckets)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
pub(super) async fn series(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Buckets>, Problem> {
    let (from, to) = range(&params)?;
    let shape = Shape::read(&params, from, to)?;
    let aggs = aggs(&params)?;
    let fill = params.parse("fill")?.unwrap_or_default();
    let wanted = Wanted::read(&params)?;
    for device in wanted.devices() {
        tenant::readable_device(&state, auth.user.id, device).await?;
    }
    let asked = wanted.series(&state);
    check_size(asked.len(), shape.edges.len())?;
    let width_ms = shape.width_ms();
    let edges = shape.edges;
    let query = BucketQuery { user: auth.user.id, series: asked, from, to, edges, aggs, fill };
    let series = state.history.buckets(query).await?.into_iter().map(Series).collect();
    let bucket = shape.size.map(|size| size.to_string());
    Ok(Json(Buckets { from, to, bucket, width_ms, tz: shape.tz, series }))
}

/// `from=` and `to=`: the last [`limit::BUCKET_RANGE_H`] hours, where they are not said.
pub(in crate::rest) fn range(params: &Params) -> Result<(Timestamp, Timestamp), Problem> {
    let to = time(params, "to")?.unwrap_or_else(now);
    let from = time(params, "from")?.unwrap_or_else(|| to.plus_us(-limit::BUCKET_RANGE_H * HOUR_US));
    if from < to { Ok((from, to)) } else { Err(Problem::parameter("from", "must lie before to")) }
}

pub(in crate::rest) fn aggs(params: &Params) -> Result<Vec<Agg>, Problem> {
    let aggs: Vec<Agg> = list(params, "agg")?;
    for (at, agg) in aggs.iter().enumerate() {
        if aggs[..at].contains(agg) {
            return Err(Problem::parameter("agg", &format!("has {} twice", agg.name())));
        }
    }
    Ok(if aggs.is_empty() { vec![Agg::Avg] } else { aggs })
}

pub(in crate::rest) fn check_size(series: usize, buckets: usize) -> Result<(), Problem> {
    if series > limit::BUCKET_SERIES {
        let detail =
            format!("{series} series are asked for; at most {} can be told at once", limit::BUCKET_SERIES);
        return Err(Problem::bad_request("too_many_series", detail));
    }
    if series * buckets > limit::BUCKETS_PER_ANSWER {
        let fits = limit::BUCKETS_PER_ANSWER / series;
        let detail = format!(
            "{series} series of {buckets} buckets are more than the {} that can be told at once: ask for at most {fits} buckets",
            limit::BUCKETS_PER_ANSWER,
        );
        return Err(Problem::bad_request("too_many_buckets", detail));
    }
    Ok(())
}

/// How the range is cut.
pub(in crate::rest) struct Shape {
    pub edges: Edges,
    /// Nothing where all buckets are of one length of their own.
    pub size: Option<BucketSize>,
    pub tz: Option<String>,
}

impl Shape {
    /// Milliseconds of a bucket, where all are of one length of their own.
    pub fn width_ms(&self) -> Option<i64> {
        let bounds = self.edges.bounds();
        self.size.is_none().then(|| (bounds[1] - bounds[0]) / 1000)
    }

    /// `bucket=`, `points=` and `tz=`.
    pub fn read(params: &Params, from: Timestamp, to: Timestamp) -> Result<Self, Problem> {
        let points = params.parse::<usize>("points")?;
        if points.is_some_and(|points| points == 0 || points > limit::BUCKETS) {
            let message = format!("must be a whole number from 1 to {}", limit::BUCKETS);
            return Err(Problem::parameter("points", &message));
        }
        let named =
            params.text("bucket").filter(|text| *text != "auto").map(str::parse::<BucketSize>).transpose();
        let named = named.map_err(|error| Problem::parameter("bucket", &format!("{error}; or auto")))?;
        let size = match (params.text("bucket"), named, points) {
            (_, Some(_), Some(_)) => {
                let message =
                    "goes with bucket=auto or without bucket: a bucket of one length gives their number";
                return Err(Problem::parameter("points", message));
            }
            (_, Some(size), None) => size,
            (None, None, Some(points)) if params.text("tz").is_some() => {
                let message =
                    format!("needs a bucket: {points} points are cut evenly, whatever the clock says");
                return Err(Problem::parameter("tz", &message));
            }
            (None, None, Some(points)) => {
                return Ok(Self { edges: Edges::equal(points, from, to), size: None, tz: None });
            }
            (_, None, Some(1 | 2)) => {
                let message = "must be at least 3 with bucket=auto: a range seldom begins with a bucket, or ends with one";
                return Err(Problem::parameter("points", message));
            }
            (_, None, points) => {
                BucketSize::fitting(to.as_us() - from.as_us(), points.unwrap_or(limit::BUCKETS_DEFAULT))
            }
        };
        let name = params.text("tz").unwrap_or("UTC");
        let zone = TimeZone::get(name)
            .map_err(|_| Problem::parameter("tz", "must be a time zone such as Europe/Berlin"))?;
        let edges = Edges::of(size, &zone, from, to)
            .map_err(|too_many| Problem::parameter("bucket", &too_many.to_string()))?;
        let tz = zone.iana_name().unwrap_or(name).to_owned();
        Ok(Self { edges, size: Some(size), tz: Some(tz) })
    }
}

/// Which series: pairs, or sensors of devices.
enum Wanted {
    Pairs(Vec<Asked>),
    Of { devices: Vec<DeviceId>, sensors: Vec<SensorName> },
}

impl Wanted {
    /// `series=` or `device=` with `sensor=`.
    fn read(params: &Params) -> Result<Self, Problem> {
        let devices = distinct(params, "device")?;
        let sensors = distinct(params, "sensor")?;
        let Some(pairs) = params.text("series") else {
            if devices.is_empty() {
                return Err(Problem::parameter("device", "is required, or series"));
            }
            return Ok(Self::Of { devices, sensors });
        };
        if !devices.is_empty() || !sensors.is_empty() {
            return Err(Problem::parameter("series", "goes without device and sensor"));
        }
        let wrong = || Problem::parameter("series", "must be <device>/<sensor>, with commas between several");
        let pair = |text: &str| {
            let (device, sensor) = text.split_once('/').ok_or_else(wrong)?;
            let device = device.parse().map_err(|_| wrong())?;
            Ok(Asked { device, sensor: sensor.parse().map_err(|_| wrong())? })
        };
        let pairs = pairs.split(',').map(pair).collect::<Result<Vec<Asked>, Problem>>()?;
        if let Some(Asked { device, sensor }) = twice(&pairs) {
            let message = format!("has {device}/{sensor} more than once");
            return Err(Problem::parameter("series", &message));
        }
        Ok(Self::Pairs(pairs))
    }

    fn devices(&self) -> HashSet<DeviceId> {
        match self {
            Self::Pairs(pairs) => pairs.iter().map(|asked| asked.device).collect(),
            Self::Of { devices, .. } => devices.iter().copied().collect(),
        }
    }

    /// The series. Without sensors, all that the devices have.
    fn series(self, state: &AppState) -> Vec<Asked> {
        let (devices, sensors) = match self {
            Self::Pairs(pairs) => return pairs,
            Self::Of { devices, sensors } => (devices, sensors),
        };
        let of_device = |device: DeviceId| {
            let sensors = if sensors.is_empty() {
                state.log.series().of_device(device).iter().map(|info| info.sensor.clone()).collect()
            } else {
                sensors.clone()
            };
            sensors.into_iter().map(move |sensor| Asked { device, sensor })
        };
        devices.into_iter().flat_map(of_device).collect()
    }
}
