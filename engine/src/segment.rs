//! A flow while it runs: its stages with their state, run segment by segment over a chunk.
//!
//! One round is one chunk of readings, or one tick. Segments run in the plan's order, so each has all of a round's input when
//! it runs; where several edges meet, their records are merged by arrival offset (then by edge), which makes results independent
//! of how the log's readings were cut into chunks.

mod deliver;
mod keys;
mod rows;
mod saved;
mod side;
mod source;
mod wakes;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use edgesync_schemas::flow::Port;
use edgesync_schemas::id::{FlowId, SeriesId};

use self::deliver::{Delivery, deliver, gather, send};
use self::source::Source;
use self::wakes::Wakes;
use crate::budget::Account;
use crate::cell::emit::{Emission, Reason};
use crate::cell::fence::fence;
use crate::chunk::{Chunk, Sel};
use crate::expr::Scratch;
use crate::metrics::{FlowCounters, bump};
use crate::ops::{Context, Output, Series, Stage, needs};
use crate::plan::{Plan, Work};

/// An installed flow.
#[derive(Debug)]
pub(crate) struct FlowRun {
    pub flow: FlowId,
    pub version: u32,
    pub plan: Arc<Plan>,
    pub counters: Arc<FlowCounters>,
    stages: Vec<Stage>,
    wakes: Wakes,
    sources: Vec<Source>,
    /// By key.
    series: Vec<Series>,
    keys: HashMap<SeriesId, u32>,
    /// Keys that each node may keep state for.
    keys_most: usize,
    /// What that counts against.
    account: Account,
    /// By node: the tick in which an error of it was last reported.
    reported: Vec<u32>,
    ticks: u32,
    /// By node: dead letters that may leave until the next tick.
    letters: Vec<usize>,
    /// In microseconds; never falls.
    clock_us: i64,
    /// Readings before it are in its state already.
    seen_to: u64,
    /// What was put out already, by this flow before a restart or by the version that it replaces: what readings before the first number
    /// cause, and what time did up to the second, in microseconds.
    muted_to: (u64, i64),
    /// Whether the round at hand is muted.
    is_muted: bool,
}

/// Memory that rounds work in, shared by all flows of a pack.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// Chunks of this round; the first is its readings.
    chunks: Vec<Chunk>,
    spare: Vec<Chunk>,
    output: Output,
    kernels: Scratch,
    /// By segment: what has come for it in this round.
    inbox: Vec<Vec<Delivery>>,
    calls: u32,
}

/// What a round is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    /// The clock in microseconds.
    pub now_us: i64,
    /// Of a tick: the arrival offset of the next reading. Of readings: `None`.
    pub tick: Option<u64>,
}

/// Where a round's emissions go.
pub(crate) type Emit<'a> = &'a mut dyn FnMut(Emission);

impl Workspace {
    /// An empty chunk for the readings of the next round.
    pub fn take_chunk(&mut self) -> Chunk {
        let mut chunk = self.spare.pop().unwrap_or_default();
        chunk.clear();
        chunk
    }

    fn add(&mut self, chunk: Chunk) -> usize {
        self.chunks.push(chunk);
        self.chunks.len() - 1
    }
}

impl FlowRun {
    pub fn new(counters: Arc<FlowCounters>, plan: Arc<Plan>, keys: usize) -> Self {
        let keys = plan.keys_most(keys);
        let sources = plan.nodes.iter().enumerate().filter(|(_, node)| matches!(node.work, Work::Source(_)));
        Self {
            flow: counters.flow,
            version: counters.version,
            stages: plan.nodes.iter().map(|node| Stage::new(node, keys)).collect(),
            wakes: Wakes::unknown(plan.nodes.len()),
            sources: sources.map(|(at, node)| Source::new(at, &node.work)).collect(),
            series: Vec::new(),
            keys: HashMap::new(),
            keys_most: keys,
            account: Account::default(),
            reported: vec![u32::MAX; plan.nodes.len()],
            ticks: 0,
            letters: vec![0; plan.nodes.len()],
            clock_us: 0,
            seen_to: 0,
            muted_to: (0, 0),
            is_muted: false,
            plan,
            counters,
        }
    }

    /// Counts what its nodes remember against this account from here on.
    pub fn draw_on(&mut self, account: &Account) {
        self.account = account.clone();
        for (stage, node) in self.stages.iter_mut().zip(&self.plan.nodes) {
            stage.draw_on(account, needs::bytes_per_key_most(node));
        }
    }

