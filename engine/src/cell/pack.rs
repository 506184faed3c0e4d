//! A pack: flows that share one dataflow.
//!
//! The [`Router`] looks at a commit's rows once and sorts them by flow; the [`Host`] runs each flow that got some. So a flow that a
//! commit does not concern costs nothing, and one that it does concern costs a fraction of a microsecond and its records.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use edgesync_schemas::id::{DeviceId, SeriesId};
use edgesync_schemas::reading::{Commit, Quality, SeriesInfo};

use crate::cell::emit::Emission;
use crate::chunk::Chunk;
use crate::metrics::bump;
use crate::segment::{FlowRun, Round, Workspace};

/// Which flows want which series.
#[derive(Debug, Default)]
pub(crate) struct Router {
    /// By series.
    targets: Vec<Target>,
    /// Of series that several flows want.
    lists: Vec<Vec<Target>>,
    /// Slots of flows that name a device, so that its new series find them.
    by_device: HashMap<DeviceId, Vec<u32>>,
    /// By slot: rows of the chunk at hand. Zero between chunks.
    counts: Vec<u32>,
    hits: Vec<Hit>,
    spare: Vec<Parcel>,
}

/// Where rows of a series go: a slot and the series' key there, or a list of those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Target {
    slot: u32,
    key: u32,
}

const NOWHERE: Target = Target { slot: u32::MAX, key: 0 };
/// As a slot: `key` is the place in `lists`.
const SEVERAL: u32 = u32::MAX - 1;

#[derive(Debug, Clone, Copy)]
struct Hit {
    slot: u32,
    key: u32,
    row: u32,
}

/// Rows of a commit sorted by slot.
#[derive(Debug, Default)]
pub(crate) struct Parcel {
    /// (slot, end of its rows); it starts at the end of the one before.
    groups: Vec<(u32, u32)>,
    /// Rows of the commit; ascending within a group. Empty if `first` says it.
    rows: Vec<u32>,
    /// All rows are one group and follow this one without gaps.
    first: Option<usize>,
    /// By row here: the series' key in the slot's flow.
    keys: Vec<u32>,
}

impl Parcel {
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

impl Router {
    /// Sends a series to a slot.
    pub fn add(&mut self, series: SeriesId, slot: u32, key: u32) {
        if self.targets.len() <= series.index() {
            self.targets.resize(series.index() + 1, NOWHERE);
        }
        let new = Target { slot, key };
        let target = &mut self.targets[series.index()];
        if *target == NOWHERE {
            *target = new;
        } else if target.slot == SEVERAL {
            self.lists[target.key as usize].push(new);
        } else {
            self.lists.push(vec![*target, new]);
            *target = Target { slot: SEVERAL, key: self.lists.len() as u32 - 1 };
        }
    }

    /// No longer sends a series to a slot.
    pub fn remove(&mut self, series: SeriesId, slot: u32) {
        let Some(target) = self.targets.get_mut(series.index()) else { return };
        if target.slot == slot {
            *target = NOWHERE;
        } else if target.slot == SEVERAL {
            self.lists[target.key as usize].retain(|target| target.slot != slot);
        }
    }

    /// Sends future series of a device to a slot.
    pub fn add_device(&mut self, device: DeviceId, slot: u32) {
        let slots = self.by_device.entry(device).or_default();
        if !slots.contains(&slot) {
            slots.push(slot);
        }
    }

    /// No longer sends future series of a device to a slot.
    pub fn remove_device(&mut self, device: DeviceId, slot: u32) {
        if let Some(slots) = self.by_device.get_mut(&device) {
            slots.retain(|other| *other != slot);
            if slots.is_empty() {
                self.by_device.remove(&device);
            }
        }
    }

    /// Slots that want future series of a device.
    pub fn slots_of(&self, device: DeviceId) -> &[u32] {
        self.by_device.get(&device).map_or(&[], Vec::as_slice)
    }

    /// Where rows of a series go: slots and keys.
    pub fn targets_of(&self, series: SeriesId) -> Vec<(u32, u32)> {
        match self.targets.get(series.index()) {
            None | Some(&NOWHERE) => Vec::new(),
            Some(Target { slot: SEVERAL, key }) => {
                self.lists[*key as usize].iter().map(|target| (target.slot, target.key)).collect()
            }
            Some(target) => vec![(target.slot, target.key)],
        }
    }

