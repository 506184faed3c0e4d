//! Append: the task that owns the order of commits, on a thread and a runtime of its own.
//!
//! Group commit as in the embedded log: it takes whatever is queued, and what comes meanwhile makes the next commit. Up to
//! [`Options::lanes`](super::super::Options::lanes) commits are in the air: while one is being synced the next one's rows are already on
//! their way, planned on the assumption that the first lands. They land in order; a commit whose predecessor fails is given up too.
//!
//! When anything fails, all that is in the air stays here with its appends and their room in the budget. The session is opened again,
//! however long that takes, and then the number of the last stored commit tells which of them are there: those are
//! answered, the others are planned and sent again. So nobody hears of a failure that time heals: sockets just wait. What time does
//! not heal is data that the database will not take: those appends are tried one by one, and the one to blame fails (`append/recover.rs`).

mod recover;

use std::collections::{HashSet, VecDeque};
use std::mem;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::limit;
use edgesync_schemas::reading::Commit;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use super::super::plan::Plan;
use super::super::queue::Append;
use super::super::retention::now;
use super::super::{Ending, Shared};
use super::Postgres;
use super::commit::Order;
use super::day::{Day, add_days};
use super::failure::{Failure, Trouble};
use super::fold::{self, Fold};
use super::session::{Lane, Session, Stored};

// How often it is looked whether a commit takes long.
const LOOK: Duration = Duration::from_secs(1);
// How often a stalled appender looks whether it still is.
const STALL_PAUSE: Duration = Duration::from_millis(5);

/// A commit that was sent and is not known to be stored.
struct Flight {
    plan: Plan,
    commit: Arc<Commit>,
    /// What is stored when it is.
    becomes: Stored,
    started: Instant,
    /// Tells the next one.
    landed: oneshot::Sender<()>,
}

type Landing = Pin<Box<dyn Future<Output = (Option<Working>, Result<(), Trouble>)> + Send>>;

type Folding = Pin<Box<dyn Future<Output = Result<(), Trouble>> + Send>>;

/// A lane at work, with its buffer.
struct Working {
    lane: Lane,
    buffer: BytesMut,
}

/// The appender.
pub(super) struct Appender {
    log: Arc<Postgres>,
    /// The last commit that is known to be stored.
    stored: Stored,
    flights: VecDeque<Flight>,
    /// Appends that were in the air when something failed, oldest first; so many of them are tried one by one.
    again: VecDeque<Append>,
    suspects: usize,
    /// The tokens that sessions of this process had.
    owners: Vec<Uuid>,
    /// Devices whose marks moved since they were folded.
    unfolded: HashSet<DeviceId>,
    /// Those of them whose marks are being folded: forgotten when they are, unfolded again when that failed or was not heard of.
    folding: HashSet<DeviceId>,
    /// Whether it was told that a commit takes long.
    is_slow: bool,
}

/// How a session ended.
enum Ended {
    Closed,
    Failed(Trouble),
}

impl Appender {
    pub fn new(log: Arc<Postgres>, session: &Session, unfolded: HashSet<DeviceId>) -> Self {
        Self {
            log,
            stored: session.stored,
            flights: VecDeque::new(),
            again: VecDeque::new(),
            suspects: 0,
            owners: vec![session.owner],
            unfolded,
            folding: HashSet::new(),
            is_slow: false,
        }
    }

    /// Commits until the queue is closed. The appender's thread.
    pub async fn run(mut self, session: Session) {
        let ending = Ending { shared: self.log.shared.clone() };
        let shared = self.log.shared.clone();
        tokio::select! {
            biased;
            () = shared.queue.failing() => {}
            () = self.commit_all(session) => {}
        }
        self.fail_all();
        drop(ending);
    }

    async fn commit_all(&mut self, session: Session) {
        let mut session = Some(session);
        while let Some(open) = session.take() {
            match self.serve(open).await {
                Ended::Closed => return,
                Ended::Failed(trouble) => session = self.recover(trouble).await,
            }
        }
    }

