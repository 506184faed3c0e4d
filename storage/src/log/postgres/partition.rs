//! Days: one partition each, made before the first reading of the day comes, or when one does.
//!
//! A partition is made without anybody waiting: a table of its own first, which nobody knows, then attached, which takes no
//! lock that COPY or SELECT mind. It is empty, so attaching has nothing to check.
//!
//! A partition is taken out (`clean.rs`) only when no commit on its way has readings of it: [`Partitions::using`] says which those are.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::{Mutex as StdMutex, MutexGuard as StdGuard, PoisonError};
use std::time::Duration;

use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use tokio::sync::{Mutex, MutexGuard, Notify};
use tokio_postgres::Client;

use super::super::retention::now;
use super::day::Day;
use super::failure::{Failure, Trouble};

/// How long a day on its way out waits for the commits that have readings of it; others wait meanwhile.
const COMMITS_END: Duration = Duration::from_millis(limit::EXPIRE_LOCK_MS);

/// The days that have a partition.
#[derive(Debug, Default)]
pub(super) struct Partitions {
    days: StdMutex<Days>,
    /// Held by who uses the keeper's connection: what is sent between a `BEGIN` and its `COMMIT` would be part of that.
    keeping: Mutex<()>,
    /// Told when a day that was used is not any more, or the one that left has.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Days {
    known: HashSet<Day>,
    /// Of how many commits on their way each has readings.
    used: HashMap<Day, usize>,
    /// The one that is on its way out.
    leaving: Option<Day>,
}

/// Days that a commit has readings of. Dropped when it has ended.
pub(super) struct Using<'a> {
    partitions: &'a Partitions,
    days: Vec<Day>,
}

impl Using<'_> {
    /// The days.
    pub fn days(&self) -> &[Day] {
        &self.days
    }
}

impl Drop for Using<'_> {
    fn drop(&mut self) {
        let mut days = self.partitions.days();
        for day in &self.days {
            let Some(count) = days.used.get_mut(day) else { continue };
            *count -= 1;
            if *count == 0 {
                days.used.remove(day);
            }
        }
        self.partitions.changed.notify_waiters();
    }
}

/// A day on its way out: commits that come with readings of it wait for the end of this. It stays, unless it [is gone](TakenOut::gone).
pub(super) struct TakenOut<'a> {
    partitions: &'a Partitions,
    day: Day,
    is_gone: bool,
}

impl TakenOut<'_> {
    /// Its partition is not there any more: the next commit with readings of it makes it anew.
    pub fn gone(mut self) {
        self.is_gone = true;
    }
}

impl Drop for TakenOut<'_> {
    fn drop(&mut self) {
        let mut days = self.partitions.days();
        days.leaving = None;
        if self.is_gone {
            days.known.remove(&self.day);
        }
        self.partitions.changed.notify_waiters();
    }
}

impl Partitions {
    /// Looks up which are there.
    pub async fn load(client: &Client) -> Result<Self, Trouble> {
        const SQL: &str = "SELECT c.relname::text FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid \
            WHERE h.inhparent = 'readings'::regclass";
        let rows = client.query(SQL, &[]).await?;
        let days = rows.iter().filter_map(|row| Day::from_table(row.get(0))).collect();
        Ok(Self::of(days))
    }

    fn of(known: HashSet<Day>) -> Self {
        Self { days: StdMutex::new(Days { known, ..Days::default() }), ..Self::default() }
    }

    /// Cuts a time into stretches, newest first, each of [`limit::LOG_READ_DAYS`] partitions at most: a statement locks all that it may read.
    /// Together they are all of it, days without a partition too. Both ends of a stretch are in it.
    pub fn stretches(&self, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let asked = Day::of(from)..=Day::of(to);
        let mut days: Vec<Day> =
            self.days().known.iter().copied().filter(|day| asked.contains(day)).collect();
        days.sort_unstable();
        let mut starts: Vec<Timestamp> =
            days.rchunks(limit::LOG_READ_DAYS).map(|days| days[0].start()).collect();
        // The oldest stretch begins where the time does.
        starts.pop();
        let mut stretches = Vec::with_capacity(starts.len() + 1);
        let mut end = to;
        for start in starts {
            stretches.push((start, end));
            end = start.plus_us(-1);
        }
        stretches.push((from, end));
        stretches
    }

