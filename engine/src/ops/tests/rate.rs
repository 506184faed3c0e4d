use serde_json::json;

use super::{check, check_keys, plan};

#[test]
fn a_gauge_rises_and_falls() {
    let found = check(
        &plan("rate", json!({}), &[]),
        "a 1000 5 1 ->
         a 3000 9 1 2 -> out a 3000 2 q2 delta=4 seconds=2
         b 3000 7 ->
         a 3500 7 1 -> out a 3500 -4 delta=-2 seconds=0.5",
    );
    assert_eq!((found.out, found.filtered), (2, 2));
}

#[test]
fn it_is_given_per_second_minute_or_hour() {
    for (per, rate) in [("second", "0.5"), ("minute", "30"), ("hour", "1800")] {
        check(
            &plan("rate", json!({ "per": per }), &[]),
            &format!("a 0 0 ->\n a 10000 5 -> out a 10000 {rate} delta=5 seconds=10"),
        );
    }
}

#[test]
fn a_counter_that_falls_was_reset() {
    check(
        &plan("rate", json!({"mode": "counter"}), &[]),
        "a 0 65000 ->
         a 1000 65100 -> out a 1000 100 delta=100 seconds=1
         a 2000 30 -> out a 2000 30 delta=30 seconds=1",
    );
}

#[test]
fn a_counter_wraps_if_that_is_the_shorter_way_and_was_reset_if_not() {
    check(
        &plan("rate", json!({"mode": "counter", "wrapAt": 65536}), &[]),
        "a 0 65530 ->
         a 1000 4 -> out a 1000 10 delta=10 seconds=1
         a 2000 32772 -> out a 2000 32768 delta=32768 seconds=1
         a 3000 4 -> out a 3000 32768 delta=32768 seconds=1
         a 4000 40000 -> out a 4000 39996 delta=39996 seconds=1
         a 5000 20000 -> out a 5000 20000 delta=20000 seconds=1",
    );
}

#[test]
fn what_no_counter_shows_is_an_error_and_is_not_remembered() {
    let found = check(
        &plan("rate", json!({"mode": "counter", "wrapAt": 100}), &[]),
        "a 0 10 ->
         a 500 -1 -> error a 500 -1 out_of_range
         a 600 100 -> error a 600 100 out_of_range
         a 700 \"x\" -> error a 700 \"x\" not_a_number
         a 1000 20 -> out a 1000 10 delta=10 seconds=1",
    );
    assert_eq!((found.out, found.filtered, found.error), (1, 1, 3));
}

#[test]
fn a_record_of_an_equal_time_gives_nothing_and_is_not_remembered() {
    check(
        &plan("rate", json!({}), &[]),
        "a 0 10 ->
         a 0 50 ->
         a 1000 20 -> out a 1000 10 delta=10 seconds=1",
    );
}

#[test]
fn a_record_that_goes_back_in_time_begins_anew() {
    check(
        &plan("rate", json!({"mode": "counter"}), &[]),
        "a 2000 10 ->
         a 1000 4 ->
         a 3000 24 -> out a 3000 10 delta=20 seconds=2",
    );
}

#[test]
fn there_is_no_result_across_a_gap_or_from_unit_to_unit() {
    let found = check(
        &plan("rate", json!({"maxGap": "1s"}), &[]),
        "a 0 0 1 ->
         a 1000 1 1 -> out a 1000 1 delta=1 seconds=1
         a 2001 2 1 ->
         a 2501 3 1 -> out a 2501 2 delta=1 seconds=0.5
         a 2501 300 2 ->
         a 3001 301 2 -> out a 3001 2 delta=1 seconds=0.5
         a 3501 2 1 ->",
    );
    assert_eq!((found.out, found.filtered), (3, 4));
}

#[test]
fn a_rate_beyond_the_numbers_is_an_error() {
    let found = check_keys(
        &plan("rate", json!({}), &[]),
        1,
        &format!(
            "a 0 -1.7e308 ->
             a 1 1.7e308 -> error a 1 {} not_finite
             a 1001 1.7e308 -> out a 1001 0 delta=0 seconds=1
             b 0 1 -> error b 0 1 too_many_keys",
            1.7e308
        ),
    );
    assert_eq!((found.out, found.error), (1, 2));
}
