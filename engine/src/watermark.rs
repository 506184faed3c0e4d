//! Event time per key: how far a key's time has come, and what is therefore over.

/// No watermark yet: nothing is over.
pub(crate) const NONE: i64 = i64::MIN;

/// The start of the window of `size` that `ts` lies in; windows start at multiples of `size`. All in microseconds.
#[inline(always)]
pub(crate) fn window_start(ts: i64, size: i64) -> i64 {
    ts.div_euclid(size) * size
}

/// A key's watermark after a record of event time `ts`: the newest event time minus lateness. It never falls.
#[inline(always)]
pub(crate) fn advance(watermark: i64, ts: i64, lateness: i64) -> i64 {
    watermark.max(ts.saturating_sub(lateness))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_before_the_epoch_start_at_multiples_too() {
        assert_eq!(window_start(-1, 1000), -1000);
        assert_eq!(window_start(-1000, 1000), -1000);
        assert_eq!(window_start(999, 1000), 0);
    }

    #[test]
    fn a_watermark_never_falls() {
        assert_eq!(advance(NONE, 100, 10), 90);
        assert_eq!(advance(90, 50, 10), 90);
        assert_eq!(advance(NONE, i64::MIN + 5, 10), NONE);
    }
}