    /// Waits until nobody else uses the keeper's connection.
    pub async fn alone(&self) -> MutexGuard<'_, ()> {
        self.keeping.lock().await
    }

    /// Says that a commit on its way has readings of these days. Waits for one of them that is on its way out: for as long as two locks of
    /// [`limit::EXPIRE_LOCK_MS_MAX`] at most, most often not at all.
    pub async fn using(&self, days: Vec<Day>) -> Using<'_> {
        loop {
            // Before looking: what changes after that is heard of.
            let changed = self.changed.notified();
            {
                let mut all = self.days();
                if all.leaving.is_none_or(|leaving| !days.contains(&leaving)) {
                    days.iter().for_each(|day| *all.used.entry(*day).or_default() += 1);
                    return Using { partitions: self, days };
                }
            }
            changed.await;
        }
    }

    /// Takes out a day when the commits that have readings of it are done. `None` if that takes long, or it is not known. One at a time.
    pub async fn take_out(&self, day: Day) -> Option<TakenOut<'_>> {
        {
            let mut days = self.days();
            if days.leaving.is_some() || !days.known.contains(&day) {
                return None;
            }
            days.leaving = Some(day);
        }
        let out = TakenOut { partitions: self, day, is_gone: false };
        let unused = async {
            loop {
                let changed = self.changed.notified();
                if !self.days().used.contains_key(&day) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(COMMITS_END, unused).await.ok()?;
        Some(out)
    }

    /// Makes the days that have no partition.
    pub async fn ensure(&self, client: &Client, days: &[Day]) -> Result<(), Trouble> {
        let mut missing = self.missing(days);
        while !missing.is_empty() {
            let _alone = self.alone().await;
            // The other commit may have wanted the same.
            missing = self.missing(&missing);
            let some: Vec<Day> = missing.drain(..missing.len().min(limit::LOG_MAKE_DAYS)).collect();
            if some.is_empty() {
                break;
            }
            let (count, today) = (self.days().known.len(), Day::of(now()));
            if let Some(day) = some.iter().zip(count..).find(|(day, count)| !has_room(**day, *count, today)) {
                let said = format!("the log has {count} days of readings and no room for {}", day.0.table());
                return Err(Trouble::new(Failure::Data, said));
            }
            make(client, &some).await?;
            self.days().known.extend(some);
        }
        Ok(())
    }

    fn days(&self) -> StdGuard<'_, Days> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that have no partition.
    fn missing(&self, days: &[Day]) -> Vec<Day> {
        let all = self.days();
        days.iter().copied().filter(|day| !all.known.contains(day)).collect()
    }
}

/// The partitions, as their names are written in SQL.
pub(super) async fn attached(client: &Client) -> Result<Vec<String>, Trouble> {
    const SQL: &str = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass('readings') ORDER BY 1";
    Ok(client.query(SQL, &[]).await?.iter().map(|row| row.get(0)).collect())
}

/// Tables that have the name of a day and are no partition, as their names are written in SQL. There need not be a log.
pub(super) async fn detached(client: &Client) -> Result<Vec<String>, Trouble> {
    const SQL: &str = "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind IN ('r', 'p') AND c.relname ~ '^readings_[0-9]{8}$' \
        AND n.oid = coalesce((SELECT relnamespace FROM pg_class WHERE oid = to_regclass('readings')), \
            (SELECT oid FROM pg_namespace WHERE nspname = current_schema())) \
        AND NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = c.oid AND h.inhparent = to_regclass('readings')) \
        ORDER BY 1";
    Ok(client.query(SQL, &[]).await?.iter().map(|row| row.get(0)).collect())
}

/// Readings in a table, which is named as it is written in SQL.
pub(super) async fn count(client: &Client, table: &str) -> Result<u64, Trouble> {
    let row = client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await?;
    Ok(row.get::<_, i64>(0).cast_unsigned())
}

/// Whether a day gets a partition when there are `count`.
fn has_room(day: Day, count: usize, today: Day) -> bool {
    let reserved = if day < today { limit::LOG_DAYS_AHEAD } else { 0 };
    count + reserved < limit::LOG_DAYS
}

