//! Starting what was deployed when the server stopped, before anybody may ask for anything.
//!
//! Flows are compiled, their devices looked up and what they remember read several at a time. Cells are not fed until all are installed, so no
//! flow misses what another one sees.

use std::time::Duration;

use edgesync_schemas::entity::flow::DeployedFlow;
use edgesync_schemas::flow::Diagram;
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_storage::catalog::Deployment;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;
use tracing::{info, warn};

use super::check::Gone;
use super::states::Places;
use super::{Error, FlowsHandle, manager};
use crate::cell::now;

impl Error {
    /// Whether it may be no error the next time.
    pub(super) fn passes(&self) -> bool {
        !matches!(self, Self::Refused(_) | Self::Actor(_) | Self::Stopped)
    }
}

impl FlowsHandle {
    /// Deploys what was deployed when the server stopped. A flow that cannot run any more is marked with the reason, and stops nothing; one that cannot for
    /// a reason that passes is started later.
    ///
    /// # Errors
    /// [`Error::Catalog`] if it cannot be read which flows those are, [`Error::Stopped`].
    pub(super) async fn deploy_active(&self, places: &Places) -> Result<(), Error> {
        self.shared.catalog.stop_flows_of_all_deleted().await?;
        let flows = self.shared.catalog.deployed_flows().await?;
        let deployed = flows.iter().map(|flow| flow.id).collect();
        if let Err(error) = self.shared.states.forget_all_but(&deployed).await {
            warn!(%error, "what flows remembered that run no more cannot be forgotten");
        }
        let (mut found, mut later) = (Vec::with_capacity(flows.len()), Vec::new());
        let until = Instant::now() + Duration::from_secs(limit::WARM_UP_S);
        let resumed = stream::iter(flows).map(|flow| self.resume_one(flow, places, until));
        let mut resumed = resumed.buffered(limit::FLOW_STARTS);
        while let Some((flow, version, outcome)) = resumed.next().await {
            let failed = match outcome {
                Ok(()) => None,
                Err(Error::Stopped) => return Err(Error::Stopped),
                Err(error) if error.passes() => {
                    self.refuse(flow, &error);
                    later.push(flow);
                    None
                }
                Err(error) => Some(self.refuse(flow, &error)),
            };
            found.push(Deployment { flow, version, at: now(), failed });
        }
        self.shared.catalog.settle_executions(&found).await?;
        let refused = found.iter().filter(|one| one.failed.is_some()).count();
        info!(
            flows = found.len() - refused - later.len(),
            refused,
            later = later.len(),
            "active flows deployed"
        );
        tokio::spawn(self.clone().start_later(later));
        Ok(())
    }

    async fn resume_one(
        &self,
        flow: DeployedFlow,
        places: &Places,
        until: Instant,
    ) -> (FlowId, u32, Result<(), Error>) {
        #[cfg(test)]
        if self.shared.options.busy_at_start {
            return (flow.id, flow.version, Err(Error::Busy));
        }
        let plan = match serde_json::from_value::<Diagram>(flow.diagram) {
            Ok(diagram) => self.compile(flow.id, &diagram, Gone::PassOver).await,
            Err(error) => Err(Error::Actor(format!("its diagram cannot be read: {error}"))),
        };
        let outcome = match plan {
            Ok(plan) => match self.version(flow.id, flow.version, plan).await {
                Ok(version) => {
                    let place = places.of(flow.id, self.shared.cells.len());
                    self.resume(version, place, until).await
                }
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        (flow.id, flow.version, outcome)
    }

    /// Says why.
    pub(super) fn refuse(&self, flow: FlowId, error: &Error) -> String {
        warn!(%flow, %error, "flow cannot be deployed at start");
        let reason = match error {
            Error::Refused(problems) => {
                problems.iter().map(|problem| &*problem.message).collect::<Vec<_>>().join("; ")
            }
            other => other.to_string(),
        };
        let _ = self.shared.manager.cast(manager::Message::Refuse(flow, reason.clone()));
        reason
    }
}
