//! What others may ask of a cell.
//!
//! A handle never waits (but for [`CellHandle::shutdown`]): it puts a command into a bounded queue and wakes the cell's thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::reading::{Commit, SeriesInfo};
use edgesync_schemas::time::Timestamp;

use crate::budget::Account;
use crate::cell;
use crate::cell::command::{Begin, Claim, Control, Install, Reply, Told, Work};
use crate::cell::emit::Outlet;
use crate::cell::feed::Shared;
use crate::error::Error;
use crate::metrics::FlowCounters;
use crate::options::Options;
use crate::plan::Plan;
use crate::state::{Saved, SavedFlow};

/// A cell: one thread that runs flows. Clones are handles to the same cell.
///
/// The cell ends when it is shut down; when its last handle is dropped it ends wherever it is.
#[derive(Debug, Clone)]
pub struct CellHandle {
    index: usize,
    work: Sender<Work>,
    control: Sender<Control>,
    shared: Arc<Shared>,
    thread: Thread,
    generation: Arc<AtomicU64>,
    /// Closed when the thread ends.
    ended: Receiver<()>,
    /// Of what is asked by this handle.
    claim: Option<Claim>,
    _last: Arc<WakeOnDrop>,
}

/// Wakes the thread when the last handle is gone, so that it sees its queues closed.
#[derive(Debug)]
struct WakeOnDrop(Thread, Arc<Shared>);

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        self.1.stopped.store(true, Ordering::Release);
        self.1.abandoned.store(true, Ordering::Release);
        self.0.unpark();
    }
}

/// The cell has as much in flight as it may. Try again when `on_room` was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cell has as much in flight as it may")]
pub struct Full;

