//! The blob of a commit: all its readings as columns, the marks that it moves and the series that it brings, in one record.
//!
//! Version 1, integers little-endian, `v` for variable length (`codec.rs`):
//! ```text
//! 1 version | 8 first offset | 4 rows | 8 base time | 1 width of times
//! rows x 4 series | rows x 4 or 8 times after the base | rows x 8 numbers
//! runs of units | runs of qualities
//! v arrivals: v rows of the stretch, v received at after base | v raws: v rows after the one before, v length, JSON
//! v marks: 16 device, 4 boot, 8 frame | v series | 8 checksum
//! ```
//! 16 bytes a reading where the times of a commit lie within 35 minutes of each other, and a few per batch. Not compressed: it is
//! written once, read at most by those who are behind, and gone after it is sealed.

use edgesync_schemas::id::{BootId, DeviceId, FrameSeq, Offset, SeriesId};
use edgesync_schemas::reading::{Arrival, Columns, Commit, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use uuid::Uuid;

use super::super::Error;
use super::super::marks::Mark;
use super::codec::{self, Malformed, Reader};

const VERSION: u8 = 1;
const WHAT: &str = "commit";
const SHORT: u8 = 4;
const LONG: u8 = 8;

/// A commit read back.
pub(crate) struct Blob {
    /// Its readings; `new_series` is still empty: the dictionary has the entries.
    pub commit: Commit,
    /// The marks that it moved, in order.
    pub marks: Vec<Mark>,
    /// The series it brought or changed.
    pub series: Vec<SeriesId>,
}

/// Writes the blob of a commit into `out`, which is cleared.
pub(crate) fn encode(out: &mut Vec<u8>, commit: &Commit, marks: &[Mark]) {
    let columns = &commit.columns;
    out.clear();
    out.reserve(64 + columns.len() * 22 + marks.len() * 28);
    out.push(VERSION);
    out.extend_from_slice(&commit.first.0.to_le_bytes());
    out.extend_from_slice(&(columns.len() as u32).to_le_bytes());
    let base = columns.ts.first().map_or(0, |ts| ts.as_us());
    out.extend_from_slice(&base.to_le_bytes());
    fixed(out, &columns.series, |_| true, |series| series.0.to_le_bytes());
    times(out, &columns.ts, base);
    fixed(out, &columns.num, |_| true, |num| num.to_le_bytes());
    codec::runs(out, columns.unit.iter().map(|unit| unit.0));
    codec::runs(out, columns.quality.iter().map(|quality| quality.0));
    codec::varint(out, commit.arrivals.len() as u64);
    let mut row = 0;
    for arrival in &commit.arrivals {
        codec::varint(out, u64::from(arrival.end_row - row));
        codec::zigzag(out, arrival.received_at.as_us() - base);
        row = arrival.end_row;
    }
    codec::varint(out, columns.raw.len() as u64);
    let mut row = 0;
    for (at, raw) in &columns.raw {
        codec::varint(out, u64::from(at - row));
        codec::text(out, raw);
        row = *at;
    }
    codec::varint(out, marks.len() as u64);
    for mark in marks {
        out.extend_from_slice(mark.device.uuid().as_bytes());
        out.extend_from_slice(&mark.boot.0.to_le_bytes());
        out.extend_from_slice(&mark.q.0.to_le_bytes());
    }
    codec::varint(out, commit.new_series.len() as u64);
    for series in &commit.new_series {
        codec::varint(out, u64::from(series.id.0));
    }
    codec::seal_record(out);
}

/// Writes a column in bulk: the destination is sized once, so that the loop has no branches and becomes vector code. False if `fits`
/// was false for one of them; what was written is then of no use.
fn fixed<T: Copy, const N: usize>(
    out: &mut Vec<u8>,
    column: &[T],
    fits: impl Fn(T) -> bool,
    bytes: impl Fn(T) -> [u8; N],
) -> bool {
    let start = out.len();
    out.resize(start + column.len() * N, 0);
    let mut all = true;
    for (to, value) in out[start..].as_chunks_mut::<N>().0.iter_mut().zip(column) {
        all &= fits(*value);
        *to = bytes(*value);
    }
    all
}

fn times(out: &mut Vec<u8>, ts: &[Timestamp], base: i64) {
    let start = out.len();
    out.push(SHORT);
    let after = |ts: Timestamp| ts.as_us() - base;
    if !fixed(out, ts, |ts| i32::try_from(after(ts)).is_ok(), |ts| (after(ts) as i32).to_le_bytes()) {
        out.truncate(start);
        out.push(LONG);
        fixed(out, ts, |_| true, |ts| after(ts).to_le_bytes());
    }
}

/// Reads a blob.
pub(crate) fn decode(record: &[u8]) -> Result<Blob, Error> {
    let reader = codec::open_record(record, VERSION, WHAT)?;
    read(reader).map_err(|malformed| malformed.of(WHAT))
}

fn read(mut from: Reader<'_>) -> Result<Blob, Malformed> {
    let first = Offset(from.u64()?);
    let rows = from.u32()? as usize;
    let base = from.i64()?;
    let time = |after: i64| base.checked_add(after).and_then(Timestamp::from_us).ok_or(Malformed("time"));
    let bytes = |each: usize| rows.checked_mul(each).ok_or(Malformed("rows"));

    let series = from.take(bytes(4)?)?.as_chunks().0;
    let series = series.iter().map(|bytes| SeriesId(u32::from_le_bytes(*bytes))).collect();
    let ts = match from.u8()? {
        SHORT => {
            let ts = from.take(bytes(4)?)?.as_chunks().0;
            ts.iter().map(|bytes| time(i64::from(i32::from_le_bytes(*bytes)))).collect::<Result<_, _>>()?
        }
        LONG => {
            let ts = from.take(bytes(8)?)?.as_chunks().0;
            ts.iter().map(|bytes| time(i64::from_le_bytes(*bytes))).collect::<Result<_, _>>()?
        }
        _ => return Err(Malformed("width of times")),
    };
    let num = from.take(bytes(8)?)?.as_chunks().0;
    let num = num.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    let unit = codec::read_runs(&mut from, rows)?.into_iter().map(UnitIndex).collect();
    let quality = codec::read_runs(&mut from, rows)?.into_iter().map(Quality).collect();

    let mut arrivals = Vec::with_capacity(from.clone().count(2)?);
    let mut row = 0u64;
    for _ in 0..from.count(2)? {
        row =
            row.checked_add(from.varint()?).filter(|row| *row <= rows as u64).ok_or(Malformed("arrival"))?;
        arrivals.push(Arrival { end_row: row as u32, received_at: time(from.zigzag()?)? });
    }
    if row != rows as u64 {
        return Err(Malformed("arrivals"));
    }
    let mut raw = Vec::with_capacity(from.clone().count(2)?);
    let mut row = 0u64;
    for _ in 0..from.count(2)? {
        row = row.checked_add(from.varint()?).filter(|row| *row < rows as u64).ok_or(Malformed("raw"))?;
        raw.push((row as u32, from.text()?.into()));
    }
    let mut marks = Vec::with_capacity(from.clone().count(28)?);
    for _ in 0..from.count(28)? {
        let device = DeviceId::from_uuid(Uuid::from_bytes(from.array()?));
        marks.push(Mark { device, boot: BootId(from.u32()?), q: FrameSeq(from.u64()?) });
    }
    let mut brought = Vec::with_capacity(from.clone().count(1)?);
    for _ in 0..from.count(1)? {
        brought.push(SeriesId(u32::try_from(from.varint()?).map_err(|_| Malformed("series"))?));
    }
    let columns = Columns { series, ts, num, unit, quality, raw };
    let commit = Commit { first, columns, arrivals, new_series: Vec::new() };
    Ok(Blob { commit, marks, series: brought })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(us: i64) -> Timestamp {
        Timestamp::from_us(us).unwrap()
    }

    fn example() -> (Commit, Vec<Mark>) {
        let columns = Columns {
            series: vec![SeriesId(3), SeriesId(1), SeriesId(3)],
            ts: vec![us(1_700_000_000_000_000), us(1_700_000_000_000_001), us(1_699_999_999_000_000)],
            num: vec![21.5, 0.0, -0.0],
            unit: vec![UnitIndex(1), UnitIndex(0), UnitIndex(1)],
            quality: vec![Quality(0), Quality(1), Quality(0)],
            raw: vec![(1, "\"open\"".into())],
        };
        let arrivals = vec![
            Arrival { end_row: 2, received_at: us(1_700_000_000_500_000) },
            Arrival { end_row: 3, received_at: us(1_700_000_000_400_000) },
        ];
        let mark = Mark { device: DeviceId::from_uuid(Uuid::max()), boot: BootId(9), q: FrameSeq(77) };
        (Commit { first: Offset(41), columns, arrivals, new_series: Vec::new() }, vec![mark])
    }

    #[test]
    fn a_commit_comes_back_as_it_was() {
        let (mut commit, marks) = example();
        for last in [1_700_000_000_000_000, 5, Timestamp::MAX.as_us(), Timestamp::MIN.as_us()] {
            commit.columns.ts[2] = us(last);
            let mut record = Vec::new();
            encode(&mut record, &commit, &marks);
            let blob = decode(&record).unwrap();
            assert_eq!(blob.commit, commit);
            assert_eq!(blob.marks, marks);
        }
    }

    #[test]
    fn an_empty_commit_comes_back() {
        let (mut commit, marks) = example();
        commit.columns = Columns::default();
        commit.arrivals.clear();
        let mut record = Vec::new();
        encode(&mut record, &commit, &marks);
        assert_eq!(decode(&record).unwrap().marks, marks);
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let (commit, marks) = example();
        let mut record = Vec::new();
        encode(&mut record, &commit, &marks);
        for at in 0..record.len() {
            let mut damaged = record.clone();
            damaged[at] ^= 0x20;
            assert!(decode(&damaged).is_err(), "byte {at}");
            assert!(decode(&record[..at]).is_err(), "cut at {at}");
        }
    }

    /// What an older program wrote is read, whatever is written later.
    #[test]
    fn version_1_is_read() {
        let hex = include_str!("fixtures/commit-v1.hex").trim();
        let record: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        let blob = decode(&record).unwrap();
        assert_eq!((blob.commit, blob.marks), example());
    }
}
