//! Readings, frames, and the sockets that they come over.

// ---- readings and frames --------------------------------------------------------------------------------------------

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
/// Levels of arrays, maps and tags in a CBOR message, its own included. More: the message is refused as none. JSON needs no such bound: its values are
/// not read into, only delimited.
pub const CBOR_DEPTH: usize = 64;
/// Bytes of a SenML record's name with its base name and URN. More: the record is refused (`schema`).
pub const SENML_NAME_BYTES: usize = 256;
/// Bytes of the sentence that says why a SenML pack is refused. Longer ones are cut.
pub const SENML_MESSAGE_BYTES: usize = 200;
/// Milliseconds that an event time may lie in the future. Further: stored with the arrival time and marked.
pub const CLOCK_SKEW_MS: i64 = 300_000;

// ---- device sockets -------------------------------------------------------------------------------------------------

/// Bytes of the read buffer of a device socket. The library zero-fills it before each read and keeps it while idle: 2 KiB
/// hold a frame of 20 readings, and 15,000 idle sockets cost 30 MB instead of 2 GB with its default of 128 KiB.
pub const DEVICE_READ_BUFFER_BYTES: usize = 2 * 1024;
/// Bytes of answers that a device socket collects before it writes: a turn's acknowledgements leave in one segment.
pub const DEVICE_WRITE_BUFFER_BYTES: usize = 4 * 1024;
/// Bytes of answers that may wait for a device to read them. Reached: the connection is not read; after ten seconds it is closed.
pub const DEVICE_WRITE_QUEUE_BYTES: usize = 256 * 1024;
/// Refused readings named in one `ack`. More are named in the next.
pub const REJECTIONS_PER_ACK: usize = 1000;
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
/// Stretches of a second, and of a minute, of which the sums of a tenant are kept: how much it sends is told from the first, what was refused and went wrong from the
/// others. Older ones are forgotten.
pub const TALLY_SECONDS: usize = 10;
/// As [`TALLY_SECONDS`]: an hour.
pub const TALLY_MINUTES: usize = 60;
/// Data frames a second that a device may send by default; 0 is unlimited. More: the socket is not read until time has caught up.
pub const DEVICE_FRAMES_PER_S: u32 = 0;
/// Frames that a connection takes from its socket in one turn. More wait in the socket.
pub const TURN_FRAMES: usize = 64;
/// Bytes of messages after which a connection takes no further frame in a turn.
pub const TURN_BYTES: usize = 64 * 1024;
/// Bytes that readings taken in a turn may have become before it takes no further frame. JSON hardly reaches it; four bytes of CBOR are a
/// reading of 48, and three bytes, a float of half precision in a list, are 24 bytes of the JSON that is kept.
pub const TURN_BUILT_BYTES: usize = 192 * 1024;
/// Times that the day (UTC) of event time changes within a turn from one reading to the next. Reached: the turn ends with this frame, so that a
/// batch is of at most so many days and a frame's readings more.
pub const TURN_DAYS: usize = 100;
/// Bytes of the log's budget that a turn needs to begin: what it can become at the worst. [`TURN_BUILT_BYTES`], and one frame more: its 64 KiB
/// become at most eight times as much JSON, and 500 readings 24 KB of columns.
pub const TURN_ROOM_BYTES: usize = 768 * 1024;
/// Seconds between two writes of who is connected and was last seen when.
pub const PRESENCE_S: u64 = 5;
/// Devices of one organization that may be connected at once. More: the socket is closed (4403).
pub const CONNECTIONS_PER_ORGANIZATION: usize = 50_000;
/// Largest `after_ms` told to a peer when the server drains, so that a fleet does not come back at once.
pub const DRAIN_SPREAD_MS: u32 = 30_000;
