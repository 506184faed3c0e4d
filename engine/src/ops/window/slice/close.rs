//! Windows that are over, oldest first, those without records among them.

use std::borrow::Cow;

use edgesync_schemas::flow::node::window::{Aggregate, Empty};
use edgesync_schemas::limit;

use super::super::common::{Label, is_fit};
use super::{Last, Stage};
use crate::cell::emit::Reason;
use crate::ops::Output;
use crate::window::pane::Pane;

impl Stage {
    /// The first window of a key that has records and ends after a moment.
    pub(super) fn next_window(&self, place: usize, after: i64) -> Option<(i64, i64)> {
        let panes = &self.state.rest[place].panes;
        let is_over = |pane: &Pane| self.slices.over(pane.start, pane.end) <= after;
        let pane = &panes.get(panes.partition_point(is_over))?;
        Some(self.slices.first_window(pane, after))
    }

    /// When the next window is over that may be put out without records; the largest number if none will.
    pub(super) fn next_empty(&self, place: usize) -> i64 {
        let last = self.state.past.get(place).and_then(|past| past.last.as_ref());
        last.map_or(i64::MAX, |last| self.slices.end(self.slices.next(last.start)))
    }

    /// Puts out the windows of a key that are over by its watermark and were not by `before`.
    pub(super) fn close(&mut self, place: usize, before: i64, offset: u64, output: &mut Output) {
        let watermark = self.state.keys.states()[place].watermark;
        let mut after = before;
        while let Some((start, end)) = self.next_window(place, after).filter(|(_, end)| *end <= watermark) {
            self.fill(place, start, watermark, offset, output);
            self.finish(place, start, end, offset, output);
            after = end;
        }
        self.fill(place, i64::MAX, watermark, offset, output);
        self.forget(place, watermark);
    }

    /// Puts out a window with records that is over, and lets go of the records whose last window it is.
    fn finish(&mut self, place: usize, start: i64, end: i64, offset: u64, output: &mut Output) {
        self.find(place, start, end);
        let next = self.slices.next(start);
        let panes = &self.state.rest[place].panes;
        let ended = panes.iter().filter(|pane| start <= pane.start && pane.start < next);
        let ended: u64 = ended.map(|pane| pane.count).sum();
        self.state.held -= ended;
        let is_fit = is_fit(&self.values);
        if is_fit {
            // The result stands for one of the records that end with it.
            output.folded += ended.saturating_sub(1);
            output.made += u64::from(ended == 0);
            self.put(place, (start, end), 0, true, offset, output);
        } else {
            output.unfit += ended;
        }
        if let Some(past) = self.state.past.get_mut(place).filter(|_| self.empty != Empty::Skip) {
            let new = || Last { start, empty: 0, values: vec![0.0; self.values.len()].into() };
            let last = past.last.get_or_insert_with(new);
            (last.start, last.empty) = (start, 0);
            if is_fit {
                last.values.copy_from_slice(&self.values);
            }
        }
    }

    /// Puts out windows without records that are over and start before `until`.
    fn fill(&mut self, place: usize, until: i64, watermark: i64, offset: u64, output: &mut Output) {
        loop {
            let Some(last) = self.state.past.get(place).and_then(|past| past.last.as_ref()) else { return };
            let (start, empty) = (self.slices.next(last.start), last.empty);
            let end = self.slices.end(start);
            if start >= until || end > watermark {
                return;
            }
            if empty >= limit::EMPTY_WINDOWS {
                let before = if until == i64::MAX { i64::MAX } else { self.slices.before(until) };
                let to = before.min(self.slices.last_over(watermark));
                let skipped = self.slices.count(start, to);
                output.made += skipped;
                output.drop(Reason::FanOut, skipped);
                self.note_empty(place, to, empty);
                return;
            }
            self.values.clear();
            if self.empty == Empty::Previous {
                let zip = last.values.iter().zip(&self.common.aggregates);
                let value =
                    |(value, of): (&f64, &Aggregate)| if *of == Aggregate::Count { 0.0 } else { *value };
                self.values.extend(zip.map(value));
            } else {
                self.values.resize(self.common.aggregates.len(), 0.0);
            }
            output.made += 1;
            self.put(place, (start, end), 0, true, offset, output);
            self.note_empty(place, start, empty + 1);
        }
    }

