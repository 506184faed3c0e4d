//! The model: a flow run record by record, as plainly as it can be written. Property tests compare the engine with it.
//!
//! Everything here is slow on purpose: values are kept in lists and summed afresh, expressions are computed row by row, nothing is
//! shared between records. If the two disagree, believe this one first.

mod average;
mod combine;
mod deadband;
mod dedupe;
mod expression;
mod interval_join;
mod min_max;
mod rate;
mod shape;
mod throttle;
mod version;
pub(crate) mod window;

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::{By, Window};
use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::reading::{Commit, Quality, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

use self::window::Effects;
use crate::cell::emit::Reason;
use crate::chunk::Name;
use crate::metrics::Snapshot;
use crate::plan::{Plan, Work};

/// One record.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "as in cell::emit::Rows")]
pub struct Record {
    pub series: SeriesId,
    pub ts: Timestamp,
    pub num: f64,
    pub raw: Option<Arc<str>>,
    pub unit: UnitIndex,
    pub quality: Quality,
    pub offset: Offset,
    pub fields: Vec<Field>,
    pub reason: Option<Reason>,
}

/// A further value: its name, its number, its original JSON if it is no number.
pub type Field = (Name, f64, Option<Arc<str>>);

fn field(name: &str, num: f64) -> Field {
    (Name::from(name), num, None)
}

/// A flow that is interpreted.
#[derive(Debug, Clone)]
pub struct Naive {
    plan: Arc<Plan>,
    keys_most: usize,
    states: Vec<Vec<(SeriesId, State)>>,
    counters: Vec<Snapshot>,
    /// By node: what came for it in this round, with the edge it came by.
    pending: Vec<Vec<(usize, Record)>>,
    /// Its clock, in microseconds.
    now: i64,
    /// Everything that left any node, in the order it did: (node, port, record).
    pub emitted: Vec<(usize, Port, Record)>,
}

/// What a node remembers of one key.
#[derive(Debug, Clone, Default)]
struct State {
    values: Vec<(i64, f64)>,
    window: window::Key,
    kept: Kept,
    prev: Option<expression::Prev>,
    good: Option<(f64, i64)>,
}

/// What most nodes remember of one key: records, and what is over.
#[derive(Debug, Clone, Default)]
struct Kept {
    /// In the order they came, each with its input and whether something has become of it.
    records: Vec<(u8, Record, bool)>,
    /// No time comes before it.
    over: Option<i64>,
    /// The clock at the last record.
    seen: i64,
}

impl Naive {
    /// Of a plan, with nothing remembered, whose clock shows `now` in microseconds.
    pub fn new(plan: Arc<Plan>, keys_most: usize, now: i64) -> Self {
        let count = plan.nodes().len();
        Self {
            plan,
            keys_most,
            states: vec![Vec::new(); count],
            counters: vec![Snapshot::default(); count],
            pending: vec![Vec::new(); count],
            now,
            emitted: Vec::new(),
        }
    }

    /// Counters by node. `busy_ns` stays 0.
    pub fn counters(&self) -> &[Snapshot] {
        &self.counters
    }

    /// Runs a commit through the flow. `known` has every series in it.
    pub fn feed(&mut self, commit: &Commit, known: &[Arc<SeriesInfo>]) {
        for row in 0..commit.columns.len() {
            let columns = &commit.columns;
            let arrival = commit.arrivals.iter().find(|arrival| arrival.end_row as usize > row);
            if let Some(arrival) = arrival {
                let before = Offset((commit.first.0 + row as u64).saturating_sub(1));
                self.tick(arrival.received_at, before, known);
            }
            let Some(info) = known.iter().find(|info| info.id == columns.series[row]) else { continue };
            let record = Record {
                series: info.id,
                ts: columns.ts[row],
                num: columns.num[row],
                raw: columns.raw_of(row).map(Into::into),
                unit: columns.unit[row],
                quality: columns.quality[row],
                offset: commit.first.plus(row as u64),
                fields: Vec::new(),
                reason: None,
            };
            let plan = Arc::clone(&self.plan);
            for node in 0..plan.nodes().len() {
                if let Work::Source(source) = &plan.nodes()[node].work {
                    let is_mine = source.devices.contains(&info.device)
                        && (source.sensors.is_empty() || source.sensors.contains(&info.sensor));
                    if is_mine {
                        self.pending[node].push((0, record.clone()));
                    }
                }
            }
            self.round(known, None);
        }
    }

    /// Tells the flow what time it is. `offset` is that of the newest reading.
    pub fn tick(&mut self, now: Timestamp, offset: Offset, known: &[Arc<SeriesInfo>]) {
        let second = now.as_us().div_euclid(1_000_000) * 1_000_000;
        if self.now == 0 {
            self.now = second; // nothing can be due before the first time that is told
        }
        while self.now < second {
            self.now += 1_000_000;
            self.round(known, Some(offset));
        }
    }

    fn round(&mut self, known: &[Arc<SeriesInfo>], tick: Option<Offset>) {
        for node in 0..self.plan.nodes().len() {
            let mut came = std::mem::take(&mut self.pending[node]);
            came.sort_by_key(|(edge, _)| *edge);
            for (edge, mut record) in came {
                let input = self.plan.edges().get(edge).map_or(0, |edge| edge.input);
                // Further numbers are known downstream only if every input has them.
                let names = self.plan.nodes()[node].entering.names.clone();
                let fields = names.iter().flat_map(|names| names.iter()).map(|name| {
                    let mine = record.fields.iter().find(|(other, ..)| other == name);
                    mine.cloned().unwrap_or_else(|| (name.clone(), 0.0, Some("null".into())))
                });
                record.fields = fields.collect();
                record.reason = None;
                self.counters[node].in_ += 1;
                self.record(node, input, record, known);
            }
            if let Some(offset) = tick {
                self.tick_node(node, offset);
            }
        }
    }

    fn record(&mut self, node: usize, input: u8, record: Record, known: &[Arc<SeriesInfo>]) {
        let plan = Arc::clone(&self.plan);
        match &plan.nodes()[node].work {
            Work::Source(_) | Work::Display(_) | Work::Debug | Work::Store(_) | Work::Fault(_) => {
                self.leave(node, Port::Out, record)
            }
            Work::Filter(expression) => {
                let answer = self.with_row(node, record, known, &[expression], |row| expression.holds(row));
                match answer {
                    Err(failed) => self.fail(node, Reason::TooManyKeys, failed),
                    Ok((Ok(true), record)) => self.leave(node, Port::Out, record),
                    Ok((Ok(false), record)) => self.leave(node, Port::Else, record),
                    Ok((Err(_), record)) => self.fail(node, Reason::Expression, record),
                }
            }
            Work::Switch(of) => self.switch(node, of, record, known),
            Work::Compute(of) => self.compute(node, of, record, known),
            Work::Validate(of) => self.validate(node, of, record),
            Work::Scale(of) => self.scale(node, of, record, known),
            Work::Split(of) => self.split(node, of, record),
            Work::Deadband(of) => self.deadband(node, of, record),
            Work::Throttle(of) => self.throttle(node, of, record),
            Work::Dedupe(of) => self.dedupe(node, of, record),
            Work::Rate(of) => self.rate(node, of, record),
            Work::MinMax(of) => self.min_max(node, of, record),
            Work::Combine(of) => {
                let group = group(of.by, record.series, known);
                self.combine(node, of, group, input, record);
            }
            Work::IntervalJoin(of) => {
                let group = group(of.by, record.series, known);
                self.join(node, of, group, input, record);
            }
            Work::MovingAverage(of) => self.average(node, of, record),
            Work::Window(of) => self.window(node, of, record),
        }
    }

    fn window(&mut self, node: usize, of: &Window, record: Record) {
        if record.raw.is_some() && of.is_numeric() {
            return self.fail(node, Reason::NotANumber, record);
        }
        let now = self.now;
        let Some(state) = self.state(node, record.series) else {
            return self.fail(node, Reason::TooManyKeys, record);
        };
        let effects = state.window.record(of, record.ts.as_us(), record.num, record.unit, now);
        let (is_late, error) = (effects.is_late, effects.error);
        self.window_effects(node, of, record.series, record.offset, effects);
        if is_late {
            self.counters[node].late += 1;
            self.pass_on(node, Port::Late, record);
        } else if let Some(reason) = error {
            self.fail(node, reason, record);
        }
    }

    fn window_effects(
        &mut self,
        node: usize,
        of: &Window,
        series: SeriesId,
        offset: Offset,
        effects: Effects,
    ) {
        let counters = &mut self.counters[node];
        counters.made += effects.made;
        counters.filtered += effects.folded;
        counters.dropped += effects.dropped;
        counters.error += effects.unfit;
        counters.in_flight = counters.in_flight + effects.taken - effects.ended;
        let Some(unit) = self.state(node, series).map(|state| state.window.unit) else { return };
        for row in effects.rows {
            let bounds = [row.start, row.end].map(|us| us.div_euclid(1000) as f64);
            let mut values = [&bounds[..], &row.values].concat();
            if of.revise_ms > 0 {
                values.push(f64::from(row.revision));
            }
            if of.early_ms.is_some() {
                values.push(f64::from(u8::from(row.is_final)));
            }
            let record = Record {
                series,
                ts: Timestamp::from_us_saturating(row.start),
                num: row.values[0],
                raw: None,
                unit,
                quality: Quality::GOOD,
                offset,
                fields: of.names().iter().zip(values).map(|(name, value)| field(name, value)).collect(),
                reason: None,
            };
            self.leave(node, Port::Out, record);
        }
    }

    fn tick_node(&mut self, node: usize, offset: Offset) {
        let plan = Arc::clone(&self.plan);
        match &plan.nodes()[node].work {
            Work::Window(of) => self.window_tick(node, of, offset),
            Work::Throttle(of) => self.throttle_tick(node, of, offset),
            Work::IntervalJoin(of) => self.join_tick(node, of, offset),
            _ => {}
        }
    }

    fn window_tick(&mut self, node: usize, of: &Window, offset: Offset) {
        let now = self.now;
        if self.counters[node].in_flight == 0 {
            return;
        }
        for at in 0..self.states[node].len() {
            let (series, state) = &mut self.states[node][at];
            let (series, effects) = (*series, state.window.tick(of, now));
            self.window_effects(node, of, series, offset, effects);
        }
    }

    fn state(&mut self, node: usize, series: SeriesId) -> Option<&mut State> {
        let states = &mut self.states[node];
        let at = states.iter().position(|(other, _)| *other == series);
        if at.is_none() {
            if states.len() >= self.keys_most {
                return None;
            }
            states.push((series, State::default()));
        }
        let at = at.unwrap_or(states.len() - 1);
        Some(&mut states[at].1)
    }

    fn leave(&mut self, node: usize, port: Port, record: Record) {
        match port {
            Port::Out | Port::Case(_) => self.counters[node].out += 1,
            _ => self.counters[node].filtered += 1,
        }
        self.pass_on(node, port, record);
    }

    fn fail(&mut self, node: usize, reason: Reason, record: Record) {
        self.counters[node].error += 1;
        self.pass_on(node, Port::Error, Record { reason: Some(reason), ..record });
    }

    fn pass_on(&mut self, node: usize, port: Port, record: Record) {
        for &edge in self.plan.nodes()[node].outputs.of(port) {
            self.pending[self.plan.edges()[edge].to].push((edge, record.clone()));
        }
        self.emitted.push((node, port, record));
    }
}

/// The series that stands for all whose records meet those of `series`.
fn group(by: By, series: SeriesId, known: &[Arc<SeriesInfo>]) -> SeriesId {
    let device = known.iter().find(|info| info.id == series).map(|info| info.device);
    let first =
        known.iter().filter(|info| by == By::All || Some(info.device) == device).map(|info| info.id).min();
    first.unwrap_or(series)
}

/// Bytes of the text and JSON of a record.
fn text_bytes(record: &Record) -> usize {
    let raws = record.fields.iter().map(|(_, _, raw)| raw).chain([&record.raw]);
    raws.flatten().map(|raw| raw.len()).sum()
}
