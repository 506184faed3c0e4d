//! The engine against the model: random diagrams, random readings, random cuts into commits and chunks.
//!
//! A failing case prints its input; its seed is kept in `model.proptest-regressions` beside this file and replayed first.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

#[path = "model/draw.rs"]
mod draw;
mod support;

use std::sync::Arc;

use draw::{Sketch, draw, mended};
use edgesync_engine::naive::{Naive, Record};
use edgesync_engine::{Emission, FlowCounters, Options, Plan, Rows};
use edgesync_schemas::flow::Port;
use edgesync_schemas::id::Offset;
use edgesync_schemas::reading::{Arrival, Columns, Quality, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use support::{Cell, commit_of, device, flow_id, series};

/// Something that happens to a flow.
#[derive(Debug, Clone)]
enum Step {
    /// (series, milliseconds, what value, unit), and how many milliseconds after the first half of them the others arrive.
    Readings(Vec<(u8, i16, u8, u8)>, u16),
    /// Seconds that pass.
    Tick(u8),
}

fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    let node =
        (any::<u8>(), any::<u8>(), any::<u8>(), prop::collection::vec((any::<u8>(), any::<u8>()), 1..3));
    prop::collection::vec(node.prop_map(|(kind, a, b, inputs)| Sketch { kind, a, b, inputs }), 1..8)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let reading = (0u8..6, -2000i16..12_000, any::<u8>(), 0u8..3);
    prop::collection::vec(
        prop_oneof![
            4 => (prop::collection::vec(reading, 0..40), 0u16..4000).prop_map(|(all, later)| Step::Readings(all, later)),
            1 => (0u8..6).prop_map(Step::Tick),
        ],
        1..12,
    )
}

fn compiled(sketches: &[Sketch]) -> Arc<Plan> {
    compiled_as(sketches, "n")
}

/// With ids that begin with `prefix`: nodes of other ids take nothing over from each other.
fn compiled_as(sketches: &[Sketch], prefix: &str) -> Arc<Plan> {
    let diagram = draw(sketches, prefix, [device(1), device(2)]);
    Arc::new(mended(diagram).1)
}

fn known() -> Vec<Arc<SeriesInfo>> {
    let name = |at: u32| (u64::from(at / 3 + 1), ["a", "b", "c"][at as usize % 3]);
    (0..6).map(|at| series(at, name(at).0, name(at).1)).collect()
}

/// Values are small whole numbers, so that sums are exact whatever their order.
fn value(kind: u8) -> Value {
    match kind % 20 {
        0 => Value::from_json("\"open\"").unwrap(),
        1 => Value::from_json("true").unwrap(),
        2 => Value::from_json("{\"lat\":52.5}").unwrap(),
        16 => Value::from_json("[1,2.5,\"x\"]").unwrap(),
        17 => Value::from_json("{\"a\":{\"v\":1,\"n\":\"p\"},\"b\":{\"v\":2}}").unwrap(),
        18 => Value::from_json("{\"list\":[true,4]}").unwrap(),
        19 => Value::from_json("[]").unwrap(),
        n => Value::number(f64::from(n) - 8.0).unwrap(),
    }
}

fn columns(readings: &[(u8, i16, u8, u8)]) -> Columns {
    let mut columns = Columns::default();
    for (series, ms, kind, unit) in readings {
        let ts = Timestamp::from_ms(i64::from(*ms)).unwrap();
        columns.push(
            edgesync_schemas::id::SeriesId(u32::from(*series)),
            ts,
            value(*kind),
            UnitIndex(*unit),
            if kind / 16 == 0 { Quality::CLOCK_AHEAD } else { Quality::GOOD },
        );
    }
    columns
}

/// What left one node by one port, in order.
fn of_port(emitted: &[Emission], version: u32, node: &str, port: Port) -> Vec<Record> {
    let rows = emitted.iter().filter_map(|emission| match emission {
        Emission::Rows(rows) if rows.version == version && &*rows.node == node && rows.port == port => {
            Some(rows)
        }
        _ => None,
    });
    let records = |rows: &Rows| (0..rows.num.len()).map(|row| record(rows, row)).collect::<Vec<_>>();
    let shown: Vec<Record> = rows.flat_map(records).collect();
    let stored = emitted.iter().filter_map(|emission| match emission {
        Emission::Stored(rows, of) if rows.version == version && &*rows.node == node => {
            assert_eq!((of.series.as_str(), rows.port), (node, Port::Out));
            Some(rows)
        }
        _ => None,
    });
    let stored: Vec<Record> = stored.flat_map(records).collect();
    assert!(stored.is_empty() || port != Port::Out || stored == shown, "what is stored is what is shown");
    shown
}

fn record(rows: &Rows, row: usize) -> Record {
    let raw = rows.raw.iter().find(|(at, _)| *at as usize == row).map(|(_, raw)| raw.clone());
    Record {
        series: rows.series[row],
        ts: rows.ts[row],
        num: rows.num[row],
        raw,
        unit: rows.unit[row],
        offset: rows.offset[row],
        quality: rows.quality.get(row).copied().unwrap_or_default(),
        fields: rows
            .fields
            .iter()
            .map(|(name, column)| (name.clone(), column.num[row], column.raw_of(row as u32).cloned()))
            .collect(),
        reason: rows.reasons.get(row).copied(),
    }
}

