//! The log: what is on its way into it, what is in memory, and what PostgreSQL is asked for.

use super::{READINGS_PER_FRAME, RETENTION_DAYS, TURN_DAYS};

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
/// [`POSTGRES_GONE_S`](super::POSTGRES_GONE_S): a session that is left of a server that is gone ends by itself.
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
