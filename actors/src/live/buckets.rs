//! What the values of a source come to, interval by interval of event time.
//!
//! Intervals begin at the epoch, as those of history do. A bucket can be gathered in two parts, in any order: what arrives, and what
//! was stored before that; until both are there it is not told. At most [`limit::LIVE_POINTS`] buckets are kept, the newest: a value of an
//! older time is dropped and counted. Text and objects are counted and are nothing else; `true` and `false` are numbers.
//! Those that are kept for widgets are as many as these need, and know what of them was put out before a restart (`buckets/kept.rs`).

use std::collections::BTreeMap;
use std::ops::Range;

use edgesync_schemas::entity::widget::Aggregation;
use edgesync_schemas::limit;
use edgesync_schemas::unit::Unit;
use edgesync_storage::history::Cell;

use super::coming::Coming;
use super::conflate::Sample;
use super::snapshot::Wanted;

mod kept;

pub(super) use self::kept::{Again, Seen, Stored as StoredBucket};

/// What values come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Totals {
    /// All of them.
    pub(super) count: u64,
    /// Those that are numbers.
    pub(super) numbers: u64,
    pub(super) sum: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Default for Totals {
    fn default() -> Self {
        Self { count: 0, numbers: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Totals {
    fn of(sample: &Sample) -> Self {
        let num = sample.point.num;
        match sample.point.raw.as_deref() {
            None | Some("true" | "false") if num.is_finite() => {
                Self { count: 1, numbers: 1, sum: num, min: num, max: num }
            }
            _ => Self { count: 1, ..Self::default() },
        }
    }

    fn stored(cell: &Cell) -> Self {
        let count = cell.count;
        match cell.numbers {
            None => Self { count, ..Self::default() },
            Some(all) => Self { count, numbers: all.count, sum: all.sum, min: all.min, max: all.max },
        }
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.numbers += other.numbers;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Their aggregate; nothing if none of them is a number. There is no last one: order is not kept.
    pub(super) fn value(&self, by: Aggregation) -> Option<f64> {
        let of_numbers = |number: f64| (self.numbers > 0).then_some(number);
        match by {
            Aggregation::Count => Some(self.count as f64),
            Aggregation::Avg => of_numbers(self.sum / self.numbers as f64),
            Aggregation::Sum => of_numbers(self.sum),
            Aggregation::Min => of_numbers(self.min),
            Aggregation::Max => of_numbers(self.max),
            Aggregation::Last => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    /// How many were begun before it.
    pub(super) n: u64,
    pub(super) totals: Totals,
    pub(super) seen: Seen,
    /// Whether values came since it was told.
    is_changed: bool,
    /// Whether what is seen of it is not all of it.
    is_hidden: bool,
}

impl Bucket {
    fn numbered(n: u64) -> Self {
        Self { n, totals: Totals::default(), seen: Seen::default(), is_changed: false, is_hidden: true }
    }
}

/// What is stored and lacks in the buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    /// The buckets that lack it, by where they begin: microseconds.
    pub(super) buckets: Range<i64>,
    /// It arrived before this offset.
    pub(super) before: u64,
}

/// How much of what is stored is in the buckets.
#[derive(Debug, Clone)]
enum Stored {
    /// Nothing, and nobody has asked yet what there is: it arrived before this offset.
    Unknown(u64),
    /// All but this.
    Lacks(Unread),
    /// All from the oldest bucket on.
    Whole,
}

/// The buckets of a source.
#[derive(Debug, Clone)]
pub(super) struct Buckets {
    interval_us: i64,
    /// How many there may be.
    most: usize,
    by_start: BTreeMap<i64, Bucket>,
    /// How many were begun.
    begun: u64,
    /// How many times one was changed.
    changes: u64,
    again: Again,
    /// Where the oldest bucket begins that values are taken for.
    floor: i64,
    stored: Stored,
    /// Everything before it has been taken in.
    next: u64,
    unit: Option<Unit>,
}

impl Buckets {
    /// Empty, of values from the offset `next` on.
    pub(super) fn new(interval_ms: u32, next: u64) -> Self {
        let interval_us = i64::from(interval_ms.max(1)) * 1000;
        Self {
            interval_us,
            most: limit::LIVE_POINTS,
            by_start: BTreeMap::new(),
            begun: 0,
            changes: 0,
            again: Again::default(),
            floor: i64::MIN,
            stored: Stored::Whole,
            next,
            unit: None,
        }
    }

    /// The same of a source whose earlier values are stored.
    pub(super) fn of_stored(interval_ms: u32, next: u64) -> Self {
        Self { stored: Stored::Unknown(next), ..Self::new(interval_ms, next) }
    }

    /// Takes values in, but for those that it has. How many were too old.
    pub(super) fn take(&mut self, coming: Coming<'_>) -> u64 {
        let mut late = 0;
        for (sample, arrival, is_known) in coming.iter() {
            let start = self.start(sample.point.ts.as_us());
            if start < self.floor {
                late += 1;
            } else if !self.again.has(start, arrival, is_known) {
                self.add(start, Totals::of(sample), true).seen.add(arrival);
                self.fit();
            }
        }
        self.again.pass(coming.newest_arrival());
        if let Some(newest) = coming.samples.last() {
            self.next = newest.offset + 1;
            self.unit.clone_from(&newest.unit);
        }
        late
    }

    fn add(&mut self, start: i64, totals: Totals, is_changed: bool) -> &mut Bucket {
        self.changes += 1;
        let begun = &mut self.begun;
        let bucket = self.by_start.entry(start).or_insert_with(|| {
            *begun += 1;
            Bucket::numbered(*begun - 1)
        });
        bucket.totals.add(totals);
        bucket.is_changed |= is_changed;
        bucket.is_hidden = true;
        bucket
    }

    /// Lets go of the oldest that there is no room for.
    fn fit(&mut self) {
        while self.by_start.len() > self.most {
            self.cut_oldest();
        }
    }

    fn start(&self, us: i64) -> i64 {
        us.div_euclid(self.interval_us) * self.interval_us
    }

    /// Whether [`Self::lack`] has to be told the newest time.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.stored, Stored::Unknown(_))
    }

    /// What is to be read from the store, so that the buckets that are wanted are whole. `newest` is the time of the newest that is stored, while
    /// that is not known.
    pub(super) fn lack(&mut self, wanted: Wanted, newest: Option<i64>) -> Option<&Unread> {
        let points = i64::try_from(wanted.points.clamp(1, limit::LIVE_POINTS)).unwrap_or(1);
        let last = self.by_start.last_key_value().map(|(start, _)| *start);
        let last = last.max(newest.map(|newest| self.start(newest)));
        let from = wanted.from.map_or(i64::MIN, |from| self.start(from.as_us()));
        let floor = last.map(|last| (last - (points - 1) * self.interval_us).max(from).min(last));
        match self.stored {
            // Nothing is stored: what comes is all there is, however old.
            Stored::Unknown(_) if newest.is_none() => self.stored = Stored::Whole,
            Stored::Unknown(before) => {
                if let Some((floor, last)) = floor.zip(last) {
                    self.stored = Stored::Lacks(Unread { buckets: floor..last + self.interval_us, before });
                    self.floor = self.floor.max(floor);
                    self.by_start = self.by_start.split_off(&floor);
                }
            }
            Stored::Whole => {
                if let Some(floor) = floor.filter(|floor| *floor < self.floor) {
                    self.stored = Stored::Lacks(Unread { buckets: floor..self.floor, before: self.next });
                    self.floor = floor;
                }
            }
            Stored::Lacks(_) => {}
        }
        self.lacking()
    }

    fn lacking(&self) -> Option<&Unread> {
        match &self.stored {
            Stored::Lacks(unread) => Some(unread),
            Stored::Unknown(_) | Stored::Whole => None,
        }
    }

    /// The number of buckets that are to be read.
    pub(super) fn count(&self, unread: &Unread) -> usize {
        let count = (unread.buckets.end - unread.buckets.start) / self.interval_us;
        usize::try_from(count).unwrap_or_default()
    }

    /// Takes in what [`Self::lack`] asked for, a cell for each bucket.
    pub(super) fn add_stored(&mut self, cells: &[Cell], unit: Option<Unit>) {
        let Stored::Lacks(unread) = std::mem::replace(&mut self.stored, Stored::Whole) else { return };
        self.unit = self.unit.take().or(unit);
        let starts =
            std::iter::successors(Some(unread.buckets.start), |start| Some(start + self.interval_us));
        let starts: Vec<i64> = starts.take(cells.len()).collect();
        for (start, cell) in starts.into_iter().zip(cells) {
            if cell.count > 0 && start >= self.floor {
                self.add(start, Totals::stored(cell), false);
                self.fit();
            }
        }
    }

    /// Where the buckets begin that lack nothing.
    fn whole_from(&self) -> i64 {
        match &self.stored {
            Stored::Unknown(_) => i64::MAX,
            Stored::Lacks(unread) => unread.buckets.end,
            Stored::Whole => i64::MIN,
        }
    }

    /// Those that lack nothing and are not seen as they are by now: where they begin, and what is in them. From now on they are.
    pub(super) fn hidden(&mut self) -> Vec<(i64, Totals)> {
        self.pick(|bucket| std::mem::take(&mut bucket.is_hidden))
    }

    /// Those that lack nothing and have changed since they were told. From now on they are told.
    pub(super) fn changed(&mut self) -> Vec<(i64, Totals)> {
        self.pick(|bucket| {
            bucket.is_hidden &= !bucket.is_changed;
            std::mem::take(&mut bucket.is_changed)
        })
    }

    fn pick(&mut self, mut is_picked: impl FnMut(&mut Bucket) -> bool) -> Vec<(i64, Totals)> {
        let from = self.whole_from();
        let whole = self.by_start.range_mut(from..);
        whole.filter_map(|(start, bucket)| is_picked(bucket).then_some((*start, bucket.totals))).collect()
    }

    /// Takes all for told: nobody is there yet.
    pub(super) fn settle(&mut self) {
        self.by_start.values_mut().for_each(|bucket| bucket.is_changed = false);
    }

    /// Lets go of the oldest. What comes for it is too old from now on.
    pub(super) fn cut_oldest(&mut self) {
        if let Some((oldest, _)) = self.by_start.pop_first() {
            self.floor = oldest.saturating_add(self.interval_us);
        }
    }

    /// Whether [`Self::changed`] has any.
    pub(super) fn has_changed(&self) -> bool {
        self.by_start.range(self.whole_from()..).any(|(_, bucket)| bucket.is_changed)
    }

    /// Unit of the newest value.
    pub(super) fn unit(&self) -> Option<&Unit> {
        self.unit.as_ref()
    }
}
