use serde_json::json;

use super::{check, check_keys, plan};

#[test]
fn only_more_than_the_band_away_from_the_last_that_passed_passes() {
    let found = check(
        &plan("deadband", json!({"absolute": 2}), &[]),
        "a 0 10 -> out a 0 10
         a 1 12 ->
         a 2 8 ->
         a 3 12.5 -> out a 3 12.5
         a 4 10.5 ->
         a 5 10.4 -> out a 5 10.4
         b 5 10.4 -> out b 5 10.4",
    );
    assert_eq!((found.in_, found.out, found.filtered), (7, 4, 3));
}

#[test]
fn percents_are_of_the_last_that_passed() {
    check(
        &plan("deadband", json!({"percent": 10}), &[]),
        "a 0 -100 -> out a 0 -100
         a 1 -110 ->
         a 2 -111 -> out a 2 -111
         a 3 0 -> out a 3 0
         a 4 0 ->
         a 5 0.001 -> out a 5 0.001",
    );
}

#[test]
fn one_of_two_bands_is_enough() {
    check(
        &plan("deadband", json!({"absolute": 5, "percent": "50"}), &[]),
        "a 0 4 -> out a 0 4
         a 1 6 ->
         a 2 6.5 -> out a 2 6.5
         a 3 100 -> out a 3 100
         a 4 106 -> out a 4 106",
    );
}

#[test]
fn a_band_of_nothing_leaves_out_what_does_not_change() {
    check(
        &plan("deadband", json!({"absolute": 0}), &[]),
        "a 0 4 -> out a 0 4
         a 1 4 ->
         a 2 4.0000001 -> out a 2 4.0000001",
    );
}

#[test]
fn silence_ends_by_event_time_and_counts_from_the_newest_that_passed() {
    check(
        &plan("deadband", json!({"absolute": 5, "maxSilence": "1s"}), &[]),
        "a 1000 1 -> out a 1000 1
         a 1999 1 ->
         tick 100 ->
         a 2000 1 -> out a 2000 1
         a 500 20 -> out a 500 20
         a 2999 20 ->
         a 3000 20 -> out a 3000 20",
    );
}

#[test]
fn another_unit_passes_and_what_is_no_number_is_an_error() {
    let found = check_keys(
        &plan("deadband", json!({"absolute": 5}), &[]),
        1,
        "a 0 20 1 -> out a 0 20 1
         a 1 20 2 -> out a 1 20 2
         a 2 \"warm\" 2 -> error a 2 \"warm\" 2 not_a_number
         a 3 true 2 -> error a 3 true 2 not_a_number
         a 4 21 2 ->
         b 4 21 -> error b 4 21 too_many_keys",
    );
    assert_eq!((found.out, found.filtered, found.error), (2, 1, 3));
}
