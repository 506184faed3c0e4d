//! Runs that are no deployments: once with given values, or over stored readings. Nothing of them reaches the world: what they would have put
//! out is recorded.
//!
//! A run is a [`Replay`] on a thread of its own; cells and running flows notice nothing. What each node was given and put out is sampled, and
//! counted whole. With another plan beside it, both run over the same readings and what leaves their last nodes is compared.

mod compare;
mod execute;
mod progress;
mod record;
mod trigger;

use std::sync::Arc;
use std::time::Duration;

use edgesync_engine::Replay;
use edgesync_engine::plan::Plan;
use edgesync_schemas::entity::execution::NodeWork;
use edgesync_schemas::flow::Problem;
use edgesync_schemas::flow::problem::Code;
use edgesync_schemas::id::{ExecutionId, FlowId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde_json::{Map, Value as Json, json};
use tracing::info;

use super::history::Stored;
use super::{Error, FlowsHandle, warm};
use compare::Comparison;
pub use execute::What;
pub use progress::{Progress, Runs};
use record::Recorder;

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    /// What came of it, for people.
    pub result: Map<String, Json>,
    /// What each node did.
    pub nodes: Vec<NodeWork>,
}

/// Stored readings to run over.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// Event time from here on.
    pub from: Timestamp,
    /// Event time before this.
    pub to: Timestamp,
}

const WAIT: Duration = Duration::from_secs(limit::RUN_WAIT_S);

impl FlowsHandle {
    /// The runs that are on their way.
    pub fn runs(&self) -> &Runs {
        &self.shared.runs
    }

    /// Runs a plan once: with values for its sources, by their ids, or else with the newest stored readings. Then time passes until nothing is due.
    ///
    /// # Errors
    /// [`Error::Refused`] with a problem for each value that fits no source; [`Error::Busy`] if it gets no place within [`limit::RUN_WAIT_S`];
    /// [`Error::Log`], [`Error::WarmUp`].
    async fn run_once(
        &self,
        flow: FlowId,
        version: u32,
        plan: Arc<Plan>,
        values: Option<&Map<String, Json>>,
    ) -> Result<Ran, Error> {
        let given = match values {
            Some(values) => {
                trigger::values(&plan, values, self.shared.log.series()).map_err(Error::Refused)?
            }
            None => trigger::newest(&plan, &self.shared.log).await?,
        };
        let readings = given.history.len();
        let (tenant, account) = self.account_of_run(flow).await?;
        let place = tokio::time::timeout(WAIT, self.shared.replays.place(tenant));
        let _place = place.await.map_err(|_| Error::Busy)??;
        let replay = Replay::new(flow, version, plan.clone(), limit::KEYS_PER_NODE, limit::CHUNK_ROWS);
        let replay = replay.within(&account);
        let recorder = Recorder::new(&plan, &replay);
        let ran = tokio::task::spawn_blocking(move || {
            let (mut replay, mut recorder) = (replay, recorder);
            let info_of = |series| given.info(series);
            let all = 0..given.history.len();
            replay.feed_stored(&given.history, all, &info_of, &mut |emission| {
                recorder.take(emission, &info_of)
            });
            replay.flush(limit::RUN_TICKS, &mut |emission| recorder.take(emission, &info_of));
            recorder.nodes(&replay)
        });
        let nodes = ran.await.map_err(|_| Error::WarmUp)?;
        let result = object(json!({"readings": readings}));
        Ok(Ran { result, nodes })
    }

    /// Runs a plan over stored readings at full speed, and another one beside it if there is one to compare with.
    ///
    /// # Errors
    /// [`Error::Ended`] if it was stopped, took longer than [`limit::RUN_S`] or met more than [`limit::RUN_READINGS`]; [`Error::Log`],
    /// [`Error::WarmUp`].
    async fn run_over(
        &self,
        id: ExecutionId,
        flow: FlowId,
        version: u32,
        plan: Arc<Plan>,
        beside: Option<Arc<Plan>>,
        range: Range,
    ) -> Result<Ran, Error> {
        let begun = std::time::Instant::now();
        let (_, account) = self.account_of_run(flow).await?;
        let log = &self.shared.log;
        let progress = self.shared.runs.of(id);
        let new = |plan: &Arc<Plan>| {
            let keys = limit::KEYS_PER_NODE;
            Replay::new(flow, version, plan.clone(), keys, limit::CHUNK_ROWS).within(&account)
        };
        let mut replay = new(&plan);
        let mut recorder = Recorder::new(&plan, &replay);
        let mut other = beside.map(|other| {
            let replay = new(&other);
            let comparison = Comparison::new(&plan, &other, &replay);
            (replay, comparison)
        });
        let mut stored = Stored::new(log.clone(), &plan, range.from, range.to, log.end());
        if let Some((_, comparison)) = &other {
            stored.also_of(comparison.plan());
        }
        let mut readings = 0u64;
        while let Some(history) = stored.next().await? {
            readings += history.len() as u64;
            progress.reached(readings, stored.at());
            let (mut taken, mut compared, watched) = (recorder, other.take(), progress.clone());
            let (done, goes_on);
            (replay, (recorder, done, goes_on)) = warm::run_with(replay, log, move |replay, info_of| {
                let mut goes_on = Ok(());
                // a slice may be much work: it is looked at again and again whether the run may go on
                for first in (0..history.len()).step_by(limit::CHUNK_ROWS) {
                    goes_on = watched.goes_on(begun, readings);
                    if goes_on.is_err() {
                        break;
                    }
                    let rows = first..history.len().min(first + limit::CHUNK_ROWS);
                    let mut tap = compared.as_mut().map(|(_, comparison)| comparison);
                    replay.feed_stored(&history, rows.clone(), info_of, &mut |emission| {
                        if let Some(comparison) = &mut tap {
                            comparison.draft(&emission);
                        }
                        taken.take(emission, info_of);
                    });
                    if let Some((other, comparison)) = &mut compared {
                        let mut take = |emission| comparison.deployed(&emission);
                        other.feed_stored(&history, rows, info_of, &mut take);
                    }
                }
                (taken, compared, goes_on)
            })
            .await?;
            goes_on?;
            other = done;
        }
        let seconds = begun.elapsed().as_secs_f64();
        info!(%flow, version, readings, seconds, "flow ran over stored readings");
        let mut result = object(json!({
            "readings": readings,
            "from": range.from,
            "to": range.to,
            "seconds": seconds,
            "readings_per_s": if seconds > 0.0 { readings as f64 / seconds } else { 0.0 },
        }));
        if let Some((_, comparison)) = &other {
            result.insert("compared_with_deployed".into(), comparison.result(log.series()));
        }
        result.insert("effects".into(), recorder.effects(&replay));
        Ok(Ran { result, nodes: recorder.nodes(&replay) })
    }
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

/// A problem of a value that a run is given.
fn problem(node: &str, code: Code, message: impl Into<String>) -> Problem {
    Problem::of_field(node, TRIGGER_DATA, code, message)
}

/// The key of a run's body that has values.
pub const TRIGGER_DATA: &str = "trigger_data";
