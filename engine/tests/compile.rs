//! The compiler on the example diagrams: valid ones and how they are explained, invalid ones and every problem of each.
//!
//! `UPDATE=1` writes the expected files anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use edgesync_engine::compile::{Options, compile};
use edgesync_schemas::flow::Diagram;
use edgesync_schemas::flow::problem::Code;
use edgesync_schemas::limit;
use serde::Serialize;
use support::device;

fn examples(kind: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/examples/flows").join(kind);
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| {
        let name = file.to_string_lossy();
        !name.ends_with(".problems.json") && !name.ends_with(".explain.json")
    });
    files.sort();
    assert!(!files.is_empty());
    files
}

fn expect(file: &Path, extension: &str, found: &impl Serialize) {
    let file = file.with_extension(extension);
    let found = serde_json::to_string_pretty(found).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &found).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(found, expected, "{} (UPDATE=1 writes it anew)", file.display());
}

#[test]
fn valid_examples_compile_and_are_explained() {
    for file in examples("valid") {
        let diagram = Diagram::from_json(&fs::read_to_string(&file).unwrap()).unwrap();
        let plan = compile(&diagram, &Options::default())
            .unwrap_or_else(|problems| panic!("{}: {problems:#?}", file.display()));
        expect(&file, "explain.json", &plan.explain());
    }
}

#[test]
fn invalid_examples_are_refused_with_every_problem() {
    for file in examples("invalid") {
        let diagram = Diagram::from_json(&fs::read_to_string(&file).unwrap()).unwrap();
        let problems = compile(&diagram, &Options::default())
            .err()
            .unwrap_or_else(|| panic!("{} compiled", file.display()));
        expect(&file, "problems.json", &problems);
    }
}

#[test]
fn a_diagram_with_very_many_problems_says_that_there_are_more() {
    let node = r#"{"id":"a","type":"filter","data":{}}"#;
    let diagram = support::diagram(&format!(r#"{{"nodes":[{}],"edges":[]}}"#, [node; 400].join(",")));
    let problems = compile(&diagram, &Options::default()).unwrap_err();
    assert_eq!((problems.len(), problems[limit::FLOW_PROBLEMS - 1].code), (limit::FLOW_PROBLEMS, Code::More));
}

#[test]
fn neighbours_are_fused_and_forks_are_not() {
    let json = format!(
        r#"{{"nodes":[
            {{"id":"s","type":"device-sensor","data":{{"devices":["{}"]}}}},
            {{"id":"f","type":"filter","data":{{"expression":"value > 1"}}}},
            {{"id":"a","type":"moving-average","data":{{}}}},
            {{"id":"x","type":"display","data":{{}}}},
            {{"id":"y","type":"display","data":{{}}}},
            {{"id":"z","type":"debug","data":{{}}}}],
          "edges":[
            {{"source":"s","target":"f"}},{{"source":"f","target":"a"}},{{"source":"a","target":"x"}},{{"source":"a","target":"y"}},
            {{"source":"f","target":"z","sourceHandle":"else"}},{{"source":"a","target":"z"}},{{"source":"a","target":"z"}}]}}"#,
        device(1)
    );
    let plan = support::plan(&json);
    assert_eq!(plan.explain().segments, [vec!["s", "f", "a"], vec!["x"], vec!["y"], vec!["z"]]);
    assert_eq!(plan.edges().len(), 6, "the repeated edge counts once");
}

#[test]
fn the_largest_diagram_compiles_quickly() {
    let source = format!(r#"{{"id":"n0","type":"device-sensor","data":{{"devices":["{}"]}}}}"#, device(1));
    let nodes: Vec<String> =
        (1..limit::FLOW_NODES).map(|n| format!(r#"{{"id":"n{n}","type":"debug","data":{{}}}}"#)).collect();
    let edges: Vec<String> = (1..limit::FLOW_NODES)
        .flat_map(|n| [1, 2, 3, 4].map(|back| (n, n.saturating_sub(back))))
        .take(limit::FLOW_EDGES)
        .map(|(n, from)| format!(r#"{{"source":"n{from}","target":"n{n}"}}"#))
        .collect();
    let json = format!(r#"{{"nodes":[{source},{}],"edges":[{}]}}"#, nodes.join(","), edges.join(","));
    assert_eq!(support::plan(&json).nodes().len(), limit::FLOW_NODES);
}

#[test]
fn the_patterns_and_units_of_a_flow_are_bounded() {
    let flow = |kind: &str, count: usize, data: &dyn Fn(usize) -> String| {
        let nodes: Vec<String> = (0..count)
            .map(|n| format!(r#"{{"id":"n{n}","type":"{kind}","data":{{{}}}}}"#, data(n)))
            .collect();
        let edges: Vec<String> = (0..count).map(|n| format!(r#"{{"source":"s","target":"n{n}"}}"#)).collect();
        let source = format!(r#"{{"id":"s","type":"device-sensor","data":{{"devices":["{}"]}}}}"#, device(1));
        let json = format!(r#"{{"nodes":[{source},{}],"edges":[{}]}}"#, nodes.join(","), edges.join(","));
        support::compiled(&json).map(|_| ()).map_err(|problems| {
            problems
                .into_iter()
                .map(|problem| (problem.node.unwrap_or_default(), problem.code))
                .collect::<Vec<_>>()
        })
    };
    let pattern = |n: usize| format!(r#""expression":"sensor.matches('^a{n}+$')""#);
    assert_eq!(flow("filter", limit::PATTERNS_PER_FLOW, &pattern), Ok(()));
    let one_more = vec![(format!("n{}", limit::PATTERNS_PER_FLOW), Code::ExpressionTooLarge)];
    assert_eq!(flow("filter", limit::PATTERNS_PER_FLOW + 1, &pattern), Err(one_more));
    let unit = |n: usize| format!(r#""unit":"u{n}""#);
    assert_eq!(flow("scale", limit::UNITS_PER_FLOW, &unit), Ok(()));
    let one_more = vec![(format!("n{}", limit::UNITS_PER_FLOW), Code::TooLarge)];
    assert_eq!(flow("scale", limit::UNITS_PER_FLOW + 1, &unit), Err(one_more));
}

#[test]
fn the_fields_of_a_record_are_bounded() {
    let names = |from: usize| -> String {
        let all: Vec<String> = (from..from + limit::ASSIGNMENTS).map(|n| format!("\"f{n} = 1\"")).collect();
        all.join(",")
    };
    let count = limit::FIELDS / limit::ASSIGNMENTS + 1;
    let nodes: Vec<String> = (0..count)
        .map(|n| {
            let assignments = names(n * limit::ASSIGNMENTS);
            format!(r#"{{"id":"n{n}","type":"compute","data":{{"assignments":[{assignments}]}}}}"#)
        })
        .collect();
    let edges: Vec<String> = (0..count)
        .map(|n| {
            format!(
                r#"{{"source":"{}","target":"n{n}"}}"#,
                if n == 0 { "s".to_owned() } else { format!("n{}", n - 1) }
            )
        })
        .collect();
    let source = format!(r#"{{"id":"s","type":"device-sensor","data":{{"devices":["{}"]}}}}"#, device(1));
    let json = format!(r#"{{"nodes":[{source},{}],"edges":[{}]}}"#, nodes.join(","), edges.join(","));
    let problems = support::compiled(&json).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!((problems[0].code, problems[0].node.as_deref()), (Code::TooLarge, Some("n4")));
}
