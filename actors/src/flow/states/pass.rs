//! A pass over the cells: those flows are saved that got something and waited longest, and all places are written down.
//!
//! A cell is asked once for many flows, between two commits. All cells are asked at the same time, so one that stands still keeps nobody waiting. What a cell
//! answers is written when what it had made by then was given on and stored. Where that takes longer (its flows store more than the database takes, or the
//! database is away) the pass goes on with the others; the answer waits for a later pass, and until then the cell is written down as it was.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use edgesync_engine::SavedFlow;
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_storage::log;
use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::warn;

use super::{Known, NAME, SavedAt, States, Written, places};
use crate::cell::{Cell, Stand};

/// A cell that does not answer for so long has flows that are saved later, and so has one whose results are not delivered.
const STILL: Duration = Duration::from_secs(5);
/// From then on an answer is worth nothing any more.
const DELIVERED: Duration = Duration::from_secs(limit::DELIVERED_S);

/// What a pass is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    /// Flows that were saved a while ago.
    Second,
    /// The way down: all that were not saved since it began; it is over at `until`.
    Last { begun: Instant, until: Instant },
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Passed {
    pub saved: usize,
    /// Flows that it was time for, and that are still to be saved.
    pub left: usize,
    /// Cells whose answers are to be written later.
    pub waits: usize,
}

/// A cell as a pass finds it.
struct Looked {
    stand: Stand,
    /// Flows that are to be saved, those that waited longest first.
    due: Vec<FlowId>,
    /// Of flows that got something since they were saved: where that was.
    needs: HashMap<FlowId, Offset>,
}

/// A cell that was asked.
#[derive(Debug)]
pub(super) struct Asked {
    at: Instant,
    stand: Stand,
    /// Of flows that got something since they were saved: where that was.
    needs: HashMap<FlowId, Offset>,
    answering: JoinHandle<Answer>,
    /// Once there is one.
    answer: Option<Answer>,
}

/// What a cell answered.
#[derive(Debug, Default)]
struct Answer {
    flows: Vec<SavedFlow>,
    /// It stands still.
    is_stuck: bool,
    /// What it had made is given on, and stored where it is to be.
    is_delivered: bool,
}

/// What a flow remembers, as bytes.
type State = (FlowId, Option<Vec<u8>>);

/// What is to be written.
struct Batch {
    states: Vec<State>,
    saved: HashMap<FlowId, SavedAt>,
    /// When the cells of these were asked.
    asked: HashMap<FlowId, Instant>,
    /// Cells as they are to be written down.
    cells: Vec<(usize, Known)>,
    /// Flows that run.
    running: HashSet<FlowId>,
}

impl States {
    /// Saves flows, at most so many that there is room for, and writes down all places. Flows of cells in `stuck` are not asked for; those that do not answer, or
    /// whose results cannot be delivered, come to them. Not cancel safe: it may be written or not.
    pub(super) async fn pass(
        self: &Arc<Self>,
        cells: &[Arc<Cell>],
        when: When,
        stuck: &mut HashSet<usize>,
    ) -> Result<Passed, log::Error> {
        let mut asked = self.asked.lock().await;
        asked.resize_with(cells.len(), || None);
        for asked in asked.iter_mut() {
            let Some(mut one) = asked.take() else { continue };
            one.wait(Duration::ZERO).await;
            // on the way down everything is asked once more
            let is_old = matches!(when, When::Last { begun, .. } if one.at < begun);
            *asked = Some(one).filter(|one| one.answer.is_some() || !is_old);
        }
        let waiting: HashSet<usize> = (0..cells.len()).filter(|at| asked[*at].is_some()).collect();
        let now = Instant::now();
        let began = asked.iter().flatten().map(|one| one.at).min().unwrap_or(now);
        let (looked, due) = self.look(cells, when, stuck, &waiting, began);
        let running = looked.iter().flat_map(|cell| &cell.stand.flows).map(|flow| flow.flow).collect();
        let (new, old) = match when {
            // whoever waited for it once does not again
            When::Second => (STILL, Duration::ZERO),
            When::Last { until, .. } => {
                let left = STILL.min(until.saturating_duration_since(now));
                (left, left)
            }
        };
        let bytes = self.most.bytes / looked.iter().filter(|cell| !cell.due.is_empty()).count().max(1);
        for (at, (cell, looked)) in cells.iter().zip(looked).enumerate() {
            asked[at].get_or_insert_with(|| Asked::ask(cell, looked, bytes, now));
        }
        join_all(asked.iter_mut().flatten().map(|one| one.wait(if one.at < now { old } else { new }))).await;
        let mut answered = Vec::new();
        for (at, one) in asked.iter_mut().enumerate() {
            let answer = one.take_if(|one| one.answer.is_some());
            if answer.as_ref().is_some_and(|one| one.is(|answer| answer.is_stuck || !answer.is_delivered)) {
                stuck.insert(at);
            }
            answered.extend(answer.filter(|one| one.is(|answer| answer.is_delivered)).map(|one| (at, one)));
        }
        let waits = asked.iter().flatten().count();
        if asked.iter().flatten().any(|one| one.at >= now) {
            warn!(cells = waits, "what flows made waits to be given on or stored: they are saved when it is");
        }
        // large states take their time
        let made = tokio::task::spawn_blocking(move || Batch::of(answered, running));
        let batch = made.await.map_err(|_| log::Error::Unavailable)?;
        let passed = Passed { saved: batch.saved.len(), left: due.saturating_sub(batch.saved.len()), waits };
        // once begun it comes to its end, so that nothing newer is written before it
        let (states, cells) = (Arc::clone(self), cells.to_vec());
        let written = tokio::spawn(async move { states.write(batch, &cells, when).await });
        written.await.unwrap_or(Err(log::Error::Unavailable))?;
        Ok(passed)
    }

