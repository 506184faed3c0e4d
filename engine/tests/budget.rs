//! What flows remember counts against a budget for as long as they remember it, whatever is done to them meanwhile.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod support;

use std::sync::Arc;

use crossbeam::channel::bounded;
use edgesync_engine::budget::Used;
use edgesync_engine::cell::command::{Begin, Told};
use edgesync_engine::{Account, Budget, Emission, FlowCounters, History, Options, Plan, Reason, Replay};
use edgesync_schemas::id::SeriesId;
use edgesync_schemas::reading::{Commit, SeriesInfo};
use proptest::prelude::*;
use support::{Cell, PATIENCE, commit, device, flow_id, plan, series};

const SERIES: u32 = 6;
const FLOWS: u64 = 3;

/// All sensors of a device -> two nodes that remember something of each -> a node that panics at 13.
fn drawn(size: u64) -> Arc<Plan> {
    plan(&format!(
        r#"{{"nodes":[
            {{"id":"in","type":"device-sensor","data":{{"devices":["{}"]}}}},
            {{"id":"avg","type":"moving-average","data":{{"windowSize":{size}}}}},
            {{"id":"win","type":"window","data":{{"size":"1h","aggregates":["avg"]}}}},
            {{"id":"boom","type":"fault","data":{{"panic_at":13}}}},
            {{"id":"far","type":"deadband","data":{{"absolute":1}}}}
        ],"edges":[
            {{"id":"1","source":"in","target":"avg"}},
            {{"id":"2","source":"in","target":"win"}},
            {{"id":"3","source":"in","target":"boom"}},
            {{"id":"4","source":"boom","target":"far"}}
        ]}}"#,
        device(1)
    ))
}

fn known() -> Vec<Arc<SeriesInfo>> {
    (0..SERIES).map(|id| series(id, 1, &format!("s{id}"))).collect()
}

fn cell() -> Cell {
    let cell = Cell::with_outlet(Options::default(), 10_000);
    cell.handle.series(known()).unwrap();
    cell
}

fn install(cell: &Cell, flow: u64, plan: &Arc<Plan>, account: &Account, begin: Begin) -> Arc<FlowCounters> {
    let (tell, told) = bounded(1);
    let tell = move |told: Told| tell.send(told).unwrap();
    let counters = cell.handle.install_as(flow_id(flow), 1, Arc::clone(plan), account, begin, tell).unwrap();
    cell.settle();
    drop(told.recv_timeout(PATIENCE).unwrap());
    counters
}

fn reasons(emitted: &[Emission]) -> Vec<Reason> {
    let dead = emitted.iter().filter_map(|emission| match emission {
        Emission::Dead(rows, detail) => Some((rows, detail)),
        _ => None,
    });
    dead.flat_map(|(rows, detail)| {
        assert!(detail.contains("organization"), "{detail}");
        rows.reasons.clone()
    })
    .collect()
}

#[test]
fn a_flow_is_refused_further_keys_when_its_tenant_has_used_them_up_and_others_are_not() {
    let plan = plan(&format!(
        r#"{{"nodes":[
            {{"id":"in","type":"device-sensor","data":{{"devices":["{}"]}}}},
            {{"id":"max","type":"min-max","data":{{}}}}
        ],"edges":[{{"id":"1","source":"in","target":"max"}}]}}"#,
        device(1)
    ));
    let budgets = [Budget::new(4, 1_000_000), Budget::new(100, 1_000_000)];
    let accounts = [0, 0, 1].map(|of: usize| Account::of(Arc::clone(&budgets[of])));
    let cell = cell();
    let counters: Vec<_> =
        (0..3).map(|at| install(&cell, at as u64, &plan, &accounts[at], Begin::Empty)).collect();
    let readings: Vec<_> = (0..3).map(|id| (id, 1, "1")).collect();
    let mut emitted = Vec::new();
    cell.feed(&commit(0, &readings), &mut emitted);
    emitted.extend(cell.settle());
    // two flows of three keys each, and a budget for four
    assert_eq!(reasons(&emitted), [Reason::TenantKeys; 2]);
    let errors = |at: usize| counters[at].node("max").unwrap().reasons();
    assert_eq!([errors(0).len() + errors(1).len(), errors(2).len()], [1, 0]);
    assert_eq!(budgets[0].used().keys, 4);
    assert_eq!(budgets[0].refused()[0], (Reason::TenantKeys, 2));
    // keys that are known are no matter of the budget, and room that was given back is there again
    cell.handle.remove(flow_id(0)).unwrap();
    cell.feed(&commit(3, &readings), &mut emitted);
    cell.settle();
    assert_eq!((budgets[0].used().keys, accounts[1].used().keys), (3, 3));
    assert_eq!(counters[1].node("max").unwrap().snapshot().error, if errors(0).is_empty() { 2 } else { 0 });
}

