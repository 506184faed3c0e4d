//! Which buckets are stored for a widget, and in which slots.
//!
//! Buckets are begun in any order of time, so a slot is not told by a bucket's number: it is that of one that is not among the newest any more, or one that
//! was never used. A bucket that changes has more values than before, which tells what is to be stored.

use std::collections::HashSet;

use edgesync_schemas::id::Offset;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::{WidgetBucket, WidgetSample};

use super::super::buckets::{Bucket, Buckets};

/// What is stored of a widget's buckets.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By where their buckets begin.
    rows: Vec<Row>,
    /// All were stored when the buckets had been changed so many times.
    stored_at: Option<u64>,
}

/// A bucket as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Where it begins: microseconds.
    start: i64,
    /// Its values by then.
    count: u64,
    slot: u32,
}

/// Rows that are to be stored, and how what is stored is then.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) samples: Vec<WidgetSample>,
    rows: Vec<Row>,
    stored_at: Option<u64>,
}

impl Rows {
    /// What was stored.
    pub(super) fn of(stored: &[WidgetSample]) -> Self {
        let row = |sample: &WidgetSample| {
            let WidgetBucket { count, slot, .. } = sample.bucket?;
            Some(Row { start: sample.ts.as_us(), count, slot })
        };
        let mut rows: Vec<_> = stored.iter().filter_map(row).collect();
        rows.sort_unstable_by_key(|row| row.start);
        Self { rows, stored_at: None }
    }

    fn of_bucket(&self, start: i64) -> Option<&Row> {
        let at = self.rows.binary_search_by_key(&start, |row| row.start).ok()?;
        self.rows.get(at)
    }

    /// How many of the newest buckets are to be stored.
    pub(super) fn waiting(&self, buckets: &Buckets, max_samples: usize) -> u64 {
        if self.stored_at == Some(buckets.changes()) {
            return 0;
        }
        self.changed(buckets, max_samples).count() as u64
    }

    /// From the newest on.
    fn changed<'a>(
        &'a self,
        buckets: &'a Buckets,
        max_samples: usize,
    ) -> impl Iterator<Item = (i64, &'a Bucket)> {
        let is_stored = |start, bucket: &Bucket| {
            self.of_bucket(start).is_some_and(|row| row.count == bucket.totals.count)
        };
        buckets.newest(max_samples).filter(move |(start, bucket)| !is_stored(*start, bucket))
    }

    /// The newest `most` of those that are to be stored.
    pub(super) fn next(&self, buckets: &Buckets, max_samples: usize, most: u64) -> Next {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut changed = self.changed(buckets, max_samples);
        let taken: Vec<_> = changed.by_ref().take(most).collect();
        let stored_at = changed.next().is_none().then(|| buckets.changes());
        let is_new = |(start, _): &&(i64, &Bucket)| self.of_bucket(*start).is_none();
        let begun = taken.iter().filter(is_new).count();
        let mut free =
            if begun == 0 { Vec::new() } else { self.free(buckets, max_samples, begun) }.into_iter();
        let (mut samples, mut rows) = (Vec::new(), Vec::new());
        for (start, bucket) in taken {
            let slot = self.of_bucket(start).map(|row| row.slot).or_else(|| free.next());
            let Some(slot) = slot else { continue };
            rows.push(Row { start, count: bucket.totals.count, slot });
            samples.push(sample(start, bucket, slot, buckets));
        }
        Next { samples, rows, stored_at }
    }

    /// Slots for so many more: first those of buckets that are not among the newest any more, the oldest first.
    fn free(&self, buckets: &Buckets, max_samples: usize, count: usize) -> Vec<u32> {
        let shown: HashSet<i64> = buckets.newest(max_samples).map(|(start, _)| start).collect();
        let used: HashSet<u32> = self.rows.iter().map(|row| row.slot).collect();
        let gone = self.rows.iter().filter(|row| !shown.contains(&row.start)).map(|row| row.slot);
        gone.chain((0..).filter(|slot| !used.contains(slot))).take(count).collect()
    }

    /// These are stored.
    pub(super) fn stored(&mut self, next: Next) {
        let slots: HashSet<u32> = next.rows.iter().map(|row| row.slot).collect();
        self.rows.retain(|row| !slots.contains(&row.slot));
        self.rows.extend(next.rows);
        self.rows.sort_unstable_by_key(|row| row.start);
        self.stored_at = next.stored_at;
    }
}

fn sample(start: i64, bucket: &Bucket, slot: u32, buckets: &Buckets) -> WidgetSample {
    let totals = &bucket.totals;
    let spread = (totals.numbers > 0).then_some((totals.min, totals.max));
    let (count, numbers, at_arrival) = (totals.count, totals.numbers, bucket.seen.values);
    WidgetSample {
        n: bucket.n,
        ts: Timestamp::from_us_saturating(start),
        // a sum of finite numbers need not be finite
        value: totals.sum.clamp(f64::MIN, f64::MAX),
        unit: buckets.unit().cloned(),
        raw: None,
        arrival: Offset(bucket.seen.arrival),
        bucket: Some(WidgetBucket { slot, count, numbers, spread, at_arrival }),
    }
}
