//! Feed: one task per cell of the engine, which pulls committed readings from the log's tail while the cell has room.
//!
//! Feeding never pushes back on the log: a cell that is behind pulls later, by offset, from memory or from disk, and its lag is
//! shown. It begins where its flows were when the server was stopped (`flow/states.rs`), once all of them are installed. A cell whose thread is
//! condemned is replaced by a new one, its flows are installed again as they were saved last, and it goes on from there: every reading is fed to
//! each flow at least once, and again only after a condemned cell or a crash; what was put out is muted then. Results leave by a bounded channel to
//! a task that gives them to [`Dispatch`]; while that is full the cell pauses.

#[cfg(test)]
mod awkward;
mod install;
mod poison;
mod replace;
mod stand;
mod status;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use edgesync_engine::Account;
use edgesync_engine::cell::emit::Outlet;
use edgesync_engine::handle::CellHandle;
use edgesync_engine::metrics::FlowCounters;
use edgesync_engine::plan::Plan;
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::log::{self, Hold, ReadingLog};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Interval, MissedTickBehavior};
use tracing::{error, warn};
use uuid::Uuid;

use crate::flow::dispatch::Dispatch;
use crate::flow::states::PutOut;
use crate::link::{Ask, Room, pump};
use crate::live::Units;

use poison::Poison;
use replace::{Rewind, wanted};
pub(crate) use stand::Stand;
#[cfg(test)]
pub(crate) use stand::Standing;
pub use status::Status;
use status::Still;

const TICK: Duration = Duration::from_secs(1);
/// How far the flows' clock stays behind the wall's: a reading takes less than that from its arrival into the log, as a rule.
const BEHIND_US: i64 = limit::FLOW_CLOCK_BEHIND_MS * 1000;
/// After a failure of the log's store, and between replacements of a cell that is condemned again at once.
const RETRY: Duration = Duration::from_secs(1);
/// Until a cell has worked off some of its commands.
const BUSY: Duration = Duration::from_millis(5);
/// Who asks at once how far results were given on. More wait.
const ASKS: usize = 8;
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
    /// Whether its nodes remember anything.
    pub remembers: bool,
    /// Whose budgets it counts against.
    pub tenant: Uuid,
    /// What it remembers counts here, as does all that ran of the flow before.
    pub account: Account,
}

/// One cell: an engine thread, and the task that feeds it.
pub struct Cell {
    index: usize,
    log: ReadingLog,
    dispatch: Dispatch,
    options: edgesync_engine::options::Options,
    outlet: Outlet,
    /// To the task that gives on what comes out of it.
    asks: mpsc::Sender<Ask>,
    room: Arc<Room>,
    running: Mutex<Running>,
    /// Held by a saving of flows that it was asked for and has not come to.
    saving: Arc<()>,
    /// Where the running thread began: its frontier says nothing before it has done a commit.
    begins: AtomicU64,
    /// Readings from here on are needed if its thread is to be replaced.
    needed: AtomicU64,
    replaced: AtomicU64,
    skipped: AtomicU64,
    still: Still,
    poison: Poison,
    /// Whether it may be fed.
    opened: watch::Sender<bool>,
    stopped: watch::Sender<bool>,
    rewinds: mpsc::Sender<Rewind>,
}

