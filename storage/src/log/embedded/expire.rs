//! Dropping blocks that are too old, beside appender, sealer and readers, and giving their space back.
//!
//! Blocks are dropped some hundred at a time, each batch atomic and none of them synced: one that a crash takes back is found again by the
//! next pass. A batch holds the journal for as long as a small commit does, so commits go on between batches. Blocks are whole and
//! immutable from the batch that wrote them on: there is nothing unsealed in them, and a reader that looks at one keeps its snapshot.
//!
//! `newest` stays true at every moment: of a series whose readings all go, the block with the newest one goes last, in one batch with the
//! record. The sealer reads that record and writes it back, so it and this take turns ([`Embedded::blocks_lock`]).
//!
//! Dropping writes tombstones; the values lie in files of their own until a compaction finds that nothing points to them. So how much was
//! dropped since the last one is counted (`expired`, in the same batches), and when it is worth it all keys are compacted: keys are a
//! hundredth of what is stored, files of values that are wholly stale are deleted, and those that are so by a quarter are rewritten.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use edgesync_schemas::id::SeriesId;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use fjall::OwnedWriteBatch;

use super::super::marks::imports_of;
use super::super::retention::{Dropped, Expiry, Step};
use super::super::{Error, blocking};
use super::block::{self, BlockKey};
use super::{Embedded, Store, records};

const HOUR_US: i64 = 3_600_000_000;
// Between looks at whether the log is closing.
const KEYS_PER_LOOK: usize = 4096;

/// Goes on with a pass, away from the runtime's threads.
pub(crate) async fn go_on(log: &Arc<Embedded>, mut pass: Expiry, slice: Duration) -> Result<Expiry, Error> {
    if matches!(pass.step, Step::GiveBack) {
        let store = log.store()?;
        // On a thread of its own: the end of the process does not wait for it.
        let worth = log.shared.options.give_back_bytes;
        let (done, freed) = tokio::sync::oneshot::channel();
        std::thread::Builder::new()
            .name("log-give-back".to_owned())
            .spawn(move || drop(done.send(give_back(&store, worth))))
            .map_err(|source| Error::Directory { path: log.directory.clone(), source })?;
        pass.expired.freed_bytes += freed.await.map_err(|_| Error::Closed)??;
        pass.step = Step::Done;
        return Ok(pass);
    }
    let log = log.clone();
    blocking(move || expire(&log, &mut pass, slice).map(|()| pass)).await
}

/// Goes on with a pass until it is to give space back, is done, or has taken `slice`.
fn expire(log: &Embedded, pass: &mut Expiry, slice: Duration) -> Result<(), Error> {
    let started = Instant::now();
    // A step at least, so that a pass comes to its end with slices of any length.
    loop {
        if log.shared.queue.closed().is_some() {
            return Err(Error::Closed);
        }
        let store = log.store()?;
        match &pass.step {
            Step::Measure => {
                pass.floor = floor(log, &store, pass.bytes_max)?;
                pass.step = Step::Series { id: 0, after: None, last: Vec::new() };
            }
            Step::Series { id, .. } if *id as usize >= log.shared.dictionary.table_len() => {
                pass.step = Step::Forget
            }
            Step::Series { .. } => expire_some(log, &store, pass)?,
            Step::Forget => {
                forget(log, &store, pass)?;
                pass.step = if is_worth_giving_back(log, &store)? { Step::GiveBack } else { Step::Done };
            }
            Step::Days(_) | Step::GiveBack | Step::Done => return Ok(()),
        }
        if started.elapsed() >= slice {
            return Ok(());
        }
    }
}

