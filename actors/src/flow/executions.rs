//! Executions: what is told of the flows that run, collected here and written to the catalog by one task, once a second.
//!
//! - **Deployments**: that a version runs, or failed. Never dropped; kept until they are written.
//! - **Minutes**: what each node counted, read from its counters about once a minute (`minutes.rs`). While nothing can be written nothing is
//!   read, so the next summary is about more time and none is missing. What was counted since the last one is lost with the process.
//! - **Samples**: single records, at most one a second of each node, and few of each flow. They wait in a bounded queue; what does not fit is counted.
//!
//! Whoever tells something never waits.

mod minutes;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_engine::cell::emit::Rows;
use edgesync_engine::metrics::FlowCounters;
use edgesync_schemas::entity::execution::{NodeScope, NodeStatus, NodeWork};
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_storage::catalog::{self, Catalog, Deployment, NodeRecord};
use edgesync_storage::log::SeriesDictionary;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::warn;

use super::dead_letters::value;
use super::node::ErrorSample;
use crate::cell::now;
use minutes::Minutes;

/// Hears how flows run. Cheap to clone.
#[derive(Clone)]
pub struct Executions {
    shared: Arc<Shared>,
}

struct Shared {
    catalog: Catalog,
    dictionary: SeriesDictionary,
    told: Mutex<Told>,
    written: AtomicU64,
    left_out: AtomicU64,
    refused: AtomicU64,
    /// For tests: writes that are to be tried again.
    #[cfg(test)]
    postponed: AtomicU64,
    stopped: watch::Sender<bool>,
}

#[derive(Default)]
struct Told {
    /// By flow, version, and whether it failed: the order in which they are written does not matter. A deployment is told of after it was
    /// written down, so there are no more of them than the catalog has taken.
    deployments: BTreeMap<(FlowId, u32, bool), Deployment>,
    samples: VecDeque<NodeRecord>,
    /// The nodes that were sampled in this second.
    sampled: HashMap<FlowId, Vec<Arc<str>>>,
    minutes: Minutes,
}

impl Executions {
    /// Starts the writer. It ends with [`Self::finish`].
    pub fn start(catalog: Catalog, dictionary: SeriesDictionary) -> Self {
        let executions = Self {
            shared: Arc::new(Shared {
                catalog,
                dictionary,
                told: Mutex::default(),
                written: AtomicU64::new(0),
                left_out: AtomicU64::new(0),
                refused: AtomicU64::new(0),
                #[cfg(test)]
                postponed: AtomicU64::new(0),
                stopped: watch::Sender::new(false),
            }),
        };
        let stopped = executions.shared.stopped.subscribe();
        tokio::spawn(executions.clone().write(stopped));
        executions
    }

    /// A version of a flow runs from now on, in place of what ran before.
    pub fn runs(&self, flow: FlowId, version: u32) {
        self.became(Deployment { flow, version, at: now(), failed: None });
    }

    /// A version of a flow does not run as it should from now on, and why.
    pub fn failed(&self, flow: FlowId, version: u32, why: &str) {
        self.became(Deployment { flow, version, at: now(), failed: Some(why.to_owned()) });
    }

    fn became(&self, one: Deployment) {
        let key = (one.flow, one.version, one.failed.is_some());
        self.told().deployments.insert(key, one);
    }

    /// A version of a flow was installed with these counters, or what was is this version now.
    pub(crate) fn attach(&self, counters: &Arc<FlowCounters>, version: u32) {
        let mut told = self.told();
        let left = told.minutes.attach(counters, version);
        for record in left {
            self.queue(&mut told, record);
        }
    }

    /// A flow was removed.
    pub(crate) fn detach(&self, flow: FlowId) {
        self.told().minutes.detach(flow);
    }

    /// Which version that is which a cell calls so: one that does the same as the one before is not installed anew.
    pub(super) fn version(&self, flow: FlowId, installed: u32) -> u32 {
        self.told().minutes.version(flow, installed)
    }

    /// A node could not handle a record.
    pub(super) fn error(&self, flow: FlowId, version: u32, node: &Arc<str>, sample: &ErrorSample) {
        self.sample(flow, version, node, || {
            let input = json!({
                "device_id": sample.device_id,
                "sensor_type": sample.sensor_type,
                "timestamp": sample.timestamp,
                "code": sample.code,
                "detail": sample.detail,
            });
            work(node, NodeStatus::Failed, object(input), Map::new())
        });
    }

    /// A node that is watched put out records: the last of them is a sample.
    pub(super) fn rows(&self, rows: &Rows) {
        let Some(last) = rows.ts.len().checked_sub(1) else { return };
        self.sample(rows.flow, rows.version, &rows.node, || {
            let info = self.shared.dictionary.info(rows.series[last]);
            let raw = rows.raw.last().filter(|(row, _)| *row as usize == last);
            let output = json!({
                "device_id": info.as_ref().map(|info| info.device),
                "sensor_type": info.as_ref().map(|info| &info.sensor),
                "timestamp": rows.ts[last],
                "value": value(rows.num[last], raw.map(|(_, raw)| &**raw)),
            });
            work(&rows.node, NodeStatus::Completed, Map::new(), object(output))
        });
    }

