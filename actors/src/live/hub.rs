//! Who watches what. A source is followed from its first subscriber on until a while after its last one left; a source that
//! nobody watches costs nothing.
//!
//! Device sensors come from the log's tail (`sensors.rs`), flow nodes from the cells' emissions (`nodes.rs`); flows' metrics are apart (`metrics.rs`). Both meet their subscribers in
//! [`Followed`]. Locks, in the order they are taken: the map of sources, the sensors or the nodes, one source, one subscriber's slot;
//! none is held across an await.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use edgesync_engine::cell::emit::Rows;
use edgesync_engine::metrics::FlowCounters;
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_storage::log::{self, ReadingLog};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

use super::metrics::{Board, Boards};
use super::nodes::{Nodes, Units};
use super::sensors::Sensors;
use super::source::{Expiry, Followed, Source};
use super::subscriber::{Session, Slot, Subscription};
use super::viewers::{Account, Viewer, Viewers};

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
    /// Snapshots may be read from the log.
    pub(super) history: Semaphore,
    sources: Mutex<HashMap<Source, Arc<Followed>>>,
    /// Sources without subscribers, and when they may be let go; in that order, because they all linger equally long.
    expiring: Mutex<VecDeque<(Instant, Arc<Followed>)>>,
    expiring_grew: Notify,
    /// Values that were folded into newer ones because their subscribers did not take them in time.
    pub(super) folded: Arc<AtomicU64>,
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
            log,
            sensors: Sensors::default(),
            nodes: Nodes::default(),
            metrics: Boards::default(),
            history: Semaphore::new(limit::LIVE_HISTORY_READS),
            sources: Mutex::default(),
            expiring: Mutex::default(),
            expiring_grew: Notify::new(),
            folded: Arc::default(),
            viewers: Viewers::default(),
            draining: watch::Sender::new(false),
            stopped: watch::Sender::new(false),
        });
        let hub = Self { shared };
        for task in [Task::Read, Task::LetGo] {
            let hub = hub.clone();
            tokio::spawn(async move {
                let mut stopped = hub.shared.stopped.subscribe();
                let work = async {
                    match task {
                        Task::Read => hub.shared.sensors.run(&hub.shared.log).await,
                        Task::LetGo => hub.let_go().await,
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

    /// Values that were folded into newer ones, of all subscriptions since the start of the process.
    pub fn folded(&self) -> u64 {
        self.shared.folded.load(Relaxed)
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

    /// Gives what came out of a cell to those who watch its node.
    pub fn publish(&self, rows: &Rows) {
        self.shared.nodes.publish(rows, self.shared.log.series());
    }

    /// A flow was installed with these counters; `units` are those that its nodes show instead of their readings' own.
    pub fn attach(&self, counters: &Arc<FlowCounters>, units: Units) {
        self.shared.nodes.attach(counters, units);
    }

    /// A flow was removed. Its subscriptions stay, and go on when it is installed again.
    pub fn detach(&self, flow: FlowId) {
        self.shared.nodes.detach(flow);
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
        let followed = match known {
            Some(followed) => followed,
            None if sources.len() >= limit::LIVE_SOURCES => {
                return Err(Error::Limit { what: "sources are watched", most: limit::LIVE_SOURCES });
            }
            None => {
                let followed = match &source {
                    Source::DeviceSensor { device, sensor } => {
                        self.shared.sensors.follow(&self.shared.log, *device, sensor)
                    }
                    Source::FlowNode { flow, node, field } => self.shared.nodes.follow(*flow, node, field),
                };
                sources.insert(source, followed.clone());
                followed
            }
        };
        let position = followed.attach(slot.clone());
        Ok((Subscription::new(self.clone(), followed, slot, charge), position))
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
                }
            }
        }
    }
}

/// Tells a socket when the server goes down. The server waits until it is dropped.
#[derive(Debug)]
pub struct Draining(watch::Receiver<bool>);

impl Draining {
    /// Waits until the server goes down. Cancel safe.
    pub async fn told(&mut self) {
        // the hub outlives its sockets; if it did not, the server would be down too
        let _ = self.0.wait_for(|draining| *draining).await;
    }
}

#[derive(Clone, Copy)]
enum Task {
    Read,
    LetGo,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("followed", &self.followed()).finish_non_exhaustive()
    }
}

/// An epoch that no earlier run of this process had: its clock in milliseconds, which a browser keeps whole.
pub(super) fn new_epoch() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
