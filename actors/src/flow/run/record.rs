//! What each node of a run was given and put out: the first few records, and counts of all.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use edgesync_engine::plan::{Plan, Work};
use edgesync_engine::replay::InfoOf;
use edgesync_engine::{Emission, Replay, Rows};
use edgesync_schemas::entity::execution::{NodeStatus, NodeWork};
use edgesync_schemas::limit;
use edgesync_schemas::reading::SeriesInfo;
use serde_json::{Map, Value as Json, json};

use super::object;
use crate::cell::now;

/// Takes what leaves the nodes of a run.
#[derive(Debug)]
pub(super) struct Recorder {
    plan: Arc<Plan>,
    places: HashMap<Arc<str>, usize>,
    /// By node.
    input: Vec<Vec<Json>>,
    output: Vec<Map<String, Json>>,
    failed: Vec<Option<String>>,
}

impl Recorder {
    /// Of a plan; what it runs as is watched from now on.
    pub fn new(plan: &Arc<Plan>, replay: &Replay) -> Self {
        replay.counters().nodes.iter().for_each(|node| node.watch.store(1, Relaxed));
        let count = plan.nodes().len();
        let places = plan.nodes().iter().enumerate().map(|(at, node)| (node.id.clone(), at)).collect();
        Self {
            plan: plan.clone(),
            places,
            input: vec![Vec::new(); count],
            output: vec![Map::new(); count],
            failed: vec![None; count],
        }
    }

    /// Takes what left a node.
    pub fn take(&mut self, emission: Emission, info_of: InfoOf<'_>) {
        match emission {
            // of flows that run on cells
            Emission::Left(_) => {}
            Emission::Rows(rows) => self.rows(&rows, info_of),
            // they are in the rows of the node and of the error port as well
            Emission::Stored(..) | Emission::Dead(..) => {}
            Emission::Event(event) => {
                if let (Some(at), edgesync_engine::EventKind::Panicked { message }) =
                    (self.places.get(&event.node), event.kind)
                {
                    self.failed[*at] = Some(message);
                }
            }
        }
    }

    fn rows(&mut self, rows: &Rows, info_of: InfoOf<'_>) {
        let Some(&at) = self.places.get(&rows.node) else { return };
        let node = &self.plan.nodes()[at];
        let name = rows.port.name_in(&node.cases).into_owned();
        let taken = self.output[at].entry(name).or_insert_with(|| Json::Array(Vec::new()));
        let Json::Array(taken) = taken else { return };
        let first = (0..rows.num.len()).take(limit::RUN_SAMPLES);
        let records: Vec<Json> =
            first.map(|row| record(rows, row, info_of(rows.series[row]).as_deref())).collect();
        if let Work::Source(_) = node.work {
            // a source puts out what it is given
            let input = &mut self.input[at];
            let room = limit::RUN_SAMPLES.saturating_sub(input.len());
            input.extend(records.iter().take(room).cloned());
        }
        for edge in node.outputs.of(rows.port) {
            let input = &mut self.input[self.plan.edges()[*edge].to];
            let room = limit::RUN_SAMPLES.saturating_sub(input.len());
            input.extend(records.iter().take(room).cloned());
        }
        let room = limit::RUN_SAMPLES.saturating_sub(taken.len());
        taken.extend(records.into_iter().take(room));
    }

    /// What each node did.
    pub fn nodes(&self, replay: &Replay) -> Vec<NodeWork> {
        let counters = &replay.counters().nodes;
        let executed_at = now();
        let nodes = counters.iter().enumerate().map(|(at, node)| {
            let counts = node.snapshot();
            let records = &self.input[at];
            let mut input = object(json!({"count": counts.in_, "records": records}));
            if counts.in_ as usize > records.len() {
                input.insert("more".into(), json!(counts.in_ as usize - records.len()));
            }
            let mut output = self.output[at].clone();
            for (name, count) in [
                ("filtered", counts.filtered),
                ("late", counts.late),
                ("dropped", counts.dropped),
                ("in_flight", counts.in_flight),
            ] {
                if count > 0 {
                    output.insert(format!("{name}_count"), json!(count));
                }
            }
            if let Some(message) = &self.failed[at] {
                output.insert("panicked".into(), json!(message));
            }
            NodeWork {
                node_id: node.id.to_string(),
                status: if self.failed[at].is_some() { NodeStatus::Failed } else { NodeStatus::Completed },
                input_data: input,
                output_data: output,
                records_in: counts.in_,
                records_out: counts.out,
                errors: counts.error,
                busy_ns: counts.busy_ns,
                executed_at,
            }
        });
        nodes.collect()
    }

    /// What nodes that act on the world, or show it something, would have done.
    pub fn effects(&self, replay: &Replay) -> Json {
        let effects = self.plan.nodes().iter().enumerate().filter_map(|(at, node)| {
            let acts =
                node.spec.side_effect || node.spec.category == edgesync_schemas::flow::node::Category::Sink;
            let counts = replay.counters().nodes[at].snapshot();
            let first = self.input[at].first().cloned();
            acts.then(
                || json!({"node": &*node.id, "type": node.spec.kind, "count": counts.in_, "first": first}),
            )
        });
        Json::Array(effects.collect())
    }
}

/// A record as people read it.
pub(super) fn record(rows: &Rows, row: usize, info: Option<&SeriesInfo>) -> Json {
    let raw = |raws: &[(u32, Arc<str>)]| {
        raws.binary_search_by_key(&(row as u32), |(row, _)| *row).ok().map(|at| raws[at].1.clone())
    };
    let mut record = json!({
        "device_id": info.map(|info| info.device),
        "sensor_type": info.map(|info| info.sensor.clone()),
        "timestamp": rows.ts[row],
        "value": value(rows.num[row], raw(&rows.raw).as_deref()),
        "unit": info.and_then(|info| rows.unit_of(row, info)),
    });
    if !rows.fields.is_empty() {
        let fields = rows
            .fields
            .iter()
            .map(|(name, column)| (name.to_string(), value(column.num[row], raw(&column.raw).as_deref())));
        record["fields"] = Json::Object(fields.collect());
    }
    if let Some(reason) = rows.reasons.get(row) {
        record["reason"] = json!(reason.code());
    }
    record
}

fn value(num: f64, raw: Option<&str>) -> Json {
    match raw {
        Some(raw) => serde_json::from_str(raw).unwrap_or_default(),
        None => json!(num),
    }
}
