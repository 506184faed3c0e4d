//! Windows, plainly: every record of a key is kept for good, and every result is computed afresh from the records it is about.

mod count;
mod part;
mod session;

use std::collections::{BTreeMap, BTreeSet};

use edgesync_schemas::flow::node::Window;
use edgesync_schemas::flow::node::window::{Aggregate, Empty, Kind};
use edgesync_schemas::limit;
use edgesync_schemas::unit::UnitIndex;

use self::part::Part;
use crate::cell::emit::Reason;
use crate::window::calendar::Calendar;

/// What is known of a key. Times are in microseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Key {
    pub unit: UnitIndex,
    /// No time comes before it.
    watermark: Option<i64>,
    seen: i64,
    early_at: Option<i64>,
    /// Everything that was let in, in the order it came: time and value.
    records: Vec<(i64, f64)>,
    /// Windows that are over and had a result: its last revision.
    results: BTreeMap<i64, u32>,
    /// The last window that is over: its start, how many without records there were since the last one with some, its values.
    last: Option<(i64, u64, Vec<f64>)>,
    /// What was put out early: start (or number) of the window and its records.
    shown: Vec<(i64, u64)>,
    sessions: Vec<Part>,
    /// Records of counts that may not be counted yet, as they came; and those that were, in their order.
    waiting: Vec<(i64, f64)>,
    counted: Vec<(i64, f64)>,
}

/// A result.
#[derive(Debug)]
pub(crate) struct Row {
    pub start: i64,
    pub end: i64,
    pub values: Vec<f64>,
    pub revision: u32,
    pub is_final: bool,
}

/// What came of a record or a tick.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub rows: Vec<Row>,
    pub is_late: bool,
    pub error: Option<Reason>,
    pub made: u64,
    pub folded: u64,
    pub dropped: u64,
    pub unfit: u64,
    /// Records held from now on, and no longer.
    pub taken: u64,
    pub ended: u64,
}

impl Key {
    /// A record comes.
    pub fn record(&mut self, of: &Window, ts: i64, value: f64, unit: UnitIndex, now: i64) -> Effects {
        self.early_at.get_or_insert(now);
        self.seen = now;
        let mut effects = Effects::default();
        match &of.kind {
            Kind::Session { .. } => self.session_record(of, ts, value, now, &mut effects),
            Kind::Count { .. } => self.count_record(of, ts, value, now, &mut effects),
            _ => self.slice_record(of, ts, value, now, &mut effects),
        }
        if !effects.is_late && effects.error.is_none() {
            self.unit = unit;
        }
        effects
    }

    /// The clock goes on.
    pub fn tick(&mut self, of: &Window, now: i64) -> Effects {
        let mut effects = Effects::default();
        let is_silent = now - self.seen >= (of.idle_ms + 1000) * 1000;
        let reach = now - of.lateness_ms * 1000;
        let is_due = |at: Option<i64>, early: i64| at.is_none_or(|at| now - at >= early * 1000);
        match &of.kind {
            Kind::Session { .. } if is_silent => self.session_silence(of, reach, &mut effects),
            Kind::Count { .. } if is_silent => self.count_silence(of, reach, &mut effects),
            Kind::Session { .. } | Kind::Count { .. } => {}
            _ if is_silent => self.slice_silence(of, reach, &mut effects),
            _ => {}
        }
        if of.early_ms.is_some_and(|early| is_due(self.early_at, early)) {
            let before = effects.rows.len();
            match &of.kind {
                Kind::Session { .. } => self.session_early(of, &mut effects),
                Kind::Count { .. } => self.count_early(of, &mut effects),
                _ => self.slice_early(of, &mut effects),
            }
            if effects.rows.len() > before {
                self.early_at = Some(now);
            }
        }
        effects
    }

    fn is_over(&self, end: i64) -> bool {
        self.watermark.is_some_and(|watermark| end <= watermark)
    }

    fn advance(&mut self, of: &Window, ts: i64, now: i64) {
        if !is_far(of, ts, now) {
            let to = ts - of.lateness_ms * 1000;
            self.watermark = Some(self.watermark.map_or(to, |watermark| watermark.max(to)));
        }
    }

