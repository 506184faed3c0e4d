use serde_json::json;

use super::{check, check_keys, plan};

#[test]
fn without_a_window_all_values_count() {
    check(
        &plan("min-max", json!({}), &[]),
        "a 5 3 1 -> out a 5 0 1 min=3 max=3 range=0
         a 4 -1 2 -> out a 4 4 2 min=-1 max=3 range=4
         b 4 9 -> out b 4 0 min=9 max=9 range=0
         a 6 1 1 -> out a 6 4 1 min=-1 max=3 range=4",
    );
}

#[test]
fn a_window_has_the_newest_values_by_arrival() {
    check(
        &plan("min-max", json!({"windowSize": "2"}), &[]),
        "a 0 5 -> out a 0 0 min=5 max=5 range=0
         a 9 1 -> out a 9 4 min=1 max=5 range=4
         a 3 2 -> out a 3 1 min=1 max=2 range=1
         a 4 2 -> out a 4 0 min=2 max=2 range=0
         a 5 7 -> out a 5 5 min=2 max=7 range=5",
    );
}

#[test]
fn the_value_is_what_the_mode_says() {
    for (mode, value) in [("min", "1"), ("max", "5"), ("both", "4")] {
        check(
            &plan("min-max", json!({ "mode": mode }), &[]),
            &format!(
                "a 0 5 -> out a 0 {} min=5 max=5 range=0
                 a 1 1 -> out a 1 {value} min=1 max=5 range=4",
                if mode == "both" { "0" } else { "5" }
            ),
        );
    }
}

#[test]
fn what_is_no_number_does_not_count_and_keys_are_bounded() {
    let found = check_keys(
        &plan("min-max", json!({"windowSize": 1}), &[]),
        1,
        "a 0 5 -> out a 0 0 min=5 max=5 range=0
         a 1 false -> error a 1 false not_a_number
         b 1 1 -> error b 1 1 too_many_keys
         a 2 4 -> out a 2 0 min=4 max=4 range=0",
    );
    assert_eq!((found.out, found.error), (2, 2));
}

#[test]
fn a_range_beyond_the_numbers_is_an_error() {
    let found = check(
        &plan("min-max", json!({"windowSize": 2}), &[]),
        &format!(
            "a 0 -1.7e308 -> out a 0 0 min=-{big} max=-{big} range=0
             a 1 1.7e308 -> error a 1 {big} not_finite
             a 2 1.7e308 -> out a 2 0 min={big} max={big} range=0",
            big = 1.7e308
        ),
    );
    assert_eq!((found.out, found.error), (2, 1));
}
