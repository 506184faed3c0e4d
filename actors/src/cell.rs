//! Feed: one task per cell of the engine, which pulls committed readings from the log's tail while the cell has room.
//!
//! Feeding never pushes back on the log: a cell that is behind pulls later, by offset, from memory or from disk, and its lag is
//! shown. It begins where the last run of the server left off ([`Cursor`](crate::cursor)), once all flows are installed. A cell whose thread is condemned is replaced by a new one, its flows are installed again, and it goes on at the old one's frontier:
//! every reading is fed to each flow at least once, and again only after a condemned cell or a crash. Results leave by a bounded channel to a task
//! that gives them to [`Dispatch`]; while that is full the cell pauses.

mod status;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use edgesync_engine::cell::emit::Outlet;
use edgesync_engine::handle::CellHandle;
use edgesync_engine::metrics::FlowCounters;
use edgesync_engine::plan::Plan;
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::log::{self, Hold, ReadingLog};
use tokio::sync::{Notify, watch};
use tokio::time::{Interval, MissedTickBehavior};
use tracing::{error, info, warn};

use crate::flow::dispatch::Dispatch;
use crate::link::{Room, pump};
use crate::live::Units;

pub use status::Status;
use status::Still;

const TICK: Duration = Duration::from_secs(1);
/// After a failure of the log's store, and between replacements of a cell that is condemned again at once.
const RETRY: Duration = Duration::from_secs(1);
/// Until a cell has worked off some of its commands.
const BUSY: Duration = Duration::from_millis(5);
/// Times that a cell may be condemned at one place before the commit there is skipped.
const TRIES_AT_A_COMMIT: u32 = 3;

/// A flow as it is installed.
#[derive(Debug, Clone)]
pub struct Installed {
    /// Its version.
    pub version: u32,
    /// What it was compiled to.
    pub plan: Arc<Plan>,
    /// Units that its nodes show.
    pub units: Units,
}

/// One cell: an engine thread, and the task that feeds it.
pub struct Cell {
    index: usize,
    log: ReadingLog,
    dispatch: Dispatch,
    options: edgesync_engine::options::Options,
    outlet: Outlet,
    room: Arc<Room>,
    running: Mutex<Running>,
    /// Where the running thread began: its frontier says nothing before it has done a commit.
    begins: AtomicU64,
    replaced: AtomicU64,
    skipped: AtomicU64,
    still: Still,
    /// Whether it may be fed.
    opened: watch::Sender<bool>,
    stopped: watch::Sender<bool>,
}

struct Running {
    handle: CellHandle,
    flows: HashMap<FlowId, (Installed, Arc<FlowCounters>)>,
}

impl Cell {
    /// Starts a cell and its tasks. It will be fed what is committed from `from` on, once it is [opened](Self::open).
    ///
    /// # Errors
    /// [`edgesync_engine::Error::Spawn`].
    pub fn start(
        index: usize,
        log: ReadingLog,
        from: Offset,
        dispatch: Dispatch,
        options: edgesync_engine::options::Options,
    ) -> Result<Arc<Self>, edgesync_engine::Error> {
        let (sender, emissions) = crossbeam::channel::bounded(limit::EMISSIONS);
        let (emitted, room) = (Arc::new(Notify::new()), Arc::new(Room::default()));
        let wake = emitted.clone();
        let outlet = Outlet { sender, wake: Arc::new(move || wake.notify_one()) };
        let handle = spawn(index, &options, &outlet, &room)?;
        let running = Mutex::new(Running { handle, flows: HashMap::new() });
        let cell = Arc::new(Self {
            index,
            log,
            dispatch,
            options,
            outlet,
            room,
            running,
            begins: AtomicU64::new(from.0),
            replaced: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            still: Still::new(from),
            opened: watch::Sender::new(false),
            stopped: watch::Sender::new(false),
        });
        tokio::spawn(pump(emissions, emitted, cell.dispatch.clone(), cell.stopped.subscribe()));
        tokio::spawn(cell.clone().run(from, cell.stopped.subscribe()));
        Ok(cell)
    }

