//! How often a flow whose node panics is installed again, and after how long.
//!
//! Each time waits twice as long, up to a minute; after [`limit::FLOW_RESTARTS`] the flow stays as it is. A flow that ran well for
//! [`limit::FLOW_HEALTHY_S`] begins anew.

use std::time::Duration;

use edgesync_schemas::limit;
use tokio::time::Instant;

/// The restarts of one flow.
#[derive(Debug, Clone, Copy, Default)]
pub struct Restarts {
    count: u32,
    last: Option<Instant>,
}

impl Restarts {
    /// How long to wait before the next one; `None` if there is none left.
    pub fn next(&mut self, now: Instant) -> Option<Duration> {
        let healthy = Duration::from_secs(limit::FLOW_HEALTHY_S);
        if self.last.is_some_and(|last| now.saturating_duration_since(last) >= healthy) {
            self.count = 0;
        }
        if self.count >= limit::FLOW_RESTARTS {
            return None;
        }
        let wait =
            Duration::from_millis((limit::FLOW_RESTART_MS << self.count).min(limit::FLOW_RESTART_MS_MAX));
        self.count += 1;
        self.last = Some(now + wait);
        Some(wait)
    }

    /// Restarts since it last ran well for long enough.
    pub fn count(&self) -> u32 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_wait_longer_each_time_and_end() {
        let now = Instant::now();
        let mut restarts = Restarts::default();
        let waits: Vec<_> = std::iter::from_fn(|| restarts.next(now)).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16]);
        assert_eq!(restarts.next(now + Duration::from_secs(30)), None);
    }

    #[test]
    fn a_flow_that_ran_well_begins_anew() {
        let now = Instant::now();
        let mut restarts = Restarts::default();
        while restarts.next(now).is_some() {}
        let later = now + Duration::from_secs(limit::FLOW_HEALTHY_S + 16);
        assert_eq!(restarts.next(later), Some(Duration::from_millis(limit::FLOW_RESTART_MS)));
    }
}