    /// Sorts rows of a commit by slot.
    pub fn route(&mut self, commit: &Commit, rows: Range<usize>) -> Parcel {
        let mut parcel = self.spare.pop().unwrap_or_default();
        let series = &commit.columns.series[rows.clone()];
        if self.route_to_one(series, rows.start, &mut parcel) {
            return parcel;
        }
        let Self { targets, lists, counts, hits, .. } = self;
        hits.clear();
        parcel.groups.clear();
        parcel.first = None;
        let mut hit = |target: Target, row: usize| {
            let slot = target.slot as usize;
            if counts.len() <= slot {
                counts.resize(slot + 1, 0);
            }
            if counts[slot] == 0 {
                parcel.groups.push((target.slot, 0));
            }
            counts[slot] += 1;
            hits.push(Hit { slot: target.slot, key: target.key, row: row as u32 });
        };
        for (at, series) in series.iter().enumerate() {
            let target = targets.get(series.index()).copied().unwrap_or(NOWHERE);
            if target.slot < SEVERAL {
                hit(target, rows.start + at);
            } else if target.slot == SEVERAL {
                lists[target.key as usize].iter().for_each(|target| hit(*target, rows.start + at));
            }
        }
        // Counting sort: the counts become the place of each slot's next row.
        let mut next = 0;
        for (slot, end) in &mut parcel.groups {
            let count = counts[*slot as usize];
            counts[*slot as usize] = next;
            next += count;
            *end = next;
        }
        parcel.rows.resize(hits.len(), 0);
        parcel.keys.resize(hits.len(), 0);
        for hit in hits.iter() {
            let place = &mut counts[hit.slot as usize];
            parcel.rows[*place as usize] = hit.row;
            parcel.keys[*place as usize] = hit.key;
            *place += 1;
        }
        parcel.groups.iter().for_each(|(slot, _)| counts[*slot as usize] = 0);
        parcel
    }

    /// The common case of one flow that wants everything: no sorting. False, and nothing done, if it is not the case.
    fn route_to_one(&self, series: &[SeriesId], first: usize, parcel: &mut Parcel) -> bool {
        let target = |series: &SeriesId| self.targets.get(series.index()).copied().unwrap_or(NOWHERE);
        let Some(slot) = series.first().map(|series| target(series).slot) else { return false };
        if slot >= SEVERAL {
            return false;
        }
        parcel.keys.clear();
        let mut all = true;
        parcel.keys.extend(series.iter().map(|series| {
            let target = target(series);
            all &= target.slot == slot;
            target.key
        }));
        if !all {
            return false;
        }
        parcel.first = Some(first);
        parcel.groups.clear();
        parcel.groups.push((slot, series.len() as u32));
        true
    }

    /// Takes a parcel's memory back.
    pub fn recycle(&mut self, parcel: Parcel) {
        self.spare.push(parcel);
    }
}

/// The flows of a pack, in slots.
#[derive(Debug, Default)]
pub(crate) struct Host {
    slots: Vec<Option<FlowRun>>,
    work: Workspace,
    now_us: i64,
}

impl Host {
    /// A slot that is free.
    pub fn free_slot(&mut self) -> u32 {
        let free = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        if free == self.slots.len() {
            self.slots.push(None);
        }
        free as u32
    }

    /// The flow in a slot.
    pub fn slot(&mut self, slot: u32) -> &mut Option<FlowRun> {
        &mut self.slots[slot as usize]
    }

    /// What time it is for flows that start now.
    pub fn set_now(&mut self, now_us: i64) {
        self.now_us = self.now_us.max(now_us);
    }

