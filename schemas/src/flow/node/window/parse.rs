//! Reading a window's configuration.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::{Aggregate, CalendarUnit, Empty, Kind, UnknownAggregate, Window};
use crate::flow::node::fields::Fields;
use crate::flow::problem::Code;
use crate::limit;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

impl Window {
    /// From `type` (default tumbling) and what that type needs: `size`; `size` and `hop`; `gap` and `longest` (default 1 day); `n` and
    /// `hop` (default n); `unit` (default day), `zone` (default UTC) and `weekStart` (default monday). And `aggregates` (default
    /// avg), `lateness` (default 0), `idle` (default 30 s), `future` (default 5 min), `revise` (default 0), `early` (default none),
    /// `empty` (default skip).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let kind = kind(fields);
        let aggregates = aggregates(fields);
        let any_ms = 0..=limit::WINDOW_MS_MAX;
        let lateness_ms = fields.duration_ms("lateness", any_ms.clone()).unwrap_or(0);
        let idle_ms = fields.duration_ms("idle", any_ms.clone()).unwrap_or(limit::IDLE_GRACE_MS);
        let future_ms = fields.duration_ms("future", any_ms.clone()).unwrap_or(limit::FUTURE_MS);
        let revise_ms = fields.duration_ms("revise", any_ms).unwrap_or(0);
        let early_ms = fields.duration_ms("early", limit::EARLY_MS_MIN..=limit::WINDOW_MS_MAX);
        let empty = choice(fields, "empty", &Empty::ALL.map(|empty| (empty.name(), empty)), Empty::Skip);
        let kind = kind?;
        if matches!(kind, Kind::Session { .. } | Kind::Count { .. }) {
            if revise_ms > 0 {
                let message = "revise works with tumbling, hopping and calendar windows only";
                fields.refuse("revise", Code::Unsupported, message);
            }
            if empty != Empty::Skip {
                let message = "empty windows exist between tumbling, hopping and calendar windows only";
                fields.refuse("empty", Code::Unsupported, message);
            }
        }
        if revise_ms > 0 {
            check_revision(fields, &kind);
        }
        check_open(fields, &kind, lateness_ms, revise_ms);
        Some(Self { kind, aggregates, lateness_ms, idle_ms, future_ms, revise_ms, early_ms, empty })
    }
}

/// Whether a late record makes little enough work.
fn check_revision(fields: &mut Fields<'_>, kind: &Kind) {
    let Kind::Hopping { size_ms, hop_ms, pane_ms } = kind else { return };
    let (windows, panes) = ((*size_ms as u64).div_ceil(*hop_ms as u64), (size_ms / pane_ms) as u64);
    if windows * panes > limit::PANES_PER_REVISION {
        let most = limit::PANES_PER_REVISION;
        let message = format!(
            "one late record would revise {windows} windows of {panes} panes each, and their product may be {most}: use a longer hop"
        );
        fields.refuse("revise", Code::OutOfRange, message);
    }
}

/// Whether the windows that are open or kept at once fit.
fn check_open(fields: &mut Fields<'_>, kind: &Kind, lateness_ms: i64, revise_ms: i64) {
    // What the time of one key must pass for one more window to be open.
    let (step_ms, name) = match kind {
        Kind::Tumbling { size_ms } => (*size_ms, "size"),
        Kind::Hopping { hop_ms, pane_ms, .. } if hop_ms == pane_ms => (*hop_ms, "hop"),
        Kind::Hopping { pane_ms, .. } => (*pane_ms, "greatest common divisor of size and hop"),
        Kind::Session { gap_ms, longest_ms } if longest_ms < gap_ms => (*longest_ms, "longest session"),
        Kind::Session { gap_ms, .. } => (*gap_ms, "gap"),
        Kind::Calendar { unit, .. } => (unit.shortest_ms(), unit.name()),
        Kind::Count { .. } => return,
    };
    let most = limit::WINDOWS_PER_KEY - 2;
    if lateness_ms / step_ms > most {
        let message = format!("lateness must be at most {most} times the {name}");
        fields.refuse("lateness", Code::OutOfRange, message);
    } else if (lateness_ms + revise_ms) / step_ms > most {
        let message = format!("revise and lateness together must be at most {most} times the {name}");
        fields.refuse("revise", Code::OutOfRange, message);
    }
}

