//! The records that an expression is computed for: columns, and which of their rows are meant.

use std::sync::Arc;

use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

use super::row::{Cell, Row};
use super::scope::Slot;
use super::tree::TextVar;

/// A column of values.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a> {
    /// The numbers; NaN where there is no record, anything where the value is no number.
    pub num: &'a [f64],
    /// Original JSON of values that are no numbers: (row, JSON), rows ascending. `null` where the record has no value.
    pub raw: &'a [(u32, Arc<str>)],
}

impl<'a> Cells<'a> {
    /// Original JSON of a row, where its value is no number.
    pub fn raw_of(&self, row: usize) -> Option<&'a str> {
        if self.raw.is_empty() {
            return None;
        }
        let at = self.raw.binary_search_by_key(&(row as u32), |(row, _)| *row).ok()?;
        Some(&self.raw[at].1)
    }
}

/// What the keys of records stand for.
pub trait Texts {
    /// A variable of a series that is text.
    fn text(&self, key: u32, unit: UnitIndex, var: TextVar) -> &str;
}

/// Records, as columns of one length.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// Which rows are meant, ascending; `None`: all of them.
    pub rows: Option<&'a [u32]>,
    /// Keys.
    pub key: &'a [u32],
    /// Event times.
    pub ts: &'a [Timestamp],
    /// Units.
    pub unit: &'a [UnitIndex],
    /// Values.
    pub value: Cells<'a>,
    /// The fields, as [`super::Scope::fields`] names them.
    pub fields: &'a [Cells<'a>],
    /// The further variables, as [`super::Scope::inputs`] names them.
    pub inputs: &'a [Cells<'a>],
    /// Of the previous record of each one's key: its value, and its time in milliseconds (NaN: there is none).
    pub prev: Option<(Cells<'a>, &'a [f64])>,
    /// What the keys stand for.
    pub texts: &'a dyn Texts,
}

const NOTHING: Cells<'static> = Cells { num: &[], raw: &[] };

impl<'a> View<'a> {
    /// How many rows are meant.
    pub fn count(&self) -> usize {
        self.rows.map_or(self.key.len(), <[u32]>::len)
    }

    /// The row of the `at`-th record meant.
    #[inline(always)]
    pub fn row(&self, at: usize) -> usize {
        self.rows.map_or(at, |rows| rows[at] as usize)
    }

    /// A variable's column.
    pub(crate) fn cells(&self, slot: Slot) -> Cells<'a> {
        match slot {
            Slot::Value => self.value,
            Slot::Field(at) => self.fields.get(at).copied().unwrap_or(NOTHING),
            Slot::Input(at) => self.inputs.get(at).copied().unwrap_or(NOTHING),
            Slot::Prev => self.prev.map_or(NOTHING, |(value, _)| value),
        }
    }

    /// The variables of a row. `cells` is memory for those of `slots`.
    pub(crate) fn row_of<'b>(&'b self, row: usize, slots: &[Slot], cells: &'b mut Vec<Cell>) -> Row<'b> {
        cells.clear();
        let mut json_bytes = 0;
        for slot in slots {
            let column = self.cells(*slot);
            let raw = column.raw_of(row);
            json_bytes += raw.map_or(0, str::len);
            cells.push(Cell::new(column.num.get(row).copied().unwrap_or(f64::NAN), raw));
        }
        let (key, unit) = (self.key[row], self.unit[row]);
        let prev_ts = self.prev.map_or(f64::NAN, |(_, ts)| ts[row]);
        Row {
            cells,
            json_bytes,
            ts_ms: self.ts[row].as_ms(),
            prev_ts_ms: (!prev_ts.is_nan()).then_some(prev_ts as i64),
            unit: self.texts.text(key, unit, TextVar::Unit),
            device: self.texts.text(key, unit, TextVar::Device),
            sensor: self.texts.text(key, unit, TextVar::Sensor),
        }
    }
}
