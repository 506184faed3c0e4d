//! How long to wait before the next attempt: twice as long each time, up to a bound, and never quite what others wait.

use std::time::Duration;

use edgesync_schemas::limit;

/// The waits between attempts.
#[derive(Debug)]
pub(crate) struct Backoff {
    next_ms: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next_ms: limit::POSTGRES_RETRY_MS }
    }
}

impl Backoff {
    /// The next wait: between half of it and all of it, so that what failed together does not come again together.
    pub(crate) fn next(&mut self) -> Duration {
        let whole = self.next_ms;
        self.next_ms = (whole * 2).min(limit::POSTGRES_RETRY_MS_MAX);
        // Without randomness all of it: nothing but the spread is lost.
        let part = getrandom::u32().map_or(0, |random| u64::from(random) % (whole / 2 + 1));
        Duration::from_millis(whole - part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_differ() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..100).map(|_| backoff.next()).collect();
        let bound = Duration::from_millis(limit::POSTGRES_RETRY_MS_MAX);
        assert!(waits[0] <= Duration::from_millis(limit::POSTGRES_RETRY_MS));
        assert!(waits.iter().all(|wait| *wait <= bound) && waits[99] >= bound / 2);
        assert!(waits[50..].windows(2).any(|pair| pair[0] != pair[1]), "{waits:?}");
    }
}
