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
/// Levels of arrays, maps and tags in a CBOR message, its own included. More: the message is refused as none. JSON needs no such bound: its values are
/// not read into, only delimited.
pub const CBOR_DEPTH: usize = 64;
/// Bytes of a SenML record's name with its base name and URN. More: the record is refused (`schema`).
pub const SENML_NAME_BYTES: usize = 256;
/// Bytes of the sentence that says why a SenML pack is refused. Longer ones are cut.
pub const SENML_MESSAGE_BYTES: usize = 200;
/// Milliseconds that an event time may lie in the future. Further: stored with the arrival time and marked.
pub const CLOCK_SKEW_MS: i64 = 300_000;

// ---- device sockets ------------------------------------------------------------------------------------------------

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

// ---- log -----------------------------------------------------------------------------------------------------------

/// Bytes of admitted and not yet durable readings, for the whole process. Reached: sockets are not read.
pub const APPEND_BUDGET_BYTES: usize = 64 * 1024 * 1024;
/// Readings in one commit of the log. More wait for the next.
pub const READINGS_PER_COMMIT: usize = 100_000;
/// Bytes of recent commits kept in memory for readers of the tail. Older ones are read from disk.
pub const TAIL_BYTES: usize = 64 * 1024 * 1024;
/// Readings in the head, the part of the log that is in memory by series. Reached: the head is frozen and sealed into blocks. At
/// most two of them exist; if the second fills before the first is sealed, appends wait.
pub const HEAD_READINGS: usize = 1_000_000;
/// Bytes of the head; a reading takes about 26. Reached: as [`HEAD_READINGS`].
pub const HEAD_BYTES: usize = 64 * 1024 * 1024;
/// Seconds after its first reading that a head is sealed even if it is not full.
pub const HEAD_AGE_S: u64 = 900;
/// Readings in a block, one series' share of a sealed head. More: several blocks.
pub const BLOCK_READINGS: usize = 8_192;
/// Seconds of event time in a block. More (late readings, backfills): several blocks.
pub const BLOCK_SPAN_S: u64 = 86_400;
/// Bytes of sealed commits kept on disk for readers of the tail that are behind. More: the oldest are dropped, and a reader that
/// still needs them is told which offset is the oldest left.
pub const HELD_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Boots per device whose highest committed frame is remembered. More: the one that sent longest ago is forgotten.
pub const BOOTS_PER_DEVICE: usize = 4;
/// Readings in one page of a range read from the log. More asked for: this many come, with a cursor.
pub const RANGE_READINGS: usize = 10_000;
/// Connections that commit readings to PostgreSQL, each a commit at a time, in order. More would wait for each other.
pub const LOG_LANES: usize = 2;
/// Readings that must wait before a second commit is sent while one is under way; fewer wait for it to land.
pub const LOG_SECOND_READINGS: usize = 2_000;
/// Days of event time that the log has partitions for in PostgreSQL: as many as readings may be kept, [`LOG_DAYS_AHEAD`], and some that are
/// too old and not dropped yet. A reading of one more fails, and with it what its device sent with it.
pub const LOG_DAYS: usize = RETENTION_DAYS as usize + LOG_DAYS_AHEAD + 50;
/// Of [`LOG_DAYS`], those that only today and the days after it get, so that what comes now is always taken. Reached: a reading of a day
/// before today that has no partition fails.
pub const LOG_DAYS_AHEAD: usize = 400;
/// Days in one commit to PostgreSQL, which holds three locks for each of them until its end; a server has room for 6,400 unless told
/// otherwise. More: they wait for the next commit. An append that has more by itself fails, alone.
pub const LOG_COMMIT_DAYS: usize = TURN_DAYS + READINGS_PER_FRAME;
/// Partitions made in one transaction, with five locks each. More: further transactions.
pub const LOG_MAKE_DAYS: usize = 50;
/// Days in one commit whose rows go straight into their partitions. More: PostgreSQL sorts them out, which costs it more a row.
pub const LOG_COPY_DAYS: usize = 4;
/// Statements that a connection keeps prepared for copying into partitions. More: the oldest is forgotten.
pub const LOG_COPY_STATEMENTS: usize = 16;
/// Seconds between two times that frame marks are folded in PostgreSQL and partitions are made ahead.
pub const LOG_FOLD_S: u64 = 30;
/// Milliseconds between two attempts of the log to get back to PostgreSQL, at most.
pub const LOG_RETRY_MS_MAX: u64 = 500;
/// Seconds that a commit or a fold waits for a lock in PostgreSQL that others have. Longer: all connections of the appender are closed, so that
/// whoever waits for them goes on, and what they were doing is done again.
pub const LOG_LOCK_S: u64 = 30;
/// Seconds after which a commit to PostgreSQL that is still under way is told of, and the server is not ready until it has landed.
pub const LOG_SLOW_S: u64 = 10;
/// Seconds that a server waits at its start for a log in PostgreSQL that another session has. Longer: it does not start. More than
/// [`POSTGRES_GONE_S`]: a session that is left of a server that is gone ends by itself.
pub const LOG_HELD_S: u64 = 30;
/// Connections that read the log in PostgreSQL. More readers wait, or are told that it is busy.
pub const LOG_READERS: usize = 4;
/// Connections that catch up with the log in PostgreSQL and write bookmarks. More at once wait.
pub const LOG_TAILS: usize = 2;
/// Seconds that a statement which reads the log may take in PostgreSQL. Longer: it fails (503 `too_slow`).
pub const LOG_READ_S: u64 = 30;
/// Days that one statement reads in PostgreSQL, with three locks for each; a server has room for 6,400 unless told otherwise. More: further
/// statements.
pub const LOG_READ_DAYS: usize = 64;