    /// Where the cells stand, and which of their flows are to be saved; how many it is time for. Those of cells that are `waiting` were asked before, the first at
    /// `began`.
    fn look(
        &self,
        cells: &[Arc<Cell>],
        when: When,
        stuck: &HashSet<usize>,
        waiting: &HashSet<usize>,
        began: Instant,
    ) -> (Vec<Looked>, usize) {
        let stands = cells.iter().map(|cell| cell.stand());
        let mut looked: Vec<_> =
            stands.map(|stand| Looked { stand, due: Vec::new(), needs: HashMap::new() }).collect();
        let mut written = self.written();
        written.forgotten.retain(|_, at| *at >= began);
        let mut due = Vec::new();
        for (at, (cell, looked)) in cells.iter().zip(&mut looked).enumerate() {
            for flow in &looked.stand.flows {
                let Some(counters) = &flow.counters else { continue };
                let before = written.flows.get(&flow.flow);
                if before.is_some_and(|before| before.is_still(counters)) {
                    continue;
                }
                if let Some(before) = before {
                    looked.needs.insert(flow.flow, before.next.max(cell.needed()));
                }
                let is_due = match when {
                    When::Second => before.is_none_or(|before| before.is_due(counters)),
                    When::Last { begun, .. } => {
                        before.is_none_or(|before| before.at.is_none_or(|saved| saved < begun))
                    }
                };
                if is_due {
                    due.push((before.and_then(|before| before.at), at, flow.flow));
                }
            }
        }
        drop(written);
        let all = due.len();
        due.retain(|(_, at, _)| !stuck.contains(at) && !waiting.contains(at));
        // the longest unsaved first: when there is not room for all, none is left out for ever
        due.sort_by_key(|(saved, ..)| *saved);
        for (_, at, flow) in due.into_iter().take(self.most.flows) {
            looked[at].due.push(flow);
        }
        (looked, all)
    }

    async fn write(&self, batch: Batch, cells: &[Arc<Cell>], when: When) -> Result<(), log::Error> {
        let Batch { mut states, mut saved, asked, cells: found, running } = batch;
        let is_last = matches!(when, When::Last { .. });
        let _writing = self.writing.lock().await;
        let (mut known, places, needed, lists, on_their_way);
        {
            let written = self.written();
            // one that moved may have been saved on its new cell before what its old one had answered could be written
            let is_newest = |flow: &FlowId| {
                written.flows.get(flow).and_then(|saved| saved.at).is_none_or(|at| at <= asked[flow])
            };
            let is_kept = |flow: &FlowId| {
                written.forgotten.get(flow).is_none_or(|forgotten| *forgotten < asked[flow])
                    && is_newest(flow)
            };
            states.retain(|(flow, _)| is_kept(flow));
            saved.retain(|flow, _| is_kept(flow));
            known = written.known.clone();
            for (at, cell) in &found {
                known[*at] = cell.clone();
            }
            let mut of_cells: Vec<_> = known.iter().map(|cell| cell.place).collect();
            on_their_way = places::encode_on_their_way(&written.on_their_way(&mut known, &mut of_cells));
            if on_their_way != written.on_their_way {
                states.push((places::of_those_on_their_way(), Some(on_their_way.clone())));
            }
            needed = of_cells.iter().map(|place| place.needed).min();
            places = places::encode_cells(of_cells.into_iter());
            if places != written.cells {
                states.push((places::of_cells(), Some(places.clone())));
            }
            lists = known.iter().map(|cell| cell.flows.clone()).collect::<Vec<_>>();
            for (at, list) in lists.iter().enumerate() {
                if written.lists.get(at) != Some(list) {
                    states.push((places::of_flows_on(at), Some(list.clone())));
                }
            }
        }
        #[cfg(test)]
        if self.fails.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(log::Error::Unavailable);
        }
        if !states.is_empty() {
            self.log.save_states(states, is_last).await?;
        }
        let needed = {
            let mut written = self.written();
            written.wrote(&known);
            (written.cells, written.lists, written.known) = (places, lists, known);
            written.on_their_way = on_their_way;
            // only now: a cell that is replaced before goes on from what was saved before
            for (at, cell) in &found {
                cells[*at].needs(written.needed_on(*at, cell.place.needed));
            }
            let Written { flows, between, .. } = &mut *written;
            flows.retain(|flow, _| running.contains(flow) || between.contains_key(flow));
            written.flows.extend(saved);
            needed.filter(|needed| *needed > written.needed)
        };
        if let Some(needed) = needed {
            self.log.set_bookmark(NAME, needed, is_last).await?;
            self.written().needed = needed;
        }
        Ok(())
    }
}

