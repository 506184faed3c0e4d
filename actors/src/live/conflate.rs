//! What waits for one subscriber of one source: a few values, however many arrive.
//!
//! A value takes a token, and tokens come at the subscriber's rate. A value that finds none is folded into the newest that
//! waits: the newest survives, smallest and largest are kept, and how many were folded is told. So every value is either sent or
//! counted as skipped, a burst below the rate is sent whole, and a subscriber that takes nothing holds at most
//! [`limit::LIVE_PENDING`] values. The clock is the caller's.
//!
//! What has to wait for a token is due together with what waits for the session's other subscriptions of that rate, at whole steps since the session began: the
//! widgets of a dashboard then travel in one write.
//!
//! The rate is the one that was asked for as long as what waits is taken when it is due. Taken too late, it is halved, so that a network that
//! is too slow for many values carries fewer that are new, and it is doubled again when all was taken in time for a while.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use edgesync_schemas::limit;
use edgesync_schemas::unit::Unit;
use edgesync_schemas::wire::live::{Beside, Folded, Point, SubId, write_upd};
use tokio::time::Instant;

use super::batch::{Batch, Values};

/// A value of a source, numbered.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its number in the source's epoch; ascending, with gaps.
    pub offset: u64,
    /// The value.
    pub point: Point,
    /// Its unit.
    pub unit: Option<Unit>,
}

/// What a subscriber is sent next.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// Number of the next value: everything before it was sent or skipped.
    pub offset: u64,
    /// The values, in the order of their arrival; not empty.
    pub values: Values,
    /// How many more were folded into them.
    pub skipped: u64,
    /// The unit, where it is not the one told last.
    pub unit: Option<Unit>,
    /// Values a second that are sent at most from now on, where that has changed.
    pub hz: Option<f64>,
}

impl Update {
    /// Appends it as it is sent.
    pub fn write(&self, out: &mut String, id: SubId) {
        let unit = self.unit.as_ref().map(|unit| unit.as_str());
        let beside = Beside { skipped: self.skipped, unit, hz: self.hz };
        write_upd(out, id, |out| self.values.write(out, self.offset), &self.values, beside);
    }
}

impl Sample {
    /// It alone.
    pub(super) fn folded(&self) -> Folded {
        let spread = self.point.raw.is_none().then_some((self.point.num, self.point.num));
        Folded { point: self.point.clone(), spread }
    }
}

/// The values that wait for one subscriber.
#[derive(Debug)]
pub struct Conflator {
    asked_hz: f64,
    rate_hz: f64,
    told_hz: f64,
    /// Since when all was taken in time, while the rate is lower than asked.
    calm_since: Instant,
    burst: f64,
    /// Values that may still be let in unfolded. Below 0 while the oldest that waits came before its time.
    tokens: f64,
    refilled: Instant,
    /// What has to wait is due at whole steps since then.
    origin: Instant,
    /// All that waits, if it is what came together and is whole. Then `waiting` is empty.
    whole: Option<Arc<Batch>>,
    waiting: VecDeque<Folded>,
    /// When what waits could be taken first.
    due_at: Instant,
    /// Whether it had to wait for a token.
    has_to_wait: bool,
    skipped: u64,
    raw_bytes: usize,
    next: u64,
    unit: Option<Unit>,
    unit_told: Option<Unit>,
}

/// Rounding of the token count; a hundredth of a microsecond at 50 Hz.
const ROUNDING: f64 = 1e-6;
const STEP: Duration = Duration::from_millis(limit::LIVE_STEP_MS);
const LATE: Duration = Duration::from_millis(limit::LIVE_LATE_MS);
const CALM: Duration = Duration::from_secs(limit::LIVE_CALM_S);

/// Values that may come at once.
fn burst(rate_hz: f64) -> f64 {
    rate_hz.ceil().clamp(1.0, limit::LIVE_PENDING as f64)
}

impl Conflator {
    /// Nothing waits. `rate_hz` is within [`limit::LIVE_HZ_MIN`] and [`limit::LIVE_HZ`].
    ///
    /// `origin` is that of all subscriptions of a session, so that what has to wait is due together.
    pub fn new(rate_hz: f64, now: Instant, origin: Instant) -> Self {
        let rate_hz = rate_hz.clamp(limit::LIVE_HZ_MIN, limit::LIVE_HZ);
        let burst = burst(rate_hz);
        Self {
            asked_hz: rate_hz,
            rate_hz,
            told_hz: rate_hz,
            calm_since: now,
            burst,
            tokens: burst,
            refilled: now,
            origin,
            whole: None,
            waiting: VecDeque::new(),
            due_at: now,
            has_to_wait: false,
            skipped: 0,
            raw_bytes: 0,
            next: 0,
            unit: None,
            unit_told: None,
        }
    }

    /// What the subscriber was told by the snapshot, so that a unit is only told again when it changes.
    pub fn told(&mut self, unit: Option<Unit>) {
        self.unit_told = unit;
    }

