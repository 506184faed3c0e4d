//! What running flows remember, saved again and again with their places in the log, and what a restart makes of it.
//!
//! Three things are written down. Of each flow that remembers something, its state and place (one value). Of all flows together, how far what
//! they make was put out: results of that are muted when readings are fed again. And the bookmark from which on readings are needed for that:
//! the smallest place, where a flow that got nothing since it was saved counts as if it were saved now.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use edgesync_engine::{FlowCounters, Saved};
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::log::{self, ReadingLog};
use tokio::sync::{Mutex, RwLock};
use tokio::time::{Instant, MissedTickBehavior};
use tracing::warn;
use uuid::Uuid;

use crate::cell::Cell;

/// The bookmark from which on readings are needed.
const NAME: &str = "flows";
const EVERY: Duration = Duration::from_secs(limit::FLOW_TICK_S);
/// A cell that does not answer for so long has flows that are saved later.
const STILL: Duration = Duration::from_secs(5);
const SAVE: Duration = Duration::from_secs(limit::FLOW_SAVE_S);

/// How far results were put out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PutOut {
    /// Those of all readings before this one.
    pub next: Offset,
    /// Those of time up to this.
    pub clock: Timestamp,
}

/// The places of all flows.
#[derive(Debug)]
pub(crate) struct States {
    log: ReadingLog,
    /// Held while it is being written, so that it never goes back.
    written: Mutex<Written>,
    /// Held for reading by who deploys, stops or saves flows, for writing while one moves: it is on no cell then.
    pub turn: RwLock<()>,
}

#[derive(Debug)]
struct Written {
    needed: Offset,
    put_out: PutOut,
    flows: HashMap<FlowId, SavedAt>,
}

/// When and where a flow was saved last.
#[derive(Debug, Clone)]
struct SavedAt {
    next: Offset,
    /// What counted for it, and the records that had come into its nodes by then; `None` if that was before the server started.
    counted: Option<(Arc<FlowCounters>, u64)>,
    at: Option<Instant>,
}

impl SavedAt {
    /// Whether nothing came since.
    fn is_still(&self, counters: &Arc<FlowCounters>) -> bool {
        self.counted
            .as_ref()
            .is_some_and(|(of, before)| Arc::ptr_eq(of, counters) && *before == moved(counters))
    }

    fn is_due(&self) -> bool {
        self.at.is_none_or(|at| at.elapsed() >= SAVE)
    }
}

/// Records that came into a flow's nodes.
fn moved(counters: &FlowCounters) -> u64 {
    counters.nodes.iter().fold(0, |sum, node| sum.wrapping_add(node.snapshot().in_))
}

/// What a flow remembered when it was saved last, as if it had been saved at `needed` if it was before: it got nothing in between.
pub(crate) async fn load(log: &ReadingLog, flow: FlowId, needed: Offset) -> Option<Saved> {
    let bytes = match log.state(flow).await {
        Ok(bytes) => bytes?,
        Err(error) => {
            warn!(%flow, %error, "what a flow remembers cannot be read");
            return None;
        }
    };
    match Saved::from_bytes(&bytes) {
        Ok(mut saved) => {
            saved.next = saved.next.max(needed);
            Some(saved)
        }
        Err(error) => {
            warn!(%flow, %error, "what a flow remembers is of another version of the software");
            None
        }
    }
}

impl States {
    /// Reads the places. On a log that no flow has read yet all of them are the end, and that is written down before it is used: what is
    /// committed from here on will be fed.
    ///
    /// # Errors
    /// Of the log's store.
    pub async fn open(log: ReadingLog) -> Result<(Self, Offset, PutOut), log::Error> {
        let end = log.end();
        let needed = match log.bookmark(NAME) {
            Some(at) => at.min(end),
            None => {
                log.set_bookmark(NAME, end, true).await?;
                end
            }
        };
        let stored = log.state(all_flows()).await?.and_then(|bytes| PutOut::from_bytes(&bytes));
        let put_out = stored.unwrap_or_default();
        let put_out = PutOut { next: put_out.next.clamp(needed, end), ..put_out };
        let written = Mutex::new(Written { needed, put_out, flows: HashMap::new() });
        Ok((Self { log, written, turn: RwLock::new(()) }, needed, put_out))
    }

    /// From which reading on flows would be fed after a crash.
    pub fn needed(&self) -> Offset {
        self.log.bookmark(NAME).unwrap_or_default()
    }

    /// A flow goes on from what was saved of it at this place: that is needed until it is saved again.
    pub async fn resumed(&self, flow: FlowId, next: Offset) {
        self.written.lock().await.flows.insert(flow, SavedAt { next, counted: None, at: None });
    }

    /// What a flow that runs no more remembered is forgotten.
    ///
    /// # Errors
    /// Of the log's store.
    pub async fn forget(&self, flow: FlowId) -> Result<(), log::Error> {
        self.written.lock().await.flows.remove(&flow);
        self.log.save_states(vec![(flow, None)], true).await
    }