    /// The rows of some readings that it has not seen, in two parts: those whose results are muted, and the others. `offset` gives
    /// the offset of a row; it rises.
    pub fn unseen(&self, rows: Range<usize>, offset: impl Fn(usize) -> u64) -> [Range<usize>; 2] {
        let before = |to: u64| {
            let (mut low, mut high) = (rows.start, rows.end);
            while low < high {
                let middle = low.midpoint(high);
                if offset(middle) < to { low = middle + 1 } else { high = middle }
            }
            low
        };
        let seen = if self.seen_to == 0 { rows.start } else { before(self.seen_to) };
        let muted = if self.muted_to.0 == 0 { seen } else { before(self.muted_to.0).max(seen) };
        [seen..muted, muted..rows.end]
    }

    /// Runs readings through the flow; all or none of them are muted.
    pub fn run(&mut self, readings: Chunk, mut round: Round, work: &mut Workspace, emit: Emit<'_>) {
        if readings.is_empty() {
            work.spare.push(readings);
            return;
        }
        self.come_to(readings.offset_of(0), work, emit);
        self.is_muted = readings.offset_of(0) < self.muted_to.0;
        self.clock_us = self.clock_us.max(round.now_us);
        round.now_us = self.clock_us;
        work.add(readings);
        for at in 0..self.sources.len() {
            self.enter(at, work);
        }
        self.run_segments(round, work, emit);
    }

    /// Counts how long readings waited that are about to be run.
    pub fn waited(&self, ns: u64, readings: usize) {
        for source in &self.sources {
            bump(&self.counters.nodes[source.node].waiting_ns, ns.saturating_mul(readings as u64));
        }
    }

    /// Tells the flow that time went on. It goes on from one second in which something is due to the next, so how often it is told makes no
    /// difference. Whether anything was due.
    pub fn tick(&mut self, round: Round, work: &mut Workspace, emit: Emit<'_>) -> bool {
        let next = round.tick.unwrap_or_default();
        self.come_to(next, work, emit);
        round.now_us > self.clock_us && next >= self.seen_to && self.go_on(round, work, emit)
    }

    /// Before anything that was not put out: lets the clock go as far as it had gone by then. What that makes is muted.
    fn come_to(&mut self, next: u64, work: &mut Workspace, emit: Emit<'_>) {
        let (muted_to, clock_us) = self.muted_to;
        if next >= muted_to && clock_us > self.clock_us {
            self.go_on(Round { now_us: clock_us, tick: Some(muted_to) }, work, emit);
        }
    }

    fn go_on(&mut self, round: Round, work: &mut Workspace, emit: Emit<'_>) -> bool {
        let mut was_due = false;
        self.ticks = self.ticks.wrapping_add(1);
        while let Some(due) = self.due(round.now_us).filter(|due| *due <= round.now_us) {
            was_due = true;
            self.clock_us = due;
            self.is_muted = (round.tick.unwrap_or_default(), due) <= self.muted_to;
            self.run_segments(Round { now_us: due, ..round }, work, emit);
        }
        self.clock_us = round.now_us;
        was_due
    }

    /// The next second in which time alone makes a stage do something; exactly, if that is `by` or before.
    pub fn due(&mut self, by: i64) -> Option<i64> {
        let due_us = self.wakes.first(&self.stages, by)?;
        let second = due_us.saturating_add(999_999).div_euclid(1_000_000).saturating_mul(1_000_000);
        Some(second.max(self.clock_us + 1_000_000))
    }

    /// A source's readings enter its segment.
    fn enter(&mut self, at: usize, work: &mut Workspace) {
        let source = &self.sources[at];
        let sel = source.select(&work.chunks[0]);
        if sel.count(&work.chunks[0]) > 0 {
            let segment = self.plan.segment_of(source.node);
            deliver(work, segment, Delivery { edge: usize::MAX, chunk: 0, sel });
        }
    }

    /// Whether somebody watches a node and is to see what leaves it in this round.
    fn is_watched(&self, node: usize) -> bool {
        !self.is_muted && self.counters.nodes[node].is_watched()
    }

    fn run_segments(&mut self, round: Round, work: &mut Workspace, emit: Emit<'_>) {
        let plan = Arc::clone(&self.plan);
        for (at, segment) in plan.segments.iter().enumerate() {
            let mut arrived = match work.inbox.get_mut(at) {
                Some(inbox) => std::mem::take(inbox),
                None => Vec::new(),
            };
            let mut current = gather(&plan, segment.nodes[0], &mut arrived, work);
            if let Some(inbox) = work.inbox.get_mut(at) {
                *inbox = arrived; // empty by now; its memory stays
            }
            for &node in &segment.nodes {
                let ticks = round.tick.is_some() && self.wakes.is_due(node, round.now_us);
                if current.is_none() && !ticks {
                    continue; // a later stage may still tick
                }
                current = self.run_stage(node, current, round, work, emit);
            }
            if let (Some((chunk, sel)), Some(&last)) = (current, segment.nodes.last()) {
                send(&plan, plan.nodes[last].outputs.of(Port::Out), chunk, sel, work);
            }
        }
        work.spare.append(&mut work.chunks);
    }

