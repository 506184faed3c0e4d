//! A source that is made of another one's values, bucket by bucket: once, however many watch it.
//!
//! It takes its source's values as a subscriber does, and is a source of its own. What arrives is added up at once; each interval the
//! buckets that changed are told. [`Ticks`] knows who is to tell when, and an aggregate stands in it only while it has something to
//! tell: one to which nothing comes costs nothing.
//!
//! Locks, in the order they are taken: its source, the aggregate, what is told, a subscriber's slot; [`Ticks`] is the last.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_schemas::entity::widget::Aggregation;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;
use edgesync_schemas::wire::live::Point;
use edgesync_storage::history::Cell;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::buckets::{Buckets, Totals, Unread};
use super::coming::Coming;
use super::conflate::Sample;
use super::followed::{Before, Followed};
use super::snapshot::Wanted;
use super::source::{Aggregated, Source};
use super::taker::Taker;

/// The buckets of a source that somebody watches.
#[derive(Debug)]
pub(super) struct Aggregate {
    number: u64,
    of: Aggregated,
    /// Where its values come from.
    from: Arc<Followed>,
    /// Who watches it.
    told: Arc<Followed>,
    state: Mutex<State>,
    /// Held by who reads what is stored, so that it is read once.
    pub(super) reading: tokio::sync::Mutex<()>,
    ticks: Arc<Ticks>,
}

#[derive(Debug)]
struct State {
    buckets: Buckets,
    /// When it told last.
    last: Option<Instant>,
    /// When it is to tell next.
    due: Option<Instant>,
    /// Since when it is known that what lacks takes too long to read.
    given_up: Option<Instant>,
}

/// For which what took too long to read is not read again.
const GIVEN_UP: Duration = Duration::from_secs(limit::LIVE_TOO_LONG_S);

impl Aggregate {
    /// Takes the values of `from` from now on, and tells `told`. It begins with the buckets that are kept for widgets, else with what `from` has of
    /// earlier values, unless these are stored: then they are read when somebody asks for them.
    pub(super) fn begin(
        of: &Aggregated,
        from: Arc<Followed>,
        told: Arc<Followed>,
        ticks: Arc<Ticks>,
    ) -> Arc<Self> {
        let number = ticks.made.fetch_add(1, Relaxed);
        let make = |before: Before<'_>| {
            let kept = before.kept.get(&of.interval_ms);
            told.keep_whole_since(kept.map_or(before.whole_since, |kept| kept.since));
            let buckets = match (&of.source, kept) {
                (Source::DeviceSensor { .. }, _) => Buckets::of_stored(of.interval_ms, before.next),
                (_, Some(kept)) => kept.buckets.copy(),
                (_, None) => {
                    let mut buckets = Buckets::new(of.interval_ms, before.next);
                    let (front, back) = before.ring.as_slices();
                    buckets.take(Coming::new(front));
                    buckets.take(Coming::new(back));
                    // a node's values are numbered from 0 on, and stored with their numbers: some of the oldest bucket's may have gone
                    if before.ring.front().is_some_and(|first| first.offset > 0) {
                        buckets.cut_oldest();
                    }
                    buckets.settle();
                    buckets
                }
            };
            let state = Mutex::new(State { buckets, last: None, due: None, given_up: None });
            let (of, from, reading) = (of.clone(), from.clone(), tokio::sync::Mutex::default());
            Arc::new(Self { number, of, from, told: told.clone(), state, reading, ticks })
        };
        let made = from.attach_with(|before| {
            let made = make(before);
            (Taker::Aggregate(made.clone()), made)
        });
        made.show();
        made
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes no more values. True if its source is to be queued for being let go.
    pub(super) fn end(self: &Arc<Self>, now: Instant) -> bool {
        if let Some(due) = self.state().due.take() {
            self.ticks.remove(due, self.number);
        }
        self.from.detach(&Taker::Aggregate(self.clone()), None, now)
    }

    /// Who watches it.
    #[cfg(test)]
    pub(super) fn told(&self) -> &Followed {
        &self.told
    }

    /// Where its values come from.
    pub(super) fn from(&self) -> &Arc<Followed> {
        &self.from
    }

    /// Takes values in. Those of buckets that are gone are counted and dropped.
    pub(super) fn take(self: &Arc<Self>, coming: Coming<'_>, now: Instant) {
        let mut state = self.state();
        let late = state.buckets.take(coming);
        self.schedule(&mut state, now);
        drop(state);
        self.ticks.were_late(late);
    }

