//! One simulated device: connects, sends on its schedule, hears what the server says, comes back and resends.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::fleet::{Outcome, Phase, Plan};
use super::frame::{self, Random};
use super::report::Totals;
use super::said::{self, Said};
use super::socket::{Fault, Socket};
use super::window::{Unacked, Window};
use super::{Form, Rate};

/// First and largest step of the backoff; the wait is drawn from 0 to the step (full jitter), which doubles.
const BACKOFF_MIN: Duration = Duration::from_millis(250);
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// How long an answer to the handshake and the hello may take.
const GREETING_TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes queued for a socket before more frames are made. A few system calls' worth; the rest waits unformatted.
const OUTBOX_BYTES: usize = 64 * 1024;
/// How long the server may take to answer the last close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a device stops for good.
enum End {
    /// The run is over.
    Over,
    /// The socket broke; good firmware comes back.
    Broken(Fault),
    /// The server told it to stay away, or speaks another language.
    Fatal(String),
}

/// A device and all it knows.
pub struct Device {
    plan: Arc<Plan>,
    token: String,
    /// Its id, if that is known before it connects.
    known_id: Option<String>,
    boot: u32,
    random: Random,
    window: Window,
    credit: usize,
    /// When sending may go on after `nack busy`.
    paused_until: Option<Instant>,
    was_greeted: bool,
    /// Formats a frame before it is masked into the socket's buffer.
    frame: Vec<u8>,
    /// Counted here and added to the shared totals once per round.
    totals: Totals,
    outcome: Outcome,
}

impl Device {
    /// A device that is switched off.
    pub fn new(plan: Arc<Plan>, index: u32, token: String, known_id: Option<String>, boot: u32) -> Self {
        let random = Random::new(plan.seed, index);
        Self {
            plan,
            token,
            known_id,
            boot,
            random,
            window: Window::default(),
            credit: 0,
            paused_until: None,
            was_greeted: false,
            frame: Vec::new(),
            totals: Totals::default(),
            outcome: Outcome {
                index,
                id: None,
                acked: 0,
                sent: 0,
                rejected: Vec::new(),
                refused: Vec::new(),
                resent: Vec::new(),
            },
        }
    }

    /// Runs until the run is over. Not cancel safe.
    pub async fn run(mut self) -> Outcome {
        let mut phase = self.plan.phase.subscribe();
        let mut backoff = BACKOFF_MIN;
        loop {
            let connected = tokio::select! {
                connected = timeout(GREETING_TIMEOUT, self.connect()) => connected,
                _ = phase.wait_for(|phase| matches!(phase, Phase::Over)) => break,
            };
            let end = match connected {
                Ok(Ok(mut socket)) => {
                    backoff = BACKOFF_MIN;
                    let end = self.serve(&mut socket, &mut phase).await;
                    if let End::Over = end {
                        timeout(CLOSE_TIMEOUT, socket.close()).await.ok();
                    }
                    end
                }
                Ok(Err(end)) => end,
                Err(_) => End::Broken(Fault::Io(std::io::ErrorKind::TimedOut)),
            };
            let wait = match end {
                End::Over => break,
                End::Fatal(why) => {
                    self.totals.error(why);
                    break;
                }
                End::Broken(fault) => {
                    self.totals.error(fault.label());
                    let step = backoff.as_millis() as u64;
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                    match &fault {
                        Fault::Closed(4503, reason) => {
                            said::after_ms(reason).unwrap_or(self.random.below(step))
                        }
                        _ => self.random.below(step),
                    }
                }
            };
            if self.window.is_empty() && matches!(*phase.borrow(), Phase::Draining | Phase::Over) {
                break;
            }
            self.totals.reconnects += 1;
            self.publish();
            let until = Instant::now() + Duration::from_millis(wait);
            tokio::select! {
                () = sleep_until(until) => {}
                _ = phase.wait_for(|phase| matches!(phase, Phase::Over)) => break,
            }
        }
        self.give_up_greeting();
        self.publish();
        (self.outcome.acked, self.outcome.sent) = (self.window.acked, self.window.sent);
        self.outcome
    }

