use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use serde_json::json;

use super::{check, check_keys, compiled, device, plan};
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::ops::Output;
use crate::ops::dedupe::Stage;
use crate::plan::Work;

#[test]
fn a_value_that_passed_before_ends_here() {
    let found = check(
        &plan("dedupe", json!({}), &[]),
        "a 0 1 -> out a 0 1
         a 1 2 -> out a 1 2
         a 2 1 ->
         a 3 1 1 ->
         b 3 1 -> out b 3 1
         a 4 -0.0 -> out a 4 -0
         a 5 0 ->",
    );
    assert_eq!((found.out, found.filtered), (4, 3));
}

#[test]
fn text_and_json_are_the_same_if_they_are_written_the_same() {
    check(
        &plan("dedupe", json!({}), &[]),
        r#"a 0 "open" -> out a 0 "open"
           a 1 "open" ->
           a 2 true -> out a 2 true
           a 3 1 -> out a 3 1
           a 4 0 -> out a 4 0
           a 5 {"a":1} -> out a 5 {"a":1}
           a 6 {"a":1.0} -> out a 6 {"a":1.0}
           a 7 {"a":1} ->
           a 8 true ->"#,
    );
}

#[test]
fn a_value_is_new_again_when_its_time_lies_ttl_from_when_it_last_passed() {
    check(
        &plan("dedupe", json!({"ttl": "1s"}), &[]),
        "a 1000 1 -> out a 1000 1
         a 1999 1 ->
         a 2000 1 -> out a 2000 1
         a 2999 1 ->
         a 1001 1 ->
         a 1000 1 -> out a 1000 1
         a 2999 1 ->
         a 3000 1 -> out a 3000 1",
    );
}

#[test]
fn of_more_values_than_may_be_remembered_the_one_that_passed_longest_ago_is_forgotten() {
    check(
        &plan("dedupe", json!({"values": 2, "ttl": "1s"}), &[]),
        "a 0 1 -> out a 0 1
         a 0 2 -> out a 0 2
         a 1000 1 -> out a 1000 1
         a 1000 3 -> out a 1000 3
         a 1000 1 ->
         a 1000 2 -> out a 1000 2
         a 1000 1 -> out a 1000 1",
    );
}

#[test]
fn text_is_forgotten_when_there_is_too_much_of_it() {
    let text = |with: &str| format!("\"{}\"", with.repeat(limit::RAW_VALUE_BYTES - 2));
    let (x, y, z) = (text("x"), text("y"), text("z"));
    check(
        &plan("dedupe", json!({}), &[]),
        &format!(
            "a 0 {x} -> out a 0 {x}
             a 1 {y} -> out a 1 {y}
             a 2 {x} ->
             a 2 1 -> out a 2 1
             a 3 {z} -> out a 3 {z}
             a 4 {y} ->
             a 5 {x} -> out a 5 {x}
             a 6 {z} ->
             a 7 1 ->
             a 8 {y} -> out a 8 {y}"
        ),
    );
}

#[test]
fn a_field_may_be_compared_instead_of_the_value() {
    let nodes = json!([
        {"id": "s", "type": "device-sensor", "data": {"devices": [device(1), device(2)]}},
        {"id": "m", "type": "min-max", "data": {"mode": "min"}},
        {"id": "n", "type": "dedupe", "data": {"field": "max"}}
    ]);
    let edges = json!([{"source": "s", "target": "m"}, {"source": "m", "target": "n"}]);
    check(
        &compiled(json!({"nodes": nodes, "edges": edges})),
        "a 0 1 -> out a 0 1 min=1 max=1 range=0
         a 1 0 ->
         a 2 2 -> out a 2 0 min=0 max=2 range=2",
    );
}

#[test]
fn keys_are_bounded() {
    let found = check_keys(
        &plan("dedupe", json!({}), &[]),
        1,
        "a 0 1 -> out a 0 1
         b 0 1 -> error b 0 1 too_many_keys",
    );
    assert_eq!(found.error, 1);
}

#[test]
fn null_is_an_error() {
    // No device sends it; a node may make it of what is missing in JSON.
    let plan = plan("dedupe", json!({}), &[]);
    let node = plan.nodes().iter().find(|node| &*node.id == "n").unwrap();
    let Work::Dedupe(of) = &node.work else { panic!("{:?}", node.work) };
    let input = Chunk {
        key: vec![0, 0],
        ts: vec![Timestamp::default(); 2],
        num: vec![0.0; 2],
        unit: vec![UnitIndex::NONE; 2],
        offset_first: Some(0),
        raw: vec![(1, "null".into())],
        ..Chunk::default()
    };
    let mut output = Output::default();
    Stage::new(of, node, 10).run(&input, &Sel::All, &mut output);
    assert_eq!((output.pass, output.errors), (Some(Sel::Rows(vec![0])), vec![(1, Reason::WrongType)]));
}
