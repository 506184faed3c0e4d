//! Another version in the place of the one that runs, between two readings.

use std::sync::Arc;

use super::Naive;
use crate::plan::Plan;
use crate::state::{fingerprint, lineages};

impl Naive {
    /// The same flow, run by another plan from here on. Nodes that remember in the same way go on with what they remember, the others with nothing.
    #[must_use]
    pub fn hot(&self, plan: &Arc<Plan>) -> Self {
        let fingerprints = |plan: &Plan| plan.nodes().iter().map(|node| fingerprint(plan, node)).collect();
        let mut new = Self::new(Arc::clone(plan), self.keys_most, self.now);
        new.take_over(self, fingerprints(plan), fingerprints(&self.plan));
        new
    }

    /// A version that warmed up, in the place of `old`: nodes go on with what they remember there, if they and all before them are as they were there.
    #[must_use]
    pub fn cold(mut self, old: &Self) -> Self {
        let (mine, theirs) = (lineages(&self.plan), lineages(&old.plan));
        self.now = self.now.max(old.now);
        self.take_over(old, mine, theirs);
        self
    }

    fn take_over(&mut self, old: &Self, mine: Vec<u64>, theirs: Vec<u64>) {
        for (at, node) in self.plan.nodes().iter().enumerate().filter(|(_, node)| !node.begins_empty()) {
            let is_same =
                |other: &usize| old.plan.nodes()[*other].id == node.id && theirs[*other] == mine[at];
            let Some(other) = (0..theirs.len()).find(is_same) else { continue };
            self.states[at].clone_from(&old.states[other]);
            self.counters[at].in_flight = old.counters[other].in_flight;
        }
    }
}
