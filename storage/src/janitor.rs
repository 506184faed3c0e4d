//! The janitor: drops what is too old, in the background and in small pieces, for as long as the server runs.
//!
//! Every [`limit::RETENTION_LOOK_S`] it reads for how long the projects want the readings of their devices, and tells the log, which
//! from then on neither returns nor takes what is older. Every [`limit::RETENTION_PASS_S`], and when the store has passed the size it may
//! have, it lets the log drop what nobody may read any more, and the catalog what has ended.
//!
//! A device was deleted if the log knows it and the catalog does not. The log is asked first: a device that is made in between is in neither
//! list. Its series and marks are forgotten with its last reading, but not before [`limit::DELETED_DEVICE_S`] have passed: its socket may
//! outlive it for a moment.
//!
//! Who asks for less than before may have mistyped: from then on what is older is hidden, but for [`limit::RETENTION_REGRET_S`] nothing of it is
//! dropped. What was asked before the server started is not known, so nothing is dropped in that time after its start. A store past its size
//! cannot wait for that.
//!
//! Nothing here is kept across a restart: the first pass of the next process finds what this one left.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use edgesync_schemas::id::DeviceId;
use edgesync_schemas::limit;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::catalog::{self, Catalog};
use crate::log::{self, Expired, Expiry, ReadingLog, Retention, SLICE};

/// What may be set.
#[derive(Debug, Clone)]
pub struct Options {
    /// Days that readings are kept of devices that are in no project. Default: [`limit::RETENTION_DAYS_DEFAULT`].
    pub default_days: u32,
    /// Bytes that sealed readings may take on disk; 0 for as many as there are. Default: 0.
    pub bytes_max: u64,
    /// Between two looks. Default: [`limit::RETENTION_LOOK_S`].
    pub look: Duration,
    /// Between two passes. Default: [`limit::RETENTION_PASS_S`].
    pub pass: Duration,
    /// For how long what was asked before is kept still. Default: [`limit::RETENTION_REGRET_S`].
    pub regret: Duration,
    /// From when a device was found deleted to when its series may be forgotten. Default: [`limit::DELETED_DEVICE_S`].
    pub deleted: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            default_days: limit::RETENTION_DAYS_DEFAULT,
            bytes_max: 0,
            look: Duration::from_secs(limit::RETENTION_LOOK_S),
            pass: Duration::from_secs(limit::RETENTION_PASS_S),
            regret: Duration::from_secs(limit::RETENTION_REGRET_S),
            deleted: Duration::from_secs(limit::DELETED_DEVICE_S),
        }
    }
}

/// Why a pass was given up. The next one begins anew.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the catalog")]
    Catalog(#[from] catalog::Error),
    #[error("the reading log")]
    Log(#[from] log::Error),
}

/// The janitor's task. Dropping it ends it; what it was about stays undone until the next one.
#[derive(Debug)]
pub struct Janitor {
    task: JoinHandle<()>,
}

impl Janitor {
    /// Tells the log for how long it keeps readings, and starts. Cancel safe.
    ///
    /// # Errors
    /// Of the catalog: then nothing is known of what projects ask, and readings might be refused that they want.
    pub async fn start(catalog: Catalog, log: ReadingLog, options: Options) -> Result<Self, catalog::Error> {
        let before = Before::everything(options.regret);
        let mut work = Work { catalog, log, options, before, missing: HashMap::new() };
        work.look().await?;
        Ok(Self { task: tokio::spawn(async move { work.run().await }) })
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Work {
    catalog: Catalog,
    log: ReadingLog,
    options: Options,
    before: Before,
    /// Devices that the log knows and the catalog does not, and since when.
    missing: HashMap<DeviceId, Instant>,
}

impl Work {
    async fn run(&mut self) {
        let mut due = Instant::now();
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "what projects ask could not be read; readings are kept as before"
                );
            }
            if Instant::now() >= due || self.is_full().await {
                match self.pass().await {
                    Ok(()) => {}
                    Err(Error::Log(log::Error::Closed)) => return,
                    Err(error) => {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "retention failed, will try again"
                        );
                    }
                }
                due = Instant::now() + self.options.pass;
            }
            sleep(self.options.look).await;
        }
    }

    async fn look(&mut self) -> Result<(), catalog::Error> {
        let days = self.catalog.retention_days(self.options.default_days).await?;
        let retention = Retention::new(self.options.default_days, days);
        let asked = self.log.retention();
        if *asked != retention {
            self.before.add(&asked, Instant::now());
            self.log.set_retention(retention);
        }
        Ok(())
    }

    async fn is_full(&self) -> bool {
        if let Err(error) = self.log.measure().await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "what readings take could not be measured"
            );
        }
        self.options.bytes_max > 0 && self.log.stats().stored_bytes > self.options.bytes_max
    }

    async fn pass(&mut self) -> Result<(), Error> {
        let started = Instant::now();
        let gone = self.gone().await?;
        let kept = self.before.or_longer(self.log.retention(), Instant::now());
        let mut pass = Expiry::new(log::now(), self.options.bytes_max, gone, kept);
        while !pass.is_done() {
            pass = self.log.expire(pass, SLICE).await?;
            if !pass.is_done() {
                // As long again for others.
                sleep(SLICE).await;
            }
        }
        report(pass.expired(), started.elapsed());
        self.catalog.remove_ended().await?;
        self.catalog.prune_device_history().await?;
        Ok(())
    }

    /// Devices that were deleted for long enough.
    async fn gone(&mut self) -> Result<HashSet<DeviceId>, Error> {
        let known = self.log.devices();
        let missing = self.catalog.missing_devices(known).await?;
        let now = Instant::now();
        self.missing = missing
            .into_iter()
            .map(|device| (device, self.missing.get(&device).copied().unwrap_or(now)))
            .collect();
        let long = self.missing.iter().filter(|(_, since)| now - **since >= self.options.deleted);
        Ok(long.map(|(device, _)| *device).collect())
    }
}

