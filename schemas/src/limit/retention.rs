//! How long readings are kept, how they are dropped, and how what is stored is gone through.

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
/// Seconds that what a project asked before is kept still, after it asks less; and everything after the server started.
pub const RETENTION_REGRET_S: u64 = 3600;
/// Seconds by which the clock may go forward by itself between two passes. More: nothing is dropped for its age for [`RETENTION_REGRET_S`].
pub const CLOCK_AHEAD_S: u64 = 300;
/// Milliseconds that dropping a day in PostgreSQL waits for all days. As long as that, readers that come wait behind it. Twice as long in
/// each pass that did not get them, [`EXPIRE_LOCK_MS_MAX`] at most; that long, too, when the store has passed its size.
pub const EXPIRE_LOCK_MS: u64 = 200;
/// See [`EXPIRE_LOCK_MS`].
pub const EXPIRE_LOCK_MS_MAX: u64 = 5_000;
/// Milliseconds that it waits for what keeps nobody else waiting.
pub const EXPIRE_PATIENT_LOCK_MS: u64 = 3_000;
/// Attempts to get the locks in one pass.
pub const EXPIRE_ATTEMPTS: usize = 5;
/// Seconds that a statement may take that counts or copies a day.
pub const EXPIRE_STATEMENT_S: u64 = 6 * 3_600;
/// Seconds after which the database takes the locks from a server that says nothing between two statements.
pub const EXPIRE_IDLE_S: u64 = 5;
/// Share of a day's readings that must be too old for the day to be written anew without them: one in so many.
pub const EXPIRED_SHARE_OF_DAY: u64 = 4;
/// Deleted devices that are forgotten in one transaction.
pub const FORGET_DEVICES: usize = 1_000;
/// Series that are looked up at a time.
pub const FORGET_SERIES: usize = 1_000;
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
/// As [`COPIED_ROWS`], where a row may be as large as a request: 64 MiB of them.
pub const COPIED_LARGE_ROWS: u32 = 32;
/// Differences between source and target that a move tells. More are counted.
pub const MOVE_DIFFERENCES: usize = 100;
/// Seconds that `edgesync move` and `edgesync check` wait for a database that does not answer, or for a log in it that another session has: one of
/// theirs that was killed is let go of within them. Longer: they end.
pub const TOOL_WAIT_S: u64 = 5;
/// Series, or marks of devices, that a move writes in one statement or batch. More: further ones.
pub const MOVED_SERIES: usize = 5_000;
/// Problems that a check of what is stored reports. More are counted.
pub const CHECK_PROBLEMS: usize = 1_000;
/// Offsets that a check remembers to notice one that is there twice, a bit each: 128 MiB at most. Of those behind, only the number is compared.
pub const CHECK_OFFSETS: u64 = 1 << 30;
/// Seconds after a device was found deleted that its series and marks may be forgotten: longer than its socket can outlive it.
pub const DELETED_DEVICE_S: u64 = 3600;
