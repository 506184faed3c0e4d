//! Which of a widget's values are stored, by their offsets: a part without a hole, and above it at most one more that was stored first because it is newer.

use std::ops::Range;

/// What is stored: all before `below`, and those in `top`, which is empty or above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    below: u64,
    top: Range<u64>,
}

/// Offsets that are to be stored, the older ones first.
pub(super) type Parts = [Range<u64>; 2];

impl Pending {
    /// All before `offset` are stored.
    pub(super) fn from(offset: u64) -> Self {
        Self { below: offset, top: offset..offset }
    }

    /// Those that wait among `kept`: below `top` and above it.
    fn parts(&self, kept: &Range<u64>) -> Parts {
        let below = self.below.clamp(kept.start, kept.end);
        if self.top.is_empty() {
            return [below..below, below..kept.end];
        }
        let (from, to) = (self.top.start.clamp(below, kept.end), self.top.end.clamp(below, kept.end));
        [below..from, to..kept.end]
    }

    /// How many wait among `kept`.
    pub(super) fn count(&self, kept: &Range<u64>) -> u64 {
        self.parts(kept).into_iter().map(|part| part.end - part.start).sum()
    }

    /// The newest that wait among `kept`, at most `most`.
    pub(super) fn newest(&self, kept: &Range<u64>, most: u64) -> Parts {
        let [older, newer] = self.parts(kept);
        let of_newer = most.min(newer.end - newer.start);
        let of_older = (most - of_newer).min(older.end - older.start);
        [older.end - of_older..older.end, newer.end - of_newer..newer.end]
    }

    /// How it is once the newest `most` among `kept` are stored.
    pub(super) fn stored(&self, kept: &Range<u64>, most: u64) -> Self {
        let [older, newer] = self.parts(kept);
        let [of_older, of_newer] = self.newest(kept, most);
        if of_newer.start > newer.start {
            // of what was stored before nothing is known any more; it is stored again, if it is still among the newest then
            return Self { below: older.start, top: of_newer.start..kept.end };
        }
        if of_older.start > older.start {
            return Self { below: older.start, top: of_older.start..kept.end };
        }
        Self::from(kept.end)
    }
}

/// How many each of those that wait may store, of `most` together: as many each as far as they have them, and those in the front one more.
pub(super) fn shares(waiting: &[u64], most: u64) -> Vec<u64> {
    let mut shares = vec![0; waiting.len()];
    let mut left = most;
    loop {
        let unserved = shares.iter().zip(waiting).filter(|(share, waits)| share < waits).count() as u64;
        if left == 0 || unserved == 0 {
            return shares;
        }
        let each = (left / unserved).max(1);
        for (share, waits) in shares.iter_mut().zip(waiting) {
            let more = each.min(waits - *share).min(left);
            *share += more;
            left -= more;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_value_is_stored_or_waits_or_is_too_old(
            rounds in proptest::collection::vec((0..12u64, 0..14u64), 1..30), ring in 1..20u64,
        ) {
            let (mut pending, mut next, mut stored) = (Pending::from(0), 0, BTreeSet::new());
            for (come, most) in rounds {
                next += come;
                let kept = next.saturating_sub(ring)..next;
                let parts = pending.newest(&kept, most);
                let written: Vec<u64> = parts.iter().flat_map(Clone::clone).collect();
                prop_assert!(written.len() as u64 == most.min(pending.count(&kept)));
                prop_assert!(written.iter().all(|offset| kept.contains(offset)));
                // nothing that waits is newer than what is written
                pending = pending.stored(&kept, most);
                stored.extend(written.iter().copied());
                let waits: Vec<u64> = pending.newest(&kept, u64::MAX).into_iter().flatten().collect();
                prop_assert_eq!(waits.len() as u64, pending.count(&kept));
                if let (Some(oldest), Some(waits)) = (written.first(), waits.last()) {
                    prop_assert!(oldest > waits, "{} waits, {} is written", waits, oldest);
                }
                for offset in kept.clone() {
                    prop_assert!(stored.contains(&offset) || waits.contains(&offset), "{} is forgotten", offset);
                }
            }
            // and once there is time, everything is stored
            let kept = next.saturating_sub(ring)..next;
            prop_assert_eq!(pending.stored(&kept, u64::MAX).count(&kept), 0);
        }

        #[test]
        fn shares_are_even_and_nothing_is_left_while_somebody_waits(
            waiting in proptest::collection::vec(0..50u64, 0..20), most in 0..200u64,
        ) {
            let shares = shares(&waiting, most);
            let total: u64 = shares.iter().sum();
            prop_assert_eq!(total, most.min(waiting.iter().sum()));
            let unserved = shares.iter().zip(&waiting).filter(|(share, waits)| share < waits);
            if let Some(least) = unserved.map(|(share, _)| *share).min() {
                prop_assert!(shares.iter().all(|share| *share <= least + 1), "{:?} of {:?}", shares, waiting);
            }
        }
    }
}
