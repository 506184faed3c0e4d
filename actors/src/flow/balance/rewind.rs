//! Letting the cell of slowed flows begin again at an earlier reading, where a flow comes from. Those that run there pass over what they have seen.
//!
//! They are taken out, and put back before the cell is fed. What goes wrong with that is no fault of theirs: who is not taken back at once is tried again.

use std::time::Duration;

use edgesync_schemas::id::{FlowId, Offset};
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use tracing::warn;

use super::super::{Error, FlowsHandle, Turn};
use super::moving::{Comes, Moving};

/// How long flows may take together to come back to a cell that is not fed.
const BACK: Duration = Duration::from_secs(5);
/// Between two tries of one that did not.
const AGAIN: Duration = Duration::from_secs(1);

impl FlowsHandle {
    /// Lets the cell begin there. False if somebody has the turn of a flow on it, or it does not come to that by `until`.
    pub(super) fn rewound(&self, to: Offset, until: Instant) -> BoxFuture<'_, bool> {
        // boxed: a flow that comes back may do so by itself, which ends in here again
        Box::pin(self.rewind(to, until))
    }

    async fn rewind(&self, to: Offset, until: Instant) -> bool {
        let slow = &self.shared.cells[self.shared.slow];
        let flows: Vec<FlowId> = slow.busy().into_iter().map(|(flow, ..)| flow).collect();
        let turns = flows.iter().map(|flow| self.shared.turns.try_turn(*flow)).collect::<Option<Vec<_>>>();
        let Some(turns) = turns else { return false };
        let mut out = Vec::with_capacity(flows.len());
        for (flow, turn) in flows.into_iter().zip(turns) {
            match self.taken_out(slow, flow, until).await {
                Some(moving) => out.push((moving, turn)),
                // the cell begins again for none but all of them
                None if slow.installed(flow).is_some() => break,
                None => {}
            }
        }
        let begun = slow.rewind(to, until).await;
        let is_rewound = begun.is_some();
        let (back, mut left) = (Instant::now() + BACK, Vec::new());
        for (mut moving, turn) in out {
            let coming = self.comes_to(&mut moving, slow.index(), back, Comes::After);
            if !matches!(coming.await, Ok(true)) {
                left.push((moving, turn));
            }
        }
        // it is fed from here on
        drop(begun);
        for (moving, turn) in left {
            tokio::spawn(self.clone().comes_back(moving, turn));
        }
        is_rewound
    }

    /// Puts a flow back on the cell of slowed flows, however long that takes, unless somebody ends it.
    async fn comes_back(self, mut moving: Moving, turn: Turn) {
        let (flow, version) = (moving.version.flow, moving.version.installed.version);
        // what it has not seen is kept for it
        let hold = self.shared.log.hold(moving.saved.next);
        while !self.is_stopped() && !turn.is_wanted() {
            let until = Instant::now() + self.moves_for();
            match self.comes_to(&mut moving, self.shared.slow, until, Comes::Back(&turn)).await {
                Ok(true) | Err(Error::Stopped) => return,
                Ok(false) => warn!(%flow, "flow waits for its cell to take it back"),
                Err(Error::WarmUp) => return self.loses_its_place(flow, version).await,
                Err(error) => {
                    warn!(%flow, %error, "flow could not be put back on its cell, it will be tried again");
                    tokio::time::sleep(AGAIN).await;
                }
            }
            hold.advance(moving.saved.next);
        }
    }
}
