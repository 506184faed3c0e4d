//! Bytes of stored records: fixed and variable integers, columns, and the checksum and version around a record.
//!
//! Reading never panics and never allocates more than the record's own length implies: every count is checked against what is left.

use pco::standalone::{simple_compress_into, simple_decompress_into};
use pco::{ChunkConfig, DeltaSpec, ModeSpec};
use xxhash_rust::xxh3::xxh3_64;

use super::super::Error;

/// Bytes at the end of a record: the xxh3 of everything before them.
const CHECKSUM_BYTES: usize = 8;

/// Closes a record that starts with its version byte.
pub fn seal_record(record: &mut Vec<u8>) {
    let checksum = xxh3_64(record);
    record.extend_from_slice(&checksum.to_le_bytes());
}

/// Checks a record and gives a reader of what is between version and checksum. `what` names it in errors.
pub fn open_record<'a>(record: &'a [u8], version: u8, what: &str) -> Result<Reader<'a>, Error> {
    let corrupt = |why| Error::Corrupt { what: what.to_owned(), why };
    let body_len =
        record.len().checked_sub(CHECKSUM_BYTES).filter(|len| *len > 0).ok_or(corrupt("too short"))?;
    let (body, checksum) = record.split_at(body_len);
    if xxh3_64(body).to_le_bytes() != checksum {
        return Err(corrupt("checksum"));
    }
    if body[0] != version {
        return Err(Error::Version { what: what.to_owned(), version: body[0] });
    }
    Ok(Reader { bytes: &body[1..] })
}

/// What a record's bytes do not fit. Given its record's name by [`Malformed::of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl Malformed {
    pub fn of(self, what: &str) -> Error {
        Error::Corrupt { what: what.to_owned(), why: self.0 }
    }
}

/// Reads a record from front to back.
#[derive(Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Of bytes whose checksum nobody looked at.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.bytes.split_at_checked(len).ok_or(Malformed("too short"))?;
        self.bytes = rest;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or(Malformed("too short"))?;
        self.bytes = rest;
        Ok(*taken)
    }

    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_le_bytes)
    }

    pub fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed("integer too long"))
    }

    pub fn zigzag(&mut self) -> Result<i64, Malformed> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A count of things that take at least `bytes_each` of what is left.
    pub fn count(&mut self, bytes_each: usize) -> Result<usize, Malformed> {
        let count = usize::try_from(self.varint()?).map_err(|_| Malformed("count"))?;
        match count.checked_mul(bytes_each) {
            Some(bytes) if bytes <= self.bytes.len() => Ok(count),
            _ => Err(Malformed("count")),
        }
    }

    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        let len = self.count(1)?;
        std::str::from_utf8(self.take(len)?).map_err(|_| Malformed("text"))
    }

    /// A part that was written with [`part`].
    pub fn part(&mut self) -> Result<Reader<'a>, Malformed> {
        let len = self.u32()? as usize;
        self.take(len).map(|bytes| Reader { bytes })
    }
}