/// Drops one batch of blocks of the series that the pass is at, or moves it to the next series.
fn expire_some(log: &Embedded, store: &Store, pass: &mut Expiry) -> Result<(), Error> {
    let Step::Series { id, after, mut last } = pass.step.clone() else { return Ok(()) };
    let series = SeriesId(id);
    let next = Step::Series { id: id + 1, after: None, last: Vec::new() };
    let Some(info) = log.shared.dictionary.info(series) else {
        pass.step = next;
        return Ok(());
    };
    let asked = log.shared.retention().oldest(info.device, pass.now);
    let oldest = pass.kept.oldest(info.device, pass.now).max(pass.floor);
    let newest = newest(store, series)?;
    let low = after.unwrap_or_else(|| BlockKey::from(series, Timestamp::MIN).to_vec());
    let high = BlockKey::after(series, Timestamp::MAX);
    let mut batch = Drops::new(store);
    let mut taken = 0;
    for guard in store.blocks.range::<&[u8], _>((Bound::Excluded(&low[..]), Bound::Excluded(&high[..]))) {
        let (key, record) =
            guard.into_inner_if(|key| BlockKey::from_bytes(key).is_ok_and(|key| key.newest < oldest))?;
        let parsed = BlockKey::from_bytes(&key)?;
        let Some(record) = record else {
            pass.is_left(parsed.oldest.max(asked));
            if parsed.oldest >= oldest {
                break;
            }
            continue;
        };
        let dropped = Dropped {
            readings: block::rows(&record)?,
            bytes: (key.len() + record.len()) as u64,
            key: key.to_vec(),
        };
        pass.expired.blocks += 1;
        pass.expired.readings += dropped.readings;
        pass.expired.bytes += dropped.bytes;
        if parsed.newest >= asked {
            pass.expired.younger += dropped.readings;
        }
        if newest.is_some_and(|newest| newest == parsed.newest) {
            last.push(dropped);
        } else {
            batch.remove(&dropped);
        }
        taken += 1;
        if taken >= limit::EXPIRE_BLOCKS {
            batch.commit()?;
            pass.step = Step::Series { id, after: Some(key.to_vec()), last };
            return Ok(());
        }
    }
    batch.commit()?;
    if !last.is_empty() {
        drop_last(log, store, series, oldest, &last)?;
    }
    pass.step = next;
    Ok(())
}

/// Drops the blocks that hold a series' newest reading (one, unless its times stand still), and with them what is known of it.
fn drop_last(
    log: &Embedded,
    store: &Store,
    series: SeriesId,
    oldest: Timestamp,
    last: &[Dropped],
) -> Result<(), Error> {
    let _turn = log.blocks_lock.lock().unwrap_or_else(PoisonError::into_inner);
    let mut batch = Drops::new(store);
    last.iter().for_each(|dropped| batch.remove(dropped));
    // The sealer may have written a newer one meanwhile.
    if newest(store, series)?.is_some_and(|newest| newest < oldest) {
        batch.batch.remove(&store.newest, series.0.to_be_bytes());
    }
    batch.commit()
}

fn newest(store: &Store, series: SeriesId) -> Result<Option<Timestamp>, Error> {
    let record = store.newest.get(series.0.to_be_bytes())?;
    Ok(record.map(|record| records::decode_newest(&record)).transpose()?.map(|newest| newest.point.ts))
}

/// Blocks that go together.
struct Drops<'s> {
    store: &'s Store,
    batch: OwnedWriteBatch,
    readings: u64,
    bytes: u64,
}

impl<'s> Drops<'s> {
    fn new(store: &'s Store) -> Self {
        let batch = OwnedWriteBatch::with_capacity(store.database.clone(), limit::EXPIRE_BLOCKS + 2);
        Self { store, batch, readings: 0, bytes: 0 }
    }

    fn remove(&mut self, dropped: &Dropped) {
        self.batch.remove(&self.store.blocks, dropped.key.as_slice());
        self.readings += dropped.readings;
        self.bytes += dropped.bytes;
    }

    fn commit(mut self) -> Result<(), Error> {
        if self.bytes == 0 {
            return Ok(());
        }
        self.store.set_expired(&mut self.batch, self.store.expired()? + self.bytes);
        self.store.set_dropped(&mut self.batch, self.store.dropped()? + self.readings);
        self.batch.commit().map_err(Into::into)
    }
}

/// The event time before which blocks must go for the rest to fit `bytes_max`, less some so that it is not needed again at once.
fn floor(log: &Embedded, store: &Store, bytes_max: u64) -> Result<Timestamp, Error> {
    let used = store.block_bytes()?;
    if bytes_max == 0 || used <= bytes_max {
        return Ok(Timestamp::MIN);
    }
    let mut by_hour: BTreeMap<i64, u64> = BTreeMap::new();
    for (at, guard) in store.blocks.iter().enumerate() {
        if at % KEYS_PER_LOOK == 0 && log.shared.queue.closed().is_some() {
            return Err(Error::Closed);
        }
        let (key, _) = guard.into_inner_if(|_| false)?;
        // None: dropped by nobody but this pass, so it is there; a block without a size would only count too little.
        let bytes = store.blocks.size_of(&key)?.unwrap_or_default();
        let hour = BlockKey::from_bytes(&key)?.newest.as_us().div_euclid(HOUR_US);
        *by_hour.entry(hour).or_default() += u64::from(bytes) + key.len() as u64;
    }
    let mut surplus = used - bytes_max / 100 * limit::STORE_LOW_WATER_PERCENT;
    for (hour, bytes) in by_hour {
        if surplus <= bytes {
            return Ok(Timestamp::from_us_saturating((hour + 1).saturating_mul(HOUR_US)));
        }
        surplus -= bytes;
    }
    Ok(Timestamp::MAX)
}

