//! Derived rows on fjall: one record per series and event time.
//!
//! What is too old is dropped from the front of each series, key by key: only what goes is looked at, one key beyond, and the marks of what went in
//! earlier passes. Their space comes back with the compactions that follow.

use std::sync::Arc;

use edgesync_schemas::id::{DeviceId, FlowId, Offset};
use edgesync_schemas::reading::Quality;
use edgesync_schemas::time::Timestamp;
use fjall::{OwnedWriteBatch, PersistMode};
use uuid::Uuid;

use super::super::derived::{DerivedOf, DerivedQuery, DerivedRow, DerivedSeries, Old, Puts, Unreadable};
use super::super::{Error, Order};
use super::codec::{self, Malformed, Reader};
use super::{Embedded, Store};

const VERSION: u8 = 1;

impl Embedded {
    /// Stores rows and what is new of the dictionary in one batch, and syncs it. Blocks.
    pub fn put_derived(&self, new: &[Arc<DerivedSeries>], puts: &Puts<'_>) -> Result<(), Error> {
        let stored = self.store()?.put_derived(new, puts);
        if matches!(stored, Err(Error::Store(_))) {
            self.report_broken();
        }
        stored
    }
}

impl Store {
    fn put_derived(&self, new: &[Arc<DerivedSeries>], puts: &Puts<'_>) -> Result<(), Error> {
        let mut batch = OwnedWriteBatch::with_capacity(self.database.clone(), new.len() + puts.len())
            .durability(Some(PersistMode::SyncAll));
        for series in new {
            batch.insert(&self.derived_series, series.id.to_be_bytes(), encode_series(series));
        }
        for ((series, ts), row) in puts {
            let key = key(*series, *ts);
            // one that cannot be read is written anew
            let before = self.derived.get(key)?.and_then(|record| decode(*ts, &record).ok());
            if before.is_none_or(|before| before.offset <= row.offset) {
                batch.insert(&self.derived, key, encode(row));
            }
        }
        Ok(batch.commit()?)
    }

    /// Writes rows as they are, for a move. Not synced.
    pub(super) fn copy_derived(&self, series: u32, rows: &[DerivedRow]) -> Result<(), Error> {
        let mut batch = OwnedWriteBatch::with_capacity(self.database.clone(), rows.len());
        for row in rows {
            batch.insert(&self.derived, key(series, row.timestamp), encode(row));
        }
        Ok(batch.commit()?)
    }

    /// Writes series, for a move. Not synced.
    pub(super) fn copy_derived_series(&self, all: &[Arc<DerivedSeries>]) -> Result<(), Error> {
        let mut batch = OwnedWriteBatch::with_capacity(self.database.clone(), all.len());
        for series in all {
            batch.insert(&self.derived_series, series.id.to_be_bytes(), encode_series(series));
        }
        Ok(batch.commit()?)
    }

    /// The dictionary, and what of it cannot be read.
    pub fn derived_series(&self) -> Result<(Vec<DerivedSeries>, Vec<Unreadable>), Error> {
        let (mut all, mut unreadable) = (Vec::new(), Vec::new());
        for guard in self.derived_series.iter() {
            let (key, value) = guard.into_inner()?;
            match decode_series(&key, &value) {
                Ok(series) => all.push(series),
                Err(error) => unreadable.push(Unreadable { id: id_of(&key), error }),
            }
        }
        Ok((all, unreadable))
    }

    /// Rows of a series by event time.
    pub fn derived_rows(&self, query: &DerivedQuery) -> Result<Vec<DerivedRow>, Error> {
        if query.from > query.to {
            return Ok(Vec::new());
        }
        let found = self.derived.range(key(query.series, query.from)..=key(query.series, query.to));
        let read = |guard: fjall::Guard| {
            let (key, value) = guard.into_inner()?;
            decode(place(&key)?.1, &value)
        };
        match query.order {
            Order::Ascending => found.take(query.limit).map(read).collect(),
            Order::Descending => found.rev().take(query.limit).map(read).collect(),
        }
    }