// ---- retention -----------------------------------------------------------------------------------------------------

/// Days that readings are kept by default: those of a device in no project, and of one that was deleted. Older: refused (`rej too_old`), not
/// returned, and dropped.
pub const RETENTION_DAYS_DEFAULT: u32 = 30;
/// Seconds between two looks at what projects ask, and at how full the store is.
pub const RETENTION_LOOK_S: u64 = 60;
/// Seconds between two passes that drop what is too old. A store past its size gets one at the next look.
pub const RETENTION_PASS_S: u64 = 600;
/// Blocks dropped in one batch. More go in the next.
pub const EXPIRE_BLOCKS: usize = 512;
/// Milliseconds that a pass works before it pauses, and pauses before it goes on.
pub const EXPIRE_SLICE_MS: u64 = 100;
/// Percent of its greatest size that a store is brought down to when it has passed it, so that this is not needed again at once.
pub const STORE_LOW_WATER_PERCENT: u64 = 90;
/// Bytes of dropped blocks from which on their space is given back to the file system; less waits.
pub const GIVE_BACK_BYTES: u64 = 64 * 1024 * 1024;
/// Share of the store that must have been dropped, too: one in so many bytes. Keys are rewritten each time, and are a hundredth.
pub const EXPIRED_SHARE: u64 = 64;
/// Rows of the catalog that the janitor reads at a time.
pub const CATALOG_SCAN: u32 = 5_000;
/// Rows of the catalog that the janitor removes in one transaction. More go in the next.
pub const REMOVED_ROWS: u32 = 500;
/// Rows of the catalog that a move copies in one transaction. More go in the next.
pub const COPIED_ROWS: u32 = 500;
/// Seconds that `edgesync move` and `edgesync check` wait for a database that does not answer, or for a log in it that another session has: one of
/// theirs that was killed is let go of within them. Longer: they end.
pub const TOOL_WAIT_S: u64 = 5;
/// Series that a move writes in one statement. More: further ones, in the same transaction.
pub const MOVED_SERIES: usize = 5_000;
/// Problems that a check of what is stored reports. More are counted.
pub const CHECK_PROBLEMS: usize = 1_000;
/// Offsets that a check remembers to notice one that is there twice, a bit each: 128 MiB at most. Of those behind, only the number is compared.
pub const CHECK_OFFSETS: u64 = 1 << 30;
/// Seconds after a device was found deleted that its series and marks may be forgotten: longer than its socket can outlive it.
pub const DELETED_DEVICE_S: u64 = 3600;

// ---- history -------------------------------------------------------------------------------------------------------

