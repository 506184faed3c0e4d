//! What a flow remembers, as bytes: so that another run of it goes on where this one was.
//!
//! A [`Saved`] is whole: it has the flow's place in the log, and states of all its stages at that place. It is only good for a plan whose
//! nodes remember in the same way, which [`fingerprint`] says; for any other the flow is fed again from the log.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::metrics::FlowCounters;
use crate::ops::Stage;
use crate::plan::{Plan, PlannedNode, Work};

/// The way in which stages write their state. Another number: none of it can be read.
const FORMAT: u32 = 2;

/// The state of a flow at a place in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    format: u32,
    /// The first reading that it has not seen.
    pub next: Offset,
    /// Its clock.
    pub(crate) clock_us: i64,
    /// Its series, in the order of their keys.
    pub(crate) series: Vec<SeriesId>,
    /// The stages that remember something.
    pub(crate) stages: Vec<SavedStage>,
    /// What was put out beyond that by the time it was saved, for a flow that goes on elsewhere in the same process. Whoever writes states down
    /// writes that down for all flows together.
    #[serde(skip)]
    pub(crate) muted_to: (u64, i64),
}

/// What a running flow remembers, and what counted for it by then.
#[derive(Debug)]
pub struct SavedFlow {
    /// What it remembers.
    pub saved: Saved,
    /// Its counters.
    pub counters: Arc<FlowCounters>,
    /// What they said: see [`FlowCounters::moved`].
    pub moved: u64,
}

/// The state of one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedStage {
    pub node: Box<str>,
    /// Of the node it is of.
    pub fingerprint: u64,
    /// `None` if it had failed.
    pub state: Option<Vec<u8>>,
}

/// What was saved cannot be read, or is of another configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the saved state cannot be used")]
pub struct BadState;

impl Saved {
    pub(crate) fn new(next: Offset, clock_us: i64, series: Vec<SeriesId>, stages: Vec<SavedStage>) -> Self {
        Self { format: FORMAT, next, clock_us, series, stages, muted_to: (0, 0) }
    }

    /// How far results were put out when it was saved: those of readings before an offset, and those of time up to a time. Only of one that was
    /// not written down meanwhile.
    pub fn put_out(&self) -> (Offset, Timestamp) {
        let (next, clock_us) = self.muted_to;
        (self.next.max(Offset(next)), Timestamp::from_us_saturating(self.clock_us.max(clock_us)))
    }

    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        save(self)
    }

    /// From bytes.
    ///
    /// # Errors
    /// [`BadState`] if it is not whole, or was written in another way than today's.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadState> {
        let saved: Self = load(bytes)?;
        if saved.format == FORMAT { Ok(saved) } else { Err(BadState) }
    }

    /// Bytes that it takes, about.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.series.len() * size_of::<SeriesId>()
            + self
                .stages
                .iter()
                .map(|stage| {
                    size_of::<SavedStage>() + stage.node.len() + stage.state.as_ref().map_or(0, Vec::len)
                })
                .sum::<usize>()
    }
}

/// Says in which way a node remembers: two nodes with the same one can take over each other's state. A new version of the software may
/// change it, and then the flow is fed again.
pub(crate) fn fingerprint(plan: &Plan, node: &PlannedNode) -> u64 {
    let mut hasher = DefaultHasher::new();
    node.spec.kind.hash(&mut hasher);
    format!("{:?}", node.work).hash(&mut hasher);
    node.entering.names.hash(&mut hasher);
    node.input_names.hash(&mut hasher);
    // Units are remembered by their places.
    plan.units.hash(&mut hasher);
    hasher.finish()
}

/// Says of each node of a plan what made its state: how it and all nodes before it work, and how they are connected.
pub(crate) fn lineages(plan: &Plan) -> Vec<u64> {
    let mut lineages: Vec<u64> = Vec::with_capacity(plan.nodes().len());
    for node in plan.nodes() {
        let mut before: Vec<_> = node
            .inputs
            .iter()
            .map(|edge| plan.edges()[*edge])
            .map(|edge| (edge.input, edge.port, lineages[edge.from]))
            .collect();
        before.sort_unstable();
        let mut hasher = DefaultHasher::new();
        (fingerprint(plan, node), before).hash(&mut hasher);
        lineages.push(hasher.finish());
    }
    lineages
}

/// What a new version of a flow may take over from the one that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It does the same: only what people see differs.
    Cosmetic,
    /// Every node that remembers something does so as it did: it takes over between two readings.
    Hot,
    /// Some node remembers in another way, or is new: it must be fed what is stored.
    Cold,
}

impl Plan {
    /// What another version of the flow changes.
    pub fn change_to(&self, new: &Self) -> Change {
        let is_same_node = |a: &PlannedNode, b: &PlannedNode| {
            a.id == b.id
                && fingerprint(self, a) == fingerprint(new, b)
                && a.outputs == b.outputs
                && a.cases == b.cases
        };
        let is_same = self.nodes().len() == new.nodes().len()
            && self.edges() == new.edges()
            && self.nodes().iter().zip(new.nodes()).all(|(a, b)| is_same_node(a, b));
        if is_same {
            return Change::Cosmetic;
        }
        let has = |node: &PlannedNode| {
            self.nodes()
                .iter()
                .any(|old| old.id == node.id && fingerprint(self, old) == fingerprint(new, node))
        };
        let is_hot = new.nodes().iter().filter(|node| node.remembers() && !node.begins_empty()).all(has);
        if is_hot { Change::Hot } else { Change::Cold }
    }

    /// Whether any node remembers something.
    pub fn remembers(&self) -> bool {
        self.nodes().iter().any(PlannedNode::remembers)
    }
}

impl PlannedNode {
    /// Whether it begins with nothing when it is deployed, whatever came before.
    pub(crate) fn begins_empty(&self) -> bool {
        matches!(&self.work, Work::MovingAverage(of) if of.reset_on_start)
    }

    /// Whether it remembers something between records.
    pub fn remembers(&self) -> bool {
        Stage::new(self, 1).save().is_some()
    }
}

/// Something a stage remembers, as bytes.
pub(crate) fn save<T: Serialize>(state: &T) -> Vec<u8> {
    // Writing to memory fails for types only that have no length before they are written, which states are not made of.
    postcard::to_allocvec(state).unwrap_or_default()
}

/// Something a stage remembered.
pub(crate) fn load<T: DeserializeOwned>(saved: &[u8]) -> Result<T, BadState> {
    match postcard::take_from_bytes(saved) {
        Ok((state, [])) => Ok(state),
        _ => Err(BadState),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_or_has_something_behind_it_is_refused() {
        let saved = Saved::new(Offset(7), 1, vec![SeriesId(3)], Vec::new());
        let mut bytes = saved.to_bytes();
        assert_eq!(Saved::from_bytes(&bytes), Ok(saved));
        assert_eq!(Saved::from_bytes(&bytes[..bytes.len() - 1]), Err(BadState));
        bytes.push(0);
        assert_eq!(Saved::from_bytes(&bytes), Err(BadState));
        let other = Saved { format: FORMAT + 1, ..Saved::new(Offset(7), 1, Vec::new(), Vec::new()) };
        assert_eq!(Saved::from_bytes(&other.to_bytes()), Err(BadState));
    }
}
