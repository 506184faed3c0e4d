//! The numbers of derived series.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use tokio::sync::{Mutex, MutexGuard};

use super::super::Error;
use super::{Derived, DerivedOf, DerivedSeries};

/// All series, as they are in the store.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    /// A std lock: held for look-ups, never across an await.
    known: RwLock<Known>,
    is_known: AtomicBool,
    /// Held by who writes rows or series: numbers are given out by one at a time.
    writing: Mutex<Writing>,
}

/// An entry of the store's dictionary that cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// Its number, if that can.
    pub id: Option<u32>,
    /// What is wrong.
    pub error: Error,
}

/// Whoever may write.
#[derive(Debug, Default)]
pub(crate) struct Writing {
    /// The dictionary is what the store has. It is not before it was read, and after a write that failed.
    pub is_whole: bool,
}

#[derive(Debug, Default)]
struct Known {
    flows: HashMap<FlowId, BTreeMap<DerivedOf, Arc<DerivedSeries>>>,
    /// Numbers below were given out.
    end: u32,
    /// Entries that could not be read.
    unreadable: usize,
}

impl Dictionary {
    /// Waits for the turn to write.
    pub async fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().await
    }

    /// Whether it was read once.
    pub fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Acquire)
    }

    /// Takes what the store has. Whether more of it cannot be read than before.
    pub fn replace(&self, all: Vec<DerivedSeries>, unreadable: &[Unreadable]) -> bool {
        let mut known = Known { end: self.known().end, unreadable: unreadable.len(), ..Known::default() };
        all.into_iter().for_each(|series| known.add(Arc::new(series)));
        for id in unreadable.iter().filter_map(|one| one.id) {
            known.end = known.end.max(id.saturating_add(1));
        }
        let before = std::mem::replace(&mut *self.known_mut(), known).unreadable;
        self.is_known.store(true, Ordering::Release);
        unreadable.len() > before
    }

    /// The number of each row's series, and the series that are new; `None` for rows of a flow that has as many as it may.
    pub fn number(&self, rows: &[Derived]) -> (Vec<Option<u32>>, Vec<Arc<DerivedSeries>>) {
        let known = self.known();
        let (mut new, mut end) = (Vec::new(), known.end);
        let mut made: HashMap<FlowId, HashMap<&DerivedOf, u32>> = HashMap::new();
        let ids = rows.iter().map(|row| {
            let of_flow = known.flows.get(&row.flow);
            if let Some(series) = of_flow.and_then(|flow| flow.get(&row.of)) {
                return Some(series.id);
            }
            let made = made.entry(row.flow).or_default();
            if let Some(id) = made.get(&row.of) {
                return Some(*id);
            }
            if of_flow.map_or(0, BTreeMap::len) + made.len() >= limit::DERIVED_SERIES_PER_FLOW {
                return None;
            }
            let id = end;
            end = end.checked_add(1)?;
            made.insert(&row.of, id);
            new.push(Arc::new(DerivedSeries { id, flow: row.flow, of: row.of.clone() }));
            Some(id)
        });
        (ids.collect(), new)
    }

    /// These are in the store now.
    pub fn add(&self, new: Vec<Arc<DerivedSeries>>) {
        let mut known = self.known_mut();
        new.into_iter().for_each(|series| known.add(series));
    }

    /// Those of a flow are not any more. Their numbers are not given out again before a restart.
    pub fn forget(&self, flow: FlowId) {
        self.known_mut().flows.remove(&flow);
    }

    pub fn of_flow(&self, flow: FlowId) -> Vec<Arc<DerivedSeries>> {
        self.known().flows.get(&flow).map(|of_flow| of_flow.values().cloned().collect()).unwrap_or_default()
    }

    pub fn all(&self) -> Vec<Arc<DerivedSeries>> {
        let mut all: Vec<_> =
            self.known().flows.values().flat_map(|of_flow| of_flow.values().cloned()).collect();
        all.sort_unstable_by_key(|series| series.id);
        all
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_mut(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn add(&mut self, series: Arc<DerivedSeries>) {
        self.end = self.end.max(series.id.saturating_add(1));
        self.flows.entry(series.flow).or_default().insert(series.of.clone(), series);
    }
}

#[cfg(test)]
mod tests {
    use edgesync_schemas::id::Offset;
    use edgesync_schemas::reading::Quality;
    use edgesync_schemas::time::Timestamp;
    use uuid::Uuid;

    use super::super::DerivedRow;
    use super::*;

    #[test]
    fn a_flow_has_as_many_series_as_it_may_and_others_have_theirs() {
        let row = |flow: u128, n: usize| Derived {
            flow: FlowId::from_uuid(Uuid::from_u128(flow)),
            of: DerivedOf { name: format!("s{n}").parse().unwrap(), device: None, sensor: None },
            row: DerivedRow {
                timestamp: Timestamp::default(),
                offset: Offset(0),
                num: 0.0,
                raw: None,
                unit: None,
                quality: Quality::GOOD,
            },
        };
        let dictionary = Dictionary::default();
        let many: Vec<Derived> = (0..=limit::DERIVED_SERIES_PER_FLOW).map(|n| row(1, n)).collect();
        let (first, rest) = many.split_at(10);
        let (ids, new) = dictionary.number(first);
        assert_eq!((ids.len(), new.len(), ids[9]), (10, 10, Some(9)));
        dictionary.add(new);
        let (ids, new) = dictionary.number(rest);
        assert_eq!(ids.iter().filter(|id| id.is_none()).count(), 1);
        dictionary.add(new);
        let (ids, new) = dictionary.number(&[row(2, 0), row(2, 0), row(1, 3)]);
        let end = limit::DERIVED_SERIES_PER_FLOW as u32;
        assert_eq!((ids, new.len()), (vec![Some(end), Some(end), Some(3)], 1));
        dictionary.forget(row(1, 0).flow);
        assert_eq!(dictionary.number(&[row(1, 0)]).0, [Some(end)], "not those that were given out");
    }
}
