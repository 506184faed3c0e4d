//! What the sources of a run are given: values that somebody wrote, or the newest stored readings.

use std::collections::HashMap;
use std::sync::Arc;

use edgesync_engine::History;
use edgesync_engine::plan::Plan;
use edgesync_schemas::flow::Problem;
use edgesync_schemas::flow::node::DeviceSensor;
use edgesync_schemas::flow::problem::Code;
use edgesync_schemas::id::{DeviceId, Offset, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::{Quality, SeriesInfo};
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::{Unit, UnitIndex};
use edgesync_schemas::value::Value;
use edgesync_storage::log::{self, ReadingLog, SeriesDictionary};
use serde_json::{Map, Value as Json};

use super::problem;
use crate::cell::now;

/// Readings for a run, and what is known of their series beside what the log knows.
pub(super) struct Given {
    pub history: History,
    known: SeriesDictionary,
    made: HashMap<SeriesId, Arc<SeriesInfo>>,
}

/// A value as somebody wrote it.
struct Written {
    value: Value,
    unit: Option<Unit>,
    ts: Timestamp,
    device: DeviceId,
    sensor: SensorName,
}

impl Given {
    fn new(known: &SeriesDictionary) -> Self {
        Self { history: History::default(), known: known.clone(), made: HashMap::new() }
    }

    /// What is known of a series.
    pub fn info(&self, series: SeriesId) -> Option<Arc<SeriesInfo>> {
        self.made.get(&series).cloned().or_else(|| self.known.info(series))
    }

    fn push(&mut self, written: Written, at: Timestamp) {
        let Written { value, unit, ts, device, sensor } = written;
        let made = self.made.values().find(|info| info.device == device && info.sensor == sensor).cloned();
        let found = made.or_else(|| self.known.find(device, sensor.as_str()));
        // The log is not told of series that nobody sent: these are numbered from the other end.
        let mut info = found.map_or_else(
            || SeriesInfo {
                id: SeriesId(u32::MAX - self.made.len() as u32),
                device,
                sensor,
                units: Vec::new(),
            },
            |info| (*info).clone(),
        );
        let unit = unit.map_or(UnitIndex::NONE, |unit| {
            let known = info.units.iter().position(|known| *known == unit);
            let at = known.unwrap_or_else(|| {
                info.units.push(unit);
                info.units.len() - 1
            });
            u8::try_from(at + 1).map_or(UnitIndex::NONE, UnitIndex)
        });
        let series = info.id;
        self.made.insert(series, Arc::new(info));
        self.history.columns.push(series, ts, value, unit, Quality::GOOD);
        self.history.offsets.push(Offset(self.history.offsets.len() as u64));
        self.history.received.push(at);
    }
}

/// The values that somebody wrote: by source node one value or a list of them. A value is any JSON, or an object of `value` and some of
/// `unit`, `timestamp`, `device_id`, `sensor_type`; what is left out is now, and the source's first device and sensor.
///
/// # Errors
/// Every value that fits no source.
pub(super) fn values(
    plan: &Plan,
    values: &Map<String, Json>,
    known: &SeriesDictionary,
) -> Result<Given, Vec<Problem>> {
    let mut given = Given::new(known);
    let mut problems = Vec::new();
    let at = now();
    for (id, values) in values {
        let Some((_, source)) = plan.sources().find(|(node, _)| *node.id == **id) else {
            problems.push(problem(
                id,
                Code::NotFound,
                format!("there is no source {id:?} to give values to"),
            ));
            continue;
        };
        let list = match values {
            Json::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        if list.len() > limit::RUN_VALUES {
            problems.push(problem(
                id,
                Code::TooLarge,
                format!("{} values, at most {} are run", list.len(), limit::RUN_VALUES),
            ));
            continue;
        }
        for json in list {
            match written(source, json, at) {
                Ok(written) => given.push(written, at),
                Err(message) => problems.push(problem(id, Code::WrongType, message)),
            }
        }
    }
    if problems.is_empty() { Ok(given) } else { Err(problems) }
}

/// The newest stored reading of each series that the sources want.
///
/// # Errors
/// Of the log's store.
pub(super) async fn newest(plan: &Plan, log: &ReadingLog) -> Result<Given, log::Error> {
    let mut given = Given::new(log.series());
    let at = now();
    let mut seen = std::collections::BTreeSet::new();
    for (_, source) in plan.sources() {
        for device in &source.devices {
            for reading in log.latest(*device).await? {
                let is_wanted = source.sensors.is_empty() || source.sensors.contains(&reading.sensor);
                if !is_wanted
                    || !seen.insert((*device, reading.sensor.clone()))
                    || seen.len() > limit::RUN_VALUES
                {
                    continue;
                }
                let value = match &reading.raw {
                    Some(raw) => Value::from_json(raw),
                    None => Value::number(reading.num),
                };
                let Ok(value) = value else { continue };
                let (unit, ts, sensor) = (reading.unit, reading.timestamp, reading.sensor);
                given.push(Written { value, unit, ts, device: *device, sensor }, at);
            }
        }
    }
    Ok(given)
}

fn written(source: &DeviceSensor, json: &Json, at: Timestamp) -> Result<Written, String> {
    const KEYS: [&str; 5] = ["value", "unit", "timestamp", "device_id", "sensor_type"];
    let described = json.as_object().filter(|of| of.contains_key("value"));
    let described = described.filter(|of| of.keys().all(|key| KEYS.contains(&key.as_str())));
    let text = |key: &str| -> Result<Option<&str>, String> {
        match described.and_then(|of| of.get(key)) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{key} must be text")),
        }
    };
    let value = described.map_or(json, |of| &of["value"]);
    let value = Value::from_json(&value.to_string()).map_err(|error| error.to_string())?;
    let unit = text("unit")?.map(str::parse).transpose().map_err(|_| "that is no unit".to_owned())?;
    let ts = match text("timestamp")? {
        Some(ts) => {
            ts.parse().map_err(|_| "timestamp must be a time such as 2026-01-31T12:00:00Z".to_owned())?
        }
        None => at,
    };
    let device = match text("device_id")? {
        Some(id) => id.parse().ok().filter(|id| source.devices.contains(id)),
        None => source.devices.first().copied(),
    };
    let device = device.ok_or("device_id must be one of the source's devices")?;
    let sensor = match text("sensor_type")? {
        Some(name) => name.parse().map_err(|_| "that is no name of a sensor".to_owned())?,
        None => {
            source.sensors.first().cloned().map_or_else(|| "value".parse().map_err(|_| String::new()), Ok)?
        }
    };
    if !source.sensors.is_empty() && !source.sensors.contains(&sensor) {
        return Err("sensor_type must be one of the source's sensors".to_owned());
    }
    Ok(Written { value, unit, ts, device, sensor })
}
