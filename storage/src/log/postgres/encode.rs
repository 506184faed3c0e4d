//! Rows in the binary form of COPY, written by hand into one buffer: no allocation a row.
//!
//! A commit's rows go out by day and, within a day, by series: rows of one series that follow each other find the index page that
//! they go to in the cache. Offsets still lie close together, since a commit is written as a whole.
//!
//! The form: PostgreSQL's manual, COPY, "Binary Format".

use bytes::{BufMut, Bytes, BytesMut};
use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::reading::{Commit, Quality};
use edgesync_schemas::unit::UnitIndex;

use super::day::Day;

/// The columns, in the order in which [`Rows`] writes them.
pub(super) const COLUMNS: &str = "ts, value, log_offset, received_at, series_id, unit, quality, raw";
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Bytes of a message to the server: few enough to stay in the cache on their way, many enough to cost few system calls.
pub(super) const MESSAGE_BYTES: usize = 128 * 1024;
/// 2000-01-01T00:00:00Z, from which PostgreSQL counts.
pub(super) const EPOCH_US: i64 = 946_684_800_000_000;
/// A row without raw: the number of fields, eight lengths, 4 * 8 + 4 + 2 + 2 bytes.
const ROW_BYTES: usize = 2 + 8 * 4 + 40;

/// The rows of a commit in the order in which they are written.
pub(super) struct Rows {
    // (day, series, row), ascending.
    order: Vec<(Day, u32, u32)>,
    received_at: Vec<i64>,
}

impl Rows {
    pub fn of(commit: &Commit) -> Self {
        let columns = &commit.columns;
        let mut day = Day::of(columns.ts.first().copied().unwrap_or_default());
        let mut order = Vec::with_capacity(columns.len());
        for (row, (ts, series)) in columns.ts.iter().zip(&columns.series).enumerate() {
            if !day.has(*ts) {
                day = Day::of(*ts);
            }
            order.push((day, series.0, row as u32));
        }
        order.sort_unstable();
        let mut received_at = Vec::with_capacity(columns.len());
        for arrival in &commit.arrivals {
            received_at.resize(arrival.end_row as usize, arrival.received_at.as_us());
        }
        Self { order, received_at }
    }

    /// All of them.
    pub fn all(&self) -> OfDay<'_> {
        &self.order
    }

    /// The days that have rows, with their rows.
    pub fn days(&self) -> impl Iterator<Item = (Day, OfDay<'_>)> {
        self.order.chunk_by(|a, b| a.0 == b.0).map(|rows| (rows[0].0, rows))
    }
}

/// Rows of one day.
pub(super) type OfDay<'a> = &'a [(Day, u32, u32)];

/// Writes rows as messages of COPY, each when it is asked for.
pub(super) struct Encoder<'a> {
    commit: &'a Commit,
    received_at: &'a [i64],
    rest: OfDay<'a>,
    is_begun: bool,
    is_ended: bool,
}

impl<'a> Encoder<'a> {
    pub fn new(commit: &'a Commit, rows: &'a Rows, of_day: OfDay<'a>) -> Self {
        Self { commit, received_at: &rows.received_at, rest: of_day, is_begun: false, is_ended: false }
    }

    /// The next message, in `buffer`'s memory; `None` after the last.
    pub fn next(&mut self, buffer: &mut BytesMut) -> Option<Bytes> {
        if self.is_ended {
            return None;
        }
        buffer.reserve(MESSAGE_BYTES + ROW_BYTES);
        if !self.is_begun {
            self.is_begun = true;
            put_head(buffer);
        }
        while buffer.len() < MESSAGE_BYTES {
            let Some(((_, _, row), rest)) = self.rest.split_first() else {
                put_end(buffer);
                self.is_ended = true;
                break;
            };
            self.row(buffer, *row as usize);
            self.rest = rest;
        }
        Some(buffer.split().freeze())
    }

    fn row(&self, out: &mut BytesMut, row: usize) {
        let columns = &self.commit.columns;
        let ts = columns.ts[row].as_us();
        put_row(
            out,
            &Fields {
                ts,
                value: columns.num[row],
                offset: self.commit.first.plus(row as u64),
                received_at: self.received_at.get(row).copied().unwrap_or(ts),
                series: columns.series[row],
                unit: columns.unit[row],
                quality: columns.quality[row],
                raw: if columns.raw.is_empty() { None } else { columns.raw_of(row) },
            },
        );
    }
}

/// A row; times in microseconds since 1970.
pub(super) struct Fields<'a> {
    pub ts: i64,
    pub value: f64,
    pub offset: Offset,
    pub received_at: i64,
    pub series: SeriesId,
    pub unit: UnitIndex,
    pub quality: Quality,
    pub raw: Option<&'a str>,
}

/// What stands before the first row.
pub(super) fn put_head(out: &mut BytesMut) {
    out.put_slice(SIGNATURE);
    // No flags, no extension.
    out.put_u64(0);
}

/// What stands behind the last row.
pub(super) fn put_end(out: &mut BytesMut) {
    out.put_i16(-1);
}

/// A row.
pub(super) fn put_row(out: &mut BytesMut, row: &Fields<'_>) {
    out.put_i16(8);
    out.put_i32(8);
    out.put_i64(row.ts - EPOCH_US);
    out.put_i32(8);
    out.put_f64(row.value);
    out.put_i32(8);
    out.put_i64(row.offset.0.cast_signed());
    out.put_i32(8);
    out.put_i64(row.received_at - EPOCH_US);
    out.put_i32(4);
    out.put_u32(row.series.0);
    out.put_i32(2);
    out.put_i16(i16::from(row.unit.0));
    out.put_i32(2);
    out.put_i16(i16::from(row.quality.0));
    match row.raw {
        None => out.put_i32(-1),
        Some(raw) => {
            out.put_i32(raw.len() as i32);
            out.put_slice(raw.as_bytes());
        }
    }
}
