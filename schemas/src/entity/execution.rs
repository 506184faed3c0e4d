//! Executions: what runs of a flow there were, how each ended, and what its nodes did.
//!
//! A deployment is one execution from its deployment until it is replaced, stopped or fails; it goes on over a restart of the server. A
//! manual run and a replay come to an end by themselves.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::id::{ExecutionId, FlowId, NodeExecutionId};
use crate::time::Timestamp;

/// How far an execution has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStatus {
    /// It is asked for, and does not run yet.
    Pending,
    /// It runs.
    Running,
    /// It came to its end.
    Completed,
    /// It did not; `error_message` says why.
    Failed,
    /// Somebody ended it, or another version took its place; `result.why` says which.
    Stopped,
}

impl std::str::FromStr for ExecutionStatus {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        super::from_name(name)
    }
}

/// What began an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionTrigger {
    /// Somebody let it run once.
    Manual,
    /// It was deployed.
    Deploy,
    /// Somebody let it run over stored readings.
    Replay,
}

/// A run of a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlowExecution {
    /// Its id; later ones are greater.
    pub id: ExecutionId,
    /// The flow.
    pub flow_id: FlowId,
    /// The version that runs, or ran.
    pub version: u32,
    /// How far it has come.
    pub status: ExecutionStatus,
    /// What began it.
    pub trigger: ExecutionTrigger,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// When it ended.
    #[schema(required = true)]
    pub completed_at: Option<Timestamp>,
    /// What came of it.
    #[schema(value_type = Object)]
    pub result: Map<String, Value>,
    /// Why it failed.
    #[schema(required = true)]
    pub error_message: Option<String>,
}

/// How far a node has come in a run of its flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeStatus {
    /// It has not begun.
    Pending,
    /// It works.
    Running,
    /// It came to its end; of a minute or a sample: it worked.
    Completed,
    /// It did not; of a sample: it could not handle the record.
    Failed,
}

/// What an entry of a node is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeScope {
    /// All that it did in a run that came to an end.
    Run,
    /// All that it did in about a minute of a deployment. A minute in which it did nothing has no entry.
    Minute,
    /// One record of a deployment: one that it could not handle, or one that it put out while somebody watched it. It is counted in its minute, too.
    Sample,
}

/// What a node did in a run of its flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeExecution {
    /// Its id; later ones are greater.
    pub id: NodeExecutionId,
    /// The run.
    pub flow_execution_id: ExecutionId,
    /// The node's id in the diagram.
    pub node_id: String,
    /// What the entry is about.
    pub scope: NodeScope,
    /// How far the node has come.
    pub status: NodeStatus,
    /// What came in; `left_out_bytes` if it was too large. Of a minute nothing.
    #[schema(value_type = Object)]
    pub input_data: Map<String, Value>,
    /// What left; as above.
    #[schema(value_type = Object)]
    pub output_data: Map<String, Value>,
    /// Records that came in.
    pub records_in: u64,
    /// Records that left by `out`.
    pub records_out: u64,
    /// Records that it could not handle.
    pub errors: u64,
    /// Milliseconds spent in it; of a deployment an estimate.
    pub duration_ms: f64,
    /// When: of a minute its end.
    pub executed_at: Timestamp,
}

/// What a node did, as it is handed to the catalog to be kept: without what the catalog knows.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeWork {
    /// The node's id in the diagram.
    pub node_id: String,
    /// How far it has come.
    pub status: NodeStatus,
    /// What came in.
    pub input_data: Map<String, Value>,
    /// What left.
    pub output_data: Map<String, Value>,
    /// Records that came in.
    pub records_in: u64,
    /// Records that left by `out`.
    pub records_out: u64,
    /// Records that it could not handle.
    pub errors: u64,
    /// Nanoseconds spent in it.
    pub busy_ns: u64,
    /// When.
    pub executed_at: Timestamp,
}
