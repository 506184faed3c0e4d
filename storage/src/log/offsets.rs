//! Whether every offset of a log is there once, for a check of it.

use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;

/// Which offsets were met: a bit each, as many as fit; of those behind, only how many.
pub(super) struct Offsets {
    bits: Vec<u64>,
    /// How many were met.
    pub present: u64,
}

impl Offsets {
    /// For those below `end`.
    pub fn new(end: Offset) -> Self {
        let bits = end.0.min(limit::CHECK_OFFSETS).div_ceil(64);
        Self { bits: vec![0; bits as usize], present: 0 }
    }

    /// False if it was met before.
    pub fn take(&mut self, offset: Offset) -> bool {
        let bit = 1 << (offset.0 % 64);
        if let Some(bits) = self.bits.get_mut((offset.0 / 64) as usize) {
            if *bits & bit != 0 {
                return false;
            }
            *bits |= bit;
        }
        self.present += 1;
        true
    }

    /// What is to be said if there are offsets below `end` that were only counted.
    pub fn only_counted(&self, end: Offset) -> Option<String> {
        let from = self.bits.len() as u64 * 64;
        (from < end.0).then(|| format!("offsets from {from} on were only counted: which of them are missing or there twice is not known"))
    }

    /// What is wrong if not all offsets below `end` were met or dropped; `whose` they are.
    pub fn missing(&self, end: Offset, dropped: u64, whose: &str) -> Option<String> {
        let (present, all) = (self.present, end.0);
        let missing = i128::from(all) - i128::from(present) - i128::from(dropped);
        let what = if missing > 0 { "are missing" } else { "too many" };
        (missing != 0).then(|| {
            let missing = missing.unsigned_abs();
            format!("offsets: {all} readings {whose}, {present} are there and {dropped} were dropped: {missing} {what}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_behind_those_that_fit_are_counted_and_that_is_said() {
        const END: Offset = Offset(limit::CHECK_OFFSETS + 5);
        let mut offsets = Offsets::new(END);
        let last = Offset(END.0 - 1);
        assert!(offsets.take(Offset(0)) && !offsets.take(Offset(0)));
        assert!(offsets.take(last) && offsets.take(last), "nothing is known of it but that it came");
        assert_eq!(offsets.present, 3);
        let said = offsets.only_counted(END).unwrap();
        assert!(said.contains(&format!("from {} on", limit::CHECK_OFFSETS)), "{said}");
        let all = Offset(limit::CHECK_OFFSETS);
        assert_eq!(Offsets::new(all).only_counted(all), None);
        assert_eq!(Offsets::new(Offset(70)).only_counted(Offset(70)), None);
    }
}
