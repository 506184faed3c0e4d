//! Diagrams, the cells that run them, and running flows.

// ---- flows ----------------------------------------------------------------------------------------------------------

/// Nodes of a diagram. More: the diagram is refused.
pub const FLOW_NODES: usize = 500;
/// Edges of a diagram. More: the diagram is refused.
pub const FLOW_EDGES: usize = 2000;
/// Bytes of a diagram's JSON. More: the diagram is refused.
pub const FLOW_BYTES: usize = 1024 * 1024;
/// Problems that a check of a diagram reports. Later ones are left out; the last says so.
pub const FLOW_PROBLEMS: usize = 200;
/// Devices that one source node may name. More: the diagram is refused.
pub const SOURCE_DEVICES: usize = 10_000;
/// Bytes of an expression. Longer: the diagram is refused.
pub const EXPRESSION_BYTES: usize = 2048;
/// Nodes of an expression's syntax tree. More: the diagram is refused.
pub const EXPRESSION_NODES: usize = 500;
/// Depth of an expression's syntax tree. Deeper: the diagram is refused.
pub const EXPRESSION_DEPTH: usize = 32;
/// Bytes of a pattern of `matches`. Longer: the diagram is refused. Patterns are compiled for each record that they are tried on.
pub const PATTERN_BYTES: usize = 256;
/// Values that a moving average keeps per key. More: the diagram is refused.
pub const AVERAGE_VALUES: u64 = 10_000;
/// Shortest window, in milliseconds.
pub const WINDOW_MS_MIN: i64 = 1;
/// Longest window, lateness and grace, in milliseconds: 31 days.
pub const WINDOW_MS_MAX: i64 = 31 * 86_400_000;
/// Windows that may be open at once per key: lateness / size + 2. More: the diagram is refused.
pub const WINDOWS_PER_KEY: i64 = 64;
/// Milliseconds after its last reading that a silent key's windows are closed, by default.
pub const IDLE_GRACE_MS: i64 = 30_000;
/// Bytes of state of one flow at the worst. A record of a key for which there would be no room goes to the node's error port
/// (`too_many_keys`): 100,000 series of a window or of an average of 20 values fit, 800 of an average of 10,000.
pub const FLOW_STATE_BYTES: usize = 256 * 1024 * 1024;
/// Keys (series) that a node keeps state for. A record of one more goes to the node's error port (`too_many_keys`).
pub const KEYS_PER_NODE: usize = 100_000;

/// Records of one node that become dead letters between two ticks of the clock. More are counted as errors, and not kept.
pub const DEAD_LETTERS_PER_TICK: usize = 32;

// ---- cells (the engine's workers) -----------------------------------------------------------------------------------

/// Commits fed to a cell and not yet done. Reached: feeding answers Full, and the feeder waits until there is room.
pub const FEED_COMMITS: usize = 64;
/// Bytes of commits fed to a cell and not yet done. Reached: as [`FEED_COMMITS`]; one commit is always let in.
pub const FEED_BYTES: usize = 32 * 1024 * 1024;
/// Commands waiting for a cell. Reached: the command is refused as busy.
pub const CELL_COMMANDS: usize = 4096;
/// Rows of a commit that a cell handles in one go, before it looks at its commands again.
pub const CHUNK_ROWS: usize = 8192;
/// Flows in one pack (one timely dataflow). One more opens another pack.
pub const FLOWS_PER_PACK: usize = 4096;
/// Commits that a cell remembers after it was fed them: a version that warmed up beside the running one catches up with them. Fewer are enough
/// if they have [`RECENT_BYTES`].
pub const RECENT_COMMITS: usize = 64;
/// Bytes of commits that a cell remembers. More: the oldest are forgotten.
pub const RECENT_BYTES: usize = 8 * 1024 * 1024;
/// Flows on one cell. One more is refused.
pub const FLOWS_PER_CELL: usize = 65_536;

// ---- running flows --------------------------------------------------------------------------------------------------

/// Chunks of results and events that wait between a cell and dispatch. Reached: the cell takes no further input.
pub const EMISSIONS: usize = 64;
/// Times that a flow with a panicked node is installed again before it stays failed.
pub const FLOW_RESTARTS: u32 = 5;
/// Milliseconds before a flow is installed again for the first time; doubled each time, at most [`FLOW_RESTART_MS_MAX`].
pub const FLOW_RESTART_MS: u64 = 1_000;
/// Milliseconds between two installations at most.
pub const FLOW_RESTART_MS_MAX: u64 = 60_000;
/// Seconds that a flow must run without a panic for its restarts to be forgotten.
pub const FLOW_HEALTHY_S: u64 = 600;
/// Flows that are compiled at once when the server starts. More wait; cells are fed when all are installed.
pub const FLOW_STARTS: usize = 32;
/// Milliseconds that the clock of flows stays behind the wall's while no readings come. A reading that takes longer from its arrival into the log
/// may find its window closed by the grace of silent keys.
pub const FLOW_CLOCK_BEHIND_MS: i64 = 2_000;
/// Seconds that a cell may have readings to do and finish none of them. Longer: the server says that it is not ready.
pub const CELL_STILL_S: u64 = 10;
/// Seconds between two looks at running flows: at their counters, and at how far they are, which is written down.
pub const FLOW_TICK_S: u64 = 1;
/// Errors of a node that are kept as samples. More: the oldest is forgotten; the counters have them all.
pub const ERROR_SAMPLES: usize = 10;
/// Seconds that a request waits for the actors of flows. Longer: it is answered as busy.
pub const FLOW_CALL_S: u64 = 30;
/// Readings of a slice of event time that a replay reads at once. More: the slice is made shorter.
pub const REPLAY_SLICE: usize = 400_000;
/// Milliseconds of event time that a new version is fed before it takes the place of the running one, if its nodes have no horizon of their own
/// (an average of the last hundred values, whenever they came): an hour.
pub const WARM_UP_MS: i64 = 3_600_000;
/// Seconds that a version may warm up. Longer: it is not deployed, and what runs runs on.
pub const WARM_UP_S: u64 = 600;
/// Times that a version that warmed up is offered to a cell that has gone on meanwhile. More: it is not deployed.
pub const CUT_OVER_TRIES: u32 = 20;
/// Seconds after which what a running flow remembers is saved again. After a crash a flow is fed again from there.
pub const FLOW_SAVE_S: u64 = 10;
/// Bytes of what flows remember that are saved together. More wait for the next second.
pub const FLOW_SAVE_BYTES: usize = 16 * 1024 * 1024;
/// Seconds that a debug node is watched after somebody looked at it.
pub const DEBUG_S: u64 = 900;
/// Debug nodes of one flow that are watched. More: the longest unseen of the flow is let go.
pub const DEBUG_NODES_PER_FLOW: usize = 20;
/// Debug nodes that are watched, in the process. More: the longest unseen is let go.
pub const DEBUG_NODES: usize = 1_000;
