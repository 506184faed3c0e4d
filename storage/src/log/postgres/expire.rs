//! A pass over the days: what is too old is dropped a day at a time, and deleted devices are forgotten.
//!
//! A day goes whole when nobody may read anything of it any more. Of a day that some devices may read longer than others, the series are
//! looked up, once until the next of them is too old (and again, but not twice a day, when projects ask for something else): when those that
//! nobody may read are a quarter of it or more, it is written anew without them. What is less stays until then, and is not returned.
//!
//! A day of which nothing can be done keeps no other from going.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use edgesync_schemas::id::{DeviceId, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use uuid::Uuid;

use super::super::Error;
use super::super::marks::imports_of;
use super::super::retention::{DAY_US, Expiry, Retention, Step};
use super::clean::{self, Cleaned, Cleaning, Failed};
use super::day::Day;
use super::failure::Trouble;
use super::read::Us;
use super::session::begin;
use super::{AtWork, Postgres, failed, not_connected};

const DAYS: &str = "SELECT c.relname::text, pg_total_relation_size(c.oid), pg_relation_size(c.oid) FROM pg_inherits h \
    JOIN pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = 'readings'::regclass";
// A look along the index for each, whatever the planner thinks of looking through all of it.
const FOUND: &str = "SELECT s.id FROM unnest($1::int[]) AS s (id) CROSS JOIN LATERAL \
    (SELECT 1 FROM readings r WHERE r.series_id = s.id AND r.ts >= $2 AND r.ts <= $3 LIMIT 1) f";

/// A day and what it takes on disk, with its indexes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DayOnDisk {
    day: Day,
    bytes: u64,
    is_empty: bool,
}

/// What is known of days that were looked at and are still there.
#[derive(Debug, Default)]
pub(super) struct Looks {
    inner: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    days: HashMap<Day, Look>,
    /// What was kept in the last pass, and how often that has changed.
    kept: Arc<Retention>,
    changes: u64,
    /// Passes in a row in which somebody had all days.
    locked: u32,
}

#[derive(Debug, Clone, Copy)]
struct Look {
    at: Timestamp,
    /// When there is more to do.
    again: Timestamp,
    /// As of which change of what is kept.
    changes: u64,
    /// Nothing could be done about it.
    is_stuck: bool,
}

impl Looks {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn looked(&mut self, day: Day, at: Timestamp, again: Timestamp, is_stuck: bool) {
        self.days.insert(day, Look { at, again, changes: self.changes, is_stuck });
    }

    fn is_due(&self, day: Day, now: Timestamp) -> bool {
        self.days.get(&day).is_none_or(|look| {
            let is_asked = look.changes != self.changes && now >= look.at.plus_us(DAY_US);
            look.is_over(now) || is_asked
        })
    }

    fn is_stuck(&self, day: Day, now: Timestamp) -> bool {
        self.days.get(&day).is_some_and(|look| look.is_stuck && !look.is_over(now))
    }
}

impl Look {
    /// Also if the clock went back since.
    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.again || now < self.at
    }
}

const AN_HOUR_US: i64 = DAY_US / 24;

/// Goes on with a pass for about `slice`; a day is not interrupted, and is the last of a slice if anything was done to it.
pub(crate) async fn go_on(log: &Postgres, mut pass: Expiry, slice: Duration) -> Result<Expiry, Error> {
    let started = Instant::now();
    loop {
        if log.shared.queue.closed().is_some() {
            return Err(Error::Closed);
        }
        let done = pass.expired.blocks;
        match &mut pass.step {
            Step::Measure => begin_pass(log, &mut pass).await?,
            Step::Days(left) => match left.pop() {
                Some(of) => clean(log, &mut pass, of).await?,
                None => pass.step = Step::Forget,
            },
            Step::Forget => {
                pass.step = Step::Done;
                forget(log, &mut pass).await?;
            }
            Step::Series { .. } | Step::GiveBack | Step::Done => return Ok(pass),
        }
        if started.elapsed() >= slice || pass.expired.blocks > done {
            return Ok(pass);
        }
    }
}

