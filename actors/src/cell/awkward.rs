//! For tests: cells that are condemned, or stand still.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use edgesync_engine::handle::CellHandle;
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::reading::Commit;

use super::{BUSY, Cell};

impl Cell {
    /// Flows that its thread runs.
    pub(crate) fn engine_flows(&self) -> usize {
        self.running().handle.flows()
    }

    /// Its thread runs a flow no more, and nobody knows.
    pub(crate) fn loses(&self, flow: FlowId) {
        self.running().handle.remove(flow).unwrap();
    }

    /// Condemns the cell at its next commit.
    pub(crate) fn condemn(&self) {
        self.room.condemn.store(true, Relaxed);
    }

    /// Whatever cell is fed the reading at an offset is condemned by it.
    pub(crate) fn poison(&self, at: Offset) {
        self.room.poison.lock().unwrap().push(at.0);
    }

    /// Condemns the cell if this commit is poison, before it has done any of it.
    pub(super) async fn meet_poison(&self, handle: &CellHandle, commit: &Commit) {
        let is_in = |at: &u64| (commit.first.0..commit.end().0).contains(at);
        if !self.room.poison.lock().unwrap().iter().any(is_in) {
            return;
        }
        while handle.in_flight() > 0 && !handle.is_condemned() {
            tokio::time::sleep(BUSY).await;
        }
        self.condemn();
        let nothing =
            Commit { columns: Default::default(), arrivals: Vec::new(), new_series: Vec::new(), ..*commit };
        let _ = handle.try_feed(&Arc::new(nothing));
        while !handle.is_condemned() {
            tokio::time::sleep(BUSY).await;
        }
    }

    /// Whether it stands still.
    pub(crate) fn is_stalled(&self) -> bool {
        self.room.stalled.load(Relaxed)
    }

    /// Makes the cell stand still after its next commit, or go on.
    pub(crate) fn stall(&self, stalls: bool) {
        self.room.stall.store(stalls, Relaxed);
    }
}
