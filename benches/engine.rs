//! The engine on Flink's pipeline (goal 5): an in-memory source, `value > 20`, the average of 1 s tumbling windows by 1,000 keys, on
//! one core. The engine through a real cell beside a hand-written timely operator and a plain loop over the same columns.
//!
//! And what many small flows cost: commits that each concern many flows of a pack (goal 6 and one flow per device).
//!
//! `cargo bench --bench engine`. Every run checks its windows against the plain loop's: a run that dropped or late-d data panics.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use crossbeam::channel::{Receiver, bounded};
use edgesync_engine::{CellHandle, Emission, FlowCounters, Options, Outlet, Plan, compile};
use edgesync_schemas::flow::Diagram;
use edgesync_schemas::id::{DeviceId, FlowId, Offset, SeriesId};
use edgesync_schemas::reading::{Arrival, Columns, Commit, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use timely::dataflow::InputHandle;
use timely::dataflow::ProbeHandle;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Probe;
use timely::dataflow::operators::generic::Operator;
use timely::dataflow::operators::vec::Filter;

const KEYS: u32 = 1_000;
const RECORDS: usize = 4_000_000;
const SIZE_US: i64 = 1_000_000;

fn id(n: u64) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(n) + 1)
}

/// Readings of random keys and values, one every microsecond of event time.
fn commits(rows: usize) -> Vec<Arc<Commit>> {
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    (0..RECORDS / rows)
        .map(|at| {
            let first = at * rows;
            let mut columns = Columns::default();
            for row in first..first + rows {
                let random = random();
                columns.series.push(SeriesId((random >> 32) as u32 % KEYS));
                columns.ts.push(Timestamp::from_us(row as i64).unwrap());
                columns.num.push((random & 0xffff) as f64 / 655.36);
                columns.unit.push(UnitIndex(1));
                columns.quality.push(Default::default());
            }
            commit(first as u64, columns)
        })
        .collect()
}

fn commit(first: u64, columns: Columns) -> Arc<Commit> {
    let arrivals = vec![Arrival { end_row: columns.len() as u32, received_at: Timestamp::default() }];
    Arc::new(Commit { first: Offset(first), columns, arrivals, new_series: Vec::new() })
}

fn series(id: u32, device: DeviceId) -> Arc<SeriesInfo> {
    Arc::new(SeriesInfo {
        id: SeriesId(id),
        device,
        sensor: format!("s{id}").parse().unwrap(),
        units: vec!["C".parse().unwrap()],
    })
}

/// device -> filter -> window -> display.
fn plan(device: DeviceId) -> Arc<Plan> {
    let json = format!(
        r#"{{"nodes":[
            {{"id":"source","type":"device-sensor","data":{{"devices":["{device}"]}}}},
            {{"id":"filter","type":"filter","data":{{"expression":"value > 20"}}}},
            {{"id":"window","type":"window","data":{{"size":"1s"}}}},
            {{"id":"show","type":"display","data":{{}}}}],
          "edges":[{{"source":"source","target":"filter"}},{{"source":"filter","target":"window"}},{{"source":"window","target":"show"}}]}}"#
    );
    Arc::new(compile(&Diagram::from_json(&json).unwrap(), &Default::default()).unwrap())
}

struct Engine {
    handle: CellHandle,
    results: Receiver<Emission>,
    room: Receiver<()>,
}

impl Engine {
    fn new() -> Self {
        let (sender, results) = bounded(10_000);
        let (tell, room) = bounded(1);
        let on_room = Arc::new(move || {
            let _ = tell.try_send(());
        });
        let handle =
            CellHandle::spawn(0, Options::default(), Outlet { sender, wake: Arc::new(|| ()) }, on_room)
                .unwrap();
        Self { handle, results, room }
    }

    /// Feeds commits and waits until all are done.
    fn feed(&self, commits: &[Arc<Commit>]) {
        for commit in commits {
            while self.handle.try_feed(commit).is_err() {
                self.room.recv_timeout(Duration::from_secs(10)).unwrap();
            }
        }
        while self.handle.in_flight() > 0 {
            let _ = self.room.recv_timeout(Duration::from_secs(10));
        }
    }
}

/// Number of windows closed and the sum of their averages: what all three must agree on.
type Outcome = (u64, f64);

fn engine(commits: &[Arc<Commit>]) -> (Duration, Outcome) {
    let device = DeviceId::from_uuid(id(0));
    let engine = Engine::new();
    engine.handle.series((0..KEYS).map(|key| series(key, device)).collect()).unwrap();
    let counters = engine.handle.install(FlowId::from_uuid(id(0)), 1, plan(device)).unwrap();
    counters.node("show").unwrap().watch.store(1, Ordering::Relaxed);
    engine.feed(&[]);
    let before = on_cpu_ns(Some("cell-0"));
    let began = Instant::now();
    engine.feed(commits);
    let took = began.elapsed();
    ON_CPU_NS.with(|on_cpu| on_cpu.set(on_cpu_ns(Some("cell-0")) - before));
    let mut outcome = (0, 0.0);
    for emission in engine.results.try_iter() {
        let Emission::Rows(rows) = emission else { panic!("{emission:?}") };
        outcome.0 += rows.num.len() as u64;
        outcome.1 += rows.num.iter().sum::<f64>();
    }
    (took, outcome)
}