    /// Whether a moment lies beyond what readings of the present reach.
    fn is_beyond(&self, of: &Window, ts: i64) -> bool {
        self.watermark.is_none_or(|watermark| ts > watermark + of.lateness_ms * 1000)
    }

    fn slice_record(&mut self, of: &Window, ts: i64, value: f64, now: i64, effects: &mut Effects) {
        let (windows, revise) = (windows_of(of, ts), of.revise_ms * 1000);
        if windows.iter().all(|(_, end)| self.is_over(end + revise)) {
            effects.is_late = true;
            return;
        }
        let pane = pane_of(of, ts);
        let panes: BTreeSet<i64> = self.records.iter().map(|(ts, _)| pane_of(of, *ts)).collect();
        let beyond = panes.iter().filter(|pane| self.is_beyond(of, **pane)).count();
        if is_far(of, ts, now) && !panes.contains(&pane) && beyond >= limit::FUTURE_WINDOWS {
            effects.error = Some(Reason::NoRoom);
            return;
        }
        self.records.push((ts, value));
        let is_open = !windows.iter().all(|(_, end)| self.is_over(*end));
        effects.taken += u64::from(is_open);
        let closed: Vec<(i64, i64)> = windows
            .into_iter()
            .filter(|(_, end)| self.is_over(*end) && !self.is_over(end + revise))
            .collect();
        for &(start, end) in &closed {
            let values = self.values(of, start, end);
            if is_fit(&values) {
                let revision = self.results.get(&start).map_or(0, |revision| revision + 1);
                self.results.insert(start, revision);
                effects.rows.push(Row { start, end, values, revision, is_final: true });
            }
        }
        match effects.rows.len() as u64 {
            revised if is_open => effects.made += revised,
            0 => effects.unfit += 1,
            revised => effects.made += revised - 1,
        }
        let before = self.watermark;
        self.advance(of, ts, now);
        self.slice_close(of, before, effects);
    }

    /// Puts out what is over now and was not before.
    fn slice_close(&mut self, of: &Window, before: Option<i64>, effects: &mut Effects) {
        let was_over = |end: i64| before.is_some_and(|before| end <= before);
        let with_records: BTreeSet<(i64, i64)> = self
            .records
            .iter()
            .flat_map(|(ts, _)| windows_of(of, *ts))
            .filter(|(_, end)| self.is_over(*end) && !was_over(*end))
            .collect();
        if of.empty == Empty::Skip {
            with_records.iter().for_each(|(start, end)| self.finish(of, *start, *end, effects));
            return;
        }
        let first = match (&self.last, with_records.first()) {
            (Some((start, ..)), _) => next(of, *start),
            (None, Some(first)) => *first,
            (None, None) => return,
        };
        let mut window = first;
        while self.is_over(window.1) {
            if with_records.contains(&window) {
                self.finish(of, window.0, window.1, effects);
            } else {
                self.fill(of, window, effects);
            }
            window = next(of, window.0);
        }
    }

    fn finish(&mut self, of: &Window, start: i64, end: i64, effects: &mut Effects) {
        let values = self.values(of, start, end);
        let is_last = |ts: i64| windows_of(of, ts).last().is_some_and(|(last, _)| *last == start);
        let ended = self.records.iter().filter(|(ts, _)| is_last(*ts)).count() as u64;
        effects.ended += ended;
        let previous = self.last.take().map_or_else(|| vec![0.0; values.len()], |(.., values)| values);
        self.last = Some((start, 0, if is_fit(&values) { values.clone() } else { previous }));
        if !is_fit(&values) {
            effects.unfit += ended;
            return;
        }
        match ended {
            0 => effects.made += 1,
            ended => effects.folded += ended - 1,
        }
        self.results.insert(start, 0);
        effects.rows.push(Row { start, end, values, revision: 0, is_final: true });
    }

    /// A window without records is over.
    fn fill(&mut self, of: &Window, (start, end): (i64, i64), effects: &mut Effects) {
        let Some((last, empty, values)) = &mut self.last else { return };
        (*last, *empty) = (start, *empty + 1);
        effects.made += 1;
        if *empty > limit::EMPTY_WINDOWS {
            effects.dropped += 1;
            return;
        }
        let is_zero = |at: usize| of.empty == Empty::Zero || of.aggregates[at] == Aggregate::Count;
        let values =
            values.iter().enumerate().map(|(at, value)| if is_zero(at) { 0.0 } else { *value }).collect();
        self.results.insert(start, 0);
        effects.rows.push(Row { start, end, values, revision: 0, is_final: true });
    }

