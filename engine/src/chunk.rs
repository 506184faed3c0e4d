//! Records in bulk on their way through a flow: columns of one length, and which of their rows are meant.
//!
//! A stage that only drops records makes a shorter [`Sel`]; a stage that computes makes a new [`Chunk`]. Within a round a chunk has one owner
//! (the flow's workspace), and edges refer to it: fan-out copies nothing but selections.

use std::sync::Arc;

use edgesync_schemas::reading::Quality;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

use crate::cell::emit::Reason;

/// Name of a further column.
pub type Name = Arc<str>;

/// Names of the further columns of a chunk.
pub type Names = Arc<[Name]>;

/// Original JSON of values that are no numbers: (row, JSON), rows ascending. Few in most fleets, so not a column.
pub type Raws = Vec<(u32, Arc<str>)>;

/// Columns of records. Rows are in the order that their flow saw them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chunk {
    /// Key: the series' number within its flow.
    pub key: Vec<u32>,
    /// Event time.
    pub ts: Vec<Timestamp>,
    /// The number; 0.0 where the value is none.
    pub num: Vec<f64>,
    /// Unit.
    pub unit: Vec<UnitIndex>,
    /// What was noticed about the readings that a record comes from. Empty if there is nothing to say of any. See [`Chunk::quality_of`].
    pub quality: Vec<Quality>,
    /// Arrival offset of the reading that caused the record; never falls. Empty if `offset_first` says it. See [`Chunk::offset_of`].
    pub offset: Vec<u64>,
    /// Of readings as they lie in the log: the first one's offset; the others follow it without gaps.
    pub offset_first: Option<u64>,
    /// Original JSON of values that are no numbers.
    pub raw: Raws,
    /// Names of `fields`; `None` if there are none.
    pub names: Option<Names>,
    /// Further values, one column per name.
    pub fields: Vec<Column>,
    /// In front of a node with several inputs: which of them each record came by. Otherwise empty.
    pub input: Vec<u8>,
    /// On its way from an error port: why each record is there. Otherwise empty.
    pub reasons: Vec<Reason>,
}

/// Further values of a chunk's records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Column {
    /// The numbers; 0.0 where the value is none.
    pub num: Vec<f64>,
    /// Original JSON of values that are no numbers.
    pub raw: Raws,
}

/// Which rows of a chunk are meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Sel {
    /// All of them.
    All,
    /// These, ascending.
    Rows(Vec<u32>),
}

impl Sel {
    /// How many rows of `chunk` it means.
    pub fn count(&self, chunk: &Chunk) -> usize {
        match self {
            Self::All => chunk.len(),
            Self::Rows(rows) => rows.len(),
        }
    }

    /// The rows, unless it is all.
    pub fn rows(&self) -> Option<&[u32]> {
        match self {
            Self::All => None,
            Self::Rows(rows) => Some(rows),
        }
    }
}

/// Original JSON of a row.
fn raw_at(raws: &[(u32, Arc<str>)], row: u32) -> Option<&Arc<str>> {
    if raws.is_empty() {
        return None;
    }
    let at = raws.binary_search_by_key(&row, |(row, _)| *row).ok()?;
    Some(&raws[at].1)
}

impl Column {
    /// Adds a value.
    pub fn push(&mut self, num: f64, raw: Option<Arc<str>>) {
        if let Some(raw) = raw {
            self.raw.push((self.num.len() as u32, raw));
        }
        self.num.push(num);
    }

    /// Original JSON of a row, where its value is no number.
    pub fn raw_of(&self, row: u32) -> Option<&Arc<str>> {
        raw_at(&self.raw, row)
    }

    /// Drops all values. Capacity stays.
    pub fn clear(&mut self) {
        self.num.clear();
        self.raw.clear();
    }
}

