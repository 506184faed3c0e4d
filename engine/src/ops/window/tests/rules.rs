//! What windows promise, one by one.

use edgesync_schemas::limit;
use serde_json::json;

use super::super::{bytes_per_key, bytes_per_key_most, horizon_ms};
use super::support::{Fed, second, window};
use crate::cell::emit::Reason;

/// Seconds and milliseconds of a clock that is far from the epoch.
const NOW: i64 = 1_700_000_000;
const MS: i64 = NOW * 1000;

#[test]
fn silence_closes_what_the_clock_has_passed_and_no_more() {
    let mut fed =
        Fed::at(NOW, json!({"size": "1m", "aggregates": ["count"], "idle": "5s", "lateness": "10s"}));
    // NOW is 20 s after a full minute.
    fed.feed_one(&[(MS, 1.0), (MS + 1000, 1.0)]);
    fed.tick(NOW + 49);
    assert_eq!(fed.take(), [], "the minute is not over, though the key has been silent for long");
    fed.tick(NOW + 50);
    assert_eq!(fed.take(), [(MS - 20_000, MS + 40_000, vec![2.0])]);
    fed.feed_one(&[(MS + 39_999, 1.0), (MS + 40_000, 1.0)]);
    assert_eq!(
        (fed.ends.late.len(), fed.ends.held),
        (1, 1),
        "its time went to the end of the window, not to the clock"
    );
}

#[test]
fn a_device_whose_clock_is_slow_is_closed_by_silence_and_loses_nothing_after_it() {
    let mut fed = Fed::at(NOW, second(json!({"idle": "5s"})));
    fed.feed_one(&[(MS - 600_000, 1.0)]);
    // it came at any time within its second
    fed.tick(NOW + 5);
    assert_eq!(fed.take(), []);
    fed.tick(NOW + 6);
    assert_eq!(fed.take(), [(MS - 600_000, MS - 599_000, vec![1.0])]);
    fed.feed_one(&[(MS - 594_000, 2.0), (MS - 593_000, 3.0)]);
    assert_eq!(fed.take(), [(MS - 594_000, MS - 593_000, vec![2.0])]);
}

#[test]
fn a_reading_beyond_the_future_guard_is_counted_and_moves_nothing() {
    let mut fed = Fed::at(NOW, second(json!({"future": "1m"})));
    fed.feed_one(&[(MS, 1.0), (MS + 60_001, 9.0), (MS + 10, 2.0)]);
    assert_eq!((fed.take().len(), fed.ends.late.len()), (0, 0));
    fed.feed_one(&[(MS + 60_000, 4.0)]);
    assert_eq!(fed.take(), [(MS, MS + 1000, vec![3.0])], "one at the guard moves time");
    fed.tick(NOW + 61);
    fed.feed_one(&[(MS + 61_000, 5.0)]);
    assert_eq!(fed.take(), [(MS + 60_000, MS + 61_000, vec![13.0])], "the early one was in its window");
}

#[test]
fn windows_of_the_future_are_few_and_those_of_the_present_go_on() {
    for kind in [
        second(json!({})),
        json!({"type": "session", "gap": "1s", "aggregates": ["sum"]}),
        json!({"type": "count", "n": 99}),
    ] {
        let mut fed = Fed::at(NOW, kind);
        let far = |n: usize| (MS + 1_000_000 + n as i64 * 2000, 1.0);
        (0..limit::FUTURE_WINDOWS).for_each(|n| fed.feed_one(&[far(n)]));
        assert_eq!(fed.ends.errors, []);
        fed.feed_one(&[far(limit::FUTURE_WINDOWS), (MS, 1.0), (MS + 1500, 1.0)]);
        assert_eq!(fed.ends.errors, [(limit::FUTURE_WINDOWS as u64, Reason::NoRoom)]);
        assert!(fed.ends.late.is_empty());
        fed.take();
    }
}