    fn note_empty(&mut self, place: usize, start: i64, empty: u64) {
        if let Some(last) = self.state.past.get_mut(place).and_then(|past| past.last.as_mut()) {
            (last.start, last.empty) = (start, empty);
        }
    }

    /// Computes a window with records into `values`.
    pub(super) fn find(&mut self, place: usize, start: i64, end: i64) {
        self.values.clear();
        let rest = &self.state.rest[place];
        let first = rest.panes.partition_point(|pane| pane.start < start);
        let panes = rest.panes[first..].iter().take_while(|pane| pane.start < end);
        let mut all: Option<Cow<'_, Pane>> = None;
        for pane in panes {
            match &mut all {
                None => all = Some(Cow::Borrowed(pane)),
                Some(all) => all.to_mut().merge(pane),
            }
        }
        let Some(all) = all else { return };
        let carried = || self.state.past.get(place).and_then(|past| past.carried);
        let before = || rest.panes[..first].iter().rev().find_map(Pane::last_point).or_else(carried);
        let carried = if self.common.wanted.points() { before() } else { None };
        all.get(&self.common.aggregates, start, end, carried.map(|(_, value)| value), &mut self.values);
    }

    /// Puts out what is in `values`.
    pub(super) fn put(
        &mut self,
        place: usize,
        (start, end): (i64, i64),
        revision: u32,
        is_final: bool,
        offset: u64,
        output: &mut Output,
    ) {
        if let Some(past) = self.state.past.get_mut(place).filter(|_| self.common.revise > 0 && is_final) {
            let results = &mut past.results;
            let at = results.partition_point(|(other, ..)| *other < start);
            match results.get_mut(at).filter(|(other, ..)| *other == start) {
                Some(result) => result.2 = revision,
                None => results.insert(at, (start, end, revision)),
            }
        }
        let key = self.state.keys.keys()[place];
        let unit = self.state.keys.states()[place].unit;
        let label = Label { key, unit, offset, start, end, revision, is_final };
        self.common.put(&label, &self.values, output);
    }

    /// Forgets what cannot be asked for any more.
    fn forget(&mut self, place: usize, watermark: i64) {
        let rest = &mut self.state.rest[place];
        let kept_from = watermark.saturating_sub(self.common.revise);
        let over = |pane: &Pane| self.slices.over(pane.start, pane.end) <= kept_from;
        let gone = rest.panes.partition_point(over);
        let gone = rest.panes.drain(..gone);
        if let Some(past) = self.state.past.get_mut(place) {
            gone.for_each(|pane| past.carried = pane.last_point().or(past.carried));
            past.results.retain(|(_, end, _)| *end > kept_from);
            past.shown.retain(|(start, _)| self.slices.end(*start) > watermark);
        }
    }

    /// Lets the clock close what it has passed of a silent key; its time goes no further than that.
    pub(super) fn advance_idle(&mut self, place: usize, reach: i64, offset: u64, output: &mut Output) {
        let before = self.state.keys.states()[place].watermark;
        let last_over = self.slices.last_over(reach);
        let newest = self.state.rest[place].panes.iter().rev().find_map(|pane| {
            let last = self.slices.last_with(pane.start).min(last_over);
            (self.slices.first_with(pane.start) <= last).then(|| self.slices.end(last))
        });
        let Some(end) = newest.filter(|end| *end > before) else { return };
        self.state.keys.states()[place].watermark = end;
        self.close(place, before, offset, output);
    }
}
