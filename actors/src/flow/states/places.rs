//! How far results of each flow were put out, for all flows together, and where they ran.
//!
//! One small value has the places of all cells; beside it lies one value for each cell that lists its flows, and is written only when it has changed, and
//! one for flows that are on no cell because they move, with places of their own.
//! A flow's place is that of its cell, unless it was further itself: because it came from a cell that was, or is being fed again. So a cell that lags
//! holds nobody back but its own flows.

use std::collections::{HashMap, HashSet};

use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::time::Timestamp;
use edgesync_storage::log::{self, ReadingLog};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tracing::warn;
use uuid::Uuid;

use crate::cell::Stand;

/// The first byte of what is written. The form before it had one place for all cells, and began with a zero.
const FORMAT: u8 = 1;

/// How far results were put out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PutOut {
    /// Those of all readings before this one.
    pub next: Offset,
    /// Those of time up to this.
    pub clock: Timestamp,
}

/// Where a flow goes on after a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The cell that it ran on, if it is still there.
    pub cell: Option<usize>,
    /// What it remembers is good from here on if it was saved before: it got nothing in between. `None`: it did not run, and what was saved of it is
    /// of another time.
    pub needed: Option<Offset>,
    /// What is not to be put out again.
    pub put_out: PutOut,
    /// Why it ran apart from others.
    pub slowed: Option<String>,
}

/// The places of all flows, as they were written down last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    /// The last one was for slowed flows. Not empty.
    cells: Vec<CellPlace>,
    /// `None`: it was not written which flows ran on which cell.
    flows: Option<HashMap<FlowId, Known>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CellPlace {
    next: Offset,
    clock_us: i64,
    /// From here on its flows need readings.
    pub needed: Offset,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    cell: usize,
    ahead: Option<PutOut>,
    /// If it was on no cell: its place, whatever the cell's.
    own: Option<PutOut>,
    slowed: Option<String>,
}

/// A flow in the list of its cell.
#[derive(Debug, Serialize, Deserialize)]
struct Listed {
    flow: [u8; 16],
    /// How far it was put out, if that is further than its cell: an offset, and a time in microseconds.
    ahead: Option<(Offset, i64)>,
    slowed: Option<String>,
}

/// A flow on its way from one cell to another.
#[derive(Debug)]
pub(super) struct OnItsWay {
    pub flow: FlowId,
    /// That it was on.
    pub cell: usize,
    pub put_out: PutOut,
    pub slowed: Option<String>,
}

/// The same as it is written: an offset, and a time in microseconds.
#[derive(Debug, Serialize, Deserialize)]
struct Moving {
    flow: [u8; 16],
    cell: usize,
    next: Offset,
    clock_us: i64,
    slowed: Option<String>,
}

impl PutOut {
    /// What either of them has.
    pub fn or(self, other: Self) -> Self {
        Self { next: self.next.max(other.next), clock: self.clock.max(other.clock) }
    }

    /// Whether it has all of another.
    pub fn has(self, other: Self) -> bool {
        self.or(other) == self
    }
}

/// Under which key the log keeps the places of cells.
pub(super) fn of_cells() -> FlowId {
    FlowId::from_uuid(Uuid::nil())
}

/// Under which key it keeps which flows a cell has.
pub(super) fn of_flows_on(cell: usize) -> FlowId {
    FlowId::from_uuid(Uuid::from_u128(cell as u128 + 1))
}

/// Under which key it keeps which flows move.
pub(super) fn of_those_on_their_way() -> FlowId {
    FlowId::from_uuid(Uuid::from_u128(u128::from(u16::MAX)))
}

/// Whether a key is no flow's.
pub(super) fn is_ours(key: FlowId) -> bool {
    key.uuid().as_u128() <= u128::from(u16::MAX)
}

/// The place of a cell, with the reading from which on its flows need them.
pub(super) fn of_cell(stand: &Stand, needed: Offset) -> CellPlace {
    CellPlace { next: stand.place.next, clock_us: stand.place.clock.as_us(), needed }
}