#[test]
fn late_records_revise_while_they_may_and_leave_by_late_afterwards() {
    let mut fed = Fed::at(NOW, second(json!({"revise": "2s"})));
    fed.feed_one(&[(MS, 1.0), (MS + 1000, 2.0)]);
    fed.feed_one(&[(MS + 5, 10.0), (MS + 6, 20.0)]);
    let row = |sum: f64, revision: f64| (MS, MS + 1000, vec![sum, revision]);
    assert_eq!(fed.take(), [row(1.0, 0.0), row(11.0, 1.0), row(31.0, 2.0)]);
    fed.feed_one(&[(MS + 3000, 3.0), (MS + 7, 40.0)]);
    assert_eq!(fed.take(), [(MS + 1000, MS + 2000, vec![2.0, 0.0])], "the first one is kept no longer");
    // A window that had no record when it was over begins with revision 0.
    fed.feed_one(&[(MS + 2500, 50.0)]);
    assert_eq!(fed.take(), [(MS + 2000, MS + 3000, vec![50.0, 0.0])]);
    assert_eq!(fed.ends.late, [5]);
}

#[test]
fn a_late_record_revises_every_overlapping_window_that_is_kept() {
    let hopping =
        json!({"type": "hopping", "size": "3s", "hop": "1s", "aggregates": ["sum"], "revise": "2s"});
    let mut fed = Fed::at(NOW, hopping);
    fed.feed_one(&[(MS + 2000, 1.0), (MS + 4000, 2.0)]);
    assert_eq!(fed.take(), [(MS, MS + 3000, vec![1.0, 0.0]), (MS + 1000, MS + 4000, vec![1.0, 0.0])]);
    fed.feed_one(&[(MS + 1500, 10.0)]);
    // [-1, 2) is gone: it ended 2 s before the key's time. [1, 4) is over, too, and [2, 5) has not the record.
    assert_eq!(fed.take(), [(MS, MS + 3000, vec![11.0, 1.0]), (MS + 1000, MS + 4000, vec![11.0, 1.0])]);
    assert_eq!(fed.ends.held, 2, "a record that came for windows that are over waits for nothing");
}

#[test]
fn early_results_come_when_something_changed_and_not_too_often() {
    let mut fed = Fed::at(NOW, json!({"size": "10s", "aggregates": ["sum"], "early": "2s"}));
    fed.feed_one(&[(MS, 1.0)]);
    fed.tick(NOW + 1);
    assert_eq!(fed.take(), []);
    fed.tick(NOW + 2);
    let row = |sum: f64, is_final: f64| (MS, MS + 10_000, vec![sum, is_final]);
    assert_eq!(fed.take(), [row(1.0, 0.0)]);
    fed.tick(NOW + 5);
    assert_eq!(fed.take(), [], "nothing changed");
    fed.feed_one(&[(MS + 1, 2.0)]);
    fed.tick(NOW + 6);
    assert_eq!(fed.take(), [row(3.0, 0.0)]);
    fed.feed_one(&[(MS + 2, 4.0)]);
    fed.tick(NOW + 7);
    assert_eq!(fed.take(), [], "too soon after the last one");
    fed.feed_one(&[(MS + 10_000, 8.0)]);
    assert_eq!(fed.take(), [row(7.0, 1.0)]);
}

#[test]
fn windows_between_two_others_are_put_out_as_asked() {
    let play = |empty: &str| {
        let aggregates = json!(["count", "last", "max"]);
        let mut fed = Fed::at(NOW, json!({"size": "1s", "aggregates": aggregates, "empty": empty}));
        fed.feed_one(&[(MS, 7.0), (MS + 1, 5.0), (MS + 3000, 1.0)]);
        fed.take().into_iter().map(|(start, _, values)| (start - MS, values)).collect::<Vec<_>>()
    };
    let first = (0, vec![2.0, 5.0, 7.0]);
    assert_eq!(play("skip"), std::slice::from_ref(&first));
    assert_eq!(play("zero"), [first.clone(), (1000, vec![0.0; 3]), (2000, vec![0.0; 3])]);
    let again = vec![0.0, 5.0, 7.0];
    assert_eq!(play("previous"), [first, (1000, again.clone()), (2000, again)]);
}

