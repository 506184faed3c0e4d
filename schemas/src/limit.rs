//! Every bound of the platform, with its unit and what happens when it is reached. What an operator may set is in the
//! configuration reference; its default and ceiling are here.

// ---- readings and frames -------------------------------------------------------------------------------------------

/// Bytes of a sensor's name. Longer: the reading is refused (`rej schema`).
pub const SENSOR_NAME_BYTES: usize = 64;
/// Sensors that may appear by themselves per device. More: the reading is refused (`rej schema`).
pub const SENSORS_PER_DEVICE: usize = 64;
/// Bytes of a unit. Longer: the reading is refused (`rej unit`).
pub const UNIT_BYTES: usize = 32;
/// Characters of a unit.
pub const UNIT_CHARS: usize = 16;
/// Units that one series may be sent in. More: the reading is refused (`rej unit`).
pub const UNITS_PER_SERIES: usize = 8;
/// Bytes of JSON of a value that is no number. Longer: the reading is refused (`rej too_large`).
pub const RAW_VALUE_BYTES: usize = 4096;
/// Readings in a device frame. More: the frame is refused (`nack too_large`).
pub const READINGS_PER_FRAME: usize = 500;
/// Bytes of a device frame, all its fragments together. More: the socket is closed (4413).
pub const DEVICE_FRAME_BYTES: usize = 64 * 1024;
/// Milliseconds that an event time may lie in the future. Further: stored with the arrival time and marked.
pub const CLOCK_SKEW_MS: i64 = 300_000;
/// Days that an event time may lie in the past. Older: the reading is refused (`rej too_old`).
pub const EVENT_AGE_DAYS: i64 = 30;

// ---- device sockets ------------------------------------------------------------------------------------------------

/// Bytes of the read buffer of a device socket. The library zero-fills it before each read and keeps it while idle: 2 KiB
/// hold a frame of 20 readings, and 15,000 idle sockets cost 30 MB instead of 2 GB with its default of 128 KiB.
pub const DEVICE_READ_BUFFER_BYTES: usize = 2 * 1024;
/// Frames that a device may have outstanding (`credit`).
pub const CREDIT_FRAMES: u32 = 64;
/// Seconds that a device may ignore a spent credit before the socket is closed (4429).
pub const CREDIT_GRACE_S: u64 = 10;
/// Seconds within which `hello` (or a dashboard's `auth`) must come (4408, 4401).
pub const HELLO_S: u64 = 10;
/// Seconds between pings of the server; a socket silent for 2.5 of them is closed.
pub const HEARTBEAT_S: u64 = 30;
/// Pings that a peer may send in a heartbeat. More: the socket is closed (4429).
pub const PINGS_PER_HEARTBEAT: u32 = 120;
/// Data frames a second that a device may send by default; 0 is unlimited. More: the socket is not read until time has caught up.
pub const DEVICE_FRAMES_PER_S: u32 = 0;
/// Largest `after_ms` told to a peer when the server drains, so that a fleet does not come back at once.
pub const DRAIN_SPREAD_MS: u32 = 30_000;

// ---- log -----------------------------------------------------------------------------------------------------------

/// Bytes of admitted and not yet durable readings, for the whole process. Reached: sockets are not read.
pub const APPEND_BUDGET_BYTES: usize = 64 * 1024 * 1024;
/// Readings in one commit of the log. More wait for the next.
pub const READINGS_PER_COMMIT: usize = 100_000;
/// Bytes of recent commits kept in memory for readers of the tail. Older ones are read from disk.
pub const TAIL_BYTES: usize = 64 * 1024 * 1024;

// ---- http ----------------------------------------------------------------------------------------------------------

/// Connections of the process. More: refused (503), counted.
pub const CONNECTIONS: usize = 100_000;
/// Connections from one address. More: refused, counted. 0 is unlimited, which a proxy in front of the server needs.
pub const CONNECTIONS_PER_ADDRESS: usize = 0;
/// Seconds within which the head of a request must be complete.
pub const REQUEST_HEAD_S: u64 = 5;
/// Bytes of a request's body.
pub const BODY_BYTES: usize = 2 * 1024 * 1024;
/// Entries of a page by default.
pub const PAGE_DEFAULT: usize = 50;
/// Entries of a page at most.
pub const PAGE_MAX: usize = 500;
