//! Restarts and new versions against the model: what was saved goes on, what warmed up takes over, and nothing is lost, doubled or put out twice.

use crossbeam::channel::bounded;
use edgesync_engine::cell::command::{Begin, Outcome, Told};
use edgesync_engine::naive::Naive;
use edgesync_engine::{Account, History, Replay, Saved};
use edgesync_schemas::reading::Commit;

use super::*;

/// A step as it happens: readings as they are committed, or the wall clock.
enum Event {
    Commit(Arc<Commit>),
    Tick(Timestamp),
}

/// The steps with offsets and times.
fn events(steps: &[Step]) -> Vec<Event> {
    let (mut next, mut clock) = (0, 1_700_000_000_000);
    steps
        .iter()
        .map(|step| match step {
            Step::Readings(readings, later) => {
                let mut commit = commit_of(next, columns(readings));
                let arrivals = [(readings.len() / 2, clock), (readings.len(), clock + i64::from(*later))];
                Arc::make_mut(&mut commit).arrivals = arrivals
                    .map(|(end, ms)| Arrival {
                        end_row: end as u32,
                        received_at: Timestamp::from_ms(ms).unwrap(),
                    })
                    .to_vec();
                next += readings.len() as u64;
                clock += i64::from(*later);
                Event::Commit(commit)
            }
            Step::Tick(seconds) => {
                clock += i64::from(*seconds) * 1000;
                Event::Tick(Timestamp::from_ms(clock).unwrap())
            }
        })
        .collect()
}

/// Where the log ends before the event at a place.
fn end_before(events: &[Event], at: usize) -> Offset {
    let commits = events[..at].iter().filter_map(|event| match event {
        Event::Commit(commit) => Some(commit.end()),
        Event::Tick(_) => None,
    });
    commits.max().unwrap_or_default()
}

fn feed(cell: &Cell, events: &[Event], emitted: &mut Vec<Emission>) {
    for event in events {
        match event {
            Event::Commit(commit) => cell.feed(commit, emitted),
            // what waits in the outlet must not keep the tick from being taken
            Event::Tick(now) => {
                emitted.extend(cell.settle());
                cell.handle.tick(*now);
            }
        }
    }
    emitted.extend(cell.settle());
}

fn model(plan: &Arc<Plan>, events: &[Event], known: &[Arc<SeriesInfo>]) -> Naive {
    let mut model = Naive::new(Arc::clone(plan), 1000, 0);
    go_on(&mut model, events, Offset(0), known);
    model
}

fn go_on(model: &mut Naive, events: &[Event], mut end: Offset, known: &[Arc<SeriesInfo>]) {
    for event in events {
        match event {
            Event::Commit(commit) => {
                model.feed(commit, known);
                end = end.max(commit.end());
            }
            Event::Tick(now) => model.tick(*now, Offset(end.0.saturating_sub(1)), known),
        }
    }
}

fn new_cell(options: &Options, known: &[Arc<SeriesInfo>]) -> Cell {
    let cell = Cell::new(Options { keys_per_node: 1000, ..options.clone() });
    cell.handle.series(known.to_vec()).unwrap();
    cell
}

/// What left each node by each port is what the model says, from its record `from` on.
fn compare_from(plan: &Plan, version: u32, emitted: &[Emission], expected: &[(usize, Port, Record)]) {
    for (at, node) in plan.nodes().iter().enumerate() {
        for port in Port::ALL {
            let mine = expected.iter().filter(|(of, by, _)| *of == at && *by == port);
            let mine: Vec<&Record> = mine.map(|(_, _, record)| record).collect();
            let found = of_port(emitted, version, &node.id, port);
            let found: Vec<&Record> = found.iter().collect();
            assert_eq!(found, mine, "{} ({}) by {port}", node.id, node.spec.kind);
        }
    }
}

fn saved(cell: &Cell, emitted: &mut Vec<Emission>) -> Saved {
    let (tell, told) = bounded(1);
    cell.handle.save(flow_id(1), move |saved| tell.send(saved).unwrap()).unwrap();
    emitted.extend(cell.settle());
    let saved = told.recv_timeout(support::PATIENCE).unwrap().unwrap();
    // through bytes, as it lies on a disk
    Saved::from_bytes(&saved.to_bytes()).unwrap()
}

fn is_installed(told: Told) {
    assert!(matches!(told.outcome, Outcome::Installed(_)), "{told:?}");
}

/// Installs what was saved.
fn start(cell: &Cell, plan: &Arc<Plan>, state: Saved, next: Offset, clock: Timestamp) -> Arc<FlowCounters> {
    let begin = Begin::Saved(Box::new(state), next, clock);
    cell.handle.install_as(flow_id(1), 1, Arc::clone(plan), &Account::default(), begin, is_installed).unwrap()
}

