//! Stages in a flow, told as scripts: what comes, and what leaves because of it.
//!
//! Each script is run twice: with all readings between two ticks in one chunk, and one by one with what the flow remembers saved and loaded
//! in between. Both must give the same.

mod combine;
mod deadband;
mod dedupe;
mod horizon;
mod interval_join;
mod min_max;
mod moving_average;
mod rate;
mod saved;
mod throttle;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use edgesync_schemas::flow::{Diagram, Port};
use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::reading::{Quality, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value;
use serde_json::json;

use crate::cell::emit::{Emission, Reason, Rows};
use crate::chunk::Chunk;
use crate::metrics::{FlowCounters, Snapshot};
use crate::plan::Plan;
use crate::segment::{FlowRun, Round, Workspace};
use crate::state::Saved;

/// Sensors of both devices: those of device 1, then those of device 2 with a 2 behind their name.
const SENSORS: [&str; 4] = ["a", "b", "left", "right"];

fn device(n: u64) -> String {
    format!("00000000-0000-7000-8000-{n:012}")
}

fn series() -> Vec<Arc<SeriesInfo>> {
    let info = |at: usize| SeriesInfo {
        id: SeriesId(at as u32),
        device: device(at as u64 / 4 + 1).parse().unwrap(),
        sensor: SENSORS[at % 4].parse().unwrap(),
        units: vec!["C".parse().unwrap(), "K".parse().unwrap()],
    };
    (0..8).map(|at| Arc::new(info(at))).collect()
}

fn name_of(key: u32) -> String {
    let name = SENSORS[key as usize % 4];
    if key < 4 { name.to_owned() } else { format!("{name}2") }
}

/// A flow under test: the node `n` of some kind, fed by both devices; if it has several inputs, each by the sensors of its name.
pub(super) struct Bench {
    plan: Arc<Plan>,
    run: FlowRun,
    work: Workspace,
    keys: usize,
    offset: u64,
    clock_s: i64,
    pub counters: Arc<FlowCounters>,
}

/// Something that comes.
enum Step {
    Reading { key: u32, ts_us: i64, value: Value, unit: UnitIndex, quality: Quality },
    Tick(i64),
}

/// A node fed by a source, or by one for each of its inputs.
pub(super) fn plan(kind: &str, data: serde_json::Value, inputs: &[&str]) -> Arc<Plan> {
    let devices = [device(1), device(2)];
    let mut nodes = vec![json!({"id": "n", "type": kind, "data": data})];
    let mut edges = Vec::new();
    if inputs.is_empty() {
        nodes.push(json!({"id": "s", "type": "device-sensor", "data": {"devices": devices}}));
        edges.push(json!({"source": "s", "target": "n"}));
    }
    for input in inputs {
        let data = json!({"devices": devices, "sensors": [input]});
        nodes.push(json!({"id": input, "type": "device-sensor", "data": data}));
        edges.push(json!({"source": input, "target": "n", "targetHandle": input}));
    }
    compiled(json!({"nodes": nodes, "edges": edges}))
}

pub(super) fn compiled(diagram: serde_json::Value) -> Arc<Plan> {
    let diagram: Diagram = serde_json::from_value(diagram).unwrap();
    let plan = crate::compile(&diagram, &crate::compile::Options::default());
    Arc::new(plan.unwrap_or_else(|problems| panic!("{problems:#?}")))
}

impl Bench {
    pub fn new(plan: &Arc<Plan>, keys: usize) -> Self {
        let (run, counters) = Self::fresh(plan, keys);
        let mut bench = Self {
            plan: Arc::clone(plan),
            run,
            work: Workspace::default(),
            keys,
            offset: 0,
            clock_s: 0,
            counters,
        };
        for info in series() {
            assert!(bench.run.subscribe(&info).is_some() || bench.plan.sources().count() > 1);
        }
        bench
    }

    fn fresh(plan: &Arc<Plan>, keys: usize) -> (FlowRun, Arc<FlowCounters>) {
        let flow = "00000000-0000-7000-9000-000000000001".parse().unwrap();
        let counters = Arc::new(FlowCounters::of(flow, 1, plan));
        counters.node("n").unwrap().watch.store(1, Ordering::Relaxed);
        (FlowRun::new(Arc::clone(&counters), Arc::clone(plan), keys), counters)
    }

    /// Goes on in another run of the same flow, with what this one remembers.
    fn move_on(&mut self) {
        let saved = self.run.save(Offset(self.offset)).to_bytes();
        let (mut run, counters) = Self::fresh(&self.plan, self.keys);
        let known = series();
        let info = |id: SeriesId| known.get(id.index()).cloned();
        run.load(&Saved::from_bytes(&saved).unwrap(), info).unwrap();
        assert_eq!(run.save(Offset(self.offset)).to_bytes(), saved);
        (self.run, self.counters) = (run, counters);
    }

    /// Runs readings as one chunk, or a tick; answers what left `n`.
    fn step(&mut self, steps: &[Step]) -> Vec<Rows> {
        let mut emitted = Vec::new();
        let mut emit = |emission| {
            if let Emission::Rows(rows) = emission {
                emitted.push(rows);
            }
        };
        if let [Step::Tick(second)] = steps {
            self.clock_s = *second;
            let round = Round { now_us: second * 1_000_000, tick: Some(self.offset) };
            self.run.tick(round, &mut self.work, &mut emit);
            return emitted;
        }
        let mut chunk: Chunk = self.work.take_chunk();
        let ids: Vec<SeriesId> = self.run.series_ids().collect();
        for step in steps {
            let Step::Reading { key, ts_us, value, unit, quality } = step else { continue };
            let (num, raw) = value.clone().into_parts();
            if let Some(raw) = raw {
                chunk.raw.push((chunk.key.len() as u32, Arc::from(raw)));
            }
            chunk.push_quality(*quality);
            chunk.key.push(ids.iter().position(|id| id.0 == *key).unwrap() as u32);
            chunk.ts.push(Timestamp::from_us(*ts_us).unwrap());
            chunk.num.push(num);
            chunk.unit.push(*unit);
            chunk.offset.push(self.offset);
            self.offset += 1;
        }
        let round = Round { now_us: self.clock_s * 1_000_000, tick: None };
        self.run.run(chunk, round, &mut self.work, &mut emit);
        emitted
    }
}

/// Reads `sensor ms value [unit [quality]]` or `tick s`.
fn read(line: &str) -> Step {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words[0] == "tick" {
        return Step::Tick(words[1].parse().unwrap());
    }
    let key = (0..8).find(|key| name_of(*key) == words[0]).unwrap_or_else(|| panic!("no sensor {line}"));
    Step::Reading {
        key,
        ts_us: (words[1].parse::<f64>().unwrap() * 1000.0).round() as i64,
        value: Value::from_json(words[2]).unwrap(),
        unit: words.get(3).map_or(UnitIndex::NONE, |unit| UnitIndex(unit.parse().unwrap())),
        quality: words.get(4).map_or(Quality::GOOD, |quality| Quality(quality.parse().unwrap())),
    }
}

/// What left: `port sensor ms value [unit] [q quality] [name=value ...] [reason]`, with its port and offset.
fn told(rows: &[Rows]) -> Vec<(Port, u64, String)> {
    let value = |num: f64, raw: Option<&Arc<str>>| raw.map_or(num.to_string(), |raw| raw.to_string());
    let line = |rows: &Rows, at: usize| {
        let raw = rows.raw.iter().find(|(row, _)| *row as usize == at).map(|(_, raw)| raw);
        let (sensor, ms) = (name_of(rows.series[at].0), rows.ts[at].as_us() as f64 / 1000.0);
        let mut line = format!("{} {sensor} {ms} {}", rows.port, value(rows.num[at], raw));
        if rows.unit[at] != UnitIndex::NONE {
            line += &format!(" {}", rows.unit[at].0);
        }
        if let Some(quality) = rows.quality.get(at).filter(|quality| **quality != Quality::GOOD) {
            line += &format!(" q{}", quality.0);
        }
        for (name, column) in &rows.fields {
            line += &format!(" {name}={}", value(column.num[at], column.raw_of(at as u32)));
        }
        line + &rows.reasons.get(at).map_or(String::new(), |reason| format!(" {}", reason.code()))
    };
    let lines = |rows: &Rows| -> Vec<(Port, u64, String)> {
        (0..rows.num.len()).map(|at| (rows.port, rows.offset[at].0, line(rows, at))).collect()
    };
    rows.iter().flat_map(lines).collect()
}

/// Small steps of a known generator (SplitMix64): a failure is replayed by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }
}

