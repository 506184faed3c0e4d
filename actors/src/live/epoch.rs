//! Numbers that tell the places in one source from those in another.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

/// An epoch that no other source has and no earlier run of this process had: its clock in milliseconds, or the next number, which a browser keeps whole.
pub(super) fn new_epoch() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let next = |last: u64| Some(now.max(last + 1));
    LAST.fetch_update(Relaxed, Relaxed, next).map_or(now, |last| now.max(last + 1))
}
