//! The janitor: drops what is too old, in the background and in small pieces, for as long as the server runs.
//!
//! Every [`limit::RETENTION_LOOK_S`] it reads for how long the projects want the readings of their devices, and tells the log, which
//! from then on neither returns nor takes what is older. Every [`limit::RETENTION_PASS_S`], and when the store has passed the size it may
//! have, it lets the log drop what nobody may read any more; beside that, it lets the catalog drop what has ended.
//!
//! A device was deleted if the log knows it and the catalog does not. The log is asked first: a device that is made in between is in neither
//! list. Its series and marks are forgotten with its last reading, but not before [`limit::DELETED_DEVICE_S`] have passed: its socket may
//! outlive it for a moment.
//!
//! Rows that flows store are kept as what the flow's project asks, by the same rules; a flow that was deleted takes them along, an hour later
//! (`janitor/derived.rs`).
//!
//! Who asks for less than before may have mistyped: from then on what is older is hidden, but for [`limit::RETENTION_REGRET_S`] nothing of it is
//! dropped. What was asked before the server started is not known, so nothing is dropped in that time after its start, nor after the clock went
//! forward by itself (`janitor/before.rs`). A store past its size cannot wait for that.
//!
//! Nothing here is kept across a restart: the first pass of the next process finds what this one left.

mod before;
mod derived;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_schemas::id::{DeviceId, FlowId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use before::{Before, longest};

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
        let before = Mutex::new(Before::everything(options.regret, Instant::now(), log::now()));
        let work = Work { catalog, log, options, before };
        work.look().await?;
        Ok(Self { task: tokio::spawn(async move { work.run().await }) })
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the log knows and the catalog does not, and since when.
#[derive(Default)]
struct Missing {
    devices: HashMap<DeviceId, Instant>,
    flows: HashMap<FlowId, Instant>,
}

struct Work {
    catalog: Catalog,
    log: ReadingLog,
    options: Options,
    before: Mutex<Before>,
}

impl Work {
    /// Each goes on whatever the others are about: dropping a day may take long.
    async fn run(&self) {
        tokio::join!(self.look_on(), self.drop_on(), self.prune_on());
    }

    async fn look_on(&self) {
        loop {
            sleep(self.options.look).await;
            if let Err(error) = self.look().await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "what projects ask could not be read; readings are kept as before");
            }
        }
    }

    async fn drop_on(&self) {
        let (mut due, mut missing, mut is_of_use) = (Instant::now(), Missing::default(), true);
        loop {
            // A pass that freed nothing frees nothing a minute later.
            if Instant::now() >= due || (is_of_use && self.is_full().await) {
                due = Instant::now() + self.options.pass;
                match self.pass(&mut missing).await {
                    Ok(expired) => is_of_use = expired.bytes > 0,
                    Err(Error::Log(log::Error::Closed)) => return,
                    Err(error) => {
                        is_of_use = false;
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, "retention failed, will try again");
                    }
                }
            }
            sleep(self.options.look).await;
        }
    }

    async fn prune_on(&self) {
        loop {
            if let Err(error) = self.prune().await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the catalog was not pruned, will try again");
            }
            sleep(self.options.pass).await;
        }
    }

    async fn look(&self) -> Result<(), catalog::Error> {
        let days = self.catalog.retention_days(self.options.default_days).await?;
        let flows = self.catalog.flow_retention_days(self.options.default_days).await?;
        let retention = Retention::new(self.options.default_days, days).with_flows(flows);
        let asked = self.log.retention();
        if *asked != retention {
            self.before().add(&asked, Instant::now());
            self.log.set_retention(retention);
        }
        Ok(())
    }

    /// Whether the store has passed its size. It is measured only if it has one.
    async fn is_full(&self) -> bool {
        if self.options.bytes_max == 0 {
            return false;
        }
        if let Err(error) = self.log.measure().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "what readings take could not be measured");
        }
        self.log.stats().stored_bytes > self.options.bytes_max
    }

    async fn pass(&self, missing: &mut Missing) -> Result<Expired, Error> {
        let started = Instant::now();
        let gone = self.gone(&mut missing.devices).await?;
        let now = log::now();
        let (asked, before) = {
            let mut before = self.before();
            if let Some(ahead) = before.clock_ran_ahead(started, now) {
                let ahead_s = ahead.as_secs();
                tracing::warn!(ahead_s, "the clock went forward: nothing is dropped for its age for a while");
            }
            (self.log.retention(), before.counts(started))
        };
        // Maps of all devices.
        let kept = tokio::task::spawn_blocking(move || longest(asked, before)).await;
        let kept = kept.map_err(|_| log::Error::Closed)?;
        let readings = self.pass_readings(now, kept.clone(), gone, started).await;
        match self.pass_derived(now, &kept, &mut missing.flows).await {
            Err(error) if !matches!(error, Error::Log(log::Error::Closed)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "retention of what flows stored failed, will try again");
            }
            done => done?,
        }
        readings
    }

    async fn pass_readings(
        &self,
        now: Timestamp,
        kept: Arc<Retention>,
        gone: HashSet<DeviceId>,
        started: Instant,
    ) -> Result<Expired, Error> {
        let mut pass = Expiry::new(now, self.options.bytes_max, gone, kept);
        while !pass.is_done() {
            pass = self.log.expire(pass, SLICE).await?;
            if !pass.is_done() {
                // As long again for others.
                sleep(SLICE).await;
            }
        }
        report(pass.expired(), started.elapsed());
        Ok(pass.expired())
    }

    async fn prune(&self) -> Result<(), catalog::Error> {
        self.catalog.remove_ended().await?;
        self.catalog.remove_deleted().await?;
        self.catalog.prune_device_history().await?;
        self.catalog.prune_executions().await?;
        Ok(())
    }

    fn before(&self) -> MutexGuard<'_, Before> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Devices that were deleted for long enough. `missing` are those that the log knows and the catalog does not, and since when.
    async fn gone(&self, missing: &mut HashMap<DeviceId, Instant>) -> Result<HashSet<DeviceId>, Error> {
        let known = self.log.devices();
        let found = self.catalog.missing_devices(known).await?;
        let now = Instant::now();
        let since = |device| (device, missing.get(&device).copied().unwrap_or(now));
        *missing = found.into_iter().map(since).collect();
        let long = missing.iter().filter(|(_, since)| now - **since >= self.options.deleted);
        Ok(long.map(|(device, _)| *device).collect())
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
