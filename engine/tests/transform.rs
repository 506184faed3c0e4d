//! compute, scale, switch, validate and split in a running flow: which record leaves by which port, with which value, unit and reason.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod support;

use edgesync_engine::metrics::Snapshot;
use edgesync_engine::{Emission, Options, Reason, Rows};
use edgesync_schemas::flow::Port;
use support::{Cell, Reading, commit, device, flow_id, plan, series};

/// Runs readings of two sensors of a device through one node, called `n`; answers what left it, and what it counted.
fn run(node: &str, readings: &[Reading<'_>]) -> (Vec<Rows>, Snapshot) {
    run_flow(&format!(r#"[{{"id":"n",{node}}}]"#), r#"[{"source":"s","target":"n"}]"#, readings)
}

fn run_flow(nodes: &str, edges: &str, readings: &[Reading<'_>]) -> (Vec<Rows>, Snapshot) {
    let source = format!(r#"{{"id":"s","type":"device-sensor","data":{{"devices":["{}"]}}}}"#, device(1));
    let nodes = nodes.trim_start_matches('[');
    let plan = plan(&format!(r#"{{"nodes":[{source},{nodes},"edges":{edges}}}"#));
    let cell = Cell::new(Options::default());
    cell.handle.series(vec![series(0, 1, "a"), series(1, 1, "b")]).unwrap();
    let counters = cell.handle.install(flow_id(1), 1, plan).unwrap();
    let node = counters.node("n").unwrap();
    node.watch.store(1, std::sync::atomic::Ordering::Relaxed);
    let mut emitted = Vec::new();
    cell.feed(&commit(0, readings), &mut emitted);
    emitted.extend(cell.settle());
    let rows = emitted.into_iter().filter_map(|emission| match emission {
        Emission::Rows(rows) => Some(rows),
        _ => None,
    });
    let counted = Snapshot { busy_ns: 0, ..node.snapshot() };
    assert!(counted.is_balanced(), "{counted:?}");
    (rows.collect(), counted)
}

/// Values that left by a port, as JSON.
fn values(rows: &[Rows], port: Port) -> Vec<String> {
    let mine = rows.iter().filter(|rows| rows.port == port);
    mine.flat_map(|rows| (0..rows.num.len()).map(|row| shown(rows.num[row], &rows.raw, row))).collect()
}

fn shown(num: f64, raws: &[(u32, std::sync::Arc<str>)], row: usize) -> String {
    let raw = raws.iter().find(|(at, _)| *at as usize == row);
    raw.map_or_else(|| num.to_string(), |(_, raw)| raw.to_string())
}

/// Values of a field of the records that left by `out`.
fn field(rows: &[Rows], name: &str) -> Vec<String> {
    let mine = rows.iter().filter(|rows| rows.port == Port::Out);
    mine.flat_map(|rows| {
        let (_, column) = rows.fields.iter().find(|(other, _)| **other == *name).unwrap();
        (0..rows.num.len()).map(|row| shown(column.num[row], &column.raw, row)).collect::<Vec<_>>()
    })
    .collect()
}

fn reasons(rows: &[Rows], port: Port) -> Vec<Reason> {
    rows.iter().filter(|rows| rows.port == port).flat_map(|rows| rows.reasons.clone()).collect()
}

fn units(rows: &[Rows]) -> Vec<String> {
    let info = series(0, 1, "a");
    let mine = rows.iter().filter(|rows| rows.port == Port::Out);
    mine.flat_map(|rows| (0..rows.num.len()).map(|row| rows.unit_of(row, &info).unwrap().to_string()))
        .collect()
}

#[test]
fn computed_values_see_those_before_them_and_divisions_by_zero_are_errors() {
    let node = r#""type":"compute","data":{"assignments":["half = value / 2","inverse = 1 / fields.half","output = fields.inverse + fields.half"],"unit":"V"}"#;
    let (rows, counted) = run(node, &[(0, 1, "4"), (0, 2, "0"), (0, 3, "\"x\""), (0, 4, "8"), (0, 5, "-2")]);
    assert_eq!(values(&rows, Port::Out), ["2.5", "4.25", "-2"]);
    assert_eq!(field(&rows, "half")[0], "2");
    assert_eq!(units(&rows), ["V", "V", "V"]);
    assert_eq!(values(&rows, Port::Error), ["0", "\"x\""]);
    assert_eq!(reasons(&rows, Port::Error), [Reason::Expression; 2]);
    assert_eq!(counted, Snapshot { in_: 5, out: 3, error: 2, ..Snapshot::default() });
}

#[test]
fn results_that_are_not_finite_are_told_apart() {
    let node = r#""type":"compute","data":{"assignments":["output = value * 1e308"]}"#;
    let (rows, _) = run(node, &[(0, 1, "1"), (0, 2, "100")]);
    assert_eq!(reasons(&rows, Port::Error), [Reason::NotFinite]);
    assert_eq!(values(&rows, Port::Error), ["100"]);
}

#[test]
fn the_previous_record_is_that_of_the_same_series() {
    let node = r#""type":"compute","data":{"assignments":["rate = has(prev.value) ? (value - prev.value) / double(ts - prev.ts) * 1000 : 0"]}"#;
    let readings = [
        (0, 1000, "4"),
        (1, 1000, "100"),
        (0, 3000, "8"),
        (1, 2000, "90"),
        (0, 3000, "\"x\""),
        (0, 4000, "9"),
    ];
    let (rows, _) = run(node, &readings);
    assert_eq!(field(&rows, "rate"), ["0", "0", "2", "-10"]);
    // Text has no rate, nor has what comes after it.
    assert_eq!(values(&rows, Port::Error), ["\"x\"", "9"]);
}

#[test]
fn computed_values_may_be_anything() {
    let node = r#""type":"compute","data":{"assignments":["output = value > 3 ? 'hot' : 'cold'","is = value > 3","all = {'v': value}"]}"#;
    let (rows, _) = run(node, &[(0, 1, "4"), (0, 2, "2")]);
    assert_eq!(values(&rows, Port::Out), ["\"hot\"", "\"cold\""]);
    assert_eq!(field(&rows, "is"), ["true", "false"]);
    assert_eq!(field(&rows, "all"), ["{\"v\":4.0}", "{\"v\":2.0}"]);
}

#[test]
fn units_are_converted_and_what_has_none_is_an_error() {
    // The readings are in C.
    let (rows, _) =
        run(r#""type":"scale","data":{"mode":"convert","to":"°F"}"#, &[(0, 1, "100"), (0, 2, "true")]);
    assert_eq!((values(&rows, Port::Out), units(&rows)), (vec!["212".to_owned()], vec!["°F".to_owned()]));
    assert_eq!(reasons(&rows, Port::Error), [Reason::NotANumber]);
    let (rows, counted) = run(r#""type":"scale","data":{"mode":"convert","to":"bar"}"#, &[(0, 1, "100")]);
    assert_eq!((reasons(&rows, Port::Error), counted.error), (vec![Reason::Unit], 1));
}

#[test]
fn a_unit_that_a_node_gave_is_what_expressions_and_conversions_behind_it_see() {
    let nodes = r#"[{"id":"v","type":"scale","data":{"factor":1000,"unit":"mV"}},
        {"id":"f","type":"filter","data":{"expression":"unit == 'mV'"}},
        {"id":"n","type":"scale","data":{"mode":"convert","to":"V"}}]"#;
    let edges = r#"[{"source":"s","target":"v"},{"source":"v","target":"f"},{"source":"f","target":"n"}]"#;
    let (rows, _) = run_flow(nodes, edges, &[(0, 1, "1.5")]);
    assert_eq!((values(&rows, Port::Out), units(&rows)), (vec!["1.5".to_owned()], vec!["V".to_owned()]));
}

#[test]
fn numbers_outside_a_table_go_where_it_says() {
    let table = |outside: &str| {
        format!(r#""type":"scale","data":{{"mode":"table","points":[[0,0],[10,100]],"outside":"{outside}"}}"#)
    };
    let readings = [(0, 1, "-1"), (0, 2, "5"), (0, 3, "12")];
    for (outside, expected) in
        [("clamp", &["0", "50", "100"][..]), ("extrapolate", &["-10", "50", "120"]), ("error", &["50"])]
    {
        let (rows, _) = run(&table(outside), &readings);
        assert_eq!(values(&rows, Port::Out), expected, "{outside}");
        assert!(reasons(&rows, Port::Error).iter().all(|reason| *reason == Reason::OutOfRange));
    }
}

#[test]
fn a_switch_sends_by_the_first_case_or_by_all_and_counts_what_fits_none() {
    let switch = |mode: &str| {
        format!(
            r#""type":"switch","data":{{"mode":"{mode}","cases":[{{"name":"big","expression":"value > 5"}},{{"name":"even","expression":"int(value) % 2 == 0"}}]}}"#
        )
    };
    let readings = [(0, 1, "8"), (0, 2, "7"), (0, 3, "2"), (0, 4, "3"), (0, 5, "\"x\"")];
    let (rows, counted) = run(&switch("first"), &readings);
    assert_eq!(
        (values(&rows, Port::Case(0)), values(&rows, Port::Case(1))),
        (vec!["8".into(), "7".into()], vec!["2".into()])
    );
    assert_eq!(
        (values(&rows, Port::Else), values(&rows, Port::Error)),
        (vec!["3".into()], vec!["\"x\"".into()])
    );
    assert_eq!(counted, Snapshot { in_: 5, out: 3, filtered: 1, error: 1, ..Snapshot::default() });
    let (rows, counted) = run(&switch("all"), &readings);
    assert_eq!(values(&rows, Port::Case(1)), ["8", "2"]);
    assert_eq!(counted, Snapshot { in_: 5, out: 3, filtered: 1, error: 1, ..Snapshot::default() });
}

#[test]
fn what_does_not_pass_is_rejected_with_its_reason_and_does_not_count_as_good() {
    let node = r#""type":"validate","data":{"min":0,"max":100,"maxStep":10,"maxGap":"10s"}"#;
    let readings = [
        (0, 1000, "50"),
        (0, 2000, "70"),
        (0, 3000, "58"),
        (0, 4000, "-1"),
        (0, 5000, "\"x\""),
        (1, 5000, "5"),
        (0, 6000, "69"),
        (0, 14_000, "90"),
    ];
    let (rows, counted) = run(node, &readings);
    assert_eq!(values(&rows, Port::Out), ["50", "58", "5", "90"]);
    assert_eq!(values(&rows, Port::Rejected), ["70", "-1", "\"x\"", "69"]);
    let all = [Reason::Invalid, Reason::OutOfRange, Reason::WrongType, Reason::Invalid];
    assert_eq!(reasons(&rows, Port::Rejected), all);
    assert_eq!(counted, Snapshot { in_: 8, out: 4, filtered: 4, ..Snapshot::default() });
}

#[test]
fn a_list_becomes_a_record_per_element_and_too_many_are_an_error() {
    let node = r#""type":"split","data":{"path":"r","element":"v","keys":["n"],"limit":2}"#;
    let readings = [
        (0, 1, r#"{"r":[{"v":1,"n":"x"},{"v":"open"}]}"#),
        (0, 2, r#"{"r":[]}"#),
        (0, 3, r#"{"r":[1,2,3]}"#),
        (0, 4, "7"),
        (0, 5, r#"{"r":{"k":{"v":2.5}}}"#),
    ];
    let (rows, counted) = run(node, &readings);
    assert_eq!(values(&rows, Port::Out), ["1", "\"open\"", "2.5"]);
    assert_eq!(field(&rows, "index"), ["0", "1", "0"]);
    assert_eq!(field(&rows, "key"), ["null", "null", "\"k\""]);
    assert_eq!(field(&rows, "n"), ["\"x\"", "null", "null"]);
    assert_eq!(reasons(&rows, Port::Error), [Reason::FanOut, Reason::WrongType]);
    assert_eq!(counted, Snapshot { in_: 5, made: 1, out: 3, filtered: 1, error: 2, ..Snapshot::default() });
}
