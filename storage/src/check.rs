//! Looking through everything that is stored, without changing it: `edgesync check`.
//!
//! What is found is collected, not returned as an error, so that one damaged record does not hide the others.

use std::collections::BTreeMap;

use edgesync_schemas::limit;
use serde::Serialize;

/// What was looked at and what is wrong with it.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// How many of which kind were looked at.
    pub looked_at: BTreeMap<String, u64>,
    /// What is wrong: [`limit::CHECK_PROBLEMS`] at most.
    pub problems: Vec<String>,
    /// How many more problems there are.
    pub more_problems: u64,
    /// What was looked at less closely than the rest.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    /// Counts what was looked at.
    pub(crate) fn count(&mut self, kind: &str, more: u64) {
        match self.looked_at.get_mut(kind) {
            Some(count) => *count += more,
            None => drop(self.looked_at.insert(kind.to_owned(), more)),
        }
    }

    /// Notes what is wrong.
    pub(crate) fn wrong(&mut self, what: impl Into<String>) {
        if self.problems.len() < limit::CHECK_PROBLEMS {
            self.problems.push(what.into());
        } else {
            self.more_problems += 1;
        }
    }

    /// Notes the same so many times.
    pub(crate) fn wrong_times(&mut self, what: &str, times: u64) {
        let room = limit::CHECK_PROBLEMS.saturating_sub(self.problems.len()) as u64;
        let noted = times.min(room);
        self.problems.extend((0..noted).map(|_| what.to_owned()));
        self.more_problems += times - noted;
    }
}

/// An error and its causes in one line.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Hears how far a check is.
pub trait Progress {
    /// So many of so many of a kind were looked at.
    fn at(&mut self, kind: &str, done: u64, of: u64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_past_the_limit_are_counted() {
        let mut report = Report::default();
        report.wrong("one");
        report.wrong_times("many", u64::MAX / 2);
        assert_eq!((report.problems.len(), report.problems[1].as_str()), (limit::CHECK_PROBLEMS, "many"));
        assert_eq!(report.more_problems, u64::MAX / 2 + 1 - limit::CHECK_PROBLEMS as u64);
        report.wrong_times("more", 2);
        report.wrong("more");
        assert_eq!(report.more_problems, u64::MAX / 2 + 4 - limit::CHECK_PROBLEMS as u64);
    }
}
