//! The queue before the appender: what is submitted, and the budget that bounds it.
//!
//! The queue is bounded by its permits, not by its length: each [`Append`] carries room reserved from one budget of bytes, at least
//! [`PERMIT_BYTES_MIN`] of them, and gives it back when it is durable or failed.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use edgesync_schemas::id::{FrameSeq, Offset};
use edgesync_schemas::reading::AdmittedBatch;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Least room that an append takes from the budget: its own memory beside the readings. So 64 MiB are at most 131,072 appends.
const PERMIT_BYTES_MIN: usize = 512;

/// A batch on its way into the log.
pub struct Append {
    /// The readings.
    pub batch: AdmittedBatch,
    /// The room they take.
    pub permit: Permit,
    /// Handed back to `on_commit`.
    pub tag: u64,
    /// Who hears of the outcome.
    pub on_commit: Arc<dyn OnCommit>,
}

impl Append {
    /// Tells who waits: it failed. Its room in the budget is returned.
    pub(super) fn fail(self) {
        self.on_commit.done(self.tag, Outcome::Failed);
    }
}

/// Hears what became of an append.
pub trait OnCommit: Send + Sync {
    /// Called once per append, on the appender's thread, after the commit is durable and readable: must only set atomics and wake.
    fn done(&self, tag: u64, outcome: Outcome);
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is durable.
    Durable {
        /// Offset of the first reading that this append stored; the log's end if it stored none.
        first: Offset,
        /// Readings stored. Fewer than were in the batch if frames of it were committed before.
        stored: u32,
    },
    /// A frame before the batch's first is missing. Nothing of it is stored.
    Gap {
        /// The frame that must come next.
        expected: FrameSeq,
    },
    /// The store failed. The batch may be durable or not; its frames, sent again, are stored once.
    Failed,
}

/// Room in the budget of admitted and not yet durable readings. Returned when dropped.
#[derive(Debug)]
pub struct Permit {
    room: OwnedSemaphorePermit,
}

impl Permit {
    /// Gives back what is over `bytes`.
    pub fn shrink(&mut self, bytes: usize) {
        let over = self.room.num_permits().saturating_sub(bytes.max(PERMIT_BYTES_MIN));
        drop(self.room.split(over));
    }
}

/// What happens to queued appends when the queue closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WhenClosed {
    Commit,
    Fail,
}

/// Appends on their way to the appender.
pub(crate) struct Queue {
    budget: Arc<Semaphore>,
    budget_bytes: usize,
    state: Mutex<State>,
    ready: Condvar,
    // For those who wait for it to close; `State::closed` is what counts.
    closing: watch::Sender<Option<WhenClosed>>,
}

#[derive(Default)]
struct State {
    appends: VecDeque<Append>,
    // In `appends`.
    readings: usize,
    closed: Option<WhenClosed>,
    is_nudged: bool,
    // The appender waits: as a thread, or as a task for so many readings.
    is_waiting: bool,
    waiting: Option<(Waker, usize)>,
}

/// What the appender finds when it looks.
pub(super) enum Taken {
    Appends(Vec<Append>),
    Nudge,
    Closed,
}

impl Queue {
    pub fn new(budget_bytes: usize) -> Self {
        let budget_bytes = budget_bytes.clamp(PERMIT_BYTES_MIN, u32::MAX as usize);
        Self {
            budget: Arc::new(Semaphore::new(budget_bytes)),
            budget_bytes,
            state: Mutex::default(),
            ready: Condvar::new(),
            closing: watch::Sender::new(None),
        }
    }

    pub async fn reserve(&self, bytes: usize) -> Permit {
        let bytes = bytes.clamp(PERMIT_BYTES_MIN, self.budget_bytes) as u32;
        let room = self.budget.clone().acquire_many_owned(bytes).await;
        Permit { room: room.expect("the budget's semaphore is never closed") }
    }

    pub fn try_reserve(&self, bytes: usize) -> Option<Permit> {
        let bytes = bytes.clamp(PERMIT_BYTES_MIN, self.budget_bytes) as u32;
        // Err: used up, or somebody waits for room and is first.
        self.budget.clone().try_acquire_many_owned(bytes).ok().map(|room| Permit { room })
    }

