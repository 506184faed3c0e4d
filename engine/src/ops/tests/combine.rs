use edgesync_schemas::limit;
use serde_json::json;

use super::{check, check_keys, plan};

const AB: &[&str] = &["a", "b"];

#[test]
fn with_any_each_newest_record_gives_a_result_of_its_device() {
    let found = check(
        &plan("combine", json!({"inputs": AB}), AB),
        "a 1000 1 1 ->
         a2 1000 5 ->
         b 900 10 -> out a 1000 1 1 a=1 b=10
         b 2000 20 -> out a 2000 1 1 a=1 b=20
         a 1500 2 2 -> out a 2000 2 2 a=2 b=20
         a 1400 3 ->
         a 1500 4 -> out a 2000 4 a=4 b=20
         b2 0 7 -> out a2 1000 5 a=5 b=7",
    );
    assert_eq!((found.in_, found.out, found.filtered), (8, 5, 3));
}

#[test]
fn all_devices_may_meet() {
    check(
        &plan("combine", json!({"inputs": AB, "by": "all"}), AB),
        "a 1 1 ->
         b2 2 10 0 2 -> out a 2 1 q2 a=1 b=10
         a2 3 2 0 1 -> out a2 3 2 q3 a=2 b=10",
    );
}

#[test]
fn with_all_each_input_must_have_something_new() {
    check(
        &plan("combine", json!({"inputs": ["a", "b", "left"], "trigger": "all"}), &["a", "b", "left"]),
        "a 1 1 ->
         b 2 10 ->
         a 3 2 ->
         left 3 100 -> out a 3 2 a=2 b=10 left=100
         b 4 20 ->
         b 5 30 ->
         left 5 200 ->
         a 6 3 -> out a 6 3 a=3 b=30 left=200",
    );
}

#[test]
fn with_an_input_only_its_records_give_results() {
    check(
        &plan("combine", json!({"inputs": AB, "trigger": "b"}), AB),
        "b 1 10 ->
         a 2 1 ->
         a 3 2 ->
         b 4 20 -> out a 4 2 a=2 b=20
         a 5 3 ->",
    );
}

#[test]
fn a_value_that_is_too_old_counts_as_missing() {
    check(
        &plan("combine", json!({"inputs": AB, "maxAge": "1s"}), AB),
        "a 0 1 ->
         b 1000 10 -> out a 1000 1 a=1 b=10
         b 1001 20 ->
         a 2002 2 ->
         b 1002 30 -> out a 2002 2 a=2 b=30
         b 3003 40 ->",
    );
}

#[test]
fn values_may_be_of_any_type() {
    check(
        &plan("combine", json!({"inputs": AB}), AB),
        "a 0 \"on\" ->
         b 0 true -> out a 0 \"on\" a=\"on\" b=true
         b 1 5 -> out a 1 \"on\" a=\"on\" b=5",
    );
}

#[test]
fn text_and_keys_are_bounded() {
    let abl = &["a", "b", "left"];
    let text = |with: &str| format!("\"{}\"", with.repeat(limit::RAW_VALUE_BYTES - 2));
    let (x, y) = (text("x"), text("y"));
    let found = check_keys(
        &plan("combine", json!({"inputs": abl}), abl),
        1,
        &format!(
            "a 0 {x} ->
             b 0 {y} ->
             left 0 \"z\" -> error left 0 \"z\" no_room
             a2 0 1 -> error a2 0 1 too_many_keys
             b 1 \"y\" ->
             left 1 \"z\" -> out a 1 {x} a={x} b=\"y\" left=\"z\"
             b 2 {y} -> error b 2 {y} no_room
             left 3 1 -> out a 3 {x} a={x} b=\"y\" left=1"
        ),
    );
    assert_eq!((found.out, found.filtered, found.error), (2, 3, 3));
}
