//! How a version begins: empty, with what the running one remembers, or with what it made of stored readings beside it.
//!
//! A version that must warm up runs on a thread of its own, fed first with stored readings as far back as its nodes look, then with what was
//! committed since, until it is close to the end of the log. Its cell then gives it the last commits and puts it in the place of the running one,
//! between two readings: none is lost, doubled or seen in another order, and the other flows of the cell notice nothing. If anything goes wrong
//! before that, what runs runs on.

use std::sync::Arc;
use std::time::Duration;

use edgesync_engine::cell::command::{Begin, Outcome};
use edgesync_engine::plan::Plan;
use edgesync_engine::replay::InfoOf;
use edgesync_engine::{Change, History, Replay, Saved};
use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;
use edgesync_storage::log::ReadingLog;
use tokio::time::Instant;
use tracing::{info, warn};

use super::history::Stored;
use super::states::{Place, load};
use super::{BUSY, Error, FlowsHandle, Version, manager};
use crate::cell::now;

/// Commits of the log that are run before the thread lets others run.
const COMMITS_AT_ONCE: usize = 64;

impl FlowsHandle {
    /// Runs a version in place of what runs of the flow now.
    pub(super) async fn upgrade(&self, version: Version) -> Result<(), Error> {
        let flow = version.flow;
        let Some((cell, old)) = self.running(flow) else { return self.install(version, Begin::Empty).await };
        match old.plan.change_to(&version.installed.plan) {
            Change::Cosmetic => self.relabel(version).await,
            Change::Hot => self.install(version, Begin::Empty).await,
            Change::Cold => {
                let until = Instant::now() + Duration::from_secs(limit::WARM_UP_S);
                let old = cell.save(flow).await?;
                for _ in 0..limit::CUT_OVER_TRIES {
                    let warm = self.warm_up(&version, None, old.as_ref());
                    let replay = tokio::time::timeout_at(until, warm).await.map_err(|_| Error::WarmUp)??;
                    let next = replay.next();
                    // a version that is further than its cell would leave out what lies between
                    let reached = async {
                        while cell.reached().next < next {
                            tokio::time::sleep(BUSY).await;
                        }
                    };
                    tokio::time::timeout_at(until, reached).await.map_err(|_| Error::WarmUp)?;
                    match self.put(version.clone(), Begin::Prepared(replay.prepared())).await? {
                        Outcome::Installed(_) => return Ok(()),
                        Outcome::Removed => return Err(Error::Stopped),
                        Outcome::Behind(_) | Outcome::Ahead(_) | Outcome::BadState => {
                            info!(%flow, %next, "version is not where its cell is, it warms up again");
                        }
                    }
                }
                Err(Error::WarmUp)
            }
        }
    }

    /// Starts what ran when the server stopped, on the cell that it ran on: as it was saved last, or warmed up; if that is not done by then, with
    /// nothing remembered.
    pub(super) async fn resume(&self, version: Version, place: Place, until: Instant) -> Result<(), Error> {
        let (flow, slowed) = (version.flow, place.slowed.clone());
        self.resume_at(version, place, until).await?;
        if let Some(reason) = slowed {
            let _ = self.shared.manager.cast(manager::Message::Slowed(flow, reason));
        }
        Ok(())
    }

    async fn resume_at(&self, version: Version, place: Place, until: Instant) -> Result<(), Error> {
        let (flow, put_out, cell) = (version.flow, place.put_out, place.cell);
        let empty = Begin::At(put_out.next);
        if !version.installed.remembers {
            return self.install_at(version, empty, cell).await;
        }
        if let Some(needed) = place.needed
            && let Some(saved) = load(&self.shared.log, flow, needed).await
        {
            // before it runs: until it is saved again it needs what came since
            self.shared.states.resumed(flow, saved.next);
            let begin = Begin::Saved(Box::new(saved), put_out.next, put_out.clock);
            match self.put_at(version.clone(), begin, cell).await? {
                Outcome::Installed(_) => return Ok(()),
                Outcome::Removed => return Err(Error::Stopped),
                outcome => info!(%flow, ?outcome, "what the flow remembers cannot be used, it warms up"),
            }
        }
        let warm = self.warm_up(&version, Some(put_out.next), None);
        match tokio::time::timeout_at(until, warm).await {
            Ok(replay) => {
                let prepared = replay?.resuming(put_out.next, put_out.clock);
                self.install_at(version, Begin::Prepared(prepared), cell).await
            }
            Err(_) => {
                warn!(%flow, "what is stored for the flow takes too long to run over: it goes on with nothing remembered");
                self.install_at(version, empty, cell).await
            }
        }
    }