#[test]
fn a_long_gap_is_cut_and_what_is_left_out_is_counted() {
    let mut fed = Fed::at(NOW, second(json!({"empty": "zero"})));
    let gap = limit::EMPTY_WINDOWS as i64 + 23;
    fed.feed_one(&[(MS - (gap + 1) * 1000, 1.0), (MS, 2.0), (MS + 2000, 3.0)]);
    let rows = fed.take();
    assert_eq!((rows.len() as u64, fed.ends.dropped), (limit::EMPTY_WINDOWS + 3, 23));
    assert_eq!(rows[rows.len() - 1], (MS + 1000, MS + 2000, vec![0.0]), "the next gap begins anew");
}

#[test]
fn a_value_is_carried_into_the_next_window_and_weighs_as_long_as_it_holds() {
    let mut fed = Fed::at(NOW, json!({"size": "10s", "aggregates": ["time_weighted", "avg"]}));
    fed.feed_one(&[
        (MS + 5000, 100.0),
        (MS + 12_000, 0.0),
        (MS + 20_000, 8.0),
        (MS + 41_000, 1.0),
        (MS + 50_000, 1.0),
    ]);
    let values: Vec<_> = fed.take().into_iter().map(|(.., values)| values).collect();
    // 100 from 5 on; 100 for 2 s and then 0; 8 all the time; 8 for 1 s, 1 for 9 s.
    assert_eq!(values, [vec![100.0, 100.0], vec![20.0, 0.0], vec![8.0, 8.0], vec![1.7, 1.0]]);
}

#[test]
fn sessions_end_by_silence_and_by_their_longest_and_are_joined_by_what_lies_between() {
    let session = |longest: &str, lateness: &str| json!({"type": "session", "gap": "2s", "longest": longest, "lateness": lateness, "aggregates": ["count"]});
    let mut fed = Fed::at(NOW, session("1h", "0"));
    fed.feed_one(&[(MS, 1.0), (MS + 1999, 1.0), (MS + 3999, 1.0)]);
    assert_eq!(fed.take(), [(MS, MS + 3999, vec![2.0])], "2 s after the second one it was over");

    let mut fed = Fed::at(NOW, session("3s", "0"));
    fed.feed_one(&[(MS, 1.0), (MS + 1500, 1.0), (MS + 2999, 1.0), (MS + 3000, 1.0)]);
    assert_eq!(fed.take(), [(MS, MS + 3000, vec![3.0])]);

    let mut fed = Fed::at(NOW, session("1h", "20s"));
    fed.feed_one(&[(MS, 1.0), (MS + 3000, 1.0), (MS + 1500, 1.0), (MS + 30_000, 1.0)]);
    assert_eq!(fed.take(), [(MS, MS + 5000, vec![3.0])]);
}

#[test]
fn counts_go_by_event_time_within_the_lateness() {
    let mut fed = Fed::at(
        NOW,
        json!({"type": "count", "n": 3, "lateness": "5s", "aggregates": ["first", "last", "sum"]}),
    );
    fed.feed_one(&[(MS + 3000, 3.0), (MS + 1000, 1.0), (MS + 2000, 2.0)]);
    assert_eq!(fed.take(), []);
    fed.feed_one(&[(MS + 8000, 8.0)]);
    assert_eq!(fed.take(), [(MS + 1000, MS + 3000, vec![1.0, 3.0, 6.0])]);
    fed.feed_one(&[(MS + 2999, 9.0), (MS + 3000, 9.0)]);
    assert_eq!((fed.ends.late.clone(), fed.ends.held), (vec![4], 2));
}

#[test]
fn too_many_that_wait_to_be_counted_are_counted_at_once() {
    let mut fed = Fed::at(NOW, json!({"type": "count", "n": 1, "lateness": "1h", "aggregates": ["sum"]}));
    let all = limit::COUNT_WAITING as i64 + 10;
    (0..all).for_each(|n| fed.feed_one(&[(MS + n, n as f64)]));
    let sums: Vec<f64> = fed.take().into_iter().map(|(.., values)| values[0]).collect();
    assert_eq!(sums, (0..10).map(f64::from).collect::<Vec<_>>());
    fed.feed_one(&[(MS + 8, 1.0)]);
    assert_eq!(fed.ends.late, [all as u64], "what lies before the last one that was counted is late");
}

