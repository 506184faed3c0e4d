//! Saving what a flow remembers, and going on with it.

use std::sync::Arc;

use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::reading::SeriesInfo;

use super::FlowRun;
use crate::state::{BadState, Saved, SavedStage, fingerprint};

impl FlowRun {
    /// What it remembers, having seen all readings before `next`.
    pub fn save(&self, next: Offset, clock_us: i64) -> Saved {
        let nodes = self.plan.nodes.iter().zip(&self.stages);
        let stages = nodes.filter_map(|(node, stage)| {
            let state = stage.save()?;
            Some(SavedStage { node: Box::from(&*node.id), fingerprint: fingerprint(node), state })
        });
        Saved::new(next, clock_us, self.series_ids().collect(), stages.collect())
    }

    /// Goes on where `saved` was made: readings before that are passed over, results of readings before `muted_to` are muted. `info_of` knows
    /// all series. If it fails the flow must be thrown away.
    pub fn load(
        &mut self,
        saved: &Saved,
        muted_to: Offset,
        info_of: impl Fn(SeriesId) -> Option<Arc<SeriesInfo>>,
    ) -> Result<(), BadState> {
        for (at, series) in saved.series.iter().enumerate() {
            let info = info_of(*series).ok_or(BadState)?;
            if self.subscribe(&info) != Some(at as u32) {
                return Err(BadState);
            }
        }
        let remembers = |at: &usize| self.stages[*at].save().is_some();
        let mine: Vec<usize> = (0..self.stages.len()).filter(remembers).collect();
        if mine.len() != saved.stages.len() {
            return Err(BadState);
        }
        for (at, saved) in mine.into_iter().zip(&saved.stages) {
            let node = &self.plan.nodes[at];
            if *node.id != *saved.node || fingerprint(node) != saved.fingerprint {
                return Err(BadState);
            }
            self.stages[at].load(&saved.state)?;
        }
        self.seen_to = saved.next.0;
        self.mute_to(muted_to);
        Ok(())
    }

    /// Mutes results of readings before `to`.
    pub fn mute_to(&mut self, to: Offset) {
        self.muted_to = to.0;
    }

    /// The first reading that is not in its state already.
    pub fn seen_to(&self) -> Offset {
        Offset(self.seen_to)
    }
}
