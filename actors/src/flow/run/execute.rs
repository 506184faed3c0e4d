//! A run as an execution: begun, run, and written down with what its nodes did.

use std::sync::Arc;

use edgesync_engine::plan::Plan;
use edgesync_schemas::entity::execution::{ExecutionStatus, ExecutionTrigger};
use edgesync_schemas::flow::Diagram;
use edgesync_schemas::id::{ExecutionId, FlowId};
use serde_json::{Map, Value as Json};
use tracing::{error, warn};

use super::super::check::Gone;
use super::super::{Error, FlowsHandle};
use super::{Ran, Range};

/// What is to be run.
#[derive(Debug, Clone)]
pub enum What {
    /// Once, with values for the sources, or else the newest stored readings.
    Once(Option<Map<String, Json>>),
    /// Over stored readings, and what runs now over the same if it is to be compared.
    Over(Range, bool),
}

impl FlowsHandle {
    /// Runs a diagram as this version of a flow, and writes down what came of it. Once: it is done when this returns. Over stored readings: it is
    /// on its way then, and [`FlowsHandle::runs`] tells how far it is.
    ///
    /// # Errors
    /// [`Error::Refused`] if the diagram cannot run or a value fits no source; [`Error::NotDeployed`] if there is nothing to compare with;
    /// [`Error::Busy`] if as many runs are on their way, of all or of the flow's tenant, as may be; [`Error::Catalog`], [`Error::Log`].
    pub async fn run(
        &self,
        flow: FlowId,
        version: u32,
        diagram: &Diagram,
        what: What,
    ) -> Result<ExecutionId, Error> {
        let plan = Arc::new(self.compile(flow, diagram, Gone::Refuse).await?);
        let catalog = &self.shared.catalog;
        match what {
            What::Once(values) => {
                // what is refused leaves no trace
                let ran = self.run_once(flow, version, plan, values.as_ref()).await?;
                let id = catalog.begin_execution(flow, version, ExecutionTrigger::Manual).await?;
                self.finish(id, Ok(ran)).await;
                Ok(id)
            }
            What::Over(range, compares) => {
                let beside =
                    if compares { Some(self.running_plan(flow).ok_or(Error::NotDeployed)?) } else { None };
                let (tenant, _) = self.account_of_run(flow).await?;
                if !self.shared.runs.has_room(tenant) {
                    return Err(Error::Busy);
                }
                let id = catalog.begin_execution(flow, version, ExecutionTrigger::Replay).await?;
                let Some(running) = self.shared.runs.begin(id, tenant) else {
                    self.finish(id, Err(Error::Busy)).await;
                    return Err(Error::Busy);
                };
                let flows = self.clone();
                tokio::spawn(async move {
                    let ran = flows.run_over(id, flow, version, plan, beside, range).await;
                    flows.finish(id, ran).await;
                    drop(running);
                });
                Ok(id)
            }
        }
    }

    /// The plan of what runs of a flow.
    fn running_plan(&self, flow: FlowId) -> Option<Arc<Plan>> {
        self.running(flow).map(|(_, installed)| installed.plan)
    }

    async fn finish(&self, id: ExecutionId, ran: Result<Ran, Error>) {
        let catalog = &self.shared.catalog;
        let written = match ran {
            Ok(Ran { result, nodes }) => {
                catalog.finish_execution(id, ExecutionStatus::Completed, result, None, nodes).await
            }
            Err(error) => {
                warn!(execution = %id, %error, "run failed");
                let status = match error {
                    Error::Stopped => ExecutionStatus::Stopped,
                    _ => ExecutionStatus::Failed,
                };
                catalog.finish_execution(id, status, Map::new(), Some(&error.to_string()), Vec::new()).await
            }
        };
        if let Err(error) = written {
            // its flow is gone; or the next start of the server writes down that it did not end
            error!(execution = %id, %error, "what came of a run cannot be written down");
        }
    }
}