    /// Runs the flows that got rows of a commit. The parcel's columns are used up.
    pub fn run(
        &mut self,
        commit: &Commit,
        parcel: &mut Parcel,
        fed: Instant,
        emit: &mut dyn FnMut(Emission),
    ) {
        let waited_ns = u64::try_from(fed.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let round = Round { now_us: self.now_us, tick: None };
        let (mut start, mut began) = (0, Instant::now());
        for &(slot, end) in &parcel.groups {
            let range = start..end as usize;
            start = range.end;
            let Some(Some(flow)) = self.slots.get_mut(slot as usize) else { continue };
            let offset = |at: usize| match parcel.first {
                Some(first) => commit.first.0 + (first + at - range.start) as u64,
                None => commit.first.0 + u64::from(parcel.rows[at]),
            };
            for part in flow.unseen(range.clone(), offset) {
                if part.is_empty() {
                    continue;
                }
                let mut readings = self.work.take_chunk();
                match parcel.first {
                    Some(_) if part == range => {
                        std::mem::swap(&mut readings.key, &mut parcel.keys);
                        fill_range(&mut readings, commit, offset(part.start));
                    }
                    Some(_) => {
                        readings.key.extend_from_slice(&parcel.keys[part.clone()]);
                        fill_range(&mut readings, commit, offset(part.start));
                    }
                    None => {
                        readings.key.extend_from_slice(&parcel.keys[part.clone()]);
                        fill_rows(&mut readings, commit, &parcel.rows[part]);
                    }
                }
                flow.waited(waited_ns, readings.len());
                flow.run(readings, round, &mut self.work, emit);
            }
            // one look at the clock for each flow: where one ends the next begins
            let now = Instant::now();
            bump(&flow.counters.busy_ns, (now - began).as_nanos() as u64);
            began = now;
        }
    }

    /// Tells all flows what time it is.
    pub fn tick(&mut self, now_us: i64, next: u64, emit: &mut dyn FnMut(Emission)) {
        self.now_us = now_us;
        let round = Round { now_us: self.now_us, tick: Some(next) };
        let mut began = Instant::now();
        for flow in self.slots.iter_mut().flatten() {
            if flow.tick(round, &mut self.work, emit) {
                let now = Instant::now();
                bump(&flow.counters.busy_ns, (now - began).as_nanos() as u64);
                began = now;
            }
        }
    }
}

/// Copies as many of a commit's rows as there are keys, from the one with an offset on.
fn fill_range(chunk: &mut Chunk, commit: &Commit, first: u64) {
    let columns = &commit.columns;
    let start = (first - commit.first.0) as usize;
    let rows = start..start + chunk.key.len();
    chunk.ts.extend_from_slice(&columns.ts[rows.clone()]);
    chunk.num.extend_from_slice(&columns.num[rows.clone()]);
    chunk.unit.extend_from_slice(&columns.unit[rows.clone()]);
    let quality = &columns.quality[rows.clone()];
    if quality.iter().any(|quality| *quality != Quality::GOOD) {
        chunk.quality.extend_from_slice(quality);
    }
    chunk.offset_first = Some(first);
    let from = columns.raw.partition_point(|(row, _)| (*row as usize) < rows.start);
    for (row, raw) in columns.raw[from..].iter().take_while(|(row, _)| (*row as usize) < rows.end) {
        chunk.raw.push((row - rows.start as u32, Arc::from(&**raw)));
    }
}

/// Copies some rows of a commit; not none.
fn fill_rows(chunk: &mut Chunk, commit: &Commit, rows: &[u32]) {
    let columns = &commit.columns;
    chunk.ts.extend(rows.iter().map(|row| columns.ts[*row as usize]));
    chunk.num.extend(rows.iter().map(|row| columns.num[*row as usize]));
    chunk.unit.extend(rows.iter().map(|row| columns.unit[*row as usize]));
    if rows.iter().any(|row| columns.quality[*row as usize] != Quality::GOOD) {
        chunk.quality.extend(rows.iter().map(|row| columns.quality[*row as usize]));
    }
    chunk.offset.extend(rows.iter().map(|row| commit.first.0 + u64::from(*row)));
    if columns.raw.is_empty() {
        return;
    }
    // Both are ascending, and texts are few.
    let (first, last) = (rows[0], rows[rows.len() - 1]);
    let from = columns.raw.partition_point(|(row, _)| *row < first);
    for (row, raw) in columns.raw[from..].iter().take_while(|(row, _)| *row <= last) {
        if let Ok(at) = rows.binary_search(row) {
            chunk.raw.push((at as u32, Arc::from(&**raw)));
        }
    }
}

/// The series that a cell knows.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    known: Vec<Option<Arc<SeriesInfo>>>,
    by_device: HashMap<DeviceId, Vec<SeriesId>>,
}

impl Dictionary {
    /// Takes note of a series; true if it is a new one.
    pub fn learn(&mut self, info: &Arc<SeriesInfo>) -> bool {
        let at = info.id.index();
        if self.known.len() <= at {
            self.known.resize(at + 1, None);
        }
        let is_new = self.known[at].replace(Arc::clone(info)).is_none();
        if is_new {
            self.by_device.entry(info.device).or_default().push(info.id);
        }
        is_new
    }

    /// What is known of a series.
    pub fn info(&self, series: SeriesId) -> Option<Arc<SeriesInfo>> {
        self.known.get(series.index())?.clone()
    }

    /// The series of a device.
    pub fn of_device(&self, device: DeviceId) -> impl Iterator<Item = &Arc<SeriesInfo>> {
        let ids = self.by_device.get(&device).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.known[id.index()].as_ref())
    }
}
