//! What of all that waits is stored next: the organizations in turn, and the widgets of each.

use std::collections::BTreeMap;
use std::ops::Range;

use edgesync_schemas::id::{OrganizationId, WidgetId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::{WidgetSample, WidgetSamples};

use super::super::super::buckets::Buckets;
use super::super::super::followed::Ring;
use super::super::pending::{Pending, shares};
use super::super::rows::Next;
use super::{Books, Kept, OfSource, Written};

/// What is stored next.
#[derive(Debug, Default)]
pub(in super::super) struct Batch {
    pub(in super::super) widgets: Vec<WidgetSamples>,
    pub(in super::super) done: Vec<Done>,
    /// How many wait besides.
    pub(in super::super) left: u64,
}

/// How a widget is once its part of a batch is stored.
#[derive(Debug)]
pub(in super::super) struct Done {
    widget: WidgetId,
    kept_since: Timestamp,
    then: Then,
    /// How many that are.
    pub(in super::super) count: u64,
}

#[derive(Debug)]
enum Then {
    Values { pending: Pending, cut: u64 },
    Buckets(Next),
}

impl Books {
    /// What may be stored at once of what waits: as much of each organization as far as they have it, then of each of its widgets, the newest of each.
    pub(in super::super) fn batch(&mut self) -> Batch {
        let waiting = self.waiting();
        let sums: Vec<_> =
            waiting.iter().map(|(_, widgets)| widgets.iter().map(|(_, count)| count).sum()).collect();
        let most_raw = limit::KEPT_ROWS_RAW_BYTES / waiting.len().max(1);
        let mut batch = Batch::default();
        let mut raw_bytes = 0;
        for ((organization, widgets), share) in waiting.into_iter().zip(shares(&sums, self.most.rows)) {
            let counts: Vec<_> = widgets.iter().map(|(_, count)| *count).collect();
            let mut raw_of_organization = 0;
            for ((id, count), share) in widgets.into_iter().zip(shares(&counts, share)) {
                let has_room = raw_of_organization < most_raw && raw_bytes < limit::KEPT_ROWS_RAW_BYTES;
                let (Some(kept), true) = (self.widgets.get(&id), share > 0 && has_room) else {
                    batch.left += count;
                    continue;
                };
                let Some(of_source) = self.sources.get(&kept.of) else { continue };
                let Some((samples, done)) = kept.next(id, of_source, share) else { continue };
                let raws = samples.samples.iter().filter_map(|one| one.raw.as_ref());
                let raw = raws.map(|raw| raw.len()).sum::<usize>();
                (raw_bytes, raw_of_organization) = (raw_bytes + raw, raw_of_organization + raw);
                batch.left += count.saturating_sub(done.count);
                batch.widgets.push(samples);
                batch.done.push(done);
                self.turn = Some(organization);
                if let Some(of) = self.of_organization.get_mut(&organization) {
                    of.turn = Some(id);
                }
            }
        }
        batch
    }

    /// How many samples of each widget wait, by their organizations: both begin behind the one whose turn was last.
    fn waiting(&self) -> Vec<(OrganizationId, Vec<(WidgetId, u64)>)> {
        let mut waiting: BTreeMap<OrganizationId, Vec<(WidgetId, u64)>> = BTreeMap::new();
        for (id, kept) in &self.widgets {
            let Some(of_source) = self.sources.get(&kept.of) else { continue };
            let count = kept.waiting(of_source);
            if count > 0 {
                waiting.entry(kept.organization).or_default().push((*id, count));
            }
        }
        let mut waiting: Vec<_> = waiting.into_iter().collect();
        for (organization, widgets) in &mut waiting {
            let turn = self.of_organization.get(organization).and_then(|of| of.turn);
            let at = widgets.partition_point(|(id, _)| turn.is_some_and(|turn| *id <= turn));
            widgets.rotate_left(at);
        }
        let at = waiting.partition_point(|(id, _)| self.turn.is_some_and(|turn| *id <= turn));
        waiting.rotate_left(at);
        waiting
    }

    /// A batch is stored. What was changed meanwhile is stored anew.
    pub(in super::super) fn stored(&mut self, done: Vec<Done>) {
        for one in done {
            let Some(kept) =
                self.widgets.get_mut(&one.widget).filter(|kept| kept.kept_since == one.kept_since)
            else {
                continue;
            };
            match (&mut kept.written, one.then) {
                (Written::Buckets(rows), Then::Buckets(next)) => rows.stored(next),
                (written, Then::Values { pending, cut }) => *written = Written::Values { pending, cut },
                (Written::Values { .. }, Then::Buckets(_)) => {}
            }
        }
    }
}

impl Kept {
    /// The offsets of its newest values that the ring has.
    fn among(&self, ring: &Ring<'_>) -> Range<u64> {
        ring.next.saturating_sub(self.max_samples as u64).max(ring.start)..ring.next
    }

    /// How many wait.
    fn waiting(&self, of_source: &OfSource) -> u64 {
        match (&self.written, self.of.interval_ms) {
            (Written::Values { pending, .. }, _) => {
                of_source.followed.look(|ring| pending.count(&self.among(&ring)))
            }
            (Written::Buckets(rows), interval_ms) => {
                let waiting = |buckets: &Buckets| rows.waiting(buckets, self.max_samples);
                interval_ms
                    .and_then(|interval_ms| of_source.followed.look_at_buckets(interval_ms, waiting))
                    .unwrap_or_default()
            }
        }
    }

    /// The newest `most` that wait.
    fn next(&self, id: WidgetId, of_source: &OfSource, most: u64) -> Option<(WidgetSamples, Done)> {
        let (samples, keep_from, then, count) = match &self.written {
            Written::Values { pending, cut } => {
                of_source.followed.look(|ring| self.next_values(&ring, of_source.base, (pending, *cut), most))
            }
            Written::Buckets(rows) => {
                let next = |buckets: &Buckets| rows.next(buckets, self.max_samples, most);
                let mut next = of_source.followed.look_at_buckets(self.of.interval_ms?, next)?;
                let samples = std::mem::take(&mut next.samples);
                let count = samples.len() as u64;
                (samples, None, Then::Buckets(next), count)
            }
        };
        let kept_since = self.kept_since;
        let samples = WidgetSamples { widget: id, kept_since, samples, keep_from };
        Some((samples, Done { widget: id, kept_since, then, count }))
    }

    fn next_values(
        &self,
        ring: &Ring<'_>,
        base: u64,
        (pending, cut): (&Pending, u64),
        most: u64,
    ) -> (Vec<WidgetSample>, Option<u64>, Then, u64) {
        let among = self.among(ring);
        let mut samples = Vec::new();
        for part in pending.newest(&among, most) {
            let from = ring.samples.partition_point(|sample| sample.offset < part.start);
            let of_part = ring.samples.range(from..).take_while(|sample| sample.offset < part.end);
            samples.extend(of_part.filter_map(|sample| {
                let raw = sample.point.raw.clone();
                let fits = raw.as_ref().is_none_or(|raw| raw.len() <= limit::RAW_VALUE_BYTES);
                (fits && sample.point.num.is_finite()).then(|| WidgetSample {
                    n: sample.offset + base,
                    ts: sample.point.ts,
                    value: sample.point.num,
                    unit: sample.unit.clone(),
                    raw,
                    arrival: ring.arrival,
                    bucket: None,
                })
            }));
        }
        let is_cut = ring.cut > cut && ring.cut + self.max_samples as u64 > ring.next;
        let keep_from = is_cut.then_some(ring.cut + base);
        let count = pending.count(&among).min(most);
        let then = Then::Values { pending: pending.stored(&among, most), cut: ring.cut };
        (samples, keep_from, then, count)
    }
}
