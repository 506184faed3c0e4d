//! What a cell may be given.

use edgesync_schemas::limit;

/// Options of a cell.
#[derive(Debug, Clone)]
pub struct Options {
    /// Commits fed and not yet done at which feeding answers [`crate::handle::Full`]. Default: [`limit::FEED_COMMITS`]. At least 1.
    pub feed_commits: usize,
    /// Bytes of commits fed and not yet done at which feeding answers [`crate::handle::Full`]; one commit is always let in.
    /// Default: [`limit::FEED_BYTES`].
    pub feed_bytes: usize,
    /// Rows handled in one go. Default: [`limit::CHUNK_ROWS`]. At least 1. Results do not depend on it.
    pub chunk_rows: usize,
    /// Keys per node that state is kept for. Default: [`limit::KEYS_PER_NODE`].
    pub keys_per_node: usize,
    /// Flows in one timely dataflow. Default: [`limit::FLOWS_PER_PACK`]. At least 1. Results do not depend on it.
    pub flows_per_pack: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            feed_commits: limit::FEED_COMMITS,
            feed_bytes: limit::FEED_BYTES,
            chunk_rows: limit::CHUNK_ROWS,
            keys_per_node: limit::KEYS_PER_NODE,
            flows_per_pack: limit::FLOWS_PER_PACK,
        }
    }
}
