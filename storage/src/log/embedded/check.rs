//! Looking through the embedded log: every record's checksum, keys against what they stand for, and that every offset is there once.
//!
//! Nothing is written but what fjall writes at every start (it replays its journals).

use std::collections::{HashMap, HashSet};
use std::path::Path;

use edgesync_schemas::id::{Offset, SeriesId};
use edgesync_schemas::reading::SeriesInfo;
use edgesync_schemas::time::Timestamp;

use super::super::offsets::Offsets;
use super::super::{Error, Options, place};
use super::blobs::BlobKey;
use super::block::{Block, BlockKey};
use super::{STORE_DIRECTORY, Store, commit, derived, import, load, records};
use crate::check::{Progress, Report, told};

// Between two words of progress.
const KEYS_PER_WORD: u64 = 1024;

/// Checks the log in a directory. Blocks.
///
/// # Errors
/// [`Error::InUse`] while a server runs on it, [`Error::NetworkFileSystem`], [`Error::Directory`]. What is wrong with what is stored goes into
/// the report.
pub fn check(directory: &Path, report: &mut Report, progress: &mut dyn Progress) -> Result<(), Error> {
    let _lock = place::claim(directory)?;
    if let Some(from) = import::half_made(directory)? {
        report.wrong(format!("readings: a move from {from} into this place was not finished"));
    }
    // Opened, it would be made.
    if !directory.join(STORE_DIRECTORY).is_dir() {
        report.wrong(format!("readings: there is no {STORE_DIRECTORY} in {}", directory.display()));
        return Ok(());
    }
    let looked = Store::open(directory)
        .and_then(|store| Look { store, report, progress, series: HashMap::new() }.all());
    if let Err(error) = looked {
        report.wrong(format!("readings: cannot be read further: {}", told(&error)));
    }
    Ok(())
}

struct Look<'a> {
    store: Store,
    report: &'a mut Report,
    progress: &'a mut dyn Progress,
    series: HashMap<SeriesId, SeriesInfo>,
}

/// What the blocks of a series say of it.
struct Known {
    series: SeriesId,
    newest: (Timestamp, Offset),
    span_us: u64,
}