/// Reads of history that go on at once: buckets, and pages of exports. More wait, at most [`HISTORY_WAIT_S`].
pub const HISTORY_READS: usize = 2;
/// Seconds that a read of history waits for its turn. Longer: refused (503 `busy`).
pub const HISTORY_WAIT_S: u64 = 10;
/// Buckets of one series in an answer. More: refused, with the shortest length that fits.
pub const BUCKETS: usize = 10_000;
/// Buckets of one series, where neither their length nor their number is asked for.
pub const BUCKETS_DEFAULT: usize = 500;
/// Series in one answer of buckets. More: refused.
pub const BUCKET_SERIES: usize = 100;
/// Buckets of all series in one answer. More: refused.
pub const BUCKETS_PER_ANSWER: usize = 100_000;
/// Bytes of text and objects that are first or last in their buckets, in one answer. More: refused.
pub const BUCKET_RAW_BYTES: usize = 1024 * 1024;
/// Hours before its end that a range of buckets begins, where it is not said.
pub const BUCKET_RANGE_H: i64 = 24;
/// Exports that run at once. More: refused (503 `busy`).
pub const EXPORTS: usize = 4;
/// Exports of one user that run at once. More: refused (429 `export_running`).
pub const EXPORTS_PER_USER: usize = 1;
/// Seconds that an export waits for a client that takes nothing. Longer: it is cut off.
pub const EXPORT_STALL_S: u64 = 60;
/// Devices named in one export. More: refused; an organization is exported whole.
pub const EXPORT_DEVICES: usize = 100;
/// Readings in a row group of a Parquet file, which is built in memory. More: several groups.
pub const EXPORT_GROUP_READINGS: usize = 65_536;
/// Bytes of text and objects in a row group. More: several groups.
pub const EXPORT_GROUP_RAW_BYTES: usize = 8 * 1024 * 1024;
/// Imports that run at once. More: refused (503 `busy`).
pub const IMPORTS: usize = 2;
/// Imports of one user that run at once. More: refused (429 `import_running`).
pub const IMPORTS_PER_USER: usize = 1;
/// Bytes of an import's body. More: it ends there (413); what was answered before stays.
pub const IMPORT_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Bytes of one line of an import. Longer: the line is refused.
pub const IMPORT_LINE_BYTES: usize = 64 * 1024;
/// Bytes of an import's body that are read before they are taken in: a few thousand lines.
pub const IMPORT_CHUNK_BYTES: usize = 256 * 1024;
/// Devices in one import. More: their lines are refused.
pub const IMPORT_DEVICES: usize = 1_000;
/// Refused lines that an import's answer names. More are counted.
pub const IMPORT_ERRORS: usize = 100;
/// Seconds that an import waits for the next bytes of its body. Longer: it ends (408); what is durable stays.
pub const IMPORT_STALL_S: u64 = 30;

// ---- http ----------------------------------------------------------------------------------------------------------

/// Connections of the process. More: refused (503), counted.
pub const CONNECTIONS: usize = 100_000;
/// Connections from one address. More: refused, counted. 0 is unlimited, which a proxy in front of the server needs.
pub const CONNECTIONS_PER_ADDRESS: usize = 0;
/// Seconds within which the head of a request must be complete.
pub const REQUEST_HEAD_S: u64 = 5;
/// Bytes of a request's body. More: refused (413).
pub const BODY_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of the body of a signup or login, which nobody has to prove anything for. More: refused (413).
pub const LOGIN_BODY_BYTES: usize = 16 * 1024;
/// Bytes of bodies that are being read, of the whole process. Used up: a body waits for [`BODY_WAIT_S`].
pub const BODY_BUDGET_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of bodies of signups and logins that are being read: apart, so that strangers cannot keep users out. Used up: as above.
pub const LOGIN_BODY_BUDGET_BYTES: usize = 16 * 1024 * 1024;
/// Seconds that a body waits for the budget. Longer: refused (503 `busy`).
pub const BODY_WAIT_S: u64 = 5;
/// Entries of a page by default.
pub const PAGE_DEFAULT: usize = 50;
/// Entries of a page at most.
pub const PAGE_MAX: usize = 500;