    /// Drops rows of some series, `most` at most; each range begins behind what went.
    pub fn expire_derived(&self, old: &mut [Old], most: usize) -> Result<usize, Error> {
        let mut batch = OwnedWriteBatch::with_capacity(self.database.clone(), 0);
        let mut dropped = 0;
        'all: for (series, times) in &mut *old {
            if times.is_empty() {
                continue;
            }
            for guard in self.derived.range(key(*series, times.start)..key(*series, times.end)) {
                let row = guard.key()?;
                if dropped == most {
                    times.start = place(&row)?.1;
                    break 'all;
                }
                batch.remove(&self.derived, row);
                dropped += 1;
            }
            times.start = times.end;
        }
        if dropped > 0 {
            batch.commit()?;
        }
        Ok(dropped)
    }

    /// Takes series without rows out of the dictionary.
    pub fn forget_derived(&self, series: &[u32]) -> Result<(), Error> {
        let mut batch = OwnedWriteBatch::with_capacity(self.database.clone(), series.len());
        for series in series {
            // the last row may be of the end of time, before which all are dropped
            batch.remove(&self.derived, key(*series, Timestamp::MAX));
            batch.remove(&self.derived_series, series.to_be_bytes());
        }
        Ok(batch.commit()?)
    }
}

/// Key of a row.
fn key(series: u32, ts: Timestamp) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&series.to_be_bytes());
    // the sign bit flipped: times before 1970 come first
    key[4..].copy_from_slice(&(ts.as_us().cast_unsigned() ^ (1 << 63)).to_be_bytes());
    key
}

/// Series and event time of a key.
pub(super) fn place(key: &[u8]) -> Result<(u32, Timestamp), Error> {
    let corrupt = || Error::Corrupt { what: "derived row".to_owned(), why: "key" };
    let (series, ts) = key.split_first_chunk().ok_or_else(corrupt)?;
    let ts = u64::from_be_bytes(ts.try_into().map_err(|_| corrupt())?) ^ (1 << 63);
    let ts = Timestamp::from_us(ts.cast_signed()).ok_or_else(corrupt)?;
    Ok((u32::from_be_bytes(*series), ts))
}

fn encode(row: &DerivedRow) -> Vec<u8> {
    let mut out = vec![VERSION];
    codec::varint(&mut out, row.offset.0);
    out.extend_from_slice(&row.num.to_le_bytes());
    out.push(row.quality.0);
    codec::text(&mut out, row.unit.as_ref().map_or("", |unit| unit.as_str()));
    out.push(u8::from(row.raw.is_some()));
    if let Some(raw) = &row.raw {
        codec::text(&mut out, raw);
    }
    codec::seal_record(&mut out);
    out
}

pub(super) fn decode(timestamp: Timestamp, record: &[u8]) -> Result<DerivedRow, Error> {
    let read = |mut from: Reader<'_>| {
        Ok(DerivedRow {
            timestamp,
            offset: Offset(from.varint()?),
            num: f64::from_le_bytes(from.array()?),
            quality: Quality(from.u8()?),
            unit: match from.text()? {
                "" => None,
                unit => Some(unit.parse().map_err(|_| Malformed("unit"))?),
            },
            raw: if from.u8()? == 0 { None } else { Some(from.text()?.into()) },
        })
    };
    read(codec::open_record(record, VERSION, "derived row")?)
        .map_err(|malformed: Malformed| malformed.of("derived row"))
}

fn encode_series(series: &DerivedSeries) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend_from_slice(series.flow.uuid().as_bytes());
    codec::text(&mut out, series.of.name.as_str());
    out.extend_from_slice(series.of.device.map_or(Uuid::nil(), |device| device.uuid()).as_bytes());
    codec::text(&mut out, series.of.sensor.as_ref().map_or("", |sensor| sensor.as_str()));
    codec::seal_record(&mut out);
    out
}

/// Number of a series by its key.
pub(super) fn id_of(key: &[u8]) -> Option<u32> {
    key.try_into().ok().map(u32::from_be_bytes)
}

pub(super) fn decode_series(key: &[u8], record: &[u8]) -> Result<DerivedSeries, Error> {
    let read = |mut from: Reader<'_>| {
        let id = id_of(key).ok_or(Malformed("key"))?;
        let flow = FlowId::from_uuid(Uuid::from_bytes(from.array()?));
        let name = from.text()?.parse().map_err(|_| Malformed("name"))?;
        let device = Uuid::from_bytes(from.array()?);
        let device = (!device.is_nil()).then(|| DeviceId::from_uuid(device));
        let sensor = match from.text()? {
            "" => None,
            sensor => Some(sensor.parse().map_err(|_| Malformed("sensor"))?),
        };
        Ok(DerivedSeries { id, flow, of: DerivedOf { name, device, sensor } })
    };
    read(codec::open_record(record, VERSION, "derived series")?)
        .map_err(|malformed: Malformed| malformed.of("derived series"))
}