    /// Keeps the places, and an eye on the cells, for as long as it is polled.
    pub async fn keep(&self, cells: &[Arc<Cell>]) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            cells.iter().for_each(|cell| cell.look());
            self.save(cells, false).await;
        }
    }

    /// Saves flows that got something since they were saved last, and writes down the places. `is_last`: all of them, and so that a power cut
    /// takes nothing back. Not cancel safe: it may be written or not.
    pub async fn save(&self, cells: &[Arc<Cell>], is_last: bool) {
        let turn = if is_last { Some(self.turn.read().await) } else { self.turn.try_read().ok() };
        if turn.is_none() {
            return;
        }
        let mut written = self.written.lock().await;
        if let Err(error) = self.try_save(&mut written, cells, is_last).await {
            // the next time will do; until then more is fed again after a crash
            warn!(%error, needed = %written.needed, "places of flows cannot be written down");
        }
    }

    async fn try_save(
        &self,
        written: &mut Written,
        cells: &[Arc<Cell>],
        is_last: bool,
    ) -> Result<(), log::Error> {
        let (mut states, mut bytes) = (Vec::new(), 0);
        let (mut saved_now, mut needs) = (HashMap::new(), Vec::new());
        let mut put_out: Option<PutOut> = None;
        let mut needed: Option<Offset> = None;
        let mut running = std::collections::HashSet::new();
        for cell in cells {
            // before looking at the flows: what they count has then come at least this far
            let (frontier, clock) = cell.reached();
            // what waits to be given on or written would be muted after a kill, and lost
            let here =
                if cell.delivered(STILL).await { PutOut { next: frontier, clock } } else { written.put_out };
            put_out = Some(put_out.map_or(here, |all| PutOut {
                next: all.next.min(here.next),
                clock: all.clock.min(here.clock),
            }));
            let (mut needed_here, mut stands_still) = (frontier, false);
            let mut flows = cell.remembering();
            // the longest unsaved first: when there is not room for all, none is left out for ever
            flows.sort_by_key(|(flow, _)| written.flows.get(flow).and_then(|before| before.at));
            for (flow, counters) in flows {
                running.insert(flow);
                let before = written.flows.get(&flow);
                let is_still = before.is_some_and(|before| before.is_still(&counters));
                let is_due = before.is_none_or(SavedAt::is_due) || is_last;
                let has_room = states.len() < limit::FLOW_SAVES && bytes < limit::FLOW_SAVE_BYTES || is_last;
                if !is_still && is_due && has_room {
                    let counted = moved(&counters);
                    // a cell that ends meanwhile is replaced, and its flows are saved then; one that stands still is not waited for twice
                    let saved = match stands_still {
                        true => None,
                        false => match tokio::time::timeout(STILL, cell.save(flow)).await {
                            Ok(saved) => saved.ok().flatten(),
                            Err(_) => {
                                stands_still = true;
                                None
                            }
                        },
                    };
                    if let Some(saved) = saved {
                        let counted = Some((counters, counted));
                        let place = SavedAt { next: saved.next, counted, at: Some(Instant::now()) };
                        let state = saved.to_bytes();
                        bytes += state.len();
                        states.push((flow, Some(state)));
                        saved_now.insert(flow, place);
                        needed_here = needed_here.min(saved.next);
                        continue;
                    }
                }
                match before {
                    Some(_) if is_still => {}
                    Some(before) => needed_here = needed_here.min(before.next),
                    // never saved: after a crash it warms up from what is stored
                    None => {}
                }
            }
            needs.push((cell, needed_here));
            needed = Some(needed.map_or(needed_here, |all| all.min(needed_here)));
        }
        let (Some(put_out), Some(needed)) = (put_out, needed) else { return Ok(()) };
        let put_out = put_out.max(written.put_out);
        if put_out != written.put_out || !states.is_empty() {
            states.push((all_flows(), Some(put_out.to_bytes())));
            self.log.save_states(states, is_last).await?;
            written.put_out = put_out;
        }
        // only now: a cell that is replaced before goes on from what was saved before
        needs.into_iter().for_each(|(cell, from)| cell.needs(from));
        written.flows.retain(|flow, _| running.contains(flow));
        written.flows.extend(saved_now);
        if needed > written.needed {
            self.log.set_bookmark(NAME, needed, is_last).await?;
            written.needed = needed;
        }
        Ok(())
    }
}

/// Under which key the log keeps how far results were put out.
fn all_flows() -> FlowId {
    FlowId::from_uuid(Uuid::nil())
}

impl PutOut {
    fn to_bytes(self) -> Vec<u8> {
        [self.next.0.to_be_bytes(), self.clock.as_us().to_be_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (next, clock) = bytes.split_first_chunk()?;
        let clock = i64::from_be_bytes(clock.try_into().ok()?);
        Some(Self { next: Offset(u64::from_be_bytes(*next)), clock: Timestamp::from_us_saturating(clock) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_out_comes_back_from_bytes() {
        let put_out = PutOut { next: Offset(7), clock: Timestamp::from_us_saturating(-5) };
        assert_eq!(PutOut::from_bytes(&put_out.to_bytes()), Some(put_out));
        assert_eq!(PutOut::from_bytes(&put_out.to_bytes()[1..]), None);
    }
}