    /// Commits over one session, until it fails or the queue is closed.
    async fn serve(&mut self, session: Session) -> Ended {
        let Session { keeper, lanes, owner, partitions, .. } = session;
        let mut idle: Vec<Working> =
            lanes.into_iter().map(|lane| Working { lane, buffer: BytesMut::new() }).collect();
        let mut lost = FuturesOrdered::new();
        lost.push_back(Box::pin(keeper.ended()) as Pin<Box<dyn Future<Output = ()> + Send>>);
        let mut landings: FuturesOrdered<Landing> = FuturesOrdered::new();
        let mut folding: Option<Folding> = None;
        let mut every = tokio::time::interval(Duration::from_secs(limit::LOG_FOLD_S));
        let mut look = tokio::time::interval(LOOK);
        for timer in [&mut every, &mut look] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        // The session before this one ended while they were folded.
        self.unfolded.extend(mem::take(&mut self.folding));
        self.is_slow = false;
        let mut is_closing = false;
        loop {
            if is_closing && landings.is_empty() {
                return Ended::Closed;
            }
            let is_first = landings.is_empty();
            tokio::select! {
                biased;
                Some((working, landed)) = landings.next(), if !is_first => {
                    idle.extend(working);
                    if let Err(trouble) = landed {
                        return Ended::Failed(trouble);
                    }
                    self.land();
                }
                appends = self.next(is_first), if !idle.is_empty() && !is_closing => {
                    let Some(appends) = appends else { is_closing = true; continue };
                    self.stall().await;
                    let Some(order) = self.depart(appends, owner) else {
                        landings.push_back(Box::pin(async { (None, Ok(())) }));
                        continue;
                    };
                    let mut working = idle.pop().expect("one was idle");
                    let (client, partitions) = (keeper.shared(), partitions.clone());
                    landings.push_back(Box::pin(async move {
                        let Working { lane, buffer } = &mut working;
                        let landed = lane.commit(order, &client, &partitions, buffer).await;
                        (Some(working), landed)
                    }));
                }
                Some(()) = lost.next(), if !lost.is_empty() => {
                    return Ended::Failed(Trouble::new(Failure::Unreachable, "the connection was closed"));
                }
                done = async { folding.as_mut().expect("it is there").await }, if folding.is_some() => {
                    folding = None;
                    match done {
                        Ok(()) => self.folding.clear(),
                        // No append is to blame for it, and none waits: it is tried again the next time.
                        Err(trouble) if trouble.failure == Failure::Data => {
                            tracing::error!(error = %trouble, "the database refuses what is kept of the log");
                            self.log.health.failed(trouble.failure);
                            self.unfolded.extend(self.folding.drain());
                        }
                        Err(trouble) => return Ended::Failed(trouble),
                    }
                }
                _ = look.tick() => self.look(),
                _ = every.tick(), if folding.is_none() => {
                    let (client, partitions) = (keeper.shared(), partitions.clone());
                    self.folding = mem::take(&mut self.unfolded);
                    let fold = Fold::of(&self.log.shared.marks(), &self.folding, self.stored.number, owner);
                    folding = Some(Box::pin(async move {
                        let today = Day::of(now());
                        let made = partitions.ensure(&client, &[today, today.next()]).await;
                        let folded = {
                            let _alone = partitions.alone().await;
                            fold.write(&client).await
                        };
                        folded.and(made)
                    }));
                }
            }
        }
    }

    /// The appends of the next commit; `None` when there will be none. What failed goes first. Cancel safe.
    async fn next(&mut self, is_first: bool) -> Option<Vec<Append>> {
        if !self.again.is_empty() {
            if self.suspects > 0 && !is_first {
                // One at a time, nothing beside it.
                return std::future::pending().await;
            }
            let count = if self.suspects > 0 { 1 } else { self.fitting() };
            return Some(self.again.drain(..count).collect());
        }
        // A second commit in the air pays only if it is large.
        let wanted = if is_first { 0 } else { limit::LOG_SECOND_READINGS };
        self.log.shared.queue.take_when(wanted, self.log.shared.options.commit_readings).await
    }

    /// How many of those that are sent again fit a commit.
    fn fitting(&self) -> usize {
        let mut readings = 0;
        let fitting = self.again.iter().take_while(|append| {
            readings += append.batch.columns.len();
            readings <= self.log.shared.options.commit_readings
        });
        fitting.count().max(1)
    }

    /// Those that fit a commit by the days of their readings, in their order; those behind them are next. One that has too many days by
    /// itself would keep the database from storing it for ever, so it fails.
    fn of_few_days(&mut self, appends: Vec<Append>) -> Vec<Append> {
        let (mut fitting, mut days) = (Vec::with_capacity(appends.len()), HashSet::new());
        let mut rest = VecDeque::from(appends);
        while let Some(append) = rest.front() {
            add_days(&append.batch.columns, &mut days);
            let is_fitting = days.len() <= limit::LOG_COMMIT_DAYS;
            if !is_fitting && !fitting.is_empty() {
                break;
            }
            let Some(append) = rest.pop_front() else { break };
            if is_fitting {
                fitting.push(append);
                continue;
            }
            let device = append.batch.device;
            tracing::error!(%device, days = days.len(), "readings of too many days at once are given up");
            self.log.shared.counters.failed_commits.fetch_add(1, Relaxed);
            append.fail();
            days.clear();
        }
        for append in rest.into_iter().rev() {
            self.again.push_front(append);
        }
        fitting
    }

