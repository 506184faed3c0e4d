//! A commit in the making: which frames of which batches are new, in order.
//!
//! Sequence marks are checked here, on the appender's thread, against what is durable and what is before in the same commit; so a
//! frame is stored once even if a replaced socket and its successor both bring it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use edgesync_schemas::id::{BootId, DeviceId, FrameSeq, Offset};
use edgesync_schemas::reading::{AdmittedBatch, Arrival, Columns};
use edgesync_schemas::time::Timestamp;

use super::marks::Mark;
use super::queue::{Append, OnCommit, Outcome, Permit};

/// A commit in the making: what goes in, and what each append will be told.
pub(super) struct Plan {
    pub first: Offset,
    pub columns: Columns,
    pub arrivals: Vec<Arrival>,
    pub marks: Vec<Mark>,
    // Where a boot's mark stands in `marks`.
    moved: HashMap<(DeviceId, BootId), usize>,
    answers: Vec<Answer>,
    keeps: bool,
    pub gaps: u64,
    pub duplicates: u64,
}

struct Answer {
    outcome: Outcome,
    tag: u64,
    on_commit: Arc<dyn OnCommit>,
    // Room is returned when the answer is given.
    permit: Permit,
    // As it was submitted, if the plan keeps it.
    batch: Option<AdmittedBatch>,
}

impl Plan {
    /// An empty one, with room for so many readings.
    pub fn new(first: Offset, readings: usize) -> Self {
        Self {
            first,
            columns: columns_for(readings),
            arrivals: Vec::new(),
            marks: Vec::new(),
            moved: HashMap::new(),
            answers: Vec::new(),
            keeps: false,
            gaps: 0,
            duplicates: 0,
        }
    }

    /// Keeps the batches as they are, so that it can be [taken apart](Self::into_appends).
    pub fn keeping(mut self) -> Self {
        self.keeps = true;
        self
    }

    /// Takes in what of an append is new. `committed` says the highest frame of a boot before this commit. Batches of one device come in
    /// order, so each sees the marks of those before it.
    pub fn add(&mut self, append: Append, committed: impl Fn(DeviceId, BootId) -> FrameSeq) {
        let Append { batch, permit, tag, on_commit } = append;
        let outcome = match self.new_rows(&batch, committed) {
            Ok(rows) => {
                let first = self.first.plus(self.columns.len() as u64);
                let stored = rows.len() as u32;
                self.columns.extend_from(&batch.columns, rows);
                self.arrived(batch.received_at);
                Outcome::Durable { first, stored }
            }
            Err(expected) => {
                self.gaps += 1;
                Outcome::Gap { expected }
            }
        };
        let batch = self.keeps.then_some(batch);
        self.answers.push(Answer { outcome, tag, on_commit, permit, batch });
    }

    /// Where this commit leaves a boot's mark, if it moves it.
    pub fn moved(&self, device: DeviceId, boot: BootId) -> Option<FrameSeq> {
        self.moved.get(&(device, boot)).map(|at| self.marks[*at].q)
    }

    /// The rows of frames past the mark, which moves; or the frame that is missing before them.
    fn new_rows(
        &mut self,
        batch: &AdmittedBatch,
        committed: impl Fn(DeviceId, BootId) -> FrameSeq,
    ) -> Result<Range<usize>, FrameSeq> {
        let rows = batch.columns.len();
        let Some(numbered) = &batch.numbered else { return Ok(0..rows) };
        let Some(last) = numbered.frames.last() else { return Ok(0..0) };
        let key = (batch.device, numbered.boot);
        let known = self.moved.get(&key).copied();
        let mark = known.map_or_else(|| committed(batch.device, numbered.boot), |at| self.marks[at].q);
        let skipped = numbered.frames.partition_point(|frame| frame.q <= mark);
        self.duplicates += skipped as u64;
        let Some(first) = numbered.frames.get(skipped) else { return Ok(0..0) };
        if first.q != mark.next() {
            return Err(mark.next());
        }
        let at = known.unwrap_or_else(|| {
            self.marks.push(Mark { device: batch.device, boot: numbered.boot, q: mark });
            self.moved.insert(key, self.marks.len() - 1);
            self.marks.len() - 1
        });
        self.marks[at].q = last.q;
        let start = skipped.checked_sub(1).map_or(0, |before| numbered.frames[before].end_row as usize);
        let end = (last.end_row as usize).min(rows);
        Ok(start.min(end)..end)
    }

    fn arrived(&mut self, received_at: Timestamp) {
        let end_row = self.columns.len() as u32;
        match self.arrivals.last_mut() {
            Some(last) if last.received_at == received_at => last.end_row = end_row,
            Some(last) if last.end_row == end_row => {}
            None if end_row == 0 => {}
            _ => self.arrivals.push(Arrival { end_row, received_at }),
        }
    }

    /// Whether nothing would be written.
    pub fn is_nothing(&self) -> bool {
        self.columns.is_empty() && self.marks.is_empty()
    }

    /// Tells everybody: it is durable.
    pub fn answer(self) {
        for answer in self.answers {
            answer.on_commit.done(answer.tag, answer.outcome);
        }
    }

    /// The appends again, in order. Only of a plan that [keeps](Self::keeping) them.
    pub fn into_appends(self) -> impl Iterator<Item = Append> {
        self.answers.into_iter().filter_map(|answer| {
            let Answer { tag, on_commit, permit, batch, .. } = answer;
            Some(Append { batch: batch?, permit, tag, on_commit })
        })
    }

    /// Tells everybody: it failed.
    pub fn fail(self) {
        for answer in self.answers {
            answer.on_commit.done(answer.tag, Outcome::Failed);
        }
    }
}

fn columns_for(readings: usize) -> Columns {
    Columns {
        series: Vec::with_capacity(readings),
        ts: Vec::with_capacity(readings),
        num: Vec::with_capacity(readings),
        unit: Vec::with_capacity(readings),
        quality: Vec::with_capacity(readings),
        raw: Vec::new(),
    }
}
