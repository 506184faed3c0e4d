//! `window`: aggregates over windows of event time, per key.

mod aggregate;
mod parse;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

pub use self::aggregate::{Aggregate, UnknownAggregate};
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;

/// One record per key and window, once the window is over. All times are in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Which records belong together.
    pub kind: Kind,
    /// What to compute, without repeats; 1 to [`crate::limit::WINDOW_AGGREGATES`]. The first is the result's `output`.
    pub aggregates: Vec<Aggregate>,
    /// How far an event time may lie behind the key's newest and still be counted.
    pub lateness_ms: i64,
    /// How long after its last reading (by the clock) the clock itself closes a silent key's windows.
    pub idle_ms: i64,
    /// How far beyond the clock an event time may lie and still move the key's time.
    pub future_ms: i64,
    /// How long a closed window may still be revised by late records; 0: not at all. Only of tumbling, hopping and calendar windows.
    pub revise_ms: i64,
    /// The least time (by the clock) between two results of windows that are not over; `None`: there are none.
    pub early_ms: Option<i64>,
    /// What windows without records give, between two with some. [`Empty::Skip`] for sessions and counts.
    pub empty: Empty,
}

/// Which records belong together.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Windows [start, start + size) at multiples of `size_ms` since the Unix epoch, UTC.
    Tumbling {
        /// Length.
        size_ms: i64,
    },
    /// Windows [start, start + size) at multiples of `hop_ms` since the Unix epoch, UTC. They overlap.
    Hopping {
        /// Length.
        size_ms: i64,
        /// From one start to the next; at most the length.
        hop_ms: i64,
        /// Length of a pane: the greatest common divisor of both. At most [`crate::limit::PANES_PER_WINDOW`] make a window.
        pane_ms: i64,
    },
    /// Records less than `gap_ms` apart.
    Session {
        /// Silence that ends a session.
        gap_ms: i64,
        /// From a session's first record on, how long it may last at most; the next record begins another one.
        longest_ms: i64,
    },
    /// `n` records in the order of event time, every `hop` records.
    Count {
        /// Records in a window; 1 to [`crate::limit::COUNT_WINDOW`].
        n: u64,
        /// Records from one window's first to the next window's first; at most `n`.
        hop: u64,
        /// Records in a pane: the greatest common divisor of both. At most [`crate::limit::PANES_PER_WINDOW`] make a window.
        pane: u64,
    },
    /// Hours, days, weeks or months of a time zone.
    Calendar {
        /// Which.
        unit: CalendarUnit,
        /// Of which time zone.
        zone: TimeZone,
        /// The first day of a week.
        week_start: Weekday,
    },
}

/// A unit of calendars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarUnit {
    /// From one full hour on the local clock to the next, or to where the clock jumps into another hour.
    Hour,
    /// A local date: 23 to 25 hours, as a rule.
    Day,
    /// Seven local dates.
    Week,
    /// A local month.
    Month,
}

impl CalendarUnit {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// About how long it is at the shortest, in milliseconds: some clocks change by two hours. (Where clocks change by half an hour an hour
    /// may be as short as that; where a zone skips a date, the week and the month are a day shorter.)
    pub const fn shortest_ms(self) -> i64 {
        const HOUR: i64 = 3_600_000;
        match self {
            Self::Hour => HOUR,
            Self::Day => 22 * HOUR,
            Self::Week => (7 * 24 - 2) * HOUR,
            Self::Month => (28 * 24 - 2) * HOUR,
        }
    }

    /// How long it is at the longest, in milliseconds.
    pub const fn longest_ms(self) -> i64 {
        const HOUR: i64 = 3_600_000;
        match self {
            Self::Hour => 2 * HOUR,
            Self::Day => 2 * 24 * HOUR,
            Self::Week => 8 * 24 * HOUR,
            Self::Month => 32 * 24 * HOUR,
        }
    }
}

/// What windows without records give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// Nothing.
    Skip,
    /// A result of zeroes.
    Zero,
    /// The result of the window before, with a `count` of 0.
    Previous,
}

impl Empty {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Skip, Self::Zero, Self::Previous];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Zero => "zero",
            Self::Previous => "previous",
        }
    }
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "window",
    title: "Window",
    category: Category::Stateful,
    input: Input::One,
    ports: &[Port::Out, Port::Late, Port::Error],
    state: State::PerKey,
    side_effect: false,
    fields: &[
        "window_start",
        "window_end",
        "count",
        "sum",
        "avg",
        "min",
        "max",
        "first",
        "last",
        "stddev",
        "time_weighted",
        "revision",
        "final",
    ],
    docs: "Aggregates per device and sensor over windows of event time: tumbling, hopping, sessions, counts, and hours, days, weeks \
           and months of a time zone. A window closes when a reading of the same key lies lateness past its end, or when the key has \
           been silent for the idle grace and the clock is that far. Records of a closed window leave by late, or make a revised \
           result while revise lasts; values that are no numbers leave by error (unless only count is asked for). Percentiles are \
           fields such as p50 or p99.9.",
    schema: r#"{"type":"object","properties":{
        "type":{"type":"string","title":"Kind","enum":["tumbling","hopping","session","count","calendar"],"default":"tumbling"},
        "size":{"type":["string","integer"],"title":"Size","description":"Of tumbling and hopping windows: milliseconds, or such as 1s or 5m"},
        "hop":{"type":["string","integer"],"title":"Hop","description":"Of hopping windows: from one start to the next. Of counts: records from one window to the next"},
        "gap":{"type":["string","integer"],"title":"Gap","description":"Of sessions: the silence that ends one"},
        "longest":{"type":["string","integer"],"title":"Longest session","default":"1d"},
        "n":{"type":"integer","title":"Records","description":"Of counts: records in a window","minimum":1,"maximum":1000000},
        "unit":{"type":"string","title":"Calendar unit","enum":["hour","day","week","month"],"default":"day"},
        "zone":{"type":"string","title":"Time zone","description":"Such as Europe/Berlin","default":"UTC"},
        "weekStart":{"type":"string","title":"First day of the week","enum":["monday","tuesday","wednesday","thursday","friday","saturday","sunday"],"default":"monday"},
        "aggregates":{"type":"array","title":"Aggregates","default":["avg"],"maxItems":16,"items":{"type":"string","pattern":"^(count|sum|avg|min|max|first|last|stddev|time_weighted|p[0-9]{1,3}([.][0-9]{1,2})?)$"}},
        "lateness":{"type":["string","integer"],"title":"Lateness","default":0},
        "idle":{"type":["string","integer"],"title":"Idle grace","default":"30s"},
        "future":{"type":["string","integer"],"title":"Future guard","default":"5m","description":"Readings farther beyond the clock do not move time"},
        "revise":{"type":["string","integer"],"title":"Revise for","default":0,"description":"How long late records change results that are out"},
        "early":{"type":["string","integer"],"title":"Early results every","description":"Results of windows that are not over, at most this often"},
        "empty":{"type":"string","title":"Empty windows","enum":["skip","zero","previous"],"default":"skip"}}}"#,
};

impl Window {
    /// Whether values must be numbers.
    pub fn is_numeric(&self) -> bool {
        self.aggregates.iter().any(|aggregate| *aggregate != Aggregate::Count)
    }

    /// Names of the fields of its results, in order.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = ["window_start", "window_end"].map(str::to_owned).into();
        names.extend(self.aggregates.iter().map(ToString::to_string));
        if self.revise_ms > 0 {
            names.push("revision".into());
        }
        if self.early_ms.is_some() {
            names.push("final".into());
        }
        names
    }
}
