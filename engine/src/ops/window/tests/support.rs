//! A stage that is fed by hand.

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::diagram::Node;
use edgesync_schemas::flow::node::{NodeConfig, Window};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use serde_json::json;

use super::super::Stage;
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Names, Sel};
use crate::expr::kernel::Scratch;
use crate::ops::{Context, Output};

/// A window's configuration.
pub(super) fn window(data: serde_json::Value) -> Window {
    let data = data.as_object().cloned().unwrap();
    let node = Node { id: "w".into(), kind: "window".into(), data, ..Node::default() };
    let mut problems = Vec::new();
    match NodeConfig::parse(&node, false, &mut problems) {
        Some(NodeConfig::Window(window)) => window,
        _ => panic!("{problems:#?}"),
    }
}

/// One reading: key, event time in milliseconds, value, unit.
pub(super) type Reading = (u32, i64, f64, u8);

/// A result as it leaves: key, event time in milliseconds, value, unit, offset, fields.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub key: u32,
    pub ts_us: i64,
    pub num: f64,
    pub unit: u8,
    pub offset: u64,
    pub fields: Vec<f64>,
}

/// What became of records.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ends {
    pub came: u64,
    pub made: u64,
    pub folded: u64,
    pub unfit: u64,
    pub dropped: u64,
    /// Offsets of those that left by `late` and by `error`.
    pub late: Vec<u64>,
    pub errors: Vec<(u64, Reason)>,
    pub held: u64,
}

pub(super) struct Fed {
    pub of: Window,
    pub stage: Stage,
    pub now_us: i64,
    pub next: u64,
    pub rows: Vec<Row>,
    pub ends: Ends,
    names: Names,
    taken: usize,
}

impl Fed {
    pub fn new(of: &Window, keys: usize) -> Self {
        Self {
            of: of.clone(),
            stage: Stage::new(of, keys),
            now_us: 0,
            next: 0,
            rows: Vec::new(),
            ends: Ends::default(),
            names: of.names().into_iter().map(Into::into).collect(),
            taken: 0,
        }
    }

    /// Of a configuration, with the clock at so many seconds.
    pub fn at(seconds: i64, data: serde_json::Value) -> Self {
        let mut fed = Self::new(&window(data), 1000);
        fed.tick(seconds);
        fed
    }

    /// Readings of one chunk.
    pub fn feed(&mut self, readings: &[Reading]) {
        let chunk = Chunk {
            key: readings.iter().map(|(key, ..)| *key).collect(),
            ts: readings.iter().map(|(_, ms, ..)| Timestamp::from_ms(*ms).unwrap()).collect(),
            num: readings.iter().map(|(_, _, value, _)| *value).collect(),
            unit: readings.iter().map(|(.., unit)| UnitIndex(*unit)).collect(),
            offset_first: Some(self.next),
            ..Chunk::default()
        };
        self.next += readings.len() as u64;
        self.ends.came += readings.len() as u64;
        self.step(|stage, context, output| stage.run(&chunk, &Sel::All, context, output), chunk.offset_first);
    }

    /// Readings of key 0, (milliseconds, value) each, one by one.
    pub fn feed_one(&mut self, readings: &[(i64, f64)]) {
        readings.iter().for_each(|(ms, value)| self.feed(&[(0, *ms, *value, 0)]));
    }

    /// The clock goes on to so many seconds, from one that is due to the next.
    pub fn tick(&mut self, seconds: i64) {
        while self.tick_once(seconds) {}
    }

    /// The clock goes on to so many seconds, or to the first second before that in which something is due; answers whether it is one.
    pub fn tick_once(&mut self, seconds: i64) -> bool {
        let until = seconds * 1_000_000;
        let due = self.stage.due().map(|due| due.saturating_add(999_999).div_euclid(1_000_000) * 1_000_000);
        let Some(due) = due.map(|due| due.max(self.now_us + 1_000_000)).filter(|due| *due <= until) else {
            self.now_us = until;
            return false;
        };
        self.now_us = due;
        let offset = self.next.saturating_sub(1);
        self.step(|stage, context, output| stage.tick(context, offset, output), None);
        assert!(self.stage.due().is_none_or(|due| due > self.now_us), "what was due still is");
        true
    }

    fn step(&mut self, act: impl FnOnce(&mut Stage, &mut Context<'_>, &mut Output), first: Option<u64>) {
        let mut output = Output::default();
        output.chunk.name(Some(&self.names));
        let mut scratch = Scratch::default();
        let mut context =
            Context { series: &[], now_us: self.now_us, needs_else: true, scratch: &mut scratch };
        act(&mut self.stage, &mut context, &mut output);
        let ends = &mut self.ends;
        ends.made += output.made;
        ends.folded += output.folded;
        ends.unfit += output.unfit;
        ends.dropped += output.dropped.iter().map(|(_, count)| count).sum::<u64>();
        let first = first.unwrap_or_default();
        ends.late.extend(output.side(Port::Late).iter().map(|row| first + u64::from(*row)));
        ends.errors.extend(output.errors.iter().map(|(row, reason)| (first + u64::from(*row), *reason)));
        ends.held = self.stage.held();
        let chunk = &output.chunk;
        for row in 0..chunk.len() {
            assert!(chunk.fields.iter().all(|column| column.num.len() == chunk.len()));
            self.rows.push(Row {
                key: chunk.key[row],
                ts_us: chunk.ts[row].as_us(),
                num: chunk.num[row],
                unit: chunk.unit[row].0,
                offset: chunk.offset_of(row),
                fields: chunk.fields.iter().map(|column| column.num[row]).collect(),
            });
        }
    }

    /// Whether every record is accounted for.
    pub fn is_balanced(&self) -> bool {
        let ends = &self.ends;
        let gone = ends.folded + ends.unfit + ends.dropped + ends.held;
        let side = (ends.late.len() + ends.errors.len()) as u64;
        ends.came + ends.made == self.rows.len() as u64 + gone + side
    }

    /// The results since the last call: start and end of the window in milliseconds, and the other fields.
    pub fn take(&mut self) -> Vec<(i64, i64, Vec<f64>)> {
        assert!(self.is_balanced(), "{:?}", self.ends);
        let rows = self.rows[self.taken..].iter();
        let found =
            rows.map(|row| (row.fields[0] as i64, row.fields[1] as i64, row.fields[2..].to_vec())).collect();
        self.taken = self.rows.len();
        found
    }
}

/// As a configuration with a window of one second and the sum.
pub(super) fn second(more: serde_json::Value) -> serde_json::Value {
    let mut data = json!({"size": "1s", "aggregates": ["sum"]});
    data.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    data
}
