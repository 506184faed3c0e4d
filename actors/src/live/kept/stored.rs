//! What is stored of the widgets that are kept, read at the start: no more is held of it than there is room for.

use std::collections::{BTreeMap, HashMap};

use edgesync_schemas::id::{Offset, WidgetId};
use edgesync_schemas::wire::live::Point;
use edgesync_storage::catalog::WidgetSample;

use super::super::buckets::{Seen, StoredBucket, Totals};
use super::super::conflate::Sample;
use super::super::widget::Keeps;
use super::books::{Books, room};
use super::rows::Rows;

/// What was stored of what is kept.
#[derive(Debug)]
pub(in super::super) enum Stored {
    /// Values in order, and the last arrival of what they come from.
    Values(Vec<Sample>, Offset),
    /// Buckets.
    Buckets(Vec<StoredBucket>),
}

/// What is found of the widgets that are kept, one after the other.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Of the values of each source the longest that are stored for one of its widgets, and for which: it has what the others have.
    pub(super) longest: HashMap<Keeps, (WidgetId, Vec<Sample>, Offset)>,
    /// Behind the highest number that is stored of a widget.
    pub(super) next: HashMap<WidgetId, u64>,
    /// The buckets that are stored for any of their widgets, by where they begin: of each the one with the most values, which was stored last.
    pub(super) buckets: HashMap<Keeps, BTreeMap<i64, StoredBucket>>,
    /// Which of them are stored for a widget.
    pub(super) rows: HashMap<WidgetId, Rows>,
    /// What was read last, not yet all of its widget.
    reading: Option<(WidgetId, Vec<WidgetSample>)>,
}

impl Found {
    /// One more that is stored; those of a widget follow one another. Of one that is not kept it is passed over.
    pub(super) fn add(&mut self, books: &Books, widget: WidgetId, sample: WidgetSample) {
        if self.reading.as_ref().is_some_and(|(of, _)| *of != widget) {
            self.end(books);
        }
        if books.has(widget) {
            self.reading.get_or_insert_with(|| (widget, Vec::new())).1.push(sample);
        }
    }

    /// There is no more of the widget that was read last.
    pub(super) fn end(&mut self, books: &Books) {
        let Some((id, samples)) = self.reading.take() else { return };
        let Some((of, max_samples)) = books.kept_of(id) else { return };
        let samples = newest(samples, of, max_samples);
        let Some(last) = samples.last() else { return };
        self.next.insert(id, last.n + 1);
        if of.interval_ms.is_some() {
            self.rows.insert(id, Rows::of(&samples));
            let buckets = self.buckets.entry(of.clone()).or_default();
            for one in buckets_of(samples) {
                let known = buckets.get(&one.start);
                if known.is_none_or(|known| known.totals.count < one.totals.count) {
                    buckets.insert(one.start, one);
                }
            }
            while buckets.len() > books.most_of(of) {
                buckets.pop_first();
            }
            return;
        }
        let (samples, arrival) = values_of(samples);
        let rank = (samples.len(), arrival);
        if self.longest.get(of).is_none_or(|(_, known, arrival)| (known.len(), *arrival) < rank) {
            self.longest.insert(of.clone(), (id, samples, arrival));
        }
    }

    /// Samples and buckets that are held.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let reading = self.reading.as_ref().map_or(0, |(_, samples)| samples.len());
        let values = self.longest.values().map(|(_, samples, _)| samples.len()).sum::<usize>();
        reading + values + self.buckets.values().map(BTreeMap::len).sum::<usize>()
    }
}

/// The newest that are kept for a widget, in order, within the bytes that a ring of them has.
pub(super) fn newest(mut samples: Vec<WidgetSample>, of: &Keeps, max_samples: usize) -> Vec<WidgetSample> {
    if of.interval_ms.is_some() {
        samples.retain(|sample| sample.bucket.is_some());
        samples.sort_by_key(|sample| sample.ts);
        samples.drain(..samples.len().saturating_sub(max_samples));
        return samples;
    }
    samples.retain(|sample| sample.bucket.is_none());
    samples.sort_by_key(|sample| sample.n);
    let Some(newest) = samples.last().map(|sample| sample.n) else { return samples };
    let mut left = room(max_samples).raw_bytes;
    let fits = samples.iter().rev().take_while(|sample| {
        let raw = sample.raw.as_ref().map_or(0, |raw| raw.len());
        let fits = sample.n + max_samples as u64 > newest && raw <= left;
        left = left.saturating_sub(raw);
        fits
    });
    let old = samples.len() - fits.count();
    samples.drain(..old);
    samples
}

/// Stored samples as what is kept begins with them.
pub(super) fn as_kept(samples: Vec<WidgetSample>, of: &Keeps) -> Stored {
    if of.interval_ms.is_some() {
        return Stored::Buckets(buckets_of(samples));
    }
    let (samples, arrival) = values_of(samples);
    Stored::Values(samples, arrival)
}

fn values_of(stored: Vec<WidgetSample>) -> (Vec<Sample>, Offset) {
    let arrival = stored.iter().map(|sample| sample.arrival).max().unwrap_or_default();
    let sample = |stored: WidgetSample| {
        let point = Point { ts: stored.ts, num: stored.value, raw: stored.raw };
        Sample { offset: stored.n, point, unit: stored.unit }
    };
    (stored.into_iter().map(sample).collect(), arrival)
}

fn buckets_of(stored: Vec<WidgetSample>) -> Vec<StoredBucket> {
    let bucket = |stored: WidgetSample| {
        let bucket = stored.bucket?;
        let none = Totals::default();
        let (min, max) = bucket.spread.unwrap_or((none.min, none.max));
        let (count, numbers) = (bucket.count, bucket.numbers);
        Some(StoredBucket {
            n: stored.n,
            start: stored.ts.as_us(),
            totals: Totals { count, numbers, sum: stored.value, min, max },
            seen: Seen { arrival: stored.arrival.0, values: bucket.at_arrival },
            unit: stored.unit,
        })
    };
    stored.into_iter().filter_map(bucket).collect()
}
