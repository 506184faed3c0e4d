//! The store sink: takes rows that leave `store` nodes, and writes them down in batches.
//!
//! - Whoever gives some waits until there is room. That is the task behind a cell, so the cell waits too and its flows lag: a database that is
//!   slow, or away, holds readings back in the log, and nothing in memory or on the floor.
//! - The flows of a tenant have a share of the room, so those of others always find some. What a cell waits for a flow's rows counts as that flow's time
//!   (`balance.rs`), unless the database is away: the one that stores more than can be written is slowed, and then suspended.
//! - A batch that cannot be written is tried again until it is. What the database refuses for what it is becomes a dead letter, by itself.
//! - What waits when the process dies is made again: [`Cell::delivered`](crate::cell::Cell::delivered) says how far results were written, and those behind
//!   are not counted as put out.

mod shares;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_engine::Rows;
use edgesync_schemas::flow::node::Store;
use edgesync_schemas::flow::node::store::StoreBy;
use edgesync_schemas::id::{FlowId, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::SeriesInfo;
use edgesync_storage::log::{Derived, DerivedOf, DerivedRow, ReadingLog};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Instant;
use tracing::{error, info};
use uuid::Uuid;

use self::shares::Shares;
use super::dead_letters::{DeadLetters, Letter, value};

/// Takes rows. Cheap to clone.
#[derive(Clone)]
pub struct Stored {
    shared: Arc<Shared>,
}

struct Shared {
    log: ReadingLog,
    dead_letters: DeadLetters,
    /// A permit is a byte that may wait.
    room: Arc<Semaphore>,
    queue: mpsc::Sender<Item>,
    shares: Shares,
    /// Items given, and items done with. They are done with in the order in which they were given: an item has its number and its place in the queue at once.
    given: Mutex<u64>,
    done: watch::Sender<u64>,
    written: AtomicU64,
    refused: AtomicU64,
    retries: AtomicU64,
    is_away: AtomicBool,
    /// For tests: nothing is written while it is set.
    #[cfg(test)]
    stalled: watch::Sender<bool>,
    stopped: watch::Sender<bool>,
}

/// Rows of one node.
struct Item {
    rows: Vec<Derived>,
    version: u32,
    node: Arc<str>,
    _room: OwnedSemaphorePermit,
    _share: Option<OwnedSemaphorePermit>,
}

impl Stored {
    /// Starts the writer. It ends with [`Self::finish`].
    pub fn start(log: ReadingLog, dead_letters: DeadLetters) -> Self {
        let (queue, items) = mpsc::channel(limit::DERIVED_QUEUE);
        let stored = Self {
            shared: Arc::new(Shared {
                log,
                dead_letters,
                room: Arc::new(Semaphore::new(limit::DERIVED_QUEUE_BYTES as usize)),
                queue,
                shares: Shares::default(),
                given: Mutex::new(0),
                done: watch::Sender::new(0),
                written: AtomicU64::new(0),
                refused: AtomicU64::new(0),
                retries: AtomicU64::new(0),
                is_away: AtomicBool::new(false),
                #[cfg(test)]
                stalled: watch::Sender::new(false),
                stopped: watch::Sender::new(false),
            }),
        };
        let stopped = stored.shared.stopped.subscribe();
        tokio::spawn(stored.clone().write_on(items, stopped));
        stored
    }

    /// The rows of a flow count against the share of a tenant from now on.
    pub(super) fn belongs(&self, flow: FlowId, tenant: Uuid) {
        self.shared.shares.belongs(flow, tenant);
    }

    /// A flow runs no more.
    pub(super) fn left(&self, flow: FlowId) {
        self.shared.shares.left(flow);
    }

    /// Nanoseconds that cells waited until there was room for rows of a flow, while the database was there.
    pub(super) fn waited_ns(&self, flow: FlowId) -> u64 {
        self.shared.shares.of(flow).map_or(0, |owner| owner.waited_ns())
    }

    /// Whether rows cannot be written at the moment, and are tried again.
    pub fn is_away(&self) -> bool {
        self.shared.is_away.load(Relaxed)
    }

    fn given(&self) -> MutexGuard<'_, u64> {
        self.shared.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what leaves a store node of this version. Waits for room. Its place, for [`Self::written_to`]; 0 if nothing is to be stored. Cancel safe: the
    /// rows are not taken then.
    pub async fn give(&self, rows: &Rows, version: u32, of: &Store) -> u64 {
        let (flow, node) = (rows.flow, rows.node.clone());
        let (rows, bytes) = self.rows(rows, of);
        if rows.is_empty() {
            return 0;
        }
        let owner = self.shared.shares.of(flow);
        let (began, retries, was_away) = (Instant::now(), self.retries(), self.is_away());
        // the own share first: who waits for that keeps nobody else from the room
        let share = match &owner {
            Some(owner) => owner.share(bytes).await,
            None => None,
        };
        // one that is larger than all there is has it all
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(limit::DERIVED_QUEUE_BYTES);
        let Ok(room) = self.shared.room.clone().acquire_many_owned(bytes).await else { return 0 };
        // if the writer has ended, so has, or will have, the process
        let Ok(place) = self.shared.queue.reserve().await else { return 0 };
        if let Some(owner) = owner.filter(|_| !was_away && !self.is_away() && retries == self.retries()) {
            owner.waited(began.elapsed());
        }
        let mut given = self.given();
        *given += 1;
        place.send(Item { rows, version, node, _room: room, _share: share });
        *given
    }

    /// What was given until now, for [`Self::written_to`].
    #[cfg(test)]
    pub fn place(&self) -> u64 {
        *self.given()
    }

    /// Waits until everything up to a place is durable, or was refused. Cancel safe.
    pub async fn written_to(&self, place: u64) {
        // the sender is here: there is no error
        let _ = self.shared.done.subscribe().wait_for(|done| *done >= place).await;
    }

    /// Rows written since the start of the process.
    pub fn written(&self) -> u64 {
        self.shared.written.load(Relaxed)
    }

    /// Rows that the store refused since the start of the process.
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Relaxed)
    }

    /// Attempts that failed and were made again since the start of the process.
    pub fn retries(&self) -> u64 {
        self.shared.retries.load(Relaxed)
    }

    /// Bytes of rows that wait to be written.
    pub fn waiting_bytes(&self) -> usize {
        limit::DERIVED_QUEUE_BYTES as usize - self.shared.room.available_permits()
    }

    /// Writes what waits, and ends the writer. Waits for a database that is away. Cancel safe.
    pub async fn finish(&self) {
        self.shared.stopped.send_replace(true);
        self.shared.stopped.closed().await;
    }

    /// The rows as they are stored, and about how many bytes they take.
    fn rows(&self, rows: &Rows, of: &Store) -> (Vec<Derived>, usize) {
        let dictionary = self.shared.log.series();
        let mut infos: HashMap<SeriesId, Option<Arc<SeriesInfo>>> = HashMap::new();
        let (nums, raws) = match &of.field {
            None => (&rows.num, &rows.raw),
            Some(field) => match rows.fields.iter().find(|(name, _)| **name == **field) {
                Some((_, column)) => (&column.num, &column.raw),
                None => return (Vec::new(), 0),
            },
        };
        let mut raws = raws.iter().peekable();
        let (mut stored, mut bytes) = (Vec::with_capacity(rows.ts.len()), 0);
        for (row, at) in (0..rows.ts.len()).zip(0u32..) {
            let raw = raws.next_if(|(of, _)| *of == at).map(|(_, raw)| Box::<str>::from(&**raw));
            let series = rows.series[row];
            let info = infos.entry(series).or_insert_with(|| dictionary.info(series));
            // every series that a flow has seen is known
            let Some(info) = info else { continue };
            let unit = match (&of.unit, &of.field) {
                (Some(unit), _) => Some(unit.clone()),
                (None, None) => rows.unit_of(row, info).cloned(),
                (None, Some(_)) => None,
            };
            bytes += size_of::<Derived>() + raw.as_ref().map_or(0, |raw| raw.len());
            stored.push(Derived {
                flow: rows.flow,
                of: place_of(of, info),
                row: DerivedRow {
                    timestamp: rows.ts[row],
                    offset: rows.offset[row],
                    num: nums[row],
                    raw,
                    unit,
                    quality: rows.quality.get(row).copied().unwrap_or_default(),
                },
            });
        }
        (stored, bytes)
    }

    async fn write_on(self, mut items: mpsc::Receiver<Item>, mut stopped: watch::Receiver<bool>) {
        loop {
            let first = match items.try_recv() {
                Ok(item) => item,
                Err(_) => tokio::select! {
                    item = items.recv() => match item {
                        Some(item) => item,
                        None => return,
                    },
                    _ = stopped.wait_for(|stopped| *stopped) => match items.try_recv() {
                        Ok(item) => item,
                        Err(_) => return,
                    },
                },
            };
            let mut some = vec![first];
            let mut rows = some[0].rows.len();
            while rows < limit::DERIVED_BATCH
                && let Ok(item) = items.try_recv()
            {
                rows += item.rows.len();
                some.push(item);
            }
            self.write(&mut some).await;
            self.shared.done.send_modify(|done| *done += some.len() as u64);
        }
    }

    /// Writes rows, however long that takes.
    async fn write(&self, items: &mut [Item]) {
        #[cfg(test)]
        let _ = self.shared.stalled.subscribe().wait_for(|stalled| !*stalled).await;
        let mut senders = Vec::new();
        let mut rows = Vec::new();
        for (at, item) in items.iter_mut().enumerate() {
            senders.resize(senders.len() + item.rows.len(), at);
            rows.append(&mut item.rows);
        }
        let mut rows = rows.into_iter().zip(senders).peekable();
        while rows.peek().is_some() {
            let (batch, senders): (Vec<Derived>, Vec<usize>) =
                rows.by_ref().take(limit::DERIVED_BATCH).unzip();
            let mut parts = vec![(batch, senders)];
            while let Some((batch, senders)) = parts.pop() {
                let batch = Arc::new(batch);
                let Some(refused) = self.write_batch(&batch).await else {
                    // one of them is to blame: which, is found by halves
                    let mut batch = Arc::unwrap_or_clone(batch);
                    let mut senders = senders;
                    let half = batch.len() / 2;
                    let second = (batch.split_off(half), senders.split_off(half));
                    parts.extend([second, (batch, senders)]);
                    continue;
                };
                for (at, code, detail) in refused {
                    let item = &items[senders[at]];
                    self.refuse(&batch[at], item, code, detail);
                }
            }
        }
    }

    /// Writes a batch. Those of its rows that were refused, and why; `None` if there are several and one of them is to blame.
    async fn write_batch(&self, batch: &Arc<Vec<Derived>>) -> Option<Vec<(usize, &'static str, String)>> {
        let mut pause = Duration::from_millis(limit::DERIVED_RETRY_MS);
        loop {
            let failed = match self.shared.log.put_derived(batch).await {
                Ok(refused) => {
                    if self.shared.is_away.swap(false, Relaxed) {
                        info!("rows of flows can be stored again");
                    }
                    self.shared.written.fetch_add((batch.len() - refused.len()) as u64, Relaxed);
                    let detail =
                        || format!("the flow stores {} series already", limit::DERIVED_SERIES_PER_FLOW);
                    return Some(refused.into_iter().map(|at| (at, "too_many_series", detail())).collect());
                }
                Err(error) if error.is_about_data() && batch.len() > 1 => return None,
                Err(error) if error.is_about_data() => return Some(vec![(0, "refused", error_text(&error))]),
                Err(error) => error,
            };
            self.shared.retries.fetch_add(1, Relaxed);
            if !self.shared.is_away.swap(true, Relaxed) {
                error!(
                    error = error_text(&failed),
                    rows = batch.len(),
                    "rows of flows cannot be stored: flows wait"
                );
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(limit::DERIVED_RETRY_MS_MAX));
        }
    }

    fn refuse(&self, derived: &Derived, item: &Item, code: &'static str, detail: String) {
        self.shared.refused.fetch_add(1, Relaxed);
        let (of, row) = (&derived.of, &derived.row);
        self.shared.dead_letters.give(Letter {
            flow: derived.flow,
            version: item.version,
            node: item.node.clone(),
            source: of.device.zip(of.sensor.clone()),
            timestamp: row.timestamp,
            offset: row.offset,
            value: value(row.num, row.raw.as_deref()),
            code,
            detail,
        });
    }
}

/// Which series a record goes to.
fn place_of(of: &Store, info: &SeriesInfo) -> DerivedOf {
    let name = of.series.clone();
    match of.by {
        StoreBy::Sensor => DerivedOf { name, device: Some(info.device), sensor: Some(info.sensor.clone()) },
        StoreBy::Device => DerivedOf { name, device: Some(info.device), sensor: None },
        StoreBy::All => DerivedOf { name, device: None, sensor: None },
    }
}

fn error_text(error: &edgesync_storage::log::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
impl Stored {
    /// Nothing is written while it is so.
    pub fn stall(&self, is_stalled: bool) {
        self.shared.stalled.send_replace(is_stalled);
    }

    /// As if a write had failed, or had been made.
    pub fn be_away(&self, is_away: bool) {
        self.shared.is_away.store(is_away, Relaxed);
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("written", &self.written()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "stored_tests.rs"]
mod tests;