/// Removes the series of deleted devices that have no reading left, and their marks.
fn forget(log: &Embedded, store: &Store, pass: &mut Expiry) -> Result<(), Error> {
    for device in &pass.gone {
        let mut forgotten = Vec::new();
        let series = log.shared.dictionary.of_device(*device);
        for info in &series {
            if !has_readings(log, store, info.id)? {
                forgotten.push(info.id);
            }
        }
        let all = forgotten.len() == series.len();
        let counted = [*device, imports_of(*device)];
        let has_marks = counted.iter().any(|device| !log.shared.marks().boots(*device).is_empty());
        if forgotten.is_empty() && (!all || !has_marks) {
            continue;
        }
        let _turn = log.blocks_lock.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch = OwnedWriteBatch::with_capacity(store.database.clone(), forgotten.len() + 2);
        // Their numbers are not given out again: a reading that somebody still holds must not become another sensor's.
        store.set_series_end(&mut batch, log.shared.dictionary.table_len() as u32);
        for id in &forgotten {
            batch.remove(&store.series, id.0.to_be_bytes());
            batch.remove(&store.newest, id.0.to_be_bytes());
        }
        if all {
            for device in counted {
                batch.remove(&store.marks, device.uuid().as_bytes().as_slice());
            }
        }
        batch.commit()?;
        log.shared.dictionary.forget(&forgotten);
        if all {
            let mut marks = log.shared.marks.write().unwrap_or_else(PoisonError::into_inner);
            counted.into_iter().for_each(|device| marks.forget(device));
        }
        pass.expired.series += forgotten.len() as u64;
    }
    Ok(())
}

fn has_readings(log: &Embedded, store: &Store, series: SeriesId) -> Result<bool, Error> {
    {
        let live = log.live.read();
        let frozen = live.frozen.as_ref().is_some_and(|frozen| frozen.newest(series).is_some());
        if frozen || live.head.newest(series).is_some() {
            return Ok(true);
        }
    }
    let (low, high) = (BlockKey::from(series, Timestamp::MIN), BlockKey::after(series, Timestamp::MAX));
    let first =
        store.blocks.range::<&[u8], _>((Bound::Included(&low[..]), Bound::Excluded(&high[..]))).next();
    Ok(first.map(fjall::Guard::key).transpose()?.is_some())
}

fn is_worth_giving_back(log: &Embedded, store: &Store) -> Result<bool, Error> {
    let expired = store.expired()?;
    let share = store.blocks.disk_space() / limit::EXPIRED_SHARE;
    Ok(expired > 0 && expired >= share.max(log.shared.options.give_back_bytes))
}

/// Gives the space of dropped blocks back to the file system. Takes seconds for each gigabyte of keys. Gives the bytes that became free.
pub(crate) fn give_back(store: &Store, worth: u64) -> Result<u64, Error> {
    let before = store.blocks.disk_space();
    let expired = store.expired()?;
    // Tombstones in memory are not compacted. What snapshots that are open now keep back goes with the next compaction.
    store.blocks.rotate_memtable_and_wait()?;
    store.blocks.major_compact()?;
    // That deleted the files of values that nothing points to, and found out how much of the others is stale: which are worth to be
    // rewritten is only known to the next one.
    if store.blocks.fragmented_blob_bytes() >= worth.max(before / limit::EXPIRED_SHARE) {
        store.blocks.major_compact()?;
    }
    let mut batch = OwnedWriteBatch::with_capacity(store.database.clone(), 1);
    // What was dropped meanwhile still counts.
    store.set_expired(&mut batch, store.expired()?.saturating_sub(expired));
    batch.commit()?;
    // Files are deleted with the last version of the tree that has them, and versions are let go of when a memtable is put away: that of
    // `meta` has the line above in it.
    store.meta.rotate_memtable_and_wait()?;
    Ok(before.saturating_sub(store.blocks.disk_space()))
}

impl Embedded {
    /// Bytes on disk of sealed readings; 0 while the store is being reopened.
    pub fn stored_bytes(&self) -> u64 {
        self.store().and_then(|store| store.block_bytes()).unwrap_or_default()
    }
}