/// What was asked before, for as long as it may be regretted.
struct Before {
    regret: Duration,
    /// Oldest first: since when something else is asked, until when it counts, and what it was; merged where they are close together.
    asked: VecDeque<(Instant, Instant, Arc<Retention>)>,
}

/// A [`Before`] has one entry more than this.
const ENTRIES: u32 = 6;

impl Before {
    /// Nobody knows: everything.
    fn everything(regret: Duration) -> Self {
        let now = Instant::now();
        Self { regret, asked: [(now, now + regret, Arc::default())].into() }
    }

    /// Until `now` this was asked.
    fn add(&mut self, asked: &Arc<Retention>, now: Instant) {
        let until = now + self.regret;
        match self.asked.back_mut() {
            Some((since, end, before)) if now - *since < self.regret / ENTRIES => {
                (*end, *before) = (until, Arc::new(before.or_longer(asked)));
            }
            _ => self.asked.push_back((now, until, asked.clone())),
        }
    }

    /// The longest of what is asked and what was.
    fn or_longer(&mut self, asked: Arc<Retention>, now: Instant) -> Arc<Retention> {
        self.asked.retain(|(_, until, _)| *until > now);
        self.asked.iter().fold(asked, |longest, (_, _, before)| Arc::new(longest.or_longer(before)))
    }
}

fn report(expired: Expired, took: Duration) {
    if !expired.is_something() {
        return;
    }
    let Expired { readings, younger, blocks, bytes, freed_bytes, series, oldest } = expired;
    let oldest = oldest.map(|oldest| oldest.to_string());
    let seconds = took.as_secs_f64();
    if younger > 0 {
        tracing::warn!(
            readings,
            younger,
            blocks,
            bytes,
            freed_bytes,
            series,
            oldest,
            seconds,
            "the store is full: readings were dropped that are younger than their retention"
        );
    } else {
        tracing::info!(readings, blocks, bytes, freed_bytes, series, oldest, seconds, "retention");
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_was_asked_before_is_kept_for_a_while() {
        let device = DeviceId::from_uuid(Uuid::from_u128(1));
        let asks = |days| Arc::new(Retention::new(30, HashMap::from([(device, days)])));
        let (start, minute) = (Instant::now(), Duration::from_secs(60));
        let mut before = Before::everything(60 * minute);
        let kept =
            |before: &mut Before, minutes| before.or_longer(asks(5), start + minutes * minute).days(device);
        assert!(kept(&mut before, 59) > 3_650, "the server has just started");
        assert_eq!(kept(&mut before, 61), 5);
        before.add(&asks(365), start + 100 * minute);
        before.add(&asks(7), start + 101 * minute);
        assert_eq!((kept(&mut before, 159), before.asked.len()), (365, 1), "close together");
        before.add(&asks(90), start + 120 * minute);
        assert_eq!((kept(&mut before, 162), kept(&mut before, 181)), (90, 5));
        for minutes in 200..400 {
            before.add(&asks(6), start + minutes * minute);
            kept(&mut before, minutes);
            assert!(before.asked.len() <= ENTRIES as usize + 1);
        }
    }
}