impl CellHandle {
    /// Starts a cell. `index` is for its thread's name.
    ///
    /// `on_room` is called on the cell's thread whenever the frontier has moved, feeding may be possible again, or the cell has
    /// ended; it must only wake somebody.
    ///
    /// # Errors
    /// [`Error::Spawn`].
    pub fn spawn(
        index: usize,
        options: Options,
        outlet: Outlet,
        on_room: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Self, Error> {
        let (work, work_in) = bounded(options.feed_commits + limit::CELL_COMMANDS);
        let (control, control_in) = bounded(limit::CELL_COMMANDS);
        let (end, ended) = bounded(0);
        let shared = Arc::new(Shared {
            commits: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            commits_most: options.feed_commits.max(1),
            bytes_most: options.feed_bytes,
            frontier: AtomicU64::new(0),
            condemned: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            clock_us: AtomicI64::new(0),
            armed: AtomicBool::new(false),
            flows: AtomicUsize::new(0),
            on_room,
        });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(format!("cell-{index}"))
            .spawn(move || {
                let _end = end;
                cell::run(options, outlet, work_in, control_in, &theirs);
            })
            .map_err(Error::Spawn)?;
        let thread = thread.thread().clone();
        let last = Arc::new(WakeOnDrop(thread.clone(), Arc::clone(&shared)));
        let generation = Arc::new(AtomicU64::new(0));
        Ok(Self { index, work, control, shared, thread, generation, ended, claim: None, _last: last })
    }

    /// The number that the cell was started with.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The same cell. A flow that is installed or taken out by this handle is not any more once the claim was taken; who takes it first knows
    /// that nothing was done.
    #[must_use]
    pub fn unless(&self, claim: &Claim) -> Self {
        Self { claim: Some(claim.clone()), ..self.clone() }
    }

    /// Feeds one commit of the log. Commits must come in the order of their offsets.
    ///
    /// # Errors
    /// [`Full`] if the cell has as much in flight as it may, or has ended (see [`CellHandle::is_condemned`]).
    pub fn try_feed(&self, commit: &Arc<Commit>) -> Result<(), Full> {
        if self.has_ended() || !self.shared.take_room(commit) {
            return Err(Full);
        }
        if self.work.try_send(Work::Feed(Arc::clone(commit), Instant::now())).is_err() {
            self.shared.give_room(commit);
            return Err(Full);
        }
        self.wake();
        Ok(())
    }

    /// Tells the cell what time it is: windows of keys that have been silent are closed. About once a second. If the cell has too
    /// much to do, this tick is left out.
    pub fn tick(&self, now: Timestamp) {
        if self.work.try_send(Work::Tick(now)).is_ok() {
            self.wake();
        }
    }

    /// Tells the cell the series that were known at the start, and those that got a unit since. Later ones come with their commits.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Condemned`], [`Error::Stopped`].
    pub fn series(&self, known: Vec<Arc<SeriesInfo>>) -> Result<(), Error> {
        self.send(Work::Series(known))
    }

    /// Tells the cell where the readings begin that it will be fed: while none comes, flows that have seen all before it live by the wall clock.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Condemned`], [`Error::Stopped`].
    pub fn begin(&self, from: Offset) -> Result<(), Error> {
        self.send(Work::From(from))
    }

    /// Installs a flow that remembers nothing; one with the same id is replaced, and hands over what nodes remember that are configured as
    /// they were. Takes effect before the commits fed after this call and after those fed before it. The counters are the new flow's own.
    ///
    /// # Errors
    /// [`Error::TooManyFlows`], [`Error::Busy`], [`Error::Condemned`], [`Error::Stopped`].
    pub fn install(&self, flow: FlowId, version: u32, plan: Arc<Plan>) -> Result<Arc<FlowCounters>, Error> {
        let account = Account::default();
        self.put(flow, version, plan, &account, Begin::Empty, None).map_err(|refused| refused.0)
    }

    /// As [`CellHandle::install`], beginning in another way; what the flow remembers counts against `account`. `reply` is called on the cell's thread with what became of it, unless the
    /// cell ends before; if it was not installed, what ran before runs on.
    ///
    /// # Errors
    /// As [`CellHandle::install`], and `begin` again.
    pub fn install_as(
        &self,
        flow: FlowId,
        version: u32,
        plan: Arc<Plan>,
        account: &Account,
        begin: Begin,
        reply: impl FnOnce(Told) + Send + 'static,
    ) -> Result<Arc<FlowCounters>, Box<(Error, Begin)>> {
        self.put(flow, version, plan, account, begin, Some(Reply(Box::new(reply))))
    }

    fn put(
        &self,
        flow: FlowId,
        version: u32,
        plan: Arc<Plan>,
        account: &Account,
        begin: Begin,
        reply: Option<Reply<Told>>,
    ) -> Result<Arc<FlowCounters>, Box<(Error, Begin)>> {
        if self.shared.flows.load(Ordering::Acquire) >= limit::FLOWS_PER_CELL {
            return Err(Box::new((Error::TooManyFlows, begin)));
        }
        if let Err(error) = self.check() {
            return Err(Box::new((error, begin)));
        }
        let counters = Arc::new(FlowCounters::of(flow, version, &plan));
        let generation = self.generation.fetch_add(1, Ordering::AcqRel) + 1;
        let account = account.clone();
        let claim = self.claim.clone().unwrap_or_default();
        let install =
            Install { generation, plan, counters: Arc::clone(&counters), account, begin, claim, reply };
        match self.work.try_send(Work::Install(install)) {
            Ok(()) => {
                self.wake();
                Ok(counters)
            }
            Err(error) => {
                let refused = refused(&error);
                match error.into_inner() {
                    Work::Install(install) => Err(Box::new((refused, install.begin))),
                    _ => Err(Box::new((refused, Begin::Empty))),
                }
            }
        }
    }

    /// Asks what a flow remembers, after everything fed so far; `None` if it is not here. `reply` is called on the cell's thread, unless the
    /// cell ends before.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Condemned`], [`Error::Stopped`].
    pub fn save(
        &self,
        flow: FlowId,
        reply: impl FnOnce(Option<Saved>) + Send + 'static,
    ) -> Result<(), Error> {
        self.send(Work::Save { flow, takes_out: None, reply: Reply(Box::new(reply)) })
    }

    /// Asks what some flows remember, all at one place, until it is more than `bytes_most` bytes; the first is told however large it is. Flows that
    /// are not here are left out.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Condemned`], [`Error::Stopped`].
    pub fn save_all(
        &self,
        flows: Vec<FlowId>,
        bytes_most: usize,
        reply: impl FnOnce(Vec<SavedFlow>) + Send + 'static,
    ) -> Result<(), Error> {
        self.send(Work::SaveAll { flows, bytes_most, reply: Reply(Box::new(reply)) })
    }

    /// As [`CellHandle::save`], and the flow runs no more from there on: it may go on elsewhere.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Condemned`], [`Error::Stopped`].
    pub fn take_out(
        &self,
        flow: FlowId,
        reply: impl FnOnce(Option<Saved>) + Send + 'static,
    ) -> Result<(), Error> {
        let takes_out = Some(self.claim.clone().unwrap_or_default());
        self.send(Work::Save { flow, takes_out, reply: Reply(Box::new(reply)) })
    }

    /// Removes a flow, and with it every install of it that was asked for so far. Takes effect at once, even before commits that
    /// were fed and wait. A flow that is not there is no error.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Condemned`], [`Error::Stopped`].
    pub fn remove(&self, flow: FlowId) -> Result<(), Error> {
        self.check()?;
        let generation = self.generation.load(Ordering::Acquire);
        self.control.try_send(Control::Remove { flow, generation }).map_err(|error| refused(&error))?;
        self.wake();
        Ok(())
    }

    /// Everything before it is done: every flow has seen it, and its results have been sent.
    pub fn frontier(&self) -> Offset {
        Offset(self.shared.frontier.load(Ordering::Acquire))
    }

    /// What the flows' clock shows when everything before the frontier is done.
    pub fn clock(&self) -> Timestamp {
        Timestamp::from_us_saturating(self.shared.clock_us.load(Ordering::Acquire))
    }

    /// Commits fed and not yet done.
    pub fn in_flight(&self) -> usize {
        self.shared.commits.load(Ordering::Acquire)
    }

    /// Flows installed.
    pub fn flows(&self) -> usize {
        self.shared.flows.load(Ordering::Acquire)
    }

    /// Whether a panic got past the fences. The cell then runs nothing any more: spawn another and install its flows there.
    pub fn is_condemned(&self) -> bool {
        self.shared.condemned.load(Ordering::Acquire)
    }

    /// Ends the cell once everything fed so far is done, and waits for that. After `deadline` it is told to end wherever it is.
    /// True if everything was done in time. Blocks the calling thread.
    pub fn shutdown(&self, deadline: Duration) -> bool {
        self.shared.stopped.store(true, Ordering::Release);
        self.thread.unpark();
        let in_time = matches!(self.ended.recv_timeout(deadline), Err(RecvTimeoutError::Disconnected));
        self.shared.abandoned.store(true, Ordering::Release);
        self.thread.unpark();
        in_time && !self.is_condemned()
    }

    fn send(&self, work: Work) -> Result<(), Error> {
        self.check()?;
        self.work.try_send(work).map_err(|error| refused(&error))?;
        self.wake();
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        if self.is_condemned() {
            return Err(Error::Condemned);
        }
        if self.shared.stopped.load(Ordering::Acquire) {
            return Err(Error::Stopped);
        }
        Ok(())
    }

    fn has_ended(&self) -> bool {
        self.is_condemned() || self.shared.stopped.load(Ordering::Acquire)
    }

    fn wake(&self) {
        self.shared.wake(&self.thread);
    }
}

fn refused<T>(error: &TrySendError<T>) -> Error {
    match error {
        TrySendError::Full(_) => Error::Busy,
        TrySendError::Disconnected(_) => Error::Stopped,
    }
}