/// What is done to one of the flows.
#[derive(Debug, Clone, Copy)]
enum Step {
    Feed {
        series: u32,
        panics: bool,
    },
    /// Again, which is what becomes of one that panicked.
    Hot,
    /// One that warmed up.
    Cold,
    /// It is saved and goes to the other cell.
    Move,
    /// It is saved, its cell ends, and it begins on another one.
    Restart,
    Remove,
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let step = prop_oneof![
        6 => (0..SERIES, prop::bool::weighted(0.1)).prop_map(|(series, panics)| Step::Feed { series, panics }),
        1 => Just(Step::Hot),
        1 => Just(Step::Cold),
        1 => Just(Step::Move),
        1 => Just(Step::Restart),
        1 => Just(Step::Remove),
    ];
    prop::collection::vec((0..FLOWS, step), 1..40)
}

struct World {
    cells: [Cell; 2],
    accounts: Vec<Account>,
    /// By flow: the cell that it is on, and its version.
    places: Vec<(usize, u64)>,
    counters: Vec<Arc<FlowCounters>>,
    fed: Vec<Arc<Commit>>,
    next: u64,
}

impl World {
    fn saved(&self, flow: u64) -> Option<edgesync_engine::Saved> {
        let (tell, told) = bounded(1);
        let cell = &self.cells[self.places[flow as usize].0];
        cell.handle.take_out(flow_id(flow), move |saved| tell.send(saved).unwrap()).unwrap();
        cell.settle();
        told.recv_timeout(PATIENCE).unwrap()
    }

    fn step(&mut self, flow: u64, step: Step) {
        let at = flow as usize;
        let (place, size) = self.places[at];
        let account = self.accounts[at].clone();
        match step {
            Step::Feed { series, panics } => {
                let commit = commit(self.next, &[(series, 1, if panics { "13" } else { "1" })]);
                self.next += 1;
                for cell in &self.cells {
                    cell.feed(&commit, &mut Vec::new());
                    cell.settle();
                }
                self.fed.push(commit);
            }
            Step::Hot => {
                self.counters[at] = install(&self.cells[place], flow, &drawn(size), &account, Begin::Empty);
            }
            Step::Cold => {
                self.places[at].1 = size + 1;
                let plan = drawn(size + 1);
                let replay = Replay::new(flow_id(flow), 2, Arc::clone(&plan), 1000, 100);
                let mut replay = replay.within(&account.beside());
                let infos = known();
                for commit in &self.fed {
                    let info_of = |series: SeriesId| infos.get(series.index()).cloned();
                    replay.feed(&History::of_commit(commit), &info_of, &mut |_| ());
                }
                let begin = Begin::Prepared(replay.prepared());
                self.counters[at] = install(&self.cells[place], flow, &plan, &account, begin);
            }
            Step::Move => {
                if let Some(saved) = self.saved(flow) {
                    self.places[at].0 = 1 - place;
                    let begin = Begin::Moved(Box::new(saved), Arc::clone(&self.counters[at]));
                    self.counters[at] = install(&self.cells[1 - place], flow, &drawn(size), &account, begin);
                }
            }
            Step::Restart => {
                if let Some(saved) = self.saved(flow) {
                    let next = saved.next;
                    let begin = Begin::Saved(Box::new(saved), next, Default::default());
                    self.counters[at] = install(&self.cells[place], flow, &drawn(size), &account, begin);
                }
            }
            Step::Remove => {
                self.cells[place].handle.remove(flow_id(flow)).unwrap();
                self.cells[place].settle();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_to_flows_all_that_they_drew_is_given_back(steps in steps(), keys in 3u64..60) {
        let budget = Budget::new(keys, 1 << 30);
        let accounts: Vec<_> = (0..FLOWS).map(|_| Account::of(Arc::clone(&budget))).collect();
        let places = vec![(0, 5); FLOWS as usize];
        let (cells, plan) = ([cell(), cell()], drawn(5));
        let first = |flow| install(&cells[0], flow, &plan, &accounts[flow as usize], Begin::Empty);
        let counters = (0..FLOWS).map(first).collect();
        let mut world = World { cells, accounts, places, counters, fed: Vec::new(), next: 0 };
        for (flow, step) in steps {
            world.step(flow, step);
            let mine: u64 = world.accounts.iter().map(|account| account.used().keys).sum();
            prop_assert_eq!(budget.used().keys, mine);
        }
        for flow in 0..FLOWS {
            world.step(flow, Step::Remove);
        }
        prop_assert_eq!(budget.used(), Used::default());
    }
}
