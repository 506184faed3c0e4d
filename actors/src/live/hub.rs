//! Who watches what. A source is followed from its first subscriber on until a while after its last one left; a source that
//! nobody watches costs nothing.
//!
//! Device sensors come from the log's tail (`sensors.rs`), flow nodes from the cells' emissions (`nodes.rs`), and aggregates from one of these
//! (`aggregate.rs`); flows' metrics are apart (`metrics.rs`). All meet their subscribers in
//! [`Followed`]. Locks, in the order they are taken: the map of sources, the sensors, the nodes or the aggregates, one source (then the aggregate
//! that is made of it, and that as a source), one subscriber's slot; none is held across an await.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_engine::cell::emit::Rows;
use edgesync_engine::metrics::FlowCounters;
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_storage::history::{self, History};
use edgesync_storage::log::{self, ReadingLog};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

use super::aggregate::{Aggregate, Ticks};
use super::draining::Draining;
use super::epoch::new_epoch;
use super::followed::{Expiry, Followed};
use super::health::{Figures, Health, Queued};
use super::metrics::{Board, Boards};
use super::nodes::{Nodes, Units};
use super::sensors::Sensors;
use super::source::{Aggregated, Source};
use super::subscriber::{Session, Slot, Subscription};
use super::viewers::{Account, Viewer, Viewers};

mod keep;

/// Why something cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A limit is reached.
    #[error("at most {most} {what}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// The limit.
        most: usize,
    },
    /// The history cannot be read.
    #[error("history cannot be read")]
    Log(#[from] log::Error),
    /// Others read so much history that no turn came.
    #[error("too much history is being read")]
    Busy,
    /// Reading the history from a time on takes too long.
    #[error("reading so much history takes too long: ask for a later time")]
    TooLong,
}

impl From<history::Error> for Error {
    fn from(error: history::Error) -> Self {
        match error {
            history::Error::Log(error) => Self::Log(error),
            history::Error::Busy | history::Error::TooMuchText(_) => Self::Busy,
        }
    }
}

/// Who watches what. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) log: ReadingLog,
    pub(super) sensors: Sensors,
    pub(super) nodes: Nodes,
    pub(super) metrics: Boards,
    /// Its readings as buckets.
    pub(super) buckets: History,
    /// By the sources that they are.
    aggregates: Mutex<HashMap<Source, Arc<Aggregate>>>,
    ticks: Arc<Ticks>,
    /// Snapshots may be read from the log.
    pub(super) history: Arc<Semaphore>,
    sources: Mutex<HashMap<Source, Arc<Followed>>>,
    /// Sources without subscribers, and when they may be let go; in that order, because they all linger equally long.
    expiring: Mutex<VecDeque<(Instant, Arc<Followed>)>>,
    expiring_grew: Notify,
    pub(super) health: Arc<Health>,
    viewers: Viewers,
    /// True when dashboards are to go; each socket holds a receiver.
    draining: watch::Sender<bool>,
    stopped: watch::Sender<bool>,
}

const LINGER: Duration = Duration::from_secs(limit::LIVE_LINGER_S);

impl Hub {
    /// Starts the tasks that read the log for those who watch and let go of what nobody watches. They end with [`Self::stop`].
    pub fn start(log: ReadingLog) -> Self {
        let shared = Arc::new(Shared {
            buckets: History::new(log.clone()),
            aggregates: Mutex::default(),
            ticks: Arc::default(),
            log,
            sensors: Sensors::default(),
            nodes: Nodes::default(),
            metrics: Boards::default(),
            history: Arc::new(Semaphore::new(limit::LIVE_HISTORY_READS)),
            sources: Mutex::default(),
            expiring: Mutex::default(),
            expiring_grew: Notify::new(),
            health: Arc::default(),
            viewers: Viewers::default(),
            draining: watch::Sender::new(false),
            stopped: watch::Sender::new(false),
        });
        let hub = Self { shared };
        for task in [Task::Read, Task::LetGo, Task::Tell] {
            let hub = hub.clone();
            tokio::spawn(async move {
                let mut stopped = hub.shared.stopped.subscribe();
                let work = async {
                    match task {
                        Task::Read => hub.shared.sensors.run(&hub.shared.log).await,
                        Task::LetGo => hub.let_go().await,
                        Task::Tell => hub.shared.ticks.run().await,
                    }
                };
                tokio::select! {
                    () = work => {}
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                }
            });
        }
        hub
    }

