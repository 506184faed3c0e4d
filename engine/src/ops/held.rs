//! A record that a stage holds for later.

use std::sync::Arc;

use edgesync_schemas::reading::Quality;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use serde::{Deserialize, Serialize};

use crate::chunk::Chunk;

/// A number, and its original JSON if it is none.
type Value = (f64, Option<Arc<str>>);

/// A record without its arrival offset: it leaves with that of the reading, or tick, that lets it go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub key: u32,
    /// Event time in microseconds.
    pub ts: i64,
    pub num: f64,
    pub raw: Option<Arc<str>>,
    pub unit: UnitIndex,
    quality: u8,
    fields: Box<[Value]>,
}

/// Bytes of a held record with so many fields, without its text.
pub(crate) fn bytes(fields: usize) -> usize {
    size_of::<Held>() + fields * size_of::<Value>()
}

impl Held {
    /// A row of a chunk.
    pub fn of(input: &Chunk, row: usize) -> Self {
        let field = |column: &crate::chunk::Column| (column.num[row], column.raw_of(row as u32).cloned());
        Self { fields: input.columns().iter().map(field).collect(), ..Self::without_fields(input, row) }
    }

    /// A row of a chunk without its fields.
    pub fn without_fields(input: &Chunk, row: usize) -> Self {
        Self {
            key: input.key[row],
            ts: input.ts[row].as_us(),
            num: input.num[row],
            raw: input.raw_of(row as u32).cloned(),
            unit: input.unit[row],
            quality: input.quality_of(row).0,
            fields: Box::default(),
        }
    }

    /// What was noticed about it.
    pub fn quality(&self) -> Quality {
        Quality(self.quality)
    }

    /// Bytes of its text and JSON.
    pub fn text_bytes(&self) -> usize {
        let of = |raw: &Option<Arc<str>>| raw.as_ref().map_or(0, |raw| raw.len());
        of(&self.raw) + self.fields.iter().map(|(_, raw)| of(raw)).sum::<usize>()
    }

    /// Adds it to a chunk with the same names.
    pub fn push(self, chunk: &mut Chunk, offset: u64) {
        let quality = self.quality();
        push_value(chunk, self.key, self.ts, (self.num, self.raw), self.unit, quality, offset);
        let fields = chunk.fields.iter_mut().zip(self.fields);
        fields.for_each(|(column, (num, raw))| column.push(num, raw));
    }
}

/// Adds a record without its fields: the caller adds those.
pub(crate) fn push_value(
    chunk: &mut Chunk,
    key: u32,
    ts: i64,
    (num, raw): Value,
    unit: UnitIndex,
    quality: Quality,
    offset: u64,
) {
    if let Some(raw) = raw {
        chunk.raw.push((chunk.key.len() as u32, raw));
    }
    chunk.push_quality(quality);
    chunk.key.push(key);
    chunk.ts.push(Timestamp::from_us_saturating(ts));
    chunk.num.push(num);
    chunk.unit.push(unit);
    chunk.offset.push(offset);
}

/// Bytes of text and JSON of a row of a chunk, fields included.
pub(crate) fn text_bytes(input: &Chunk, row: usize) -> usize {
    let of = |raw: Option<&Arc<str>>| raw.map_or(0, |raw| raw.len());
    let fields = input.columns().iter().map(|column| of(column.raw_of(row as u32)));
    of(input.raw_of(row as u32)) + fields.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{Column, Name, Names};

    #[test]
    fn a_record_leaves_as_it_came_but_for_its_offset() {
        let names: Names = Arc::from([Name::from("a"), Name::from("b")]);
        let input = Chunk {
            key: vec![1, 2],
            ts: vec![Timestamp::default(), Timestamp::from_us_saturating(5)],
            num: vec![1.0, 0.0],
            unit: vec![UnitIndex(0), UnitIndex(2)],
            quality: vec![Quality::GOOD, Quality::CLOCK_AHEAD],
            offset_first: Some(7),
            raw: vec![(1, "\"x\"".into())],
            names: Some(Arc::clone(&names)),
            fields: vec![
                Column { num: vec![1.5, 2.5], raw: vec![] },
                Column { num: vec![0.0, 0.0], raw: vec![(0, "null".into()), (1, "true".into())] },
            ],
            ..Chunk::default()
        };
        let held = Held::of(&input, 1);
        assert_eq!((held.text_bytes(), text_bytes(&input, 1)), (7, 7));
        let saved = crate::state::save(&held);
        let mut found = Chunk::default();
        found.name(Some(&names));
        crate::state::load::<Held>(&saved).unwrap().push(&mut found, 99);
        let mut expected = Chunk::default();
        expected.name(Some(&names));
        expected.push_row(&input, 1);
        expected.offset = vec![99];
        assert_eq!(found, expected);
    }
}
