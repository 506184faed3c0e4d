//! A node that is fed from its horizon on, and one that saw all: from then on they do the same.

use std::sync::Arc;

use edgesync_schemas::limit;
use edgesync_schemas::reading::Quality;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value;
use serde_json::{Value as Json, json};

use super::{Bench, Random, Step, keys_of, plan, seed, told};
use crate::ops::needs::horizon_ms;
use crate::plan::Plan;

fn kinds() -> Vec<(&'static str, Json, Vec<&'static str>)> {
    let one = |kind, data| (kind, data, vec![]);
    vec![
        one("throttle", json!({"period": "7s", "n": 2})),
        one("throttle", json!({"period": "5s", "mode": "last"})),
        one("throttle", json!({"period": "70s", "mode": "average"})),
        one("rate", json!({"maxGap": "9s"})),
        one("moving-average", json!({"duration": "20s", "windowSize": 1000})),
        one("moving-average", json!({"duration": "9s", "method": "median"})),
        ("combine", json!({"inputs": ["a", "b"], "maxAge": "9s"}), vec!["a", "b"]),
        (
            "combine",
            json!({"inputs": ["a", "b"], "maxAge": "20s", "trigger": "b", "by": "all"}),
            vec!["a", "b"],
        ),
        ("interval-join", json!({"tolerance": "1s", "lateness": 0, "idle": "40s"}), vec!["left", "right"]),
        ("interval-join", json!({"tolerance": "3s", "by": "all"}), vec!["left", "right"]),
    ]
}

/// Seconds that pass, and readings that come at most the grace after they happened.
fn steps(random: &mut Random, keys: &[u32]) -> Vec<Step> {
    let mut clock_s = 1000;
    let mut steps = vec![Step::Tick(clock_s)];
    // Some keys are silent for a while.
    let mut some = keys.to_vec();
    for _ in 0..600 {
        match random.below(8) {
            0 => {
                clock_s += 1 + random.below(12) as i64;
                steps.push(Step::Tick(clock_s));
                some = keys.iter().copied().filter(|_| random.below(3) > 0).collect();
            }
            _ if some.is_empty() => {}
            kind => {
                let late_ms = random.below(if kind <= 3 { limit::IDLE_GRACE_MS as u64 } else { 1500 });
                steps.push(Step::Reading {
                    key: some[random.below(some.len() as u64) as usize],
                    ts_us: (clock_s * 1000 - late_ms as i64) * 1000,
                    value: Value::number(random.below(50) as f64).unwrap(),
                    unit: UnitIndex::NONE,
                    quality: Quality::GOOD,
                });
            }
        }
    }
    steps
}

/// Feeds steps; answers what left, by port and device.
fn play(bench: &mut Bench, steps: &[Step], from_us: i64) -> Vec<String> {
    let mut found = Vec::new();
    for step in steps {
        match step {
            Step::Reading { ts_us, .. } if *ts_us < from_us => bench.offset += 1,
            step => found.extend(told(&bench.step(std::slice::from_ref(step)))),
        }
    }
    // In which order keys end by the clock depends on which came first.
    let mut lines: Vec<String> =
        found.into_iter().map(|(_, offset, line)| format!("{offset} {line}")).collect();
    lines.sort();
    lines
}

fn check(plan: &Arc<Plan>, random: &mut Random, keys: &[u32], what: &str) -> (usize, usize) {
    let node = plan.nodes().iter().find(|node| &*node.id == "n").unwrap();
    let horizon_us = horizon_ms(node).unwrap() * 1000;
    let steps = steps(random, keys);
    let (before, after) = steps.split_at(steps.len() * 3 / 4);
    let (mut all, mut part) = (Bench::new(plan, 1000), Bench::new(plan, 1000));
    play(&mut all, before, i64::MIN);
    let from_us = all.clock_s * 1_000_000 - horizon_us;
    play(&mut part, before, from_us);
    let left_out =
        before.iter().filter(|step| matches!(step, Step::Reading { ts_us, .. } if *ts_us < from_us));
    let left_out = left_out.count();
    let (expected, found) = (play(&mut all, after, i64::MIN), play(&mut part, after, i64::MIN));
    let differs = (0..found.len().max(expected.len())).find(|at| found.get(*at) != expected.get(*at));
    assert_eq!(differs.map(|at| (found.get(at), expected.get(at))), None, "{what}");
    let held = |bench: &Bench| bench.counters.node("n").unwrap().snapshot().in_flight;
    assert_eq!(held(&part), held(&all), "{what}");
    (left_out, found.len())
}

#[test]
fn a_node_that_is_fed_its_horizon_goes_on_as_the_one_that_saw_all() {
    let seed = seed();
    for (kind, data, inputs) in kinds() {
        let plan = plan(kind, data.clone(), &inputs);
        let (mut left_out, mut found) = (0, 0);
        for round in 0..40 {
            let what = format!("{kind} {data}, round {round}");
            let (one, other) = check(&plan, &mut Random(seed + round), &keys_of(&inputs), &what);
            (left_out, found) = (left_out + one, found + other);
        }
        assert!(left_out > 1000 && found > 200, "{kind} {data}: {left_out} left out, {found} found");
    }
}