    /// Runs a version over what is stored, as far back as it looks, up to `end`, or to where the log ends by then. What it takes the place of gives
    /// its series the keys that they have.
    async fn warm_up(
        &self,
        version: &Version,
        end: Option<Offset>,
        old: Option<&Saved>,
    ) -> Result<Replay, Error> {
        let _turn = self.shared.replays.acquire().await.map_err(|_| Error::Stopped)?;
        let log = &self.shared.log;
        let plan = version.installed.plan.clone();
        let keys = limit::KEYS_PER_NODE;
        let mut replay =
            Replay::new(version.flow, version.installed.version, plan.clone(), keys, limit::CHUNK_ROWS);
        if let Some(old) = old {
            replay.number_as(old, &|of| log.series().info(of));
        }
        // what is committed from here on comes from the log's tail
        let from = end.unwrap_or_else(|| log.end());
        let mut tail = log.tail(from);
        let mut stored = Stored::looking_back(log.clone(), &plan, from);
        let started = now();
        while let Some(history) = stored.next().await? {
            replay = run(replay, log, move |replay, info_of| {
                replay.feed_stored(&history, 0..history.len(), info_of, &mut |_| ());
            })
            .await?;
        }
        replay.skip_to(from);
        while end.is_none() {
            let mut commits = Vec::new();
            while commits.len() < COMMITS_AT_ONCE
                && let Some(commit) = tail.next_now().await?
            {
                commits.push(commit);
            }
            if commits.is_empty() {
                break;
            }
            replay = run(replay, log, move |replay, info_of| {
                for commit in &commits {
                    replay.feed(&History::of_commit(commit), info_of, &mut |_| ());
                }
            })
            .await?;
        }
        let took_ms = (now().as_us() - started.as_us()) / 1000;
        info!(flow = %version.flow, version = version.installed.version, took_ms, next = %replay.next(), "version warmed up");
        Ok(replay)
    }
}

impl Stored {
    /// What the nodes of a plan look back at.
    fn looking_back(log: ReadingLog, plan: &Arc<Plan>, end: Offset) -> Self {
        let horizon_ms = plan.looks_back_ms(Some(limit::WARM_UP_MS)).unwrap_or(limit::WARM_UP_MS);
        let from = if horizon_ms == 0 {
            edgesync_schemas::time::Timestamp::MAX
        } else {
            now().plus_us(-horizon_ms * 1000)
        };
        Self::new(log, plan, from, edgesync_schemas::time::Timestamp::MAX, end)
    }
}

/// Runs a replay a little further, on a thread where it may take its time.
async fn run(
    replay: Replay,
    log: &ReadingLog,
    work: impl FnOnce(&mut Replay, InfoOf<'_>) + Send + 'static,
) -> Result<Replay, Error> {
    run_with(replay, log, work).await.map(|(replay, ())| replay)
}

/// As [`run`], with an answer.
pub(super) async fn run_with<T: Send + 'static>(
    mut replay: Replay,
    log: &ReadingLog,
    work: impl FnOnce(&mut Replay, InfoOf<'_>) -> T + Send + 'static,
) -> Result<(Replay, T), Error> {
    let series = log.series().clone();
    let ran = tokio::task::spawn_blocking(move || {
        let answer = work(&mut replay, &|of| series.info(of));
        (replay, answer)
    });
    ran.await.map_err(|_| Error::WarmUp)
}
