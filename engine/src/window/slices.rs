//! Windows whose bounds are known beforehand, as rows of panes that do not overlap: a record lies in one pane, a window is made of one
//! or more, a pane belongs to one window or more. All times are in microseconds.

use edgesync_schemas::flow::node::window::CalendarUnit;

use super::calendar::Calendar;
use super::pane::Pane;
use crate::watermark;

/// The windows and their panes. Windows are known by their start.
#[derive(Debug, Clone)]
pub(crate) enum Slices {
    /// Windows of `size` at multiples of `hop`; panes at multiples of `pane`, which divides both. `hop` is at most `size`.
    Even { size: i64, hop: i64, pane: i64 },
    /// A window is one pane.
    Calendar(Calendar),
}

impl Slices {
    /// The pane that a moment lies in: [start, end).
    pub fn pane(&self, ts: i64) -> (i64, i64) {
        match self {
            Self::Even { pane, .. } => {
                let start = watermark::window_start(ts, *pane);
                (start, start + pane)
            }
            Self::Calendar(calendar) => calendar.window(ts),
        }
    }

    /// The end of a window.
    pub fn end(&self, window: i64) -> i64 {
        match self {
            Self::Even { size, .. } => window + size,
            Self::Calendar(calendar) => calendar.window(window).1,
        }
    }

    /// The next window.
    pub fn next(&self, window: i64) -> i64 {
        match self {
            Self::Even { hop, .. } => window + hop,
            Self::Calendar(_) => self.end(window),
        }
    }

    /// The window before.
    pub fn before(&self, window: i64) -> i64 {
        match self {
            Self::Even { hop, .. } => window - hop,
            Self::Calendar(calendar) => calendar.window(window - 1).0,
        }
    }

    /// The first window that a pane belongs to.
    pub fn first_with(&self, pane: i64) -> i64 {
        match self {
            Self::Even { size, hop, pane: length } => {
                watermark::window_start(pane + length - size + hop - 1, *hop)
            }
            Self::Calendar(_) => pane,
        }
    }

    /// The last window that a pane belongs to.
    pub fn last_with(&self, pane: i64) -> i64 {
        match self {
            Self::Even { hop, .. } => watermark::window_start(pane, *hop),
            Self::Calendar(_) => pane,
        }
    }

    /// When the last window that a pane belongs to is over.
    pub fn over(&self, pane: i64, pane_end: i64) -> i64 {
        match self {
            Self::Even { size, .. } => self.last_with(pane) + size,
            Self::Calendar(_) => pane_end,
        }
    }

    /// Of the windows that a pane belongs to, the first that ends after a moment: [start, end). The last one must.
    pub fn first_window(&self, pane: &Pane, after: i64) -> (i64, i64) {
        match self {
            Self::Even { size, .. } => {
                let start = self.first_with(pane.start).max(self.first_open(after));
                (start, start + size)
            }
            Self::Calendar(_) => (pane.start, pane.end),
        }
    }

    /// When the first window that a pane belongs to is over.
    pub fn first_over(&self, pane: &Pane) -> i64 {
        match self {
            Self::Even { size, .. } => self.first_with(pane.start) + size,
            Self::Calendar(_) => pane.end,
        }
    }

    /// Whether windows overlap.
    pub fn overlap(&self) -> bool {
        matches!(self, Self::Even { size, hop, .. } if hop < size)
    }

    /// The first window that is not over.
    pub fn first_open(&self, watermark: i64) -> i64 {
        match self {
            _ if watermark == watermark::NONE => watermark::NONE,
            Self::Even { size, hop, .. } => watermark::window_start(watermark - size, *hop) + hop,
            Self::Calendar(calendar) => calendar.window(watermark).0,
        }
    }

    /// The last window that is over at a moment.
    pub fn last_over(&self, at: i64) -> i64 {
        match self {
            Self::Even { size, hop, .. } => watermark::window_start(at - size, *hop),
            Self::Calendar(_) => self.before(self.first_open(at)),
        }
    }

    /// How many windows there are from one to another; of a calendar, from their lengths.
    pub fn count(&self, from: i64, to: i64) -> u64 {
        let length = match self {
            Self::Even { hop, .. } => *hop,
            Self::Calendar(calendar) => match calendar.unit {
                CalendarUnit::Hour => 3_600_000_000,
                CalendarUnit::Day => 86_400_000_000,
                CalendarUnit::Week => 7 * 86_400_000_000,
                CalendarUnit::Month => 2_629_746_000_000, // a twelfth of the mean year
            },
        };
        ((self.next(to) - from + length / 2) / length).max(0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every window of hops, looked for one by one.
    fn windows(size: i64, hop: i64) -> Vec<i64> {
        (-30..60).map(|n| n * hop).filter(|start| (-60..60).contains(start) && start + size < 90).collect()
    }

    #[test]
    fn windows_and_panes_are_those_that_are_found_one_by_one() {
        for (size, hop, pane) in [(6, 6, 6), (6, 3, 3), (6, 2, 2), (6, 4, 2), (7, 5, 1), (9, 6, 3), (5, 1, 1)]
        {
            let slices = Slices::Even { size, hop, pane };
            let all = windows(size, hop);
            for ts in -20..20 {
                let (start, end) = slices.pane(ts);
                assert!(start <= ts && ts < end && end - start == pane);
                let holds: Vec<i64> =
                    all.iter().copied().filter(|window| *window <= ts && ts < window + size).collect();
                let (first, last) = (slices.first_with(start), slices.last_with(start));
                assert_eq!((Some(&first), Some(&last)), (holds.first(), holds.last()), "{size}/{hop} {ts}");
                assert_eq!(slices.over(start, end), last + size);
                let open = all.iter().copied().find(|window| window + size > ts);
                assert_eq!(Some(slices.first_open(ts)), open, "{size}/{hop} {ts}");
                let over = all.iter().copied().rfind(|window| window + size <= ts);
                assert_eq!(Some(slices.last_over(ts)), over, "{size}/{hop} {ts}");
                assert_eq!(slices.count(first, last), holds.len() as u64);
            }
        }
        assert_eq!(Slices::Even { size: 5, hop: 5, pane: 5 }.first_open(watermark::NONE), watermark::NONE);
    }

    #[test]
    fn windows_of_a_calendar_are_counted() {
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
        for unit in CalendarUnit::ALL {
            let slices = Slices::Calendar(Calendar {
                unit,
                zone: zone.clone(),
                week_start: jiff::civil::Weekday::Monday,
            });
            let mut at = slices.pane(1_700_000_000_000_000).0;
            let first = at;
            for n in 1..=30 {
                assert_eq!(slices.count(first, at), n, "{unit:?}");
                assert_eq!((slices.before(slices.next(at)), slices.last_over(slices.end(at))), (at, at));
                at = slices.next(at);
            }
        }
    }
}