    /// Lets it be fed: the flows that are to see everything are installed.
    pub fn open(&self) {
        self.opened.send_replace(true);
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Installs a flow, or replaces the installed one, between two commits.
    ///
    /// # Errors
    /// As the engine says; the flow that was installed before is untouched then.
    pub fn install(
        &self,
        flow: FlowId,
        installed: Installed,
    ) -> Result<Arc<FlowCounters>, edgesync_engine::Error> {
        let mut running = self.running();
        let counters = running.handle.install(flow, installed.version, installed.plan.clone())?;
        self.dispatch.attach(&counters, installed.units.clone());
        running.flows.insert(flow, (installed, counters.clone()));
        Ok(counters)
    }

    /// Installs what is installed again, with empty state. `None` if `counters` are not those of what runs: it was replaced or removed
    /// meanwhile, and stays as it is.
    ///
    /// # Errors
    /// As [`Self::install`].
    pub fn install_again(
        &self,
        flow: FlowId,
        counters: &Arc<FlowCounters>,
    ) -> Result<Option<Arc<FlowCounters>>, edgesync_engine::Error> {
        let mut running = self.running();
        let current = running.flows.get(&flow).filter(|(_, current)| Arc::ptr_eq(current, counters));
        let Some(installed) = current.map(|(installed, _)| installed.clone()) else { return Ok(None) };
        let counters = running.handle.install(flow, installed.version, installed.plan.clone())?;
        self.dispatch.attach(&counters, installed.units.clone());
        running.flows.insert(flow, (installed, counters.clone()));
        Ok(Some(counters))
    }

    /// What counts for an installed flow now.
    pub fn counters(&self, flow: FlowId) -> Option<Arc<FlowCounters>> {
        self.running().flows.get(&flow).map(|(_, counters)| counters.clone())
    }

    /// Removes a flow. Its state is gone.
    ///
    /// # Errors
    /// [`edgesync_engine::Error::Busy`]; the flow runs on then.
    pub fn remove(&self, flow: FlowId) -> Result<(), edgesync_engine::Error> {
        let mut running = self.running();
        if !running.flows.contains_key(&flow) {
            return Ok(());
        }
        match running.handle.remove(flow) {
            // a cell that runs nothing any more does not run this flow, and its successor is not given it
            Ok(()) | Err(edgesync_engine::Error::Condemned | edgesync_engine::Error::Stopped) => {}
            Err(error) => return Err(error),
        }
        running.flows.remove(&flow);
        self.dispatch.detach(flow);
        Ok(())
    }

    /// How it is.
    pub fn status(&self) -> Status {
        let (frontier, flows, condemned) = {
            let running = self.running();
            let frontier = running.handle.frontier().max(Offset(self.begins.load(Relaxed)));
            (frontier, running.flows.len(), running.handle.is_condemned())
        };
        let lag = self.log.end().0.saturating_sub(frontier.0);
        Status {
            index: self.index,
            flows,
            frontier,
            lag,
            replaced: self.replaced.load(Relaxed),
            skipped: self.skipped.load(Relaxed),
            still_s: if lag == 0 { 0 } else { self.still.seconds(frontier) },
            condemned,
        }
    }

    /// Notes whether it has got anything done since the last look. Called once in a while.
    pub(crate) fn look(&self) {
        let Status { frontier, lag, .. } = self.status();
        self.still.look(frontier, lag);
    }

    /// Feeds what is committed until now, at most for `deadline`, then stops. False if it ran out. Not cancel safe.
    pub async fn stop(&self, deadline: Duration) -> bool {
        let end = self.log.end();
        let caught_up = async {
            while self.status().frontier < end {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(deadline, caught_up).await.is_ok();
        self.stopped.send_replace(true);
        let handle = self.running().handle.clone();
        let joined = tokio::task::spawn_blocking(move || handle.shutdown(RETRY)).await.unwrap_or(false);
        in_time && joined
    }

    async fn run(self: Arc<Self>, mut from: Offset, mut stopped: watch::Receiver<bool>) {
        let mut tries: u32 = 0;
        // the tail holds what is not fed; a replaced cell needs what is not done as well
        let not_done = self.log.hold(from);
        loop {
            self.begins.store(from.0, Relaxed);
            let handle = self.running().handle.clone();
            let fed = tokio::select! {
                fed = self.feed(&handle, from, &not_done) => fed,
                _ = stopped.wait_for(|stopped| *stopped) => return,
            };
            let Fed::Condemned { frontier } = fed else { return };
            tries = if frontier > from { 1 } else { tries + 1 };
            from = frontier.max(from);
            error!(cell = self.index, %from, tries, "cell is condemned, replacing it");
            tokio::time::sleep(RETRY * tries.saturating_sub(1)).await;
            if tries >= TRIES_AT_A_COMMIT
                && let Ok(commit) = self.log.tail(from).next().await
            {
                error!(cell = self.index, %from, to = %commit.end(), "readings condemn every cell, skipping them");
                self.skipped.fetch_add(commit.end().0 - from.0, Relaxed);
                (from, tries) = (commit.end(), 0);
            }
            self.replace().await;
        }
    }

    /// Puts a new thread in the place of a condemned one, with the same flows.
    async fn replace(&self) {
        let handle = loop {
            match spawn(self.index, &self.options, &self.outlet, &self.room) {
                Ok(handle) => break handle,
                Err(error) => error!(cell = self.index, %error, "cell cannot be replaced, trying again"),
            }
            tokio::time::sleep(RETRY).await;
        };
        self.replaced.fetch_add(1, Relaxed);
        let flows: Vec<_> = {
            let mut running = self.running();
            running.handle = handle;
            running.flows.keys().copied().collect()
        };
        for flow in &flows {
            loop {
                match self.carry_over(*flow) {
                    Err(edgesync_engine::Error::Busy) => tokio::time::sleep(BUSY).await,
                    Err(error) => break error!(%flow, %error, "flow cannot be installed on the new cell"),
                    Ok(()) => break,
                }
            }
        }
        info!(cell = self.index, flows = flows.len(), "cell replaced");
    }

    /// Installs a flow of the condemned cell on the new one, unless it was removed meanwhile.
    fn carry_over(&self, flow: FlowId) -> Result<(), edgesync_engine::Error> {
        let mut running = self.running();
        let Running { handle, flows } = &mut *running;
        let Some((installed, counters)) = flows.get_mut(&flow) else { return Ok(()) };
        *counters = handle.install(flow, installed.version, installed.plan.clone())?;
        self.dispatch.attach(counters, installed.units.clone());
        self.dispatch.reinstalled(counters.clone());
        Ok(())
    }

    /// Feeds until the cell is condemned or the log ends.
    async fn feed(&self, handle: &CellHandle, from: Offset, not_done: &Hold) -> Fed {
        while let Err(edgesync_engine::Error::Busy) = handle.series(self.log.series().all()) {
            tokio::time::sleep(BUSY).await;
        }
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let works = || {
            handle.tick(now());
            not_done.advance(handle.frontier().max(from));
            !handle.is_condemned()
        };
        let condemned = || Fed::Condemned { frontier: handle.frontier() };
        let mut opened = self.opened.subscribe();
        if while_ticking(opened.wait_for(|opened| *opened), &mut tick, works).await.is_none() {
            return condemned();
        }
        let mut tail = self.log.tail(from);
        loop {
            let Some(next) = while_ticking(tail.next(), &mut tick, works).await else { return condemned() };
            match next {
                Ok(commit) => {
                    while handle.try_feed(&commit).is_err() {
                        if handle.is_condemned() {
                            return condemned();
                        }
                        tokio::select! {
                            () = self.room.made.notified() => {}
                            _ = tick.tick() => { works(); }
                        }
                    }
                }
                Err(log::Error::Closed) => return Fed::LogEnded,
                Err(log::Error::Dropped { oldest }) => {
                    let missed = oldest.0.saturating_sub(tail.cursor().0);
                    error!(cell = self.index, missed, %oldest, "log no longer has readings that flows did not see");
                    self.skipped.fetch_add(missed, Relaxed);
                    tail = self.log.tail(oldest);
                }
                Err(error) => {
                    warn!(cell = self.index, %error, "log cannot be read for flows, trying again");
                    tokio::time::sleep(RETRY).await;
                    tail = self.log.tail(tail.cursor());
                }
            }
        }
    }
}

/// Waits for `work`, however long it takes, and looks after the cell meanwhile. `None` if that does not work any more.
async fn while_ticking<T>(
    work: impl Future<Output = T>,
    tick: &mut Interval,
    works: impl Fn() -> bool,
) -> Option<T> {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return Some(done),
            _ = tick.tick() => if !works() {
                return None;
            },
        }
    }
}

/// Why feeding ended.
enum Fed {
    Condemned { frontier: Offset },
    LogEnded,
}

fn spawn(
    index: usize,
    options: &edgesync_engine::options::Options,
    outlet: &Outlet,
    room: &Arc<Room>,
) -> Result<CellHandle, edgesync_engine::Error> {
    let room = room.clone();
    CellHandle::spawn(index, options.clone(), outlet.clone(), Arc::new(move || room.make()))
}

#[cfg(test)]
impl Cell {
    /// Condemns the cell at its next commit.
    pub(crate) fn condemn(&self) {
        self.room.condemn.store(true, Relaxed);
    }

    /// Makes the cell stand still after its next commit, or go on.
    pub(crate) fn stall(&self, stalls: bool) {
        self.room.stall.store(stalls, Relaxed);
    }
}

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_us_saturating(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell").field("status", &self.status()).finish_non_exhaustive()
    }
}
