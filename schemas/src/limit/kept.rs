//! What flows' nodes put out, kept for the widgets that show it while nobody watches.

/// Widgets, and samples, that are read from the catalog at once. More: the next page.
pub const KEPT_PAGE: u32 = 1_000;
/// Widgets whose samples are kept, in the process. More: what their sources put out is kept while somebody watches, and not stored.
pub const KEPT_WIDGETS: usize = 20_000;
/// The same of one organization.
pub const KEPT_PER_ORGANIZATION: usize = 4_000;
/// Bytes of rings and buckets that are kept while nobody watches, in the process: 25,000 of 50 samples, or 1,000 of 2,000. More: as above.
pub const KEPT_BYTES: usize = 256 * 1024 * 1024;
/// The same of one organization: 4,000 widgets of 50 samples, or 250 of 2,000.
pub const KEPT_BYTES_PER_ORGANIZATION: usize = 64 * 1024 * 1024;
/// Bytes that a sample in a ring is taken for, besides its original.
pub const KEPT_SAMPLE_BYTES: usize = 56;
/// Bytes that a bucket is taken for, once for all widgets that show buckets of its interval.
pub const KEPT_BUCKET_BYTES: usize = 128;
/// Bytes that are taken for what is known of a bucket's row, for each widget.
pub const KEPT_ROW_BYTES: usize = 24;
/// Bytes of originals of values that are no numbers, for each sample of a ring that nobody watches; the ring's samples share them. Reached: the
/// oldest go. One ring has at least [`RAW_VALUE_BYTES`](super::RAW_VALUE_BYTES), and at most [`LIVE_RAW_BYTES`](super::LIVE_RAW_BYTES).
pub const KEPT_RAW_BYTES: usize = 64;
/// Samples of all widgets together that are stored in a second, in one transaction: as many of each organization as far as they
/// have them, then of each of its widgets. More: the older ones wait, and newer ones take their places.
pub const KEPT_ROWS_PER_S: usize = 2_000;
/// Bytes of originals among them.
pub const KEPT_ROWS_RAW_BYTES: usize = 1024 * 1024;
/// Seconds between two looks at which widgets there are, besides those that are told of.
pub const KEPT_LOOK_S: u64 = 60;
