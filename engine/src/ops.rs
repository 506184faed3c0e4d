//! Stages: what each kind of node does to a chunk. One file per kind.
//!
//! A stage reads the rows meant of its input and says in an [`Output`] where each of them went. It does not count, route or
//! emit: its caller does, after the call, so that a stage that panics halfway has done nothing but spoil its own state.

pub mod combine;
pub mod compute;
pub mod deadband;
pub mod dedupe;
pub mod ewma;
mod extremes;
pub mod fault;
pub mod filter;
mod group;
mod held;
pub mod interval_join;
pub mod min_max;
pub mod moving_average;
pub mod needs;
pub mod prev;
pub mod rate;
pub mod scale;
pub mod split;
pub mod switch;
pub mod throttle;
pub mod validate;
pub mod view;
pub mod window;

#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::moving_average::Method;
use edgesync_schemas::reading::SeriesInfo;
use edgesync_schemas::unit::{Unit, UnitIndex};

use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Names, Sel};
use crate::expr::Scratch;
use crate::plan::{PlannedNode, Work};
use crate::state::BadState;

/// A node's stage with its state.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Records leave as they came: sources, displays, debug nodes.
    Pass,
    Filter(filter::Stage),
    Switch(switch::Stage),
    Validate(validate::Stage),
    Compute(compute::Stage),
    Scale(scale::Stage),
    Split(split::Stage),
    Deadband(deadband::Stage),
    Throttle(throttle::Stage),
    Dedupe(dedupe::Stage),
    Rate(rate::Stage),
    MinMax(min_max::Stage),
    Ewma(ewma::Stage),
    Combine(combine::Stage),
    IntervalJoin(interval_join::Stage),
    MovingAverage(moving_average::Stage),
    Window(Box<window::Stage>),
    Fault(fault::Stage),
    /// It panicked: every record goes to the error port.
    Failed,
}

/// What a stage may know beside its input.
pub(crate) struct Context<'a> {
    /// The flow's series by key.
    pub series: &'a [Series],
    /// The flow's clock in microseconds since the Unix epoch, whole seconds: when the newest reading arrived, or later. Never falls.
    pub now_us: i64,
    /// Memory for expressions.
    pub scratch: &'a mut Scratch,
}

/// A series as stages see it.
#[derive(Debug)]
pub(crate) struct Series {
    pub info: Arc<SeriesInfo>,
    /// Units that the flow gives records itself.
    units: Arc<[Unit]>,
    device: OnceCell<Box<str>>,
}

impl Series {
    pub fn new(info: Arc<SeriesInfo>, units: Arc<[Unit]>) -> Self {
        Self { info, units, device: OnceCell::new() }
    }

    /// The device's id as text.
    pub fn device(&self) -> &str {
        self.device.get_or_init(|| self.info.device.to_string().into())
    }

    /// The unit with this index as text; empty for none.
    pub fn unit(&self, unit: UnitIndex) -> &str {
        let unit = match unit.place_in_flow() {
            Some(place) => self.units.get(place),
            None => self.info.unit(unit),
        };
        unit.map_or("", Unit::as_str)
    }
}

/// Where the rows of a stage's input went. Every row is in exactly one of them, or counted in `folded` now or later.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// Rows of the input that leave by `out` unchanged; `None` if what leaves is in `chunk`.
    pub pass: Option<Sel>,
    /// New records that leave by `out`. The caller named it.
    pub chunk: Chunk,
    /// Rows of the input that leave by side ports but `error`; ascending. Get them with [`Output::side`].
    sides: Vec<(Port, Vec<u32>)>,
    /// Records that were held, or are new, and leave by side ports but `error`; with the names of the input. They count as `filtered`.
    pub further: Vec<(Port, Chunk)>,
    /// Rows of the input that leave by `error`, and why; ascending.
    pub errors: Vec<(u32, Reason)>,
    /// What was wrong with one of them, for people.
    pub detail: Option<String>,
    /// Rows of the input that leave by cases, once each, however many cases they leave by.
    pub routed: u64,
    /// Records that were held and ended without leaving, because another one stands for them.
    pub folded: u64,
    /// Records that left by `out`, or were dropped, beyond those that came: elements of a list, pairs, results before the last.
    pub made: u64,
    /// Records that ended because there was no room for them or what they would make, by reason.
    pub dropped: Vec<(Reason, u64)>,
    /// Records that were held and ended in an error, because their result was no finite number.
    pub unfit: u64,
}

impl Output {
    pub fn clear(&mut self) {
        self.pass = None;
        self.chunk.clear();
        self.sides.iter_mut().for_each(|(_, rows)| rows.clear());
        self.further.clear();
        self.errors.clear();
        self.detail = None;
        self.routed = 0;
        self.folded = 0;
        self.made = 0;
        self.dropped.clear();
        self.unfit = 0;
    }

