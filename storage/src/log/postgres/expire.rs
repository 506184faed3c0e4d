//! A pass over the days: what is too old is dropped a day at a time, and deleted devices are forgotten.
//!
//! A day goes whole when nobody may read anything of it any more. Of a day that some devices may read longer than others, the series are
//! looked up, once until the next of them is too old (and once a day in any case, for what projects ask may change): when those that nobody
//! may read are a quarter of it or more, it is written anew without them. What is less stays until then, and is not returned.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use edgesync_schemas::id::{DeviceId, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use uuid::Uuid;

use super::super::Error;
use super::super::marks::imports_of;
use super::super::retention::{DAY_US, Expiry, Step};
use super::clean::{Cleaned, Cleaning};
use super::partition::Day;
use super::read::Us;
use super::session::begin;
use super::{Postgres, failed, not_connected};

const DAYS: &str = "SELECT c.relname::text, pg_total_relation_size(c.oid), pg_relation_size(c.oid) FROM pg_inherits h \
    JOIN pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = 'readings'::regclass";
const FOUND: &str = "SELECT s.id FROM unnest($1::int[]) AS s (id) \
    WHERE EXISTS (SELECT 1 FROM readings r WHERE r.series_id = s.id AND r.ts >= $2 AND r.ts <= $3)";

/// A day and what it takes on disk, with its indexes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DayOnDisk {
    day: Day,
    bytes: u64,
    is_empty: bool,
}

/// When the days of which something may be read are looked at again.
#[derive(Debug, Default)]
pub(super) struct Looks {
    next: Mutex<HashMap<Day, Timestamp>>,
}

impl Looks {
    fn next(&self) -> MutexGuard<'_, HashMap<Day, Timestamp>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Goes on with a pass for about `slice`; a day is not interrupted.
pub(crate) async fn go_on(log: &Postgres, mut pass: Expiry, slice: Duration) -> Result<Expiry, Error> {
    let started = Instant::now();
    loop {
        if log.shared.queue.closed().is_some() {
            return Err(Error::Closed);
        }
        match &mut pass.step {
            Step::Measure => begin_pass(log, &mut pass).await?,
            Step::Days(left) => match left.pop() {
                Some(of) => clean(log, &mut pass, of).await?,
                None => pass.step = Step::Forget,
            },
            Step::Forget => {
                forget(log, &mut pass).await?;
                pass.step = Step::Done;
            }
            Step::Series { .. } | Step::GiveBack | Step::Done => return Ok(pass),
        }
        if started.elapsed() >= slice {
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

/// Finds out which days are to be looked at.
async fn begin_pass(log: &Postgres, pass: &mut Expiry) -> Result<(), Error> {
    let mut days = measure(log).await?;
    pass.floor = floor(&days, pass);
    let begun = pass.floor.max(pass.kept.oldest_of_any(pass.now));
    let newer = days.partition_point(|of| of.day.next().start() > begun);
    if let Some(of) = days[..newer].iter().rev().find(|of| !of.is_empty) {
        pass.is_left(of.day.start());
    }
    days.drain(..newer);
    log.looks.next().retain(|day, _| days.iter().any(|of| of.day == *day));
    pass.step = Step::Days(days);
    Ok(())
}

/// The event time before which days must go for the rest to fit `bytes_max`, less some so that it is not needed again at once. Today's day
/// and those to come stay whatever they take.
fn floor(days: &[DayOnDisk], pass: &Expiry) -> Timestamp {
    let used: u64 = days.iter().map(|of| of.bytes).sum();
    if pass.bytes_max == 0 || used <= pass.bytes_max {
        return Timestamp::MIN;
    }
    let mut surplus = used - pass.bytes_max / 100 * limit::STORE_LOW_WATER_PERCENT;
    let today = Day::of(pass.now);
    let mut floor = Timestamp::MIN;
    for of in days.iter().rev().filter(|of| of.day < today) {
        floor = of.day.next().start();
        if of.bytes >= surplus {
            return floor;
        }
        surplus -= of.bytes;
    }
    tracing::warn!(
        used,
        most = pass.bytes_max,
        "the store is full, and nothing older than today is left to drop"
    );
    floor
}

/// Drops a day, or what is too old of it, or leaves it.
async fn clean(log: &Postgres, pass: &mut Expiry, of: DayOnDisk) -> Result<(), Error> {
    let DayOnDisk { day, is_empty, .. } = of;
    let is_left = match clean_day(log, pass, day).await? {
        Some(Cleaned::Dropped { readings, bytes }) => {
            dropped(log, pass, readings, bytes);
            false
        }
        Some(Cleaned::LeftOut { readings, bytes }) => {
            dropped(log, pass, readings, bytes);
            true
        }
        Some(Cleaned::InUse | Cleaned::Bound) => {
            log.looks.next().remove(&day);
            true
        }
        Some(Cleaned::Locked) => {
            log.looks.next().remove(&day);
            tracing::info!(day = %day.start(), "what is too old stays for now: somebody has the table of readings locked");
            pass.step = Step::Forget;
            true
        }
        None => true,
    };
    if is_left && !is_empty {
        pass.is_left(day.start());
    }
    Ok(())
}

/// As much of a day as nobody may read goes. `None`: nothing had to.
async fn clean_day(log: &Postgres, pass: &mut Expiry, day: Day) -> Result<Option<Cleaned>, Error> {
    let end = day.next().start();
    let is_over = end <= pass.kept.oldest_of_all(pass.now);
    let is_whole = is_over || end <= pass.floor;
    if !is_whole && log.looks.next().get(&day).is_some_and(|next| *next > pass.now) {
        return Ok(None);
    }
    let device = |series: &i32| Some(log.shared.dictionary.info(SeriesId(series.cast_unsigned()))?.device);
    let cleaning = Cleaning::begin(log, day).await?;
    let series = if is_over { Vec::new() } else { cleaning.series().await? };
    let (too_old, kept): (Vec<i32>, Vec<i32>) =
        series.iter().partition(|id| end <= pass.kept.oldest_of(device(id), pass.now));
    if is_whole || kept.is_empty() {
        let asked = log.shared.retention();
        let younger: Vec<i32> =
            kept.into_iter().filter(|id| end > asked.oldest_of(device(id), pass.now)).collect();
        let (readings, younger) = cleaning.count(&younger).await?;
        let cleaned = cleaning.drop_day(readings).await?;
        if matches!(cleaned, Cleaned::Dropped { .. }) {
            pass.expired.younger += younger;
        }
        return Ok(Some(cleaned));
    }
    // When the next of them is too old; or tomorrow, for what projects ask may change.
    let days = kept.iter().map(|id| pass.kept.days_of(device(id))).min().unwrap_or_default();
    let again = end.plus_us(i64::from(days) * DAY_US).min(pass.now.plus_us(DAY_US));
    log.looks.next().insert(day, again);
    if too_old.is_empty() {
        cleaning.end();
        return Ok(None);
    }
    let (readings, useless) = cleaning.count(&too_old).await?;
    if useless < readings.div_ceil(limit::EXPIRED_SHARE_OF_DAY) {
        cleaning.end();
        return Ok(None);
    }
    cleaning.leave_out(&too_old, readings).await.map(Some)
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
        let empty = without_readings(log, series).await?;
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
