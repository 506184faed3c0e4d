//! How a flow is: what `GET /flows/{id}/metrics`, the live socket and lists of flows tell.

use std::collections::HashMap;
use std::time::Duration;

use edgesync_schemas::entity::flow::{FlowState, FlowSummary};
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use futures_util::future::join_all;
use ractor::rpc::CallResult;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::tenants::Usage;
use super::turns::Progress;
use super::{Error, FlowsHandle, PATIENCE, flow, manager, node};
use crate::cell;

/// How a flow runs and what its nodes count. Of one that does not run there are `flow_id`, `state`, `reason` and no nodes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = FlowMetrics)]
pub struct Metrics {
    /// The flow.
    flow_id: FlowId,
    /// The version that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    /// How it is.
    state: FlowState,
    /// Why it is not simply running.
    #[schema(required = true)]
    reason: Option<String>,
    /// Times it was installed again lately because a node panicked.
    #[serde(skip_serializing_if = "Option::is_none")]
    restarts: Option<u32>,
    /// When it was installed last: the nodes count since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    installed_at: Option<Timestamp>,
    /// The cell that it runs on, and how far that is behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<cell::Status>,
    /// Its nodes, in the order of the plan.
    nodes: Vec<node::Status>,
    /// What it uses and may use, by itself and with the other flows of its organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    budgets: Option<Usage>,
    /// How far a version is that warms up to take the place of what runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    deploying: Option<Progress>,
}

/// How a flow is that has an actor, in a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How.
    pub state: FlowState,
    /// Why it is not simply running.
    pub reason: Option<String>,
    /// Records that its nodes could not handle since it was installed last.
    pub errors: u64,
}

/// How a flow is that has an actor, and how its nodes are.
#[derive(Debug, Clone, PartialEq)]
pub struct Running {
    /// In a word.
    pub told: Told,
    /// The version that runs.
    pub version: u32,
    /// Times it was installed again lately because a node panicked.
    pub restarts: u32,
    /// When it was installed last.
    pub installed_at: Timestamp,
    /// The cell that it runs on.
    pub cell: cell::Status,
    /// Its nodes, in the order of the plan.
    pub nodes: Vec<node::Status>,
}

/// How long a list waits for a flow that does not say how it is.
const LISTED: Duration = Duration::from_millis(limit::FLOW_LISTED_MS);

impl FlowsHandle {
    /// `GET /flows/{id}/metrics`: how the flow is, what its nodes count and what it uses of its budgets. One that does not run has state `stopped`; or
    /// `suspended` if the platform stopped it, `refused` if it should run and cannot, both with the reason. `deploying` says how far a version is
    /// that warms up to take the place of what runs.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Stopped`], [`Error::Catalog`].
    pub async fn status(&self, flow: FlowId) -> Result<Json, Error> {
        let metrics = self.metrics(flow).await?;
        Ok(serde_json::to_value(metrics).unwrap_or_default())
    }

    async fn metrics(&self, flow: FlowId) -> Result<Metrics, Error> {
        let deploying = self.shared.turns.progress(flow);
        if let Some(actor) = self.shared.directory.actor(flow) {
            let asked = actor.call(flow::Message::Status, Some(PATIENCE)).await;
            let Ok(CallResult::Success(running)) = asked else { return Err(Error::Busy) };
            let Running { told, version, restarts, installed_at, cell, nodes } = running;
            let usage = |installed: cell::Installed| {
                self.shared.tenants.usage(flow, installed.tenant, &installed.account)
            };
            return Ok(Metrics {
                flow_id: flow,
                version: Some(version),
                state: told.state,
                reason: told.reason,
                restarts: Some(restarts),
                installed_at: Some(installed_at),
                cell: Some(cell),
                nodes,
                budgets: self.running(flow).map(|(_, installed)| usage(installed)),
                deploying,
            });
        }
        let refused = self.call(|reply| manager::Message::Refused(vec![flow], reply)).await?.remove(&flow);
        let (state, reason) = match (refused, self.shared.catalog.flow_suspended(flow).await?) {
            (Some(reason), _) => (FlowState::Refused, Some(reason)),
            (None, Some(reason)) => (FlowState::Suspended, Some(reason)),
            (None, None) => (FlowState::Stopped, None),
        };
        let (version, restarts, installed_at, cell, budgets) = (None, None, None, None, None);
        let nodes = Vec::new();
        Ok(Metrics {
            flow_id: flow,
            version,
            state,
            reason,
            restarts,
            installed_at,
            cell,
            nodes,
            budgets,
            deploying,
        })
    }

    /// Says in flows of a list how those are that are to run. One that does not say so within [`limit::FLOW_LISTED_MS`] stays as it is.
    pub async fn tell(&self, flows: &mut [FlowSummary]) {
        let active: Vec<FlowId> = flows.iter().filter(|flow| flow.is_active).map(|flow| flow.id).collect();
        if active.is_empty() {
            return;
        }
        let asked = active.iter().filter_map(|flow| Some((*flow, self.shared.directory.actor(*flow)?)));
        let asked = asked.map(|(flow, actor)| async move {
            match actor.call(flow::Message::Health, Some(LISTED)).await {
                Ok(CallResult::Success(told)) => Some((flow, told)),
                _ => None,
            }
        });
        let mut told: HashMap<FlowId, Told> = join_all(asked).await.into_iter().flatten().collect();
        let silent: Vec<FlowId> = active.into_iter().filter(|flow| !told.contains_key(flow)).collect();
        if !silent.is_empty() {
            let asked = self.ask(|reply| manager::Message::Refused(silent, reply), Some(LISTED)).await;
            let refused = asked.unwrap_or_default().into_iter();
            told.extend(refused.map(|(flow, reason)| {
                (flow, Told { state: FlowState::Refused, reason: Some(reason), errors: 0 })
            }));
        }
        for flow in flows {
            if let Some(Told { state, reason, errors }) = told.remove(&flow.id) {
                (flow.state, flow.reason, flow.errors) = (Some(state), reason, errors);
            }
        }
    }
}
