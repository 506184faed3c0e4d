//! A pass over the cells: those flows are saved that got something and waited longest, and all places are written down.
//!
//! A cell is asked once for many flows, between two commits. All cells are asked at the same time, so one that stands still keeps nobody waiting.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use edgesync_engine::SavedFlow;
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_storage::log;
use futures_util::future::join_all;
use tokio::time::Instant;
use tracing::warn;

use super::{NAME, SavedAt, States, places};
use crate::cell::{Cell, Stand};

/// A cell that does not answer for so long has flows that are saved later.
const STILL: Duration = Duration::from_secs(5);

/// What a pass is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    /// Flows that were saved a while ago.
    Second,
    /// The way down: all that were not saved since it began. `moves`: a flow may be on no cell, so the places are not known.
    Last { begun: Instant, moves: bool },
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Passed {
    pub saved: usize,
    /// Flows that it was time for, and that are still to be saved.
    pub left: usize,
}

/// A cell as a pass finds it.
struct Looked {
    stand: Stand,
    /// Flows that are to be saved, those that waited longest first.
    due: Vec<FlowId>,
    /// Of flows that got something since they were saved: where that was.
    needs: HashMap<FlowId, Offset>,
}

/// What a flow remembers, as bytes.
type State = (FlowId, Option<Vec<u8>>);

/// What is to be written.
struct Batch {
    states: Vec<State>,
    saved: HashMap<FlowId, SavedAt>,
    /// For each cell, from which reading on it needs them.
    needs: Vec<Offset>,
    stands: Vec<Stand>,
}

impl States {
    /// Saves flows, at most so many that there is room for, and writes down all places. Cells in `stuck` are not asked; those that do not answer
    /// come to them. Not cancel safe: it may be written or not.
    pub(super) async fn pass(
        self: &Arc<Self>,
        cells: &[Arc<Cell>],
        when: When,
        stuck: &mut HashSet<usize>,
    ) -> Result<Passed, log::Error> {
        let (mut looked, due) = self.look(cells, when, stuck);
        let asked = looked.iter().filter(|cell| !cell.due.is_empty()).count();
        let bytes = self.most.bytes / asked.max(1);
        let answers = cells.iter().zip(&mut looked).map(async |(cell, looked)| {
            match std::mem::take(&mut looked.due) {
                due if due.is_empty() => Some(Vec::new()),
                // a cell that ends meanwhile is replaced, and its flows are saved then
                due => tokio::time::timeout(STILL, cell.save_all(due, bytes)).await.ok()?.ok(),
            }
        });
        let answers = join_all(answers).await;
        // What a state has in it must not be lost on its way out: nobody would make it again.
        let delivered = join_all(cells.iter().map(|cell| cell.delivered(STILL))).await;
        if !delivered.into_iter().all(|delivered| delivered) {
            warn!("what flows made cannot be given on or stored, so they are not saved");
            return Ok(Passed { saved: 0, left: due });
        }
        stuck.extend((0..cells.len()).filter(|at| answers[*at].is_none()));
        let answers: Vec<Vec<SavedFlow>> = answers.into_iter().map(Option::unwrap_or_default).collect();
        let needs = looked.iter().zip(&answers).map(|(looked, answer)| looked.needed(answer)).collect();
        let stands = looked.into_iter().map(|looked| looked.stand).collect();
        // large states take their time
        let made = tokio::task::spawn_blocking(move || answers.into_iter().flatten().map(bytes_of).unzip());
        let (states, saved): (Vec<_>, HashMap<_, _>) = made.await.map_err(|_| log::Error::Unavailable)?;
        let passed = Passed { saved: saved.len(), left: due.saturating_sub(saved.len()) };
        let batch = Batch { states, saved, needs, stands };
        // once begun it comes to its end, so that nothing newer is written before it
        let (states, cells) = (Arc::clone(self), cells.to_vec());
        let written = tokio::spawn(async move { states.write(batch, &cells, when).await });
        written.await.unwrap_or(Err(log::Error::Unavailable))?;
        Ok(passed)
    }

    /// Where the cells stand, and which of their flows are to be saved; how many it is time for.
    fn look(&self, cells: &[Arc<Cell>], when: When, stuck: &HashSet<usize>) -> (Vec<Looked>, usize) {
        let stands = cells.iter().map(|cell| cell.stand());
        let mut looked: Vec<_> =
            stands.map(|stand| Looked { stand, due: Vec::new(), needs: HashMap::new() }).collect();
        let mut written = self.written();
        written.forgotten.clear();
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
        due.retain(|(_, at, _)| !stuck.contains(at));
        // the longest unsaved first: when there is not room for all, none is left out for ever
        due.sort_by_key(|(saved, ..)| *saved);
        for (_, at, flow) in due.into_iter().take(self.most.flows) {
            looked[at].due.push(flow);
        }
        (looked, all)
    }

    async fn write(&self, batch: Batch, cells: &[Arc<Cell>], when: When) -> Result<(), log::Error> {
        let Batch { mut states, mut saved, needs, stands } = batch;
        let (is_last, knows_places) = match when {
            When::Second => (false, true),
            When::Last { moves, .. } => (true, !moves),
        };
        let _writing = self.writing.lock().await;
        let (mut places, mut lists) = (Vec::new(), Vec::new());
        {
            let written = self.written();
            states.retain(|(flow, _)| !written.forgotten.contains(flow));
            saved.retain(|flow, _| !written.forgotten.contains(flow));
            if knows_places {
                places = places::encode_cells(stands.iter().zip(needs.iter().copied()));
                if places != written.cells {
                    states.push((places::of_cells(), Some(places.clone())));
                }
                lists.extend(stands.iter().map(places::encode_flows));
                for (at, list) in lists.iter().enumerate() {
                    if written.lists.get(at) != Some(list) {
                        states.push((places::of_flows_on(at), Some(list.clone())));
                    }
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
            if !knows_places {
                written.flows.extend(saved);
                return Ok(());
            }
            (written.cells, written.lists) = (places, lists);
            // only now: a cell that is replaced before goes on from what was saved before
            cells.iter().zip(&needs).for_each(|(cell, from)| cell.needs(*from));
            let running: HashSet<_> =
                stands.iter().flat_map(|stand| &stand.flows).map(|flow| flow.flow).collect();
            written.flows.retain(|flow, _| running.contains(flow));
            written.flows.extend(saved);
            needs.into_iter().min().filter(|needed| *needed > written.needed)
        };
        if let Some(needed) = needed {
            self.log.set_bookmark(NAME, needed, is_last).await?;
            self.written().needed = needed;
        }
        Ok(())
    }
}

impl Looked {
    /// From which reading on the cell needs them, once these were saved.
    fn needed(&self, saved: &[SavedFlow]) -> Offset {
        let places: HashMap<FlowId, Offset> =
            saved.iter().map(|flow| (flow.counters.flow, flow.saved.next)).collect();
        let unsaved = self.needs.iter().filter(|(flow, _)| !places.contains_key(flow)).map(|(_, next)| *next);
        unsaved.chain(places.values().copied()).fold(self.stand.place.next, Offset::min)
    }
}

fn bytes_of(flow: SavedFlow) -> (State, (FlowId, SavedAt)) {
    let SavedFlow { saved, counters, moved } = flow;
    let id = counters.flow;
    let bytes = saved.to_bytes();
    let at = SavedAt { next: saved.next, counted: Some((counters, moved)), at: Some(Instant::now()) };
    ((id, Some(bytes)), (id, at))
}