/// The seed of random tests: that in `SEED`, or always the same.
fn seed() -> u64 {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_126);
    println!("SEED={seed}");
    seed
}

/// The keys of both devices that come in by some inputs; without inputs, three of them.
fn keys_of(inputs: &[&str]) -> Vec<u32> {
    match inputs {
        [] => vec![0, 1, 4],
        inputs => (0..8).filter(|key| inputs.contains(&SENSORS[*key as usize % 4])).collect(),
    }
}

/// Plays a script of lines `what comes -> what leaves; what else leaves` in both ways; answers the counters of the node.
pub(super) fn check(plan: &Arc<Plan>, script: &str) -> Snapshot {
    check_keys(plan, 1000, script)
}

pub(super) fn check_keys(plan: &Arc<Plan>, keys: usize, script: &str) -> Snapshot {
    let lines: Vec<(&str, Vec<String>)> = script
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let (comes, leaves) = line.split_once("->").unwrap_or((line, ""));
            let leaves = leaves.split(';').map(|one| one.trim().to_owned()).filter(|one| !one.is_empty());
            (comes.trim(), leaves.collect())
        })
        .collect();
    let mut one_by_one = Bench::new(plan, keys);
    let mut found = Vec::new();
    for (comes, leaves) in &lines {
        let told = told(&one_by_one.step(&[read(comes)]));
        let mut texts: Vec<String> = told.iter().map(|(_, _, text)| text.clone()).collect();
        // Ports have no order among each other.
        let mut leaves = leaves.clone();
        texts.sort_by_key(|text| text.split(' ').next().map(str::to_owned));
        leaves.sort_by_key(|text| text.split(' ').next().map(str::to_owned));
        assert_eq!(texts, leaves, "because of {comes}");
        found.extend(told);
        one_by_one.move_on();
    }
    let mut at_once = Bench::new(plan, keys);
    let mut together = Vec::new();
    let steps: Vec<Step> = lines.iter().map(|(comes, _)| read(comes)).collect();
    for part in
        steps.chunk_by(|one, other| matches!((one, other), (Step::Reading { .. }, Step::Reading { .. })))
    {
        together.extend(told(&at_once.step(part)));
    }
    for port in Port::ALL {
        let of = |all: &[(Port, u64, String)]| -> Vec<(u64, String)> {
            let mine = all.iter().filter(|(other, ..)| *other == port);
            mine.map(|(_, offset, text)| (*offset, text.clone())).collect()
        };
        assert_eq!(of(&together), of(&found), "by {port}, in one chunk and one by one");
    }
    let snapshot = at_once.counters.node("n").unwrap().snapshot();
    assert!(snapshot.is_balanced(), "{snapshot:?}");
    Snapshot { busy_ns: 0, ..snapshot }
}

/// How many records of `n` ended for a reason.
pub(super) fn reasons(bench: &Bench) -> Vec<(Reason, u64)> {
    bench.counters.node("n").unwrap().reasons()
}
