//! Readings in bulk: what a connection admits, what the log commits, what flows are fed with.
//!
//! Columns instead of structs: a commit is copied, summed, filtered and compressed a column at a time, and 22 bytes a
//! reading is what it costs in memory.

use std::sync::Arc;

use crate::id::{BootId, DeviceId, FrameSeq, Offset, SeriesId};
use crate::sensor::SensorName;
use crate::time::Timestamp;
use crate::unit::{Unit, UnitIndex};

/// A series: one sensor of one device, and the units it was sent in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesInfo {
    /// The integer that the log stores for it.
    pub id: SeriesId,
    /// The device that sends it.
    pub device: DeviceId,
    /// Its name within the device.
    pub sensor: SensorName,
    /// The units seen so far, in the order of their first reading; grows, at most [`crate::limit::UNITS_PER_SERIES`].
    pub units: Vec<Unit>,
}

impl SeriesInfo {
    /// The unit that `index` stands for.
    pub fn unit(&self, index: UnitIndex) -> Option<&Unit> {
        self.units.get(usize::from(index.0).checked_sub(1)?)
    }
}

/// What was noticed about a reading on the way in. A set of bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Quality(pub u8);

impl Quality {
    /// Nothing to say.
    pub const GOOD: Self = Self(0);
    /// The device gave no event time: it is the time of arrival.
    pub const ARRIVAL_TIME: Self = Self(1);
    /// The device's event time lay too far in the future: it was replaced by the time of arrival.
    pub const CLOCK_AHEAD: Self = Self(2);

    /// Both sets of bits.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Readings as columns of one length. Row i of each column belongs to reading i.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    /// Which series.
    pub series: Vec<SeriesId>,
    /// Event time.
    pub ts: Vec<Timestamp>,
    /// The number; finite. 0.0 where the value is text or an object.
    pub num: Vec<f64>,
    /// Unit, by its place in the series' units.
    pub unit: Vec<UnitIndex>,
    /// What was noticed.
    pub quality: Vec<Quality>,
    /// Original JSON of values that are no numbers: (row, JSON), rows ascending. Few in most fleets, so not a column.
    pub raw: Vec<(u32, Box<str>)>,
}

impl Columns {
    /// Number of readings.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Adds a reading.
    pub fn push(
        &mut self,
        series: SeriesId,
        ts: Timestamp,
        value: crate::value::Value,
        unit: UnitIndex,
        quality: Quality,
    ) {
        let (num, raw) = value.into_parts();
        if let Some(raw) = raw {
            self.raw.push((self.series.len() as u32, raw));
        }
        self.series.push(series);
        self.ts.push(ts);
        self.num.push(num);
        self.unit.push(unit);
        self.quality.push(quality);
    }

    /// Adds rows `rows` of `other`.
    pub fn extend_from(&mut self, other: &Columns, rows: std::ops::Range<usize>) {
        let base = self.series.len() as u32;
        let first = other.raw.partition_point(|(row, _)| (*row as usize) < rows.start);
        for (row, raw) in other.raw[first..].iter().take_while(|(row, _)| (*row as usize) < rows.end) {
            self.raw.push((base + row - rows.start as u32, raw.clone()));
        }
        self.series.extend_from_slice(&other.series[rows.clone()]);
        self.ts.extend_from_slice(&other.ts[rows.clone()]);
        self.num.extend_from_slice(&other.num[rows.clone()]);
        self.unit.extend_from_slice(&other.unit[rows.clone()]);
        self.quality.extend_from_slice(&other.quality[rows]);
    }

    /// Drops the rows from `len` on. The columns keep their capacity.
    pub fn truncate(&mut self, len: usize) {
        self.series.truncate(len);
        self.ts.truncate(len);
        self.num.truncate(len);
        self.unit.truncate(len);
        self.quality.truncate(len);
        let kept = self.raw.partition_point(|(row, _)| (*row as usize) < len);
        self.raw.truncate(kept);
    }

    /// Original JSON of a row, where its value is no number.
    pub fn raw_of(&self, row: usize) -> Option<&str> {
        let at = self.raw.binary_search_by_key(&(row as u32), |(row, _)| *row).ok()?;
        Some(&self.raw[at].1)
    }

    /// Bytes that the readings take in memory, without spare capacity.
    pub fn bytes(&self) -> usize {
        // 4 series + 8 ts + 8 num + 1 unit + 1 quality
        self.len() * 22 + self.raw.iter().map(|(_, raw)| raw.len() + 24).sum::<usize>()
    }
}

/// End of one frame in an [`AdmittedBatch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameEnd {
    /// The frame's number; each is the one before plus 1.
    pub q: FrameSeq,
    /// Row after the frame's last; equal to the one before if all its readings were refused.
    pub end_row: u32,
}

/// The frames of a batch and the boot they count in. Absent for devices of the compatible form, which has no numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// The device's boot.
    pub boot: BootId,
    /// The frames in order; not empty.
    pub frames: Vec<FrameEnd>,
}

/// Checked readings of one device on their way to the log: one or more of its frames, read from its socket together.
#[derive(Debug, Clone, PartialEq)]
pub struct AdmittedBatch {
    /// Who sent them, and whose frames they are counted as. Every series in `columns` is one of its own, except for an import, whose
    /// frames are counted apart from the device's.
    pub device: DeviceId,
    /// When they arrived.
    pub received_at: Timestamp,
    /// How they are numbered, if they are.
    pub numbered: Option<Numbered>,
    /// The readings.
    pub columns: Columns,
}

/// End of a stretch of a [`Commit`] that arrived together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Row after the stretch's last.
    pub end_row: u32,
    /// When it arrived.
    pub received_at: Timestamp,
}

/// Readings that are durable: one atomic commit of the log, in the order of arrival.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// Arrival offset of row 0; row i has `first + i`.
    pub first: Offset,
    /// The readings of many devices.
    pub columns: Columns,
    /// When they arrived, by stretches; the last ends at the last row.
    pub arrivals: Vec<Arrival>,
    /// Series that appear here for the first time, or have a new unit from here on.
    pub new_series: Vec<Arc<SeriesInfo>>,
}

impl Commit {
    /// Offset after the last reading: the next commit's `first`.
    pub fn end(&self) -> Offset {
        self.first.plus(self.columns.len() as u64)
    }
}