pub fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub fn zigzag(out: &mut Vec<u8>, value: i64) {
    varint(out, (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned());
}

pub fn text(out: &mut Vec<u8>, text: &str) {
    varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Writes a part with its length before it, so that a reader can skip it.
pub fn part(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let len = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&len.to_le_bytes());
}

// ---- columns of a block -----------------------------------------------------------------------------------------------

// How a column is written: its first byte.
const CONSTANT: u8 = 0;
const PLAIN: u8 = 1;
const PCO: u8 = 2;

/// Below this many numbers pco's tables cost more than they save: deltas as varints, floats as they are.
const PCO_FROM: usize = 48;
const INTEGERS_LEVEL: usize = 3;
const FLOATS_LEVEL: usize = 4;

/// A column of integers that are near each other or rise.
pub fn integers(out: &mut Vec<u8>, column: &[i64]) {
    let first = column.first().copied().unwrap_or_default();
    if column.iter().all(|value| *value == first) {
        out.push(CONSTANT);
        zigzag(out, first);
        return;
    }
    let start = out.len();
    if column.len() >= PCO_FROM {
        out.push(PCO);
        // Order 1 and the classic mode fit times and offsets, and their deltas need few classes: higher levels took two to four
        // times as long for at most 3 % less, and letting pco look for better took longer than the compression itself.
        let config = ChunkConfig::default()
            .with_compression_level(INTEGERS_LEVEL)
            .with_mode_spec(ModeSpec::Classic)
            .with_delta_spec(DeltaSpec::TryConsecutive(1));
        if simple_compress_into(column, &config, &mut *out).is_ok() {
            return;
        }
        out.truncate(start);
    }
    out.push(PLAIN);
    let mut before = 0i64;
    for value in column {
        zigzag(out, value.wrapping_sub(before));
        before = *value;
    }
}

/// Reads what [`integers`] wrote.
pub fn read_integers(from: &mut Reader<'_>, len: usize) -> Result<Vec<i64>, Malformed> {
    match from.u8()? {
        CONSTANT => Ok(vec![from.zigzag()?; len]),
        PLAIN => {
            let mut column = Vec::with_capacity(len);
            let mut before = 0i64;
            for _ in 0..len {
                before = before.wrapping_add(from.zigzag()?);
                column.push(before);
            }
            Ok(column)
        }
        PCO => read_pco(from, len),
        _ => Err(Malformed("column encoding")),
    }
}

/// A column of measured values.
pub fn floats(out: &mut Vec<u8>, column: &[f64]) {
    let first = column.first().copied().unwrap_or_default();
    if column.iter().all(|value| value.to_bits() == first.to_bits()) {
        out.push(CONSTANT);
        out.extend_from_slice(&first.to_le_bytes());
        return;
    }
    let start = out.len();
    if column.len() >= PCO_FROM {
        out.push(PCO);
        // The mode is looked for: that values are tenths of something is what makes them small.
        let config =
            ChunkConfig::default().with_compression_level(FLOATS_LEVEL).with_delta_spec(DeltaSpec::NoOp);
        if simple_compress_into(column, &config, &mut *out).is_ok() {
            return;
        }
        out.truncate(start);
    }
    out.push(PLAIN);
    for value in column {
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// Reads what [`floats`] wrote.
pub fn read_floats(from: &mut Reader<'_>, len: usize) -> Result<Vec<f64>, Malformed> {
    match from.u8()? {
        CONSTANT => Ok(vec![f64::from_le_bytes(from.array()?); len]),
        PLAIN => {
            let bytes = from.take(len.checked_mul(8).ok_or(Malformed("count"))?)?;
            Ok(bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
        }
        PCO => read_pco(from, len),
        _ => Err(Malformed("column encoding")),
    }
}

fn read_pco<T: pco::data_types::Number + Default>(
    from: &mut Reader<'_>,
    len: usize,
) -> Result<Vec<T>, Malformed> {
    let mut column = vec![T::default(); len];
    let progress = simple_decompress_into(from.bytes, &mut column).map_err(|_| Malformed("column"))?;
    from.bytes = &[];
    if progress.n_processed == len { Ok(column) } else { Err(Malformed("column length")) }
}

/// A column of bytes that seldom change: runs of (byte, length).
pub fn runs(out: &mut Vec<u8>, column: impl IntoIterator<Item = u8>) {
    let mut run: Option<(u8, u64)> = None;
    for byte in column {
        match &mut run {
            Some((same, len)) if *same == byte => *len += 1,
            _ => {
                if let Some((byte, len)) = run.replace((byte, 1)) {
                    out.push(byte);
                    varint(out, len);
                }
            }
        }
    }
    if let Some((byte, len)) = run {
        out.push(byte);
        varint(out, len);
    }
}

/// Reads what [`runs`] wrote.
pub fn read_runs(from: &mut Reader<'_>, len: usize) -> Result<Vec<u8>, Malformed> {
    let mut column = Vec::with_capacity(len);
    while column.len() < len {
        let byte = from.u8()?;
        let run = usize::try_from(from.varint()?).map_err(|_| Malformed("run"))?;
        if run == 0 || run > len - column.len() {
            return Err(Malformed("run"));
        }
        column.resize(column.len() + run, byte);
    }
    Ok(column)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn columns_come_back_as_they_were(
            ints in proptest::collection::vec(prop_oneof![any::<i64>(), 0i64..100], 0..200),
            nums in proptest::collection::vec(prop_oneof![any::<f64>(), Just(0.0), Just(-0.0), Just(21.5)], 0..200),
            bytes in proptest::collection::vec(0u8..3, 0..200),
        ) {
            let mut out = Vec::new();
            part(&mut out, |out| integers(out, &ints));
            part(&mut out, |out| floats(out, &nums));
            part(&mut out, |out| runs(out, bytes.iter().copied()));
            let mut from = Reader { bytes: &out };
            prop_assert_eq!(read_integers(&mut from.part().unwrap(), ints.len()).unwrap(), ints);
            let read = read_floats(&mut from.part().unwrap(), nums.len()).unwrap();
            prop_assert!(read.iter().map(|n| n.to_bits()).eq(nums.iter().map(|n| n.to_bits())));
            prop_assert_eq!(read_runs(&mut from.part().unwrap(), bytes.len()).unwrap(), bytes);
        }

        #[test]
        fn integers_of_any_size_come_back(value in any::<i64>(), unsigned in any::<u64>()) {
            let mut out = Vec::new();
            zigzag(&mut out, value);
            varint(&mut out, unsigned);
            let mut from = Reader { bytes: &out };
            prop_assert_eq!(from.zigzag(), Ok(value));
            prop_assert_eq!(from.varint(), Ok(unsigned));
        }

        #[test]
        fn garbage_is_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), len in 0usize..100) {
            let _ = read_integers(&mut Reader { bytes: &bytes }, len);
            let _ = read_floats(&mut Reader { bytes: &bytes }, len);
            let _ = read_runs(&mut Reader { bytes: &bytes }, len);
        }
    }

    #[test]
    fn a_changed_bit_is_noticed() {
        let mut record = vec![1, 2, 3];
        seal_record(&mut record);
        assert!(open_record(&record, 1, "record").is_ok());
        assert!(matches!(open_record(&record, 2, "record"), Err(Error::Version { version: 1, .. })));
        record[1] ^= 1;
        assert!(matches!(open_record(&record, 1, "record"), Err(Error::Corrupt { .. })));
    }
}
