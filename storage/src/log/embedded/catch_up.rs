//! Readers of the tail that are behind the ring: commits from their blobs.

use std::collections::VecDeque;
use std::sync::Arc;

use edgesync_schemas::id::Offset;
use edgesync_schemas::reading::Commit;

use super::super::Error;
use super::super::tail::{READ_AHEAD_BYTES, bytes_of};
use super::blobs::BlobKey;
use super::{Embedded, read_commit};

/// Some commits from the one that has `cursor` on.
pub(crate) fn catch_up(log: &Embedded, cursor: Offset) -> Result<VecDeque<Arc<Commit>>, Error> {
    let store = log.store()?;
    let dropped = || Error::Dropped { oldest: log.blobs.oldest().unwrap_or(log.shared.ring.end()) };
    let upper = BlobKey { first: cursor, number: u32::MAX };
    let before = store.blobs.range(..=upper.bytes()).next_back().ok_or_else(dropped)?;
    let start = BlobKey::from_bytes(&before.key()?)?;
    let mut commits = VecDeque::new();
    let mut bytes = 0;
    let mut expected = None;
    for guard in store.blobs.range(start.bytes()..) {
        let (commit, _) = read_commit(&guard.value()?, &log.shared.dictionary)?;
        // Blobs are dropped from the oldest on, perhaps while they are read here: what is read must be without holes.
        if expected.is_some_and(|expected| expected != commit.first)
            || commit.first > cursor && commits.is_empty()
        {
            break;
        }
        expected = Some(commit.end());
        if commit.end() > cursor {
            bytes += bytes_of(&commit);
            commits.push_back(Arc::new(commit));
        }
        if bytes >= READ_AHEAD_BYTES {
            break;
        }
    }
    if commits.is_empty() { Err(dropped()) } else { Ok(commits) }
}
