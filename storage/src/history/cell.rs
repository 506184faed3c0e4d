//! What a bucket tells of its readings, and how it is gathered, reading by reading or a stretch at a time.
//!
//! Text and objects are no numbers: they are counted, and can be a bucket's first and last value, and nothing else. `true` and
//! `false` are the numbers 1 and 0, as devices' switches are.

use std::ops::Range;

use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;

use super::calendar::Edges;

/// The readings of a bucket.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    /// How many, whatever they are.
    pub count: u64,
    /// What its numbers come to; nothing if there is none.
    pub numbers: Option<Numbers>,
    /// The first by event time, then offset. Gathered only where it is asked for.
    pub first: Option<Value>,
    /// The last.
    pub last: Option<Value>,
}

/// What numbers come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Numbers {
    /// How many.
    pub count: u64,
    /// Their sum; infinite where `f64` ends.
    pub sum: f64,
    /// The lowest.
    pub min: f64,
    /// The highest.
    pub max: f64,
}

/// The value of one reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Its event time.
    pub ts: Timestamp,
    /// Its place among those of the same time.
    pub offset: Offset,
    /// The number.
    pub num: f64,
    /// Original JSON, where it is none.
    pub raw: Option<Box<str>>,
}

/// Which aggregates of numbers are needed. Others may be left at nothing: a database takes a third longer for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// [`Numbers::count`] and [`Numbers::sum`].
    pub sums: bool,
    /// [`Numbers::min`] and [`Numbers::max`].
    pub extremes: bool,
}

/// Whether first and last values are gathered: they take the offsets of all readings, which are else not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// First and last values.
    Wanted,
    /// Neither.
    NotWanted,
}

/// Some readings of one series as the log has them: columns of one length.
pub(crate) struct Stretch<'a> {
    /// Event times; ascending.
    pub ts: &'a [i64],
    /// Offsets, of equal times ascending; empty where they are not asked for.
    pub offsets: &'a [i64],
    /// Numbers.
    pub nums: &'a [f64],
    /// Original JSON of rows that have it, rows ascending.
    pub raws: &'a [(usize, &'a str)],
}

/// Whether a value with this original is a number all the same.
fn is_number(raw: &str) -> bool {
    matches!(raw, "true" | "false")
}

impl Numbers {
    fn of(nums: &[f64]) -> Option<Self> {
        let first = *nums.first()?;
        let mut all = Self { count: nums.len() as u64, sum: 0.0, min: first, max: first };
        for num in nums {
            all.sum += num;
            all.min = all.min.min(*num);
            all.max = all.max.max(*num);
        }
        Some(all)
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

impl Cell {
    /// The bucket of one reading.
    pub(super) fn of(value: Value) -> Self {
        let is_number = value.raw.as_deref().is_none_or(is_number);
        let numbers = if is_number { Numbers::of(&[value.num]) } else { None };
        Self { count: 1, numbers, first: Some(value.clone()), last: Some(value) }
    }

    fn add_numbers(&mut self, nums: &[f64]) {
        match (&mut self.numbers, Numbers::of(nums)) {
            (Some(known), Some(more)) => known.add(more),
            (known @ None, more) => *known = more,
            (Some(_), None) => {}
        }
    }

    fn add_end(&mut self, (ts, offset): (Timestamp, i64), num: f64, raw: Option<&str>) {
        let place = (ts, Offset(offset.cast_unsigned()));
        let value = || Value { ts, offset: place.1, num, raw: raw.map(Into::into) };
        if self.first.as_ref().is_none_or(|first| place < (first.ts, first.offset)) {
            self.first = Some(value());
        }
        if self.last.as_ref().is_none_or(|last| place > (last.ts, last.offset)) {
            self.last = Some(value());
        }
    }

    /// Adds readings that are later than all that are in it.
    pub(crate) fn append(&mut self, later: Self) {
        self.count += later.count;
        match (&mut self.numbers, later.numbers) {
            (Some(known), Some(more)) => known.add(more),
            (known @ None, more) => *known = more,
            (Some(_), None) => {}
        }
        self.first = self.first.take().or(later.first);
        self.last = later.last.or(self.last.take());
    }

    pub(crate) fn raw_bytes(&self) -> usize {
        let ends = [&self.first, &self.last].into_iter().flatten();
        ends.filter_map(|value| value.raw.as_deref()).map(str::len).sum()
    }
}

/// The buckets of some series, while they are filled.
pub(crate) struct Table<'e> {
    edges: &'e Edges,
    ends: Ends,
    series: Vec<Vec<Cell>>,
    // The bucket of the reading before: the next one is likely in it.
    hint: usize,
    // Of originals held, at most [`limit::BUCKET_RAW_BYTES`] and one.
    raw_bytes: usize,
    is_over: bool,
}

/// First and last values have more bytes of text than an answer may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("first and last values have more than {} bytes of text", limit::BUCKET_RAW_BYTES)]
pub struct TooMuchText;

impl<'e> Table<'e> {
    /// Empty buckets of so many series.
    pub fn new(edges: &'e Edges, ends: Ends, series: usize) -> Self {
        let series = vec![vec![Cell::default(); edges.len()]; series];
        Self { edges, ends, series, hint: 0, raw_bytes: 0, is_over: false }
    }

