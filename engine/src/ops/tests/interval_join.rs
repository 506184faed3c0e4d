use edgesync_schemas::limit;
use serde_json::json;

use super::{Bench, check, check_keys, compiled, device, plan, reasons};
use crate::cell::emit::Reason;

const SIDES: &[&str] = &["left", "right"];

#[test]
fn records_that_lie_near_in_time_are_pairs() {
    let found = check(
        &plan("interval-join", json!({"tolerance": 100}), SIDES),
        "left 1000 1 1 ->
         right 1100 10 2 -> out left 1100 1 1 left=1 right=10 difference_ms=100
         right 1101 20 ->
         right2 1000 99 ->
         left 1001 2 -> out left 1100 2 left=2 right=10 difference_ms=99; out left 1101 2 left=2 right=20 difference_ms=100
         right 950.5 30 2 -> late right 950.5 30 2
         right 1001 40 -> out left 1001 1 1 left=1 right=40 difference_ms=1; out left 1001 2 left=2 right=40 difference_ms=0",
    );
    assert_eq!((found.in_, found.made, found.out, found.late, found.in_flight), (7, 5, 5, 1, 6));
}

#[test]
fn a_record_that_found_nobody_leaves_when_its_time_is_over() {
    let found = check(
        &plan("interval-join", json!({"tolerance": 100, "lateness": 50}), SIDES),
        "left 1000 1 1 ->
         right 1040 2 -> out left 1040 1 1 left=1 right=2 difference_ms=40
         right 1120 3 ->
         left 1270 4 ->
         left 1270.001 5 -> unmatched right 1120 3
         left 1271 6 ->
         left 1220 7 -> late left 1220 7
         left 1222 8 ->",
    );
    assert_eq!((found.out, found.made, found.filtered, found.late, found.in_flight), (1, 1, 3, 1, 4));
}

#[test]
fn the_unmatched_of_the_left_side_leave_first_each_by_time() {
    check(
        &plan("interval-join", json!({"tolerance": 0, "lateness": 1000}), SIDES),
        "right 500 1 2 2 ->
         left 700 2 ->
         left 600 3 ->
         left 600 4 ->
         left 5000 5 -> unmatched left 600 3; unmatched left 600 4; unmatched left 700 2; unmatched right 500 1 2 q2",
    );
}

#[test]
fn a_tolerance_of_nothing_pairs_equal_times() {
    check(
        &plan("interval-join", json!({"tolerance": 0, "by": "all"}), SIDES),
        "left 1 1 0 1 ->
         right2 1 2 0 2 -> out left 1 1 q3 left=1 right=2 difference_ms=0
         right 1.001 3 ->",
    );
}

#[test]
fn what_a_silent_key_holds_is_over_after_the_grace() {
    let found = check(
        &plan("interval-join", json!({"tolerance": "1s", "lateness": 0, "idle": "5s"}), SIDES),
        "tick 100
         left 1000 1 ->
         tick 101 ->
         left2 1000 2 ->
         tick 105 ->
         tick 106 -> unmatched left 1000 1
         right 2000 3 -> late right 2000 3
         right 2000.001 4 ->
         tick 107 -> unmatched left2 1000 2
         tick 111 ->
         tick 112 -> unmatched right 2000.001 4",
    );
    assert_eq!((found.filtered, found.late, found.in_flight), (3, 1, 0));
}

#[test]
fn unmatched_records_keep_text_and_fields() {
    let nodes = json!([
        {"id": "left", "type": "device-sensor", "data": {"devices": [device(1)], "sensors": ["left"]}},
        {"id": "right", "type": "device-sensor", "data": {"devices": [device(1)], "sensors": ["right"]}},
        {"id": "a", "type": "device-sensor", "data": {"devices": [device(1)], "sensors": ["a"]}},
        {"id": "c", "type": "combine", "data": {"inputs": ["left", "right"]}},
        {"id": "n", "type": "interval-join", "data": {"tolerance": 10, "lateness": 0}}
    ]);
    let edges = json!([
        {"source": "left", "target": "c", "targetHandle": "left"},
        {"source": "right", "target": "c", "targetHandle": "right"},
        {"source": "c", "target": "n", "targetHandle": "left"},
        {"source": "c", "target": "n", "targetHandle": "right"}
    ]);
    // Each record comes by both inputs, so it is its own pair; what it found is not unmatched.
    let found = check(
        &compiled(json!({"nodes": nodes, "edges": edges})),
        "left 0 \"x\" ->
         right 0 1 -> out left 0 \"x\" left=\"x\" right=\"x\" difference_ms=0
         right 100 2 -> out left 100 \"x\" left=\"x\" right=\"x\" difference_ms=0",
    );
    assert_eq!((found.in_, found.out, found.made, found.filtered, found.in_flight), (4, 2, 2, 2, 2));
}

