//! A million stored readings through a flow of six nodes (goal 10): the engine's replay, hand-written timely operators and a plain loop.
//!
//! The flow: source, `value > 20`, scaled linearly, the mean of the last ten, the average of 1 min windows, display. Reading from the store is
//! not part of it; `benches/end_to_end.sh 10` asks the product.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use edgesync_engine::{Emission, History, Plan, Replay, compile};
use edgesync_schemas::flow::Diagram;
use edgesync_schemas::id::{DeviceId, FlowId, Offset, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::{Columns, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use timely::dataflow::InputHandle;
use timely::dataflow::ProbeHandle;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Probe;
use timely::dataflow::operators::generic::Operator;
use timely::dataflow::operators::vec::{Filter, Map};

use super::cell::{id, series};
use super::contest::Outcome;

pub const RECORDS: usize = 1_000_000;
/// Readings that are run at once, as slices of a store.
const SLICE: usize = 50_000;
const SIZE_US: i64 = 60_000_000;
const LAST: usize = 10;

/// Readings of `keys` series, each once a second; they arrived when they were measured.
pub fn histories(keys: u32) -> Vec<History> {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    (0..RECORDS / SLICE)
        .map(|slice| {
            let mut columns = Columns::default();
            let (mut offsets, mut received) = (Vec::new(), Vec::new());
            for row in slice * SLICE..(slice + 1) * SLICE {
                let ts = Timestamp::from_us((row as i64 / i64::from(keys)) * 1_000_000).unwrap();
                columns.series.push(SeriesId(row as u32 % keys));
                columns.ts.push(ts);
                columns.num.push((random() & 0xffff) as f64 / 655.36);
                columns.unit.push(UnitIndex(1));
                columns.quality.push(Default::default());
                offsets.push(Offset(row as u64));
                received.push(ts);
            }
            History { columns, offsets, received }
        })
        .collect()
}

fn plan(device: DeviceId) -> Arc<Plan> {
    let json = format!(
        r#"{{"nodes":[
            {{"id":"source","type":"device-sensor","data":{{"devices":["{device}"]}}}},
            {{"id":"filter","type":"filter","data":{{"expression":"value > 20"}}}},
            {{"id":"scale","type":"scale","data":{{"factor":1.8,"offset":32}}}},
            {{"id":"mean","type":"moving-average","data":{{"windowSize":{LAST}}}}},
            {{"id":"window","type":"window","data":{{"size":"1m"}}}},
            {{"id":"show","type":"display","data":{{}}}}],
          "edges":[{{"source":"source","target":"filter"}},{{"source":"filter","target":"scale"}},{{"source":"scale","target":"mean"}},
                   {{"source":"mean","target":"window"}},{{"source":"window","target":"show"}}]}}"#
    );
    Arc::new(compile(&Diagram::from_json(&json).unwrap(), &Default::default()).unwrap())
}

fn engine(histories: &[History], keys: u32) -> (Duration, Outcome) {
    let device = DeviceId::from_uuid(id(0));
    let infos: Vec<Arc<SeriesInfo>> = (0..keys).map(|key| series(key, device)).collect();
    let flow = FlowId::from_uuid(id(0));
    let mut replay = Replay::new(flow, 1, plan(device), limit::KEYS_PER_NODE, limit::CHUNK_ROWS);
    replay.counters().node("show").unwrap().watch.store(1, Ordering::Relaxed);
    let mut outcome = (0, 0.0);
    let mut take = |emission| {
        let Emission::Rows(rows) = emission else { panic!("{emission:?}") };
        outcome.0 += rows.num.len() as u64;
        outcome.1 += rows.num.iter().sum::<f64>();
    };
    let began = Instant::now();
    for history in histories {
        replay.feed_stored(
            history,
            0..history.len(),
            &|series| infos.get(series.index()).cloned(),
            &mut take,
        );
    }
    let took = began.elapsed();
    let counters = replay.counters();
    let window = counters.node("window").unwrap().snapshot();
    assert_eq!((window.late, window.error), (0, 0));
    (took, outcome)
}

#[derive(Clone, Default)]
struct Last {
    values: [f64; LAST],
    count: usize,
    sum: f64,
}

impl Last {
    #[inline(always)]
    fn mean(&mut self, value: f64) -> f64 {
        let at = self.count % LAST;
        self.sum += value - self.values[at];
        self.values[at] = value;
        self.count += 1;
        self.sum / self.count.min(LAST) as f64
    }
}