/// What days take on disk, newest first; the sum is what the log's statistics say from now on.
pub(crate) async fn measure(log: &Postgres) -> Result<Vec<DayOnDisk>, Error> {
    let rows = log.ask(&log.pool, DAYS, &[]).await?;
    let mut days: Vec<DayOnDisk> = Vec::with_capacity(rows.len());
    for row in &rows {
        let size = |at| row.get::<_, Option<i64>>(at).unwrap_or_default().cast_unsigned();
        let Some(day) = Day::from_table(row.get(0)) else { continue };
        days.push(DayOnDisk { day, bytes: size(1), is_empty: size(2) == 0 });
    }
    days.sort_unstable_by_key(|of| std::cmp::Reverse(of.day));
    log.stored_bytes.store(days.iter().map(|of| of.bytes).sum(), Relaxed);
    Ok(days)
}

/// Finds out which days are to be looked at, if this server owns the log.
async fn begin_pass(log: &Postgres, pass: &mut Expiry) -> Result<(), Error> {
    clean::remove_leftovers(log, log.at_work().owner).await.map_err(|failed| unfit(failed).1)?;
    let mut days = measure(log).await?;
    let mut known = log.looks.lock();
    if *known.kept != *pass.kept {
        known.changes += 1;
        known.kept = pass.kept.clone();
    }
    known.days.retain(|day, _| days.iter().any(|of| of.day == *day));
    pass.floor = floor(&days, pass, &known);
    let begun = pass.floor.max(pass.oldest_of_any);
    let newer = days.partition_point(|of| of.day.next().start() > begun);
    if let Some(of) = days[..newer].iter().rev().find(|of| !of.is_empty) {
        pass.is_left(of.day.start());
    }
    days.drain(..newer);
    pass.step = Step::Days(days);
    Ok(())
}

/// The event time before which days must go for the rest to fit `bytes_max`, less some so that it is not needed again at once. Today's day
/// and those to come stay whatever they take, and so do those of which nothing can be done.
fn floor(days: &[DayOnDisk], pass: &Expiry, known: &Known) -> Timestamp {
    let used: u64 = days.iter().map(|of| of.bytes).sum();
    if pass.bytes_max == 0 || used <= pass.bytes_max {
        return Timestamp::MIN;
    }
    let mut surplus = used - pass.bytes_max / 100 * limit::STORE_LOW_WATER_PERCENT;
    let today = Day::of(pass.now);
    let mut floor = Timestamp::MIN;
    for of in days.iter().rev().filter(|of| of.day < today && !known.is_stuck(of.day, pass.now)) {
        floor = of.day.next().start();
        if of.bytes >= surplus {
            return floor;
        }
        surplus -= of.bytes;
    }
    let most = pass.bytes_max;
    tracing::warn!(used, most, "the store is full, and nothing older than today is left to drop");
    floor
}

/// Drops a day, or what is too old of it, or leaves it.
async fn clean(log: &Postgres, pass: &mut Expiry, of: DayOnDisk) -> Result<(), Error> {
    let DayOnDisk { day, is_empty, .. } = of;
    let date = day.table();
    let is_left = match clean_day(log, pass, day).await {
        Ok(Some(Cleaned::Dropped { readings, bytes })) => {
            dropped(log, pass, readings, bytes);
            tracing::info!(day = date, readings, bytes, "a day was dropped");
            false
        }
        Ok(Some(Cleaned::LeftOut { readings, bytes })) => {
            dropped(log, pass, readings, bytes);
            tracing::info!(day = date, readings, bytes, "what is too old of a day was dropped");
            true
        }
        Ok(Some(Cleaned::InUse)) => {
            log.looks.lock().looked(day, pass.now, pass.now.plus_us(AN_HOUR_US), false);
            true
        }
        Ok(Some(Cleaned::Locked)) => {
            let passes = {
                let mut known = log.looks.lock();
                known.days.remove(&day);
                known.locked = known.locked.saturating_add(1);
                known.locked
            };
            if passes > 2 {
                log.shared.counters.failed_expiries.fetch_add(1, Relaxed);
                tracing::warn!(
                    day = date,
                    passes,
                    "what is too old cannot be dropped: somebody reads all readings, all the time or for long"
                );
            } else {
                tracing::info!(
                    day = date,
                    passes,
                    "what is too old stays for now: somebody reads all readings"
                );
            }
            pass.step = Step::Forget;
            true
        }
        Ok(Some(Cleaned::Bound)) => {
            log.looks.lock().looked(day, pass.now, pass.now.plus_us(DAY_US), true);
            tracing::warn!(
                day = date,
                "what is too old cannot be dropped: a view depends on the day's table"
            );
            true
        }
        Ok(None) => true,
        Err(failed) => {
            let (said, error) = unfit(failed);
            let Some(said) = said else { return Err(error) };
            log.looks.lock().looked(day, pass.now, pass.now.plus_us(DAY_US), true);
            log.shared.counters.failed_expiries.fetch_add(1, Relaxed);
            tracing::warn!(day = date, error = %said, "what is too old cannot be dropped");
            true
        }
    };
    if is_left && !is_empty {
        pass.is_left(day.start());
    }
    Ok(())
}

