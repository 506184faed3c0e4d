//! Reading the numbers of some series over a time, in no order: what buckets are made of.
//!
//! Of a block only the columns that are asked for are decoded: a history of numbers costs half of what the whole readings would. That
//! nothing is missed and nothing comes twice while heads are sealed is due to the order of looks that `read.rs` explains.

use std::ops::Bound;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::time::Timestamp;

use super::super::Error;
use super::block::{BlockKey, Values};
use super::head::HeadView;
use super::records;
use super::{Embedded, Store};
use crate::history::cell::{Ends, Stretch};

/// Which readings to look at.
pub(crate) struct Scan<'a> {
    /// Of these series.
    pub series: &'a [SeriesId],
    /// Event time of each from here on.
    pub from: &'a [Timestamp],
    /// Event time before this.
    pub to: Timestamp,
    /// Of those that arrived before this; all if `None`.
    pub before: Option<Offset>,
    /// Whether offsets are read, too.
    pub ends: Ends,
    /// Set when nobody waits for the answer any more.
    pub is_given_up: &'a AtomicBool,
}

/// Calls `each` with the place of a series among those asked for and some of its readings, until all were shown.
///
/// # Errors
/// [`Error::Store`], [`Error::Corrupt`], [`Error::Unavailable`]; [`Error::Closed`] if it was given up.
pub(crate) fn scan(
    log: &Embedded,
    scan: &Scan<'_>,
    mut each: impl FnMut(usize, &Stretch<'_>),
) -> Result<(), Error> {
    let (frozen, head, sealed) = {
        let live = log.live.read();
        let frozen = live.frozen.as_ref().map(|frozen| frozen.view(scan.series));
        (frozen, live.head.view(scan.series), live.sealed)
    };
    for view in frozen.iter().chain([&head]) {
        take_head(scan, view, &mut each);
    }
    let store = log.store()?;
    for (at, series) in scan.series.iter().enumerate() {
        take_blocks(scan, &store, (*series, scan.from[at]), sealed, |stretch| each(at, stretch))?;
    }
    Ok(())
}

fn take_head(scan: &Scan<'_>, view: &HeadView, each: &mut impl FnMut(usize, &Stretch<'_>)) {
    // The view goes series by series, in the order in which they were asked for.
    let mut at = 0;
    view.for_each(|series, ts, offset, commit, row| {
        if scan.series[at] != series {
            at = scan.series.iter().position(|asked| *asked == series).unwrap_or(at);
        }
        let is_late = scan.before.is_some_and(|before| offset >= before);
        if ts < scan.from[at] || ts >= scan.to || is_late {
            return;
        }
        let raw = commit.columns.raw_of(row).map(|raw| (0, raw));
        let stretch = Stretch {
            ts: &[ts.as_us()],
            offsets: &[offset.0.cast_signed()],
            nums: &[commit.columns.num[row]],
            raws: raw.as_slice(),
        };
        each(at, &stretch);
    });
}

fn take_blocks(
    scan: &Scan<'_>,
    store: &Store,
    (series, from): (SeriesId, Timestamp),
    sealed: Offset,
    mut each: impl FnMut(&Stretch<'_>),
) -> Result<(), Error> {
    let Some(record) = store.newest.get(series.0.to_be_bytes())? else { return Ok(()) };
    let span = i64::try_from(records::decode_newest(&record)?.span_us).unwrap_or(i64::MAX);
    // Blocks that start up to a span before the first wanted time may reach it.
    let low = BlockKey::from(series, from.plus_us(span.saturating_neg()));
    let high = BlockKey::after(series, scan.to);
    // All rows of the blocks that are looked at lie before `sealed`: mostly that is before `before`, too.
    let before = scan.before.filter(|before| *before < sealed);
    let ends = if before.is_some() { Ends::Wanted } else { scan.ends };
    let sealed = before.unwrap_or(sealed);
    let keys = (Bound::Included(&low[..]), Bound::Excluded(&high[..]));
    for guard in store.blocks.range::<&[u8], _>(keys) {
        if scan.is_given_up.load(Relaxed) {
            return Err(Error::Closed);
        }
        // The key tells whether the value is worth reading.
        let (_, record) = guard.into_inner_if(|key| {
            BlockKey::from_bytes(key)
                .map_or(true, |key| key.newest >= from && key.oldest < scan.to && key.first < sealed)
        })?;
        let Some(record) = record else { continue };
        let mut block = Values::open(&record, ends)?;
        if let Some(before) = before {
            block.keep_before(before);
        }
        let start = block.ts.partition_point(|ts| *ts < from.as_us());
        let end = block.ts.partition_point(|ts| *ts < scan.to.as_us());
        if start < end {
            each(&block.stretch(start..end));
        }
    }
    Ok(())
}
