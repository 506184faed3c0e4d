//! Flows on their way from one cell to another: on neither of them, and saved by no pass.
//!
//! Where such a flow goes on after a crash is written down beside the cells' lists, from before it is taken out until the cell is written down that it
//! came to. All other flows are saved as ever.

use std::collections::HashSet;
use std::sync::Arc;

use edgesync_engine::{FlowCounters, Saved};
use edgesync_schemas::id::{FlowId, Offset};
use tokio::time::Instant;

use super::places::{self, CellPlace, OnItsWay, PutOut};
use super::{Known, States, Written};
use crate::cell::Cell;

/// A flow that is about to be taken out of a cell, was, or came to another one.
#[derive(Debug)]
pub(super) struct Between {
    from: usize,
    /// How far its results were put out there.
    put_out: PutOut,
    /// It needs readings from here on.
    needs: Offset,
    /// Why it ran apart from others.
    slowed: Option<String>,
    /// The cell that it comes to, and since when it runs there.
    to: usize,
    since: Option<Instant>,
    /// That cell was written down since.
    is_there: bool,
}

impl Between {
    /// Whether its cell was asked after it had come there.
    fn is_in(&self, at: usize, asked: Instant) -> bool {
        at == self.to && self.since.is_some_and(|since| asked >= since)
    }
}

impl States {
    /// A flow is about to be taken out of a cell.
    pub fn leaves(&self, cell: &Cell, flow: FlowId) {
        let (put_out, slowed, from) = (cell.put_out(flow), cell.slowed(flow), cell.index());
        let mut written = self.written();
        let saved = written.flows.get(&flow).map_or(put_out.next, |before| before.next.max(cell.needed()));
        let needs = saved.min(put_out.next);
        let between = Between { from, put_out, needs, slowed, to: from, since: None, is_there: false };
        written.between.insert(flow, between);
    }

    /// It was taken out, with these counters.
    pub fn taken(&self, flow: FlowId, counters: &Arc<FlowCounters>, saved: &Saved) {
        let mut written = self.written();
        let Written { flows, between, .. } = &mut *written;
        let Some(between) = between.get_mut(&flow) else { return };
        let (next, clock) = saved.put_out();
        between.put_out = PutOut { next, clock };
        // one that got nothing since it was saved is as if it were saved here
        if let Some(before) = flows.get_mut(&flow).filter(|before| before.is_still(counters)) {
            (before.next, between.needs) = (saved.next, saved.next);
        }
    }

    /// It is about to be put on a cell: until it is saved again, that one needs readings from where it was saved last.
    pub fn comes_to(&self, cell: &Cell, flow: FlowId) {
        let mut written = self.written();
        let Some(between) = written.between.get_mut(&flow) else { return };
        between.to = cell.index();
        cell.needs(between.needs.min(cell.needed()));
    }

    /// It runs on a cell: it came there, or has not left it.
    pub fn came(&self, flow: FlowId, to: usize) {
        if let Some(between) = self.written().between.get_mut(&flow) {
            (between.to, between.since) = (to, Some(Instant::now()));
        }
    }
}

impl Written {
    /// Takes flows out of lists of cells that are older than their coming to another, and answers how those are to be written down that are on their way,
    /// once `known` is; with them, what their cells need.
    pub(super) fn on_their_way(&self, known: &mut [Known], places: &mut [CellPlace]) -> Vec<OnItsWay> {
        let is_there =
            |between: &Between| between.is_there || between.is_in(between.to, known[between.to].asked);
        let mut all = Vec::new();
        let mut moved: Vec<HashSet<FlowId>> = vec![HashSet::new(); known.len()];
        for (flow, between) in &self.between {
            if !is_there(between) {
                let place = &mut places[between.from];
                place.needed = place.needed.min(between.needs);
                let (cell, put_out, slowed) = (between.from, between.put_out, between.slowed.clone());
                all.push(OnItsWay { flow: *flow, cell, put_out, slowed });
                continue;
            }
            for (at, moved) in moved.iter_mut().enumerate().filter(|(at, _)| *at != between.to) {
                if between.since.is_some_and(|since| known[at].asked < since) {
                    moved.insert(*flow);
                }
            }
        }
        for (known, moved) in known.iter_mut().zip(moved).filter(|(_, moved)| !moved.is_empty()) {
            known.flows = places::without(&known.flows, &moved);
        }
        all.sort_unstable_by_key(|one| one.flow);
        all
    }

    /// All of that is written down.
    pub(super) fn wrote(&mut self, known: &[Known]) {
        self.between.retain(|_, between| {
            between.is_there |= between.is_in(between.to, known[between.to].asked);
            // lists that are older may still be written down
            !between.is_there || known.iter().any(|cell| between.since.is_none_or(|since| cell.asked < since))
        });
    }

    /// What a cell needs that needs this for the flows that are known to be on it.
    pub(super) fn needed_on(&self, at: usize, needed: Offset) -> Offset {
        let coming = self.between.values().filter(|between| !between.is_there && between.to == at);
        coming.map(|between| between.needs).fold(needed, Offset::min)
    }
}
