//! Flink's pipeline three times: the engine, a hand-written timely operator and a plain loop, over the same commits.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use edgesync_engine::Emission;
use edgesync_schemas::id::{DeviceId, FlowId, SeriesId};
use edgesync_schemas::reading::{Columns, Commit};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use timely::dataflow::InputHandle;
use timely::dataflow::ProbeHandle;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Probe;
use timely::dataflow::operators::generic::Operator;
use timely::dataflow::operators::vec::Filter;

use super::cell::{Engine, commit, id, plan, series};

const KEYS: u32 = 1_000;
pub const RECORDS: usize = 4_000_000;
const SIZE_US: i64 = 1_000_000;

/// Readings of random keys and values, one every microsecond of event time.
pub fn commits(rows: usize) -> Vec<Arc<Commit>> {
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

/// Number of windows closed and the sum of their averages: what all three must agree on.
pub type Outcome = (u64, f64);

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

pub fn plain_loop(commits: &[Arc<Commit>]) -> (Duration, Outcome) {
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

pub type Contestant = fn(&[Arc<Commit>]) -> (Duration, Outcome);
pub const CONTESTANTS: [(&str, Contestant); 3] =
    [("engine", engine), ("hand-written timely", timely_operator), ("plain loop", plain_loop)];

thread_local! {
    /// Processor time of the measured part of the last run, of the thread that does the work.
    pub static ON_CPU_NS: Cell<u64> = const { Cell::new(0) };
}

/// Processor time so far of this thread, or of the thread with this name; 0 where it cannot be read.
pub fn on_cpu_ns(thread: Option<&str>) -> u64 {
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
