//! What comes out of a cell: rows of watched nodes and of those that store, and events.
//!
//! Only nodes that somebody watches send rows, and store nodes always. The outlet is bounded; when it is full the cell keeps what it has just
//! computed, takes no further input until that is out, and drops nothing.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crossbeam::channel::TrySendError;
use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::Store;
use edgesync_schemas::id::{FlowId, Offset, SeriesId};
use edgesync_schemas::reading::{Quality, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::{Unit, UnitIndex};

use crate::chunk::{Column, Name, Raws};

/// Where a cell sends results to.
#[derive(Clone)]
pub struct Outlet {
    /// Bounded; its bound is how many chunks of results may wait for the reader.
    pub sender: crossbeam::channel::Sender<Emission>,
    /// Called on the cell's thread after something was sent; must only wake the reader.
    pub wake: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").field("waiting", &self.sender.len()).finish_non_exhaustive()
    }
}

/// The cell's side of an [`Outlet`]: what could not be sent yet.
pub(crate) struct Outbox {
    outlet: Outlet,
    waiting: VecDeque<Emission>,
    sent: bool,
}

impl Outbox {
    pub fn new(outlet: Outlet) -> Self {
        Self { outlet, waiting: VecDeque::new(), sent: false }
    }

    /// Sends, or keeps what cannot be sent yet. A cell whose outbox is blocked takes no further input, so what waits is at most what one chunk
    /// makes, or one step of the clock, or what a flow that moved here had to catch up with ([`limit::RECENT_BYTES`](edgesync_schemas::limit::RECENT_BYTES) of readings).
    pub fn push(&mut self, emission: Emission) {
        if !self.waiting.is_empty() {
            self.waiting.push_back(emission);
            return;
        }
        match self.outlet.sender.try_send(emission) {
            Ok(()) => self.sent = true,
            Err(TrySendError::Full(emission)) => self.waiting.push_back(emission),
            Err(TrySendError::Disconnected(_)) => {} // nobody is left who could miss it
        }
    }

    /// Sends what waits as far as there is room, and wakes the reader if anything was sent since the last call.
    pub fn flush(&mut self) {
        while let Some(emission) = self.waiting.pop_front() {
            match self.outlet.sender.try_send(emission) {
                Ok(()) => self.sent = true,
                Err(TrySendError::Full(emission)) => {
                    self.waiting.push_front(emission);
                    break;
                }
                Err(TrySendError::Disconnected(_)) => {}
            }
        }
        if std::mem::take(&mut self.sent) {
            (self.outlet.wake)();
        }
    }

    /// Whether something waits.
    pub fn is_blocked(&self) -> bool {
        !self.waiting.is_empty()
    }
}

/// One thing that came out of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Emission {
    /// Records that left a watched node.
    Rows(Rows),
    /// Records that a store node is to keep, whether or not anybody watches it.
    Stored(Rows, Arc<Store>),
    /// Records that a node could not handle and whose error port leads nowhere, and what was wrong with one of them. At most
    /// [`edgesync_schemas::limit::DEAD_LETTERS_PER_TICK`] of a node between two ticks; the counters have all.
    Dead(Rows, String),
    /// Something happened to a node.
    Event(Event),
}

/// Records that left a watched node by one port: columns of one length, in the order they left.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// The flow.
    pub flow: FlowId,
    /// Its version.
    pub version: u32,
    /// The node.
    pub node: Arc<str>,
    /// The port.
    pub port: Port,
    /// The series that each record belongs to.
    pub series: Vec<SeriesId>,
    /// Event times; of a window's result, the window's start.
    pub ts: Vec<Timestamp>,
    /// The numbers (`output`); 0.0 where the value is none.
    pub num: Vec<f64>,
    /// Original JSON of values that are no numbers: (row, JSON), rows ascending.
    pub raw: Raws,
    /// Units, by their place in the series' units or in `units`. See [`Rows::unit_of`].
    pub unit: Vec<UnitIndex>,
    /// Units that the flow gives records itself.
    pub units: Arc<[Unit]>,
    /// Arrival offset of the reading that caused each record.
    pub offset: Vec<Offset>,
    /// What was noticed about the readings they come from; empty if nothing.
    pub quality: Vec<Quality>,
    /// Named further values, each a column.
    pub fields: Vec<(Name, Column)>,
    /// Of the ports error and rejected: why each record is here. Otherwise empty.
    pub reasons: Vec<Reason>,
}

impl Rows {
    /// The unit of a record of this series; `None` if it has none.
    pub fn unit_of<'a>(&'a self, row: usize, series: &'a SeriesInfo) -> Option<&'a Unit> {
        let unit = self.unit[row];
        match unit.place_in_flow() {
            Some(place) => self.units.get(place),
            None => series.unit(unit),
        }
    }
}

/// Why a record went to a node's error port, or was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The node needs a number and the value is none.
    NotANumber,
    /// The expression could not be computed for this record.
    Expression,
    /// The node keeps state for as many keys as it may.
    TooManyKeys,
    /// The result is no finite number.
    NotFinite,
    /// The node panicked at it, or had before.
    NodeFailed,
    /// The record does not pass a validation.
    Invalid,
    /// The value is not of a kind that the node can handle.
    WrongType,
    /// The value lies outside of what the node can map.
    OutOfRange,
    /// It has no unit that can be converted.
    Unit,
    /// One record would make more than may be made of one.
    FanOut,
    /// There was no room for it in what the node keeps.
    NoRoom,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::NotANumber,
        Self::Expression,
        Self::TooManyKeys,
        Self::NotFinite,
        Self::NodeFailed,
        Self::Invalid,
        Self::WrongType,
        Self::OutOfRange,
        Self::Unit,
        Self::FanOut,
        Self::NoRoom,
    ];

    /// Its code, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotANumber => "not_a_number",
            Self::Expression => "expression",
            Self::TooManyKeys => "too_many_keys",
            Self::NotFinite => "not_finite",
            Self::NodeFailed => "node_failed",
            Self::Invalid => "invalid",
            Self::WrongType => "wrong_type",
            Self::OutOfRange => "out_of_range",
            Self::Unit => "unit",
            Self::FanOut => "fan_out",
            Self::NoRoom => "no_room",
        }
    }
}

/// Something that happened to a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The flow.
    pub flow: FlowId,
    /// Its version.
    pub version: u32,
    /// The node.
    pub node: Arc<str>,
    /// What.
    pub kind: EventKind,
}

/// What happened to a node.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// It panicked and is failed from now on.
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// Records went to its error port. At most one of these per node between two ticks; the counters have them all.
    Error {
        /// Why the sampled one did.
        reason: Reason,
        /// Series of the sampled one.
        series: SeriesId,
        /// Event time of the sampled one.
        ts: Timestamp,
        /// What was wrong, or the value it was wrong with; cut to 256 bytes.
        detail: String,
    },
}
