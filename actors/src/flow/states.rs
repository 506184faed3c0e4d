//! What running flows remember, saved again and again with their places in the log, and what a restart makes of it.
//!
//! Three things are written down. Of each flow that remembers something, its state and place (one value). Of all flows together, how far what
//! they make was put out ([`Places`]): results of that are muted when readings are fed again. And the bookmark from which on readings are needed
//! for that: the smallest place, where a flow that got nothing since it was saved counts as if it were saved now.
//!
//! A cell whose results cannot be given on or stored is not written down further than they are, and the others are. A flow that moves is on no cell, and is
//! written down by itself (`between.rs`).
//!
//! Once a second there is a pass over the cells (`pass.rs`). Nothing that a stop needs is locked while cells are waited for.

mod between;
mod pass;
mod places;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_engine::{FlowCounters, Saved};
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_storage::log::{self, ReadingLog};
use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::{info, warn};

use crate::cell::{Cell, Stand};
use between::Between;
use pass::{Asked, When};
use places::CellPlace;
pub(crate) use places::{Place, Places, PutOut};

/// The bookmark from which on readings are needed.
const NAME: &str = "flows";
const EVERY: Duration = Duration::from_secs(limit::FLOW_TICK_S);
const SAVE: Duration = Duration::from_secs(limit::FLOW_SAVE_S);

/// How much is saved together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    /// Flows.
    pub flows: usize,
    /// Bytes of what they remember. Of each cell one flow is saved, however much that is.
    pub bytes: usize,
}

impl Default for Most {
    fn default() -> Self {
        Self { flows: limit::FLOW_SAVES, bytes: limit::FLOW_SAVE_BYTES }
    }
}

/// The places of all flows.
#[derive(Debug)]
pub(crate) struct States {
    log: ReadingLog,
    most: Most,
    written: std::sync::Mutex<Written>,
    /// Held while the log's store is written to, so that nothing older comes over something newer.
    writing: Mutex<()>,
    /// Cells that were asked what their flows remember, and whose results until then are still on their way. Held by a pass.
    asked: Mutex<Vec<Option<Asked>>>,
    /// Held while a flow moves: one at a time, and none any more on the way down.
    pub moving: Mutex<()>,
    /// For tests: writing fails while it is set.
    #[cfg(test)]
    pub fails: std::sync::atomic::AtomicBool,
}

#[derive(Debug)]
struct Written {
    needed: Offset,
    flows: HashMap<FlowId, SavedAt>,
    /// When flows were forgotten, since the first cell was asked whose answer is still to be written.
    forgotten: HashMap<FlowId, Instant>,
    /// Each cell, as it was when all was delivered that it had made.
    known: Vec<Known>,
    /// The places of cells, and for each cell its flows, as they were written.
    cells: Vec<u8>,
    lists: Vec<Vec<u8>>,
    /// Those that move, or came to a cell and may still be listed on another one.
    between: HashMap<FlowId, Between>,
    /// As they were written.
    on_their_way: Vec<u8>,
}

/// What is written down of a cell.
#[derive(Debug, Clone)]
struct Known {
    /// When it was asked.
    asked: Instant,
    place: CellPlace,
    flows: Vec<u8>,
}

