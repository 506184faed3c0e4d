//! Waiting for what must happen, with a deadline, and random numbers that can be repeated.

use std::fmt::Debug;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long anything may take that should be immediate. Generous: test machines are small and shared.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The result of `future`, which must come soon.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(result) => result,
        Err(_) => panic!("{what}: nothing within {PATIENCE:?}"),
    }
}

/// Asks again and again until `check` gives an answer; the last refusal is shown if it never does.
pub async fn eventually<T, E: Debug>(what: &str, mut check: impl AsyncFnMut() -> Result<T, E>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match check().await {
            Ok(result) => return result,
            Err(refusal) if tokio::time::Instant::now() > deadline => {
                panic!("{what}: still not after {PATIENCE:?}: {refusal:?}")
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

/// Random numbers of a printed seed; `EDGESYNC_TEST_SEED` repeats them.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A new sequence, or that of `EDGESYNC_TEST_SEED`.
    pub fn seeded() -> Self {
        let seed = match std::env::var("EDGESYNC_TEST_SEED") {
            Ok(seed) => seed.parse().expect("EDGESYNC_TEST_SEED is a number"),
            Err(_) => u64::from(getrandom::u32().unwrap()),
        };
        println!("EDGESYNC_TEST_SEED={seed}");
        Self(seed)
    }

    /// A sequence of its own, for another task.
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// The next 64 bits (SplitMix64).
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number within the range.
    pub fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    /// A time from none to somewhat longer than `whole`.
    pub fn part_of(&mut self, whole: Duration) -> Duration {
        Duration::from_micros(self.within(0..whole.as_micros() as u64 * 5 / 4 + 1))
    }
}
