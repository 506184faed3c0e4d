//! Flows that could not be started with the server for a reason that passes: a database that was away for a moment, cells that had no room.

use std::time::Duration;

use edgesync_schemas::flow::Diagram;
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use tracing::info;

use super::check::Gone;
use super::turns::Deploying;
use super::warm::Warm;
use super::{Error, FlowsHandle, Version};

const AGAIN: Duration = Duration::from_secs(limit::START_AGAIN_S);
const WARM_UP: Duration = Duration::from_secs(limit::WARM_UP_S);

impl FlowsHandle {
    /// Starts these flows every [`limit::START_AGAIN_S`], until each of them runs, cannot run, or is not to run any more.
    pub(super) async fn start_later(self, mut waiting: Vec<FlowId>) {
        let mut stopped = self.shared.stopped.subscribe();
        while !waiting.is_empty() {
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
            let mut left = Vec::new();
            for flow in waiting {
                match self.start_one(flow).await {
                    // somebody stops it, or all of them
                    Ok(()) | Err(Error::Cancelled | Error::Stopped) => {}
                    Err(error) => {
                        self.refuse(flow, &error);
                        if error.passes() {
                            left.push(flow);
                        }
                    }
                }
            }
            waiting = left;
        }
    }

    async fn start_one(&self, flow: FlowId) -> Result<(), Error> {
        let deploying = self.shared.turns.deploying(flow).await?;
        let Some(version) = self.to_start(flow).await? else { return Ok(()) };
        let number = version.installed.version;
        let warm = tokio::select! {
            warm = tokio::time::timeout(WARM_UP, self.warm_to_start(&version, &deploying)) => warm.map_err(|_| Error::WarmUp)??,
            () = deploying.ended() => return Err(Error::Cancelled),
        };
        let _turn = deploying.turn().await?;
        self.switch(version, warm, &deploying).await?;
        self.shared.executions.runs(flow, number);
        info!(%flow, version = number, "flow that could not be started runs");
        Ok(())
    }

    /// What is to run of a flow, if that does not run.
    async fn to_start(&self, flow: FlowId) -> Result<Option<Version>, Error> {
        if self.running(flow).is_some() {
            return Ok(None);
        }
        let Some(found) = self.shared.catalog.deployed_flow(flow).await? else { return Ok(None) };
        let diagram = serde_json::from_value::<Diagram>(found.diagram)
            .map_err(|error| Error::Actor(format!("its diagram cannot be read: {error}")))?;
        let compiled = self.compile(flow, &diagram, Gone::PassOver).await;
        if let Err(error @ Error::Refused(_)) = &compiled {
            self.shared.executions.failed(flow, found.version, &error.to_string());
        }
        Ok(Some(self.version(flow, found.version, compiled?).await?))
    }

    /// Cells have gone on since the flow was saved, so it begins with what is stored.
    async fn warm_to_start(&self, version: &Version, deploying: &Deploying) -> Result<Option<Warm>, Error> {
        if !version.installed.remembers {
            return Ok(None);
        }
        let end = self.shared.log.end();
        let hold = self.shared.log.hold(end);
        let replay = self.warm_up(version, end, None, Some(deploying)).await?;
        Ok(Some(Warm { replay, hold }))
    }
}