    /// What a dashboard's socket holds while it is open: tells it when the server goes down.
    pub fn draining(&self) -> Draining {
        Draining(self.shared.draining.subscribe())
    }

    /// Sends the dashboards away, and waits until they have gone. Cancel safe.
    pub async fn drain(&self) {
        self.shared.draining.send_replace(true);
        self.shared.draining.closed().await;
    }

    /// Dashboards' sockets that are open.
    pub fn sockets(&self) -> usize {
        self.shared.draining.receiver_count()
    }

    /// How live is.
    pub fn figures(&self) -> Figures {
        self.shared.health.figures()
    }

    /// Bytes of a socket that wait for the network: none yet.
    pub fn queued(&self) -> Queued {
        Queued::new(self.shared.health.clone())
    }

    /// Values that no aggregate took because they are older than the buckets that it keeps, since the start of the process.
    pub fn late(&self) -> u64 {
        self.shared.ticks.late()
    }

    /// The log's history, which takes turns with all who read it through here.
    pub fn history(&self) -> &History {
        &self.shared.buckets
    }

    /// Ends the hub's tasks: no subscriber gets anything more.
    pub fn stop(&self) {
        self.shared.stopped.send_replace(true);
    }

    /// The subscriptions of one more dashboard of a user, or of whoever has a link: none yet.
    ///
    /// # Errors
    /// [`Error::Limit`] if too many of the account's dashboards are open.
    pub fn session_of(&self, account: impl Into<Account>) -> Result<Session, Error> {
        Ok(Session::new(self.clone(), Some(self.shared.viewers.admit(account.into())?)))
    }

    /// Subscriptions of the server itself, which no user's limits apply to.
    pub fn session(&self) -> Session {
        Session::new(self.clone(), None)
    }

    /// Gives what came out of a cell to those who watch its node. Whether somebody does: it may be kept only.
    pub fn publish(&self, rows: &Rows) -> bool {
        self.shared.nodes.publish(rows, self.shared.log.series())
    }

    /// A flow was installed with these counters; `units` are those that its nodes show instead of their readings' own.
    pub fn attach(&self, counters: &Arc<FlowCounters>, units: Units) {
        self.shared.nodes.attach(counters, units);
    }

    /// A flow was removed. Its subscriptions stay, and go on when it is installed again.
    pub fn detach(&self, flow: FlowId) {
        self.shared.nodes.detach(flow);
    }

    /// Whether the version of a flow that runs has this node; nothing is known of one that does not run.
    pub fn has_node(&self, flow: FlowId, node: &str) -> Option<bool> {
        self.shared.nodes.has(flow, node)
    }

    /// Sources that are followed.
    pub fn followed(&self) -> usize {
        self.sources().len()
    }

    /// Flows whose metrics are watched.
    pub fn watched_flows(&self) -> usize {
        self.shared.metrics.len()
    }

    /// Takes a flow's board down, unless somebody watches it.
    pub(crate) fn end_board(&self, board: &Arc<Board>) -> bool {
        self.shared.metrics.end(board)
    }

    fn sources(&self) -> MutexGuard<'_, HashMap<Source, Arc<Followed>>> {
        self.shared.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expiring(&self) -> MutexGuard<'_, VecDeque<(Instant, Arc<Followed>)>> {
        self.shared.expiring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on `slot` gets the values of `source`. With the offset of the first that it can get.
    pub(super) fn follow(
        &self,
        source: Source,
        slot: Arc<Slot>,
        viewer: Option<&Viewer>,
    ) -> Result<(Subscription, u64), Error> {
        let mut sources = self.sources();
        let known = sources.get(&source).cloned();
        // on whose account it lingers: who comes back to it needs no second place
        let lingers = known.as_ref().and_then(|followed| followed.linger(None));
        let charge = match (viewer, lingers) {
            (Some(viewer), Some(charge)) if charge.is_of(viewer) => Ok(Some(charge)),
            (Some(viewer), lingers) => viewer.charge().map(Some).map_err(|error| (error, lingers)),
            (None, _) => Ok(None),
        };
        let charge = match (charge, &known) {
            (Ok(charge), _) => charge,
            (Err((error, lingers)), known) => {
                known.as_ref().map(|followed| followed.linger(lingers));
                return Err(error);
            }
        };
        let followed = self.place(&mut sources, source)?;
        let position = followed.attach(slot.clone());
        Ok((Subscription::new(self.clone(), followed, slot, charge), position))
    }

