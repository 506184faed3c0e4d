//! Rows that flows store.

/// Series that the store nodes of one flow may make, of all its versions. A row of one more becomes a dead letter (`too_many_series`).
pub const DERIVED_SERIES_PER_FLOW: usize = 20_000;
/// Rows written in one transaction. More go in the next.
pub const DERIVED_BATCH: usize = 2_000;
/// Bytes of rows that wait to be written, of all flows together. Reached: cells wait, and so their flows lag.
pub const DERIVED_QUEUE_BYTES: u32 = 4 * 1024 * 1024;
/// Bytes of rows of one tenant's flows that wait to be written. Reached: cells that have more of them wait, and the time counts as that of the flow whose rows
/// they are. So there is room for others however much it stores.
pub const DERIVED_TENANT_BYTES: u32 = DERIVED_QUEUE_BYTES / 4;
/// Chunks of rows that wait to be written. Reached: as [`DERIVED_QUEUE_BYTES`].
pub const DERIVED_QUEUE: usize = 1024;
/// Milliseconds before a batch that could not be written is tried again for the first time; doubled each time, at most [`DERIVED_RETRY_MS_MAX`].
pub const DERIVED_RETRY_MS: u64 = 50;
/// See [`DERIVED_RETRY_MS`].
pub const DERIVED_RETRY_MS_MAX: u64 = 2_000;
/// Rows that are dropped in one transaction because they are too old, or their flow is gone. More go in the next.
pub const DERIVED_EXPIRED: usize = 5_000;
/// Derived series in one page of a flow's list, each with its newest row.
pub const DERIVED_SERIES_PAGE: usize = 1_000;