#[derive(Clone, Copy, Default)]
struct Pane {
    start: i64,
    count: u64,
    sum: f64,
}

impl Pane {
    #[inline(always)]
    fn add(&mut self, ts: i64, value: f64) -> Option<f64> {
        let mut closed = None;
        if ts - self.start >= SIZE_US {
            closed = (self.count > 0).then(|| self.sum / self.count as f64);
            *self = Self { start: ts.div_euclid(SIZE_US) * SIZE_US, count: 0, sum: 0.0 };
        }
        self.count += 1;
        self.sum += value;
        closed
    }
}

fn plain_loop(histories: &[History], keys: u32) -> (Duration, Outcome) {
    let began = Instant::now();
    let (mut last, mut panes) = (vec![Last::default(); keys as usize], vec![Pane::default(); keys as usize]);
    let mut outcome = (0, 0.0);
    for History { columns, .. } in histories {
        for ((series, ts), value) in columns.series.iter().zip(&columns.ts).zip(&columns.num) {
            if *value > 20.0 {
                let mean = last[series.index()].mean(value * 1.8 + 32.0);
                if let Some(average) = panes[series.index()].add(ts.as_us(), mean) {
                    outcome.0 += 1;
                    outcome.1 += average;
                }
            }
        }
    }
    (began.elapsed(), outcome)
}

/// One operator per node, fed with whole slices.
fn timely_operators(histories: &[History], keys: u32) -> (Duration, Outcome) {
    let mut slices: Vec<Vec<(u32, i64, f64)>> = histories
        .iter()
        .map(|History { columns, .. }| {
            let rows = columns.series.iter().zip(&columns.ts).zip(&columns.num);
            rows.map(|((series, ts), value)| (series.0, ts.as_us(), *value)).collect()
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
            .map(|(key, ts, value)| (key, ts, value * 1.8 + 32.0))
            .unary(Pipeline, "mean", |_, _| {
                let mut last = vec![Last::default(); keys as usize];
                move |input, output| {
                    input.for_each(|capability, records: &mut Vec<(u32, i64, f64)>| {
                        let mut session = output.session(&capability);
                        for (key, ts, value) in records.drain(..) {
                            session.give((key, ts, last[key as usize].mean(value)));
                        }
                    });
                }
            })
            .unary(Pipeline, "window", |_, _| {
                let mut panes = vec![Pane::default(); keys as usize];
                move |input, output| {
                    input.for_each(|capability, records: &mut Vec<(u32, i64, f64)>| {
                        let mut session = output.session(&capability);
                        for (key, ts, value) in records.drain(..) {
                            if let Some(mean) = panes[key as usize].add(ts, value) {
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
    let began = Instant::now();
    for (at, slice) in slices.iter_mut().enumerate() {
        input.send_batch(slice);
        input.advance_to(at as u64 + 1);
        while probe.less_than(input.time()) {
            worker.step();
        }
    }
    (began.elapsed(), outcome.get())
}

type Contestant = fn(&[History], u32) -> (Duration, Outcome);

/// Runs all in turns and tells their medians.
pub fn compare(keys: u32) {
    const ROUNDS: usize = 9;
    let contestants: [(&str, Contestant); 3] =
        [("engine", engine), ("hand-written timely", timely_operators), ("plain loop", plain_loop)];
    let histories = histories(keys);
    let expected = plain_loop(&histories, keys).1;
    let mut found = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for (found, (name, contestant)) in found.iter_mut().zip(contestants) {
            let (took, (windows, sum)) = contestant(&histories, keys);
            // windows that silence closes are put out by the engine alone: at most one a key
            let is_same = windows.abs_diff(expected.0) <= u64::from(keys)
                && (sum - expected.1).abs() <= 0.01 * expected.1;
            assert!(is_same, "{name}: {windows} windows, not {}", expected.0);
            found.push(took);
        }
    }
    println!(
        "a million stored readings of {keys} series through six nodes, median of {ROUNDS} runs in turns:"
    );
    for (found, (name, _)) in found.iter_mut().zip(contestants) {
        found.sort();
        let (best, median) = (found[0], found[ROUNDS / 2]);
        println!(
            "  {name}: {median:.1?} (best {best:.1?}), {:.1} M/s",
            RECORDS as f64 / 1e6 / median.as_secs_f64()
        );
    }
}