    /// Opens a socket and greets; afterwards every frame that is not acknowledged waits to be written again.
    async fn connect(&mut self) -> Result<Socket, End> {
        let plan = Arc::clone(&self.plan);
        let address = plan.addresses[self.outcome.index as usize % plan.addresses.len()];
        let random = Random::new(self.random.next(), self.outcome.index);
        let opened = match plan.form.sub_protocol() {
            protocol @ Some(_) => {
                let path = "/ws/v1/device";
                Socket::open(address, &plan.authority, path, Some(&self.token), protocol, random).await
            }
            None => {
                let path = format!("/ws/sensors/?token={}", self.token);
                Socket::open(address, &plan.authority, &path, None, None, random).await
            }
        };
        let mut socket = opened.map_err(|fault| match fault {
            Fault::Refused(400..=499) => End::Fatal(fault.label()),
            fault => End::Broken(fault),
        })?;
        if plan.form.is_numbered() {
            self.frame.clear();
            frame::push_hello(&mut self.frame, plan.form, self.boot, self.window.acked + 1);
            push(&mut socket, plan.form, &self.frame);
        }
        let greeting = match plan.form {
            // The handshake says it all.
            Form::Senml => Said::DeviceInfo { device: self.known_id.clone() },
            _ => self.greeting(&mut socket).await?,
        };
        self.greeted(greeting)?;
        Ok(socket)
    }

    async fn greeting(&self, socket: &mut Socket) -> Result<Said, End> {
        let mut heard = None;
        loop {
            socket.write_now().map_err(End::Broken)?;
            let form = self.plan.form;
            // The first message is the greeting; nothing follows before we send.
            let step = socket.messages(|message| heard = heard.take().or_else(|| said::read(form, message)));
            if let Some(said) = heard.take() {
                return Ok(said);
            }
            step.map_err(ended)?;
            socket.stream().readable().await.map_err(|error| End::Broken(error.into()))?;
            socket.read_now().map_err(End::Broken)?;
        }
    }

    fn greeted(&mut self, said: Said) -> Result<(), End> {
        match said {
            Said::Welcome { device, acked, credit } => {
                self.outcome.id = Some(device);
                if acked > self.window.sent {
                    return Err(End::Fatal("protocol: acknowledged what was never sent".to_owned()));
                }
                if acked < self.window.acked {
                    return Err(End::Fatal("LOST: the server forgot acknowledged frames".to_owned()));
                }
                self.take_acks(acked, self.plan.now_ns());
                self.credit = credit as usize;
            }
            Said::DeviceInfo { device } => {
                self.outcome.id = device;
                self.credit = usize::MAX;
                if self.window.sent > self.window.acked {
                    self.outcome.resent.push((self.window.acked + 1, self.window.sent));
                }
            }
            _ => return Err(End::Fatal("protocol: no greeting".to_owned())),
        }
        self.window.reconnected();
        self.paused_until = None;
        if !self.was_greeted {
            self.was_greeted = true;
            self.plan.greeted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(())
    }

    /// A device that never came up must not keep the others waiting for it.
    fn give_up_greeting(&mut self) {
        if !self.was_greeted {
            self.plan.given_up.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    /// Sends and reads on an open socket until it breaks or the run is over.
    async fn serve(&mut self, socket: &mut Socket, phase: &mut tokio::sync::watch::Receiver<Phase>) -> End {
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

    fn take_acks(&mut self, q: u64, now_ns: u64) {
        let totals = &mut self.totals;
        self.window.ack(q, |due_ns| totals.acked(now_ns.saturating_sub(due_ns)));
    }

    fn publish(&mut self) {
        self.plan.board.add(self.outcome.index, &mut self.totals);
    }
}

fn push(socket: &mut Socket, form: Form, frame: &[u8]) {
    match form {
        Form::Cbor => socket.push_binary(frame),
        Form::Json | Form::Compat | Form::Senml => socket.push_text(frame),
    }
}

/// Sorts what ended a socket into what firmware comes back from and what it does not.
fn ended(fault: Fault) -> End {
    match fault {
        // Refused for good, or a newer socket has taken over: coming back would only fight it.
        Fault::Closed(4401 | 4403 | 4409, _) => End::Fatal(fault.label()),
        fault => End::Broken(fault),
    }
}
