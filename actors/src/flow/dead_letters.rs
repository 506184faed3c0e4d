//! Dead letters: takes records that flows could not handle, and writes them down in batches.
//!
//! - Whoever gives one never waits. What does not fit is left out and counted, and the next letter of the flow that is taken says how many.
//! - One flow's flood takes neither the others' room nor their turn: a flow has so many a second, and so many that wait.
//! - A batch that cannot be written because the database is away is tried again every second; one that the database refuses is lost, and counted.
//! - What was not written when the process dies is made again, with the results of the readings that it comes from.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_engine::cell::emit::Rows;
use edgesync_schemas::entity::dead_letter::DeadLetter;
use edgesync_schemas::id::{DeviceId, FlowId, Id, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::Catalog;
use edgesync_storage::log::SeriesDictionary;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio::time::MissedTickBehavior;
use tracing::warn;
use uuid::Uuid;

use super::executions::{Written, written};
use crate::cell::now;

/// A record that a node could not handle, and nothing was connected that takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// The flow.
    pub flow: FlowId,
    /// Its version.
    pub version: u32,
    /// The node.
    pub node: Arc<str>,
    /// The record's device and sensor, if it comes from one.
    pub source: Option<(DeviceId, SensorName)>,
    /// The record's event time.
    pub timestamp: Timestamp,
    /// Arrival offset of the reading that it comes from.
    pub offset: Offset,
    /// Its value.
    pub value: Value,
    /// What was wrong, for programs.
    pub code: &'static str,
    /// What was wrong, for people.
    pub detail: String,
}

/// Why a letter was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// Its flow had more than [`limit::DEAD_LETTERS_PER_S`] within a second.
    Rate,
    /// [`limit::DEAD_LETTERS_WAITING`] of its flow wait to be written.
    Waiting,
    /// [`limit::DEAD_LETTER_QUEUE`] of all flows wait to be written.
    Full,
    /// The database refused it.
    Refused,
}

impl LeftOut {
    const ALL: [Self; 4] = [Self::Rate, Self::Waiting, Self::Full, Self::Refused];

    const fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Waiting => "waiting",
            Self::Full => "full",
            Self::Refused => "refused",
        }
    }
}

/// Takes letters. Cheap to clone.
#[derive(Clone)]
pub struct DeadLetters {
    shared: Arc<Shared>,
}

struct Shared {
    catalog: Catalog,
    dictionary: SeriesDictionary,
    waiting: Mutex<Waiting>,
    /// There is enough for a batch.
    enough: Notify,
    /// Somebody waits for what there is.
    is_hurried: AtomicBool,
    /// Letters taken, and those done with.
    taken: AtomicU64,
    done: watch::Sender<u64>,
    written: AtomicU64,
    left_out: [AtomicU64; 4],
    /// For tests: writes that are to be tried again.
    #[cfg(test)]
    postponed: AtomicU64,
    stopped: watch::Sender<bool>,
}

#[derive(Default)]
struct Waiting {
    queue: VecDeque<DeadLetter>,
    /// As many entries at most as flows that gave a letter lately, or whose last one was left out.
    flows: HashMap<FlowId, Share>,
}

#[derive(Default)]
struct Share {
    this_second: u32,
    waiting: u32,
    skipped: u64,
}

impl DeadLetters {
    /// Starts the writer. It ends with [`Self::finish`]. `dictionary` has the names of series.
    pub fn start(catalog: Catalog, dictionary: SeriesDictionary) -> Self {
        let letters = Self {
            shared: Arc::new(Shared {
                catalog,
                dictionary,
                waiting: Mutex::default(),
                enough: Notify::new(),
                is_hurried: AtomicBool::new(false),
                taken: AtomicU64::new(0),
                done: watch::Sender::new(0),
                written: AtomicU64::new(0),
                left_out: Default::default(),
                #[cfg(test)]
                postponed: AtomicU64::new(0),
                stopped: watch::Sender::new(false),
            }),
        };
        let stopped = letters.shared.stopped.subscribe();
        tokio::spawn(letters.clone().write(stopped));
        letters
    }

    /// Takes a letter, if there is room for it. Never waits.
    pub fn give(&self, letter: Letter) {
        let flow = letter.flow;
        let mut waiting = self.waiting();
        let is_full = waiting.queue.len() >= limit::DEAD_LETTER_QUEUE;
        let share = waiting.flows.entry(flow).or_default();
        let reason = match share {
            Share { this_second, .. } if *this_second >= limit::DEAD_LETTERS_PER_S => LeftOut::Rate,
            Share { waiting, .. } if *waiting >= limit::DEAD_LETTERS_WAITING => LeftOut::Waiting,
            _ if is_full => LeftOut::Full,
            _ => {
                share.this_second += 1;
                share.waiting += 1;
                let skipped = std::mem::take(&mut share.skipped);
                waiting.queue.push_back(letter.addressed(skipped));
                self.shared.taken.fetch_add(1, Relaxed);
                if waiting.queue.len() == limit::DEAD_LETTER_BATCH {
                    self.shared.enough.notify_one();
                }
                return;
            }
        };
        share.skipped += 1;
        self.leave_out(reason, 1);
    }

