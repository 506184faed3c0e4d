//! Executions of flows: how runs begin and end. What of them users read is in `execution_list.rs`, what nodes did in `execution_nodes.rs`.
//!
//! A deployment is one execution. It begins in the transaction that writes down what is to run (`flow_deployed.rs`), as pending, and ends
//! in the one that writes down that it does not run; which of two runs meanwhile is known to whoever runs them
//! ([`Catalog::record_executions`]), and so is what runs after a start of the server ([`Catalog::settle_executions`]). So what is running here is
//! what the catalog says is deployed, whatever dies when.

use std::collections::{HashMap, HashSet};

use edgesync_schemas::entity;
use edgesync_schemas::entity::execution::{ExecutionStatus, ExecutionTrigger, NodeScope, NodeWork};
use edgesync_schemas::id::{ExecutionId, FlowId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::db::Tx;
use super::error::Error;
use super::execution_nodes::{self, NodeRecord};
use super::value::Value;
use super::{Catalog, new_id, now};

/// What became of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The flow.
    pub flow: FlowId,
    /// The version.
    pub version: u32,
    /// Since when.
    pub at: Timestamp,
    /// Why it does not run, if it does not.
    pub failed: Option<String>,
}

impl Catalog {
    /// Writes down that a run of a flow begins which is no deployment, and forgets the oldest of more than [`limit::EXECUTIONS_PER_FLOW`].
    /// Whoever begins one finishes it; the next start of the server does for those that it left ([`Catalog::settle_executions`]).
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such flow.
    pub async fn begin_execution(
        &self,
        flow: FlowId,
        version: u32,
        trigger: ExecutionTrigger,
    ) -> Result<ExecutionId, Error> {
        let mut tx = self.db.begin().await?;
        let id = begin(&mut tx, flow, version, trigger, ExecutionStatus::Running).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Writes down how a run ended that was begun so, and what its nodes did. `result` and the nodes' data are bounded by
    /// [`limit::EXECUTION_RESULT_BYTES`] and [`limit::NODE_DATA_BYTES`]: of what is larger only the size is kept.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is gone, with its flow, or has ended.
    pub async fn finish_execution(
        &self,
        id: ExecutionId,
        status: ExecutionStatus,
        result: Map<String, Json>,
        error: Option<&str>,
        nodes: Vec<NodeWork>,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let row = tx.first(
            "UPDATE flow_executions SET status = $1, completed_at = $2, result = $3, error_message = $4
             WHERE id = $5 AND completed_at IS NULL RETURNING flow_id",
            vec![
                Value::name(&status),
                now().into(),
                Value::json(&bounded(result, limit::EXECUTION_RESULT_BYTES)),
                error.map(message).into(),
                id.into(),
            ],
        );
        let flow: FlowId = row.await?.ok_or(Error::not_found("execution"))?.take()?;
        execution_nodes::insert(&mut tx, flow, id, nodes).await?;
        execution_nodes::trim(&mut tx, [(flow, NodeScope::Run)]).await?;
        tx.commit().await
    }

    /// Writes down what became of deployments and what nodes of deployments did, all of it in one transaction. What is about flows that are
    /// gone is left out. Not for users: it is asked by whoever runs the flows.
    ///
    /// # Errors
    /// Of the database: then nothing is written down.
    pub async fn record_executions(
        &self,
        deployments: &[Deployment],
        nodes: Vec<NodeRecord>,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        for one in deployments {
            match &one.failed {
                None => runs(&mut tx, one).await?,
                Some(error) => fails(&mut tx, one, error).await?,
            }
        }
        execution_nodes::record(&mut tx, nodes).await?;
        tx.commit().await
    }

    /// After a start of the server: `found` is what became of each flow that was to run. An execution that runs goes on; one that does not
    /// run any more is ended, and so are the runs that the server was about when it stopped.
    ///
    /// # Errors
    /// Of the database.
    pub async fn settle_executions(&self, found: &[Deployment]) -> Result<(), Error> {
        let found: HashMap<FlowId, &Deployment> = found.iter().map(|one| (one.flow, one)).collect();
        let rows = self.db.query(
            "SELECT e.id, e.flow_id, e.version, e.trigger_kind, e.status FROM flow_executions e
             WHERE e.completed_at IS NULL ORDER BY e.id DESC",
            vec![],
        );
        let (mut running, mut changes) = (HashSet::new(), Vec::new());
        for mut row in rows.await? {
            let (id, flow, version): (ExecutionId, FlowId, u32) = (row.take()?, row.take()?, row.take()?);
            let (trigger, status): (ExecutionTrigger, ExecutionStatus) = (row.name()?, row.name()?);
            let is_newest = !running.contains(&flow);
            let change = match found.get(&flow) {
                _ if trigger != ExecutionTrigger::Deploy => {
                    Some(End::Failed("the server stopped before it was done".to_owned()))
                }
                Some(Deployment { failed: Some(error), .. }) => Some(End::Failed(error.clone())),
                Some(one) if one.version == version && is_newest => {
                    running.insert(flow);
                    if status == ExecutionStatus::Running { None } else { Some(End::Runs) }
                }
                Some(one) => Some(End::Stopped(replaced(one.version))),
                None => Some(End::Stopped(why("it did not run when the server started"))),
            };
            changes.extend(change.map(|change| (id, change)));
        }
        let new = found.values().filter(|one| one.failed.is_none() && !running.contains(&one.flow));
        let new: Vec<_> = new.collect();
        for some in changes.chunks(limit::REMOVED_ROWS as usize) {
            let mut tx = self.db.begin().await?;
            for (id, end) in some {
                settle(&mut tx, *id, end).await?;
            }
            tx.commit().await?;
        }
        for some in new.chunks(limit::REMOVED_ROWS as usize) {
            let mut tx = self.db.begin().await?;
            for one in some {
                let (trigger, status) = (ExecutionTrigger::Deploy, ExecutionStatus::Running);
                match begin(&mut tx, one.flow, one.version, trigger, status).await {
                    // It was deleted a moment ago.
                    Ok(_) | Err(Error::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            tx.commit().await?;
        }
        Ok(())
    }
}

/// What a start finds of an execution.
enum End {
    Runs,
    Failed(String),
    Stopped(Json),
}

async fn settle(tx: &mut Tx, id: ExecutionId, end: &End) -> Result<(), Error> {
    let (status, at, result, error) = match end {
        End::Runs => (ExecutionStatus::Running, None, json!({}), None),
        End::Failed(error) => (ExecutionStatus::Failed, Some(now()), json!({}), Some(message(error))),
        End::Stopped(result) => (ExecutionStatus::Stopped, Some(now()), result.clone(), None),
    };
    tx.execute(
        "UPDATE flow_executions SET status = $1, completed_at = $2, result = $3, error_message = $4 WHERE id = $5",
        vec![Value::name(&status), at.into(), Value::json(&result), error.into(), id.into()],
    )
    .await
    .map(drop)
}

async fn begin(
    tx: &mut Tx,
    flow: FlowId,
    version: u32,
    trigger: ExecutionTrigger,
    status: ExecutionStatus,
) -> Result<ExecutionId, Error> {
    let id: ExecutionId = new_id();
    let inserted = tx.execute(
        "INSERT INTO flow_executions (id, flow_id, version, status, trigger_kind, started_at, completed_at, result, error_message)
         SELECT $1, f.id, $2, $3, $4, $5, NULL, '{}', NULL FROM flows f WHERE f.id = $6",
        vec![
            id.into(),
            version.into(),
            Value::name(&status),
            Value::name(&trigger),
            now().into(),
            flow.into(),
        ],
    );
    if inserted.await? == 0 {
        return Err(Error::not_found("flow"));
    }
    tx.execute(
        "DELETE FROM flow_executions WHERE flow_id = $1 AND completed_at IS NOT NULL AND id <=
            (SELECT e.id FROM flow_executions e WHERE e.flow_id = $1 AND e.completed_at IS NOT NULL
             ORDER BY e.id DESC LIMIT 1 OFFSET $2)",
        vec![flow.into(), limit::EXECUTIONS_PER_FLOW.into()],
    )
    .await?;
    Ok(id)
}

/// A version is to run. It is pending until it is known to run, which is told a moment later.
pub(super) async fn deployment_begins(tx: &mut Tx, flow: FlowId, version: u32) -> Result<(), Error> {
    begin(tx, flow, version, ExecutionTrigger::Deploy, ExecutionStatus::Pending).await.map(drop)
}

/// What was to run last does not; what ran before runs on, be it that nobody was told yet that it does.
pub(super) async fn deployment_fails(tx: &mut Tx, flow: FlowId, error: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE flow_executions SET status = 'failed', completed_at = $1, error_message = $2
         WHERE status = 'pending' AND id = (SELECT e.id FROM flow_executions e
            WHERE e.flow_id = $3 AND e.trigger_kind = 'deploy' ORDER BY e.id DESC LIMIT 1)",
        vec![now().into(), message(error).into(), flow.into()],
    )
    .await
    .map(drop)
}

/// Nothing runs of the flow any more, and why.
pub(super) async fn deployment_ends(tx: &mut Tx, flow: FlowId, reason: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE flow_executions SET status = 'stopped', completed_at = $1, result = $2
         WHERE flow_id = $3 AND trigger_kind = 'deploy' AND completed_at IS NULL",
        vec![now().into(), Value::json(&why(reason)), flow.into()],
    )
    .await
    .map(drop)
}

/// The newest deployment of a version until then runs, and what ran before does not.
async fn runs(tx: &mut Tx, one: &Deployment) -> Result<(), Error> {
    tx.execute(
        "UPDATE flow_executions SET status = 'running' WHERE status = 'pending' AND id =
            (SELECT e.id FROM flow_executions e WHERE e.flow_id = $1 AND e.trigger_kind = 'deploy' AND e.version = $2
                AND e.started_at <= $3 ORDER BY e.id DESC LIMIT 1)",
        vec![one.flow.into(), one.version.into(), one.at.into()],
    )
    .await?;
    tx.execute(
        "UPDATE flow_executions SET status = 'stopped', completed_at = $1, result = $2
         WHERE flow_id = $3 AND trigger_kind = 'deploy' AND completed_at IS NULL AND id <
            (SELECT e.id FROM flow_executions e WHERE e.flow_id = $3 AND e.trigger_kind = 'deploy' AND e.version = $4
                AND e.started_at <= $1 ORDER BY e.id DESC LIMIT 1)",
        vec![one.at.into(), Value::json(&replaced(one.version)), one.flow.into(), one.version.into()],
    )
    .await
    .map(drop)
}

/// The newest deployment of a version until then does not run as it should.
async fn fails(tx: &mut Tx, one: &Deployment, error: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE flow_executions SET status = 'failed', completed_at = $1, error_message = $2
         WHERE completed_at IS NULL AND id =
            (SELECT e.id FROM flow_executions e WHERE e.flow_id = $3 AND e.trigger_kind = 'deploy' AND e.version = $4
                AND e.started_at <= $1 ORDER BY e.id DESC LIMIT 1)",
        vec![one.at.into(), message(error).into(), one.flow.into(), one.version.into()],
    )
    .await
    .map(drop)
}

fn why(reason: &str) -> Json {
    json!({"why": reason})
}

fn replaced(by: u32) -> Json {
    json!({"why": "another version took its place", "replaced_by": by})
}

/// An object, or how large it was.
pub(super) fn bounded(object: Map<String, Json>, most: usize) -> Json {
    let object = Json::Object(object);
    let bytes = object.to_string().len();
    if bytes > most { json!({"left_out_bytes": bytes}) } else { object }
}

/// Why something failed, as much of it as is kept.
fn message(error: &str) -> String {
    entity::cut(error, limit::EXECUTION_ERROR_BYTES)
}
