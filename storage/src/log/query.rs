//! What can be asked of stored readings, and what comes back.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use edgesync_schemas::id::{DeviceId, Offset};
use edgesync_schemas::reading::Quality;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;

use super::Error;

/// A reading as it was committed.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredReading {
    /// Who sent it.
    pub device: DeviceId,
    /// Which of its sensors.
    pub sensor: SensorName,
    /// The number; 0.0 where the value is text or an object.
    pub num: f64,
    /// Original JSON, where the value is no number.
    pub raw: Option<Box<str>>,
    /// Unit, if one was given.
    pub unit: Option<Unit>,
    /// Event time.
    pub timestamp: Timestamp,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Its arrival offset: its id.
    pub offset: Offset,
    /// What was noticed about it.
    pub quality: Quality,
}

/// In which order readings come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// Oldest event time first; equal times by offset.
    #[default]
    Ascending,
    /// Newest event time first; equal times by offset, highest first.
    Descending,
}

/// Which readings to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeQuery {
    /// Whose readings.
    pub device: DeviceId,
    /// Of which sensor; all if `None`.
    pub sensor: Option<SensorName>,
    /// Event time from here on; from the oldest if `None`.
    pub from: Option<Timestamp>,
    /// Event time before this; to the newest if `None`.
    pub to: Option<Timestamp>,
    /// In which order.
    pub order: Order,
    /// Readings in the page; at most [`edgesync_schemas::limit::RANGE_READINGS`] come, at least 1.
    pub limit: usize,
    /// [`RangePage::next`] of the page before; the other fields must be as they were then.
    pub cursor: Option<String>,
}

/// A page of readings.
#[derive(Debug, Clone, PartialEq)]
pub struct RangePage {
    /// The readings, in order.
    pub readings: Vec<StoredReading>,
    /// Cursor of the page after this one; `None` if there was none when this one was read. Readings that are committed between two pages
    /// appear if their place in the order is still ahead.
    pub next: Option<String>,
}

/// Place of a reading in the order of event time: the last one of a page. Text: hexadecimal, so that it needs no escaping in URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub ts: Timestamp,
    pub offset: Offset,
}

impl Place {
    /// The cursor that continues after this place.
    pub fn cursor(self, order: Order) -> String {
        let direction = if order == Order::Ascending { 'a' } else { 'd' };
        format!("{direction}{:016x}{:016x}", self.ts.as_us(), self.offset.0)
    }

    /// Reads a cursor of a query in this order.
    pub fn from_cursor(text: &str, order: Order) -> Result<Self, Error> {
        let (direction, digits) = text.split_at_checked(1).ok_or(Error::Cursor)?;
        let wanted = if order == Order::Ascending { "a" } else { "d" };
        if direction != wanted || digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::Cursor);
        }
        let (ts, offset) = digits.split_at(16);
        let ts = u64::from_str_radix(ts, 16).map_err(|_| Error::Cursor)?.cast_signed();
        let offset = u64::from_str_radix(offset, 16).map_err(|_| Error::Cursor)?;
        Ok(Self { ts: Timestamp::from_us(ts).ok_or(Error::Cursor)?, offset: Offset(offset) })
    }
}

impl Order {
    /// How two places follow each other in this order.
    pub(crate) fn compare(self, a: Place, b: Place) -> Ordering {
        match self {
            Self::Ascending => a.cmp(&b),
            Self::Descending => b.cmp(&a),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        })
    }
}

impl FromStr for Order {
    type Err = NotAnOrder;
    fn from_str(text: &str) -> Result<Self, NotAnOrder> {
        match text {
            "asc" => Ok(Self::Ascending),
            "desc" => Ok(Self::Descending),
            _ => Err(NotAnOrder),
        }
    }
}

/// The text is not an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be asc or desc")]
pub struct NotAnOrder;