#[derive(Clone, Copy, Default)]
struct Pane {
    start: i64,
    count: u64,
    sum: f64,
}

/// One step of the average; answers what a closed window averaged.
#[inline(always)]
fn add(panes: &mut [Pane], key: u32, ts: i64, value: f64) -> Option<f64> {
    let pane = &mut panes[key as usize];
    let mut closed = None;
    if ts - pane.start >= SIZE_US {
        if pane.count > 0 {
            closed = Some(pane.sum / pane.count as f64);
        }
        *pane = Pane { start: ts.div_euclid(SIZE_US) * SIZE_US, count: 0, sum: 0.0 };
    }
    pane.count += 1;
    pane.sum += value;
    closed
}

fn plain_loop(commits: &[Arc<Commit>]) -> (Duration, Outcome) {
    let before = on_cpu_ns(None);
    let began = Instant::now();
    let mut panes = vec![Pane::default(); KEYS as usize];
    let mut outcome = (0, 0.0);
    for commit in commits {
        let columns = &commit.columns;
        for ((series, ts), value) in columns.series.iter().zip(&columns.ts).zip(&columns.num) {
            if *value > 20.0
                && let Some(mean) = add(&mut panes, series.0, ts.as_us(), *value)
            {
                outcome.0 += 1;
                outcome.1 += mean;
            }
        }
    }
    let took = began.elapsed();
    ON_CPU_NS.with(|on_cpu| on_cpu.set(on_cpu_ns(None) - before));
    (took, outcome)
}

/// As its author would write it for this pipeline alone: a filter and a keyed window, fed with whole batches of records.
fn timely_operator(commits: &[Arc<Commit>]) -> (Duration, Outcome) {
    let mut batches: Vec<Vec<(u32, i64, f64)>> = commits
        .iter()
        .map(|commit| {
            let columns = &commit.columns;
            columns
                .series
                .iter()
                .zip(&columns.ts)
                .zip(&columns.num)
                .map(|((s, t), v)| (s.0, t.as_us(), *v))
                .collect()
        })
        .collect();
    let allocator = timely::communication::Allocator::Thread(Default::default());
    let mut worker =
        timely::worker::Worker::new(timely::WorkerConfig::default(), allocator, Some(Instant::now()));
    let mut input = InputHandle::new();
    let probe = ProbeHandle::new();
    let outcome = Rc::new(Cell::new((0, 0.0)));
    let theirs = Rc::clone(&outcome);
    worker.dataflow::<u64, _, _>(|scope| {
        input
            .to_stream(scope)
            .container::<Vec<(u32, i64, f64)>>()
            .filter(|(_, _, value)| *value > 20.0)
            .unary(Pipeline, "window", |_, _| {
                let mut panes = vec![Pane::default(); KEYS as usize];
                move |input, output| {
                    input.for_each(|capability, records| {
                        let mut session = output.session(&capability);
                        for (key, ts, value) in records.drain(..) {
                            if let Some(mean) = add(&mut panes, key, ts, value) {
                                session.give((key, mean));
                            }
                        }
                    });
                }
            })
            .unary::<timely::container::CapacityContainerBuilder<Vec<()>>, _, _, _>(
                Pipeline,
                "sum",
                |_, _| {
                    move |input, _| {
                        input.for_each(|_, records: &mut Vec<(u32, f64)>| {
                            let (count, sum) = theirs.get();
                            theirs.set((
                                count + records.len() as u64,
                                records.iter().fold(sum, |sum, (_, mean)| sum + mean),
                            ));
                        });
                    }
                },
            )
            .probe_with(&probe);
    });
    let before = on_cpu_ns(None);
    let began = Instant::now();
    for (at, batch) in batches.iter_mut().enumerate() {
        input.send_batch(batch);
        input.advance_to(at as u64 + 1);
        while probe.less_than(input.time()) {
            worker.step();
        }
    }
    let took = began.elapsed();
    ON_CPU_NS.with(|on_cpu| on_cpu.set(on_cpu_ns(None) - before));
    (took, outcome.get())
}

type Contestant = fn(&[Arc<Commit>]) -> (Duration, Outcome);
const CONTESTANTS: [(&str, Contestant); 3] =
    [("engine", engine), ("hand-written timely", timely_operator), ("plain loop", plain_loop)];

/// Processor time per record, medians of runs in turns: what can be compared while others use the machine, too.
fn processor_time(_: &mut Criterion) {
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

thread_local! {
    /// Processor time of the measured part of the last run, of the thread that does the work.
    static ON_CPU_NS: Cell<u64> = const { Cell::new(0) };
}

/// Processor time so far of this thread, or of the thread with this name; 0 where it cannot be read.
fn on_cpu_ns(thread: Option<&str>) -> u64 {
    let read = |dir: std::path::PathBuf| {
        let text = std::fs::read_to_string(dir.join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    let Some(name) = thread else { return read("/proc/thread-self".into()).unwrap_or(0) };
    let threads =
        std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut named: Vec<_> = threads
        .filter(|dir| std::fs::read_to_string(dir.join("comm")).is_ok_and(|comm| comm.trim() == name))
        .collect();
    named.sort_by_key(|dir| dir.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    named.pop().and_then(read).unwrap_or(0) // an older one may still be ending
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
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

criterion_group!(benches, processor_time, flink_pipeline, many_flows);
criterion_main!(benches);
