//! When a session looks at what waits for it.
//!
//! A session sleeps until the first of its subscriptions is due. Who puts a value into one wakes it only if that is due before it looks by itself: a dashboard of
//! many widgets is woken once for all that are due together, not once for each value.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Nothing is planned: whatever becomes due wakes.
const NEVER: u64 = u64::MAX;

/// What a session sleeps on.
#[derive(Debug)]
pub(super) struct Wake {
    notify: Notify,
    /// When the session looks by itself, in microseconds since `origin`.
    planned_us: AtomicU64,
    /// When the session began: what its subscriptions wait for is due at whole steps since then.
    pub(super) origin: Instant,
}

impl Wake {
    pub(super) fn new(origin: Instant) -> Self {
        Self { notify: Notify::new(), planned_us: AtomicU64::new(NEVER), origin }
    }

    /// There is something for the session at once.
    pub(super) fn now(&self) {
        self.notify.notify_one();
    }

    /// There is something for the session then. It was put where the session finds it before this is called.
    pub(super) fn at(&self, due: Instant) {
        // Relaxed: whoever put it there, under a lock that the session takes to look, either did so before the session looked, or sees what was planned since.
        if self.us(due) < self.planned_us.load(Relaxed) {
            self.now();
        }
    }

    /// Waits until what `due` says. It is asked anew each time that something becomes due earlier. Cancel safe.
    pub(super) async fn until(&self, due: impl Fn() -> Option<Instant>) {
        loop {
            // Before it is asked: what comes while it looks must not rely on an earlier plan.
            self.planned_us.store(NEVER, Relaxed);
            match due() {
                Some(due) if due <= Instant::now() => return,
                Some(due) => {
                    self.planned_us.store(self.us(due), Relaxed);
                    tokio::select! {
                        () = self.notify.notified() => {}
                        () = tokio::time::sleep_until(due) => {}
                    }
                }
                None => self.notify.notified().await,
            }
        }
    }

    fn us(&self, at: Instant) -> u64 {
        let us = at.saturating_duration_since(self.origin).as_micros();
        u64::try_from(us).unwrap_or(NEVER - 1).min(NEVER - 1)
    }
}
