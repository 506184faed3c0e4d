//! Calendar windows where clocks change, as files: what a cell puts out for readings every half an hour, or every quarter.
//!
//! `UPDATE=1` writes the files anew. Each line of a file is a window: its start and end on the local clock, its length, its readings.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod support;

use std::fs;
use std::path::Path;

use edgesync_engine::{Emission, Options};
use edgesync_schemas::reading::Arrival;
use edgesync_schemas::time::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use support::{Cell, commit, device, flow_id, plan, series};

const HOUR_MS: i64 = 3_600_000;

/// The windows of a calendar that readings every so often from one time to another make: each as text.
fn windows(zone: &str, unit: &str, from_ms: i64, to_ms: i64, every_ms: i64) -> Vec<String> {
    let json = format!(
        r#"{{"nodes":[
            {{"id":"in","type":"device-sensor","data":{{"devices":["{}"]}}}},
            {{"id":"w","type":"window","data":{{"type":"calendar","unit":"{unit}","zone":"{zone}","aggregates":["count"]}}}}],
          "edges":[{{"source":"in","target":"w"}}]}}"#,
        device(1)
    );
    let cell = Cell::new(Options::default());
    cell.handle.series(vec![series(0, 1, "t")]).unwrap();
    let counters = cell.handle.install(flow_id(1), 1, plan(&json)).unwrap();
    counters.node("w").unwrap().watch.store(1, std::sync::atomic::Ordering::Relaxed);
    let readings: Vec<_> = (from_ms..to_ms).step_by(every_ms as usize).map(|ms| (0, ms, "1")).collect();
    let mut commit = commit(0, &readings);
    let received_at = Timestamp::from_ms(to_ms).unwrap();
    Arc::make_mut(&mut commit).arrivals = vec![Arrival { end_row: readings.len() as u32, received_at }];
    let mut emitted = Vec::new();
    cell.feed(&commit, &mut emitted);
    emitted.extend(cell.settle());
    let zone = TimeZone::get(zone).unwrap();
    let mut found = Vec::new();
    for emission in emitted {
        let Emission::Rows(rows) = emission else { continue };
        for row in 0..rows.num.len() {
            let [start, end] = [0, 1].map(|field: usize| rows.fields[field].1.num[row] as i64);
            assert_eq!(rows.ts[row].as_ms(), start);
            let local = |ms| jiff::Timestamp::from_millisecond(ms).unwrap().to_zoned(zone.clone());
            let hours = (end - start) as f64 / HOUR_MS as f64;
            found.push(format!(
                "{} to {}: {hours} h, {} readings",
                local(start).strftime("%F %a %T%:z"),
                local(end).strftime("%F %a %T%:z"),
                rows.num[row]
            ));
        }
    }
    // The first one has lost its beginning.
    found.remove(0);
    found
}

/// Compares what is found around some moments of a zone with the zone's file.
fn check(zone: &str, changes: &[&str]) {
    let mut all = Map::new();
    for change in changes {
        let at = change.parse::<Timestamp>().unwrap().as_ms();
        let mut units = Map::new();
        for (unit, around_hours, every_ms) in [
            ("hour", 5, HOUR_MS / 4),
            ("day", 4 * 24, HOUR_MS / 2),
            ("week", 4 * 7 * 24, HOUR_MS / 2),
            ("month", 100 * 24, HOUR_MS / 2),
        ] {
            let around_ms = around_hours * HOUR_MS;
            units.insert(unit.into(), json!(windows(zone, unit, at - around_ms, at + around_ms, every_ms)));
        }
        all.insert((*change).into(), Value::Object(units));
    }
    let found = serde_json::to_string_pretty(&all).unwrap() + "\n";
    let name = zone.to_lowercase().replace('/', "_");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.json"));
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &found).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(found, expected, "{} (UPDATE=1 writes it anew)", file.display());
}

#[test]
fn berlin_has_a_day_of_23_hours_and_one_of_25() {
    check("Europe/Berlin", &["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"]);
}

#[test]
fn new_york_changes_at_other_times() {
    check("America/New_York", &["2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"]);
}

#[test]
fn lord_howe_changes_by_half_an_hour() {
    check("Australia/Lord_Howe", &["2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"]);
}

#[test]
fn samoa_skipped_the_30th_of_december_2011() {
    check("Pacific/Apia", &["2011-12-30T10:00:00Z"]);
}
