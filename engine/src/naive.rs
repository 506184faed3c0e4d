//! The model: a flow run record by record, as plainly as it can be written. Property tests compare the engine with it.
//!
//! Everything here is slow on purpose: values are kept in lists and summed afresh, expressions are computed row by row, nothing is
//! shared between records. If the two disagree, believe this one first.

mod expression;
mod shape;

use std::collections::BTreeMap;
use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::window::Aggregate;
use edgesync_schemas::flow::node::{MovingAverage, Window};
use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::reading::{Commit, Quality, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

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
#[derive(Debug)]
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
    windows: BTreeMap<i64, Vec<(i64, f64)>>,
    watermark: Option<i64>,
    seen: i64,
    unit: UnitIndex,
    prev: Option<expression::Prev>,
    good: Option<(f64, i64)>,
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
            for (_, mut record) in came {
                // Further numbers are known downstream only if every input has them.
                let names = self.plan.nodes()[node].entering.names.clone();
                let fields = names.iter().flat_map(|names| names.iter()).map(|name| {
                    let mine = record.fields.iter().find(|(other, ..)| other == name);
                    mine.cloned().unwrap_or_else(|| (name.clone(), 0.0, Some("null".into())))
                });
                record.fields = fields.collect();
                record.reason = None;
                self.counters[node].in_ += 1;
                self.record(node, record, known);
            }
            if let Some(offset) = tick {
                self.tick_node(node, offset);
            }
        }
    }

    fn record(&mut self, node: usize, record: Record, known: &[Arc<SeriesInfo>]) {
        let plan = Arc::clone(&self.plan);
        match &plan.nodes()[node].work {
            Work::Source(_) | Work::Display(_) | Work::Debug | Work::Fault(_) => {
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
            Work::MovingAverage(of) => self.average(node, of, record),
            Work::Window(of) => self.window(node, of, record),
        }
    }

    fn average(&mut self, node: usize, of: &MovingAverage, record: Record) {
        if record.raw.is_some() {
            return self.fail(node, Reason::NotANumber, record);
        }
        let Some(state) = self.state(node, record.series) else {
            return self.fail(node, Reason::TooManyKeys, record);
        };
        let ts = record.ts.as_us();
        if state.values.len() == of.window_size {
            state.values.remove(0);
        }
        if let Some(duration) = of.duration_ms {
            while state.values.first().is_some_and(|(oldest, _)| *oldest <= ts - duration * 1000) {
                state.values.remove(0);
            }
        }
        state.values.push((ts, record.num));
        let values: Vec<f64> = state.values.iter().map(|(_, value)| *value).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        if !mean.is_finite() {
            return self.fail(node, Reason::NotFinite, record);
        }
        let fields = vec![
            field("current_value", mean),
            field("window_size", values.len() as f64),
            field("window_full", if values.len() == of.window_size { 1.0 } else { 0.0 }),
            field("min_in_window", values.iter().copied().fold(f64::INFINITY, f64::min)),
            field("max_in_window", values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        ];
        self.leave(node, Port::Out, Record { num: mean, fields, ..record });
    }

    fn window(&mut self, node: usize, of: &Window, record: Record) {
        if record.raw.is_some() && of.is_numeric() {
            return self.fail(node, Reason::NotANumber, record);
        }
        let now = self.now;
        let Some(state) = self.state(node, record.series) else {
            return self.fail(node, Reason::TooManyKeys, record);
        };
        let (ts, size) = (record.ts.as_us(), of.size_ms * 1000);
        let start = ts.div_euclid(size) * size;
        state.seen = now;
        if state.watermark.is_some_and(|watermark| start + size <= watermark) {
            self.counters[node].late += 1;
            return self.pass_on(node, Port::Late, record);
        }
        state.windows.entry(start).or_default().push((ts, record.num));
        state.unit = record.unit;
        let newest = ts - of.lateness_ms * 1000;
        state.watermark = Some(state.watermark.map_or(newest, |watermark| watermark.max(newest)));
        self.counters[node].in_flight += 1;
        self.close(node, of, record.series, record.offset);
    }

    fn close(&mut self, node: usize, of: &Window, series: SeriesId, offset: Offset) {
        let size = of.size_ms * 1000;
        loop {
            let Some(state) = self.state(node, series) else { return };
            let watermark = state.watermark.unwrap_or(i64::MIN);
            let Some((&start, _)) = state.windows.first_key_value() else { return };
            if start + size > watermark {
                return;
            }
            let records = state.windows.remove(&start).unwrap_or_default();
            let unit = state.unit;
            let count = records.len() as u64;
            self.counters[node].in_flight -= count;
            let values: Vec<f64> =
                of.aggregates.iter().map(|aggregate| aggregate_of(*aggregate, &records)).collect();
            if values.iter().any(|value| !value.is_finite()) {
                self.counters[node].error += count;
                continue;
            }
            self.counters[node].filtered += count - 1;
            let mut fields = vec![
                field("window_start", (start / 1000) as f64),
                field("window_end", ((start + size) / 1000) as f64),
            ];
            let named = of.aggregates.iter().zip(&values);
            fields.extend(named.map(|(aggregate, value)| field(aggregate.name(), *value)));
            let ts = Timestamp::from_us_saturating(start);
            let record = Record {
                series,
                ts,
                num: values[0],
                raw: None,
                unit,
                quality: Quality::GOOD,
                offset,
                fields,
                reason: None,
            };
            self.leave(node, Port::Out, record);
        }
    }

    fn tick_node(&mut self, node: usize, offset: Offset) {
        let plan = Arc::clone(&self.plan);
        let (Work::Window(of), now) = (&plan.nodes()[node].work, self.now) else { return };
        if self.counters[node].in_flight == 0 {
            return;
        }
        for at in 0..self.states[node].len() {
            let (series, state) = &mut self.states[node][at];
            let series = *series;
            let seen = state.seen;
            let Some((&last, _)) = state.windows.last_key_value() else { continue };
            if now - seen >= of.idle_ms * 1000 {
                let over = last + of.size_ms * 1000;
                state.watermark = Some(state.watermark.map_or(over, |watermark| watermark.max(over)));
                self.close(node, of, series, offset);
            }
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

fn aggregate_of(aggregate: Aggregate, records: &[(i64, f64)]) -> f64 {
    let values = || records.iter().map(|(_, value)| *value);
    match aggregate {
        Aggregate::Count => records.len() as f64,
        Aggregate::Sum => values().sum(),
        Aggregate::Avg => values().sum::<f64>() / records.len() as f64,
        Aggregate::Min => values().fold(f64::INFINITY, f64::min),
        Aggregate::Max => values().fold(f64::NEG_INFINITY, f64::max),
        Aggregate::First => {
            let earliest = records.iter().map(|(ts, _)| *ts).min();
            records.iter().find(|(ts, _)| Some(*ts) == earliest).map_or(0.0, |(_, value)| *value)
        }
        Aggregate::Last => {
            let latest = records.iter().map(|(ts, _)| *ts).max();
            records.iter().rfind(|(ts, _)| Some(*ts) == latest).map_or(0.0, |(_, value)| *value)
        }
    }
}
