//! The live socket of dashboards.

/// Bytes of a frame that a dashboard may send. More: the socket is closed (4413).
pub const LIVE_FRAME_BYTES: usize = 32 * 1024;
/// Bytes of the read buffer of a dashboard's socket.
pub const LIVE_READ_BUFFER_BYTES: usize = 4 * 1024;
/// Bytes of frames to a dashboard that go out in one write.
pub const LIVE_WRITE_BUFFER_BYTES: usize = 16 * 1024;
/// Bytes of encoded frames that one dashboard's socket holds. Reached: it waits for the network, and values are conflated meanwhile.
pub const LIVE_WRITE_BYTES: usize = 64 * 1024;
/// Bytes that the library holds for one dashboard's socket at most: the frames above, or one snapshot. More: the socket is closed.
pub const LIVE_WRITE_QUEUE_BYTES: usize = 1024 * 1024;
/// Subscriptions of one dashboard's socket. More: `err limit`.
pub const LIVE_SUBSCRIPTIONS: usize = 256;
/// Points of a snapshot by default.
pub const LIVE_POINTS_DEFAULT: usize = 50;
/// Points of a snapshot at most, and of the ring kept for a source that somebody watches. More asked: this many are sent.
pub const LIVE_POINTS: usize = 2_000;
/// Bytes of originals of values that are no numbers, in a snapshot or a ring. Reached: the oldest points are left out.
pub const LIVE_RAW_BYTES: usize = 256 * 1024;
/// Values a second that a subscriber gets by default. More are conflated.
pub const LIVE_HZ_DEFAULT: f64 = 10.0;
/// Values a second that a subscriber may ask for. More asked: this many are sent.
pub const LIVE_HZ: f64 = 50.0;
/// Values a second that a subscriber may ask for at least: one in 1,000 s. Less asked: this.
pub const LIVE_HZ_MIN: f64 = 0.001;
/// Milliseconds from one moment to the next at which a session is told what had to wait, if a subscriber's rate does not say less: what is due in between waits for
/// the next, so that the widgets of a dashboard come together.
pub const LIVE_STEP_MS: u64 = 250;
/// Milliseconds that values may wait beyond their time for a subscriber. Longer: its rate is halved.
pub const LIVE_LATE_MS: u64 = 500;
/// Seconds in which a subscriber takes everything in time before its rate is doubled again, up to what it asked for.
pub const LIVE_CALM_S: u64 = 5;
/// Values a second below which no subscriber's rate is halved.
pub const LIVE_HZ_SLOWED_MIN: f64 = 0.5;
/// Values that wait for one subscriber, while its rate allows that many. More are folded into the newest (`min`, `max`, `skipped`).
pub const LIVE_PENDING: usize = 32;
/// Bytes of originals that wait for one subscriber. Reached: values are folded into the newest.
pub const LIVE_PENDING_RAW_BYTES: usize = 8 * 1024;
/// Subscriptions of one user, on all sockets together; one whose source still lingers counts. More: `err limit`.
pub const LIVE_SUBSCRIPTIONS_PER_USER: usize = 2_000;
/// Live sockets of one user; the compatible form needs one per widget. More: `err limit`, and the socket is closed (4403).
pub const LIVE_SOCKETS_PER_USER: usize = 500;
/// Subscriptions of one share link, on all sockets together, as above. More: `err limit`.
pub const LIVE_SUBSCRIPTIONS_PER_LINK: usize = 1_000;
/// Live sockets of one share link. More: as above.
pub const LIVE_SOCKETS_PER_LINK: usize = 100;
/// Milliseconds in which those who watch ask again whether they may, after a change that concerns them: each at a moment of its own, so that
/// hundreds do not ask at once.
pub const LIVE_ASK_SPREAD_MS: u64 = 400;
/// Milliseconds from one such question to the next of the same socket. Changes in between: asked about together.
pub const LIVE_ASK_PAUSE_MS: u64 = 250;
/// Sources that are watched, in the process. More: `err limit`.
pub const LIVE_SOURCES: usize = 100_000;
/// Snapshots that are read from the log at once. More wait, [`HISTORY_WAIT_S`](super::HISTORY_WAIT_S) at most: then `err unavailable`.
pub const LIVE_HISTORY_READS: usize = 4;
/// Seconds that reading the history of one subscription from a time on may take. Longer: `err unavailable`.
pub const LIVE_RANGE_S: u64 = 10;
/// Seconds for which the stored values of an aggregate are not read again after that took too long: `err unavailable` at once.
pub const LIVE_TOO_LONG_S: u64 = 60;
/// Readings that are looked through for a dashboard that resumes at an older offset. Further behind: a new snapshot, `recovered` false.
pub const LIVE_RESUME_READINGS: u64 = 1_000_000;
/// Seconds that a source is followed after its last subscriber left, so that a dashboard that reconnects finds no gap.
pub const LIVE_LINGER_S: u64 = 15;
/// Seconds that a dashboard may take nothing, as a laptop that sleeps for a moment. Longer: it is closed.
pub const LIVE_WRITE_S: u64 = 120;
/// Seconds that a reader of events may leave what is on its way; a browser comes back by itself and goes on behind what it has. Longer: it is cut off.
pub const LIVE_EVENTS_WRITE_S: u64 = 30;
/// Seconds between two comments in a stream of events, so that proxies keep it open.
pub const LIVE_EVENTS_HEARTBEAT_S: u64 = 15;
/// Milliseconds after which a reader of a stream of events comes back that was cut off.
pub const LIVE_EVENTS_RETRY_MS: u32 = 2_000;
/// Seconds that a long poll waits for a value by default.
pub const LIVE_POLL_WAIT_S: u64 = 25;
/// Seconds that a long poll may ask to wait. More: 400.
pub const LIVE_POLL_WAIT_MAX_S: u64 = 60;
/// Seconds that a dashboard which takes nothing may take to be told that the server goes down. Longer: it is cut off.
pub const LIVE_BYE_S: u64 = 2;
/// Bytes of the id of a flow's node, and of an output field's name.
pub const NODE_ID_BYTES: usize = 256;
/// Updates a second that a subscriber of a flow's metrics gets by default.
pub const LIVE_METRICS_HZ_DEFAULT: f64 = 1.0;
/// Updates a second of a flow's metrics at most. More asked: this many are sent. Less than [`LIVE_HZ_MIN`] asked: that.
pub const LIVE_METRICS_HZ: f64 = 4.0;
/// Subscriptions to metrics of one user, on all sockets together; they are counted among the others, too. More: `err limit`.
pub const LIVE_METRICS_PER_USER: usize = 64;
/// Flows whose metrics are watched, in the process. More: `err limit`.
pub const LIVE_METRICS_FLOWS: usize = 1_000;
/// Bytes of a flow's metrics as they are sent. More: the samples of errors are left out, whose number a large diagram multiplies.
pub const LIVE_METRICS_BYTES: usize = 256 * 1024;
