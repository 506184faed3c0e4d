//! The engine on Flink's pipeline (goal 5): an in-memory source, `value > 20`, the average of 1 s tumbling windows by 1,000 keys, on
//! one core. The engine through a real cell beside a hand-written timely operator and a plain loop over the same columns.
//!
//! Then a million stored readings through six nodes (goal 10's part of the engine), in the same company; what each kind of node costs a record;
//! what many small flows cost: commits that each concern many flows of a pack (goal 6 and one flow per device); and what it costs to wake a cell.
//!
//! `cargo bench -p edgesync-engine --bench engine [-- PART]`, where a part is `processor time`, `filter`, `stored readings`, `each operator`, `many
//! flows`, `waking`. Every run checks its windows against the plain loop's: a run that dropped or late-d data panics.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

#[path = "engine/cell.rs"]
mod cell;
#[path = "engine/contest.rs"]
mod contest;
#[path = "engine/operators.rs"]
mod operators;
#[path = "engine/replay.rs"]
mod replay;
#[path = "engine/wake.rs"]
mod wake;

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use edgesync_engine::FlowCounters;
use edgesync_schemas::id::{DeviceId, FlowId, SeriesId};
use edgesync_schemas::reading::{Columns, Commit};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

use cell::{Engine, commit, id, plan, series};
use contest::{CONTESTANTS, ON_CPU_NS, RECORDS, commits, plain_loop};

/// Whether a part is asked for: all are, if no name is given to the command.
fn is_asked(name: &str) -> bool {
    std::env::args().skip(1).find(|arg| !arg.starts_with('-')).is_none_or(|filter| name.contains(&filter))
}

/// Processor time per record, medians of runs in turns: what can be compared while others use the machine, too.
fn processor_time(_: &mut Criterion) {
    if !is_asked("processor time") {
        return;
    }
    for rows in [1_000, 10_000, 50_000] {
        let commits = commits(rows);
        let mut found: [Vec<f64>; 3] = Default::default();
        for _ in 0..9 {
            for (at, (_, contestant)) in CONTESTANTS.iter().enumerate() {
                ON_CPU_NS.with(|on_cpu| on_cpu.set(0));
                contestant(&commits);
                found[at].push(ON_CPU_NS.with(Cell::get) as f64 / RECORDS as f64);
            }
        }
        for (found, (name, _)) in found.iter_mut().zip(CONTESTANTS) {
            found.sort_by(f64::total_cmp);
            let (best, median) = (found[0], found[4]);
            println!(
                "{rows} rows a commit, {name}: {median:.2} ns a record on the processor (best {best:.2}), {:.1} M/s",
                1e3 / median
            );
        }
    }
}

fn flink_pipeline(c: &mut Criterion) {
    for rows in [1_000, 10_000, 50_000] {
        let commits = commits(rows);
        let expected = plain_loop(&commits).1;
        let mut group =
            c.benchmark_group(format!("filter and 1 s average by 1,000 keys, {rows} rows a commit"));
        group
            .throughput(Throughput::Elements(RECORDS as u64))
            .sample_size(10)
            .sampling_mode(SamplingMode::Flat);
        group.measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(500));
        for (name, contestant) in CONTESTANTS {
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|times| {
                    (0..times)
                        .map(|_| {
                            let (took, (windows, sum)) = contestant(&commits);
                            let is_same =
                                windows == expected.0 && (sum - expected.1).abs() < 1e-6 * expected.1;
                            assert!(is_same, "{name} found {windows} windows, not {}", expected.0);
                            took
                        })
                        .sum()
                });
            });
        }
    }
}

/// Commits of `per_flow` readings for each of `touched` flows, going round `flows` of them.
fn many_flows(c: &mut Criterion) {
    let mut group = c.benchmark_group("many flows of 4 nodes");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(500));
    if !is_asked("many flows") {
        return;
    }
    for (flows, touched, per_flow) in
        [(10_000u32, 1_000, 1), (10_000, 10_000, 1), (500, 500, 20), (500, 500, 100)]
    {
        let engine = Engine::new();
        let before = resident_kib();
        let _counters: Vec<Arc<FlowCounters>> = (0..flows)
            .map(|n| {
                let device = DeviceId::from_uuid(id(u64::from(n)));
                engine.handle.series(vec![series(n, device)]).unwrap();
                let counters = loop {
                    match engine.handle.install(FlowId::from_uuid(id(u64::from(n))), 1, plan(device)) {
                        Ok(counters) => break counters,
                        Err(_) => std::thread::sleep(Duration::from_millis(1)), // busy
                    }
                };
                while engine.handle.flows() + 1_000 < n as usize {
                    std::thread::sleep(Duration::from_millis(1));
                }
                counters
            })
            .collect();
        while engine.handle.flows() < flows as usize {
            std::thread::sleep(Duration::from_millis(1));
        }
        println!("{flows} flows: {} KiB resident more than before", resident_kib().saturating_sub(before));
        let readings = touched as usize * per_flow;
        let (mut next, mut clock) = (0u64, 0i64);
        group.throughput(Throughput::Elements(readings as u64));
        let name = format!("{flows} flows, {touched} of them with {per_flow} readings in a commit");
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter_custom(|times| {
                let commits: Vec<Arc<Commit>> = (0..times)
                    .map(|_| {
                        let mut columns = Columns::default();
                        for n in 0..touched {
                            for _ in 0..per_flow {
                                clock += 10;
                                columns.series.push(SeriesId(((next / per_flow as u64) as u32 + n) % flows));
                                columns.ts.push(Timestamp::from_us(clock).unwrap());
                                columns.num.push(f64::from(n % 100));
                                columns.unit.push(UnitIndex(1));
                                columns.quality.push(Default::default());
                            }
                        }
                        let commit = commit(next, columns);
                        next += readings as u64;
                        commit
                    })
                    .collect();
                let began = Instant::now();
                engine.feed(&commits);
                began.elapsed()
            });
        });
    }
}

/// Resident memory of this process; 0 where it cannot be read.
pub fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn stored_readings(_: &mut Criterion) {
    for keys in [100, 10_000].into_iter().filter(|_| is_asked("stored readings")) {
        replay::compare(keys);
    }
}

fn each_operator(_: &mut Criterion) {
    if is_asked("each operator") {
        operators::each();
    }
}

fn waking(_: &mut Criterion) {
    if is_asked("waking") {
        for (flows, pack) in
            [(1, 4_096), (1_000, 1), (1_000, 4_096), (10_000, 64), (10_000, 512), (10_000, 4_096)]
        {
            wake::one_by_one(flows, pack);
        }
    }
}

criterion_group!(benches, processor_time, flink_pipeline, stored_readings, each_operator, many_flows, waking);
criterion_main!(benches);
