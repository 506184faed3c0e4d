//! What each kind of node costs a record: source -> node -> display over the same rows, less what source -> display cost in the same turn.
//!
//! 100 series, a reading of each every 100 ms, in commits' order; every figure is the median of turns over 400,000 rows. Nobody watches the
//! displays, but records that a node makes are made.

use std::sync::Arc;
use std::time::Instant;

use edgesync_engine::{History, Replay, compile};
use edgesync_schemas::flow::Diagram;
use edgesync_schemas::id::{DeviceId, FlowId, Offset, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::{Columns, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

use super::cell::{id, series};

const KEYS: u32 = 100;
const ROWS: usize = 400_000;
const TURNS: usize = 7;

/// Kind and settings, as in a diagram.
const NODES: [(&str, &str); 19] = [
    ("filter", r#""expression":"value > 50""#),
    ("filter", r#""expression":"value * 1.8 + 32 > 86 && sensor != 'door' || value == 7""#),
    ("compute", r#""assignments":["output = value * 2"]"#),
    ("compute", r#""assignments":["double = value * 2","over = value - 50"]"#),
    ("scale", r#""factor":1.8,"offset":32"#),
    (
        "switch",
        r#""cases":[{"name":"low","expression":"value < 30"},{"name":"mid","expression":"value < 60"}]"#,
    ),
    ("validate", r#""min":0,"max":90,"maxStep":80"#),
    ("deadband", r#""absolute":20"#),
    ("throttle", r#""period":"1s","mode":"average""#),
    ("dedupe", r#""ttl":"1m""#),
    ("moving-average", r#""windowSize":10"#),
    ("moving-average", r#""windowSize":100,"method":"median""#),
    ("moving-average", r#""method":"ewma","alpha":0.2"#),
    ("min-max", r#""windowSize":100"#),
    ("rate", ""),
    ("window", r#""size":"1s""#),
    ("window", r#""type":"hopping","size":"10s","hop":"1s","aggregates":["max"]"#),
    ("window", r#""type":"session","gap":"5s","aggregates":["stddev"]"#),
    ("window", r#""type":"count","n":100,"aggregates":["p95"]"#),
];

fn rows() -> History {
    let mut columns = Columns::default();
    let (mut offsets, mut received) = (Vec::new(), Vec::new());
    for row in 0..ROWS {
        let ts = Timestamp::from_us(row as i64 / i64::from(KEYS) * 100_000).unwrap();
        columns.series.push(SeriesId(row as u32 % KEYS));
        columns.ts.push(ts);
        columns.num.push((row * 7919 % 1000) as f64 / 10.0);
        columns.unit.push(UnitIndex(1));
        columns.quality.push(Default::default());
        offsets.push(Offset(row as u64));
        received.push(ts);
    }
    History { columns, offsets, received }
}

/// Nanoseconds a row of source -> (node ->) display.
fn ns_a_row(history: &History, node: Option<(&str, &str)>) -> f64 {
    let device = DeviceId::from_uuid(id(0));
    let infos: Vec<Arc<SeriesInfo>> = (0..KEYS).map(|key| series(key, device)).collect();
    let (between, edges) = match node {
        Some((kind, settings)) => (
            format!(r#"{{"id":"node","type":"{kind}","data":{{{settings}}}}},"#),
            match kind {
                "switch" => {
                    r#"{"source":"source","target":"node"},{"source":"node","target":"show","sourceHandle":"low"}"#
                }
                _ => r#"{"source":"source","target":"node"},{"source":"node","target":"show"}"#,
            },
        ),
        None => (String::new(), r#"{"source":"source","target":"show"}"#),
    };
    let json = format!(
        r#"{{"nodes":[{{"id":"source","type":"device-sensor","data":{{"devices":["{device}"]}}}},{between}
            {{"id":"show","type":"display","data":{{}}}}],"edges":[{edges}]}}"#
    );
    let diagram = Diagram::from_json(&json).unwrap();
    let plan =
        compile(&diagram, &Default::default()).unwrap_or_else(|problems| panic!("{node:?}: {problems:?}"));
    let flow = FlowId::from_uuid(id(0));
    let mut replay = Replay::new(flow, 1, Arc::new(plan), limit::KEYS_PER_NODE, limit::CHUNK_ROWS);
    let began = Instant::now();
    let info_of = |series: SeriesId| infos.get(series.index()).cloned();
    replay.feed_stored(history, 0..history.len(), &info_of, &mut |_| ());
    began.elapsed().as_nanos() as f64 / ROWS as f64
}

/// Measures all kinds in turns and tells their medians.
pub fn each() {
    let history = rows();
    let (mut alone, mut found) = (Vec::new(), [const { Vec::new() }; NODES.len()]);
    for _ in 0..TURNS {
        let without = ns_a_row(&history, None);
        alone.push(without);
        for (found, node) in found.iter_mut().zip(NODES) {
            found.push(ns_a_row(&history, Some(node)) - without);
        }
    }
    let median = |found: &mut Vec<f64>| {
        found.sort_by(f64::total_cmp);
        found[TURNS / 2]
    };
    println!("source and display: {:.1} ns a record", median(&mut alone));
    for (found, (kind, settings)) in found.iter_mut().zip(NODES) {
        println!("{kind} {settings}: {:.1} ns a record more", median(found));
    }
}
