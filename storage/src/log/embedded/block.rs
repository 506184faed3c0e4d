//! A block: some readings of one series, sorted by event time, then offset, column by column.
//!
//! Version 1: `1 version | v rows`, then parts (4 length, bytes) of times, offsets, numbers, received-at after time, units, qualities,
//! raws; `8 checksum`. Integers and numbers are constant, plain or pco (`codec.rs`); units and qualities are runs; raws are
//! `v rows after the one before, v length, JSON`. A part can be skipped, so a reader that looks for times decodes times.
//!
//! A few bytes a reading: what a series sends regularly in time and with few digits is 3 to 6.

use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::Quality;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

use super::super::Error;
use super::codec::{self, Malformed, Reader};
use super::records::Point;
use crate::history::cell::{Ends, Stretch};

const VERSION: u8 = 1;
const WHAT: &str = "block";

/// A reading on its way into a block.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Row {
    pub ts: i64,
    pub offset: u64,
    pub num: f64,
    pub received_at: i64,
    pub unit: u8,
    pub quality: u8,
    pub has_raw: bool,
}

/// Key of a block. Blocks of a series sort by their oldest reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BlockKey {
    pub series: SeriesId,
    /// Event time of the first row.
    pub oldest: Timestamp,
    /// Lowest offset of its rows; tells blocks of equal times apart, and before or after a seal.
    pub first: Offset,
    /// Event time of the last row.
    pub newest: Timestamp,
}

/// A time such that greater ones have greater bytes.
fn ordered(ts: Timestamp) -> [u8; 8] {
    (ts.as_us().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

impl BlockKey {
    pub fn bytes(self) -> [u8; 28] {
        let mut bytes = [0; 28];
        bytes[..4].copy_from_slice(&self.series.0.to_be_bytes());
        bytes[4..12].copy_from_slice(&ordered(self.oldest));
        bytes[12..20].copy_from_slice(&self.first.0.to_be_bytes());
        bytes[20..].copy_from_slice(&ordered(self.newest));
        bytes
    }

    /// The lowest key of a series from a time on.
    pub fn from(series: SeriesId, oldest: Timestamp) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&series.0.to_be_bytes());
        bytes[4..].copy_from_slice(&ordered(oldest));
        bytes
    }

    /// A key above all of a series' blocks that start at or before a time.
    pub fn after(series: SeriesId, oldest: Timestamp) -> [u8; 13] {
        let mut bytes = [0xff; 13];
        // A first offset that starts with ff is beyond any log.
        bytes[..12].copy_from_slice(&Self::from(series, oldest));
        bytes
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let corrupt = || Error::Corrupt { what: WHAT.to_owned(), why: "key" };
        let bytes: &[u8; 28] = bytes.try_into().map_err(|_| corrupt())?;
        let (series, rest) = bytes.split_first_chunk::<4>().ok_or_else(corrupt)?;
        let mut numbers = rest.as_chunks::<8>().0.iter().map(|bytes| u64::from_be_bytes(*bytes));
        let mut number = || numbers.next().ok_or_else(corrupt);
        let time = |number: u64| Timestamp::from_us((number ^ (1 << 63)).cast_signed()).ok_or_else(corrupt);
        Ok(Self {
            series: SeriesId(u32::from_be_bytes(*series)),
            oldest: time(number()?)?,
            first: Offset(number()?),
            newest: time(number()?)?,
        })
    }
}

/// Writes blocks; keeps its buffers between them.
#[derive(Default)]
pub(crate) struct Encoder {
    integers: Vec<i64>,
    floats: Vec<f64>,
}

impl Encoder {
    /// Writes rows that are sorted by (time, offset) into `out`, which is cleared. `raw` gives the JSON of a row that has it.
    pub fn encode<'a>(&mut self, out: &mut Vec<u8>, rows: &[Row], raw: impl Fn(&Row) -> Option<&'a str>) {
        out.clear();
        out.push(VERSION);
        codec::varint(out, rows.len() as u64);
        self.integers(out, rows, |row| row.ts);
        self.integers(out, rows, |row| row.offset.cast_signed());
        self.floats.clear();
        self.floats.extend(rows.iter().map(|row| row.num));
        codec::part(out, |out| codec::floats(out, &self.floats));
        self.integers(out, rows, |row| row.received_at - row.ts);
        codec::part(out, |out| codec::runs(out, rows.iter().map(|row| row.unit)));
        codec::part(out, |out| codec::runs(out, rows.iter().map(|row| row.quality)));
        codec::part(out, |out| {
            let mut before = 0;
            for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.has_raw) {
                if let Some(raw) = raw(row) {
                    codec::varint(out, (at - before) as u64);
                    codec::text(out, raw);
                    before = at;
                }
            }
        });
        codec::seal_record(out);
    }

    fn integers(&mut self, out: &mut Vec<u8>, rows: &[Row], value: impl Fn(&Row) -> i64) {
        self.integers.clear();
        self.integers.extend(rows.iter().map(value));
        codec::part(out, |out| codec::integers(out, &self.integers));
    }
}