#[test]
fn one_record_makes_only_so_many_pairs() {
    let mut bench = Bench::new(&plan("interval-join", json!({"tolerance": 1000}), SIDES), 10);
    let lefts = limit::JOIN_FAN_OUT + 5;
    for n in 0..lefts {
        bench.step(&[super::read(&format!("left {n} 1"))]);
    }
    let pairs = super::told(&bench.step(&[super::read("right 50 2")]));
    assert_eq!(pairs.len(), limit::JOIN_FAN_OUT);
    assert!(pairs[0].2.ends_with("difference_ms=50"), "the earliest come first: {:?}", pairs[0]);
    assert_eq!(reasons(&bench), [(Reason::FanOut, 5)]);
    // Those whose pair was dropped have found somebody all the same.
    let over = super::told(&bench.step(&[super::read("right 100000 3")]));
    assert_eq!(over, []);
    let found = bench.counters.node("n").unwrap().snapshot();
    assert!(found.is_balanced(), "{found:?}");
    assert_eq!((found.made, found.dropped, found.in_flight), (lefts as u64, 5, 1));
}

#[test]
fn a_key_keeps_only_so_many_records_a_side() {
    let mut bench = Bench::new(&plan("interval-join", json!({"tolerance": 10_000}), SIDES), 10);
    for n in 0..limit::JOIN_RECORDS + 3 {
        bench.step(&[super::read(&format!("right {} {n}", n * 50))]);
    }
    assert_eq!(reasons(&bench), [(Reason::NoRoom, 3)]);
    // The other side and other keys have room of their own, and what there is no room for is paired before it goes.
    assert_eq!(bench.step(&[super::read("left 7000 0")])[0].num.len(), limit::JOIN_FAN_OUT);
    bench.step(&[super::read("right2 0 1")]);
    let pairs = super::told(&bench.step(&[super::read("right 7000 -1")]));
    assert_eq!(pairs.len(), 1, "{pairs:?}");
    let found = bench.counters.node("n").unwrap().snapshot();
    assert!(found.is_balanced(), "{found:?}");
    assert_eq!(found.in_flight, limit::JOIN_RECORDS as u64 + 2);
    // When some have left there is room again.
    bench.step(&[super::read("right 40000 1")]);
    bench.step(&[super::read("right 40000 1")]);
    let no_room = reasons(&bench).into_iter().find(|(reason, _)| *reason == Reason::NoRoom);
    assert_eq!(no_room, Some((Reason::NoRoom, 4)));
}

#[test]
fn text_and_keys_are_bounded() {
    let text = |with: &str| format!("\"{}\"", with.repeat(limit::RAW_VALUE_BYTES - 2));
    let (x, y) = (text("x"), text("y"));
    let found = check_keys(
        &plan("interval-join", json!({"tolerance": 10}), SIDES),
        1,
        &format!(
            "left 0 {x} ->
             left 1 {y} ->
             left2 0 1 -> error left2 0 1 too_many_keys
             right 0 \"z\" -> out left 0 {x} left={x} right=\"z\" difference_ms=0; out left 1 {y} left={y} right=\"z\" difference_ms=-1
             left 1 1 ->
             left 100 2 -> unmatched left 1 1
             left 100 \"z\" ->"
        ),
    );
    // The z of the right side had no room; the numbers had; when the two texts had left, the last z had.
    assert_eq!((found.dropped, found.error, found.in_flight), (1, 1, 2));
}
