//! Records that a flow could not handle, counted for its tenant at each look at the flow's counters.

use edgesync_engine::metrics::FlowCounters;

use super::flow::Arguments;

/// How many of a flow's are counted.
pub(super) struct Failed(u64);

impl Failed {
    /// All that there are: whoever looked before has counted them.
    pub fn counted(counters: &FlowCounters) -> Self {
        Self(errors(counters))
    }

    /// Counts those since the last look.
    pub fn count(&mut self, of: &Arguments) {
        let errors = errors(&of.counters);
        let new = errors - std::mem::replace(&mut self.0, errors);
        if new > 0 {
            of.tallies.of(of.installed.tenant).fail(new);
        }
    }

    /// Others count from here on, from nothing.
    pub fn begin_again(&mut self, before: &Arguments) {
        self.count(before);
        self.0 = 0;
    }
}

/// Records that a flow's nodes could not handle.
pub(super) fn errors(counters: &FlowCounters) -> u64 {
    counters.nodes.iter().map(|node| node.snapshot().error).sum()
}