/// Saves before one event, is killed before a later one, and starts again with an earlier part of the log fed once more.
fn restart(sketches: &[Sketch], steps: &[Step], options: [&Options; 2], cuts: [usize; 3]) {
    let mut cuts = cuts.map(|cut| cut % (steps.len() + 1));
    cuts.sort_unstable();
    let [from, save, kill] = cuts;
    let (events, known, plan) = (events(steps), known(), compiled(sketches));
    let expected = model(&plan, &events, &known);

    let first = new_cell(options[0], &known);
    watch(&first.handle.install(flow_id(1), 1, Arc::clone(&plan)).unwrap());
    let mut emitted = Vec::new();
    feed(&first, &events[..save], &mut emitted);
    let state = saved(&first, &mut emitted);
    assert_eq!(state.next, end_before(&events, save));
    feed(&first, &events[save..kill], &mut emitted);
    let (next, clock) = (end_before(&events, kill), first.handle.clock());
    drop(first);

    // killed once more before it was fed anything: what is saved there is what was loaded
    let between = new_cell(options[0], &known);
    between.handle.begin(end_before(&events, from)).unwrap();
    start(&between, &plan, state.clone(), next, clock);
    let saved_again = saved(&between, &mut emitted);
    assert_eq!(saved_again.next, state.next);

    let second = new_cell(options[1], &known);
    second.handle.begin(end_before(&events, from)).unwrap();
    let counters = start(&second, &plan, saved_again, next, clock);
    watch(&counters);
    let again = events[from..kill].iter().filter(|event| matches!(event, Event::Commit(_)));
    for event in again {
        feed(&second, std::slice::from_ref(event), &mut emitted);
    }
    feed(&second, &events[kill..], &mut emitted);
    compare_from(&plan, 1, &emitted, &expected.emitted);
    for node in &counters.nodes {
        assert!(node.snapshot().is_balanced(), "{}: {:?}", node.id, node.snapshot());
    }
}

/// A second version warms up on what is stored, beside the first, and takes its place before the event at `cut`.
fn upgrade(sketches: [&[Sketch]; 2], steps: &[Step], options: &Options, cut: usize, warm: usize) {
    let cut = cut % (steps.len() + 1);
    let warm = warm % (steps.len() + 1);
    let (events, known) = (events(steps), known());
    let plans = sketches.map(compiled);
    let mut expected = plans.clone().map(|plan| model(&plan, &events[..cut], &known));
    let before = expected[1].emitted.len();
    go_on(&mut expected[1], &events[cut..], end_before(&events, cut), &known);

    let cell = new_cell(options, &known);
    watch(&cell.handle.install(flow_id(1), 1, Arc::clone(&plans[0])).unwrap());
    let mut emitted = Vec::new();
    feed(&cell, &events[..cut], &mut emitted);
    let info_of = |series: edgesync_schemas::id::SeriesId| known.get(series.index()).cloned();
    let mut replay = Replay::new(flow_id(1), 2, Arc::clone(&plans[1]), 1000, options.chunk_rows);
    replay.number_as(&saved(&cell, &mut emitted), &info_of);
    for (at, event) in events[..warm].iter().enumerate() {
        match event {
            Event::Commit(commit) => replay.feed(&History::of_commit(commit), &info_of, &mut |_| ()),
            // only cells are told the wall clock while nothing comes
            Event::Tick(now) if at < cut => replay.tick(*now, &mut |_| ()),
            Event::Tick(_) => {}
        }
    }
    replay.skip_to(end_before(&events, warm));
    let (tell, told) = bounded(1);
    let begin = Begin::Prepared(replay.prepared());
    let tell = move |told: Told| tell.send((told.outcome, told.back.is_some())).unwrap();
    let account = Account::default();
    let counters =
        cell.handle.install_as(flow_id(1), 2, Arc::clone(&plans[1]), &account, begin, tell).unwrap();
    watch(&counters);
    emitted.extend(cell.settle());
    let here = end_before(&events, cut);
    let outcome = told.recv_timeout(support::PATIENCE);
    if end_before(&events, warm) > here {
        // it is refused, and what runs runs on
        assert_eq!(outcome, Ok((Outcome::Ahead(here), true)));
        feed(&cell, &events[cut..], &mut emitted);
        go_on(&mut expected[0], &events[cut..], here, &known);
        compare_from(&plans[0], 1, &emitted, &expected[0].emitted);
        return;
    }
    assert_eq!(outcome, Ok((Outcome::Installed(here), false)));
    feed(&cell, &events[cut..], &mut emitted);
    compare_from(&plans[0], 1, &emitted, &expected[0].emitted);
    compare_from(&plans[1], 2, &emitted, &expected[1].emitted[before..]);
    for node in &counters.nodes {
        assert!(node.snapshot().is_balanced(), "{}: {:?}", node.id, node.snapshot());
    }
}

