use serde_json::json;

use super::{check, check_keys, plan};

#[test]
fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
    let in_window = |size: u8, full: u8, min: i8, max: i8| {
        format!("window_size={size} window_full={full} min_in_window={min} max_in_window={max}")
    };
    check(
        &plan("moving-average", json!({"method": "median", "windowSize": 3}), &[]),
        &format!(
            "a 0 9 -> out a 0 9 current_value=9 {}
             a 1 1 -> out a 1 5 current_value=5 {}
             a 2 4 -> out a 2 4 current_value=4 {}
             a 3 100 -> out a 3 4 current_value=4 {}
             a 4 \"x\" -> error a 4 \"x\" not_a_number
             a 4 5 -> out a 4 5 current_value=5 {}",
            in_window(1, 0, 9, 9),
            in_window(2, 0, 1, 9),
            in_window(3, 1, 1, 9),
            in_window(3, 1, 1, 100),
            in_window(3, 1, 4, 100),
        ),
    );
}

#[test]
fn values_leave_the_median_by_age() {
    check(
        &plan("moving-average", json!({"method": "median", "duration": "1s"}), &[]),
        "a 0 9 -> out a 0 9 current_value=9 window_size=1 window_full=0 min_in_window=9 max_in_window=9
         a 999 1 -> out a 999 5 current_value=5 window_size=2 window_full=0 min_in_window=1 max_in_window=9
         a 1000 1 -> out a 1000 1 current_value=1 window_size=2 window_full=0 min_in_window=1 max_in_window=1",
    );
}

#[test]
fn a_new_value_weighs_alpha() {
    check(
        &plan("moving-average", json!({"method": "ewma", "alpha": 0.25}), &[]),
        "a 0 8 1 -> out a 0 8 1 current_value=8
         a 1 4 2 -> out a 1 7 2 current_value=7
         b 1 1 -> out b 1 1 current_value=1
         a 0 3 1 -> out a 0 6 1 current_value=6",
    );
}

#[test]
fn after_a_half_life_what_came_before_counts_half() {
    let found = check_keys(
        &plan("moving-average", json!({"method": "ewma", "halfLife": "1s"}), &[]),
        1,
        "a 0 8 -> out a 0 8 current_value=8
         a 1000 4 -> out a 1000 6 current_value=6
         a 1000 100 -> out a 1000 6 current_value=6
         a 500 100 -> out a 500 6 current_value=6
         a 3000 2 -> out a 3000 3 current_value=3
         a 4000 true -> error a 4000 true not_a_number
         b 0 1 -> error b 0 1 too_many_keys",
    );
    assert_eq!((found.out, found.error), (5, 2));
}