/// What the database said of a day, if there is more to expect of others; and what the pass ends with if not.
fn unfit(failure: Failed) -> (Option<Trouble>, Error) {
    let Failed::Database(error) = failure else { return (None, Error::Unavailable) };
    let goes_on = |code: &str| !["57P", "08"].iter().any(|away| code.starts_with(away));
    let said = error.code().is_some_and(|code| goes_on(code.code()));
    let trouble = Trouble::from(error);
    if said { (Some(trouble.clone()), Error::Database(trouble)) } else { (None, Error::Unavailable) }
}

/// As much of a day as nobody may read goes. `None`: nothing had to.
async fn clean_day(log: &Postgres, pass: &mut Expiry, day: Day) -> Result<Option<Cleaned>, Failed> {
    let end = day.next().start();
    let is_over = end <= pass.oldest_of_all;
    let is_whole = is_over || end <= pass.floor;
    let patience = {
        let known = log.looks.lock();
        if known.is_stuck(day, pass.now) || (!is_whole && !known.is_due(day, pass.now)) {
            return Ok(None);
        }
        // A store that is full cannot wait for a moment that suits everybody.
        let more = if pass.floor > Timestamp::MIN { u32::MAX } else { known.locked };
        limit::EXPIRE_LOCK_MS.saturating_mul(2u64.saturating_pow(more)).min(limit::EXPIRE_LOCK_MS_MAX)
    };
    let AtWork { owner, partitions } = log.at_work();
    let cleaning = Cleaning::begin(log, (owner, &partitions), day, patience).await;
    let cleaning = cleaning.map_err(|_| Failed::NotOurs)?;
    let series = if is_over { Vec::new() } else { cleaning.series().await? };
    let device = |series: &i32| Some(log.shared.dictionary.info(SeriesId(series.cast_unsigned()))?.device);
    let (too_old, kept): (Vec<i32>, Vec<i32>) =
        series.iter().partition(|id| end <= pass.kept.oldest_of(device(id), pass.now));
    if is_whole || kept.is_empty() {
        let asked = log.shared.retention();
        let younger: Vec<i32> =
            kept.into_iter().filter(|id| end > asked.oldest_of(device(id), pass.now)).collect();
        let (readings, younger) = cleaning.count(&younger).await?;
        let cleaned = cleaning.drop_day(readings, is_whole).await?;
        if matches!(cleaned, Cleaned::Dropped { .. }) {
            pass.expired.younger += younger;
            log.looks.lock().locked = 0;
        }
        return Ok(Some(cleaned));
    }
    // A full store has no room for a copy: it is looked at again when there is some.
    if pass.floor > Timestamp::MIN {
        cleaning.end();
        return Ok(None);
    }
    let days = kept.iter().map(|id| pass.kept.days_of(device(id))).min().unwrap_or_default();
    log.looks.lock().looked(day, pass.now, end.plus_us(i64::from(days) * DAY_US), false);
    if too_old.is_empty() {
        cleaning.end();
        return Ok(None);
    }
    let (readings, useless) = cleaning.count(&too_old).await?;
    if useless < readings.div_ceil(limit::EXPIRED_SHARE_OF_DAY) {
        cleaning.end();
        return Ok(None);
    }
    let cleaned = cleaning.leave_out(&too_old, readings).await?;
    if matches!(cleaned, Cleaned::LeftOut { .. }) {
        log.looks.lock().locked = 0;
    }
    Ok(Some(cleaned))
}

