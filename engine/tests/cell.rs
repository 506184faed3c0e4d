//! Cells: what they promise about room, panics, full outlets, commands and ends.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam::channel::bounded;
use edgesync_engine::cell::command::Begin;
use edgesync_engine::metrics::Snapshot;
use edgesync_engine::{
    Account, CellHandle, Emission, Error, EventKind, FlowCounters, FlowState, Full, History, NodeState,
    Options, Outlet, Reason, Replay, Rows,
};
use edgesync_schemas::flow::Port;
use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::reading::{Commit, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use support::{Cell, PATIENCE, commit, device, eventually, flow_id, plan, series};

/// device -> each of these nodes in a row, ids 1, 2, ...
fn chain(nodes: &[&str]) -> String {
    let source = format!(r#"{{"id":"0","type":"device-sensor","data":{{"devices":["{}"]}}}}"#, device(1));
    let listed: Vec<String> =
        nodes.iter().enumerate().map(|(at, node)| format!(r#"{{"id":"{}",{node}}}"#, at + 1)).collect();
    let edges: Vec<String> = (0..nodes.len())
        .map(|at| format!(r#"{{"id":"e{at}","source":"{at}","target":"{}"}}"#, at + 1))
        .collect();
    let nodes = [vec![source], listed].concat().join(",");
    format!(r#"{{"nodes":[{nodes}],"edges":[{}]}}"#, edges.join(","))
}

const DISPLAY: &str = r#""type":"display","data":{}"#;
const FAULT_AT_13: &str = r#""type":"fault","data":{"panic_at":13}"#;
const WINDOW_1S: &str = r#""type":"window","data":{"size":"1s","aggregates":["sum","count"],"idle":"5s"}"#;

fn watch(counters: &FlowCounters, node: &str) {
    counters.node(node).unwrap().watch.store(1, Ordering::Relaxed);
}

fn rows(emissions: &[Emission]) -> Vec<&Rows> {
    emissions
        .iter()
        .filter_map(|emission| match emission {
            Emission::Rows(rows) => Some(rows),
            Emission::Stored(..) | Emission::Dead(..) | Emission::Event(_) | Emission::Left(_) => None,
        })
        .collect()
}

fn numbers(emissions: &[Emission]) -> Vec<f64> {
    rows(emissions).iter().flat_map(|rows| rows.num.clone()).collect()
}

fn count(counters: &FlowCounters, node: &str) -> Snapshot {
    Snapshot { busy_ns: 0, waiting_ns: 0, ..counters.node(node).unwrap().snapshot() }
}

#[test]
fn a_watched_node_sends_its_records_and_an_unwatched_one_does_not() {
    let cell = Cell::new(Options::default());
    cell.handle.series(vec![series(0, 1, "t"), series(1, 2, "t")]).unwrap();
    let counters = cell.handle.install(flow_id(1), 3, plan(&chain(&[DISPLAY]))).unwrap();
    cell.feed(&commit(0, &[(0, 1000, "1"), (1, 1000, "2"), (0, 2000, "\"x\"")]), &mut Vec::new());
    assert_eq!(cell.settle(), []);
    watch(&counters, "1");
    cell.feed(&commit(3, &[(0, 3000, "4"), (0, 4000, "\"y\"")]), &mut Vec::new());
    let emitted = cell.settle();
    let rows = rows(&emitted)[0];
    assert_eq!((rows.version, &*rows.node, rows.port), (3, "1", Port::Out));
    assert_eq!((rows.num.clone(), rows.raw.clone()), (vec![4.0, 0.0], vec![(1, "\"y\"".into())]));
    assert_eq!(
        (rows.series.clone(), rows.offset.clone()),
        (vec![SeriesId(0); 2], vec![Offset(3), Offset(4)])
    );
    assert_eq!((cell.handle.frontier(), counters.state()), (Offset(5), FlowState::Running));
    assert_eq!(count(&counters, "1"), Snapshot { in_: 4, out: 4, ..Snapshot::default() });
}

#[test]
fn a_panic_harms_only_its_node() {
    let cell = Cell::new(Options::default());
    cell.handle.series(vec![series(0, 1, "t")]).unwrap();
    let broken = cell.handle.install(flow_id(1), 1, plan(&chain(&[DISPLAY, FAULT_AT_13, DISPLAY]))).unwrap();
    let sound = cell.handle.install(flow_id(2), 1, plan(&chain(&[WINDOW_1S, DISPLAY]))).unwrap();
    watch(&broken, "2");
    let mut emitted = Vec::new();
    cell.feed(&commit(0, &[(0, 1000, "1"), (0, 1100, "2")]), &mut emitted);
    cell.feed(&commit(2, &[(0, 1200, "12"), (0, 1300, "13")]), &mut emitted);
    cell.feed(&commit(4, &[(0, 2400, "5")]), &mut emitted);
    emitted.extend(cell.settle());
    assert!(!cell.handle.is_condemned());
    let panics: Vec<_> = emitted.iter().filter(|emission| matches!(emission, Emission::Event(event) if matches!(&event.kind, EventKind::Panicked { message } if message.contains("13")) && &*event.node == "2")).collect();
    assert_eq!(panics.len(), 1);
    let errors: Vec<&Rows> = rows(&emitted).into_iter().filter(|rows| rows.port == Port::Error).collect();
    assert_eq!(errors.iter().flat_map(|rows| rows.num.clone()).collect::<Vec<_>>(), [12.0, 13.0, 5.0]);
    assert!(errors.iter().all(|rows| rows.reasons.iter().all(|reason| *reason == Reason::NodeFailed)));
    assert_eq!(count(&broken, "1"), Snapshot { in_: 5, out: 5, ..Snapshot::default() });
    assert_eq!(count(&broken, "2"), Snapshot { in_: 5, out: 2, error: 3, ..Snapshot::default() });
    assert_eq!(count(&broken, "3"), Snapshot { in_: 2, out: 2, ..Snapshot::default() });
    assert_eq!(
        (broken.node("2").unwrap().state(), broken.node("1").unwrap().state()),
        (NodeState::Failed, NodeState::Ok)
    );
    assert_eq!(
        count(&sound, "1"),
        Snapshot { in_: 5, out: 1, filtered: 3, in_flight: 1, ..Snapshot::default() }
    );

    // Installing it again mends it.
    let mended = cell.handle.install(flow_id(1), 2, plan(&chain(&[DISPLAY, FAULT_AT_13, DISPLAY]))).unwrap();
    cell.feed(&commit(5, &[(0, 2500, "6")]), &mut emitted);
    cell.settle();
    assert_eq!(count(&mended, "3"), Snapshot { in_: 1, out: 1, ..Snapshot::default() });
    assert_eq!(broken.state(), FlowState::Removed);
}

#[test]
fn feeding_is_refused_at_the_bound_and_possible_again_when_room_returns() {
    for options in
        [Options { feed_commits: 2, ..Options::default() }, Options { feed_bytes: 60, ..Options::default() }]
    {
        let cell = Cell::with_outlet(options, 1);
        cell.handle.series(vec![series(0, 1, "t")]).unwrap();
        let counters = cell.handle.install(flow_id(1), 1, plan(&chain(&[DISPLAY]))).unwrap();
        watch(&counters, "1");
        // Nobody reads: one result fits into the outlet, one waits in the cell, two commits may wait before it.
        let mut fed = 0;
        eventually("a refusal", || {
            fed += u64::from(cell.handle.try_feed(&commit(fed, &[(0, 1000, "1")])).is_ok());
            cell.handle.in_flight() == 2 && cell.handle.try_feed(&commit(fed, &[(0, 1000, "1")])) == Err(Full)
        });
        let mut emitted = Vec::new();
        while fed < 10 {
            cell.feed(&commit(fed, &[(0, 1000, "1")]), &mut emitted);
            fed += 1;
        }
        emitted.extend(cell.settle());
        assert_eq!((numbers(&emitted).len(), count(&counters, "1").out), (10, 10));
    }
}

#[test]
fn a_commit_larger_than_all_the_room_is_let_in_alone() {
    let cell = Cell::new(Options { feed_bytes: 1, ..Options::default() });
    cell.handle.series(vec![series(0, 1, "t")]).unwrap();
    let counters = cell.handle.install(flow_id(1), 1, plan(&chain(&[DISPLAY]))).unwrap();
    for n in 0..3 {
        cell.feed(&commit(n * 2, &[(0, 1000, "1"), (0, 1000, "2")]), &mut Vec::new());
    }
    cell.settle();
    assert_eq!(count(&counters, "1").out, 6);
}

#[test]
fn a_full_outlet_stops_input_but_not_removing_or_ending() {
    let cell = Cell::with_outlet(Options { feed_commits: 3, chunk_rows: 1, ..Options::default() }, 1);
    cell.handle.series(vec![series(0, 1, "t")]).unwrap();
    let counters = cell.handle.install(flow_id(1), 1, plan(&chain(&[DISPLAY]))).unwrap();
    let other = cell.handle.install(flow_id(2), 1, plan(&chain(&[DISPLAY]))).unwrap();
    watch(&counters, "1");
    for n in 0..3 {
        cell.handle.try_feed(&commit(n, &[(0, 1000, "1")])).unwrap();
    }
    eventually("the outlet to be full", || count(&counters, "1").out == 2);
    cell.handle.remove(flow_id(2)).unwrap();
    eventually("the flow to be removed", || other.state() == FlowState::Removed);
    assert_eq!(count(&other, "1").out, 2, "it saw what was taken before the outlet was full");
    // The third commit waits: ending in time is not possible while nobody reads.
    assert!(!cell.handle.shutdown(std::time::Duration::from_millis(1)));
    eventually("the thread to end", || cell.handle.try_feed(&commit(3, &[])) == Err(Full));
}

#[test]
fn removing_overtakes_installs_that_wait() {
    let cell = Cell::with_outlet(Options { chunk_rows: 1, ..Options::default() }, 1);
    cell.handle.series(vec![series(0, 1, "t")]).unwrap();
    let first = cell.handle.install(flow_id(1), 1, plan(&chain(&[DISPLAY]))).unwrap();
    watch(&first, "1");
    for n in 0..3 {
        cell.handle.try_feed(&commit(n, &[(0, 1000, "1")])).unwrap();
    }
    eventually("the outlet to be full", || count(&first, "1").out == 2);
    let second = cell.handle.install(flow_id(1), 2, plan(&chain(&[DISPLAY]))).unwrap();
    cell.handle.remove(flow_id(1)).unwrap();
    let third = cell.handle.install(flow_id(3), 3, plan(&chain(&[DISPLAY]))).unwrap();
    eventually("the flow to be removed", || first.state() == FlowState::Removed);
    let mut emitted = cell.settle();
    cell.feed(&commit(3, &[(0, 1000, "1")]), &mut emitted);
    cell.settle();
    assert_eq!((second.state(), count(&second, "1").in_), (FlowState::Removed, 0));
    assert_eq!((third.state(), count(&third, "1").in_), (FlowState::Running, 1));
    assert_eq!(cell.handle.flows(), 1);
}

#[test]
fn series_that_appear_later_reach_the_flows_that_name_their_device() {
    let cell = Cell::new(Options::default());
    let two = chain(&[DISPLAY]);
    let counters = cell.handle.install(flow_id(1), 1, plan(&two)).unwrap();
    let both = cell.handle.install(flow_id(2), 1, plan(&two)).unwrap();
    let with_series = |first: u64, readings: &[support::Reading<'_>], new: Vec<Arc<SeriesInfo>>| {
        Arc::new(Commit { new_series: new, ..Commit::clone(&commit(first, readings)) })
    };
    let mut emitted = Vec::new();
    cell.feed(
        &with_series(0, &[(5, 1000, "1"), (6, 1000, "2")], vec![series(5, 1, "t"), series(6, 2, "t")]),
        &mut emitted,
    );
    cell.feed(&with_series(2, &[(7, 1000, "3")], vec![series(7, 1, "u")]), &mut emitted);
    cell.settle();
    assert_eq!((count(&counters, "1").in_, count(&both, "1").in_), (2, 2));
    cell.handle.remove(flow_id(1)).unwrap();
    eventually("the flow to be removed", || counters.state() == FlowState::Removed);
    cell.feed(&commit(3, &[(5, 1000, "1"), (7, 1000, "3")]), &mut emitted);
    cell.settle();
    assert_eq!((count(&counters, "1").in_, count(&both, "1").in_), (2, 4));
}

#[test]
fn a_unit_that_appears_later_is_seen_by_expressions() {
    let cell = Cell::new(Options::default());
    let filter = r#""type":"filter","data":{"expression":"unit == '%'"}"#;
    let counters = cell.handle.install(flow_id(1), 1, plan(&chain(&[filter]))).unwrap();
    let before = SeriesInfo { units: vec!["C".parse().unwrap()], ..SeriesInfo::clone(&series(0, 1, "t")) };
    cell.handle.series(vec![Arc::new(before)]).unwrap();
    let mut later = Commit::clone(&commit(0, &[(0, 1000, "1")]));
    later.columns.unit[0] = UnitIndex(2);
    later.new_series = vec![series(0, 1, "t")];
    cell.feed(&Arc::new(later), &mut Vec::new());
    cell.settle();
    assert_eq!(count(&counters, "1").out, 1);
}

#[test]
fn a_silent_key_is_closed_by_the_wall_clock_it_is_told() {
    let cell = Cell::new(Options::default());
    cell.handle.series(vec![series(0, 1, "t")]).unwrap();
    let counters = cell.handle.install(flow_id(1), 1, plan(&chain(&[WINDOW_1S]))).unwrap();
    watch(&counters, "1");
    let at = |s: i64| Timestamp::from_ms(1_700_000_000_000 + s * 1000).unwrap();
    let mut emitted = Vec::new();
    cell.handle.tick(at(0));
    cell.feed(&commit(0, &[(0, 1000, "1"), (0, 1500, "2")]), &mut emitted);
    cell.handle.tick(at(5));
    assert_eq!(cell.settle(), []);
    cell.handle.tick(at(6));
    let closed = cell.settle();
    let closed = rows(&closed)[0];
    assert_eq!((closed.num.clone(), closed.ts.clone()), (vec![3.0], vec![Timestamp::from_ms(1000).unwrap()]));
    let fields: Vec<_> = closed.fields.iter().map(|(name, column)| (&**name, column.num[0])).collect();
    assert_eq!(fields, [("window_start", 1000.0), ("window_end", 2000.0), ("sum", 3.0), ("count", 2.0)]);
    // What comes for the closed window now is late.
    cell.feed(&commit(2, &[(0, 1900, "4"), (0, 2000, "5")]), &mut emitted);
    cell.settle();
    assert_eq!(
        count(&counters, "1"),
        Snapshot { in_: 4, out: 1, filtered: 1, late: 1, in_flight: 1, ..Snapshot::default() }
    );
}

#[test]
fn errors_are_sampled_once_per_tick_and_counted_all() {
    let cell = Cell::new(Options::default());
    cell.handle.series(vec![series(0, 1, "t")]).unwrap();
    let average = r#""type":"moving-average","data":{}"#;
    let counters = cell.handle.install(flow_id(1), 1, plan(&chain(&[average]))).unwrap();
    let mut emitted = Vec::new();
    for n in 0..3 {
        cell.feed(&commit(n, &[(0, 1000, "\"open\"")]), &mut emitted);
    }
    emitted.extend(cell.settle());
    let letters = emitted.iter().filter_map(|emission| match emission {
        Emission::Dead(rows, detail) => Some((rows.reasons.clone(), rows.raw.len(), detail.is_empty())),
        _ => None,
    });
    // nobody wired the error port; what was wrong is told with the first
    let letter = |is_silent| (vec![Reason::NotANumber], 1, is_silent);
    assert_eq!(letters.collect::<Vec<_>>(), [letter(false), letter(false), letter(false)]);
    emitted.retain(|emission| matches!(emission, Emission::Event(_)));
    assert_eq!((emitted.len(), count(&counters, "1").error), (1, 3));
    let Emission::Event(event) = &emitted[0] else { panic!("{emitted:?}") };
    let EventKind::Error { reason, detail, .. } = &event.kind else { panic!("{event:?}") };
    assert_eq!((*reason, detail.contains("open")), (Reason::NotANumber, true));
    cell.handle.tick(Timestamp::from_ms(1000).unwrap());
    cell.feed(&commit(3, &[(0, 1000, "true")]), &mut emitted);
    assert_eq!(cell.settle().len(), 2);
}

#[test]
fn a_panic_past_the_fences_condemns_the_cell() {
    let (sender, _results) = bounded(4);
    let armed = Arc::new(AtomicBool::new(true));
    let theirs = Arc::clone(&armed);
    let on_room = move || assert!(!theirs.swap(false, Ordering::Relaxed), "on purpose");
    let outlet = Outlet { sender, wake: Arc::new(|| ()) };
    let handle = CellHandle::spawn(0, Options::default(), outlet, Arc::new(on_room)).unwrap();
    handle.try_feed(&commit(0, &[(0, 1000, "1")])).unwrap();
    eventually("the cell to be condemned", || handle.is_condemned());
    assert_eq!(handle.try_feed(&commit(1, &[])), Err(Full));
    assert!(matches!(handle.install(flow_id(1), 1, plan(&chain(&[DISPLAY]))), Err(Error::Condemned)));
    assert!(!handle.shutdown(PATIENCE));
}

#[test]
fn ending_does_first_what_was_asked() {
    let cell = Cell::new(Options { feed_commits: 100, ..Options::default() });
    cell.handle.series(vec![series(0, 1, "t")]).unwrap();
    let counters = cell.handle.install(flow_id(1), 1, plan(&chain(&[WINDOW_1S, DISPLAY]))).unwrap();
    for n in 0..50 {
        cell.handle.try_feed(&commit(n, &[(0, n as i64 * 100, "1")])).unwrap();
    }
    assert!(cell.handle.shutdown(PATIENCE));
    assert_eq!((cell.handle.frontier(), count(&counters, "1").in_), (Offset(50), 50));
    assert!(matches!(cell.handle.remove(flow_id(1)), Err(Error::Stopped)));
}

#[test]
fn a_cell_whose_handles_are_gone_ends() {
    let (sender, results) = bounded(1);
    let outlet = Outlet { sender, wake: Arc::new(|| ()) };
    let handle = CellHandle::spawn(0, Options::default(), outlet, Arc::new(|| ())).unwrap();
    let clone = handle.clone();
    drop(handle);
    clone.try_feed(&commit(0, &[])).unwrap();
    drop(clone);
    assert!(results.recv_timeout(PATIENCE).is_err_and(|error| error.is_disconnected()));
}

#[test]
fn more_flows_than_fit_into_a_pack_open_another() {
    let cell = Cell::new(Options { flows_per_pack: 2, ..Options::default() });
    cell.handle.series(vec![series(0, 1, "t")]).unwrap();
    let plan = plan(&chain(&[DISPLAY]));
    let counters: Vec<_> =
        (0..7).map(|n| cell.handle.install(flow_id(n), 1, Arc::clone(&plan)).unwrap()).collect();
    let mut emitted = Vec::new();
    cell.feed(&commit(0, &[(0, 1000, "1")]), &mut emitted);
    cell.settle();
    (0..7).step_by(2).for_each(|n| cell.handle.remove(flow_id(n)).unwrap());
    eventually("flows to be removed", || counters[6].state() == FlowState::Removed);
    cell.feed(&commit(1, &[(0, 1000, "1")]), &mut emitted);
    cell.settle();
    let seen: Vec<u64> = counters.iter().map(|counters| count(counters, "1").in_).collect();
    assert_eq!((seen, cell.handle.flows()), (vec![1, 2, 1, 2, 1, 2, 1], 3));
}

#[test]
fn many_flows_are_saved_at_one_place_as_far_as_there_is_room() {
    let cell = Cell::new(Options::default());
    cell.handle.series(vec![series(0, 1, "t")]).unwrap();
    let plan = plan(&chain(&[WINDOW_1S, DISPLAY]));
    let counters: Vec<_> =
        (0..3).map(|n| cell.handle.install(flow_id(n), 1, Arc::clone(&plan)).unwrap()).collect();
    cell.feed(&commit(0, &[(0, 1000, "1"), (0, 1100, "2")]), &mut Vec::new());
    let ask = |flows: &[u64], bytes_most| {
        let (tell, told) = bounded(1);
        let flows = flows.iter().map(|n| flow_id(*n)).collect();
        cell.handle.save_all(flows, bytes_most, move |saved| tell.send(saved).unwrap()).unwrap();
        told.recv_timeout(PATIENCE).unwrap()
    };
    let all = ask(&[2, 9, 0, 1], usize::MAX);
    let flows: Vec<_> = all.iter().map(|flow| (flow.counters.flow, flow.saved.next, flow.moved)).collect();
    // two readings came into the source and the window, and none out of that
    assert_eq!(flows, [2, 0, 1].map(|n| (flow_id(n), Offset(2), 4)), "what is not here is left out");
    assert!(Arc::ptr_eq(&all[1].counters, &counters[0]));
    assert_eq!(ask(&[1, 0], 0).len(), 1, "the first however large, and no other");
}

#[test]
fn what_warmed_up_by_itself_knows_units_that_came_meanwhile() {
    let cell = Cell::new(Options::default());
    let old = series(0, 1, "t");
    let plan = plan(&chain(&[r#""type":"filter","data":{"expression":"unit == 'K'"}"#, DISPLAY]));
    let mut replay = Replay::new(flow_id(1), 1, Arc::clone(&plan), 10, 100);
    let before = commit(0, &[(0, 1000, "1")]);
    replay.feed(&History::of_commit(&before), &|_| Some(Arc::clone(&old)), &mut |_| ());
    let mut new = SeriesInfo::clone(&old);
    new.units.push("K".parse().unwrap());
    cell.handle.series(vec![Arc::new(new)]).unwrap();
    let begin = Begin::Prepared(replay.prepared());
    let counters = cell.handle.install_as(flow_id(1), 1, plan, &Account::default(), begin, |_| ()).unwrap();
    cell.feed(&before, &mut Vec::new());
    let mut kelvin = Commit::clone(&commit(1, &[(0, 2000, "5")]));
    kelvin.columns.unit[0] = UnitIndex(3);
    cell.feed(&Arc::new(kelvin), &mut Vec::new());
    cell.settle();
    assert_eq!(count(&counters, "1"), Snapshot { in_: 1, out: 1, ..Snapshot::default() });
}