    pub fn submit(&self, append: Append) {
        let mut state = self.lock();
        if state.closed.is_some() {
            drop(state);
            append.on_commit.done(append.tag, Outcome::Failed);
            return;
        }
        state.readings += append.batch.columns.len();
        state.appends.push_back(append);
        if state.is_waiting {
            state.is_waiting = false;
            drop(state);
            self.ready.notify_one();
        } else if state.waiting.as_ref().is_some_and(|(_, wanted)| state.readings >= *wanted) {
            let waker = state.waiting.take();
            drop(state);
            if let Some((waker, _)) = waker {
                waker.wake();
            }
        }
    }

    /// Lets no more in. `Fail` after `Commit` is a change of mind; not the other way.
    pub fn close(&self, when: WhenClosed) {
        let mut state = self.lock();
        state.closed = state.closed.max(Some(when));
        let waker = state.waiting.take();
        drop(state);
        self.closing.send_modify(|closed| *closed = (*closed).max(Some(when)));
        self.ready.notify_one();
        if let Some((waker, _)) = waker {
            waker.wake();
        }
    }

    /// Waits until nothing more is to be committed.
    pub async fn failing(&self) {
        // Err: never, the sender is ours.
        let _ = self.closing.subscribe().wait_for(|closed| *closed == Some(WhenClosed::Fail)).await;
    }

    /// Makes the appender look around although nothing is queued.
    pub fn nudge(&self) {
        self.lock().is_nudged = true;
        self.ready.notify_one();
    }

    pub fn used_bytes(&self) -> u64 {
        self.budget_bytes.saturating_sub(self.budget.available_permits()) as u64
    }

    pub fn closed(&self) -> Option<WhenClosed> {
        self.lock().closed
    }

    /// Waits for appends and takes as many as fit a commit.
    pub fn take(&self, readings_max: usize) -> Taken {
        let mut state = self.lock();
        loop {
            if std::mem::take(&mut state.is_nudged) {
                return Taken::Nudge;
            }
            match state.closed {
                Some(WhenClosed::Fail) => return Taken::Closed,
                Some(WhenClosed::Commit) if state.appends.is_empty() => return Taken::Closed,
                _ => {}
            }
            if !state.appends.is_empty() {
                return Taken::Appends(state.take(readings_max));
            }
            state.is_waiting = true;
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.is_waiting = false;
        }
    }

    /// As [`Queue::take`], for an appender that is a task: waits until `wanted` readings are queued (an append without readings counts
    /// when `wanted` is 0). `None` when nothing more will come. Cancel safe. One waits at a time.
    pub async fn take_when(&self, wanted: usize, readings_max: usize) -> Option<Vec<Append>> {
        poll_fn(|context| {
            let mut state = self.lock();
            match state.closed {
                Some(WhenClosed::Fail) => return Poll::Ready(None),
                Some(WhenClosed::Commit) if state.appends.is_empty() => return Poll::Ready(None),
                // What is queued is all there will be.
                Some(WhenClosed::Commit) => return Poll::Ready(Some(state.take(readings_max))),
                None => {}
            }
            if !state.appends.is_empty() && state.readings >= wanted {
                return Poll::Ready(Some(state.take(readings_max)));
            }
            state.waiting = Some((context.waker().clone(), wanted));
            Poll::Pending
        })
        .await
    }

    /// Takes all that is queued.
    pub fn drain(&self) -> VecDeque<Append> {
        let mut state = self.lock();
        state.readings = 0;
        std::mem::take(&mut state.appends)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, readings_max: usize) -> Vec<Append> {
        let mut readings = 0;
        let fitting = self.appends.iter().take_while(|append| {
            readings += append.batch.columns.len();
            readings <= readings_max
        });
        // A batch larger than a commit makes one of its own.
        let count = fitting.count().max(1);
        let taken: Vec<Append> = self.appends.drain(..count).collect();
        self.readings -= taken.iter().map(|append| append.batch.columns.len()).sum::<usize>();
        taken
    }
}