/// Rows of a block, without a look at the rest of it.
pub(crate) fn rows(record: &[u8]) -> Result<u64, Error> {
    let mut from = Reader::new(record.get(1..).unwrap_or_default());
    from.varint().map_err(|malformed| malformed.of(WHAT))
}

/// A block read back: times and offsets at once, the rest when asked for.
pub(crate) struct Block<'a> {
    /// Event times, ascending.
    pub ts: Vec<i64>,
    /// Offsets; of equal times ascending.
    pub offsets: Vec<i64>,
    rest: Reader<'a>,
}

impl<'a> Block<'a> {
    /// Reads times and offsets.
    pub fn open(record: &'a [u8]) -> Result<Self, Error> {
        let read = |mut from: Reader<'a>| {
            let rows = row_count(&mut from)?;
            let ts = codec::read_integers(&mut from.part()?, rows)?;
            let offsets = codec::read_integers(&mut from.part()?, rows)?;
            Ok(Self { ts, offsets, rest: from })
        };
        read(codec::open_record(record, VERSION, WHAT)?).map_err(|malformed: Malformed| malformed.of(WHAT))
    }

    /// Reads the other columns and calls `each` with the rows asked for, which ascend.
    pub fn points(&self, rows: &[usize], mut each: impl FnMut(usize, Point)) -> Result<(), Error> {
        let mut read = |from: &mut Reader<'a>| {
            let len = self.ts.len();
            let nums = codec::read_floats(&mut from.part()?, len)?;
            let received = codec::read_integers(&mut from.part()?, len)?;
            let units = codec::read_runs(&mut from.part()?, len)?;
            let qualities = codec::read_runs(&mut from.part()?, len)?;
            let raws = read_raws(from.part()?, len)?;
            let time = |us| Timestamp::from_us(us).ok_or(Malformed("time"));
            for row in rows {
                let raw = raws.binary_search_by_key(row, |(at, _)| *at).ok().map(|found| raws[found].1);
                each(
                    *row,
                    Point {
                        ts: time(self.ts[*row])?,
                        offset: Offset(self.offsets[*row].cast_unsigned()),
                        received_at: time(self.ts[*row].wrapping_add(received[*row]))?,
                        num: nums[*row],
                        unit: UnitIndex(units[*row]),
                        quality: Quality(qualities[*row]),
                        raw: raw.map(Into::into),
                    },
                );
            }
            Ok(())
        };
        read(&mut self.rest.clone()).map_err(|malformed: Malformed| malformed.of(WHAT))
    }
}

/// Times, numbers and originals of a block, and offsets where they are asked for; nothing else of it is decoded.
pub(crate) struct Values<'a> {
    /// Event times, ascending.
    pub ts: Vec<i64>,
    offsets: Vec<i64>,
    nums: Vec<f64>,
    raws: Vec<(usize, &'a str)>,
}

impl<'a> Values<'a> {
    /// Reads them.
    pub fn open(record: &'a [u8], ends: Ends) -> Result<Self, Error> {
        let read = |mut from: Reader<'a>| {
            let len = row_count(&mut from)?;
            let ts = codec::read_integers(&mut from.part()?, len)?;
            let mut offsets = from.part()?;
            let offsets = match ends {
                Ends::Wanted => codec::read_integers(&mut offsets, len)?,
                Ends::NotWanted => Vec::new(),
            };
            let nums = codec::read_floats(&mut from.part()?, len)?;
            // Arrivals, units and qualities.
            for _ in 0..3 {
                from.part()?;
            }
            Ok(Self { ts, offsets, nums, raws: read_raws(from.part()?, len)? })
        };
        read(codec::open_record(record, VERSION, WHAT)?).map_err(|malformed: Malformed| malformed.of(WHAT))
    }

    /// Leaves out the rows that arrived at or after an offset. Offsets must have been read.
    pub fn keep_before(&mut self, before: Offset) {
        let kept = |row: usize| self.offsets[row].cast_unsigned() < before.0;
        let rows: Vec<usize> = (0..self.ts.len()).filter(|row| kept(*row)).collect();
        if rows.len() == self.ts.len() {
            return;
        }
        self.raws.retain_mut(|(row, _)| rows.binary_search(row).map(|at| *row = at).is_ok());
        self.ts = rows.iter().map(|row| self.ts[*row]).collect();
        self.nums = rows.iter().map(|row| self.nums[*row]).collect();
        self.offsets = rows.iter().map(|row| self.offsets[*row]).collect();
    }

    /// Some rows and no others: their originals are numbered from the first of them.
    pub fn stretch(&mut self, rows: std::ops::Range<usize>) -> Stretch<'_> {
        self.raws.retain(|(row, _)| rows.contains(row));
        self.raws.iter_mut().for_each(|(row, _)| *row -= rows.start);
        Stretch {
            ts: &self.ts[rows.clone()],
            offsets: self.offsets.get(rows.clone()).unwrap_or_default(),
            nums: &self.nums[rows],
            raws: &self.raws,
        }
    }
}

