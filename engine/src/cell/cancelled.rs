//! Installs that were cancelled before the cell came to them.

use std::collections::{HashMap, VecDeque};

use edgesync_schemas::id::FlowId;

use super::command::Generation;

/// Removes that came before the installs they are meant for. Each is kept until the cell has taken what waited when it came.
#[derive(Debug, Default)]
pub(super) struct Cancelled {
    /// Installs up to this one are not made.
    flows: HashMap<FlowId, Generation>,
    /// In order: when so much was taken, this remove has met all that it was meant for.
    until: VecDeque<(u64, FlowId, Generation)>,
    taken: u64,
}

impl Cancelled {
    /// Installs of a flow up to this one are cancelled: one of them may be at hand, or among the `waiting`.
    pub fn note(&mut self, flow: FlowId, generation: Generation, waiting: usize) {
        let newest = self.flows.entry(flow).or_default();
        *newest = generation.max(*newest);
        self.until.push_back((self.taken + waiting as u64, flow, generation));
    }

    /// The cell takes the next of what waits; what it took before is done.
    pub fn take(&mut self) {
        self.taken += 1;
        while let Some(&(until, flow, generation)) = self.until.front() {
            if until >= self.taken {
                return;
            }
            self.until.pop_front();
            if self.flows.get(&flow) == Some(&generation) {
                self.flows.remove(&flow);
            }
        }
    }

    /// Whether an install is not to be made.
    pub fn has(&self, flow: FlowId, generation: Generation) -> bool {
        self.flows.get(&flow).is_some_and(|cancelled| generation <= *cancelled)
    }

    /// Nothing waits.
    pub fn clear(&mut self) {
        self.flows.clear();
        self.until.clear();
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn flow(n: u128) -> FlowId {
        FlowId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn a_remove_is_kept_until_what_waited_was_taken_and_no_longer() {
        let mut cancelled = Cancelled::default();
        cancelled.take();
        // one at hand and two that wait; the second of those is another remove's
        cancelled.note(flow(1), 5, 2);
        assert!(cancelled.has(flow(1), 5) && !cancelled.has(flow(1), 6) && !cancelled.has(flow(2), 1));
        cancelled.take();
        cancelled.note(flow(1), 7, 1);
        cancelled.take();
        assert!(cancelled.has(flow(1), 7));
        cancelled.take();
        assert!(!cancelled.has(flow(1), 7));
    }

    #[test]
    fn removes_on_a_busy_cell_do_not_add_up() {
        let mut cancelled = Cancelled::default();
        for n in 0..10_000 {
            cancelled.take();
            cancelled.note(flow(n), 1, 3);
        }
        assert!(cancelled.flows.len() <= 5 && cancelled.until.len() <= 5, "{}", cancelled.flows.len());
    }
}