/// The places of cells.
pub(super) fn encode_cells(cells: impl Iterator<Item = CellPlace>) -> Vec<u8> {
    encode(&cells.collect::<Vec<_>>())
}

/// The flows of a cell.
pub(super) fn encode_flows(stand: &Stand) -> Vec<u8> {
    let mut flows: Vec<_> = stand
        .flows
        .iter()
        .map(|flow| Listed {
            flow: *flow.flow.uuid().as_bytes(),
            ahead: flow.ahead.map(|ahead| (ahead.next, ahead.clock.as_us())),
            slowed: flow.slowed.clone(),
        })
        .collect();
    flows.sort_unstable_by_key(|listed| listed.flow);
    encode(&flows)
}

/// Flows that move.
pub(super) fn encode_on_their_way(all: &[OnItsWay]) -> Vec<u8> {
    let moving = all.iter().map(|one| Moving {
        flow: *one.flow.uuid().as_bytes(),
        cell: one.cell,
        next: one.put_out.next,
        clock_us: one.put_out.clock.as_us(),
        slowed: one.slowed.clone(),
    });
    encode(&moving.collect::<Vec<_>>())
}

/// The list of a cell, but for some flows.
pub(super) fn without(list: &[u8], flows: &HashSet<FlowId>) -> Vec<u8> {
    let Some(mut listed) = decode::<Vec<Listed>>(list) else { return list.to_vec() };
    listed.retain(|listed| !flows.contains(&FlowId::from_uuid(Uuid::from_bytes(listed.flow))));
    encode(&listed)
}

fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // writing to memory fails for types only that have no length before they are written
    postcard::to_extend(value, vec![FORMAT]).unwrap_or_default()
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (FORMAT, rest) = bytes.split_first().map(|(first, rest)| (*first, rest))? else { return None };
    match postcard::take_from_bytes(rest) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}

impl Places {
    /// Reads them; those that are not there are at `needed`, from which on the log has readings.
    ///
    /// # Errors
    /// Of the log's store.
    pub async fn read(log: &ReadingLog, needed: Offset) -> Result<Self, log::Error> {
        let bytes = log.state(of_cells()).await?;
        let Some(cells) = bytes.as_deref().and_then(decode::<Vec<CellPlace>>).filter(|all| !all.is_empty())
        else {
            return Ok(Self::of_one(bytes.as_deref().and_then(one_place), needed, log.end()));
        };
        let mut flows = HashMap::new();
        for cell in 0..cells.len() {
            let bytes = log.state(of_flows_on(cell)).await?;
            let Some(listed) = bytes.as_deref().and_then(decode::<Vec<Listed>>) else {
                warn!(
                    cell,
                    "it cannot be read which flows ran on a cell: they go on where the furthest cell was"
                );
                continue;
            };
            flows.extend(listed.into_iter().map(|listed| {
                let ahead = listed.ahead.map(|(next, clock_us)| PutOut {
                    next: next.min(log.end()),
                    clock: Timestamp::from_us_saturating(clock_us),
                });
                (
                    FlowId::from_uuid(Uuid::from_bytes(listed.flow)),
                    Known { cell, ahead, own: None, slowed: listed.slowed },
                )
            }));
        }
        let bytes = log.state(of_those_on_their_way()).await?;
        let moving = bytes.as_deref().and_then(decode::<Vec<Moving>>).unwrap_or_default();
        // what lists of cells say of them is older
        flows.extend(moving.into_iter().filter(|one| one.cell < cells.len()).map(|one| {
            let clock = Timestamp::from_us_saturating(one.clock_us);
            let own = Some(PutOut { next: one.next.clamp(needed, log.end()), clock });
            (
                FlowId::from_uuid(Uuid::from_bytes(one.flow)),
                Known { cell: one.cell, ahead: None, own, slowed: one.slowed },
            )
        }));
        let clamped = |place: CellPlace| CellPlace {
            next: place.next.clamp(needed, log.end()),
            needed: place.needed.clamp(needed, log.end()),
            ..place
        };
        Ok(Self { cells: cells.into_iter().map(clamped).collect(), flows: Some(flows) })
    }

