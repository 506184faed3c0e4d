//! A device on an open socket: it makes the frames that are due, sends what it may, and takes what the server says.

use std::time::Duration;

use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep_until};

use super::super::Rate;
use super::super::fleet::Phase;
use super::super::frame;
use super::super::said::{self, Said};
use super::super::socket::{Fault, Socket};
use super::super::window::Unacked;
use super::{Device, End, ended, push};

/// Bytes queued for a socket before more frames are made. A few system calls' worth; the rest waits unformatted.
const OUTBOX_BYTES: usize = 64 * 1024;

impl Device {
    /// Sends and reads on an open socket until it breaks or the run is over.
    pub(super) async fn serve(&mut self, socket: &mut Socket, phase: &mut Receiver<Phase>) -> End {
        loop {
            let now = *phase.borrow_and_update();
            let next_due = match now {
                Phase::Over => return End::Over,
                Phase::Draining if self.window.is_empty() => return End::Over,
                _ => self.send(socket, matches!(now, Phase::Running)),
            };
            if let Err(fault) = socket.write_now() {
                return End::Broken(fault);
            }
            self.publish();
            let wants_write = socket.unwritten() > 0;
            let stream = socket.stream();
            tokio::select! {
                biased;
                ready = stream.readable() => if let Err(error) = ready { return End::Broken(error.into()) },
                ready = stream.writable(), if wants_write => match ready {
                    Ok(()) => continue,
                    Err(error) => return End::Broken(error.into()),
                },
                () = sleep_until(next_due.unwrap_or_else(Instant::now)), if next_due.is_some() => continue,
                _ = phase.changed() => continue,
            }
            if let Err(end) = self.receive(socket) {
                return end;
            }
        }
    }

    /// Makes the frames that are due and queues all that may go out now. Answers when to come back, if time is what it waits for.
    fn send(&mut self, socket: &mut Socket, may_make: bool) -> Option<Instant> {
        if let Some(until) = self.paused_until {
            if Instant::now() < until {
                return Some(until);
            }
            self.paused_until = None;
        }
        let room = self.credit.min(self.plan.window);
        let now_ns = self.plan.now_ns();
        let mut next_due = None;
        while socket.unwritten() < OUTBOX_BYTES && self.window.under_way() < room {
            if self.window.needs_new() {
                match self.due_ns(now_ns) {
                    Some(due_ns) if may_make && due_ns <= now_ns => {
                        self.window.make(Unacked { due_ns, bt_ms: self.plan.wall_ms(due_ns) });
                    }
                    Some(due_ns) if may_make => {
                        next_due = Some(self.plan.instant(due_ns));
                        break;
                    }
                    _ => break,
                }
            }
            let Some((q, bt_ms, is_again)) = self.window.next() else { break };
            self.frame.clear();
            let id = self.outcome.id.as_deref().unwrap_or_default();
            self.plan.shape.encode(&mut self.frame, self.outcome.index, id, q, bt_ms);
            push(socket, self.plan.form, &self.frame);
            self.totals.frames_sent += 1;
            self.totals.frames_resent += u64::from(is_again);
        }
        next_due
    }

    /// When the next new frame is due; `None` if none will be. Frame k of a schedule is due at k intervals after the device's own phase.
    fn due_ns(&self, now_ns: u64) -> Option<u64> {
        match self.plan.rate {
            _ if self.plan.idle => None,
            Rate::Max => Some(now_ns),
            Rate::PerSecond(rate) => {
                let phase =
                    frame::mix(self.plan.seed ^ u64::from(self.outcome.index)) as f64 / u64::MAX as f64;
                let due_ns = self.plan.start_ns() + ((self.window.made as f64 + phase) / rate * 1e9) as u64;
                Some(due_ns)
            }
        }
    }

    fn receive(&mut self, socket: &mut Socket) -> Result<(), End> {
        socket.read_now().map_err(End::Broken)?;
        let now_ns = self.plan.now_ns();
        let form = self.plan.form;
        let mut result = Ok(());
        let read = socket.messages(|message| {
            if result.is_ok() {
                result = match said::read(form, message) {
                    Some(said) => self.hear(said, now_ns),
                    None => Err(End::Fatal("protocol: unreadable frame".to_owned())),
                };
            }
        });
        result?;
        read.map_err(ended)
    }

    fn hear(&mut self, said: Said, now_ns: u64) -> Result<(), End> {
        match said {
            Said::Ack { q, credit, rejected } => {
                if q > self.window.sent {
                    return Err(End::Fatal("protocol: acknowledged what was never sent".to_owned()));
                }
                for (q, index, code) in rejected {
                    self.totals.error(format!("rejected: {code}"));
                    self.outcome.rejected.push((q, index));
                }
                self.take_acks(q, now_ns);
                if let Some(credit) = credit {
                    self.credit = credit as usize;
                }
            }
            Said::Nack { q, code, retry_ms, expected } => return self.refused(q, code, retry_ms, expected),
            Said::Saved { rejected } if self.window.under_way() > 0 => {
                let q = self.window.acked + 1;
                for (index, code) in rejected {
                    self.totals.error(format!("rejected: {code}"));
                    self.outcome.rejected.push((q, index));
                }
                self.take_acks(q, now_ns);
            }
            Said::Refused { message } if self.window.under_way() > 0 => {
                let q = self.window.acked + 1;
                self.totals.error(format!("refused: {message}"));
                self.outcome.refused.push(q);
                self.take_acks(q, now_ns);
            }
            // Nothing says which packs behind it are stored: all that are not answered are sent again on a new socket.
            Said::Busy => return Err(End::Broken(Fault::Busy)),
            Said::Saved { .. } | Said::Refused { .. } => {
                return Err(End::Fatal("protocol: a reply to nothing".to_owned()));
            }
            Said::Welcome { .. } | Said::DeviceInfo { .. } | Said::Other => {}
        }
        Ok(())
    }

    fn refused(
        &mut self,
        q: u64,
        code: String,
        retry_ms: Option<u64>,
        expected: Option<u64>,
    ) -> Result<(), End> {
        match code.as_str() {
            "gap" => {
                if self.window.gap(expected.unwrap_or(q)) {
                    self.totals.error("nack: gap".to_owned());
                }
                Ok(())
            }
            "busy" | "quota" => {
                self.totals.error(format!("nack: {code}"));
                self.paused_until =
                    Some(Instant::now() + Duration::from_millis(retry_ms.unwrap_or(1000).min(60_000)));
                self.window.rewind(q);
                Ok(())
            }
            // The same bytes would be refused again, and the frames behind them cannot pass.
            _ => Err(End::Fatal(format!("nack: {code}"))),
        }
    }
}