    /// Plans a commit and notes it as under way. `None` if there is nothing to store: it lands with the one before it.
    fn depart(&mut self, appends: Vec<Append>, owner: Uuid) -> Option<Order> {
        let started = Instant::now();
        let appends = self.of_few_days(appends);
        let shared = &self.log.shared;
        let before = self.flights.back().map_or(self.stored, |flight| flight.becomes);
        let readings = appends.iter().map(|append| append.batch.columns.len()).sum();
        let mut plan = Plan::new(before.end, readings).keeping();
        {
            let marks = shared.marks();
            for append in appends {
                plan.add(append, |device, boot| {
                    let ahead = self.flights.iter().rev().find_map(|flight| flight.plan.moved(device, boot));
                    ahead.unwrap_or_else(|| marks.get(device, boot))
                });
            }
        }
        let is_nothing = plan.is_nothing();
        // Taken after the batches were: what their readings name is in it.
        let new_series = if plan.columns.is_empty() { Vec::new() } else { shared.dictionary.take_changed() };
        let commit = Arc::new(Commit {
            first: plan.first,
            columns: mem::take(&mut plan.columns),
            arrivals: mem::take(&mut plan.arrivals),
            new_series,
        });
        let number = if is_nothing { before.number } else { before.number + 1 };
        let becomes = Stored { number, end: commit.end() };
        let marks = fold::encode(&plan.marks);
        let (landed, after) = oneshot::channel();
        // Its sender is with the flight before it.
        let after = self.flights.back_mut().map(|flight| {
            flight.landed = landed;
            after
        });
        let (landed, _) = oneshot::channel();
        self.flights.push_back(Flight { plan, commit: commit.clone(), becomes, started, landed });
        (!is_nothing).then_some(Order { commit, becomes, owner, marks, after })
    }

    /// Tells of a commit that takes long, once: a database that hangs says nothing.
    fn look(&mut self) {
        let Some(flight) = self.flights.front() else { return };
        let waited_s = flight.started.elapsed().as_secs();
        if !self.is_slow && waited_s >= limit::LOG_SLOW_S {
            self.is_slow = true;
            self.log.health.away();
            tracing::warn!(waited_s, end = %self.stored.end, "the database does not say whether readings are committed, they wait");
        }
    }

    /// The oldest flight is stored: memory is told, then everybody who waits.
    fn land(&mut self) {
        let Some(flight) = self.flights.pop_front() else { return };
        let Flight { plan, commit, becomes, started, landed } = flight;
        if mem::take(&mut self.is_slow) {
            self.log.health.back();
            let waited_s = started.elapsed().as_secs();
            tracing::info!(waited_s, end = %becomes.end, "a commit that took long is done");
        }
        // Err: nobody follows.
        let _ = landed.send(());
        self.suspects = self.suspects.saturating_sub(1);
        let Shared { marks, counters, ring, .. } = &*self.log.shared;
        counters.planned(plan.gaps, plan.duplicates);
        if becomes != self.stored {
            if !plan.marks.is_empty() {
                let mut known = marks.write().unwrap_or_else(PoisonError::into_inner);
                plan.marks.iter().for_each(|mark| known.apply(*mark));
                self.unfolded.extend(plan.marks.iter().map(|mark| mark.device));
            }
            counters.committed(started.elapsed(), commit.columns.len());
            ring.push(commit);
            self.stored = becomes;
        }
        plan.answer();
    }

    /// Answers everything that is here: it failed.
    fn fail_all(&mut self) {
        for flight in self.flights.drain(..) {
            self.log.shared.dictionary.give_back(&flight.commit.new_series);
            flight.plan.fail();
        }
        self.again.drain(..).for_each(Append::fail);
        self.suspects = 0;
        self.log.shared.fail_queued();
    }

    /// The tests' way to stall the store, at the last moment before it writes: nothing may have been answered by then.
    async fn stall(&self) {
        let Some(file) = &self.log.shared.options.stall_file else { return };
        while file.exists() {
            tokio::time::sleep(STALL_PAUSE).await;
        }
    }
}