impl Asked {
    fn ask(cell: &Arc<Cell>, looked: Looked, bytes: usize, at: Instant) -> Self {
        let (cell, Looked { stand, due, needs }) = (cell.clone(), looked);
        let answering = tokio::spawn(async move {
            let saved = match due {
                due if due.is_empty() => Some(Vec::new()),
                // a cell that ends meanwhile is replaced, and its flows are saved then
                due => tokio::select! {
                    saved = cell.save_all(due, bytes) => saved.ok(),
                    () = stands_still(&cell) => None,
                },
            };
            // What a state has in it must not be lost on its way out: nobody would make it again.
            let is_delivered = cell.delivered(DELIVERED).await;
            Answer { is_stuck: saved.is_none(), flows: saved.unwrap_or_default(), is_delivered }
        });
        Self { at, stand, needs, answering, answer: None }
    }

    /// Waits for the answer, at most for so long. Cancel safe.
    async fn wait(&mut self, within: Duration) {
        if self.answer.is_none()
            && let Ok(answer) = tokio::time::timeout(within, &mut self.answering).await
        {
            self.answer = Some(answer.unwrap_or_default());
        }
    }

    fn is(&self, what: impl Fn(&Answer) -> bool) -> bool {
        self.answer.as_ref().is_some_and(what)
    }

    /// From which reading on the cell needs them, once these were saved.
    fn needed(&self, saved: &[SavedFlow]) -> Offset {
        let places: HashMap<FlowId, Offset> =
            saved.iter().map(|flow| (flow.counters.flow, flow.saved.next)).collect();
        let unsaved = self.needs.iter().filter(|(flow, _)| !places.contains_key(flow)).map(|(_, next)| *next);
        unsaved.chain(places.values().copied()).fold(self.stand.place.next, Offset::min)
    }
}

/// Ends when a cell does not come to what it is asked, and not because what it made waits to be stored.
async fn stands_still(cell: &Cell) {
    let begun = Instant::now();
    loop {
        tokio::time::sleep(STILL).await;
        if !cell.waits() || begun.elapsed() > DELIVERED {
            return;
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

impl Batch {
    fn of(answered: Vec<(usize, Asked)>, running: HashSet<FlowId>) -> Self {
        let mut batch = Self {
            states: Vec::new(),
            saved: HashMap::new(),
            asked: HashMap::new(),
            cells: Vec::new(),
            running,
        };
        for (at, mut one) in answered {
            let flows = one.answer.take().unwrap_or_default().flows;
            batch.cells.push((at, Known::of(&one.stand, one.needed(&flows), one.at)));
            for flow in flows {
                let (state, (id, saved)) = bytes_of(flow, one.at);
                batch.states.push(state);
                batch.saved.insert(id, saved);
                batch.asked.insert(id, one.at);
            }
        }
        batch
    }
}

fn bytes_of(flow: SavedFlow, asked: Instant) -> (State, (FlowId, SavedAt)) {
    let SavedFlow { saved, counters, moved } = flow;
    let id = counters.flow;
    let bytes = saved.to_bytes();
    let at = SavedAt { next: saved.next, counted: Some((counters, moved)), at: Some(asked) };
    ((id, Some(bytes)), (id, at))
}
