//! Reads of history, exports and imports.

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
