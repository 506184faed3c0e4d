//! What is counted of each tenant, and how much of that was lately: for its members, and for nobody else.
//!
//! Whoever counts adds to an atomic: once for each batch that became durable, each reading that was refused, each look at a flow that had errors. Once a
//! second the sums are written down, those of the last ten seconds and one of each minute of the last hour, and that is what "lately" is told from.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use edgesync_schemas::limit;
use tokio::time::{Instant, MissedTickBehavior};
use uuid::Uuid;

/// Sums of a tenant since it was first counted.
#[derive(Debug, Default)]
pub struct Tally {
    stored: AtomicU64,
    refused: AtomicU64,
    errors: AtomicU64,
}

impl Tally {
    /// Readings of its devices became durable.
    pub fn store(&self, readings: u32) {
        self.stored.fetch_add(u64::from(readings), Relaxed);
    }

    /// A reading or a frame of its devices was refused.
    pub fn refuse(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// Its flows could not handle so many records.
    pub fn fail(&self, records: u64) {
        self.errors.fetch_add(records, Relaxed);
    }

    fn sums(&self) -> Sums {
        Sums {
            stored: self.stored.load(Relaxed),
            refused: self.refused.load(Relaxed),
            errors: self.errors.load(Relaxed),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sums {
    stored: u64,
    refused: u64,
    errors: u64,
}

/// How it went lately with a tenant.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Lately {
    /// Readings a second that became durable, over the last ten seconds or so.
    pub readings_per_s: f64,
    /// Readings and frames that were refused in the last hour.
    pub refused: u64,
    /// Records that its flows could not handle in the last hour.
    pub errors: u64,
}

/// The tallies of all tenants. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Tallies {
    of: Arc<Mutex<HashMap<Uuid, Kept>>>,
}

#[derive(Debug)]
struct Kept {
    tally: Arc<Tally>,
    /// Sums of seconds and of minutes, the oldest first. There is always one of each.
    seconds: VecDeque<(Instant, Sums)>,
    minutes: VecDeque<(Instant, Sums)>,
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// A tick that is a little early is one of its second all the same.
const EARLY: Duration = Duration::from_millis(100);

impl Tallies {
    /// None yet; their sums are written down every second for as long as somebody has a clone of this.
    pub fn start() -> Self {
        let tallies = Self::default();
        tokio::spawn(keep(Arc::downgrade(&tallies.of)));
        tallies
    }

    /// That of a tenant.
    pub fn of(&self, tenant: Uuid) -> Arc<Tally> {
        let new = || Kept::new(Instant::now());
        Arc::clone(&self.kept().entry(tenant).or_insert_with(new).tally)
    }

    /// How it went lately; nothing of one that was not counted.
    pub fn lately(&self, tenant: Uuid) -> Lately {
        self.kept().get(&tenant).map_or_else(Lately::default, |kept| kept.lately(Instant::now()))
    }

    /// About how many readings of a tenant became durable in the last `ago`, up to an hour.
    pub fn readings_since(&self, tenant: Uuid, ago: Duration) -> u64 {
        self.kept().get(&tenant).map_or(0, |kept| kept.readings_since(ago, Instant::now()))
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Uuid, Kept>> {
        // A std lock: held for a look-up, or once a second for a few loads of each tenant; never across an await.
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn keep(of: Weak<Mutex<HashMap<Uuid, Kept>>>) {
    let mut tick = tokio::time::interval(SECOND);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let Some(of) = of.upgrade() else { return };
        let now = Instant::now();
        of.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, kept| {
            kept.write_down(now);
            // who counts nothing any more, and has counted nothing within the hour, is forgotten
            Arc::strong_count(&kept.tally) > 1 || kept.moved()
        });
    }
}

impl Kept {
    fn new(now: Instant) -> Self {
        let first = VecDeque::from([(now, Sums::default())]);
        Self { tally: Arc::default(), seconds: first.clone(), minutes: first }
    }

    fn write_down(&mut self, now: Instant) {
        let sums = self.tally.sums();
        push(&mut self.seconds, (now, sums), SECOND, limit::TALLY_SECONDS);
        push(&mut self.minutes, (now, sums), MINUTE, limit::TALLY_MINUTES);
    }

    /// Whether anything was counted within the hour.
    fn moved(&self) -> bool {
        self.minutes.front().is_none_or(|(_, sums)| *sums != self.tally.sums())
    }

    fn lately(&self, now: Instant) -> Lately {
        let sums = self.tally.sums();
        let (at, before) = self.seconds.front().copied().unwrap_or((now, sums));
        let (_, hour) = self.minutes.front().copied().unwrap_or((now, sums));
        // the first moments of a tenant are no more than a second's worth
        let passed = now.saturating_duration_since(at).max(SECOND).as_secs_f64();
        Lately {
            readings_per_s: (sums.stored - before.stored) as f64 / passed,
            refused: sums.refused - hour.refused,
            errors: sums.errors - hour.errors,
        }
    }

    /// Between two sums that were written down it is taken that readings came evenly.
    fn readings_since(&self, ago: Duration, now: Instant) -> u64 {
        if ago.is_zero() {
            return 0;
        }
        let mut newer = (Duration::ZERO, self.tally.sums().stored);
        let total = newer.1;
        let older = self.seconds.iter().rev().chain(self.minutes.iter().rev());
        for (at, sums) in older {
            let age = now.saturating_duration_since(*at);
            if age >= ago {
                let stretch = (age - newer.0).as_secs_f64();
                let part =
                    if stretch > 0.0 { (ago.saturating_sub(newer.0)).as_secs_f64() / stretch } else { 1.0 };
                let between = (newer.1 - sums.stored) as f64 * part;
                return total - newer.1 + between.round() as u64;
            }
            // minutes begin among the seconds
            if age >= newer.0 {
                newer = (age, sums.stored);
            }
        }
        total - newer.1
    }
}

fn push(sums: &mut VecDeque<(Instant, Sums)>, new: (Instant, Sums), every: Duration, most: usize) {
    let is_due = sums.back().is_none_or(|(at, _)| new.0.saturating_duration_since(*at) + EARLY >= every);
    if is_due {
        sums.push_back(new);
        // one more than there are stretches between them
        while sums.len() > most + 1 {
            sums.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::skip;

    fn tenant(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    /// Seconds, one by one, in each of which so many readings become durable.
    async fn pass(tally: &Tally, seconds: u64, each: u32) {
        for _ in 0..seconds {
            tokio::time::advance(SECOND).await;
            tally.store(each);
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_told_is_of_one_tenant_and_of_the_last_ten_seconds() {
        let tallies = Tallies::start();
        let (mine, theirs) = (tallies.of(tenant(1)), tallies.of(tenant(2)));
        assert_eq!(tallies.lately(tenant(1)), Lately::default());
        pass(&mine, 30, 100).await;
        assert_eq!(tallies.lately(tenant(1)).readings_per_s, 100.0);
        assert_eq!(tallies.lately(tenant(2)), Lately::default());
        theirs.refuse();
        theirs.fail(7);
        pass(&mine, 5, 0).await;
        assert_eq!(tallies.lately(tenant(1)).readings_per_s, 50.0, "half of the ten seconds");
        pass(&mine, 10, 0).await;
        assert_eq!(tallies.lately(tenant(1)), Lately::default());
        assert_eq!(tallies.lately(tenant(2)), Lately { readings_per_s: 0.0, refused: 1, errors: 7 });
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_second_is_told_as_a_whole_one() {
        let tallies = Tallies::start();
        tallies.of(tenant(1)).store(8);
        assert_eq!(tallies.lately(tenant(1)).readings_per_s, 8.0);
    }

    #[tokio::test(start_paused = true)]
    async fn errors_are_told_for_an_hour_and_who_is_quiet_is_forgotten_after_it() {
        let tallies = Tallies::start();
        tallies.of(tenant(1)).fail(3);
        pass(&Tally::default(), 3_500, 0).await;
        assert_eq!(tallies.lately(tenant(1)).errors, 3);
        let in_use = tallies.of(tenant(2));
        pass(&in_use, 200, 0).await;
        assert_eq!(tallies.lately(tenant(1)).errors, 0);
        assert_eq!(tallies.kept().keys().copied().collect::<Vec<_>>(), [tenant(2)]);
        drop(in_use);
    }

    #[tokio::test(start_paused = true)]
    async fn readings_of_a_time_are_counted_between_what_was_written_down() {
        let tallies = Tallies::start();
        let tally = tallies.of(tenant(1));
        pass(&tally, 600, 10).await;
        let since = |seconds: f64| tallies.readings_since(tenant(1), Duration::from_secs_f64(seconds));
        for seconds in [0.0, 0.5, 3.0, 10.0, 11.0, 200.0] {
            let (told, meant) = (since(seconds) as f64, seconds * 10.0);
            assert!((told - meant).abs() <= 11.0, "{seconds} s: {told}");
        }
        assert_eq!(since(9_999.0), 6_000, "all that there were");
        tally.store(500);
        assert_eq!(since(0.0), 0);
        assert!(since(1.0) >= 500, "a burst is in its second: {}", since(1.0));
    }

    #[tokio::test]
    async fn nothing_goes_on_when_nobody_counts_any_more() {
        let tallies = Tallies::start();
        let of = Arc::downgrade(&tallies.of);
        drop(tallies);
        skip(SECOND * 2).await;
        crate::testing::eventually("it ends", async || {
            if of.strong_count() == 0 { Ok(()) } else { Err(of.strong_count().to_string()) }
        })
        .await;
    }
}
