//! Two plans over the same readings: what leaves their last nodes, side by side.
//!
//! Records are the same if node, series, event time and place among those of one time are; then their values are compared.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use edgesync_engine::plan::Plan;
use edgesync_engine::{Emission, Replay, Rows};
use edgesync_schemas::flow::Port;
use edgesync_schemas::id::SeriesId;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::log::SeriesDictionary;
use serde_json::{Value as Json, json};

/// Which record: its series, its event time, and how many of that came before it.
type Key = (SeriesId, Timestamp, u32);
/// Its number, and its original JSON if it is none.
type Worth = (f64, Option<Arc<str>>);

/// Records of a node by both plans.
#[derive(Debug, Default)]
struct Node {
    draft: BTreeMap<Key, Worth>,
    deployed: BTreeMap<Key, Worth>,
    /// There were more than are compared.
    is_cut: bool,
}

/// The comparison.
#[derive(Debug)]
pub(super) struct Comparison {
    plan: Arc<Plan>,
    nodes: HashMap<Arc<str>, Node>,
    /// Of all nodes, by both.
    records: usize,
}

impl Comparison {
    /// Of a draft, all of whose nodes are watched, with the plan that runs.
    pub fn new(draft: &Arc<Plan>, deployed: &Arc<Plan>, replay: &Replay) -> Self {
        let last = |plan: &Arc<Plan>| -> BTreeSet<Arc<str>> {
            // a switch has no out of its own: what leaves it is seen behind its cases
            let nodes = plan
                .nodes()
                .iter()
                .filter(|node| node.spec.ports.contains(&Port::Out) && node.outputs.of(Port::Out).is_empty());
            nodes.map(|node| node.id.clone()).collect()
        };
        let all: BTreeSet<Arc<str>> = last(draft).union(&last(deployed)).cloned().collect();
        for node in replay.counters().nodes.iter().filter(|node| all.contains(&node.id)) {
            node.watch.store(1, Relaxed);
        }
        let nodes = all.into_iter().map(|node| (node, Node::default())).collect();
        Self { plan: deployed.clone(), nodes, records: 0 }
    }

    /// The plan that runs.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Takes what left a node of the draft.
    pub fn draft(&mut self, emission: &Emission) {
        self.take(emission, |node| &mut node.draft);
    }

    /// Takes what left a node of the plan that runs.
    pub fn deployed(&mut self, emission: &Emission) {
        self.take(emission, |node| &mut node.deployed);
    }

    fn take(&mut self, emission: &Emission, side: impl Fn(&mut Node) -> &mut BTreeMap<Key, Worth>) {
        let Emission::Rows(rows) = emission else { return };
        let Some(node) = self.nodes.get_mut(&rows.node).filter(|_| rows.port == Port::Out) else { return };
        for row in 0..rows.num.len() {
            let records = side(node);
            if self.records >= limit::COMPARE_RECORDS {
                node.is_cut = true;
                return;
            }
            self.records += 1;
            let (series, ts) = (rows.series[row], rows.ts[row]);
            let last = records.range((series, ts, 0)..=(series, ts, u32::MAX)).next_back();
            let before = last.map_or(0, |((_, _, last), _)| last + 1);
            records.insert((series, ts, before), worth(rows, row));
        }
    }

    /// How many records differ, node by node, and the first few that do.
    pub fn result(&self, dictionary: &SeriesDictionary) -> Json {
        let nodes: BTreeMap<&str, Json> =
            self.nodes.iter().map(|(id, node)| (&**id, of_node(node, dictionary))).collect();
        let same = self.nodes.values().all(|node| !node.is_cut && node.draft == node.deployed);
        json!({"same": same, "nodes": nodes})
    }
}

fn of_node(node: &Node, dictionary: &SeriesDictionary) -> Json {
    let (mut same, mut changed, mut only_draft, mut only_deployed) = (0u64, 0u64, 0u64, 0u64);
    let mut samples = Vec::new();
    let keys: BTreeSet<&Key> = node.draft.keys().chain(node.deployed.keys()).collect();
    for key in keys {
        let (draft, deployed) = (node.draft.get(key), node.deployed.get(key));
        match (draft, deployed) {
            (Some(draft), Some(deployed)) if draft == deployed => same += 1,
            (Some(_), Some(_)) => changed += 1,
            (Some(_), None) => only_draft += 1,
            _ => only_deployed += 1,
        }
        if draft != deployed && samples.len() < limit::RUN_SAMPLES {
            let info = dictionary.info(key.0);
            samples.push(json!({
                "device_id": info.as_ref().map(|info| info.device),
                "sensor_type": info.as_ref().map(|info| info.sensor.clone()),
                "timestamp": key.1,
                "draft": draft.map(shown),
                "deployed": deployed.map(shown),
            }));
        }
    }
    json!({
        "same": same,
        "changed": changed,
        "only_draft": only_draft,
        "only_deployed": only_deployed,
        "differences": samples,
        "is_cut": node.is_cut,
    })
}

fn worth(rows: &Rows, row: usize) -> Worth {
    let raw = rows.raw.binary_search_by_key(&(row as u32), |(row, _)| *row).ok();
    (rows.num[row], raw.map(|at| rows.raw[at].1.clone()))
}

fn shown((num, raw): &Worth) -> Json {
    match raw {
        Some(raw) => serde_json::from_str(raw).unwrap_or_default(),
        None => json!(num),
    }
}
