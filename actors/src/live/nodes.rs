//! Flow nodes: what cells send of nodes that somebody watches, to those who do.
//!
//! A cell sends a node's records only while its `watch` counter is above 0; each followed field holds one count of it. Counters change with
//! every installation of a flow, so who follows is kept here and carried over to the new ones. A flow that is not deployed can be
//! followed: values come when it is.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgesync_engine::cell::emit::Rows;
use edgesync_engine::metrics::FlowCounters;
use edgesync_schemas::id::{FlowId, SeriesId};
use edgesync_schemas::reading::SeriesInfo;
use edgesync_schemas::unit::Unit;
use edgesync_schemas::wire::live::{OUTPUT, Point};
use edgesync_storage::log::SeriesDictionary;
use tokio::time::Instant;

use super::conflate::Sample;
use super::epoch::new_epoch;
use super::followed::Followed;
use super::source::Source;

/// Units that nodes show instead of their readings' own.
pub type Units = HashMap<Arc<str>, Unit>;

#[derive(Default)]
pub(super) struct Nodes {
    flows: Mutex<HashMap<FlowId, FlowNodes>>,
}

#[derive(Default)]
struct FlowNodes {
    /// Of the installed version, while one is.
    counters: Option<Arc<FlowCounters>>,
    units: Units,
    /// The followed fields of each node.
    followed: HashMap<Arc<str>, Vec<Arc<Followed>>>,
}

impl Nodes {
    fn flows(&self) -> MutexGuard<'_, HashMap<FlowId, FlowNodes>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows a field of a node from now on.
    pub(super) fn follow(&self, flow: FlowId, node: &Arc<str>, field: &Arc<str>) -> Arc<Followed> {
        let source = Source::FlowNode { flow, node: node.clone(), field: field.clone() };
        let followed = Arc::new(Followed::new(source, new_epoch(), 0));
        let mut flows = self.flows();
        let flow = flows.entry(flow).or_default();
        flow.followed.entry(node.clone()).or_default().push(followed.clone());
        flow.watch(node, 1);
        followed
    }

    /// Follows it no longer.
    pub(super) fn let_go(&self, id: FlowId, node: &Arc<str>, followed: &Arc<Followed>) {
        let mut flows = self.flows();
        let Some(flow) = flows.get_mut(&id) else { return };
        let Some(fields) = flow.followed.get_mut(node) else { return };
        fields.retain(|other| !Arc::ptr_eq(other, followed));
        if fields.is_empty() {
            flow.followed.remove(node);
        }
        flow.unwatch(node, 1);
        if flow.counters.is_none() && flow.followed.is_empty() {
            flows.remove(&id);
        }
    }

    /// A flow was installed with these counters: what is followed of it is watched from its first record on.
    pub(super) fn attach(&self, counters: &Arc<FlowCounters>, units: Units) {
        let mut flows = self.flows();
        let flow = flows.entry(counters.flow).or_default();
        if flow.counters.as_ref().is_some_and(|known| Arc::ptr_eq(known, counters)) {
            return;
        }
        flow.counters = Some(counters.clone());
        flow.units = units;
        let followed: HashMap<_, _> =
            flow.followed.iter().map(|(node, fields)| (node.clone(), fields.len())).collect();
        // The engine carries the counts of a running version over, for what leaves its successor before this is called; these are right.
        for node in &counters.nodes {
            let fields = followed.get(&node.id).copied().unwrap_or_default();
            node.watch.store(u32::try_from(fields).unwrap_or(u32::MAX), Relaxed);
        }
    }

    /// A flow runs no more. Those who follow it wait for it.
    pub(super) fn detach(&self, id: FlowId) {
        let mut flows = self.flows();
        let Some(flow) = flows.get_mut(&id) else { return };
        flow.counters = None;
        if flow.followed.is_empty() {
            flows.remove(&id);
        }
    }

    /// Whether the installed version has the node, while one is installed.
    pub(super) fn has(&self, id: FlowId, node: &str) -> Option<bool> {
        let flows = self.flows();
        let counters = flows.get(&id)?.counters.as_ref()?;
        Some(counters.node(node).is_some())
    }

    /// Gives records to those who follow their node. Whether somebody watches it, or it is only kept.
    pub(super) fn publish(&self, rows: &Rows, dictionary: &SeriesDictionary) -> bool {
        let (fields, unit) = {
            let flows = self.flows();
            let Some(flow) = flows.get(&rows.flow) else { return false };
            let Some(fields) = flow.followed.get(&rows.node) else { return false };
            (fields.clone(), flow.units.get(&rows.node).cloned())
        };
        let units = match unit {
            Some(unit) => vec![Some(unit); rows.ts.len()],
            None => units(rows, dictionary),
        };
        let (now, mut is_watched) = (Instant::now(), false);
        for followed in fields {
            let Source::FlowNode { field, .. } = &followed.source else { continue };
            is_watched |= followed.offer_unnumbered(&mut samples(rows, field, &units), &rows.offset, now);
        }
        is_watched
    }
}

impl FlowNodes {
    fn watch(&self, node: &str, by: u32) {
        if let Some(node) = self.counters.as_ref().and_then(|counters| counters.node(node)) {
            node.watch.fetch_add(by, Relaxed);
        }
    }

    fn unwatch(&self, node: &str, by: u32) {
        if let Some(node) = self.counters.as_ref().and_then(|counters| counters.node(node)) {
            let _ = node.watch.fetch_update(Relaxed, Relaxed, |watch| Some(watch.saturating_sub(by)));
        }
    }
}

/// One field of each record. A field that the node does not have gives none.
fn samples(rows: &Rows, field: &str, units: &[Option<Unit>]) -> Vec<Sample> {
    let is_output = field == OUTPUT;
    let (nums, raws) = match rows.fields.iter().find(|(name, _)| **name == *field) {
        Some((_, column)) => (&column.num, &column.raw),
        None if is_output => (&rows.num, &rows.raw),
        None => return Vec::new(),
    };
    let mut raws = raws.iter().peekable();
    let mut samples = Vec::with_capacity(nums.len());
    for (((row, ts), num), unit) in (0u32..).zip(&rows.ts).zip(nums).zip(units) {
        let raw = raws.next_if(|(at, _)| *at == row).map(|(_, raw)| (&**raw).into());
        samples.push(Sample { offset: 0, point: Point { ts: *ts, num: *num, raw }, unit: unit.clone() });
    }
    samples
}

/// The units of the series that the records belong to. Neighbours mostly share one, and its look-up.
fn units(rows: &Rows, dictionary: &SeriesDictionary) -> Vec<Option<Unit>> {
    let mut last: (SeriesId, Option<Arc<SeriesInfo>>) = (SeriesId(u32::MAX), None);
    let unit = |(row, series): (usize, &SeriesId)| {
        if last.0 != *series {
            last = (*series, dictionary.info(*series));
        }
        rows.unit_of(row, last.1.as_deref()?).cloned()
    };
    rows.series.iter().enumerate().map(unit).collect()
}
