//! Frames of the live socket (`GET /ws/v1/live`): what a dashboard asks for, and what it is sent.
//!
//! A frame that comes in is read once into [`Inbound`]; the refusal names the field. Frames that go out are written as
//! columns into a caller's buffer, so that a session encodes into one allocation for its whole life. A value that is no number travels
//! as the JSON it was written in. A `sub` with an id in use replaces that subscription.

mod parse;

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use parse::{malformed, parse_sub, ping_number, sub_id};

use crate::id::{DeviceId, FlowId, WidgetId};
use crate::sensor::SensorName;
use crate::time::Timestamp;

/// A subscription, as its dashboard numbers it. Unique within the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubId(pub u32);

/// A place in a source's values: everything before `offset` has been seen. Offsets of another epoch mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Which counting of the offsets; below 2^53, so that a browser keeps it whole.
    pub epoch: u64,
    /// Number of the next value in this epoch.
    pub offset: u64,
}

/// What a dashboard can subscribe to, as it names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A widget; its source is looked up.
    Widget(WidgetId),
    /// A sensor of a device.
    DeviceSensor {
        /// The device.
        device: DeviceId,
        /// Its sensor; it need not have sent anything yet.
        sensor: SensorName,
    },
    /// A field of what a flow's node puts out.
    FlowNode {
        /// The flow.
        flow: FlowId,
        /// The node's id in the diagram.
        node: Arc<str>,
        /// The field: `output` for the value itself.
        field: Arc<str>,
    },
    /// How a flow runs and what its nodes count.
    FlowMetrics {
        /// The flow.
        flow: FlowId,
    },
}

/// `sub`: asks for a snapshot and all that comes after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sub {
    /// The dashboard's number for it.
    pub id: SubId,
    /// Of what.
    pub target: Target,
    /// Points of the snapshot; capped at [`crate::limit::LIVE_POINTS`]. `None` leaves it to the widget or the default.
    pub points: Option<usize>,
    /// Values a second; within [`crate::limit::LIVE_HZ_MIN`] and [`crate::limit::LIVE_HZ`], of metrics [`crate::limit::LIVE_METRICS_HZ`]. `None` leaves it to the
    /// widget or the default.
    pub max_hz: Option<f64>,
    /// Where an earlier subscription to the same target ended.
    pub since: Option<Position>,
    /// Event time from which the snapshot has the history; `None` for the newest points. Never together with `since`.
    pub from: Option<Timestamp>,
}

/// A frame from a dashboard.
#[derive(Debug, Clone, PartialEq)]
pub enum Inbound {
    /// `auth`: who it is, when no cookie said so.
    Auth {
        /// A session or API token.
        token: String,
    },
    /// `sub`.
    Sub(Sub),
    /// `unsub`: nothing more is sent under this id.
    Unsub {
        /// The subscription.
        id: SubId,
    },
    /// `ping`: asks for a `pong` with the same number, to see how long that takes.
    Ping {
        /// At most 2^53 - 1, so that a browser keeps it whole.
        n: u64,
    },
}

/// Why a frame from a dashboard cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Malformed {
    /// The subscription that it is about, if that much could be read: then only the subscription is refused, not the socket.
    pub id: Option<SubId>,
    /// The field; `frame` where it is the whole.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl Inbound {
    /// Reads a text frame. Fields that are not known are passed over.
    ///
    /// # Errors
    /// [`Malformed`], with the first field that is wrong.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let map: Map<String, Json> = match serde_json::from_str(text) {
            Ok(Json::Object(map)) => map,
            Ok(_) => return Err(malformed(None, "frame", "must be an object")),
            Err(error) => return Err(malformed(None, "frame", format!("is no JSON: {error}"))),
        };
        match map.get("t").and_then(Json::as_str) {
            Some("auth") => match map.get("token").and_then(Json::as_str) {
                Some(token) if !token.is_empty() => Ok(Self::Auth { token: token.to_owned() }),
                _ => Err(malformed(None, "token", "must be text")),
            },
            Some("sub") => parse_sub(&map).map(Self::Sub),
            Some("unsub") => Ok(Self::Unsub { id: sub_id(&map)? }),
            Some("ping") => Ok(Self::Ping { n: ping_number(&map)? }),
            _ => Err(malformed(None, "t", "must be auth, sub, unsub or ping")),
        }
    }
}