impl Known {
    fn of(stand: &Stand, needed: Offset, asked: Instant) -> Self {
        Self { asked, place: places::of_cell(stand, needed), flows: places::encode_flows(stand) }
    }
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
            .is_some_and(|(of, before)| Arc::ptr_eq(of, counters) && *before == counters.moved())
    }

    /// Whether it is time to save it again: after a while, and at once if it was installed anew, because a state from before may be none of it.
    fn is_due(&self, counters: &Arc<FlowCounters>) -> bool {
        let is_same = self.counted.as_ref().is_some_and(|(of, _)| Arc::ptr_eq(of, counters));
        !is_same || self.at.is_none_or(|at| at.elapsed() >= SAVE)
    }
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
    // a large one takes its time
    let saved = tokio::task::spawn_blocking(move || Saved::from_bytes(&bytes)).await.ok()?;
    match saved {
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
    pub async fn open(log: ReadingLog, most: Most) -> Result<(Self, Places), log::Error> {
        let end = log.end();
        let needed = match log.bookmark(NAME) {
            Some(at) => at.min(end),
            None => {
                log.set_bookmark(NAME, end, true).await?;
                end
            }
        };
        let places = Places::read(&log, needed).await?;
        let written = Written {
            needed,
            flows: HashMap::new(),
            forgotten: HashMap::new(),
            known: Vec::new(),
            cells: Vec::new(),
            lists: Vec::new(),
            between: HashMap::new(),
            on_their_way: Vec::new(),
        };
        let states = Self {
            log,
            most,
            written: std::sync::Mutex::new(written),
            writing: Mutex::new(()),
            asked: Mutex::default(),
            moving: Mutex::default(),
            #[cfg(test)]
            fails: std::sync::atomic::AtomicBool::new(false),
        };
        Ok((states, places))
    }

    /// Notes where cells begin, before they are fed.
    pub fn begins(&self, cells: &[Arc<Cell>]) {
        let now = Instant::now();
        self.written().known =
            cells.iter().map(|cell| Known::of(&cell.stand(), cell.needed(), now)).collect();
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From which reading on flows would be fed after a crash.
    pub fn needed(&self) -> Offset {
        self.log.bookmark(NAME).unwrap_or_default()
    }

    /// A flow goes on from what was saved of it at this place: that is needed until it is saved again.
    pub fn resumed(&self, flow: FlowId, next: Offset) {
        self.written().flows.insert(flow, SavedAt { next, counted: None, at: None });
    }

    /// What a flow that runs no more remembered is forgotten.
    ///
    /// # Errors
    /// Of the log's store.
    pub async fn forget(&self, flow: FlowId) -> Result<(), log::Error> {
        let _writing = self.writing.lock().await;
        {
            let mut written = self.written();
            written.flows.remove(&flow);
            written.between.remove(&flow);
            written.forgotten.insert(flow, Instant::now());
        }
        self.log.save_states(vec![(flow, None)], true).await
    }

    /// What was remembered by all flows but these is forgotten: the server was killed before it could be.
    ///
    /// # Errors
    /// Of the log's store.
    pub async fn forget_all_but(&self, flows: &HashSet<FlowId>) -> Result<(), log::Error> {
        let gone: Vec<_> = self
            .log
            .states()
            .await?
            .into_iter()
            .filter(|flow| !places::is_ours(*flow) && !flows.contains(flow))
            .map(|flow| (flow, None))
            .collect();
        if !gone.is_empty() {
            info!(flows = gone.len(), "what flows remembered that run no more is forgotten");
            self.log.save_states(gone, false).await?;
        }
        Ok(())
    }

    /// Keeps the places, and an eye on the cells, for as long as it is polled.
    pub async fn keep(self: &Arc<Self>, cells: &[Arc<Cell>]) {
        // a pass may wait for a cell or a database; the looks do not
        tokio::join!(self.keep_saving(cells), async {
            let mut tick = tokio::time::interval(EVERY);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                cells.iter().for_each(|cell| cell.look());
            }
        });
    }

    async fn keep_saving(self: &Arc<Self>, cells: &[Arc<Cell>]) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Err(error) = self.pass(cells, When::Second, &mut HashSet::new()).await {
                // the next time will do; until then more is fed again after a crash
                warn!(%error, needed = %self.needed(), "places of flows cannot be written down");
            }
        }
    }

    /// Saves all flows that got something since they were saved last, so that a power cut takes nothing back. Flows whose results cannot be given on
    /// or stored by `until` are not saved. Not cancel safe: it may be written or not.
    pub async fn save_last(self: &Arc<Self>, cells: &[Arc<Cell>], until: Instant) {
        let (begun, mut stuck) = (Instant::now(), HashSet::new());
        loop {
            match self.pass(cells, When::Last { begun, until }, &mut stuck).await {
                Ok(pass) if pass.saved > 0 && pass.left > 0 => {}
                Ok(pass) if pass.waits > 0 && Instant::now() < until => {}
                Ok(pass) if pass.left > 0 => {
                    warn!(flows = pass.left, "flows could not be saved, they are fed again what came since");
                    return;
                }
                Ok(_) => return,
                Err(error) => {
                    warn!(%error, needed = %self.needed(), "places of flows cannot be written down");
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
impl States {
    /// Flows that move, or may still be listed where they were.
    pub fn on_their_way(&self) -> usize {
        self.written().between.len()
    }

    /// No pass is made while this is held.
    pub async fn pause(&self) -> impl Drop {
        self.asked.lock().await
    }

    /// From here on nothing is written any more, as if the process had been killed.
    pub async fn killed(&self) {
        std::mem::forget(self.writing.lock().await);
    }
}

/// For tests: far more time than is needed.
#[cfg(test)]
pub(super) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}