    /// Takes values in. True if nothing waited before, so that its subscriber is to be woken.
    pub fn push(&mut self, batch: &Arc<Batch>, now: Instant) -> bool {
        self.refill(now);
        let values = Values::Shared(batch.clone());
        let first = self.is_empty();
        if first && self.has_room_for(&values, batch.raw_bytes) {
            self.tokens -= values.len() as f64;
            self.whole = Some(batch.clone());
        } else {
            self.part();
            values.iter().for_each(|value| self.add(value));
        }
        self.next = batch.next;
        if self.unit != batch.unit {
            self.unit.clone_from(&batch.unit);
        }
        if first {
            self.due_at = self.due().unwrap_or(now);
            self.has_to_wait = self.due_at > now;
        }
        first
    }

    fn is_empty(&self) -> bool {
        self.whole.is_none() && self.waiting.is_empty()
    }

    fn has_room_for(&self, values: &[Folded], raw_bytes: usize) -> bool {
        values.len() <= limit::LIVE_PENDING
            && raw_bytes <= limit::LIVE_PENDING_RAW_BYTES
            && self.tokens >= values.len() as f64 - ROUNDING
    }

    /// What waits is no more what came together.
    fn part(&mut self) {
        if let Some(batch) = self.whole.take() {
            self.raw_bytes = batch.raw_bytes;
            self.waiting.extend(Values::Shared(batch).iter().cloned());
        }
    }

    fn add(&mut self, value: &Folded) {
        let raw_bytes = value.raw_bytes();
        let has_room = self.waiting.len() < limit::LIVE_PENDING
            && self.raw_bytes + raw_bytes <= limit::LIVE_PENDING_RAW_BYTES
            && self.tokens >= 1.0 - ROUNDING;
        match self.waiting.back_mut().filter(|_| !has_room) {
            None => {
                self.tokens -= 1.0;
                self.waiting.push_back(value.clone());
            }
            Some(newest) => {
                self.raw_bytes -= newest.raw_bytes();
                newest.spread = newest.spread.zip(value.spread).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1)));
                newest.point = value.point.clone();
                self.skipped += 1;
            }
        }
        self.raw_bytes += raw_bytes;
    }

    /// What waits is not sent.
    pub fn forget(&mut self) {
        self.whole = None;
        self.waiting.clear();
        (self.skipped, self.raw_bytes) = (0, 0);
    }

    /// Whether less is sent than was asked for, because it is taken too late.
    pub fn is_slowed(&self) -> bool {
        self.rate_hz < self.asked_hz
    }

    /// How many values are folded into those that wait.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// When [`Self::take`] has something; `None` while nothing waits.
    pub fn due(&self) -> Option<Instant> {
        if self.is_empty() {
            return None;
        }
        // at most 2 tokens are missing, and the rate is at least LIVE_HZ_MIN: 2,000 s
        let missing_s = (-self.tokens - ROUNDING).max(0.0) / self.rate_hz;
        Some(match missing_s > 0.0 {
            true => self.step_from(self.refilled + Duration::from_secs_f64(missing_s)),
            false => self.refilled,
        })
    }

    /// The first step that is not before then. A step is the time from one value to the next, [`limit::LIVE_STEP_MS`] at most.
    fn step_from(&self, then: Instant) -> Instant {
        let step = Duration::from_secs_f64(1.0 / self.rate_hz).min(STEP).as_nanos();
        let over = then.saturating_duration_since(self.origin).as_nanos() % step;
        // a step has less nanoseconds than 64 bits
        then + Duration::from_nanos(if over == 0 { 0 } else { (step - over) as u64 })
    }

    /// What waits, if it is due.
    pub fn take(&mut self, now: Instant) -> Option<Update> {
        if self.due()? > now {
            return None;
        }
        self.refill(now);
        if self.has_to_wait {
            // What was over at its step is forgone, else the next value would soon go out between two steps.
            let since_s = now.saturating_duration_since(self.due_at).as_secs_f64();
            self.tokens = self.tokens.min(since_s * self.rate_hz);
        }
        self.pace(now);
        let unit = (self.unit != self.unit_told).then(|| self.unit.clone()).flatten();
        self.unit_told.clone_from(&self.unit);
        let hz = (self.rate_hz != self.told_hz).then_some(self.rate_hz);
        self.told_hz = self.rate_hz;
        let values = match self.whole.take() {
            Some(batch) => Values::Shared(batch),
            None => Values::Own(self.waiting.drain(..).collect()),
        };
        self.raw_bytes = 0;
        Some(Update { offset: self.next, values, skipped: std::mem::take(&mut self.skipped), unit, hz })
    }

    /// Sends less if what waits was not taken when it was due, and more again after a while in which it was.
    fn pace(&mut self, now: Instant) {
        if now.saturating_duration_since(self.due_at) >= LATE {
            let least = self.asked_hz.min(limit::LIVE_HZ_SLOWED_MIN);
            self.rate_hz = (self.rate_hz / 2.0).max(least);
            self.calm_since = now;
        } else if self.is_slowed() && now.saturating_duration_since(self.calm_since) >= CALM {
            self.rate_hz = (self.rate_hz * 2.0).min(self.asked_hz);
            self.calm_since = now;
        }
        self.burst = burst(self.rate_hz);
        self.tokens = self.tokens.min(self.burst);
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.refilled);
        self.tokens = (self.tokens + passed.as_secs_f64() * self.rate_hz).min(self.burst);
        self.refilled = self.refilled.max(now);
    }
}

#[cfg(test)]
mod tests;