// ---- live socket ---------------------------------------------------------------------------------------------------

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
/// Values that wait for one subscriber, while its rate allows that many. More are folded into the newest (`min`, `max`, `skipped`).
pub const LIVE_PENDING: usize = 32;
/// Bytes of originals that wait for one subscriber. Reached: values are folded into the newest.
pub const LIVE_PENDING_RAW_BYTES: usize = 8 * 1024;
/// Subscriptions of one user, on all sockets together; one whose source still lingers counts. More: `err limit`.
pub const LIVE_SUBSCRIPTIONS_PER_USER: usize = 2_000;
/// Live sockets of one user; the compatible form needs one per widget. More: `err limit`, and the socket is closed (4403).
pub const LIVE_SOCKETS_PER_USER: usize = 500;
/// Sources that are watched, in the process. More: `err limit`.
pub const LIVE_SOURCES: usize = 100_000;
/// Snapshots that are read from the log at once. More wait.
pub const LIVE_HISTORY_READS: usize = 4;
/// Readings that are looked through for a dashboard that resumes at an older offset. Further behind: a new snapshot, `recovered` false.
pub const LIVE_RESUME_READINGS: u64 = 1_000_000;
/// Seconds that a source is followed after its last subscriber left, so that a dashboard that reconnects finds no gap.
pub const LIVE_LINGER_S: u64 = 15;
/// Seconds that a dashboard's socket may take nothing. Longer: it is closed.
pub const LIVE_WRITE_S: u64 = 30;
/// Bytes of the id of a flow's node, and of an output field's name.
pub const NODE_ID_BYTES: usize = 256;

// ---- PostgreSQL ----------------------------------------------------------------------------------------------------

/// Seconds to reach an address of the database, unless its URL says otherwise (`connect_timeout`). Longer: the next address, or it is away.
pub const POSTGRES_CONNECT_S: u64 = 10;
/// Seconds that the server waits at its start for a database that does not answer. Longer: it does not start.
pub const POSTGRES_START_S: u64 = 30;
/// Milliseconds before a database that is away is tried again for the first time; doubled each time, at most [`POSTGRES_RETRY_MS_MAX`].
pub const POSTGRES_RETRY_MS: u64 = 50;
/// Milliseconds between two attempts at most.
pub const POSTGRES_RETRY_MS_MAX: u64 = 5_000;
/// Seconds of silence after which a connection is asked whether it is still there. A third of it between the next questions; three
/// without an answer, or twice this time with something unacknowledged: it is given up.
pub const POSTGRES_KEEPALIVE_S: u64 = 15;
/// Seconds after which the database notices that we are gone without a word, and lets go of what we had. Half of it is silence.
pub const POSTGRES_GONE_S: u64 = 18;
/// Milliseconds to wait for a connection of a pool. Longer: refused (503 `busy`).
pub const POSTGRES_WAIT_MS: u64 = 5_000;

// ---- catalog -------------------------------------------------------------------------------------------------------