    /// Runs one stage and sends what leaves it by its side ports; answers what leaves by `out`.
    fn run_stage(
        &mut self,
        node: usize,
        input: Option<(usize, Sel)>,
        round: Round,
        work: &mut Workspace,
        emit: Emit<'_>,
    ) -> Option<(usize, Sel)> {
        let counters = Arc::clone(&self.counters.nodes[node]);
        let count = input.as_ref().map_or(0, |(chunk, sel)| sel.count(&work.chunks[*chunk])) as u64;
        if matches!(self.stages[node], Stage::Pass) {
            // Displays that nobody looks at are most of the stages there are: they cost two additions.
            bump(&counters.in_, count);
            bump(&counters.out, count);
            if let Some((chunk, sel)) = input.as_ref().filter(|_| self.is_watched(node)) {
                emit(self.rows(node, Port::Out, &work.chunks[*chunk], sel));
            }
            if let (Work::Store(of), Some((chunk, sel)), false) =
                (&self.plan.nodes[node].work, &input, self.is_muted)
            {
                emit(Emission::Stored(
                    self.rows_of(node, Port::Out, &work.chunks[*chunk], sel),
                    Arc::clone(of),
                ));
            }
            return input;
        }
        let plan = Arc::clone(&self.plan);
        let mut output = std::mem::take(&mut work.output);
        output.clear();
        output.chunk.name(plan.nodes[node].leaving.names.as_ref());
        let held_before = self.stages[node].held();
        // Reading the clock costs as much as a stage does with one record, so small chunks are timed one in sixteen.
        work.calls = work.calls.wrapping_add(1);
        let weight = if count >= 512 { 1 } else { 16 };
        let began = (weight == 1 || work.calls.is_multiple_of(16)).then(Instant::now);
        let is_watched = self.is_watched(node);
        let outcome = {
            let stage = &mut self.stages[node];
            let mut context = Context {
                series: &self.series,
                now_us: round.now_us,
                needs_else: is_watched || !plan.nodes[node].outputs.of(Port::Else).is_empty(),
                scratch: &mut work.kernels,
            };
            let chunks = &work.chunks;
            fence(|| {
                if let Some((chunk, sel)) = &input {
                    stage.run(&chunks[*chunk], sel, &mut context, &mut output);
                }
                if let Some(next) = round.tick {
                    stage.tick(&mut context, next.saturating_sub(1), &mut output);
                }
            })
        };
        if let Some(began) = began {
            bump(&counters.busy_ns, began.elapsed().as_nanos() as u64 * weight);
        }
        if count > 0 {
            self.wakes.touched(node, &self.stages[node], round.now_us);
        }
        if round.tick.is_some() {
            self.wakes.done(node, round.now_us);
        }
        let mut lost = output.unfit;
        if let Err(message) = outcome {
            self.fail(node, message, &input, &mut output, work, emit);
            lost = held_before;
            counters.count_reason(Reason::NodeFailed, lost);
        } else {
            counters.count_reason(Reason::NotFinite, lost);
        }
        let passed = match (&output.pass, &input) {
            (Some(sel), Some((chunk, _))) => sel.count(&work.chunks[*chunk]) as u64,
            _ => output.chunk.len() as u64,
        };
        let (late, filtered) = output.aside();
        bump(&counters.in_, count);
        bump(&counters.made, output.made);
        bump(&counters.out, passed + output.routed);
        bump(&counters.filtered, filtered + output.folded);
        bump(&counters.late, late);
        bump(&counters.error, output.errors.len() as u64 + lost);
        for (reason, count) in &output.dropped {
            bump(&counters.dropped, *count);
            counters.count_reason(*reason, *count);
        }
        counters.in_flight.store(self.stages[node].held(), Ordering::Relaxed);

        self.side_ports(node, &input, &mut output, work, emit);
        let result = match (output.pass.take(), input) {
            (Some(sel), Some((chunk, _))) => (passed > 0).then_some((chunk, sel)),
            _ if passed > 0 => {
                let chunk = std::mem::replace(&mut output.chunk, work.spare.pop().unwrap_or_default());
                Some((work.add(chunk), Sel::All))
            }
            _ => None,
        };
        work.output = output;
        if let Some((chunk, sel)) = result.as_ref().filter(|_| self.is_watched(node)) {
            emit(self.rows(node, Port::Out, &work.chunks[*chunk], sel));
        }
        result
    }
}