impl Chunk {
    /// Number of records.
    pub fn len(&self) -> usize {
        self.key.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    /// Drops all records and names. Capacity stays.
    pub fn clear(&mut self) {
        self.key.clear();
        self.ts.clear();
        self.num.clear();
        self.unit.clear();
        self.quality.clear();
        self.offset.clear();
        self.offset_first = None;
        self.raw.clear();
        self.names = None;
        self.fields.iter_mut().for_each(Column::clear);
        self.input.clear();
        self.reasons.clear();
    }

    /// Makes an empty chunk one with these further columns.
    pub fn name(&mut self, names: Option<&Names>) {
        debug_assert!(self.is_empty());
        self.names = names.cloned();
        self.fields.resize_with(names.map_or(0, |names| names.len()), Column::default);
    }

    /// The further columns. A chunk that was used before may have more in `fields`, left over and empty.
    pub fn columns(&self) -> &[Column] {
        &self.fields[..self.names.as_ref().map_or(0, |names| names.len())]
    }

    /// Original JSON of a row, where its value is no number.
    pub fn raw_of(&self, row: u32) -> Option<&Arc<str>> {
        raw_at(&self.raw, row)
    }

    /// What was noticed about a row.
    #[inline(always)]
    pub fn quality_of(&self, row: usize) -> Quality {
        self.quality.get(row).copied().unwrap_or(Quality::GOOD)
    }

    /// Says what was noticed about the row that is pushed next. Call it before its key is pushed.
    #[inline(always)]
    pub fn push_quality(&mut self, quality: Quality) {
        if !self.quality.is_empty() || quality != Quality::GOOD {
            self.quality.resize(self.key.len(), Quality::GOOD);
            self.quality.push(quality);
        }
    }

    /// Arrival offset of a row.
    #[inline(always)]
    pub fn offset_of(&self, row: usize) -> u64 {
        match self.offset_first {
            Some(first) => first + row as u64,
            None => self.offset[row],
        }
    }

    /// Adds a row of another chunk. Its fields come along if both have the same names; otherwise fields of the same name do, and those that the
    /// other has not are null.
    pub fn push_row(&mut self, other: &Self, row: usize) {
        self.push_row_but_fields(other, row);
        if self.names == other.names {
            for (mine, theirs) in self.fields.iter_mut().zip(&other.fields) {
                mine.push(theirs.num[row], theirs.raw_of(row as u32).cloned());
            }
            return;
        }
        let names = self.names.clone();
        for (mine, name) in self.fields.iter_mut().zip(names.as_deref().unwrap_or_default()) {
            let theirs = other.names.as_deref().unwrap_or_default().iter().position(|other| other == name);
            match theirs.map(|at| &other.fields[at]) {
                Some(theirs) => mine.push(theirs.num[row], theirs.raw_of(row as u32).cloned()),
                None => mine.push(0.0, Some(Arc::from("null"))),
            }
        }
    }

    /// Adds a row of another chunk with this number instead of its value, and without its fields: the caller adds those.
    #[inline]
    pub fn push_number(&mut self, other: &Self, row: usize, num: f64, unit: UnitIndex) {
        self.push_quality(other.quality_of(row));
        self.key.push(other.key[row]);
        self.ts.push(other.ts[row]);
        self.num.push(num);
        self.unit.push(unit);
        self.offset.push(other.offset_of(row));
    }

    /// Adds a row of another chunk without its fields: the caller adds those.
    pub fn push_row_but_fields(&mut self, other: &Self, row: usize) {
        self.push_with(other, row, other.num[row], other.raw_of(row as u32).cloned());
    }

    /// Adds a row of another chunk with another value and without its fields: the caller adds those.
    pub fn push_with(&mut self, other: &Self, row: usize, num: f64, raw: Option<Arc<str>>) {
        if let Some(raw) = raw {
            self.raw.push((self.key.len() as u32, raw));
        }
        self.push_quality(other.quality_of(row));
        self.key.push(other.key[row]);
        self.ts.push(other.ts[row]);
        self.num.push(num);
        self.unit.push(other.unit[row]);
        self.offset.push(other.offset_of(row));
    }
}

impl Column {
    /// Some rows of it.
    pub fn pick(&self, sel: &Sel) -> Self {
        Self { num: pick(&self.num, sel), raw: pick_raw(&self.raw, sel) }
    }
}

impl Chunk {
    /// Makes an empty chunk one of some rows of another, without values and fields: the caller adds those.
    pub fn copy_but_values(&mut self, other: &Self, sel: &Sel) {
        debug_assert!(self.is_empty());
        copy(&mut self.key, &other.key, sel);
        copy(&mut self.ts, &other.ts, sel);
        copy(&mut self.unit, &other.unit, sel);
        if !other.quality.is_empty() {
            copy(&mut self.quality, &other.quality, sel);
        }
        match (sel, other.offset_first) {
            (Sel::All, first @ Some(_)) => self.offset_first = first,
            (Sel::Rows(rows), Some(first)) => {
                self.offset.extend(rows.iter().map(|row| first + u64::from(*row)));
            }
            (sel, None) => copy(&mut self.offset, &other.offset, sel),
        }
    }
}

/// Adds some rows of a column to another.
pub(crate) fn copy<T: Copy>(to: &mut Vec<T>, from: &[T], sel: &Sel) {
    match sel {
        Sel::All => to.extend_from_slice(from),
        Sel::Rows(rows) => to.extend(rows.iter().map(|row| from[*row as usize])),
    }
}

/// Some rows of a column.
pub(crate) fn pick<T: Copy>(column: &[T], sel: &Sel) -> Vec<T> {
    let mut picked = Vec::new();
    copy(&mut picked, column, sel);
    picked
}

/// Original JSON of some rows, by their new places.
pub(crate) fn pick_raw(raws: &Raws, sel: &Sel) -> Raws {
    let Sel::Rows(rows) = sel else { return raws.clone() };
    let mut picked = Raws::new();
    let mut next = 0;
    // Both are ascending, and texts are few.
    for (row, raw) in raws {
        next += rows[next..].partition_point(|other| other < row);
        if rows.get(next) == Some(row) {
            picked.push((next as u32, Arc::clone(raw)));
        }
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pushed_row_keeps_its_text_and_fields() {
        let names: Names = Arc::from([Name::from("mean")]);
        let mut chunk = Chunk::default();
        chunk.name(Some(&names));
        chunk.key = vec![3, 4];
        chunk.ts = vec![Timestamp::default(); 2];
        chunk.num = vec![0.0, 2.0];
        chunk.unit = vec![UnitIndex(1), UnitIndex(2)];
        chunk.offset = vec![7, 8];
        chunk.raw = vec![(1, "\"x\"".into())];
        chunk.fields = vec![Column { num: vec![1.5, 2.5], raw: vec![] }];
        chunk.quality = vec![Quality::GOOD, Quality::CLOCK_AHEAD];
        let mut copy = Chunk::default();
        copy.name(Some(&names));
        copy.push_row(&chunk, 0);
        assert!(copy.quality.is_empty());
        copy.push_row(&chunk, 1);
        assert_eq!((copy.raw_of(1).map(|raw| &**raw), copy.fields[0].num[1]), (Some("\"x\""), 2.5));
        assert_eq!(
            (copy.key[1], copy.quality_of(0), copy.quality_of(1)),
            (4, Quality::GOOD, Quality::CLOCK_AHEAD)
        );
        copy.clear();
        assert!(copy.is_empty() && copy.names.is_none() && copy.quality.is_empty());
    }

    #[test]
    fn fields_are_matched_by_name() {
        let mut chunk = Chunk::default();
        chunk.name(Some(&Arc::from([Name::from("a"), Name::from("b")])));
        chunk.push_row(
            &Chunk {
                key: vec![1],
                ts: vec![Timestamp::default()],
                num: vec![1.0],
                unit: vec![UnitIndex(0)],
                offset_first: Some(3),
                names: Some(Arc::from([Name::from("b")])),
                fields: vec![Column { num: vec![5.0], raw: vec![] }],
                ..Chunk::default()
            },
            0,
        );
        assert_eq!(chunk.fields[0].raw_of(0).map(|raw| &**raw), Some("null"));
        assert_eq!((chunk.fields[1].num[0], chunk.fields[1].raw_of(0)), (5.0, None));
    }
}