/// Characters of a name or title. More: the body is refused.
pub const NAME_CHARS: usize = 200;
/// Characters of a description. More: the body is refused.
pub const DESCRIPTION_CHARS: usize = 10_000;
/// Tags of an entity. More: the body is refused.
pub const TAGS: usize = 32;
/// Characters of a tag, a kind or a widget's own id. More: the body is refused.
pub const TAG_CHARS: usize = 64;
/// Bytes of an e-mail address (RFC 5321). More: the body is refused.
pub const EMAIL_BYTES: usize = 254;
/// Characters that a new password has at least.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Characters of a password. More: the body is refused, so that nobody pays for hashing a megabyte.
pub const PASSWORD_CHARS: usize = 256;
/// Bytes of JSON of a free-form map or value of an entity that is listed whole. More: the body is refused.
pub const FREE_FORM_BYTES: usize = 16 * 1024;
/// Widgets of a dashboard. More: refused (`widget_limit_reached`).
pub const WIDGETS_PER_DASHBOARD: usize = 200;
/// Milliseconds between refreshes of a widget at most, which is what its aggregation goes over: a day. More: the body is refused.
pub const REFRESH_INTERVAL_MS: u32 = 86_400_000;
/// Samples that a widget of a device's sensor shows at most; of a flow's node, [`LIVE_POINTS`]. More: the body is refused.
pub const SAMPLES_PER_VARIABLE: u32 = 10_000;
/// Days that readings may be kept at most: ten years, each day of which is a partition in PostgreSQL. More: refused.
pub const RETENTION_DAYS: i64 = 3_650;
/// Devices that a new user may create.
pub const DEVICE_LIMIT_DEFAULT: u32 = 5;
/// Devices that a user may ever make, deleted ones among them, for each that the plan allows at once: a deleted device leaves its
/// series (at most [`SENSORS_PER_DEVICE`]) in the log. More: refused (`devices_made_limit_reached`) until the plan is raised.
pub const DEVICES_MADE_PER_DEVICE: u32 = 20;
/// Projects that a device may be in. More: refused (`project_limit_reached`).
pub const PROJECTS_PER_DEVICE: u32 = 50;
/// Devices that one `POST /devices/bulk` asks for. More: refused before any is made (413 `too_many_lines`).
pub const BULK_LINES: usize = 5000;
/// Devices of a bulk request that are made in one transaction. More lines: further transactions, each made durable by itself.
pub const BULK_CHUNK: usize = 100;
/// Entries of a device's history that are kept of each action. More: the oldest goes.
pub const DEVICE_HISTORY_ENTRIES: u32 = 200;
/// Days that entries of devices' histories are kept. Older: they go, [`DEVICE_HISTORY_BATCH`] at a time.
pub const DEVICE_HISTORY_DAYS: i64 = 90;
/// Entries of devices' histories that age removes in one transaction. More: further transactions, so that others get their turn.
pub const DEVICE_HISTORY_BATCH: u32 = 1000;
/// Devices whose coming and going is written into their history with one write of presence. More wait for the next write; what
/// they do meanwhile is folded into two entries, the first change and the last, which count what was between.
pub const DEVICE_HISTORY_DEVICES: usize = 1000;
/// Organizations that a user may own. More: refused (`organization_limit_reached`).
pub const ORGANIZATIONS_PER_USER: u32 = 100;
/// Members of an organization. More: refused (`member_limit_reached`).
pub const MEMBERS_PER_ORGANIZATION: u32 = 1000;
/// Flows that a user may own. More: refused (`flow_limit_reached`).
pub const FLOWS_PER_USER: u32 = 20_000;
/// Versions of a flow that were deployed and are kept, besides the one that runs. More: the oldest is forgotten.
pub const FLOW_VERSIONS: u32 = 50;
/// Dashboards and projects, each, of an organization. More: refused (`dashboard_limit_reached`, `project_limit_reached`).
pub const DASHBOARDS_PER_ORGANIZATION: u32 = 5000;
/// Seconds that an old device token may stay valid beside its successor at most: 30 days.
pub const TOKEN_OVERLAP_S: i64 = 30 * 86_400;
/// Sessions of a user. More: the oldest ends.
pub const SESSIONS_PER_USER: u32 = 100;
/// Days after its last use that a session ends.
pub const SESSION_DAYS: i64 = 30;
/// API tokens of a user. More: refused (`api_token_limit_reached`).
pub const API_TOKENS_PER_USER: u32 = 100;
/// Days ahead that an API token may end: ten years. Later: the body is refused. One without an end does not end by itself.
pub const API_TOKEN_DAYS: i64 = 3_650;
/// Milliseconds between two looks whether another process ended tokens or memberships: for about so long after `edgesync admin` took a
/// token away a running server may take it.
pub const ACCESS_LOOK_MS: u64 = 1_000;
/// Days that an API token is listed after its end. Later: it is removed.
pub const API_TOKEN_ENDED_DAYS: i64 = 30;
/// Statements and transactions waiting for the catalog. More: refused (503 `busy`).
pub const CATALOG_QUEUE: usize = 1024;
/// Threads that read the catalog.
pub const CATALOG_READERS: usize = 2;
/// Connections to PostgreSQL that the catalog has at most. More statements at once: they wait for [`POSTGRES_WAIT_MS`].
pub const CATALOG_CONNECTIONS: usize = 8;
/// Seconds that a statement may take on PostgreSQL, and a transaction wait for those before it. Longer: refused (503 `busy`).
pub const CATALOG_STATEMENT_S: u64 = 30;
/// Statements that are sent to PostgreSQL ahead of the answers, where there are many of a kind.
pub const CATALOG_PIPELINE: usize = 256;
/// Milliseconds that a transaction may pause between two statements before it is rolled back.
pub const TRANSACTION_IDLE_MS: u64 = 5000;
/// Milliseconds to wait for another process that writes to the catalog. Longer: refused (503 `busy`).
pub const CATALOG_BUSY_MS: u64 = 5000;
/// Entries of the audit log of an organization. More: the oldest go, [`AUDIT_BATCH`] at a time.
pub const AUDIT_PER_ORGANIZATION: i64 = 100_000;
/// Entries of the audit log of an account, which are those that concern no organization. More: as above.
pub const AUDIT_PER_ACCOUNT: i64 = 10_000;
/// Days that an entry of the audit log is kept. Older ones go, [`AUDIT_BATCH`] at a time, when others come.
pub const AUDIT_DAYS: i64 = 730;
/// Entries of the audit log that are written between two times that the oldest go, and that go at once for their age: there
/// are at most this many more than the limits say.
pub const AUDIT_BATCH: i64 = 64;
/// Bytes of JSON of the details of an entry of the audit log. More: only how many there were is kept.
pub const AUDIT_DETAILS_BYTES: usize = 4096;
/// Device tokens whose device is remembered, about 150 bytes each. More: the older half is forgotten and read again.
pub const TOKEN_CACHE: usize = 131_072;

