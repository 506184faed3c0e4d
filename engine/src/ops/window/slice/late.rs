//! Results of windows beside the one when they are over: before, and after late records.

use super::super::common::is_fit;
use super::Stage;
use crate::ops::Output;

impl Stage {
    /// Puts out anew the results of windows that were over before a record came for its pane, which starts at `pane`.
    pub(super) fn revise(
        &mut self,
        place: usize,
        pane: i64,
        before: i64,
        is_open: bool,
        offset: u64,
        output: &mut Output,
    ) {
        let kept_from = before.saturating_sub(self.common.revise);
        let (mut window, last) = (self.slices.first_with(pane), self.slices.last_with(pane));
        let (mut revised, mut asked) = (0, 0);
        while window <= last {
            let end = self.slices.end(window);
            if end > before {
                break;
            }
            if end > kept_from {
                asked += 1;
                self.find(place, window, end);
                if is_fit(&self.values) {
                    let results = self.state.past.get(place).map_or(&[][..], |past| &past.results);
                    let at = results.binary_search_by_key(&window, |(start, ..)| *start);
                    let revision = at.map_or(0, |at| results[at].2 + 1);
                    self.put(place, (window, end), revision, true, offset, output);
                    revised += 1;
                }
            }
            window = self.slices.next(window);
        }
        // One of the results stands for the record, unless it still waits for another one.
        if is_open || asked == 0 {
            output.made += revised;
        } else if revised == 0 {
            output.unfit += 1;
        } else {
            output.made += revised - 1;
        }
    }

    /// Puts out the windows of a key that are not over and have changed: of those that overlap, the one that will be over next.
    pub(super) fn give_early(&mut self, place: usize, now: i64, offset: u64, output: &mut Output) {
        let watermark = self.state.keys.states()[place].watermark;
        let rest = &self.state.rest[place];
        let mut windows: Vec<(i64, i64)> = Vec::new();
        for pane in &rest.panes {
            if self.slices.over(pane.start, pane.end) > watermark {
                windows.push(self.slices.first_window(pane, watermark));
                if self.slices.overlap() {
                    break;
                }
            }
        }
        let mut shown = Vec::with_capacity(windows.len());
        let mut any = false;
        for (start, end) in windows {
            let panes = &self.state.rest[place].panes;
            let mine = panes.iter().filter(|pane| start <= pane.start && pane.start < end);
            let now = (start, mine.map(|pane| pane.count).sum());
            shown.push(now);
            if self.state.past.get(place).is_some_and(|past| past.shown.contains(&now)) {
                continue;
            }
            self.find(place, start, end);
            if is_fit(&self.values) {
                output.made += 1;
                any = true;
                self.put(place, (start, end), 0, false, offset, output);
            }
        }
        if let Some(past) = self.state.past.get_mut(place) {
            past.shown = shown;
            past.early_at = if any { now } else { past.early_at };
        }
    }
}