/// The field that is a record's value itself.
pub const OUTPUT: &str = "output";

/// A value at a time, as it is shown. Cheap to clone: many subscribers share an original.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Event time.
    pub ts: Timestamp,
    /// The number; finite. 0.0 where the value is text or an object.
    pub num: f64,
    /// The original JSON, where it is no number.
    pub raw: Option<Arc<str>>,
}

/// One value of an update, with what was folded into it.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    /// The newest of the values.
    pub point: Point,
    /// Smallest and largest of them; `None` where one of them is no number.
    pub spread: Option<(f64, f64)>,
}

impl Folded {
    /// Bytes of its original.
    pub fn raw_bytes(&self) -> usize {
        self.point.raw.as_ref().map_or(0, |raw| raw.len())
    }
}

/// Why a subscription was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrCode {
    /// The user may not read it, and may know that it exists.
    Forbidden,
    /// There is no such thing, or none that the user may know of.
    NotFound,
    /// Too many subscriptions.
    Limit,
    /// A field of `sub` is wrong; the message names it.
    Malformed,
    /// The server could not read the source just now.
    Unavailable,
}

impl ErrCode {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Limit => "limit",
            Self::Malformed => "malformed",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Appends `snap`: the points in the order of their times, and where the updates begin.
pub fn write_snap(
    out: &mut String,
    id: SubId,
    at: Position,
    points: &[Point],
    unit: Option<&str>,
    recovered: bool,
) {
    let _ = write!(out, r#"{{"t":"snap","id":{},"epoch":{},"offset":{},"ts":["#, id.0, at.epoch, at.offset);
    column(out, points, |out, point| write_ms(out, point.ts));
    out.push_str(r#"],"v":["#);
    column(out, points, write_value);
    out.push(']');
    write_unit(out, unit);
    let _ = write!(out, r#","recovered":{recovered}}}"#);
}

/// Appends `snap` of a history that is told in buckets: `points` are their averages, `spreads` the smallest and largest of their numbers,
/// each `null` where a bucket has none. One of `bucket_ms` begins at each point.
pub fn write_bucketed_snap(
    out: &mut String,
    id: SubId,
    at: Position,
    points: &[Point],
    (spreads, bucket_ms): (&[Option<(f64, f64)>], u64),
    unit: Option<&str>,
) {
    let _ = write!(out, r#"{{"t":"snap","id":{},"epoch":{},"offset":{},"ts":["#, id.0, at.epoch, at.offset);
    column(out, points, |out, point| write_ms(out, point.ts));
    out.push_str(r#"],"v":["#);
    column(out, points, write_value);
    out.push_str(r#"],"min":["#);
    column(out, spreads, |out, spread| write_number(out, spread.map(|(min, _)| min)));
    out.push_str(r#"],"max":["#);
    column(out, spreads, |out, spread| write_number(out, spread.map(|(_, max)| max)));
    let _ = write!(out, r#"],"bucket_ms":{bucket_ms}"#);
    write_unit(out, unit);
    out.push_str(r#","recovered":false}"#);
}

/// Appends the values of an update: `offset` is the number of the next value.
pub fn write_columns(out: &mut String, offset: u64, values: &[Folded]) {
    let _ = write!(out, r#""offset":{offset},"ts":["#);
    column(out, values, |out, value| write_ms(out, value.point.ts));
    out.push_str(r#"],"v":["#);
    column(out, values, |out, value| write_value(out, &value.point));
    out.push(']');
}

/// What an update says beside its values.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// How many values were folded into these.
    pub skipped: u64,
    /// The unit, where it is not the one told last.
    pub unit: Option<&'a str>,
    /// Values a second that come at most from now on, where that has changed.
    pub hz: Option<f64>,
}

/// Appends `upd`; `columns` appends what [`write_columns`] does of `values`.
pub fn write_upd(
    out: &mut String,
    id: SubId,
    columns: impl FnOnce(&mut String),
    values: &[Folded],
    beside: Beside<'_>,
) {
    let _ = write!(out, r#"{{"t":"upd","id":{},"#, id.0);
    columns(out);
    if beside.skipped > 0 {
        out.push_str(r#","min":["#);
        column(out, values, |out, value| write_number(out, value.spread.map(|(min, _)| min)));
        out.push_str(r#"],"max":["#);
        column(out, values, |out, value| write_number(out, value.spread.map(|(_, max)| max)));
        let _ = write!(out, r#"],"skipped":{}"#, beside.skipped);
    }
    write_unit(out, beside.unit);
    if let Some(hz) = beside.hz {
        out.push_str(r#","hz":"#);
        write_number(out, Some(hz));
    }
    out.push('}');
}

/// Appends `snap` of a flow's metrics, which are the JSON of `GET /flows/{id}/metrics`.
pub fn write_metrics_snap(out: &mut String, id: SubId, metrics: &str) {
    let _ = write!(out, r#"{{"t":"snap","id":{},"metrics":{metrics}}}"#, id.0);
}

/// Appends `upd` of a flow's metrics, whole as in the snapshot.
pub fn write_metrics_upd(out: &mut String, id: SubId, metrics: &str) {
    let _ = write!(out, r#"{{"t":"upd","id":{},"metrics":{metrics}}}"#, id.0);
}

/// Appends a value in the compatible form of a widget's socket (`GET /ws/widgets/{id}/`): RFC 3339, and one value a frame.
pub fn write_widget_value(out: &mut String, point: &Point, unit: Option<&str>) {
    let _ = write!(out, r#"{{"timestamp":"{}","value":"#, point.ts);
    write_value(out, point);
    out.push_str(r#","unit":"#);
    write_text(out, unit.unwrap_or_default());
    out.push('}');
}

/// Appends `err`. Without an id it is about a frame that could not be read.
pub fn write_err(out: &mut String, id: Option<SubId>, code: ErrCode, message: &str) {
    out.push_str(r#"{"t":"err","#);
    if let Some(id) = id {
        let _ = write!(out, r#""id":{},"#, id.0);
    }
    let _ = write!(out, r#""code":"{}","message":"#, code.as_str());
    write_text(out, message);
    out.push('}');
}

/// Appends `pong`, to a `ping` of this number.
pub fn write_pong(out: &mut String, n: u64) {
    let _ = write!(out, r#"{{"t":"pong","n":{n}}}"#);
}

/// Appends `bye`: the server goes away, and when to come back.
pub fn write_bye(out: &mut String, reason: &str, after_ms: u32) {
    out.push_str(r#"{"t":"bye","reason":"#);
    write_text(out, reason);
    let _ = write!(out, r#","after_ms":{after_ms}}}"#);
}

fn column<T>(out: &mut String, items: &[T], mut one: impl FnMut(&mut String, &T)) {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        one(out, item);
    }
}

fn write_ms(out: &mut String, ts: Timestamp) {
    let _ = write!(out, "{}", ts.as_ms());
}

fn write_value(out: &mut String, point: &Point) {
    match &point.raw {
        Some(raw) => out.push_str(raw),
        None => write_number(out, Some(point.num)),
    }
}

fn write_number(out: &mut String, number: Option<f64>) {
    // `{:?}` is the shortest text that reads back equal, with an exponent where it is shorter; for finite numbers that is JSON
    let _ = match number {
        Some(number) if number.is_finite() => write!(out, "{number:?}"),
        _ => write!(out, "null"),
    };
}

fn write_unit(out: &mut String, unit: Option<&str>) {
    if let Some(unit) = unit {
        out.push_str(r#","unit":"#);
        write_text(out, unit);
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push_str(&Json::from(text).to_string());
}

#[cfg(test)]
mod tests;
