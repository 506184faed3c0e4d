//! Random readings, in one chunk and in pieces with the state saved and loaded between them.

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::reading::Quality;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value;
use serde_json::{Value as Json, json};

use super::{Bench, Random, Step, keys_of, plan, seed, told};
use crate::plan::Plan;

/// Readings that go on in time, mostly, with ticks between them.
fn steps(random: &mut Random, sensors: &[u32]) -> Vec<Vec<Step>> {
    let mut ms = 0i64;
    let mut parts = Vec::new();
    for second in 0..40 {
        parts.push(vec![Step::Tick(second)]);
        let readings = (0..random.below(30)).map(|_| {
            ms += random.below(100) as i64;
            let value = match random.below(12) {
                0 => Value::from_json("\"open\"").unwrap(),
                n => Value::number(n as f64 * 0.37 - 2.0).unwrap(),
            };
            let key = sensors[random.below(sensors.len() as u64) as usize];
            let ts_us = (ms - random.below(300) as i64) * 1000;
            let quality = Quality(random.below(16) as u8 / 15);
            Step::Reading { key, ts_us, value, unit: UnitIndex(random.below(8) as u8 / 7), quality }
        });
        parts.push(readings.collect());
    }
    parts
}

fn kinds() -> Vec<(&'static str, Json, Vec<&'static str>)> {
    let one = |kind, data| (kind, data, vec![]);
    vec![
        one("deadband", json!({"absolute": 0.9, "percent": 30, "maxSilence": "1s"})),
        one("throttle", json!({"period": "2s", "n": 3})),
        one("throttle", json!({"period": "500ms", "mode": "last"})),
        one("throttle", json!({"period": "3s", "mode": "average"})),
        one("dedupe", json!({"values": 3, "ttl": "2s"})),
        one("rate", json!({"mode": "counter", "maxGap": "2s"})),
        one("min-max", json!({})),
        one("min-max", json!({"windowSize": 40})),
        one("moving-average", json!({"windowSize": 5})),
        one("moving-average", json!({"windowSize": 50, "duration": "20s"})),
        one("moving-average", json!({"windowSize": 50, "method": "median"})),
        one("moving-average", json!({"method": "ewma", "halfLife": "1s"})),
        ("combine", json!({"inputs": ["a", "b"], "trigger": "all", "maxAge": "1s"}), vec!["a", "b"]),
        ("combine", json!({"inputs": ["a", "left", "right"], "by": "all"}), vec!["a", "left", "right"]),
        ("interval-join", json!({"tolerance": 50, "lateness": 200, "idle": "1s"}), vec!["left", "right"]),
        ("interval-join", json!({"tolerance": 20, "by": "all"}), vec!["left", "right"]),
    ]
}

fn play(
    plan: &Arc<Plan>,
    parts: &[Vec<Step>],
    mut cut: impl FnMut(usize) -> usize,
) -> Vec<(Port, u64, String)> {
    let mut bench = Bench::new(plan, 1000);
    let mut found = Vec::new();
    for part in parts {
        let mut rest = &part[..];
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(cut(rest.len()));
            found.extend(told(&bench.step(piece)));
            if !more.is_empty() || piece.len() < part.len() {
                bench.move_on();
            }
            rest = more;
        }
    }
    found.sort_by_key(|(port, ..)| *port); // stable: the order within a port stays
    found
}

#[test]
fn a_flow_goes_on_as_if_it_had_not_been_saved_and_loaded() {
    let seed = seed();
    for (kind, data, inputs) in kinds() {
        let plan = plan(kind, data.clone(), &inputs);
        let sensors = keys_of(&inputs);
        for round in 0..6 {
            let parts = steps(&mut Random(seed + round), &sensors);
            let whole = play(&plan, &parts, |all| all);
            let mut random = Random(seed ^ round);
            let cut = play(&plan, &parts, |all| random.below(all as u64) as usize + 1);
            assert!(whole.len() > 20, "{kind} {data} put out {} records", whole.len());
            assert_eq!(whole, cut, "{kind} {data}, round {round}");
        }
    }
}