    /// Takes in readings of a series, by its place; those outside all buckets are left out.
    pub fn take(&mut self, series: usize, stretch: &Stretch<'_>) {
        let mut start = 0;
        let mut raws = stretch.raws;
        while let Some(ts) = stretch.ts.get(start) {
            let Some(at) = self.edges.find(*ts, self.hint) else {
                // Before the first bucket: on to it. After the last: done.
                let first = self.edges.bounds()[0];
                let next = start + stretch.ts[start..].partition_point(|ts| *ts < first);
                if next == start {
                    return;
                }
                start = next;
                continue;
            };
            self.hint = at;
            let until = self.edges.bounds()[at + 1];
            let end = start + stretch.ts[start..].partition_point(|ts| *ts < until);
            raws = &raws[raws.partition_point(|(row, _)| *row < start)..];
            let (here, rest) = raws.split_at(raws.partition_point(|(row, _)| *row < end));
            raws = rest;
            self.take_run(series, at, stretch, start..end, here);
            start = end;
        }
    }

    /// Takes in rows that are all in one bucket. `raws` are theirs.
    fn take_run(
        &mut self,
        series: usize,
        at: usize,
        stretch: &Stretch<'_>,
        rows: Range<usize>,
        raws: &[(usize, &str)],
    ) {
        let cell = &mut self.series[series][at];
        cell.count += rows.len() as u64;
        let mut start = rows.start;
        for (row, _) in raws.iter().filter(|(_, raw)| !is_number(raw)) {
            cell.add_numbers(&stretch.nums[start..*row]);
            start = row + 1;
        }
        cell.add_numbers(&stretch.nums[start..rows.end]);
        if self.ends == Ends::NotWanted {
            return;
        }
        let before = cell.raw_bytes();
        // The rows are in the order of event time, then offset.
        for row in [rows.start, rows.end - 1] {
            let raw = raws.binary_search_by_key(&row, |(at, _)| *at).ok().map(|found| raws[found].1);
            let place = (Timestamp::from_us_saturating(stretch.ts[row]), stretch.offsets[row]);
            cell.add_end(place, stretch.nums[row], raw.filter(|_| !self.is_over));
        }
        self.raw_bytes = self.raw_bytes + cell.raw_bytes() - before;
        self.is_over |= self.raw_bytes > limit::BUCKET_RAW_BYTES;
    }

    /// The buckets of each series, in order.
    ///
    /// # Errors
    /// [`TooMuchText`].
    pub fn finish(self) -> Result<Vec<Vec<Cell>>, TooMuchText> {
        if self.is_over { Err(TooMuchText) } else { Ok(self.series) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_counted_and_can_come_first_or_last_but_is_no_number() {
        let from = Timestamp::from_ms(0).unwrap();
        let edges = Edges::equal(2, from, from.plus_us(20_000));
        let mut table = Table::new(&edges, Ends::Wanted, 1);
        table.take(
            0,
            &Stretch {
                ts: &[-5, 0, 5_000, 5_000, 9_999, 10_000, 20_000],
                offsets: &[0, 1, 2, 3, 4, 5, 6],
                nums: &[9.0, 0.0, 2.0, 1.0, 4.0, 0.0, 9.0],
                raws: &[(1, "\"on\""), (3, "true"), (5, "[1]")],
            },
        );
        let cells = table.finish().unwrap().remove(0);
        assert_eq!(cells[0].count, 4);
        assert_eq!(cells[0].numbers, Some(Numbers { count: 3, sum: 7.0, min: 1.0, max: 4.0 }));
        let end =
            |cell: &Option<Value>| cell.clone().map(|value| (value.offset.0, value.raw.map(String::from)));
        assert_eq!(end(&cells[0].first), Some((1, Some("\"on\"".to_owned()))));
        assert_eq!(end(&cells[0].last), Some((4, None)));
        assert_eq!((cells[1].count, cells[1].numbers), (1, None));
        assert_eq!(end(&cells[1].last), Some((5, Some("[1]".to_owned()))));
    }

    #[test]
    fn of_equal_times_the_earlier_arrival_is_first_and_the_later_last() {
        let from = Timestamp::from_ms(0).unwrap();
        let edges = Edges::equal(1, from, from.plus_us(1_000));
        let mut table = Table::new(&edges, Ends::Wanted, 1);
        for offset in [5, 3, 9, 7] {
            table.take(0, &Stretch { ts: &[1], offsets: &[offset], nums: &[offset as f64], raws: &[] });
        }
        let cell = table.finish().unwrap().remove(0).remove(0);
        assert_eq!((cell.first.unwrap().num, cell.last.unwrap().num), (3.0, 9.0));
    }

    #[test]
    fn text_beyond_an_answer_is_not_held() {
        let from = Timestamp::from_ms(0).unwrap();
        let edges = Edges::equal(1_000, from, from.plus_us(1_000_000));
        let mut table = Table::new(&edges, Ends::Wanted, 1);
        let raw = format!("\"{}\"", "x".repeat(4_000));
        for bucket in 0..1_000 {
            table.take(
                0,
                &Stretch { ts: &[bucket * 1_000], offsets: &[bucket], nums: &[0.0], raws: &[(0, &raw)] },
            );
        }
        assert!(table.raw_bytes <= limit::BUCKET_RAW_BYTES + 2 * raw.len());
        assert_eq!(table.finish(), Err(TooMuchText));
    }
}
