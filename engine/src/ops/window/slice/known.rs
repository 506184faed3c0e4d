//! What is remembered, per key.

use edgesync_schemas::unit::UnitIndex;
use serde::{Deserialize, Serialize};

use crate::keyed::Keyed;
use crate::watermark;
use crate::window::pane::{More, Pane};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub keys: Keyed<Hot>,
    /// By place of the key: what its hot pane needs beyond a sum; empty if nothing does.
    pub more: Vec<More>,
    /// By place of the key: what it takes to find the next hot pane.
    pub rest: Vec<Rest>,
    /// By place of the key: what came before; empty if nothing comes of that.
    pub past: Vec<Past>,
    /// Records that wait for a result.
    pub held: u64,
}

/// A key's hot pane, and how far the key's time has come. At most a cache line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hot {
    /// Start of the pane.
    pub start: i64,
    /// From the start on, how far records may be added to it without looking further; 0 if there is no hot pane.
    pub open: u64,
    /// Records in it; 0 if there is none.
    pub count: u64,
    pub sum: f64,
    /// What is over: windows that end at or before it are closed.
    pub watermark: i64,
    /// The clock at the key's last record.
    pub seen: i64,
    /// Unit of the newest record.
    pub unit: UnitIndex,
}

const _: () = assert!(size_of::<Hot>() <= 64, "the fast way reads one cache line of a key");

/// What is known of a key beyond its hot pane.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Rest {
    /// End of the hot pane, if there is one.
    pub hot_end: i64,
    /// The next window with records that will be over: its start and end.
    pub next: Option<(i64, i64)>,
    /// All other panes, by start. Empty for keys of tumbling windows that send in order.
    pub panes: Vec<Pane>,
}

/// What is known of a key's results that are out.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Past {
    /// Results that may be revised: start and end of the window and the number of the last revision, by start.
    pub results: Vec<(i64, i64, u32)>,
    /// Windows that are open and were put out early: start and how many records they had.
    pub shown: Vec<(i64, u64)>,
    /// The clock at the last early result, or at the key's first record.
    pub early_at: i64,
    /// The last window that is over; known only if there may be results of empty ones.
    pub last: Option<Last>,
    /// Time and value of the newest record before all panes; known only for means weighted by time.
    pub carried: Option<(i64, f64)>,
}

/// The last window that is over, and what a window without records repeats.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Last {
    pub start: i64,
    /// Windows without records since the last one with some.
    pub empty: u64,
    /// The last result.
    pub values: Box<[f64]>,
}

impl State {
    /// For at most so many keys.
    pub fn new(keys: usize) -> Self {
        Self { keys: Keyed::new(keys), more: Vec::new(), rest: Vec::new(), past: Vec::new(), held: 0 }
    }
}

impl Hot {
    /// Whether a record of this event time may be added without looking further.
    #[inline(always)]
    pub fn takes(&self, at: i64) -> bool {
        (at.wrapping_sub(self.start) as u64) < self.open
    }

    pub fn new(now: i64) -> Self {
        Self {
            start: 0,
            open: 0,
            count: 0,
            sum: 0.0,
            watermark: watermark::NONE,
            seen: now,
            unit: UnitIndex::NONE,
        }
    }
}
