//! When time alone makes a flow's stages do something, without looking at each of their keys every second.
//!
//! For each stage a time is kept before which nothing is due. A record moves what is due of its own key only, and to no earlier than the clock
//! plus the stage's grace; so that is all there is to do when records come. What is due exactly is looked up once the clock gets there. Windows with early
//! results have no grace: their keys are looked at in every second after records.

use crate::ops::Stage;

/// By stage: nothing is due before it, in microseconds of the flow's clock; `i64::MAX` if nothing will be.
#[derive(Debug)]
pub(super) struct Wakes(Vec<i64>);

impl Wakes {
    /// Of stages of which nothing is known.
    pub fn unknown(stages: usize) -> Self {
        Self(vec![i64::MIN; stages])
    }

    /// Records came to a stage while the clock showed `now`.
    #[inline(always)]
    pub fn touched(&mut self, at: usize, stage: &Stage, now: i64) {
        if let Some(grace) = stage.grace() {
            self.0[at] = self.0[at].min(now.saturating_add(grace));
        }
    }

    /// A stage did what was due by `now`.
    pub fn done(&mut self, at: usize, now: i64) {
        if self.is_due(at, now) {
            self.0[at] = now.saturating_add(1);
        }
    }

    /// Nothing is known of any stage any more.
    pub fn forget(&mut self) {
        self.0.fill(i64::MIN);
    }

    /// When something is due first; exactly, if that is `now` or before.
    pub fn first(&mut self, stages: &[Stage], now: i64) -> Option<i64> {
        for (wake, stage) in self.0.iter_mut().zip(stages).filter(|(wake, _)| **wake <= now) {
            *wake = stage.due().unwrap_or(i64::MAX);
        }
        self.0.iter().copied().min().filter(|first| *first < i64::MAX)
    }

    /// Whether something of a stage is due by `now`. Exact after [`Self::first`].
    pub fn is_due(&self, at: usize, now: i64) -> bool {
        self.0[at] <= now
    }
}
