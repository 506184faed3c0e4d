//! What was asked before, for as long as it may be regretted.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use tokio::time::Instant;

use crate::log::Retention;

/// What was asked before, and until when it counts.
pub(super) struct Before {
    regret: Duration,
    /// Oldest first: since when something else is asked, until when it counts, and what it was; merged where they are close together.
    asked: VecDeque<(Instant, Instant, Arc<Retention>)>,
    /// A moment by both clocks.
    clock: (Instant, Timestamp),
}

/// There is one entry more than this.
const ENTRIES: u32 = 6;

impl Before {
    /// Nobody knows: everything.
    pub fn everything(regret: Duration, now: Instant, clock: Timestamp) -> Self {
        Self { regret, asked: [(now, now + regret, Arc::default())].into(), clock: (now, clock) }
    }

    /// Until `now` this was asked.
    pub fn add(&mut self, asked: &Arc<Retention>, now: Instant) {
        let until = now + self.regret;
        match self.asked.back_mut() {
            Some((since, end, before)) if now - *since < self.regret / ENTRIES => {
                (*end, *before) = (until, Arc::new(before.or_longer(asked)));
            }
            _ => self.asked.push_back((now, until, asked.clone())),
        }
    }

    /// Whether the clock of the wall went forward by more than time did, and by how much. Then everything is kept for a while: it may go back.
    pub fn clock_ran_ahead(&mut self, now: Instant, clock: Timestamp) -> Option<Duration> {
        let (then, before) = std::mem::replace(&mut self.clock, (now, clock));
        let passed = i64::try_from((now - then).as_micros()).unwrap_or(i64::MAX);
        let ahead = clock.as_us().saturating_sub(before.as_us()).saturating_sub(passed);
        let ahead = Duration::from_micros(u64::try_from(ahead).unwrap_or_default());
        if ahead < Duration::from_secs(limit::CLOCK_AHEAD_S) {
            return None;
        }
        self.add(&Arc::default(), now);
        Some(ahead)
    }

    /// What counts at `now`.
    pub fn counts(&mut self, now: Instant) -> Vec<Arc<Retention>> {
        self.asked.retain(|(_, until, _)| *until > now);
        self.asked.iter().map(|(_, _, before)| before.clone()).collect()
    }
}

/// The longest of what is asked and what was.
pub(super) fn longest(asked: Arc<Retention>, before: Vec<Arc<Retention>>) -> Arc<Retention> {
    before.iter().fold(asked, |longest, before| Arc::new(longest.or_longer(before)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use edgesync_schemas::id::DeviceId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_was_asked_before_is_kept_for_a_while() {
        let device = DeviceId::from_uuid(Uuid::from_u128(1));
        let asks = |days| Arc::new(Retention::new(30, HashMap::from([(device, days)])));
        let (start, minute) = (Instant::now(), Duration::from_secs(60));
        let mut before = Before::everything(60 * minute, start, Timestamp::MIN);
        let kept = |before: &mut Before, minutes| {
            longest(asks(5), before.counts(start + minutes * minute)).days(device)
        };
        assert!(kept(&mut before, 59) > 3_650, "the server has just started");
        assert_eq!(kept(&mut before, 61), 5);
        before.add(&asks(365), start + 100 * minute);
        before.add(&asks(7), start + 101 * minute);
        assert_eq!((kept(&mut before, 159), before.asked.len()), (365, 1), "close together");
        before.add(&asks(90), start + 120 * minute);
        assert_eq!((kept(&mut before, 162), kept(&mut before, 181)), (90, 5));
        for minutes in 200..400 {
            before.add(&asks(6), start + minutes * minute);
            kept(&mut before, minutes);
            assert!(before.asked.len() <= ENTRIES as usize + 1);
        }
    }

    #[test]
    fn a_clock_that_goes_forward_by_itself_drops_nothing_at_once() {
        let (start, minute, wall) = (Instant::now(), Duration::from_secs(60), Timestamp::from_us(0).unwrap());
        let mut before = Before::everything(60 * minute, start, wall);
        let mut look = |minutes: u32, wall_minutes: i64| {
            let now = start + minutes * minute;
            let ahead = before.clock_ran_ahead(now, wall.plus_us(wall_minutes * 60_000_000));
            (ahead.map(|ahead| ahead.as_secs() / 60), before.counts(now).len())
        };
        assert_eq!(look(61, 61), (None, 0));
        assert_eq!(look(71, 72), (None, 0), "a clock that is set a little");
        assert_eq!(look(81, 40 * 1440), (Some(40 * 1440 - 82), 1));
        assert_eq!(look(91, 91), (None, 1), "back again");
        assert_eq!(look(142, 142), (None, 0));
    }
}
