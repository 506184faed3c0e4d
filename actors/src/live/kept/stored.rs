//! What is stored of the widgets that are kept, read at the start: no more is held of it than rings have room for.

use std::collections::HashMap;

use edgesync_schemas::id::{Offset, WidgetId};
use edgesync_schemas::wire::live::Point;
use edgesync_storage::catalog::WidgetSample;

use super::super::conflate::Sample;
use super::super::source::Source;
use super::books::{Books, room};

/// What was stored of a source, in order, and the last arrival of what that comes from.
#[derive(Debug, Default)]
pub(in super::super) struct Stored {
    pub(in super::super) samples: Vec<Sample>,
    pub(in super::super) arrival: Offset,
}

/// What is found of the widgets that are kept, one after the other.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Of each source the longest that is stored for one of its widgets, and for which: it has what the others have.
    pub(super) longest: HashMap<Source, (WidgetId, Stored)>,
    /// Behind the highest number that is stored of a widget.
    pub(super) next: HashMap<WidgetId, u64>,
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
        let Some((id, mut samples)) = self.reading.take() else { return };
        let Some((source, max_samples)) = books.source_of(id) else { return };
        keep_newest(&mut samples, max_samples);
        let Some(last) = samples.last() else { return };
        self.next.insert(id, last.n + 1);
        let stored = of_rings(samples);
        let rank = |stored: &Stored| (stored.samples.len(), stored.arrival);
        if self.longest.get(source).is_none_or(|(_, known)| rank(known) < rank(&stored)) {
            self.longest.insert(source.clone(), (id, stored));
        }
    }

    /// Samples that are held.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let reading = self.reading.as_ref().map_or(0, |(_, samples)| samples.len());
        reading + self.longest.values().map(|(_, stored)| stored.samples.len()).sum::<usize>()
    }
}

/// Leaves the newest that a widget shows, within the bytes that a ring of them has.
pub(super) fn keep_newest(samples: &mut Vec<WidgetSample>, max_samples: usize) {
    samples.sort_by_key(|sample| sample.n);
    let Some(newest) = samples.last().map(|sample| sample.n) else { return };
    let mut left = room(max_samples).raw_bytes;
    let fits = samples.iter().rev().take_while(|sample| {
        let raw = sample.raw.as_ref().map_or(0, |raw| raw.len());
        let fits = sample.n + max_samples as u64 > newest && raw <= left;
        left = left.saturating_sub(raw);
        fits
    });
    let old = samples.len() - fits.count();
    samples.drain(..old);
}

/// Stored samples as those of a source's ring.
pub(super) fn of_rings(stored: Vec<WidgetSample>) -> Stored {
    let arrival = stored.iter().map(|sample| sample.arrival).max().unwrap_or_default();
    let sample = |stored: WidgetSample| {
        let point = Point { ts: stored.ts, num: stored.value, raw: stored.raw };
        Sample { offset: stored.n, point, unit: stored.unit }
    };
    Stored { samples: stored.into_iter().map(sample).collect(), arrival }
}
