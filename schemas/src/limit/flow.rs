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
/// Bytes of a pattern of `matches`. Longer: the diagram is refused.
pub const PATTERN_BYTES: usize = 256;
/// Bytes of a pattern of `matches` when it is compiled: what it costs to try it. More: the diagram is refused.
pub const PATTERN_PROGRAM_BYTES: usize = 256 * 1024;
/// Patterns of `matches` in a flow. More: the diagram is refused. Each may take four times [`PATTERN_PROGRAM_BYTES`] of memory.
pub const PATTERNS_PER_FLOW: usize = 64;
/// Steps that an expression may take for one record: parts of it that are computed, elements of lists that are looked at, 32 bytes
/// of text that are read or copied. More: the record goes to the node's error port. About a millisecond.
pub const EXPRESSION_STEPS: usize = 20_000;
/// Assignments of a compute node, and keys that a split node takes. More: the diagram is refused.
pub const ASSIGNMENTS: usize = 50;
/// Further values (fields) of a record. More: the diagram is refused.
pub const FIELDS: usize = 200;
/// Bytes of the name of a field or of a case. Longer: the diagram is refused.
pub const FIELD_NAME_BYTES: usize = 64;
/// Cases of a switch. More: the diagram is refused.
pub const SWITCH_CASES: usize = 64;
/// Points of a table. More: the diagram is refused.
pub const TABLE_POINTS: usize = 1_000;
/// Elements that a record may be split into, at the most. A record with more goes to the node's error port (`fan_out`).
pub const SPLIT_ELEMENTS: u64 = 1_000;
/// Units of its own that a flow may give its records. More: the diagram is refused.
pub const UNITS_PER_FLOW: usize = 128;
/// Values that a moving average or a min-max keeps per key. More: the diagram is refused.
pub const AVERAGE_VALUES: u64 = 10_000;
/// Records per key and period that a throttle may be told to let through. More: the diagram is refused.
pub const THROTTLE_RECORDS: u64 = 1_000_000;
/// Values that a dedupe remembers per key. More: the diagram is refused.
pub const DEDUPE_VALUES: u64 = 256;
/// Inputs of a combine. More: the diagram is refused.
pub const COMBINE_INPUTS: usize = 8;
/// Bytes of the name of an input that a configuration defines. Longer: the diagram is refused.
pub const INPUT_NAME_BYTES: usize = 32;
/// Records that an interval join keeps per key and side. One more pairs with what is there, and is then dropped (`no_room`).
pub const JOIN_RECORDS: usize = 256;
/// Pairs that one record of an interval join makes with those that came before it. More are dropped (`fan_out`).
pub const JOIN_FAN_OUT: usize = 100;
/// Bytes of text and JSON that a throttle, dedupe, combine or interval join holds per key: two of the longest values. A record that there is no
/// room for goes to the node's error port (`no_room`); an interval join drops it, a dedupe forgets older values instead.
pub const TEXT_PER_KEY: usize = 8192;
/// Shortest window, in milliseconds.
pub const WINDOW_MS_MIN: i64 = 1;
/// Longest window, lateness and grace, in milliseconds: 31 days.
pub const WINDOW_MS_MAX: i64 = 31 * 86_400_000;
/// Windows that lateness and revise may keep per key: (lateness + revise) / step + 2, where the step is the size, the hop, the gap or the
/// calendar's unit. More: the diagram is refused.
pub const WINDOWS_PER_KEY: i64 = 64;
/// Windows of one key that readings beyond the future guard may hold open, until the clock comes to them. A record that would open one
/// more goes to the node's error port (`too_many_windows`): a wrong clock can send any time there is.
pub const FUTURE_WINDOWS: usize = 8;
/// Panes that a hopping window is made of: a week by the hour. More: the diagram is refused. One record may close as many windows,
/// each the sum of as many panes: 168 results and some 28,000 additions at the worst, about a tenth of a millisecond.
pub const PANES_PER_WINDOW: u64 = 168;
/// Panes that are added up for one late record: the windows that it may revise times the panes of each. More: the diagram is refused. With
/// percentiles of full panes that takes some 4 ms, otherwise some 10 us.
pub const PANES_PER_REVISION: u64 = 168;
/// Records of a count window. More: the diagram is refused.
pub const COUNT_WINDOW: u64 = 1_000_000;
/// Records of one key that wait until a count window's order of event time is known (24 bytes each). One more: the oldest is counted at
/// once, and readings before it are late.
pub const COUNT_WAITING: usize = 512;
/// Aggregates of one window. More: the diagram is refused.
pub const WINDOW_AGGREGATES: usize = 16;
/// Values of one pane that are kept for percentiles (8 bytes each), and times for time-weighted means (16 bytes each). Beyond it
/// percentiles come from a sketch, and the oldest times are settled: a record that lies before them no longer weighs.
pub const WINDOW_VALUES: usize = 512;
/// Bins of a sketch (8 bytes each): of values of one sign, four and a half decades. Beyond it those nearest to zero are merged.
pub const SKETCH_BINS: usize = 512;
/// By how much a percentile from a sketch may be off, relative to the value.
pub const SKETCH_ERROR: f64 = 0.01;
/// Results for windows without records in one gap between two windows of a key. Later ones are left out and counted as dropped.
pub const EMPTY_WINDOWS: u64 = 100;
/// Milliseconds that a reading may lie beyond the clock and still move its key's time, by default.
pub const FUTURE_MS: i64 = 5 * 60_000;
/// Shortest time between two early results of a key, in milliseconds: the clock goes by whole seconds.
pub const EARLY_MS_MIN: i64 = 1000;
/// How long a session may last in milliseconds, by default: a day.
pub const SESSION_MS: i64 = 86_400_000;
/// Milliseconds after its last reading that a silent key's windows are closed, by default.
pub const IDLE_GRACE_MS: i64 = 30_000;
/// Bytes of state of one flow at the worst. A record of a key for which there would be no room goes to the node's error port
/// (`too_many_keys`): 100,000 series of a window or of an average of 20 values fit, 800 of an average of 10,000.
pub const FLOW_STATE_BYTES: usize = 256 * 1024 * 1024;
/// Keys (series) that a node keeps state for. A record of one more goes to the node's error port (`too_many_keys`).
pub const KEYS_PER_NODE: usize = 100_000;

