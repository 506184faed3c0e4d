use edgesync_schemas::limit;
use serde_json::json;

use super::{check, check_keys, compiled, device, plan};

#[test]
fn the_first_n_of_each_period_pass_by_key() {
    let found = check(
        &plan("throttle", json!({"period": "1s", "n": 2}), &[]),
        "a 900 1 -> out a 900 1
         a 1000 2 -> out a 1000 2
         a 1500 \"x\" -> out a 1500 \"x\"
         a 1999 4 ->
         b 1999 5 -> out b 1999 5
         a 2000 6 -> out a 2000 6
         a 1999.999 7 -> late a 1999.999 7
         a -1 8 -> late a -1 8
         b 0 8 -> late b 0 8",
    );
    assert_eq!((found.out, found.filtered, found.late, found.in_flight), (5, 1, 3, 0));
}

#[test]
fn periods_before_the_epoch_begin_at_multiples_too() {
    check(
        &plan("throttle", json!({"period": 1000}), &[]),
        "a -1500 1 -> out a -1500 1
         a -1001 2 ->
         a -1000 3 -> out a -1000 3
         a -1 4 ->
         a 0 5 -> out a 0 5",
    );
}

#[test]
fn the_last_by_event_time_leaves_when_a_later_period_begins() {
    let found = check(
        &plan("throttle", json!({"period": "1s", "mode": "last"}), &[]),
        "a 1100 1 ->
         a 1900 \"x\" 2 1 ->
         a 1500 3 ->
         a 3000 4 -> out a 1900 \"x\" 2 q1
         a 3000 5 ->
         a 2999 6 -> late a 2999 6
         a 4000 7 -> out a 3000 5",
    );
    assert_eq!((found.out, found.filtered, found.late, found.in_flight), (2, 3, 1, 1));
}

#[test]
fn the_average_has_the_mean_and_the_time_of_the_last() {
    let found = check(
        &plan("throttle", json!({"period": "1s", "mode": "average"}), &[]),
        "a 1900 1 1 ->
         a 1100 6 2 ->
         a 1200 \"x\" -> error a 1200 \"x\" not_a_number
         a 1300 2 2 ->
         a 2000 9 -> out a 1900 3 1",
    );
    assert_eq!((found.in_, found.out, found.filtered, found.error, found.in_flight), (5, 1, 2, 1, 1));
}

#[test]
fn a_mean_beyond_the_numbers_is_an_error() {
    let found = check(
        &plan("throttle", json!({"period": "1s", "mode": "average"}), &[]),
        "a 0 1.7e308 ->
         a 1 1.7e308 ->
         a 1000 1 ->
         a 2000 2 -> out a 1000 1",
    );
    assert_eq!((found.out, found.filtered, found.error, found.in_flight), (1, 1, 1, 1));
}

#[test]
fn what_trails_is_flushed_when_its_period_has_passed_and_the_key_is_silent() {
    let found = check(
        &plan("throttle", json!({"period": "10s", "mode": "last"}), &[]),
        "tick 11
         a 12000 1 ->
         tick 19 ->
         b 13000 2 ->
         tick 21 ->
         tick 22 -> out a 12000 1
         a 19999 3 -> late a 19999 3
         a 20000 4 ->
         tick 29 ->
         tick 30 -> out b 13000 2
         tick 32 ->
         tick 33 -> out a 20000 4
         tick 100 ->",
    );
    assert_eq!((found.out, found.late, found.in_flight), (3, 1, 0));
}

#[test]
fn after_half_a_minute_of_silence_a_long_period_that_has_passed_is_flushed() {
    check(
        &plan("throttle", json!({"period": "1h", "mode": "average"}), &[]),
        "tick 3595
         a 3595000 1 ->
         tick 3600 ->
         tick 3625 ->
         tick 3626 -> out a 3595000 1
         a 3600000 5 ->
         tick 3700 ->
         tick 7200 -> out a 3600000 5",
    );
}

#[test]
fn a_held_record_keeps_its_fields() {
    let nodes = json!([
        {"id": "s", "type": "device-sensor", "data": {"devices": [device(1), device(2)]}},
        {"id": "m", "type": "min-max", "data": {}},
        {"id": "n", "type": "throttle", "data": {"period": "1s", "mode": "last"}}
    ]);
    let edges = json!([{"source": "s", "target": "m"}, {"source": "m", "target": "n"}]);
    check(
        &compiled(json!({"nodes": nodes, "edges": edges})),
        "a 0 1 ->
         a 1 5 ->
         b 1 7 ->
         a 1000 9 -> out a 1 4 min=1 max=5 range=4",
    );
}

#[test]
fn keys_and_text_are_bounded() {
    // Values have at most 4096 bytes, so it takes fields to pass the bound.
    let nodes = json!([
        {"id": "left", "type": "device-sensor", "data": {"devices": [device(1)], "sensors": ["left"]}},
        {"id": "right", "type": "device-sensor", "data": {"devices": [device(1)], "sensors": ["right"]}},
        {"id": "c", "type": "combine", "data": {"inputs": ["left", "right"], "trigger": "right"}},
        {"id": "n", "type": "throttle", "data": {"period": "1s", "mode": "last"}}
    ]);
    let edges = json!([
        {"source": "left", "target": "c", "targetHandle": "left"},
        {"source": "right", "target": "c", "targetHandle": "right"},
        {"source": "c", "target": "n"}
    ]);
    let plan_of_text = compiled(json!({"nodes": nodes, "edges": edges}));
    let [long, short] = [limit::RAW_VALUE_BYTES, 10].map(|bytes| format!("\"{}\"", "x".repeat(bytes - 2)));
    let fields = |left: &str, right: &str| format!("left {{}} {left} left={left} right={right}");
    let bad = fields(&long, &short).replace("{}", "1");
    let found = check(
        &plan_of_text,
        &format!(
            "left 0 {long}
             right 1 {short} -> error {bad} no_room
             left 1 {short}
             right 2 {long}
             right 1000 1 -> out {}",
            fields(&short, &long).replace("{}", "2"),
        ),
    );
    assert_eq!((found.error, found.out, found.in_flight), (1, 1, 1));
    check_keys(
        &plan("throttle", json!({"period": "1s", "mode": "last"}), &[]),
        1,
        "a 0 1 ->
         b 0 1 -> error b 0 1 too_many_keys",
    );
}
