//! Saving what a flow remembers, and going on with it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::reading::SeriesInfo;

use super::FlowRun;
use crate::metrics::{FlowCounters, bump};
use crate::ops::{Stage, needs};
use crate::plan::Plan;
use crate::state::{BadState, Saved, SavedStage, fingerprint, lineages};

impl FlowRun {
    /// What it remembers, on a cell that was fed all readings before `next`: a flow that was loaded there may have seen more.
    pub fn save(&self, next: Offset) -> Saved {
        let nodes = self.plan.nodes.iter().zip(&self.stages);
        let stages = nodes.filter_map(|(node, stage)| {
            // of one that has failed it is known that it would remember something
            let state = match stage {
                Stage::Failed if node.remembers() => None,
                stage => Some(stage.save()?),
            };
            Some(SavedStage { node: Box::from(&*node.id), fingerprint: fingerprint(&self.plan, node), state })
        });
        let next = next.max(self.seen_to());
        let mut saved = Saved::new(next, self.clock_us, self.series_ids().collect(), stages.collect());
        saved.muted_to = self.muted_to;
        saved
    }

    /// Goes on where `saved` was made: readings before that are passed over. `info_of` knows all series. It fails for a state of which a running flow
    /// could not take over everything that nodes of this one remember, and then the flow must be thrown away.
    pub fn load(
        &mut self,
        saved: &Saved,
        info_of: impl Fn(SeriesId) -> Option<Arc<SeriesInfo>>,
    ) -> Result<(), BadState> {
        for series in &saved.series {
            self.number(&info_of(*series).ok_or(BadState)?);
        }
        let plan = Arc::clone(&self.plan);
        for (at, node) in plan.nodes.iter().enumerate().filter(|(_, node)| node.remembers()) {
            let mark = fingerprint(&plan, node);
            let mut of_node = saved.stages.iter().filter(|stage| *stage.node == *node.id);
            match of_node.find(|stage| stage.fingerprint == mark) {
                Some(SavedStage { state: Some(state), .. }) => self.stages[at].load(state)?,
                // it had failed, and begins with nothing; so does one that is new and is to
                Some(_) => {}
                None if node.begins_empty() => {}
                // the state is of a version before this node, or from when it was another
                None => return Err(BadState),
            }
        }
        (self.seen_to, self.clock_us, self.muted_to) = (saved.next.0, saved.clock_us, saved.muted_to);
        self.wakes.forget();
        Ok(())
    }

    /// Takes over from the run that this one replaces, at the same place in the log, what nodes remember that remember in the same way there;
    /// with `of_same_lineage`, only if the nodes before them are as they were, too.
    pub fn take_over(&mut self, old: &mut Self, of_same_lineage: bool) {
        let shared = self.series.len().min(old.series.len());
        let is_same = |at: usize| self.series[at].info.id == old.series[at].info.id;
        // What the old run has seen beyond its cell was put out, and is in what it hands over.
        self.muted_to = self.muted_to.max(old.muted_to).max((old.seen_to, 0));
        let is_behind = old.seen_to > self.seen_to;
        if !of_same_lineage {
            self.seen_to = self.seen_to.max(old.seen_to);
            self.clock_us = self.clock_us.max(old.clock_us);
        }
        if !(0..shared).all(is_same) || (of_same_lineage && is_behind) {
            return;
        }
        for at in shared..old.series.len() {
            let info = Arc::clone(&old.series[at].info);
            self.number(&info);
        }
        let marks = |plan: &Plan| match of_same_lineage {
            true => lineages(plan),
            false => plan.nodes.iter().map(|node| fingerprint(plan, node)).collect(),
        };
        let (mine, theirs) = (marks(&self.plan), marks(&old.plan));
        for (at, node) in self.plan.nodes.iter().enumerate().filter(|(_, node)| !node.begins_empty()) {
            let same = |other: &usize| old.plan.nodes[*other].id == node.id && theirs[*other] == mine[at];
            let other = (0..theirs.len()).find(same);
            if let Some(other) = other.filter(|other| !matches!(old.stages[*other], Stage::Failed)) {
                std::mem::swap(&mut self.stages[at], &mut old.stages[other]);
            }
        }
        self.wakes.forget();
    }

    /// Empties the nodes that are to begin with nothing.
    pub fn begin_empty(&mut self) {
        let plan = Arc::clone(&self.plan);
        for (at, node) in plan.nodes.iter().enumerate().filter(|(_, node)| node.begins_empty()) {
            self.stages[at] = Stage::new(node, self.keys_most);
            self.stages[at].draw_on(&self.account, needs::bytes_per_key_most(node));
        }
        self.wakes.forget();
    }

    /// Counts what its nodes hold as records that came in.
    pub fn count_held(&mut self) {
        for (stage, node) in self.stages.iter().zip(&self.counters.nodes) {
            bump(&node.in_, stage.held());
            node.in_flight.store(stage.held(), Ordering::Relaxed);
        }
    }

    /// Who watches nodes of another run of the flow watches those that are called so here.
    pub fn watched_as(&self, other: &FlowCounters) {
        for node in &self.counters.nodes {
            if let Some(other) = other.node(&node.id) {
                node.watch.store(other.watch.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
    }

    /// Counts with these from now on.
    pub fn count_with(&mut self, counters: Arc<FlowCounters>) {
        (self.flow, self.version) = (counters.flow, counters.version);
        self.counters = counters;
    }

    /// Mutes what was put out already: results of readings before `to`, and of time up to `clock_us`.
    pub fn mute_to(&mut self, to: Offset, clock_us: i64) {
        self.muted_to = (to.0, clock_us);
    }

    /// Says that readings before `to` are in its state, or are none of its concern.
    pub fn skip_to(&mut self, to: Offset) {
        self.seen_to = self.seen_to.max(to.0);
    }

    /// Its clock, in microseconds.
    pub fn clock_us(&self) -> i64 {
        self.clock_us
    }

    /// The first reading that is not in its state already.
    pub fn seen_to(&self) -> Offset {
        Offset(self.seen_to)
    }
}