    /// Samples written, and summaries of minutes, since the start of the process.
    pub fn written(&self) -> u64 {
        self.shared.written.load(Relaxed)
    }

    /// Samples that did not fit into the queue since the start of the process.
    pub fn left_out(&self) -> u64 {
        self.shared.left_out.load(Relaxed)
    }

    /// Samples and summaries that the database refused since the start of the process.
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Relaxed)
    }

    /// Writes everything that was told, and what was counted until now, if the database takes it, and ends the writer. Cancel safe.
    pub async fn finish(&self) {
        self.shared.stopped.send_replace(true);
        self.shared.stopped.closed().await;
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        // A std lock: held for a look-up, or to read a sixtieth of the counters; never across an await.
        self.shared.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sample(&self, flow: FlowId, version: u32, node: &Arc<str>, make: impl FnOnce() -> NodeWork) {
        let mut told = self.told();
        let of_flow = told.sampled.entry(flow).or_default();
        if of_flow.len() >= limit::NODE_SAMPLES_PER_S || of_flow.contains(node) {
            return;
        }
        of_flow.push(node.clone());
        let version = told.minutes.version(flow, version);
        self.queue(&mut told, NodeRecord { flow, version, scope: NodeScope::Sample, work: make() });
    }

    fn queue(&self, told: &mut Told, record: NodeRecord) {
        if told.samples.len() < limit::SAMPLE_QUEUE {
            told.samples.push_back(record);
        } else {
            self.shared.left_out.fetch_add(1, Relaxed);
        }
    }

    async fn write(self, mut stopped: watch::Receiver<bool>) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let start = Instant::now();
        let mut records = VecDeque::new();
        let mut is_last = false;
        while !is_last {
            tokio::select! {
                _ = tick.tick() => {}
                _ = stopped.wait_for(|stopped| *stopped) => is_last = true,
            }
            // What could not be written is written before anything else is taken.
            if records.is_empty() {
                records = self.take(start.elapsed().as_secs(), is_last);
            }
            while self.write_some(&mut records).await && !records.is_empty() {}
        }
    }

    fn take(&self, second: u64, all: bool) -> VecDeque<NodeRecord> {
        let mut told = self.told();
        told.sampled.clear();
        let mut records = std::mem::take(&mut told.samples);
        records.extend(if all { told.minutes.look_at_all() } else { told.minutes.look(second) });
        records
    }

    /// Writes the deployments that were told of and the first of the records. False if they are to be tried again.
    async fn write_some(&self, records: &mut VecDeque<NodeRecord>) -> bool {
        let deployments: Vec<_> = self.told().deployments.values().cloned().collect();
        let some: Vec<_> = records.iter().take(limit::EXECUTION_BATCH).cloned().collect();
        if deployments.is_empty() && some.is_empty() {
            return true;
        }
        let count = some.len();
        let is_written = match written(self.shared.catalog.record_executions(&deployments, some).await) {
            Written::Yes => {
                self.shared.written.fetch_add(count as u64, Relaxed);
                true
            }
            Written::Later => {
                #[cfg(test)]
                self.shared.postponed.fetch_add(1, Relaxed);
                return false;
            }
            Written::Never(error) => {
                warn!(records = count, %error, "what flows did could not be written down");
                self.shared.refused.fetch_add(count as u64, Relaxed);
                false
            }
        };
        records.drain(..count);
        // One that was refused with records is tried again without them.
        if is_written || count == 0 {
            self.told().deployments.retain(|_, one| !deployments.contains(one));
        }
        true
    }
}

/// What a node did with one record.
fn work(
    node: &str,
    status: NodeStatus,
    input_data: Map<String, Value>,
    output_data: Map<String, Value>,
) -> NodeWork {
    let is_error = status == NodeStatus::Failed;
    NodeWork {
        node_id: node.to_owned(),
        status,
        input_data,
        output_data,
        records_in: u64::from(is_error),
        records_out: u64::from(!is_error),
        errors: u64::from(is_error),
        busy_ns: 0,
        executed_at: now(),
    }
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}

/// What became of a batch.
pub(super) enum Written {
    /// It is there.
    Yes,
    /// Not now.
    Later,
    /// It cannot be.
    Never(catalog::Error),
}

pub(super) fn written(answer: Result<(), catalog::Error>) -> Written {
    use catalog::Error::{Busy, OutcomeUnknown};
    match answer {
        Ok(()) => Written::Yes,
        Err(Busy | OutcomeUnknown) => Written::Later,
        Err(error) => Written::Never(error),
    }
}

impl fmt::Debug for Executions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executions").field("written", &self.written()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "executions_tests.rs"]
mod tests;