/// Keys that the nodes of all flows of one tenant keep state for together, by default; a key that several nodes know counts for each. A record of one more goes
/// to the node's error port (`tenant_keys`).
pub const TENANT_KEYS: u64 = 5_000_000;
/// Bytes of state of all flows of one tenant at the worst, by default. A record of a key for which there would be no room goes to the node's error port
/// (`tenant_state`).
pub const TENANT_STATE_BYTES: u64 = 4 * 1024 * 1024 * 1024;

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
/// Seconds after which a flow is started again that could not be for a reason that passes.
pub const START_AGAIN_S: u64 = 60;
/// Seconds that a flow may be on a cell that does not run it, in the middle of the cell's replacement. Longer: it has failed, and says so.
pub const FLOW_LOST_S: u64 = 10;
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
/// Milliseconds that a list of flows waits for those that do not say how they are. Longer: they are listed without.
pub const FLOW_LISTED_MS: u64 = 1_000;
/// Readings of a slice of event time that a replay reads at once. More: the slice is made shorter.
pub const REPLAY_SLICE: usize = 400_000;
/// Sources that a replay reads at the same time.
pub const REPLAY_READS: usize = 4;
/// Milliseconds of event time that a new version is fed before it takes the place of the running one, if its nodes have no horizon of their own
/// (an average of the last hundred values, whenever they came): an hour.
pub const WARM_UP_MS: i64 = 3_600_000;
/// Seconds that a version may warm up. Longer: it is not deployed, and what runs runs on.
pub const WARM_UP_S: u64 = 600;
/// Times that a version that warmed up is offered to a cell that has gone on meanwhile, within [`WARM_UP_S`]. More: it is not deployed.
pub const CUT_OVER_TRIES: u32 = 20;
/// Versions that warm up, and runs that are made once, at a time in the process. More wait: a version within [`WARM_UP_S`], a run [`RUN_WAIT_S`].
pub const REPLAYS: usize = 4;
/// Of those, how many may be of one tenant, so that nobody keeps all others waiting. More wait, too.
pub const TENANT_REPLAYS: usize = 2;
/// Seconds that a run that is made once waits for its place. Longer: it is refused as busy.
pub const RUN_WAIT_S: u64 = 10;
/// Runs over stored readings that are on their way, in the process. One more is refused as busy.
pub const RUNS: usize = 4;
/// Of those, how many may be of one tenant. One more is refused as busy, too.
pub const TENANT_RUNS: usize = 2;
/// Seconds that a run over stored readings may take. Longer: it fails, and says so.
pub const RUN_S: u64 = 600;
/// Readings that a run may meet. More: it fails, and says so.
pub const RUN_READINGS: u64 = 100_000_000;
/// Values that a source is given in a run that is made once. More: they are refused.
pub const RUN_VALUES: usize = 1_000;
/// Records that are kept of what each port of a node put out in a run, and of what it was given. More are counted.
pub const RUN_SAMPLES: usize = 20;
/// Times that the clock goes on to what is due next, after a run that is made once.
pub const RUN_TICKS: usize = 1_000;
/// Records that a run compares with those of what is deployed, of all last nodes and by both. More: the comparison says that it is cut.
pub const COMPARE_RECORDS: usize = 200_000;
/// Seconds that a flow may take from one cell to another, half of them to be taken out. Longer: it goes on where it was, for which it has as long again; if it
/// cannot, it is suspended, and says so.
pub const MOVE_S: u64 = 60;
/// Seconds after which a flow that a new version has brought back among the others may be brought back so again. Sooner: it stays apart.
pub const UNSLOW_S: u64 = 600;
/// Seconds between two looks at how much of its cell's time each flow takes.
pub const BALANCE_S: u64 = 5;
/// Share of a cell's time that a flow may take while the cell is behind and others wait. More: it is slowed (it runs on a cell apart).
pub const FLOW_SHARE: f64 = 0.5;
/// Difference between the loads of two cells, in shares of their time, from which on a flow moves from one to the other.
pub const BALANCE_GAP: f64 = 0.25;
/// Share of a cell's time that the flows of one tenant may take together while the cell is behind and flows of others wait, by default. More: the heaviest of
/// them are slowed, until the others are within it.
pub const TENANT_SHARE: f64 = 0.5;
/// Flows of a tenant that are slowed at one look.
pub const SLOWED_AT_ONCE: usize = 16;
/// Times that a flow may fail to come to the cell of slowed flows, because by itself it does not get to the end of the log either, or what its cell was given
/// before takes too long. More: it is suspended.
pub const SLOW_TRIES: u32 = 3;
/// Seconds that a cell must be behind the log for a flow of it to be slowed, and it must not be catching up.
pub const BEHIND_S: u64 = 10;
/// Looks in a row at which a cell must be behind for a flow of it to be slowed.
pub const BEHIND_LOOKS: u32 = 3;
/// Seconds that the cell of slowed flows may be behind without catching up. More: the one that takes most of its time is suspended, of the tenant whose flows
/// take most.
pub const SLOW_LAG_S: u64 = 600;
/// Stretches of readings that a cell remembers to pass over because they condemned it. More: the first is forgotten, and condemns it again if it is fed again.
pub const POISONS: usize = 64;
/// Share of its time that the cell of slowed flows must have been taken for one of them to be suspended: one that waits for something else is nobody's fault.
pub const SUSPEND_SHARE: f64 = 0.25;
/// Seconds after which what a running flow remembers is saved again. After a crash a flow is fed again from there.
pub const FLOW_SAVE_S: u64 = 10;
/// Seconds that what a cell had made when its flows were asked what they remember may take to be given on and stored. Longer: they are asked again. It is time
/// for a full outlet of rows to be stored, some thousand a second.
pub const DELIVERED_S: u64 = 180;
/// Flows that are saved together. More wait for the next second, those that were saved last for the longest time.
pub const FLOW_SAVES: usize = 2_000;
/// Bytes of what flows remember that are saved together, and beside them one flow of each cell. More wait for the next second.
pub const FLOW_SAVE_BYTES: usize = 16 * 1024 * 1024;
/// Seconds that a debug node is watched after somebody looked at it.
pub const DEBUG_S: u64 = 900;
/// Debug nodes of one flow that are watched. More: the longest unseen of the flow is let go.
pub const DEBUG_NODES_PER_FLOW: usize = 20;
/// Debug nodes that are watched, in the process. More: the longest unseen is let go.
pub const DEBUG_NODES: usize = 1_000;