/// Compares what a flow put out and counted with the model.
fn compare(plan: &Plan, version: u32, counters: &FlowCounters, emitted: &[Emission], model: &Naive) {
    for (at, node) in plan.nodes().iter().enumerate() {
        for port in Port::ALL.into_iter().chain((0..3).map(Port::Case)) {
            let expected: Vec<&Record> = model
                .emitted
                .iter()
                .filter(|(of, by, _)| *of == at && *by == port)
                .map(|(_, _, record)| record)
                .collect();
            let found = of_port(emitted, version, &node.id, port);
            for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert_eq!(found, *expected, "record {place} of {} ({}) by {port}", node.id, node.spec.kind);
            }
            assert_eq!(found.len(), expected.len(), "number of records of {} by {port}", node.id);
        }
        let mut found = counters.nodes[at].snapshot();
        (found.busy_ns, found.waiting_ns) = (0, 0);
        assert_eq!(found, model.counters()[at], "counters of {}", node.id);
        assert!(found.is_balanced(), "not every record of {} is accounted for: {found:?}", node.id);
    }
}

/// Watches all nodes.
fn watch(counters: &FlowCounters) {
    counters.nodes.iter().for_each(|node| node.watch.store(1, std::sync::atomic::Ordering::Relaxed));
}

/// A deployed version of the flow: how it runs, and how it should.
struct Deployed {
    version: u32,
    plan: Arc<Plan>,
    counters: Arc<FlowCounters>,
    model: Naive,
}

/// Plays steps into a cell and a model. `deploys` says before which step which sketch is deployed (or none: removed).
fn play(options: Options, keys: usize, steps: &[Step], deploys: &[(usize, Option<Vec<Sketch>>)]) {
    let cell = Cell::new(Options { keys_per_node: keys, ..options });
    let known = known();
    cell.handle.series(known.clone()).unwrap();
    let mut emitted = Vec::new();
    let mut running: Option<Deployed> = None;
    let mut over: Vec<Deployed> = Vec::new();
    // the clock of the flows shows whole seconds of what arrived last; in milliseconds
    let (mut next, mut shown, mut clock, mut version) = (0u64, 0, 1_700_000_000_000, 0);
    for (at, step) in steps.iter().enumerate() {
        for (_, sketches) in deploys.iter().filter(|(before, _)| before % steps.len() == at) {
            match sketches {
                Some(sketches) => {
                    version += 1;
                    let plan = compiled_as(sketches, &format!("v{version}n"));
                    let counters = cell.handle.install(flow_id(1), version, Arc::clone(&plan)).unwrap();
                    watch(&counters);
                    let model = Naive::new(Arc::clone(&plan), keys, shown * 1000);
                    over.extend(running.replace(Deployed { version, plan, counters, model }));
                }
                None => {
                    // A remove does not wait for what was fed, so the test does.
                    emitted.extend(cell.settle());
                    cell.handle.remove(flow_id(1)).unwrap();
                    over.extend(running.take());
                }
            }
        }
        match step {
            Step::Readings(readings, later) => {
                let half = readings.len() / 2;
                let mut commit = commit_of(next, columns(readings));
                let parts = [(half, clock), (readings.len(), clock + i64::from(*later))];
                let arrivals = parts.map(|(end, ms)| Arrival {
                    end_row: end as u32,
                    received_at: Timestamp::from_ms(ms).unwrap(),
                });
                Arc::make_mut(&mut commit).arrivals = arrivals.to_vec();
                clock += i64::from(*later);
                if !readings.is_empty() {
                    shown = clock / 1000 * 1000;
                }
                next += readings.len() as u64;
                cell.feed(&commit, &mut emitted);
                if let Some(flow) = &mut running {
                    flow.model.feed(&commit, &known);
                }
            }
            Step::Tick(seconds) => {
                clock += i64::from(*seconds) * 1000;
                shown = clock / 1000 * 1000;
                let now = Timestamp::from_ms(clock).unwrap();
                cell.handle.tick(now);
                if let Some(flow) = &mut running {
                    flow.model.tick(now, Offset(next.saturating_sub(1)), &known);
                }
            }
        }
    }
    emitted.extend(cell.settle());
    for flow in over.iter().chain(&running) {
        compare(&flow.plan, flow.version, &flow.counters, &emitted, &flow.model);
    }
    assert!(cell.handle.shutdown(support::PATIENCE));
}

fn options() -> impl Strategy<Value = Options> {
    (1usize..30, 1usize..5, 1usize..4).prop_map(|(chunk_rows, feed_commits, flows_per_pack)| Options {
        chunk_rows,
        feed_commits,
        flows_per_pack,
        ..Options::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/model.proptest-regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn compiled_flows_do_what_the_model_does(
        sketches in sketches(),
        steps in steps(),
        options in options(),
        keys in prop_oneof![3 => Just(1000usize), 1 => 1usize..4],
    ) {
        play(options, keys, &steps, &[(0, Some(sketches))]);
    }

    #[test]
    fn deploying_replacing_and_removing_between_commits_loses_and_doubles_nothing(
        steps in steps(),
        options in options(),
        deploys in prop::collection::vec((0usize..12, prop::option::weighted(0.75, sketches())), 1..5),
    ) {
        play(options, 1000, &steps, &deploys);
    }
}

#[path = "model/restart.rs"]
mod restart;