    /// The same for all flows.
    fn of_one(put_out: Option<PutOut>, needed: Offset, end: Offset) -> Self {
        let (next, clock_us) = put_out.map_or((needed, 0), |put_out| (put_out.next, put_out.clock.as_us()));
        Self { cells: vec![CellPlace { next: next.clamp(needed, end), clock_us, needed }], flows: None }
    }

    /// From where on each of `cells` cells must be fed.
    pub fn begins(&self, cells: usize) -> Vec<Offset> {
        let least = |places: &[CellPlace]| places.iter().map(|place| place.needed).min();
        let Some((slow, normal)) = self.cells.split_last().filter(|(_, normal)| !normal.is_empty()) else {
            return vec![least(&self.cells).unwrap_or_default(); cells];
        };
        (0..cells)
            .map(|at| match at {
                at if at + 1 == cells => slow.needed,
                at if cells == self.cells.len() => normal[at].needed,
                // flows of any of them may come to it
                _ => least(normal).unwrap_or_default(),
            })
            .collect()
    }

    /// Where a flow goes on, with `cells` cells.
    pub fn of(&self, flow: FlowId, cells: usize) -> Place {
        let Some(flows) = &self.flows else {
            let place = self.cells[0];
            return Place { cell: None, needed: Some(place.needed), put_out: place.put_out(), slowed: None };
        };
        let Some(known) = flows.get(&flow) else {
            return Place { cell: None, needed: None, put_out: self.furthest(), slowed: None };
        };
        let cell = match known.cell {
            slow if slow + 1 == self.cells.len() => Some(cells.saturating_sub(1)),
            same if cells == self.cells.len() => Some(same),
            _ => None,
        };
        let place = self.cells[known.cell];
        let of_cell = || known.ahead.map_or(place.put_out(), |ahead| ahead.or(place.put_out()));
        let put_out = known.own.unwrap_or_else(of_cell);
        Place { cell, needed: Some(place.needed), put_out, slowed: known.slowed.clone() }
    }

    /// Where the furthest cell was that is not for slowed flows: a flow that was put on one since is not further behind.
    fn furthest(&self) -> PutOut {
        let normal = self.cells.split_last().map_or(&[][..], |(_, normal)| normal);
        let all = normal.iter().chain(self.cells.first());
        all.map(|place| place.put_out())
            .max_by_key(|place| (place.next, place.clock))
            .unwrap_or(PutOut { next: Offset::default(), clock: Timestamp::default() })
    }
}

impl CellPlace {
    fn put_out(self) -> PutOut {
        PutOut { next: self.next, clock: Timestamp::from_us_saturating(self.clock_us) }
    }
}

