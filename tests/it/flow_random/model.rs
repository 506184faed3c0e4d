//! What a flow should have stored: the naive interpreter over the readings of the log in their order, version by version.

use std::collections::BTreeMap;
use std::sync::Arc;

use edgesync_engine::Plan;
use edgesync_engine::naive::Naive;
use edgesync_engine::plan::Work;
use edgesync_engine::state::Change;
use edgesync_schemas::flow::Port;
use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::{Arrival, Columns, Commit, Quality, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value as Measured;
use serde_json::Value;

use crate::support::Api;

/// Rows by series and event time in microseconds: the value as JSON.
pub type Rows = BTreeMap<Series, BTreeMap<i64, Value>>;

/// Name, device, sensor.
type Series = (String, String, String);

/// All readings of a server, in the order of their arrival.
#[derive(Default)]
pub struct Log {
    readings: Vec<Arc<Commit>>,
    known: Vec<Arc<SeriesInfo>>,
}

impl Log {
    /// Reads them back.
    pub async fn read(api: &Api, devices: &[String]) -> Self {
        let mut all = Vec::new();
        for device in devices {
            all.extend(api.readings(device).await);
        }
        all.sort_by_key(|reading| reading["id"].as_u64());
        let mut log = Self::default();
        for (place, reading) in all.iter().enumerate() {
            assert_eq!(reading["id"], place as u64, "a reading is missing, or there twice");
            log.push(reading);
        }
        log
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.readings.len()
    }

    fn push(&mut self, reading: &Value) {
        let (series, unit) = self.series(reading);
        let time = |name: &str| reading[name].as_str().unwrap().parse::<Timestamp>().unwrap();
        let value = match &reading["raw_data"] {
            Value::Null => Measured::number(reading["value"].as_f64().unwrap()).unwrap(),
            raw => Measured::from_json(&raw.to_string()).unwrap(),
        };
        let mut columns = Columns::default();
        columns.push(series, time("timestamp"), value, unit, Quality::GOOD);
        let arrivals = vec![Arrival { end_row: 1, received_at: time("received_at") }];
        let first = Offset(self.readings.len() as u64);
        self.readings.push(Arc::new(Commit { first, columns, arrivals, new_series: Vec::new() }));
    }

    fn series(&mut self, reading: &Value) -> (SeriesId, UnitIndex) {
        let device = reading["device_id"].as_str().unwrap().parse().unwrap();
        let sensor = reading["sensor_type"].as_str().unwrap().parse().unwrap();
        let at = self.known.iter().position(|info| info.device == device && info.sensor == sensor);
        let units = ["C", "%"];
        let at = at.unwrap_or_else(|| {
            let (id, units) = (SeriesId(self.known.len() as u32), units.map(|unit| unit.parse().unwrap()));
            self.known.push(Arc::new(SeriesInfo { id, device, sensor, units: units.into() }));
            self.known.len() - 1
        });
        let unit = units.iter().position(|unit| reading["unit"] == *unit);
        (SeriesId(at as u32), UnitIndex(unit.map_or(0, |unit| unit as u8 + 1)))
    }
}

/// A flow as it should be.
#[derive(Clone, Default)]
pub struct Model {
    running: Option<(Arc<Plan>, Naive)>,
    /// Readings that came.
    fed: usize,
    /// The time that passed beside.
    clock: Timestamp,
    /// What is stored, with the offset of the reading that caused it.
    rows: BTreeMap<Series, BTreeMap<i64, (Offset, Value)>>,
}

impl Model {
    /// It is deployed, with nothing remembered.
    pub fn start(&mut self, plan: &Arc<Plan>) {
        self.running = Some((plan.clone(), Naive::new(plan.clone(), limit::KEYS_PER_NODE, 0)));
    }

    /// It runs no more.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Another version takes its place.
    pub fn change(&mut self, plan: &Arc<Plan>, log: &Log) -> Change {
        let (old_plan, old) = self.running.as_ref().expect("it runs");
        let change = old_plan.change_to(plan);
        let new = match change {
            Change::Cosmetic => old.clone(),
            Change::Hot => old.hot(plan),
            Change::Cold => {
                let mut warm = Naive::new(plan.clone(), limit::KEYS_PER_NODE, 0);
                log.readings[..self.fed].iter().for_each(|reading| warm.feed(reading, &log.known));
                // what was due by now is muted as well
                warm.tick(self.clock, Offset(0), &log.known);
                warm.emitted.clear();
                warm.cold(old)
            }
        };
        self.running = Some((plan.clone(), new));
        change
    }

    /// Readings come, up to this one.
    pub fn feed(&mut self, log: &Log, to: usize) {
        if let Some((_, naive)) = &mut self.running {
            log.readings[self.fed..to].iter().for_each(|reading| naive.feed(reading, &log.known));
        }
        self.fed = to;
        self.store(log);
    }

    /// Time passes.
    pub fn tick(&mut self, now: Timestamp, log: &Log) {
        let newest = Offset((self.fed as u64).saturating_sub(1));
        self.clock = self.clock.max(now);
        if let Some((_, naive)) = &mut self.running {
            naive.tick(now, newest, &log.known);
        }
        self.store(log);
    }

    /// Whether anything comes of time alone between these.
    pub fn is_due(&self, from: Timestamp, to: Timestamp, log: &Log) -> bool {
        let mut ahead = self.clone();
        ahead.tick(from, log);
        let Some((_, naive)) = &mut ahead.running else { return false };
        naive.tick(to, Offset(0), &log.known);
        !naive.emitted.is_empty()
    }

    fn store(&mut self, log: &Log) {
        let Some((plan, naive)) = &mut self.running else { return };
        for (node, port, record) in std::mem::take(&mut naive.emitted) {
            let (Work::Store(of), Port::Out) = (&plan.nodes()[node].work, port) else { continue };
            let info = &log.known[record.series.index()];
            let series = (of.series.to_string(), info.device.to_string(), info.sensor.to_string());
            let value = match &record.raw {
                Some(raw) => serde_json::from_str(raw).unwrap(),
                None => Value::from(record.num),
            };
            let row = (record.offset, value);
            let at =
                self.rows.entry(series).or_default().entry(record.ts.as_us()).or_insert_with(|| row.clone());
            if row.0 >= at.0 {
                *at = row;
            }
        }
    }

    /// What is stored by now.
    pub fn rows(&self) -> Rows {
        let values = |rows: &BTreeMap<i64, (Offset, Value)>| {
            rows.iter().map(|(ts, (_, value))| (*ts, value.clone())).collect()
        };
        self.rows.iter().map(|(series, rows)| (series.clone(), values(rows))).collect()
    }
}

/// The first few places at which two differ.
pub fn differences(found: &Rows, expected: &Rows) -> Vec<String> {
    let none = BTreeMap::new();
    let mut all = Vec::new();
    for series in found.keys().chain(expected.keys().filter(|series| !found.contains_key(*series))) {
        let (found, expected) = (found.get(series).unwrap_or(&none), expected.get(series).unwrap_or(&none));
        for ts in found.keys().chain(expected.keys().filter(|ts| !found.contains_key(*ts))) {
            if found.get(ts) != expected.get(ts) {
                all.push(format!("{series:?} at {ts}: {:?}, not {:?}", found.get(ts), expected.get(ts)));
            }
        }
    }
    let count = all.len();
    all.truncate(12);
    if count > 0 {
        all.push(format!("{count} in all"));
    }
    all
}