    fn schedule(self: &Arc<Self>, state: &mut State, now: Instant) {
        if state.due.is_some() || !state.buckets.has_changed() {
            return;
        }
        let interval = Duration::from_millis(self.of.interval_ms.into());
        let due = state.last.map_or(now, |last| now.max(last + interval));
        state.due = Some(due);
        self.ticks.add(due, self.number, self.clone());
    }

    /// Tells the buckets that changed.
    fn tell(&self, now: Instant) {
        let mut state = self.state();
        (state.due, state.last) = (None, Some(now));
        let changed = state.buckets.changed();
        self.told.offer_unnumbered(&mut self.samples(changed, state.buckets.unit()), &[], now);
    }

    /// Lets those who come see the buckets as they are by now. Those who are there are told when it is time.
    pub(super) fn show(&self) {
        let mut state = self.state();
        let hidden = state.buckets.hidden();
        self.told.put(self.samples(hidden, state.buckets.unit()));
    }

    fn samples(&self, buckets: Vec<(i64, Totals)>, unit: Option<&Unit>) -> Vec<Sample> {
        let by = self.of.aggregation;
        let unit = unit.filter(|_| by != Aggregation::Count);
        let sample = |(start, totals): (i64, Totals)| {
            let value = totals.value(by);
            let (num, raw) = (value.unwrap_or_default(), value.is_none().then(|| "null".into()));
            let point = Point { ts: Timestamp::from_us_saturating(start), num, raw };
            Sample { offset: 0, point, unit: unit.cloned() }
        };
        buckets.into_iter().map(sample).collect()
    }

    /// Whether [`Self::lack`] has to be told the newest time that is stored.
    pub(super) fn is_unknown(&self) -> bool {
        self.state().buckets.is_unknown()
    }

    /// What has to be read for the buckets that are wanted, and how many buckets that is.
    pub(super) fn lack(&self, wanted: Wanted, newest: Option<Timestamp>) -> Option<(Unread, usize)> {
        let mut state = self.state();
        let unread = state.buckets.lack(wanted, newest.map(Timestamp::as_us)).cloned()?;
        let count = state.buckets.count(&unread);
        Some((unread, count))
    }

    /// What lacks takes too long to read: who comes next need not find that out anew.
    pub(super) fn give_up(&self, now: Instant) {
        self.state().given_up = Some(now);
    }

    /// Whether that was found out a moment ago.
    pub(super) fn took_too_long(&self, now: Instant) -> bool {
        self.state().given_up.is_some_and(|since| now < since + GIVEN_UP)
    }

    /// Takes in what [`Self::lack`] asked for.
    pub(super) fn add_stored(self: &Arc<Self>, cells: &[Cell], unit: Option<Unit>, now: Instant) {
        let mut state = self.state();
        state.buckets.add_stored(cells, unit);
        self.schedule(&mut state, now);
    }
}

/// Who is to tell when.
#[derive(Debug, Default)]
pub(super) struct Ticks {
    /// By time, then by number, which no two share.
    due: Mutex<BTreeMap<(Instant, u64), Arc<Aggregate>>>,
    is_sooner: Notify,
    /// Aggregates that were made.
    made: AtomicU64,
    /// Values that came too late for their buckets.
    late: AtomicU64,
}

impl Ticks {
    fn due(&self) -> MutexGuard<'_, BTreeMap<(Instant, u64), Arc<Aggregate>>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, at: Instant, number: u64, aggregate: Arc<Aggregate>) {
        let mut due = self.due();
        due.insert((at, number), aggregate);
        if due.first_key_value().is_some_and(|(first, _)| *first == (at, number)) {
            self.is_sooner.notify_one();
        }
    }

    fn remove(&self, at: Instant, number: u64) {
        self.due().remove(&(at, number));
    }

    /// So many more values came too late for their buckets.
    pub(super) fn were_late(&self, values: u64) {
        if values > 0 {
            self.late.fetch_add(values, Relaxed);
        }
    }

    /// Values that came too late for their buckets.
    pub(super) fn late(&self) -> u64 {
        self.late.load(Relaxed)
    }

    /// Lets each tell when it is due. Never ends.
    pub(super) async fn run(&self) {
        loop {
            let next = self.due().first_key_value().map(|((at, _), _)| *at);
            match next {
                None => self.is_sooner.notified().await,
                Some(at) if at <= Instant::now() => self.tell(Instant::now()),
                Some(at) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(at) => self.tell(Instant::now()),
                        () = self.is_sooner.notified() => {}
                    }
                }
            }
        }
    }

    fn tell(&self, now: Instant) {
        loop {
            let first =
                self.due().first_entry().filter(|first| first.key().0 <= now).map(|first| first.remove());
            match first {
                Some(first) => first.tell(now),
                None => return,
            }
        }
    }
}