/// Makes partitions, all or none.
async fn make(client: &Client, days: &[Day]) -> Result<(), Trouble> {
    let mut sql = String::new();
    for day in days {
        let table = day.table();
        let (from, to) = day.bounds();
        // A day that somebody detached comes back with what is in it. Writing to a string cannot fail.
        let _ = write!(
            sql,
            "CREATE TABLE IF NOT EXISTS {table} (LIKE readings INCLUDING INDEXES INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING STORAGE);
             ALTER TABLE readings ATTACH PARTITION {table} FOR VALUES FROM ({from}) TO ({to});"
        );
    }
    // Statements that are sent together are one transaction.
    client.batch_execute(&sql).await?;
    tracing::debug!(first = days.first().map(|day| day.table()), count = days.len(), "partitions made");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::retention::DAY_US;
    use super::*;

    #[test]
    fn the_past_cannot_use_up_the_days_to_come() {
        let today = Day::of(Timestamp::from_us(20_000 * DAY_US).unwrap());
        let past = Day(today.0 - 1);
        let full = limit::LOG_DAYS - limit::LOG_DAYS_AHEAD;
        assert!(has_room(past, full - 1, today) && !has_room(past, full, today));
        assert!(has_room(today, full, today) && has_room(today.next(), limit::LOG_DAYS - 1, today));
        assert!(!has_room(today, limit::LOG_DAYS, today));
        assert!(full > limit::RETENTION_DAYS as usize + 2, "whatever may be kept has a day");
    }

    #[test]
    fn a_time_is_cut_into_stretches_that_leave_nothing_out() {
        const MANY: usize = limit::LOG_READ_DAYS;
        let at = |us| Timestamp::from_us(us).unwrap();
        let of_days = |days: std::ops::Range<i32>| Partitions::of(days.step_by(2).map(Day).collect());
        let (from, to) = (at(DAY_US / 2), Timestamp::MAX);
        assert_eq!(of_days(0..0).stretches(from, to), [(from, to)]);
        let many = 2 * MANY as i32;
        assert_eq!(of_days(0..many).stretches(from, to), [(from, to)]);
        for days in [many + 1, 10 * many + 7] {
            let partitions = of_days(0..days);
            let stretches = partitions.stretches(from, to);
            assert_eq!(stretches.len(), (days as usize).div_ceil(2).div_ceil(MANY));
            assert_eq!((stretches.last().unwrap().0, stretches[0].1), (from, to));
            for pair in stretches.windows(2) {
                assert_eq!(pair[0].0, pair[1].1.plus_us(1));
            }
            for (from, to) in stretches {
                let within = Day::of(from)..=Day::of(to);
                assert!(partitions.days().known.iter().filter(|day| within.contains(day)).count() <= MANY);
            }
        }
        assert_eq!(of_days(0..10 * many).stretches(at(0), at(DAY_US)), [(at(0), at(DAY_US))]);
    }

    #[tokio::test]
    async fn a_day_is_taken_out_only_while_no_commit_has_readings_of_it() {
        let partitions = Partitions::of([Day(1), Day(2)].into());
        assert!(partitions.take_out(Day(3)).await.is_none(), "not known");
        let (one, other) =
            (partitions.using(vec![Day(1), Day(2)]).await, partitions.using(vec![Day(1)]).await);
        assert!(partitions.take_out(Day(1)).await.is_none());
        drop(one);
        assert!(partitions.take_out(Day(1)).await.is_none(), "the other has it still");
        let (out, ()) = tokio::join!(partitions.take_out(Day(1)), async { drop(other) });
        let out = out.expect("it was waited for");
        assert!(partitions.take_out(Day(2)).await.is_none(), "one at a time");
        drop(partitions.using(vec![Day(2)]).await);
        let mut using = Box::pin(partitions.using(vec![Day(1)]));
        assert!(futures_util::poll!(using.as_mut()).is_pending(), "it is on its way out");
        drop(out);
        drop(using.await);
        assert_eq!(partitions.missing(&[Day(1)]), [], "it was not dropped");
        partitions.take_out(Day(1)).await.unwrap().gone();
        assert_eq!(partitions.missing(&[Day(1), Day(2)]), [Day(1)]);
    }
}