/// A second version takes the place of the first before the event at `cut`, with what nodes remember that do so in the same way.
fn swap(sketches: [&[Sketch]; 2], steps: &[Step], options: &Options, cut: usize) {
    let cut = cut % (steps.len() + 1);
    let (events, known) = (events(steps), known());
    let plans = sketches.map(compiled);
    let old = model(&plans[0], &events[..cut], &known);
    let mut new = old.hot(&plans[1]);
    go_on(&mut new, &events[cut..], end_before(&events, cut), &known);

    let cell = new_cell(options, &known);
    watch(&cell.handle.install(flow_id(1), 1, Arc::clone(&plans[0])).unwrap());
    let mut emitted = Vec::new();
    feed(&cell, &events[..cut], &mut emitted);
    let counters = cell.handle.install(flow_id(1), 2, Arc::clone(&plans[1])).unwrap();
    emitted.extend(cell.settle());
    watch(&counters);
    feed(&cell, &events[cut..], &mut emitted);
    compare_from(&plans[0], 1, &emitted, &old.emitted);
    compare_from(&plans[1], 2, &emitted, &new.emitted);
    for node in &counters.nodes {
        assert!(node.snapshot().is_balanced(), "{}: {:?}", node.id, node.snapshot());
    }
}

/// Runs on one cell, and from an event on on another, which has by then seen less or more.
fn moving(sketches: &[Sketch], steps: &[Step], options: [&Options; 2], cuts: [usize; 2]) {
    let [cut, other] = cuts.map(|cut| cut % (steps.len() + 1));
    let (events, known, plan) = (events(steps), known(), compiled(sketches));
    let expected = model(&plan, &events, &known);
    let cells = options.map(|options| new_cell(options, &known));
    let mut emitted = Vec::new();
    let old = cells[0].handle.install(flow_id(1), 1, Arc::clone(&plan)).unwrap();
    watch(&old);
    feed(&cells[0], &events[..cut], &mut emitted);
    feed(&cells[1], &events[..other], &mut emitted);
    let (tell, told) = bounded(1);
    cells[0].handle.take_out(flow_id(1), move |saved| tell.send(saved).unwrap()).unwrap();
    emitted.extend(cells[0].settle());
    let saved = told.recv_timeout(support::PATIENCE).unwrap().unwrap();
    // nobody misses it there
    feed(&cells[0], &events[cut..], &mut emitted);
    let counters = cells[1].handle.install_as(
        flow_id(1),
        1,
        Arc::clone(&plan),
        &Account::default(),
        Begin::Moved(Box::new(saved), old),
        is_installed,
    );
    let counters = counters.unwrap();
    emitted.extend(cells[1].settle());
    feed(&cells[1], &events[other..], &mut emitted);
    compare_from(&plan, 1, &emitted, &expected.emitted);
    for node in &counters.nodes {
        assert!(node.snapshot().is_balanced(), "{}: {:?}", node.id, node.snapshot());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/model/restart.proptest-regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_restart_goes_on_where_it_was(
        sketches in sketches(),
        steps in steps(),
        first in options(),
        second in options(),
        cuts in [0usize..13, 0usize..13, 0usize..13],
    ) {
        restart(&sketches, &steps, [&first, &second], cuts);
    }

    #[test]
    fn a_flow_that_moves_to_another_cell_loses_and_doubles_nothing(
        sketches in sketches(),
        steps in steps(),
        first in options(),
        second in options(),
        cuts in [0usize..13, 0usize..13],
    ) {
        moving(&sketches, &steps, [&first, &second], cuts);
    }

    #[test]
    fn a_version_that_is_swapped_in_goes_on_with_what_its_nodes_remember(
        old in sketches(),
        other in sketches(),
        at in any::<prop::sample::Index>(),
        steps in steps(),
        options in options(),
        cut in 0usize..13,
    ) {
        let mut new = old.clone();
        let at = at.index(new.len());
        new[at] = other[0].clone();
        swap([&old, &new], &steps, &options, cut);
    }

    #[test]
    fn a_version_that_warmed_up_goes_on_as_if_it_had_always_run(
        old in sketches(),
        new in sketches(),
        steps in steps(),
        options in options(),
        cut in 0usize..13,
        warm in 0usize..13,
    ) {
        upgrade([&old, &new], &steps, &options, cut, warm);
    }
}