#[test]
fn a_result_that_is_no_number_is_an_error_of_its_records() {
    let mut fed = Fed::at(NOW, second(json!({})));
    fed.feed_one(&[(MS, f64::MAX), (MS + 1, f64::MAX), (MS + 1000, 1.0), (MS + 2000, 1.0)]);
    assert_eq!(fed.take(), [(MS + 1000, MS + 2000, vec![1.0])]);
    assert_eq!(fed.ends.unfit, 2);
}

#[test]
fn a_window_of_many_values_has_percentiles_within_the_error() {
    let mut fed = Fed::at(NOW, json!({"size": "10s", "aggregates": ["p50", "p99", "p100"]}));
    (0..5000).for_each(|n| fed.feed_one(&[(MS + n, (n * 7919 % 5000) as f64)]));
    fed.feed_one(&[(MS + 10_000, 0.0)]);
    let (.., values) = fed.take().remove(0);
    for (found, exact) in values.into_iter().zip([2499.0, 4949.0, 4999.0]) {
        assert!((found - exact).abs() <= limit::SKETCH_ERROR * exact * 1.001, "{found} for {exact}");
    }
}

#[test]
fn state_that_does_not_hang_together_is_refused() {
    let of = window(second(json!({})));
    let mut fed = Fed::new(&of, 10);
    fed.feed_one(&[(MS, 1.0)]);
    let saved = fed.stage.save();
    let mut other = Fed::new(&window(second(json!({"aggregates": ["max"]}))), 10);
    assert!(other.stage.load(&saved).is_err(), "it has no maxima");
    assert!(other.stage.load(&saved[..saved.len() - 1]).is_err());
    assert!(Fed::new(&of, 10).stage.load(&saved).is_ok());
}

#[test]
fn a_hundred_thousand_series_of_a_simple_window_fit() {
    let most = |data| bytes_per_key_most(&window(data));
    let simple = most(json!({"size": "1m", "aggregates": ["avg", "min", "max"], "lateness": "5s"}));
    assert!(simple * limit::KEYS_PER_NODE <= limit::FLOW_STATE_BYTES, "{simple} bytes");
    let week = json!({"type": "hopping", "size": "7d", "hop": "1h", "aggregates": ["p95", "time_weighted"]});
    let most_of_week = most(week.clone());
    assert!(
        most_of_week > 168 * 12 * 1024 && bytes_per_key(&window(week)) < most_of_week / 20,
        "{most_of_week}"
    );
}

#[test]
fn a_key_of_a_simple_window_takes_little() {
    let usual = bytes_per_key(&window(json!({"size": "1m", "aggregates": ["avg"]})));
    assert!(usual <= 128, "{usual} bytes");
}

#[test]
fn what_waits_of_a_key_that_is_late_and_silent_lies_within_the_horizon() {
    let config = json!({"size": "1500ms", "aggregates": ["sum"], "lateness": "2s", "idle": "6s"});
    // A window begins at NOW + 1 s. Both readings are as late as they may be.
    let mut fed = Fed::at(NOW + 3, config);
    fed.feed_one(&[(MS + 1000, 1.0)]);
    fed.tick(NOW + 6);
    fed.feed_one(&[(MS + 4000, 1.0)]);
    fed.tick(NOW + 11);
    assert_eq!((fed.take().len(), fed.ends.held), (0, 2));
    assert!(10_000 <= horizon_ms(&fed.of).unwrap());
}

#[test]
fn an_early_result_of_a_session_does_not_stand_for_a_later_one() {
    let mut fed = Fed::at(
        NOW,
        json!({"type": "session", "gap": "500ms", "aggregates": ["count"], "early": "1s", "idle": "1s", "future": 0}),
    );
    // Readings beyond the clock: the session is put out early, and then closed by silence.
    fed.feed_one(&[(MS + 200, 1.0), (MS + 200, 1.0)]);
    fed.tick(NOW + 2);
    assert_eq!(fed.take().len(), 2);
    // Another one that begins at the same time, of as many records.
    fed.feed_one(&[(MS + 600, 1.0), (MS + 200, 1.0)]);
    fed.tick(NOW + 3);
    assert_eq!(fed.take(), [(MS + 200, MS + 1100, vec![2.0, 0.0])]);
}