// ---- requests that are answered once ---------------------------------------------------------------------------------

/// Bytes of an `Idempotency-Key`. More: refused (400).
pub const IDEMPOTENCY_KEY_BYTES: usize = 255;
/// Seconds that a key is remembered: a day.
pub const IDEMPOTENCY_S: i64 = 86_400;
/// Keys of a user that are remembered. More: the oldest are forgotten, with one new key in [`IDEMPOTENCY_TRIM`].
pub const IDEMPOTENCY_KEYS_PER_USER: i64 = 10_000;
/// New keys, on the average, between two counts of their user's: counting them all with each would cost more than the request. So a user
/// may have some more than [`IDEMPOTENCY_KEYS_PER_USER`] for a while.
pub const IDEMPOTENCY_TRIM: u8 = 64;
/// Bytes of an answer that is kept for its key. More: a repeated request is told that it was done, not how it was answered.
pub const IDEMPOTENCY_ANSWER_BYTES: usize = 64 * 1024;
/// Answers with secrets that are kept, in memory only. More: the oldest is forgotten, and a repeated request told as above.
pub const IDEMPOTENCY_SECRETS: usize = 1_000;
/// Seconds that an answer with a secret is kept. Longer: as above.
pub const IDEMPOTENCY_SECRET_S: u64 = 600;

// ---- login ---------------------------------------------------------------------------------------------------------

/// Failed logins of an account within [`LOGIN_WINDOW_S`]. More: 429 with `Retry-After`.
pub const LOGIN_FAILURES_PER_ACCOUNT: u32 = 10;
/// Failed logins from an address within [`LOGIN_WINDOW_S`]. More: 429 with `Retry-After`.
pub const LOGIN_FAILURES_PER_ADDRESS: u32 = 100;
/// Signups from an address within [`LOGIN_WINDOW_S`], failed or not. More: 429 with `Retry-After`.
pub const SIGNUPS_PER_ADDRESS: u32 = 50;
/// Seconds for which failed logins and signups count.
pub const LOGIN_WINDOW_S: u64 = 300;
/// Accounts and addresses, each, whose failed logins are remembered. More: those that failed least are forgotten.
pub const LOGIN_MEMORY: usize = 10_000;
/// Seconds within which a request's body must have come (408).
pub const REQUEST_BODY_S: u64 = 30;
/// Passwords waiting to be hashed. More: refused (503 `busy`).
pub const PASSWORD_QUEUE: usize = 64;

// ---- flows ---------------------------------------------------------------------------------------------------------

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

// ---- cells (the engine's workers) ----------------------------------------------------------------------------------

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
/// Flows on one cell. One more is refused.
pub const FLOWS_PER_CELL: usize = 65_536;

// ---- running flows -------------------------------------------------------------------------------------------------

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
/// Seconds that a cell may have readings to do and finish none of them. Longer: the server says that it is not ready.
pub const CELL_STILL_S: u64 = 10;
/// Seconds between two looks at running flows: at their counters, and at how far they are, which is written down.
pub const FLOW_TICK_S: u64 = 1;
/// Errors of a node that are kept as samples. More: the oldest is forgotten; the counters have them all.
pub const ERROR_SAMPLES: usize = 10;
/// Seconds that a request waits for the actors of flows. Longer: it is answered as busy.
pub const FLOW_CALL_S: u64 = 30;
/// Seconds that a debug node is watched after somebody looked at it.
pub const DEBUG_S: u64 = 900;
/// Debug nodes of one flow that are watched. More: the longest unseen of the flow is let go.
pub const DEBUG_NODES_PER_FLOW: usize = 20;
/// Debug nodes that are watched, in the process. More: the longest unseen is let go.
pub const DEBUG_NODES: usize = 1_000;