fn row_count(from: &mut Reader<'_>) -> Result<usize, Malformed> {
    usize::try_from(from.varint()?)
        .ok()
        .filter(|rows| *rows <= limit::BLOCK_READINGS)
        .ok_or(Malformed("rows"))
}

fn read_raws(mut from: Reader<'_>, rows: usize) -> Result<Vec<(usize, &str)>, Malformed> {
    let mut raws = Vec::new();
    let mut at = 0usize;
    while !from.is_empty() {
        let after = usize::try_from(from.varint()?).map_err(|_| Malformed("raw"))?;
        at = at.checked_add(after).filter(|at| *at < rows).ok_or(Malformed("raw"))?;
        raws.push((at, from.text()?));
    }
    Ok(raws)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn us(us: i64) -> Timestamp {
        Timestamp::from_us(us).unwrap()
    }

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        let row =
            (-5_000i64..5_000, -1e9f64..1e9, 0i64..9_000_000, 0u8..3, 0u8..4, proptest::bool::weighted(0.1));
        proptest::collection::vec(row, 1..150).prop_map(|rows| {
            let numbered = rows.into_iter().enumerate();
            let mut rows: Vec<Row> = numbered
                .map(|(at, (ts, num, late, unit, quality, has_raw))| Row {
                    ts,
                    offset: at as u64 * 3,
                    num,
                    received_at: ts + late,
                    unit,
                    quality,
                    has_raw,
                })
                .collect();
            rows.sort_by_key(|row| row.ts);
            rows
        })
    }

    proptest! {
        #[test]
        fn a_block_comes_back_as_it_was(rows in rows()) {
            let mut record = Vec::new();
            Encoder::default().encode(&mut record, &rows, |row| Some(if row.offset % 2 == 0 { "true" } else { "[1]" }));
            let block = Block::open(&record).unwrap();
            let all: Vec<usize> = (0..rows.len()).collect();
            let mut points = Vec::new();
            block.points(&all, |_, point| points.push(point)).unwrap();
            for (row, point) in rows.iter().zip(&points) {
                let raw = row.has_raw.then_some(if row.offset % 2 == 0 { "true" } else { "[1]" });
                prop_assert_eq!(point, &Point {
                    ts: us(row.ts),
                    offset: Offset(row.offset),
                    received_at: us(row.received_at),
                    num: row.num,
                    unit: UnitIndex(row.unit),
                    quality: Quality(row.quality),
                    raw: raw.map(Into::into),
                });
            }
            prop_assert_eq!(points.len(), rows.len());
        }

        #[test]
        fn keys_sort_as_what_they_mean(a in (0u32..3, -9i64..9, 0u64..3), b in (0u32..3, -9i64..9, 0u64..3)) {
            let key = |(series, oldest, first)| BlockKey {
                series: SeriesId(series), oldest: us(oldest), first: Offset(first), newest: us(oldest + 1),
            };
            prop_assert_eq!(key(a).bytes().cmp(&key(b).bytes()), key(a).cmp(&key(b)));
            prop_assert_eq!(BlockKey::from_bytes(&key(a).bytes()).unwrap(), key(a));
        }
    }

    /// What an older program wrote is read, whatever is written later: 60 rows, so that pco is in it.
    #[test]
    fn version_1_is_read() {
        let row = |n: u64| Row {
            ts: 1_700_000_000_000_000 + n as i64 * 1_000_003,
            offset: 100 + n * n,
            num: 20.0 + (n % 7) as f64 / 10.0,
            received_at: 1_700_000_000_200_000 + n as i64 * 1_000_000,
            unit: 1,
            quality: u8::from(n > 40),
            has_raw: n == 3,
        };
        let rows: Vec<Row> = (0..60).map(row).collect();
        let hex = include_str!("fixtures/block-v1.hex").trim();
        let record: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        let all: Vec<usize> = (0..rows.len()).collect();
        let mut read = 0;
        let check = |at: usize, point: Point| {
            let raw = rows[at].has_raw.then(|| "\"x\"".into());
            let row = &rows[at];
            assert_eq!((point.ts, point.offset, point.num), (us(row.ts), Offset(row.offset), row.num));
            assert_eq!(
                (point.received_at, point.unit.0, point.quality.0),
                (us(row.received_at), row.unit, row.quality)
            );
            assert_eq!(point.raw, raw);
            read += 1;
        };
        Block::open(&record).unwrap().points(&all, check).unwrap();
        assert_eq!(read, 60);
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let mut record = Vec::new();
        Encoder::default().encode(&mut record, &[Row::default(), Row { ts: 5, ..Row::default() }], |_| None);
        for at in 0..record.len() {
            let mut damaged = record.clone();
            damaged[at] ^= 0x20;
            assert!(Block::open(&damaged).is_err(), "byte {at}");
        }
    }
}