    fn slice_silence(&mut self, of: &Window, reach: i64, effects: &mut Effects) {
        let windows = self.records.iter().flat_map(|(ts, _)| windows_of(of, *ts));
        let passed = windows.map(|(_, end)| end).filter(|end| *end <= reach && !self.is_over(*end)).max();
        if let Some(end) = passed {
            let before = self.watermark.replace(end);
            self.slice_close(of, before, effects);
        }
    }

    fn slice_early(&mut self, of: &Window, effects: &mut Effects) {
        let windows = self.records.iter().flat_map(|(ts, _)| windows_of(of, *ts));
        let open: BTreeSet<(i64, i64)> = windows.filter(|(_, end)| !self.is_over(*end)).collect();
        let most = if matches!(&of.kind, Kind::Hopping { size_ms, hop_ms, .. } if hop_ms < size_ms) {
            1
        } else {
            open.len()
        };
        let mut shown = Vec::new();
        for (start, end) in open.into_iter().take(most) {
            let count = self.records.iter().filter(|(ts, _)| start <= *ts && *ts < end).count() as u64;
            let values = self.values(of, start, end);
            if !self.shown.contains(&(start, count)) && is_fit(&values) {
                effects.made += 1;
                effects.rows.push(Row { start, end, values, revision: 0, is_final: false });
            }
            shown.push((start, count));
        }
        self.shown = shown;
    }

    /// The aggregates of a window: its panes one after the other, each with its records as they came.
    fn values(&self, of: &Window, start: i64, end: i64) -> Vec<f64> {
        let mut panes: BTreeMap<i64, Part> = BTreeMap::new();
        for &(ts, value) in self.records.iter().filter(|(ts, _)| start <= *ts && *ts < end) {
            panes.entry(pane_of(of, ts)).or_default().add(ts, value);
        }
        let all = panes.into_values().reduce(Part::merged).unwrap_or_default();
        let before = self.records.iter().filter(|(ts, _)| *ts < start);
        let carried = before.max_by_key(|(ts, _)| *ts).map(|(_, value)| *value);
        all.values(&of.aggregates, start, end, carried)
    }
}

fn is_fit(values: &[f64]) -> bool {
    values.iter().all(|value| value.is_finite())
}

fn is_far(of: &Window, ts: i64, now: i64) -> bool {
    ts > now + of.future_ms * 1000
}

/// The start of the pane that a moment lies in.
fn pane_of(of: &Window, ts: i64) -> i64 {
    match &of.kind {
        Kind::Hopping { pane_ms, .. } => ts.div_euclid(pane_ms * 1000) * pane_ms * 1000,
        _ => windows_of(of, ts)[0].0,
    }
}

/// The windows that a moment lies in, in order: [start, end).
fn windows_of(of: &Window, ts: i64) -> Vec<(i64, i64)> {
    let even = |size: i64, hop: i64| {
        let last = ts.div_euclid(hop) * hop;
        let starts = (0..).map(|n| last - n * hop).take_while(|start| ts < start + size);
        let mut windows: Vec<(i64, i64)> = starts.map(|start| (start, start + size)).collect();
        windows.reverse();
        windows
    };
    match &of.kind {
        Kind::Tumbling { size_ms } => even(size_ms * 1000, size_ms * 1000),
        Kind::Hopping { size_ms, hop_ms, .. } => even(size_ms * 1000, hop_ms * 1000),
        Kind::Calendar { unit, zone, week_start } => {
            vec![Calendar { unit: *unit, zone: zone.clone(), week_start: *week_start }.window(ts)]
        }
        Kind::Session { .. } | Kind::Count { .. } => Vec::new(),
    }
}

/// The window after the one that starts here.
fn next(of: &Window, start: i64) -> (i64, i64) {
    match &of.kind {
        Kind::Hopping { size_ms, hop_ms, .. } => {
            let start = start + hop_ms * 1000;
            (start, start + size_ms * 1000)
        }
        _ => {
            let (_, end) = windows_of(of, start)[0];
            windows_of(of, end)[0]
        }
    }
}
