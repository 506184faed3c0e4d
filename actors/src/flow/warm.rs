//! How a version begins: empty, with what the running one remembers, or with what it made of stored readings beside it.
//!
//! A version that must warm up runs on a thread of its own, fed first with stored readings as far back as its nodes look, up to where its cell is, then
//! with what the cell has done since. The cell then gives it the last commits and puts it in the place of the running one, between two readings: none
//! is lost, doubled or seen in another order, and the other flows of the cell notice nothing. If anything goes wrong before that, what runs runs on.

use std::sync::Arc;
use std::time::Duration;

use edgesync_engine::cell::command::{Begin, Outcome, Told};
use edgesync_engine::plan::Plan;
use edgesync_engine::replay::InfoOf;
use edgesync_engine::{Change, History, Replay, Saved};
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::log::{Hold, ReadingLog};
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::history::Stored;
use super::states::{Place, load};
use super::turns::{Deploying, Stage};
use super::{BUSY, Error, FlowsHandle, Version, manager};
use crate::cell::now;

/// Commits of the log that are run before the thread lets others run.
const COMMITS_AT_ONCE: usize = 64;
const WARM_UP: Duration = Duration::from_secs(limit::WARM_UP_S);

impl FlowsHandle {
    /// What a version made of stored readings, if it must begin with that to take the place of what runs.
    pub(super) async fn warmed(
        &self,
        version: &Version,
        deploying: &Deploying,
    ) -> Result<Option<Warm>, Error> {
        let flow = version.flow;
        let Some((cell, old)) = self.running(flow) else { return Ok(None) };
        if old.plan.change_to(&version.installed.plan) != Change::Cold {
            return Ok(None);
        }
        let work = async {
            deploying.is_at(version.installed.version, Stage::Waiting);
            let old = cell.save(flow).await?;
            // what runs may have seen more than its cell
            let end = cell.put_out(flow).next;
            let hold = self.shared.log.hold(end);
            let replay = self.warm_up(version, end, old.as_ref(), Some(deploying)).await?;
            self.follow(Warm { replay, hold }, flow).await
        };
        tokio::select! {
            warm = tokio::time::timeout(WARM_UP, work) => warm.map_err(|_| Error::WarmUp)?.map(Some),
            () = deploying.ended() => Err(Error::Cancelled),
        }
    }

    /// Runs a version in place of what runs of the flow now.
    pub(super) async fn switch(
        &self,
        version: Version,
        warm: Option<Warm>,
        deploying: &Deploying,
    ) -> Result<(), Error> {
        match (self.running(version.flow), warm) {
            (_, Some(warm)) => self.cut_over(version, warm, deploying).await,
            (Some((_, old)), None) if old.plan.change_to(&version.installed.plan) == Change::Cosmetic => {
                self.relabel(version).await
            }
            (_, None) => self.install(version, Begin::Empty).await,
        }
    }

    /// Puts a version that warmed up in the place of what runs. If its cell has gone on too far meanwhile, it is fed on from where it is. That ends with its
    /// deployment, and has [`limit::WARM_UP_S`] in all.
    pub(super) async fn cut_over(
        &self,
        version: Version,
        mut warm: Warm,
        deploying: &Deploying,
    ) -> Result<(), Error> {
        let (flow, until) = (version.flow, Instant::now() + WARM_UP);
        let given_up = async || {
            tokio::select! {
                () = sleep_until(until) => {}
                () = deploying.ended() => {}
            }
        };
        let why = || if deploying.is_ended() { Error::Cancelled } else { Error::WarmUp };
        for _ in 0..limit::CUT_OVER_TRIES {
            warm = tokio::select! {
                warm = self.follow(warm, flow) => warm?,
                () = given_up() => return Err(why()),
            };
            let Warm { replay, hold } = warm;
            let next = replay.next();
            let begin = Begin::Prepared(replay.prepared());
            match self.put_unless(version.clone(), begin, None, given_up()).await {
                Err(Error::Busy) if deploying.is_ended() || Instant::now() >= until => return Err(why()),
                Err(error) => return Err(error),
                Ok(Told { outcome: Outcome::Installed(_), .. }) => return Ok(()),
                Ok(Told { outcome: Outcome::Removed, .. }) => return Err(Error::Stopped),
                Ok(Told { outcome, back: Some(back) }) => {
                    info!(%flow, %next, ?outcome, "version is not where its cell is, it goes on");
                    warm = Warm { replay: Replay::again(back, limit::CHUNK_ROWS), hold };
                }
                Ok(Told { back: None, .. }) => return Err(Error::WarmUp),
            }
        }
        Err(Error::WarmUp)
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
            match self.put_at(version.clone(), begin, cell).await?.outcome {
                Outcome::Installed(_) => return Ok(()),
                Outcome::Removed => return Err(Error::Stopped),
                outcome => info!(%flow, ?outcome, "what the flow remembers cannot be used, it warms up"),
            }
        }
        let warm = self.warm_up(&version, put_out.next, None, None);
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

