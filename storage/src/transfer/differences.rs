//! What differs between source and target, told line by line up to a limit.

use std::fmt;

use edgesync_schemas::limit;

/// Differences: those that are told, and how many there are beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    told: Vec<String>,
    more: u64,
}

impl Differences {
    /// Notes one.
    pub(super) fn add(&mut self, what: impl FnOnce() -> String) {
        if self.told.len() < limit::MOVE_DIFFERENCES {
            self.told.push(what());
        } else {
            self.more += 1;
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told.join("\n"))?;
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_past_the_limit_is_counted() {
        let mut all = Differences::default();
        assert!(all.is_empty());
        for n in 0..limit::MOVE_DIFFERENCES + 7 {
            all.add(|| format!("series {n}"));
        }
        let told = all.to_string();
        assert_eq!(told.lines().count(), limit::MOVE_DIFFERENCES + 1);
        assert!(told.starts_with("series 0\nseries 1\n") && told.ends_with("\nand 7 more"), "{told}");
    }
}