    /// Takes what a cell has given up of this version: rows with their reasons. `detail` is about the first of them. Never waits.
    pub(super) fn rows(&self, rows: &Rows, version: u32, detail: &str) {
        let mut raws = rows.raw.iter().peekable();
        for (row, (timestamp, reason)) in (0u32..).zip(rows.ts.iter().zip(&rows.reasons)) {
            let at = row as usize;
            let raw = raws.next_if(|(of, _)| *of == row);
            let info = self.shared.dictionary.info(rows.series[at]);
            self.give(Letter {
                flow: rows.flow,
                version,
                node: rows.node.clone(),
                source: info.map(|info| (info.device, info.sensor.clone())),
                timestamp: *timestamp,
                offset: rows.offset[at],
                value: value(rows.num[at], raw.map(|(_, raw)| &**raw)),
                code: reason.code(),
                detail: if row == 0 { detail.to_owned() } else { String::new() },
            });
        }
    }

    /// What was taken until now, for [`Self::written_to`].
    pub(super) fn place(&self) -> u64 {
        self.shared.taken.load(Relaxed)
    }

    /// Waits until every letter up to a place is written down, or was refused. Cancel safe.
    pub(super) async fn written_to(&self, place: u64) {
        let mut done = self.shared.done.subscribe();
        if *done.borrow() < place {
            self.shared.is_hurried.store(true, Relaxed);
            self.shared.enough.notify_one();
            // the sender is here: there is no error
            let _ = done.wait_for(|done| *done >= place).await;
        }
    }

    /// Letters written since the start of the process.
    pub fn written(&self) -> u64 {
        self.shared.written.load(Relaxed)
    }

    /// Letters left out since the start of the process, by reason.
    pub fn left_out(&self) -> [(&'static str, u64); 4] {
        LeftOut::ALL.map(|reason| (reason.name(), self.shared.left_out[reason as usize].load(Relaxed)))
    }

    /// Writes what waits, if the database takes it, and ends the writer. What is given later is lost. Cancel safe.
    pub async fn finish(&self) {
        self.shared.stopped.send_replace(true);
        self.shared.stopped.closed().await;
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // A std lock: held for a look-up, or to take a batch; never across an await.
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave_out(&self, reason: LeftOut, letters: u64) {
        self.shared.left_out[reason as usize].fetch_add(letters, Relaxed);
    }

    async fn write(self, mut stopped: watch::Receiver<bool>) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::new();
        let mut is_last = false;
        while !is_last {
            // Fewer than a batch are written once a second, and at the end.
            let mut least = tokio::select! {
                _ = tick.tick() => {
                    self.next_second();
                    1
                }
                () = self.shared.enough.notified(), if batch.is_empty() => {
                    if self.shared.is_hurried.swap(false, Relaxed) { 1 } else { limit::DEAD_LETTER_BATCH }
                }
                _ = stopped.wait_for(|stopped| *stopped) => {
                    is_last = true;
                    1
                }
            };
            loop {
                if batch.is_empty() {
                    batch = self.take(least);
                    least = if is_last { 1 } else { limit::DEAD_LETTER_BATCH };
                }
                if batch.is_empty() || !self.try_write(&batch).await {
                    break;
                }
                self.done(&batch);
                batch.clear();
            }
        }
    }

    /// Each flow may give some again.
    fn next_second(&self) {
        self.waiting().flows.retain(|_, share| {
            share.this_second = 0;
            share.waiting > 0 || share.skipped > 0
        });
    }

    /// A batch, if at least so many wait.
    fn take(&self, least: usize) -> Vec<DeadLetter> {
        let mut waiting = self.waiting();
        if waiting.queue.len() < least {
            return Vec::new();
        }
        let some = waiting.queue.len().min(limit::DEAD_LETTER_BATCH);
        waiting.queue.drain(..some).collect()
    }

    /// False if it is to be tried again.
    async fn try_write(&self, batch: &[DeadLetter]) -> bool {
        let letters = batch.len() as u64;
        match written(self.shared.catalog.add_dead_letters(batch).await) {
            Written::Yes => self.shared.written.fetch_add(letters, Relaxed),
            Written::Later => {
                #[cfg(test)]
                self.shared.postponed.fetch_add(1, Relaxed);
                return false;
            }
            Written::Never(error) => {
                warn!(letters, %error, "dead letters could not be written down");
                self.shared.left_out[LeftOut::Refused as usize].fetch_add(letters, Relaxed)
            }
        };
        true
    }

    fn done(&self, batch: &[DeadLetter]) {
        self.shared.done.send_modify(|done| *done += batch.len() as u64);
        let mut waiting = self.waiting();
        for letter in batch {
            if let Some(share) = waiting.flows.get_mut(&letter.flow_id) {
                share.waiting -= 1;
            }
        }
    }
}

impl Letter {
    fn addressed(self, skipped: u64) -> DeadLetter {
        let (device_id, sensor) = self.source.unzip();
        let letter = DeadLetter {
            id: Id::from_uuid(Uuid::now_v7()),
            flow_id: self.flow,
            version: self.version,
            node_id: self.node.to_string(),
            device_id,
            sensor_type: sensor.map(|sensor| sensor.as_str().to_owned()),
            timestamp: self.timestamp,
            offset: self.offset.0,
            value: self.value,
            is_cut: false,
            code: self.code.to_owned(),
            detail: self.detail,
            skipped,
            at: now(),
        };
        // Here already: what waits is bounded in bytes, too.
        letter.bounded()
    }
}

/// A record's value: its original where it is no number.
pub(super) fn value(num: f64, raw: Option<&str>) -> Value {
    match raw {
        // Deeper than a JSON reader goes: as text.
        Some(raw) => serde_json::from_str(raw).unwrap_or_else(|_| json!(raw)),
        None => json!(num),
    }
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetters").field("written", &self.written()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "dead_letters_tests.rs"]
mod tests;
