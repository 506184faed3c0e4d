//! Runs over stored readings that are on their way: how far each is, and whether it is to go on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use edgesync_schemas::id::ExecutionId;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use uuid::Uuid;

use super::super::Error;

/// Between two looks at whether runs have ended.
const PAUSE: Duration = Duration::from_millis(10);

/// How far a run is.
#[derive(Debug, Default)]
pub struct Progress {
    readings: AtomicU64,
    at_us: AtomicI64,
    stopped: AtomicBool,
}

/// The runs that are on their way. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    runs: Arc<Mutex<OnTheirWay>>,
}

/// Runs, each with whose it is.
type OnTheirWay = HashMap<ExecutionId, (Uuid, Arc<Progress>)>;

/// Ends a run's entry when it is dropped.
#[derive(Debug)]
pub struct Running {
    runs: Runs,
    id: ExecutionId,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.runs.lock().remove(&self.id);
    }
}

impl Runs {
    fn lock(&self) -> MutexGuard<'_, OnTheirWay> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a tenant's run; `None` if [`limit::RUNS`] are on their way, or [`limit::TENANT_RUNS`] of the tenant's.
    pub fn begin(&self, id: ExecutionId, tenant: Uuid) -> Option<Running> {
        let mut runs = self.lock();
        if !has_room(&runs, tenant) {
            return None;
        }
        runs.insert(id, (tenant, Arc::default()));
        Some(Running { runs: self.clone(), id })
    }

    /// Whether there is a place for a tenant.
    pub fn has_room(&self, tenant: Uuid) -> bool {
        has_room(&self.lock(), tenant)
    }

    /// How many readings a run has met, and up to which event time; `None` if it is not on its way.
    pub fn progress(&self, id: ExecutionId) -> Option<(u64, Timestamp)> {
        let (_, progress) = self.lock().get(&id)?.clone();
        Some((progress.readings.load(Relaxed), Timestamp::from_us_saturating(progress.at_us.load(Relaxed))))
    }

    /// Tells a run to end. False if it is not on its way.
    pub fn stop(&self, id: ExecutionId) -> bool {
        self.lock().get(&id).is_some_and(|(_, progress)| {
            progress.stopped.store(true, Relaxed);
            true
        })
    }

    /// Ends all runs, and those that begin meanwhile. False if one was still on its way after `deadline`.
    pub async fn end_all(&self, deadline: Duration) -> bool {
        let ending = async {
            while !self.lock().is_empty() {
                self.lock().values().for_each(|(_, progress)| progress.stopped.store(true, Relaxed));
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(deadline, ending).await.is_ok()
    }

    pub(super) fn of(&self, id: ExecutionId) -> Arc<Progress> {
        self.lock().get(&id).map(|(_, progress)| progress.clone()).unwrap_or_default()
    }
}

fn has_room(runs: &OnTheirWay, tenant: Uuid) -> bool {
    let own = runs.values().filter(|(of, _)| *of == tenant).count();
    runs.len() < limit::RUNS && own < limit::TENANT_RUNS
}

impl Progress {
    pub(super) fn reached(&self, readings: u64, at: Timestamp) {
        self.readings.store(readings, Relaxed);
        self.at_us.store(at.as_us(), Relaxed);
    }

    /// Whether a run that began then may go on.
    pub(super) fn goes_on(&self, begun: Instant, readings: u64) -> Result<(), Error> {
        if self.stopped.load(Relaxed) {
            return Err(Error::Stopped);
        }
        if begun.elapsed() > Duration::from_secs(limit::RUN_S) {
            return Err(Error::Ended(format!(
                "it took longer than {} s: choose a shorter time",
                limit::RUN_S
            )));
        }
        if readings > limit::RUN_READINGS {
            let most = limit::RUN_READINGS;
            return Err(Error::Ended(format!("there are more than {most} readings: choose a shorter time")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn a_run_is_stopped_and_gives_its_place_back() {
        let runs = Runs::default();
        let id = |n: usize| ExecutionId::from_uuid(Uuid::from_u128(n as u128));
        let mut running: Vec<_> =
            (0..limit::TENANT_RUNS).map(|n| runs.begin(id(n), tenant(1)).unwrap()).collect();
        assert!(runs.begin(id(99), tenant(1)).is_none() && !runs.has_room(tenant(1)));
        for n in limit::TENANT_RUNS..limit::RUNS {
            running.push(runs.begin(id(n), tenant(10 + n as u128)).expect("others have places"));
        }
        assert!(runs.begin(id(99), tenant(2)).is_none());
        let progress = runs.of(id(0));
        assert!(progress.goes_on(Instant::now(), 1).is_ok() && runs.stop(id(0)));
        assert!(matches!(progress.goes_on(Instant::now(), 1), Err(Error::Stopped)));
        running.clear();
        assert!(runs.has_room(tenant(1)) && !runs.stop(id(0)) && runs.progress(id(0)).is_none());
    }

    #[tokio::test]
    async fn the_way_down_ends_runs_and_waits_for_them() {
        let runs = Runs::default();
        let id = ExecutionId::from_uuid(Uuid::from_u128(1));
        let running = runs.begin(id, tenant(1)).unwrap();
        let progress = runs.of(id);
        assert!(!runs.end_all(Duration::from_millis(30)).await);
        assert!(matches!(progress.goes_on(Instant::now(), 1), Err(Error::Stopped)));
        let ending = tokio::spawn(async move { runs.end_all(Duration::from_secs(20)).await });
        drop(running);
        assert!(ending.await.unwrap());
    }

    #[test]
    fn too_many_readings_end_a_run() {
        let progress = Progress::default();
        assert!(progress.goes_on(Instant::now(), limit::RUN_READINGS).is_ok());
        assert!(progress.goes_on(Instant::now(), limit::RUN_READINGS + 1).is_err());
    }
}
