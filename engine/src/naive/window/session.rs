//! Sessions, plainly.

use edgesync_schemas::flow::node::Window;
use edgesync_schemas::flow::node::window::Kind;
use edgesync_schemas::limit;

use super::{Effects, Key, Part, Row, is_far, is_fit};
use crate::cell::emit::Reason;

fn lengths(of: &Window) -> (i64, i64) {
    match of.kind {
        Kind::Session { gap_ms, longest_ms } => (gap_ms * 1000, longest_ms * 1000),
        _ => (0, 0),
    }
}

/// When a session is over.
fn over(of: &Window, session: &Part) -> i64 {
    let ((gap, longest), (first, last)) = (lengths(of), session.bounds());
    (last + gap).min(first + longest)
}

impl Key {
    pub(super) fn session_record(
        &mut self,
        of: &Window,
        ts: i64,
        value: f64,
        now: i64,
        effects: &mut Effects,
    ) {
        let (gap, longest) = lengths(of);
        self.sessions.sort_by_key(|session| session.bounds().0);
        let before = self.sessions.iter().rposition(|session| session.bounds().0 <= ts);
        let after = self.sessions.iter().position(|session| session.bounds().0 > ts);
        let before = before.filter(|at| ts < over(of, &self.sessions[*at]));
        let after = after.filter(|at| {
            let (first, last) = self.sessions[*at].bounds();
            first - ts < gap && last - ts < longest
        });
        let at = match (before, after) {
            (Some(before), Some(after)) => {
                if self.sessions[after].bounds().1 - self.sessions[before].bounds().0 < longest {
                    let later = self.sessions.remove(after);
                    let earlier = std::mem::take(&mut self.sessions[before]);
                    self.sessions[before] = earlier.merged(later);
                }
                before
            }
            (Some(at), None) | (None, Some(at)) => at,
            (None, None) => {
                if self.is_over((ts + gap).min(ts + longest)) {
                    effects.is_late = true;
                    return;
                }
                let beyond =
                    self.sessions.iter().filter(|session| self.is_beyond(of, session.bounds().0)).count();
                if is_far(of, ts, now) && beyond >= limit::FUTURE_WINDOWS {
                    effects.error = Some(Reason::NoRoom);
                    return;
                }
                self.sessions.push(Part::default());
                self.sessions.len() - 1
            }
        };
        self.sessions[at].add(ts, value);
        effects.taken += 1;
        self.advance(of, ts, now);
        self.session_close(of, effects);
    }

    fn session_close(&mut self, of: &Window, effects: &mut Effects) {
        self.sessions.sort_by_key(|session| session.bounds().0);
        for session in std::mem::take(&mut self.sessions) {
            if !self.is_over(over(of, &session)) {
                self.sessions.push(session);
                continue;
            }
            let count = session.records.len() as u64;
            effects.ended += count;
            if self.session_row(of, &session, true, effects) {
                effects.folded += count - 1;
            } else {
                effects.unfit += count;
            }
        }
        let open = &self.sessions;
        self.shown.retain(|(start, _)| open.iter().any(|session| session.bounds().0 == *start));
    }

    fn session_row(&self, of: &Window, session: &Part, is_final: bool, effects: &mut Effects) -> bool {
        let (start, end) = (session.bounds().0, over(of, session));
        let values = session.values(&of.aggregates, start, end, None);
        let is_fit = is_fit(&values);
        if is_fit {
            effects.rows.push(Row { start, end, values, revision: 0, is_final });
        }
        is_fit
    }

    pub(super) fn session_silence(&mut self, of: &Window, reach: i64, effects: &mut Effects) {
        let ends = self.sessions.iter().map(|session| over(of, session));
        if let Some(end) = ends.filter(|end| *end <= reach).max() {
            self.watermark = Some(self.watermark.map_or(end, |watermark| watermark.max(end)));
            self.session_close(of, effects);
        }
    }

    pub(super) fn session_early(&mut self, of: &Window, effects: &mut Effects) {
        let mut shown = Vec::new();
        for session in &self.sessions {
            let now = (session.bounds().0, session.records.len() as u64);
            if !self.shown.contains(&now) && self.session_row(of, session, false, effects) {
                effects.made += 1;
            }
            shown.push(now);
        }
        self.shown = shown;
    }
}
