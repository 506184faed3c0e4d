//! Taking readings in: what is fed and not yet done is bounded by commits and by bytes.
//!
//! timely itself has no flow control, so this is the only thing between a fast log and the memory of a cell.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::thread::Thread;

use edgesync_schemas::id::Offset;
use edgesync_schemas::reading::Commit;

/// What a cell's thread and its handles share.
pub(crate) struct Shared {
    /// Commits fed and not yet done.
    pub commits: AtomicUsize,
    /// Their bytes.
    pub bytes: AtomicUsize,
    pub commits_most: usize,
    pub bytes_most: usize,
    /// Everything before it is done.
    pub frontier: AtomicU64,
    /// The flows' clock.
    pub clock_us: AtomicI64,
    /// A panic got past the fences.
    pub condemned: AtomicBool,
    /// Nothing more is taken.
    pub stopped: AtomicBool,
    /// End now, whatever waits.
    pub abandoned: AtomicBool,
    /// Whether the cell has been woken and has not looked yet; so a thousand commands wake it once.
    pub armed: AtomicBool,
    /// Flows installed.
    pub flows: AtomicUsize,
    pub on_room: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("commits", &self.commits)
            .field("frontier", &self.frontier)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Takes room for a commit; false if there is none. A commit that is larger than all the room is let in alone.
    pub fn take_room(&self, commit: &Commit) -> bool {
        let bytes = commit.columns.bytes();
        let before = self.commits.fetch_add(1, Ordering::AcqRel);
        let bytes_before = self.bytes.fetch_add(bytes, Ordering::AcqRel);
        let is_room = before == 0 || (before < self.commits_most && bytes_before + bytes <= self.bytes_most);
        if !is_room {
            self.give_room(commit);
        }
        is_room
    }

    /// Gives the room of a commit back.
    pub fn give_room(&self, commit: &Commit) {
        self.bytes.fetch_sub(commit.columns.bytes(), Ordering::AcqRel);
        self.commits.fetch_sub(1, Ordering::AcqRel);
    }

    /// Notes that a commit is done.
    pub fn done(&self, commit: &Commit) {
        let end: Offset = commit.end();
        self.frontier.fetch_max(end.0, Ordering::AcqRel);
        self.give_room(commit);
    }

    /// Wakes the cell's thread, unless it has been and has not looked yet.
    pub fn wake(&self, thread: &Thread) {
        if !self.armed.swap(true, Ordering::AcqRel) {
            thread.unpark();
        }
    }
}