impl Look<'_> {
    fn all(mut self) -> Result<(), Error> {
        if let Some(from) = self.store.half_moved()? {
            self.report.wrong(format!("readings: a move from {from} into this place was not finished"));
        }
        let sealed = self.store.sealed()?;
        self.series()?;
        self.marks()?;
        self.derived()?;
        self.blocks(sealed)?;
        let end = self.blobs(sealed)?;
        for (name, at) in self.store.bookmarks()? {
            if at > end {
                self.report.wrong(format!("bookmark {name}: at {at}, past the end {end}"));
            }
        }
        // What a server does when it starts: whatever else would keep it from that.
        if let Err(error) = load(&self.store, &Options::default()) {
            self.report.wrong(format!("readings: a server would not start on them: {}", told(&error)));
        }
        Ok(())
    }

    fn series(&mut self) -> Result<(), Error> {
        let mut names = HashMap::new();
        for guard in self.store.series.iter() {
            let (key, value) = guard.into_inner()?;
            let Ok(id) = (*key).try_into().map(|bytes| SeriesId(u32::from_be_bytes(bytes))) else {
                self.report.wrong("series: a key of another length");
                continue;
            };
            match records::decode_series(id, &value) {
                Ok(info) => {
                    if let Some(other) = names.insert((info.device, info.sensor.clone()), id) {
                        self.report
                            .wrong(format!("series {} and {}: one sensor, two numbers", other.0, id.0));
                    }
                    self.series.insert(id, info);
                }
                Err(error) => self.report.wrong(format!("series {}: {}", id.0, told(&error))),
            }
            self.report.count("series", 1);
        }
        Ok(())
    }

    fn marks(&mut self) -> Result<(), Error> {
        for guard in self.store.marks.iter() {
            let (key, value) = guard.into_inner()?;
            if let Err(error) = records::decode_boots(&key, &value) {
                self.report.wrong(format!("marks of a device: {}", told(&error)));
            }
            self.report.count("marks", 1);
        }
        Ok(())
    }

    /// What flows stored: each row's checksum, and that its series is known.
    fn derived(&mut self) -> Result<(), Error> {
        let (mut known, mut names) = (HashSet::new(), HashSet::new());
        for guard in self.store.derived_series.iter() {
            let (key, value) = guard.into_inner()?;
            match derived::decode_series(&key, &value) {
                Ok(series) => {
                    known.insert(series.id);
                    if !names.insert((series.flow, series.of)) {
                        self.report.wrong(format!("derived series {}: there are two of its name", series.id));
                    }
                }
                Err(error) => {
                    let id = derived::id_of(&key).map(|id| format!(" {id}")).unwrap_or_default();
                    self.report.wrong(format!("derived series{id}: {}", told(&error)));
                }
            }
            self.report.count("derived series", 1);
        }
        let rows = self.store.derived.clone();
        for (at, guard) in (0u64..).zip(rows.iter()) {
            if at % KEYS_PER_WORD == 0 {
                self.progress.at("rows of flows", at, at);
            }
            let (key, value) = guard.into_inner()?;
            self.report.count("derived rows", 1);
            let read =
                derived::place(&key).and_then(|(id, ts)| derived::decode(ts, &value).map(|_| (id, ts)));
            match read {
                Ok((id, ts)) if !known.contains(&id) => {
                    self.report.wrong(format!("derived row at {ts}: its series {id} is not known"));
                }
                Ok(_) => {}
                Err(error) => self.report.wrong(format!("derived row {at} in order: {}", told(&error))),
            }
        }
        Ok(())
    }

    fn blocks(&mut self, sealed: Offset) -> Result<(), Error> {
        let of = self.store.blocks.approximate_len() as u64;
        let mut offsets = Offsets::new(sealed);
        let mut known: Option<Known> = None;
        let mut with_blocks = 0u64;
        // Its own handle: what is found is noted while it goes on.
        let blocks = self.store.blocks.clone();
        for (at, guard) in (0u64..).zip(blocks.iter()) {
            if at % KEYS_PER_WORD == 0 {
                self.progress.at("blocks", at, of.max(at));
            }
            let (key, record) = match guard.into_inner() {
                Ok(pair) => pair,
                Err(error) => {
                    self.report.wrong(format!("block {at} in order: cannot be read: {}", told(&error)));
                    continue;
                }
            };
            self.report.count("blocks", 1);
            let key = match BlockKey::from_bytes(&key) {
                Ok(key) => key,
                Err(error) => {
                    self.report.wrong(format!("block {at} in order: {}", told(&error)));
                    continue;
                }
            };
            if known.as_ref().is_none_or(|known| known.series != key.series) {
                self.newest(known.take())?;
                with_blocks += 1;
                let nothing = (Timestamp::MIN, Offset(0));
                known = Some(Known { series: key.series, newest: nothing, span_us: 0 });
            }
            match self.block(key, &record, sealed, &mut offsets) {
                Ok(newest) => {
                    if let Some(known) = &mut known {
                        known.newest = known.newest.max(newest);
                        known.span_us = known.span_us.max(key.newest.as_us().abs_diff(key.oldest.as_us()));
                    }
                }
                Err(why) => self.report.wrong(format!("{}: {why}", named(key))),
            }
        }
        self.newest(known)?;
        let records = self.store.newest.len()? as u64;
        if records != with_blocks {
            let report =
                format!("newest readings: {records} records for {with_blocks} series that have blocks");
            self.report.wrong(report);
        }
        let dropped = self.store.dropped()?;
        if let Some(wrong) = offsets.missing(sealed, dropped, "were sealed") {
            self.report.wrong(wrong);
        }
        self.report.notes.extend(offsets.only_counted(sealed));
        Ok(())
    }

    /// Looks at a block. Gives its newest reading, or what is wrong.
    fn block(
        &mut self,
        key: BlockKey,
        record: &[u8],
        sealed: Offset,
        offsets: &mut Offsets,
    ) -> Result<(Timestamp, Offset), String> {
        let block = Block::open(record).map_err(|error| told(&error))?;
        let info = self.series.get(&key.series).ok_or("its series is not known")?;
        let rows: Vec<usize> = (0..block.ts.len()).collect();
        let (mut before, mut lowest, mut wrong) = (None, u64::MAX, None);
        let units = info.units.len();
        let read = block.points(&rows, |row, point| {
            let place = (point.ts, point.offset);
            if before.is_some_and(|before| before >= place) {
                wrong = Some(format!("row {row} is out of order"));
            } else if point.offset >= sealed {
                wrong = Some(format!("row {row} has offset {}, which is not sealed", point.offset));
            } else if usize::from(point.unit.0) > units {
                wrong = Some(format!("row {row} has a unit that its series has not"));
            } else if !offsets.take(point.offset) {
                wrong = Some(format!("offset {} is there twice", point.offset));
            }
            before = Some(place);
            lowest = lowest.min(point.offset.0);
        });
        read.map_err(|error| told(&error))?;
        self.report.count("readings", rows.len() as u64);
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let first = block.ts.first().copied();
        if first != Some(key.oldest.as_us()) || lowest != key.first.0 {
            return Err("its key says otherwise than its rows".to_owned());
        }
        match before {
            Some(newest) if newest.0 == key.newest => Ok(newest),
            _ => Err("its key says otherwise than its rows".to_owned()),
        }
    }

    /// Compares what is known of a series with what its blocks said.
    fn newest(&mut self, known: Option<Known>) -> Result<(), Error> {
        let Some(Known { series, newest, span_us }) = known else { return Ok(()) };
        let Some(record) = self.store.newest.get(series.0.to_be_bytes())? else {
            self.report.wrong(format!(
                "series {}: has blocks, and nothing is known of its newest reading",
                series.0
            ));
            return Ok(());
        };
        match records::decode_newest(&record) {
            Ok(record) if (record.point.ts, record.point.offset) != newest => {
                let (told, there) = (record.point.offset, newest.1);
                self.report.wrong(format!("series {}: its newest reading is {there}, not {told}", series.0));
            }
            Ok(record) if record.span_us < span_us => {
                self.report.wrong(format!("series {}: a block spans more than is known", series.0));
            }
            Ok(_) => {}
            Err(error) => self.report.wrong(format!("series {}: {}", series.0, told(&error))),
        }
        Ok(())
    }

    /// Looks at the commits. Gives the end of the log.
    fn blobs(&mut self, sealed: Offset) -> Result<Offset, Error> {
        let mut end: Option<Offset> = None;
        let blobs = self.store.blobs.clone();
        for (at, guard) in (0u64..).zip(blobs.iter()) {
            if at % KEYS_PER_WORD == 0 {
                self.progress.at("commits", at, at);
            }
            let (key, value) = guard.into_inner()?;
            let key = BlobKey::from_bytes(&key)?;
            self.report.count("commits", 1);
            match commit::decode(&value) {
                Ok(blob) => {
                    // The first one that is kept may be anywhere before what is sealed, not behind it.
                    let is_next = end.map_or(key.first <= sealed, |end| end == key.first);
                    if blob.commit.first != key.first || !is_next {
                        self.report.wrong(format!("commit at offset {}: not the next one", key.first));
                    }
                    if let Some(lost) =
                        blob.commit.columns.series.iter().find(|id| !self.series.contains_key(id))
                        && key.first >= sealed
                    {
                        self.report
                            .wrong(format!("commit at offset {}: series {} is not known", key.first, lost.0));
                    }
                    let readings = blob.commit.columns.len() as u64;
                    self.report.count("readings", if key.first >= sealed { readings } else { 0 });
                    end = Some(blob.commit.end());
                }
                Err(error) => self.report.wrong(format!("commit at offset {}: {}", key.first, told(&error))),
            }
        }
        let end = end.unwrap_or(sealed);
        if end < sealed {
            self.report.wrong(format!("commits end at {end}, before the sealed offset {sealed}"));
        }
        Ok(end)
    }
}

fn named(key: BlockKey) -> String {
    format!("block of series {} from {} at offset {}", key.series.0, key.oldest, key.first)
}