    /// The rows of the input that leave by a port.
    pub fn side(&mut self, port: Port) -> &mut Vec<u32> {
        let at = self.sides.iter().position(|(other, _)| *other == port).unwrap_or_else(|| {
            self.sides.push((port, Vec::new()));
            self.sides.len() - 1
        });
        &mut self.sides[at].1
    }

    /// All rows that leave by side ports.
    pub fn sides(&mut self) -> &mut [(Port, Vec<u32>)] {
        &mut self.sides
    }

    /// How many rows leave by `late`, and by side ports that count as filtered.
    pub fn aside(&self) -> (u64, u64) {
        let count = |mine: fn(Port) -> bool| {
            self.sides.iter().filter(|(port, _)| mine(*port)).map(|(_, rows)| rows.len() as u64).sum::<u64>()
        };
        let further: u64 = self.further.iter().map(|(_, chunk)| chunk.len() as u64).sum();
        let filtered = count(|port| !matches!(port, Port::Late | Port::Case(_)));
        (count(|port| port == Port::Late), filtered + further)
    }

    /// Sends further rows of the input to `error`, all for one reason.
    pub fn fail_all(&mut self, rows: Vec<u32>, reason: Reason) {
        if !rows.is_empty() {
            self.errors.extend(rows.into_iter().map(|row| (row, reason)));
            self.errors.sort_unstable_by_key(|(row, _)| *row);
        }
    }

    /// Notes that a row leaves by `error` because its value is no number.
    #[cold]
    pub fn not_a_number(&mut self, row: usize, raw: &str) {
        self.errors.push((row as u32, Reason::NotANumber));
        self.detail.get_or_insert_with(|| describe(raw));
    }

    /// The records of [`Output::further`] that leave by a port; `names` are those of the input.
    pub fn further_chunk(&mut self, port: Port, names: Option<&Names>) -> &mut Chunk {
        let at = self.further.iter().position(|(other, _)| *other == port).unwrap_or_else(|| {
            let mut chunk = Chunk::default();
            chunk.name(names);
            self.further.push((port, chunk));
            self.further.len() - 1
        });
        &mut self.further[at].1
    }

    /// Notes that records ended for a reason that is none of theirs.
    pub fn drop(&mut self, reason: Reason, count: u64) {
        match self.dropped.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, all)) => *all += count,
            None => self.dropped.push((reason, count)),
        }
    }
}

impl Stage {
    /// The stage of a planned node, with nothing remembered.
    pub fn new(node: &PlannedNode, keys: usize) -> Self {
        match &node.work {
            Work::Source(_) | Work::Display(_) | Work::Debug | Work::Store(_) => Self::Pass,
            Work::Filter(of) => Self::Filter(filter::Stage::new(Arc::clone(of), keys)),
            Work::Switch(of) => Self::Switch(switch::Stage::new(Arc::clone(of), keys)),
            Work::Validate(of) => Self::Validate(validate::Stage::new(of, keys)),
            Work::Compute(of) => Self::Compute(compute::Stage::new(Arc::clone(of), keys)),
            Work::Scale(of) => Self::Scale(scale::Stage::new(Arc::clone(of))),
            Work::Split(of) => Self::Split(split::Stage::new(of)),
            Work::Deadband(of) => Self::Deadband(deadband::Stage::new(of, keys)),
            Work::Throttle(of) => Self::Throttle(throttle::Stage::new(of, keys)),
            Work::Dedupe(of) => Self::Dedupe(dedupe::Stage::new(of, node, keys)),
            Work::Rate(of) => Self::Rate(rate::Stage::new(of, keys)),
            Work::MinMax(of) => Self::MinMax(min_max::Stage::new(of, keys)),
            Work::Combine(of) => Self::Combine(combine::Stage::new(of, keys)),
            Work::IntervalJoin(of) => Self::IntervalJoin(interval_join::Stage::new(of, node, keys)),
            Work::MovingAverage(of) if let Method::Ewma(weight) = of.method => {
                Self::Ewma(ewma::Stage::new(weight, keys))
            }
            Work::MovingAverage(of) => Self::MovingAverage(moving_average::Stage::new(of, keys)),
            Work::Window(of) => Self::Window(Box::new(window::Stage::new(of, keys))),
            Work::Fault(of) => Self::Fault(fault::Stage::new(of)),
        }
    }

    /// What it remembers; `None` if nothing. [`Stage::load`] takes it.
    pub fn save(&self) -> Option<Vec<u8>> {
        match self {
            Self::Pass | Self::Scale(_) | Self::Split(_) | Self::Fault(_) | Self::Failed => None,
            Self::Filter(stage) => stage.save(),
            Self::Switch(stage) => stage.save(),
            Self::Validate(stage) => stage.save(),
            Self::Compute(stage) => stage.save(),
            Self::Deadband(stage) => Some(stage.save()),
            Self::Throttle(stage) => Some(stage.save()),
            Self::Dedupe(stage) => Some(stage.save()),
            Self::Rate(stage) => Some(stage.save()),
            Self::MinMax(stage) => Some(stage.save()),
            Self::Ewma(stage) => Some(stage.save()),
            Self::Combine(stage) => Some(stage.save()),
            Self::IntervalJoin(stage) => Some(stage.save()),
            Self::MovingAverage(stage) => Some(stage.save()),
            Self::Window(stage) => Some(stage.save()),
        }
    }

