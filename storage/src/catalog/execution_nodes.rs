//! What nodes did in runs of their flows. Of each flow and scope the newest are kept: each is numbered within them, and those whose number is
//! too low go in the transaction that makes others.

use std::collections::BTreeSet;

use edgesync_schemas::entity;
use edgesync_schemas::entity::execution::{NodeExecution, NodeScope, NodeWork};
use edgesync_schemas::id::{ExecutionId, FlowId, NodeExecutionId};
use edgesync_schemas::limit;

use super::db::Tx;
use super::error::Error;
use super::execution::bounded;
use super::new_id;
use super::value::{Row, Value};

/// What a node of a deployment did.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeRecord {
    /// The flow. Its newest deployment of the version is meant.
    pub flow: FlowId,
    /// The version.
    pub version: u32,
    /// [`NodeScope::Minute`] or [`NodeScope::Sample`].
    pub scope: NodeScope,
    /// What.
    pub work: NodeWork,
}

/// Writes down what nodes did in a run.
pub(super) async fn insert(
    tx: &mut Tx,
    flow: FlowId,
    execution: ExecutionId,
    nodes: Vec<NodeWork>,
) -> Result<(), Error> {
    let sets = nodes.into_iter().map(|node| {
        let mut set = values(NodeScope::Run, node);
        set.extend([execution.into(), flow.into()]);
        set
    });
    tx.execute_all(
        "INSERT INTO node_executions (id, scope, node_id, status, input_data, output_data, records_in, records_out, errors,
            busy_ns, executed_at, flow_execution_id, flow_id, seq)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
            (SELECT COALESCE(max(n.seq), 0) + 1 FROM node_executions n WHERE n.flow_id = $13 AND n.scope = $2))",
        sets.collect(),
    )
    .await
    .map(drop)
}

/// Writes down what nodes of deployments did.
pub(super) async fn record(tx: &mut Tx, nodes: Vec<NodeRecord>) -> Result<(), Error> {
    if nodes.is_empty() {
        return Ok(());
    }
    let of: BTreeSet<_> = nodes.iter().map(|node| (node.flow, node.scope)).collect();
    let sets = nodes.into_iter().map(|node| {
        let mut set = values(node.scope, node.work);
        set.extend([node.flow.into(), node.version.into()]);
        set
    });
    tx.execute_all(
        "INSERT INTO node_executions (id, scope, node_id, status, input_data, output_data, records_in, records_out, errors,
            busy_ns, executed_at, flow_execution_id, flow_id, seq)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, e.id, e.flow_id,
            (SELECT COALESCE(max(n.seq), 0) + 1 FROM node_executions n WHERE n.flow_id = e.flow_id AND n.scope = $2)
         FROM flow_executions e WHERE e.id = (SELECT x.id FROM flow_executions x
            WHERE x.flow_id = $12 AND x.trigger_kind = 'deploy' AND x.version = $13 ORDER BY x.id DESC LIMIT 1)",
        sets.collect(),
    )
    .await?;
    trim(tx, of).await
}

/// Removes what is too much of flows' nodes in some scopes.
pub(super) async fn trim(
    tx: &mut Tx,
    of: impl IntoIterator<Item = (FlowId, NodeScope)>,
) -> Result<(), Error> {
    let sets = of.into_iter().map(|(flow, scope)| {
        let most = match scope {
            NodeScope::Run => limit::NODE_RUNS_PER_FLOW,
            NodeScope::Minute => limit::NODE_MINUTES_PER_FLOW,
            NodeScope::Sample => limit::NODE_SAMPLES_PER_FLOW,
        };
        vec![flow.into(), Value::name(&scope), most.into()]
    });
    tx.execute_all(
        "DELETE FROM node_executions WHERE flow_id = $1 AND scope = $2 AND seq <=
            (SELECT max(n.seq) FROM node_executions n WHERE n.flow_id = $1 AND n.scope = $2) - $3",
        sets.collect(),
    )
    .await
    .map(drop)
}

/// id, scope, node_id, status, input_data, output_data, records_in, records_out, errors, busy_ns, executed_at
fn values(scope: NodeScope, node: NodeWork) -> Vec<Value> {
    let id: NodeExecutionId = new_id();
    vec![
        id.into(),
        Value::name(&scope),
        entity::cut(&node.node_id, limit::NODE_ID_BYTES).into(),
        Value::name(&node.status),
        Value::json(&bounded(node.input_data, limit::NODE_DATA_BYTES)),
        Value::json(&bounded(node.output_data, limit::NODE_DATA_BYTES)),
        count(node.records_in),
        count(node.records_out),
        count(node.errors),
        count(node.busy_ns),
        node.executed_at.into(),
    ]
}

/// A count as databases have it.
pub(super) fn count(number: u64) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

/// As databases have it, back.
pub(super) fn counted(row: &mut Row) -> Result<u64, Error> {
    u64::try_from(row.take::<i64>()?).map_err(|_| Error::Corrupt { what: "number" })
}

/// id, flow_execution_id, node_id, scope, status, input_data, output_data, records_in, records_out, errors, busy_ns, executed_at
pub(super) fn read(row: &mut Row) -> Result<NodeExecution, Error> {
    Ok(NodeExecution {
        id: row.take()?,
        flow_execution_id: row.take()?,
        node_id: row.take()?,
        scope: row.name()?,
        status: row.name()?,
        input_data: row.json()?,
        output_data: row.json()?,
        records_in: counted(row)?,
        records_out: counted(row)?,
        errors: counted(row)?,
        duration_ms: counted(row)? as f64 / 1e6,
        executed_at: row.take()?,
    })
}