    /// The source as it is followed, from now on if it was not.
    fn place(
        &self,
        sources: &mut HashMap<Source, Arc<Followed>>,
        source: Source,
    ) -> Result<Arc<Followed>, Error> {
        if let Some(followed) = sources.get(&source) {
            return Ok(followed.clone());
        }
        if sources.len() >= limit::LIVE_SOURCES {
            return Err(Error::Limit { what: "sources are watched", most: limit::LIVE_SOURCES });
        }
        let followed = match &source {
            Source::DeviceSensor { device, sensor } => {
                self.shared.sensors.follow(&self.shared.log, *device, sensor)
            }
            Source::FlowNode { flow, node, field } => self.shared.nodes.follow(*flow, node, field),
            Source::Aggregate(of) => {
                let from = self.place(sources, of.source.clone())?;
                // from now on it is on the account of who watches the aggregate
                drop(from.linger(None));
                self.aggregate(of, from)
            }
        };
        sources.insert(source, followed.clone());
        Ok(followed)
    }

    fn aggregate(&self, of: &Aggregated, from: Arc<Followed>) -> Arc<Followed> {
        let source = Source::Aggregate(Box::new(of.clone()));
        let told = Arc::new(Followed::new(source.clone(), new_epoch(), 0));
        let aggregate = Aggregate::begin(of, from, told.clone(), self.shared.ticks.clone());
        self.aggregates().insert(source, aggregate);
        told
    }

    fn aggregates(&self) -> MutexGuard<'_, HashMap<Source, Arc<Aggregate>>> {
        self.shared.aggregates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The aggregate that a source is, if it is one and is followed.
    pub(super) fn aggregate_of(&self, source: &Source) -> Option<Arc<Aggregate>> {
        self.aggregates().get(source).cloned()
    }

    /// Queues a source that lost its last subscriber.
    pub(super) fn expire(&self, followed: &Arc<Followed>, now: Instant) {
        self.expiring().push_back((now + LINGER, followed.clone()));
        self.shared.expiring_grew.notify_one();
    }

    async fn let_go(&self) {
        loop {
            let next = self.expiring().front().map(|(at, _)| *at);
            match next {
                None => self.shared.expiring_grew.notified().await,
                Some(at) => {
                    tokio::time::sleep_until(at).await;
                    self.let_go_first(Instant::now());
                }
            }
        }
    }

    fn let_go_first(&self, now: Instant) {
        let Some((_, followed)) = self.expiring().pop_front() else { return };
        // under the map's lock nobody can subscribe to it meanwhile
        let mut sources = self.sources();
        match followed.expired(now, LINGER) {
            Expiry::Watched => {}
            Expiry::At(at) => self.expiring().push_back((at, followed)),
            Expiry::Now => {
                sources.remove(&followed.source);
                match &followed.source {
                    Source::DeviceSensor { device, sensor } => {
                        self.shared.sensors.let_go(&self.shared.log, *device, sensor);
                    }
                    Source::FlowNode { flow, node, .. } => self.shared.nodes.let_go(*flow, node, &followed),
                    Source::Aggregate(_) => {
                        let ended = self.aggregates().remove(&followed.source);
                        if let Some(ended) = ended.filter(|ended| ended.end(now)) {
                            self.expire(ended.from(), now);
                        }
                    }
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Task {
    Read,
    LetGo,
    Tell,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("followed", &self.followed()).finish_non_exhaustive()
    }
}
