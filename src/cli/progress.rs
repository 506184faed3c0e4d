//! How far a long command is: a line on a terminal that is written over, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use edgesync_storage::check::Progress;

const ON_TERMINAL: Duration = Duration::from_millis(200);
const ELSEWHERE: Duration = Duration::from_secs(5);

/// The line.
#[derive(Default)]
pub struct Line {
    last: Option<Instant>,
    /// What is counted now, since when, and from which count on.
    stretch: Option<(String, Instant, u64)>,
}

impl Line {
    /// Leaves the line.
    pub fn end(&self) {
        if self.last.is_some() && std::io::stderr().is_terminal() {
            eprintln!();
        }
    }
}

impl Progress for Line {
    fn at(&mut self, kind: &str, done: u64, of: u64) {
        let (since, from) = match &self.stretch {
            Some((known, since, from)) if known == kind => (*since, *from),
            _ => {
                self.stretch = Some((kind.to_owned(), Instant::now(), done));
                self.last.get_or_insert_with(Instant::now);
                return;
            }
        };
        let is_terminal = std::io::stderr().is_terminal();
        let every = if is_terminal { ON_TERMINAL } else { ELSEWHERE };
        if self.last.is_some_and(|last| last.elapsed() < every) {
            return;
        }
        self.last = Some(Instant::now());
        let text =
            line(kind, done, of, done.saturating_sub(from) as f64 / since.elapsed().as_secs_f64().max(0.001));
        if is_terminal { eprint!("\r{text}\x1b[K") } else { eprintln!("{text}") }
    }
}

fn line(kind: &str, done: u64, of: u64, a_second: f64) -> String {
    let percent = done as f64 * 100.0 / of.max(done).max(1) as f64;
    let left = of.saturating_sub(done) as f64 / a_second.max(0.001);
    format!("{kind}: {done} of {of} ({percent:.0} %), {a_second:.0} a second, {left:.0} s left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long_still() {
        assert_eq!(line("readings", 250, 1000, 50.0), "readings: 250 of 1000 (25 %), 50 a second, 15 s left");
        assert_eq!(line("readings", 0, 0, 0.0), "readings: 0 of 0 (0 %), 0 a second, 0 s left");
    }
}
