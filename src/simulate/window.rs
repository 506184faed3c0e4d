//! What a device has made and not yet seen acknowledged: its window.
//!
//! A frame is remembered as 16 bytes (when it was due, its event time); its text is made again when it must be sent
//! again, and is the same to the byte. Only the server's acknowledgements move `acked`.

use std::collections::VecDeque;

/// A frame that is made and not yet acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct Unacked {
    /// When it should have been sent, in nanoseconds of the run's clock.
    pub due_ns: u64,
    /// Its event time.
    pub bt_ms: i64,
}

/// The frames from `acked` + 1 on. Bounded by whoever makes them: credit and `--window`.
#[derive(Debug, Default)]
pub struct Window {
    frames: VecDeque<Unacked>,
    /// How many of them are written to the socket of now.
    written: usize,
    /// All frames up to this one are acknowledged.
    pub acked: u64,
    /// The last frame that was ever written to a socket.
    pub sent: u64,
    /// Frames ever made.
    pub made: u64,
    /// Where the last `nack gap` sent us back to: the nacks of the frames that were under way say it again.
    rewound_to: u64,
}

impl Window {
    /// Whether everything made is acknowledged.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Frames that are under way on the socket of now.
    pub fn under_way(&self) -> usize {
        self.written
    }

    /// Whether the next frame to write must be made first.
    pub fn needs_new(&self) -> bool {
        self.written == self.frames.len()
    }

    /// Adds a frame.
    pub fn make(&mut self, frame: Unacked) {
        self.frames.push_back(frame);
        self.made += 1;
    }

    /// Takes the next frame to write: its number, its event time, and whether it was written before.
    pub fn next(&mut self) -> Option<(u64, i64, bool)> {
        let frame = self.frames.get(self.written)?;
        let q = self.acked + 1 + self.written as u64;
        let is_again = q <= self.sent;
        self.written += 1;
        self.sent = self.sent.max(q);
        Some((q, frame.bt_ms, is_again))
    }

    /// A new socket: nothing is under way on it.
    pub fn reconnected(&mut self) {
        self.written = 0;
        self.rewound_to = 0;
    }

    /// All frames up to `q` are acknowledged; `done` hears when each was due.
    pub fn ack(&mut self, q: u64, mut done: impl FnMut(u64)) {
        while self.acked < q {
            let Some(frame) = self.frames.pop_front() else { return };
            self.acked += 1;
            self.written = self.written.saturating_sub(1);
            done(frame.due_ns);
        }
    }

    /// Everything from `q` on is to be written again.
    pub fn rewind(&mut self, q: u64) {
        let q = q.max(self.acked + 1);
        self.written = self.written.min((q - self.acked - 1) as usize);
        self.rewound_to = q;
    }

    /// The server misses frame `expected`: writes again from there. Whether that is news.
    pub fn gap(&mut self, expected: u64) -> bool {
        let is_news = expected.max(self.acked + 1) != self.rewound_to;
        if is_news {
            self.rewind(expected);
        }
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(frames: u64) -> Window {
        let mut window = Window::default();
        (0..frames).for_each(|n| window.make(Unacked { due_ns: n, bt_ms: n as i64 }));
        window
    }

    fn written(window: &mut Window) -> Vec<(u64, i64, bool)> {
        std::iter::from_fn(|| window.next()).collect()
    }

    #[test]
    fn what_is_not_acknowledged_is_written_again_on_a_new_socket() {
        let mut window = window(4);
        assert_eq!(written(&mut window), [(1, 0, false), (2, 1, false), (3, 2, false), (4, 3, false)]);
        let mut due = Vec::new();
        window.ack(2, |ns| due.push(ns));
        assert_eq!((due, window.under_way()), (vec![0, 1], 2));
        window.reconnected();
        assert_eq!(written(&mut window), [(3, 2, true), (4, 3, true)]);
        window.ack(9, |_| {});
        assert_eq!((window.acked, window.is_empty()), (4, true));
    }

    #[test]
    fn a_gap_is_gone_back_to_once_however_often_it_is_told() {
        let mut window = window(5);
        written(&mut window);
        assert!(window.gap(3));
        assert!(!window.gap(3));
        assert_eq!(written(&mut window), [(3, 2, true), (4, 3, true), (5, 4, true)]);
        assert!(!window.gap(3), "nacks of the frames that were under way");
        window.ack(3, |_| {});
        assert!(window.gap(4));
    }
}
