//! Records in bulk on their way through a flow: columns of one length, and which of their rows are meant.
//!
//! A stage that only drops records makes a shorter [`Sel`]; a stage that computes makes a new [`Chunk`].

use std::sync::Arc;

use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

use crate::cell::emit::Reason;

/// Names of the further columns of a chunk.
pub type Names = Arc<[&'static str]>;

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
    /// Arrival offset of the reading that caused the record; never falls. Empty if `offset_first` says it. See [`Chunk::offset_of`].
    pub offset: Vec<u64>,
    /// Of readings as they lie in the log: the first one's offset; the others follow it without gaps.
    pub offset_first: Option<u64>,
    /// Original JSON of values that are no numbers: (row, JSON), rows ascending.
    pub raw: Vec<(u32, Box<str>)>,
    /// Names of `fields`; `None` if there are none.
    pub names: Option<Names>,
    /// Further numbers, one column per name.
    pub fields: Vec<Vec<f64>>,
    /// On its way from an error port: why each record is there. Otherwise empty.
    pub reasons: Vec<Reason>,
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
        self.offset.clear();
        self.offset_first = None;
        self.raw.clear();
        self.names = None;
        self.fields.iter_mut().for_each(Vec::clear);
        self.reasons.clear();
    }

    /// Makes an empty chunk one with these further columns.
    pub fn name(&mut self, names: Option<&Names>) {
        debug_assert!(self.is_empty());
        self.names = names.cloned();
        self.fields.resize_with(names.map_or(0, |names| names.len()), Vec::new);
    }

    /// Original JSON of a row, where its value is no number.
    pub fn raw_of(&self, row: u32) -> Option<&str> {
        if self.raw.is_empty() {
            return None;
        }
        let at = self.raw.binary_search_by_key(&row, |(row, _)| *row).ok()?;
        Some(&self.raw[at].1)
    }

    /// Arrival offset of a row.
    #[inline(always)]
    pub fn offset_of(&self, row: usize) -> u64 {
        match self.offset_first {
            Some(first) => first + row as u64,
            None => self.offset[row],
        }
    }

    /// Adds a row of another chunk. Its fields come along if both have the same names.
    pub fn push_row(&mut self, other: &Self, row: usize) {
        if let Some(raw) = other.raw_of(row as u32) {
            self.raw.push((self.key.len() as u32, raw.into()));
        }
        self.key.push(other.key[row]);
        self.ts.push(other.ts[row]);
        self.num.push(other.num[row]);
        self.unit.push(other.unit[row]);
        self.offset.push(other.offset_of(row));
        if self.names == other.names {
            for (mine, theirs) in self.fields.iter_mut().zip(&other.fields) {
                mine.push(theirs[row]);
            }
        } else {
            self.fields.iter_mut().for_each(|mine| mine.push(f64::NAN));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pushed_row_keeps_its_text_and_fields() {
        let names: Names = Arc::from(["mean"]);
        let mut chunk = Chunk::default();
        chunk.name(Some(&names));
        chunk.key = vec![3, 4];
        chunk.ts = vec![Timestamp::default(); 2];
        chunk.num = vec![0.0, 2.0];
        chunk.unit = vec![UnitIndex(1), UnitIndex(2)];
        chunk.offset = vec![7, 8];
        chunk.raw = vec![(1, "\"x\"".into())];
        chunk.fields = vec![vec![1.5, 2.5]];
        let mut copy = Chunk::default();
        copy.name(Some(&names));
        copy.push_row(&chunk, 1);
        assert_eq!((copy.raw_of(0), copy.fields[0][0], copy.key[0]), (Some("\"x\""), 2.5, 4));
        copy.clear();
        assert!(copy.is_empty() && copy.names.is_none());
    }
}