/// The older form: an offset and a time in microseconds.
fn one_place(bytes: &[u8]) -> Option<PutOut> {
    let (next, clock) = bytes.split_first_chunk()?;
    let clock = i64::from_be_bytes(clock.try_into().ok()?);
    Some(PutOut { next: Offset(u64::from_be_bytes(*next)), clock: Timestamp::from_us_saturating(clock) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Standing;
    use crate::testing::{TempLog, append, device};

    fn flow(n: u128) -> FlowId {
        FlowId::from_uuid(Uuid::from_u128(n << 64))
    }

    fn at(next: u64, clock_us: i64) -> PutOut {
        PutOut { next: Offset(next), clock: Timestamp::from_us_saturating(clock_us) }
    }

    fn stand(place: PutOut, flows: &[(FlowId, Option<PutOut>, Option<&str>)]) -> Stand {
        let flows = flows.iter().map(|(flow, ahead, slowed)| Standing {
            flow: *flow,
            counters: None,
            ahead: *ahead,
            slowed: slowed.map(str::to_owned),
        });
        Stand { place, flows: flows.collect() }
    }

    async fn written(log: &ReadingLog, stands: &[Stand], needed: &[u64]) {
        let cells =
            encode_cells(stands.iter().zip(needed).map(|(stand, needed)| of_cell(stand, Offset(*needed))));
        let mut states = vec![(of_cells(), Some(cells))];
        states.extend(stands.iter().enumerate().map(|(at, one)| (of_flows_on(at), Some(encode_flows(one)))));
        log.save_states(states, false).await.unwrap();
    }

    async fn log_of(readings: usize) -> TempLog {
        let log = TempLog::open();
        append(&log, device(1), &vec![("t", 0, "1", None); readings]).await;
        log
    }

    #[tokio::test]
    async fn each_flow_comes_back_to_its_cell_and_its_own_place() {
        let log = log_of(100).await;
        let stands = [
            stand(at(90, 9), &[(flow(1), None, None)]),
            stand(at(80, 8), &[(flow(3), Some(at(85, 2)), None), (flow(2), None, None)]),
            stand(at(10, 1), &[(flow(4), None, Some("too much"))]),
        ];
        written(&log, &stands, &[70, 75, 5]).await;
        let places = Places::read(&log, Offset(5)).await.unwrap();
        let place = |cell, needed, put_out, slowed: Option<&str>| Place {
            cell: Some(cell),
            needed: Some(Offset(needed)),
            put_out,
            slowed: slowed.map(str::to_owned),
        };
        assert_eq!(places.of(flow(1), 3), place(0, 70, at(90, 9), None));
        assert_eq!(places.of(flow(2), 3), place(1, 75, at(80, 8), None));
        assert_eq!(places.of(flow(3), 3), place(1, 75, at(85, 8), None), "each part of it as far as it got");
        assert_eq!(places.of(flow(4), 3), place(2, 5, at(10, 1), Some("too much")));
        let unknown = Place { cell: None, needed: None, put_out: at(90, 9), slowed: None };
        assert_eq!(places.of(flow(5), 3), unknown);
        assert_eq!(places.begins(3), [70, 75, 5].map(Offset), "the slow one holds nobody up");

        // with more or fewer cells any of them may get any flow, but for the slowed ones
        assert_eq!(places.begins(2), [70, 5].map(Offset));
        assert_eq!(places.begins(4), [70, 70, 70, 5].map(Offset));
        assert_eq!(places.of(flow(2), 2), Place { cell: None, ..place(0, 75, at(80, 8), None) });
        assert_eq!(places.of(flow(4), 2).cell, Some(1));
    }

    #[tokio::test]
    async fn places_are_within_the_log_and_a_list_that_is_lost_harms_only_its_flows() {
        let log = log_of(50).await;
        let stands = [stand(at(90, 9), &[(flow(1), None, None)]), stand(at(2, 1), &[(flow(2), None, None)])];
        written(&log, &stands, &[1, 1]).await;
        log.save_states(vec![(of_flows_on(1), Some(vec![FORMAT, 200]))], false).await.unwrap();
        let places = Places::read(&log, Offset(5)).await.unwrap();
        assert_eq!(places.of(flow(1), 2).put_out, at(50, 9));
        assert_eq!(places.of(flow(1), 2).needed, Some(Offset(5)));
        assert_eq!(places.of(flow(2), 2).needed, None);
    }

    #[tokio::test]
    async fn the_form_before_is_one_place_for_all() {
        let log = log_of(50).await;
        let none = Places::read(&log, Offset(5)).await.unwrap();
        assert_eq!(none.of(flow(1), 2).put_out, at(5, 0));
        let old = [7u64.to_be_bytes(), 3i64.to_be_bytes()].concat();
        log.save_states(vec![(of_cells(), Some(old))], false).await.unwrap();
        let places = Places::read(&log, Offset(5)).await.unwrap();
        let place = Place { cell: None, needed: Some(Offset(5)), put_out: at(7, 3), slowed: None };
        assert_eq!(places.of(flow(1), 2), place);
        assert_eq!(places.begins(3), [5, 5, 5].map(Offset));
    }
}
