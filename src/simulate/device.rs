//! One simulated device: connects, sends on its schedule, hears what the server says, comes back and resends.

mod serve;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::Form;
use super::fleet::{Outcome, Phase, Plan};
use super::frame::{self, Random};
use super::report::Totals;
use super::said::{self, Said};
use super::socket::{Fault, Socket};
use super::window::Window;

/// First and largest step of the backoff; the wait is drawn from 0 to the step (full jitter), which doubles.
const BACKOFF_MIN: Duration = Duration::from_millis(250);
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// How long an answer to the handshake and the hello may take.
const GREETING_TIMEOUT: Duration = Duration::from_secs(20);
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
