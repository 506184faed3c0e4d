//! What is kept of runs of flows, and of the records that they could not handle.

// ---- executions -----------------------------------------------------------------------------------------------------

/// Executions of a flow that are kept, besides those that are under way. More: the oldest is forgotten, with its nodes.
pub const EXECUTIONS_PER_FLOW: u32 = 200;
/// Minutes of nodes of a flow that are kept, of all its deployments together. More: the oldest go.
pub const NODE_MINUTES_PER_FLOW: u32 = 5_000;
/// Samples of nodes of a flow that are kept, of all its deployments together. More: the oldest go.
pub const NODE_SAMPLES_PER_FLOW: u32 = 500;
/// Nodes of runs of a flow that came to an end, kept of all these runs together. More: the oldest go. At least [`FLOW_NODES`](super::FLOW_NODES).
pub const NODE_RUNS_PER_FLOW: u32 = 10_000;
/// Days that executions that have ended are kept, and what nodes did. Older: they go.
pub const EXECUTION_DAYS: i64 = 30;
/// Bytes of JSON of what came into a node or left it. More: only how many there were is kept.
pub const NODE_DATA_BYTES: usize = 4096;
/// Bytes of JSON of the result of an execution. More: only how many there were is kept.
pub const EXECUTION_RESULT_BYTES: usize = 64 * 1024;
/// Bytes of why an execution failed. More: the end is cut off.
pub const EXECUTION_ERROR_BYTES: usize = 4096;
/// Seconds that a summary of a running node is about. If it cannot be written, the next one is about as many more.
pub const NODE_SUMMARY_S: u64 = 60;
/// Samples a second of the nodes of one flow; of one node it is one. More are left out.
pub const NODE_SAMPLES_PER_S: usize = 5;
/// Samples that wait to be written. More are left out, and counted.
pub const SAMPLE_QUEUE: usize = 2048;
/// What nodes did, and what became of deployments, written in one transaction. More: in the next, a second later.
pub const EXECUTION_BATCH: usize = 2000;

// ---- dead letters ---------------------------------------------------------------------------------------------------

/// Dead letters of a flow that are kept. More: the oldest go.
pub const DEAD_LETTERS_PER_FLOW: u32 = 1000;
/// Days that dead letters are kept. Older: they go.
pub const DEAD_LETTER_DAYS: i64 = 30;
/// Bytes of JSON of a dead letter's value. More: as much of its beginning is kept, as text, and `is_cut` says so.
pub const DEAD_LETTER_VALUE_BYTES: usize = 4096;
/// Bytes of what was wrong with a dead letter. More: the end is cut off.
pub const DEAD_LETTER_DETAIL_BYTES: usize = 1024;
/// Dead letters a second of one flow that are taken. More are left out and counted; the next one says how many.
pub const DEAD_LETTERS_PER_S: u32 = 50;
/// Dead letters of one flow that wait to be written. More are left out, as above, so that no flow takes all of [`DEAD_LETTER_QUEUE`].
pub const DEAD_LETTERS_WAITING: u32 = 200;
/// Dead letters of all flows that wait to be written: 20 MiB at the worst. More are left out, as above.
pub const DEAD_LETTER_QUEUE: usize = 4096;
/// Dead letters written in one transaction. Fewer: they wait for a second.
pub const DEAD_LETTER_BATCH: usize = 1000;