    /// Runs a version over what is stored, as far back as it looks, up to `end`. What it takes the place of gives its series the keys that they have.
    pub(super) async fn warm_up(
        &self,
        version: &Version,
        end: Offset,
        old: Option<&Saved>,
        deploying: Option<&Deploying>,
    ) -> Result<Replay, Error> {
        let Version { flow, installed } = version;
        let _place = self.shared.replays.place(installed.tenant).await?;
        let log = &self.shared.log;
        let keys = limit::KEYS_PER_NODE;
        let replay = Replay::new(*flow, installed.version, installed.plan.clone(), keys, limit::CHUNK_ROWS);
        let mut replay = replay.within(&installed.account.beside());
        if let Some(old) = old {
            replay.number_as(old, &|of| log.series().info(of));
        }
        if let Some(deploying) = deploying {
            deploying.is_at(installed.version, Stage::WarmingUp);
        }
        let started = now();
        let mut stored = Stored::looking_back(log.clone(), &installed.plan, started, end);
        let from = stored.at();
        while let Some(history) = stored.next().await? {
            if let Some(deploying) = deploying {
                let part = |at: Timestamp| (at.as_us() - from.as_us()) as f64;
                deploying.has_read(history.len() as u64, part(stored.at()) / part(started).max(1.0));
            }
            replay = run(replay, log, move |replay, info_of| {
                replay.feed_stored(&history, 0..history.len(), info_of, &mut |_| ());
            })
            .await?;
        }
        replay.skip_to(end);
        if let Some(deploying) = deploying {
            deploying.is_at(installed.version, Stage::CuttingOver);
            deploying.has_read(0, 1.0);
        }
        let took_ms = (now().as_us() - started.as_us()) / 1000;
        info!(%flow, version = installed.version, took_ms, next = %replay.next(), "version warmed up");
        Ok(replay)
    }

    /// Feeds a version what its flow has seen since, or all there is if the flow runs nowhere. Of one that is further than the cell it waits until the cell is as
    /// far: what lies between would be left out.
    async fn follow(&self, warm: Warm, flow: FlowId) -> Result<Warm, Error> {
        let Warm { mut replay, hold } = warm;
        let log = &self.shared.log;
        let mut tail = log.tail(replay.next());
        loop {
            let places = self.running(flow).map(|(cell, _)| (cell.reached().next, cell.put_out(flow).next));
            let (cell, to) = places.unwrap_or_else(|| (log.end(), log.end()));
            if replay.next() == to && cell >= to {
                hold.advance(to);
                return Ok(Warm { replay, hold });
            }
            if replay.next() >= to {
                tokio::time::sleep(BUSY).await;
                continue;
            }
            let mut commits = Vec::new();
            while commits.len() < COMMITS_AT_ONCE
                && tail.cursor() < to
                && let Some(commit) = tail.next_now().await?
            {
                commits.push(commit);
            }
            if commits.is_empty() {
                // a moment before the tail has it
                tokio::time::sleep(BUSY).await;
                continue;
            }
            replay = run(replay, log, move |replay, info_of| {
                for commit in &commits {
                    replay.feed(&History::of_commit(commit), info_of, &mut |_| ());
                }
            })
            .await?;
        }
    }
}

/// Milliseconds of event time that a version of this plan is fed before it takes the place of what runs.
pub(super) fn looks_back_ms(plan: &Plan) -> i64 {
    plan.looks_back_ms(Some(limit::WARM_UP_MS)).unwrap_or(limit::WARM_UP_MS)
}

/// A version that has seen what is stored, and the readings that it needs next.
#[derive(Debug)]
pub(super) struct Warm {
    pub replay: Replay,
    pub hold: Hold,
}

impl Stored {
    /// What the nodes of a plan look back at, from a time on.
    fn looking_back(log: ReadingLog, plan: &Arc<Plan>, at: Timestamp, end: Offset) -> Self {
        let horizon_ms = looks_back_ms(plan);
        let from = if horizon_ms == 0 { Timestamp::MAX } else { at.plus_us(-horizon_ms * 1000) };
        Self::new(log, plan, from, Timestamp::MAX, end)
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