    /// Goes on with what a stage of the same node remembered, exactly as that one would have.
    pub fn load(&mut self, saved: &[u8]) -> Result<(), BadState> {
        match self {
            Self::Pass | Self::Scale(_) | Self::Split(_) | Self::Fault(_) | Self::Failed => Err(BadState),
            Self::Filter(stage) => stage.load(saved),
            Self::Switch(stage) => stage.load(saved),
            Self::Validate(stage) => stage.load(saved),
            Self::Compute(stage) => stage.load(saved),
            Self::Deadband(stage) => stage.load(saved),
            Self::Throttle(stage) => stage.load(saved),
            Self::Dedupe(stage) => stage.load(saved),
            Self::Rate(stage) => stage.load(saved),
            Self::MinMax(stage) => stage.load(saved),
            Self::Ewma(stage) => stage.load(saved),
            Self::Combine(stage) => stage.load(saved),
            Self::IntervalJoin(stage) => stage.load(saved),
            Self::MovingAverage(stage) => stage.load(saved),
            Self::Window(stage) => stage.load(saved),
        }
    }

    /// Handles rows of a chunk.
    pub fn run(&mut self, input: &Chunk, sel: &Sel, context: &mut Context<'_>, output: &mut Output) {
        match self {
            Self::Pass => output.pass = Some(sel.clone()),
            Self::Filter(stage) => stage.run(input, sel, context, output),
            Self::Switch(stage) => stage.run(input, sel, context, output),
            Self::Validate(stage) => stage.run(input, sel, output),
            Self::Compute(stage) => stage.run(input, sel, context, output),
            Self::Scale(stage) => stage.run(input, sel, context, output),
            Self::Split(stage) => stage.run(input, sel, output),
            Self::Deadband(stage) => stage.run(input, sel, output),
            Self::Throttle(stage) => stage.run(input, sel, context, output),
            Self::Dedupe(stage) => stage.run(input, sel, output),
            Self::Rate(stage) => stage.run(input, sel, output),
            Self::MinMax(stage) => stage.run(input, sel, output),
            Self::Ewma(stage) => stage.run(input, sel, output),
            Self::Combine(stage) => stage.run(input, sel, context, output),
            Self::IntervalJoin(stage) => stage.run(input, sel, context, output),
            Self::MovingAverage(stage) => stage.run(input, sel, output),
            Self::Window(stage) => stage.run(input, sel, context, output),
            Self::Fault(stage) => stage.run(input, sel, output),
            Self::Failed => each_row(input, sel, |row| output.errors.push((row as u32, Reason::NodeFailed))),
        }
    }

    /// Handles that it is [`due`](Stage::due). Results are added to `output`. `offset` is the newest arrival offset.
    pub fn tick(&mut self, context: &mut Context<'_>, offset: u64, output: &mut Output) {
        match self {
            Self::Window(stage) => stage.tick(context, offset, output),
            Self::Throttle(stage) => stage.tick(context, offset, output),
            Self::IntervalJoin(stage) => stage.tick(context, offset, output),
            _ => {}
        }
    }

    /// From which time on, in microseconds of the flow's clock, [`Stage::tick`] does something if no record comes before; `None` if nothing
    /// waits for time. A tick at that time or later takes it away or puts it off.
    pub fn due(&self) -> Option<i64> {
        match self {
            Self::Window(stage) => stage.due(),
            Self::Throttle(stage) => stage.due(),
            Self::IntervalJoin(stage) => stage.due(),
            _ => None,
        }
    }

    /// Records that it holds.
    pub fn held(&self) -> u64 {
        match self {
            Self::Window(stage) => stage.held(),
            Self::Throttle(stage) => stage.held(),
            Self::IntervalJoin(stage) => stage.held(),
            _ => 0,
        }
    }
}

/// Calls `visit` with each row meant, in order.
#[inline(always)]
pub(crate) fn each_row(chunk: &Chunk, sel: &Sel, mut visit: impl FnMut(usize)) {
    match sel {
        Sel::All => (0..chunk.len()).for_each(visit),
        Sel::Rows(rows) => rows.iter().for_each(|row| visit(*row as usize)),
    }
}

/// A value that is no number, shortened for people.
pub(crate) fn describe(raw: &str) -> String {
    let short: String = raw.chars().take(80).collect();
    format!("the value {short} is no number")
}