fn dropped(log: &Postgres, pass: &mut Expiry, readings: u64, bytes: u64) {
    pass.expired.blocks += 1;
    pass.expired.readings += readings;
    pass.expired.bytes += bytes;
    pass.expired.freed_bytes += bytes;
    // Err: less than that was measured; it is measured again before anything follows from it.
    let _ = log.stored_bytes.fetch_update(Relaxed, Relaxed, |all| all.checked_sub(bytes));
}

/// Removes the series of deleted devices that have no reading left, and their marks.
async fn forget(log: &Postgres, pass: &mut Expiry) -> Result<(), Error> {
    let dictionary = &log.shared.dictionary;
    let gone: Vec<DeviceId> = pass.gone.iter().copied().collect();
    for gone in gone.chunks(limit::FORGET_DEVICES) {
        let series: Vec<i32> = gone
            .iter()
            .flat_map(|device| dictionary.of_device(*device))
            .map(|info| info.id.0.cast_signed())
            .collect();
        let mut empty = Vec::new();
        for some in series.chunks(limit::FORGET_SERIES) {
            empty.extend(without_readings(log, some.to_vec()).await?);
        }
        let is_empty = |device: &DeviceId| {
            dictionary.of_device(*device).iter().all(|info| empty.contains(&info.id.0.cast_signed()))
        };
        let has_marks = |device: &DeviceId| !log.shared.marks().boots(*device).is_empty();
        let counted =
            gone.iter().filter(|device| is_empty(device)).flat_map(|device| [*device, imports_of(*device)]);
        let counted: Vec<DeviceId> = counted.filter(has_marks).collect();
        if empty.is_empty() && counted.is_empty() {
            continue;
        }
        remove(log, &empty, &counted).await?;
        let ids: Vec<SeriesId> = empty.iter().map(|id| SeriesId(id.cast_unsigned())).collect();
        dictionary.forget(&ids);
        let mut marks = log.shared.marks.write().unwrap_or_else(PoisonError::into_inner);
        counted.into_iter().for_each(|device| marks.forget(device));
        pass.expired.series += ids.len() as u64;
    }
    Ok(())
}

/// Those of these series that have no reading.
async fn without_readings(log: &Postgres, mut series: Vec<i32>) -> Result<Vec<i32>, Error> {
    for (from, to) in log.stretches(Timestamp::MIN, Timestamp::MAX) {
        if series.is_empty() {
            break;
        }
        let found = log.ask(&log.pool, FOUND, &[&series, &Us(from), &Us(to)]).await?;
        let found: HashSet<i32> = found.iter().map(|row| row.get(0)).collect();
        series.retain(|id| !found.contains(id));
    }
    Ok(series)
}

/// In one transaction, if this server owns the log. The numbers of series are not given out again: a reading that somebody still holds
/// must not become another sensor's.
async fn remove(log: &Postgres, series: &[i32], counted: &[DeviceId]) -> Result<(), Error> {
    const SERIES: &str = "DELETE FROM series WHERE id = ANY($1)";
    const MARKS: &str = "DELETE FROM marks WHERE device_id = ANY($1)";
    const END: &str = "UPDATE log_state SET series_end = greatest(series_end, $1) WHERE owner = $2";
    let client = log.cleaning.lend().await.map_err(not_connected)?;
    let counted: Vec<Uuid> = counted.iter().map(|device| device.uuid()).collect();
    let end = (log.shared.dictionary.table_len() as u32).cast_signed();
    let owner = log.at_work().owner;
    let removed = async {
        client.batch_execute(&begin()).await?;
        client.execute(SERIES, &[&series]).await?;
        client.execute(MARKS, &[&counted]).await?;
        let is_ours = client.execute(END, &[&end, &owner]).await? == 1;
        client.batch_execute(if is_ours { "COMMIT" } else { "ROLLBACK" }).await.map(|()| is_ours)
    };
    // Err: it is not settled, so the connection is closed, and the transaction with it.
    let is_ours = removed.await.map_err(failed)?;
    client.settle();
    if is_ours { Ok(()) } else { Err(Error::Unavailable) }
}