struct Running {
    handle: CellHandle,
    flows: HashMap<FlowId, (Installed, Arc<FlowCounters>)>,
    /// Flows whose results were put out further than the cell is.
    ahead: HashMap<FlowId, PutOut>,
    /// Flows that run here because they take too much; why.
    slowed: HashMap<FlowId, String>,
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
        let handle = spawn(index, &log, from, &options, &outlet, &room)?;
        let running = Mutex::new(Running {
            handle,
            flows: HashMap::new(),
            ahead: HashMap::new(),
            slowed: HashMap::new(),
        });
        let ((asks, asked), (rewinds, rewound)) = (mpsc::channel(ASKS), mpsc::channel(1));
        let cell = Arc::new(Self {
            index,
            log,
            dispatch,
            options,
            outlet,
            asks,
            room,
            running,
            saving: Arc::default(),
            begins: AtomicU64::new(from.0),
            needed: AtomicU64::new(from.0),
            replaced: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            still: Still::new(from),
            poison: Poison::default(),
            opened: watch::Sender::new(false),
            stopped: watch::Sender::new(false),
            rewinds,
        });
        tokio::spawn(pump(emissions, emitted, cell.dispatch.clone(), asked, cell.stopped.subscribe()));
        tokio::spawn(cell.clone().run(from, cell.stopped.subscribe(), rewound));
        Ok(cell)
    }

    /// Lets it be fed: the flows that are to see everything are installed.
    pub fn open(&self) {
        self.opened.send_replace(true);
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says from which reading on the log is needed for its flows to go on as they are.
    pub(crate) fn needs(&self, from: Offset) {
        self.needed.store(from.0, Relaxed);
    }

    /// From which reading on that is.
    pub(crate) fn needed(&self) -> Offset {
        Offset(self.needed.load(Relaxed))
    }

    /// How it is.
    pub fn status(&self) -> Status {
        let (frontier, clock, flows, condemned) = {
            let running = self.running();
            let frontier = running.handle.frontier().max(Offset(self.begins.load(Relaxed)));
            (frontier, running.handle.clock(), running.flows.len(), running.handle.is_condemned())
        };
        let lag = self.log.end().0.saturating_sub(frontier.0);
        let still_s = if lag == 0 { 0 } else { self.still.seconds(frontier) };
        Status {
            index: self.index,
            flows,
            frontier,
            lag,
            lag_s: status::lag_s(lag, clock, now(), still_s),
            replaced: self.replaced.load(Relaxed),
            skipped: self.skipped.load(Relaxed),
            still_s,
            condemned,
        }
    }

    /// Notes whether it has got anything done since the last look. Called once in a while.
    pub(crate) fn look(&self) {
        let Status { frontier, lag, .. } = self.status();
        // a flow's rows that wait for a slow database are no fault of the server
        self.still.look(frontier, lag, self.dispatch.waits());
    }

    /// Waits until what is committed by now is done, at most for `deadline`. False if it ran out.
    pub async fn catch_up(&self, deadline: Duration) -> bool {
        let end = self.log.end();
        let caught_up = async {
            while self.status().frontier < end {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(deadline, caught_up).await.is_ok()
    }

    /// Stops it. False if it could not end what it was at. Not cancel safe.
    pub async fn stop(&self) -> bool {
        self.stopped.send_replace(true);
        let handle = self.running().handle.clone();
        tokio::task::spawn_blocking(move || handle.shutdown(RETRY)).await.unwrap_or(false)
    }

    async fn run(
        self: Arc<Self>,
        mut from: Offset,
        mut stopped: watch::Receiver<bool>,
        mut rewound: mpsc::Receiver<Rewind>,
    ) {
        let (mut tries, mut done): (u32, Offset) = (0, from);
        // where the last thread ended, and up to where readings had been given to it
        let (mut ended, mut given) = (None, from);
        // the tail holds what is not fed; a replaced cell needs what is not done as well
        let not_done = self.log.hold(from);
        loop {
            let handle = self.running().handle.clone();
            // after it has ended once, one commit at a time: so it is known which one it ends at
            let careful_to = if tries > 0 { given } else { from };
            let fed = tokio::select! {
                fed = self.feed(&handle, from, careful_to, &not_done) => fed,
                Some(rewind) = wanted(&mut rewound) => Fed::Rewound(rewind),
                _ = stopped.wait_for(|stopped| *stopped) => return,
            };
            let frontier = match fed {
                Fed::Condemned { frontier, given: to } => {
                    given = given.max(to);
                    frontier.max(from)
                }
                Fed::LogEnded => return,
                Fed::Rewound(rewind) => {
                    (from, done, tries, given) = (rewind.to, rewind.to, 0, rewind.to);
                    self.begin_again(rewind).await;
                    continue;
                }
            };
            tries = if ended.replace(frontier) == Some(frontier) { tries + 1 } else { 1 };
            done = frontier.max(done);
            error!(cell = self.index, at = %frontier, %done, tries, "cell is condemned, replacing it");
            tokio::time::sleep(RETRY * tries.saturating_sub(1)).await;
            if tries >= TRIES_AT_A_COMMIT
                && let Ok(commit) = self.log.tail(frontier).next().await
            {
                let to = commit.end();
                error!(cell = self.index, at = %frontier, %to, "readings condemn every cell, skipping them");
                self.skipped.fetch_add(to.0 - frontier.0, Relaxed);
                self.poison.add(frontier, to, self.needed());
                (done, ended) = (done.max(to), None);
            }
            from = self.replace(done, handle.clock()).await;
        }
    }

    /// Feeds until the cell is condemned or the log ends. What begins before `careful_to` is fed one commit at a time.
    async fn feed(&self, handle: &CellHandle, from: Offset, careful_to: Offset, not_done: &Hold) -> Fed {
        let given = AtomicU64::new(from.0);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let works = || {
            let done = handle.frontier().max(from);
            // the wall clock counts while nothing comes; what is on its way into the log arrived before
            if done >= self.log.end() {
                handle.tick(now().plus_us(-BEHIND_US));
            }
            not_done.advance(done.min(Offset(self.needed.load(Relaxed))));
            !handle.is_condemned()
        };
        let condemned = || Fed::Condemned { frontier: handle.frontier(), given: Offset(given.load(Relaxed)) };
        let mut opened = self.opened.subscribe();
        if while_ticking(opened.wait_for(|opened| *opened), &mut tick, works).await.is_none() {
            return condemned();
        }
        let mut tail = self.log.tail(from);
        loop {
            let Some(next) = while_ticking(tail.next(), &mut tick, works).await else { return condemned() };
            match next {
                // flows that go on from before it must not be fed it again
                Ok(commit) if self.poison.is_in(&commit) => {}
                Ok(commit) => {
                    #[cfg(test)]
                    self.meet_poison(handle, &commit).await;
                    given.store(commit.end().0, Relaxed);
                    let is_done = || commit.first >= careful_to || handle.frontier() >= commit.end();
                    let mut is_fed = false;
                    loop {
                        is_fed = is_fed || handle.try_feed(&commit).is_ok();
                        if handle.is_condemned() {
                            return condemned();
                        }
                        if is_fed && is_done() {
                            break;
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
    /// `given`: up to where it was fed.
    Condemned {
        frontier: Offset,
        given: Offset,
    },
    LogEnded,
    Rewound(Rewind),
}

/// Starts a thread that knows all series, for readings from an offset on.
fn spawn(
    index: usize,
    log: &ReadingLog,
    from: Offset,
    options: &edgesync_engine::options::Options,
    outlet: &Outlet,
    room: &Arc<Room>,
) -> Result<CellHandle, edgesync_engine::Error> {
    let room = room.clone();
    let handle = CellHandle::spawn(index, options.clone(), outlet.clone(), Arc::new(move || room.make()))?;
    handle.series(log.series().all())?;
    handle.begin(from)?;
    Ok(handle)
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