fn kind(fields: &mut Fields<'_>) -> Option<Kind> {
    let lengths = limit::WINDOW_MS_MIN..=limit::WINDOW_MS_MAX;
    match fields.text("type") {
        None | Some("tumbling") => {
            require(fields, "size");
            Some(Kind::Tumbling { size_ms: fields.duration_ms("size", lengths)? })
        }
        Some("hopping") => {
            require(fields, "size");
            require(fields, "hop");
            let size_ms = fields.duration_ms("size", lengths.clone());
            let hop_ms = fields.duration_ms("hop", lengths);
            let (size_ms, hop_ms) = (size_ms?, hop_ms?);
            let pane_ms = pane(fields, size_ms as u64, hop_ms as u64)? as i64;
            Some(Kind::Hopping { size_ms, hop_ms, pane_ms })
        }
        Some("session") => {
            require(fields, "gap");
            let gap_ms = fields.duration_ms("gap", lengths.clone());
            let longest_ms = fields.duration_ms("longest", lengths).unwrap_or(limit::SESSION_MS);
            Some(Kind::Session { gap_ms: gap_ms?, longest_ms })
        }
        Some("count") => {
            require(fields, "n");
            let n = fields.integer("n", 1..=limit::COUNT_WINDOW);
            let hop = fields.integer("hop", 1..=limit::COUNT_WINDOW).or(n);
            let (n, hop) = (n?, hop?);
            let pane = pane(fields, n, hop)?;
            Some(Kind::Count { n, hop, pane })
        }
        Some("calendar") => {
            let units = CalendarUnit::ALL.map(|unit| (unit.name(), unit));
            let unit = choice(fields, "unit", &units, CalendarUnit::Day);
            let week_start = choice(fields, "weekStart", &WEEKDAYS, Weekday::Monday);
            let zone = zone(fields)?;
            Some(Kind::Calendar { unit, zone, week_start })
        }
        Some(other) => {
            let message = format!("type {other:?} is none of tumbling, hopping, session, count, calendar");
            fields.refuse("type", Code::UnknownChoice, message);
            None
        }
    }
}

/// The panes that windows of `size` every `hop` are made of, if they are few enough.
fn pane(fields: &mut Fields<'_>, size: u64, hop: u64) -> Option<u64> {
    if hop > size {
        fields.refuse("hop", Code::OutOfRange, "hop must not be longer than the window");
        return None;
    }
    let pane = divisor(size, hop);
    let panes = size / pane;
    if panes > limit::PANES_PER_WINDOW {
        let most = limit::PANES_PER_WINDOW;
        let message = format!(
            "the window is made of {panes} panes (its length by the greatest common divisor of length and hop), and may be made \
             of {most}"
        );
        fields.refuse("hop", Code::OutOfRange, message);
        return None;
    }
    Some(pane)
}

/// The greatest common divisor of two numbers; Euclid's.
fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

fn zone(fields: &mut Fields<'_>) -> Option<TimeZone> {
    let Some(name) = fields.get("zone") else { return Some(TimeZone::UTC) };
    let zone = name.as_str().and_then(|name| TimeZone::get(name).ok());
    if zone.is_none() {
        let message = format!("{name} is no time zone, such as \"Europe/Berlin\" or \"UTC\"");
        fields.refuse("zone", Code::UnknownChoice, message);
    }
    zone
}

fn aggregates(fields: &mut Fields<'_>) -> Vec<Aggregate> {
    let mut aggregates: Vec<Aggregate> = Vec::new();
    for value in fields.list("aggregates") {
        match value.as_str().unwrap_or_default().parse() {
            Ok(aggregate) if aggregates.contains(&aggregate) => {}
            Ok(aggregate) => aggregates.push(aggregate),
            Err(UnknownAggregate) => {
                let message = format!("{value} is {UnknownAggregate}");
                fields.refuse("aggregates", Code::UnknownChoice, message);
            }
        }
    }
    if aggregates.len() > limit::WINDOW_AGGREGATES {
        let message = format!("at most {} aggregates", limit::WINDOW_AGGREGATES);
        fields.refuse("aggregates", Code::OutOfRange, message);
    }
    if aggregates.is_empty() {
        aggregates.push(Aggregate::Avg);
    }
    aggregates
}

fn require(fields: &mut Fields<'_>, field: &str) {
    if fields.get(field).is_none() {
        fields.refuse(field, Code::Required, format!("{field} is missing"));
    }
}

/// One of some named choices.
fn choice<T: Copy>(fields: &mut Fields<'_>, field: &str, choices: &[(&str, T)], default: T) -> T {
    let Some(text) = fields.text(field) else { return default };
    let found = choices.iter().find(|(name, _)| *name == text);
    if found.is_none() {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        fields.refuse(
            field,
            Code::UnknownChoice,
            format!("{field} {text:?} is none of {}", names.join(", ")),
        );
    }
    found.map_or(default, |(_, choice)| *choice)
}
